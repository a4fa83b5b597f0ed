package trino

import "strings"

// jsonStandardForm is json_exists, json_value and json_query.
func jsonStandardForm(c *compiler, x *call, s *scope) (string, Type, error) {
	input, typ, err := c.expr(x.args[0], s)
	if err != nil {
		return "", Type{}, err
	}
	if !typ.text() && typ.Name != "json" && typ.Name != "unknown" {
		return "", Type{}, failAt("TYPE_MISMATCH", x.args[0].pos(), "Cannot read input of type %s as JSON using formatting JSON", typ)
	}
	j := x.json
	if _, _, ok := PathSteps(j.path); !ok {
		return "", Type{}, failAt("NOT_SUPPORTED", x.p, "localaws does not implement the JSON path '%s'", j.path)
	}
	items := "trino_json_path(" + input + ", " + quoteText(j.path) + ")"
	tried := "TRY(" + items + ")"
	raise := func(message, kind string) string {
		return "CAST(trino_fail(" + quoteText(message) + ", CAST(" + input + " AS VARCHAR)) AS " + kind + ")"
	}
	when := func(kind, failed, rest string) string {
		return "CASE WHEN " + input + " IS NULL THEN NULL WHEN " + tried + " IS NULL THEN " + failed + " ELSE " + rest + " END"
	}
	if x.name == "json_exists" {
		failed := map[string]string{"TRUE": "true", "UNKNOWN": "NULL", "ERROR": "len(" + items + ") > 0"}[j.onError]
		if failed == "" {
			failed = "false"
		}
		return when("BOOLEAN", failed, "len("+tried+") > 0"), tBoolean, nil
	}
	result := tVarchar
	if j.returning != nil {
		result = *j.returning
	}
	kind := result.DuckDB()
	fallback := func(does string, value Expr, message string) (string, error) {
		switch does {
		case "ERROR":
			return raise(message, kind), nil
		case "EMPTY ARRAY":
			return "'[]'", nil
		case "EMPTY OBJECT":
			return "'{}'", nil
		case "DEFAULT":
			sql, t, err := c.expr(value, s)
			if err != nil {
				return "", err
			}
			if !coercible(t, result) {
				return "", failAt("TYPE_MISMATCH", value.pos(), "Function json_value default result must evaluate to a %s (actual: %s)", result, t)
			}
			return adapt(sql, t, result), nil
		}
		return "CAST(NULL AS " + kind + ")", nil
	}
	empty, err := fallback(j.onEmpty, j.emptyValue, "JSON_VALUE_RESULT_ERROR: cannot extract value from JSON: JSON path found no items")
	if err != nil {
		return "", Type{}, err
	}
	failed, err := fallback(j.onError, j.errors, "JSON_VALUE_RESULT_ERROR: cannot extract value from JSON: JSON path found multiple items, or none that fits")
	if err != nil {
		return "", Type{}, err
	}
	one := tried + "[1]"
	if x.name == "json_value" {
		value := "TRY(" + fromJSON(one, result) + ")"
		return when(kind, failed, "CASE WHEN len("+tried+") = 0 THEN "+empty+" WHEN len("+tried+") > 1 OR left("+one+", 1) IN ('[', '{') THEN "+failed+
			" WHEN "+one+" = 'null' THEN NULL ELSE coalesce("+value+", "+failed+") END"), result, nil
	}
	if result.Name != "varchar" {
		return "", Type{}, failAt("NOT_SUPPORTED", x.p, "localaws does not implement json_query RETURNING %s", result)
	}
	wrapped := "('[' || array_to_string(" + tried + ", ',') || ']')"
	if j.omit {
		one = "CASE WHEN left(" + one + ", 1) = '\"' THEN trino_json_text(" + one + ") ELSE " + one + " END"
	}
	rest := "CASE WHEN len(" + tried + ") = 0 THEN " + empty + " WHEN len(" + tried + ") > 1 THEN " + failed + " ELSE " + one + " END"
	switch j.wrapper {
	case "UNCONDITIONAL":
		rest = "CASE WHEN len(" + tried + ") = 0 THEN " + empty + " ELSE " + wrapped + " END"
	case "CONDITIONAL":
		rest = "CASE WHEN len(" + tried + ") = 0 THEN " + empty + " WHEN len(" + tried + ") = 1 AND left(" + tried + "[1], 1) IN ('[', '{') THEN " + tried + "[1] ELSE " + wrapped + " END"
	}
	return when(kind, failed, rest), result, nil
}

// jsonBuildForm is json_object and json_array, whose result is text.
func jsonBuildForm(c *compiler, x *call, s *scope) (string, Type, error) {
	step, opening, closing := 1, "[", "]"
	if x.name == "json_object" {
		step, opening, closing = 2, "{", "}"
	}
	var members []string
	for i := 0; i+step <= len(x.args); i += step {
		value := x.args[i+step-1]
		sql, typ, err := c.expr(value, s)
		if err != nil {
			return "", Type{}, err
		}
		if inner, ok := value.(*call); !ok || inner.json == nil || inner.name == "json_value" || inner.name == "json_exists" {
			if !jsonCastable(typ) {
				sql, typ = toText(sql, typ), tVarchar
			}
			sql = toJSON(sql, typ)
		}
		member := "coalesce(" + sql + ", 'null')"
		if x.json.absent {
			member = sql
		}
		if step == 2 {
			key, keyType, err := c.expr(x.args[i], s)
			if err != nil {
				return "", Type{}, err
			}
			if !keyType.text() {
				return "", Type{}, failAt("TYPE_MISMATCH", x.args[i].pos(), "Invalid type of JSON object key: %s", keyType)
			}
			member = "trino_json_quote(" + key + ") || ':' || " + member
		}
		members = append(members, member)
	}
	list := "list_filter(CAST([" + strings.Join(members, ", ") + "] AS VARCHAR[]), lambda " + c.id("l") + ": l" + itoa(c.ids-1) + " IS NOT NULL)"
	return "(" + quoteText(opening) + " || array_to_string(" + list + ", ',') || " + quoteText(closing) + ")", tVarchar, nil
}
