package trino

import "strings"

// query compiles a query with its WITH, ORDER BY and LIMIT.
func (c *compiler) query(q *Query, outer *scope) (*result, error) {
	if c.depth++; c.depth > maxDepth {
		return nil, failAt("STATEMENT_TOO_LARGE", q.p, "statement is nested deeper than %d", maxDepth)
	}
	defer func() { c.depth-- }()
	s := &scope{parent: outer, ctes: map[string]*cteScope{}}
	for i := range q.with {
		definition := &q.with[i]
		name := strings.ToLower(definition.name.Name)
		if _, ok := s.ctes[name]; ok {
			return nil, failAt("DUPLICATE_NAMED_QUERY", definition.name.Pos, "WITH query name '%s' specified more than once", name)
		}
		// A definition sees those before it, not itself: its scope is a copy.
		before := &scope{parent: outer, ctes: map[string]*cteScope{}}
		for k, v := range s.ctes {
			before.ctes[k] = v
		}
		s.ctes[name] = &cteScope{cte: definition, scope: before}
	}
	if body, ok := q.body.(*selectBody); ok {
		return c.selectQuery(body, q, s)
	}
	r, err := c.body(q.body, s)
	if err != nil || len(q.orderBy) == 0 && q.offset == nil && q.limit == nil {
		return r, err
	}
	fields := make([]fieldRef, len(r.fields))
	alias := c.id("r")
	for i, f := range r.fields {
		fields[i] = f
		fields[i].rel = ""
		fields[i].sql = alias + ".c" + itoa(i)
		fields[i].from = nil
	}
	order, err := c.orderBy(q.orderBy, &scope{parent: outer, fields: fields}, len(fields))
	if err != nil {
		return nil, err
	}
	limit, err := c.limit(q)
	if err != nil {
		return nil, err
	}
	return &result{"SELECT * FROM (" + r.sql + ") AS " + alias + columnList(len(fields)) + order + limit, opaque(r.fields)}, nil
}

// unscanned are fields through which no condition may reach the table: a LIMIT
// stands between.
func opaque(fields []fieldRef) []fieldRef {
	out := make([]fieldRef, len(fields))
	for i, f := range fields {
		f.from = nil
		out[i] = f
	}
	return out
}

func columnList(n int) string {
	if n == 0 {
		return ""
	}
	names := make([]string, n)
	for i := range names {
		names[i] = "c" + itoa(i)
	}
	return "(" + strings.Join(names, ", ") + ")"
}

func (c *compiler) body(b queryBody, s *scope) (*result, error) {
	switch b := b.(type) {
	case *selectBody:
		return c.selectQuery(b, &Query{p: b.p}, s)
	case *Query:
		r, err := c.query(b, s)
		if err != nil {
			return nil, err
		}
		return &result{"(" + r.sql + ")", r.fields}, nil
	case *values:
		return c.values(b, s)
	case *setOp:
		return c.setOp(b, s)
	}
	return nil, &Error{Name: "GENERIC_INTERNAL_ERROR", Message: "unknown query body"}
}

func (c *compiler) values(v *values, s *scope) (*result, error) {
	r := &result{}
	var cells [][]string
	var types [][]Type
	for n, x := range v.rows {
		items := []Expr{x}
		if tuple, ok := x.(*row); ok {
			items = tuple.items
		}
		if n > 0 && len(items) != len(r.fields) {
			return nil, failAt("TYPE_MISMATCH", x.pos(), "Values rows have mismatched sizes: %d vs %d", len(r.fields), len(items))
		}
		cells, types = append(cells, make([]string, len(items))), append(types, make([]Type, len(items)))
		for i, item := range items {
			sql, typ, err := c.expr(item, s)
			if err != nil {
				return nil, err
			}
			cells[n][i], types[n][i] = sql, typ
			if n == 0 {
				r.fields = append(r.fields, fieldRef{shown: "_col" + itoa(i), name: "_col" + itoa(i), typ: typ})
				continue
			}
			joined, ok := common(r.fields[i].typ, typ)
			if !ok {
				return nil, failAt("TYPE_MISMATCH", item.pos(), "Values rows have mismatched types: %s vs %s", r.fields[i].typ, typ)
			}
			r.fields[i].typ = joined
		}
	}
	rows := make([]string, len(cells))
	for n, row := range cells {
		for i := range row {
			row[i] = adapt(row[i], types[n][i], r.fields[i].typ)
		}
		rows[n] = "(" + strings.Join(row, ", ") + ")"
	}
	r.sql = "SELECT * FROM (VALUES " + strings.Join(rows, ", ") + ") AS " + c.id("r") + columnList(len(r.fields))
	return r, nil
}

