package trino

import (
	"strconv"
	"strings"
)

func (c *compiler) cast(x *cast, s *scope) (string, Type, error) {
	sql, from, err := c.expr(x.x, s)
	if err != nil {
		return "", Type{}, err
	}
	to := x.typ
	if err := representable(to, x.p); err != nil {
		return "", Type{}, err
	}
	if !castable(from, to) {
		return "", Type{}, failAt("TYPE_MISMATCH", x.p, "Cannot cast %s to %s", from, to)
	}
	out := convert(sql, from, to)
	if x.try {
		return "TRY(" + out + ")", to, nil
	}
	return out, to, nil
}

// representable refuses, by name, types that DuckDB can not hold exactly.
func representable(t Type, p Pos) error {
	switch {
	case strings.HasPrefix(t.Name, "timestamp") && precision(t) > 6:
		return failAt("NOT_SUPPORTED", p, "localaws does not implement %s: timestamps finer than microseconds", t)
	case t.Name == "time with time zone":
		return failAt("NOT_SUPPORTED", p, "localaws does not implement the type %s", t.Name)
	}
	for _, arg := range t.Args {
		if err := representable(arg, p); err != nil {
			return err
		}
	}
	return nil
}

// castable holds a cast against Trino's list.
func castable(from, to Type) bool {
	switch {
	case from.Name == "unknown":
		return true
	case from.Name == to.Name:
		if from.Name == "array" || from.Name == "map" || from.Name == "row" {
			if len(from.Args) != len(to.Args) {
				return false
			}
			for i := range from.Args {
				if !castable(from.Args[i], to.Args[i]) {
					return false
				}
			}
		}
		return true
	case from.Name == "json":
		return jsonCastable(to)
	case to.Name == "json":
		return jsonCastable(from) || from.Name == "date" || from.Name == "timestamp"
	case len(from.Args) > 0 || len(to.Args) > 0:
		return false
	case from.Name == "varbinary" || to.Name == "varbinary":
		return from.Name == "varchar" || from.Name == "ipaddress" || from.Name == "uuid" || to.Name == "ipaddress" || to.Name == "uuid"
	case from.Name == "char" || to.Name == "char":
		return from.text() || to.Name == "varchar"
	case from.text():
		return !to.interval()
	case to.text():
		return true
	case from.numeric() || from.Name == "boolean":
		return to.numeric() || to.Name == "boolean"
	case from.temporal() && to.temporal():
		return !(from.Name == "time" && to.Name == "date") && !(from.Name == "date" && to.Name == "time")
	}
	return false
}

func jsonCastable(t Type) bool {
	switch {
	case t.Name == "map":
		key := t.arg(0)
		return (key.text() || key.numeric() || key.Name == "boolean" || key.Name == "unknown") && jsonCastable(t.arg(1))
	case t.Name == "array", t.Name == "row":
		for _, arg := range t.Args {
			if !jsonCastable(arg) {
				return false
			}
		}
		return true
	}
	return t.Name == "varchar" || t.numeric() || t.Name == "boolean" || t.Name == "json" || t.Name == "unknown" ||
		t.Name == "date" || t.Name == "timestamp"
}

