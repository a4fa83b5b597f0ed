package duck

import (
	"bytes"
	"encoding/json"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"crawlerless/localaws/athena/trino"
)

// member is a key of an object with its value, in their order.
type member struct {
	key   string
	value json.RawMessage
}

func isNull(s string) bool { return strings.TrimSpace(s) == "null" }

func shortened(s string) string {
	if len(s) > 200 {
		return strings.ToValidUTF8(s[:200], "") + "..."
	}
	return s
}

// elements are those of an array; not ok for anything else.
func elements(raw []byte) ([]json.RawMessage, bool) {
	var items []json.RawMessage
	if trimmed := bytes.TrimSpace(raw); len(trimmed) == 0 || trimmed[0] != '[' {
		return nil, false
	}
	err := json.Unmarshal(raw, &items)
	return items, err == nil
}

// entries are the members of an object; of a key that comes twice the last.
func entries(raw []byte) ([]member, bool) {
	d := json.NewDecoder(bytes.NewReader(raw))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return nil, false
	}
	var members []member
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return nil, false
		}
		m := member{}
		m.key, _ = key.(string)
		if err := d.Decode(&m.value); err != nil {
			return nil, false
		}
		if i := slices.IndexFunc(members, func(o member) bool { return o.key == m.key }); i >= 0 {
			members[i] = m
			continue
		}
		members = append(members, m)
	}
	if _, err := d.Token(); err != nil {
		return nil, false
	}
	_, err := d.Token()
	return members, err == io.EOF
}

// scalar is the text of a string, number, boolean or null, and which of them it
// is; "" for what is none.
func scalar(raw []byte) (text, kind string) {
	raw = bytes.TrimSpace(raw)
	if !json.Valid(raw) {
		return "", ""
	}
	switch raw[0] {
	case '"':
		if json.Unmarshal(raw, &text) != nil {
			return "", ""
		}
		return text, "string"
	case 't', 'f':
		return string(raw), "boolean"
	case 'n':
		return "", "null"
	case '{', '[':
		return "", ""
	}
	return number(string(raw)), "number"
}

