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

// frame of the quick scanner: what to go on with after a value.
type outer struct {
	box   *field // the object, or the array's element
	last  *field // the key whose value it was
	array bool
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
	t := s.t
	base := unsafe.Pointer(unsafe.SliceData(p))
	var stack [quickDepth]outer
	i := at
	var (
		box, f, guess *field
		depth         int
		array         bool
		start         int
		c             byte
		w, m          uint64
	)

line:
	at = i
	if i >= len(p) || byteAt(base, i) != '{' {
		return at
	}
	depth, box, array = 0, t.root, false
	i++

object: // behind {
	guess = box.head
	if guess == nil {
		goto firstKey
	}
	w = load64(base, i)
	if (w^guess.text.words[0])&guess.text.masks[0] != 0 || guess.text.size == 0 {
		goto firstKey
	}
	if guess.text.size > 8 {
		if (load64(base, i+8)^guess.text.words[1])&guess.text.masks[1] != 0 ||
			(load64(base, i+16)^guess.text.words[2])&guess.text.masks[2] != 0 {
			goto firstKey
		}
		if guess.text.size > inlineText && !guess.text.longKey(p, i) {
			goto firstKey
		}
	}
	f = guess
	i += f.text.size
	goto counted

firstKey:
	start = i
	for c = byteAt(base, i); c == ' ' || c == '\t' || c == '\r'; c = byteAt(base, i) {
		i++
	}
	if c == '}' {
		i++
		goto closed
	}
	f, i = s.key(p, box, nil, start)
	if f == nil {
		goto leave
	}
	goto value

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
		if (load64(base, i+8)^guess.text.words[1])&guess.text.masks[1] != 0 ||
			(load64(base, i+16)^guess.text.words[2])&guess.text.masks[2] != 0 {
			goto otherKey
		}
		if guess.text.size > inlineText && !guess.text.longKey(p, i) {
			goto otherKey
		}
	}
	f = guess
	i += f.text.size

counted:
	if f.column && f.seen != t.record {
		f.seen = t.record
		f.present++
	}

value: // of f
	c = byteAt(base, i)
	if c == '"' {
		i++
		start = i
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
			if c != '\\' {
				goto leave
			}
			if i = escape(base, i); i == 0 {
				goto leave
			}
			goto text
		}
		if f.done&kindString == 0 {
			s.text(f, p[start:i])
		}
		i++
		goto after
	}
	if c-'0' <= 9 {
		m = nondigits(load64(base, i))
		if m != 0 {
			n := bits.TrailingZeros64(m) >> 3
			d := byteAt(base, i+n)
			if d|0x20 != 'e' && d != '.' && (c != '0' || n == 1) && f.done&kindInt != 0 {
				i += n
				goto after
			}
		}
		if i = s.number(p, f, i); i == 0 {
			goto leave
		}
		goto after
	}
	switch c {
	case '{':
		if depth == quickDepth {
			goto leave
		}
		stack[depth] = outer{box, f, array}
		depth++
		if f.done&kindObject == 0 {
			f = t.open(f, kindObject)
		}
		box, array = f, false
		i++
		goto object
	case '[':
		if depth == quickDepth {
			goto leave
		}
		stack[depth] = outer{box, f, array}
		depth++
		if f.done&kindArray == 0 || f.elem == nil {
			f = t.open(f, kindArray)
			f = t.element(f)
		} else {
			f = f.elem
		}
		box, array = f, true
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
		if f.done&kindBool == 0 {
			t.note(f, kindBool)
		}
		goto after
	case 'f':
		if load64(base, i+1)&wordBytes != wordAlse {
			goto leave
		}
		i += 5
		if f.done&kindBool == 0 {
			t.note(f, kindBool)
		}
		goto after
	case 'n':
		if load64(base, i)&wordBytes != wordNull {
			goto leave
		}
		i += 4
		if f.done&kindNull == 0 {
			t.null(f)
		}
		goto after
	case '-':
		if i = s.number(p, f, i); i == 0 {
			goto leave
		}
		goto after
	case ' ', '\t', '\r':
		i++
		goto value
	}
	goto leave

closed: // an object or array
	if depth == 0 {
		goto end
	}
	depth--
	box, f, array = stack[depth].box, stack[depth].last, stack[depth].array

after: // a value
	c = byteAt(base, i)
	i++
	if c == ',' {
		if !array {
			goto comma
		}
		f = box
		goto value
	}
	if c == '}' && !array || c == ']' && array {
		goto closed
	}
	if c == ' ' || c == '\t' || c == '\r' {
		goto after
	}
	goto leave

