package filterpattern

import (
	"regexp"
	"strings"
)

// compileRegex accepts the regular expressions that the guide describes and no
// others: letters, digits, the symbols : _ # = @ / ; , - and the operators
// ^ $ ? [ ] { } | \ * + . ; a space is allowed too, since the guide's own example
// has one. Parentheses are not supported, nor are multi-byte characters. After a
// backslash stands an operator, a symbol, one of d D s S w W, or x and two
// hexadecimal digits.
func compileRegex(s string) (*regexp.Regexp, error) {
	const (
		symbols   = ":_#=@/;,- "
		operators = `^$?[]{}|\*+.`
		classes   = "dDsSwWx"
	)
	bad := badTerm("%" + s + "%")
	if s == "" {
		return nil, bad
	}
	var out strings.Builder
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch {
		case c == '\\':
			if i++; i == len(s) || strings.IndexByte(classes+operators+symbols, s[i]) < 0 {
				return nil, bad
			}
			out.WriteByte('\\')
			out.WriteByte(s[i])
		case strings.HasPrefix(s[i:], "{,"):
			out.WriteString("{0") // Go wants the minimum that may be omitted here
		case isAlphanumeric(c), strings.IndexByte(symbols+operators, c) >= 0:
			out.WriteByte(c)
		default:
			return nil, bad
		}
	}
	re, err := regexp.Compile(out.String())
	if err != nil {
		return nil, bad
	}
	return re, nil
}

func isAlphanumeric(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}
