package ndjson

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"crawlerless/lambdas/schema"
)

// Options of an inference. The zero value reads lines, with the well-known
// time fields and without a limit.
type Options struct {
	// MaxRawBytes ends the reading with ErrTooLarge when the unpacked input
	// is longer. 0: no limit.
	MaxRawBytes int64
	// Records reads JSON documents instead of lines: the records are the
	// objects in the array under this top-level key, or in the top-level
	// array when it is ".".
	Records string
	// TimeFields are the top-level keys that hold the time of an event, most
	// trusted first. Nil: WellKnownTimeFields.
	TimeFields []string
	// Timestamps makes a column of type timestamp of text that always is a
	// timestamp as Athena reads it. Otherwise text stays string.
	Timestamps bool
	// Partitions are the names of the table's partition columns, which no
	// other column may have.
	Partitions []string
}

// Malformed is a line, or an element of a document, that is no record.
type Malformed struct {
	Offset int64 // of the first byte that is wrong, in the unpacked input
	Line   int64 // counted from 1
	Reason string
}

// ColumnCount says how many records had a column. The others lack its key.
type ColumnCount struct {
	Present int64
	Nulls   int64 // of those, how many were null
}

// Result is what an input says. Results of several inputs are joined by
// [Result.Merge].
type Result struct {
	Schema  schema.Schema
	Records int64
	Blank   int64 // lines
	// MalformedLines counts them all; FirstMalformed has the first MaxReported.
	MalformedLines  int64
	FirstMalformed  []Malformed
	CompressedBytes int64
	RawBytes        int64
	// Columns counts by key in the record.
	Columns map[string]ColumnCount
	// FirstEventTime and LastEventTime are nil when no record has a time.
	FirstEventTime, LastEventTime *time.Time
	// Notes say what a person should know about the input.
	Notes []string
}

// MaxReported is how many malformed lines are reported with their place.
const MaxReported = 10

// Errors of an input that is not as it should be. The result that comes with
// them says what was read before.
var (
	ErrTooLarge  = errors.New("unpacked input is larger than allowed")
	ErrTruncated = errors.New("input ends too early")
	ErrCorrupt   = errors.New("compressed input is damaged")
	ErrDocument  = errors.New("input is not the JSON document that was asked for")
)

// Infer reads r to its end. What it returns beside an error is what was read
// until then, and holds: records that were only read in part do not count.
func Infer(ctx context.Context, r io.Reader, o Options) (Result, error) {
	counted := &counter{r: r}
	s := newScanner(o)
	err := s.run(ctx, counted, o.MaxRawBytes)
	res := s.result(o)
	res.CompressedBytes = counted.n
	if err == nil {
		err = s.t.err
	}
	return res, err
}

type counter struct {
	r io.Reader
	n int64
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	return n, err
}

// scanner turns windows of input into a tree.
type scanner struct {
	t       *tree
	m       machine
	docs    *documents
	long    bool // the machine is within a line that fits no window
	bad     bool // of that line the fault was found already
	started bool

	offset   int64 // of the next byte
	lines    int64
	blank    int64
	malforms int64
	first    []Malformed
	shape    shape

	cursor cursor
}

func newScanner(o Options) *scanner {
	fields := o.TimeFields
	if fields == nil {
		fields = WellKnownTimeFields()
	}
	s := &scanner{t: newTree(fields, o.Timestamps)}
	if o.Records != "" {
		s.docs = &documents{s: s, key: o.Records}
	}
	return s
}

func (s *scanner) run(ctx context.Context, r io.Reader, limit int64) error {
	src, err := open(r)
	if err != nil {
		return err
	}
	defer src.Close()
	for {
		if err := ctx.Err(); err != nil {
			return context.Cause(ctx)
		}
		window, err := src.Next()
		if limit > 0 && s.offset+int64(len(window)) > limit {
			s.scan(window[:limit-s.offset], false)
			return fmt.Errorf("%w: more than %d bytes", ErrTooLarge, limit)
		}
		src.Consume(s.scan(window, err == io.EOF))
		if s.t.err != nil {
			return s.t.err
		}
		if err == io.EOF {
			return s.finish()
		}
		if err != nil {
			return err
		}
	}
}

var byteOrderMark = []byte("\xef\xbb\xbf")

// scan reads what is there and returns how much of it is done with; the rest
// is the beginning of a line and comes again, with more.
func (s *scanner) scan(p []byte, final bool) int {
	n := 0
	s.shape.look(p, s.offset)
	if !s.started {
		if len(p) < len(byteOrderMark) && !final {
			return 0
		}
		s.started = true
		if bytes.HasPrefix(p, byteOrderMark) {
			n = len(byteOrderMark)
			s.offset += int64(n)
		}
	}
	if s.docs != nil {
		s.document(p[n:])
		return len(p)
	}
	n += s.lineByLine(p[n:], final)
	if !final && n == 0 && len(p) >= longLine {
		s.beginLong()
		s.feedLong(p)
		n = len(p)
	}
	return n
}

