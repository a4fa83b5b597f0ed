// Package guardrails compiles the policy pack and finds its settings for a
// stage. A compiled pack needs no language host, so the driver and CI use it
// that way.
package guardrails

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/lockedfile"

	rules "crawlerless/policy/guardrails"
	"crawlerless/stack/build"
)

// Build compiles the pack of the checkout into the cache, and answers the path
// of the executable. Without -trimpath the compiler finds Pulumi's SDK as the
// driver has just compiled it.
func Build(ctx context.Context, root, cache string) (string, error) {
	root, err := filepath.Abs(root)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256([]byte(root))
	dir := filepath.Join(cache, "policy", hex.EncodeToString(sum[:4]))
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", fmt.Errorf("folder for the compiled policy pack: %w", err)
	}
	unlock, err := lockedfile.MutexAt(filepath.Join(dir, "lock")).Lock()
	if err != nil {
		return "", fmt.Errorf("lock %s: %w", dir, err)
	}
	defer unlock()
	const file = "guardrails"
	path := filepath.Join(dir, file)
	args := []string{"build", "-buildvcs=false", "-o", path, "./policy"}
	err = build.Once(ctx, root, dir, []string{file}, args, func() error {
		cmd := exec.CommandContext(ctx, "go", args...)
		cmd.Dir = root
		cmd.Env = append(os.Environ(), "GOFLAGS=")
		// Asked to stop, the go command waits for its compilers; killed, it would
		// leave them and its temporary folder behind.
		cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
		cmd.WaitDelay = time.Minute
		out, err := cmd.CombinedOutput()
		if err != nil {
			return fmt.Errorf("%w\n%s", err, strings.TrimSpace(string(out)))
		}
		return nil
	})
	if err != nil {
		return "", fmt.Errorf("compile the policy pack: %w", err)
	}
	return path, nil
}

// Config is the pack's settings for a stage, or empty where there are none. The
// engine takes the name of a rule that does not exist for one that has nothing to
// say; here it is an error.
func Config(root, stage string) (string, error) {
	path, err := filepath.Abs(filepath.Join(root, "policy", "config", stage+".json"))
	if err != nil {
		return "", err
	}
	file, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	if err := rules.CheckConfig(file); err != nil {
		return "", fmt.Errorf("%s:\n%w", path, err)
	}
	return path, nil
}