func (c *compiler) setOp(b *setOp, s *scope) (*result, error) {
	left, err := c.body(b.left, s)
	if err != nil {
		return nil, err
	}
	right, err := c.body(b.right, s)
	if err != nil {
		return nil, err
	}
	if len(left.fields) != len(right.fields) {
		return nil, failAt("TYPE_MISMATCH", b.p, "%s query has different number of fields: %d, %d", b.op, len(left.fields), len(right.fields))
	}
	fields := opaque(left.fields)
	leftList, rightList := make([]string, len(fields)), make([]string, len(fields))
	for i := range fields {
		joined, ok := common(left.fields[i].typ, right.fields[i].typ)
		if !ok {
			return nil, failAt("TYPE_MISMATCH", b.p, "column %d in %s query has incompatible types: %s, %s", i+1, b.op, left.fields[i].typ, right.fields[i].typ)
		}
		fields[i].typ = joined
		fields[i].deps = append(append([]dep{}, left.fields[i].deps...), right.fields[i].deps...)
		if !b.all {
			c.use(fields[i])
		}
		leftList[i] = adapt("l.c"+itoa(i), left.fields[i].typ, joined)
		rightList[i] = adapt("l.c"+itoa(i), right.fields[i].typ, joined)
	}
	side := func(r *result, list []string) string {
		return "(SELECT " + strings.Join(list, ", ") + " FROM (" + r.sql + ") AS l" + columnList(len(list)) + ")"
	}
	op := " " + b.op + " "
	if b.all {
		op = " " + b.op + " ALL "
	}
	return &result{side(left, leftList) + op + side(right, rightList), fields}, nil
}

func bracketed(sql string) string {
	if strings.HasPrefix(sql, "(") {
		return "(SELECT * FROM " + sql + ")"
	}
	return "(" + sql + ")"
}

func (c *compiler) limit(q *Query) (string, error) {
	sql := ""
	for _, part := range []struct {
		word string
		x    Expr
	}{{" LIMIT ", q.limit}, {" OFFSET ", q.offset}} {
		if part.x == nil {
			continue
		}
		text, _, err := c.expr(part.x, &scope{})
		if err != nil {
			return "", err
		}
		sql += part.word + text
	}
	return sql, nil
}

// orderBy compiles sort items over a scope whose aliases are the n output
// columns, which may be named by ordinal too.
func (c *compiler) orderBy(items []sortItem, s *scope, outputs int) (string, error) {
	if len(items) == 0 {
		return "", nil
	}
	parts := make([]string, len(items))
	for i, item := range items {
		sql := ""
		if l, ok := item.x.(*literal); ok && l.kind == "integer" && outputs >= 0 {
			n := atoi(l.text)
			if n < 1 || n > outputs {
				return "", failAt("INVALID_COLUMN_REFERENCE", l.p, "ORDER BY position %s is not in select list", l.text)
			}
			c.use(s.fields[n-1])
			sql = itoa(n)
		} else {
			text, typ, err := c.expr(item.x, s)
			if err != nil {
				return "", err
			}
			if !orderable(typ) {
				return "", failAt("TYPE_MISMATCH", item.x.pos(), "Type %s is not orderable, and therefore cannot be used in ORDER BY: %s", typ, typ)
			}
			sql = order(text, typ)
		}
		parts[i] = sql + sortSuffix(item)
	}
	return " ORDER BY " + strings.Join(parts, ", "), nil
}

// sortSuffix spells out direction and place of NULLs: last by default, in
// either direction.
func sortSuffix(item sortItem) string {
	suffix := " ASC"
	if item.desc {
		suffix = " DESC"
	}
	if item.nulls == "FIRST" {
		return suffix + " NULLS FIRST"
	}
	return suffix + " NULLS LAST"
}
