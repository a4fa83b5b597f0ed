package serde

import (
	"bytes"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"crawlerless/localaws/athena/hive"
	"crawlerless/localaws/athena/javatime"
)

var epoch = time.Unix(0, 0).UTC()

// decodeHive reads a line as Hive's JsonSerDe does, which is built on Jackson:
// one JSON object, of keys that may repeat (the last one stays), and whatever
// text after it.
func (d *Decoder) decodeHive(line []byte, row []any) error {
	decoder := jsontext.NewDecoder(bytes.NewReader(line), jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
	if decoder.PeekKind() != '{' {
		return &Error{"HIVE_CURSOR_ERROR", "Row is not a valid JSON Object: Start token not found where expected"}
	}
	n, err := strict(decoder, 0)
	if err != nil {
		return &Error{"HIVE_CURSOR_ERROR", "JsonParseException: " + err.Error()}
	}
	for i, key := range n.keys {
		at := d.place(key)
		if at < 0 {
			continue
		}
		v, err := d.hiveValue(n.values[i], d.columns[at].Type)
		if err != nil {
			row[at] = badData(err)
			continue
		}
		row[at] = v
	}
	return nil
}

var internalName = regexp.MustCompile(`^_col([0-9]{1,5})$`)

// place is the column of a key: by name, or by number as in "_col2".
func (d *Decoder) place(key string) int {
	if at, ok := d.names[strings.ToLower(key)]; ok {
		return at
	}
	if m := internalName.FindStringSubmatch(key); m != nil {
		if at := atoi(m[1]); at < len(d.columns) {
			return at
		}
	}
	return -1
}

// strict builds a node from the tokens of a JSON value.
func strict(decoder *jsontext.Decoder, depth int) (node, error) {
	if depth > maxNesting {
		return node{}, fmt.Errorf("nested deeper than %d", maxNesting)
	}
	token, err := decoder.ReadToken()
	if err != nil {
		return node{}, err
	}
	switch token.Kind() {
	case 'n':
		return node{}, nil
	case '"':
		return node{kind: stringNode, text: token.String()}, nil
	case '[':
		n := node{kind: arrayNode}
		for decoder.PeekKind() != ']' {
			item, err := strict(decoder, depth+1)
			if err != nil {
				return node{}, err
			}
			n.values = append(n.values, item)
		}
		_, err := decoder.ReadToken()
		return n, err
	case '{':
		n := node{kind: objectNode}
		for decoder.PeekKind() != '}' {
			key, err := decoder.ReadToken()
			if err != nil {
				return node{}, err
			}
			name := key.String()
			item, err := strict(decoder, depth+1)
			if err != nil {
				return node{}, err
			}
			n.keys, n.values = append(n.keys, name), append(n.values, item)
		}
		_, err := decoder.ReadToken()
		return n, err
	}
	return node{kind: literalNode, text: token.String()}, nil
}

func (d *Decoder) hiveValue(n node, t hive.Type) (any, error) {
	if n.kind == nullNode {
		return nil, nil
	}
	if t.Scalar() {
		if !n.primitive() {
			return nil, fmt.Errorf("Invalid JSON: %s value must be a scalar json value", t.Trino()) //nolint:staticcheck // Trino's words
		}
		if (t.Integer() || t.Kind == hive.Float || t.Kind == hive.Double) && !isNumber(n) {
			token := "VALUE_STRING"
			if n.kind == literalNode {
				token = "VALUE_" + strings.ToUpper(n.text)
			}
			return nil, fmt.Errorf("Current token (%s) not numeric, can not use numeric value accessors", token) //nolint:staticcheck // Jackson's words
		}
		return d.hiveScalar(n.text, t)
	}
	switch {
	case t.Kind == hive.Array && n.kind == arrayNode:
		out := make([]any, len(n.values))
		for i, item := range n.values {
			v, err := d.hiveValue(item, *t.Elem)
			if err != nil {
				return nil, err
			}
			out[i] = v
		}
		return out, nil
	case t.Kind == hive.Array:
		return nil, fmt.Errorf("Invalid JSON: start of array expected") //nolint:staticcheck // Trino's words
	case n.kind != objectNode:
		return nil, fmt.Errorf("Invalid JSON: start of object expected") //nolint:staticcheck // Trino's words
	case t.Kind == hive.Map:
		out := make([]hive.Entry, 0, len(n.keys))
		for i, key := range n.keys {
			k, err := d.hiveScalar(key, *t.Key)
			if err != nil {
				return nil, err
			}
			v, err := d.hiveValue(n.values[i], *t.Elem)
			if err != nil {
				return nil, err
			}
			out = putEntry(out, k, v)
		}
		return out, nil
	}
	out := make([]any, len(t.Fields))
	for i, f := range t.Fields {
		for j, key := range n.keys {
			if !strings.EqualFold(key, f.Name) {
				continue
			}
			v, err := d.hiveValue(n.values[j], f.Type)
			if err != nil {
				return nil, err
			}
			out[i] = v
		}
	}
	return out, nil
}

func isNumber(n node) bool {
	return n.kind == literalNode && n.text != "true" && n.text != "false"
}

// hiveScalar reads a JSON scalar, or the key of a map, from its text.
func (d *Decoder) hiveScalar(text string, t hive.Type) (any, error) {
	switch t.Kind {
	case hive.Boolean:
		return strings.EqualFold(text, "true"), nil
	case hive.TinyInt, hive.SmallInt, hive.Int, hive.BigInt:
		number, ok := hive.ParseNumber(text)
		if !ok {
			return nil, forInput(text)
		}
		whole := number.Truncate()
		if !whole.IsInt64() || !hive.FitsInteger(whole.Int64(), t) {
			return nil, fmt.Errorf("Numeric value (%s) out of range of %s", text, t) //nolint:staticcheck // Jackson's words
		}
		return whole.Int64(), nil
	case hive.Float, hive.Double:
		return parseFloat(text, t)
	case hive.Decimal:
		return parseDecimal(text, t)
	case hive.String, hive.Varchar, hive.Char:
		return hive.Truncate(text, t), nil
	case hive.Binary:
		return []byte(text), nil
	case hive.Date:
		return parseDate(text)
	case hive.Timestamp:
		at, err := d.hiveTimestamp(strings.TrimSpace(text))
		if err != nil {
			return nil, err
		}
		return hive.RoundMillis(at), nil
	}
	return nil, fmt.Errorf("type %s is not supported here", t)
}

func (d *Decoder) hiveTimestamp(text string) (time.Time, error) {
	for _, format := range d.formats {
		if isMillis(format) {
			whole, _, _ := strings.Cut(text, ".")
			if n, err := strconv.ParseInt(whole, 10, 64); err == nil {
				return time.UnixMilli(n).UTC(), nil
			}
		} else if t, err := format.Parse(text); err == nil {
			return t.UTC(), nil
		}
	}
	return parseHiveTimestamp(text)
}

// isMillis reports whether the format is the word "millis".
func isMillis(p *javatime.Pattern) bool { return p.String() == "" }
