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

// mismatch is a value of another type than the member's, in the words of AWS's
// JSON services, which do not name the member. Measured on Athena, in the notes
// of https://github.com/aoyagikouhei/athena-local (issues 84 and 87).
func mismatch(node any, target string) error {
	message := ""
	switch n := node.(type) {
	case []any:
		message = "Start of list found where not expected"
	case map[string]any:
		message = "Start of structure or map found where not expected."
	case bool:
		message = strings.ToUpper(strconv.FormatBool(n)) + "_VALUE"
	case string:
		message = "STRING_VALUE"
	default:
		message = "NUMBER_VALUE"
	}
	switch {
	case !strings.HasSuffix(message, "_VALUE"):
	case target == "List":
		message = "Expected list or null"
	case target == "Structure":
		message = "Expected null"
	default:
		message += " can not be converted to " + target
	}
	return &Error{Code: "SerializationException", Message: message}
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
			return mismatch(node, "milliseconds since epoch")
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
			return mismatch(node, "Structure")
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
			return mismatch(node, "List")
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
			return mismatch(node, "Structure")
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
			return mismatch(node, "a String")
		}
		v.SetString(text)
	case reflect.Bool:
		b, ok := node.(bool)
		if !ok {
			return mismatch(node, "a Boolean")
		}
		v.SetBool(b)
	case reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64, reflect.Int:
		target := "an Integer"
		if v.Type().Bits() == 64 {
			target = "a Long"
		}
		if !isNumber(node) {
			return mismatch(node, target)
		}
		n, err := decodeInt(node)
		if err != nil {
			return badValue(path, "%v is no integer", node)
		}
		v.SetInt(inBits(n, v.Type().Bits()))
	case reflect.Float32, reflect.Float64:
		f, err := decodeFloat(node)
		switch {
		case err != nil && !isNumber(node):
			return mismatch(node, "a Double")
		case err != nil:
			return badValue(path, "%v is no number", node)
		}
		v.SetFloat(f)
	default:
		return badValue(path, "localaws has no codec for %s", v.Type())
	}
	return nil
}

func isNumber(node any) bool {
	switch node.(type) {
	case json.Number, float64:
		return true
	}
	return false
}

// inBits is the nearest number of that many bits: what is out of range meets
// the bounds of its member afterwards, as on AWS.
func inBits(n int64, bits int) int64 {
	most := int64(1)<<(bits-1) - 1
	return max(min(n, most), -most-1)
}

// decodeInt drops a fraction, as AWS does.
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
	if math.IsNaN(f) || math.Abs(f) >= 1<<63 {
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
