// Package toolbox makes ready what a deployment needs compiled: the Pulumi CLI,
// the Lambdas and the policy pack, each cached in the user's cache directory.
package toolbox

import (
	"context"
	"errors"
	"os/exec"

	"crawlerless/automation/guardrails"
	"crawlerless/automation/pulumicli"
	"crawlerless/stack/build"
	"crawlerless/stack/pipeline"
)

// Tools are what a deployment needs compiled.
type Tools struct {
	Command    *pulumicli.Command
	Source     string // where the CLI comes from
	Code       pipeline.Code
	PolicyPack string
}

// Progress is told how far the work is: Update what is being done, Note what
// takes long. A console's step is one.
type Progress interface {
	Update(format string, args ...any)
	Note(format string, args ...any)
}

// CLI finds the Pulumi CLI alone: enough to destroy.
func CLI(ctx context.Context, root, cache string, p Progress) (Tools, error) {
	if _, err := exec.LookPath("go"); err != nil {
		return Tools{}, errors.New("there is no go command on PATH: install Go 1.26 or newer")
	}
	p.Update("looking for the Pulumi CLI")
	command, source, err := pulumicli.Find(ctx, pulumicli.Options{Root: root, Cache: cache, Say: func(format string, args ...any) {
		p.Note(format, args...)
		p.Update("building the Pulumi CLI")
	}})
	return Tools{Command: command, Source: source}, err
}

// Prepare finds the Pulumi CLI and compiles the Lambdas, for an architecture in
// Lambda's words and a GOOS, and the policy pack.
func Prepare(ctx context.Context, root, cache, architecture, goos string, p Progress) (Tools, error) {
	t, err := CLI(ctx, root, cache, p)
	if err != nil {
		return t, err
	}
	p.Update("compiling the Lambdas for %s", architecture)
	if t.Code, err = build.Lambdas(ctx, build.Options{Root: root, Architecture: architecture, OS: goos, Cache: cache}); err != nil {
		return t, err
	}
	p.Update("compiling the policy pack")
	t.PolicyPack, err = guardrails.Build(ctx, root, cache)
	return t, err
}
