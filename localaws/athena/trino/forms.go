package trino

import (
	"strings"
)

// form compiles a call that is no function of the table: its types or its
// arguments have rules of their own.
type form func(*compiler, *call, *scope) (string, Type, error)

// specialForm is the form of that name, nil if there is none.
func specialForm(name string) form {
	switch name {
	case "coalesce":
		return coalesceForm
	case "if":
		return ifForm
	case "nullif":
		return nullifForm
	case "try":
		return tryForm
	case "grouping":
		return groupingForm
	case "typeof":
		return typeofForm
	case "at_timezone":
		return atTimezoneForm
	case "with_timezone":
		return withTimezoneForm
	case "current_timestamp", "now", "localtimestamp", "current_date", "current_time", "localtime":
		return nowForm
	case "current_user", "current_catalog", "current_schema", "current_timezone":
		return constantForm
	case "json_extract", "json_extract_scalar", "json_size":
		return jsonPathForm
	case "json_exists", "json_value", "json_query":
		return jsonStandardForm
	case "json_object", "json_array":
		return jsonBuildForm
	case "greatest", "least":
		return extremeForm
	case "concat":
		return concatForm
	case "format":
		return formatForm
	case "date_add", "date_diff", "date_trunc":
		return unitForm
	case "count":
		return countForm
	case "mod":
		return modForm
	case "reduce":
		return reduceForm
	case "reduce_agg":
		return reduceAggForm
	case "array_sort":
		return arraySortForm
	}
	return nil
}

func (c *compiler) arity(x *call, least, most int) error {
	if len(x.args) < least || most >= 0 && len(x.args) > most {
		return failAt("INVALID_PARAMETER_USAGE", x.p, "Invalid number of arguments for '%s' function", x.name)
	}
	return nil
}

func coalesceForm(c *compiler, x *call, s *scope) (string, Type, error) {
	if err := c.arity(x, 2, -1); err != nil {
		return "", Type{}, err
	}
	args, typ, err := c.unified(x, s, "All COALESCE operands")
	return "coalesce(" + strings.Join(args, ", ") + ")", typ, err
}

// unified compiles arguments that have to be of one type.
func (c *compiler) unified(x *call, s *scope, what string) ([]string, Type, error) {
	typ := tNull
	args, types, err := c.arguments(x, s)
	if err != nil {
		return nil, Type{}, err
	}
	for i, t := range types {
		joined, ok := common(typ, t)
		if !ok {
			return nil, Type{}, failAt("TYPE_MISMATCH", x.args[i].pos(), "%s must be the same type or coercible to a common type. Cannot find common type between %s and %s, all types (without duplicates): [%s, %s]", what, typ, t, typ, t)
		}
		typ = joined
	}
	for i, t := range types {
		args[i] = adapt(args[i], t, typ)
	}
	return args, typ, nil
}

func ifForm(c *compiler, x *call, s *scope) (string, Type, error) {
	if err := c.arity(x, 2, 3); err != nil {
		return "", Type{}, err
	}
	arms := &caseWhen{at: x.at, whens: [][2]Expr{{x.args[0], x.args[1]}}}
	if len(x.args) == 3 {
		arms.otherwise = x.args[2]
	}
	return c.caseWhen(arms, s)
}

func nullifForm(c *compiler, x *call, s *scope) (string, Type, error) {
	if err := c.arity(x, 2, 2); err != nil {
		return "", Type{}, err
	}
	left, right, err := c.comparable(x.p, "=", x.args[0], x.args[1], s)
	if err != nil {
		return "", Type{}, err
	}
	sql, typ, err := c.expr(x.args[0], s)
	return "(CASE WHEN " + left + " = " + right + " THEN NULL ELSE " + sql + " END)", typ, err
}

func tryForm(c *compiler, x *call, s *scope) (string, Type, error) {
	if err := c.arity(x, 1, 1); err != nil {
		return "", Type{}, err
	}
	sql, typ, err := c.expr(x.args[0], s)
	return "TRY(" + sql + ")", typ, err
}

func groupingForm(c *compiler, x *call, s *scope) (string, Type, error) {
	args, _, err := c.arguments(x, s)
	return "CAST(grouping(" + strings.Join(args, ", ") + ") AS BIGINT)", tBigint, err
}

