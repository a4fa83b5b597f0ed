package ndjson

import (
	"bytes"
	"strings"
	"unicode/utf8"
)

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
