package trino

import (
	"strings"
)

// binary compiles arithmetic, comparison, concatenation and logic.
func (c *compiler) binary(x *binaryOp, s *scope) (string, Type, error) {
	switch x.op {
	case "and", "or":
		return c.logic(x, s)
	case "=", "<>", "<", "<=", ">", ">=":
		left, right, err := c.comparable(x.p, x.op, x.x, x.y, s)
		return "(" + left + " " + x.op + " " + right + ")", tBoolean, err
	}
	left, a, err := c.expr(x.x, s)
	if err != nil {
		return "", Type{}, err
	}
	right, b, err := c.expr(x.y, s)
	if err != nil {
		return "", Type{}, err
	}
	var sql string
	var typ Type
	var ok bool
	if x.op == "||" {
		sql, typ, ok = concat(left, right, a, b)
	} else {
		sql, typ, ok = arithmetic(x.op, left, right, a, b)
	}
	if !ok {
		return "", Type{}, failAt("TYPE_MISMATCH", x.p, "Cannot apply operator: %s %s %s", a, x.op, b)
	}
	return sql, typ, nil
}

func (c *compiler) logic(x *binaryOp, s *scope) (string, Type, error) {
	var parts [2]string
	for i, side := range []Expr{x.x, x.y} {
		sql, typ, err := c.expr(side, s)
		if err != nil {
			return "", Type{}, err
		}
		if typ.Name != "boolean" && typ.Name != "unknown" {
			return "", Type{}, failAt("TYPE_MISMATCH", side.pos(), "Logical expression term must evaluate to a boolean (actual: %s)", typ)
		}
		parts[i] = sql
	}
	return "(" + parts[0] + " " + strings.ToUpper(x.op) + " " + parts[1] + ")", tBoolean, nil
}

// comparable compiles two sides that are compared with each other, both in the
// type in which Trino compares them.
func (c *compiler) comparable(p Pos, op string, x, y Expr, s *scope) (left, right string, err error) {
	left, a, err := c.expr(x, s)
	if err != nil {
		return "", "", err
	}
	right, b, err := c.expr(y, s)
	if err != nil {
		return "", "", err
	}
	joined, ok := common(a, b)
	if !ok || (op[0] == '<' || op[0] == '>') && op != "<>" && !orderable(joined) {
		return "", "", failAt("TYPE_MISMATCH", p, "Cannot apply operator: %s %s %s", a, op, b)
	}
	return order(adapt(left, a, joined), joined), order(adapt(right, b, joined), joined), nil
}

// orderable reports whether values of a type have an order.
func orderable(t Type) bool {
	if t.Name == "map" || t.Name == "json" {
		return false
	}
	for _, arg := range t.Args {
		if !orderable(arg) {
			return false
		}
	}
	return true
}

func concat(left, right string, a, b Type) (string, Type, bool) {
	plain := "(" + left + " || " + right + ")"
	switch {
	case a.Name == "unknown" && b.Name == "unknown":
		return "CAST(NULL AS VARCHAR)", tVarchar, true
	case a.Name == "unknown" && b.Name != "array":
		return "CAST(NULL AS " + b.DuckDB() + ")", b, b.text() || b.Name == "varbinary"
	case b.Name == "unknown" && a.Name != "array":
		return "CAST(NULL AS " + a.DuckDB() + ")", a, a.text() || a.Name == "varbinary"
	case a.text() && b.text():
		plain = "(" + toText(left, a) + " || " + toText(right, b) + ")"
		if len(a.Params) > 0 && len(b.Params) > 0 {
			return plain, Type{Name: "varchar", Params: []int{a.Params[0] + b.Params[0]}}, true
		}
		return plain, tVarchar, true
	case a.Name == "varbinary" && b.Name == "varbinary":
		return plain, a, true
	case a.Name == "array" && b.Name == "array":
		joined, ok := common(a, b)
		if elem, taken := common(a, b.arg(0)); !ok && taken { // one more element
			joined = tArray(elem)
			return "trino_array_prepend(" + adapt(left, a, elem) + ", " + adapt(right, b, joined) + ")", joined, true
		}
		if elem, taken := common(a.arg(0), b); !ok && taken {
			joined = tArray(elem)
			return "trino_array_append(" + adapt(left, a, joined) + ", " + adapt(right, b, elem) + ")", joined, true
		}
		if !ok {
			return "", Type{}, false
		}
		return "trino_array_concat(" + adapt(left, a, joined) + ", " + adapt(right, b, joined) + ")", joined, true
	case a.Name == "array":
		elem, ok := common(a.arg(0), b)
		joined := tArray(elem)
		return "trino_array_append(" + adapt(left, a, joined) + ", " + adapt(right, b, elem) + ")", joined, ok
	case b.Name == "array":
		elem, ok := common(b.arg(0), a)
		joined := tArray(elem)
		return "trino_array_prepend(" + adapt(left, a, elem) + ", " + adapt(right, b, joined) + ")", joined, ok
	}
	return "", Type{}, false
}

