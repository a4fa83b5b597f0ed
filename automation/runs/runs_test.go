package runs

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

func begin(t *testing.T, cache, id string) *Record {
	t.Helper()
	t.Setenv("TMPDIR", t.TempDir())
	r, err := Begin(cache, Run{ID: id, Command: "e2e", Target: "local", Stack: "s", Created: time.Now()})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestARunThatEndsLeavesNothing(t *testing.T) {
	cache := t.TempDir()
	r := begin(t, cache, "one")
	if err := os.WriteFile(filepath.Join(r.Run.Dir, "file"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if list, err := List(cache); err != nil || len(list) != 1 || !list[0].Alive {
		t.Fatalf("while it runs: %+v, %v", list, err)
	}
	if err := r.End(); err != nil {
		t.Fatal(err)
	}
	if list, err := List(cache); err != nil || len(list) != 0 {
		t.Errorf("after its end: %+v, %v", list, err)
	}
	if _, err := os.Stat(r.Run.Dir); !os.IsNotExist(err) {
		t.Errorf("its folder is still there: %v", err)
	}
}

func TestALivingRunIsNotCleared(t *testing.T) {
	cache := t.TempDir()
	r := begin(t, cache, "one")
	list, err := List(cache)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := list[0].Clear(); err == nil {
		t.Error("cleared")
	}
	if _, err := os.Stat(r.Run.Dir); err != nil {
		t.Error(err)
	}
	if err := r.End(); err != nil {
		t.Error(err)
	}
}

// The process of the run is killed: this test's own binary, run again.
func TestAKilledRunIsFoundDeadAndCleared(t *testing.T) {
	cache := os.Getenv("RUNS_TEST_CACHE")
	if cache != "" {
		if _, err := Begin(cache, Run{ID: "killed", Command: "e2e"}); err != nil {
			os.Exit(2)
		}
		_ = os.WriteFile(filepath.Join(cache, "ready"), nil, 0o600)
		select {}
	}
	cache = t.TempDir()
	cmd := exec.Command(os.Args[0], "-test.run", "^"+t.Name()+"$")
	cmd.Env = append(os.Environ(), "RUNS_TEST_CACHE="+cache, "TMPDIR="+t.TempDir())
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(cache, "ready")); err == nil {
			break
		}
		if t.Context().Err() != nil {
			t.Fatal("the run never began")
		}
		time.Sleep(time.Millisecond) // polling another process
	}
	if list, err := List(cache); err != nil || len(list) != 1 || !list[0].Alive {
		t.Fatalf("alive: %+v, %v", list, err)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // killed
	list, err := List(cache)
	if err != nil || len(list) != 1 || list[0].Alive {
		t.Fatalf("dead: %+v, %v", list, err)
	}
	if _, err := list[0].Clear(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(list[0].Dir); !os.IsNotExist(err) {
		t.Errorf("its folder is still there: %v", err)
	}
}
