package duck

import (
	"database/sql/driver"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"
)

// textFunctions are those of strings. Positions count code points from one.
// https://trino.io/docs/current/functions/string.html
func textFunctions() []*function {
	text := func(signature string, run func(s []string) (any, error)) *function {
		return define(signature, func(v []driver.Value) (any, error) {
			s := make([]string, len(v))
			for i := range v {
				s[i] = v[i].(string)
			}
			return run(s)
		})
	}
	return []*function{
		define("chr(bigint) varchar", func(v []driver.Value) (any, error) {
			n := v[0].(int64)
			if n < 0 || n > utf8.MaxRune || !utf8.ValidRune(rune(n)) {
				return nil, fail("INVALID_FUNCTION_ARGUMENT", "Not a valid Unicode code point: %d", n)
			}
			return string(rune(n)), nil
		}),
		text("reverse(varchar) varchar", func(s []string) (any, error) {
			r := []rune(s[0])
			for i, j := 0, len(r)-1; i < j; i, j = i+1, j-1 {
				r[i], r[j] = r[j], r[i]
			}
			return string(r), nil
		}),
		text("replace(varchar, varchar, varchar) varchar", func(s []string) (any, error) { return strings.ReplaceAll(s[0], s[1], s[2]), nil }),
		text("hamming(varchar, varchar) bigint", func(s []string) (any, error) {
			a, b := []rune(s[0]), []rune(s[1])
			if len(a) != len(b) {
				return nil, fail("INVALID_FUNCTION_ARGUMENT", "The input strings to hamming_distance function must have the same length")
			}
			n := int64(0)
			for i := range a {
				if a[i] != b[i] {
					n++
				}
			}
			return n, nil
		}),
		define("pad(varchar, bigint, varchar, boolean) varchar", func(v []driver.Value) (any, error) {
			s, size, fill := []rune(v[0].(string)), v[1].(int64), []rune(v[2].(string))
			switch {
			case size < 0 || size > math.MaxInt32:
				return nil, fail("INVALID_FUNCTION_ARGUMENT", "Target length must be in the range [0..2147483647]")
			case len(fill) == 0:
				return nil, fail("INVALID_FUNCTION_ARGUMENT", "Padding string must not be empty")
			case int64(len(s)) >= size:
				return string(s[:size]), nil
			case size > 1<<24:
				return nil, fail("NOT_SUPPORTED", "localaws does not pad beyond %d characters", 1<<24)
			}
			missing := make([]rune, size-int64(len(s)))
			for i := range missing {
				missing[i] = fill[i%len(fill)]
			}
			if v[3].(bool) {
				return string(missing) + string(s), nil
			}
			return string(s) + string(missing), nil
		}),
		define("split(varchar, varchar, bigint) varchar[]", func(v []driver.Value) (any, error) {
			limit := v[2].(int64)
			switch {
			case limit <= 0:
				return nil, fail("INVALID_FUNCTION_ARGUMENT", "Limit must be positive")
			case limit > math.MaxInt32:
				return nil, fail("INVALID_FUNCTION_ARGUMENT", "Limit is too large")
			case v[1].(string) == "":
				return nil, fail("INVALID_FUNCTION_ARGUMENT", "The delimiter may not be the empty string")
			}
			return list(strings.SplitN(v[0].(string), v[1].(string), int(limit))), nil
		}),
		define("split_part(varchar, varchar, bigint) varchar", func(v []driver.Value) (any, error) {
			s, delimiter, n := v[0].(string), v[1].(string), v[2].(int64)
			if n <= 0 {
				return nil, fail("INVALID_FUNCTION_ARGUMENT", "Index must be greater than zero")
			}
			var parts []string
			if delimiter == "" { // each character is a part
				for _, r := range s {
					parts = append(parts, string(r))
				}
			} else {
				parts = strings.Split(s, delimiter)
			}
			if n > int64(len(parts)) {
				return nil, nil
			}
			return parts[n-1], nil
		}),
		text("split_pairs(varchar, varchar, varchar) varchar[][]", func(s []string) (any, error) { return splitPairs(s, false) }),
		text("split_all_pairs(varchar, varchar, varchar) varchar[][]", func(s []string) (any, error) { return splitPairs(s, true) }),
		define("strpos(varchar, varchar, bigint) bigint", func(v []driver.Value) (any, error) {
			return strpos(v[0].(string), v[1].(string), v[2].(int64))
		}),
		define("substring(varchar, bigint, bigint) varchar", func(v []driver.Value) (any, error) {
			r := []rune(v[0].(string))
			from, to := cut(len(r), v[1].(int64), v[2].(int64))
			return string(r[from:to]), nil
		}),
		define("substring_bytes(varbinary, bigint, bigint) varbinary", func(v []driver.Value) (any, error) {
			b := v[0].([]byte)
			from, to := cut(len(b), v[1].(int64), v[2].(int64))
			return b[from:to], nil
		}),
		define("from_base(varchar, bigint) bigint", func(v []driver.Value) (any, error) {
			base := v[1].(int64)
			if base < 2 || base > 36 {
				return nil, fail("INVALID_FUNCTION_ARGUMENT", "Radix must be between 2 and 36")
			}
			n, err := strconv.ParseInt(v[0].(string), int(base), 64)
			if err != nil {
				return nil, fail("INVALID_FUNCTION_ARGUMENT", "Not a valid base-%d number: %s", base, v[0])
			}
			return n, nil
		}),
		define("to_base(bigint, bigint) varchar", func(v []driver.Value) (any, error) {
			base := v[1].(int64)
			if base < 2 || base > 36 {
				return nil, fail("INVALID_FUNCTION_ARGUMENT", "Radix must be between 2 and 36")
			}
			return strconv.FormatInt(v[0].(int64), int(base)), nil
		}),
		define("format(varchar, varchar[]) varchar", func(v []driver.Value) (any, error) {
			return format(v[0].(string), v[1].([]any))
		}),
	}
}

