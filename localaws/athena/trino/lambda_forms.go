package trino

import "strings"

// reduceForm is reduce(array, state, (state, element) -> state, state -> result).
// DuckDB folds a list only into a value of the element's type: each element is
// wrapped with room for a state.
func reduceForm(c *compiler, x *call, s *scope) (string, Type, error) {
	args, types, err := c.arguments(x, s)
	if err != nil {
		return "", Type{}, err
	}
	if len(args) != 4 || types[0].Name != "array" && types[0].Name != "unknown" || types[1].Name == "function" || types[2].Name != "function" || types[3].Name != "function" {
		return "", Type{}, c.unexpected(x, types)
	}
	elem, state := types[0].arg(0), types[1]
	if types[0].Name == "unknown" {
		elem = tNull
		args[0] = adapt(args[0], tNull, tArray(tNull))
	}
	step, finish := x.args[2].(*lambda), x.args[3].(*lambda)
	if len(step.params) != 2 || len(finish.params) != 1 {
		return "", Type{}, c.unexpected(x, types)
	}
	a, b := c.id("l"), c.id("l")
	body := ""
	for round := 0; ; round++ {
		inner := &scope{parent: s, fields: []fieldRef{lambdaField(step.params[0], state, a+".s"), lambdaField(step.params[1], elem, b+".e")}}
		sql, typ, err := c.expr(step.body, inner)
		if err != nil {
			return "", Type{}, err
		}
		joined, ok := common(state, typ)
		if !ok {
			return "", Type{}, failAt("TYPE_MISMATCH", step.p, "Expected a lambda that answers %s but got %s", state, typ)
		}
		if joined.String() == state.String() || same(joined, state) || round > 3 {
			body = adapt(sql, typ, state)
			break
		}
		state = joined // the state is of the wider type from the beginning
	}
	e, st := elem.DuckDB(), state.DuckDB()
	folded := "list_reduce(list_transform(" + args[0] + ", lambda " + c.id("l") + ": struct_pack(e := l" + itoa(c.ids-1) + ", s := CAST(NULL AS " + st + "))), lambda " + a + ", " + b +
		": struct_pack(e := CAST(NULL AS " + e + "), s := CAST(" + body + " AS " + st + ")), struct_pack(e := CAST(NULL AS " + e + "), s := CAST(" + adapt(args[1], types[1], state) + " AS " + st + "))).s"
	r := c.id("l")
	sql, typ, err := c.expr(finish.body, &scope{parent: s, fields: []fieldRef{lambdaField(finish.params[0], state, r)}})
	if err != nil {
		return "", Type{}, err
	}
	return "(list_transform([" + folded + "], lambda " + r + ": " + sql + "))[1]", typ, nil
}

func lambdaField(name string, typ Type, sql string) fieldRef {
	return fieldRef{rel: lambdaRelation, name: name, shown: name, typ: typ, sql: sql}
}

// reduceAggForm is reduce_agg(value, state, (state, value) -> state, (state,
// state) -> state): reduce over all values of the group that are not NULL. There
// is one state only, so that the second lambda is never asked.
func reduceAggForm(c *compiler, x *call, s *scope) (string, Type, error) {
	if err := c.arity(x, 4, 4); err != nil {
		return "", Type{}, err
	}
	if c.pruning != nil {
		return "", Type{}, errNotPrunable
	}
	var present Expr = &isNull{x.at, x.args[0], true}
	if x.filter != nil {
		present = &binaryOp{x.at, "and", x.filter, present}
	}
	all := &call{at: x.at, name: "array_agg", args: x.args[:1], distinct: x.distinct, filter: present, orderBy: x.orderBy, over: x.over}
	same := &lambda{x.at, []string{"s"}, &column{x.at, []Ident{{Name: "s", Pos: x.p}}}}
	return reduceForm(c, &call{at: x.at, name: "reduce", args: []Expr{all, x.args[1], x.args[2], same}}, s)
}

// arraySortForm is array_sort(array) or array_sort(array, (x, y) -> integer).
// DuckDB sorts by keys only: with a lambda each element's key is how many
// elements come before it.
func arraySortForm(c *compiler, x *call, s *scope) (string, Type, error) {
	args, types, err := c.arguments(x, s)
	if err != nil {
		return "", Type{}, err
	}
	if len(args) < 1 || len(args) > 2 || types[0].Name != "array" && types[0].Name != "unknown" || len(args) == 2 && types[1].Name != "function" {
		return "", Type{}, failAt("FUNCTION_NOT_FOUND", x.p, "Unexpected parameters (%s) for function array_sort. Expected: array_sort(array(E)), array_sort(array(T), function(T, T, integer))", shownTypes(types))
	}
	list, typ := args[0], types[0]
	if typ.Name == "unknown" {
		typ = tArray(tNull)
		list = adapt(list, tNull, typ)
	}
	if len(args) == 1 {
		return "list_sort(" + list + ", 'ASC', 'NULLS LAST')", typ, nil
	}
	l := x.args[1].(*lambda)
	if len(l.params) != 2 {
		return "", Type{}, failAt("INVALID_PARAMETER_USAGE", l.p, "Expected a lambda that takes 2 argument(s) but got %d", len(l.params))
	}
	other, own, at, out := c.id("l"), c.id("l"), c.id("l"), c.id("l")
	inner := &scope{parent: s, fields: []fieldRef{lambdaField(l.params[0], typ.arg(0), other), lambdaField(l.params[1], typ.arg(0), own+".e")}}
	body, answer, err := c.expr(l.body, inner)
	if err != nil {
		return "", Type{}, err
	}
	if !answer.integer() {
		return "", Type{}, failAt("TYPE_MISMATCH", l.p, "Expected a lambda that answers integer but got %s", answer)
	}
	numbered := "list_transform(range(1, len(" + list + ") + 1), lambda " + at + ": struct_pack(e := (" + list + ")[" + at + "], i := " + at + "))"
	return "list_transform(list_sort(list_transform(" + numbered + ", lambda " + own + ": struct_pack(r := len(list_filter(" + list + ", lambda " + other + ": (" + body +
		") < 0)), i := " + own + ".i, e := " + own + ".e))), lambda " + out + ": " + out + ".e)", typ, nil
}

func shownTypes(types []Type) string {
	shown := make([]string, len(types))
	for i, t := range types {
		shown[i] = t.String()
	}
	return strings.Join(shown, ", ")
}
