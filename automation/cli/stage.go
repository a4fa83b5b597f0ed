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
	Stage  string `short:"s" default:"dev" help:"The stage: its configuration is Pulumi.<stage>.yaml."`
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
	return err
}

type previewCommand struct{ stageFlags }

func (c *previewCommand) Run(s *session) error { return c.run(s, false, stage.Preview) }

type upCommand struct {
	stageFlags
	Yes bool `short:"y" help:"Do not ask before a protected stage is changed."`
}

func (c *upCommand) Run(s *session) error { return c.run(s, c.Yes, stage.Up) }

type refreshCommand struct{ stageFlags }

func (c *refreshCommand) Run(s *session) error { return c.run(s, false, stage.Refresh) }

type destroyCommand struct {
	stageFlags
	Yes bool `short:"y" help:"Do not ask."`
}

func (c *destroyCommand) Run(s *session) error { return c.run(s, c.Yes, stage.Destroy) }

type outputsCommand struct{ stageFlags }

func (c *outputsCommand) Run(s *session) error { return c.run(s, false, stage.Outputs) }

type driftCommand struct{ stageFlags }

// Help is shown by drift --help.
func (driftCommand) Help() string { return "Exits with 1 when anything is not as the state has it." }

func (c *driftCommand) Run(s *session) error { return c.run(s, false, stage.Drift) }
