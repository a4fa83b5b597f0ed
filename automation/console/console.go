// Package console is the one place that writes for people. Its rules:
//
//   - What a command is for goes to standard output; progress goes to standard
//     error, so that output can be piped and --json stays one document.
//   - On a terminal a running step is one line that changes; elsewhere each step
//     is one line when it ends, and one for every quarter of a minute before that.
//   - Colour only on a terminal, and never where NO_COLOR is set.
//   - Nothing is printed as done that was not checked.
package console

import (
	"cmp"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
	"golang.org/x/term"
)

// Console writes progress and results. Its methods may be called from several
// goroutines.
type Console struct {
	Out, Err io.Writer
	live     bool // Err is a terminal
	color    bool
	beat     time.Duration // how often a step says that it still runs, where not live; 0 is never
	now      func() time.Time
	mu       sync.Mutex
	current  *Step
}

// New is a console over the process's own streams.
func New(stdout, stderr *os.File, getenv func(string) string) *Console {
	live := term.IsTerminal(int(stderr.Fd())) && getenv("TERM") != "dumb" && getenv("CI") == ""
	return &Console{
		Out: stdout, Err: stderr, live: live, beat: 15 * time.Second, now: time.Now,
		color: getenv("NO_COLOR") == "" && live && term.IsTerminal(int(stdout.Fd())),
	}
}

// Plain is a console for tests and for logs.
func Plain(stdout, stderr io.Writer, now func() time.Time) *Console {
	return &Console{Out: stdout, Err: stderr, now: now}
}

// Step is one stage of a command while it runs.
type Step struct {
	c      *Console
	name   string
	detail string
	// done of total, where total is known.
	done, total int
	start       time.Time
	stop        chan struct{}
	ended       bool
}

// Step begins a step. End it with Done or Failed.
func (c *Console) Step(name string) *Step {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := &Step{c: c, name: name, start: c.now(), stop: make(chan struct{})}
	c.current = s
	switch {
	case c.live:
		c.draw(s)
		go s.tick(200*time.Millisecond, c.draw)
	case c.beat > 0:
		go s.tick(c.beat, c.still)
	}
	return s
}

// tick shows every interval that the step still runs.
func (s *Step) tick(interval time.Duration, show func(*Step)) {
	t := time.NewTicker(interval)
	defer t.Stop()
	for {
		select {
		case <-t.C:
			s.c.mu.Lock()
			if s.c.current == s {
				show(s)
			}
			s.c.mu.Unlock()
		case <-s.stop:
			return
		}
	}
}

// Update says how far the step is; shown on a terminal only.
func (s *Step) Update(format string, args ...any) {
	s.c.mu.Lock()
	defer s.c.mu.Unlock()
	s.detail = fmt.Sprintf(format, args...)
	if s.c.live && s.c.current == s {
		s.c.draw(s)
	}
}

// Count says how many of how many are done, and which was the last: a bar on a
// terminal.
func (s *Step) Count(done, total int, format string, args ...any) {
	s.c.mu.Lock()
	s.done, s.total = min(done, total), total
	s.c.mu.Unlock()
	s.Update(format, args...)
}

// Note prints a line of its own while the step runs, everywhere.
func (s *Step) Note(format string, args ...any) {
	s.c.mu.Lock()
	defer s.c.mu.Unlock()
	s.c.clear()
	s.c.line("  %-12s %s", s.name, fmt.Sprintf(format, args...))
}

// Done ends the step with what came of it, and answers how long it took.
func (s *Step) Done(format string, args ...any) time.Duration {
	return s.end(text.FgGreen, "", fmt.Sprintf(format, args...))
}

// Failed ends the step with what went wrong.
func (s *Step) Failed(err error) time.Duration {
	first, _, _ := strings.Cut(err.Error(), "\n")
	return s.end(text.FgRed, "failed: ", first)
}

func (s *Step) end(color text.Color, mark, result string) time.Duration {
	s.c.mu.Lock()
	defer s.c.mu.Unlock()
	took := s.c.now().Sub(s.start)
	if s.ended {
		return took
	}
	s.ended = true
	close(s.stop)
	s.c.clear()
	s.c.current = nil
	name := fmt.Sprintf("%-12s", s.name)
	if s.c.color {
		name = color.Sprint(name)
	}
	s.c.line("  %s %-64s %6.1fs", name, mark+result, took.Seconds())
	return took
}

