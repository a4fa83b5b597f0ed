package stage

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sfn"

	"crawlerless/automation/backfill"
	"crawlerless/automation/console"
	"crawlerless/automation/observe"
	"crawlerless/automation/redrive"
	"crawlerless/automation/replay"
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
		return f(s, observe.Open(config, out), &replay.Runner{API: sfn.NewFromConfig(config), MachineARN: out.StateMachineARN, Since: time.Now()})
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

// ErrNoSource says that the stage has no source of a name.
var ErrNoSource = errors.New("there is no source")

func noSource(stage, source string, there []string) error {
	return fmt.Errorf("%w %q in the stage %s; there are: %s", ErrNoSource, source, stage, strings.Join(there, ", "))
}

// Backfill catalogues objects that were there before.
func Backfill(ctx context.Context, c *console.Console, o Options, b BackfillOptions) error {
	return deployed(ctx, c, o, func(s *Stage, p *observe.Pipeline, runner *replay.Runner) error {
		if _, ok := p.Outputs.Tables[b.Source]; !ok {
			return noSource(o.Stage, b.Source, slices.Sorted(maps.Keys(p.Outputs.Tables)))
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
				return noSource(o.Stage, source, sources)
			}
			sources = []string{source}
		}
		reports, err := s.reconcile(ctx, p, runner, sources, repair)
		if o.JSON {
			return errors.Join(err, s.json(reports))
		}
		printReports(reports, func(format string, args ...any) { c.Printf(format+"\n", args...) })
		return err
	})
}
