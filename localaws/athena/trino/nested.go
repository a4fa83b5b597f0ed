package trino

import "strings"

// caseWhen compiles both forms of CASE. The operand of the simple form is
// compared with each WHEN in the type that the two have in common.
func (c *compiler) caseWhen(x *caseWhen, s *scope) (string, Type, error) {
	typ := tNull
	var thens []string
	var types []Type
	then := func(e Expr) error {
		sql, t, err := c.expr(e, s)
		if err != nil {
			return err
		}
		joined, ok := common(typ, t)
		if !ok {
			return failAt("TYPE_MISMATCH", e.pos(), "All CASE results must be the same type or coercible to a common type. Cannot find common type between %s and %s, all types (without duplicates): [%s, %s]", typ, t, typ, t)
		}
		typ = joined
		thens, types = append(thens, sql), append(types, t)
		return nil
	}
	whens := make([]string, len(x.whens))
	for i, arm := range x.whens {
		if x.operand != nil {
			left, right, err := c.comparable(arm[0].pos(), "=", x.operand, arm[0], s)
			if err != nil {
				return "", Type{}, err
			}
			whens[i] = left + " = " + right
		} else {
			sql, t, err := c.expr(arm[0], s)
			if err != nil {
				return "", Type{}, err
			}
			if t.Name != "boolean" && t.Name != "unknown" {
				return "", Type{}, failAt("TYPE_MISMATCH", arm[0].pos(), "CASE WHEN clause must evaluate to a boolean (actual: %s)", t)
			}
			whens[i] = adapt(sql, t, tBoolean)
		}
		if err := then(arm[1]); err != nil {
			return "", Type{}, err
		}
	}
	if x.otherwise != nil {
		if err := then(x.otherwise); err != nil {
			return "", Type{}, err
		}
	}
	var b strings.Builder
	b.WriteString("(CASE")
	for i, when := range whens {
		b.WriteString(" WHEN " + when + " THEN " + adapt(thens[i], types[i], typ))
	}
	if x.otherwise != nil {
		b.WriteString(" ELSE " + adapt(thens[len(whens)], types[len(whens)], typ))
	}
	b.WriteString(" END)")
	return b.String(), typ, nil
}

func (c *compiler) array(x *array, s *scope) (string, Type, error) {
	elem := tNull
	items, types := make([]string, len(x.items)), make([]Type, len(x.items))
	for i, item := range x.items {
		var err error
		if items[i], types[i], err = c.expr(item, s); err != nil {
			return "", Type{}, err
		}
		joined, ok := common(elem, types[i])
		if !ok {
			return "", Type{}, failAt("TYPE_MISMATCH", item.pos(), "All ARRAY elements must be the same type or coercible to a common type. Cannot find common type between %s and %s, all types (without duplicates): [%s, %s]", elem, types[i], elem, types[i])
		}
		elem = joined
	}
	for i := range items {
		items[i] = adapt(items[i], types[i], elem)
	}
	typ := tArray(elem)
	return "CAST([" + strings.Join(items, ", ") + "] AS " + typ.DuckDB() + ")", typ, nil
}

func (c *compiler) row(x *row, s *scope) (string, Type, error) {
	typ := Type{Name: "row"}
	items := make([]string, len(x.items))
	for i, item := range x.items {
		sql, t, err := c.expr(item, s)
		if err != nil {
			return "", Type{}, err
		}
		typ.Args, typ.Names = append(typ.Args, t), append(typ.Names, "")
		items[i] = "field" + itoa(i) + " := " + sql
	}
	return "struct_pack(" + strings.Join(items, ", ") + ")", typ, nil
}

func (c *compiler) subscript(x *subscript, s *scope) (string, Type, error) {
	sql, typ, err := c.expr(x.x, s)
	if err != nil {
		return "", Type{}, err
	}
	index, indexType, err := c.expr(x.index, s)
	if err != nil {
		return "", Type{}, err
	}
	switch typ.Name {
	case "map":
		if !coercible(indexType, typ.arg(0)) {
			return "", Type{}, failAt("TYPE_MISMATCH", x.p, "Cannot apply operator: %s[%s]", typ, indexType)
		}
		key := adapt(index, indexType, typ.arg(0))
		return "trino_map_subscript(" + sql + ", " + key + ", " + toText(key, typ.arg(0)) + ")", typ.arg(1), nil
	case "row":
		if l, ok := x.index.(*literal); ok && l.kind == "integer" && atoi(l.text) >= 1 && atoi(l.text) <= len(typ.Args) {
			i := atoi(l.text) - 1
			return "(" + sql + ")." + quoteIdent(rowName(typ, i)), typ.Args[i], nil
		}
		return "", Type{}, failAt("INVALID_FUNCTION_ARGUMENT", x.index.pos(), "ROW subscript out of bounds")
	case "array":
		if !indexType.integer() {
			return "", Type{}, failAt("TYPE_MISMATCH", x.p, "Cannot apply operator: %s[%s]", typ, indexType)
		}
		return "trino_subscript(" + sql + ", CAST(" + index + " AS BIGINT))", typ.arg(0), nil
	}
	return "", Type{}, failAt("TYPE_MISMATCH", x.p, "Cannot apply operator: %s[%s]", typ, indexType)
}

func extractFunction(field string) string {
	switch field {
	case "dow", "day_of_week":
		return "day_of_week"
	case "doy", "day_of_year":
		return "day_of_year"
	case "yow", "year_of_week":
		return "year_of_week"
	case "day_of_month":
		return "day"
	case "timezone_hour", "timezone_minute", "year", "quarter", "month", "week", "day", "hour", "minute", "second":
		return field
	}
	return "extract " + field
}