func typeofForm(c *compiler, x *call, s *scope) (string, Type, error) {
	if err := c.arity(x, 1, 1); err != nil {
		return "", Type{}, err
	}
	_, typ, err := c.expr(x.args[0], s)
	return quoteText(typ.String()), tVarchar, err
}

func constantForm(c *compiler, x *call, _ *scope) (string, Type, error) {
	switch x.name {
	case "current_catalog":
		return "'awsdatacatalog'", tVarchar, nil
	case "current_schema":
		return quoteText(c.Database), tVarchar, nil
	case "current_timezone":
		return "'UTC'", tVarchar, nil
	}
	return "'athena'", tVarchar, nil
}

// extremeForm is greatest and least, which are NULL as soon as one argument is.
func extremeForm(c *compiler, x *call, s *scope) (string, Type, error) {
	if err := c.arity(x, 1, -1); err != nil {
		return "", Type{}, err
	}
	args, typ, err := c.unified(x, s, "All "+strings.ToUpper(x.name)+" operands")
	if err != nil {
		return "", Type{}, err
	}
	nulls := make([]string, len(args))
	for i, a := range args {
		nulls[i] = a + " IS NULL"
	}
	return "(CASE WHEN " + strings.Join(nulls, " OR ") + " THEN NULL ELSE " + x.name + "(" + strings.Join(args, ", ") + ") END)", typ, nil
}

// concatForm is concat of strings or arrays, NULL as soon as one is.
func concatForm(c *compiler, x *call, s *scope) (string, Type, error) {
	if err := c.arity(x, 2, -1); err != nil {
		return "", Type{}, err
	}
	sql, typ, err := c.expr(x.args[0], s)
	if err != nil {
		return "", Type{}, err
	}
	for _, arg := range x.args[1:] {
		right, t, err := c.expr(arg, s)
		if err != nil {
			return "", Type{}, err
		}
		joined, result, ok := concat(sql, right, typ, t)
		if !ok {
			return "", Type{}, failAt("FUNCTION_NOT_FOUND", x.p, "Unexpected parameters (%s, %s) for function concat. Expected: concat(char(x), char(y)), concat(array(E), E) E, concat(E, array(E)) E, concat(array(E)) E, concat(varchar), concat(varbinary)", typ, t)
		}
		sql, typ = joined, result
	}
	if typ.text() {
		typ = tVarchar
	}
	return sql, typ, nil
}

// formatForm is Java's format string. Each argument travels as its text, with
// the letter of what it is.
func formatForm(c *compiler, x *call, s *scope) (string, Type, error) {
	if err := c.arity(x, 2, -1); err != nil {
		return "", Type{}, err
	}
	args, types, err := c.arguments(x, s)
	if err != nil {
		return "", Type{}, err
	}
	tagged := make([]string, 0, len(args))
	for i, t := range types[1:] {
		tag := "s"
		switch {
		case t.integer():
			tag = "i"
		case t.float(), t.Name == "decimal":
			tag = "f"
		case t.Name == "boolean":
			tag = "b"
		case t.text(), t.Name == "unknown", t.temporal():
		default:
			return "", Type{}, failAt("NOT_SUPPORTED", x.args[i+1].pos(), "localaws does not implement format of a value of type %s", t)
		}
		tagged = append(tagged, quoteText(tag)+" || "+toText(args[i+1], t))
	}
	return "trino_format(" + args[0] + ", [" + strings.Join(tagged, ", ") + "])", tVarchar, nil
}

func countForm(c *compiler, x *call, s *scope) (string, Type, error) {
	if c.pruning != nil {
		return "", Type{}, errNotPrunable
	}
	inside := "count(*)"
	if !x.star && len(x.args) > 0 {
		args, types, err := c.arguments(x, s)
		if err != nil {
			return "", Type{}, err
		}
		if len(args) != 1 {
			return "", Type{}, failAt("FUNCTION_NOT_FOUND", x.p, "Unexpected parameters for function count. Expected: count(), count(T)")
		}
		inside = "count(" + order(args[0], types[0]) + ")"
	}
	sql, err := c.expand(x, s, function{aggregate: true, template: "{" + inside + "}"}, nil, nil, 0)
	return sql, tBigint, err
}

func modForm(c *compiler, x *call, s *scope) (string, Type, error) {
	if err := c.arity(x, 2, 2); err != nil {
		return "", Type{}, err
	}
	return c.binary(&binaryOp{x.at, "%", x.args[0], x.args[1]}, s)
}
