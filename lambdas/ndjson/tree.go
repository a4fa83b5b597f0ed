package ndjson

import (
	"errors"
	"math"
	"strings"

	"crawlerless/lambdas/schema"
)

// kind is a set of what values of one field have been. Each scalar joins to
// the others by the lattice of package schema, so that the set says it all.
type kind uint16

const (
	kindNull kind = 1 << iota
	kindBool
	kindInt
	kindDouble
	kindText      // a number that only its text holds
	kindString    // text
	kindTimestamp // text that is a timestamp
	kindArray
	kindObject
	kindMap  // an object with too many keys
	kindWide // an integer that no double holds; besides kindInt, and no type of its own
)

// kindAll marks a field that nothing can add to.
const kindAll kind = 1<<16 - 1

// Budgets for the whole tree.
const (
	maxTreeBytes = 5 << 20
	fieldBytes   = 320 // of one field besides its key: itself, its places in the index and in the schema
	maxKey       = 1024
)

// ErrTooManyFields says that the records have more different fields than can
// be held at a time, although no object has more than the caps allow.
var ErrTooManyFields = errors.New("more than 5 MiB of different fields, about 16,000")

// tree gathers the fields of records. Within a record, everything is noted
// aside; commit makes it count and rollback forgets it.
type tree struct {
	root  *field
	sink  *field // takes what is not to be remembered
	ranks map[string]uint8

	notes      []*field // fields with pending kinds
	created    []*field // parents of fresh fields
	newborn    []*field // the fresh fields
	bytes      int
	bridges    int   // that exist
	generation int64 // of bridges that are still true, see bridge
	overflow   bool
	largest    string // of the columns that were kept, when they are as many as may be
	bound      string // as largest, of the record that is being read
	untrimmed  int    // fresh columns since bound was looked for

	timestamps    bool
	caseSensitive bool
	collided      bool // in this record
	objects       int64
	record        int64 // number of the one that is being read, from 1
	records       int64 // that were committed

	rank        uint8 // of the event time found in this record; 0: none
	at          instant
	first, last instant // of the event times; without one, the last comes before the first
	zoneless    string  // the first time field that had a time without an offset
	clock       clock
	key, lower  []byte // the last that was looked for
	err         error
}

func newTree(timeFields []string, timestamps bool) *tree {
	t := &tree{record: 1, root: &field{}, ranks: timeRanks(timeFields), timestamps: timestamps}
	t.sink = newSink()
	t.first.seconds, t.last.seconds = math.MaxInt64, math.MinInt64
	return t
}

// newSink makes a field that learns nothing, nor does any below it.
func newSink() *field {
	f := &field{kinds: kindAll, done: kindAll &^ kindObject}
	f.elem = f
	return f
}

// note adds a kind to a field that does not have it yet.
func (t *tree) note(f *field, k kind) {
	if f.kinds&k != 0 || f.pending&k != 0 {
		return
	}
	if f.pending == 0 {
		t.notes = append(t.notes, f)
	}
	f.pending |= k
}

// null notes a null.
func (t *tree) null(f *field) {
	if f.column && f.seenNull != t.record {
		f.seenNull = t.record
		f.nulls++
	}
	t.note(f, kindNull)
}

// child returns the field of a key of an object; raw is the key between its
// quotes as it stands in the record.
func (t *tree) child(parent *field, raw []byte) *field {
	if parent == t.sink {
		return t.sink
	}
	t.key = unescape(t.key[:0], raw)
	key := t.key
	f := t.find(parent, key)
	if f == nil {
		f = t.create(parent, key)
	}
	if f.column {
		t.see([]*field{f})
	}
	return f
}

// see counts columns as present, once in a record: a key may be there twice.
func (t *tree) see(columns []*field) {
	for _, f := range columns {
		if f.seen != t.record {
			f.seen = t.record
			f.present++
		}
	}
}

// folded looks for an object that holds two keys that differ by case only: a
// SerDe that ignores case refuses the whole record, on whatever level they are.
// At the top each gets a column of its own; below, where there is no mapping
// for one place alone, the object becomes a map.
func (t *tree) folded(parent, f *field, object int64) {
	if f.fold.object == object && f.fold.member != f {
		t.collided = true
		if parent != t.root {
			t.note(parent, kindMap)
		}
	}
	f.fold.object, f.fold.member = object, f
}

func (t *tree) create(parent *field, key []byte) *field {
	top := parent == t.root
	if !top && (parent.kinds|parent.pending)&kindMap != 0 {
		return t.sink
	}
	if !top && len(parent.children) >= schema.MaxMembers {
		t.note(parent, kindMap)
		return t.sink
	}
	name := string(key)
	if top && (t.overflow || len(parent.children) >= schema.MaxColumns) && !t.makeRoom(name) {
		return t.sink
	}
	f := &field{key: name, up: parent, depth: parent.depth + 1, fresh: true, column: top}
	if top {
		f.rank = t.ranks[strings.ToLower(name)]
	}
	t.bytes += fieldBytes + 2*len(name)
	if t.bytes > maxTreeBytes {
		t.err = ErrTooManyFields
		return t.sink
	}
	if n := len(t.created); n == 0 || t.created[n-1] != parent {
		t.created = append(t.created, parent)
	}
	t.newborn = append(t.newborn, f)
	t.link(parent, f)
	return f
}

