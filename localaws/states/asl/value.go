package asl

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/big"
	"strings"
)

// A JSON value is nil, bool, string, Number, []any or *Object. Values are
// shared between states and must not be changed once they are made.

// Number is a JSON number as it was written.
type Number string

// Object is a JSON object that keeps the order of its members, as Step
// Functions does.
type Object struct {
	names  []string
	values map[string]any
}

// NewObject makes an object of name, value, name, value.
func NewObject(members ...any) *Object {
	o := &Object{values: make(map[string]any, len(members)/2)}
	for i := 0; i+1 < len(members); i += 2 {
		o.set(members[i].(string), members[i+1])
	}
	return o
}

// Get returns a member.
func (o *Object) Get(name string) (any, bool) {
	v, ok := o.values[name]
	return v, ok
}

// Names are the members' names in order.
func (o *Object) Names() []string { return o.names }

// Len is the number of members.
func (o *Object) Len() int { return len(o.names) }

// set is for objects under construction.
func (o *Object) set(name string, v any) {
	if _, ok := o.values[name]; !ok {
		o.names = append(o.names, name)
	}
	o.values[name] = v
}

// with is a copy of o in which one member is v.
func (o *Object) with(name string, v any) *Object {
	out := &Object{names: append([]string(nil), o.names...), values: make(map[string]any, len(o.values)+1)}
	for k, old := range o.values {
		out.values[k] = old
	}
	out.set(name, v)
	return out
}

// Parse reads one JSON document.
func Parse(text string) (any, error) {
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	v, err := parseValue(d, maxDepth)
	if err != nil {
		return nil, err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("unexpected text after the JSON value at offset %d", d.InputOffset())
	}
	return v, nil
}

// maxDepth is how deep a document may be nested: as deep as AWS's parser goes.
const maxDepth = 1000

func parseValue(d *json.Decoder, depth int) (any, error) {
	if depth < 0 {
		return nil, fmt.Errorf("the document is nested more than %d deep", maxDepth)
	}
	token, err := d.Token()
	if errors.Is(err, io.EOF) {
		return nil, io.ErrUnexpectedEOF
	}
	if err != nil {
		return nil, err
	}
	switch t := token.(type) {
	case json.Number:
		return Number(t), nil
	case json.Delim:
		if t == '[' {
			list := []any{}
			for d.More() {
				v, err := parseValue(d, depth-1)
				if err != nil {
					return nil, err
				}
				list = append(list, v)
			}
			_, err := d.Token()
			return list, unexpected(err)
		}
		o := NewObject()
		for d.More() {
			name, err := d.Token()
			if err != nil {
				return nil, unexpected(err)
			}
			v, err := parseValue(d, depth-1)
			if err != nil {
				return nil, err
			}
			o.set(name.(string), v)
		}
		_, err := d.Token()
		return o, unexpected(err)
	}
	return token, nil
}

func unexpected(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// Print writes a value as compact JSON.
func Print(v any) string {
	var b strings.Builder
	write(&b, v)
	return b.String()
}

func write(b *strings.Builder, v any) {
	switch v := v.(type) {
	case nil:
		b.WriteString("null")
	case bool:
		fmt.Fprint(b, v)
	case Number:
		b.WriteString(string(v))
	case string:
		b.WriteString(quote(v))
	case []any:
		b.WriteByte('[')
		for i, item := range v {
			if i > 0 {
				b.WriteByte(',')
			}
			write(b, item)
		}
		b.WriteByte(']')
	case *Object:
		b.WriteByte('{')
		for i, name := range v.names {
			if i > 0 {
				b.WriteByte(',')
			}
			b.WriteString(quote(name))
			b.WriteByte(':')
			write(b, v.values[name])
		}
		b.WriteByte('}')
	}
}

func quote(s string) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if e.Encode(s) != nil { // a string always encodes
		return `""`
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// toString is a value as States.Format writes it: strings without quotes, the
// rest as Java prints a map.
func toString(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case []any:
		parts := make([]string, len(v))
		for i, item := range v {
			parts[i] = toString(item)
		}
		return "[" + strings.Join(parts, ", ") + "]"
	case *Object:
		parts := make([]string, len(v.names))
		for i, name := range v.names {
			parts[i] = name + "=" + toString(v.values[name])
		}
		return "{" + strings.Join(parts, ", ") + "}"
	}
	return Print(v)
}

// rat is the exact value of a number, within reason; nil if it is none.
func rat(v any) *big.Rat {
	n, ok := v.(Number)
	if !ok || !reasonable(string(n)) {
		return nil
	}
	r, ok := new(big.Rat).SetString(string(n))
	if !ok {
		return nil
	}
	return r
}

// reasonable keeps 1e999999999 from filling the memory.
func reasonable(n string) bool {
	i := strings.IndexAny(n, "eE")
	return i < 0 || len(strings.TrimLeft(n[i+1:], "+-0")) <= 3
}

// integer is a number without a fraction.
func integer(v any) (int64, bool) {
	r := rat(v)
	if r == nil || !r.IsInt() || !r.Num().IsInt64() {
		return 0, false
	}
	return r.Num().Int64(), true
}

// equal compares deeply; numbers by value.
func equal(a, b any) bool {
	switch a := a.(type) {
	case Number:
		x, y := rat(a), rat(b)
		if x == nil || y == nil {
			return a == b
		}
		return x.Cmp(y) == 0
	case []any:
		other, ok := b.([]any)
		if !ok || len(a) != len(other) {
			return false
		}
		for i := range a {
			if !equal(a[i], other[i]) {
				return false
			}
		}
		return true
	case *Object:
		other, ok := b.(*Object)
		if !ok || a.Len() != other.Len() {
			return false
		}
		for name, v := range a.values {
			w, ok := other.values[name]
			if !ok || !equal(v, w) {
				return false
			}
		}
		return true
	}
	return a == b
}

// tooLarge reports whether a value exceeds the limit of a payload, which
// counts the bytes of its UTF-8.
func tooLarge(text string) bool { return len(text) > MaxPayload }
