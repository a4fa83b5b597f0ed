package trino

import "strings"

func (c *compiler) atTimeZone(x *atTimeZone, s *scope) (string, Type, error) {
	return c.call(&call{at: x.at, name: "at_timezone", args: []Expr{x.x, x.zone}}, s)
}

// atTimezoneForm shows a time in another zone: the instant stays.
func atTimezoneForm(c *compiler, x *call, s *scope) (string, Type, error) {
	sql, zone, typ, err := c.timeAndZone(x, s)
	if err != nil {
		return "", Type{}, err
	}
	out := Type{Name: "timestamp with time zone", Params: typ.Params}
	return "trino_zoned((" + adapt(sql, typ, out) + ").t, trino_zone_name(" + zone + "))", out, nil
}

// withTimezoneForm reads a plain timestamp as the wall clock of a zone.
func withTimezoneForm(c *compiler, x *call, s *scope) (string, Type, error) {
	sql, zone, typ, err := c.timeAndZone(x, s)
	if err != nil {
		return "", Type{}, err
	}
	if typ.Name == "timestamp with time zone" {
		return "", Type{}, c.unexpected(x, []Type{typ, tVarchar})
	}
	return "trino_rezone(CAST(" + sql + " AS TIMESTAMP), trino_zone_name(" + zone + "))", Type{Name: "timestamp with time zone", Params: typ.Params}, nil
}

func (c *compiler) timeAndZone(x *call, s *scope) (sql, zone string, typ Type, err error) {
	if err := c.arity(x, 2, 2); err != nil {
		return "", "", Type{}, err
	}
	sql, typ, err = c.expr(x.args[0], s)
	if err != nil {
		return "", "", Type{}, err
	}
	if typ.Name == "unknown" {
		sql, typ = "CAST(NULL AS TIMESTAMP)", Type{Name: "timestamp", Params: []int{3}}
	}
	if typ.Name != "timestamp" && typ.Name != "timestamp with time zone" {
		return "", "", Type{}, failAt("TYPE_MISMATCH", x.args[0].pos(), "Type of value must be a time or timestamp with or without time zone (actual %s)", typ)
	}
	zone, zoneType, err := c.expr(x.args[1], s)
	if err != nil {
		return "", "", Type{}, err
	}
	if !zoneType.text() {
		return "", "", Type{}, failAt("NOT_SUPPORTED", x.args[1].pos(), "localaws does not implement a time zone of type %s", zoneType)
	}
	return sql, zone, typ, nil
}

// nowForm is the time of the query: one for the whole of it.
func nowForm(c *compiler, x *call, _ *scope) (string, Type, error) {
	digits := 3
	if len(x.args) == 1 {
		if l, ok := x.args[0].(*literal); ok {
			digits = atoi(l.text)
		}
	}
	typ := Type{Name: "timestamp", Params: []int{digits}}
	if err := representable(typ, x.p); err != nil {
		return "", Type{}, err
	}
	now := "trino_parse_timestamp(" + quoteText(c.Now) + ", " + itoa(digits) + ")"
	switch x.name {
	case "current_date":
		return "CAST(" + now + " AS DATE)", tDate, nil
	case "localtimestamp":
		return now, typ, nil
	case "localtime":
		return "CAST(" + now + " AS TIME)", Type{Name: "time", Params: []int{digits}}, nil
	case "current_time":
		return "", Type{}, failAt("NOT_SUPPORTED", x.p, "localaws does not implement current_time: the type time with time zone")
	}
	typ.Name = "timestamp with time zone"
	return "trino_zoned(" + now + ", 'UTC')", typ, nil
}

// dateUnits are the units, each with whether it is a matter of the calendar,
// which depends on the zone.
var dateUnits = map[string]bool{
	"millisecond": false, "second": false, "minute": false, "hour": false, "day": true, "week": true, "month": true, "quarter": true, "year": true,
}