// element returns the field of an array's elements.
func (t *tree) element(f *field) *field {
	if f.elem == nil {
		f.elem = &field{up: f, inArray: true, depth: f.depth + 1}
		t.bytes += fieldBytes
	}
	return f.elem
}

// open notes an array or an object and returns the field to go on with: the
// sink where its content will not be remembered.
func (t *tree) open(f *field, k kind) *field {
	if f.kinds&k == 0 {
		if int(f.depth) > schema.MaxDepth {
			t.note(f, kindText)
			return t.sink
		}
		t.note(f, k)
	}
	if f.kinds&kindMap != 0 && f != t.root && k == kindObject {
		return t.sink
	}
	return f
}

// str notes a string value. The text is given without its quotes, and only
// matters where it is at most maxTime long and free of escapes.
func (t *tree) str(f *field, text []byte) {
	if f.rank != 0 && (t.rank == 0 || f.rank < t.rank) {
		if at, ok := t.clock.parse(text); ok {
			t.rank, t.at = f.rank, at
		} else if t.zoneless == "" && isZoneless(text) {
			t.zoneless = f.key
		}
	}
	if f.kinds&kindString != 0 {
		return
	}
	if t.timestamps && isTimestamp(text) {
		t.note(f, kindTimestamp)
		return
	}
	t.note(f, kindString)
}

// number notes a valid number.
func (t *tree) number(f *field, text []byte) {
	if f.rank != 0 && (t.rank == 0 || f.rank < t.rank) {
		if at, ok := epochTime(text); ok {
			t.rank, t.at = f.rank, at
		}
	}
	// Text reads any number, so that there is nothing more to learn.
	if f.kinds&(kindText|kindString) == 0 {
		k := classifyNumber(text)
		t.note(f, k)
		if k == kindInt && !doubleHoldsInteger(text) {
			t.note(f, kindWide)
		}
	}
}

// commit makes the record count.
func (t *tree) commit() {
	t.count()
	if t.unsettled() {
		t.commitNotes()
	}
}

// count is commit where nothing is noted.
func (t *tree) count() {
	t.records++
	t.record++
	if t.rank != 0 {
		t.rank = 0
		if t.at.before(t.first) {
			t.first = t.at
		}
		if t.last.before(t.at) {
			t.last = t.at
		}
	}
}

// unsettled reports whether there is more to commit than the count.
func (t *tree) unsettled() bool {
	return len(t.notes) != 0 || len(t.created) != 0 || t.collided || t.err != nil
}

func (t *tree) commitNotes() {
	for _, f := range t.notes {
		f.kinds |= f.pending
		f.pending = 0
		f.settle()
	}
	for _, f := range t.notes {
		if f.kinds&kindMap != 0 && f != t.root && len(f.children) > 0 {
			t.forget(f)
		}
	}
	for _, f := range t.newborn {
		f.fresh = false
	}
	if t.root.kinds&kindMap != 0 && (!t.overflow || len(t.root.children) > 2*schema.OverflowColumns) {
		t.overflow = true
		t.cut()
	}
	t.caseSensitive = t.caseSensitive || t.collided
	t.forgetPending()
}

func (t *tree) forgetPending() {
	clear(t.notes) // so that what was dropped is not kept
	clear(t.newborn)
	t.notes, t.created, t.newborn, t.collided = t.notes[:0], t.created[:0], t.newborn[:0], false
	t.bound, t.untrimmed = "", 0
}

// settle says what kinds of values the quick scanner need not look at. Those
// of a time field it must; an object that is a map has no fields to go on with.
func (f *field) settle() {
	f.done = f.kinds
	if f.kinds&(kindText|kindString) != 0 {
		f.done |= kindInt | kindDouble // text reads any number
	}
	if f.rank != 0 {
		f.done &^= kindString | kindInt | kindDouble
	}
	if f.kinds&kindMap != 0 {
		f.done &^= kindObject
	}
	if f.column {
		f.done &^= kindNull
	}
}

// rollback forgets the record.
func (t *tree) rollback() {
	for _, f := range t.notes {
		f.pending = 0
	}
	for _, parent := range t.created {
		t.drop(parent, func(c *field) bool { return c.fresh })
	}
	for _, c := range t.root.children {
		if c.seen == t.record {
			c.seen = 0
			c.present--
		}
		if c.seenNull == t.record {
			c.seenNull = 0
			c.nulls--
		}
	}
	t.forgetPending()
	t.rank = 0
}
