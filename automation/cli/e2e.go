package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/user"
	"regexp"
	"strings"
	"time"

	"crawlerless/automation/e2e"
	"crawlerless/automation/runs"
	"crawlerless/automation/target"
	"crawlerless/automation/workspace"
	"crawlerless/localaws/faults"
)

type e2eCommand struct {
	Target      string        `short:"t" enum:"aws,local" default:"local" help:"Where: ${enum}."`
	StageConfig string        `default:"dev" predictor:"stage" help:"The stage whose configuration is used."`
	TTL         time.Duration `name:"ttl" default:"2h" help:"After this, sweep destroys the stack even if it was kept."`
	Keep        bool          `name:"keep-on-failure" help:"Keep the stack when a promise is not kept (on AWS)."`
	Report      string        `placeholder:"DIR" predictor:"file" help:"Write report.html, report.json and junit.xml there."`
	Events      int           `default:"300" help:"How many events the generator writes."`
	Faults      *uint64       `placeholder:"SEED" help:"Instead of the promises: write 2,000 objects while everything fails that can, by a plan of this seed, and lose nothing (local only)."`
	Only        string        `placeholder:"PATTERN" help:"Only the promises whose name matches, the long ones too."`
	Thorough    bool          `help:"Also the four promises that take long: a log format through 18 changes, 2,000 columns, 1,000 objects at once, switching the mode of partitions."`
	JSON        bool          `help:"Print the report as one JSON document on standard output."`
}

// Help is shown by e2e --help.
func (e2eCommand) Help() string {
	return `Brings up a stack of its own, holds the product to its promises, and destroys it, whatever happens in between.

Examples:
  automation e2e
  automation e2e --thorough
  automation e2e --only 'schema|malformed' --report out
  automation e2e --faults 1
  automation e2e --target aws --ttl 1h --report out`
}

func (c *e2eCommand) Run(s *session) error {
	root, cache, err := places()
	if err != nil {
		return err
	}
	if c.Events < 3 {
		return &usageError{errors.New("--events must be 3 or more")}
	}
	var storm *e2e.Storm
	var injector *faults.Injector
	if c.Faults != nil {
		if c.Target != "local" {
			return &usageError{errors.New("--faults needs --target local: AWS fails as it likes")}
		}
		if c.Only != "" || c.Thorough {
			return &usageError{errors.New("--faults has a promise of its own: leave --only and --thorough out")}
		}
		storm = e2e.FullStorm(*c.Faults)
		if injector, err = faults.New(faults.Plan{}); err != nil {
			return err
		}
	}
	var only *regexp.Regexp
	if c.Only != "" {
		if only, err = regexp.Compile(c.Only); err != nil {
			return &usageError{fmt.Errorf("--only: %w", err)}
		}
		if len(e2e.Promises(only)) == 0 {
			return &usageError{fmt.Errorf("--only %s matches no promise; there are %s", c.Only, strings.Join(e2e.Promises(nil), ", "))}
		}
	}
	var engine io.Writer
	if s.engine {
		engine = s.stderr
	}
	region, err := workspace.Region(root, c.StageConfig)
	if err != nil {
		return &usageError{err}
	}
	stack := e2e.StackName(s.ctx, root)
	record := runs.Run{Command: "e2e", Target: c.Target, Stack: stack, Stage: c.StageConfig, Region: region, Expires: time.Now().Add(c.TTL).UTC()}
	return s.recorded(cache, record, func(rec *runs.Record) (err error) {
		dir := rec.Run.Dir
		var t target.Target
		if c.Target == "aws" {
			t, err = target.OpenAccount(s.ctx, region)
		} else {
			t, err = target.StartLocal(s.ctx, target.LocalOptions{Log: s.log, Dir: dir, Faults: injector, Start: time.Now().Truncate(time.Hour).Add(-12 * time.Hour)})
		}
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, t.Close()) }()
		report, err := e2e.Run(s.ctx, s.console, e2e.Options{
			Root: root, Cache: cache, Dir: dir, Target: t, Stage: c.StageConfig, Stack: stack, TTL: c.TTL, Keep: c.Keep,
			ReportDir: c.Report, Owner: owner(), Events: c.Events, Only: only, Thorough: c.Thorough, Faults: injector, Storm: storm, Log: s.log, Engine: engine,
		})
		if report.Kept || len(report.Left) > 0 {
			rec.Retain() // sweep finds it by the record
		}
		if c.JSON {
			b, e := json.MarshalIndent(report, "", "  ")
			if e != nil {
				return errors.Join(err, e)
			}
			s.console.Printf("%s\n", b)
		}
		var left *e2e.LeftError
		if errors.As(err, &left) {
			return &leftError{err}
		}
		return err
	})
}

// owner is who runs this, for the tags: in CI the actor, else the user.
func owner() string {
	for _, name := range []string{"GITHUB_ACTOR", "GITLAB_USER_LOGIN"} {
		if v := os.Getenv(name); v != "" {
			return v
		}
	}
	if u, err := user.Current(); err == nil {
		return u.Username
	}
	return "unknown"
}