// longLine is how long a line may be, in bytes, before the machine reads it
// piece by piece.
const longLine = 64 << 10

func (s *scanner) lineByLine(p []byte, final bool) int {
	n := 0
	if s.long {
		end := bytes.IndexByte(p, '\n')
		if end < 0 {
			s.feedLong(p)
			return len(p)
		}
		s.feedLong(p[:end])
		s.endLong()
		n = end + 1
		s.offset++
	}
	stop := bytes.LastIndexByte(p, '\n') + 1
	for n < stop && s.t.err == nil {
		// The quick scanner goes as far as it can, and the machine takes the
		// line where it stops.
		at := s.quick(p[:stop], n)
		s.offset += int64(at - n)
		if n = at; n == stop || s.t.err != nil {
			break
		}
		end := n + bytes.IndexByte(p[n:], '\n')
		s.line(p[n:end])
		n = end + 1
		s.offset++
	}
	if final && n < len(p) && s.t.err == nil {
		s.line(p[n:])
		n = len(p)
	}
	return n
}

// line reads one line, without its LF.
func (s *scanner) line(p []byte) {
	s.beginLong()
	s.feedLong(p)
	s.endLong()
}

func (s *scanner) beginLong() {
	s.long, s.bad = true, false
	s.m.reset(s.t, s.t.root, s.offset)
}

func (s *scanner) feedLong(p []byte) {
	s.offset += int64(len(p))
	if s.bad {
		return
	}
	if s.m.state == stStart {
		space := len(p) - len(bytes.TrimLeft(p, " \t\r"))
		s.m.offset += int64(space)
		if p = p[space:]; len(p) == 0 {
			return
		}
		if p[0] != '{' {
			s.bad = true
			s.malformed(s.m.offset, notAnObject(p[0]))
			return
		}
	}
	if s.m.feed(p) < len(p) {
		s.bad = true
		s.t.rollback()
		s.malformed(s.m.offset, s.m.reason)
	}
}

func notAnObject(c byte) string {
	switch {
	case c == '[' || c == '"' || c == '-' || c >= '0' && c <= '9' || c == 't' || c == 'f' || c == 'n':
		return "no JSON object"
	}
	return show(c) + " instead of a JSON object"
}

func (s *scanner) endLong() {
	s.long = false
	switch {
	case s.bad:
	case s.m.state == stStart:
		s.blank++
	case s.m.finish():
		s.t.commit()
	default:
		s.t.rollback()
		s.malformed(s.m.offset, s.m.reason)
	}
	s.lines++
}

func (s *scanner) malformed(offset int64, reason string) {
	s.malforms++
	if len(s.first) < MaxReported {
		s.first = append(s.first, Malformed{Offset: offset, Line: s.lines + 1, Reason: reason})
	}
}

// document reads on in a JSON document.
func (s *scanner) document(p []byte) {
	if s.m.outer == nil {
		s.m.reset(s.t, s.t.sink, s.offset)
		s.m.outer = s.docs
	}
	s.offset += int64(len(p))
	for len(p) > 0 && !s.bad && s.t.err == nil {
		if s.m.state == stEnd { // another document may follow
			s.m.state, s.m.field = stStart, s.t.sink
		}
		n := s.m.feed(p)
		p = p[n:]
		if s.m.reason != "" {
			s.bad = true
		}
	}
}

func (s *scanner) finish() error {
	if s.long { // the last line has no LF
		s.endLong()
	}
	if s.docs == nil {
		return nil
	}
	m := &s.m
	switch {
	case m.outer == nil || m.state == stStart && m.reason == "":
		if s.docs.found || s.offset == 0 {
			return nil
		}
	case m.reason != "" || !m.finish():
		s.t.rollback()
		return fmt.Errorf("%w: %s at byte %d", ErrDocument, m.reason, m.offset)
	}
	if !s.docs.found {
		return fmt.Errorf("%w: no array under %q at the top", ErrDocument, s.docs.key)
	}
	return nil
}

func (s *scanner) result(o Options) Result {
	t := s.t
	t.rollback()
	if t.overflow {
		t.cut()
	}
	res := Result{
		Schema:         t.schema(o.Partitions),
		Records:        t.records,
		Blank:          s.blank,
		MalformedLines: s.malforms,
		FirstMalformed: s.first,
		RawBytes:       s.offset,
		Columns:        make(map[string]ColumnCount, len(t.root.children)),
	}
	for _, c := range t.root.children {
		res.Columns[c.key] = ColumnCount{Present: c.present, Nulls: c.nulls}
	}
	if !t.last.before(t.first) {
		first := time.Unix(t.first.seconds, int64(t.first.nanos)).UTC()
		last := time.Unix(t.last.seconds, int64(t.last.nanos)).UTC()
		res.FirstEventTime, res.LastEventTime = &first, &last
	}
	res.Notes = slices.Concat(s.shape.notes(s, o), t.untimed(), t.rounded())
	return res
}