func (c *Console) draw(s *Step) {
	c.clear()
	_, _ = fmt.Fprintf(c.Err, "  %-12s %s %6.1fs", s.name, pad(s.progress("…", true)), c.now().Sub(s.start).Seconds())
}

// still is a line of its own for a step that takes long where no line changes.
func (c *Console) still(s *Step) {
	c.line("  %-12s %-64s %6.1fs", s.name, s.progress("running", false)+" …", c.now().Sub(s.start).Seconds())
}

// progress is what is known of how far the step is.
func (s *Step) progress(unknown string, withBar bool) string {
	text := cmp.Or(s.detail, unknown)
	if s.total > 0 {
		text = fmt.Sprintf("%d/%d %s", s.done, s.total, text)
		if withBar {
			text = bar(s.done, s.total) + " " + text
		}
	}
	return text
}

// barWidth is how many cells a bar has.
const barWidth = 20

// bar shows done of total.
func bar(done, total int) string {
	full := barWidth * done / total
	return strings.Repeat("━", full) + strings.Repeat("─", barWidth-full)
}

// lineWidth is how many characters a step's line has between its name and its
// time.
const lineWidth = 64

// pad cuts or fills a text to the width of a line, by characters.
func pad(s string) string {
	runes := []rune(s)
	if len(runes) > lineWidth {
		runes = append(runes[:lineWidth-1], '…')
	}
	return string(runes) + strings.Repeat(" ", lineWidth-len(runes))
}

// clear wipes the running line of a terminal.
func (c *Console) clear() {
	if c.live {
		_, _ = io.WriteString(c.Err, "\r\x1b[K")
	}
}

// line writes to standard error. A terminal that is gone cannot be told so.
func (c *Console) line(format string, args ...any) {
	_, _ = fmt.Fprintf(c.Err, strings.TrimRight(format, "\n")+"\n", args...)
}

// Progress prints a line of progress on standard error.
func (c *Console) Progress(format string, args ...any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.clear()
	c.line(format, args...)
}

// Printf prints a result on standard output.
func (c *Console) Printf(format string, args ...any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.clear()
	_, _ = fmt.Fprintf(c.Out, format, args...)
}

// Table prints rows under a header on standard output. NULL is what a cell
// shows that is nil.
func (c *Console) Table(header []string, rows [][]*string) {
	t := table.NewWriter()
	t.SetStyle(table.StyleLight)
	t.Style().Options.SeparateRows = false
	t.Style().Format.Header = text.FormatDefault
	head := make(table.Row, len(header))
	for i, h := range header {
		head[i] = h
	}
	t.AppendHeader(head)
	for _, row := range rows {
		cells := make(table.Row, len(row))
		for i, v := range row {
			cells[i] = "NULL"
			if v != nil {
				cells[i] = text.Snip(strings.ReplaceAll(*v, "\n", " "), 60, "…")
			}
		}
		t.AppendRow(cells)
	}
	c.Printf("%s\n", t.Render())
}

// Bold is s, stressed where colour is wanted.
func (c *Console) Bold(s string) string {
	if !c.color {
		return s
	}
	return text.Bold.Sprint(s)
}

// Change is s in the colour of what happens to a resource: its sign is "+",
// "-", "~" or "±".
func (c *Console) Change(sign, s string) string {
	color, known := map[string]text.Color{"+": text.FgGreen, "-": text.FgRed, "~": text.FgYellow, "±": text.FgMagenta}[sign]
	if !c.color || !known {
		return s
	}
	return color.Sprint(s)
}

// Bytes is a number of bytes as people read it: "14.2 MiB".
func Bytes(n int64) string {
	units := []string{"B", "KiB", "MiB", "GiB", "TiB"}
	f, i := float64(n), 0
	for f >= 1024 && i < len(units)-1 {
		f, i = f/1024, i+1
	}
	if i == 0 {
		return fmt.Sprintf("%d B", n)
	}
	return fmt.Sprintf("%.1f %s", f, units[i])
}
