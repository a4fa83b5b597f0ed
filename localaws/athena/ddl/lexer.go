package ddl

import (
	"fmt"
	"strconv"
	"strings"
)

type kind uint8

const (
	end kind = iota
	word
	name // in back-ticks or, where a name stands, double quotes
	text
	symbol
)

type token struct {
	kind      kind
	text      string
	at        int // byte offsets of its start and end
	stop      int
	line, col int // from one, and from zero, as Hive counts
	double    bool
}

// Error is a statement that can not be read, worded as Hive words it.
type Error struct {
	Line, Col int
	Message   string
}

func (e *Error) Error() string {
	return fmt.Sprintf("line %d:%d %s", e.Line, e.Col, e.Message)
}

func lex(source string) ([]token, error) {
	var tokens []token
	line, start := 1, 0
	for i := 0; ; {
		for i < len(source) {
			switch {
			case source[i] == '\n':
				i++
				line, start = line+1, i
				continue
			case strings.IndexByte(" \t\r\f", source[i]) >= 0:
				i++
				continue
			case strings.HasPrefix(source[i:], "--"):
				for i < len(source) && source[i] != '\n' {
					i++
				}
				continue
			case strings.HasPrefix(source[i:], "/*"):
				n := strings.Index(source[i+2:], "*/")
				if n < 0 {
					return nil, &Error{line, i - start, "missing */ of a comment"}
				}
				for _, c := range source[i : i+n+4] {
					if c == '\n' {
						line++
					}
				}
				if nl := strings.LastIndexByte(source[i:i+n+4], '\n'); nl >= 0 {
					start = i + nl + 1
				}
				i += n + 4
				continue
			}
			break
		}
		t := token{at: i, line: line, col: i - start}
		if i >= len(source) {
			t.stop = i
			return append(tokens, t), nil
		}
		c := source[i]
		switch {
		case c == '`' || c == '\'' || c == '"':
			value, stop, ok := quoted(source, i)
			if !ok {
				return nil, &Error{line, i - start, fmt.Sprintf("missing %c at the end of a quoted text", c)}
			}
			t.text, t.kind, t.double = value, text, c == '"'
			if c == '`' {
				t.kind = name
			}
			for j := i; j < stop; j++ {
				if source[j] == '\n' {
					line, start = line+1, j+1
				}
			}
			i = stop
		case isWord(c):
			j := i
			for j < len(source) && isWord(source[j]) {
				j++
			}
			t.kind, t.text, i = word, source[i:j], j
		default:
			t.kind, t.text = symbol, string(c)
			for _, two := range []string{"<=", ">=", "<>", "!="} {
				if strings.HasPrefix(source[i:], two) {
					t.text = two
				}
			}
			i += len(t.text)
		}
		t.stop = i
		tokens = append(tokens, t)
	}
}

func isWord(c byte) bool {
	return c == '_' || c == '$' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= 0x80
}

// quoted reads a quoted text from its opening quote on.
func quoted(source string, i int) (value string, stop int, ok bool) {
	quote := source[i]
	var b strings.Builder
	for i++; i < len(source); i++ {
		c := source[i]
		switch {
		case c == quote && i+1 < len(source) && source[i+1] == quote && quote == '`':
			b.WriteByte(quote)
			i++
		case c == quote:
			return b.String(), i + 1, true
		case c == '\\' && quote != '`' && i+1 < len(source):
			i += escape(&b, source[i+1:])
		default:
			b.WriteByte(c)
		}
	}
	return "", i, false
}

// escape writes what a backslash and the bytes after it stand for, and answers
// how many bytes these are, as Hive's unescapeSQLString does.
func escape(b *strings.Builder, rest string) int {
	if rest[0] == 'u' && len(rest) > 4 {
		if n, err := strconv.ParseUint(rest[1:5], 16, 32); err == nil {
			b.WriteRune(rune(n))
			return 5
		}
	}
	if len(rest) > 2 && rest[0] >= '0' && rest[0] <= '1' {
		if n, err := strconv.ParseUint(rest[:3], 8, 8); err == nil {
			b.WriteByte(byte(n))
			return 3
		}
	}
	switch rest[0] {
	case '0':
		b.WriteByte(0)
	case 'b':
		b.WriteByte('\b')
	case 'n':
		b.WriteByte('\n')
	case 'r':
		b.WriteByte('\r')
	case 't':
		b.WriteByte('\t')
	case 'Z':
		b.WriteByte(0x1a)
	case '%', '_':
		b.WriteString(`\` + rest[:1])
	default:
		b.WriteByte(rest[0])
	}
	return 1
}
