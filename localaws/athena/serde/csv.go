package serde

import (
	"errors"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"crawlerless/localaws/athena/hive"
)

// quotes are the characters of OpenCSVSerde.
type quotes struct{ separator, quote, escape rune }

func newCSV(parameters map[string]string) (quotes, error) {
	char := func(name string, fallback rune) rune {
		if v := parameters[name]; v != "" {
			r, _ := utf8.DecodeRuneInString(v)
			return r
		}
		return fallback
	}
	q := quotes{char("separatorChar", ','), char("quoteChar", '"'), char("escapeChar", '\\')}
	if q.separator == q.quote || q.separator == q.escape || q.quote == q.escape && q.quote != 0 {
		return q, &Error{"HIVE_INVALID_METADATA", "separatorChar, quoteChar and escapeChar of OpenCSVSerde must differ"}
	}
	return q, nil
}

// fields cuts a line as OpenCSV does: a quote within quotes is written twice or
// escaped, and a last field whose quotes are not closed is lost.
// CsvDeserializer of trinodb/trino.
func (q quotes) fields(line string) []string {
	var out []string
	var b strings.Builder
	chars := []rune(line)
	next := func(i int) rune {
		if i+1 < len(chars) {
			return chars[i+1]
		}
		return -1
	}
	quoted, within := false, false
	for i := 0; i < len(chars); i++ {
		switch c := chars[i]; {
		case c == q.escape:
			if n := next(i); (quoted || within) && (n == q.quote || n == q.escape) {
				b.WriteRune(n)
				i++
			}
		case c == q.quote:
			if (quoted || within) && next(i) == q.quote {
				b.WriteRune(c)
				i++
			} else {
				// A quote in the midst of a field is a part of it.
				if i > 2 && chars[i-1] != q.separator && i+1 < len(chars) && chars[i+1] != q.separator {
					if text := b.String(); text != "" && strings.TrimFunc(text, unicode.IsSpace) == "" {
						b.Reset()
					} else {
						b.WriteRune(c)
					}
				}
				quoted = !quoted
			}
			within = !within
		case c == q.separator && !quoted:
			out = append(out, b.String())
			b.Reset()
			within = false
		default:
			b.WriteRune(c)
			within = true
		}
	}
	if !quoted {
		out = append(out, b.String())
	}
	return out
}

// decodeCSV reads a line of OpenCSVSerde. Athena reads its texts as other types
// as well; an empty text is no number and fails the query.
// https://docs.aws.amazon.com/athena/latest/ug/csv-serde.html
func (d *Decoder) decodeCSV(line []byte, row []any) error {
	if len(line) == 0 {
		return nil
	}
	for i, field := range d.csv.fields(string(line)) {
		if i == len(row) {
			break
		}
		v, err := csvScalar(field, d.columns[i].Type)
		if err != nil {
			row[i] = &Error{"HIVE_BAD_DATA", "Error parsing field value '" + field + "' for field " + strconv.Itoa(i) + ": " + err.Error()}
			continue
		}
		row[i] = v
	}
	return nil
}

func csvScalar(s string, t hive.Type) (any, error) {
	switch {
	case t.Kind == hive.String, t.Kind == hive.Varchar, t.Kind == hive.Char:
		return hive.Truncate(s, t), nil
	case t.Kind == hive.Boolean:
		return strings.EqualFold(s, "true"), nil
	case t.Integer():
		n, err := strconv.ParseInt(s, 10, 64)
		if err != nil || !hive.FitsInteger(n, t) {
			return nil, forInput(s)
		}
		return n, nil
	case t.Kind == hive.Float, t.Kind == hive.Double:
		if s == "" {
			return nil, errors.New("empty String")
		}
		return parseFloat(s, t)
	case t.Kind == hive.Decimal:
		return parseDecimal(s, t)
	case t.Kind == hive.Date: // days since 1970
		n, err := strconv.ParseInt(s, 10, 32)
		if err != nil {
			return nil, forInput(s)
		}
		return time.Unix(n*86400, 0).UTC(), nil
	case t.Kind == hive.Timestamp: // milliseconds since 1970
		n, err := strconv.ParseInt(s, 10, 64)
		if err != nil {
			return nil, forInput(s)
		}
		return time.UnixMilli(n).UTC(), nil
	}
	return nil, errors.New("OpenCSVSerde has no values of type " + t.String())
}
