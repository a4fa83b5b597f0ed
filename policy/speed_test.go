//go:build unix

package main

import (
	"context"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/auto/optpreview"
)

// spent is what a preview took: on the clock, and of the processors, by this
// process and by the CLI with all that it started.
type spent struct{ wall, cpu time.Duration }

func (s spent) plus(t spent) spent { return spent{s.wall + t.wall, s.cpu + t.cpu} }

// BenchmarkPreviewWithAndWithoutThePack previews the project's own program with
// and without the pack in turn, so that both meet the same machine, and reports
// what the pack adds to one preview. It is no test: a clock says something of
// the pack only on a machine that does nothing else.
func BenchmarkPreviewWithAndWithoutThePack(b *testing.B) {
	config := stageConfig(b, "prod")
	e, stack := openStack(b, project(b, config), nil)
	ctx := context.Background()
	if err := stack.SetAllConfig(ctx, config); err != nil {
		b.Fatal(err)
	}
	packConfig, err := filepath.Abs(filepath.Join("config", "prod.json"))
	if err != nil {
		b.Fatal(err)
	}
	once := func(options ...optpreview.Option) spent {
		b.Helper()
		start, used := time.Now(), processorTime(b)
		if _, err := stack.Preview(ctx, options...); err != nil {
			b.Fatal(err)
		}
		return spent{time.Since(start), processorTime(b) - used}
	}
	guarded := []optpreview.Option{optpreview.PolicyPacks(e.pack), optpreview.PolicyPackConfigs(packConfig)}
	once()
	once(guarded...) // both warm
	var plain, judged spent
	n := 0
	for b.Loop() {
		plain, judged = plain.plus(once()), judged.plus(once(guarded...))
		n++
	}
	report := func(d time.Duration, unit string) {
		b.ReportMetric(float64(d)/float64(n)/float64(time.Millisecond), unit)
	}
	report(plain.wall, "bare-ms")
	report(judged.wall-plain.wall, "added-ms")
	report(plain.cpu, "bare-cpu-ms")
	report(judged.cpu-plain.cpu, "added-cpu-ms")
}

// processorTime is what this process and its children that have ended have used.
func processorTime(t testing.TB) time.Duration {
	t.Helper()
	var total time.Duration
	for _, who := range []int{syscall.RUSAGE_SELF, syscall.RUSAGE_CHILDREN} {
		var used syscall.Rusage
		if err := syscall.Getrusage(who, &used); err != nil {
			t.Fatal(err)
		}
		total += time.Duration(used.Utime.Nano() + used.Stime.Nano())
	}
	return total
}