func arithmetic(op, left, right string, a, b Type) (string, Type, bool) {
	switch {
	case a.Name == "unknown" && b.Name == "unknown":
		return "CAST(NULL AS INTEGER)", tNull, true
	case a.Name == "unknown" && b.numeric():
		return "CAST(NULL AS " + b.DuckDB() + ")", b, true
	case b.Name == "unknown" && (a.numeric() || a.temporal() || a.interval()):
		return "CAST(NULL AS " + a.DuckDB() + ")", a, true
	case a.numeric() && b.numeric():
		return numeric(op, left, right, a, b)
	case op == "*" && a.interval() && b.numeric():
		return scaledInterval(left, a, right)
	case op == "*" && b.interval() && a.numeric():
		return scaledInterval(right, b, left)
	case op == "/" && a.interval() && b.numeric():
		return scaledInterval(left, a, "1 / CAST("+right+" AS DOUBLE)")
	case op != "+" && op != "-":
		return "", Type{}, false
	case a.temporal() && b.interval():
		return shifted(op, left, right, a, b)
	case op == "+" && a.interval() && b.temporal():
		return shifted(op, right, left, b, a)
	case a.interval() && b.Name == a.Name:
		return "(" + left + " " + op + " " + right + ")", a, true
	case op == "-" && a.temporal() && b.temporal() && a.Name != "time" && b.Name != "time":
		joined, ok := common(a, b)
		left, right = order(adapt(left, a, joined), joined), order(adapt(right, b, joined), joined)
		return "(CAST(" + left + " AS TIMESTAMP) - CAST(" + right + " AS TIMESTAMP))", tIntervalDay, ok
	}
	return "", Type{}, false
}

// scaledInterval is an interval times a number.
func scaledInterval(sql string, t Type, by string) (string, Type, bool) {
	if t.Name == tIntervalYear.Name {
		return "to_months(CAST(round((datepart('year', " + sql + ") * 12 + datepart('month', " + sql + ")) * (" + by + ")) AS INTEGER))", t, true
	}
	return "to_milliseconds(CAST(round(epoch_ms(" + sql + ") * (" + by + ")) AS BIGINT))", t, true
}

// shifted is a time moved by an interval, in the type that it had. Months are
// counted on the calendar of the time's own zone.
func shifted(op, sql, by string, t, interval Type) (string, Type, bool) {
	switch {
	case t.Name == "timestamp with time zone" && interval.Name == tIntervalYear.Name:
		return "trino_rezone(trino_wall(" + sql + ") " + op + " " + by + ", (" + sql + ").z)", t, true
	case t.Name == "timestamp with time zone":
		return "trino_zoned((" + sql + ").t " + op + " " + by + ", (" + sql + ").z)", t, true
	case t.Name == "date" && interval.Name == tIntervalDay.Name:
		// A date has no hours to which less than a day could be added.
		millis := "epoch_ms(" + by + ")"
		if op == "-" {
			millis = "(- " + millis + ")"
		}
		return "trino_date_shift(" + sql + ", " + millis + ")", t, true
	}
	return "CAST((" + sql + " " + op + " " + by + ") AS " + t.DuckDB() + ")", t, true
}

// numeric is arithmetic in the type that Trino computes it in. Integer division
// cuts off, and division of integers and decimals by zero is an error.
func numeric(op, left, right string, a, b Type) (string, Type, bool) {
	if a.Name == "decimal" && b.integer() {
		b = integerDecimal(b)
	}
	if b.Name == "decimal" && a.integer() {
		a = integerDecimal(a)
	}
	typ, _ := common(a, b)
	switch {
	case typ.integer():
		cast := typ.DuckDB()
		switch op {
		case "/":
			return "CAST(trino_divide(" + left + ", " + right + ") AS " + cast + ")", typ, true
		case "%":
			return "CAST(trino_modulo(" + left + ", " + right + ") AS " + cast + ")", typ, true
		}
		return "(CAST(" + left + " AS " + cast + ") " + op + " CAST(" + right + " AS " + cast + "))", typ, true
	case typ.float():
		cast := typ.DuckDB()
		return "(CAST(" + left + " AS " + cast + ") " + op + " CAST(" + right + " AS " + cast + "))", typ, true
	}
	p1, s1, p2, s2 := a.Params[0], a.Params[1], b.Params[0], b.Params[1]
	switch op {
	case "+", "-":
		scale := max(s1, s2)
		typ = tDecimal(min(38, 1+max(p1-s1, p2-s2)+scale), scale)
	case "*":
		typ = tDecimal(min(38, p1+p2), min(38, s1+s2))
	case "/":
		typ = tDecimal(min(38, p1+s2+max(0, s2-s1)), max(s1, s2))
		return "CAST(trino_decimal_divide(CAST(" + left + " AS VARCHAR), CAST(" + right + " AS VARCHAR), " + itoa(typ.Params[0]) + ", " + itoa(typ.Params[1]) + ") AS " + typ.DuckDB() + ")", typ, true
	case "%":
		scale := max(s1, s2)
		typ = tDecimal(min(38, max(1, min(p2-s2, p1-s1)+scale)), scale)
		return "CAST(trino_modulo(CAST(" + left + " AS DECIMAL(38," + itoa(scale) + ")), CAST(" + right + " AS DECIMAL(38," + itoa(scale) + "))) AS " + typ.DuckDB() + ")", typ, true
	}
	if op == "*" {
		if s1+s2 > 38 {
			return "", Type{}, false
		}
		return "CAST((CAST(" + left + " AS DECIMAL(38," + itoa(s1) + ")) * CAST(" + right + " AS DECIMAL(38," + itoa(s2) + "))) AS " + typ.DuckDB() + ")", typ, true
	}
	return "CAST((CAST(" + left + " AS " + typ.DuckDB() + ") " + op + " CAST(" + right + " AS " + typ.DuckDB() + ")) AS " + typ.DuckDB() + ")", typ, true
}
