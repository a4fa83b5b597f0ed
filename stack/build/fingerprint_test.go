package build_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"crawlerless/stack/build"
)

// What makes a program compile anew, and what does not.
func TestOnceCompilesWhenSomethingChanged(t *testing.T) {
	t.Setenv("GOWORK", "")
	root, dir := t.TempDir(), t.TempDir()
	write := func(name, text string) func() {
		return func() {
			t.Helper()
			path := filepath.Join(root, name)
			if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	write("go.mod", "module example.org/m\n")()
	write("go.sum", "")()
	write("program/main.go", "package main\n")()
	write("program/data/prices.json", "{}")()
	var with []string
	for _, step := range []struct {
		what    string
		change  func()
		compile bool
	}{
		{"the first time", func() {}, true},
		{"nothing changed", func() {}, false},
		{"a source", write("program/main.go", "package main // changed\n"), true},
		{"a new package", write("other/other.go", "package other\n"), true},
		{"a file that may be embedded", write("program/data/prices.json", "[]"), true},
		{"the module's requirements", write("go.mod", "module example.org/m // changed\n"), true},
		{"the requirements' sums", write("go.sum", "x"), true},
		{"a file renamed", func() {
			if err := os.Rename(filepath.Join(root, "other/other.go"), filepath.Join(root, "other/b.go")); err != nil {
				t.Fatal(err)
			}
		}, true},
		{"a test", write("program/main_test.go", "package main\n"), false},
		{"test data", write("program/testdata/x.go", "package x\n"), false},
		{"somebody's logs", write("logs/app.json", "{}"), false},
		{"the output is damaged", func() {
			if err := os.WriteFile(filepath.Join(dir, "out"), []byte("half"), 0o600); err != nil {
				t.Fatal(err)
			}
		}, true},
		{"the output is gone", func() {
			if err := os.Remove(filepath.Join(dir, "out")); err != nil {
				t.Fatal(err)
			}
		}, true},
		{"other words", func() { with = []string{"-race"} }, true},
		{"the compiler's settings", func() { t.Setenv("GOAMD64", "v3") }, true},
		{"nothing again", func() {}, false},
		{"a symbolic link", func() {
			if err := os.Symlink(dir, filepath.Join(root, "linked")); err != nil {
				t.Fatal(err)
			}
		}, true},
		{"a symbolic link again", func() {}, true},
		{"none any more", func() {
			if err := os.Remove(filepath.Join(root, "linked")); err != nil {
				t.Fatal(err)
			}
		}, false},
		// Its other modules lie elsewhere: nothing can be said.
		{"a workspace", func() {
			work := filepath.Join(root, "go.work")
			if err := os.WriteFile(work, []byte("go 1.26\nuse .\n"), 0o600); err != nil {
				t.Fatal(err)
			}
			t.Setenv("GOWORK", work)
		}, true},
		{"a workspace again", func() {}, true},
	} {
		step.change()
		compiled := false
		err := build.Once(t.Context(), root, dir, []string{"out"}, with, func() error {
			compiled = true
			return os.WriteFile(filepath.Join(dir, "out"), []byte("binary"), 0o600)
		})
		if err != nil {
			t.Fatalf("%s: %v", step.what, err)
		}
		if compiled != step.compile {
			t.Errorf("%s: compiled %v, want %v", step.what, compiled, step.compile)
		}
	}
}

// What did not compile, or was edited meanwhile, is compiled again.
func TestOnceTrustsOnlyWhatWasCompiledWhole(t *testing.T) {
	t.Setenv("GOWORK", "off")
	root, dir := t.TempDir(), t.TempDir()
	source := filepath.Join(root, "p", "p.go")
	if err := errors.Join(
		os.WriteFile(filepath.Join(root, "go.mod"), []byte("module example.org/m\n"), 0o600),
		os.WriteFile(filepath.Join(root, "go.sum"), nil, 0o600),
		os.MkdirAll(filepath.Dir(source), 0o755), os.WriteFile(source, []byte("package p\n"), 0o600),
	); err != nil {
		t.Fatal(err)
	}
	broken := errors.New("broken")
	compiled := 0
	once := func(do func() error) error {
		return build.Once(t.Context(), root, dir, []string{"out"}, nil, func() error {
			compiled++
			return errors.Join(os.WriteFile(filepath.Join(dir, "out"), []byte("binary"), 0o600), do())
		})
	}
	if err := once(func() error { return broken }); !errors.Is(err, broken) {
		t.Fatalf("the error is %v", err)
	}
	if err := once(func() error { return os.WriteFile(source, []byte("package p // edited\n"), 0o600) }); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := once(func() error { return nil }); err != nil {
			t.Fatal(err)
		}
	}
	if compiled != 3 {
		t.Errorf("compiled %d times, want 3", compiled)
	}
}
