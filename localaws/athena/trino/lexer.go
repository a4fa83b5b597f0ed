package trino

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// Pos is a place in the statement, both counted from one as Trino counts.
type Pos struct{ Line, Col int }

// Error is a failure in Trino's words: its error name, the place, the message.
type Error struct {
	Name    string // SYNTAX_ERROR, COLUMN_NOT_FOUND, …
	Pos     Pos
	Message string
}

func (e *Error) Error() string {
	if e.Pos.Line == 0 {
		return e.Name + ": " + e.Message
	}
	return e.Name + ": " + e.Located()
}

// Located is the message with its place but without the error's name: the form
// in which Athena refuses a statement that it can not parse.
func (e *Error) Located() string {
	return fmt.Sprintf("line %d:%d: %s", e.Pos.Line, e.Pos.Col, e.Message)
}

func failAt(name string, pos Pos, format string, args ...any) *Error {
	return &Error{Name: name, Pos: pos, Message: fmt.Sprintf(format, args...)}
}

type kind uint8

const (
	end       kind = iota
	word           // an unquoted identifier or keyword
	quoted         // "identifier"
	backquote      // `identifier`
	str            // 'text'
	binary         // X'00ff'
	integer        // 42
	decimal        // 4.2
	double         // 4.2e1
	symbol         // an operator or bracket
)

type token struct {
	kind kind
	text string // a string or identifier without its quotes, in its own case
	pos  Pos
	off  int // byte offset of the start and the end in the source
	stop int
}

// shown is the token in an error message.
func (t token) shown() string {
	switch t.kind {
	case end:
		return "<EOF>"
	case quoted:
		return `"` + t.text + `"`
	case str:
		return "'" + t.text + "'"
	}
	return t.text
}

type lexer struct {
	source string
	at     int
	line   int
	start  int // offset of the line's first byte
	tokens []token
}

// lex splits a statement into tokens; the last one is of kind end.
func lex(source string) ([]token, error) {
	l := &lexer{source: source, line: 1}
	for {
		if err := l.space(); err != nil {
			return nil, err
		}
		if l.at >= len(source) {
			l.tokens = append(l.tokens, token{kind: end, pos: l.pos(l.at), off: l.at, stop: l.at})
			return l.tokens, nil
		}
		if err := l.token(); err != nil {
			return nil, err
		}
	}
}

func (l *lexer) pos(at int) Pos {
	return Pos{l.line, utf8.RuneCountInString(l.source[l.start:at]) + 1}
}

// newline notes the line ends in what has been passed.
func (l *lexer) passed(from int) {
	for i := from; i < l.at; i++ {
		if l.source[i] == '\n' {
			l.line++
			l.start = i + 1
		}
	}
}

func (l *lexer) space() error {
	for l.at < len(l.source) {
		from := l.at
		rest := l.source[l.at:]
		switch {
		case strings.IndexByte(" \t\r\n\f", rest[0]) >= 0:
			l.at++
		case strings.HasPrefix(rest, "\uFEFF"):
			l.at += len("\uFEFF")
		case strings.HasPrefix(rest, "--"):
			if n := strings.IndexByte(rest, '\n'); n >= 0 {
				l.at += n + 1
			} else {
				l.at = len(l.source)
			}
		case strings.HasPrefix(rest, "/*"):
			n := strings.Index(rest[2:], "*/")
			if n < 0 {
				return failAt("SYNTAX_ERROR", l.pos(l.at), "mismatched input '/*': a comment is not closed")
			}
			l.at += n + 4
		default:
			return nil
		}
		l.passed(from)
	}
	return nil
}

func isLetter(c byte) bool { return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_' }
func isDigit(c byte) bool  { return c >= '0' && c <= '9' }

var symbols = []string{"<>", "!=", "<=", ">=", "||", "->", "=>", "(", ")", "[", "]", ",", ".", ";", "=", "<", ">", "+", "-", "*", "/", "%", "?", ":", "{", "}", "@", "|", "^", "$"}

func (l *lexer) token() error {
	from := l.at
	t := token{pos: l.pos(from), off: from}
	c := l.source[from]
	switch {
	case (c == 'x' || c == 'X') && from+1 < len(l.source) && l.source[from+1] == '\'':
		l.at++
		text, err := l.enclosed('\'')
		if err != nil {
			return err
		}
		t.kind, t.text = binary, text
	case (c == 'u' || c == 'U') && (strings.HasPrefix(l.source[from+1:], "&'") || strings.HasPrefix(l.source[from+1:], `&"`)):
		return failAt("NOT_SUPPORTED", t.pos, "localaws does not implement texts of Unicode escapes (U&)")
	case isLetter(c):
		for l.at < len(l.source) && (isLetter(l.source[l.at]) || isDigit(l.source[l.at]) || l.source[l.at] == '@') {
			l.at++
		}
		t.kind, t.text = word, l.source[from:l.at]
	case isDigit(c), c == '.' && from+1 < len(l.source) && isDigit(l.source[from+1]):
		t.kind = l.number()
		t.text = l.source[from:l.at]
		if l.at < len(l.source) && isLetter(l.source[l.at]) {
			return failAt("SYNTAX_ERROR", t.pos, "identifiers must not start with a digit; surround the identifier with double quotes")
		}
	case c == '\'' || c == '"' || c == '`':
		text, err := l.enclosed(c)
		if err != nil {
			return err
		}
		t.kind, t.text = map[byte]kind{'\'': str, '"': quoted, '`': backquote}[c], text
		if text == "" && c != '\'' {
			return failAt("SYNTAX_ERROR", t.pos, "Zero-length delimited identifier not allowed")
		}
	default:
		for _, s := range symbols {
			if strings.HasPrefix(l.source[from:], s) {
				t.kind, t.text = symbol, s
				l.at += len(s)
				break
			}
		}
		if t.text == "" {
			r, _ := utf8.DecodeRuneInString(l.source[from:])
			return failAt("SYNTAX_ERROR", t.pos, "mismatched input '%c'", r)
		}
	}
	t.stop = l.at
	l.tokens = append(l.tokens, t)
	return nil
}

// enclosed reads a text in quotes, which are doubled inside.
func (l *lexer) enclosed(quote byte) (string, error) {
	from := l.at
	var b strings.Builder
	for i := l.at + 1; i < len(l.source); i++ {
		if l.source[i] != quote {
			b.WriteByte(l.source[i])
			continue
		}
		if i+1 < len(l.source) && l.source[i+1] == quote {
			b.WriteByte(quote)
			i++
			continue
		}
		l.at = i + 1
		l.passed(from)
		return b.String(), nil
	}
	return "", failAt("SYNTAX_ERROR", l.pos(from), "mismatched input '%c': a quoted text is not closed", quote)
}

func (l *lexer) number() kind {
	k := integer
	digits := func() {
		for l.at < len(l.source) && (isDigit(l.source[l.at]) || l.source[l.at] == '_' && l.at+1 < len(l.source) && isDigit(l.source[l.at+1])) {
			l.at++
		}
	}
	digits()
	if l.at < len(l.source) && l.source[l.at] == '.' {
		k = decimal
		l.at++
		digits()
	}
	if l.at < len(l.source) && (l.source[l.at] == 'e' || l.source[l.at] == 'E') {
		mark := l.at
		l.at++
		if l.at < len(l.source) && (l.source[l.at] == '+' || l.source[l.at] == '-') {
			l.at++
		}
		if l.at < len(l.source) && isDigit(l.source[l.at]) {
			digits()
			return double
		}
		l.at = mark
	}
	return k
}
