package filterpattern

import (
	"strconv"
	"strings"
)

// Selector is a property selector of a JSON pattern: $.a.b, $.a[0], $.a[*].b,
// $.*, $.['key.with.dots'] or $.["key with space"].
type Selector struct {
	source    string
	steps     []step
	wildcards int
}

type step struct {
	key   string
	index int
	kind  stepKind
}

type stepKind int

const (
	byKey stepKind = iota
	byIndex
	anyField   // .*
	anyElement // [*]
)

// ParseSelector reads a property selector that stands alone.
func ParseSelector(source string) (*Selector, error) {
	s := &scanner{rest: source}
	sel, err := s.selector()
	if err != nil {
		return nil, err
	}
	if s.rest != "" {
		return nil, badTerm(source)
	}
	return sel, nil
}

func isKey(r rune) bool { return isWord(r) || r == '-' }

// selector reads a property selector and leaves what follows it.
func (s *scanner) selector() (*Selector, error) {
	s.space()
	source := s.rest
	bad := func() error { return badTerm(source[:min(len(source), len(source)-len(s.rest)+1)]) }
	if !strings.HasPrefix(s.rest, "$") {
		if s.rest == "" {
			return nil, structure()
		}
		return nil, badTerm(s.offending())
	}
	s.rest = s.rest[1:]
	sel := &Selector{}
	for {
		st, found, err := s.step()
		if err != nil {
			return nil, err
		}
		if !found {
			break
		}
		if st.kind == anyField || st.kind == anyElement {
			sel.wildcards++
		}
		sel.steps = append(sel.steps, st)
	}
	if len(sel.steps) == 0 {
		return nil, bad()
	}
	if sel.wildcards > maxSelectorWildcards {
		return nil, refuse("Only %d wildcard selector is allowed in a property selector", maxSelectorWildcards)
	}
	sel.source = source[:len(source)-len(s.rest)]
	return sel, nil
}

// step reads one step of a selector, if one comes next.
func (s *scanner) step() (st step, found bool, err error) {
	start := s.rest
	dot := strings.HasPrefix(s.rest, ".")
	if dot {
		s.rest = s.rest[1:]
	}
	if strings.HasPrefix(s.rest, "[") {
		s.rest = s.rest[1:]
		st, err = s.bracket()
		return st, true, err
	}
	if !dot {
		return step{}, false, nil
	}
	if strings.HasPrefix(s.rest, "*") {
		s.rest = s.rest[1:]
		return step{kind: anyField}, true, nil
	}
	key := s.run(isKey)
	if key == "" {
		return step{}, false, badTerm("$" + start[:min(len(start), 2)])
	}
	return step{kind: byKey, key: key}, true, nil
}

// bracket reads what stands between [ and ]: an index, * or a quoted key.
func (s *scanner) bracket() (step, error) {
	if s.rest == "" {
		return step{}, structure()
	}
	var st step
	switch s.rest[0] {
	case '*':
		s.rest = s.rest[1:]
		st.kind = anyElement
	case '\'':
		key, rest, found := strings.Cut(s.rest[1:], "'")
		if !found {
			return step{}, structure()
		}
		s.rest = rest
		st.key = key
	case '"':
		key, err := s.quoted()
		if err != nil {
			return step{}, err
		}
		st.key = key
	default:
		digits := s.run(func(r rune) bool { return r >= '0' && r <= '9' })
		index, err := strconv.Atoi(digits)
		if err != nil {
			return step{}, badTerm("[" + s.offending())
		}
		st.kind, st.index = byIndex, index
	}
	rest, closed := strings.CutPrefix(s.rest, "]")
	if !closed {
		return step{}, structure()
	}
	s.rest = rest
	return st, nil
}

// String is the selector as it was written.
func (sel *Selector) String() string { return sel.source }

// find returns the nodes that the selector selects in a decoded document: none,
// one, or with a wildcard any number.
func (sel *Selector) find(doc any) []any {
	nodes := []any{doc}
	for _, st := range sel.steps {
		var next []any
		for _, node := range nodes {
			next = st.follow(next, node)
		}
		nodes = next
	}
	return nodes
}

func (st step) follow(out []any, node any) []any {
	switch st.kind {
	case byKey:
		if object, ok := node.(map[string]any); ok {
			if v, ok := object[st.key]; ok {
				out = append(out, v)
			}
		}
	case byIndex:
		if array, ok := node.([]any); ok && st.index < len(array) {
			out = append(out, array[st.index])
		}
	case anyElement:
		if array, ok := node.([]any); ok {
			out = append(out, array...)
		}
	case anyField:
		if object, ok := node.(map[string]any); ok {
			for _, v := range object {
				out = append(out, v)
			}
		}
	}
	return out
}
