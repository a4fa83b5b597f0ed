package duck

import (
	"bytes"
	"database/sql/driver"
	"encoding/json"
	"strconv"
	"strings"

	"crawlerless/localaws/athena/trino"
)

// pathFunctions evaluate paths of SQL/JSON: lax $.a[*]."b c"[0].
// https://trino.io/docs/current/functions/json.html#json-path-language
func pathFunctions() []*function {
	return []*function{
		define("json_path(varchar, varchar) varchar[]", func(v []driver.Value) (any, error) {
			raw := []byte(v[0].(string))
			if !json.Valid(raw) {
				return nil, fail("JSON_INPUT_CONVERSION_ERROR", "conversion to JSON failed: %s", shortened(v[0].(string)))
			}
			items, err := walk(raw, v[1].(string))
			if err != nil {
				return nil, err
			}
			out := make([]any, len(items))
			for i, item := range items {
				var b bytes.Buffer
				if err := json.Compact(&b, item); err != nil {
					return nil, err
				}
				out[i] = b.String()
			}
			return out, nil
		}),
	}
}

// walk finds the items of a path. A lax path passes over what does not fit: a
// key of an array is one of its elements, an index of what is no array is the
// thing itself, and what is missing is left out.
func walk(raw []byte, path string) ([]json.RawMessage, error) {
	strict, steps, ok := trino.PathSteps(path)
	if !ok {
		return nil, fail("NOT_SUPPORTED", "localaws does not implement the JSON path %s", path)
	}
	items := []json.RawMessage{raw}
	for _, step := range steps {
		var next []json.RawMessage
		for _, item := range items {
			found, fits := byIndex(item, step, strict)
			if step[0] == '.' {
				found, fits = byKey(item, step[1:], strict)
			}
			if strict && !fits {
				return nil, fail("PATH_EVALUATION_ERROR", "path evaluation failed: structural error at %s", step)
			}
			next = append(next, found...)
		}
		items = next
	}
	return items, nil
}

func byKey(item json.RawMessage, key string, strict bool) (found []json.RawMessage, fits bool) {
	within := []json.RawMessage{item}
	if list, isArray := elements(item); isArray && !strict {
		within = list
	}
	for _, one := range within {
		members, isObject := entries(one)
		if !isObject {
			continue
		}
		fits = fits || key == "*"
		for _, m := range members {
			if key == "*" || m.key == key {
				found, fits = append(found, m.value), true
			}
		}
	}
	return found, fits
}

func byIndex(item json.RawMessage, step string, strict bool) ([]json.RawMessage, bool) {
	list, isArray := elements(item)
	if !isArray {
		if strict {
			return nil, false
		}
		list = []json.RawMessage{item}
	}
	if step == "[*]" {
		return list, true
	}
	from, to, isRange := strings.Cut(strings.Trim(step, "[]"), ",")
	first, err := strconv.Atoi(from)
	if err != nil {
		return nil, false
	}
	last := first
	if isRange {
		if last, err = strconv.Atoi(to); err != nil {
			return nil, false
		}
	}
	if first >= len(list) || last >= len(list) || first > last {
		return list[min(first, len(list)):min(max(first, last+1), len(list))], false
	}
	return list[first : last+1], true
}
