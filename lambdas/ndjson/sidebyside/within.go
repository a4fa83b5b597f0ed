package main

import (
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	kgzip "github.com/klauspost/compress/gzip"

	"crawlerless/lambdas/ndjson"
	"crawlerless/lambdas/ndjson/sample"
)

// answer is what a peer says of a file. Those that only unpack say nothing.
type answer struct {
	Columns int       `json:"columns"`
	Records int64     `json:"records"`
	First   time.Time `json:"first"`
	Last    time.Time `json:"last"`
}

// within is a peer, or the writing of a corpus, in a process of this command.
func within(name, path string) error {
	runtime.GOMAXPROCS(1)
	if name == "write" {
		return write(path)
	}
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	var a answer
	switch name {
	case "crawlerless":
		a, err = infer(f)
	case "klauspost":
		err = unpack(kgzip.NewReader(f))
	case "compress/gzip":
		err = unpack(gzip.NewReader(f))
	case "jsontext":
		a, err = tokens(f)
	case "maps":
		a, err = maps(f)
	default:
		err = fmt.Errorf("no peer is called %q", name)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return json.NewEncoder(os.Stdout).Encode(a)
}

// write makes the corpus that its name says: "flat-64.json.gz".
func write(path string) error {
	kind, rest, _ := strings.Cut(filepath.Base(path), "-")
	size, _, _ := strings.Cut(rest, ".")
	mb, err := strconv.ParseInt(size, 10, 32)
	if err != nil {
		return err
	}
	f, err := os.Create(path + ".part")
	if err != nil {
		return err
	}
	z := gzip.NewWriter(f)
	_, err = sample.Write(z, sample.Kind(kind), mb*1e6, 1)
	if err = errors.Join(err, z.Close(), f.Close()); err != nil {
		return err
	}
	return os.Rename(path+".part", path)
}

func infer(r io.Reader) (answer, error) {
	res, err := ndjson.Infer(context.Background(), r, ndjson.Options{})
	if err != nil {
		return answer{}, err
	}
	if res.FirstEventTime == nil || res.MalformedLines > 0 {
		return answer{}, fmt.Errorf("no event time, or malformed lines: %d", res.MalformedLines)
	}
	return answer{len(res.Schema.Columns), res.Records, *res.FirstEventTime, *res.LastEventTime}, nil
}

func unpack(r io.Reader, err error) error {
	if err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, r)
	return err
}

// isTime says which keys of the corpora hold the time.
func isTime(key string) bool { return key == "time" || key == "eventTime" }

// span keeps the first and the last time.
func (a *answer) span(text string) error {
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return err
	}
	if a.First.IsZero() || at.Before(a.First) {
		a.First = at
	}
	if at.After(a.Last) {
		a.Last = at
	}
	return nil
}

// tokens reads tokens with jsontext: records and times, but no types, which is
// less than the whole job.
func tokens(r io.Reader) (answer, error) {
	z, err := kgzip.NewReader(r)
	if err != nil {
		return answer{}, err
	}
	var a answer
	columns := map[string]struct{}{}
	d := jsontext.NewDecoder(z)
	for {
		token, err := d.ReadToken()
		if err == io.EOF {
			a.Columns = len(columns)
			return a, nil
		}
		if err != nil {
			return a, err
		}
		depth := d.StackDepth()
		if depth == 0 {
			a.Records++
		}
		if _, n := d.StackIndex(depth); depth != 1 || n%2 != 1 || token.Kind() != '"' {
			continue
		}
		key := token.String()
		columns[key] = struct{}{}
		if !isTime(key) {
			continue
		}
		value, err := d.ReadToken()
		if err != nil {
			return a, err
		}
		if err := a.span(value.String()); err != nil {
			return a, err
		}
	}
}

// maps unmarshals every record into a map, as is often done.
func maps(r io.Reader) (answer, error) {
	z, err := kgzip.NewReader(r)
	if err != nil {
		return answer{}, err
	}
	var a answer
	columns := map[string]struct{}{}
	d := json.NewDecoder(z)
	for {
		var record map[string]any
		if err := d.Decode(&record); err == io.EOF {
			a.Columns = len(columns)
			return a, nil
		} else if err != nil {
			return a, err
		}
		a.Records++
		for key, value := range record {
			columns[key] = struct{}{}
			if text, ok := value.(string); ok && isTime(key) {
				if err := a.span(text); err != nil {
					return a, err
				}
			}
		}
	}
}
