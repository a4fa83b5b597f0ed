package provider

import (
	"bytes"
	"encoding/json"
	"reflect"
	"slices"
	"strconv"
)

// same says whether two texts are one document.
func (d document) same(a, b string) bool {
	if a == b {
		return true
	}
	if d == plainText || a == "" || b == "" {
		return false
	}
	if d == decimalText {
		x, errX := strconv.ParseFloat(a, 64)
		y, errY := strconv.ParseFloat(b, 64)
		return errX == nil && errY == nil && x == y
	}
	x, errX := parseJSON(a)
	y, errY := parseJSON(b)
	if errX != nil || errY != nil {
		return false
	}
	if d == policyDocument {
		x, y = canonicalPolicy(x), canonicalPolicy(y)
	}
	return reflect.DeepEqual(x, y)
}

func parseJSON(s string) (any, error) {
	var v any
	d := json.NewDecoder(bytes.NewReader([]byte(s)))
	d.UseNumber()
	err := d.Decode(&v)
	return v, err
}

// canonicalPolicy brings an IAM policy document to one form: where IAM takes a
// list, one element alone is the same as a list of it, and order means nothing
// (IAM user guide, "Grammar of the IAM JSON policy language").
func canonicalPolicy(v any) any {
	switch v := v.(type) {
	case map[string]any:
		m := make(map[string]any, len(v))
		for k, e := range v {
			e = canonicalPolicy(e)
			if list, ok := e.([]any); ok && k != "Statement" && len(list) == 1 {
				e = list[0]
			}
			if k == "Statement" {
				if _, ok := e.([]any); !ok {
					e = []any{e}
				}
			}
			m[k] = e
		}
		return m
	case []any:
		list := make([]any, len(v))
		for i, e := range v {
			list[i] = canonicalPolicy(e)
		}
		slices.SortFunc(list, func(a, b any) int { return bytes.Compare(mustJSON(a), mustJSON(b)) })
		return list
	default:
		return v
	}
}

// mustJSON is the canonical text of a value that came out of parseJSON.
func mustJSON(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return b
}
