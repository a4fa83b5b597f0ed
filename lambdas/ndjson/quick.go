package ndjson

import (
	"math/bits"
	"unsafe"
)

// slack is how many bytes beyond its input the quick scanner may load.
const slack = 64

// quickDepth is how deep the quick scanner goes; deeper records are the
// machine's.
const quickDepth = 64

// load64 loads eight bytes at p+at, the first lowest.
func load64(p unsafe.Pointer, at int) uint64 {
	return le64((*[8]byte)(unsafe.Add(p, at)))
}

func le64(b *[8]byte) uint64 {
	return uint64(b[0]) | uint64(b[1])<<8 | uint64(b[2])<<16 | uint64(b[3])<<24 |
		uint64(b[4])<<32 | uint64(b[5])<<40 | uint64(b[6])<<48 | uint64(b[7])<<56
}

func byteAt(p unsafe.Pointer, at int) byte { return *(*byte)(unsafe.Add(p, at)) }

// nondigits marks the bytes of a word that are no digits.
func nondigits(w uint64) uint64 {
	d := w ^ '0'*ones
	return (d&^highs + 0x76*ones | d) & highs
}

const (
	wordTrue  = 't' | 'r'<<8 | 'u'<<16 | 'e'<<24
	wordAlse  = 'a' | 'l'<<8 | 's'<<16 | 'e'<<24
	wordNull  = 'n' | 'u'<<8 | 'l'<<16 | 'l'<<24
	wordBytes = 1<<32 - 1
)

// outer is what the quick scanner goes on with after an array or object.
type outer struct {
	box   *field // the object, or the array's element
	last  *field // the key whose value it was
	array bool
}

// cursor is where the quick scanner is. What is not needed for every value
// lies here, so that the rest fits the processor's registers; i and f are
// here only while another function runs.
type cursor struct {
	p     []byte
	base  unsafe.Pointer // of p
	i     int
	f     *field // the field of the value at i
	box   *field // the object that the value is in, or the array's element
	array bool
	depth int
	stack [quickDepth]outer
	start int // of the string or key at hand
	line  int // where the line begins
}