// unitForm is date_add, date_diff and date_trunc, which begin with a unit.
func unitForm(c *compiler, x *call, s *scope) (string, Type, error) {
	args, types, err := c.arguments(x, s)
	if err != nil {
		return "", Type{}, err
	}
	want := map[string]int{"date_add": 3, "date_diff": 3, "date_trunc": 2}[x.name]
	if len(args) != want || !types[0].text() {
		return "", Type{}, c.unexpected(x, types)
	}
	unit, ok := x.args[0].(*literal)
	if !ok || unit.kind != "string" {
		return "", Type{}, failAt("NOT_SUPPORTED", x.args[0].pos(), "localaws does not implement %s with a unit that is not a constant", x.name)
	}
	name := strings.ToLower(unit.text)
	calendar, ok := dateUnits[name]
	for i := 1; i < len(types); i++ {
		if x.name == "date_add" && i == 1 {
			if !types[i].integer() && types[i].Name != "unknown" {
				return "", Type{}, c.unexpected(x, types)
			}
			continue
		}
		if types[i].Name == "unknown" {
			types[i] = Type{Name: "timestamp", Params: []int{3}}
			args[i] = adapt(args[i], tNull, types[i])
		}
		if types[i].Name != "date" && !strings.HasPrefix(types[i].Name, "timestamp") {
			if types[i].Name == "time" {
				return "", Type{}, failAt("NOT_SUPPORTED", x.p, "localaws does not implement %s of a time", x.name)
			}
			return "", Type{}, c.unexpected(x, types)
		}
	}
	last := len(args) - 1
	typ := types[last]
	if !ok || typ.Name == "date" && !calendar {
		return "", Type{}, failAt("INVALID_FUNCTION_ARGUMENT", x.p, "'%s' is not a valid %s field", unit.text, map[bool]string{true: "DATE", false: "Timestamp"}[typ.Name == "date"])
	}
	u := quoteText(name)
	switch x.name {
	case "date_add":
		return dateAdd(u, args[1], args[last], typ, calendar), typ, nil
	case "date_diff":
		joined, ok := common(types[1], typ)
		if !ok {
			return "", Type{}, c.unexpected(x, types)
		}
		a, b := adapt(args[1], types[1], joined), adapt(args[2], types[2], joined)
		switch {
		case joined.Name == "timestamp with time zone" && calendar:
			a, b = "trino_wall("+a+")", "trino_wall_at(("+b+").t, ("+a+").z)"
		case joined.Name == "timestamp with time zone":
			a, b = "("+a+").t", "("+b+").t"
		}
		return "trino_date_diff(" + u + ", CAST(" + a + " AS TIMESTAMP), CAST(" + b + " AS TIMESTAMP))", tBigint, nil
	}
	switch typ.Name {
	case "timestamp with time zone":
		return "trino_rezone(trino_date_trunc(" + u + ", trino_wall(" + args[1] + ")), (" + args[1] + ").z)", typ, nil
	case "date":
		return "CAST(trino_date_trunc(" + u + ", CAST(" + args[1] + " AS TIMESTAMP)) AS DATE)", typ, nil
	}
	return "trino_date_trunc(" + u + ", " + args[1] + ")", typ, nil
}

func dateAdd(unit, n, sql string, t Type, calendar bool) string {
	n = "CAST(" + n + " AS BIGINT)"
	switch {
	case t.Name == "date":
		return "CAST(trino_date_add(" + unit + ", " + n + ", CAST(" + sql + " AS TIMESTAMP)) AS DATE)"
	case t.Name == "timestamp with time zone" && calendar:
		return "trino_rezone(trino_date_add(" + unit + ", " + n + ", trino_wall(" + sql + ")), (" + sql + ").z)"
	case t.Name == "timestamp with time zone":
		return "trino_zoned(trino_date_add(" + unit + ", " + n + ", (" + sql + ").t), (" + sql + ").z)"
	}
	return "trino_date_add(" + unit + ", " + n + ", " + sql + ")"
}

func (c *compiler) unexpected(x *call, types []Type) error {
	shown := make([]string, len(types))
	for i, t := range types {
		shown[i] = t.String()
	}
	return failAt("FUNCTION_NOT_FOUND", x.p, "Unexpected parameters (%s) for function %s", strings.Join(shown, ", "), x.name)
}
