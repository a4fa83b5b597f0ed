package trino

import "strings"

// PathSteps reads a path: its mode, and its steps as ".key", ".*", "[*]", "[n]"
// and "[n,m]" of a range. Not ok: filters, methods, arithmetic and variables.
func PathSteps(path string) (strict bool, steps []string, ok bool) {
	rest := strings.TrimSpace(path)
	if after, found := strings.CutPrefix(rest, "strict "); found {
		strict, rest = true, after
	} else {
		rest = strings.TrimPrefix(rest, "lax ")
	}
	if rest, ok = strings.CutPrefix(strings.TrimSpace(rest), "$"); !ok {
		return strict, nil, false
	}
	for rest != "" {
		switch {
		case strings.HasPrefix(rest, ".*"):
			steps, rest = append(steps, ".*"), rest[2:]
		case strings.HasPrefix(rest, `."`):
			end := strings.IndexByte(rest[2:], '"')
			if end < 0 {
				return strict, nil, false
			}
			steps, rest = append(steps, "."+rest[2:2+end]), rest[end+3:]
		case rest[0] == '.':
			end := strings.IndexAny(rest[1:], ".[ ()") + 1
			if end == 0 {
				end = len(rest)
			}
			if end == 1 || strings.HasPrefix(rest[end:], "(") {
				return strict, nil, false
			}
			steps, rest = append(steps, rest[:end]), rest[end:]
		case rest[0] == '[':
			inside, after, found := strings.Cut(rest[1:], "]")
			from, to, isRange := strings.Cut(strings.TrimSpace(inside), " to ")
			if !found || from != "*" && !digits(from) || isRange && !digits(strings.TrimSpace(to)) {
				return strict, nil, false
			}
			step := "[" + from + "]"
			if isRange {
				step = "[" + from + "," + strings.TrimSpace(to) + "]"
			}
			steps, rest = append(steps, step), after
		default:
			return strict, nil, false
		}
	}
	return strict, steps, true
}

func digits(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }
