package schema

import (
	"maps"
	"slices"
	"strings"
)

// Schema is what a set of records looks like. The zero value is the schema of
// no records. Schemas that come from this package are normal: columns sorted
// by name, caps applied, names unique. One written by hand is made normal by
// [Merge] and by marshalling.
type Schema struct {
	// Columns in the order of their names.
	Columns []Column
	// CaseSensitive says that one object of a record held two keys that differ
	// by case only. The table then needs "case.insensitive"="false".
	CaseSensitive bool
	// Overflow says that there were more than MaxColumns columns, of which
	// some were left out.
	Overflow bool
	// Partitions are the names of the partition columns, sorted, which no
	// other column may have.
	Partitions []string
}

// Column is one column of the table.
type Column struct {
	// Name as Glue and Athena have it.
	Name string
	// Type of the column.
	Type Type
	// Key in the record; the empty text is a key like any other.
	Key string
	// Variants holds the keys that differ by case only and are read as this
	// one column, when there are several, with the type of each.
	Variants []Member
}

// Keys are the keys in the record that are read as this column.
func (c Column) Keys() []string {
	if len(c.Variants) == 0 {
		return []string{c.Key}
	}
	keys := make([]string, len(c.Variants))
	for i, v := range c.Variants {
		keys[i] = v.Key
	}
	return keys
}

// New returns the schema of the columns given by Key and Type.
func New(columns []Column, partitions ...string) Schema {
	return Schema{Columns: columns, Partitions: partitions}.normal()
}

// Merge returns the schema of the records of both.
func Merge(a, b Schema) Schema {
	state := a.keys()
	for key, t := range b.keys() {
		state[key] = MergeTypes(state[key], t)
	}
	partitions := slices.Concat(a.Partitions, b.Partitions)
	return build(state, partitions, a.CaseSensitive || b.CaseSensitive, a.Overflow || b.Overflow)
}

func (s Schema) normal() Schema { return Merge(s, Schema{}) }

// keys returns the type of every key: what a schema is, before names.
func (s Schema) keys() map[string]Type {
	state := make(map[string]Type, len(s.Columns))
	for _, c := range s.Columns {
		if len(c.Variants) > 0 {
			for _, v := range c.Variants {
				state[v.Key] = MergeTypes(state[v.Key], v.Type)
			}
			continue
		}
		state[c.Key] = MergeTypes(state[c.Key], c.Type)
	}
	return state
}

func build(state map[string]Type, partitions []string, caseSensitive, overflow bool) Schema {
	slices.Sort(partitions)
	s := Schema{Partitions: slices.Compact(partitions), CaseSensitive: caseSensitive, Overflow: overflow}
	s.Overflow = s.Overflow || len(state) > MaxColumns
	if s.Overflow {
		cut(state)
		// Which keys stood together cannot be told of those that were left
		// out: each that is left is read by its exact key.
		s.CaseSensitive = true
	}
	top := slices.Sorted(maps.Keys(state))
	visible := Type{kind: Struct}
	for _, key := range top {
		state[key] = clamp(state[key], 1)
		visible.members = append(visible.members, Member{Key: key, Type: state[key]})
	}
	nested := map[string]bool{}
	for _, c := range foldKeys(visible, s.CaseSensitive).members {
		collectKeys(c.Type, nested)
	}
	n := newNamer(top, slices.Collect(maps.Keys(nested)), s.CaseSensitive, func(name string) bool {
		return IsReserved(name) || slices.Contains(s.Partitions, name)
	})
	for _, key := range top {
		t := rename(state[key], n.nested)
		s.Columns = append(s.Columns, Column{Name: n.top(key), Type: t, Key: key})
	}
	// Stable: the keys are sorted, so that of several variants the smallest
	// comes first and is the one that the mapping names.
	slices.SortStableFunc(s.Columns, func(a, b Column) int { return strings.Compare(a.Name, b.Name) })
	s.Columns = joinVariants(s.Columns)
	return s
}

