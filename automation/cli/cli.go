// Package cli is the command line of the driver: it understands the arguments,
// wires the parts and turns errors into sentences and exit codes.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/alecthomas/kong"

	"crawlerless/automation/console"
	"crawlerless/automation/stage"
	"crawlerless/automation/workspace"
	"crawlerless/stack/build"
)

// The exit codes of every command.
const (
	ExitDone   = 0
	ExitFailed = 1 // a test or deployment failed
	ExitUsage  = 2 // wrong usage
	ExitPolicy = 3 // the policy pack refuses
	ExitLeft   = 4 // something was left behind that needs a person
)

// commands is the command line. Each command is a struct in a file of its own.
type commands struct {
	Log    string `enum:"off,debug,info,warn,error" default:"off" help:"What localaws and the driver log on standard error: ${enum}."`
	Engine bool   `help:"Show what Pulumi prints, on standard error."`

	Demo  demoCommand  `cmd:"" help:"The whole pipeline on this machine, from nothing to rows from Athena, and back to nothing."`
	Local localCommand `cmd:"" help:"Keep the local target up: AWS on one port, until Ctrl-C."`

	Preview previewCommand `cmd:"" help:"Show what up would change, and what the policy pack says of it."`
	Up      upCommand      `cmd:"" help:"Bring a stage up, after a preview that the policy pack passes."`
	Refresh refreshCommand `cmd:"" help:"Take over into the state what there is in AWS."`
	Drift   driftCommand   `cmd:"" help:"List what is not as the state has it, changing nothing."`
	Outputs outputsCommand `cmd:"" help:"Print the names and addresses that a stage has."`
	Destroy destroyCommand `cmd:"" help:"Delete every resource of a stage."`

	E2E   e2eCommand   `cmd:"" name:"e2e" help:"Bring up a stack of its own, hold the product to its promises, destroy it."`
	Sweep sweepCommand `cmd:"" help:"Clear away what runs of the driver left behind."`

	Backfill  backfillCommand  `cmd:"" help:"Catalogue objects that were in the lake before the pipeline was."`
	Redrive   redriveCommand   `cmd:"" help:"Replay the dead letters."`
	Reconcile reconcileCommand `cmd:"" help:"Hold the catalog against the lake, both ways."`

	Infer      inferCommand      `cmd:"" help:"The schema and DDL of log files on disk."`
	Query      queryCommand      `cmd:"" help:"Ask Athena: rows, bytes scanned and their price."`
	Cost       costCommand       `cmd:"" help:"What a stage costs a month, beside a crawler and partition projection."`
	Guardrails guardrailsCommand `cmd:"" help:"The rules that a stage is held to: list them, explain one, check their configuration."`
	Doctor     doctorCommand     `cmd:"" help:"What is missing on this machine."`

	Completion completionCommand `cmd:"" help:"Print what makes a shell complete commands, flags and stages."`
}

// session is what every command is given.
type session struct {
	ctx     context.Context
	console *console.Console
	log     *slog.Logger
	stdin   *os.File
	stderr  *os.File
	getenv  func(string) string
	engine  bool
}

const description = `crawlerless: a log lake on AWS without Glue crawlers.

Exit codes: 0 done, 1 a test or deployment failed, 2 wrong usage, 3 the policy pack refuses, 4 something was left behind.`

// Main runs one command line and answers the exit code.
func Main(args []string, stdin, stdout, stderr *os.File, getenv func(string) string) int {
	// One Ctrl-C cancels; what a command made is then destroyed. Further ones
	// change nothing: stopping half-way is what would leave things behind.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	c := console.New(stdout, stderr, getenv)

	var cmds commands
	exit := -1
	parser, err := newParser(&cmds, kong.Writers(stdout, stderr), kong.Exit(func(code int) { exit = code }))
	if err != nil {
		c.Progress("automation: %v", err)
		return ExitUsage
	}
	if complete(parser, getenv) {
		return ExitDone
	}
	if len(args) == 0 {
		args = []string{"--help"}
	}
	parsed, err := parser.Parse(args)
	if exit >= 0 { // --help
		return exit
	}
	if err != nil {
		c.Progress("automation: %v\n%s", err, hint(err))
		return ExitUsage
	}
	s := &session{ctx: ctx, console: c, stdin: stdin, stderr: stderr, getenv: getenv, engine: cmds.Engine}
	if s.log, err = logger(cmds.Log, stderr); err != nil {
		c.Progress("automation: %v", err)
		return ExitUsage
	}
	return s.report(parsed.Run(s))
}

