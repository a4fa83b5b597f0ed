package workspace

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/auto"
)

// Mend puts right what a CLI that was killed while it wrote has left half-written
// in a backend of files: there the state lies in one file and what is known of
// that file in another (".attrs"), which is written in place. An empty one makes
// the whole state unreadable ("failed to load checkpoint: EOF"), and goes: without
// it the state is read as it is. A state that is no JSON itself is replaced by the
// copy that the CLI made before it wrote. Buckets write whole objects.
func (w *Workspace) Mend(ctx context.Context) error {
	return mend(ctx, w.Stack.Workspace(), w.o.Stack)
}

// unreadable tells the error of a state that needs to be mended.
func unreadable(err error) bool {
	return err != nil && strings.Contains(err.Error(), "failed to load checkpoint")
}

func mend(ctx context.Context, space auto.Workspace, stack string) error {
	address, u, err := backendOf(ctx, space)
	if err != nil {
		return err
	}
	if u.Scheme != "file" {
		return nil
	}
	return mendFiles(address, stack)
}

func mendFiles(address, stack string) error {
	var broken []string
	err := walkTraces(address, stack, func(at string, folder bool) error {
		if folder || !strings.HasSuffix(at, ".attrs") && filepath.Base(at) != stack+".json" {
			return nil
		}
		whole, err := isJSON(at)
		if err == nil && !whole {
			broken = append(broken, at)
		}
		return err
	})
	for _, at := range broken {
		if strings.HasSuffix(at, ".attrs") {
			err = errors.Join(err, os.Remove(at))
			continue
		}
		err = errors.Join(err, restore(at))
	}
	return err
}

// restore puts the copy of a state in its place.
func restore(state string) error {
	whole, err := isJSON(state + ".bak")
	if err != nil {
		return fmt.Errorf("the state %s is damaged and has no copy: %w", state, err)
	}
	if !whole {
		return fmt.Errorf("the state %s is damaged, and so is its copy", state)
	}
	b, err := os.ReadFile(state + ".bak")
	if err != nil {
		return err
	}
	if err := os.WriteFile(state+".mended", b, 0o600); err != nil {
		return err
	}
	return os.Rename(state+".mended", state)
}

func isJSON(path string) (bool, error) {
	b, err := os.ReadFile(path)
	return json.Valid(b), err
}
