// Package pulumicli finds the Pulumi CLI: the user's own where it is new
// enough, else the one that the tools module pins, built once into the user's
// cache directory. It also runs it, with more patience than the automation API
// has: a CLI that is killed while it works leaves a lock and half-made
// resources behind.
package pulumicli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/blang/semver"
	"github.com/pulumi/pulumi/sdk/v3/go/auto"
	"github.com/rogpeppe/go-internal/lockedfile"
)

// Minimum is the oldest CLI that is used from PATH: the release of the SDK that
// the driver is built with, whose policy events and refresh programs it needs.
var Minimum = semver.MustParse("3.259.0")

// Patience is how long a CLI that was asked to stop may take to finish what it
// is doing before it is killed.
const Patience = 2 * time.Minute

// Options says where to look and where to build. Root is the project's folder
// (with tools/ in it), Cache crawlerless's cache directory. Say, where it is
// not nil, is told before something takes long.
type Options struct {
	Root, Cache string
	Say         func(format string, args ...any)
}

// Find answers the CLI to use and, in a few words, where it comes from.
func Find(ctx context.Context, o Options) (*Command, string, error) {
	if path, err := exec.LookPath("pulumi"); err == nil {
		if path, err = filepath.Abs(path); err != nil {
			return nil, "", err
		}
		c, err := open(ctx, path)
		if err == nil && c.version.GTE(Minimum) {
			return c, fmt.Sprintf("v%s from PATH", c.version), nil
		}
	}
	return pinned(ctx, o)
}

// Locate says which CLI there is already, without building one.
func Locate(ctx context.Context, root, cache string) (string, bool) {
	if path, err := exec.LookPath("pulumi"); err == nil {
		if c, err := open(ctx, path); err == nil {
			if c.version.GTE(Minimum) {
				return fmt.Sprintf("v%s, %s", c.version, path), true
			}
			return fmt.Sprintf("v%s on PATH is too old", c.version), false
		}
	}
	version, err := pinnedVersion(filepath.Join(root, "tools"))
	if err != nil {
		return err.Error(), false
	}
	path := binary(cache, version)
	if _, err := open(ctx, path); err != nil {
		return version + " is not built yet", false
	}
	return version + ", " + path, true
}

// binary is where the pinned CLI is kept.
func binary(cache, version string) string {
	return filepath.Join(cache, "pulumi", version+"-"+runtime.GOOS+"-"+runtime.GOARCH, "pulumi"+exeSuffix())
}

// pinned builds the CLI of the tools module, unless it is in the cache.
func pinned(ctx context.Context, o Options) (*Command, string, error) {
	tools := filepath.Join(o.Root, "tools")
	version, err := pinnedVersion(tools)
	if err != nil {
		return nil, "", err
	}
	path := binary(o.Cache, version)
	dir := filepath.Dir(path)
	if c, err := cached(path, version); err == nil {
		return c, version + " from the cache", nil
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, "", fmt.Errorf("folder for the Pulumi CLI: %w", err)
	}
	if o.Say != nil {
		o.Say("no pulumi %s or newer on PATH: building %s once into %s (some minutes; needs the Go module proxy)", Minimum, version, dir)
	}
	unlock, err := lockedfile.MutexAt(filepath.Join(dir, "lock")).Lock()
	if err != nil {
		return nil, "", fmt.Errorf("lock %s: %w", dir, err)
	}
	defer unlock()
	if c, err := cached(path, version); err == nil { // somebody built it while we waited
		return c, version + " from the cache", nil
	}
	start := time.Now()
	if err := build(ctx, tools, version, path+".new"); err != nil {
		return nil, "", err
	}
	// It gets its name only when it runs.
	c, err := open(ctx, path+".new")
	if err != nil {
		return nil, "", fmt.Errorf("the Pulumi CLI just built does not run: %w", err)
	}
	if err := os.Rename(c.path, path); err != nil {
		return nil, "", err
	}
	c.path = path
	return c, fmt.Sprintf("%s built in %s", version, time.Since(start).Round(time.Second)), nil
}

// cached is the CLI that an earlier run built, tried, and gave its name: it is
// not asked for its version again.
func cached(path, version string) (*Command, error) {
	if _, err := os.Stat(path); err != nil {
		return nil, err
	}
	v, err := semver.ParseTolerant(version)
	if err != nil {
		return nil, fmt.Errorf("version %q in the tools module: %w", version, err)
	}
	return &Command{path: path, version: v, patience: Patience}, nil
}

// pinnedVersion reads the version from the tools module without resolving it.
func pinnedVersion(tools string) (string, error) {
	mod, err := os.ReadFile(filepath.Join(tools, "go.mod"))
	if err != nil {
		return "", fmt.Errorf("find the pinned Pulumi version: %w", err)
	}
	for line := range strings.Lines(string(mod)) {
		fields := strings.Fields(strings.TrimPrefix(strings.TrimSpace(line), "require "))
		if len(fields) >= 2 && fields[0] == "github.com/pulumi/pulumi/pkg/v3" {
			return fields[1], nil
		}
	}
	return "", fmt.Errorf("%s requires no github.com/pulumi/pulumi/pkg/v3: which CLI to build?", filepath.Join(tools, "go.mod"))
}

