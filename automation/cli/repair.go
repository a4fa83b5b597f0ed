package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"time"

	"crawlerless/automation/console"
	"crawlerless/automation/stage"
)

type redriveCommand struct {
	stageFlags
	DryRun   bool    `help:"Only count the letters and their causes."`
	Cause    string  `placeholder:"PATTERN" help:"Only letters whose error or cause matches."`
	Rate     float64 `placeholder:"N" help:"At most so many replays a second; without it as fast as they go."`
	Parallel int     `default:"8" help:"How many replays run at once."`
}

// Help is shown by redrive --help.
func (redriveCommand) Help() string {
	return `Replays what waits in the dead-letter queue, and removes only what then succeeded.

Examples:
  automation redrive --dry-run
  automation redrive --cause Throttling --rate 5`
}

func (c *redriveCommand) Run(s *session) error {
	var cause *regexp.Regexp
	if c.Cause != "" {
		var err error
		if cause, err = regexp.Compile(c.Cause); err != nil {
			return &usageError{fmt.Errorf("--cause: %w", err)}
		}
	}
	if c.Rate < 0 || c.Parallel < 1 {
		return &usageError{errors.New("--rate must not be negative and --parallel must be at least 1")}
	}
	return c.run(s, false, func(ctx context.Context, con *console.Console, o stage.Options) error {
		return stage.Redrive(ctx, con, o, stage.RedriveOptions{DryRun: c.DryRun, Cause: cause, Rate: c.Rate, Parallel: c.Parallel})
	})
}

type backfillCommand struct {
	stageFlags
	Source   string `required:"" help:"The source whose objects are catalogued."`
	From     string `placeholder:"TIME" help:"Only partitions from this hour on: 2026-01-02, or 2026-01-02T15:00:00Z."`
	To       string `placeholder:"TIME" help:"Only partitions before this hour."`
	DryRun   bool   `help:"Only list and count."`
	Parallel int    `default:"16" help:"How many objects are catalogued at once."`
}

// Help is shown by backfill --help.
func (backfillCommand) Help() string {
	return `Runs the workflow for objects that were there before it. It may run beside the pipeline, and an interrupted run goes on where it stopped.

Examples:
  automation backfill --source app --dry-run
  automation backfill --source app --from 2026-01-01 --to 2026-02-01`
}

func (c *backfillCommand) Run(s *session) error {
	from, err := moment(c.From)
	if err != nil {
		return &usageError{fmt.Errorf("--from: %w", err)}
	}
	to, err := moment(c.To)
	if err != nil {
		return &usageError{fmt.Errorf("--to: %w", err)}
	}
	if !from.IsZero() && !to.IsZero() && !from.Before(to) {
		return &usageError{errors.New("--from must be before --to")}
	}
	if c.Parallel < 1 {
		return &usageError{errors.New("--parallel must be at least 1")}
	}
	return c.run(s, false, func(ctx context.Context, con *console.Console, o stage.Options) error {
		return stage.Backfill(ctx, con, o, stage.BackfillOptions{Source: c.Source, From: from, To: to, DryRun: c.DryRun, Parallel: c.Parallel})
	})
}

// moment understands a day or a time; empty is the zero time.
func moment(s string) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	for _, layout := range []string{time.RFC3339, "2006-01-02T15", "2006-01-02"} {
		if t, err := time.Parse(layout, s); err == nil {
			return t.UTC(), nil
		}
	}
	return time.Time{}, fmt.Errorf("%q is not a time: write 2026-01-02 or 2026-01-02T15:00:00Z", s)
}

type reconcileCommand struct {
	stageFlags
	Source string `help:"One source; without it, all."`
	Repair bool   `help:"Repair what is found."`
}

// Help is shown by reconcile --help.
func (reconcileCommand) Help() string {
	return `Compares the catalog with S3, both ways: hours with objects that no partition is registered for, partitions without objects, partitions whose columns are not the table's, partitions that lie elsewhere. Exits with 1 when anything is left as it was found.

Examples:
  automation reconcile
  automation reconcile --source app --repair`
}

func (c *reconcileCommand) Run(s *session) error {
	return c.run(s, false, func(ctx context.Context, con *console.Console, o stage.Options) error {
		return stage.Reconcile(ctx, con, o, c.Source, c.Repair)
	})
}

// printJSON prints one document on standard output.
func printJSON(c *console.Console, v any) error {
	b, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return err
	}
	c.Printf("%s\n", b)
	return nil
}
