package e2e_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"crawlerless/automation/console"
	"crawlerless/automation/e2e"
	"crawlerless/automation/target"
	"crawlerless/localaws/faults"
	"crawlerless/stack/build"
)

// Every promise is kept on the local target, through the real engine, and
// nothing is left: no file, and no resource.
func TestEveryPromiseIsKeptLocally(t *testing.T) {
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	cache, err := build.DefaultCache()
	if err != nil {
		t.Fatal(err)
	}
	dir, reports := t.TempDir(), t.TempDir()
	local, err := target.StartLocal(t.Context(), target.LocalOptions{Dir: dir, Start: time.Now().Truncate(time.Hour).Add(-12 * time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	var out, progress bytes.Buffer
	report, err := e2e.Run(t.Context(), console.Plain(&out, &progress, time.Now), e2e.Options{
		Root: root, Cache: cache, Dir: dir, Target: local, Stage: "dev", Stack: "e2e-test", TTL: time.Hour, ReportDir: reports, Owner: "test", Events: 90, Burst: 200, Thorough: true,
	})
	if err != nil {
		for _, p := range report.Tests {
			if !p.Passed {
				t.Errorf("%s: %s\n%s", p.Name, p.Error, p.Evidence)
			}
		}
		t.Errorf("%v\n%s", err, progress.String())
	}
	if len(report.Tests) != 15 || len(report.Left) != 0 {
		t.Errorf("%d promises, left %v", len(report.Tests), report.Left)
	}
	if err := local.Close(); err != nil {
		t.Error(err)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
	for name, want := range map[string]string{"junit.xml": `tests="15" failures="0" errors="0"`, "report.json": `"passed": true`, "report.html": "events-in-equal-rows-out"} {
		b, err := os.ReadFile(filepath.Join(reports, name))
		if err != nil || !strings.Contains(string(b), want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A small storm; the full one is `automation e2e --faults SEED`.
func TestNothingIsLostInASmallStorm(t *testing.T) {
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	cache, err := build.DefaultCache()
	if err != nil {
		t.Fatal(err)
	}
	injector, err := faults.New(faults.Plan{})
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	local, err := target.StartLocal(t.Context(), target.LocalOptions{Dir: dir, Faults: injector, Start: time.Now().Truncate(time.Hour).Add(-12 * time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	var out, progress bytes.Buffer
	report, err := e2e.Run(t.Context(), console.Plain(&out, &progress, time.Now), e2e.Options{
		Root: root, Cache: cache, Dir: dir, Target: local, Stage: "dev", Stack: "e2e-storm", TTL: time.Hour, Owner: "test", Events: 3,
		Faults: injector, Storm: &e2e.Storm{Seed: 7, Objects: 150, Hours: 6, Schemas: 3, Writers: 16},
	})
	if err != nil {
		t.Error(err)
	}
	t.Log(progress.String()) // what befell, for who compares runs
	if len(report.Tests) != 1 || len(report.Faults) < 10 {
		t.Errorf("%d promises, faults %v", len(report.Tests), report.Faults)
	}
	if err := local.Close(); err != nil {
		t.Error(err)
	}
}