func list(parts []string) []any {
	out := make([]any, len(parts))
	for i, p := range parts {
		out[i] = p
	}
	return out
}

// cut is the range that substr takes of n: a negative start counts from the end.
func cut(n int, start, length int64) (from, to int) {
	size := int64(n)
	if start < 0 {
		start += size + 1
		if start < 1 {
			return 0, 0
		}
	}
	if start == 0 || length <= 0 || start > size {
		return 0, 0
	}
	return int(start - 1), int(min(size, start-1+min(length, size)))
}

func strpos(s, sub string, instance int64) (any, error) {
	if instance == 0 {
		return nil, fail("INVALID_FUNCTION_ARGUMENT", "'instance' must be a positive or negative number.")
	}
	if sub == "" {
		return int64(1), nil
	}
	var at []int
	for i := 0; i+len(sub) <= len(s); i++ {
		if strings.HasPrefix(s[i:], sub) {
			at = append(at, i)
		}
	}
	n := instance - 1
	if instance < 0 {
		n = int64(len(at)) + instance
	}
	if n < 0 || n >= int64(len(at)) {
		return int64(0), nil
	}
	return int64(utf8.RuneCountInString(s[:at[n]])) + 1, nil
}

// splitPairs is split_to_map, or split_to_multimap where keys may repeat.
func splitPairs(s []string, repeated bool) (any, error) {
	switch {
	case s[1] == "":
		return nil, fail("INVALID_FUNCTION_ARGUMENT", "entryDelimiter is empty")
	case s[2] == "":
		return nil, fail("INVALID_FUNCTION_ARGUMENT", "keyValueDelimiter is empty")
	case s[1] == s[2]:
		return nil, fail("INVALID_FUNCTION_ARGUMENT", "entryDelimiter and keyValueDelimiter must not be the same")
	}
	pairs := []any{}
	seen := map[string]bool{}
	entries := strings.Split(s[0], s[1])
	for i, entry := range entries {
		if entry == "" && i == len(entries)-1 {
			break // nothing follows the last delimiter
		}
		key, value, ok := strings.Cut(entry, s[2])
		if !ok {
			return nil, fail("INVALID_FUNCTION_ARGUMENT", "Key-value delimiter must appear exactly once in each entry. Bad input: '%s'", entry)
		}
		if strings.Contains(value, s[2]) {
			return nil, fail("INVALID_FUNCTION_ARGUMENT", "Key-value delimiter must appear exactly once in each entry. Bad input: '%s'", entry)
		}
		if seen[key] && !repeated {
			return nil, fail("INVALID_FUNCTION_ARGUMENT", "Duplicate keys (%s) are not allowed", key)
		}
		seen[key] = true
		pairs = append(pairs, []any{key, value})
	}
	return pairs, nil
}

