package filterpattern

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// parseTerms reads a pattern of terms.
//
// All plain terms must occur and no -term may. ?terms are alternatives, and are
// ignored as soon as there is any other term: the guide says so. A term is found
// wherever it stands in the message, also inside a longer word.
func parseTerms(source string) (*Pattern, error) {
	s := &scanner{rest: source}
	var all, none, some []matcher
	for !s.done() {
		list := &all
		switch s.rest[0] {
		case '?':
			list, s.rest = &some, s.rest[1:]
		case '-':
			list, s.rest = &none, s.rest[1:]
		}
		m, err := s.term()
		if err != nil {
			return nil, err
		}
		if r, _ := utf8.DecodeRuneInString(s.rest); s.rest != "" && !unicode.IsSpace(r) {
			return nil, badTerm(string(r)) // us-east-1 is not three terms
		}
		*list = append(*list, m)
	}
	if s.regexes > maxRegexes {
		return nil, refuse("Filter pattern must not have more than %d regular expressions", maxRegexes)
	}
	if len(all)+len(none) > 0 {
		some = nil
	}
	return &Pattern{
		kind: Terms, source: source, regexes: s.regexes,
		match: func(message string) bool { return matchTerms(message, all, none, some) },
	}, nil
}

func matchTerms(message string, all, none, some []matcher) bool {
	for _, m := range none {
		if m.in(message) {
			return false
		}
	}
	for _, m := range all {
		if !m.in(message) {
			return false
		}
	}
	for _, m := range some {
		if m.in(message) {
			return true
		}
	}
	return len(some) == 0
}

// term reads a word, a quoted phrase or a regular expression.
func (s *scanner) term() (matcher, error) {
	if s.rest == "" {
		return matcher{}, structure()
	}
	switch s.rest[0] {
	case '"':
		phrase, err := s.quoted()
		return matcher{phrase: phrase}, err
	case '%':
		m, err := s.regex()
		if err != nil {
			return matcher{}, err
		}
		return *m, nil
	}
	word := s.run(isWord)
	if word == "" {
		return matcher{}, badTerm(s.offending())
	}
	return matcher{phrase: word}, nil
}

// in reports whether the term occurs in a message. The guide's pattern for
// everything, " ", must match messages without a space too.
func (m matcher) in(message string) bool {
	if m.regex != nil {
		return m.regex.MatchString(message)
	}
	return strings.TrimSpace(m.phrase) == "" || strings.Contains(message, m.phrase)
}