// quick reads records from p[at:], which ends with LF, and returns where it
// stopped: at the end, or at the beginning of a line that it leaves to the
// machine. It only ever leaves a line, never accepts one that the machine
// would not: whatever is not as it expects it is not its business.
//
// Why its loads stay within p and slack: p ends with LF, no step goes beyond
// an LF (it is no part of a string, number, word, or learned key), and a step
// loads at most inlineText bytes from where it stands.
//
// It predicts: the next key is the one that followed this one the last time,
// and stands there as it did then, which is compared eight bytes at a time. A
// value of a kind that its field has had before adds nothing and is only
// passed over.
func (s *scanner) quick(p []byte, at int) int {
	q := &s.cursor
	q.p, q.base, q.line = p, unsafe.Pointer(unsafe.SliceData(p)), at
	var (
		base     = q.base
		i        = at
		f, guess *field
		w, m     uint64
		c        byte
		n, k     int
	)

line:
	q.line = i
	if i >= len(q.p) || byteAt(base, i) != '{' {
		return i
	}
	q.depth, q.box, q.array = 0, s.t.root, false
	i++

object: // behind {
	guess = q.box.head
	if guess == nil {
		goto firstKey
	}
	w = load64(base, i)
	if (w^guess.text.words[0])&guess.text.masks[0] != 0 || guess.text.size == 0 {
		goto firstKey
	}
	if guess.text.size > 8 {
		if ((load64(base, i+8)^guess.text.words[1])&guess.text.masks[1] |
			(load64(base, i+16)^guess.text.words[2])&guess.text.masks[2]) != 0 {
			goto firstKey
		}
		if guess.text.size > inlineText && !guess.text.longKey(q.p, i) {
			goto firstKey
		}
	}
	f = guess
	goto counted

comma: // behind a comma within an object
	guess = f.next
	if guess == nil {
		goto nextKey
	}
	w = load64(base, i)
	if (w^guess.text.words[0])&guess.text.masks[0] != 0 || guess.text.size == 0 {
		goto otherKey
	}
	if guess.text.size > 8 {
		if ((load64(base, i+8)^guess.text.words[1])&guess.text.masks[1] |
			(load64(base, i+16)^guess.text.words[2])&guess.text.masks[2]) != 0 {
			goto otherKey
		}
		if guess.text.size > inlineText && !guess.text.longKey(q.p, i) {
			goto otherKey
		}
	}
	f = guess

counted:
	i += f.text.size
	if f.column {
		if f.seen != s.t.record {
			f.seen = s.t.record
			f.present++
		}
	}

value: // of f
	c = byteAt(base, i)
	if c == '"' {
		i++
		q.start = i
	text:
		for {
			w = load64(base, i)
			if m = special(w); m != 0 {
				i += bits.TrailingZeros64(m) >> 3
				break
			}
			w = load64(base, i+8)
			if m = special(w); m != 0 {
				i += 8 + bits.TrailingZeros64(m)>>3
				break
			}
			i += 16
		}
		if c = byteAt(base, i); c != '"' {
			q.f = f
			if c != '\\' || !q.escape(i) {
				goto leave
			}
			base, i, f = q.base, q.i, q.f
			goto text
		}
		if f.done&kindString == 0 {
			q.i, q.f = i, f
			s.text()
			base, i, f = q.base, q.i, q.f
		}
		i++
		goto after
	}
	if c-'0' <= 9 {
		if m = nondigits(load64(base, i)); m == 0 {
			goto number
		}
		n = bits.TrailingZeros64(m) >> 3
		if c == '0' && n > 1 {
			goto leave
		}
		c = byteAt(base, i+n)
		if c == ',' || c == '}' || c == ']' {
			if f.done&kindInt == 0 {
				goto number
			}
			i += n
			goto after
		}
		if c != '.' || f.done&kindDouble == 0 {
			goto number
		}
		// Fourteen digits are few enough for any double.
		if m = nondigits(load64(base, i+n+1)); m == 0 {
			goto number
		}
		if k = bits.TrailingZeros64(m) >> 3; k > 0 {
			n += 1 + k
			c = byteAt(base, i+n)
			if c == ',' || c == '}' || c == ']' {
				i += n
				goto after
			}
		}
	number:
		q.i, q.f = i, f
		if !s.number() {
			goto leave
		}
		base, i, f = q.base, q.i, q.f
		goto after
	}
	switch c {
	case '{':
		if q.depth == quickDepth {
			goto leave
		}
		q.stack[q.depth&(quickDepth-1)] = outer{q.box, f, q.array}
		q.depth++
		if f.done&kindObject == 0 {
			q.i = i
			f = s.t.open(f, kindObject)
			base, i = q.base, q.i
		}
		q.box, q.array = f, false
		i++
		goto object
	case '[':
		if q.depth == quickDepth {
			goto leave
		}
		q.stack[q.depth&(quickDepth-1)] = outer{q.box, f, q.array}
		q.depth++
		if f.done&kindArray == 0 || f.elem == nil {
			q.i = i
			f = s.t.element(s.t.open(f, kindArray))
			base, i = q.base, q.i
		} else {
			f = f.elem
		}
		q.box, q.array = f, true
		i++
		for c = byteAt(base, i); c == ' ' || c == '\t' || c == '\r'; c = byteAt(base, i) {
			i++
		}
		if c == ']' {
			i++
			goto closed
		}
		goto value
	case 't':
		if load64(base, i)&wordBytes != wordTrue {
			goto leave
		}
		i += 4
		if f.done&kindBool != 0 {
			goto after
		}
		q.i, q.f = i, f
		s.t.note(f, kindBool)
		base, i, f = q.base, q.i, q.f
		goto after
	case 'f':
		if load64(base, i+1)&wordBytes != wordAlse {
			goto leave
		}
		i += 5
		if f.done&kindBool != 0 {
			goto after
		}
		q.i, q.f = i, f
		s.t.note(f, kindBool)
		base, i, f = q.base, q.i, q.f
		goto after
	case 'n':
		if load64(base, i)&wordBytes != wordNull {
			goto leave
		}
		i += 4
		if f.done&kindNull != 0 {
			goto after
		}
		q.i, q.f = i, f
		s.t.null(f)
		base, i, f = q.base, q.i, q.f
		goto after
	case '-':
		q.i, q.f = i, f
		if !s.number() {
			goto leave
		}
		base, i, f = q.base, q.i, q.f
		goto after
	case ' ', '\t', '\r':
		i++
		goto value
	}
	goto leave

closed: // an object or array
	if q.depth == 0 {
		goto end
	}
	q.depth--
	{
		o := &q.stack[q.depth&(quickDepth-1)]
		q.box, q.array, f = o.box, o.array, o.last
	}

after: // a value
	c = byteAt(base, i)
	i++
	if c == ',' {
		if !q.array {
			goto comma
		}
		f = q.box
		goto value
	}
	if c == '}' && !q.array || c == ']' && q.array {
		goto closed
	}
	if c == ' ' || c == '\t' || c == '\r' {
		goto after
	}
	goto leave

firstKey:
	q.start = i
	for c = byteAt(base, i); c == ' ' || c == '\t' || c == '\r'; c = byteAt(base, i) {
		i++
	}
	if c == '}' {
		i++
		goto closed
	}
	q.i, q.f = q.start, nil
	if !s.key() {
		goto leave
	}
	base, i, f = q.base, q.i, q.f
	goto value

otherKey:
	guess = f.other
	if guess != nil && guess.text.size != 0 && ((w^guess.text.words[0])&guess.text.masks[0]|
		(load64(base, i+8)^guess.text.words[1])&guess.text.masks[1]|
		(load64(base, i+16)^guess.text.words[2])&guess.text.masks[2]) == 0 &&
		(guess.text.size <= inlineText || guess.text.longKey(q.p, i)) {
		f.next, f.other = guess, f.next
		f = guess
		goto counted
	}
nextKey:
	q.i, q.f = i, f
	if !s.key() {
		goto leave
	}
	base, i, f = q.base, q.i, q.f
	goto value

end: // of the record
	for c = byteAt(base, i); c == ' ' || c == '\t' || c == '\r'; c = byteAt(base, i) {
		i++
	}
	if c != '\n' || s.t.err != nil {
		goto leave
	}
	q.i = i + 1
	s.t.commit()
	s.lines++
	base, i = q.base, q.i
	goto line

leave:
	s.t.rollback()
	return q.line
}

