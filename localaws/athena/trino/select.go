package trino

import (
	"strings"
)

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
