// Package e2e brings up a stack of its own, holds the product to its promises,
// and takes the stack down again, whatever happens in between. It runs on AWS
// and on the local target alike.
package e2e

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os/exec"
	"regexp"
	"runtime"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	"crawlerless/automation/console"
	"crawlerless/automation/guardrails"
	"crawlerless/automation/report"
	"crawlerless/automation/target"
	"crawlerless/automation/teardown"
	"crawlerless/automation/toolbox"
	"crawlerless/automation/workspace"
	"crawlerless/localaws/faults"
)

// Options of a run.
type Options struct {
	Root, Cache, Dir string
	Target           target.Target
	Stage            string // whose configuration
	Stack            string // from [StackName]
	TTL              time.Duration
	Keep             bool // keep the stack when a test failed
	ReportDir        string
	Owner            string
	Events           int            // of the generator
	Burst            int            // objects that come at once; 0 is a thousand
	Only             *regexp.Regexp // the promises whose name matches; nil: all, the long ones if Thorough
	Thorough         bool
	Faults           *faults.Injector // on the local target; its faults are reported
	Storm            *Storm           // in place of the promises; needs Faults
	Log              *slog.Logger
	Engine           io.Writer
}

// LeftError lists what remains after the run.
type LeftError struct {
	Stack string
	Left  []string
	Err   error
}

func (e *LeftError) Error() string {
	return fmt.Sprintf("the stack %s could not be destroyed; this remains:\n  %s\nmend the cause, then run sweep: %v", e.Stack, strings.Join(e.Left, "\n  "), e.Err)
}

func (e *LeftError) Unwrap() error { return e.Err }

// ErrTests says that some promises were not kept.
var ErrTests = errors.New("not every promise is kept")

// run is one run while it goes on.
type run struct {
	o       Options
	console *console.Console
	report  report.Report
	began   time.Time
	space   *workspace.Workspace
	env     *env
	tools   toolbox.Tools
	mu      sync.Mutex
	// stumbled says that a command of the CLI ended otherwise than it should: a
	// lock may be left.
	stumbled bool
	planned  int // resources, by the preview
}

// StackName is "e2e-<branch>-<commit>-<random>", short enough for AWS's names.
func StackName(ctx context.Context, root string) string {
	branch := git(ctx, root, "rev-parse", "--abbrev-ref", "HEAD")
	commit := git(ctx, root, "rev-parse", "--short=7", "HEAD")
	var random [2]byte
	_, _ = rand.Read(random[:]) // never fails
	branch = strings.Trim(regexp.MustCompile(`[^a-z0-9]+`).ReplaceAllString(strings.ToLower(branch), "-"), "-")
	if len(branch) > 10 {
		branch = strings.Trim(branch[:10], "-")
	}
	parts := []string{"e2e"}
	for _, p := range []string{branch, commit, hex.EncodeToString(random[:])} {
		if p != "" {
			parts = append(parts, p)
		}
	}
	return strings.Join(parts, "-")
}

// git answers what git says, or nothing where there is no repository.
func git(ctx context.Context, root string, args ...string) string {
	out, err := exec.CommandContext(ctx, "git", append([]string{"-C", root}, args...)...).Output()
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(out))
}

// Run runs everything and writes the report. Its error is nil only when every
// promise was kept and nothing is left.
func Run(ctx context.Context, c *console.Console, o Options) (_ *report.Report, err error) {
	r := &run{o: o, console: c, began: time.Now()}
	r.report = report.Report{
		Stack: o.Stack, Target: o.Target.Name(), Stage: o.Stage, Started: r.began.UTC(), Resources: map[string]int{},
		Steps: []report.Step{}, Tests: []report.Test{}, Funnel: []report.Count{}, Queries: []report.Query{}, Left: []string{},
		Tags: map[string]string{
			"owner": o.Owner, "run": o.Stack, "created": r.began.UTC().Format(time.RFC3339), "expires": r.began.Add(o.TTL).UTC().Format(time.RFC3339),
		},
	}
	c.Progress("crawlerless e2e: %s on %s", o.Stack, o.Target.Name())
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}
		err = r.end(ctx, err)
	}()
	for _, step := range []struct {
		name string
		run  func(context.Context, *console.Step) (string, error)
	}{
		{"tools", r.prepare}, {"preview", r.preview}, {"up", r.deploy}, {"feed", r.feed},
	} {
		if err := r.step(ctx, step.name, step.run); err != nil {
			return &r.report, err
		}
	}
	return &r.report, r.tests(ctx)
}

