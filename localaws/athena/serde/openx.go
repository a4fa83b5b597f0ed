package serde

import (
	"encoding/base64"
	"fmt"
	"strings"

	"crawlerless/localaws/athena/hive"
)

// openx is the parameters of the OpenX SerDe.
// https://docs.aws.amazon.com/athena/latest/ug/openx-json-serde.html
type openx struct {
	ignoreMalformed bool
	nullForInvalid  bool
	fold            bool              // case.insensitive
	dots            bool              // dots.in.keys
	mapping         map[string]string // field name -> key
}

func newOpenX(parameters map[string]string) openx {
	is := func(key string, otherwise bool) bool {
		if v, ok := parameters[key]; ok {
			return strings.EqualFold(v, "true")
		}
		return otherwise
	}
	o := openx{
		ignoreMalformed: is("ignore.malformed.json", false),
		nullForInvalid:  is("use.null.for.invalid.data", false),
		fold:            is("case.insensitive", true),
		dots:            is("dots.in.keys", false),
		mapping:         map[string]string{},
	}
	for key, value := range parameters {
		if field, ok := strings.CutPrefix(key, "mapping."); ok {
			o.mapping[field] = value
		}
	}
	return o
}

func (d *Decoder) decodeOpenX(line []byte, row []any) error {
	text := strings.ToValidUTF8(string(line), "\uFFFD")
	text = strings.TrimFunc(text, func(r rune) bool { return r <= ' ' })
	if text == "" || (text[0] != '{' && text[0] != '[') {
		return nil // a row of NULLs, whatever ignore.malformed.json says
	}
	p := lenient{text: text, fold: d.openx.fold}
	n, err := p.value()
	if err != nil {
		if d.openx.ignoreMalformed {
			return nil
		}
		return &Error{"HIVE_CURSOR_ERROR", "Row is not a valid JSON Object - JSONException: " + err.Error()}
	}
	for i, c := range d.columns {
		var v node
		if n.kind == arrayNode {
			if i < len(n.values) {
				v = n.values[i]
			}
		} else {
			v = d.openx.find(n, c.Name)
		}
		row[i] = d.openXColumn(v, c.Type)
	}
	return nil
}

func (d *Decoder) openXColumn(v node, t hive.Type) any {
	value, err := d.openXValue(v, t)
	switch {
	case err == nil:
		return value
	case d.openx.nullForInvalid:
		return nil
	}
	return badData(err)
}

// find is the value of a field: under the key that the mapping names, or its
// own name; failing that, with dots.in.keys, under the first key that equals
// it once its dots are underscores.
func (o *openx) find(object node, field string) node {
	field = strings.ToLower(field)
	key, ok := o.mapping[field]
	if !ok {
		key = field
	}
	for i, k := range object.keys {
		if k == key || o.fold && strings.EqualFold(k, key) {
			return object.values[i]
		}
	}
	if o.dots && strings.Contains(field, "_") {
		for i, k := range object.keys {
			if strings.Contains(k, ".") {
				k = strings.ReplaceAll(k, ".", "_")
				if k == field || o.fold && strings.EqualFold(k, field) {
					return object.values[i]
				}
			}
		}
	}
	return node{}
}

