package trino

import "strings"

// name reads a column, with its qualifiers, or a call of a function.
func (p *parser) name() (Expr, error) {
	first, err := p.ident()
	if err != nil {
		return nil, err
	}
	if p.take("->") {
		body, err := p.expr()
		return &lambda{at{first.Pos}, []string{strings.ToLower(first.Name)}, body}, err
	}
	c := &column{at{first.Pos}, []Ident{first}}
	for p.is(".") && isIdent(p.peekAt(1)) {
		p.at++
		part, err := p.ident()
		if err != nil {
			return nil, err
		}
		c.parts = append(c.parts, part)
	}
	if p.is("(") {
		if len(c.parts) > 1 {
			return nil, failAt("FUNCTION_NOT_FOUND", first.Pos, "Function '%s' not registered", shownName(c.parts))
		}
		return p.call(first)
	}
	return c, nil
}

func (p *parser) call(name Ident) (Expr, error) {
	c := &call{at: at{name.Pos}, name: strings.ToLower(name.Name)}
	if jsonFunctions[c.name] { // whose arguments have a grammar of their own
		return p.jsonCall(c)
	}
	if strings.HasPrefix(c.name, "json_") && missing[c.name] {
		return nil, failAt("NOT_SUPPORTED", name.Pos, "localaws does not implement the function %s of athena", c.name)
	}
	if err := p.need("("); err != nil {
		return nil, err
	}
	var err error
	switch {
	case p.take("*"):
		c.star = true
		err = p.need(")")
	case p.take(")"):
	default:
		if p.take("distinct") {
			c.distinct = true
		} else {
			_ = p.take("all")
		}
		err = p.arguments(c)
	}
	if err != nil {
		return nil, err
	}
	return c, p.callTail(c)
}

// arguments reads the arguments of a call, its ORDER BY, and what listagg says
// about overflow, up to the closing bracket.
func (p *parser) arguments(c *call) error {
	for {
		x, err := p.expr()
		if err != nil {
			return err
		}
		c.args = append(c.args, x)
		if p.take(",") {
			continue
		}
		if p.take("on", "overflow") {
			from := p.at
			for !p.is(")") && p.peek().kind != end {
				p.at++
			}
			for _, t := range p.tokens[from:p.at] {
				c.overflow += strings.ToUpper(t.text) + " "
			}
		}
		if p.take("order", "by") {
			if c.orderBy, err = p.sortItems(); err != nil {
				return err
			}
		}
		return p.need(")")
	}
}

func (p *parser) callTail(c *call) error {
	var err error
	if p.take("within", "group", "(") {
		if err = p.need("order", "by"); err != nil {
			return err
		}
		if c.orderBy, err = p.sortItems(); err != nil {
			return err
		}
		if err = p.need(")"); err != nil {
			return err
		}
	}
	if p.take("filter", "(") {
		if err = p.need("where"); err != nil {
			return err
		}
		if c.filter, err = p.expr(); err != nil {
			return err
		}
		if err = p.need(")"); err != nil {
			return err
		}
	}
	switch {
	case p.take("ignore", "nulls"):
		c.nulls = "IGNORE NULLS"
	case p.take("respect", "nulls"):
		c.nulls = "RESPECT NULLS"
	}
	if !p.take("over") {
		return nil
	}
	if p.take("(") {
		c.over, err = p.windowSpec()
		return err
	}
	name, err := p.ident()
	c.over = &window{name: name.Name}
	return err
}

// windowSpec reads a window up to its closing bracket.
func (p *parser) windowSpec() (*window, error) {
	w := &window{}
	var err error
	if t := p.peek(); isIdent(t) && !p.isAny("partition", "rows", "range", "groups") {
		w.name = t.text
		p.at++
	}
	if p.take("partition", "by") {
		for {
			x, err := p.expr()
			if err != nil {
				return nil, err
			}
			w.partition = append(w.partition, x)
			if !p.take(",") {
				break
			}
		}
	}
	if p.take("order", "by") {
		if w.orderBy, err = p.sortItems(); err != nil {
			return nil, err
		}
	}
	for _, unit := range []string{"rows", "range", "groups"} {
		if !p.take(unit) {
			continue
		}
		w.frame = &frame{unit: strings.ToUpper(unit), end: bound{kind: "CURRENT ROW"}}
		between := p.take("between")
		if w.frame.start, err = p.bound(); err != nil {
			return nil, err
		}
		if between {
			if err := p.need("and"); err != nil {
				return nil, err
			}
			if w.frame.end, err = p.bound(); err != nil {
				return nil, err
			}
		}
	}
	return w, p.need(")")
}

func (p *parser) bound() (bound, error) {
	switch {
	case p.take("unbounded", "preceding"):
		return bound{kind: "UNBOUNDED PRECEDING"}, nil
	case p.take("unbounded", "following"):
		return bound{kind: "UNBOUNDED FOLLOWING"}, nil
	case p.take("current", "row"):
		return bound{kind: "CURRENT ROW"}, nil
	}
	x, err := p.expr()
	if err != nil {
		return bound{}, err
	}
	switch {
	case p.take("preceding"):
		return bound{"PRECEDING", x}, nil
	case p.take("following"):
		return bound{"FOLLOWING", x}, nil
	}
	return bound{}, p.mismatch("'FOLLOWING', 'PRECEDING'")
}
