package trino

import "strings"

// query reads a query with its WITH, ORDER BY, OFFSET and LIMIT.
func (p *parser) query() (*Query, error) {
	if err := p.enter(); err != nil {
		return nil, err
	}
	defer p.leave()
	q := &Query{p: p.peek().pos}
	if p.take("with") {
		recursive := p.take("recursive")
		for {
			c := cte{recursive: recursive}
			var err error
			if c.name, err = p.ident(); err != nil {
				return nil, err
			}
			if p.take("(") {
				if c.columns, err = p.columnAliases(); err != nil {
					return nil, err
				}
			}
			if err := p.need("as", "("); err != nil {
				return nil, err
			}
			if c.query, err = p.query(); err != nil {
				return nil, err
			}
			if err := p.need(")"); err != nil {
				return nil, err
			}
			q.with = append(q.with, c)
			if !p.take(",") {
				break
			}
		}
	}
	var err error
	if q.body, err = p.union(); err != nil {
		return nil, err
	}
	return q, p.queryTail(q)
}

func (p *parser) queryTail(q *Query) error {
	var err error
	if p.take("order", "by") {
		if q.orderBy, err = p.sortItems(); err != nil {
			return err
		}
	}
	if p.take("offset") {
		if q.offset, err = p.rowCount(); err != nil {
			return err
		}
		_ = p.take("row") || p.take("rows")
	}
	switch {
	case p.take("limit", "all"):
	case p.take("limit"):
		if q.limit, err = p.rowCount(); err != nil {
			return err
		}
	case p.take("fetch", "first"), p.take("fetch", "next"):
		q.limit = &literal{at{p.peek().pos}, "integer", "1", "", ""}
		if !p.isAny("row", "rows") {
			if q.limit, err = p.rowCount(); err != nil {
				return err
			}
		}
		if !p.take("rows") && !p.take("row") {
			return p.mismatch("'ROWS'")
		}
		if p.is("with") {
			return failAt("NOT_SUPPORTED", p.peek().pos, "FETCH FIRST WITH TIES is not implemented by localaws")
		}
		return p.need("only")
	}
	return nil
}

func (p *parser) rowCount() (Expr, error) {
	t := p.peek()
	switch {
	case t.kind == integer:
		p.at++
		return &literal{at{t.pos}, "integer", t.text, "", ""}, nil
	case p.take("?"):
		p.params++
		return &param{at{t.pos}, p.params - 1}, nil
	}
	return nil, p.mismatch("'?', 'ALL', <integer>")
}

func (p *parser) union() (queryBody, error) {
	left, err := p.intersect()
	if err != nil {
		return nil, err
	}
	for p.isAny("union", "except") {
		t := p.next()
		op := &setOp{p: t.pos, op: strings.ToUpper(t.text), left: left, all: p.take("all")}
		_ = p.take("distinct")
		if op.right, err = p.intersect(); err != nil {
			return nil, err
		}
		left = op
	}
	return left, nil
}

func (p *parser) intersect() (queryBody, error) {
	left, err := p.queryPrimary()
	if err != nil {
		return nil, err
	}
	for p.is("intersect") {
		t := p.next()
		op := &setOp{p: t.pos, op: "INTERSECT", left: left, all: p.take("all")}
		_ = p.take("distinct")
		if op.right, err = p.queryPrimary(); err != nil {
			return nil, err
		}
		left = op
	}
	return left, nil
}

func (p *parser) queryPrimary() (queryBody, error) {
	t := p.peek()
	switch {
	case p.is("select"):
		return p.selectBody()
	case p.take("values"):
		v := &values{p: t.pos}
		for {
			row, err := p.expr()
			if err != nil {
				return nil, err
			}
			v.rows = append(v.rows, row)
			if !p.take(",") {
				return v, nil
			}
		}
	case p.take("table"):
		name, err := p.qualifiedName()
		if err != nil {
			return nil, err
		}
		return &selectBody{p: t.pos, items: []selectItem{{p: t.pos, star: true}}, from: []relation{&tableRef{relAt{name[0].Pos}, name}}}, nil
	case p.take("("):
		q, err := p.query()
		if err != nil {
			return nil, err
		}
		return q, p.need(")")
	}
	return nil, p.mismatch("'(', 'SELECT', 'TABLE', 'VALUES'")
}

