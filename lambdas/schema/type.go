package schema

import (
	"slices"
	"strings"
)

// Kind is the outermost constructor of a [Type].
type Kind uint8

// The kinds. The first group is what inference produces; the second is found
// only in catalogs that others have written.
const (
	Unknown Kind = iota // null, or nothing seen yet: the bottom of the lattice
	Boolean
	BigInt
	Double
	String // the top of the lattice
	Timestamp
	Array
	Struct
	Map

	TinyInt
	SmallInt
	Int
	Float
	Decimal
	Date
	Binary
	Opaque // a type that is kept as it is written: varchar(10), char(2), uniontype<…>
)

var scalarNames = [...]string{
	Unknown: "unknown", Boolean: "boolean", BigInt: "bigint", Double: "double", String: "string",
	Timestamp: "timestamp", TinyInt: "tinyint", SmallInt: "smallint", Int: "int", Float: "float",
	Date: "date", Binary: "binary",
}

// Type is a Hive type, as precise as inference knows it. It is an immutable
// value; the zero value is [Unknown]. Compare with [Type.Equal].
type Type struct {
	kind             Kind
	precision, scale int      // Decimal
	text             string   // Opaque
	parts            []Type   // Array: element. Map: key, value.
	members          []Member // Struct, sorted by Key
}

// Member is one key of a struct.
type Member struct {
	Key  string // as in the record
	Name string // as in the Hive type; empty means the name that Key has by itself
	Type Type
}

// Of returns the type of a scalar kind. It panics for kinds that need more
// than their name.
func Of(k Kind) Type {
	if int(k) >= len(scalarNames) || scalarNames[k] == "" {
		panic("schema: this kind of type has parts")
	}
	return Type{kind: k}
}

// ArrayOf returns array<elem>; with an [Unknown] element it is the type of [].
func ArrayOf(elem Type) Type { return Type{kind: Array, parts: []Type{elem}} }

// MapOf returns map<key,value>.
func MapOf(key, value Type) Type { return Type{kind: Map, parts: []Type{key, value}} }

// StructOf returns the struct of the members, in any order. Members with the
// same key are merged.
func StructOf(members ...Member) Type {
	sorted := slices.Clone(members)
	slices.SortStableFunc(sorted, func(a, b Member) int { return strings.Compare(a.Key, b.Key) })
	out := sorted[:0]
	for _, m := range sorted {
		if n := len(out); n > 0 && out[n-1].Key == m.Key {
			out[n-1].Type = MergeTypes(out[n-1].Type, m.Type)
			continue
		}
		out = append(out, m)
	}
	return Type{kind: Struct, members: out}
}

// DecimalOf returns decimal(precision,scale).
func DecimalOf(precision, scale int) Type {
	return Type{kind: Decimal, precision: precision, scale: scale}
}

// Kind returns the outermost constructor.
func (t Type) Kind() Kind { return t.kind }

// Elem returns the element of an array; otherwise Unknown.
func (t Type) Elem() Type {
	if t.kind != Array {
		return Type{}
	}
	return t.parts[0]
}

// KeyValue returns the key and the value type of a map; otherwise Unknown.
func (t Type) KeyValue() (key, value Type) {
	if t.kind != Map {
		return Type{}, Type{}
	}
	return t.parts[0], t.parts[1]
}

// Members returns the members of a struct, sorted by key.
func (t Type) Members() []Member { return slices.Clone(t.members) }

// Equal reports whether both are the same type with the same keys.
func (t Type) Equal(u Type) bool {
	if t.kind != u.kind || t.precision != u.precision || t.scale != u.scale || t.text != u.text {
		return false
	}
	return slices.EqualFunc(t.parts, u.parts, Type.Equal) &&
		slices.EqualFunc(t.members, u.members, func(a, b Member) bool {
			return a.Key == b.Key && a.Type.Equal(b.Type)
		})
}

// Settle removes what is not known yet: members that were only ever null, and
// returns false when nothing readable is left, as of null, [] and {}. What
// has settled only ever widens, so that it may be written to a catalog; what
// has not must stay out of it, or the first null would make a string of a
// column for ever.
func (t Type) Settle() (Type, bool) {
	switch t.kind {
	case Unknown:
		return t, false
	case Array:
		elem, ok := t.parts[0].Settle()
		return ArrayOf(elem), ok
	case Map:
		value, ok := t.parts[1].Settle()
		return MapOf(t.parts[0], value), ok
	case Struct:
		kept := make([]Member, 0, len(t.members))
		for _, m := range t.members {
			if settled, ok := m.Type.Settle(); ok {
				kept = append(kept, Member{m.Key, m.Name, settled})
			}
		}
		return Type{kind: Struct, members: kept}, len(kept) > 0
	default:
		return t, true
	}
}
