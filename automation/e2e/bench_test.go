package e2e_test

import (
	"bytes"
	"path/filepath"
	"testing"
	"time"

	"crawlerless/automation/console"
	"crawlerless/automation/e2e"
	"crawlerless/automation/target"
	"crawlerless/stack/build"
)

// How long a whole run takes when everything is compiled, and how much of it
// is Pulumi's:
//
//	go test ./automation/e2e -run '^$' -bench Run -benchtime 3x
//
// s/preview is the step alone; s/pulumi is the time in commands of the CLI, of
// which some run beside the tests.
func BenchmarkRun(b *testing.B) {
	root, err := filepath.Abs("../..")
	if err != nil {
		b.Fatal(err)
	}
	cache, err := build.DefaultCache()
	if err != nil {
		b.Fatal(err)
	}
	total := map[string]float64{}
	for b.Loop() {
		dir := b.TempDir()
		local, err := target.StartLocal(b.Context(), target.LocalOptions{Dir: dir, Start: time.Now().Truncate(time.Hour).Add(-12 * time.Hour)})
		if err != nil {
			b.Fatal(err)
		}
		var out, progress bytes.Buffer
		r, err := e2e.Run(b.Context(), console.Plain(&out, &progress, time.Now), e2e.Options{
			Root: root, Cache: cache, Dir: dir, Target: local, Stage: "dev", Stack: "e2e-bench", TTL: time.Hour, Owner: "bench", Events: 300,
		})
		if err != nil {
			b.Fatalf("%v\n%s", err, progress.String())
		}
		if err := local.Close(); err != nil {
			b.Fatal(err)
		}
		total["s/pulumi"] += r.Pulumi
		for _, step := range r.Steps {
			total["s/"+step.Name] += step.Seconds
		}
	}
	for name, seconds := range total {
		b.ReportMetric(seconds/float64(b.N), name)
	}
}
