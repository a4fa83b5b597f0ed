package cli

import (
	"context"
	"errors"
	"io"

	"golang.org/x/term"

	"crawlerless/automation/console"
	"crawlerless/automation/runs"
	"crawlerless/automation/stage"
)

// stageFlags are the flags of every command on a stage.
type stageFlags struct {
	Stage  string `short:"s" default:"dev" predictor:"stage" help:"The stage: its configuration is Pulumi.<stage>.yaml."`
	Target string `short:"t" enum:"aws,local" default:"aws" help:"Where: ${enum}. local is what 'automation local' keeps up in another terminal."`
	JSON   bool   `help:"Print one JSON document on standard output."`
}

func (f stageFlags) run(s *session, yes bool, do func(context.Context, *console.Console, stage.Options) error) error {
	root, cache, err := places()
	if err != nil {
		return err
	}
	var engine io.Writer
	if s.engine {
		engine = s.stderr
	}
	err = s.recorded(cache, runs.Run{Command: "stage", Target: f.Target, Stage: f.Stage}, func(*runs.Record) error {
		return do(s.ctx, s.console, stage.Options{
			Root: root, Cache: cache, Stage: f.Stage, Target: f.Target, Yes: yes, JSON: f.JSON,
			Stdin: s.stdin, Interactive: term.IsTerminal(int(s.stdin.Fd())), Log: s.log, Engine: engine,
		})
	})
	if errors.Is(err, stage.ErrLeft) {
		return &leftError{err}
	}
	if errors.Is(err, stage.ErrNobodyToAsk) {
		return &usageError{err}
	}
	return err
}

type previewCommand struct{ stageFlags }

// Help is shown by preview --help.
func (previewCommand) Help() string {
	return `Prints what would change as a tree by service, and what the policy pack says. Exits with 3 when a mandatory policy refuses. On the local target it needs no running one: a preview changes nothing.

Examples:
  automation preview --target local
  automation preview --stage prod
  automation preview --stage prod --json`
}

func (c *previewCommand) Run(s *session) error { return c.run(s, false, stage.Preview) }

type upCommand struct {
	stageFlags
	Yes bool `short:"y" help:"Do not ask before a protected stage is changed."`
}

// Help is shown by up --help.
func (upCommand) Help() string {
	return `A preview with the policy pack comes first; nothing is changed when it refuses (exit code 3). A protected stage asks for its name, or wants --yes where there is no terminal. Prints the outputs.

Examples:
  automation up --target local
  automation up --stage staging
  automation up --stage prod --yes --json`
}

func (c *upCommand) Run(s *session) error { return c.run(s, c.Yes, stage.Up) }

type refreshCommand struct{ stageFlags }

// Help is shown by refresh --help.
func (refreshCommand) Help() string {
	return `Changes nothing in AWS: only the state, so that the next preview shows what would bring back what was declared.

Examples:
  automation refresh --stage dev
  automation refresh --target local --json`
}

func (c *refreshCommand) Run(s *session) error { return c.run(s, false, stage.Refresh) }

type destroyCommand struct {
	stageFlags
	Yes bool `short:"y" help:"Do not ask."`
}

// Help is shown by destroy --help.
func (destroyCommand) Help() string {
	return `Asks for the stage's name on AWS, or wants --yes where there is no terminal. The stack and its configuration stay, so that it can be brought up again. Exits with 4 when something is left, and lists it.

Examples:
  automation destroy --stage dev
  automation destroy --target local --yes`
}

func (c *destroyCommand) Run(s *session) error { return c.run(s, c.Yes, stage.Destroy) }

type outputsCommand struct{ stageFlags }

// Help is shown by outputs --help.
func (outputsCommand) Help() string {
	return `Examples:
  automation outputs --stage prod
  automation outputs --stage prod --json | jq -r .lakeBucket`
}

func (c *outputsCommand) Run(s *session) error { return c.run(s, false, stage.Outputs) }

type driftCommand struct{ stageFlags }

// Help is shown by drift --help.
func (driftCommand) Help() string {
	return `Exits with 1 when anything is not as the state has it, with 0 when all of it is.

Examples:
  automation drift --stage prod
  automation drift --target local --json`
}

func (c *driftCommand) Run(s *session) error { return c.run(s, false, stage.Drift) }