func newParser(cmds *commands, options ...kong.Option) (*kong.Kong, error) {
	return kong.New(cmds, append(options, kong.Name("automation"), kong.Description(description), kong.ConfigureHelp(kong.HelpOptions{Compact: true}))...)
}

// hint says where to read on after a wrong command line.
func hint(err error) string {
	var wrong *kong.ParseError
	if errors.As(err, &wrong) && wrong.Context != nil {
		if node := wrong.Context.Selected(); node != nil {
			return "see automation " + node.Name + " --help"
		}
	}
	return "see automation --help"
}

// report prints an error once, for a person, and finds its exit code.
func (s *session) report(err error) int {
	var policy *workspace.PolicyError
	var usage *usageError
	var left *leftError
	code := ExitFailed
	switch {
	case err == nil:
		return ExitDone
	case errors.As(err, &left):
		code = ExitLeft
	case errors.As(err, &policy):
		code = ExitPolicy
	case errors.As(err, &usage), errors.Is(err, workspace.ErrNoStage), errors.Is(err, stage.ErrNoSource):
		code = ExitUsage
	}
	if s.ctx.Err() != nil && errors.Is(err, context.Canceled) {
		s.console.Progress("automation: interrupted")
		if err = beside(err, context.Canceled); err == nil {
			return code
		}
	}
	s.console.Progress("automation: %v", err)
	return code
}

// beside is what there is in err, which may join several errors, beside those
// that are known.
func beside(err, known error) error {
	joined, ok := err.(interface{ Unwrap() []error }) //nolint:errorlint // the join itself is meant
	switch {
	case ok:
		var rest []error
		for _, e := range joined.Unwrap() {
			rest = append(rest, beside(e, known))
		}
		return errors.Join(rest...)
	case errors.Is(err, known):
		return nil
	}
	return err
}

// usageError is a wrong argument that only the command can tell.
type usageError struct{ err error }

func (e *usageError) Error() string { return e.err.Error() }
func (e *usageError) Unwrap() error { return e.err }

// leftError is something that could not be removed.
type leftError struct{ err error }

func (e *leftError) Error() string { return e.err.Error() }
func (e *leftError) Unwrap() error { return e.err }

func logger(level string, to *os.File) (*slog.Logger, error) {
	if level == "off" {
		return slog.New(slog.DiscardHandler), nil
	}
	var l slog.Level
	if err := l.UnmarshalText([]byte(level)); err != nil {
		return nil, fmt.Errorf("--log %s: %w", level, err)
	}
	return slog.New(slog.NewTextHandler(to, &slog.HandlerOptions{Level: l})), nil
}

// places finds the checkout and the cache.
func places() (root, cache string, err error) {
	if root, err = projectRoot(); err != nil {
		return "", "", err
	}
	cache, err = build.DefaultCache()
	return root, cache, err
}

// projectRoot is the folder with the project's Pulumi.yaml, here or above.
func projectRoot() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for ; ; dir = filepath.Dir(dir) {
		b, err := os.ReadFile(filepath.Join(dir, "Pulumi.yaml"))
		if err == nil && strings.Contains(string(b), "name: crawlerless") {
			return dir, nil
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return "", err
		}
		if dir == filepath.Dir(dir) {
			return "", &usageError{errors.New("this is not a checkout of crawlerless (no Pulumi.yaml of it here or above): change into one")}
		}
	}
}
