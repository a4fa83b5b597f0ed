package hive

import (
	"math"
	"math/big"
	"strconv"
	"strings"
)

// CanCoerce reports whether a table of type to can be read through a partition
// of type from. Where it can not, Athena fails with
// HIVE_PARTITION_SCHEMA_MISMATCH. The rules are those of Trino's
// HiveCoercionPolicy: notably neither bigint nor boolean becomes double or
// string becomes double.
func CanCoerce(from, to Type) bool {
	if from.Equal(to) {
		return true
	}
	varchar := func(t Type) bool { return t.Kind == String || t.Kind == Varchar }
	switch {
	case varchar(from) && varchar(to), from.Kind == Char && to.Kind == Char:
		return true
	case varchar(to):
		return from.Integer() || from.Kind == Decimal
	case varchar(from):
		return to.Integer()
	case from.Integer():
		return to.Integer() && from.Kind < to.Kind
	case from.Kind == Float:
		return to.Kind == Double || to.Kind == Decimal
	case from.Kind == Double:
		return to.Kind == Float || to.Kind == Decimal
	case from.Kind == Decimal:
		return to.Kind == Decimal || to.Kind == Float || to.Kind == Double
	case from.Kind == Array && to.Kind == Array:
		return CanCoerce(*from.Elem, *to.Elem)
	case from.Kind == Map && to.Kind == Map:
		return CanCoerce(*from.Key, *to.Key) && CanCoerce(*from.Elem, *to.Elem)
	case from.Kind == Struct && to.Kind == Struct:
		// Fields come and go at the end; the others keep name and place.
		for i := range min(len(from.Fields), len(to.Fields)) {
			if from.Fields[i].Name != to.Fields[i].Name || !CanCoerce(from.Fields[i].Type, to.Fields[i].Type) {
				return false
			}
		}
		return true
	}
	return false
}

// Coerce turns a value of type from into one of type to. What does not fit
// becomes NULL. CanCoerce must hold.
func Coerce(v any, from, to Type) any {
	if v == nil || from.Equal(to) {
		return v
	}
	switch to.Kind {
	case String, Varchar, Char:
		return Truncate(coerceText(v), to)
	case TinyInt, SmallInt, Int, BigInt:
		if s, ok := v.(string); ok {
			n, err := strconv.ParseInt(s, 10, 64)
			if err != nil || !FitsInteger(n, to) {
				return nil
			}
			return n
		}
		return v // a wider integer
	case Float, Double:
		return coerceFloat(v, to)
	case Decimal:
		return coerceDecimal(v, to)
	case Array:
		items := v.([]any)
		out := make([]any, len(items))
		for i, item := range items {
			out[i] = Coerce(item, *from.Elem, *to.Elem)
		}
		return out
	case Map:
		entries := v.([]Entry)
		out := make([]Entry, 0, len(entries))
		for _, e := range entries {
			if key := Coerce(e.Key, *from.Key, *to.Key); key != nil {
				out = append(out, Entry{key, Coerce(e.Value, *from.Elem, *to.Elem)})
			}
		}
		return out
	case Struct:
		fields := v.([]any)
		out := make([]any, len(to.Fields))
		for i := range min(len(fields), len(out)) {
			out[i] = Coerce(fields[i], from.Fields[i].Type, to.Fields[i].Type)
		}
		return out
	}
	return v
}

func coerceText(v any) string {
	switch v := v.(type) {
	case int64:
		return strconv.FormatInt(v, 10)
	case Number:
		return v.String()
	}
	return v.(string)
}

func coerceFloat(v any, to Type) any {
	f, ok := v.(float64)
	if n, isNumber := v.(Number); isNumber {
		f, _ = new(big.Rat).SetFrac(n.Unscaled, new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(n.Scale)), nil)).Float64()
	} else if !ok {
		return nil
	}
	if to.Kind == Float {
		return float64(float32(f))
	}
	return f
}

func coerceDecimal(v any, to Type) any {
	n, ok := v.(Number)
	if f, isFloat := v.(float64); isFloat {
		if math.IsNaN(f) || math.IsInf(f, 0) {
			return nil
		}
		n, ok = ParseNumber(strconv.FormatFloat(f, 'f', -1, 64))
	}
	if !ok {
		return nil
	}
	if n = n.Rescale(to.Scale); n.Overflows(to.Precision) {
		return nil
	}
	return n
}

// FitsInteger reports whether n is in the range of the integer type t.
func FitsInteger(n int64, t Type) bool {
	switch t.Kind {
	case TinyInt:
		return n == int64(int8(n))
	case SmallInt:
		return n == int64(int16(n))
	case Int:
		return n == int64(int32(n))
	}
	return true
}

// Truncate cuts s to the length of a varchar or char; a char loses its
// trailing spaces as well.
func Truncate(s string, t Type) string {
	if t.Kind == String {
		return s
	}
	count := 0
	for i := range s {
		if count == t.Precision {
			s = s[:i]
			break
		}
		count++
	}
	if t.Kind == Char {
		s = strings.TrimRight(s, " ")
	}
	return s
}

// maxExponent bounds what an exponent may add to the length of a number.
const maxExponent = 10000

// ParseNumber reads a decimal as Java's BigDecimal does: sign, digits, point,
// exponent, and nothing around them.
func ParseNumber(s string) (Number, bool) {
	mantissa, exponent := s, 0
	if i := strings.IndexAny(s, "eE"); i >= 0 {
		n, err := strconv.Atoi(strings.TrimPrefix(s[i+1:], "+"))
		if err != nil || n > maxExponent || n < -maxExponent || strings.HasPrefix(s[i+1:], "+-") {
			return Number{}, false
		}
		mantissa, exponent = s[:i], n
	}
	sign := ""
	if mantissa != "" && (mantissa[0] == '-' || mantissa[0] == '+') {
		sign, mantissa = mantissa[:1], mantissa[1:]
	}
	whole, fraction, _ := strings.Cut(mantissa, ".")
	digits := whole + fraction
	if digits == "" || strings.IndexFunc(digits, func(r rune) bool { return r < '0' || r > '9' }) >= 0 {
		return Number{}, false
	}
	unscaled, ok := new(big.Int).SetString(digits, 10)
	if !ok {
		return Number{}, false
	}
	if sign == "-" {
		unscaled.Neg(unscaled)
	}
	return Number{unscaled, len(fraction) - exponent}, true
}
