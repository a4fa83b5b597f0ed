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

// most is what the pack may add to a preview, on a machine that does nothing else:
// there the preview itself takes about alone. Where it takes more than twice as
// long, others are at work, and the clock says nothing of the pack; its share of
// the processors' time does.
const (
	most  = 200 * time.Millisecond
	alone = 450 * time.Millisecond
)

// spent is what a preview took: on the clock, and of the processors, by this
// process and by the CLI with all that it started.
type spent struct{ wall, cpu time.Duration }

func TestThePackAddsLessThanAFifthOfASecond(t *testing.T) {
	config := stageConfig(t, "prod")
	e, stack := openStack(t, project(t, config), nil)
	ctx := context.Background()
	if err := stack.SetAllConfig(ctx, config); err != nil {
		t.Fatal(err)
	}
	packConfig, err := filepath.Abs(filepath.Join("config", "prod.json"))
	if err != nil {
		t.Fatal(err)
	}
	once := func(options ...optpreview.Option) spent {
		t.Helper()
		start, used := time.Now(), processorTime(t)
		if _, err := stack.Preview(ctx, options...); err != nil {
			t.Fatal(err)
		}
		return spent{time.Since(start), processorTime(t) - used}
	}
	least := func(a, b spent) spent { return spent{min(a.wall, b.wall), min(a.cpu, b.cpu)} }
	bare, guarded := spent{time.Hour, time.Hour}, spent{time.Hour, time.Hour}
	// In turn, so that both meet the same machine; the least of each counts.
	var added spent
	for turn := range 6 {
		plain, judged := once(), once(optpreview.PolicyPacks(e.pack), optpreview.PolicyPackConfigs(packConfig))
		bare, guarded = least(bare, plain), least(guarded, judged)
		added = spent{guarded.wall - bare.wall, guarded.cpu - bare.cpu}
		t.Logf("turn %d: without %v (processors %v), with %v (processors %v)", turn+1,
			plain.wall.Round(time.Millisecond), plain.cpu.Round(time.Millisecond), judged.wall.Round(time.Millisecond), judged.cpu.Round(time.Millisecond))
		if turn > 0 && added.wall < most {
			break
		}
	}
	t.Logf("the pack adds %v on the clock and %v of the processors, to %v and %v", added.wall.Round(time.Millisecond), added.cpu.Round(time.Millisecond),
		bare.wall.Round(time.Millisecond), bare.cpu.Round(time.Millisecond))
	busy := bare.wall > 2*alone
	if added.wall >= most && !busy {
		t.Errorf("the pack adds %v", added.wall)
	}
	if busy && added.cpu >= bare.cpu {
		t.Errorf("the machine is busy, and the pack takes as much of the processors as the preview itself: %v and %v", added.cpu, bare.cpu)
	}
}

// processorTime is what this process and its children that have ended have used.
func processorTime(t *testing.T) time.Duration {
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
