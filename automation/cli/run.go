package cli

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"os"
	"time"

	"crawlerless/automation/runs"
)

// recorded runs do with a record of the run and a temporary folder of its own,
// which becomes the process's: whatever is written there, by us, by the
// automation API or by a compiler, goes when the run ends, or when sweep finds
// the run dead. The processes that it starts carry its ID.
func (s *session) recorded(cache string, r runs.Run, do func(*runs.Record) error) (err error) {
	var random [4]byte
	if _, err := rand.Read(random[:]); err != nil {
		return err
	}
	r.ID = r.Command + "-" + hex.EncodeToString(random[:])
	r.Created = time.Now().UTC()
	record, err := runs.Begin(cache, r)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, record.End()) }()
	for name, value := range map[string]string{"TMPDIR": record.Run.Dir, runs.Variable: record.Run.ID} {
		restore, e := setenv(name, value)
		if e != nil {
			return e
		}
		defer func() { err = errors.Join(err, restore()) }()
	}
	return do(record)
}

// setenv sets an environment variable and answers how to put it back.
func setenv(name, value string) (restore func() error, err error) {
	before, had := os.LookupEnv(name)
	if err := os.Setenv(name, value); err != nil {
		return nil, err
	}
	return func() error {
		if had {
			return os.Setenv(name, before)
		}
		return os.Unsetenv(name)
	}, nil
}
