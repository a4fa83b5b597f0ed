package cli

import (
	"context"
	"errors"
	"io"
	"time"

	"crawlerless/automation/runs"
	"crawlerless/automation/stage"
	"crawlerless/automation/sweep"
	"crawlerless/automation/target"
	"crawlerless/automation/workspace"
)

type sweepCommand struct {
	OlderThan     time.Duration `default:"2h" placeholder:"2h" help:"Destroy a stack that does not say when it expires once nobody has touched it for so long."`
	Target        string        `short:"t" enum:"aws,local" default:"local" help:"Where: ${enum}. aws also looks for stacks of other machines, and for resources without a stack."`
	Stage         string        `short:"s" default:"dev" predictor:"stage" help:"The stage whose region and project are looked at on AWS."`
	DeleteOrphans bool          `help:"Delete resources whose stack no longer exists, instead of listing them."`
	DryRun        bool          `help:"Only list."`
	JSON          bool          `help:"Print one JSON document on standard output."`
}

// Help is shown by sweep --help.
func (sweepCommand) Help() string {
	return `Clears away what runs of the driver left behind: their stacks (expired ones, and those of killed runs, locked or half-made as they may be), processes, locks, state and temporary folders. Exits with 4 when something is left that needs a person.

Examples:
  automation sweep
  automation sweep --dry-run --json
  automation sweep --target aws --older-than 2h --delete-orphans`
}

func (c *sweepCommand) Run(s *session) (err error) {
	root, cache, err := places()
	if err != nil {
		return err
	}
	if c.OlderThan < 0 {
		return &usageError{errors.New("--older-than must not be negative")}
	}
	var engine io.Writer
	if s.engine {
		engine = s.stderr
	}
	o := sweep.Options{Cache: cache, OlderThan: c.OlderThan, DryRun: c.DryRun, DeleteOrphans: c.DeleteOrphans, Now: time.Now()}
	o.Destroy = func(ctx context.Context, r runs.Run) error {
		if r.Stage == "" { // of another machine
			r.Stage = c.Stage
			if r.Region, err = workspace.Region(root, c.Stage); err != nil {
				return err
			}
		}
		return stage.DestroyRun(ctx, s.console, root, cache, r, s.log, engine)
	}
	var result sweep.Result
	err = s.recorded(cache, runs.Run{Command: "sweep", Target: c.Target, Stage: c.Stage}, func(rec *runs.Record) (err error) {
		o.Self = rec.Run.ID
		if c.Target == "aws" {
			account, err := stage.OpenEphemeral(s.ctx, s.console, root, cache, c.Stage)
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, account.Close()) }()
			o.Account = account
		}
		if !c.DryRun {
			if err := target.Forget(s.ctx, cache); err != nil {
				return err
			}
		}
		result, err = sweep.Run(s.ctx, s.console, o)
		return err
	})
	switch {
	case err != nil && !errors.Is(err, sweep.ErrLeft):
		return err
	case c.JSON:
		if e := printJSON(s.console, result); e != nil {
			return errors.Join(err, e)
		}
	case err == nil && len(result.Runs) == 0 && len(result.Orphans) == 0:
		s.console.Progress("  nothing to clear away")
	}
	if errors.Is(err, sweep.ErrLeft) {
		return &leftError{err}
	}
	return err
}