func (p *parser) selectBody() (*selectBody, error) {
	s := &selectBody{p: p.next().pos}
	if p.take("distinct") {
		s.distinct = true
	} else {
		_ = p.take("all")
	}
	for {
		item, err := p.selectItem()
		if err != nil {
			return nil, err
		}
		s.items = append(s.items, item)
		if !p.take(",") {
			break
		}
	}
	var err error
	if p.take("from") {
		for {
			r, err := p.relation()
			if err != nil {
				return nil, err
			}
			s.from = append(s.from, r)
			if !p.take(",") {
				break
			}
		}
	}
	if p.take("where") {
		if s.where, err = p.expr(); err != nil {
			return nil, err
		}
	}
	if p.take("group", "by") {
		if s.group, err = p.groupBy(); err != nil {
			return nil, err
		}
	}
	if p.take("having") {
		if s.having, err = p.expr(); err != nil {
			return nil, err
		}
	}
	if p.take("window") {
		for {
			name, err := p.ident()
			if err != nil {
				return nil, err
			}
			if err := p.need("as", "("); err != nil {
				return nil, err
			}
			w, err := p.windowSpec()
			if err != nil {
				return nil, err
			}
			s.windows = append(s.windows, namedWindow{name, w})
			if !p.take(",") {
				break
			}
		}
	}
	return s, nil
}

func (p *parser) selectItem() (selectItem, error) {
	t := p.peek()
	if p.take("*") {
		return selectItem{p: t.pos, star: true}, nil
	}
	if isIdent(t) {
		// t.* or db.t.*
		n := 1
		for p.peekAt(n).text == "." && isIdent(p.peekAt(n+1)) {
			n += 2
		}
		if p.peekAt(n).kind == symbol && p.peekAt(n).text == "." && p.peekAt(n+1).kind == symbol && p.peekAt(n+1).text == "*" {
			item := selectItem{p: t.pos, star: true}
			for {
				name, err := p.ident()
				if err != nil {
					return selectItem{}, err
				}
				item.of = append(item.of, name)
				p.at++ // the point
				if p.take("*") {
					return item, nil
				}
			}
		}
	}
	x, err := p.expr()
	if err != nil {
		return selectItem{}, err
	}
	item := selectItem{p: t.pos, x: x}
	item.alias, err = p.alias()
	return item, err
}

// alias reads an alias, with or without AS; nil if there is none.
func (p *parser) alias() (*Ident, error) {
	t := p.peek()
	if !p.take("as") && (!isIdent(t) || t.kind == word && notAlias[strings.ToLower(t.text)]) {
		return nil, nil
	}
	name, err := p.ident()
	if err != nil {
		return nil, err
	}
	return &name, nil
}

func (p *parser) groupBy() (*groupBy, error) {
	g := &groupBy{}
	if p.take("all") {
		g.all = true
	} else {
		_ = p.take("distinct")
	}
	for {
		var e groupElement
		var err error
		switch {
		case p.take("rollup", "("):
			e.kind = "rollup"
			e.sets, err = p.groupingSets()
		case p.take("cube", "("):
			e.kind = "cube"
			e.sets, err = p.groupingSets()
		case p.take("grouping", "sets", "("):
			e.kind = "sets"
			e.sets, err = p.groupingSets()
		default:
			e.x, err = p.expr()
		}
		if err != nil {
			return nil, err
		}
		g.elements = append(g.elements, e)
		if !p.take(",") {
			return g, nil
		}
	}
}

// groupingSets reads sets of expressions up to the closing bracket.
func (p *parser) groupingSets() ([][]Expr, error) {
	var sets [][]Expr
	for {
		var set []Expr
		if p.take("(") {
			if !p.take(")") {
				list, err := p.exprs(")")
				if err != nil {
					return nil, err
				}
				set = list
			}
		} else {
			x, err := p.expr()
			if err != nil {
				return nil, err
			}
			set = []Expr{x}
		}
		sets = append(sets, set)
		if p.take(")") {
			return sets, nil
		}
		if err := p.need(","); err != nil {
			return nil, err
		}
	}
}

func (p *parser) sortItems() ([]sortItem, error) {
	var items []sortItem
	for {
		x, err := p.expr()
		if err != nil {
			return nil, err
		}
		item := sortItem{x: x}
		if p.take("desc") {
			item.desc = true
		} else {
			_ = p.take("asc")
		}
		switch {
		case p.take("nulls", "first"):
			item.nulls = "FIRST"
		case p.take("nulls", "last"):
			item.nulls = "LAST"
		}
		items = append(items, item)
		if !p.take(",") {
			return items, nil
		}
	}
}
