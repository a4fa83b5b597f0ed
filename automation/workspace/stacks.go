package workspace

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/auto"
)

// Backend is the user's state backend, without a stack.
type Backend struct {
	space auto.Workspace
	dir   string
}

// OpenBackend opens the backend that the user is signed in to.
func OpenBackend(ctx context.Context, command auto.PulumiCommand) (_ *Backend, err error) {
	dir, err := os.MkdirTemp("", "crawlerless-workspace-")
	if err != nil {
		return nil, err
	}
	b := &Backend{dir: dir}
	defer func() {
		if err != nil {
			err = errors.Join(err, b.Close())
		}
	}()
	if err := writeYAML(filepath.Join(dir, "Pulumi.yaml"), map[string]any{"name": project, "runtime": "go"}); err != nil {
		return nil, err
	}
	b.space, err = auto.NewLocalWorkspace(ctx, auto.WorkDir(dir), auto.Pulumi(command), auto.EnvVars(map[string]string{"PULUMI_SKIP_UPDATE_CHECK": "true"}))
	if err != nil {
		return nil, &EngineError{Command: "login", Err: err}
	}
	return b, nil
}

// Summary is a stack as the backend lists it.
type Summary struct {
	Name    string
	Updated time.Time // zero where the backend does not say
}

// Stacks lists the project's stacks.
func (b *Backend) Stacks(ctx context.Context) (stacks []Summary, err error) {
	list, err := b.space.ListStacks(ctx)
	if err != nil {
		return nil, &EngineError{Command: "stack ls", Err: err}
	}
	for _, s := range list {
		one := Summary{Name: s.Name[strings.LastIndex(s.Name, "/")+1:]}
		if at, err := time.Parse(time.RFC3339, s.LastUpdate); err == nil {
			one.Updated = at
		}
		stacks = append(stacks, one)
	}
	return stacks, nil
}

// Tags are the tags of a stack itself.
func (b *Backend) Tags(ctx context.Context, stack string) (map[string]string, error) {
	tags, err := b.space.ListTags(ctx, stack)
	if err != nil {
		return nil, &EngineError{Command: "stack tag ls", Err: err}
	}
	return tags, nil
}

// Erase removes what the backend keeps of an ephemeral stack that is gone.
func (b *Backend) Erase(ctx context.Context, stack string) error {
	return eraseTraces(ctx, b.space, stack)
}

// Close removes the temporary folder.
func (b *Backend) Close() error { return os.RemoveAll(b.dir) }
