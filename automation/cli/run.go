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
// the run dead.
func (s *session) recorded(cache string, r runs.Run, do func(dir string) error) (err error) {
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
	before, had := os.LookupEnv("TMPDIR")
	if err := os.Setenv("TMPDIR", record.Run.Dir); err != nil {
		return errors.Join(err, record.End())
	}
	defer func() {
		restore := os.Unsetenv("TMPDIR")
		if had {
			restore = os.Setenv("TMPDIR", before)
		}
		err = errors.Join(err, restore, record.End())
	}()
	return do(record.Run.Dir)
}
