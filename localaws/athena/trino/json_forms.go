package trino

import (
	"strings"
	"unicode"
)

// jsonPathForm is json_extract and its relatives. What is no JSON gives NULL.
func jsonPathForm(c *compiler, x *call, s *scope) (string, Type, error) {
	args, types, err := c.arguments(x, s)
	if err != nil {
		return "", Type{}, err
	}
	if len(args) != 2 || !types[0].text() && types[0].Name != "json" && types[0].Name != "unknown" || !types[1].text() && types[1].Name != "unknown" {
		shown := make([]string, len(types))
		for i, t := range types {
			shown[i] = t.String()
		}
		return "", Type{}, failAt("FUNCTION_NOT_FOUND", x.p, "Unexpected parameters (%s) for function %s. Expected: %s(varchar(x), JsonPath), %s(json, JsonPath)", strings.Join(shown, ", "), x.name, x.name, x.name)
	}
	if l, ok := x.args[1].(*literal); ok && l.kind == "string" {
		if _, err := ParsePath(l.text); err != nil {
			return "", Type{}, failAt("INVALID_FUNCTION_ARGUMENT", x.args[1].pos(), "%s", err)
		}
	}
	typ := map[string]Type{"json_extract": tJSON, "json_extract_scalar": tVarchar, "json_size": tBigint}[x.name]
	return "trino_" + x.name + "(" + args[0] + ", " + args[1] + ")", typ, nil
}

// ParsePath reads a path of Trino's own JSON functions: $.a.b, $["a b"], $[0].
// It answers the keys; one of digits is an index of an array as well. There are
// no wildcards and no filters.
func ParsePath(path string) ([]string, error) {
	invalid := &pathError{"Invalid JSON path: '" + path + "'"}
	rest, ok := strings.CutPrefix(path, "$")
	if !ok {
		return nil, invalid
	}
	keys := []string{}
	for rest != "" {
		var key string
		switch {
		case strings.HasPrefix(rest, `["`):
			if key, rest, ok = quotedKey(rest[2:]); !ok {
				return nil, invalid
			}
		case rest[0] == '[':
			if key, rest, ok = strings.Cut(rest[1:], "]"); !ok || !plainKey(key, "_") {
				return nil, invalid
			}
		case rest[0] == '.':
			end := strings.IndexAny(rest[1:], ".[") + 1
			if end == 0 {
				end = len(rest)
			}
			if key, rest = rest[1:end], rest[end:]; !plainKey(key, "_:-") {
				return nil, invalid
			}
		default:
			return nil, invalid
		}
		keys = append(keys, key)
	}
	return keys, nil
}

// plainKey reports whether a key needs no quotes: letters, digits and others.
func plainKey(key, others string) bool {
	for _, r := range key {
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune(others, r) {
			return false
		}
	}
	return key != ""
}

type pathError struct{ message string }

func (e *pathError) Error() string { return e.message }

// quotedKey reads up to the closing quote and bracket; a backslash escapes a
// quote or a backslash.
func quotedKey(s string) (key, rest string, ok bool) {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '\\' && i+1 < len(s) && (s[i+1] == '\\' || s[i+1] == '"'):
			i++
			b.WriteByte(s[i])
		case s[i] == '\\':
			return "", "", false
		case s[i] == '"':
			return b.String(), strings.TrimPrefix(s[i+1:], "]"), strings.HasPrefix(s[i+1:], "]")
		default:
			b.WriteByte(s[i])
		}
	}
	return "", "", false
}