// convert is a cast, with Trino's rules spelled out.
func convert(sql string, from, to Type) string {
	as := func(text string) string { return "CAST(" + text + " AS " + to.DuckDB() + ")" }
	switch {
	case from.Name == "unknown":
		return as("NULL")
	case to.Name == "varchar" && (from.Name == "double" || from.Name == "real"):
		most := "-1" // any number of characters
		if len(to.Params) > 0 {
			most = itoa(to.Params[0])
		}
		return "trino_" + from.Name + "_varchar(" + sql + ", " + most + ")"
	case to.Name == "varchar":
		return truncated(toText(sql, from), from, to)
	case to.Name == "char":
		return "rtrim(left(" + sql + ", " + itoa(to.Params[0]) + "), ' ')"
	case to.Name == "json":
		return toJSON(sql, from)
	case from.Name == "json":
		return fromJSON(sql, to)
	case from.text():
		return fromText(sql, to)
	case from.Name == "ipaddress", to.Name == "ipaddress", from.Name == "uuid", to.Name == "uuid":
		return ofBytes(sql, from, to)
	case from.float() && to.integer():
		return as("trino_round_integer(CAST(" + sql + " AS DOUBLE), " + quoteText(to.Name) + ")")
	case from.Name == "decimal" && to.integer():
		return as("round(" + sql + ", 0)")
	case from.Name == "double" && to.Name == "real":
		return "trino_to_real(" + sql + ")"
	case from.float() && to.Name == "decimal":
		return as("trino_double_decimal(CAST(" + sql + " AS DOUBLE), " + itoa(to.Params[0]) + ", " + itoa(to.Params[1]) + ")")
	case from.Name == "timestamp with time zone" && to.Name == "timestamp":
		return rounded("trino_wall("+sql+")", from, to)
	case from.Name == "timestamp with time zone" && (to.Name == "date" || to.Name == "time"):
		return as("trino_wall(" + sql + ")")
	case from.Name == "timestamp with time zone" && to.Name == "timestamp with time zone":
		if precision(to) >= precision(from) {
			return sql
		}
		return "trino_zoned(" + rounded("("+sql+").t", from, to) + ", (" + sql + ").z)"
	case to.Name == "timestamp with time zone":
		return "trino_zoned(" + rounded("CAST("+sql+" AS TIMESTAMP)", from, to) + ", 'UTC')"
	case from.Name == "timestamp" && to.Name == "timestamp":
		return rounded(sql, from, to)
	case from.Name == "time" && to.Name == "timestamp":
		return "(DATE '1970-01-01' + " + sql + ")"
	case from.Name == "array":
		if same(from, to) {
			return sql
		}
		return "list_transform(" + sql + ", lambda e" + depth(to) + ": " + convert("e"+depth(to), from.arg(0), to.arg(0)) + ")"
	case from.Name == "map":
		if same(from, to) {
			return sql
		}
		e := "e" + depth(to)
		return "map_from_entries(list_transform(map_entries(" + sql + "), lambda " + e + ": struct_pack(k := " +
			convert(e+".key", from.arg(0), to.arg(0)) + ", v := " + convert(e+".value", from.arg(1), to.arg(1)) + ")))"
	case from.Name == "row":
		fields := make([]string, len(to.Args))
		for i := range to.Args {
			fields[i] = quoteIdent(rowName(to, i)) + " := " + convert("("+sql+")."+quoteIdent(rowName(from, i)), from.Args[i], to.Args[i])
		}
		return "CASE WHEN (" + sql + ") IS NOT NULL THEN struct_pack(" + strings.Join(fields, ", ") + ") END"
	}
	return as(sql)
}

// depth numbers the variables of nested conversions by how deep a type goes,
// so that an inner one never hides an outer one.
func depth(t Type) string {
	n := 0
	for _, arg := range t.Args {
		inner, err := strconv.Atoi(depth(arg))
		if err == nil {
			n = max(n, inner+1)
		}
	}
	return itoa(n)
}

// rounded is a timestamp at the precision of a type, halves up.
func rounded(sql string, from, to Type) string {
	if from.Name == "date" || precision(to) >= precision(from) {
		return sql
	}
	return "trino_round_timestamp(" + sql + ", " + itoa(precision(to)) + ")"
}

func truncated(sql string, from, to Type) string {
	if len(to.Params) == 0 || from.Name == "varchar" && len(from.Params) > 0 && from.Params[0] <= to.Params[0] {
		return sql
	}
	if from.text() {
		return "left(" + sql + ", " + itoa(to.Params[0]) + ")"
	}
	return "trino_fit(" + sql + ", " + itoa(to.Params[0]) + ", " + quoteText(from.String()) + ")"
}

// ofBytes is a cast between bytes and ipaddress or uuid.
func ofBytes(sql string, from, to Type) string {
	switch {
	case from.Name == to.Name:
		return sql
	case to.Name == "ipaddress":
		return "trino_address_of_bytes(" + sql + ")"
	case to.Name == "uuid":
		return "trino_uuid_of_bytes(" + sql + ")"
	}
	return "unhex(replace(" + sql + ", '-', ''))"
}

