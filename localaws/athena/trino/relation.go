package trino

import (
	"errors"
	"slices"
	"strconv"
	"strings"
)

// relation compiles an item of FROM. s has the fields to its left, which
// lateral relations may name.
func (c *compiler) relation(r relation, s *scope) (string, []fieldRef, error) {
	switch r := r.(type) {
	case *tableRef:
		return c.table(r, s)
	case *subquery:
		outer := s.parent
		if r.lateral {
			outer = s
		}
		q, err := c.query(r.query, outer)
		if err != nil {
			return "", nil, err
		}
		lateral := ""
		if r.lateral {
			lateral = "LATERAL "
		}
		alias := c.id("r")
		return lateral + "(" + q.sql + ") AS " + alias + columnList(len(q.fields)), rebase(q.fields, alias), nil
	case *aliased:
		sql, fields, err := c.aliasedRelation(r, s)
		if err != nil {
			return "", nil, err
		}
		return sql, renamed(fields, r, &err), err
	case *unnest:
		return c.unnest(r, s, true)
	case *join:
		return c.join(r, s)
	case *sampled:
		sql, fields, err := c.relation(r.rel, s)
		if err != nil {
			return "", nil, err
		}
		percent, ok := r.percent.(*literal)
		if !ok || percent.kind != "integer" && percent.kind != "decimal" && percent.kind != "double" {
			return "", nil, failAt("NOT_SUPPORTED", r.percent.pos(), "localaws does not implement TABLESAMPLE of a percentage that is not a number")
		}
		if f, err := strconv.ParseFloat(percent.text, 64); err != nil || f > 100 {
			return "", nil, failAt("INVALID_ARGUMENTS", percent.p, "Sample percentage must be between 0 and 100")
		}
		return sql + " TABLESAMPLE " + r.method + "(" + percent.text + " PERCENT)", opaque(fields), nil
	}
	return "", nil, &Error{Name: "GENERIC_INTERNAL_ERROR", Message: "unknown relation"}
}

// rebase gives the columns of a subquery the names that they have outside.
func rebase(fields []fieldRef, alias string) []fieldRef {
	out := make([]fieldRef, len(fields))
	for i, f := range fields {
		f.rel, f.schema = "", ""
		f.sql = alias + ".c" + itoa(i)
		f.shown = strings.ToLower(f.shown)
		if f.name == "" {
			f.shown = "_col" + itoa(i)
			f.name = f.shown
		}
		f.hidden = false
		out[i] = f
	}
	return out
}

// renamed gives fields the alias of their relation and the names of its column
// list.
func renamed(fields []fieldRef, a *aliased, err *error) []fieldRef {
	out := make([]fieldRef, 0, len(fields))
	visible := 0
	for _, f := range fields {
		if f.hidden && len(a.columns) > 0 {
			continue
		}
		f.rel, f.schema = strings.ToLower(a.name.Name), ""
		if !f.hidden {
			if visible < len(a.columns) {
				f.name, f.shown = strings.ToLower(a.columns[visible].Name), a.columns[visible].Name
			}
			visible++
		}
		out = append(out, f)
	}
	if len(a.columns) > 0 && len(a.columns) != visible {
		*err = failAt("MISMATCHED_COLUMN_ALIASES", a.p, "Column alias list has %d entries but '%s' has %d columns available", len(a.columns), strings.ToLower(a.name.Name), visible)
	}
	return out
}

func (c *compiler) table(r *tableRef, s *scope) (string, []fieldRef, error) {
	names := make([]string, len(r.name))
	for i, n := range r.name {
		names[i] = strings.ToLower(n.Name)
	}
	if len(names) == 1 {
		if definition := s.cte(names[0]); definition != nil {
			return c.reference(definition, names[0])
		}
	}
	name := names[len(names)-1]
	database := strings.ToLower(c.Database)
	if len(names) > 1 {
		database = names[len(names)-2]
	}
	if len(names) == 3 && names[0] != "awsdatacatalog" {
		return "", nil, failAt("CATALOG_NOT_FOUND", r.p, "Catalog '%s' not found", names[0])
	}
	if database == "" {
		return "", nil, failAt("MISSING_SCHEMA_NAME", r.p, "Schema must be specified when session schema is not set")
	}
	table, err := c.Catalog.Table(database, name)
	if err != nil {
		var e *Error
		if errors.As(err, &e) {
			return "", nil, &Error{Name: e.Name, Pos: r.p, Message: e.Message}
		}
		return "", nil, err
	}
	if table.View != "" {
		return c.view(table, r, s)
	}
	scan := &Scan{Table: table, Relation: "scan" + itoa(len(c.plan.Scans)), Used: map[string]bool{}}
	c.plan.Scans = append(c.plan.Scans, scan)
	alias := c.id("r")
	var fields []fieldRef
	for _, col := range table.Columns {
		fields = append(fields, fieldRef{
			rel: name, schema: database, name: col.Name, shown: col.Name, typ: col.Type,
			sql: alias + "." + quoteIdent(col.Name), hidden: col.Hidden, deps: []dep{{scan, col.Name}}, from: scan, column: col.Name,
		})
	}
	return scan.Relation + " AS " + alias, fields, nil
}

