package cli

import (
	"errors"
	"io"

	"crawlerless/automation/localtarget"
	"crawlerless/automation/runs"
)

type localCommand struct {
	Port  int  `default:"4566" help:"The loopback port; 0 is any free one."`
	Empty bool `help:"Deploy nothing: only AWS, for a program of your own or pulumi up by hand."`
}

// Help is shown by local --help.
func (localCommand) Help() string {
	return `Prints the endpoint and the lines to paste for the aws CLI and for pulumi.

Examples:
  automation local
  automation local --empty --port 0`
}

func (c *localCommand) Run(s *session) error {
	root, cache, err := places()
	if err != nil {
		return err
	}
	if c.Port < 0 || c.Port > 65535 {
		return &usageError{errors.New("--port must be 0 to 65535")}
	}
	var engine io.Writer
	if s.engine {
		engine = s.stderr
	}
	return s.recorded(cache, runs.Run{Command: "local", Target: "local", Stage: localtarget.Stage}, func(r *runs.Record) error {
		return localtarget.Run(s.ctx, s.console, localtarget.Options{
			Root: root, Cache: cache, Dir: r.Run.Dir, Port: c.Port, Empty: c.Empty, Log: s.log, Engine: engine,
		})
	})
}
