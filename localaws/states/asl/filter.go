package asl

import (
	"fmt"
	"regexp"
	"strings"
)

// condition is a filter expression of a path: [?(@.level == 'ERROR' && @.n > 3)].
type condition interface {
	holds(item, root any) bool
}

type (
	both   struct{ a, b condition }
	either struct{ a, b condition }
	not    struct{ c condition }
	// compare is an operator between two operands; without an operator it asks
	// whether the left one exists.
	compare struct {
		op   string
		a, b operand
	}
)

// operand is a path from the item (@) or the root ($), a literal or a regular
// expression.
type operand struct {
	path    *Path
	current bool
	value   any
	regexp  *regexp.Regexp
}

func (c both) holds(item, root any) bool   { return c.a.holds(item, root) && c.b.holds(item, root) }
func (c either) holds(item, root any) bool { return c.a.holds(item, root) || c.b.holds(item, root) }
func (c not) holds(item, root any) bool    { return !c.c.holds(item, root) }

func (o operand) get(item, root any) (any, bool) {
	if o.path == nil {
		return o.value, true
	}
	from := root
	if o.current {
		from = item
	}
	v, err := o.path.find(from)
	return v, err == nil
}

func (c compare) holds(item, root any) bool {
	a, ok := c.a.get(item, root)
	if c.op == "" {
		if list, isList := a.([]any); isList && c.a.path != nil && !c.a.path.definite {
			return len(list) > 0
		}
		return ok
	}
	b, okB := c.b.get(item, root)
	if !ok || !okB {
		return c.op == "!=" && ok != okB
	}
	switch c.op {
	case "==":
		return equal(a, b)
	case "!=":
		return !equal(a, b)
	case "=~":
		return c.b.regexp != nil && a != nil && c.b.regexp.MatchString(toString(a))
	case "in", "nin":
		list, isList := b.([]any)
		return isList && contains(list, a) == (c.op == "in")
	case "contains":
		if text, isText := a.(string); isText {
			part, isPart := b.(string)
			return isPart && strings.Contains(text, part)
		}
		list, isList := a.([]any)
		return isList && contains(list, b)
	case "size":
		n, isInt := integer(b)
		return isInt && n == int64(sizeOf(a))
	case "empty":
		want, isBool := b.(bool)
		return isBool && want == (sizeOf(a) == 0)
	}
	return ordered(c.op, a, b)
}

func contains(list []any, v any) bool {
	for _, item := range list {
		if equal(item, v) {
			return true
		}
	}
	return false
}

func sizeOf(v any) int {
	switch v := v.(type) {
	case string:
		return len([]rune(v))
	case []any:
		return len(v)
	case *Object:
		return v.Len()
	}
	return -1
}

func ordered(op string, a, b any) bool {
	var c int
	if x, y := rat(a), rat(b); x != nil && y != nil {
		c = x.Cmp(y)
	} else {
		x, isText := a.(string)
		y, areBoth := b.(string)
		if !isText || !areBoth {
			return false
		}
		c = strings.Compare(x, y)
	}
	switch op {
	case "<":
		return c < 0
	case "<=":
		return c <= 0
	case ">":
		return c > 0
	}
	return c >= 0
}

func (s *pathScanner) or() (condition, error) {
	a, err := s.and()
	for err == nil {
		if s.space(); !s.accept("||") {
			return a, nil
		}
		var b condition
		if b, err = s.and(); err == nil {
			a = either{a, b}
		}
	}
	return nil, err
}

func (s *pathScanner) and() (condition, error) {
	a, err := s.term()
	for err == nil {
		if s.space(); !s.accept("&&") {
			return a, nil
		}
		var b condition
		if b, err = s.term(); err == nil {
			a = both{a, b}
		}
	}
	return nil, err
}

func (s *pathScanner) term() (condition, error) {
	s.space()
	switch {
	case s.peek() == '!' && !strings.HasPrefix(s.text[s.pos:], "!="):
		s.pos++
		c, err := s.term()
		return not{c}, err
	case s.accept("("):
		c, err := s.or()
		if err != nil {
			return nil, err
		}
		if s.space(); !s.accept(")") {
			return nil, fmt.Errorf("a parenthesis is not closed")
		}
		return c, nil
	}
	a, err := s.operand()
	if err != nil {
		return nil, err
	}
	s.space()
	for _, op := range []string{"==", "!=", "=~", "<=", ">=", "<", ">", "nin ", "in ", "contains ", "size ", "empty "} {
		if s.accept(op) {
			b, err := s.operand()
			return compare{strings.TrimSpace(op), a, b}, err
		}
	}
	return compare{"", a, operand{}}, nil
}

func (s *pathScanner) operand() (operand, error) {
	s.space()
	start := s.pos
	switch c := s.peek(); c {
	case '@', '$':
		s.pos++
		segments, function, err := s.segments()
		p := &Path{text: s.text[start:s.pos], segments: segments, function: function, definite: definite(segments)}
		return operand{path: p, current: c == '@'}, err
	case '\'', '"':
		text, err := s.quoted()
		return operand{value: text}, err
	case '/':
		return s.regexp()
	case '[':
		s.pos++
		list := []any{}
		for {
			if s.space(); s.accept("]") {
				return operand{value: list}, nil
			}
			item, err := s.operand()
			if err != nil {
				return operand{}, err
			}
			list = append(list, item.value)
			s.space()
			s.accept(",")
		}
	}
	for s.pos < len(s.text) && !strings.ContainsRune(" \t)]&|,=!<>", rune(s.text[s.pos])) {
		s.pos++
	}
	v, err := Parse(s.text[start:s.pos])
	if err != nil {
		return operand{}, fmt.Errorf("%q is no value of a filter", s.text[start:s.pos])
	}
	return operand{value: v}, nil
}

func (s *pathScanner) regexp() (operand, error) {
	start := s.pos + 1
	for i := start; i < len(s.text); i++ {
		switch s.text[i] {
		case '\\':
			i++
		case '/':
			pattern := s.text[start:i]
			s.pos = i + 1
			if s.accept("i") {
				pattern = "(?i)" + pattern
			}
			// Jayway matches the whole value.
			re, err := regexp.Compile("^(?:" + pattern + ")$")
			return operand{regexp: re}, err
		}
	}
	return operand{}, fmt.Errorf("a regular expression is not closed")
}
