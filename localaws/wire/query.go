package wire

import (
	"encoding/json"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/smithy-go"
)

// form is the body of a Query request. It remembers which keys the input's
// type gave a meaning to.
type form struct {
	values url.Values
	used   map[string]bool
}

// decodeQuery sets the members of v from the form: "Name", "Tags.member.1.Key",
// "Attributes.entry.1.value", and the flattened forms of SQS
// ("Attribute.1.Name") where the schema names them.
func (s *shapes) decodeQuery(f form, v reflect.Value) error {
	if err := s.formStruct(f, "", v, s.schemaOf(v.Type())); err != nil {
		return err
	}
	for _, key := range slices.Sorted(keysOf(f.values)) {
		switch {
		case f.used[key], key == "Action", key == "Version", strings.HasPrefix(strings.ToLower(key), "x-amz-"):
		default:
			return &unknownMember{key}
		}
	}
	return nil
}

func keysOf(values url.Values) func(func(string) bool) {
	return func(yield func(string) bool) {
		for key := range values {
			if !yield(key) {
				return
			}
		}
	}
}

// has says whether the form holds anything at or below a key.
func (f form) has(key string) bool {
	if _, ok := f.values[key]; ok {
		return true
	}
	for k := range f.values {
		if strings.HasPrefix(k, key+".") {
			return true
		}
	}
	return false
}

func (s *shapes) formStruct(f form, prefix string, v reflect.Value, schema *smithy.Schema) error {
	if schema == nil {
		schema = s.schemaOf(v.Type())
	}
	for _, member := range s.fieldsOf(v.Type(), schema) {
		for _, name := range slices.Compact([]string{xmlName(member.schema, member.goName), member.goName, lowerFirst(member.goName)}) {
			if !f.has(prefix + name) {
				continue
			}
			if err := s.formValue(f, prefix+name, v.Field(member.index), member.schema); err != nil {
				return err
			}
			break
		}
	}
	return nil
}

func (s *shapes) formValue(f form, key string, v reflect.Value, schema *smithy.Schema) error {
	switch {
	case v.Kind() == reflect.Pointer:
		target := reflect.New(v.Type().Elem())
		if err := s.formValue(f, key, target.Elem(), schema); err != nil {
			return err
		}
		v.Set(target)
		return nil
	case v.Type() == timeType, v.Type() == bytesType:
	case v.Kind() == reflect.Struct:
		return s.formStruct(f, key+".", v, schema)
	case v.Kind() == reflect.Slice:
		return s.formList(f, key, v, schema)
	case v.Kind() == reflect.Map:
		return s.formMap(f, key, v, schema)
	}
	f.used[key] = true
	text := f.values.Get(key)
	var node any = text
	switch v.Kind() {
	case reflect.Bool:
		b, err := strconv.ParseBool(text)
		if err != nil {
			return malformed(key, text)
		}
		node = b
	case reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64, reflect.Int:
		node = json.Number(text)
	case reflect.Float32, reflect.Float64:
		if _, err := strconv.ParseFloat(text, 64); err == nil && !strings.ContainsAny(text, "NnIi") {
			node = json.Number(text)
		}
	}
	if err := s.decode(v, node, schema, key); err != nil {
		return malformed(key, text)
	}
	return nil
}

// malformed is what the Query services answer to a value of the wrong type.
func malformed(key, text string) error {
	return &Error{Code: "MalformedInput", Message: "the value " + strconv.Quote(text) + " of " + key + " has the wrong type"}
}

// indexes are the numbers N of the keys "prefix.N…", in order.
func (f form) indexes(prefix string) []int {
	var out []int
	for key := range f.values {
		rest, ok := strings.CutPrefix(key, prefix+".")
		if !ok {
			continue
		}
		number, _, _ := strings.Cut(rest, ".")
		if n, err := strconv.Atoi(number); err == nil && !slices.Contains(out, n) {
			out = append(out, n)
		}
	}
	slices.Sort(out)
	return out
}

func (s *shapes) formList(f form, key string, v reflect.Value, schema *smithy.Schema) error {
	v.Set(reflect.MakeSlice(v.Type(), 0, 0))
	if _, ok := f.values[key]; ok { // "Tags=": an empty list
		f.used[key] = true
	}
	for _, base := range []string{key + "." + xmlName(elementOf(schema), "member"), key + ".member", key} {
		numbers := f.indexes(base)
		if len(numbers) == 0 {
			continue
		}
		for _, n := range numbers {
			item := reflect.New(v.Type().Elem()).Elem()
			if err := s.formValue(f, base+"."+strconv.Itoa(n), item, elementOf(schema)); err != nil {
				return err
			}
			v.Set(reflect.Append(v, item))
		}
		return nil
	}
	return nil
}

func (s *shapes) formMap(f form, key string, v reflect.Value, schema *smithy.Schema) error {
	v.Set(reflect.MakeMap(v.Type()))
	if _, ok := f.values[key]; ok {
		f.used[key] = true
	}
	keyName, valueName := "key", "value"
	if schema != nil {
		keyName, valueName = xmlName(schema.MapKey(), keyName), xmlName(schema.MapValue(), valueName)
	}
	for _, base := range []string{key + ".entry", key} {
		for _, n := range f.indexes(base) {
			entry := base + "." + strconv.Itoa(n) + "."
			f.used[entry+keyName] = true
			item := reflect.New(v.Type().Elem()).Elem()
			if err := s.formValue(f, entry+valueName, item, mapValueOf(schema)); err != nil {
				return err
			}
			v.SetMapIndex(reflect.ValueOf(f.values.Get(entry+keyName)).Convert(v.Type().Key()), item)
		}
	}
	return nil
}
