// Package stage is what a person does to a stage by hand: preview, up, refresh,
// destroy, outputs, drift. A preview with the policy pack stands before every
// up.
package stage

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"runtime"
	"strings"
	"time"

	"crawlerless/automation/console"
	"crawlerless/automation/guardrails"
	"crawlerless/automation/query"
	"crawlerless/automation/target"
	"crawlerless/automation/toolbox"
	"crawlerless/automation/workspace"
	"crawlerless/stack/pipeline"
)

// Options of every command.
type Options struct {
	Root, Cache string
	Stage       string
	Target      string // "aws" or "local"
	Yes         bool   // do not ask
	JSON        bool   // one document on standard output
	Stdin       io.Reader
	Interactive bool // Stdin is a terminal
	Log         *slog.Logger
	Engine      io.Writer
}

// need is what a command needs before it can run.
type need struct {
	existing bool // the stack is there already
	program  bool // the Lambdas and the policy pack are compiled
	scratch  bool // a local target of its own will do
	budget   bool // the stage's estimate is within its budget
}

// Stage is one stage, open on its target.
type Stage struct {
	o       Options
	console *console.Console
	target  target.Target
	space   *workspace.Workspace
}

// with opens the stage, runs f, and closes it again.
func with(ctx context.Context, c *console.Console, o Options, n need, f func(*Stage) error) (err error) {
	config, err := workspace.StageConfig(o.Root, o.Stage)
	if err != nil {
		return err
	}
	policyConfig, err := guardrails.Config(o.Root, o.Stage)
	if err != nil {
		return err
	}
	if n.budget {
		if err := guardrails.WithinBudget(policyConfig, config, time.Now()); err != nil {
			return err
		}
	}
	s := &Stage{o: o, console: c}
	if s.target, err = openTarget(ctx, o, n.scratch); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.target.Close()) }()
	tools, err := s.tools(ctx, config, n)
	if err != nil {
		return err
	}
	_, scratch := s.target.(*target.Local) // just started, with no stack yet
	s.space, err = workspace.Open(ctx, workspace.Options{
		Root: o.Root, Stage: o.Stage, Overrides: s.target.Overrides(), Backend: s.target.Backend(), Env: s.target.Env(),
		Command: tools.Command, Code: tools.Code, PolicyPack: tools.PolicyPack, PolicyConfig: policyConfig,
		Engine: o.Engine, Existing: n.existing, New: scratch,
	})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.space.Close()) }()
	return f(s)
}

func (s *Stage) tools(ctx context.Context, config pipeline.Config, n need) (toolbox.Tools, error) {
	step := s.console.Step("tools")
	architecture, goos := config.Architecture, "linux"
	if s.target.Name() == "local" {
		architecture, goos = target.Architecture(), runtime.GOOS
	}
	var tools toolbox.Tools
	var err error
	if n.program {
		tools, err = toolbox.Prepare(ctx, s.o.Root, s.o.Cache, architecture, goos, step)
	} else {
		tools, err = toolbox.CLI(ctx, s.o.Root, s.o.Cache, step)
	}
	if err != nil {
		step.Failed(err)
		return tools, err
	}
	step.Done("pulumi %s", tools.Source)
	return tools, nil
}

func openTarget(ctx context.Context, o Options, scratch bool) (target.Target, error) {
	if o.Target == "aws" {
		region, err := workspace.Region(o.Root, o.Stage)
		if err != nil {
			return nil, err
		}
		return target.OpenAccount(ctx, region)
	}
	attached, err := target.Attach(ctx, o.Cache)
	if errors.Is(err, target.ErrNoLocal) && scratch {
		return target.StartLocal(ctx, target.LocalOptions{Log: o.Log})
	}
	if err != nil {
		return nil, err
	}
	return attached, nil
}

// Preview shows what up would change, and what the policy pack says of it.
func Preview(ctx context.Context, c *console.Console, o Options) error {
	return with(ctx, c, o, need{program: true, scratch: true}, func(s *Stage) error {
		_, err := s.preview(ctx, true)
		return err
	})
}

// preview is the gate before up.
func (s *Stage) preview(ctx context.Context, document bool) (workspace.Seen, error) {
	step := s.console.Step("preview")
	seen, err := s.space.Preview(ctx, counted(step, 0))
	if err != nil {
		step.Failed(err)
	} else {
		step.Done("%s", tally(seen.Changes))
	}
	if s.o.JSON && (document || err != nil) {
		return seen, errors.Join(err, s.json(seen))
	}
	s.tree(seen)
	s.violations(seen)
	return seen, err
}

// counted shows each operation that is done on a step; total is 0 where it is
// not known.
func counted(step *console.Step, total int) func(workspace.Operation) {
	n := 0
	return func(op workspace.Operation) {
		n++
		if total == 0 {
			step.Update("%d resources, %s", n, op.Name)
			return
		}
		step.Count(n, total, "%s", op.Name)
	}
}

