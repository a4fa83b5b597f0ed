package trino

import "strings"

// groupBy compiles GROUP BY. It answers the text, and the expressions that are
// grouped by as they are compiled. What is also an output column is named by its
// ordinal: DuckDB then knows that they are the same.
func (c *compiler) groupBy(b *selectBody, s *scope, outputs []string, fields []fieldRef) (string, []string, error) {
	g := b.group
	if g == nil {
		return "", nil, nil
	}
	var keys []string
	one := func(x Expr) (string, error) {
		if l, ok := x.(*literal); ok && l.kind == "integer" {
			n := atoi(l.text)
			if n < 1 || n > len(outputs) {
				return "", failAt("INVALID_COLUMN_REFERENCE", l.p, "GROUP BY position %s is not in select list", l.text)
			}
			if n <= len(b.items) && b.items[n-1].x != nil {
				if err := c.scalarOnly(b.items[n-1].x, "GROUP BY clause"); err != nil {
					return "", err
				}
			}
			keys = append(keys, outputs[n-1])
			c.use(fields[n-1])
			return itoa(n), nil
		}
		if err := c.scalarOnly(x, "GROUP BY clause"); err != nil {
			return "", err
		}
		sql, _, err := c.expr(x, s)
		if err != nil {
			return "", err
		}
		keys = append(keys, sql)
		for n, output := range outputs {
			if output == sql {
				return itoa(n + 1), nil
			}
		}
		return sql, nil
	}
	var parts []string
	for _, e := range g.elements {
		if e.kind == "" {
			items := []Expr{e.x}
			if tuple, ok := e.x.(*row); ok {
				items = tuple.items
			}
			for _, x := range items {
				sql, err := one(x)
				if err != nil {
					return "", nil, err
				}
				parts = append(parts, sql)
			}
			continue
		}
		var sets []string
		for _, set := range e.sets {
			var list []string
			for _, x := range set {
				sql, err := one(x)
				if err != nil {
					return "", nil, err
				}
				list = append(list, sql)
			}
			sets = append(sets, "("+strings.Join(list, ", ")+")")
		}
		word := map[string]string{"rollup": "ROLLUP", "cube": "CUBE", "sets": "GROUPING SETS"}[e.kind]
		parts = append(parts, word+" ("+strings.Join(sets, ", ")+")")
	}
	return " GROUP BY " + strings.Join(parts, ", "), keys, nil
}

func (c *compiler) windows(list []namedWindow, s *scope) (string, error) {
	var parts []string
	for _, w := range list {
		sql, err := c.window(w.w, s)
		if err != nil {
			return "", err
		}
		parts = append(parts, quoteIdent(strings.ToLower(w.name.Name))+" AS "+sql)
	}
	if len(parts) == 0 {
		return "", nil
	}
	return " WINDOW " + strings.Join(parts, ", "), nil
}
