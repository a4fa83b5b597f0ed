package trino

import (
	"strings"
)

// expr compiles an expression to DuckDB's dialect and says its type.
func (c *compiler) expr(x Expr, s *scope) (string, Type, error) {
	if c.depth++; c.depth > 2*maxDepth {
		return "", Type{}, failAt("STATEMENT_TOO_LARGE", x.pos(), "statement is nested deeper than %d", maxDepth)
	}
	defer func() { c.depth-- }()
	switch x := x.(type) {
	case *literal:
		return c.literal(x)
	case *param:
		if x.index >= len(c.params) {
			return "", Type{}, failAt("INVALID_PARAMETER_USAGE", x.p, "Incorrect number of parameters: expected %d but found %d", x.index+1, len(c.params))
		}
		return c.expr(c.params[x.index], &scope{})
	case *column:
		return c.column(x, s)
	case *field:
		return c.field(x, s)
	case *unary:
		return c.unary(x, s)
	case *binaryOp:
		return c.binary(x, s)
	case *isNull:
		sql, _, err := c.expr(x.x, s)
		return "(" + sql + " IS " + not(x.not) + "NULL)", tBoolean, err
	case *isDistinct:
		left, right, err := c.comparable(x.p, "IS DISTINCT FROM", x.x, x.y, s)
		return "(" + left + " IS " + not(x.not) + "DISTINCT FROM " + right + ")", tBoolean, err
	case *between:
		low, high := &binaryOp{x.at, ">=", x.x, x.low}, &binaryOp{x.at, "<=", x.x, x.high}
		sql, typ, err := c.expr(&binaryOp{x.at, "and", low, high}, s)
		if x.not {
			sql = "(NOT " + sql + ")"
		}
		return sql, typ, err
	case *inList:
		return c.in(x, s)
	case *like:
		return c.like(x, s)
	case *exists:
		if c.pruning != nil {
			return "", Type{}, errNotPrunable
		}
		q, err := c.query(x.query, s) // of which no column is read
		if err != nil {
			return "", Type{}, err
		}
		return "EXISTS (" + q.sql + ")", tBoolean, nil
	case *scalarQuery:
		q, err := c.subquery(x.query, s)
		if err != nil {
			return "", Type{}, err
		}
		if len(q.fields) != 1 {
			return "", Type{}, failAt("TYPE_MISMATCH", x.p, "Multiple columns returned by subquery are not yet supported. Found %d", len(q.fields))
		}
		return "(" + q.sql + ")", q.fields[0].typ, nil
	case *quantified:
		return c.quantified(x, s)
	case *caseWhen:
		return c.caseWhen(x, s)
	case *cast:
		return c.cast(x, s)
	case *call:
		return c.call(x, s)
	case *subscript:
		return c.subscript(x, s)
	case *array:
		return c.array(x, s)
	case *row:
		return c.row(x, s)
	case *atTimeZone:
		return c.atTimeZone(x, s)
	case *extract:
		return c.call(&call{at: x.at, name: extractFunction(x.field), args: []Expr{x.x}}, s)
	case *lambda:
		return "", Type{}, failAt("SYNTAX_ERROR", x.p, "Lambda expression should always be used inside a function")
	}
	return "", Type{}, failAt("GENERIC_INTERNAL_ERROR", x.pos(), "unknown expression")
}

func not(yes bool) string {
	if yes {
		return "NOT "
	}
	return ""
}

// subquery compiles a query within an expression.
func (c *compiler) subquery(q *Query, s *scope) (*result, error) {
	if c.pruning != nil {
		return nil, errNotPrunable
	}
	r, err := c.query(q, s)
	if err != nil {
		return nil, err
	}
	c.use(r.fields...)
	return r, nil
}

