// Package build compiles the Lambdas from source into the zip files that the
// stack deploys: static, stripped, reproducible (the same source gives the same
// bytes on every machine), and cached in the user's cache directory.
package build

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/lockedfile"

	"crawlerless/stack/pipeline"
)

// Options says what to build. Root is the module's folder. Architecture is
// Lambda's word: "arm64" or "x86_64". OS is the operating system of GOOS,
// "linux" where empty; only the local target on another system sets it. Cache
// is the folder for results; empty is crawlerless below the user's cache.
// Progress of the compiler goes to Log.
type Options struct {
	Root, Architecture, OS, Cache string
	Log                           io.Writer
}

// The functions, each a folder below lambdas.
const (
	extract  = "extract"
	catalog  = "catalog"
	generate = "generate"
)

// Lambdas compiles the three functions and answers the paths of their zips.
func Lambdas(ctx context.Context, o Options) (pipeline.Code, error) {
	arch, err := goArch(o.Architecture)
	if err != nil {
		return pipeline.Code{}, err
	}
	if o.OS == "" {
		o.OS = "linux"
	}
	if o.Cache == "" {
		if o.Cache, err = DefaultCache(); err != nil {
			return pipeline.Code{}, err
		}
	}
	root, err := filepath.Abs(o.Root)
	if err != nil {
		return pipeline.Code{}, err
	}
	// One folder per checkout, so that the compiler finds its last result and
	// two checkouts do not overwrite each other's.
	sum := sha256.Sum256([]byte(root))
	dir := filepath.Join(o.Cache, "lambda", o.OS+"-"+arch+"-"+hex.EncodeToString(sum[:4]))
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return pipeline.Code{}, fmt.Errorf("folder for compiled Lambdas: %w", err)
	}
	unlock, err := lockedfile.MutexAt(filepath.Join(dir, "lock")).Lock()
	if err != nil {
		return pipeline.Code{}, fmt.Errorf("lock %s: %w", dir, err)
	}
	defer unlock()
	var paths, files [3]string
	names := [...]string{extract, catalog, generate}
	for i, name := range names {
		files[i] = name + ".zip"
		paths[i] = filepath.Join(dir, files[i])
	}
	err = Once(ctx, root, dir, files[:], append(arguments(dir), o.OS, arch), func() error {
		if err := compile(ctx, root, dir, o.OS, arch, o.Log); err != nil {
			return err
		}
		for _, name := range names {
			if err := pack(dir, name); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return pipeline.Code{}, fmt.Errorf("compile the Lambdas: %w", err)
	}
	return pipeline.Code{Extract: paths[0], Catalog: paths[1], Generate: paths[2]}, nil
}

// DefaultCache is crawlerless in the user's cache directory.
func DefaultCache() (string, error) {
	dir, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("find the user's cache directory (set HOME or XDG_CACHE_HOME): %w", err)
	}
	return filepath.Join(dir, "crawlerless"), nil
}

func goArch(architecture string) (string, error) {
	switch architecture {
	case "arm64":
		return "arm64", nil
	case "x86_64":
		return "amd64", nil
	}
	return "", fmt.Errorf("architecture %q: Lambda has arm64 and x86_64", architecture)
}

// arguments of the go command that builds all three in one go, so that they
// share the work.
func arguments(dir string) []string {
	args := []string{"build", "-trimpath", "-buildvcs=false", "-tags", "lambda.norpc", "-ldflags", "-s -w -buildid=", "-o", dir + string(filepath.Separator)}
	for _, name := range []string{extract, catalog, generate} {
		args = append(args, "./lambdas/"+name)
	}
	return args
}

func compile(ctx context.Context, root, dir, goos, goarch string, log io.Writer) error {
	cmd := exec.CommandContext(ctx, "go", arguments(dir)...)
	cmd.Dir = root
	cmd.Env = append(os.Environ(), "GOOS="+goos, "GOARCH="+goarch, "CGO_ENABLED=0", "GOFLAGS=")
	// Asked to stop, the go command waits for its compilers; killed, it would
	// leave them and its temporary folder behind.
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = time.Minute
	var output bytes.Buffer
	cmd.Stdout, cmd.Stderr = &output, &output
	if log != nil {
		cmd.Stderr = io.MultiWriter(&output, log)
	}
	if err := cmd.Run(); err != nil {
		if errors.Is(err, exec.ErrNotFound) {
			return errors.New("there is no go command on PATH; install Go 1.26 or newer")
		}
		return fmt.Errorf("%w\n%s", err, strings.TrimSpace(output.String()))
	}
	return nil
}

// pack zips a binary as `bootstrap`, executable, with a fixed date.
func pack(dir, name string) error {
	binary, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		return err
	}
	var buf bytes.Buffer
	w := zip.NewWriter(&buf)
	w.RegisterCompressor(zip.Deflate, func(out io.Writer) (io.WriteCloser, error) {
		return flate.NewWriter(out, flate.BestCompression)
	})
	header := &zip.FileHeader{Name: "bootstrap", Method: zip.Deflate, Modified: time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC)}
	header.SetMode(0o755)
	f, err := w.CreateHeader(header)
	if err != nil {
		return err
	}
	if _, err := f.Write(binary); err != nil {
		return err
	}
	if err := w.Close(); err != nil {
		return err
	}
	return replace(filepath.Join(dir, name+".zip"), buf.Bytes())
}

// replace writes a file whole or not at all.
func replace(path string, content []byte) error {
	tmp := path + ".new"
	if err := os.WriteFile(tmp, content, 0o644); err != nil {
		return err
	}
	return os.Rename(tmp, path)
}
