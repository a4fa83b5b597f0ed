package ndjson

import (
	"bytes"
	"errors"
	"math"
	"slices"
	"strings"
	"unicode/utf8"

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

// field is one place in the records: a column, a member of a struct, or the
// element of an array. What the quick scanner looks at comes first.
type field struct {
	bridge  *bridge // to what came after its value
	elem    *field  // of an array
	up      *field  // the object or array that it is in; nil for the root and the sink
	done    kind    // values of these kinds add nothing
	kinds   kind    // seen in records that were committed
	pending kind    // seen in the record that is being read
	depth   uint16
	column  bool
	inArray bool  // an element
	fresh   bool  // first seen in the record that is being read
	gone    bool  // dropped; only notes may still know it
	rank    uint8 // of a time field, from 1; 0 for any other

	present  int64 // of a column: records that had it, this one included
	seen     int64 // the last record that had this column
	nulls    int64 // of a column: records in which it was null
	seenNull int64 // the last record in which it was null

	key      string
	children []*field          // in the order of arrival
	index    map[string]*field // of children by key in lower case, when there are many
	variant  *field            // in that index, the next whose key differs by case only
	fold     *fold             // siblings whose keys differ by case only
	object   int64             // the last object that the machine found it in
}

// fold is shared by siblings whose keys differ by case only.
type fold struct {
	object int64 // the last object that held one of them
	member *field
}

const indexFrom = 12 // children above which a map is quicker than a search

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

// folded looks for an object that holds two keys that differ by case only. At
// the top each gets a column of its own; below, where there is no mapping for
// one place alone, the object becomes a map.
func (t *tree) folded(parent, f *field, object int64) {
	if f.fold.object == object && f.fold.member != f {
		if parent == t.root {
			t.collided = true
		} else {
			t.note(parent, kindMap)
		}
	}
	f.fold.object, f.fold.member = object, f
}

func (t *tree) find(f *field, key []byte) *field {
	if f.index != nil {
		t.lower = appendLower(t.lower[:0], key)
		for c := f.index[string(t.lower)]; c != nil; c = c.variant {
			if c.key == string(key) {
				return c
			}
		}
		return nil
	}
	for _, c := range f.children {
		if c.key == string(key) {
			return c
		}
	}
	return nil
}

// appendLower is bytes.ToLower, without a new copy of what is ASCII.
func appendLower(dst, key []byte) []byte {
	for _, c := range key {
		if c >= utf8.RuneSelf {
			return append(dst[:0], bytes.ToLower(key)...)
		}
		if c >= 'A' && c <= 'Z' {
			c += 'a' - 'A'
		}
		dst = append(dst, c)
	}
	return dst
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

// makeRoom decides, with too many columns, whether a new one may be among
// those that are kept. What is committed is cut at commit: a record that may
// yet be rolled back must not push out what counts already.
func (t *tree) makeRoom(name string) bool {
	t.note(t.root, kindMap) // too many columns, should this record count
	if schema.LooksLikeID(name) || beyond(t.largest, name) || beyond(t.bound, name) {
		return false
	}
	if t.untrimmed++; t.untrimmed > schema.OverflowColumns {
		t.trim()
		return !beyond(t.bound, name)
	}
	return true
}

// beyond reports whether a key is larger than the largest that is kept, if
// there are as many as may be.
func beyond(largest, key string) bool {
	return largest != "" && schema.CompareKeys(largest, key) < 0
}

// trim keeps the fresh columns few, of a record with ever more: those that
// would be cut at its commit go at once.
func (t *tree) trim() {
	t.untrimmed = 0
	var fresh []string
	for _, c := range t.root.children {
		if c.fresh && !schema.LooksLikeID(c.key) {
			fresh = append(fresh, c.key)
		}
	}
	if len(fresh) > schema.OverflowColumns {
		slices.SortFunc(fresh, schema.CompareKeys)
		t.bound = fresh[schema.OverflowColumns-1]
	}
	t.drop(t.root, func(c *field) bool {
		return c.fresh && (schema.LooksLikeID(c.key) || beyond(t.bound, c.key))
	})
	dropped := func(f *field) bool { return f.gone }
	t.notes = slices.DeleteFunc(t.notes, dropped)
	t.created = slices.DeleteFunc(t.created, dropped)
	t.newborn = slices.DeleteFunc(t.newborn, dropped)
}

func (t *tree) link(parent, f *field) {
	lower := strings.ToLower(f.key)
	if parent.index != nil {
		if first := parent.index[lower]; first != nil {
			first.foldWith(f)
			t.generation++
		}
		parent.indexAs(lower, f)
	} else {
		for _, c := range parent.children {
			if strings.ToLower(c.key) == lower {
				c.foldWith(f)
				t.generation++
				break
			}
		}
	}
	parent.children = append(parent.children, f)
	if parent.index == nil && len(parent.children) > indexFrom {
		parent.reindex()
	}
}

// foldWith notes that the keys of two siblings differ by case only.
func (f *field) foldWith(other *field) {
	if f.fold == nil {
		f.fold = &fold{object: f.object, member: f}
	}
	other.fold = f.fold
}

func (parent *field) indexAs(lower string, f *field) {
	f.variant = parent.index[lower]
	parent.index[lower] = f
}

func (f *field) reindex() {
	f.index = nil
	if len(f.children) > indexFrom {
		f.index = make(map[string]*field, len(f.children)+len(f.children)/2)
		for _, c := range f.children {
			f.indexAs(strings.ToLower(c.key), c)
		}
	}
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

// cut keeps the columns that schema.Merge would keep. It is done only when
// there are twice as many, because it costs as much as they are.
func (t *tree) cut() {
	t.drop(t.root, func(c *field) bool { return schema.LooksLikeID(c.key) })
	if len(t.root.children) > schema.OverflowColumns {
		slices.SortFunc(t.root.children, func(a, b *field) int { return schema.CompareKeys(a.key, b.key) })
		t.largest = t.root.children[schema.OverflowColumns-1].key
		t.drop(t.root, func(c *field) bool { return schema.CompareKeys(c.key, t.largest) > 0 })
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

// drop removes children of a field, with all that predicts them.
func (t *tree) drop(parent *field, gone func(*field) bool) {
	kept := parent.children[:0]
	for _, c := range parent.children {
		if gone(c) {
			t.release(c)
			continue
		}
		kept = append(kept, c)
	}
	clear(parent.children[len(kept):])
	parent.children = kept
	t.generation++
	parent.reindex()
}

// release gives the budget of a field and all below it back.
func (t *tree) release(f *field) {
	f.gone = true
	for b := f.bridge; b != nil; b = b.alt {
		t.bridges--
	}
	f.bridge = nil
	t.bytes -= fieldBytes + 2*len(f.key)
	for _, c := range f.children {
		t.release(c)
	}
	if f.elem != nil {
		t.release(f.elem)
	}
}

// forget drops the members of an object that has become a map.
func (t *tree) forget(f *field) { t.drop(f, func(*field) bool { return true }) }

// typeOf joins everything that a field has been.
func (f *field) typeOf() schema.Type {
	var out schema.Type
	add := func(k kind, t schema.Type) {
		if f.kinds&k != 0 {
			out = schema.MergeTypes(out, t)
		}
	}
	add(kindBool, schema.Of(schema.Boolean))
	add(kindInt, schema.Of(schema.BigInt))
	add(kindDouble, schema.Of(schema.Double))
	add(kindText|kindString, schema.Of(schema.String))
	add(kindTimestamp, schema.Of(schema.Timestamp))
	if f.kinds&kindArray != 0 {
		var elem schema.Type
		if f.elem != nil {
			elem = f.elem.typeOf()
		}
		add(kindArray, schema.ArrayOf(elem))
	}
	if f.kinds&kindMap != 0 {
		add(kindMap, schema.MapOf(schema.Of(schema.String), schema.Of(schema.String)))
	} else if f.kinds&kindObject != 0 {
		members := make([]schema.Member, 0, len(f.children))
		for _, c := range f.children {
			if !c.fresh {
				members = append(members, schema.Member{Key: c.key, Type: c.typeOf()})
			}
		}
		add(kindObject, schema.StructOf(members...))
	}
	return out
}

// maxRounded is how many columns are named in notes.
const maxRounded = 3

// rounded returns notes of columns in which integers are rounded, because other
// numbers made them doubles.
func (t *tree) rounded() []string {
	var notes []string
	var walk func(f *field, path string)
	walk = func(f *field, path string) {
		switch {
		case len(notes) == maxRounded || f.fresh || f.kinds&(kindText|kindString|kindTimestamp) != 0:
		case f.kinds&(kindDouble|kindWide|kindBool|kindArray|kindObject) == kindDouble|kindWide:
			notes = append(notes, "column "+path+" has integers beyond 2^53 beside numbers with a fraction: it is a double, which rounds them")
		case f.kinds&kindArray != 0 && f.elem != nil:
			walk(f.elem, path+"[]")
		case f.kinds&kindMap == 0 && f.kinds&kindObject != 0:
			for _, c := range f.children {
				walk(c, path+"."+c.key)
			}
		}
	}
	for _, c := range t.root.children {
		walk(c, c.key)
	}
	return notes
}

// schema returns the schema of the committed records.
func (t *tree) schema(partitions []string) schema.Schema {
	s := schema.Schema{Partitions: partitions, CaseSensitive: t.caseSensitive, Overflow: t.overflow}
	for _, c := range t.root.children {
		s.Columns = append(s.Columns, schema.Column{Key: c.key, Name: c.key, Type: c.typeOf()})
	}
	return schema.Merge(s, schema.Schema{})
}