func (c *compiler) column(x *column, s *scope) (string, Type, error) {
	f, taken, matches := s.lookup(x.parts)
	switch {
	case c.pruning != nil && matches == 1:
		if f.from != c.pruning || taken != len(x.parts) || !c.pruning.Table.partition(f.column) {
			if f.rel != lambdaRelation {
				return "", Type{}, errNotPrunable
			}
			break
		}
		return "p." + quoteIdent(f.column), f.typ, nil
	case c.pruning != nil:
		return "", Type{}, errNotPrunable
	case matches == 0:
		return "", Type{}, failAt("COLUMN_NOT_FOUND", x.p, "Column '%s' cannot be resolved or requester is not authorized to access requested resources", shownName(x.parts))
	case matches > 1:
		return "", Type{}, failAt("AMBIGUOUS_NAME", x.p, "Column '%s' is ambiguous", shownName(x.parts))
	}
	c.use(f)
	sql, typ := f.sql, f.typ
	for _, part := range x.parts[taken:] {
		var err error
		if sql, typ, err = c.member(sql, typ, part, x); err != nil {
			return "", Type{}, err
		}
	}
	return sql, typ, nil
}

// member is access to a field of a row.
func (c *compiler) member(sql string, typ Type, name Ident, x *column) (string, Type, error) {
	lower := strings.ToLower(name.Name)
	if typ.Name == "row" {
		for i, n := range typ.Names {
			if n == lower {
				return "(" + sql + ")." + quoteIdent(rowName(typ, i)), typ.Args[i], nil
			}
		}
	}
	shown, at := "'"+lower+"'", name.Pos
	if x != nil {
		shown, at = "'"+shownName(x.parts)+"'", x.p
	}
	return "", Type{}, failAt("COLUMN_NOT_FOUND", at, "Column %s cannot be resolved or requester is not authorized to access requested resources", shown)
}

func (c *compiler) field(x *field, s *scope) (string, Type, error) {
	sql, typ, err := c.expr(x.base, s)
	if err != nil {
		return "", Type{}, err
	}
	if typ.Name != "row" {
		return "", Type{}, failAt("TYPE_MISMATCH", x.p, "Expression is not of type ROW")
	}
	return c.member(sql, typ, x.name, nil)
}

func (c *compiler) unary(x *unary, s *scope) (string, Type, error) {
	// The least bigint is a literal with its sign: without it there is no such number.
	if l, ok := x.x.(*literal); ok && x.op == "-" && l.kind == "integer" && strings.TrimLeft(l.text, "0") == "9223372036854775808" {
		return "CAST(-9223372036854775808 AS BIGINT)", tBigint, nil
	}
	sql, typ, err := c.expr(x.x, s)
	if err != nil {
		return "", Type{}, err
	}
	if x.op == "not" {
		if typ.Name != "boolean" && typ.Name != "unknown" {
			return "", Type{}, failAt("TYPE_MISMATCH", x.x.pos(), "Value of logical NOT expression must evaluate to a boolean (actual: %s)", typ)
		}
		return "(NOT " + adapt(sql, typ, tBoolean) + ")", tBoolean, nil
	}
	if !typ.numeric() && !typ.interval() && typ.Name != "unknown" {
		return "", Type{}, failAt("TYPE_MISMATCH", x.p, "Cannot apply operator: %s%s", x.op, typ)
	}
	if x.op == "+" {
		return sql, typ, nil
	}
	if typ.Name == "unknown" {
		return sql, typ, nil
	}
	if typ.numeric() {
		return "CAST((- " + sql + ") AS " + typ.DuckDB() + ")", typ, nil
	}
	return "(- " + sql + ")", typ, nil
}

func (c *compiler) in(x *inList, s *scope) (string, Type, error) {
	sql, typ, err := c.expr(x.x, s)
	if err != nil {
		return "", Type{}, err
	}
	if x.query != nil {
		return c.inQuery(x, sql, typ, s)
	}
	joined := typ
	list, types := make([]string, len(x.list)), make([]Type, len(x.list))
	for i, item := range x.list {
		if list[i], types[i], err = c.expr(item, s); err != nil {
			return "", Type{}, err
		}
		wider, ok := common(joined, types[i])
		if !ok {
			return "", Type{}, failAt("TYPE_MISMATCH", item.pos(), "IN value and list items may not have different types: %s vs %s", typ, types[i])
		}
		joined = wider
	}
	for i := range list {
		list[i] = order(adapt(list[i], types[i], joined), joined)
	}
	return "(" + order(adapt(sql, typ, joined), joined) + " " + not(x.not) + "IN (" + strings.Join(list, ", ") + "))", tBoolean, nil
}