// format is Java's Formatter for %s, %d, %f, %e, %x, %o, %c, %b, %% and %n. Each
// argument begins with a letter that tells what it is.
func format(pattern string, args []any) (any, error) {
	var b strings.Builder
	used := 0
	for i := 0; i < len(pattern); i++ {
		if pattern[i] != '%' {
			b.WriteByte(pattern[i])
			continue
		}
		end := i + 1
		for end < len(pattern) && strings.IndexByte("-#+ 0,(.123456789$<", pattern[end]) >= 0 {
			end++
		}
		if end == len(pattern) {
			return nil, fail("INVALID_FUNCTION_ARGUMENT", "Invalid format string: %s (UnknownFormatConversion: %%)", pattern)
		}
		flags, verb := pattern[i+1:end], pattern[end]
		i = end
		switch verb {
		case '%':
			b.WriteByte('%')
			continue
		case 'n':
			b.WriteByte('\n')
			continue
		}
		if position, rest, ok := strings.Cut(flags, "$"); ok {
			n, err := strconv.Atoi(position)
			if err != nil || n < 1 {
				return nil, fail("INVALID_FUNCTION_ARGUMENT", "Invalid format string: %s", pattern)
			}
			used, flags = n-1, rest
		}
		if used >= len(args) {
			return nil, fail("INVALID_FUNCTION_ARGUMENT", "Invalid format string: %s (Format specifier '%%%s%c')", pattern, flags, verb)
		}
		text, err := formatOne(pattern, flags, verb, args[used])
		if err != nil {
			return nil, err
		}
		b.WriteString(text)
		used++
	}
	return b.String(), nil
}

func formatOne(pattern, flags string, verb byte, arg any) (string, error) {
	invalid := fail("INVALID_FUNCTION_ARGUMENT", "Invalid format string: %s (%c != %T)", pattern, verb, arg)
	if strings.ContainsAny(flags, "(#<") {
		return "", fail("NOT_SUPPORTED", "localaws does not implement the flags of the format string %s", pattern)
	}
	flag := func(c string) bool {
		at := strings.Index(flags, c)
		return at >= 0 && (c != "0" || strings.Trim(flags[:at], "-+ ,") == "")
	}
	spec := strings.TrimLeft(flags, "-+ ,0")
	width, precision := 0, -1
	head, tail, dotted := strings.Cut(spec, ".")
	if head != "" {
		var err error
		if width, err = strconv.Atoi(head); err != nil || width > 10000 {
			return "", invalid
		}
	}
	if dotted {
		var err error
		if precision, err = strconv.Atoi(tail); err != nil || precision > 1000 {
			return "", invalid
		}
	}
	s, isText := arg.(string)
	kind, value := "s", "null"
	if isText {
		kind, value = s[:1], s[1:]
	}
	switch {
	case verb == 's' || verb == 'S' || verb == 'b' || verb == 'B':
		if verb == 'b' && kind != "b" {
			value = strconv.FormatBool(isText)
		}
		if precision >= 0 && len([]rune(value)) > precision {
			value = string([]rune(value)[:precision])
		}
		if verb == 'S' || verb == 'B' {
			value = strings.ToUpper(value)
		}
	case !isText:
	case (verb == 'd' || verb == 'x' || verb == 'X' || verb == 'o') && kind == "i" && precision < 0:
		n, err := strconv.ParseInt(value, 10, 64)
		if err != nil {
			return "", invalid
		}
		switch verb {
		case 'x', 'X':
			if value = strconv.FormatUint(uint64(n), 16); verb == 'X' {
				value = strings.ToUpper(value)
			}
		case 'o':
			value = strconv.FormatUint(uint64(n), 8)
		}
	case (verb == 'f' || verb == 'e' || verb == 'E') && kind == "f":
		f, err := strconv.ParseFloat(value, 64)
		if err != nil {
			return "", invalid
		}
		if precision < 0 {
			precision = 6
		}
		value = strconv.FormatFloat(f, verb, precision, 64)
	default:
		return "", invalid
	}
	if strings.IndexByte("dfe", verb) >= 0 && isText {
		sign := ""
		if strings.HasPrefix(value, "-") {
			sign, value = "-", value[1:]
		} else if flag("+") {
			sign = "+"
		} else if flag(" ") {
			sign = " "
		}
		if flag(",") {
			whole, fraction, _ := strings.Cut(value, ".")
			for i := len(whole) - 3; i > 0; i -= 3 {
				whole = whole[:i] + "," + whole[i:]
			}
			if value = whole; fraction != "" {
				value += "." + fraction
			}
		}
		for flag("0") && len(sign)+len(value) < width {
			value = "0" + value
		}
		value = sign + value
	}
	for n := len([]rune(value)); n < width; n++ {
		if flag("-") {
			value += " "
		} else {
			value = " " + value
		}
	}
	return value, nil
}
