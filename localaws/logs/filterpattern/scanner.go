package filterpattern

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// scanner walks over the body of a pattern.
type scanner struct {
	rest    string
	regexes int
}

func (s *scanner) space() {
	s.rest = strings.TrimLeftFunc(s.rest, unicode.IsSpace)
}

// take consumes token if it comes next, after space.
func (s *scanner) take(token string) bool {
	s.space()
	rest, found := strings.CutPrefix(s.rest, token)
	if found {
		s.rest = rest
	}
	return found
}

// word consumes a keyword that ends where it stands.
func (s *scanner) word(keyword string) bool {
	s.space()
	rest, found := strings.CutPrefix(s.rest, keyword)
	if !found {
		return false
	}
	if r, _ := utf8.DecodeRuneInString(rest); rest != "" && isWord(r) {
		return false
	}
	s.rest = rest
	return true
}

func (s *scanner) done() bool {
	s.space()
	return s.rest == ""
}

// quoted reads a phrase in double quotes, in which a backslash takes the next
// character literally.
func (s *scanner) quoted() (string, error) {
	var b strings.Builder
	for i := 1; i < len(s.rest); i++ {
		switch c := s.rest[i]; c {
		case '"':
			s.rest = s.rest[i+1:]
			return b.String(), nil
		case '\\':
			// Only a quote and a backslash need escaping; before anything else
			// the backslash stands for itself.
			if i+1 < len(s.rest) && (s.rest[i+1] == '"' || s.rest[i+1] == '\\') {
				i++
			}
			b.WriteByte(s.rest[i])
		default:
			b.WriteByte(c)
		}
	}
	return "", structure()
}

// regex reads %expression%.
func (s *scanner) regex() (*matcher, error) {
	end := strings.IndexByte(s.rest[1:], '%')
	if end < 0 {
		return nil, badTerm("%")
	}
	re, err := compileRegex(s.rest[1 : 1+end])
	if err != nil {
		return nil, err
	}
	s.rest = s.rest[end+2:]
	s.regexes++
	return &matcher{regex: re}, nil
}

// run consumes the longest run of characters that ok accepts.
func (s *scanner) run(ok func(rune) bool) string {
	end := strings.IndexFunc(s.rest, func(r rune) bool { return !ok(r) })
	if end < 0 {
		end = len(s.rest)
	}
	run := s.rest[:end]
	s.rest = s.rest[end:]
	return run
}

// offending is the first character of what could not be read, for the message.
func (s *scanner) offending() string {
	s.space()
	_, n := utf8.DecodeRuneInString(s.rest)
	return s.rest[:n]
}

func isWord(r rune) bool { return r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r) }

// isBare says what a value without quotes may be made of: words, numbers in any
// notation and the wildcard.
func isBare(r rune) bool { return isWord(r) || strings.ContainsRune(".*+-", r) }
