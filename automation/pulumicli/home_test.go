package pulumicli_test

import (
	"os"
	"path/filepath"
	"testing"

	"crawlerless/automation/pulumicli"
	"crawlerless/stack/build"
)

// TestTheHomeKeepsNoLogs runs a command of the CLI: it works, and leaves no log.
func TestTheHomeKeepsNoLogs(t *testing.T) {
	cache, err := build.DefaultCache()
	if err != nil {
		t.Fatal(err)
	}
	cli, _, err := pulumicli.Find(t.Context(), pulumicli.Options{Root: "../..", Cache: cache})
	if err != nil {
		t.Fatal(err)
	}
	home, err := pulumicli.Home(filepath.Join(t.TempDir(), "home"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := pulumicli.Home(home); err != nil {
		t.Errorf("a second time: %v", err)
	}
	out, errs, code, err := cli.Run(t.Context(), t.TempDir(), nil, nil, nil,
		[]string{"PULUMI_HOME=" + home, "PULUMI_SKIP_UPDATE_CHECK=true"}, "plugin", "ls")
	if err != nil || code != 0 {
		t.Fatalf("%v, code %d\n%s%s", err, code, out, errs)
	}
	if found, err := os.Lstat(filepath.Join(home, "logs")); err != nil || !found.Mode().IsRegular() || found.Size() != 0 {
		t.Errorf("logs: %v, %v", found, err)
	}
}
