package demo

import (
	"context"
	"fmt"
	"strings"
	"time"

	"crawlerless/automation/console"
	"crawlerless/automation/feed"
	"crawlerless/automation/observe"
	"crawlerless/automation/toolbox"
	"crawlerless/stack/pipeline"
)

// Summary is what a demo came to.
type Summary struct {
	From         time.Time // of the local clock
	Resources    int
	Events       int
	Objects      int
	ObjectBytes  int64
	Executions   observe.Executions
	GlueCalls    int64 // by the functions
	Partitions   int
	Columns      int
	DeadLetters  int
	Undelivered  int
	Queries      int
	ScannedBytes int64
	Steps        []Took
	Total        time.Duration

	tools  toolbox.Tools
	source string
	sent   *feed.Sent
}

// Took is how long a step took.
type Took struct {
	Step string
	Time time.Duration
}

func (s *Summary) add(step string, d time.Duration) { s.Steps = append(s.Steps, Took{step, d}) }

// observe counts what the pipeline did.
func (d *Demo) observe(ctx context.Context) error {
	p := observe.Open(d.local.AWS(), d.out)
	var err error
	if d.summary.Objects, d.summary.ObjectBytes, err = p.Objects(ctx, pipeline.LogsPrefix); err != nil {
		return err
	}
	if d.summary.Undelivered, err = p.Undelivered(ctx); err != nil {
		return err
	}
	if d.summary.Executions, err = p.Executions(ctx, d.summary.From, d.local.Now()); err != nil {
		return err
	}
	for operation, n := range d.local.Server.Handler().RoleCalls() {
		if strings.HasPrefix(operation, "glue:") {
			d.summary.GlueCalls += n
		}
	}
	t, err := p.Table(ctx, d.summary.source)
	if err != nil {
		return err
	}
	d.summary.Partitions, d.summary.Columns = t.Partitions, len(t.Columns)
	d.summary.DeadLetters, err = p.DeadLetters(ctx)
	return err
}

func (d *Demo) printSummary() {
	s := d.summary
	row := func(name, format string, args ...any) {
		d.console.Printf("  %-12s %s\n", name, fmt.Sprintf(format, args...))
	}
	d.console.Printf("\n%s\n", d.console.Bold("Summary"))
	row("resources", "%d created and destroyed", s.Resources)
	row("events", "%d sent, all of them queryable", s.Events)
	if s.sent != nil && s.sent.Malformed > 0 {
		row("", "%d of them are not JSON objects: rows of NULLs", s.sent.Malformed)
	}
	if s.sent != nil && len(s.sent.TooLong) > 0 {
		row("", "%d lines were too long for a log event and not sent: %s", len(s.sent.TooLong), tooLong(*s.sent))
	}
	row("objects", "%d in the lake, %s", s.Objects, console.Bytes(s.ObjectBytes))
	row("executions", "%d started, %d succeeded, %d failed; %d needed UpdateCatalog, %d calls to Glue in all",
		s.Executions.Started, s.Executions.Succeeded, s.Executions.Failed, s.Executions.Updates, s.GlueCalls)
	row("catalog", "%d partitions, %d columns", s.Partitions, s.Columns)
	row("failures", "%d dead letters, %d objects under %s", s.DeadLetters, s.Undelivered, pipeline.ErrorsPrefix)
	row("queries", "%d, %s scanned", s.Queries, console.Bytes(s.ScannedBytes))
	var steps []string
	for _, t := range s.Steps {
		steps = append(steps, fmt.Sprintf("%s %.1fs", t.Step, t.Time.Seconds()))
	}
	row("time", "%.1fs: %s", s.Total.Seconds(), strings.Join(steps, ", "))
}

// printKept says how to look around before Ctrl-C.
func (d *Demo) printKept() {
	d.console.Printf("\n%s\n%s\nCtrl-C destroys everything.\n", d.console.Bold("The stack is up and stays (--keep)."), d.local.Paste())
}
