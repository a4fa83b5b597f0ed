// Package demo is the main job on the local target, from nothing to rows from
// Athena and back to nothing.
package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"runtime"
	"time"

	"crawlerless/automation/console"
	"crawlerless/automation/feed"
	"crawlerless/automation/guardrails"
	"crawlerless/automation/target"
	"crawlerless/automation/toolbox"
	"crawlerless/automation/workspace"
)

// Options of a demo.
type Options struct {
	Root   string   // the checkout
	Cache  string   // crawlerless's cache directory
	Dir    string   // for temporary files; empty is the system's
	Input  []string // the user's own files; empty is the generator
	Events int      // of the generator
	Keep   bool     // serve until ctx ends instead of destroying at once
	Stdin  io.Reader
	Log    *slog.Logger
	Engine io.Writer // gets what Pulumi prints; may be nil
	// Start is the time of the local clock at the beginning; zero is three
	// hours before the present one.
	Start time.Time
}

// Stage is whose configuration the demo uses.
const Stage = "dev"

// stackName is the demo's stack; its state lives in a temporary folder.
const stackName = "demo"

// inputSource is the source of the stage that --input feeds.
const inputSource = "app"

// cleanupTime is how long destroying may take after an interruption.
const cleanupTime = 5 * time.Minute

// Demo is one run.
type Demo struct {
	o       Options
	console *console.Console
	local   *target.Local
	space   *workspace.Workspace
	out     workspace.Outputs
	summary Summary
	inputs  []feed.Input
}

// Run runs the demo. Whatever happens in between, everything that it made is
// gone when it returns; what could not be removed is part of the error.
func Run(ctx context.Context, c *console.Console, o Options) (err error) {
	d := &Demo{o: o, console: c}
	if len(o.Input) > 0 {
		if d.inputs, err = feed.Inputs(o.Input, o.Stdin); err != nil {
			return fmt.Errorf("%w\nname files or folders that can be read, or - for standard input", err)
		}
	}
	if len(o.Input) == 0 && o.Events < 1 {
		return fmt.Errorf("--events is %d: must be 1 or more", o.Events)
	}
	started := time.Now()
	c.Progress("crawlerless demo: the whole pipeline on this machine, then everything is gone again")
	defer func() {
		cleanup := d.close(ctx, err != nil)
		// An interruption while everything went by itself is one all the same.
		if err == nil && !o.Keep {
			err = ctx.Err()
		}
		err = errors.Join(err, cleanup)
		if err == nil {
			d.summary.Total = time.Since(started)
			d.printSummary()
		}
	}()
	for _, step := range []struct {
		name string
		run  func(context.Context, *console.Step) (string, error)
	}{
		{"tools", d.prepare},
		{"localaws", d.start},
		{"preview", d.preview},
		{"up", d.up},
		{"feed", d.feed},
		{"await", d.await},
	} {
		if err := d.step(ctx, step.name, step.run); err != nil {
			return err
		}
	}
	if err := d.queries(ctx); err != nil {
		return err
	}
	if err := d.observe(ctx); err != nil {
		return err
	}
	if o.Keep {
		d.printKept()
		<-ctx.Done()
	}
	return nil
}

// step runs one stage of the demo and keeps its time.
func (d *Demo) step(ctx context.Context, name string, run func(context.Context, *console.Step) (string, error)) error {
	s := d.console.Step(name)
	result, err := run(ctx, s)
	if e := ctx.Err(); e != nil && !errors.Is(err, e) {
		err = errors.Join(e, err) // what was under way says why it failed, not why it was stopped
	}
	if err != nil {
		d.summary.add(name, s.Failed(err))
		return err
	}
	d.summary.add(name, s.Done("%s", result))
	return nil
}

