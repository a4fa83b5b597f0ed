package wire

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/aws/smithy-go"
)

// A request body becomes a tree first, whatever its format: nil, bool,
// json.Number, float64, string, []byte, time.Time, []any, map[string]any. Then
// decode sets the members of the input from the tree.

// badValue is a request body that does not fit the operation's input: AWS calls
// it SerializationException.
func badValue(path, format string, args ...any) error {
	return &Error{Code: "SerializationException", Message: strings.TrimPrefix(path, ".") + ": " + fmt.Sprintf(format, args...)}
}

// unknownMember is the answer to a member that the SDK's type does not have.
type unknownMember struct{ name string }

func (e *unknownMember) Error() string { return "unknown member " + e.name }

// decode sets v, which is addressable, from a node of the tree. path names v in
// errors.
func (s *shapes) decode(v reflect.Value, node any, schema *smithy.Schema, path string) error {
	if node == nil {
		return nil
	}
	if v.Kind() == reflect.Pointer {
		target := reflect.New(v.Type().Elem())
		if err := s.decode(target.Elem(), node, schema, path); err != nil {
			return err
		}
		v.Set(target)
		return nil
	}
	switch {
	case v.Type() == timeType:
		t, err := decodeTime(node)
		if err != nil {
			return badValue(path, "%v", err)
		}
		v.Set(reflect.ValueOf(t))
		return nil
	case v.Type() == bytesType:
		b, err := decodeBytes(node)
		if err != nil {
			return badValue(path, "%v", err)
		}
		v.SetBytes(b)
		return nil
	}
	switch v.Kind() {
	case reflect.Struct:
		members, ok := node.(map[string]any)
		if !ok {
			return badValue(path, "expected an object, got %s", kindOf(node))
		}
		if schema == nil {
			schema = s.schemaOf(v.Type())
		}
		fields := s.fieldsOf(v.Type(), schema)
		for name, member := range members {
			if member == nil {
				continue
			}
			f := find(fields, name)
			if f == nil {
				if name == "__type" { // some clients tag their structures
					continue
				}
				return &unknownMember{strings.TrimPrefix(path+"."+name, ".")}
			}
			if err := s.decode(v.Field(f.index), member, f.schema, path+"."+name); err != nil {
				return err
			}
		}
		return nil
	case reflect.Slice:
		items, ok := node.([]any)
		if !ok {
			return badValue(path, "expected a list, got %s", kindOf(node))
		}
		out := reflect.MakeSlice(v.Type(), len(items), len(items))
		for i, item := range items {
			if err := s.decode(out.Index(i), item, elementOf(schema), path+"["+strconv.Itoa(i)+"]"); err != nil {
				return err
			}
		}
		v.Set(out)
		return nil
	case reflect.Map:
		members, ok := node.(map[string]any)
		if !ok {
			return badValue(path, "expected an object, got %s", kindOf(node))
		}
		out := reflect.MakeMapWithSize(v.Type(), len(members))
		for name, member := range members {
			if member == nil {
				continue
			}
			value := reflect.New(v.Type().Elem()).Elem()
			if err := s.decode(value, member, mapValueOf(schema), path+"."+name); err != nil {
				return err
			}
			out.SetMapIndex(reflect.ValueOf(name).Convert(v.Type().Key()), value)
		}
		v.Set(out)
		return nil
	case reflect.Interface:
		return &unknownMember{strings.TrimPrefix(path, ".")}
	}
	return decodeScalar(v, node, path)
}

func decodeScalar(v reflect.Value, node any, path string) error {
	switch v.Kind() {
	case reflect.String:
		text, ok := node.(string)
		if !ok {
			return badValue(path, "%s can not be converted to a string", kindOf(node))
		}
		v.SetString(text)
	case reflect.Bool:
		b, ok := node.(bool)
		if !ok {
			return badValue(path, "%s can not be converted to a boolean", kindOf(node))
		}
		v.SetBool(b)
	case reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64, reflect.Int:
		n, err := decodeInt(node)
		if err != nil || v.OverflowInt(n) {
			return badValue(path, "%v is no integer of %d bits", node, v.Type().Bits())
		}
		v.SetInt(n)
	case reflect.Float32, reflect.Float64:
		f, err := decodeFloat(node)
		if err != nil {
			return badValue(path, "%v is no number", node)
		}
		v.SetFloat(f)
	default:
		return badValue(path, "localaws has no codec for %s", v.Type())
	}
	return nil
}

func decodeInt(node any) (int64, error) {
	switch n := node.(type) {
	case json.Number:
		if i, err := n.Int64(); err == nil {
			return i, nil
		}
		f, err := n.Float64()
		if err != nil {
			return 0, err
		}
		return integral(f)
	case float64:
		return integral(n)
	}
	return 0, fmt.Errorf("%s is no number", kindOf(node))
}

func integral(f float64) (int64, error) {
	if f != math.Trunc(f) || math.Abs(f) >= 1<<63 {
		return 0, fmt.Errorf("%v is no integer", f)
	}
	return int64(f), nil
}

// decodeFloat takes numbers and the three words that Smithy has for floats
// that JSON can not write.
func decodeFloat(node any) (float64, error) {
	switch n := node.(type) {
	case json.Number:
		return n.Float64()
	case float64:
		return n, nil
	case string:
		switch n {
		case "NaN", "Infinity", "-Infinity":
			return strconv.ParseFloat(n, 64)
		}
	}
	return 0, fmt.Errorf("%s is no number", kindOf(node))
}

// decodeTime takes every timestamp format of Smithy: epoch seconds with a
// fraction, RFC 3339 and HTTP dates.
func decodeTime(node any) (time.Time, error) {
	switch n := node.(type) {
	case time.Time:
		return n, nil
	case json.Number:
		f, err := n.Float64()
		if err != nil {
			return time.Time{}, fmt.Errorf("%v is no timestamp", n)
		}
		return epoch(f)
	case float64:
		return epoch(n)
	case string:
		for _, layout := range []string{time.RFC3339Nano, "Mon, 02 Jan 2006 15:04:05 GMT", "2006-01-02T15:04:05.999999999", "2006-01-02"} {
			if t, err := time.Parse(layout, n); err == nil {
				return t.UTC(), nil
			}
		}
		if f, err := strconv.ParseFloat(n, 64); err == nil {
			return epoch(f)
		}
		return time.Time{}, fmt.Errorf("%q is no timestamp", n)
	}
	return time.Time{}, fmt.Errorf("%s is no timestamp", kindOf(node))
}

// epoch is seconds since 1970 to the millisecond, which is all that AWS keeps.
func epoch(seconds float64) (time.Time, error) {
	if math.IsNaN(seconds) || math.Abs(seconds) > 1e13 {
		return time.Time{}, fmt.Errorf("%v seconds is no timestamp", seconds)
	}
	return time.UnixMilli(int64(math.Round(seconds * 1000))).UTC(), nil
}

func decodeBytes(node any) ([]byte, error) {
	switch n := node.(type) {
	case []byte:
		return n, nil
	case string:
		b, err := base64.StdEncoding.DecodeString(n)
		if err != nil {
			return nil, fmt.Errorf("no base64: %w", err)
		}
		return b, nil
	}
	return nil, fmt.Errorf("%s can not be converted to a blob", kindOf(node))
}

func kindOf(node any) string {
	switch node.(type) {
	case nil:
		return "null"
	case bool:
		return "boolean"
	case json.Number, float64:
		return "number"
	case string:
		return "string"
	case []byte:
		return "blob"
	case time.Time:
		return "timestamp"
	case []any:
		return "list"
	}
	return "object"
}
