package trino

import (
	"regexp"
	"strconv"
	"strings"
)

// lambdaRelation marks the fields that are parameters of a lambda.
const lambdaRelation = "\x00lambda"

func (c *compiler) aggregate(name string) bool {
	for _, f := range c.functions[name] {
		if f.aggregate {
			return true
		}
	}
	return name == "count" || name == "reduce_agg"
}

// call compiles a call of a function: the special forms first, then the table.
func (c *compiler) call(x *call, s *scope) (string, Type, error) {
	if form := specialForm(x.name); form != nil {
		return form(c, x, s)
	}
	if c.functions[x.name] == nil {
		if missing[x.name] {
			return "", Type{}, failAt("NOT_SUPPORTED", x.p, "localaws does not implement the function %s of athena", x.name)
		}
		return "", Type{}, failAt("FUNCTION_NOT_FOUND", x.p, "Function '%s' not registered", x.name)
	}
	if c.pruning != nil && (x.over != nil || c.aggregate(x.name) || volatile[x.name]) {
		return "", Type{}, errNotPrunable
	}
	args, types, err := c.arguments(x, s)
	if err != nil {
		return "", Type{}, err
	}
	f, bound, err := c.overload(x, types)
	if err != nil {
		return "", Type{}, err
	}
	if x.over == nil && f.window {
		return "", Type{}, failAt("MISSING_OVER", x.p, "Window function %s requires an OVER clause", x.name)
	}
	if x.over != nil && !f.window && !f.aggregate {
		return "", Type{}, failAt("FUNCTION_NOT_WINDOW", x.p, "OVER clause is only supported for window and aggregation functions")
	}
	if (x.distinct || x.filter != nil) && !f.aggregate {
		return "", Type{}, failAt("FUNCTION_NOT_AGGREGATE", x.p, "DISTINCT and FILTER are only valid for aggregation functions")
	}
	zone := ""
	for i, t := range types {
		want := f.args[i]
		switch {
		case want.Name == "function":
			continue
		case t.Name == "timestamp with time zone" && wallClock[x.name]:
			zone = "(" + args[i] + ").z"
			args[i] = "trino_wall(" + args[i] + ")"
			continue
		case want.Name == "decimal" && t.Name == "decimal", want.Name == "timestamp" && t.Name == "timestamp":
			continue // of any precision
		case want.Name == "json" && t.text():
			continue // both are texts
		}
		args[i] = adapt(args[i], t, bound.resolve(want))
	}
	if err := c.lambdas(x, s, f, bound, args); err != nil {
		return "", Type{}, err
	}
	scale := 0
	if len(types) > 0 && types[0].Name == "decimal" {
		scale = types[0].Params[1]
	}
	sql, err := c.expand(x, s, f, bound, args, scale)
	if err != nil {
		return "", Type{}, err
	}
	result := bound.resolve(f.result)
	if result.Name == "varchar" && len(f.args) > 0 {
		result.Params = nil
	}
	switch {
	case result.Name == "timestamp" && len(result.Params) == 0, result.Name == "timestamp with time zone" && len(result.Params) == 0:
		result.Params = []int{3}
	case f.result.Name == "decimal" && len(types) > 0 && types[0].Name == "decimal":
		result = decimalResult(x, types[0])
	}
	if f.template == "$1" || result.Name == "unknown" || result.Name == "timestamp with time zone" {
		return sql, result, nil
	}
	return strings.ReplaceAll("CAST("+sql+" AS "+result.DuckDB()+")", "$zone", zone), result, nil
}

// decimalResult is the type of what a function of a decimal answers. ceil, floor
// and round have a digit more than the whole part, for what is carried.
func decimalResult(x *call, t Type) Type {
	p, s := t.Params[0], t.Params[1]
	switch {
	case x.name == "sum":
		return tDecimal(38, s)
	case x.name == "avg" || x.name == "truncate" && len(x.args) == 2:
		return t
	case x.name == "round" && len(x.args) == 2:
		return tDecimal(min(38, p+1), s)
	case x.name == "truncate":
		return tDecimal(max(1, p-s), 0)
	}
	return tDecimal(min(38, max(1, p-s+min(1, s))), 0)
}

