package build

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// Fingerprint says from what a program of the module at root is compiled: every
// file that the compiler may read, the compiler itself and its settings, and
// what else the caller builds with. The same fingerprint gives the same binary;
// to compute it is much quicker than to ask the go command, which reads the
// sources of all dependencies as well (go.sum holds those). It is empty where
// that cannot be said: in a workspace, whose other modules lie elsewhere, and where
// there is a symbolic link.
func Fingerprint(ctx context.Context, root string, with ...string) (string, error) {
	// What the go command itself would decide by.
	cmd := exec.CommandContext(ctx, "go", "env", "GOWORK", "GOVERSION", "GOROOT", "GOEXPERIMENT", "GOAMD64", "GOARM64", "GOOS", "GOARCH", "CGO_ENABLED", "CC", "CGO_CFLAGS", "CGO_LDFLAGS")
	cmd.Dir = root
	cmd.Env = append(os.Environ(), "GOFLAGS=")
	env, err := cmd.Output()
	switch {
	case errors.Is(err, exec.ErrNotFound):
		return "", errors.New("there is no go command on PATH; install Go 1.26 or newer")
	case err != nil:
		return "", fmt.Errorf("ask the go command for its settings: %w", err)
	}
	if work, _, _ := strings.Cut(string(env), "\n"); work != "" && work != "off" {
		return "", nil
	}
	h := sha256.New()
	_, _ = fmt.Fprintf(h, "%q %q\n", env, with) // a hash takes everything
	for _, name := range []string{"go.mod", "go.sum"} {
		if err := hashFile(h, root, filepath.Join(root, name)); err != nil {
			return "", fmt.Errorf("read the module at %s: %w", root, err)
		}
	}
	err = hashPackages(h, root, root, false)
	if errors.Is(err, errElsewhere) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("read the sources below %s: %w", root, err)
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// errElsewhere says that something of the module lies in another place.
var errElsewhere = errors.New("a symbolic link")

// hashPackages adds the packages in dir and below it, with all files that they
// could embed: those beside a package's sources, or below them. Other files (a
// person's own, reports) are not read.
func hashPackages(h io.Writer, root, dir string, embedded bool) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	source := func(e os.DirEntry) bool { return filepath.Ext(e.Name()) == ".go" }
	embedded = embedded || slices.ContainsFunc(entries, source)
	for _, e := range entries {
		name, path := e.Name(), filepath.Join(dir, e.Name())
		switch {
		case e.IsDir():
			// What the go command leaves out, and the module of the tools.
			if strings.HasPrefix(name, ".") || strings.HasPrefix(name, "_") || name == "testdata" || path == filepath.Join(root, "tools") {
				continue
			}
			if err := hashPackages(h, root, path, embedded); err != nil {
				return err
			}
		case e.Type()&fs.ModeSymlink != 0:
			return errElsewhere
		case e.Type().IsRegular() && embedded && !strings.HasSuffix(name, "_test.go"):
			if err := hashFile(h, root, path); err != nil {
				return err
			}
		}
	}
	return nil
}

// hashFile adds a file's name and content, each told from its neighbours.
func hashFile(h io.Writer, root, path string) error {
	rel, err := filepath.Rel(root, path)
	if err != nil {
		return err
	}
	content, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	sum := sha256.Sum256(content)
	_, err = fmt.Fprintf(h, "%q %x\n", rel, sum)
	return err
}

// Once runs compile, which makes files in dir from the module at root, unless
// they lie there already, made from the same sources with the same words and
// unchanged since.
func Once(ctx context.Context, root, dir string, files, with []string, compile func() error) error {
	from, err := Fingerprint(ctx, root, with...)
	if err != nil {
		return err
	}
	stamp := filepath.Join(dir, "made-from")
	if from != "" {
		if old, err := os.ReadFile(stamp); err == nil {
			if now, err := made(dir, from, files); err == nil && now == string(old) {
				return nil
			}
		}
	}
	if err := compile(); err != nil {
		return err
	}
	// Who edits meanwhile has compiled something else.
	if again, err := Fingerprint(ctx, root, with...); err != nil || again != from || from == "" {
		return err
	}
	now, err := made(dir, from, files)
	if err != nil {
		return err
	}
	return replace(stamp, []byte(now))
}

// made is what the stamp says when files in dir are made from a fingerprint.
func made(dir, fingerprint string, files []string) (string, error) {
	var b strings.Builder
	b.WriteString(fingerprint + "\n")
	for _, name := range files {
		content, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			return "", err
		}
		fmt.Fprintf(&b, "%s %x\n", name, sha256.Sum256(content))
	}
	return b.String(), nil
}
