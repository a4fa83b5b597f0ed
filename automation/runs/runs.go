// Package runs keeps a record of every run of the driver that makes something:
// which stack, on which target, until when, and the one temporary folder that
// holds all its files. A run that ends takes its record with it; the record of
// one that was killed tells sweep what to clear away.
//
// Whether a run is alive is told by a lock on its record, which the system
// releases when the process ends, however it ends.
package runs

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// Run is one run of the driver.
type Run struct {
	ID      string    `json:"id"`
	Command string    `json:"command"` // "demo", "local", "e2e"
	Target  string    `json:"target"`
	Stack   string    `json:"stack"`
	Stage   string    `json:"stage"`   // whose configuration
	Backend string    `json:"backend"` // of the state; empty is the user's own
	Region  string    `json:"region"`
	PID     int       `json:"pid"`
	Created time.Time `json:"created"`
	// Expires is when sweep may destroy the stack although its run is alive or
	// was told to keep it.
	Expires time.Time `json:"expires"`
	Dir     string    `json:"dir"` // the run's temporary folder
}

// Record is the record of a run that is alive.
type Record struct {
	Run  Run
	path string
	lock *os.File
}

func folder(cache string) string { return filepath.Join(cache, "runs") }

// Begin makes the run's temporary folder and its record. r.ID must be unique.
func Begin(cache string, r Run) (*Record, error) {
	if err := os.MkdirAll(folder(cache), 0o755); err != nil {
		return nil, fmt.Errorf("record of the run: %w", err)
	}
	dir, err := os.MkdirTemp("", "crawlerless-"+r.Command+"-")
	if err != nil {
		return nil, fmt.Errorf("temporary folder of the run: %w", err)
	}
	r.Dir, r.PID = dir, os.Getpid()
	rec := &Record{Run: r, path: filepath.Join(folder(cache), r.ID+".json")}
	if err := rec.write(); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	return rec, nil
}

// write makes the record under another name, locks it and moves it into place,
// so that a record that can be seen is whole and locked.
func (r *Record) write() error {
	b, err := json.MarshalIndent(r.Run, "", "  ")
	if err != nil {
		return err
	}
	tmp := r.path + ".new"
	f, err := os.OpenFile(tmp, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
	if err != nil {
		return fmt.Errorf("record of the run: %w", err)
	}
	if _, err = f.Write(b); err == nil {
		if held, e := tryLock(f); e != nil || !held {
			err = fmt.Errorf("lock the record of the run: %w", errors.Join(e, errHeld))
		}
	}
	if err == nil {
		err = os.Rename(tmp, r.path)
	}
	if err != nil {
		return errors.Join(err, f.Close(), os.Remove(tmp))
	}
	r.lock = f
	return nil
}

var errHeld = errors.New("somebody else holds it")

// End removes the temporary folder and the record: nothing of the run is left.
func (r *Record) End() error {
	return errors.Join(os.RemoveAll(r.Run.Dir), os.Remove(r.path), r.lock.Close())
}

// Abandon leaves the record for sweep, because something of the run remains.
func (r *Record) Abandon() error { return r.lock.Close() }

// Found is a run that has a record.
type Found struct {
	Run
	Alive bool
	path  string
}

// List reads every record. One that cannot be understood is an error that names
// it; the others are listed all the same.
func List(cache string) ([]Found, error) {
	files, err := os.ReadDir(folder(cache))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var list []Found
	var errs []error
	for _, f := range files {
		if !strings.HasSuffix(f.Name(), ".json") {
			continue
		}
		found, err := read(filepath.Join(folder(cache), f.Name()))
		switch {
		case errors.Is(err, fs.ErrNotExist): // it ended meanwhile
		case err != nil:
			errs = append(errs, err)
		default:
			list = append(list, found)
		}
	}
	return list, errors.Join(errs...)
}

func read(path string) (Found, error) {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return Found{}, err
	}
	defer f.Close()
	found := Found{path: path}
	if err := json.NewDecoder(f).Decode(&found.Run); err != nil {
		return Found{}, fmt.Errorf("%s: %w", path, err)
	}
	free, err := tryLock(f)
	if err != nil {
		return Found{}, fmt.Errorf("%s: %w", path, err)
	}
	found.Alive = !free
	return found, nil
}

// Clear removes what a dead run left on this machine: its folder and record.
func (f Found) Clear() error {
	if f.Alive {
		return fmt.Errorf("the run %s is alive (process %d)", f.ID, f.PID)
	}
	if !strings.HasPrefix(filepath.Base(f.Dir), "crawlerless-") {
		return fmt.Errorf("%s: the folder %q is not one of ours", f.path, f.Dir)
	}
	return errors.Join(os.RemoveAll(f.Dir), os.Remove(f.path))
}
