package asl

import (
	"fmt"
	"math/big"
	"strconv"
)

// pathError is a definite path that meets no value, in Jayway's words.
type pathError struct {
	message string
	// beyond says that only the last step failed, by an index outside its array.
	beyond bool
}

func (e *pathError) Error() string { return e.message }

// find evaluates the path from a value.
func (p *Path) find(root any) (any, error) {
	v, err := p.walk(root)
	if err != nil || p.function == "" {
		return v, err
	}
	return call(p.function, v)
}

func (p *Path) walk(root any) (any, error) {
	if p.definite {
		return one(p.segments, root)
	}
	found := []any{root}
	for _, s := range p.segments {
		next := []any{}
		for _, v := range found {
			if s.descent {
				descend(s, v, root, &next)
			} else {
				s.children(v, root, &next)
			}
		}
		found = next
	}
	return found, nil
}

// one follows a definite path.
func one(segments []segment, v any) (any, error) {
	at := "$"
	for i, s := range segments {
		last := i == len(segments)-1
		if s.kind == byIndex {
			here := at + "[" + strconv.Itoa(s.indexes[0]) + "]"
			list, ok := v.([]any)
			if !ok {
				return nil, &pathError{message: fmt.Sprintf("Filter: [%d] can only be applied to arrays. Current context is: %s", s.indexes[0], toString(v))}
			}
			j, ok := within(s.indexes[0], len(list))
			if !ok {
				return nil, &pathError{message: "No results for path: " + here, beyond: last}
			}
			v, at = list[j], here
			continue
		}
		name := s.names[0]
		here := at + "['" + name + "']"
		o, ok := v.(*Object)
		if !ok {
			return nil, &pathError{message: fmt.Sprintf("Expected to find an object with property ['%s'] in path %s but found '%s'. "+
				"This is not a json object according to the JsonProvider: 'com.jayway.jsonpath.spi.json.JacksonJsonProvider'.", name, at, javaType(v))}
		}
		value, ok := o.Get(name)
		if !ok && last {
			return nil, &pathError{message: "No results for path: " + here}
		}
		if !ok {
			return nil, &pathError{message: "Missing property in path " + here}
		}
		v, at = value, here
	}
	return v, nil
}

func javaType(v any) string {
	switch v := v.(type) {
	case nil:
		return "null"
	case bool:
		return "java.lang.Boolean"
	case string:
		return "java.lang.String"
	case Number:
		if _, ok := integer(v); ok {
			return "java.lang.Integer"
		}
		return "java.lang.Double"
	case []any:
		return "java.util.ArrayList"
	}
	return "java.util.LinkedHashMap"
}

func within(i, length int) (int, bool) {
	if i < 0 {
		i += length
	}
	return i, i >= 0 && i < length
}

// children appends what one step from v meets.
func (s segment) children(v, root any, out *[]any) {
	switch v := v.(type) {
	case *Object:
		switch s.kind {
		case byName:
			if len(s.names) > 1 { // a union of names is an object of these
				part := NewObject()
				for _, name := range s.names {
					if m, ok := v.Get(name); ok {
						part.set(name, m)
					}
				}
				*out = append(*out, part)
				return
			}
			if m, ok := v.Get(s.names[0]); ok {
				*out = append(*out, m)
			}
		case byWildcard:
			for _, name := range v.names {
				*out = append(*out, v.values[name])
			}
		case byFilter:
			if s.filter.holds(v, root) {
				*out = append(*out, v)
			}
		}
	case []any:
		switch s.kind {
		case byIndex:
			for _, i := range s.indexes {
				if j, ok := within(i, len(v)); ok {
					*out = append(*out, v[j])
				}
			}
		case bySlice:
			from, to := 0, len(v)
			if s.from != nil {
				from = *s.from
			}
			if s.to != nil {
				to = *s.to
			}
			if from < 0 {
				from += len(v)
			}
			if to < 0 {
				to += len(v)
			}
			for i := max(from, 0); i < min(to, len(v)); i++ {
				*out = append(*out, v[i])
			}
		case byWildcard:
			*out = append(*out, v...)
		case byFilter:
			for _, item := range v {
				if s.filter.holds(item, root) {
					*out = append(*out, item)
				}
			}
		}
	}
}

// descend applies a step to v and to everything inside it.
func descend(s segment, v, root any, out *[]any) {
	s.children(v, root, out)
	switch v := v.(type) {
	case *Object:
		for _, name := range v.names {
			descend(s, v.values[name], root, out)
		}
	case []any:
		for _, item := range v {
			descend(s, item, root, out)
		}
	}
}

// call applies a function of a path.
func call(name string, v any) (any, error) {
	switch name {
	case "length", "size":
		if n := sizeOf(v); n >= 0 {
			return Number(strconv.Itoa(n)), nil
		}
		return nil, nil
	case "keys":
		o, ok := v.(*Object)
		if !ok {
			return nil, &pathError{message: "keys() needs an object"}
		}
		out := []any{}
		for _, k := range o.names {
			out = append(out, k)
		}
		return out, nil
	}
	list, ok := v.([]any)
	if !ok || len(list) == 0 {
		return nil, &pathError{message: "Aggregation function attempted to calculate value using empty array"}
	}
	switch name {
	case "first":
		return list[0], nil
	case "last":
		return list[len(list)-1], nil
	}
	sum, low, high, count := new(big.Rat), (*big.Rat)(nil), (*big.Rat)(nil), int64(0)
	for _, item := range list {
		r := rat(item)
		if r == nil {
			continue
		}
		count++
		sum.Add(sum, r)
		if low == nil || r.Cmp(low) < 0 {
			low = r
		}
		if high == nil || r.Cmp(high) > 0 {
			high = r
		}
	}
	if count == 0 {
		return nil, &pathError{message: "Aggregation function attempted to calculate value using empty array"}
	}
	switch name {
	case "min":
		return double(low), nil
	case "max":
		return double(high), nil
	case "avg":
		return double(sum.Quo(sum, big.NewRat(count, 1))), nil
	}
	return double(sum), nil
}

// double is a number as Java prints a double: with a fraction always.
func double(r *big.Rat) Number {
	f, _ := r.Float64()
	text := strconv.FormatFloat(f, 'f', -1, 64)
	if r.IsInt() {
		text += ".0"
	}
	return Number(text)
}

// put writes v at a reference path of root and returns the new root: objects on
// the way are made where they are missing, and copied.
func (p *Path) put(root, v any) (any, error) { return put(p.segments, root, v) }

func put(segments []segment, old, v any) (any, error) {
	if len(segments) == 0 {
		return v, nil
	}
	s := segments[0]
	if s.kind == byIndex {
		list, ok := old.([]any)
		if !ok || s.indexes[0] >= len(list) {
			return nil, &pathError{message: fmt.Sprintf("the array index %d does not exist", s.indexes[0])}
		}
		next, err := put(segments[1:], list[s.indexes[0]], v)
		if err != nil {
			return nil, err
		}
		out := append([]any(nil), list...)
		out[s.indexes[0]] = next
		return out, nil
	}
	var o *Object
	switch t := old.(type) {
	case nil:
		o = NewObject()
	case *Object:
		o = t
	default:
		return nil, &pathError{message: fmt.Sprintf("%s is no object", javaType(old))}
	}
	member, _ := o.Get(s.names[0])
	next, err := put(segments[1:], member, v)
	if err != nil {
		return nil, err
	}
	return o.with(s.names[0], next), nil
}
