package sweep

import (
	"bytes"
	"context"
	"errors"
	"os"
	"testing"
	"time"

	"crawlerless/automation/console"
	"crawlerless/automation/runs"
)

var now = time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)

// dead makes the record of a run that ended without its end.
func dead(t *testing.T, cache string, r runs.Run) runs.Run {
	t.Helper()
	t.Setenv("TMPDIR", t.TempDir())
	r.Command = "e2e"
	rec, err := runs.Begin(cache, r)
	if err != nil {
		t.Fatal(err)
	}
	if err := rec.Abandon(); err != nil {
		t.Fatal(err)
	}
	return rec.Run
}

func sweep(t *testing.T, o Options) (Result, error) {
	t.Helper()
	var out, progress bytes.Buffer
	o.Now = now
	return Run(context.Background(), console.Plain(&out, &progress, time.Now), o)
}

func TestADeadLocalRunIsClearedAway(t *testing.T) {
	cache := t.TempDir()
	r := dead(t, cache, runs.Run{ID: "a", Target: "local", Stack: "e2e-a", Created: now})
	result, err := sweep(t, Options{Cache: cache})
	if err != nil || len(result.Runs) != 1 {
		t.Fatalf("%+v, %v", result, err)
	}
	if _, err := os.Stat(r.Dir); !os.IsNotExist(err) {
		t.Errorf("the folder remains: %v", err)
	}
	if list, _ := runs.List(cache); len(list) != 0 {
		t.Errorf("records remain: %+v", list)
	}
}

func TestADryRunChangesNothing(t *testing.T) {
	cache := t.TempDir()
	r := dead(t, cache, runs.Run{ID: "a", Target: "local"})
	if result, err := sweep(t, Options{Cache: cache, DryRun: true}); err != nil || len(result.Runs) != 1 {
		t.Fatalf("%+v, %v", result, err)
	}
	if _, err := os.Stat(r.Dir); err != nil {
		t.Error(err)
	}
}

func TestAStackOnAWSIsDestroyedWhenItExpires(t *testing.T) {
	cache := t.TempDir()
	dead(t, cache, runs.Run{ID: "young", Target: "aws", Stack: "e2e-young", Created: now.Add(-time.Hour), Expires: now.Add(time.Hour)})
	dead(t, cache, runs.Run{ID: "old", Target: "aws", Stack: "e2e-old", Created: now.Add(-3 * time.Hour), Expires: now.Add(-time.Hour)})
	var destroyed []string
	result, err := sweep(t, Options{Cache: cache, OlderThan: 2 * time.Hour, Destroy: func(_ context.Context, r runs.Run) error {
		destroyed = append(destroyed, r.Stack)
		return nil
	}})
	if err != nil || len(destroyed) != 1 || destroyed[0] != "e2e-old" || len(result.Spared) != 1 {
		t.Errorf("destroyed %v, %+v, %v", destroyed, result, err)
	}
}

func TestAStackThatCannotBeDestroyedKeepsItsRecord(t *testing.T) {
	cache := t.TempDir()
	dead(t, cache, runs.Run{ID: "old", Target: "aws", Stack: "e2e-old", Expires: now.Add(-time.Hour)})
	_, err := sweep(t, Options{Cache: cache, Destroy: func(context.Context, runs.Run) error { return errors.New("denied") }})
	if !errors.Is(err, ErrLeft) {
		t.Errorf("got %v", err)
	}
	if list, _ := runs.List(cache); len(list) != 1 {
		t.Errorf("the record is gone: %+v", list)
	}
}

func TestALivingRunIsSpared(t *testing.T) {
	cache := t.TempDir()
	t.Setenv("TMPDIR", t.TempDir())
	rec, err := runs.Begin(cache, runs.Run{ID: "alive", Command: "e2e", Target: "local"})
	if err != nil {
		t.Fatal(err)
	}
	if result, err := sweep(t, Options{Cache: cache}); err != nil || len(result.Spared) != 1 {
		t.Errorf("%+v, %v", result, err)
	}
	if err := rec.End(); err != nil {
		t.Error(err)
	}
}

func TestAStackOfAnotherMachineIsDestroyedWhenNobodyTouchedItForLong(t *testing.T) {
	var destroyed []string
	_, err := sweep(t, Options{
		Cache: t.TempDir(), OlderThan: 2 * time.Hour,
		Destroy: func(_ context.Context, r runs.Run) error { destroyed = append(destroyed, r.Stack); return nil },
		Stacks: func(context.Context) ([]Stack, error) {
			return []Stack{{"prod", now.Add(-100 * time.Hour)}, {"e2e-old", now.Add(-3 * time.Hour)}, {"e2e-new", now.Add(-time.Hour)}}, nil
		},
	})
	if err != nil || len(destroyed) != 1 || destroyed[0] != "e2e-old" {
		t.Errorf("destroyed %v, %v", destroyed, err)
	}
}
