package stage

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/resourcegroupstaggingapi"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/pulumi/pulumi/sdk/v3/go/auto"

	"crawlerless/automation/backfill"
	"crawlerless/automation/console"
	"crawlerless/automation/observe"
	"crawlerless/automation/reconcile"
	"crawlerless/automation/redrive"
	"crawlerless/automation/replay"
	"crawlerless/automation/runs"
	"crawlerless/automation/sweep"
	"crawlerless/automation/target"
	"crawlerless/automation/toolbox"
	"crawlerless/automation/workspace"
	"crawlerless/stack/pipeline"
)

// deployed opens a stage that is up, with what looks into it.
func deployed(ctx context.Context, c *console.Console, o Options, f func(*Stage, *observe.Pipeline, *replay.Runner) error) error {
	return with(ctx, c, o, need{existing: true}, func(s *Stage) error {
		out, err := s.space.Outputs(ctx)
		if err != nil {
			return err
		}
		config := s.target.AWS()
		return f(s, observe.Open(config, out), &replay.Runner{API: sfn.NewFromConfig(config), MachineARN: out.StateMachineARN})
	})
}

// RedriveOptions select and pace letters.
type RedriveOptions struct {
	DryRun   bool
	Cause    *regexp.Regexp
	Rate     float64
	Parallel int
}

// Redrive replays the dead letters of a stage.
func Redrive(ctx context.Context, c *console.Console, o Options, r RedriveOptions) error {
	return deployed(ctx, c, o, func(s *Stage, p *observe.Pipeline, runner *replay.Runner) error {
		step := c.Step("redrive")
		result, err := redrive.Run(ctx, redrive.Options{
			Queue: p.Queues, QueueURL: p.Outputs.DeadLetterURL, Replay: runner.Event,
			DryRun: r.DryRun, Cause: r.Cause, Rate: r.Rate, Parallel: r.Parallel,
			Progress: func(r redrive.Result) {
				step.Update("%d of %d replayed, %d failed again", r.Succeeded, r.Selected, r.Failed)
			},
		})
		if err != nil {
			step.Failed(err)
		} else {
			step.Done("%d letters, %d selected, %d replayed, %d failed again", result.Seen, result.Selected, result.Succeeded, result.Failed)
		}
		if o.JSON {
			return errors.Join(err, s.json(result))
		}
		for _, name := range result.Names() {
			c.Printf("  %6d  %s\n", result.Errors[name], name)
		}
		for _, f := range result.Failures {
			c.Printf("  %s\n", f)
		}
		return err
	})
}

// BackfillOptions select objects.
type BackfillOptions struct {
	Source   string
	From, To time.Time
	DryRun   bool
	Parallel int
}

// Backfill catalogues objects that were there before.
func Backfill(ctx context.Context, c *console.Console, o Options, b BackfillOptions) error {
	return deployed(ctx, c, o, func(s *Stage, p *observe.Pipeline, runner *replay.Runner) error {
		if _, ok := p.Outputs.Tables[b.Source]; !ok {
			return fmt.Errorf("the stage %s has no source %q; there are: %s", o.Stage, b.Source, strings.Join(slices.Sorted(maps.Keys(p.Outputs.Tables)), ", "))
		}
		step := c.Step("backfill")
		result, err := backfill.Run(ctx, backfill.Options{
			S3: p.S3, Bucket: p.Outputs.LakeBucket, Prefix: pipeline.LogsPrefix + b.Source + "/", From: b.From, To: b.To,
			DryRun: b.DryRun, Parallel: b.Parallel, Replay: catalogue(p, runner),
			Checkpoint: filepath.Join(o.Cache, "backfill", p.Outputs.LakeBucket+"-"+b.Source+".json"),
			Progress: func(r backfill.Result) {
				step.Update("%d objects done, %d failed, %s", r.Done, r.Failed, console.Bytes(r.Bytes))
			},
		})
		if err != nil {
			step.Failed(err)
		} else {
			verb := "catalogued"
			if b.DryRun {
				verb = "would be catalogued"
			}
			step.Done("%d objects listed, %d %s, %d outside of the bounds", result.Listed, result.Done, verb, result.Skipped)
		}
		if result.ResumedAt != "" {
			c.Progress("  went on after %s", result.ResumedAt)
		}
		if o.JSON {
			return errors.Join(err, s.json(result))
		}
		for _, f := range result.Failures {
			c.Printf("  %s\n", f)
		}
		return err
	})
}

// catalogue runs the workflow for an object.
func catalogue(p *observe.Pipeline, runner *replay.Runner) func(context.Context, replay.Object) error {
	parts := strings.Split(p.Outputs.StateMachineARN, ":")
	return func(ctx context.Context, o replay.Object) error {
		event, err := replay.ObjectCreated(o, parts[3], parts[4], "replay-"+o.ETag)
		if err != nil {
			return err
		}
		return runner.Event(ctx, event)
	}
}

// ErrFound says that the catalog and the lake differ.
var ErrFound = errors.New("the catalog and the lake differ: --repair mends it")

