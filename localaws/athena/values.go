package athena

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math"
	"time"

	"crawlerless/localaws/athena/hive"
)

func field(w *bytes.Buffer, name string, v any, t hive.Type) error {
	key, err := json.Marshal(name)
	if err != nil {
		return err
	}
	w.Write(key)
	w.WriteByte(':')
	return value(w, v, t)
}

// value writes a value as JSON that DuckDB reads as the type.
func value(w *bytes.Buffer, v any, t hive.Type) error {
	switch v := v.(type) {
	case nil:
		w.WriteString("null")
	case float64:
		if math.IsNaN(v) || math.IsInf(v, 0) {
			fmt.Fprintf(w, "%q", fmt.Sprint(v))
			return nil
		}
		b, err := json.Marshal(v)
		w.Write(b)
		return err
	case hive.Number:
		w.WriteString(v.String())
	case time.Time:
		layout := "2006-01-02 15:04:05.000"
		if t.Kind == hive.Date {
			layout = "2006-01-02"
		}
		w.WriteString(`"` + v.UTC().Format(layout) + `"`)
	case []byte:
		var b bytes.Buffer
		for _, c := range v {
			b.WriteString(`\\x` + hex.EncodeToString([]byte{c}))
		}
		w.WriteString(`"` + b.String() + `"`)
	case []any:
		return list(w, v, t)
	case []hive.Entry:
		w.WriteByte('{')
		for i, e := range v {
			if i > 0 {
				w.WriteByte(',')
			}
			if err := field(w, fmt.Sprint(e.Key), e.Value, *t.Elem); err != nil {
				return err
			}
		}
		w.WriteByte('}')
	default:
		e := json.NewEncoder(w)
		e.SetEscapeHTML(false)
		if err := e.Encode(v); err != nil {
			return err
		}
		w.Truncate(w.Len() - 1) // Encode ends with a newline
	}
	return nil
}

// list writes an array, or a struct, whose values come in the order of its
// fields.
func list(w *bytes.Buffer, values []any, t hive.Type) error {
	if t.Kind == hive.Struct {
		w.WriteByte('{')
		for i, v := range values {
			if i > 0 {
				w.WriteByte(',')
			}
			if err := field(w, t.Fields[i].Name, v, t.Fields[i].Type); err != nil {
				return err
			}
		}
		w.WriteByte('}')
		return nil
	}
	w.WriteByte('[')
	for i, v := range values {
		if i > 0 {
			w.WriteByte(',')
		}
		if err := value(w, v, *t.Elem); err != nil {
			return err
		}
	}
	w.WriteByte(']')
	return nil
}
