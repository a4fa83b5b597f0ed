package asl

import (
	"crypto/md5"  //nolint:gosec // States.Hash offers it
	"crypto/sha1" //nolint:gosec // States.Hash offers it
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"math"
	"math/big"
	"math/rand/v2"
	"strconv"
	"strings"
)

type arity struct{ low, high int }

// arities and functions are the intrinsic functions; both are constant.
var arities = map[string]arity{
	"States.Format": {1, math.MaxInt}, "States.StringToJson": {1, 1}, "States.JsonToString": {1, 1}, "States.Array": {0, math.MaxInt},
	"States.ArrayPartition": {2, 2}, "States.ArrayContains": {2, 2}, "States.ArrayRange": {3, 3}, "States.ArrayGetItem": {2, 2},
	"States.ArrayLength": {1, 1}, "States.ArrayUnique": {1, 1}, "States.Base64Encode": {1, 1}, "States.Base64Decode": {1, 1},
	"States.Hash": {2, 2}, "States.JsonMerge": {3, 3}, "States.MathRandom": {2, 3}, "States.MathAdd": {2, 2},
	"States.StringSplit": {2, 2}, "States.UUID": {0, 0},
}

var functions = map[string]func(scope, []any) (any, error){
	"States.Format": format, "States.StringToJson": stringToJSON, "States.JsonToString": jsonToString, "States.Array": array,
	"States.ArrayPartition": arrayPartition, "States.ArrayContains": arrayContains, "States.ArrayRange": arrayRange,
	"States.ArrayGetItem": arrayGetItem, "States.ArrayLength": arrayLength, "States.ArrayUnique": arrayUnique,
	"States.Base64Encode": base64Encode, "States.Base64Decode": base64Decode, "States.Hash": hashOf, "States.JsonMerge": jsonMerge,
	"States.MathRandom": mathRandom, "States.MathAdd": mathAdd, "States.StringSplit": stringSplit, "States.UUID": newUUID,
}

func needText(v any) (string, error) {
	s, ok := v.(string)
	if !ok {
		return "", fmt.Errorf("expected a string, but was %s", Print(v))
	}
	return s, nil
}

func needList(v any) ([]any, error) {
	l, ok := v.([]any)
	if !ok {
		return nil, fmt.Errorf("expected an array, but was %s", Print(v))
	}
	return l, nil
}

// rounded is a number as the nearest integer, a half going up.
func rounded(v any) (int64, error) {
	r := rat(v)
	if r == nil {
		return 0, fmt.Errorf("expected a number, but was %s", Print(v))
	}
	half := new(big.Rat).Add(r, big.NewRat(1, 2))
	n := new(big.Int).Div(half.Num(), half.Denom()) // Euclidean: towards minus infinity
	if !n.IsInt64() {
		return 0, fmt.Errorf("the number %s is too large", Print(v))
	}
	return n.Int64(), nil
}

func number(n int64) Number { return Number(strconv.FormatInt(n, 10)) }

// format replaces each {} by the next argument; \{ \} \\ are plain.
func format(_ scope, args []any) (any, error) {
	template, err := needText(args[0])
	if err != nil {
		return nil, err
	}
	var b strings.Builder
	next := 1
	for i := 0; i < len(template); i++ {
		switch c := template[i]; {
		case c == '\\' && i+1 < len(template):
			i++
			b.WriteByte(template[i])
		case c == '{' && i+1 < len(template) && template[i+1] == '}':
			if next == len(args) {
				return nil, errors.New("number of arguments do not match the occurrences of {}")
			}
			b.WriteString(toString(args[next]))
			next++
			i++
		case c == '{' || c == '}':
			return nil, fmt.Errorf("an unescaped %c in %q", c, template)
		default:
			b.WriteByte(c)
		}
	}
	if next != len(args) {
		return nil, errors.New("number of arguments do not match the occurrences of {}")
	}
	return b.String(), nil
}

func stringToJSON(_ scope, args []any) (any, error) {
	text, err := needText(args[0])
	if err != nil || strings.TrimSpace(text) == "" {
		return nil, err
	}
	v, err := Parse(text)
	if err != nil {
		return nil, fmt.Errorf("invalid JSON: %w", err)
	}
	return v, nil
}

func jsonToString(_ scope, args []any) (any, error) { return Print(args[0]), nil }

func array(_ scope, args []any) (any, error) { return args, nil }

func arrayPartition(_ scope, args []any) (any, error) {
	list, err := needList(args[0])
	if err != nil {
		return nil, err
	}
	size, err := rounded(args[1])
	if err != nil {
		return nil, err
	}
	if size <= 0 {
		return nil, errors.New("the chunk size must be a positive number")
	}
	out := []any{}
	for len(list) > 0 {
		n := min(size, int64(len(list)))
		out = append(out, list[:n:n])
		list = list[n:]
	}
	return out, nil
}

func arrayContains(_ scope, args []any) (any, error) {
	list, err := needList(args[0])
	if err != nil {
		return nil, err
	}
	return contains(list, args[1]), nil
}