// key reads a key that was not foreseen, behind the one of q.f, with its colon
// and the space around it. It returns false when there is no key, or one that
// is not for the quick scanner.
func (s *scanner) key() bool {
	q, t := &s.cursor, s.t
	base, i, before := q.base, q.i, q.f
	begin := i
	for c := byteAt(base, i); c == ' ' || c == '\t' || c == '\r'; c = byteAt(base, i) {
		i++
	}
	if byteAt(base, i) != '"' {
		return false
	}
	i++
	start := i
	for {
		m := special(load64(base, i))
		if m == 0 {
			i += 8
			continue
		}
		i += bits.TrailingZeros64(m) >> 3
		c := byteAt(base, i)
		if c == '"' {
			break
		}
		if c != '\\' || !q.escape(i) {
			return false
		}
		i = q.i
	}
	raw := q.p[start:i]
	i++
	for c := byteAt(base, i); c == ' ' || c == '\t' || c == '\r'; c = byteAt(base, i) {
		i++
	}
	if byteAt(base, i) != ':' {
		return false
	}
	i++
	for c := byteAt(base, i); c == ' ' || c == '\t' || c == '\r'; c = byteAt(base, i) {
		i++
	}
	f := t.child(q.box, raw)
	if f.fold != nil {
		return false
	}
	q.i, q.f = i, f
	if f == t.sink {
		return true
	}
	f.learn(q.p[begin:i])
	if before == nil {
		q.box.head = f
	} else if before != t.sink && before.next != f {
		before.next, before.other = f, before.next
	}
	return true
}

// escape passes over an escape sequence that begins at i.
func (q *cursor) escape(i int) bool {
	switch byteAt(q.base, i+1) {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		q.i = i + 2
		return true
	case 'u':
		for j := i + 2; j < i+6; j++ {
			if !isHex(byteAt(q.base, j)) {
				return false
			}
		}
		q.i = i + 6
		return true
	}
	return false
}

// text notes a string that may add something: from q.start to q.i.
func (s *scanner) text() {
	q := &s.cursor
	text := q.p[q.start:q.i]
	if len(text) > maxTime {
		text = nil
	}
	s.t.str(q.f, text) // no time has an escape in it
}

// number reads a number that may add something, or is no plain integer.
func (s *scanner) number() bool {
	q := &s.cursor
	base, i, f := q.base, q.i, q.f
	start := i
	if byteAt(base, i) == '-' {
		i++
	}
	first := byteAt(base, i)
	n := digits(base, i)
	if n == 0 || first == '0' && n > 1 {
		return false
	}
	i += n
	plain, double := true, false
	if byteAt(base, i) == '.' {
		n = digits(base, i+1)
		if n == 0 {
			return false
		}
		i += 1 + n
		// 15 digits and a point: see classifyNumber.
		plain, double = false, i-start <= 16
	}
	if byteAt(base, i)|0x20 == 'e' {
		i++
		if c := byteAt(base, i); c == '+' || c == '-' {
			i++
		}
		n = digits(base, i)
		if n == 0 {
			return false
		}
		i += n
		plain, double = false, false
	}
	if !(plain && i-start <= 18 && f.done&kindInt != 0 || double && f.done&kindDouble != 0) {
		s.t.number(f, q.p[start:i])
	}
	q.i = i
	return true
}

// digits counts the digits at i.
func digits(base unsafe.Pointer, i int) int {
	n := 0
	for {
		if m := nondigits(load64(base, i+n)); m != 0 {
			return n + bits.TrailingZeros64(m)>>3
		}
		n += 8
	}
}
