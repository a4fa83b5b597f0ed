package ndjson

import "unsafe"

// A bridge is the text between two scalar values that follow each other, as
// it stood in a record: from behind one (and its closing quote) to the beginning
// of the other (behind its opening quote), with all commas, keys, colons,
// brackets, space and even the end of a line in between.
// Where the same text follows a value of the same field again, it can only
// lead to the same place, and need not be looked at byte by byte.
//
// That holds because what the scanner does with text depends on nothing but
// the text and the path to the field of the value before it. What else it
// does, besides going on, is known: marking columns as present, and ending a
// record. A text that did more when it was read is not learned; and whenever
// the tree changes so that the same text would do something else (a field is
// dropped, or keys now differ by case only), the tree's generation goes up and
// makes all bridges invalid.
type bridge struct {
	words, masks [2]uint64 // of the first 16 bytes, and those of them that count
	generation   int64
	size         int // of the text, in bytes
	to           *field
	more         []maskedWord // of the text from byte 16
	column       *field       // whose key the text has
	quoted       bool         // the text ends with the opening quote of a string
	stops        bool         // it has a line or several columns
	line         int          // where in the text the next line begins; 0: nowhere
	columns      []*field     // all whose keys the text has
	before       int          // how many of them come before that line
	alt          *bridge      // the next to try
}

type maskedWord struct{ word, mask uint64 }

const (
	maxBridge  = 144 // longest text, in bytes
	maxBridges = 4   // of one field
	// maxLineBridge is the longest text with the end of a line in it: it may
	// be compared with what lies behind the last line of the input, and that
	// must not reach beyond slack.
	maxLineBridge = slack - 8
	// allBridges bounds the memory of all bridges: about 1 MiB.
	allBridges = 6000
)

// maskedAt returns eight bytes of text from at, and the mask of those that
// there are.
func maskedAt(text []byte, at int) (word, mask uint64) {
	var b [8]byte
	if at < len(text) {
		n := copy(b[:], text[at:])
		mask = ^uint64(0) >> (64 - 8*n)
	}
	return le64(&b), mask
}

// holds reports whether the text stands at i.
func (b *bridge) holds(base unsafe.Pointer, i int) bool {
	if (load64(base, i)^b.words[0])&b.masks[0]|(load64(base, i+8)^b.words[1])&b.masks[1] != 0 {
		return false
	}
	for k := range b.more {
		if (load64(base, i+16+8*k)^b.more[k].word)&b.more[k].mask != 0 {
			return false
		}
	}
	return true
}

// learn remembers the text from the end of the scalar value before to that of
// q.f, at q.i.
func (s *scanner) learn() {
	q, t := &s.cursor, s.t
	from, to := q.from, q.f
	q.from = nil
	if from == nil || from == t.sink || to == t.sink || from.gone {
		return
	}
	text := q.p[q.fromAt:q.i]
	line := max(0, q.line-q.fromAt)
	if len(text) > maxBridge || line > 0 && len(text) > maxLineBridge {
		return
	}
	b := t.bridgeFrom(from, q.base, q.fromAt, len(text))
	if b == nil {
		return
	}
	b.generation, b.size, b.to, b.line = t.generation, len(text), to, line
	b.quoted = text[len(text)-1] == '"'
	for k := range b.words {
		b.words[k], b.masks[k] = maskedAt(text, 8*k)
	}
	b.more = b.more[:0]
	for k := 16; k < len(text); k += 8 {
		word, mask := maskedAt(text, k)
		b.more = append(b.more, maskedWord{word, mask})
	}
	b.columns = append(b.columns[:0], q.crossed[:q.crossings]...)
	b.before = 0
	if line > 0 {
		b.before = q.before
	}
	b.stops = line > 0 || len(b.columns) > 1
	b.column = t.sink // nobody asks for its counts
	if len(b.columns) == 1 {
		b.column = b.columns[0]
	}
}

// bridgeFrom returns a bridge to be made the one of a text that stands at i,
// in its place among those of from: before what is the beginning of it, so
// that the longer text is tried first. It returns nil where that text is known
// already, or memory is not to be had.
func (t *tree) bridgeFrom(from *field, base unsafe.Pointer, i, size int) *bridge {
	var place, spare **bridge
	at, n := &from.bridge, 0
	for ; *at != nil; n++ {
		b := *at
		switch {
		case b.generation != t.generation || spare == nil && n == maxBridges-1:
			spare = at
		case b.holds(base, i):
			if b.size == size {
				return nil
			}
			if place == nil && b.size < size {
				place = at
			}
		}
		at = &b.alt
	}
	if place == nil {
		place = at
	}
	var b *bridge
	switch {
	case spare != nil:
		b = *spare
		if place == &b.alt {
			return b // where it is
		}
		*spare = b.alt
	case t.bridges < allBridges:
		t.bridges++
		b = new(bridge)
	default:
		return nil
	}
	b.alt, *place = *place, b
	return b
}

// saw notes a column whose key was read. With too many of them, the text at
// hand is not learned.
func (q *cursor) saw(f *field) {
	if q.crossings == len(q.crossed) {
		q.from = nil
		return
	}
	q.crossed[q.crossings] = f
	q.crossings++
}

// enter makes the cursor stand at a value of f, wherever that is.
func (q *cursor) enter(f *field) {
	q.depth = -1
	for c := f; c.up != nil; c = c.up {
		q.depth++
	}
	q.box, q.array = f.within()
	for c, d := f.up, q.depth-1; d >= 0; c, d = c.up, d-1 {
		box, array := c.within()
		q.stack[d] = outer{box, array}
	}
}

// within returns what the values of a field are in: an object, or the element
// of an array.
func (f *field) within() (box *field, array bool) {
	if f.inArray {
		return f, true
	}
	return f.up, false
}
