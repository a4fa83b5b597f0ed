package feed

import (
	"bufio"
	"bytes"
	"compress/bzip2"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// Input is one file of lines, or standard input.
type Input struct {
	path  string
	stdin io.Reader // where path is "-"
}

// String is the path as the user would write it.
func (in Input) String() string {
	if in.stdin != nil {
		return "standard input"
	}
	return in.path
}

// Inputs finds the files behind the paths: files as they are, folders with all
// files below them but hidden ones, "-" for standard input. It opens each once,
// so that what cannot be read is said before anything is started.
func Inputs(paths []string, stdin io.Reader) ([]Input, error) {
	var list []Input
	var errs []error
	for _, path := range paths {
		if path == "-" {
			list = append(list, Input{path: "-", stdin: stdin})
			continue
		}
		found, err := files(path)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		if len(found) == 0 {
			errs = append(errs, fmt.Errorf("%s: there is no file in this folder", path))
		}
		for _, f := range found {
			if err := readable(f); err != nil {
				errs = append(errs, err)
			}
			list = append(list, Input{path: f})
		}
	}
	return list, errors.Join(errs...)
}

func files(path string) ([]string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("input: %w", err)
	}
	if !info.IsDir() {
		return []string{path}, nil
	}
	var found []string
	err = filepath.WalkDir(path, func(p string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case p != path && strings.HasPrefix(d.Name(), "."):
			if d.IsDir() {
				return filepath.SkipDir
			}
		case d.Type().IsRegular():
			found = append(found, p)
		case d.Type()&fs.ModeSymlink != 0:
			if target, err := os.Stat(p); err == nil && target.Mode().IsRegular() {
				found = append(found, p)
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("input: %w", err)
	}
	return found, nil
}

// readable opens a file and looks at how it begins.
func readable(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("input: %w", err)
	}
	_, end, err := unpack(f)
	if err != nil {
		return errors.Join(fmt.Errorf("input %s: %w", path, err), f.Close())
	}
	end()
	return f.Close()
}

// lines calls each for every line, counted from 1, without its line ending.
// Gzip (several members too), zstd and bzip2 are recognised by their content.
func (in Input) lines(ctx context.Context, each func(number int, line string) error) (err error) {
	raw := in.stdin
	if in.stdin == nil {
		f, err := os.Open(in.path)
		if err != nil {
			return fmt.Errorf("input: %w", err)
		}
		defer func() { err = errors.Join(err, f.Close()) }()
		raw = f
	}
	text, end, err := unpack(raw)
	if err != nil {
		return fmt.Errorf("input %s: %w", in, err)
	}
	defer end()
	r := bufio.NewReaderSize(text, 256<<10)
	for number := 1; ; number++ {
		if number%1024 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		line, err := r.ReadString('\n')
		if line != "" {
			if number == 1 {
				line = strings.TrimPrefix(line, "\uFEFF") // byte-order mark
			}
			if err := each(number, strings.TrimSuffix(strings.TrimSuffix(line, "\n"), "\r")); err != nil {
				return err
			}
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("input %s, line %d: %w", in, number, err)
		}
	}
}

func unpack(raw io.Reader) (io.Reader, func(), error) {
	r := bufio.NewReaderSize(raw, 64<<10)
	magic, err := r.Peek(4)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, nil, err
	}
	switch {
	case bytes.HasPrefix(magic, []byte{0x1f, 0x8b}):
		z, err := gzip.NewReader(r)
		return z, func() {}, err
	case bytes.HasPrefix(magic, []byte{0x28, 0xb5, 0x2f, 0xfd}):
		z, err := zstd.NewReader(r)
		if err != nil {
			return nil, nil, err
		}
		return z, z.Close, nil
	case bytes.HasPrefix(magic, []byte("BZh")):
		return bzip2.NewReader(r), func() {}, nil
	}
	for _, other := range noLines {
		if bytes.HasPrefix(magic, []byte(other.magic)) {
			return nil, nil, fmt.Errorf("this is %s, not lines of text: %s", other.kind, other.remedy)
		}
	}
	return r, func() {}, nil
}

// noLines are formats that people have logs in and whose bytes, sent as lines,
// would only be noise.
var noLines = [...]struct{ magic, kind, remedy string }{
	{"PK\x03\x04", "a zip archive", "unpack it first"},
	{"\xfd7zX", "compressed with xz", "unpack it first (xz -d)"},
	{"PAR1", "a Parquet file", "write its rows as JSON lines first"},
	{"\xff\xfe", "text in UTF-16", "convert it to UTF-8 first (iconv -f UTF-16 -t UTF-8)"},
	{"\xfe\xff", "text in UTF-16", "convert it to UTF-8 first (iconv -f UTF-16 -t UTF-8)"},
}
