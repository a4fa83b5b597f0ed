package sweep

import (
	"bytes"
	"context"
	"errors"
	"os"
	"testing"
	"time"

	"crawlerless/automation/console"
	"crawlerless/automation/leftovers"
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

func TestAKilledRunOnAWSLosesItsStackAtOnce(t *testing.T) {
	cache := t.TempDir()
	dead(t, cache, runs.Run{ID: "killed", Target: "aws", Stack: "e2e-killed", Created: now, Expires: now.Add(time.Hour)})
	destroyed := 0
	result, err := sweep(t, Options{Cache: cache, OlderThan: 2 * time.Hour, Destroy: func(context.Context, runs.Run) error { destroyed++; return nil }})
	if err != nil || destroyed != 1 || len(result.Runs) != 1 {
		t.Errorf("destroyed %d, %+v, %v", destroyed, result, err)
	}
}

func TestAKeptStackIsDestroyedWhenItExpires(t *testing.T) {
	cache := t.TempDir()
	dead(t, cache, runs.Run{ID: "young", Target: "aws", Stack: "e2e-young", Kept: true, Created: now.Add(-time.Hour), Expires: now.Add(time.Hour)})
	dead(t, cache, runs.Run{ID: "old", Target: "aws", Stack: "e2e-old", Kept: true, Created: now.Add(-3 * time.Hour), Expires: now.Add(-time.Hour)})
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

// account is an account in memory.
type account struct {
	stacks    []Stack
	expires   map[string]time.Time
	resources []leftovers.Resource
	deleted   []string
	refuse    bool
}

func (a *account) Stacks(context.Context) ([]Stack, error) { return a.stacks, nil }

func (a *account) Expires(_ context.Context, stack string) (time.Time, error) {
	return a.expires[stack], nil
}

func (a *account) Ephemeral(context.Context) ([]leftovers.Resource, error) { return a.resources, nil }

func (a *account) Delete(_ context.Context, arn string) error {
	if a.refuse {
		return errors.New("denied")
	}
	a.deleted = append(a.deleted, arn)
	return nil
}

func TestAStackOfAnotherMachineIsSweptOnceItExpires(t *testing.T) {
	for name, c := range map[string]struct {
		stack   Stack
		expires time.Time
		swept   bool
	}{
		"a stage is never touched":                       {Stack{"prod", now.Add(-100 * time.Hour)}, time.Time{}, false},
		"one that expired":                               {Stack{"e2e-a", now}, now.Add(-time.Second), true},
		"one that was kept for longer than --older-than": {Stack{"e2e-a", now.Add(-5 * time.Hour)}, now.Add(time.Hour), false},
		"one without a date, left alone for long":        {Stack{"e2e-a", now.Add(-3 * time.Hour)}, time.Time{}, true},
		"one without a date, touched lately":             {Stack{"e2e-a", now.Add(-time.Hour)}, time.Time{}, false},
		"one without any date":                           {Stack{"e2e-a", time.Time{}}, time.Time{}, false},
	} {
		var destroyed []string
		result, err := sweep(t, Options{
			Cache: t.TempDir(), OlderThan: 2 * time.Hour,
			Destroy: func(_ context.Context, r runs.Run) error { destroyed = append(destroyed, r.Stack); return nil },
			Account: &account{stacks: []Stack{c.stack}, expires: map[string]time.Time{c.stack.Name: c.expires}},
		})
		if err != nil || (len(destroyed) == 1) != c.swept || (len(result.Runs) == 1) != c.swept {
			t.Errorf("%s: destroyed %v, %+v, %v", name, destroyed, result, err)
		}
	}
}

func resource(arn, stage string, expires time.Time) leftovers.Resource {
	return leftovers.Resource{ARN: arn, Tags: map[string]string{leftovers.Stage: stage, leftovers.Expires: expires.Format(time.RFC3339)}}
}

func TestResourcesWithoutAStackAreListedOrDeleted(t *testing.T) {
	orphan := resource("arn:aws:s3:::orphan", "e2e-gone", now.Add(-time.Hour))
	for name, c := range map[string]struct {
		resource            leftovers.Resource
		delete, dry, refuse bool
		listed, deleted     int
		left                bool
	}{
		"listed, and a person is needed":         {resource: orphan, listed: 1, left: true},
		"deleted when told so":                   {resource: orphan, delete: true, listed: 1, deleted: 1},
		"a dry run only lists":                   {resource: orphan, delete: true, dry: true, listed: 1},
		"what cannot be deleted needs a person":  {resource: orphan, delete: true, refuse: true, listed: 1, left: true},
		"one that has not expired is left alone": {resource: resource("arn:aws:s3:::young", "e2e-gone", now.Add(time.Hour)), delete: true},
		"one with a stack is the stack's":        {resource: resource("arn:aws:s3:::owned", "e2e-there", now.Add(-time.Hour)), delete: true},
		"one of a stage is never touched":        {resource: resource("arn:aws:s3:::prod", "prod", now.Add(-time.Hour)), delete: true},
	} {
		a := &account{stacks: []Stack{{"e2e-there", now}}, expires: map[string]time.Time{"e2e-there": now.Add(time.Hour)}, resources: []leftovers.Resource{c.resource}, refuse: c.refuse}
		result, err := sweep(t, Options{Cache: t.TempDir(), DeleteOrphans: c.delete, DryRun: c.dry, Account: a})
		if len(result.Orphans) != c.listed || len(a.deleted) != c.deleted || errors.Is(err, ErrLeft) != c.left || err != nil && !c.left {
			t.Errorf("%s: %+v, deleted %v, %v", name, result.Orphans, a.deleted, err)
		}
	}
}