// Up brings the stage up, after a preview that passes. A stage that is
// protected asks first, unless it was told yes.
func Up(ctx context.Context, c *console.Console, o Options) error {
	return with(ctx, c, o, need{program: true, budget: true}, func(s *Stage) error {
		seen, err := s.preview(ctx, false)
		if err != nil {
			return err
		}
		if unchanged(seen.Changes) {
			s.console.Progress("  nothing to change")
		} else if err := s.confirm("up"); err != nil {
			return err
		}
		if err := s.keepEncryption(); err != nil {
			return err
		}
		projected, err := s.projected(ctx)
		if err != nil {
			return err
		}
		step := s.console.Step("up")
		out, seen, err := s.space.Up(ctx, counted(step, len(seen.Steps)))
		if err != nil {
			step.Failed(err)
			return err
		}
		step.Done("%s", tally(seen.Changes))
		if projected && s.space.Config.Partitions == pipeline.Registered {
			if err := s.registerAgain(ctx, out); err != nil {
				return err
			}
		}
		return s.outputs(out)
	})
}

// keepEncryption writes how the stack's secrets are encrypted into the stage's
// own file, where the CLI looks for it the next time. Only up changes the
// checkout, and only this once.
func (s *Stage) keepEncryption() error {
	if s.target.Name() != "aws" {
		return nil
	}
	kept, err := s.space.KeepEncryption()
	if err != nil {
		return fmt.Errorf("nothing was changed: the stage's file must be written once, to keep how its secrets are encrypted: %w", err)
	}
	if kept {
		s.console.Progress("  Pulumi.%s.yaml now says how the stack's secrets are encrypted: commit it", s.o.Stage)
	}
	return nil
}

// Refresh brings the state in line with what there is.
func Refresh(ctx context.Context, c *console.Console, o Options) error {
	return with(ctx, c, o, need{existing: true}, func(s *Stage) error {
		step := s.console.Step("refresh")
		seen, err := s.space.Refresh(ctx, counted(step, 0))
		if err != nil {
			step.Failed(err)
			return err
		}
		step.Done("%s", tally(seen.Changes))
		if s.o.JSON {
			return s.json(seen)
		}
		return nil
	})
}

// ErrDrift says that resources are not as the state has them.
var ErrDrift = errors.New("the stage has drifted: `refresh` takes over what is there, `up` brings back what was declared")

// Drift lists what is not as the state has it, and fails when there is any.
func Drift(ctx context.Context, c *console.Console, o Options) error {
	return with(ctx, c, o, need{existing: true}, func(s *Stage) error {
		step := s.console.Step("drift")
		seen, err := s.space.Drift(ctx)
		if err != nil {
			step.Failed(err)
			return err
		}
		step.Done("%s", tally(seen.Changes))
		if s.o.JSON {
			if err := s.json(seen); err != nil {
				return err
			}
		} else {
			s.tree(seen)
		}
		if !unchanged(seen.Changes) {
			return ErrDrift
		}
		return nil
	})
}

// ErrLeft says that resources remain after a destroy.
var ErrLeft = errors.New("resources were left behind")

// Destroy deletes every resource of the stage. The stack and its configuration
// stay, so that it can be brought up again.
func Destroy(ctx context.Context, c *console.Console, o Options) error {
	return with(ctx, c, o, need{existing: true}, func(s *Stage) error {
		if err := s.confirm("destroy"); err != nil {
			return err
		}
		step := s.console.Step("destroy")
		seen, err := s.space.Destroy(ctx, counted(step, 0))
		if err != nil {
			step.Failed(err)
			resources, more := s.space.Left(context.WithoutCancel(ctx))
			if len(resources) > 0 {
				left := make([]string, len(resources))
				for i, r := range resources {
					left[i] = r.String()
				}
				err = fmt.Errorf("%w\n%w:\n  %s", err, ErrLeft, strings.Join(left, "\n  "))
			}
			return errors.Join(err, more)
		}
		step.Done("%s", tally(seen.Changes))
		if s.o.JSON {
			return s.json(seen)
		}
		return nil
	})
}

// Outputs prints what a person needs next.
func Outputs(ctx context.Context, c *console.Console, o Options) error {
	return with(ctx, c, o, need{existing: true}, func(s *Stage) error {
		out, err := s.space.Outputs(ctx)
		if err != nil {
			return err
		}
		return s.outputs(out)
	})
}

// ErrNotConfirmed says that a protected stage was left as it was.
var ErrNotConfirmed = errors.New("not confirmed: nothing was changed")

// ErrNobodyToAsk says that a protected stage was left as it was, because
// standard input is no terminal.
var ErrNobodyToAsk = errors.New("nothing was changed")

// confirm asks before a protected stage is changed, and before any stage is
// destroyed on AWS.
func (s *Stage) confirm(what string) error {
	ask := s.space.Config.Protect || (what == "destroy" && s.target.Name() == "aws")
	if !ask || s.o.Yes {
		return nil
	}
	if !s.o.Interactive {
		return fmt.Errorf("%w: %s of %s needs --yes where nobody can be asked", ErrNobodyToAsk, what, s.o.Stage)
	}
	s.console.Progress("%s changes the stage %s on %s. Type its name to go on:", what, s.o.Stage, s.target.Name())
	answer, err := bufio.NewReader(s.o.Stdin).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	if strings.TrimSpace(answer) != s.o.Stage {
		return ErrNotConfirmed
	}
	return nil
}

// Query asks the stage's lake one question.
func Query(ctx context.Context, c *console.Console, o Options, q query.Options) error {
	return with(ctx, c, o, need{existing: true}, func(s *Stage) error {
		out, err := s.space.Outputs(ctx)
		if err != nil {
			return err
		}
		q.AWS, q.Workgroup, q.Database = s.target.AWS(), out.Workgroup, out.Database
		return query.Run(ctx, c, q)
	})
}
