package trino

import (
	"strings"
)

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

// selectQuery compiles a SELECT together with the ORDER BY and LIMIT around it.
func (c *compiler) selectQuery(b *selectBody, q *Query, outer *scope) (*result, error) {
	s := &scope{parent: outer}
	var from []string
	for _, r := range b.from {
		sql, fields, err := c.relation(r, s)
		if err != nil {
			return nil, err
		}
		from = append(from, sql)
		s.fields = append(s.fields, fields...) // later items may be lateral
	}
	where := ""
	if b.where != nil {
		sql, typ, err := c.expr(b.where, s)
		if err != nil {
			return nil, err
		}
		if typ.Name != "boolean" && typ.Name != "unknown" {
			return nil, failAt("TYPE_MISMATCH", b.where.pos(), "WHERE clause must evaluate to a boolean: actual type %s", typ)
		}
		if err := c.scalarOnly(b.where, "WHERE clause"); err != nil {
			return nil, err
		}
		where = " WHERE " + adapt(sql, typ, tBoolean)
		c.prune(b.where, s)
	}
	items, fields, err := c.selectItems(b, s)
	if err != nil {
		return nil, err
	}
	group, keys, err := c.groupBy(b, s, items, fields)
	if err != nil {
		return nil, err
	}
	if b.having != nil {
		sql, typ, err := c.expr(b.having, s)
		if err != nil {
			return nil, err
		}
		if typ.Name != "boolean" && typ.Name != "unknown" {
			return nil, failAt("TYPE_MISMATCH", b.having.pos(), "HAVING clause must evaluate to a boolean: actual type %s", typ)
		}
		group += " HAVING " + sql
	}
	windows, err := c.windows(b.windows, s)
	if err != nil {
		return nil, err
	}
	aliases := make([]fieldRef, 0, len(fields))
	for i, f := range fields {
		if f.name != "" {
			f.sql = itoa(i + 1)
			aliases = append(aliases, f)
		}
	}
	c.collect(func() { err = c.grouped(b, q.orderBy, s, keys, aliases) }) // it only looks
	if err != nil {
		return nil, err
	}
	if b.distinct {
		c.use(fields...)
	}
	order, err := c.selectOrder(q.orderBy, b, s, aliases, items, fields)
	if err != nil {
		return nil, err
	}
	limit, err := c.limit(q)
	if err != nil {
		return nil, err
	}
	list := make([]string, len(items))
	for i, item := range items {
		list[i] = item + " AS c" + itoa(i)
	}
	sql := "SELECT "
	if b.distinct {
		sql += "DISTINCT "
	}
	sql += strings.Join(list, ", ")
	if len(from) > 0 {
		sql += " FROM " + strings.Join(from, ", ")
	}
	if b.group != nil || q.limit != nil || q.offset != nil || len(b.windows) > 0 || c.hasOver(b) {
		fields = opaque(fields)
	}
	return &result{sql + where + group + windows + order + limit, fields}, nil
}

// hasOver reports whether the select list has a window function or aggregate,
// below which no condition from outside may be moved.
func (c *compiler) hasOver(b *selectBody) bool {
	found := false
	for _, item := range b.items {
		if item.x != nil {
			visit(item.x, func(x Expr) {
				if f, ok := x.(*call); ok && (f.over != nil || c.aggregate(f.name)) {
					found = true
				}
			})
		}
	}
	return found || b.having != nil
}

// selectOrder compiles the ORDER BY of a SELECT: an output column by name or
// ordinal, or an expression over both output and input columns.
func (c *compiler) selectOrder(items []sortItem, b *selectBody, s *scope, aliases []fieldRef, outputs []string, fields []fieldRef) (string, error) {
	if len(items) == 0 {
		return "", nil
	}
	parts := make([]string, len(items))
	for i, item := range items {
		if l, ok := item.x.(*literal); ok && l.kind == "integer" {
			n := atoi(l.text)
			if n < 1 || n > len(outputs) {
				return "", failAt("INVALID_COLUMN_REFERENCE", l.p, "ORDER BY position %s is not in select list", l.text)
			}
			c.use(fields[n-1])
			parts[i] = itoa(n) + sortSuffix(item)
			continue
		}
		if name, ok := item.x.(*column); ok && len(name.parts) == 1 {
			if n := ordinalOf(aliases, name.parts[0]); n != "" {
				c.use(fields[atoi(n)-1])
				parts[i] = n + sortSuffix(item)
				continue
			}
		}
		within := &scope{parent: s.parent, fields: s.fields}
		for _, a := range aliases {
			a.sql = outputs[atoi(a.sql)-1]
			within.aliases = append(within.aliases, a)
		}
		sql, _, err := c.expr(item.x, within)
		if err != nil {
			return "", err
		}
		for n, output := range outputs {
			if output == sql { // DISTINCT sorts only by what it shows
				sql = itoa(n + 1)
				break
			}
		}
		if b.distinct && !isOrdinal(sql) {
			return "", failAt("EXPRESSION_NOT_IN_DISTINCT", item.x.pos(), "For SELECT DISTINCT, ORDER BY expressions must appear in select list")
		}
		parts[i] = sql + sortSuffix(item)
	}
	return " ORDER BY " + strings.Join(parts, ", "), nil
}

