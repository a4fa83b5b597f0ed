package pattern

import (
	"encoding/json"
	"fmt"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// kind is the kind of a JSON token.
type kind int

const (
	broken kind = iota // what is no JSON: the token's text says why
	startObject
	endObject
	startArray
	endArray
	fieldName
	stringValue
	numberValue
	literalValue // true, false or null
	endOfText
)

// token is a token of JSON. Commas and colons are checked and left out.
type token struct {
	kind  kind
	text  string // what a string or name says; a number or literal as it stands
	enter int    // position after the first byte of a string, else after the token
	end   int
}

// Error says why a pattern is not valid, in the service's words.
type Error struct{ Reason string }

func (e *Error) Error() string { return "Event pattern is not valid. Reason: " + e.Reason }

// scanner walks over the tokens of a text. It knows the position at which the
// service's parser would be, because error messages tell it: that parser enters
// a string and reads on only when asked for its text, and once it has the name
// of a field it has entered the value as well.
type scanner struct {
	text   string
	tokens []token
	at     int  // index of the next token
	read   bool // the current token's text was asked for
}

func newScanner(text string) *scanner {
	l := &lexer{text: text}
	l.value()
	if !l.failed {
		l.space()
		if l.pos < len(text) {
			l.unexpected("expected end of input")
		}
		l.add(endOfText, "", l.pos)
	}
	return &scanner{text: text, tokens: l.tokens}
}

// next moves to the next token.
func (s *scanner) next() (token, error) {
	t := s.tokens[min(s.at, len(s.tokens)-1)]
	s.at++
	s.read = false
	if t.kind == broken {
		return t, &Error{Reason: t.text + location(s.text, t.end)}
	}
	return t, nil
}

// string is the text of the current token, which reads it to its end.
func (s *scanner) string() string {
	s.read = true
	return s.tokens[s.at-1].text
}

// fail is an error at the current position.
func (s *scanner) fail(reason string) error {
	t := s.tokens[min(s.at, len(s.tokens))-1]
	position := t.enter
	switch {
	case t.kind == fieldName && s.at < len(s.tokens):
		position = s.tokens[s.at].enter
	case s.read:
		position = t.end
	}
	return &Error{Reason: reason + location(s.text, position)}
}

// location is how the service's parser writes a position.
func location(text string, position int) string {
	line, column := 1, 1
	for _, r := range text[:position] {
		if r == '\n' {
			line, column = line+1, 1
			continue
		}
		column += max(utf16.RuneLen(r), 1)
	}
	const shown = 500
	source := `"` + text + `"`
	if runes := []rune(text); len(runes) > shown {
		source = fmt.Sprintf(`"%s"[truncated %d chars]`, string(runes[:shown]), len(runes)-shown)
	}
	return fmt.Sprintf("\n at [Source: (String)%s; line: %d, column: %d]", source, line, column)
}

// maxDepth bounds the nesting of a pattern, which is recursive to read.
const maxDepth = 1000

// lexer cuts a text into tokens. After a failure the last token is broken.
type lexer struct {
	text   string
	pos    int
	depth  int
	tokens []token
	failed bool
}

func (l *lexer) add(k kind, text string, enter int) {
	l.tokens = append(l.tokens, token{kind: k, text: text, enter: enter, end: l.pos})
}

func (l *lexer) fail(reason string) {
	l.add(broken, reason, l.pos)
	l.failed = true
}

func (l *lexer) unexpected(expected string) {
	if l.pos >= len(l.text) {
		l.fail("Unexpected end-of-input")
		return
	}
	r, _ := utf8.DecodeRuneInString(l.text[l.pos:])
	l.fail(fmt.Sprintf("Unexpected character ('%c' (code %d)): %s", r, r, expected))
}

func (l *lexer) space() {
	for l.pos < len(l.text) && strings.IndexByte(" \t\r\n", l.text[l.pos]) >= 0 {
		l.pos++
	}
}

// accept moves over a byte when it is the next one after white space.
func (l *lexer) accept(c byte) bool {
	l.space()
	if l.pos < len(l.text) && l.text[l.pos] == c {
		l.pos++
		return true
	}
	return false
}

const someValue = "(JSON String, Number, Array, Object or token 'null', 'true' or 'false')"

func (l *lexer) value() {
	l.space()
	if l.pos == len(l.text) {
		l.unexpected("")
		return
	}
	from := l.pos
	switch c := l.text[from]; {
	case c == '{' || c == '[':
		if l.depth++; l.depth > maxDepth {
			l.fail(fmt.Sprintf("Document nesting depth (%d) exceeds the maximum allowed", l.depth))
			return
		}
		l.pos++
		if c == '{' {
			l.object()
		} else {
			l.array()
		}
		l.depth--
	case c == '"':
		if text, ok := l.quoted(); ok {
			l.add(stringValue, text, from+1)
		}
	case c == '-' || (c >= '0' && c <= '9'):
		for l.pos < len(l.text) && strings.IndexByte("0123456789+-.eE", l.text[l.pos]) >= 0 {
			l.pos++
		}
		if number := l.text[from:l.pos]; json.Valid([]byte(number)) {
			l.add(numberValue, number, l.pos)
		} else {
			l.fail("Invalid numeric value: " + number)
		}
	default:
		for l.pos < len(l.text) && isWord(l.text[l.pos]) {
			l.pos++
		}
		switch word := l.text[from:l.pos]; word {
		case "true", "false", "null":
			l.add(literalValue, word, l.pos)
		case "":
			l.unexpected("expected a valid value " + someValue)
		default:
			l.fail("Unrecognized token '" + word + "': was expecting " + someValue)
		}
	}
}

func isWord(c byte) bool {
	return c == '_' || c == '$' || c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'z'
}

func (l *lexer) object() {
	l.add(startObject, "", l.pos)
	for first := true; ; first = false {
		if l.accept('}') {
			l.add(endObject, "", l.pos)
			return
		}
		if !first && !l.accept(',') {
			l.unexpected("was expecting comma to separate Object entries")
			return
		}
		l.space()
		if l.pos == len(l.text) || l.text[l.pos] != '"' {
			l.unexpected("was expecting double-quote to start field name")
			return
		}
		name, ok := l.quoted()
		if !ok {
			return
		}
		l.add(fieldName, name, l.pos)
		if !l.accept(':') {
			l.unexpected("was expecting a colon to separate field name and value")
			return
		}
		if l.value(); l.failed {
			return
		}
	}
}

func (l *lexer) array() {
	l.add(startArray, "", l.pos)
	for first := true; ; first = false {
		if l.accept(']') {
			l.add(endArray, "", l.pos)
			return
		}
		if !first && !l.accept(',') {
			l.unexpected("was expecting comma to separate Array entries")
			return
		}
		if l.value(); l.failed {
			return
		}
	}
}

func (l *lexer) quoted() (string, bool) {
	from := l.pos
	for i := from + 1; i < len(l.text); i++ {
		switch l.text[i] {
		case '\\':
			i++
		case '"':
			l.pos = i + 1
			var out string
			if err := json.Unmarshal([]byte(l.text[from:l.pos]), &out); err != nil {
				l.fail("Illegal character in a string")
				return "", false
			}
			return out, true
		}
	}
	l.pos = len(l.text)
	l.fail("Unexpected end-of-input: was expecting closing quote for a string value")
	return "", false
}
