package schema

import "strings"

// Caps of a schema. See the package comment for what happens beyond them.
const (
	// MaxColumns is how many different columns a table may have.
	MaxColumns = 4096
	// OverflowColumns is how many are kept of a table that has more.
	OverflowColumns = 512
	// MaxMembers is how many different keys an object may have below the top
	// level before it is a map.
	MaxMembers = 512
	// MaxDepth is how many arrays and objects may lie within each other,
	// counted from the column.
	MaxDepth = 16
)

// MergeTypes returns the least type that reads every value of both. It is
// commutative, associative and idempotent. Caps are not applied: they belong
// to a place in a [Schema].
func MergeTypes(a, b Type) Type {
	if a.kind > b.kind {
		a, b = b, a
	}
	if a.kind == b.kind {
		return mergeSame(a, b)
	}
	switch {
	case a.kind == Unknown:
		return b
	case a.kind == Struct && b.kind == Map:
		if len(a.members) == 0 {
			return b
		}
		return stringMap()
	case integerDigits(a) > 0 && integerDigits(b) > 0:
		if integerDigits(a) > integerDigits(b) {
			return a
		}
		return b
	case isNumber(a) && isNumber(b):
		return mergeNumbers(a, b)
	}
	return Of(String)
}

func stringMap() Type { return MapOf(Of(String), Of(String)) }

func mergeSame(a, b Type) Type {
	switch a.kind {
	case Array:
		return ArrayOf(MergeTypes(a.parts[0], b.parts[0]))
	case Map:
		return MapOf(MergeTypes(a.parts[0], b.parts[0]), MergeTypes(a.parts[1], b.parts[1]))
	case Struct:
		return Type{kind: Struct, members: mergeMembers(a.members, b.members)}
	case Decimal:
		return mergeNumbers(a, b)
	case Opaque:
		if a.text != b.text {
			return Of(String)
		}
	}
	return a
}

func mergeMembers(a, b []Member) []Member {
	out := make([]Member, 0, max(len(a), len(b)))
	for len(a) > 0 && len(b) > 0 {
		switch c := strings.Compare(a[0].Key, b[0].Key); {
		case c < 0:
			out, a = append(out, a[0]), a[1:]
		case c > 0:
			out, b = append(out, b[0]), b[1:]
		default:
			out = append(out, Member{Key: a[0].Key, Type: MergeTypes(a[0].Type, b[0].Type)})
			a, b = a[1:], b[1:]
		}
	}
	return append(append(out, a...), b...)
}

// integerDigits is the number of decimal digits that an integer type can
// need, or 0 for a type that is no integer.
func integerDigits(t Type) int {
	switch t.kind {
	case TinyInt:
		return 3
	case SmallInt:
		return 5
	case Int:
		return 10
	case BigInt:
		return 19
	}
	return 0
}

func isNumber(t Type) bool {
	return integerDigits(t) > 0 || t.kind == Double || t.kind == Float || t.kind == Decimal
}

// mergeNumbers joins two numbers of which at most one is an integer. A
// decimal has no common reading with a binary fraction except its text.
func mergeNumbers(a, b Type) Type {
	if a.kind != Decimal && b.kind != Decimal {
		return Of(Double)
	}
	whole, scale := 0, 0
	for _, t := range [...]Type{a, b} {
		digits := integerDigits(t)
		if t.kind == Decimal {
			digits, scale = t.precision-t.scale, max(scale, t.scale)
		} else if digits == 0 {
			return Of(String)
		}
		whole = max(whole, digits)
	}
	if whole+scale > 38 { // Hive's and Athena's largest precision
		return Of(String)
	}
	return DecimalOf(whole+scale, scale)
}

// clamp applies the caps to a type whose outermost constructor lies at the
// given depth; a column's lies at 1.
func clamp(t Type, depth int) Type {
	if t.kind != Array && t.kind != Struct && t.kind != Map {
		return t
	}
	if depth > MaxDepth {
		return Of(String)
	}
	switch t.kind {
	case Array:
		return ArrayOf(clamp(t.parts[0], depth+1))
	case Map:
		return MapOf(t.parts[0], clamp(t.parts[1], depth+1))
	}
	if len(t.members) > MaxMembers {
		return stringMap()
	}
	out := make([]Member, len(t.members))
	for i, m := range t.members {
		out[i] = Member{Key: m.Key, Type: clamp(m.Type, depth+1)}
	}
	return Type{kind: Struct, members: out}
}