// end destroys, reports and closes. It runs to its end also when ctx is over.
func (r *run) end(ctx context.Context, err error) error {
	interrupted := ctx.Err() != nil
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 20*time.Minute)
	defer cancel()
	if err != nil && !errors.Is(err, ErrTests) {
		r.report.Error = err.Error()
	}
	if r.env != nil && !interrupted {
		if e := r.collect(ctx); e != nil {
			err = errors.Join(err, e)
		}
	}
	r.stumbled = err != nil && !errors.Is(err, ErrTests)
	if r.space != nil {
		if r.o.Keep && errors.Is(err, ErrTests) && !interrupted {
			r.report.Kept = true
			r.console.Progress("  the stack %s is kept (--keep-on-failure) until sweep finds it expired, %s", r.o.Stack, r.report.Tags["expires"])
		} else if e := r.step(ctx, "destroy", r.destroy); e != nil {
			err = errors.Join(err, e)
		}
		err = errors.Join(err, r.space.Close())
	}
	r.report.Seconds = time.Since(r.began).Seconds()
	if r.tools.Command != nil {
		r.report.Pulumi = r.tools.Command.Spent().Seconds()
		r.console.Progress("  %-12s %.1fs in all; the commands of Pulumi ran for %.1fs", "time", r.report.Seconds, r.report.Pulumi)
	}
	r.report.Passed = err == nil
	if err != nil && r.report.Error == "" {
		r.report.Error = err.Error()
	}
	if r.o.ReportDir != "" {
		if e := r.report.Write(r.o.ReportDir); e != nil {
			err = errors.Join(err, fmt.Errorf("report: %w", e))
		} else {
			r.console.Progress("  report in %s: report.html, report.json, junit.xml", r.o.ReportDir)
		}
	}
	return err
}

func (r *run) step(ctx context.Context, name string, do func(context.Context, *console.Step) (string, error)) error {
	s := r.console.Step(name)
	begin := time.Since(r.began).Seconds()
	result, err := do(ctx, s)
	if err == nil {
		err = ctx.Err()
	}
	step := report.Step{Name: name, Begin: begin, Result: result}
	if err != nil {
		step.Failed, step.Result = true, err.Error()
		step.Seconds = s.Failed(err).Seconds()
	} else {
		step.Seconds = s.Done("%s", result).Seconds()
	}
	r.report.Steps = append(r.report.Steps, step)
	return err
}

func (r *run) prepare(ctx context.Context, s *console.Step) (string, error) {
	config, err := workspace.StageConfig(r.o.Root, r.o.Stage)
	if err != nil {
		return "", err
	}
	architecture, goos := config.Architecture, "linux"
	if r.o.Target.Name() == "local" {
		architecture, goos = target.Architecture(), runtime.GOOS
	}
	if r.tools, err = toolbox.Prepare(ctx, r.o.Root, r.o.Cache, architecture, goos, s); err != nil {
		return "", err
	}
	return "pulumi " + r.tools.Source + ", 3 Lambdas for " + architecture + ", policy pack", nil
}

// overrides make any stage's configuration ephemeral: its own sources, small
// buffers, a low scan limit, nothing protected, everything removable.
func (r *run) overrides() map[string]any {
	var sources []any
	for _, name := range r.o.sources() {
		sources = append(sources, map[string]any{"name": name, "createLogGroup": true})
	}
	o := map[string]any{
		"crawlerless:generator":         true,
		"crawlerless:sources":           sources,
		"crawlerless:bufferMiB":         5,
		"crawlerless:bufferSeconds":     60,
		"crawlerless:logRetentionDays":  1,
		"crawlerless:queryScanLimitMiB": 10,
		"crawlerless:protect":           false,
		"crawlerless:forceDestroy":      true,
		"crawlerless:tags":              r.report.Tags,
	}
	for k, v := range r.o.Target.Overrides() {
		o[k] = v
	}
	return o
}

