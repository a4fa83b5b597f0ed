package trino

import "strings"

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

// Step is one step of a JSON path: a key, or an index where Key is "".
type Step struct {
	Key     string
	Index   int
	IsIndex bool
}

// ParsePath reads a path of Trino's own JSON functions: $.a.b, $["a b"], $[0].
// Its other forms (wildcards, ..) are refused by name.
func ParsePath(path string) ([]Step, error) {
	invalid := &Error{Name: "INVALID_FUNCTION_ARGUMENT", Message: "Invalid JSON path: '" + path + "'"}
	rest := strings.TrimSpace(path)
	steps := []Step{}
	if after, ok := strings.CutPrefix(rest, "$"); ok {
		rest = after
	} else if rest != "" && rest[0] != '.' && rest[0] != '[' {
		rest = "." + rest // a path may leave $. out
	}
	if rest == "" && path == "" {
		return nil, &pathError{invalid.Message}
	}
	for rest != "" {
		switch {
		case strings.HasPrefix(rest, `["`), strings.HasPrefix(rest, "['"):
			key, after, ok := quotedKey(rest[2:], rest[1])
			if !ok {
				return nil, &pathError{invalid.Message}
			}
			steps = append(steps, Step{Key: key})
			rest = after
		case rest[0] == '[':
			inside, after, ok := strings.Cut(rest[1:], "]")
			switch {
			case ok && inside == "*":
				return nil, &pathError{"localaws does not implement the wildcard of the JSON path '" + path + "'"}
			case !ok || inside == "":
				return nil, &pathError{invalid.Message}
			case strings.Trim(inside, "0123456789") != "":
				steps = append(steps, Step{Key: inside})
			default:
				steps = append(steps, Step{Index: atoi(inside), Key: inside, IsIndex: true})
			}
			rest = after
		case strings.HasPrefix(rest, ".."), strings.HasPrefix(rest, ".*"):
			return nil, &pathError{"localaws does not implement the form of the JSON path '" + path + "'"}
		case rest[0] == '.':
			rest = rest[1:]
			end := strings.IndexAny(rest, ".[")
			if end < 0 {
				end = len(rest)
			}
			if end == 0 {
				return nil, &pathError{invalid.Message}
			}
			steps = append(steps, Step{Key: rest[:end]})
			rest = rest[end:]
		default:
			return nil, &pathError{invalid.Message}
		}
	}
	return steps, nil
}

type pathError struct{ message string }

func (e *pathError) Error() string { return e.message }

// quotedKey reads up to the closing quote and bracket; a backslash escapes.
func quotedKey(s string, quote byte) (key, rest string, ok bool) {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '\\' && i+1 < len(s):
			i++
			b.WriteByte(s[i])
		case s[i] == quote:
			if i+1 < len(s) && s[i+1] == ']' {
				return b.String(), s[i+2:], true
			}
			return "", "", false
		default:
			b.WriteByte(s[i])
		}
	}
	return "", "", false
}
