package serde

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// The OpenX SerDe reads JSON with a parser that is lenient by tradition:
// comments, unquoted and single-quoted strings, octal and hexadecimal numbers,
// ';' between elements, '=' and '=>' after keys, and text after the end of the
// value all pass. A line that it takes is not proved to be JSON.
// See the README of io.trino.hive.formats.line.openxjson in trinodb/trino.

// node is a value as it was parsed.
type node struct {
	kind   nodeKind
	text   string // of a literal: the text as written; of a string: decoded
	keys   []string
	values []node // of an object, beside its keys; of an array
}

type nodeKind uint8

const (
	nullNode nodeKind = iota
	literalNode
	stringNode
	arrayNode
	objectNode
)

// primitive reports whether the node is a string, quoted or not.
func (n node) primitive() bool { return n.kind == literalNode || n.kind == stringNode }

func (n node) describe() string {
	return [...]string{"null", "JsonString", "JsonString", "JSON array", "JSON object"}[n.kind]
}

// maxNesting bounds the depth of a value: the parser is recursive. Java's
// stack ends at a depth of some thousands.
const maxNesting = 1000

// lenient parses one line.
type lenient struct {
	text  string
	at    int
	depth int
	fold  bool // keys that differ only in case are the same
}

func (p *lenient) fail(format string, args ...any) error {
	return fmt.Errorf("%s at %d [character %d line 1]", fmt.Sprintf(format, args...), p.at, p.at+1)
}

// seek moves past white space and comments and takes the next character; it
// answers 0 at the end.
func (p *lenient) seek() (byte, error) {
	for p.at < len(p.text) {
		c := p.text[p.at]
		p.at++
		switch c {
		case '\t', ' ', '\n', '\r':
		case '#':
			p.skipLine()
		case '/':
			if p.at == len(p.text) {
				return c, nil
			}
			switch p.text[p.at] {
			case '*':
				end := strings.Index(p.text[p.at+1:], "*/")
				if end < 0 {
					return 0, p.fail("Unclosed comment")
				}
				p.at += end + 3
			case '/':
				p.skipLine()
			default:
				return c, nil
			}
		default:
			return c, nil
		}
	}
	return 0, nil
}

func (p *lenient) skipLine() {
	for p.at < len(p.text) {
		c := p.text[p.at]
		p.at++
		if c == '\r' || c == '\n' {
			return
		}
	}
}

func (p *lenient) value() (node, error) {
	if p.depth++; p.depth > maxNesting {
		return node{}, p.fail("Nested deeper than %d", maxNesting)
	}
	defer func() { p.depth-- }()
	c, err := p.seek()
	if err != nil {
		return node{}, err
	}
	switch c {
	case 0:
		return node{}, p.fail("End of input")
	case '{':
		return p.object()
	case '[':
		return p.array()
	case '"', '\'':
		text, err := p.quoted(c)
		return node{kind: stringNode, text: text}, err
	}
	p.at--
	return p.literal()
}

func (p *lenient) object() (node, error) {
	n := node{kind: objectNode}
	first, err := p.seek()
	if err != nil {
		return node{}, err
	}
	if first == '}' {
		return n, nil
	}
	if first != 0 {
		p.at--
	}
	for {
		name, err := p.value()
		if err != nil {
			return node{}, err
		}
		if !name.primitive() {
			return node{}, p.fail("Names must be strings, but %s is a %s", name.text, name.describe())
		}
		c, err := p.seek()
		if err != nil {
			return node{}, err
		}
		if c != ':' && c != '=' {
			return node{}, p.fail("Expected a ':' after a key")
		}
		if c == '=' && p.at < len(p.text) && p.text[p.at] == '>' {
			p.at++
		}
		value, err := p.value()
		if err != nil {
			return node{}, err
		}
		n.keys, n.values = append(n.keys, name.text), append(n.values, value)
		if c, err = p.seek(); err != nil {
			return node{}, err
		}
		switch c {
		case '}':
			return n, p.duplicates(n.keys)
		case ',', ';':
		default:
			return node{}, p.fail("Expected a ',' or '}'")
		}
	}
}