func fromText(sql string, to Type) string {
	switch {
	case to.Name == "varbinary":
		return "encode(" + sql + ")"
	case to.Name == "ipaddress":
		return "trino_parse_address(" + sql + ")"
	case to.Name == "uuid":
		return "trino_parse_uuid(" + sql + ")"
	case to.integer():
		return "CAST(trino_parse_integer(" + sql + ", " + quoteText(to.Name) + ") AS " + to.DuckDB() + ")"
	case to.float():
		return "CAST(trino_parse_double(" + sql + ", " + quoteText(to.Name) + ") AS " + to.DuckDB() + ")"
	case to.Name == "decimal":
		return "CAST(trino_parse_decimal(" + sql + ", " + itoa(to.Params[0]) + ", " + itoa(to.Params[1]) + ") AS " + to.DuckDB() + ")"
	case to.Name == "boolean":
		return "trino_parse_boolean(" + sql + ")"
	case to.Name == "date":
		return "CAST(trino_parse_date(" + sql + ") AS DATE)"
	case to.Name == "time":
		return "CAST(trino_parse_time(" + sql + ") AS TIME)"
	case to.Name == "timestamp":
		return "trino_parse_timestamp(" + sql + ", " + itoa(precision(to)) + ")"
	}
	return "trino_parse_zoned(" + sql + ", " + itoa(precision(to)) + ")"
}

// toText is x as results show it, which is CAST(x AS varchar) but for doubles and
// reals: a cast writes them with an exponent.
func toText(sql string, from Type) string {
	switch from.Name {
	case "varchar":
		return sql
	case "char":
		return "rpad(" + sql + ", " + itoa(from.Params[0]) + ", ' ')"
	case "double", "real":
		return "trino_" + from.Name + "_text(" + sql + ")"
	case "timestamp":
		return timestampText(sql, precision(from))
	case "timestamp with time zone":
		return "(" + timestampText("trino_wall("+sql+")", precision(from)) + " || ' ' || (" + sql + ").z)"
	case "json":
		return "trino_json_text(" + sql + ")"
	case "ipaddress":
		return "trino_address_text(" + sql + ")"
	case "time":
		return "strftime(DATE '1970-01-01' + " + sql + ", '%H:%M:%S.%g')"
	case "interval day to second":
		return "trino_day_interval_text(epoch_us(" + sql + "))"
	case "interval year to month":
		return "trino_year_interval_text(CAST(datepart('year', " + sql + ") * 12 + datepart('month', " + sql + ") AS BIGINT))"
	}
	return "CAST(" + sql + " AS VARCHAR)"
}

// timestampText writes exactly as many digits of the second as the type has.
func timestampText(sql string, digits int) string {
	switch {
	case digits == 0:
		return "strftime(" + sql + ", '%Y-%m-%d %H:%M:%S')"
	case digits == 3:
		return "strftime(" + sql + ", '%Y-%m-%d %H:%M:%S.%g')"
	}
	return "left(strftime(" + sql + ", '%Y-%m-%d %H:%M:%S.%f'), " + itoa(20+digits) + ")"
}

// Output is a value as the text that Athena shows of it; NULL stays NULL.
func (t Type) Output(sql string) string {
	switch t.Name {
	case "varchar":
		return sql
	case "varbinary":
		return "trino_bytes_text(" + sql + ")"
	case "json":
		return sql
	case "timestamp", "timestamp with time zone": // at least milliseconds are shown
		shown := t
		shown.Params = []int{max(3, precision(t))}
		return toText(sql, shown)
	case "array":
		e := "o" + depth(t)
		return "('[' || array_to_string(list_transform(" + sql + ", lambda " + e + ": coalesce(" + t.arg(0).Output(e) + ", 'null')), ', ') || ']')"
	case "map":
		e := "o" + depth(t)
		return "('{' || array_to_string(list_transform(map_entries(" + sql + "), lambda " + e + ": " + t.arg(0).Output(e+".key") +
			" || '=' || coalesce(" + t.arg(1).Output(e+".value") + ", 'null')), ', ') || '}')"
	case "row":
		parts := make([]string, len(t.Args))
		for i, arg := range t.Args {
			parts[i] = quoteText(rowName(t, i)+"=") + ", coalesce(" + arg.Output("("+sql+")."+quoteIdent(rowName(t, i))) + ", 'null')"
		}
		return braced(sql, parts, ", ")
	}
	return toText(sql, t)
}

