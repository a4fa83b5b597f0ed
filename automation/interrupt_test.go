//go:build cgo && linux

package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"crawlerless/automation/runs"
	"crawlerless/stack/build"
)

// Signals are sent when a line of the driver's output says how far it is; the
// engine's own lines (--engine) tell of moments within a step. Each moment costs
// a demo: half of them wait for
//
//	CRAWLERLESS_EVERY_MOMENT=1 go test ./automation -run Signal
func TestASignalAtAnyMomentLeavesNothingAndFails(t *testing.T) {
	root, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	driver := filepath.Join(t.TempDir(), "automation")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-buildvcs=false", "-o", driver, ".").CombinedOutput(); err != nil {
		t.Fatalf("build the driver: %v\n%s", err, out)
	}
	cache, err := build.DefaultCache()
	if err != nil {
		t.Fatal(err)
	}
	before := tree(t, root)
	t.Run("demo", func(t *testing.T) {
		every := os.Getenv("CRAWLERLESS_EVERY_MOMENT") != ""
		for name, c := range map[string]struct {
			moments []string // regular expressions; a signal at the first line of each
			signal  syscall.Signal
			always  bool
		}{
			"before the preview":             {[]string{`^  localaws `}, syscall.SIGINT, false},
			"while resources are made":       {[]string{`aws:iam:RolePolicy .*created`}, syscall.SIGINT, true},
			"while resources are made, TERM": {[]string{`aws:s3:BucketV2 .*created`}, syscall.SIGTERM, false},
			"when the terminal goes":         {[]string{`^  up  .*created`}, syscall.SIGHUP, false},
			"while the events travel, twice": {[]string{`^  feed `, `aws:.* deleted`}, syscall.SIGINT, true},
			"while all goes by itself":       {[]string{`^  await .*queryable(?s:.*)aws:.* deleted`}, syscall.SIGTERM, true},
		} {
			if !every && !c.always {
				continue
			}
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				interrupted(t, driver, root, cache, c.signal, c.moments)
			})
		}
	})
	if after := tree(t, root); after != before {
		t.Errorf("files of the checkout changed:\n%s", difference(before, after))
	}
}

// interrupted runs a demo, sends it a signal at each moment, and looks at what
// is left.
func interrupted(t *testing.T, driver, root, cache string, sig syscall.Signal, moments []string) {
	temp := t.TempDir()
	cmd := exec.CommandContext(t.Context(), driver, "--engine", "demo", "--events", "200")
	cmd.Dir = root
	cmd.Env = append(os.Environ(), "TMPDIR="+temp)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // the signals are for the driver only
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var said bytes.Buffer
	from, sent := 0, 0
	lines := bufio.NewScanner(stderr)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		said.WriteString(lines.Text() + "\n")
		if sent < len(moments) && regexp.MustCompile("(?m)"+moments[sent]).Match(said.Bytes()[from:]) {
			if err := cmd.Process.Signal(sig); err != nil {
				t.Errorf("signal at %s: %v", moments[sent], err)
			}
			sent, from = sent+1, said.Len()
		}
	}
	err = cmd.Wait()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != 1 {
		t.Errorf("ended with %v, want exit code 1", err)
	}
	if sent < len(moments) {
		t.Errorf("the moment %s never came", moments[sent])
	}
	if !strings.Contains(said.String(), "automation: interrupted") || strings.Contains(said.String(), "destroy      failed") {
		t.Errorf("it does not say that it was interrupted, or failed to clean up")
	}
	if left, err := os.ReadDir(temp); err != nil || len(left) > 0 {
		t.Errorf("temporary files are left: %v, %v", left, err)
	}
	if left := processes(t, temp); len(left) > 0 {
		t.Errorf("processes are left: %v", left)
	}
	list, err := runs.List(cache)
	if err != nil {
		t.Error(err)
	}
	for _, r := range list {
		if strings.HasPrefix(r.Dir, temp) {
			t.Errorf("a record of the run is left: %+v", r)
		}
	}
	if t.Failed() {
		t.Log(said.String())
	}
}

// processes are those that were started with this temporary folder.
func processes(t *testing.T, temp string) []string {
	t.Helper()
	var found []string
	list, err := filepath.Glob("/proc/[0-9]*/environ")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range list {
		env, err := os.ReadFile(path)
		if err != nil { // it has ended, or is somebody else's
			continue
		}
		if bytes.Contains(env, []byte("TMPDIR="+temp)) {
			name, _ := os.ReadFile(filepath.Join(filepath.Dir(path), "cmdline")) // only to name it
			found = append(found, strings.ReplaceAll(string(name), "\x00", " "))
		}
	}
	return found
}

// tree is every file of the checkout with its size and time of change.
func tree(t *testing.T, root string) string {
	t.Helper()
	var b strings.Builder
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.Name() == ".git" && d.IsDir() {
			return fs.SkipDir
		}
		info, err := d.Info()
		if err == nil && !d.IsDir() {
			fmt.Fprintf(&b, "%s %d %s\n", path, info.Size(), info.ModTime())
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// difference is the lines that only one of two texts has.
func difference(before, after string) string {
	had := map[string]bool{}
	for line := range strings.Lines(before) {
		had[line] = true
	}
	var b strings.Builder
	for line := range strings.Lines(after) {
		if !had[line] {
			b.WriteString("+ " + line)
		}
		delete(had, line)
	}
	for line := range had {
		b.WriteString("- " + line)
	}
	return b.String()
}
