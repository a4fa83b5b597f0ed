package cli_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"crawlerless/automation/cli"
)

// Wrong usage is told before anything is opened, with the exit code 2.
func TestWrongUsageOfTheRepairCommands(t *testing.T) {
	for line, want := range map[string]string{
		"backfill": "source", "backfill --source app --from yesterday": "--from", "backfill --source app --from 2026-01-02 --to 2026-01-01": "before --to",
		"backfill --source app --parallel 0": "--parallel", "redrive --cause [": "--cause", "redrive --rate -1": "--rate",
		"redrive --parallel 0": "--parallel", "reconcile --sauce app": "unknown flag", "e2e --faults 1 --target aws": "--faults", "e2e --faults x": "faults",
	} {
		t.Run(line, func(t *testing.T) {
			stderr, err := os.Create(filepath.Join(t.TempDir(), "stderr"))
			if err != nil {
				t.Fatal(err)
			}
			defer stderr.Close()
			stdout, err := os.Create(filepath.Join(t.TempDir(), "stdout"))
			if err != nil {
				t.Fatal(err)
			}
			defer stdout.Close()
			code := cli.Main(strings.Fields(line), os.Stdin, stdout, stderr, func(string) string { return "" })
			said, err := os.ReadFile(stderr.Name())
			if err != nil {
				t.Fatal(err)
			}
			if code != cli.ExitUsage || !strings.Contains(string(said), want) {
				t.Errorf("exit code %d: %s", code, said)
			}
			if out, err := os.ReadFile(stdout.Name()); err != nil || len(out) > 0 {
				t.Errorf("on standard output: %s %v", out, err)
			}
		})
	}
}