// wallClock are the functions that look at the clock on the wall of the time's
// zone: their arguments stay, or become, plain timestamps.
var wallClock = wordSet(`year month day hour minute second millisecond quarter week week_of_year day_of_week dow
day_of_month day_of_year doy year_of_week yow date date_format last_day_of_month`)

var volatile = wordSet("rand random uuid shuffle")

// arguments compiles what is not a lambda; lambdas wait until the types of
// their parameters are known.
func (c *compiler) arguments(x *call, s *scope) ([]string, []Type, error) {
	args, types := make([]string, len(x.args)), make([]Type, len(x.args))
	for i, arg := range x.args {
		if _, ok := arg.(*lambda); ok {
			types[i] = Type{Name: "function"}
			continue
		}
		var err error
		if args[i], types[i], err = c.expr(arg, s); err != nil {
			return nil, nil, err
		}
	}
	return args, types, nil
}

// overload finds the form of the function that takes the arguments.
func (c *compiler) overload(x *call, types []Type) (function, bindings, error) {
	var best function
	var bestBound bindings
	score := -1
	for _, f := range c.functions[x.name] {
		want := f.args
		if f.variadic && len(types) >= len(want)-1 {
			want = append([]Type{}, want[:len(want)-1]...)
			for len(want) < len(types) {
				want = append(want, f.args[len(f.args)-1])
			}
		}
		if len(want) != len(types) {
			continue
		}
		bound := bindings{}
		taken := true
		for i := range want {
			if (want[i].Name == "function") != (types[i].Name == "function") || !bound.unify(want[i], types[i]) {
				taken = false
				break
			}
		}
		if n := bound.exact(want, types); taken && n > score {
			f.args = want
			best, bestBound, score = f, bound, n
		}
	}
	if score >= 0 {
		return best, bestBound, nil
	}
	shown := make([]string, len(types))
	for i, t := range types {
		shown[i] = t.String()
	}
	var expected []string
	for _, f := range c.functions[x.name] {
		expected = append(expected, f.signature)
	}
	return function{}, nil, failAt("FUNCTION_NOT_FOUND", x.p, "Unexpected parameters (%s) for function %s. Expected: %s", strings.Join(shown, ", "), x.name, strings.Join(expected, ", "))
}

// lambdas compiles the lambdas among the arguments, with the types of their
// parameters, and binds what they answer.
func (c *compiler) lambdas(x *call, s *scope, f function, bound bindings, args []string) error {
	for i, arg := range x.args {
		l, ok := arg.(*lambda)
		if !ok {
			continue
		}
		want := f.args[i]
		params := want.Args[:len(want.Args)-1]
		if len(l.params) != len(params) {
			return failAt("INVALID_PARAMETER_USAGE", l.p, "Expected a lambda that takes %d argument(s) but got %d", len(params), len(l.params))
		}
		inner := &scope{parent: s}
		names := make([]string, len(params))
		for j, name := range l.params {
			names[j] = c.id("l")
			sql := names[j]
			// A function over entries or pairs takes them as one value.
			if strings.Contains(f.template, "@"+itoa(i+1)) {
				sql = names[0] + [...]string{".k", ".v", ".w"}[j]
			}
			inner.fields = append(inner.fields, fieldRef{rel: lambdaRelation, name: name, shown: name, typ: bound.resolve(params[j]), sql: sql})
		}
		sql, typ, err := c.expr(l.body, inner)
		if err != nil {
			return err
		}
		result := want.Args[len(want.Args)-1]
		if !bound.unify(result, typ) {
			return failAt("TYPE_MISMATCH", l.p, "Expected a lambda that answers %s but got %s", bound.resolve(result), typ)
		}
		sql = adapt(sql, typ, bound.resolve(result))
		if x.name == "regexp_replace" { // with the text before the match
			sql = names[0] + ".b || coalesce(" + sql + ", '')"
		}
		if strings.Contains(f.template, "@"+itoa(i+1)) {
			names = names[:1]
		}
		args[i] = "lambda " + strings.Join(names, ", ") + ": " + sql
	}
	return nil
}