// build compiles the CLI. The version stamp is needed: without it the automation
// API refuses refresh and destroy. Without -trimpath it shares with the driver
// what both compile of Pulumi's SDK.
func build(ctx context.Context, tools, version, path string) error {
	cmd := exec.CommandContext(ctx, "go", "build",
		"-ldflags", "-s -w -X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version="+version,
		"-o", path, "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi")
	cmd.Dir = tools
	cmd.Env = append(os.Environ(), "GOFLAGS=", "GOOS=", "GOARCH=")
	// Asked to stop, the go command waits for its compilers; killed, it would
	// leave them and its temporary folder behind.
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = time.Minute
	out, err := cmd.CombinedOutput()
	switch {
	case errors.Is(err, exec.ErrNotFound):
		return errors.New("build the Pulumi CLI: there is no go command on PATH; install Go 1.26 or newer, or Pulumi itself")
	case err != nil:
		_ = os.Remove(path) // what is left of a failed build is of no use
		return fmt.Errorf("build the Pulumi CLI: %w\n%s", err, tail(string(out), 20))
	}
	return nil
}

func tail(s string, lines int) string {
	all := strings.Split(strings.TrimSpace(s), "\n")
	return strings.Join(all[max(0, len(all)-lines):], "\n")
}

func exeSuffix() string {
	if runtime.GOOS == "windows" {
		return ".exe"
	}
	return ""
}

// Command runs one Pulumi CLI; it is an [auto.PulumiCommand].
type Command struct {
	path     string
	version  semver.Version
	patience time.Duration
	spent    atomic.Int64 // nanoseconds in Run
}

// Spent is how long the CLI's commands ran, all together: Pulumi's own share of
// a run, the provider's calls included.
func (c *Command) Spent() time.Duration { return time.Duration(c.spent.Load()) }

var _ auto.PulumiCommand = (*Command)(nil)

func open(ctx context.Context, path string) (*Command, error) {
	if _, err := os.Stat(path); err != nil {
		return nil, err
	}
	// Every command of the CLI leaves something in its home: this one's goes.
	home, err := os.MkdirTemp("", "crawlerless-pulumi-")
	if err != nil {
		return nil, fmt.Errorf("temporary folder for %s version: %w", path, err)
	}
	cmd := exec.CommandContext(ctx, path, "version")
	cmd.Env = append(os.Environ(), "PULUMI_SKIP_UPDATE_CHECK=true", "PULUMI_HOME="+home)
	out, err := cmd.Output()
	if err = errors.Join(err, os.RemoveAll(home)); err != nil {
		return nil, fmt.Errorf("%s version: %w", path, err)
	}
	v, err := semver.ParseTolerant(strings.TrimSpace(string(out)))
	if err != nil {
		return nil, fmt.Errorf("%s version says %q: %w", path, strings.TrimSpace(string(out)), err)
	}
	return &Command{path: path, version: v, patience: Patience}, nil
}

// Path is the CLI's file.
func (c *Command) Path() string { return c.path }

// Version is the CLI's release.
func (c *Command) Version() semver.Version { return c.version }

// Run runs the CLI in a process group of its own, so that a Ctrl-C at the
// terminal reaches it once, through us: when ctx ends it is interrupted, and
// killed only after [Patience]. Should this process be killed, the CLI is
// interrupted by the system (on Linux), finishes what it is doing, and releases
// its lock.
func (c *Command) Run(ctx context.Context, workdir string, stdin io.Reader, stdouts, stderrs []io.Writer, env []string, args ...string) (string, string, int, error) {
	if !slices.Contains(args, "--non-interactive") {
		args = append([]string{"--non-interactive"}, args...)
	}
	cmd := exec.CommandContext(ctx, c.path, args...)
	cmd.Dir = workdir
	cmd.Env = append(append(os.Environ(), env...), "PULUMI_AUTOMATION_API=true")
	var stdout, stderr bytes.Buffer
	cmd.Stdout = io.MultiWriter(append(slices.Clone(stdouts), &stdout)...)
	cmd.Stderr = io.MultiWriter(append(slices.Clone(stderrs), &stderr)...)
	cmd.Stdin = stdin
	cmd.SysProcAttr = attributes()
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = c.patience
	// The system tells the CLI of the end of the thread that started it, which
	// therefore must not end before the CLI does.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	begin := time.Now()
	err := cmd.Run()
	c.spent.Add(int64(time.Since(begin)))
	code := -2 // as the automation API counts an unknown end
	var exit *exec.ExitError
	switch {
	case err == nil:
		code = 0
	case errors.As(err, &exit):
		code = exit.ExitCode()
		if code < 0 && ctx.Err() == nil {
			err = fmt.Errorf("%s%s%s", killedBefore, exit.ProcessState, killedAfter)
		}
	}
	return stdout.String(), stderr.String(), code, err
}

// The words around the signal in the error of a CLI that was killed.
const (
	killedBefore = "the Pulumi CLI did not end by itself ("
	killedAfter  = "): somebody else killed it"
)

// Killed tells the error of a CLI that somebody else killed, and the signal.
// It goes by the text: errors of the automation API do not unwrap.
func Killed(err error) (signal string, ok bool) {
	if err == nil {
		return "", false
	}
	_, rest, ok := strings.Cut(err.Error(), killedBefore)
	if !ok {
		return "", false
	}
	signal, _, ok = strings.Cut(rest, killedAfter)
	return signal, ok
}
