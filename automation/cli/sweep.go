package cli

import (
	"context"
	"errors"
	"io"
	"time"

	"crawlerless/automation/runs"
	"crawlerless/automation/stage"
	"crawlerless/automation/sweep"
	"crawlerless/automation/workspace"
)

type sweepCommand struct {
	OlderThan time.Duration `default:"2h" help:"Spare stacks on AWS that were made more recently and have not expired."`
	Target    string        `short:"t" enum:"aws,local" default:"local" help:"aws also looks for tagged resources whose stack no longer exists."`
	Stage     string        `short:"s" default:"dev" help:"The stage whose region and project are looked at on AWS."`
	DryRun    bool          `help:"Only list."`
	JSON      bool          `help:"Print one JSON document on standard output."`
}

// Help is shown by sweep --help.
func (sweepCommand) Help() string {
	return `Clears away what runs of the driver left behind: their stacks (also locked or half-made ones), locks, state and temporary folders. Exits with 4 when something is left that needs a person.

Examples:
  automation sweep
  automation sweep --target aws --older-than 1h --dry-run`
}

func (c *sweepCommand) Run(s *session) error {
	root, cache, err := places()
	if err != nil {
		return err
	}
	var engine io.Writer
	if s.engine {
		engine = s.stderr
	}
	o := sweep.Options{Cache: cache, OlderThan: c.OlderThan, DryRun: c.DryRun, Now: time.Now()}
	o.Destroy = func(ctx context.Context, r runs.Run) error {
		if r.Stage == "" { // of another machine
			r.Stage = c.Stage
			if r.Region, err = workspace.Region(root, c.Stage); err != nil {
				return err
			}
		}
		return stage.DestroyRun(ctx, s.console, root, cache, r, s.log, engine)
	}
	if c.Target == "aws" {
		there, err := stage.OpenEphemeral(s.ctx, s.console, root, cache, c.Stage, time.Now())
		if err != nil {
			return err
		}
		o.Stacks, o.Orphans = there.Stacks, there.Orphans
	}
	result, err := sweep.Run(s.ctx, s.console, o)
	if c.JSON {
		if e := printJSON(s.console, result); e != nil {
			return errors.Join(err, e)
		}
	} else if err == nil && len(result.Runs) == 0 {
		s.console.Progress("  nothing to clear away")
	}
	if errors.Is(err, sweep.ErrLeft) {
		return &leftError{err}
	}
	return err
}