var typePlaceholder = regexp.MustCompile(`\$t[A-Z]`)

var placeholder = regexp.MustCompile(`[$@](\d|\*)`)

// expand puts the arguments into the template.
func (c *compiler) expand(x *call, s *scope, f function, bound bindings, args []string, scale int) (string, error) {
	fill := func(text string) string {
		if strings.Contains(text, "$scale") {
			text = strings.ReplaceAll(text, "$scale", itoa(scale))
		}
		text = typePlaceholder.ReplaceAllStringFunc(text, func(m string) string { return bound[m[2:]].DuckDB() })
		if strings.Contains(text, "$text1") { // the array with its elements as text
			text = strings.ReplaceAll(text, "$text1", "list_transform($1, lambda tx: "+toText("tx", bound["T"])+")")
		}
		return placeholder.ReplaceAllStringFunc(text, func(m string) string {
			if m == "$*" {
				return strings.Join(args, ", ")
			}
			n, err := strconv.Atoi(m[1:])
			if err != nil || n > len(args) {
				return m
			}
			return args[n-1]
		})
	}
	if !f.aggregate && !f.window {
		return fill(f.template), nil
	}
	orderBy, filter, over, nulls := "", "", "", ""
	var err error
	if len(x.orderBy) > 0 {
		if orderBy, err = c.orderBy(x.orderBy, s, -1); err != nil {
			return "", err
		}
	}
	if x.nulls != "" {
		nulls = " " + x.nulls
	}
	if x.filter != nil {
		sql, typ, err := c.expr(x.filter, s)
		if err != nil {
			return "", err
		}
		if typ.Name != "boolean" && typ.Name != "unknown" {
			return "", failAt("TYPE_MISMATCH", x.filter.pos(), "Filter expression must evaluate to a boolean: actual type %s", typ)
		}
		filter = " FILTER (WHERE " + adapt(sql, typ, tBoolean) + ")"
	}
	if x.over != nil {
		sql, err := c.window(x.over, s)
		if err != nil {
			return "", err
		}
		over = " OVER " + sql
	}
	var b strings.Builder
	rest := f.template
	for {
		before, after, more := strings.Cut(rest, "{")
		b.WriteString(fill(before))
		if !more {
			return b.String(), nil
		}
		inside, after, _ := strings.Cut(after, "}")
		inside = fill(inside)
		if x.distinct {
			inside = strings.Replace(inside, "(", "(DISTINCT ", 1)
		}
		b.WriteString(strings.TrimSuffix(inside, ")") + orderBy + nulls + ")" + filter + over)
		rest = after
	}
}

func (c *compiler) window(w *window, s *scope) (string, error) {
	if w.name != "" && len(w.partition) == 0 && len(w.orderBy) == 0 && w.frame == nil {
		return quoteIdent(strings.ToLower(w.name)), nil
	}
	var parts []string
	if w.name != "" {
		parts = append(parts, quoteIdent(strings.ToLower(w.name)))
	}
	if len(w.partition) > 0 {
		list := make([]string, len(w.partition))
		for i, x := range w.partition {
			sql, typ, err := c.expr(x, s)
			if err != nil {
				return "", err
			}
			list[i] = order(sql, typ)
		}
		parts = append(parts, "PARTITION BY "+strings.Join(list, ", "))
	}
	order, err := c.orderBy(w.orderBy, s, -1)
	if err != nil {
		return "", err
	}
	if order != "" {
		parts = append(parts, strings.TrimSpace(order))
	}
	if w.frame != nil {
		start, err := c.bound(w.frame.start, s)
		if err != nil {
			return "", err
		}
		end, err := c.bound(w.frame.end, s)
		if err != nil {
			return "", err
		}
		parts = append(parts, w.frame.unit+" BETWEEN "+start+" AND "+end)
	}
	return "(" + strings.Join(parts, " ") + ")", nil
}

func (c *compiler) bound(b bound, s *scope) (string, error) {
	if b.x == nil {
		return b.kind, nil
	}
	sql, _, err := c.expr(b.x, s)
	return sql + " " + b.kind, err
}