func arrayRange(_ scope, args []any) (any, error) {
	var n [3]int64
	for i := range n {
		var err error
		if n[i], err = rounded(args[i]); err != nil {
			return nil, err
		}
	}
	from, to, step := n[0], n[1], n[2]
	if step == 0 {
		return nil, errors.New("the step of a range must not be 0")
	}
	out := []any{}
	for v := from; step > 0 && v <= to || step < 0 && v >= to; v += step {
		if len(out) == 1000 {
			return nil, errors.New("the range has more than 1000 elements")
		}
		out = append(out, number(v))
		if step > 0 && v > math.MaxInt64-step || step < 0 && v < math.MinInt64-step {
			break
		}
	}
	return out, nil
}

func arrayGetItem(_ scope, args []any) (any, error) {
	list, err := needList(args[0])
	if err != nil {
		return nil, err
	}
	i, err := rounded(args[1])
	if err != nil {
		return nil, err
	}
	if i < 0 || i >= int64(len(list)) {
		return nil, fmt.Errorf("the index %d is outside the array of %d elements", i, len(list))
	}
	return list[i], nil
}

func arrayLength(_ scope, args []any) (any, error) {
	list, err := needList(args[0])
	if err != nil {
		return nil, err
	}
	return number(int64(len(list))), nil
}

func arrayUnique(_ scope, args []any) (any, error) {
	list, err := needList(args[0])
	if err != nil {
		return nil, err
	}
	out := []any{}
	for _, v := range list {
		if !contains(out, v) {
			out = append(out, v)
		}
	}
	return out, nil
}

const maxText = 10000 // characters of an argument of the encoding functions

func shortText(v any) (string, error) {
	text, err := needText(v)
	if err == nil && len([]rune(text)) > maxText {
		err = fmt.Errorf("the string has more than %d characters", maxText)
	}
	return text, err
}

func base64Encode(_ scope, args []any) (any, error) {
	text, err := shortText(args[0])
	return base64.StdEncoding.EncodeToString([]byte(text)), err
}

func base64Decode(_ scope, args []any) (any, error) {
	text, err := shortText(args[0])
	if err != nil {
		return nil, err
	}
	b, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return nil, fmt.Errorf("invalid base64: %w", err)
	}
	return string(b), nil
}

func hashOf(_ scope, args []any) (any, error) {
	text, ok := args[0].(string)
	if !ok {
		text = Print(args[0])
	}
	if _, err := shortText(text); err != nil {
		return nil, err
	}
	name, err := needText(args[1])
	if err != nil {
		return nil, err
	}
	var h hash.Hash
	switch name {
	case "MD5":
		h = md5.New() //nolint:gosec // see above
	case "SHA-1":
		h = sha1.New() //nolint:gosec // see above
	case "SHA-256":
		h = sha256.New()
	case "SHA-384":
		h = sha512.New384()
	case "SHA-512":
		h = sha512.New()
	default:
		return nil, fmt.Errorf("unknown hash algorithm %q", name)
	}
	h.Write([]byte(text)) // never fails, says hash.Hash
	return hex.EncodeToString(h.Sum(nil)), nil
}

func jsonMerge(_ scope, args []any) (any, error) {
	a, okA := args[0].(*Object)
	b, okB := args[1].(*Object)
	switch deep := args[2]; {
	case deep == true:
		return nil, errors.New("only shallow merging is supported")
	case deep != false:
		return nil, errors.New("the third argument must be a boolean")
	case !okA || !okB:
		return nil, errors.New("the first two arguments must be JSON objects")
	}
	out := NewObject()
	for _, o := range []*Object{a, b} {
		for _, name := range o.names {
			out.set(name, o.values[name])
		}
	}
	return out, nil
}

func mathRandom(sc scope, args []any) (any, error) {
	from, err := rounded(args[0])
	if err != nil {
		return nil, err
	}
	to, err := rounded(args[1])
	if err != nil {
		return nil, err
	}
	if from > to || to-from < 0 {
		return nil, fmt.Errorf("the range from %d to %d is empty", from, to)
	}
	random := sc.random
	if len(args) == 3 {
		seed, err := rounded(args[2])
		if err != nil {
			return nil, err
		}
		random = rand.New(rand.NewPCG(uint64(seed), 0)).Float64 //nolint:gosec // not for secrets; the same seed, the same number
	}
	return number(from + int64(random()*float64(to-from))), nil
}

func mathAdd(_ scope, args []any) (any, error) {
	a, err := rounded(args[0])
	if err != nil {
		return nil, err
	}
	b, err := rounded(args[1])
	if err != nil {
		return nil, err
	}
	return number(a + b), nil
}

// stringSplit splits at each of the delimiter's characters; empty parts are
// dropped.
func stringSplit(_ scope, args []any) (any, error) {
	text, err := needText(args[0])
	if err != nil {
		return nil, err
	}
	delimiters, err := needText(args[1])
	if err != nil {
		return nil, err
	}
	out := []any{}
	for _, part := range strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune(delimiters, r) }) {
		out = append(out, part)
	}
	return out, nil
}

func newUUID(sc scope, _ []any) (any, error) { return sc.uuid(), nil }