// braced joins the text of a row's fields, which are lists of arguments and
// never NULL. One call holds them all: a row may have hundreds, and DuckDB
// refuses an expression of as many operators within each other.
func braced(sql string, fields []string, separator string) string {
	return "CASE WHEN (" + sql + ") IS NOT NULL THEN concat('{', " +
		strings.Join(fields, ", "+quoteText(separator)+", ") + ", '}') END"
}

// toJSON is CAST(x AS JSON): a string becomes a JSON string, it is not parsed.
// JSON is kept as its text.
func toJSON(sql string, from Type) string {
	switch from.Name {
	case "json", "boolean", "tinyint", "smallint", "integer", "bigint", "decimal":
		return "CAST(" + sql + " AS VARCHAR)"
	case "unknown":
		return "CAST(NULL AS VARCHAR)"
	case "double", "real":
		return "trino_json_number(" + toText(sql, from) + ")"
	case "array":
		e := "j" + depth(from)
		return "('[' || array_to_string(list_transform(" + sql + ", lambda " + e + ": coalesce(" + toJSON(e, from.arg(0)) + ", 'null')), ',') || ']')"
	case "map": // the keys are sorted
		e := "j" + depth(from)
		return "('{' || array_to_string(list_transform(list_sort(list_transform(map_entries(" + sql + "), lambda " + e + ": struct_pack(k := " +
			toText(e+".key", from.arg(0)) + ", v := coalesce(" + toJSON(e+".value", from.arg(1)) + ", 'null')))), lambda " + e +
			": trino_json_quote(" + e + ".k) || ':' || " + e + ".v), ',') || '}')"
	case "row":
		parts := make([]string, len(from.Args))
		for i, arg := range from.Args {
			parts[i] = "trino_json_quote(" + quoteText(from.Names[i]) + "), ':', coalesce(" + toJSON("("+sql+")."+quoteIdent(rowName(from, i)), arg) + ", 'null')"
		}
		return braced(sql, parts, ",")
	}
	return "trino_json_quote(" + toText(sql, from) + ")"
}

// fromJSON is CAST(json AS T).
func fromJSON(sql string, to Type) string {
	switch {
	case to.integer(), to.Name == "boolean", to.float(), to.Name == "decimal":
		text := "trino_json_scalar(" + sql + ", " + quoteText(to.Name) + ")"
		return fromText(text, to)
	case to.Name == "date", to.Name == "timestamp":
		return fromText("trino_json_text("+sql+")", to)
	case to.Name == "array":
		e := "f" + depth(to)
		return "list_transform(trino_json_elements(" + sql + "), lambda " + e + ": " + fromJSON(e, to.arg(0)) + ")"
	case to.Name == "map":
		e := "f" + depth(to)
		return "map_from_entries(list_transform(trino_json_entries(" + sql + "), lambda " + e + ": struct_pack(k := " + keyFromText(e+"[1]", to.arg(0)) +
			", v := " + fromJSON(e+"[2]", to.arg(1)) + ")))"
	case to.Name == "row":
		names := make([]string, len(to.Args))
		for i := range names {
			names[i] = quoteText(to.Names[i])
		}
		fields := "trino_json_fields(" + sql + ", [" + strings.Join(names, ", ") + "])"
		parts := make([]string, len(to.Args))
		for i, arg := range to.Args {
			parts[i] = quoteIdent(rowName(to, i)) + " := " + fromJSON(fields+"["+itoa(i+1)+"]", arg)
		}
		return "CASE WHEN " + fields + " IS NOT NULL THEN struct_pack(" + strings.Join(parts, ", ") + ") END"
	case to.text():
		return truncated("trino_json_text("+sql+")", tJSON, to)
	}
	return "CAST(" + sql + " AS VARCHAR)"
}

// keyFromText is the key of a JSON object as the key of a map.
func keyFromText(sql string, to Type) string {
	if to.text() || to.Name == "unknown" {
		return sql
	}
	return fromText(sql, to)
}
