package infer

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// input is one file, or standard input.
type input struct {
	path  string
	size  int64
	stdin io.Reader
}

func (in input) String() string {
	if in.stdin != nil {
		return "standard input"
	}
	return in.path
}

func (in input) dir() string { return filepath.ToSlash(filepath.Dir(in.path)) }

func (in input) open() (io.ReadCloser, error) {
	if in.stdin != nil {
		return io.NopCloser(in.stdin), nil
	}
	return os.Open(in.path)
}

func totalSize(inputs []input) int64 {
	var sum int64
	for _, in := range inputs {
		if in.stdin != nil {
			return 0
		}
		sum += in.size
	}
	return sum
}

// find lists the files behind the paths: files as they are, those of a pattern,
// and all below a folder but hidden ones. Each counts once.
func find(paths []string, stdin io.Reader) ([]input, error) {
	var list []input
	var errs []error
	seen := map[string]bool{}
	files := 0
	add := func(path string, size int64) {
		files++
		if clean := filepath.Clean(path); !seen[clean] {
			seen[clean] = true
			list = append(list, input{path: path, size: size})
		}
	}
	for _, path := range paths {
		if path == "-" {
			if !seen["-"] {
				seen["-"] = true
				list = append(list, input{path: "-", stdin: stdin})
			}
			continue
		}
		before := files
		matches := []string{path}
		if _, err := os.Stat(path); err != nil {
			if !strings.ContainsAny(path, "*?[") {
				errs = append(errs, err)
				continue
			}
			if matches, err = filepath.Glob(path); err != nil {
				errs = append(errs, fmt.Errorf("pattern %s: %w", path, err))
				continue
			}
			if !strings.HasPrefix(filepath.Base(path), ".") { // as a shell does
				matches = slices.DeleteFunc(matches, func(m string) bool { return strings.HasPrefix(filepath.Base(m), ".") })
			}
		}
		for _, m := range matches {
			errs = append(errs, walk(m, add))
		}
		if files == before && errors.Join(errs...) == nil {
			errs = append(errs, fmt.Errorf("%s: no file there", path))
		}
	}
	return list, errors.Join(errs...)
}

func walk(root string, add func(string, int64)) error {
	return filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		hidden := path != root && strings.HasPrefix(d.Name(), ".")
		if d.IsDir() {
			if hidden {
				return filepath.SkipDir
			}
			return nil
		}
		info, err := os.Stat(path) // follows links
		if err != nil {
			return err
		}
		// A pipe that was named is read; one that was merely found is not.
		if !hidden && (info.Mode().IsRegular() || path == root && !info.IsDir()) {
			add(path, info.Size())
		}
		return nil
	})
}

// tableName is a name for the table from the first path.
func tableName(paths []string) string {
	first := paths[0]
	if first == "-" {
		return "logs"
	}
	parts := strings.Split(filepath.ToSlash(filepath.Clean(first)), "/")
	slices.Reverse(parts)
	for _, p := range parts {
		base, _, _ := strings.Cut(p, ".")
		name := strings.Map(func(r rune) rune {
			if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '_' {
				return r
			}
			return '_'
		}, strings.ToLower(base))
		if !strings.Contains(p, "=") && strings.Trim(name, "_") != "" {
			return name
		}
	}
	return "logs"
}
