// Package localtarget keeps the local target up for people: AWS on one
// loopback port, with the pipeline deployed or empty, until it is told to stop.
package localtarget

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"runtime"
	"time"

	"crawlerless/automation/console"
	"crawlerless/automation/guardrails"
	"crawlerless/automation/target"
	"crawlerless/automation/toolbox"
	"crawlerless/automation/workspace"
)

// Options of the local target.
type Options struct {
	Root, Cache string
	Dir         string // for temporary files; empty is the system's
	Port        int
	Empty       bool // deploy nothing
	Log         *slog.Logger
	Engine      io.Writer
}

// Stage is whose configuration is deployed, and the stack's name.
const Stage = "dev"

// Run serves until ctx ends; that is its normal end and no error. Everything is
// then destroyed.
func Run(ctx context.Context, c *console.Console, o Options) (err error) {
	step := c.Step("localaws")
	local, err := target.StartLocal(ctx, target.LocalOptions{Port: o.Port, Log: o.Log, Dir: o.Dir})
	if err != nil {
		step.Failed(err)
		return err
	}
	step.Done("%s", local.Server.Endpoint())
	defer func() { err = errors.Join(err, local.Close()) }()
	if !o.Empty {
		down, err := deploy(ctx, c, local, o)
		if err != nil {
			return err
		}
		defer down(&err)
	}
	// Only now: a command of another process must not meet a stack half made.
	withdraw, err := local.Announce(o.Cache)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, withdraw()) }()
	c.Printf("\n%s\n\n%s\nCtrl-C stops it.\n", c.Bold("AWS is at "+local.Server.Endpoint()+", on this machine only. To use it, paste:"), local.Paste())
	if o.Empty {
		c.Printf(byHand, Stage, target.Architecture())
	} else {
		c.Printf(examples, Stage, Stage, Stage, Stage, Stage)
	}
	<-ctx.Done()
	return nil
}

// byHand is how to deploy with Pulumi itself. The stack gets a file of its own,
// because making a stack writes into its file and removing it deletes that.
const byHand = `
  cp Pulumi.%s.yaml Pulumi.local.yaml
  pulumi stack init local && pulumi config set crawlerless:architecture %s
  pulumi up
  pulumi destroy --remove                               # and Pulumi.local.yaml is gone again

This needs Pulumi of release 3.259.0 or later with its Go language host, as installed from pulumi.com.
`

// examples are first things to try with the aws CLI.
const examples = `
  aws logs describe-log-groups
  aws firehose list-delivery-streams
  aws lambda invoke --function-name crawlerless-%s-generate --payload fileb:///dev/stdin /dev/stderr <<<'{"events":100,"from":"2026-01-01T00:00:00Z","to":"2026-01-01T01:00:00Z"}'
  aws glue get-partitions --database-name crawlerless_%s --table-name generator
  aws stepfunctions list-state-machines
  aws athena start-query-execution --work-group crawlerless-%s-queries --query-string 'SELECT level, count(*) FROM crawlerless_%s.generator GROUP BY 1'

Objects come after a minute, the buffering interval of the stage %s.
`

// deploy brings the pipeline up and answers how to take it down.
func deploy(ctx context.Context, c *console.Console, local *target.Local, o Options) (down func(*error), err error) {
	step := c.Step("tools")
	tools, err := toolbox.Prepare(ctx, o.Root, o.Cache, target.Architecture(), runtime.GOOS, step)
	if err != nil {
		step.Failed(err)
		return nil, err
	}
	step.Done("pulumi %s, 3 Lambdas, policy pack", tools.Source)
	policyConfig, err := guardrails.Config(o.Root, Stage)
	if err != nil {
		return nil, err
	}
	step = c.Step("preview")
	space, err := workspace.Open(ctx, workspace.Options{
		Root: o.Root, Dir: o.Dir, Stage: Stage, Overrides: local.Overrides(), Backend: local.Backend(), Env: local.Env(),
		Command: tools.Command, Code: tools.Code, PolicyPack: tools.PolicyPack, PolicyConfig: policyConfig, Engine: o.Engine, New: true,
	})
	if err != nil {
		step.Failed(err)
		return nil, err
	}
	down = func(err *error) { *err = errors.Join(*err, takeDown(ctx, c, space)) }
	seen, err := space.Preview(ctx, nil)
	if err != nil {
		step.Failed(err)
		down(&err)
		return nil, err
	}
	step.Done("%d resources to create", seen.Changes["create"])
	step = c.Step("up")
	if _, seen, err = space.Up(ctx, func(op workspace.Operation) { step.Update("%s", op.Name) }); err != nil {
		step.Failed(err)
		down(&err)
		return nil, err
	}
	step.Done("%d resources created", seen.Changes["create"])
	return down, nil
}

func takeDown(ctx context.Context, c *console.Console, space *workspace.Workspace) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Minute)
	defer cancel()
	step := c.Step("destroy")
	seen, err := space.Destroy(ctx, func(op workspace.Operation) { step.Update("%s", op.Name) })
	if err == nil {
		err = space.Remove(ctx)
	}
	if err != nil {
		step.Failed(err)
		return errors.Join(fmt.Errorf("destroy: %w", err), space.Close())
	}
	step.Done("%d resources deleted", seen.Changes["delete"])
	return space.Close()
}
