package ndjson

import "math/bits"

// entry is where follow begins.
type entry uint8

const (
	atValue entry = iota // at a value that is no string
	inText               // behind the opening quote of a string
	pastIt               // behind a value
)

// reason is why follow came back.
type reason uint8

const (
	noBridge  reason = iota // past a value of q.f, and no bridge is there
	newText                 // behind a string that may add something
	another                 // at a value that may add something or is not simple
	container               // at an array or object behind q.over; the value before it is q.from's
	crossing                // at the beginning of q.over, which does more than follow can
)

// follow goes from one value to the next, as long as values are simple and
// add nothing, and bridges lead from one to the other. Where it comes back,
// q.f is the field of the value, q.start is where that begins (behind the
// quote), and q.i where follow stands.
//
// It is where nearly all time goes. It calls nothing, so that what it knows
// stays in registers.
func (s *scanner) follow(begin entry) reason {
	var (
		q          = &s.cursor
		t          = s.t
		record     = t.record
		generation = t.generation
		base       = q.base
		i          = q.i
		start      = q.start
		f          = q.f
		b          = q.over
		c          *field
		last       = q.from
		lastAt     = q.fromAt
		w, m       uint64
		n          int
		why        reason
	)
	switch begin {
	case inText:
		goto text
	case atValue:
		goto plain
	}

bridges:
	for b = f.bridge; b != nil; b = b.alt {
		if ((load64(base, i)^b.words[0])&b.masks[0] | (load64(base, i+8)^b.words[1])&b.masks[1] | uint64(b.generation^generation)) != 0 {
			continue
		}
		if b.size > 16 {
			m = 0
			for k := range b.more {
				m |= (load64(base, i+16+8*k) ^ b.more[k].word) & b.more[k].mask
				if m != 0 {
					break
				}
			}
			if m != 0 {
				continue
			}
		}
		break
	}
	if b == nil {
		why = noBridge
		goto back
	}
	if b.stops {
		if b.line == 0 || len(b.columns) != 1 || b.before != 0 || i+b.size > len(q.p) || t.unsettled() {
			q.over = b
			why = crossing
			goto back
		}
		t.count()
		s.lines++
		q.line = i + b.line
		record = t.record
	}
	if c = b.column; c.seen != record {
		c.seen = record
		c.present++
	}
	last, lastAt = f, i
	i += b.size
	f = b.to
	if !b.quoted {
		goto plain
	}

text:
	start = i
	for {
		if m = special(load64(base, i)); m == 0 {
			i += 8
			if m = special(load64(base, i)); m == 0 {
				i += 8
				continue
			}
		}
		i += bits.TrailingZeros64(m) >> 3
		if byteAt(base, i) == '"' {
			i++
			break
		}
		if byteAt(base, i) != '\\' || !simpleEscape(byteAt(base, i+1)) {
			goto hard
		}
		i += 2
	}
	if f.done&kindString != 0 {
		goto bridges
	}
	if f.rank != 0 && f.kinds&kindString != 0 && i-start == 25 && t.rank == 0 &&
		load64(base, start) == t.clock.minute[0] && load64(base, start+8) == t.clock.minute[1] {
		if w = load64(base, start+16); isMillis(w) {
			seconds, nanos := millis(w)
			t.at.seconds, t.at.nanos = t.clock.base+seconds, nanos
			t.rank = f.rank
			goto bridges
		}
	}
	why = newText
	goto back

plain:
	start = i
	w = load64(base, i)
	m = nondigits(w)
	if m == 0 {
		// Up to 15 digits are exact in a double, too.
		if m = nondigits(load64(base, i+8)); m == 0 || f.done&kindInt == 0 || byte(w) == '0' {
			goto hard
		}
		i += 8 + bits.TrailingZeros64(m)>>3
		goto bridges
	}
	n = bits.TrailingZeros64(m) >> 3
	if n == 0 {
		goto word
	}
	if byte(w) == '0' && n > 1 {
		goto hard
	}
	i += n
	if byteAt(base, i) != '.' {
		if f.done&kindInt == 0 {
			goto hard
		}
		goto bridges
	}
	// Fourteen digits are few enough for any double.
	m = nondigits(load64(base, i+1))
	n = bits.TrailingZeros64(m) >> 3
	if m == 0 || n == 0 || f.done&kindDouble == 0 {
		goto hard
	}
	i += 1 + n
	goto bridges

word:
	// Without a branch, because nobody could foresee it.
	n = 0
	if w&wordBytes == wordTrue {
		n = 4
	}
	if w&(1<<40-1) == wordFalse {
		n = 5
	}
	if n != 0 && f.done&kindBool != 0 {
		i += n
		goto bridges
	}
	switch w & wordBytes {
	case wordNull:
		if f.done&kindNull != 0 {
			i += 4
			goto bridges
		}
		if f.kinds&kindNull != 0 { // of a column, where nulls are counted
			if f.seenNull != record {
				f.seenNull = record
				f.nulls++
			}
			i += 4
			goto bridges
		}
	}

	if byte(w) == '{' || byte(w) == '[' {
		q.over, q.from, q.fromAt = b, last, lastAt
		why = container
		goto back
	}

hard:
	i = start
	why = another

back:
	q.i, q.f, q.start = i, f, start
	return why
}
