package asl

import (
	"fmt"
	"strings"
)

// expression is an argument of an intrinsic function: a literal, a path or
// another call.
type expression struct {
	value any
	path  *Path
	call  *intrinsic
}

// intrinsic is a call such as States.Format('{}', $.name).
// https://docs.aws.amazon.com/step-functions/latest/dg/intrinsic-functions.html
type intrinsic struct {
	text string
	name string
	args []expression
}

// maxNesting is how deep calls may be nested.
const maxNesting = 10

func parseIntrinsic(text string) (*intrinsic, error) {
	s := &intrinsicScanner{pathScanner{text: text}}
	call, err := s.call(0)
	if err != nil {
		return nil, err
	}
	if s.space(); s.pos < len(s.text) {
		return nil, fmt.Errorf("unexpected %q", s.text[s.pos:])
	}
	call.text = text
	return call, nil
}

type intrinsicScanner struct{ pathScanner }

func (s *intrinsicScanner) call(depth int) (*intrinsic, error) {
	if depth > maxNesting {
		return nil, fmt.Errorf("calls are nested more than %d deep", maxNesting)
	}
	s.space()
	open := strings.IndexByte(s.text[s.pos:], '(')
	if open < 0 {
		return nil, fmt.Errorf("no call")
	}
	name := strings.TrimSpace(s.text[s.pos : s.pos+open])
	arity, ok := arities[name]
	if !ok {
		return nil, fmt.Errorf("unknown function %q", name)
	}
	s.pos += open + 1
	call := &intrinsic{name: name}
	for {
		if s.space(); len(call.args) == 0 && s.accept(")") {
			break
		}
		arg, err := s.argument(depth)
		if err != nil {
			return nil, err
		}
		call.args = append(call.args, arg)
		if s.space(); s.accept(")") {
			break
		}
		if !s.accept(",") {
			return nil, fmt.Errorf("expected , or ) at %d", s.pos)
		}
	}
	if n := len(call.args); n < arity.low || n > arity.high {
		return nil, fmt.Errorf("%s does not take %d arguments", name, n)
	}
	return call, nil
}

func (s *intrinsicScanner) argument(depth int) (expression, error) {
	switch c := s.peek(); {
	case c == '\'':
		text, err := s.literal()
		return expression{value: text}, err
	case c == '$':
		start := s.pos
		s.accept("$")
		s.accept("$")
		if _, _, err := s.segments(); err != nil {
			return expression{}, err
		}
		p, err := ParsePath(s.text[start:s.pos])
		return expression{path: p}, err
	case strings.HasPrefix(s.text[s.pos:], "States."):
		call, err := s.call(depth + 1)
		return expression{call: call}, err
	}
	start := s.pos
	for s.pos < len(s.text) && !strings.ContainsRune(",) \t", rune(s.text[s.pos])) {
		s.pos++
	}
	v, err := Parse(s.text[start:s.pos])
	if err != nil {
		return expression{}, fmt.Errorf("%q is no argument", s.text[start:s.pos])
	}
	switch v.(type) {
	case Number, bool, nil:
		return expression{value: v}, nil
	}
	return expression{}, fmt.Errorf("%q is no argument", s.text[start:s.pos])
}

// literal reads a string in single quotes. Only \' \{ \} and \\ are escapes;
// those of braces are kept for States.Format.
func (s *intrinsicScanner) literal() (string, error) {
	var b strings.Builder
	for i := s.pos + 1; i < len(s.text); i++ {
		switch c := s.text[i]; c {
		case '\'':
			s.pos = i + 1
			return b.String(), nil
		case '\\':
			i++
			if i >= len(s.text) {
				return "", fmt.Errorf("a string ends in a backslash")
			}
			switch s.text[i] {
			case '\'':
				b.WriteByte('\'')
			case '{', '}', '\\':
				b.WriteByte('\\')
				b.WriteByte(s.text[i])
			default:
				return "", fmt.Errorf(`\%c is no escape of a string`, s.text[i])
			}
		default:
			b.WriteByte(c)
		}
	}
	return "", fmt.Errorf("a string is not closed")
}

// plain removes the escapes of a literal.
func plain(s string) string {
	return strings.NewReplacer(`\\`, `\`, `\{`, `{`, `\}`, `}`).Replace(s)
}

// intrinsicError says which call failed and why.
type intrinsicError struct {
	text, reason string
	// runtime: a path argument met nothing; otherwise the function refused.
	runtime bool
}

func (e *intrinsicError) Error() string {
	return fmt.Sprintf("The function '%s' had the following error: %s", e.text, e.reason)
}

// evaluate calls the function over an input and the context object.
func (c *intrinsic) evaluate(sc scope) (any, error) {
	v, err := c.apply(sc)
	if e, ok := err.(*intrinsicError); ok { //nolint:errorlint // made below, never wrapped
		e.text = c.text
	}
	return v, err
}

func (c *intrinsic) apply(sc scope) (any, error) {
	args := make([]any, len(c.args))
	for i, a := range c.args {
		switch {
		case a.path != nil:
			v, err := sc.find(a.path)
			if err != nil {
				return nil, &intrinsicError{
					runtime: true,
					reason:  fmt.Sprintf("The JsonPath argument for the field '%s' could not be found in the input '%s'", a.path, sc.text()),
				}
			}
			args[i] = v
		case a.call != nil:
			v, err := a.call.apply(sc)
			if err != nil {
				return nil, err
			}
			args[i] = v
		default:
			args[i] = a.value
			if text, ok := a.value.(string); ok && (c.name != "States.Format" || i > 0) {
				args[i] = plain(text)
			}
		}
	}
	v, err := functions[c.name](sc, args)
	if err != nil {
		return nil, &intrinsicError{reason: err.Error()}
	}
	return v, nil
}
