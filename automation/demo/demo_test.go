package demo_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"crawlerless/automation/console"
	"crawlerless/automation/demo"
	"crawlerless/stack/build"
)

// run runs a demo through the real Pulumi engine, on the checkout that the test
// is part of, and answers what it printed.
func run(t *testing.T, o demo.Options) (out, progress string, err error) {
	t.Helper()
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	cache, err := build.DefaultCache()
	if err != nil {
		t.Fatal(err)
	}
	o.Root, o.Cache, o.Dir = root, cache, t.TempDir()
	o.Start = time.Now().Truncate(time.Hour).Add(-6 * time.Hour)
	var stdout, stderr bytes.Buffer
	err = demo.Run(t.Context(), console.Plain(&stdout, &stderr, time.Now), o)
	left, e := os.ReadDir(o.Dir)
	if e != nil {
		t.Fatal(e)
	}
	if len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
	return stdout.String(), stderr.String(), err
}

func contains(t *testing.T, text string, wants ...string) {
	t.Helper()
	for _, want := range wants {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not in:\n%s", want, text)
		}
	}
}

func TestGeneratedEventsTravelTheWholeWayAndNothingIsLeft(t *testing.T) {
	out, progress, err := run(t, demo.Options{Events: 400})
	if err != nil {
		t.Fatalf("%v\n%s", err, progress)
	}
	contains(t, out, "400 sent, all of them queryable", "0 failed", "0 dead letters, 0 objects under errors/", "11 columns", "p95_ms", "scanned")
	contains(t, progress, "all 400 events are queryable", "stack removed")
}

func TestSomebodyElsesLogsShowTheirColumnsAndRows(t *testing.T) {
	dir := t.TempDir()
	plain := `{"ts":"2026-01-01T00:00:00Z","Status":200,"path":"/a","meta":{"ok":true}}
{"ts":"2026-01-01T00:00:01Z","Status":404,"path":"/b"}
this line is not JSON

{"ts":"2026-01-01T00:00:02Z","Status":200.5,"path":"/a","tags":["x"]}
`
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	if _, err := z.Write([]byte(`{"ts":"2026-01-01T00:00:03Z","Status":500,"path":"/c"}` + "\r\n")); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string][]byte{"a.ndjson": []byte(plain), "b.gz": packed.Bytes()} {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	out, progress, err := run(t, demo.Options{Input: []string{dir}})
	if err != nil {
		t.Fatalf("%v\n%s", err, progress)
	}
	contains(t, out, "5 sent, all of them queryable", "1 of them are not JSON objects", "status", "double", "struct<ok:boolean>", "array<string>", "/a")
}

func TestAnUnreadablePathIsSaidBeforeAnythingStarts(t *testing.T) {
	_, progress, err := run(t, demo.Options{Input: []string{filepath.Join(t.TempDir(), "missing.ndjson")}})
	if err == nil || !strings.Contains(err.Error(), "missing.ndjson") {
		t.Errorf("got %v", err)
	}
	if strings.Contains(progress, "localaws") {
		t.Errorf("something was started:\n%s", progress)
	}
}

func TestAnInterruptedDemoLeavesNothing(t *testing.T) {
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	cache, err := build.DefaultCache()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	dir := t.TempDir()
	var out bytes.Buffer
	// The interruption comes with the first line that speaks of the preview's end.
	progress := &watcher{on: "resources to create", do: cancel}
	err = demo.Run(ctx, console.Plain(&out, progress, time.Now), demo.Options{Root: root, Cache: cache, Dir: dir, Events: 100})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
	contains(t, progress.String(), "stack removed", "nothing was left behind")
}

// watcher calls do when a text is written.
type watcher struct {
	bytes.Buffer
	on string
	do func()
}

func (w *watcher) Write(b []byte) (int, error) {
	if strings.Contains(string(b), w.on) {
		w.do()
	}
	return w.Buffer.Write(b)
}