func isOrdinal(sql string) bool { return strings.Trim(sql, "0123456789") == "" }

// ordinalOf is the ordinal of the output column of that name, "" if there is
// none.
func ordinalOf(aliases []fieldRef, name Ident) string {
	for _, a := range aliases {
		if a.name == strings.ToLower(name.Name) {
			return a.sql
		}
	}
	return ""
}

func (c *compiler) selectItems(b *selectBody, s *scope) (items []string, fields []fieldRef, err error) {
	for _, item := range b.items {
		if item.star {
			found := false
			for _, f := range s.fields {
				if f.hidden || !starMatches(f, item.of) {
					continue
				}
				found = true
				items = append(items, f.sql)
				f.rel, f.schema = "", ""
				fields = append(fields, f)
			}
			if !found {
				if len(item.of) == 0 {
					return nil, nil, failAt("COLUMN_NOT_FOUND", item.p, "SELECT * not allowed in queries without FROM clause")
				}
				// r.* of a row
				more, err := c.expandRow(item, s)
				if err != nil {
					return nil, nil, err
				}
				for _, f := range more {
					items = append(items, f.sql)
					fields = append(fields, f)
				}
			}
			continue
		}
		var sql string
		var typ Type
		deps := c.collect(func() { sql, typ, err = c.expr(item.x, s) })
		if err != nil {
			return nil, nil, err
		}
		f := fieldRef{typ: typ, shown: "_col" + itoa(len(items)), deps: deps}
		switch x := item.x.(type) {
		case *column:
			last := x.parts[len(x.parts)-1]
			f.shown, f.name = last.Name, strings.ToLower(last.Name)
			if source, taken, matches := s.lookup(x.parts); matches == 1 && taken == len(x.parts) {
				f.from, f.column = source.from, source.column
			}
		case *field:
			f.shown, f.name = x.name.Name, strings.ToLower(x.name.Name)
		}
		if item.alias != nil {
			f.shown, f.name = item.alias.Name, strings.ToLower(item.alias.Name)
		}
		items, fields = append(items, sql), append(fields, f)
	}
	return items, fields, nil
}

func starMatches(f fieldRef, of []Ident) bool {
	switch len(of) {
	case 0:
		return true
	case 1:
		return f.rel == strings.ToLower(of[0].Name)
	case 2:
		return f.schema == strings.ToLower(of[0].Name) && f.rel == strings.ToLower(of[1].Name)
	}
	return false
}

// expandRow is t.r.* or r.*, the members of a row.
func (c *compiler) expandRow(item selectItem, s *scope) ([]fieldRef, error) {
	sql, typ, err := c.expr(&column{at{item.p}, item.of}, s)
	if err != nil {
		return nil, failAt("TABLE_NOT_FOUND", item.p, "Table '%s' not found", shownName(item.of))
	}
	if typ.Name != "row" {
		return nil, failAt("TABLE_NOT_FOUND", item.p, "Table '%s' not found", shownName(item.of))
	}
	fields := make([]fieldRef, len(typ.Args))
	for i, arg := range typ.Args {
		fields[i] = fieldRef{name: typ.Names[i], shown: typ.Names[i], typ: arg, sql: "(" + sql + ")." + quoteIdent(rowName(typ, i))}
	}
	return fields, nil
}

// rowName is the name in DuckDB of the i-th field of a row.
func rowName(t Type, i int) string {
	if t.Names[i] != "" {
		return t.Names[i]
	}
	return "field" + itoa(i)
}

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
