// Package runs keeps a record of every run of the driver that makes something:
// which stack, on which target, until when, and the one temporary folder that
// holds all its files. A run that ends takes its record with it; the record of
// one that was killed tells sweep what to clear away: folder, stack, and the
// processes that it started, which carry the run's ID in their environment.
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
	ID      string `json:"id"`
	Command string `json:"command"` // "demo", "local", "e2e", …
	Target  string `json:"target"`
	// Stack is the stack that the run made for itself and that goes with it;
	// empty where it works on a stage.
	Stack   string    `json:"stack"`
	Stage   string    `json:"stage"`   // whose configuration
	Backend string    `json:"backend"` // of the state; empty is the user's own
	Region  string    `json:"region"`
	PID     int       `json:"pid"`
	Created time.Time `json:"created"`
	// Expires is when sweep may destroy a stack that was kept.
	Expires time.Time `json:"expires"`
	// Kept says that the run has ended and left its stack on purpose.
	Kept bool   `json:"kept,omitempty"`
	Dir  string `json:"dir"` // the run's temporary folder
}

// RefusedSuffix ends the name of the second stack of an end-to-end run: the one
// that the policy pack must refuse, of which only its name is ever made.
const RefusedSuffix = "-c"

// Stacks are the names of the stacks that go with the run.
func (r Run) Stacks() []string {
	if r.Stack == "" {
		return nil
	}
	return []string{r.Stack, r.Stack + RefusedSuffix}
}

// Variable is the environment variable with the run's ID, which the processes
// that the run starts inherit.
const Variable = "CRAWLERLESS_RUN"

// Record is the record of a run that is alive.
type Record struct {
	Run  Run
	path string
	lock *os.File
	keep bool
}

func folder(cache string) string { return filepath.Join(cache, "runs") }

// Begin makes the run's record and then its temporary folder, in that order: a
// run that is killed between the two leaves nothing that no record speaks of.
// r.ID must be unique.
func Begin(cache string, r Run) (*Record, error) {
	if err := os.MkdirAll(folder(cache), 0o755); err != nil {
		return nil, fmt.Errorf("record of the run (set XDG_CACHE_HOME to a folder that can be written): %w", err)
	}
	r.Dir, r.PID = filepath.Join(os.TempDir(), "crawlerless-"+r.ID), os.Getpid()
	rec := &Record{Run: r, path: filepath.Join(folder(cache), r.ID+".json")}
	if err := rec.write(); err != nil {
		return nil, err
	}
	if err := os.Mkdir(r.Dir, 0o700); err != nil {
		return nil, errors.Join(fmt.Errorf("temporary folder of the run (set TMPDIR to a folder that can be written): %w", err), rec.End())
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
	tmp := r.path + unfinished
	f, err := os.OpenFile(tmp, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
	if err != nil {
		return fmt.Errorf("record of the run: %w", err)
	}
	// Locked before it is written: sweep removes an unfinished record that
	// nobody holds.
	held, err := tryLock(f)
	if err != nil || !held {
		err = fmt.Errorf("lock the record of the run: %w", errors.Join(err, errHeld))
	}
	if err == nil {
		_, err = f.Write(b)
	}
	if err == nil {
		err = os.Rename(tmp, r.path)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("record of the run: %w", err), f.Close(), os.Remove(tmp))
	}
	if r.lock != nil {
		err = r.lock.Close()
	}
	r.lock = f
	return err
}

// unfinished ends the name of a record that is being written.
const unfinished = ".new"

var errHeld = errors.New("somebody else holds it")

// Retain lets End leave the record for sweep: the stack of the run was kept on
// purpose, or could not be destroyed.
func (r *Record) Retain() { r.keep = true }

// End removes the temporary folder and the record: nothing of the run is left,
// unless its stack was retained.
func (r *Record) End() error {
	err := os.RemoveAll(r.Run.Dir)
	if r.keep {
		r.Run.Kept = true
		err = errors.Join(err, r.write())
	} else {
		err = errors.Join(err, os.Remove(r.path))
	}
	return errors.Join(err, r.lock.Close())
}

// Abandon leaves everything for sweep, as a killed run does.
func (r *Record) Abandon() error { return r.lock.Close() }

// Found is a run that has a record.
type Found struct {
	Run
	Alive bool
	path  string
}

// List reads every record. One that cannot be understood is an error that names
// it; the others are listed all the same. A record that a killed run did not
// finish writing is removed: nothing had been made yet.
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
		if strings.HasSuffix(f.Name(), unfinished) {
			errs = append(errs, removeUnheld(filepath.Join(folder(cache), f.Name())))
			continue
		}
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

// removeUnheld removes a file unless a process holds its lock.
func removeUnheld(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	free, err := tryLock(f)
	if err == nil && free {
		if err = os.Remove(path); errors.Is(err, fs.ErrNotExist) {
			err = nil // moved into place meanwhile
		}
	}
	return errors.Join(err, f.Close())
}

// Clear removes what a dead run left on this machine: its processes, its
// folder and its record. It answers how many processes it ended.
func (f Found) Clear() (processes int, err error) {
	if f.Alive {
		return 0, fmt.Errorf("the run %s is alive (process %d)", f.ID, f.PID)
	}
	if !strings.HasPrefix(filepath.Base(f.Dir), "crawlerless-") {
		return 0, fmt.Errorf("%s: the folder %q is not one of ours", f.path, f.Dir)
	}
	processes, err = f.EndProcesses(0)
	if err != nil {
		return processes, err
	}
	return processes, errors.Join(os.RemoveAll(f.Dir), os.Remove(f.path))
}

// Tidy removes half-written files that killed compilations left in the cache:
// those in a folder whose lock nobody holds.
func Tidy(cache string) error {
	locks, err := filepath.Glob(filepath.Join(cache, "*", "*", "lock"))
	if err != nil {
		return err
	}
	var errs []error
	for _, lock := range locks {
		errs = append(errs, tidy(lock))
	}
	return errors.Join(errs...)
}

func tidy(lock string) (err error) {
	files, err := filepath.Glob(filepath.Join(filepath.Dir(lock), "*"+unfinished))
	if err != nil || len(files) == 0 {
		return err
	}
	f, err := os.OpenFile(lock, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if free, err := tryLock(f); err != nil || !free {
		return err
	}
	for _, path := range files {
		if e := os.Remove(path); e != nil && !errors.Is(e, fs.ErrNotExist) {
			err = errors.Join(err, e)
		}
	}
	return err
}
