package filterpattern

import (
	"strings"
	"unicode"
)

// fieldPattern is one field of a space-delimited pattern: a name and perhaps
// conditions on its value, or an ellipsis for any number of fields.
type fieldPattern struct {
	name     string
	ellipsis bool
	holds    func(value string) bool
}

// parseDelimited reads the fields between the brackets.
//
// Fields are matched to the message's from the left. The last one takes the rest
// of the message, so that [w1=ERROR, w2] matches every message whose first word
// is ERROR: this is why the guide asks for a field after the ones with conditions.
// An ellipsis takes any number of fields; after it, fields are counted from the
// end of the message. [] names no field and matches everything: the service takes it.
func parseDelimited(source, body string) (*Pattern, error) {
	s := &scanner{rest: body}
	var fields []fieldPattern
	for !s.done() {
		f, err := s.field()
		if err != nil {
			return nil, err
		}
		fields = append(fields, f)
		if s.done() {
			break
		}
		if !s.take(",") {
			return nil, badTerm(s.offending())
		}
		if s.done() {
			return nil, structure() // a comma promises a field
		}
	}
	if s.regexes > maxRegexes {
		return nil, refuse("Filter pattern must not have more than %d regular expressions", maxRegexes)
	}
	return &Pattern{
		kind: Delimited, source: source, regexes: s.regexes,
		match: func(message string) bool {
			_, ok := assign(fields, split(message))
			return ok
		},
		extract: func(message string) map[string]string {
			values, _ := assign(fields, split(message))
			return values
		},
	}, nil
}

// field reads one field and its conditions: "name", "name = x || name = y", "...".
func (s *scanner) field() (fieldPattern, error) {
	s.space()
	if strings.HasPrefix(s.rest, "...") {
		s.rest = s.rest[3:]
		if trailing := s.run(isBare); trailing != "" {
			return fieldPattern{}, badTerm("..." + trailing)
		}
		return fieldPattern{ellipsis: true}, nil
	}
	name := s.run(isKey)
	if name == "" {
		return fieldPattern{}, badTerm(s.offending())
	}
	f := fieldPattern{name: name, holds: func(string) bool { return true }}
	s.space()
	if s.rest == "" || s.rest[0] == ',' {
		return f, nil
	}
	holds, err := s.alternatives(name)
	f.holds = holds
	return f, err
}

// alternatives reads conditions on one field, && before ||. Each repeats the
// field's name; another name is refused.
func (s *scanner) alternatives(name string) (func(string) bool, error) {
	left, err := s.conjunction(name, true)
	if err != nil {
		return nil, err
	}
	for s.take("||") {
		right, err := s.conjunction(name, false)
		if err != nil {
			return nil, err
		}
		a := left
		left = func(v string) bool { return a(v) || right(v) }
	}
	return left, nil
}

func (s *scanner) conjunction(name string, named bool) (func(string) bool, error) {
	left, err := s.fieldCondition(name, named)
	if err != nil {
		return nil, err
	}
	for s.take("&&") {
		right, err := s.fieldCondition(name, false)
		if err != nil {
			return nil, err
		}
		a := left
		left = func(v string) bool { return a(v) && right(v) }
	}
	return left, nil
}

// fieldCondition reads "name op value"; named says that the name has been read.
func (s *scanner) fieldCondition(name string, named bool) (func(string) bool, error) {
	if !named {
		s.space()
		if again := s.run(isKey); !strings.EqualFold(again, name) {
			return nil, structure()
		}
	}
	op, err := s.operator()
	if err != nil {
		return nil, err
	}
	m, err := s.value(op)
	if err != nil {
		return nil, err
	}
	return func(v string) bool { return m.holds(op, v) }, nil
}

// token is one field of a message: its value, and where it starts in the message,
// for the last field, which takes the rest.
type token struct {
	value string
	rest  string
}

// split cuts a message at white space; text in brackets or double quotes is one
// field, without them.
func split(message string) []token {
	var tokens []token
	rest := strings.TrimRightFunc(message, unicode.IsSpace)
	for {
		rest = strings.TrimLeftFunc(rest, unicode.IsSpace)
		if rest == "" {
			return tokens
		}
		value, tail := cutField(rest)
		tokens = append(tokens, token{value: value, rest: rest})
		rest = tail
	}
}

func cutField(s string) (value, tail string) {
	var closing byte
	switch s[0] {
	case '[':
		closing = ']'
	case '"':
		closing = '"'
	}
	if closing != 0 {
		for i := 1; i < len(s); i++ {
			switch {
			case closing == '"' && s[i] == '\\':
				i++
			case s[i] == closing:
				return s[1:i], s[i+1:]
			}
		}
	}
	end := strings.IndexFunc(s, unicode.IsSpace)
	if end < 0 {
		return s, ""
	}
	return s[:end], s[end:]
}

// assign gives the message's fields to the pattern's and says whether all
// conditions hold. The values are keyed by "$name".
func assign(fields []fieldPattern, tokens []token) (map[string]string, bool) {
	values := map[string]string{}
	for i, f := range fields {
		if f.ellipsis {
			return assignTail(values, fields[i+1:], tokens)
		}
		if len(tokens) == 0 {
			return nil, false
		}
		value := tokens[0].value
		if i == len(fields)-1 && len(tokens) > 1 {
			value = tokens[0].rest
		}
		if !f.holds(value) {
			return nil, false
		}
		values["$"+f.name] = value
		tokens = tokens[1:]
	}
	return values, true
}

// assignTail matches what follows an ellipsis to the end of the message; with
// another ellipsis in it, to the first place where it fits.
func assignTail(values map[string]string, fields []fieldPattern, tokens []token) (map[string]string, bool) {
	fixed := len(fields)
	for i, f := range fields {
		if f.ellipsis {
			fixed = i
			break
		}
	}
	first, last := len(tokens)-fixed, len(tokens)-fixed
	if fixed < len(fields) {
		first = 0
	}
	for at := max(first, 0); at <= last; at++ {
		if !fits(fields[:fixed], tokens[at:]) {
			continue
		}
		for i, f := range fields[:fixed] {
			values["$"+f.name] = tokens[at+i].value
		}
		if fixed == len(fields) {
			return values, true
		}
		// Leftmost is enough: what follows the next ellipsis has the most room.
		return assignTail(values, fields[fixed+1:], tokens[at+fixed:])
	}
	return nil, false
}

func fits(fields []fieldPattern, tokens []token) bool {
	for i, f := range fields {
		if !f.holds(tokens[i].value) {
			return false
		}
	}
	return true
}