// duplicates refuses a key that comes twice: Athena's OpenX SerDe "does not
// allow duplicate keys in map or struct key names", and keys that differ in
// case alone are the same unless case.insensitive is false.
// https://docs.aws.amazon.com/athena/latest/ug/openx-json-serde.html
func (p *lenient) duplicates(keys []string) error {
	if len(keys) < 2 {
		return nil
	}
	seen := make(map[string]struct{}, len(keys))
	for _, key := range keys {
		if p.fold {
			key = strings.ToLower(key)
		}
		if _, ok := seen[key]; ok {
			return fmt.Errorf("Duplicate key %q", key) //nolint:staticcheck // worded as the SerDe does
		}
		seen[key] = struct{}{}
	}
	return nil
}

func (p *lenient) array() (node, error) {
	n := node{kind: arrayNode}
	trailing := false
	for {
		c, err := p.seek()
		if err != nil {
			return node{}, err
		}
		switch c {
		case 0:
			return node{}, p.fail("Unterminated array")
		case ']':
			if trailing {
				n.values = append(n.values, node{})
			}
			return n, nil
		case ',', ';':
			// A separator without a value before it stands for null.
			n.values = append(n.values, node{})
			trailing = true
			continue
		}
		p.at--
		value, err := p.value()
		if err != nil {
			return node{}, err
		}
		n.values = append(n.values, value)
		if c, err = p.seek(); err != nil {
			return node{}, err
		}
		switch c {
		case ']':
			return n, nil
		case ',', ';':
			trailing = true
		default:
			return node{}, p.fail("Expected a ',' or ']'")
		}
	}
}

func (p *lenient) quoted(quote byte) (string, error) {
	end := strings.IndexByte(p.text[p.at:], quote)
	if end < 0 {
		p.at = len(p.text)
		return "", p.fail("Unterminated string")
	}
	if plain := p.text[p.at : p.at+end]; strings.IndexByte(plain, '\\') < 0 {
		p.at += end + 1
		return plain, nil
	}
	var b strings.Builder
	for p.at < len(p.text) {
		c := p.text[p.at]
		p.at++
		switch c {
		case quote:
			return b.String(), nil
		case '\\':
			if err := p.escape(&b); err != nil {
				return "", err
			}
		default:
			b.WriteByte(c)
		}
	}
	return "", p.fail("Unterminated string")
}

func (p *lenient) escape(b *strings.Builder) error {
	if p.at == len(p.text) {
		return p.fail("Unterminated escape sequence")
	}
	c, size := utf8.DecodeRuneInString(p.text[p.at:])
	p.at += size
	switch c {
	case 'u':
		r, err := p.hex()
		if err != nil {
			return err
		}
		if utf16.IsSurrogate(r) {
			low := rune(utf8.RuneError)
			if strings.HasPrefix(p.text[p.at:], `\u`) {
				mark := p.at
				p.at += 2
				if low, err = p.hex(); err != nil {
					return err
				}
				if utf16.DecodeRune(r, low) == utf8.RuneError {
					p.at = mark
				}
			}
			if r = utf16.DecodeRune(r, low); r == utf8.RuneError {
				r = '?' // what Java makes of half a pair
			}
		}
		b.WriteRune(r)
	case 't':
		b.WriteByte('\t')
	case 'b':
		b.WriteByte('\b')
	case 'n':
		b.WriteByte('\n')
	case 'r':
		b.WriteByte('\r')
	case 'f':
		b.WriteByte('\f')
	case 'a':
		b.WriteByte('\a')
	case 'v':
		b.WriteByte('\t') // \011 in the original
	default:
		b.WriteRune(c)
	}
	return nil
}

func (p *lenient) hex() (rune, error) {
	if p.at+4 > len(p.text) {
		return 0, p.fail("Unterminated escape sequence")
	}
	n, err := strconv.ParseUint(p.text[p.at:p.at+4], 16, 16)
	if err != nil {
		return 0, p.fail("Invalid escape sequence: %s", p.text[p.at:p.at+4])
	}
	p.at += 4
	return rune(n), nil
}

func (p *lenient) literal() (node, error) {
	end := strings.IndexAny(p.text[p.at:], " \r\n\t\f{}[]/\\:,=;#")
	if end < 0 {
		end = len(p.text) - p.at
	}
	text := p.text[p.at : p.at+end]
	p.at += end
	if text == "" {
		return node{}, p.fail("Expected literal value")
	}
	if strings.EqualFold(text, "null") {
		return node{}, nil
	}
	return node{kind: literalNode, text: text}, nil
}