// number is a number as Jackson writes what it has read: whole ones as they
// are, others as doubles.
func number(s string) string {
	if strings.IndexAny(s, ".eE") < 0 {
		if s == "-0" {
			return "0"
		}
		return s
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil {
		return s
	}
	return Double(f, 64)
}

// scalarFor is a JSON scalar as the text from which CAST makes a value of a
// type; NULL for null.
func scalarFor(s, kind string) (any, error) {
	text, have := scalar([]byte(s))
	wrong := fail("INVALID_CAST_ARGUMENT", "Cannot cast '%s' to %s", shortened(s), strings.ToUpper(kind))
	switch {
	case have == "":
		return nil, wrong
	case have == "null":
		return nil, nil
	case kind == "boolean" && have == "number":
		f, err := strconv.ParseFloat(text, 64)
		if err != nil {
			return nil, wrong
		}
		return strconv.FormatBool(f != 0), nil
	case kind != "boolean" && have == "boolean":
		return map[string]string{"true": "1", "false": "0"}[text], nil
	case bits[kind] > 0 && have == "number" && strings.ContainsAny(text, ".E"):
		f, err := strconv.ParseFloat(text, 64)
		if err != nil || math.Abs(f) >= math.Ldexp(1, bits[kind]-1) {
			return nil, wrong
		}
		return strconv.FormatFloat(math.Round(f), 'f', 0, 64), nil
	}
	return text, nil
}

// nullable are texts of JSON, with NULL for null.
func nullable(items []json.RawMessage) []any {
	out := make([]any, len(items))
	for i, item := range items {
		if isNull(string(item)) {
			continue
		}
		text, _ := canonical(string(item), false)
		out[i] = text
	}
	return out
}

// fieldsOf finds the fields of a row in an object by name, whatever the case,
// or in an array by place.
func fieldsOf(s string, names []any) (any, error) {
	if isNull(s) {
		return nil, nil
	}
	out := make([]any, len(names))
	if items, ok := elements([]byte(s)); ok {
		if len(items) != len(names) {
			return nil, fail("INVALID_CAST_ARGUMENT", "Cannot cast to row: Expected a json array with %d elements, but got %d", len(names), len(items))
		}
		return nullable(items), nil
	}
	members, ok := entries([]byte(s))
	if !ok {
		return nil, fail("INVALID_CAST_ARGUMENT", "Cannot cast to row: Expected a json array or object, but got %s", shortened(s))
	}
	for i, name := range names {
		for _, m := range members {
			if strings.EqualFold(m.key, name.(string)) {
				out[i] = nullable([]json.RawMessage{m.value})[0]
			}
		}
	}
	return out, nil
}

// extract follows a path; nil where it leads nowhere or the text is no JSON. As
// in Trino the text is read only as far as needed: of a key that comes twice the
// first counts, and what follows may be malformed.
func extract(s, path string) ([]byte, error) {
	keys, err := trino.ParsePath(path)
	if err != nil {
		return nil, fail("INVALID_FUNCTION_ARGUMENT", "%s", err)
	}
	raw, ok := follow(json.NewDecoder(strings.NewReader(s)), keys)
	if !ok {
		return nil, nil
	}
	return raw, nil
}

func follow(d *json.Decoder, keys []string) (raw json.RawMessage, ok bool) {
	for _, key := range keys {
		opening, err := d.Token()
		if err != nil {
			return nil, false
		}
		found := false
		switch opening {
		case json.Delim('{'):
			for !found && d.More() {
				name, err := d.Token()
				if err != nil {
					return nil, false
				}
				if found = name == key; !found && d.Decode(&raw) != nil {
					return nil, false
				}
			}
		case json.Delim('['):
			n, err := strconv.ParseUint(key, 10, 31)
			for i := uint64(0); err == nil && i < n && d.More(); i++ {
				if d.Decode(&raw) != nil {
					return nil, false
				}
			}
			found = err == nil && d.More()
		}
		if !found {
			return nil, false
		}
	}
	err := d.Decode(&raw)
	return raw, err == nil
}

// canonical writes JSON without spaces; sorted puts the keys of objects in
// order, as json_parse does.
func canonical(s string, sorted bool) (string, bool) {
	if !json.Valid([]byte(s)) || !utf8.ValidString(s) {
		return "", false
	}
	var b strings.Builder
	ok := write(&b, []byte(s), sorted)
	return b.String(), ok
}

func write(b *strings.Builder, raw []byte, sorted bool) bool {
	raw = bytes.TrimSpace(raw)
	switch raw[0] {
	case '[':
		items, ok := elements(raw)
		b.WriteByte('[')
		for i, item := range items {
			if i > 0 {
				b.WriteByte(',')
			}
			ok = write(b, item, sorted) && ok
		}
		b.WriteByte(']')
		return ok
	case '{':
		members, ok := entries(raw)
		if sorted {
			slices.SortStableFunc(members, func(a, b member) int { return strings.Compare(a.key, b.key) })
		}
		b.WriteByte('{')
		for i, m := range members {
			if i > 0 {
				b.WriteByte(',')
			}
			b.WriteString(quote(m.key) + ":")
			ok = write(b, m.value, sorted) && ok
		}
		b.WriteByte('}')
		return ok
	}
	text, kind := scalar(raw)
	switch kind {
	case "string":
		text = quote(text)
	case "null":
		text = "null"
	}
	b.WriteString(text)
	return kind != ""
}

// quote is a string of JSON as Jackson writes it.
func quote(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range s {
		switch r {
		case '"', '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case '\n':
			b.WriteString(`\n`)
		case '\r':
			b.WriteString(`\r`)
		case '\t':
			b.WriteString(`\t`)
		case '\b':
			b.WriteString(`\b`)
		case '\f':
			b.WriteString(`\f`)
		default:
			if r < ' ' {
				const digits = "0123456789ABCDEF"
				b.WriteString(`\u00` + digits[r>>4:r>>4+1] + digits[r&15:r&15+1])
				continue
			}
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
	return b.String()
}
