package duck

import (
	"bytes"
	"database/sql/driver"
	"encoding/json"
	"strconv"
	"strings"
)

// jsonFunctions are those of JSON, which is kept as its text.
// https://trino.io/docs/current/functions/json.html
func jsonFunctions() []*function {
	return []*function{
		define("json_parse(varchar) varchar", func(v []driver.Value) (any, error) {
			text, ok := canonical(v[0].(string), true)
			if !ok {
				return nil, fail("INVALID_FUNCTION_ARGUMENT", "Cannot convert value to JSON: '%s'", v[0])
			}
			return text, nil
		}),
		define("json_quote(varchar) varchar", func(v []driver.Value) (any, error) { return quote(v[0].(string)), nil }),
		define("json_number(varchar) varchar", func(v []driver.Value) (any, error) {
			if s := v[0].(string); s == "NaN" || strings.HasSuffix(s, "Infinity") {
				return quote(s), nil
			}
			return v[0], nil
		}),
		define("json_extract(varchar, varchar) varchar", func(v []driver.Value) (any, error) {
			raw, err := extract(v[0].(string), v[1].(string))
			if err != nil || raw == nil {
				return nil, err
			}
			text, ok := canonical(string(raw), false)
			if !ok {
				return nil, nil
			}
			return text, nil
		}),
		define("json_extract_scalar(varchar, varchar) varchar", func(v []driver.Value) (any, error) {
			raw, err := extract(v[0].(string), v[1].(string))
			if err != nil || raw == nil {
				return nil, err
			}
			text, kind := scalar(raw)
			switch kind {
			case "", "null":
				return nil, nil
			case "number":
				return string(bytes.TrimSpace(raw)), nil // as it is written
			}
			return text, nil
		}),
		define("json_size(varchar, varchar) bigint", func(v []driver.Value) (any, error) {
			raw, err := extract(v[0].(string), v[1].(string))
			if err != nil || raw == nil {
				return nil, err
			}
			if items, ok := elements(raw); ok {
				return int64(len(items)), nil
			}
			if members, ok := entries(raw); ok {
				return int64(len(members)), nil
			}
			return int64(0), nil
		}),
		define("json_text(varchar) varchar", func(v []driver.Value) (any, error) {
			switch text, kind := scalar([]byte(v[0].(string))); kind {
			case "":
				return nil, fail("INVALID_CAST_ARGUMENT", "Cannot cast '%s' to varchar", shortened(v[0].(string)))
			case "null":
				return nil, nil
			default:
				return text, nil
			}
		}),
		define("json_scalar(varchar, varchar) varchar", func(v []driver.Value) (any, error) {
			return scalarFor(v[0].(string), v[1].(string))
		}),
		define("json_elements(varchar) varchar[]", func(v []driver.Value) (any, error) {
			if isNull(v[0].(string)) {
				return nil, nil
			}
			items, ok := elements([]byte(v[0].(string)))
			if !ok {
				return nil, fail("INVALID_CAST_ARGUMENT", "Cannot cast to array: Expected a json array, but got %s", shortened(v[0].(string)))
			}
			return nullable(items), nil
		}),
		define("json_entries(varchar) varchar[][]", func(v []driver.Value) (any, error) {
			if isNull(v[0].(string)) {
				return nil, nil
			}
			members, ok := entries([]byte(v[0].(string)))
			if !ok {
				return nil, fail("INVALID_CAST_ARGUMENT", "Cannot cast to map: Expected a json object, but got %s", shortened(v[0].(string)))
			}
			out := []any{}
			for _, m := range members {
				out = append(out, append([]any{m.key}, nullable([]json.RawMessage{m.value})...))
			}
			return out, nil
		}),
		define("json_fields(varchar, varchar[]) varchar[]", func(v []driver.Value) (any, error) {
			return fieldsOf(v[0].(string), v[1].([]any))
		}),
		define("json_array_length(varchar) bigint", func(v []driver.Value) (any, error) {
			items, ok := elements([]byte(v[0].(string)))
			if !ok {
				return nil, nil
			}
			return int64(len(items)), nil
		}),
		define("json_array_get(varchar, bigint) varchar", func(v []driver.Value) (any, error) {
			items, ok := elements([]byte(v[0].(string)))
			n := v[1].(int64)
			if n < 0 {
				n += int64(len(items))
			}
			if !ok || n < 0 || n >= int64(len(items)) || isNull(string(items[n])) {
				return nil, nil
			}
			text, _ := canonical(string(items[n]), false)
			return text, nil
		}),
		define("json_array_contains(varchar, varchar, varchar) boolean", func(v []driver.Value) (any, error) {
			items, ok := elements([]byte(v[0].(string)))
			if !ok {
				return nil, nil
			}
			for _, item := range items {
				text, kind := scalar(item)
				if kind == "number" {
					f, err := strconv.ParseFloat(text, 64)
					if err != nil {
						continue
					}
					text = Double(f, 64)
				}
				if kind == v[2] && text == v[1] {
					return true, nil
				}
			}
			return false, nil
		}),
		define("is_json_scalar(varchar) boolean", func(v []driver.Value) (any, error) {
			if _, ok := canonical(v[0].(string), false); !ok {
				return nil, fail("INVALID_FUNCTION_ARGUMENT", "Invalid JSON value: %s", v[0])
			}
			_, kind := scalar([]byte(v[0].(string)))
			return kind != "", nil
		}),
	}
}