otherKey:
	guess = f.other
	if guess != nil && guess.text.size != 0 && (w^guess.text.words[0])&guess.text.masks[0] == 0 &&
		(load64(base, i+8)^guess.text.words[1])&guess.text.masks[1] == 0 &&
		(load64(base, i+16)^guess.text.words[2])&guess.text.masks[2] == 0 &&
		(guess.text.size <= inlineText || guess.text.longKey(p, i)) {
		f.next, f.other = guess, f.next
		f = guess
		i += f.text.size
		goto counted
	}
nextKey:
	f, i = s.key(p, box, f, i)
	if f == nil {
		goto leave
	}
	goto value

end: // of the record
	for c = byteAt(base, i); c == ' ' || c == '\t' || c == '\r'; c = byteAt(base, i) {
		i++
	}
	if c != '\n' || t.err != nil {
		goto leave
	}
	i++
	t.commit()
	s.lines++
	goto line

leave:
	t.rollback()
	return at
}

// key reads a key that was not foreseen, its colon, and the space around it.
// Without a key, or with one that is not for the quick scanner, it returns nil.
func (s *scanner) key(p []byte, box, before *field, i int) (*field, int) {
	t := s.t
	base := unsafe.Pointer(unsafe.SliceData(p))
	begin := i
	for c := byteAt(base, i); c == ' ' || c == '\t' || c == '\r'; c = byteAt(base, i) {
		i++
	}
	if byteAt(base, i) != '"' {
		return nil, 0
	}
	i++
	start := i
	for {
		w := load64(base, i)
		m := special(w)
		if m == 0 {
			i += 8
			continue
		}
		i += bits.TrailingZeros64(m) >> 3
		c := byteAt(base, i)
		if c == '"' {
			break
		}
		if c != '\\' {
			return nil, 0
		}
		if i = escape(base, i); i == 0 {
			return nil, 0
		}
	}
	raw := p[start:i]
	i++
	for c := byteAt(base, i); c == ' ' || c == '\t' || c == '\r'; c = byteAt(base, i) {
		i++
	}
	if byteAt(base, i) != ':' {
		return nil, 0
	}
	i++
	for c := byteAt(base, i); c == ' ' || c == '\t' || c == '\r'; c = byteAt(base, i) {
		i++
	}
	f := t.child(box, raw)
	if f.fold != nil {
		return nil, 0
	}
	if f == t.sink {
		return f, i
	}
	f.learn(p[begin:i])
	if before == nil {
		box.head = f
	} else if before != t.sink && before.next != f {
		before.next, before.other = f, before.next
	}
	return f, i
}

// escape passes over an escape sequence that begins at i; 0 says that it is
// none.
func escape(base unsafe.Pointer, i int) int {
	switch byteAt(base, i+1) {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return i + 2
	case 'u':
		for j := i + 2; j < i+6; j++ {
			if !isHex(byteAt(base, j)) {
				return 0
			}
		}
		return i + 6
	}
	return 0
}

// text notes a string that may add something.
func (s *scanner) text(f *field, text []byte) {
	if len(text) > maxTime {
		text = nil
	}
	for _, c := range text {
		if c == '\\' {
			text = nil
			break
		}
	}
	s.t.str(f, text)
}

// number reads a number that may add something, or is no plain integer; 0
// says that it is none.
func (s *scanner) number(p []byte, f *field, i int) int {
	base := unsafe.Pointer(unsafe.SliceData(p))
	start := i
	if byteAt(base, i) == '-' {
		i++
	}
	first := byteAt(base, i)
	n := digits(base, i)
	if n == 0 || first == '0' && n > 1 {
		return 0
	}
	i += n
	simple := true
	if byteAt(base, i) == '.' {
		n = digits(base, i+1)
		if n == 0 {
			return 0
		}
		i += 1 + n
		// 15 digits and a point: see classifyNumber.
		if c := byteAt(base, i); c|0x20 != 'e' && i-start <= 16 && f.done&kindDouble != 0 {
			return i
		}
		simple = false
	}
	if byteAt(base, i)|0x20 == 'e' {
		i++
		if c := byteAt(base, i); c == '+' || c == '-' {
			i++
		}
		n = digits(base, i)
		if n == 0 {
			return 0
		}
		i += n
		simple = false
	}
	if simple && i-start <= 18 && f.done&kindInt != 0 {
		return i
	}
	s.t.number(f, p[start:i])
	return i
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
