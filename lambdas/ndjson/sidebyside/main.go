// Command sidebyside measures the extraction of metadata beside its peers: the
// whole job, from compressed bytes to schema, counts and times, on one core.
//
//	go run ./lambdas/ndjson/sidebyside [-sizes 64,512] [-rounds 5] [-cpu 1] [-dir DIR]
//
// It writes two corpora, the same every time, packs them with gzip, and runs
// each peer over each of them in a process of its own, one after the other,
// round after round. What counts is the processor time of that process, user
// and system, so that a busy machine disturbs little; the median of the rounds
// is printed with its ratio to ours, and beside it the ratio of the quickest
// runs, which noise disturbs least. Peers that give an answer must agree in it.
//
// Peers that are not on the machine are named, with how to get them.
//
// The command runs its peers as processes: it links neither DuckDB nor
// anything else of localaws.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"

	"crawlerless/lambdas/ndjson/sample"
)

func main() {
	if len(os.Args) == 4 && os.Args[1] == "peer" { // one of this command's own processes
		exit(within(os.Args[2], os.Args[3]))
	}
	sizes := flag.String("sizes", "64,512", "how many `MB` of unpacked logs, separated by commas")
	rounds := flag.Int("rounds", 5, "how often each peer runs")
	cpu := flag.Int("cpu", runtime.NumCPU()-1, "the processor on which everything runs, by taskset; -1: any")
	dir := flag.String("dir", "", "keep the corpora in this `folder` and use those that lie there")
	only := flag.String("only", "", "the `names` of the peers to run, separated by commas")
	flag.Parse()
	if flag.NArg() > 0 || *rounds < 1 {
		flag.Usage()
		os.Exit(2)
	}
	exit(compare(*sizes, *rounds, *cpu, *dir, *only))
}

func exit(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "sidebyside:", err)
		os.Exit(1)
	}
	os.Exit(0)
}

func compare(sizes string, rounds, cpu int, dir, only string) (err error) {
	temp, err := os.MkdirTemp("", "sidebyside")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(temp)) }()
	if dir == "" {
		dir = temp
	}
	b, err := newBench(temp, cpu, only)
	if err != nil {
		return err
	}
	fmt.Printf("%s, %s/%s, %s, %s; median of %d rounds of processor time, on one core\n", time.Now().Format(time.DateOnly),
		runtime.GOOS, runtime.GOARCH, processor(), runtime.Version(), rounds)
	for _, m := range b.missing {
		fmt.Printf("missing: %s\n", m)
	}
	for _, text := range strings.Split(sizes, ",") {
		mb, err := strconv.ParseInt(text, 10, 32)
		if err != nil || mb < 1 {
			return fmt.Errorf("-sizes %q: it is numbers of MB, separated by commas", sizes)
		}
		for _, k := range sample.Kinds() {
			c, err := b.corpus(dir, k, mb)
			if err != nil {
				return err
			}
			if err := b.measure(c, rounds); err != nil {
				return err
			}
		}
	}
	return nil
}

func processor() string {
	text, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return "processor unknown"
	}
	for line := range strings.Lines(string(text)) {
		if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return "processor unknown"
}

// corpus is one file of logs.
type corpus struct {
	kind      sample.Kind
	mb        int64
	path      string
	timeField string
	packed    int64
}

// corpus makes the file, unless it is there. A process of its own does: what
// this one holds would count as the memory of those that it starts.
func (b *bench) corpus(dir string, k sample.Kind, mb int64) (corpus, error) {
	c := corpus{kind: k, mb: mb, path: filepath.Join(dir, fmt.Sprintf("%s-%d.json.gz", k, mb)), timeField: "time"}
	if k == sample.Nested {
		c.timeField = "eventTime"
	}
	if _, err := os.Stat(c.path); err != nil {
		fmt.Fprintf(os.Stderr, "writing %s …\n", c.path)
		if _, err := b.start(peer{command: []string{b.self, "peer", "write", c.path}}); err != nil {
			return c, fmt.Errorf("write %s: %w", c.path, err)
		}
	}
	info, err := os.Stat(c.path)
	if err != nil {
		return c, err
	}
	c.packed = info.Size()
	return c, nil
}