// view compiles the query of a view where the view is named. Its columns have
// the types that the view declares.
func (c *compiler) view(table *Table, r *tableRef, s *scope) (string, []fieldRef, error) {
	full := table.Database + "." + table.Name
	if slices.Contains(c.views, full) {
		return "", nil, failAt("VIEW_IS_RECURSIVE", r.p, "Statement would create a recursive view")
	}
	invalid := func(err error) error {
		var e *Error
		if !errors.As(err, &e) {
			return err
		}
		return failAt("INVALID_VIEW", r.p, "Failed analyzing stored view 'awsdatacatalog.%s': %s", full, strings.TrimPrefix(e.Error(), e.Name+": "))
	}
	parsed, err := Parse(table.View)
	if err != nil {
		return "", nil, invalid(err)
	}
	if parsed.Query == nil || parsed.Params > 0 {
		return "", nil, failAt("INVALID_VIEW", r.p, "stored view 'awsdatacatalog.%s' is no query", full)
	}
	database, views, params := c.Database, c.views, c.params
	c.Database, c.views, c.params = table.ViewDatabase, append(slices.Clone(views), full), nil
	q, err := c.query(parsed.Query, nil)
	c.Database, c.views, c.params = database, views, params
	if err != nil {
		return "", nil, invalid(err)
	}
	if len(q.fields) != len(table.Columns) {
		return "", nil, failAt("VIEW_IS_STALE", r.p, "View 'awsdatacatalog.%s' is stale or in invalid state: stored view column count (%d) does not match column count derived from the view query analysis (%d)", full, len(table.Columns), len(q.fields))
	}
	alias := c.id("r")
	fields := rebase(q.fields, alias)
	for i, column := range table.Columns {
		if !coercible(fields[i].typ, column.Type) {
			return "", nil, failAt("VIEW_IS_STALE", r.p, "View 'awsdatacatalog.%s' is stale or in invalid state: column [%s] of type %s projected from query view at position %d cannot be coerced to column [%s] of type %s stored in view definition", full, fields[i].name, fields[i].typ, i, column.Name, column.Type)
		}
		if !same(fields[i].typ, column.Type) {
			fields[i].sql, fields[i].from = adapt(fields[i].sql, fields[i].typ, column.Type), nil
		}
		fields[i].typ, fields[i].name, fields[i].shown = column.Type, column.Name, column.Name
		fields[i].rel, fields[i].schema = table.Name, table.Database
	}
	return "(" + q.sql + ") AS " + alias + columnList(len(fields)), fields, nil
}

// reference compiles a named query at a place where it is used. It is compiled
// anew each time, as Trino plans it, so that each use prunes for itself.
func (c *compiler) reference(definition *cteScope, name string) (string, []fieldRef, error) {
	if definition.relation != "" { // within a recursive query
		alias := c.id("r")
		fields := rebase(definition.fields, alias)
		for i := range fields {
			fields[i].rel = name
		}
		return definition.relation + " AS " + alias + columnList(len(fields)), fields, nil
	}
	var q *result
	var err error
	if definition.cte.recursive && definition.cte.columns != nil {
		q, err = c.recursive(definition, name)
	} else {
		q, err = c.query(definition.cte.query, definition.scope)
	}
	if err != nil {
		return "", nil, err
	}
	alias := c.id("r")
	fields := rebase(q.fields, alias)
	for i := range fields {
		fields[i].rel = name
	}
	if columns := definition.cte.columns; columns != nil {
		if len(columns) != len(fields) {
			return "", nil, failAt("MISMATCHED_COLUMN_ALIASES", definition.cte.name.Pos, "column alias list has %d entries but relation has %d columns", len(columns), len(fields))
		}
		for i := range fields {
			fields[i].name, fields[i].shown = strings.ToLower(columns[i].Name), columns[i].Name
		}
	}
	return "(" + q.sql + ") AS " + alias + columnList(len(fields)), fields, nil
}

// recursive compiles WITH RECURSIVE n(a, …) AS (base UNION ALL step).
func (c *compiler) recursive(definition *cteScope, name string) (*result, error) {
	union, ok := definition.cte.query.body.(*setOp)
	if !ok || union.op != "UNION" {
		return c.query(definition.cte.query, definition.scope)
	}
	base, err := c.body(union.left, definition.scope)
	if err != nil {
		return nil, err
	}
	relation := c.id("rec")
	c.use(base.fields...)
	fields := opaque(base.fields)
	for i := range min(len(fields), len(definition.cte.columns)) {
		fields[i].name = strings.ToLower(definition.cte.columns[i].Name)
		fields[i].shown = definition.cte.columns[i].Name
	}
	inner := &scope{parent: definition.scope, ctes: map[string]*cteScope{name: {relation: relation, fields: fields}}}
	step, err := c.body(union.right, inner)
	if err != nil {
		return nil, err
	}
	c.use(step.fields...)
	all := " UNION "
	if union.all {
		all = " UNION ALL "
	}
	sql := "WITH RECURSIVE " + relation + columnList(len(fields)) + " AS (" + bracketed(base.sql) + all + bracketed(step.sql) + ") SELECT * FROM " + relation
	return &result{sql, fields}, nil
}

