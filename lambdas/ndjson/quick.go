package ndjson

import (
	"unsafe"
)

// slack is how many bytes beyond its input the quick scanner may load.
const slack = 64

// quickDepth is how deep the quick scanner goes; deeper records are the
// machine's.
const quickDepth = 64

const (
	wordTrue  = 't' | 'r'<<8 | 'u'<<16 | 'e'<<24
	wordFals  = 'f' | 'a'<<8 | 'l'<<16 | 's'<<24
	wordFalse = wordFals | 'e'<<32
	wordNull  = 'n' | 'u'<<8 | 'l'<<16 | 'l'<<24
	wordBytes = 1<<32 - 1
)

// outer is what the quick scanner goes on with after an array or object.
type outer struct {
	box   *field // the object, or the array's element
	array bool
}

// cursor is where the quick scanner is.
type cursor struct {
	p     []byte
	base  unsafe.Pointer // of p
	i     int
	f     *field // the field of the value at i
	start int    // of the scalar value that was read last, behind its quote
	line  int    // where the line begins
	over  *bridge

	box   *field // the object that the value is in, or the array's element
	array bool
	depth int
	stack [quickDepth]outer

	from      *field // the last scalar value's, if the text after it can be learned
	fromAt    int    // where that text begins
	crossed   [4]*field
	crossings int
	before    int // of crossed, how many come before the line
}

// quick reads records from p[at:], which ends with LF, and returns where it
// stopped: at the end, or at the beginning of a line that it leaves to the
// machine. It only ever leaves a line, never accepts one that the machine
// would not: whatever is not as it expects it is not its business.
//
// It learns the text between values and follows it where it comes again, see
// bridge. What follows here is the way where that leads no further.
//
// Why its loads stay within p and slack: p ends with LF, and no step goes
// beyond an LF: it is no part of a string, number, word or key, and none of a
// bridge but that of the end of a line, which is as short as slack allows. A
// step loads at most 24 bytes from where it stands.
func (s *scanner) quick(p []byte, at int) int {
	q, t := &s.cursor, s.t
	q.p, q.base, q.from = p, unsafe.Pointer(unsafe.SliceData(p)), nil
	i := at
	var f *field

line:
	q.line = i
	if i >= len(p) || byteAt(q.base, i) != '{' {
		return i
	}
	q.depth, q.box, q.array = 0, t.root, false
	i++

object: // behind {
	i = space(q.base, i)
	if byteAt(q.base, i) == '}' {
		i++
		goto closed
	}

key:
	q.i = space(q.base, i)
	if f = s.key(); f == nil {
		goto leave
	}
	i = q.i

value: // of f
	i = space(q.base, i)
	switch c := byteAt(q.base, i); c {
	case '{', '[':
		if q.depth == quickDepth {
			goto leave
		}
		q.stack[q.depth] = outer{q.box, q.array}
		q.depth++
		i++
		if c == '{' {
			f = s.open(f, kindObject)
			q.box, q.array = f, false
			goto object
		}
		f = t.element(s.open(f, kindArray))
		q.box, q.array = f, true
		i = space(q.base, i)
		if byteAt(q.base, i) == ']' {
			i++
			goto closed
		}
		goto value
	}
	q.i, q.f = i, f
	switch s.scalars() {
	case behindOne:
		i = q.i
		goto after
	case atAnother:
		i, f = q.i, q.f
		goto value
	}
	goto leave

closed: // an object or array
	if q.depth == 0 {
		goto end
	}
	q.depth--
	q.box, q.array = q.stack[q.depth].box, q.stack[q.depth].array

after: // a value
	i = space(q.base, i)
	switch c := byteAt(q.base, i); {
	case c == ',' && q.array:
		i++
		f = q.box
		goto value
	case c == ',':
		i++
		goto key
	case c == '}' && !q.array, c == ']' && q.array:
		i++
		goto closed
	}
	goto leave

end: // of the record
	i = space(q.base, i)
	if byteAt(q.base, i) != '\n' || t.err != nil {
		goto leave
	}
	i++
	if q.line > q.fromAt {
		q.from = nil // a record without a value: text with two lines is not learned
	}
	q.before = q.crossings
	t.commit()
	s.lines++
	goto line

leave:
	t.rollback()
	return q.line
}

// space passes over space within a line.
func space(base unsafe.Pointer, i int) int {
	for c := byteAt(base, i); c == ' ' || c == '\t' || c == '\r'; c = byteAt(base, i) {
		i++
	}
	return i
}

// open notes an object or array. Text in which one is new is not learned.
func (s *scanner) open(f *field, k kind) *field {
	if f.done&k == 0 {
		s.cursor.from = nil
		f = s.t.open(f, k)
	}
	return f
}

// key reads a key with its colon, and returns its field: nil when there is no
// key, or one that is not for the quick scanner.
func (s *scanner) key() *field {
	q := &s.cursor
	if byteAt(q.base, q.i) != '"' {
		return nil
	}
	q.i++
	start := q.i
	if !q.text() {
		return nil
	}
	raw := q.p[start:q.i]
	q.i = space(q.base, q.i+1)
	if byteAt(q.base, q.i) != ':' {
		return nil
	}
	q.i++
	f := s.t.child(q.box, raw)
	if f.fold != nil {
		return nil
	}
	if f.column {
		q.saw(f)
	}
	return f
}

// place is where scalars has come to.
type place uint8

const (
	nowhere   place = iota // what is there is not for the quick scanner
	behindOne              // behind a scalar value
	atAnother              // at an array or object that is a value of q.f
)

// scalars reads the scalar value of q.f at q.i, and those after it as far as
// bridges lead.
func (s *scanner) scalars() place {
	q := &s.cursor
	where := atValue
	if byteAt(q.base, q.i) == '"' {
		q.i++
		where = inText
	}
	s.learn()
	for first := q.f; ; {
		switch s.follow(where) {
		case newText:
			s.noteText()
			where = pastIt
		case another:
			if !s.scalar() {
				return nowhere
			}
			where = pastIt
		case container:
			q.crossings, q.before = copy(q.crossed[:], q.over.columns), q.over.before
			q.enter(q.f)
			return atAnother
		case crossing:
			if b := q.over; b.line == 0 || q.i+b.size <= len(q.p) && !s.t.unsettled() {
				where = s.cross(b)
				continue
			}
			fallthrough
		case noBridge:
			if s.passed() {
				if q.f != first {
					q.enter(q.f)
				}
				return behindOne
			}
			i := q.i
			q.i = q.start
			if !s.scalar() || q.i == i {
				return nowhere
			}
			where = pastIt
		}
	}
}

// cross goes over a bridge.
func (s *scanner) cross(b *bridge) entry {
	q, t := &s.cursor, s.t
	t.see(b.columns[:b.before])
	if b.line != 0 {
		t.commit()
		s.lines++
		q.line = q.i + b.line
	}
	t.see(b.columns[b.before:])
	q.from, q.fromAt = q.f, q.i
	q.i += b.size
	q.f = b.to
	if b.quoted {
		return inText
	}
	return atValue
}

// passed goes on behind the value that ends at q.i, where no bridge is. It
// returns false when that is a number that follow has not read to its end.
func (s *scanner) passed() bool {
	q := &s.cursor
	q.from, q.fromAt, q.crossings = q.f, q.i, 0
	if q.isText() {
		return true
	}
	switch byteAt(q.base, q.i) {
	case ',', '}', ']', ' ', '\t', '\r':
		return true
	}
	return false
}
