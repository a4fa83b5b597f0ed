package asl

import (
	"fmt"
	"strconv"
	"strings"
)

// Path is a JSONPath in the dialect of Step Functions, which is Jayway's:
// child, index (negative too), slice, union, wildcard, descent, filter, and a
// few functions. "$$" begins at the context object.
//
// A path that can only meet one value (no wildcard, slice, descent, union or
// filter) is definite: it gives that value, or an error when there is none.
// Any other gives the list of what it meets, which may be empty.
type Path struct {
	text     string
	context  bool // begins with $$
	segments []segment
	definite bool
	function string // "length" …, applied to what the segments give
}

type segmentKind int

const (
	byName segmentKind = iota
	byIndex
	bySlice
	byWildcard
	byFilter
)

type segment struct {
	kind    segmentKind
	descent bool // ..
	names   []string
	indexes []int
	from    *int // of a slice
	to      *int
	filter  condition
}

func (p *Path) String() string { return p.text }

// reference reports whether the path is a reference path: nothing but names
// and indexes, so that it can be written to.
func (p *Path) reference() bool {
	for _, s := range p.segments {
		if s.kind > byIndex || s.descent || len(s.names)+len(s.indexes) != 1 || s.kind == byIndex && s.indexes[0] < 0 {
			return false
		}
	}
	return p.function == ""
}

// ParsePath reads a path that begins with "$".
func ParsePath(text string) (*Path, error) {
	p := &Path{text: text}
	s := &pathScanner{text: text}
	switch {
	case strings.HasPrefix(text, "$$"):
		p.context, s.pos = true, 2
	case strings.HasPrefix(text, "$"):
		s.pos = 1
	default:
		return nil, fmt.Errorf("the path %q does not begin with $", text)
	}
	var err error
	if p.segments, p.function, err = s.segments(); err != nil {
		return nil, fmt.Errorf("the path %q: %w", text, err)
	}
	if s.pos < len(text) {
		return nil, fmt.Errorf("the path %q: unexpected %q", text, text[s.pos:])
	}
	p.definite = definite(p.segments)
	return p, nil
}

func definite(segments []segment) bool {
	for _, s := range segments {
		if s.descent || s.kind > byIndex || len(s.names)+len(s.indexes) != 1 {
			return false
		}
	}
	return true
}

var pathFunctions = map[string]bool{"length": true, "size": true, "min": true, "max": true, "avg": true, "sum": true, "keys": true, "first": true, "last": true}

type pathScanner struct {
	text string
	pos  int
}

func (s *pathScanner) peek() byte {
	if s.pos < len(s.text) {
		return s.text[s.pos]
	}
	return 0
}

func (s *pathScanner) accept(token string) bool {
	if strings.HasPrefix(s.text[s.pos:], token) {
		s.pos += len(token)
		return true
	}
	return false
}

func (s *pathScanner) space() {
	for s.peek() == ' ' || s.peek() == '\t' {
		s.pos++
	}
}

// segments reads until something that is no part of a path.
func (s *pathScanner) segments() (out []segment, function string, err error) {
	for s.pos < len(s.text) {
		switch {
		case s.accept(".."):
			if s.accept("[") {
				seg, err := s.bracket()
				if err != nil {
					return nil, "", err
				}
				seg.descent = true
				out = append(out, seg)
				continue
			}
			seg, err := s.dotted()
			if err != nil {
				return nil, "", err
			}
			seg.descent = true
			out = append(out, seg)
		case s.accept("."):
			seg, err := s.dotted()
			if err != nil {
				return nil, "", err
			}
			if seg.kind == byName && s.accept("()") {
				if name := seg.names[0]; pathFunctions[name] {
					return out, name, nil
				}
				return nil, "", fmt.Errorf("unknown function %s()", seg.names[0])
			}
			out = append(out, seg)
		case s.accept("["):
			seg, err := s.bracket()
			if err != nil {
				return nil, "", err
			}
			out = append(out, seg)
		default:
			return out, "", nil
		}
	}
	return out, "", nil
}

// dotted reads a name after a dot, or *.
func (s *pathScanner) dotted() (segment, error) {
	if s.accept("*") {
		return segment{kind: byWildcard}, nil
	}
	start := s.pos
	for s.pos < len(s.text) && !strings.ContainsRune(".[]()\"' \t,=!<>&|@*?~", rune(s.text[s.pos])) {
		s.pos++
	}
	if s.pos == start {
		return segment{}, fmt.Errorf("a name is missing at %d", start)
	}
	return segment{names: []string{s.text[start:s.pos]}}, nil
}

// bracket reads what follows "[", with the "]".
func (s *pathScanner) bracket() (segment, error) {
	s.space()
	var seg segment
	var err error
	switch c := s.peek(); {
	case s.accept("*"):
		seg.kind = byWildcard
	case s.accept("?"):
		s.space()
		if !s.accept("(") {
			return seg, fmt.Errorf("a filter needs parentheses")
		}
		seg.kind = byFilter
		if seg.filter, err = s.or(); err != nil {
			return seg, err
		}
		if s.space(); !s.accept(")") {
			return seg, fmt.Errorf("a filter is not closed")
		}
	case c == '\'' || c == '"':
		seg.names, err = s.names()
	default:
		seg, err = s.numbers()
	}
	if err != nil {
		return seg, err
	}
	if s.space(); !s.accept("]") {
		return seg, fmt.Errorf("a ] is missing at %d", s.pos)
	}
	return seg, nil
}

func (s *pathScanner) names() ([]string, error) {
	var out []string
	for {
		s.space()
		name, err := s.quoted()
		if err != nil {
			return nil, err
		}
		out = append(out, name)
		if s.space(); !s.accept(",") {
			return out, nil
		}
	}
}

// quoted reads a string in single or double quotes; a backslash makes the next
// character a plain one.
func (s *pathScanner) quoted() (string, error) {
	q := s.peek()
	if q != '\'' && q != '"' {
		return "", fmt.Errorf("a string is missing at %d", s.pos)
	}
	var b strings.Builder
	for i := s.pos + 1; i < len(s.text); i++ {
		switch c := s.text[i]; c {
		case q:
			s.pos = i + 1
			return b.String(), nil
		case '\\':
			if i++; i < len(s.text) {
				b.WriteByte(s.text[i])
			}
		default:
			b.WriteByte(c)
		}
	}
	return "", fmt.Errorf("a string is not closed at %d", s.pos)
}

// numbers reads "1", "-1", "0,2", "1:3", ":3", "1:".
func (s *pathScanner) numbers() (segment, error) {
	first, err := s.number()
	if err != nil {
		return segment{}, err
	}
	s.space()
	if s.accept(":") {
		seg := segment{kind: bySlice, from: first}
		s.space()
		seg.to, err = s.number()
		return seg, err
	}
	seg := segment{kind: byIndex}
	for {
		if first == nil {
			return seg, fmt.Errorf("an index is missing at %d", s.pos)
		}
		seg.indexes = append(seg.indexes, *first)
		if s.space(); !s.accept(",") {
			return seg, nil
		}
		s.space()
		if first, err = s.number(); err != nil {
			return seg, err
		}
	}
}

// number reads an integer, or nothing.
func (s *pathScanner) number() (*int, error) {
	start := s.pos
	s.accept("-")
	for s.peek() >= '0' && s.peek() <= '9' {
		s.pos++
	}
	if s.pos == start {
		return nil, nil
	}
	n, err := strconv.Atoi(s.text[start:s.pos])
	if err != nil {
		return nil, fmt.Errorf("%q is no index", s.text[start:s.pos])
	}
	return &n, nil
}