func (c *compiler) join(j *join, s *scope) (string, []fieldRef, error) {
	leftSQL, left, err := c.relation(j.left, s)
	if err != nil {
		return "", nil, err
	}
	both := &scope{parent: s.parent, ctes: s.ctes, fields: append(append([]fieldRef{}, s.fields...), left...)}
	rightSQL, right, err := c.relation(j.right, both)
	if err != nil {
		return "", nil, err
	}
	// To the side that may be filled up with NULLs no condition of WHERE goes.
	outerLeft, outerRight := left, right
	if j.kind == "RIGHT" || j.kind == "FULL" {
		outerLeft = opaque(left)
	}
	if j.kind == "LEFT" || j.kind == "FULL" {
		outerRight = opaque(right)
	}
	fields := append(append([]fieldRef{}, outerLeft...), outerRight...)
	switch {
	case j.kind == "CROSS":
		return leftSQL + " CROSS JOIN " + rightSQL, fields, nil
	case j.natural:
		return "", nil, failAt("NOT_SUPPORTED", j.p, "Natural join not supported")
	case j.using != nil:
		return c.joinUsing(j, leftSQL, rightSQL, outerLeft, outerRight)
	}
	within := &scope{parent: s.parent, ctes: s.ctes, fields: append(append([]fieldRef{}, left...), right...)}
	sql, typ, err := c.expr(j.on, within)
	if err != nil {
		return "", nil, err
	}
	if typ.Name != "boolean" && typ.Name != "unknown" {
		return "", nil, failAt("TYPE_MISMATCH", j.on.pos(), "JOIN ON clause must evaluate to a boolean: actual type %s", typ)
	}
	switch j.kind {
	case "INNER":
		c.prune(j.on, within)
	case "LEFT":
		c.prune(j.on, &scope{fields: append(opaque(left), right...)})
	case "RIGHT":
		c.prune(j.on, &scope{fields: append(append([]fieldRef{}, left...), opaque(right)...)})
	}
	if j.kind == "INNER" && strings.HasPrefix(rightSQL, "LATERAL ") && sql == "true" {
		return leftSQL + " CROSS JOIN " + rightSQL, fields, nil
	}
	return "(" + leftSQL + " " + j.kind + " JOIN " + rightSQL + " ON " + sql + ")", fields, nil
}

func (c *compiler) joinUsing(j *join, leftSQL, rightSQL string, left, right []fieldRef) (string, []fieldRef, error) {
	var conditions []string
	var fields []fieldRef
	find := func(fields []fieldRef, name Ident, side string) (fieldRef, error) {
		f, _, n := (&scope{fields: fields}).lookup([]Ident{name})
		if n == 0 {
			return f, failAt("COLUMN_NOT_FOUND", name.Pos, "Column '%s' is missing from %s side of join", strings.ToLower(name.Name), side)
		}
		c.use(f)
		return f, nil
	}
	shared := map[string]bool{}
	for _, name := range j.using {
		l, err := find(left, name, "left")
		if err != nil {
			return "", nil, err
		}
		r, err := find(right, name, "right")
		if err != nil {
			return "", nil, err
		}
		joined, ok := common(l.typ, r.typ)
		if !ok {
			return "", nil, failAt("TYPE_MISMATCH", name.Pos, "Column '%s' has incompatible types in USING: %s, %s", l.name, l.typ, r.typ)
		}
		a, b := adapt(l.sql, l.typ, joined), adapt(r.sql, r.typ, joined)
		conditions = append(conditions, order(a, joined)+" = "+order(b, joined))
		shared[l.name] = true
		merged := fieldRef{name: l.name, shown: l.shown, typ: joined, sql: "coalesce(" + a + ", " + b + ")", deps: append(slices.Clone(l.deps), r.deps...)}
		if same(l.typ, joined) && (j.kind == "INNER" || j.kind == "LEFT") {
			merged.sql, merged.from, merged.column = l.sql, l.from, l.column
		}
		fields = append(fields, merged)
	}
	for _, f := range append(append([]fieldRef{}, left...), right...) {
		if !shared[f.name] {
			fields = append(fields, f)
		}
	}
	return "(" + leftSQL + " " + j.kind + " JOIN " + rightSQL + " ON " + strings.Join(conditions, " AND ") + ")", fields, nil
}
