package ndjson

import (
	"math/bits"
	"unsafe"
)

// isText reports whether the value at q.start is a string.
func (q *cursor) isText() bool { return byteAt(q.base, q.start-1) == '"' }

// scalar reads the value at q.i, as q.start; of a string, its inside and the
// closing quote.
func (s *scanner) scalar() bool {
	q, t := &s.cursor, s.t
	q.start = q.i
	if q.isText() {
		if !q.text() {
			return false
		}
		q.i++
		s.noteText()
		return true
	}
	switch w := load64(q.base, q.i); w & wordBytes {
	case wordTrue:
		t.note(q.f, kindBool)
		q.i += 4
	case wordFals:
		if byte(w>>32) != 'e' {
			return false
		}
		t.note(q.f, kindBool)
		q.i += 5
	case wordNull:
		t.null(q.f)
		q.i += 4
	default:
		return s.number()
	}
	return true
}

// text passes over the inside of a string, to its closing quote.
func (q *cursor) text() bool {
	for {
		m := special(load64(q.base, q.i))
		if m == 0 {
			q.i += 8
			continue
		}
		q.i += bits.TrailingZeros64(m) >> 3
		switch byteAt(q.base, q.i) {
		case '"':
			return true
		case '\\':
			if !q.escape() {
				return false
			}
		default:
			return false
		}
	}
}

// simpleEscape reports whether a backslash and c are an escape sequence.
func simpleEscape(c byte) bool {
	switch c {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return true
	}
	return false
}

// escape passes over an escape sequence.
func (q *cursor) escape() bool {
	c := byteAt(q.base, q.i+1)
	if simpleEscape(c) {
		q.i += 2
		return true
	}
	if c == 'u' {
		for j := q.i + 2; j < q.i+6; j++ {
			if !isHex(byteAt(q.base, j)) {
				return false
			}
		}
		q.i += 6
		return true
	}
	return false
}

// noteText notes the string that begins at q.start and ends at q.i.
func (s *scanner) noteText() {
	q := &s.cursor
	text := q.p[q.start : q.i-1]
	if len(text) > maxTime {
		text = nil
	}
	s.t.str(q.f, text) // no time has an escape in it
}

// number reads a number.
func (s *scanner) number() bool {
	q := &s.cursor
	base, i := q.base, q.i
	if byteAt(base, i) == '-' {
		i++
	}
	first := byteAt(base, i)
	n := digits(base, i)
	if n == 0 || first == '0' && n > 1 {
		return false
	}
	i += n
	if byteAt(base, i) == '.' {
		n = digits(base, i+1)
		if n == 0 {
			return false
		}
		i += 1 + n
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
	}
	s.t.number(q.f, q.p[q.i:i])
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