func (r *run) preview(ctx context.Context, s *console.Step) (string, error) {
	policyConfig, err := guardrails.Config(r.o.Root, r.o.Stage)
	if err != nil {
		return "", err
	}
	r.space, err = workspace.Open(ctx, workspace.Options{
		Root: r.o.Root, Dir: r.o.Dir, Stage: r.o.Stage, Stack: r.o.Stack, Overrides: r.overrides(),
		Backend: r.o.Target.Backend(), Env: r.o.Target.Env(), Command: r.tools.Command, Code: r.tools.Code,
		PolicyPack: r.tools.PolicyPack, PolicyConfig: policyConfig, Engine: r.o.Engine, Tags: r.report.Tags, New: true,
	})
	if err != nil {
		return "", err
	}
	if r.o.Target.Backend() == "" {
		// A backend that outlives this run: its stacks say when they expire.
		if err := r.space.Tag(ctx); err != nil {
			return "", err
		}
	}
	n := 0
	seen, err := r.space.Preview(ctx, func(op workspace.Operation) { n++; s.Update("%d resources, %s", n, op.Name) })
	if err != nil {
		return "", err
	}
	r.planned = n
	for _, op := range seen.Steps {
		if op.Op == "create" {
			r.report.Resources[op.Type]++
		}
	}
	return fmt.Sprintf("%d resources to create", seen.Changes["create"]), nil
}

func (r *run) deploy(ctx context.Context, s *console.Step) (string, error) {
	n := 0
	out, seen, err := r.space.Up(ctx, func(op workspace.Operation) { n++; s.Count(n, r.planned, "%s", op.Name) })
	if err != nil {
		return "", err
	}
	r.env = newEnv(r.o.Target, r.space, out, r.o.Events, r.o.Burst)
	return fmt.Sprintf("%d resources created", seen.Changes["create"]), nil
}

// tests runs the promises side by side.
func (r *run) tests(ctx context.Context) error {
	list := r.o.promises()
	results := make([]report.Test, len(list))
	s := r.console.Step("tests")
	s.Count(0, len(list), "promises side by side")
	begin := time.Since(r.began).Seconds()
	var wg sync.WaitGroup
	done := 0
	test := func(i int, p promise) {
		results[i] = r.test(ctx, p)
		r.mu.Lock()
		defer r.mu.Unlock()
		done++
		s.Count(done, len(list), "%s", p.name)
	}
	for i, p := range list {
		if !p.alone {
			wg.Go(func() { test(i, p) })
		}
	}
	wg.Wait()
	for i, p := range list {
		if p.alone {
			test(i, p)
		}
	}
	r.report.Tests = results
	step := report.Step{Name: "tests", Begin: begin}
	failed := r.report.Failed()
	var err error
	if failed > 0 {
		err = fmt.Errorf("%w: %d of %d failed", ErrTests, failed, len(results))
		step.Failed, step.Result = true, err.Error()
		step.Seconds = s.Failed(err).Seconds()
	} else {
		step.Result = fmt.Sprintf("%d promises kept", len(results))
		step.Seconds = s.Done("%s", step.Result).Seconds()
	}
	r.report.Steps = append(r.report.Steps, step)
	for _, t := range results {
		mark, detail := "ok", t.Detail
		if !t.Passed {
			mark, detail = "FAILED", t.Error
		}
		r.console.Progress("    %-6s %-26s %6.1fs  %s", mark, t.Name, t.Seconds, detail)
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return err
}

// test runs one promise; a panic in it is its failure.
func (r *run) test(ctx context.Context, p promise) (t report.Test) {
	start := time.Now()
	t = report.Test{Name: p.name, Promise: p.text, Begin: start.Sub(r.began).Seconds()}
	defer func() {
		if v := recover(); v != nil {
			t.Error = fmt.Sprintf("panic: %v\n%s", v, debug.Stack())
		}
		t.Seconds = time.Since(start).Seconds()
		t.Passed = t.Error == ""
		if !t.Passed && ctx.Err() == nil {
			t.Evidence = r.env.evidence(ctx)
		}
	}()
	detail, err := p.test(ctx, r.env)
	t.Detail = detail
	if err != nil {
		t.Error = err.Error()
	}
	return t
}

// destroy takes the stack down, with every remedy.
func (r *run) destroy(ctx context.Context, s *console.Step) (string, error) {
	result, err := teardown.Destroy(ctx, teardown.Options{
		Space: r.space, Stack: r.o.Stack, AWS: r.o.Target.AWS(), Unlock: r.stumbled, Planned: r.planned, Progress: s, Log: r.o.Log,
	})
	r.report.Left = append(r.report.Left, result.Left...)
	if err != nil {
		return "", &LeftError{Stack: r.o.Stack, Left: result.Left, Err: err}
	}
	if n := len(result.Strays); n > 0 {
		return fmt.Sprintf("%d resources deleted and %d more that the state did not know, stack removed", result.Deleted, n), nil
	}
	return fmt.Sprintf("%d resources deleted, stack removed", result.Deleted), nil
}
