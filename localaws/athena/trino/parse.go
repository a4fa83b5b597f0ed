package trino

import (
	"strings"
)

// parser reads tokens by recursive descent, after Trino's SqlBase.g4.
type parser struct {
	tokens []token
	at     int
	params int
	depth  int
}

// maxDepth bounds the nesting of expressions and queries.
const maxDepth = 400

func (p *parser) enter() error {
	if p.depth++; p.depth > maxDepth {
		return failAt("STATEMENT_TOO_LARGE", p.peek().pos, "statement is nested deeper than %d", maxDepth)
	}
	return nil
}

func (p *parser) leave() { p.depth-- }

func (p *parser) peek() token { return p.tokens[p.at] }

func (p *parser) peekAt(n int) token {
	if p.at+n < len(p.tokens) {
		return p.tokens[p.at+n]
	}
	return p.tokens[len(p.tokens)-1]
}

func (p *parser) next() token {
	t := p.tokens[p.at]
	if t.kind != end {
		p.at++
	}
	return t
}

// is reports whether the next tokens are the given keywords and symbols.
func (p *parser) is(texts ...string) bool {
	for i, text := range texts {
		t := p.peekAt(i)
		if t.kind != word && t.kind != symbol || !strings.EqualFold(t.text, text) {
			return false
		}
	}
	return true
}

// isAny reports whether the next token is one of the keywords or symbols.
func (p *parser) isAny(texts ...string) bool {
	for _, text := range texts {
		if p.is(text) {
			return true
		}
	}
	return false
}

// take moves past the given keywords and symbols if they come next.
func (p *parser) take(texts ...string) bool {
	if !p.is(texts...) {
		return false
	}
	p.at += len(texts)
	return true
}

func (p *parser) need(texts ...string) error {
	for _, text := range texts {
		if !p.take(text) {
			return p.mismatch("'" + strings.ToUpper(text) + "'")
		}
	}
	return nil
}

func (p *parser) mismatch(expected string) error {
	t := p.peek()
	return failAt("SYNTAX_ERROR", t.pos, "mismatched input '%s'. Expecting: %s", t.shown(), expected)
}

var reserved = wordSet(`alter and as between by case cast constraint create cross cube current_catalog
current_date current_path current_role current_schema current_time current_timestamp current_user deallocate
delete describe distinct drop else end escape except execute exists extract false for from full group grouping
having in inner insert intersect into is join left like listagg localtime localtimestamp natural normalize
not null on or order outer prepare recursive right rollup select skip table then trim true uescape union unnest
using values when where with`)

// notAlias are the words that may be names but never are an alias without AS.
var notAlias = wordSet(`limit offset fetch window tablesample matches match_recognize range`)

func wordSet(words string) map[string]bool {
	set := map[string]bool{}
	for _, w := range strings.Fields(words) {
		set[w] = true
	}
	return set
}

// isIdent reports whether a token can be an identifier.
func isIdent(t token) bool {
	return t.kind == quoted || t.kind == word && !reserved[strings.ToLower(t.text)]
}

func (p *parser) ident() (Ident, error) {
	t := p.peek()
	switch {
	case isIdent(t):
		p.at++
		return Ident{Name: t.text, Quoted: t.kind == quoted, Pos: t.pos}, nil
	case t.kind == backquote:
		return Ident{}, failAt("SYNTAX_ERROR", t.pos, "backquoted identifiers are not supported; use double quotes to quote identifiers")
	}
	return Ident{}, p.mismatch("<identifier>")
}

func (p *parser) qualifiedName() ([]Ident, error) {
	first, err := p.ident()
	if err != nil {
		return nil, err
	}
	name := []Ident{first}
	for p.take(".") {
		part, err := p.ident()
		if err != nil {
			return nil, err
		}
		name = append(name, part)
	}
	return name, nil
}

func (p *parser) columnAliases() ([]Ident, error) {
	var names []Ident
	for {
		name, err := p.ident()
		if err != nil {
			return nil, err
		}
		names = append(names, name)
		if p.take(")") {
			return names, nil
		}
		if err := p.need(","); err != nil {
			return nil, err
		}
	}
}
