package serde

import (
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"
	"time"

	"crawlerless/localaws/athena/hive"
)

// lazy is LazySimpleSerDe: fields between separators. What a type can not hold
// is NULL, it fails nothing.
// https://docs.aws.amazon.com/athena/latest/ug/lazy-simple-serde.html and
// SimpleDeserializer of trinodb/trino.
type lazy struct {
	separators []byte // of fields, of the items of a collection, of a key and its value, and of what is nested deeper
	escape     byte
	escaped    bool
	null       string
	takesRest  bool // the last column takes what is left of the line
}

func newLazy(parameters map[string]string) lazy {
	first := func(fallback byte, names ...string) byte {
		for _, n := range names {
			if v, ok := parameters[n]; ok && v != "" {
				if code, err := strconv.ParseInt(v, 10, 8); err == nil {
					return byte(code)
				}
				return v[0]
			}
		}
		return fallback
	}
	l := lazy{null: `\N`, separators: []byte{first(1, "field.delim", "serialization.format"), first(2, "collection.delim", "colelction.delim"), first(3, "mapkey.delim"), 4, 5, 6, 7, 8}}
	if v, ok := parameters["serialization.null.format"]; ok {
		l.null = v
	}
	if _, ok := parameters["escape.delim"]; ok {
		l.escape, l.escaped = first('\\', "escape.delim"), true
	}
	l.takesRest = strings.EqualFold(parameters["serialization.last.column.takes.rest"], "true")
	return l
}

// Delimiter is what LazySimpleSerDe writes between fields.
func Delimiter(parameters map[string]string) string {
	return string(rune(newLazy(parameters).separators[0]))
}

func (d *Decoder) decodeLazy(line []byte, row []any) error {
	limit := -1
	if d.lazy.takesRest {
		limit = len(row)
	}
	for i, field := range d.lazy.split(string(line), 0, limit) {
		if i == len(row) {
			break
		}
		row[i] = d.lazyValue(field, d.columns[i].Type, 1)
	}
	return nil
}

// split cuts a text at the separators of a level that no escape stands before.
func (l lazy) split(s string, level, limit int) []string {
	var parts []string
	from := 0
	for i := 0; i < len(s); i++ {
		switch {
		case level < len(l.separators) && s[i] == l.separators[level] && (limit < 0 || len(parts) < limit-1):
			parts = append(parts, s[from:i])
			from = i + 1
		case l.escaped && s[i] == l.escape:
			i++
		}
	}
	return append(parts, s[from:])
}

func (l lazy) unescaped(s string) string {
	if !l.escaped || strings.IndexByte(s, l.escape) < 0 {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == l.escape && i+1 < len(s) {
			i++
			if s[i] == 'r' || s[i] == 'n' {
				b.WriteByte(map[byte]byte{'r': '\r', 'n': '\n'}[s[i]])
				continue
			}
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

// lazyValue reads a field. Its items are cut at the separators of the level.
func (d *Decoder) lazyValue(s string, t hive.Type, level int) any {
	if s == d.lazy.null {
		return nil
	}
	switch t.Kind {
	case hive.Array:
		out := []any{}
		if s == "" {
			return out
		}
		for _, item := range d.lazy.split(s, level, -1) {
			out = append(out, d.lazyValue(item, *t.Elem, level+1))
		}
		return out
	case hive.Map:
		out := []hive.Entry{}
		if s == "" {
			return out
		}
		for _, item := range d.lazy.split(s, level, -1) {
			pair := d.lazy.split(item, level+1, 2)
			key := d.lazyValue(pair[0], *t.Key, level+2)
			if key == nil {
				continue
			}
			var value any
			if len(pair) == 2 {
				value = d.lazyValue(pair[1], *t.Elem, level+2)
			}
			out = putEntry(out, key, value)
		}
		return out
	case hive.Struct:
		out := make([]any, len(t.Fields))
		for i, item := range d.lazy.split(s, level, -1) {
			if i < len(out) {
				out[i] = d.lazyValue(item, t.Fields[i].Type, level+1)
			}
		}
		return out
	}
	v, err := d.lazyScalar(d.lazy.unescaped(s), t)
	if err != nil {
		return nil
	}
	return v
}

func (d *Decoder) lazyScalar(s string, t hive.Type) (any, error) {
	switch t.Kind {
	case hive.String, hive.Varchar, hive.Char:
		return hive.Truncate(s, t), nil
	case hive.TinyInt, hive.SmallInt, hive.Int, hive.BigInt:
		whole, fraction, _ := strings.Cut(s, ".")
		if strings.Trim(fraction, "0123456789") != "" || strings.Contains(whole, "_") {
			return nil, forInput(s)
		}
		n, err := strconv.ParseInt(whole, 10, 64)
		if err != nil || !hive.FitsInteger(n, t) {
			return nil, forInput(s)
		}
		return n, nil
	case hive.Float, hive.Double:
		return parseFloat(s, t)
	case hive.Decimal:
		return parseDecimal(s, t)
	case hive.Boolean:
		if strings.EqualFold(s, "true") || strings.EqualFold(s, "false") {
			return strings.EqualFold(s, "true"), nil
		}
		return nil, forInput(s)
	case hive.Date:
		return parseDate(s)
	case hive.Timestamp:
		at, err := d.textTimestamp(s)
		return hive.RoundMillis(at), err
	case hive.Binary:
		if b, err := base64.StdEncoding.DecodeString(s); err == nil {
			return b, nil
		}
		return []byte(s), nil
	}
	return nil, fmt.Errorf("type %s is not supported here", t)
}

// textTimestamp reads a timestamp by the formats of the SerDe, else in Hive's
// form. Less than eight characters are none.
func (d *Decoder) textTimestamp(s string) (time.Time, error) {
	if len(s) < 8 {
		return time.Time{}, forInput(s)
	}
	return d.hiveTimestamp(s)
}
