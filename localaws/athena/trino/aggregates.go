package trino

// scalarOnly refuses aggregates and window functions where only scalars may
// stand.
func (c *compiler) scalarOnly(x Expr, clause string) error {
	var err error
	visit(x, func(x Expr) {
		if f, ok := x.(*call); ok && err == nil && (f.over != nil || f.name == "grouping" || c.aggregate(f.name)) {
			err = failAt("EXPRESSION_NOT_SCALAR", f.p, "%s cannot contain aggregations, window functions or grouping operations: [%s]", clause, f.name)
		}
	})
	return err
}

// aggregates reports whether the expression has an aggregate that is no window
// function.
func (c *compiler) aggregates(x Expr) bool {
	found := false
	visit(x, func(x Expr) {
		if f, ok := x.(*call); ok && f.over == nil && c.aggregate(f.name) {
			found = true
		}
	})
	return found
}

// grouped checks that, of a query with aggregates, everything outside of them is
// made of what the query groups by.
func (c *compiler) grouped(b *selectBody, orderBy []sortItem, s *scope, keys []string, aliases []fieldRef) error {
	aggregated := b.group != nil || b.having != nil && c.aggregates(b.having)
	for _, item := range b.items {
		aggregated = aggregated || item.x != nil && c.aggregates(item.x)
	}
	for _, item := range orderBy {
		aggregated = aggregated || c.aggregates(item.x)
	}
	if !aggregated {
		return nil
	}
	known := map[string]bool{}
	for _, k := range keys {
		known[k] = true
	}
	for _, item := range b.items {
		if item.x == nil {
			for _, f := range s.fields {
				if !f.hidden && starMatches(f, item.of) && !known[f.sql] {
					return failAt("EXPRESSION_NOT_AGGREGATE", item.p, "Column '%s' not in GROUP BY clause", f.shown)
				}
			}
			continue
		}
		if err := c.madeOf(item.x, s, known); err != nil {
			return err
		}
	}
	if b.having != nil {
		if err := c.madeOf(b.having, s, known); err != nil {
			return err
		}
	}
	for _, item := range orderBy {
		if name, ok := item.x.(*column); ok && len(name.parts) == 1 && ordinalOf(aliases, name.parts[0]) != "" {
			continue
		}
		if err := c.madeOf(item.x, &scope{parent: s.parent, fields: s.fields, ctes: s.ctes, aliases: aliases}, known); err != nil {
			return err
		}
	}
	return nil
}

func (c *compiler) madeOf(x Expr, s *scope, known map[string]bool) error {
	if x == nil {
		return nil
	}
	switch x := x.(type) {
	case *literal, *param, *exists, *scalarQuery:
		return nil
	case *call:
		if x.over == nil && (c.aggregate(x.name) || x.name == "grouping") {
			return nil
		}
	case *lambda:
		return nil // its parameters are no columns; what it captures DuckDB checks
	}
	if sql, _, err := c.expr(x, s); err == nil && known[sql] {
		return nil
	}
	if name, ok := x.(*column); ok {
		if f, _, matches := s.lookup(name.parts); matches != 1 || !ownField(s, f) {
			return nil // an alias, or a column of an outer query
		}
		return failAt("EXPRESSION_NOT_AGGREGATE", name.p, "'%s' must be an aggregate expression or appear in GROUP BY clause", shownName(name.parts))
	}
	var failed error
	for _, part := range children(x) {
		if failed == nil {
			failed = c.madeOf(part, s, known)
		}
	}
	return failed
}

// ownField reports whether a field is one of the scope itself.
func ownField(s *scope, f fieldRef) bool {
	for _, g := range s.fields {
		if g.sql == f.sql {
			return true
		}
	}
	return false
}
