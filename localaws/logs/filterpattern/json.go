package filterpattern

import (
	"encoding/json"
	"io"
	"strings"
)

// condition is a node of a JSON pattern's expression.
type condition func(doc any) bool

// jsonParser reads the expression between the braces. Precedence: () > && > ||.
type jsonParser struct {
	scanner
	selectors []*Selector
}

func parseJSON(source, body string) (*Pattern, error) {
	p := &jsonParser{scanner: scanner{rest: body}}
	root, err := p.or()
	if err != nil {
		return nil, err
	}
	if !p.done() {
		return nil, structure()
	}
	if p.regexes > maxRegexes {
		return nil, refuse("Filter pattern must not have more than %d regular expressions", maxRegexes)
	}
	wildcards := 0
	for _, sel := range p.selectors {
		wildcards += sel.wildcards
	}
	if wildcards > maxWildcardsInPattern {
		return nil, refuse("Only %d wildcard selectors are allowed in a filter pattern", maxWildcardsInPattern)
	}
	return &Pattern{
		kind: JSON, source: source, regexes: p.regexes,
		match: func(message string) bool {
			doc, ok := decode(message)
			return ok && root(doc)
		},
		extract: func(message string) map[string]string { return extractJSON(message, p.selectors) },
	}, nil
}

// decode reads a message that is one JSON object or array; numbers keep their text.
func decode(message string) (any, bool) {
	trimmed := strings.TrimLeft(message, " \t\r\n")
	if trimmed == "" || trimmed[0] != '{' && trimmed[0] != '[' {
		return nil, false
	}
	d := json.NewDecoder(strings.NewReader(message))
	d.UseNumber()
	var doc any
	if err := d.Decode(&doc); err != nil {
		return nil, false
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, false
	}
	return doc, true
}

func extractJSON(message string, selectors []*Selector) map[string]string {
	values := map[string]string{}
	doc, ok := decode(message)
	if !ok {
		return values
	}
	for _, sel := range selectors {
		for _, node := range sel.find(doc) {
			if text, ok := scalarText(node); ok {
				values[sel.source] = text
				break
			}
		}
	}
	return values
}

func (p *jsonParser) or() (condition, error) {
	return p.chain("||", p.and, func(a, b condition) condition {
		return func(doc any) bool { return a(doc) || b(doc) }
	})
}

func (p *jsonParser) and() (condition, error) {
	return p.chain("&&", p.primary, func(a, b condition) condition {
		return func(doc any) bool { return a(doc) && b(doc) }
	})
}

func (p *jsonParser) chain(op string, operand func() (condition, error), join func(a, b condition) condition) (condition, error) {
	left, err := operand()
	if err != nil {
		return nil, err
	}
	for p.take(op) {
		right, err := operand()
		if err != nil {
			return nil, err
		}
		left = join(left, right)
	}
	return left, nil
}

func (p *jsonParser) primary() (condition, error) {
	if p.take("(") {
		inner, err := p.or()
		if err != nil {
			return nil, err
		}
		if !p.take(")") {
			return nil, structure()
		}
		return inner, nil
	}
	sel, err := p.selector()
	if err != nil {
		return nil, err
	}
	p.selectors = append(p.selectors, sel)
	switch {
	case p.word("IS"):
		return p.is(sel)
	case p.word("NOT"):
		if !p.word("EXISTS") {
			return nil, structure()
		}
		return func(doc any) bool { return len(sel.find(doc)) == 0 }, nil
	}
	return p.comparison(sel)
}

// is reads what follows IS. IS NOT is not supported by the service.
func (p *jsonParser) is(sel *Selector) (condition, error) {
	var want any
	switch {
	case p.word("NULL"):
		want = nil
	case p.word("TRUE"):
		want = true
	case p.word("FALSE"):
		want = false
	default:
		return nil, structure()
	}
	return anyNode(sel, func(node any) bool {
		switch node.(type) {
		case nil, bool:
			return node == want
		}
		return false
	}), nil
}

// comparison reads an operator and a value. Only strings and numbers compare: a
// selector that points to nothing, to an object, an array, null or a boolean
// matches neither = nor !=.
func (p *jsonParser) comparison(sel *Selector) (condition, error) {
	op, err := p.operator()
	if err != nil {
		return nil, err
	}
	m, err := p.value(op)
	if err != nil {
		return nil, err
	}
	return anyNode(sel, func(node any) bool {
		text, ok := scalarText(node)
		if !ok {
			return false
		}
		if _, isString := node.(string); isString {
			if op != "=" && op != "!=" {
				return false
			}
			// A string is compared as text even with a bare number.
			m := matcher{phrase: m.phrase, regex: m.regex}
			return m.holds(op, text)
		}
		return m.holds(op, text)
	}), nil
}

func anyNode(sel *Selector, holds func(node any) bool) condition {
	return func(doc any) bool {
		for _, node := range sel.find(doc) {
			if holds(node) {
				return true
			}
		}
		return false
	}
}
