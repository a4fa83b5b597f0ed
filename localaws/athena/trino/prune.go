package trino

import "errors"

// errNotPrunable ends the attempt to state a condition over partition columns
// alone.
var errNotPrunable = errors.New("not a condition on partition columns")

// prune gives every table what the condition says about its partition columns.
// Whatever is left out only means that more is read.
func (c *compiler) prune(x Expr, s *scope) {
	seen := map[*Scan]bool{}
	for _, f := range s.fields {
		if f.from == nil || seen[f.from] {
			continue
		}
		seen[f.from] = true
		if sql := c.derive(x, s, f.from); sql != "" {
			f.from.Prune = append(f.from.Prune, sql)
		}
		c.fix(x, s, f.from)
	}
}

// fix notes the partition columns of a table that x compares with constants.
func (c *compiler) fix(x Expr, s *scope, scan *Scan) {
	var left Expr
	var others []Expr
	switch x := x.(type) {
	case *binaryOp:
		if x.op == "and" {
			c.fix(x.x, s, scan)
			c.fix(x.y, s, scan)
			return
		}
		left, others = x.x, []Expr{x.y}
		if _, ok := left.(*column); !ok {
			left, others = x.y, []Expr{x.x}
		}
		if x.op != "=" {
			return
		}
	case *inList:
		if x.not || x.query != nil {
			return
		}
		left, others = x.x, x.list
	}
	name, ok := left.(*column)
	if !ok {
		return
	}
	for _, other := range others {
		constant := true
		visit(other, func(x Expr) {
			switch x.(type) {
			case *column, *scalarQuery, *exists, *quantified:
				constant = false
			}
		})
		if !constant {
			return
		}
	}
	if f, taken, matches := s.lookup(name.parts); matches == 1 && taken == len(name.parts) && f.from == scan && scan.Table.partition(f.column) {
		if scan.Fixed == nil {
			scan.Fixed = map[string]bool{}
		}
		scan.Fixed[f.column] = true
	}
}

// derive is a condition over the partition columns of one table that holds
// wherever x does, or "".
func (c *compiler) derive(x Expr, s *scope, scan *Scan) string {
	if op, ok := x.(*binaryOp); ok && (op.op == "and" || op.op == "or") {
		left, right := c.derive(op.x, s, scan), c.derive(op.y, s, scan)
		switch {
		case left != "" && right != "":
			return "(" + left + " " + op.op + " " + right + ")"
		case op.op == "or":
			return ""
		case left != "":
			return left
		}
		return right
	}
	named := false
	visit(x, func(x Expr) {
		if _, ok := x.(*column); ok {
			named = true
		}
	})
	if !named {
		return ""
	}
	outer := c.pruning
	c.pruning = scan
	defer func() { c.pruning = outer }()
	// Only fields of this scope: a column of an outer query is not a constant.
	sql, _, err := c.expr(x, &scope{fields: s.fields})
	if err != nil {
		return ""
	}
	return sql
}

// partition answers whether a column of the table is a partition column.
func (t *Table) partition(name string) bool {
	for _, c := range t.Columns {
		if c.Name == name {
			return c.Partition
		}
	}
	return false
}

// visit calls f for an expression and all its parts, but not for subqueries.
func visit(x Expr, f func(Expr)) {
	f(x)
	for _, part := range children(x) {
		visit(part, f)
	}
}

// children are the parts of an expression, without subqueries.
func children(x Expr) []Expr {
	var list []Expr
	each := func(parts ...Expr) {
		for _, x := range parts {
			if x != nil {
				list = append(list, x)
			}
		}
	}
	switch x := x.(type) {
	case *field:
		each(x.base)
	case *unary:
		each(x.x)
	case *binaryOp:
		each(x.x, x.y)
	case *isNull:
		each(x.x)
	case *isDistinct:
		each(x.x, x.y)
	case *between:
		each(x.x, x.low, x.high)
	case *inList:
		each(x.x)
		each(x.list...)
	case *like:
		each(x.x, x.pattern, x.escape)
	case *quantified:
		each(x.x)
	case *caseWhen:
		each(x.operand, x.otherwise)
		for _, arm := range x.whens {
			each(arm[0], arm[1])
		}
	case *cast:
		each(x.x)
	case *call:
		each(x.args...)
		each(x.filter)
		for _, item := range x.orderBy {
			each(item.x)
		}
		if x.over != nil {
			each(x.over.partition...)
			for _, item := range x.over.orderBy {
				each(item.x)
			}
		}
	case *lambda:
		each(x.body)
	case *subscript:
		each(x.x, x.index)
	case *array:
		each(x.items...)
	case *row:
		each(x.items...)
	case *atTimeZone:
		each(x.x, x.zone)
	case *extract:
		each(x.x)
	}
	return list
}