// Reconcile compares the catalog with the lake, for one source or all.
func Reconcile(ctx context.Context, c *console.Console, o Options, source string, repair bool) error {
	return deployed(ctx, c, o, func(s *Stage, p *observe.Pipeline, runner *replay.Runner) error {
		sources := slices.Sorted(maps.Keys(p.Outputs.Tables))
		if source != "" {
			if !slices.Contains(sources, source) {
				return fmt.Errorf("the stage %s has no source %q; there are: %s", o.Stage, source, strings.Join(sources, ", "))
			}
			sources = []string{source}
		}
		step := c.Step("reconcile")
		var reports []reconcile.Report
		var errs []error
		left, found := 0, 0
		for _, name := range sources {
			r, err := reconcile.Run(ctx, reconcile.Options{
				S3: p.S3, Glue: p.Glue, Bucket: p.Outputs.LakeBucket, Prefix: pipeline.LogsPrefix + name + "/",
				Database: p.Outputs.Database, Table: p.Outputs.Tables[name], Repair: repair, Progress: step.Update,
				Catalogue: func(ctx context.Context, prefix string) error {
					_, err := backfill.Run(ctx, backfill.Options{S3: p.S3, Bucket: p.Outputs.LakeBucket, Prefix: prefix, Parallel: 16, Replay: catalogue(p, runner)})
					return err
				},
			})
			reports, errs = append(reports, r), append(errs, err)
			left, found = left+r.Left(), found+len(r.Findings)
		}
		err := errors.Join(errs...)
		if err == nil && left > 0 {
			err = ErrFound
		}
		if err != nil {
			step.Failed(err)
		} else {
			step.Done("%d tables, %d findings, %d repaired", len(reports), found, found-left)
		}
		if o.JSON {
			return errors.Join(err, s.json(reports))
		}
		for _, r := range reports {
			c.Printf("  %-20s %d hours with objects, %d partitions, %d findings\n", r.Table, r.Prefixes, r.Partitions, len(r.Findings))
			for _, f := range r.Findings {
				state := ""
				if f.Repaired {
					state = " (repaired)"
				}
				c.Printf("    %-13s %s: %s%s\n", f.Kind, strings.Join(f.Values, "/"), f.Detail, state)
			}
		}
		return err
	})
}

// DestroyRun destroys the stack of a run on AWS, with the known remedies, and
// removes it.
func DestroyRun(ctx context.Context, c *console.Console, root, cache string, r runs.Run, log *slog.Logger, engine io.Writer) (err error) {
	account, err := target.OpenAccount(ctx, r.Region)
	if err != nil {
		return err
	}
	step := c.Step("sweep")
	tools, err := toolbox.CLI(ctx, root, cache, step)
	if err != nil {
		step.Failed(err)
		return err
	}
	space, err := workspace.Open(ctx, workspace.Options{
		Root: root, Stage: r.Stage, Stack: r.Stack, Overrides: account.Overrides(), Env: account.Env(), Command: tools.Command, Engine: engine, Existing: true,
	})
	if errors.Is(err, workspace.ErrNoStack) {
		step.Done("%s is gone already", r.Stack)
		return nil
	}
	if err != nil {
		step.Failed(err)
		return err
	}
	defer func() { err = errors.Join(err, space.Close()) }()
	for attempt := range 3 {
		if e := space.Unlock(ctx); e != nil {
			log.Debug("release the lock", "error", e)
		}
		if attempt > 0 {
			if _, e := space.Refresh(ctx, nil); e != nil {
				log.Debug("refresh", "error", e)
			}
		}
		if _, err = space.Destroy(ctx, func(op workspace.Operation) { step.Update("%s", op.Name) }); err == nil {
			err = space.Remove(ctx)
		}
		if err == nil || ctx.Err() != nil {
			break
		}
	}
	if err != nil {
		step.Failed(err)
		return err
	}
	step.Done("%s destroyed and removed", r.Stack)
	return nil
}

// Ephemeral looks at what there is of ephemeral stacks in the account of a
// stage: the stacks of the backend, and resources without one.
type Ephemeral struct {
	account *target.Account
	command auto.PulumiCommand
	now     time.Time
}

// OpenEphemeral opens the account and region of a stage.
func OpenEphemeral(ctx context.Context, c *console.Console, root, cache, stageName string, now time.Time) (*Ephemeral, error) {
	region, err := workspace.Region(root, stageName)
	if err != nil {
		return nil, err
	}
	account, err := target.OpenAccount(ctx, region)
	if err != nil {
		return nil, err
	}
	step := c.Step("tools")
	tools, err := toolbox.CLI(ctx, root, cache, step)
	if err != nil {
		step.Failed(err)
		return nil, err
	}
	step.Done("pulumi %s", tools.Source)
	return &Ephemeral{account: account, command: tools.Command, now: now}, nil
}

// Stacks lists the stacks of the project.
func (e *Ephemeral) Stacks(ctx context.Context) ([]sweep.Stack, error) {
	list, err := workspace.Stacks(ctx, e.command)
	if err != nil {
		return nil, err
	}
	stacks := make([]sweep.Stack, len(list))
	for i, s := range list {
		stacks[i] = sweep.Stack{Name: s.Name, Updated: s.Updated}
	}
	return stacks, nil
}

// Orphans finds resources that belong to none of the stacks.
func (e *Ephemeral) Orphans(ctx context.Context, stacks []sweep.Stack) ([]sweep.Orphan, error) {
	return sweep.TaggedOrphans(ctx, resourcegroupstaggingapi.NewFromConfig(e.account.AWS()), stacks, e.now)
}
