package cli

import (
	"io"

	"crawlerless/automation/demo"
	"crawlerless/automation/runs"
)

type demoCommand struct {
	Input  []string `short:"i" placeholder:"PATH" sep:"none" predictor:"file" help:"Send these files instead of generated logs: NDJSON, plain, .gz or .zst; a folder with such files; - for standard input. May be given several times."`
	Paths  []string `arg:"" optional:"" name:"path" help:"Further inputs for --input."`
	Events int      `default:"2000" help:"How many events the generator writes over three hours of the local clock."`
	Keep   bool     `help:"Serve until Ctrl-C before everything is destroyed."`
}

// Help is shown by demo --help.
func (demoCommand) Help() string {
	return `Examples:
  automation demo
  automation demo --input access.ndjson more.ndjson.gz
  kubectl logs deploy/shop | automation demo --input -`
}

func (c *demoCommand) Run(s *session) error {
	root, cache, err := places()
	if err != nil {
		return err
	}
	if len(c.Input) == 0 && len(c.Paths) > 0 {
		return &usageError{errPathsWithoutInput}
	}
	if c.Events < 1 {
		return &usageError{errTooFewEvents}
	}
	var engine io.Writer
	if s.engine {
		engine = s.stderr
	}
	return s.recorded(cache, runs.Run{Command: "demo", Target: "local", Stage: demo.Stage}, func(r *runs.Record) error {
		return demo.Run(s.ctx, s.console, demo.Options{
			Root: root, Cache: cache, Dir: r.Run.Dir, Input: append(c.Input, c.Paths...), Events: c.Events, Keep: c.Keep,
			Stdin: s.stdin, Log: s.log, Engine: engine,
		})
	})
}
