package trino

import "strings"

func (p *parser) relation() (relation, error) {
	if err := p.enter(); err != nil {
		return nil, err
	}
	defer p.leave()
	left, err := p.sampledRelation()
	if err != nil {
		return nil, err
	}
	for {
		j := &join{relAt: relAt{p.peek().pos}, left: left}
		switch {
		case p.take("cross", "join"):
			j.kind = "CROSS"
			if j.right, err = p.sampledRelation(); err != nil {
				return nil, err
			}
			left = j
			continue
		case p.is("natural"):
			p.at++
			j.natural = true
		}
		switch {
		case p.take("join"), p.take("inner", "join"):
			j.kind = "INNER"
		case p.take("left", "join"), p.take("left", "outer", "join"):
			j.kind = "LEFT"
		case p.take("right", "join"), p.take("right", "outer", "join"):
			j.kind = "RIGHT"
		case p.take("full", "join"), p.take("full", "outer", "join"):
			j.kind = "FULL"
		default:
			if j.natural {
				return nil, p.mismatch("'JOIN'")
			}
			return left, nil
		}
		if j.natural {
			if j.right, err = p.sampledRelation(); err != nil {
				return nil, err
			}
			left = j
			continue
		}
		if j.right, err = p.relation(); err != nil {
			return nil, err
		}
		switch {
		case p.take("on"):
			if j.on, err = p.expr(); err != nil {
				return nil, err
			}
		case p.take("using", "("):
			if j.using, err = p.columnAliases(); err != nil {
				return nil, err
			}
		default:
			return nil, p.mismatch("'ON', 'USING'")
		}
		left = j
	}
}

func (p *parser) sampledRelation() (relation, error) {
	r, err := p.aliasedRelation()
	if err != nil || !p.take("tablesample") {
		return r, err
	}
	s := &sampled{relAt: relAt{r.relPos()}, rel: r}
	switch {
	case p.take("bernoulli"):
		s.method = "bernoulli"
	case p.take("system"):
		s.method = "system"
	default:
		return nil, p.mismatch("'BERNOULLI', 'SYSTEM'")
	}
	if err := p.need("("); err != nil {
		return nil, err
	}
	if s.percent, err = p.expr(); err != nil {
		return nil, err
	}
	return s, p.need(")")
}

func (p *parser) aliasedRelation() (relation, error) {
	r, err := p.relationPrimary()
	if err != nil {
		return nil, err
	}
	name, err := p.alias()
	if err != nil {
		return nil, err
	}
	if name != nil {
		a := &aliased{relAt: relAt{r.relPos()}, rel: r, name: *name}
		if p.take("(") {
			if a.columns, err = p.columnAliases(); err != nil {
				return nil, err
			}
		}
		r = a
	}
	if p.is("match_recognize", "(") {
		return nil, failAt("NOT_SUPPORTED", p.peek().pos, "localaws does not implement MATCH_RECOGNIZE")
	}
	return r, nil
}

func (p *parser) relationPrimary() (relation, error) {
	t := p.peek()
	switch {
	case p.is("unnest", "("):
		p.at += 2
		items, err := p.exprs(")")
		if err != nil {
			return nil, err
		}
		return &unnest{relAt{t.pos}, items, p.take("with", "ordinality")}, nil
	case p.is("table", "("):
		return nil, failAt("NOT_SUPPORTED", t.pos, "table functions are not implemented by localaws")
	case p.is("lateral", "("):
		p.at += 2
		q, err := p.query()
		if err != nil {
			return nil, err
		}
		return &subquery{relAt{t.pos}, q, true}, p.need(")")
	case p.is("("):
		mark, params := p.at, p.params
		p.at++
		q, err := p.query()
		if err == nil {
			if err = p.need(")"); err == nil {
				return &subquery{relAt{t.pos}, q, false}, nil
			}
		}
		if p.tokens[mark+1].kind == word && wordSet("select with values table")[strings.ToLower(p.tokens[mark+1].text)] {
			return nil, err
		}
		p.at, p.params = mark+1, params
		r, err := p.relation()
		if err != nil {
			return nil, err
		}
		return r, p.need(")")
	case isIdent(t):
		name, err := p.qualifiedName()
		if err != nil {
			return nil, err
		}
		if p.is("(") {
			return nil, failAt("NOT_SUPPORTED", t.pos, "table functions are not implemented by localaws")
		}
		if len(name) > 3 {
			return nil, failAt("SYNTAX_ERROR", t.pos, "Too many parts in table name: %s", shownName(name))
		}
		if p.is("for", "timestamp") || p.is("for", "version") {
			return nil, failAt("NOT_SUPPORTED", p.peek().pos, "localaws does not implement FOR TIMESTAMP AS OF and FOR VERSION AS OF (Iceberg tables)")
		}
		return &tableRef{relAt{t.pos}, name}, nil
	case t.kind == backquote:
		_, err := p.ident()
		return nil, err
	}
	return nil, p.mismatch("'(', 'LATERAL', 'UNNEST', <identifier>")
}

func shownName(name []Ident) string {
	parts := make([]string, len(name))
	for i, n := range name {
		parts[i] = strings.ToLower(n.Name)
	}
	return strings.Join(parts, ".")
}
