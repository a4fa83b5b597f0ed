package catalogmerge

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"time"
)

// A token is a note in the table's parameters:
//
//	crawlerless.sync.<attempt> = <object> <deadline>
//
// It says that an attempt to catalogue the object is bringing every partition up
// to date, mostly because it has changed the table, and is dead after the
// deadline if it has not taken the note away.
//
// Whoever does that has a note of his own, and only he takes it away, or anybody
// after the deadline. A second delivery of the same object does the work as
// well, but leaves the first one's note: it cannot know whether the first is
// dead or merely slow, and a slow one could still write a partition as it was
// before. Were its note gone then, and it died, nobody would come back to that
// partition.
type token struct {
	attempt  string
	object   string
	deadline time.Time
}

const tokenPrefix = "crawlerless.sync."

func (t token) name() string { return tokenPrefix + t.attempt }

func (t token) value() string { return t.object + " " + t.deadline.UTC().Format(time.RFC3339) }

// HasNotes says that somebody may still be at work on a table's partitions: by
// its parameters.
func HasNotes(parameters map[string]string) bool { return len(tokens(parameters)) > 0 }

// tokens are the notes in a table's parameters. One that cannot be read counts
// as past its deadline.
func tokens(parameters map[string]string) []token {
	var list []token
	for name, value := range parameters {
		attempt, ok := strings.CutPrefix(name, tokenPrefix)
		if !ok {
			continue
		}
		object, deadline, _ := strings.Cut(value, " ")
		at, err := time.Parse(time.RFC3339, deadline)
		if err != nil {
			at = time.Time{}
		}
		list = append(list, token{attempt: attempt, object: object, deadline: at})
	}
	return list
}

// obliges says that whoever catalogues these objects now has to do the work of
// the note.
func (t token) obliges(objects map[string]bool, now time.Time) bool {
	return objects[t.object] || t.expired(now)
}

func (t token) expired(now time.Time) bool { return now.After(t.deadline) }

// objectHash is short for an object's identity.
func objectHash(object string) string {
	sum := sha256.Sum256([]byte(object))
	return hex.EncodeToString(sum[:8])
}