// inQuery is IN with a query, whose one column is compared, or whose columns
// are, as a row.
func (c *compiler) inQuery(x *inList, sql string, typ Type, s *scope) (string, Type, error) {
	q, err := c.subquery(x.query, s)
	if err != nil {
		return "", Type{}, err
	}
	lefts, types := []string{sql}, []Type{typ}
	if tuple, ok := x.x.(*row); ok && len(q.fields) > 1 && len(tuple.items) == len(q.fields) {
		lefts, types = nil, typ.Args
		for _, item := range tuple.items {
			one, _, err := c.expr(item, s)
			if err != nil {
				return "", Type{}, err
			}
			lefts = append(lefts, one)
		}
	} else if len(q.fields) != 1 {
		return "", Type{}, failAt("TYPE_MISMATCH", x.p, "Multiple columns returned by subquery are not yet supported. Found %d", len(q.fields))
	}
	alias := c.id("r")
	rights := make([]string, len(lefts))
	for i, f := range q.fields {
		joined, ok := common(types[i], f.typ)
		if !ok {
			return "", Type{}, failAt("TYPE_MISMATCH", x.p, "value and result of subquery must be of the same type for IN expression: %s vs %s", typ, f.typ)
		}
		lefts[i] = order(adapt(lefts[i], types[i], joined), joined)
		rights[i] = order(adapt(alias+".c"+itoa(i), f.typ, joined), joined)
	}
	left := lefts[0]
	if len(lefts) > 1 {
		left = "(" + strings.Join(lefts, ", ") + ")"
	}
	return "(" + left + " " + not(x.not) + "IN (SELECT " + strings.Join(rights, ", ") + " FROM (" + q.sql + ") AS " + alias + columnList(len(q.fields)) + "))", tBoolean, nil
}

func (c *compiler) like(x *like, s *scope) (string, Type, error) {
	parts := []Expr{x.x, x.pattern}
	if x.escape != nil {
		parts = append(parts, x.escape)
	}
	sql := make([]string, len(parts))
	for i, part := range parts {
		text, typ, err := c.expr(part, s)
		if err != nil {
			return "", Type{}, err
		}
		if !typ.text() && typ.Name != "unknown" {
			what := [...]string{"Left side", "Pattern for", "Escape for"}[i]
			return "", Type{}, failAt("TYPE_MISMATCH", part.pos(), "%s of LIKE expression must evaluate to a varchar (actual: %s)", strings.Replace(what, " for", "", 1), typ)
		}
		sql[i] = toText(text, typ)
	}
	text := sql[0] + " LIKE " + sql[1]
	if x.escape != nil {
		text += " ESCAPE " + sql[2]
	}
	if x.not {
		return "(NOT (" + text + "))", tBoolean, nil
	}
	return "(" + text + ")", tBoolean, nil
}

func (c *compiler) quantified(x *quantified, s *scope) (string, Type, error) {
	sql, typ, err := c.expr(x.x, s)
	if err != nil {
		return "", Type{}, err
	}
	q, err := c.subquery(x.query, s)
	if err != nil {
		return "", Type{}, err
	}
	if len(q.fields) != 1 {
		return "", Type{}, failAt("TYPE_MISMATCH", x.p, "Multiple columns returned by subquery are not yet supported. Found %d", len(q.fields))
	}
	joined, ok := common(typ, q.fields[0].typ)
	if !ok {
		return "", Type{}, failAt("TYPE_MISMATCH", x.p, "Cannot apply operator: %s %s %s", typ, x.op, q.fields[0].typ)
	}
	alias := c.id("r")
	right := "SELECT " + order(adapt(alias+".c0", q.fields[0].typ, joined), joined) + " FROM (" + q.sql + ") AS " + alias + "(c0)"
	return "(" + order(adapt(sql, typ, joined), joined) + " " + x.op + " " + strings.ToUpper(x.quantifier) + " (" + right + "))", tBoolean, nil
}
