package filterpattern

import (
	"encoding/json"
	"math/big"
	"regexp"
	"strconv"
	"strings"
)

// matcher is what a value is compared with: a phrase with wildcards, a number or
// a regular expression.
type matcher struct {
	phrase string
	bare   bool     // written without quotes: a number may be meant
	number *big.Rat // the phrase as a number, if it is bare and one
	regex  *regexp.Regexp
}

// operator compares a field with a value.
type operator string

// operators in the order in which they must be tried.
var operators = [...]operator{"!=", ">=", "<=", "=", ">", "<"}

func (s *scanner) operator() (operator, error) {
	s.space()
	for _, op := range operators {
		if rest, found := strings.CutPrefix(s.rest, string(op)); found {
			s.rest = rest
			return op, nil
		}
	}
	return "", structure()
}

// value reads what stands to the right of op.
func (s *scanner) value(op operator) (matcher, error) {
	s.space()
	if s.rest == "" {
		return matcher{}, structure()
	}
	equality := op == "=" || op == "!="
	switch s.rest[0] {
	case '"':
		source := s.rest
		phrase, err := s.quoted()
		if err == nil && !equality {
			err = badTerm(source[:len(source)-len(s.rest)])
		}
		return matcher{phrase: phrase}, err
	case '%':
		m, err := s.regex()
		if err != nil {
			return matcher{}, err
		}
		if !equality {
			return matcher{}, structure()
		}
		return *m, nil
	}
	phrase := s.run(isBare)
	if phrase == "" {
		return matcher{}, badTerm(s.offending())
	}
	m := matcher{phrase: phrase, bare: true, number: parseNumber(phrase)}
	if !equality && m.number == nil {
		return matcher{}, badTerm(phrase)
	}
	return m, nil
}

// holds reports whether "value op m" is true of a text value.
func (m matcher) holds(op operator, value string) bool {
	switch op {
	case "=":
		return m.equals(value)
	case "!=":
		return !m.equals(value)
	}
	number := parseNumber(value)
	if number == nil {
		return false
	}
	switch c := number.Cmp(m.number); op {
	case ">":
		return c > 0
	case ">=":
		return c >= 0
	case "<":
		return c < 0
	default:
		return c <= 0
	}
}

func (m matcher) equals(value string) bool {
	if m.regex != nil {
		return m.regex.MatchString(value)
	}
	if m.number != nil {
		if number := parseNumber(value); number != nil {
			return number.Cmp(m.number) == 0
		}
	}
	return wildcard(m.phrase, value)
}

// wildcard matches a phrase in which * stands for any text.
//
// Each part between asterisks is sought at its first occurrence after the one
// before, without trying again further on, as the service does: of the address
// 111.111.111.111, "*.111.111.111" and "111*" match, "*111.111.111" and "111*111"
// do not, while 1*3 matches the number 123.
func wildcard(phrase, value string) bool {
	parts := strings.Split(phrase, "*")
	if !strings.HasPrefix(value, parts[0]) {
		return false
	}
	value = value[len(parts[0]):]
	for _, part := range parts[1:] {
		at := strings.Index(value, part)
		if at < 0 {
			return false
		}
		value = value[at+len(part):]
	}
	return value == "" || len(parts) > 1 && parts[len(parts)-1] == ""
}

// maxExponent bounds the numbers that are compared exactly.
const maxExponent = 400

// parseNumber reads a decimal number in any notation of the language; nil if s is
// not one.
func parseNumber(s string) *big.Rat {
	if s == "" || strings.ContainsAny(s, "_/xXpPbBoOiInN") {
		return nil
	}
	if _, exponent, found := strings.Cut(strings.ToLower(s), "e"); found {
		n, err := strconv.Atoi(exponent)
		if err != nil || n > maxExponent || n < -maxExponent {
			return nil
		}
	}
	r, ok := new(big.Rat).SetString(s)
	if !ok {
		return nil
	}
	return r
}

// scalarText is a JSON string or number as text; other nodes are not values.
func scalarText(node any) (string, bool) {
	switch v := node.(type) {
	case string:
		return v, true
	case json.Number:
		return v.String(), true
	}
	return "", false
}