func (d *Decoder) openXValue(n node, t hive.Type) (any, error) {
	if n.kind == nullNode {
		return nil, nil
	}
	switch t.Kind {
	case hive.Boolean:
		return n.primitive() && strings.EqualFold(n.text, "true"), nil
	case hive.String, hive.Varchar, hive.Char:
		var b strings.Builder
		n.write(&b, true)
		return hive.Truncate(b.String(), t), nil
	case hive.Array:
		return d.openXArray(n, t)
	case hive.Map:
		return d.openXMap(n, t)
	case hive.Struct:
		return d.openXStruct(n, t)
	}
	if !n.primitive() {
		return nil, fmt.Errorf("%s can not be coerced to a %s", n.describe(), strings.ToUpper(t.Trino()))
	}
	switch t.Kind {
	case hive.TinyInt, hive.SmallInt, hive.Int, hive.BigInt:
		return parseInteger(n.text, t)
	case hive.Float, hive.Double:
		return parseFloat(n.text, t)
	case hive.Decimal:
		return parseDecimal(n.text, t)
	case hive.Date:
		if day, err := parseDate(n.text); err == nil {
			return day, nil
		}
		days, err := parseAnyBase(n.text)
		if err != nil || days != int64(int32(days)) {
			return nil, fmt.Errorf("Text '%s' could not be parsed as a date", n.text) //nolint:staticcheck // Java's words
		}
		return epoch.AddDate(0, 0, int(days)), nil
	case hive.Timestamp:
		at, err := parseOpenXTimestamp(n.text, d.formats)
		if err != nil {
			return nil, err
		}
		return hive.RoundMillis(at), nil
	case hive.Binary:
		if n.kind != stringNode {
			return nil, fmt.Errorf("Unquoted JSON string is not allowed for VARBINARY: %s", n.text) //nolint:staticcheck // Trino's words
		}
		return base64.StdEncoding.DecodeString(n.text)
	}
	return nil, fmt.Errorf("type %s is not supported", t)
}

// openXArray takes a value that is no array for an array of one; an empty
// string is NULL.
func (d *Decoder) openXArray(n node, t hive.Type) (any, error) {
	if n.primitive() && n.text == "" {
		return nil, nil
	}
	items := []node{n}
	if n.kind == arrayNode {
		items = n.values
	}
	out := make([]any, len(items))
	for i, item := range items {
		v, err := d.openXValue(item, *t.Elem)
		if err != nil {
			return nil, err
		}
		out[i] = v
	}
	return out, nil
}

func (d *Decoder) openXMap(n node, t hive.Type) (any, error) {
	if n.primitive() && strings.TrimSpace(n.text) == "" {
		return nil, nil
	}
	if n.kind != objectNode {
		return nil, fmt.Errorf("%s can not be coerced to a MAP", n.describe())
	}
	out := make([]hive.Entry, 0, len(n.keys))
	for i, key := range n.keys {
		k, err := d.openXValue(node{kind: stringNode, text: key}, *t.Key)
		if err != nil {
			return nil, err
		}
		v, err := d.openXValue(n.values[i], *t.Elem)
		if err != nil {
			return nil, err
		}
		out = putEntry(out, k, v)
	}
	return out, nil
}

// openXStruct reads an object by its keys and an array by its order; a blank
// string is a struct of NULLs.
func (d *Decoder) openXStruct(n node, t hive.Type) (any, error) {
	out := make([]any, len(t.Fields))
	switch {
	case n.kind == objectNode:
		for i, f := range t.Fields {
			v, err := d.openXValue(d.openx.find(n, f.Name), f.Type)
			if err != nil {
				return nil, err
			}
			out[i] = v
		}
	case n.kind == arrayNode:
		for i := range min(len(n.values), len(t.Fields)) {
			v, err := d.openXValue(n.values[i], t.Fields[i].Type)
			if err != nil {
				return nil, err
			}
			out[i] = v
		}
	case strings.TrimSpace(n.text) != "":
		return nil, fmt.Errorf("Primitive can not be coerced to a ROW") //nolint:staticcheck // Trino's words
	}
	return out, nil
}

// putEntry adds an entry; of equal keys the last value stays, and a NULL key
// has no place in a map.
func putEntry(entries []hive.Entry, key, value any) []hive.Entry {
	if key == nil {
		return entries
	}
	for i := range entries {
		if sameKey(entries[i].Key, key) {
			entries[i].Value = value
			return entries
		}
	}
	return append(entries, hive.Entry{Key: key, Value: value})
}

func sameKey(a, b any) bool {
	if x, ok := a.(hive.Number); ok {
		y, ok := b.(hive.Number)
		return ok && x.Unscaled.Cmp(y.Unscaled) == 0
	}
	switch a.(type) {
	case bool, int64, float64, string:
		return a == b
	}
	return fmt.Sprint(a) == fmt.Sprint(b)
}
