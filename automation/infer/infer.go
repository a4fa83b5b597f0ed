// Package infer is the command that says what log files look like: columns,
// types, counts, and the CREATE EXTERNAL TABLE that reads them. It runs the
// very package that the Lambda ExtractMetadata runs, on files, folders, glob
// patterns or standard input.
//
// Several inputs give one answer, which does not depend on their order. An
// input that cannot be read to its end does not hide the others: their answer
// is printed, with what was read of it, and the exit code says so.
package infer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"crawlerless/automation/console"
	"crawlerless/lambdas/ndjson"
	"crawlerless/lambdas/objectkey"
	"crawlerless/lambdas/schema"
)

// Options of the command.
type Options struct {
	Paths []string // files, folders, patterns; "-" is standard input
	JSON  bool     // one JSON document instead of a table
	DDL   bool     // a CREATE EXTERNAL TABLE instead of a table
	// Table is the table's name in the DDL. Empty: from the first path.
	Table string
	// Location of the table in the DDL. Empty: one to be filled in.
	Location   string
	Records    string   // see ndjson.Options
	TimeFields []string // see ndjson.Options
	Timestamps bool     // see ndjson.Options
}

// Exit codes.
const (
	exitDone   = 0
	exitFailed = 1 // an input could not be read to its end
	exitUsage  = 2
)

// answer is what all inputs say together.
type answer struct {
	result     ndjson.Result
	partitions []string
	files      []file
}

// file is what one input says, as far as drift needs it.
type file struct {
	name      string
	err       error
	malformed []ndjson.Malformed
	types     map[string]string // by column
}

// Run reads the inputs and prints the answer. The error says what could not be
// read, one line for each input, and is meant for standard error.
func Run(ctx context.Context, o Options, stdin io.Reader, stdout, stderr io.Writer) (exit int, err error) {
	if o.JSON && o.DDL {
		return exitUsage, errors.New("--json and --ddl are two answers: ask for one of them")
	}
	if len(o.Paths) == 0 {
		return exitUsage, errors.New("no input: name files, folders or patterns, or - for standard input")
	}
	inputs, err := find(o.Paths, stdin)
	if err != nil {
		return exitFailed, err
	}
	slices.SortFunc(inputs, func(a, b input) int { return strings.Compare(a.path, b.path) })
	con := consoleOn(stdout, stderr)
	a, err := read(ctx, inputs, o, con)
	if ctx.Err() != nil {
		return exitFailed, context.Cause(ctx)
	}
	if printed := show(a, o, con); printed != nil {
		return exitFailed, errors.Join(printed, err)
	}
	if err != nil {
		return exitFailed, err
	}
	return exitDone, nil
}

func consoleOn(stdout, stderr io.Writer) *console.Console {
	out, ok1 := stdout.(*os.File)
	errs, ok2 := stderr.(*os.File)
	if ok1 && ok2 {
		return console.New(out, errs, os.Getenv)
	}
	return console.Plain(stdout, stderr, time.Now)
}

func show(a answer, o Options, con *console.Console) error {
	switch {
	case o.JSON:
		a.remarks(con.Progress)
		return a.json(con.Out)
	case o.DDL:
		a.remarks(con.Progress)
		text, err := a.ddl(o)
		if err != nil {
			return err
		}
		_, err = io.WriteString(con.Out, text)
		return err
	}
	a.people(con)
	a.remarks(con.Printf)
	return nil
}

// read infers every input, a few at a time, and merges in the order of their
// names, so that the order in which they were asked for does not matter.
func read(ctx context.Context, inputs []input, o Options, con *console.Console) (answer, error) {
	a := answer{partitions: partitionsOf(inputs)}
	step := con.Step("infer")
	results := make([]ndjson.Result, len(inputs))
	errs := make([]error, len(inputs))
	total, read := totalSize(inputs), &tally{step: step, files: len(inputs)}
	read.total = total
	var wg sync.WaitGroup
	slots := make(chan struct{}, min(runtime.GOMAXPROCS(0), 4))
	for i, in := range inputs {
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			results[i], errs[i] = one(ctx, in, o, a.partitions, read)
			read.fileDone()
		})
	}
	wg.Wait()
	for i, r := range results {
		if i == 0 {
			a.result = r
		} else {
			a.result = a.result.Merge(r)
		}
		f := file{name: inputs[i].String(), err: errs[i], malformed: r.FirstMalformed, types: map[string]string{}}
		if len(inputs) > 1 {
			for _, c := range r.Schema.Columns {
				f.types[c.Name] = c.Type.Hive()
			}
		}
		a.files = append(a.files, f)
		if errs[i] != nil {
			errs[i] = fmt.Errorf("%s: %w (read until then: %d records)", inputs[i], errs[i], r.Records)
		}
	}
	err := errors.Join(errs...)
	if err != nil {
		step.Failed(fmt.Errorf("%d of %d inputs could not be read to their end", countErrors(errs), len(inputs)))
	} else {
		step.Done("%d records of %s unpacked", a.result.Records, console.Bytes(a.result.RawBytes))
	}
	return a, err
}

func countErrors(errs []error) int {
	n := 0
	for _, err := range errs {
		if err != nil {
			n++
		}
	}
	return n
}

func one(ctx context.Context, in input, o Options, partitions []string, t *tally) (ndjson.Result, error) {
	r, err := in.open()
	if err != nil {
		return ndjson.Result{}, err
	}
	res, err := ndjson.Infer(ctx, io.TeeReader(r, t), ndjson.Options{
		Records: o.Records, TimeFields: o.TimeFields, Timestamps: o.Timestamps, Partitions: partitions,
	})
	return res, errors.Join(err, r.Close())
}

// tally shows how far the reading is.
type tally struct {
	mu    sync.Mutex
	step  *console.Step
	read  int64
	total int64 // 0: not known
	files int
	done  int
	shown time.Time
}

func (t *tally) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.read += int64(len(p))
	if now := time.Now(); now.Sub(t.shown) > 100*time.Millisecond {
		t.shown = now
		if t.total > 0 {
			t.step.Update("%3d%%  %s of %s, file %d of %d", 100*t.read/t.total, console.Bytes(t.read), console.Bytes(t.total), t.done+1, t.files)
		} else {
			t.step.Update("%s", console.Bytes(t.read))
		}
	}
	return len(p), nil
}

func (t *tally) fileDone() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.done++
}

// partitionsOf are the columns of the table's partitions: those in the paths
// when all paths have the same, in Hive's style, else those of the lake.
func partitionsOf(inputs []input) []string {
	var common []string
	for i, in := range inputs {
		var names []string
		for segment := range strings.SplitSeq(in.dir(), "/") {
			if name, value, ok := strings.Cut(segment, "="); ok && name != "" && value != "" {
				names = append(names, strings.ToLower(name))
			}
		}
		if i > 0 && !slices.Equal(names, common) {
			return objectkey.Columns()
		}
		common = names
	}
	if len(common) == 0 {
		return objectkey.Columns()
	}
	return common
}

// columns are the answer's, with their counts.
func (a answer) columns() []column {
	out := make([]column, 0, len(a.result.Schema.Columns))
	for _, c := range a.result.Schema.Columns {
		n := a.result.Counts(c)
		out = append(out, column{Column: c, nulls: n.Nulls, missing: max(0, a.result.Records-n.Present)})
	}
	return out
}

type column struct {
	schema.Column
	nulls, missing int64
}