// prepare finds or builds everything that must be compiled.
func (d *Demo) prepare(ctx context.Context, s *console.Step) (string, error) {
	tools, err := toolbox.Prepare(ctx, d.o.Root, d.o.Cache, target.Architecture(), runtime.GOOS, s)
	if err != nil {
		return "", err
	}
	d.summary.tools = tools
	return fmt.Sprintf("pulumi %s, 3 Lambdas for %s, policy pack", tools.Source, target.Architecture()), nil
}

func (d *Demo) start(ctx context.Context, _ *console.Step) (string, error) {
	start := d.o.Start
	if start.IsZero() {
		start = time.Now().Truncate(time.Hour).Add(-feedSpan)
	}
	d.summary.From = start
	var err error
	if d.local, err = target.StartLocal(ctx, target.LocalOptions{Start: start, Log: d.o.Log, Dir: d.o.Dir}); err != nil {
		return "", err
	}
	policyConfig, err := guardrails.Config(d.o.Root, Stage)
	if err != nil {
		return "", err
	}
	d.space, err = workspace.Open(ctx, workspace.Options{
		Root: d.o.Root, Dir: d.o.Dir, Stage: Stage, Stack: stackName, Overrides: d.local.Overrides(),
		Backend: d.local.Backend(), Env: d.local.Env(), Command: d.summary.tools.Command, Code: d.summary.tools.Code,
		PolicyPack: d.summary.tools.PolicyPack, PolicyConfig: policyConfig, Engine: d.o.Engine, New: true,
	})
	if err != nil {
		return "", err
	}
	return d.local.Server.Endpoint(), nil
}

func (d *Demo) preview(ctx context.Context, s *console.Step) (string, error) {
	n := 0
	seen, err := d.space.Preview(ctx, func(op workspace.Operation) { n++; s.Update("%d resources, %s", n, op.Name) })
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%d resources to create, policy pack %s", seen.Changes["create"], verdict(seen.Violations)), nil
}

// verdict counts advisory violations; mandatory ones have failed the preview.
func verdict(violations []workspace.Violation) string {
	if len(violations) == 0 {
		return "passed"
	}
	return fmt.Sprintf("passed with %d advisories", len(violations))
}

func (d *Demo) up(ctx context.Context, s *console.Step) (string, error) {
	n := 0
	out, seen, err := d.space.Up(ctx, func(op workspace.Operation) { n++; s.Update("%d resources, %s", n, op.Name) })
	if err != nil {
		return "", err
	}
	d.out = out
	d.summary.Resources = seen.Changes["create"]
	return fmt.Sprintf("%d resources created", d.summary.Resources), nil
}

// close takes everything down again, also when ctx has ended: an interrupted
// demo is cleaned up like a finished one.
func (d *Demo) close(ctx context.Context, failed bool) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleanupTime)
	defer cancel()
	var errs []error
	if d.space != nil {
		if err := d.step(ctx, "destroy", d.destroy); err != nil {
			errs = append(errs, fmt.Errorf("destroy: %w", err))
		}
		errs = append(errs, d.space.Close())
	}
	if d.local != nil {
		errs = append(errs, d.local.Close())
	}
	err := errors.Join(errs...)
	if failed && err == nil {
		d.console.Progress("  nothing was left behind")
	}
	return err
}

func (d *Demo) destroy(ctx context.Context, s *console.Step) (string, error) {
	if err := d.space.Unlock(ctx); err != nil && d.o.Log != nil {
		d.o.Log.Debug("no lock to release", "error", err)
	}
	n := 0
	seen, err := d.space.Destroy(ctx, func(op workspace.Operation) { n++; s.Update("%d resources, %s", n, op.Name) })
	if err != nil {
		return "", err
	}
	left, err := d.space.Left(ctx)
	if err != nil {
		return "", err
	}
	if len(left) > 0 {
		return "", fmt.Errorf("%d resources are left: %v", len(left), left)
	}
	if err := d.space.Remove(ctx); err != nil {
		return "", err
	}
	return fmt.Sprintf("%d resources deleted, stack removed", seen.Changes["delete"]), nil
}
