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

// encode makes the tree of a value of the SDK. Nil members are left out, and so
// are empty strings that the SDK does not hold by pointer: enums that nobody
// set. ok is false where there is nothing to write.
func (s *shapes) encode(v reflect.Value, schema *smithy.Schema) (node any, ok bool, err error) {
	switch v.Kind() {
	case reflect.Pointer:
		if v.IsNil() {
			return nil, false, nil
		}
		if v.Elem().Kind() == reflect.String { // set on purpose, even if empty
			return v.Elem().String(), true, nil
		}
		return s.encode(v.Elem(), schema)
	case reflect.Interface:
		return s.encodeUnion(v, schema)
	case reflect.String:
		return v.String(), v.String() != "", nil
	case reflect.Bool:
		return v.Bool(), true, nil
	case reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64, reflect.Int:
		return v.Int(), true, nil
	case reflect.Float32, reflect.Float64:
		return v.Float(), true, nil
	case reflect.Slice:
		if v.IsNil() {
			return nil, false, nil
		}
		if v.Type() == bytesType {
			return v.Bytes(), true, nil
		}
		return s.encodeList(v, schema)
	case reflect.Map:
		if v.IsNil() {
			return nil, false, nil
		}
		return s.encodeMap(v, schema)
	case reflect.Struct:
		if v.Type() == timeType {
			return timestamp{v.Interface().(time.Time), timestampFormat(schema, "")}, true, nil
		}
		return s.encodeStruct(v, schema)
	}
	return nil, false, fmt.Errorf("no codec for %s", v.Type())
}

// timestamp is a time in the tree, with the format that its member asks for
// (empty: the protocol's own).
type timestamp struct {
	time   time.Time
	format string
}

func (s *shapes) encodeStruct(v reflect.Value, schema *smithy.Schema) (any, bool, error) {
	if schema == nil {
		schema = s.schemaOf(v.Type())
	}
	out := map[string]any{}
	for _, f := range s.fieldsOf(v.Type(), schema) {
		node, ok, err := s.encode(v.Field(f.index), f.schema)
		if err != nil {
			return nil, false, fmt.Errorf("%s: %w", f.goName, err)
		}
		if ok {
			out[f.name] = node
		}
	}
	return out, true, nil
}

func (s *shapes) encodeList(v reflect.Value, schema *smithy.Schema) (any, bool, error) {
	out := make([]any, v.Len())
	for i := range out {
		node, ok, err := s.encode(v.Index(i), elementOf(schema))
		if err != nil {
			return nil, false, err
		}
		if !ok && v.Index(i).Kind() == reflect.String {
			node = "" // an element can not be left out
		}
		out[i] = node
	}
	return out, true, nil
}

func (s *shapes) encodeMap(v reflect.Value, schema *smithy.Schema) (any, bool, error) {
	out := make(map[string]any, v.Len())
	for it := v.MapRange(); it.Next(); {
		node, ok, err := s.encode(it.Value(), mapValueOf(schema))
		if err != nil {
			return nil, false, err
		}
		if !ok && it.Value().Kind() == reflect.String {
			node = ""
		}
		out[it.Key().String()] = node
	}
	return out, true, nil
}

// encodeUnion writes {member: value}: the SDK's type of a union's member is
// called UnionMemberName and holds the Value.
func (s *shapes) encodeUnion(v reflect.Value, schema *smithy.Schema) (any, bool, error) {
	if v.IsNil() {
		return nil, false, nil
	}
	member := reflect.Indirect(v.Elem())
	_, name, found := strings.Cut(member.Type().Name(), "Member")
	if !found || member.Kind() != reflect.Struct || !member.FieldByName("Value").IsValid() {
		return nil, false, fmt.Errorf("no codec for %s", v.Elem().Type())
	}
	var memberSchema *smithy.Schema
	if schema != nil {
		for wireName, m := range schema.Members() {
			if strings.EqualFold(wireName, name) {
				name, memberSchema = wireName, m
			}
		}
	}
	node, _, err := s.encode(member.FieldByName("Value"), memberSchema)
	return map[string]any{name: node}, true, err
}

// jsonTree turns what JSON has no type for into what AWS writes for it.
func jsonTree(node any) any {
	switch n := node.(type) {
	case map[string]any:
		for k, v := range n {
			n[k] = jsonTree(v)
		}
	case []any:
		for i, v := range n {
			n[i] = jsonTree(v)
		}
	case []byte:
		return base64.StdEncoding.EncodeToString(n)
	case float64:
		switch {
		case math.IsNaN(n):
			return "NaN"
		case math.IsInf(n, 1):
			return "Infinity"
		case math.IsInf(n, -1):
			return "-Infinity"
		}
	case timestamp:
		switch n.format {
		case "", "epoch-seconds":
			return json.Number(epochText(n.time))
		}
		return timeText(n)
	}
	return node
}

func epochText(t time.Time) string {
	return strconv.FormatFloat(float64(t.UnixMilli())/1000, 'f', -1, 64)
}

// timeText is a timestamp as text: RFC 3339 to the millisecond unless its
// format says otherwise.
func timeText(t timestamp) string {
	switch t.format {
	case "epoch-seconds":
		return epochText(t.time)
	case "http-date":
		return t.time.UTC().Format("Mon, 02 Jan 2006 15:04:05 GMT")
	}
	return t.time.UTC().Format("2006-01-02T15:04:05.999Z")
}
