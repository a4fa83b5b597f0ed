package ndjson

// documents reads JSON documents that hold their records in an array: the
// array under a key of the top-level object, as in CloudTrail's
// {"Records":[…]}, or the top-level array itself.
type documents struct {
	s   *scanner
	key string // "." is the top-level array

	matched  bool // the key at hand is the one
	depth    int  // of the array of records; 0 when outside of it
	inRecord bool
	found    bool
}

// key sees each key before its value.
func (d *documents) sawKey(m *machine) {
	d.matched = false
	if len(m.stack) == 1 && d.depth == 0 {
		var buf [maxKey]byte
		d.matched = string(unescape(buf[:0], m.token)) == d.key
	}
}

// begin is told the first byte of each value and returns its field.
func (d *documents) begin(m *machine, c byte) *field {
	t := m.t
	switch {
	case d.inRecord:
		return m.field
	case d.depth == 0 && c == '[' && (d.key == "." && len(m.stack) == 0 || d.matched && len(m.stack) == 1):
		d.depth, d.found = len(m.stack)+1, true
	case d.depth != 0 && len(m.stack) == d.depth:
		if c == '{' {
			d.inRecord = true
			return t.root
		}
		d.s.malformed(m.offset, "an element that is no JSON object")
	}
	d.matched = false
	return t.sink
}

// end sees the end of each value.
func (d *documents) end(m *machine) {
	switch {
	case d.inRecord && len(m.stack) == d.depth:
		d.inRecord = false
		m.t.commit()
	case len(m.stack) < d.depth:
		d.depth = 0
	}
}
