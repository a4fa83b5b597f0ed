package trino

import "strings"

// exprs reads expressions up to the closing text.
func (p *parser) exprs(closing string) ([]Expr, error) {
	var list []Expr
	for {
		x, err := p.expr()
		if err != nil {
			return nil, err
		}
		list = append(list, x)
		if p.take(closing) {
			return list, nil
		}
		if err := p.need(","); err != nil {
			return nil, err
		}
	}
}

func (p *parser) expr() (Expr, error) {
	if err := p.enter(); err != nil {
		return nil, err
	}
	defer p.leave()
	return p.or()
}

func (p *parser) or() (Expr, error) {
	x, err := p.and()
	for err == nil && p.is("or") {
		t := p.next()
		var y Expr
		if y, err = p.and(); err == nil {
			x = &binaryOp{at{t.pos}, "or", x, y}
		}
	}
	return x, err
}

func (p *parser) and() (Expr, error) {
	x, err := p.not()
	for err == nil && p.is("and") {
		t := p.next()
		var y Expr
		if y, err = p.not(); err == nil {
			x = &binaryOp{at{t.pos}, "and", x, y}
		}
	}
	return x, err
}

func (p *parser) not() (Expr, error) {
	if p.is("not") {
		if err := p.enter(); err != nil {
			return nil, err
		}
		defer p.leave()
		t := p.next()
		x, err := p.not()
		return &unary{at{t.pos}, "not", x}, err
	}
	return p.predicate()
}

func (p *parser) predicate() (Expr, error) {
	x, err := p.concat()
	for err == nil {
		t := p.peek()
		negated := p.is("not") && (p.peekAt(1).kind == word)
		if negated {
			p.at++
		}
		switch {
		case !negated && p.isAny("=", "<>", "!=", "<", "<=", ">", ">="):
			x, err = p.comparison(x)
		case p.take("between"):
			b := &between{at: at{t.pos}, x: x, not: negated}
			if b.low, err = p.concat(); err == nil {
				if err = p.need("and"); err == nil {
					b.high, err = p.concat()
				}
			}
			x = b
		case p.take("in"):
			x, err = p.in(t, x, negated)
		case p.take("like"):
			l := &like{at: at{t.pos}, x: x, not: negated}
			l.pattern, err = p.concat()
			if err == nil && p.take("escape") {
				l.escape, err = p.concat()
			}
			x = l
		case !negated && p.take("is"):
			not := p.take("not")
			switch {
			case p.take("null"):
				x = &isNull{at{t.pos}, x, not}
			case p.take("distinct", "from"):
				d := &isDistinct{at: at{t.pos}, x: x, not: not}
				d.y, err = p.concat()
				x = d
			default:
				err = p.mismatch("'DISTINCT', 'NULL'")
			}
		case negated:
			err = p.mismatch("'BETWEEN', 'IN', 'LIKE'")
		default:
			return x, nil
		}
	}
	return x, err
}

func (p *parser) comparison(x Expr) (Expr, error) {
	t := p.next()
	op := t.text
	if op == "!=" {
		op = "<>"
	}
	for _, q := range []string{"all", "any", "some"} {
		if p.is(q, "(") {
			p.at += 2
			query, err := p.query()
			if err != nil {
				return nil, err
			}
			if q == "some" {
				q = "any"
			}
			return &quantified{at{t.pos}, op, q, x, query}, p.need(")")
		}
	}
	y, err := p.concat()
	return &binaryOp{at{t.pos}, op, x, y}, err
}

func (p *parser) in(t token, x Expr, negated bool) (Expr, error) {
	if err := p.need("("); err != nil {
		return nil, err
	}
	n := &inList{at: at{t.pos}, x: x, not: negated}
	if p.isAny("select", "with", "values", "table") {
		q, err := p.query()
		if err != nil {
			return nil, err
		}
		n.query = q
		return n, p.need(")")
	}
	if p.is("(") {
		mark, params := p.at, p.params
		if q, err := p.query(); err == nil && p.take(")") {
			n.query = q
			return n, nil
		}
		p.at, p.params = mark, params
	}
	list, err := p.exprs(")")
	n.list = list
	return n, err
}

func (p *parser) concat() (Expr, error) {
	x, err := p.sum()
	for err == nil && p.is("||") {
		t := p.next()
		var y Expr
		if y, err = p.sum(); err == nil {
			x = &binaryOp{at{t.pos}, "||", x, y}
		}
	}
	return x, err
}

func (p *parser) sum() (Expr, error) {
	x, err := p.product()
	for err == nil && p.isAny("+", "-") {
		t := p.next()
		var y Expr
		if y, err = p.product(); err == nil {
			x = &binaryOp{at{t.pos}, t.text, x, y}
		}
	}
	return x, err
}