// foldKeys joins members whose keys differ by case only, as the names do. Keys
// that vanish in it, because their object meets a scalar, need no names.
func foldKeys(t Type, caseSensitive bool) Type {
	if caseSensitive {
		return t
	}
	switch t.kind {
	case Array, Map:
		parts := make([]Type, len(t.parts))
		for i, p := range t.parts {
			parts[i] = foldKeys(p, false)
		}
		t.parts = parts
	case Struct:
		place := map[string]int{} // by key in lower case
		var members []Member
		for _, m := range t.members {
			lower := strings.ToLower(m.Key)
			i, ok := place[lower]
			if !ok {
				place[lower] = len(members)
				members = append(members, Member{Key: m.Key, Type: m.Type})
				continue
			}
			members[i].Type = MergeTypes(members[i].Type, m.Type)
		}
		for i, m := range members {
			members[i].Type = foldKeys(m.Type, false)
		}
		t.members = members
	}
	return t
}

func joinVariants(sorted []Column) []Column {
	out := sorted[:0]
	for _, c := range sorted {
		last := len(out) - 1
		if last < 0 || out[last].Name != c.Name {
			out = append(out, c)
			continue
		}
		if out[last].Variants == nil {
			out[last].Variants = []Member{{Key: out[last].Key, Type: out[last].Type}}
		}
		out[last].Variants = append(out[last].Variants, Member{Key: c.Key, Type: c.Type})
		out[last].Type = mergeNamed(out[last].Type, c.Type)
	}
	return out
}

// cut keeps the first OverflowColumns keys that do not look like identifiers.
// The smallest n of a union are the smallest n of the smallest n of its parts:
// that makes it independent of order.
func cut(state map[string]Type) {
	names := make([]string, 0, len(state))
	for key := range state {
		if LooksLikeID(key) {
			delete(state, key)
			continue
		}
		names = append(names, key)
	}
	if len(names) <= OverflowColumns {
		return
	}
	slices.SortFunc(names, CompareKeys)
	for _, key := range names[OverflowColumns:] {
		delete(state, key)
	}
}

// LooksLikeID reports whether a key is more likely data than a name: it holds
// a digit or is very long. Used only where there are too many keys.
func LooksLikeID(key string) bool {
	return len(key) > 64 || strings.ContainsAny(key, "0123456789")
}

// CompareKeys is the order in which keys are kept when there are too many:
// shorter first, then by their bytes.
func CompareKeys(a, b string) int {
	if len(a) != len(b) {
		return len(a) - len(b)
	}
	return strings.Compare(a, b)
}

// Settled returns the schema without what is not known yet: see [Type.Settle].
// It is what may be written to a catalog.
func (s Schema) Settled() Schema {
	state := s.keys()
	for key, t := range state {
		settled, ok := t.Settle()
		if !ok {
			delete(state, key)
			continue
		}
		state[key] = settled
	}
	return build(state, slices.Clone(s.Partitions), s.CaseSensitive, s.Overflow)
}

// Mapping returns, for every name that is not the key itself, the key in the
// record: what the OpenX SerDe takes as "mapping.<name>". Without case
// sensitivity the SerDe compares keys in lower case, so that one of several
// variants stands for all. Names below the top level are included: the SerDe
// applies a mapping on every level.
func (s Schema) Mapping() map[string]string {
	out := map[string]string{}
	var nested func(Type)
	nested = func(t Type) {
		for _, p := range t.parts {
			nested(p)
		}
		for _, m := range t.members {
			nested(m.Type)
			// Below the top level lower-casing alone needs no entry.
			if m.Name != "" && m.Name != m.Key && (s.CaseSensitive || m.Name != strings.ToLower(m.Key)) {
				if old, ok := out[m.Name]; !ok || m.Key < old {
					out[m.Name] = m.Key
				}
			}
		}
	}
	for _, c := range s.Columns {
		nested(c.Type)
	}
	for _, c := range s.Columns {
		if c.Key != c.Name {
			out[c.Name] = c.Key
		}
	}
	return out
}

// Column returns the column of that name.
func (s Schema) Column(name string) (Column, bool) {
	for _, c := range s.Columns {
		if c.Name == name {
			return c, true
		}
	}
	return Column{}, false
}
