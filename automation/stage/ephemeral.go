package stage

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"time"

	"crawlerless/automation/console"
	"crawlerless/automation/leftovers"
	"crawlerless/automation/runs"
	"crawlerless/automation/sweep"
	"crawlerless/automation/target"
	"crawlerless/automation/teardown"
	"crawlerless/automation/toolbox"
	"crawlerless/automation/workspace"
)

// DestroyRun destroys the stack of a run on AWS, with the known remedies, and
// removes it.
func DestroyRun(ctx context.Context, c *console.Console, root, cache string, r runs.Run, log *slog.Logger, engine io.Writer) (err error) {
	account, err := target.OpenAccount(ctx, r.Region)
	if err != nil {
		return err
	}
	step := c.Step("sweep")
	tools, err := toolbox.CLI(ctx, root, cache, step)
	if err != nil {
		step.Failed(err)
		return err
	}
	var result teardown.Result
	for _, name := range r.Stacks() {
		r.Stack = name
		one, e := destroyStack(ctx, step, account, tools, root, r, log, engine)
		result.Deleted += one.Deleted
		result.Strays, result.Left = append(result.Strays, one.Strays...), append(result.Left, one.Left...)
		err = errors.Join(err, e)
	}
	if err != nil {
		step.Failed(err)
		for _, left := range result.Left {
			c.Progress("  left behind: %s", left)
		}
		return err
	}
	step.Done("%s is gone: %d resources deleted, %d more that its state did not know", r.ID, result.Deleted, len(result.Strays))
	return nil
}

func destroyStack(ctx context.Context, step *console.Step, account *target.Account, tools toolbox.Tools, root string, r runs.Run, log *slog.Logger, engine io.Writer) (result teardown.Result, err error) {
	space, err := workspace.Open(ctx, workspace.Options{
		Root: root, Stage: r.Stage, Stack: r.Stack, Overrides: account.Overrides(), Env: account.Env(), Command: tools.Command, Engine: engine, Existing: true,
		Tags: map[string]string{leftovers.Run: r.Stack},
	})
	if errors.Is(err, workspace.ErrNoStack) {
		// Gone, or killed before it was there; its tags tell of what is not.
		result, err = teardown.Strays(ctx, account.AWS(), r.Stack)
		return result, errors.Join(err, erase(ctx, tools, r.Stack))
	}
	if err != nil {
		return result, err
	}
	defer func() { err = errors.Join(err, space.Close()) }()
	return teardown.Destroy(ctx, teardown.Options{
		Space: space, Stack: r.Stack, AWS: account.AWS(), Unlock: true, Progress: step, Log: log,
	})
}

// erase removes what the backend keeps of a stack that is gone.
func erase(ctx context.Context, tools toolbox.Tools, stack string) error {
	backend, err := workspace.OpenBackend(ctx, tools.Command)
	if err != nil {
		return err
	}
	return errors.Join(backend.Erase(ctx, stack), backend.Close())
}

// Ephemeral is a [sweep.Account]: the account and region of a stage.
type Ephemeral struct {
	account *target.Account
	backend *workspace.Backend
}

var _ sweep.Account = (*Ephemeral)(nil)

// OpenEphemeral opens the account and region of a stage, and the user's
// backend. Close it.
func OpenEphemeral(ctx context.Context, c *console.Console, root, cache, stageName string) (*Ephemeral, error) {
	region, err := workspace.Region(root, stageName)
	if err != nil {
		return nil, err
	}
	account, err := target.OpenAccount(ctx, region)
	if err != nil {
		return nil, err
	}
	step := c.Step("tools")
	tools, err := toolbox.CLI(ctx, root, cache, step)
	if err != nil {
		step.Failed(err)
		return nil, err
	}
	backend, err := workspace.OpenBackend(ctx, tools.Command)
	if err != nil {
		step.Failed(err)
		return nil, err
	}
	step.Done("pulumi %s", tools.Source)
	return &Ephemeral{account: account, backend: backend}, nil
}

// Stacks lists the stacks of the project.
func (e *Ephemeral) Stacks(ctx context.Context) ([]sweep.Stack, error) {
	list, err := e.backend.Stacks(ctx)
	if err != nil {
		return nil, err
	}
	stacks := make([]sweep.Stack, len(list))
	for i, s := range list {
		stacks[i] = sweep.Stack{Name: s.Name, Updated: s.Updated}
	}
	return stacks, nil
}

// Expires reads the stack's own tag.
func (e *Ephemeral) Expires(ctx context.Context, stack string) (time.Time, error) {
	tags, err := e.backend.Tags(ctx, stack)
	if err != nil || tags[leftovers.Expires] == "" {
		return time.Time{}, err
	}
	at, err := time.Parse(time.RFC3339, tags[leftovers.Expires])
	if err != nil {
		return time.Time{}, fmt.Errorf("the tag %s of the stack %s: %w", leftovers.Expires, stack, err)
	}
	return at, nil
}

// Ephemeral lists the resources that say when they expire.
func (e *Ephemeral) Ephemeral(ctx context.Context) ([]leftovers.Resource, error) {
	return leftovers.Find(ctx, e.account.AWS(), map[string]string{leftovers.Expires: ""})
}

// Delete deletes a resource by its ARN.
func (e *Ephemeral) Delete(ctx context.Context, arn string) error {
	return leftovers.Delete(ctx, e.account.AWS(), arn)
}

// Close removes temporary files.
func (e *Ephemeral) Close() error { return e.backend.Close() }