func (p *parser) product() (Expr, error) {
	x, err := p.unary()
	for err == nil && p.isAny("*", "/", "%") {
		t := p.next()
		var y Expr
		if y, err = p.unary(); err == nil {
			x = &binaryOp{at{t.pos}, t.text, x, y}
		}
	}
	return x, err
}

func (p *parser) unary() (Expr, error) {
	if p.isAny("-", "+") {
		if err := p.enter(); err != nil {
			return nil, err
		}
		defer p.leave()
		t := p.next()
		x, err := p.unary()
		return &unary{at{t.pos}, t.text, x}, err
	}
	x, err := p.postfix()
	for err == nil && p.is("at", "time", "zone") {
		t := p.next()
		p.at += 2
		var zone Expr
		if zone, err = p.postfix(); err == nil {
			x = &atTimeZone{at{t.pos}, x, zone}
		}
	}
	return x, err
}

func (p *parser) postfix() (Expr, error) {
	x, err := p.primary()
	for err == nil {
		t := p.peek()
		switch {
		case p.take("["):
			var index Expr
			if index, err = p.expr(); err == nil {
				x = &subscript{at{t.pos}, x, index}
				err = p.need("]")
			}
		case p.is(".") && isIdent(p.peekAt(1)):
			p.at++
			var name Ident
			if name, err = p.ident(); err == nil {
				x = &field{at{t.pos}, x, name}
			}
		default:
			return x, nil
		}
	}
	return x, err
}

func (p *parser) primary() (Expr, error) {
	t := p.peek()
	switch t.kind {
	case str:
		p.at++
		return &literal{at{t.pos}, "string", t.text, "", ""}, nil
	case binary:
		p.at++
		return &literal{at{t.pos}, "binary", t.text, "", ""}, nil
	case integer:
		p.at++
		return &literal{at{t.pos}, "integer", strings.ReplaceAll(t.text, "_", ""), "", ""}, nil
	case decimal:
		p.at++
		return &literal{at{t.pos}, "decimal", strings.ReplaceAll(t.text, "_", ""), "", ""}, nil
	case double:
		p.at++
		return &literal{at{t.pos}, "double", strings.ReplaceAll(t.text, "_", ""), "", ""}, nil
	case symbol:
		switch t.text {
		case "?":
			p.at++
			p.params++
			return &param{at{t.pos}, p.params - 1}, nil
		case "(":
			return p.bracket()
		}
		return nil, p.mismatch("<expression>")
	case quoted:
		return p.name()
	case word:
		return p.keyword(t)
	case backquote:
		_, err := p.ident()
		return nil, err
	}
	return nil, p.mismatch("<expression>")
}

// bracket reads what begins with an opening bracket: a lambda's parameters, a
// subquery, a row, or an expression.
func (p *parser) bracket() (Expr, error) {
	t := p.peek()
	if x, ok, err := p.lambdaAhead(); ok || err != nil {
		return x, err
	}
	if p.peekAt(1).kind == symbol && p.peekAt(1).text == "(" || p.peekAt(1).kind == word && wordSet("select with values table")[strings.ToLower(p.peekAt(1).text)] {
		mark, params := p.at, p.params
		p.at++
		q, err := p.query()
		if err == nil {
			if err = p.need(")"); err == nil {
				return &scalarQuery{at{t.pos}, q}, nil
			}
		}
		if p.tokens[mark+1].kind == word {
			return nil, err
		}
		p.at, p.params = mark, params
	}
	p.at++
	list, err := p.exprs(")")
	if err != nil {
		return nil, err
	}
	if len(list) == 1 {
		return list[0], nil
	}
	return &row{at{t.pos}, list}, nil
}

// lambdaAhead reads (a, b) -> body if it comes next.
func (p *parser) lambdaAhead() (Expr, bool, error) {
	t := p.peek()
	n := 1
	var params []string
	for p.peekAt(n).text != ")" || p.peekAt(n).kind != symbol {
		if !isIdent(p.peekAt(n)) {
			return nil, false, nil
		}
		params = append(params, strings.ToLower(p.peekAt(n).text))
		n++
		if c := p.peekAt(n); c.kind == symbol && c.text == "," {
			n++
		} else if c.kind != symbol || c.text != ")" {
			return nil, false, nil
		}
	}
	if arrow := p.peekAt(n + 1); arrow.kind != symbol || arrow.text != "->" {
		return nil, false, nil
	}
	p.at += n + 2
	body, err := p.expr()
	return &lambda{at{t.pos}, params, body}, true, err
}
