package trino

// common is the type to which both types are coerced where they meet (in
// comparisons, CASE, UNION, arrays), as Trino's TypeCoercion has it. An unknown
// type meets everything.
func common(a, b Type) (Type, bool) {
	switch {
	case !a.Known() || b.Name == "unknown":
		return a, true
	case !b.Known() || a.Name == "unknown":
		return b, true
	}
	if a.Name == b.Name {
		switch a.Name {
		case "varchar", "char":
			return wider(a, b), true
		case "timestamp", "timestamp with time zone", "time":
			if precision(a) >= precision(b) {
				return a, true
			}
			return b, true
		case "decimal":
			return decimals(a, b), true
		case "array", "map":
			out := Type{Name: a.Name}
			for i := range a.Args {
				arg, ok := common(a.Args[i], b.arg(i))
				if !ok {
					return Type{}, false
				}
				out.Args = append(out.Args, arg)
			}
			return out, true
		case "row":
			return rows(a, b)
		}
		return a, true
	}
	if coercible(a, b) {
		return b, true
	}
	if coercible(b, a) {
		return a, true
	}
	switch {
	case a.Name == "timestamp" && b.Name == "date", a.Name == "timestamp with time zone" && b.temporal():
		return a, true
	case b.Name == "timestamp" && a.Name == "date", b.Name == "timestamp with time zone" && a.temporal():
		return b, true
	case a.Name == "decimal" && b.integer():
		return decimals(a, integerDecimal(b)), true
	case b.Name == "decimal" && a.integer():
		return decimals(integerDecimal(a), b), true
	}
	return Type{}, false
}

func rows(a, b Type) (Type, bool) {
	if len(a.Args) != len(b.Args) {
		return Type{}, false
	}
	out := Type{Name: "row"}
	for i := range a.Args {
		arg, ok := common(a.Args[i], b.Args[i])
		if !ok {
			return Type{}, false
		}
		name := a.Names[i]
		if name != b.Names[i] {
			name = ""
		}
		out.Args, out.Names = append(out.Args, arg), append(out.Names, name)
	}
	return out, true
}

func wider(a, b Type) Type {
	if len(a.Params) == 0 || len(b.Params) > 0 && a.Params[0] >= b.Params[0] {
		return a
	}
	return b
}

func precision(t Type) int {
	if len(t.Params) == 0 {
		return 3
	}
	return t.Params[0]
}

// integerDecimal is the decimal that holds every value of an integer type.
func integerDecimal(t Type) Type {
	return tDecimal(map[string]int{"tinyint": 3, "smallint": 5, "integer": 10, "bigint": 19}[t.Name], 0)
}

func decimals(a, b Type) Type {
	scale := max(a.Params[1], b.Params[1])
	return tDecimal(min(38, max(a.Params[0]-a.Params[1], b.Params[0]-b.Params[1])+scale), scale)
}

var integerRank = map[string]int{"tinyint": 1, "smallint": 2, "integer": 3, "bigint": 4}

// coercible reports whether a value of type from is taken where to is wanted.
func coercible(from, to Type) bool {
	switch {
	case !from.Known() || !to.Known() || from.Name == "unknown":
		return true
	case from.Name == to.Name:
		switch from.Name {
		case "array", "map", "row":
			if len(from.Args) != len(to.Args) {
				return false
			}
			for i := range from.Args {
				if !coercible(from.Args[i], to.Args[i]) {
					return false
				}
			}
		}
		return true
	case from.integer() && to.integer():
		return integerRank[from.Name] <= integerRank[to.Name]
	case from.integer():
		return to.float() || to.Name == "decimal"
	case from.Name == "decimal":
		return to.float()
	case from.Name == "real":
		return to.Name == "double"
	case from.Name == "date":
		return to.Name == "timestamp" || to.Name == "timestamp with time zone"
	case from.Name == "timestamp":
		return to.Name == "timestamp with time zone"
	case from.Name == "char":
		return to.Name == "varchar"
	case from.Name == "varchar":
		return to.Name == "char" && len(from.Params) > 0
	}
	return false
}

// adapt is a value of one type where another, to which it coerces, is wanted.
// DuckDB is never left to coerce by rules of its own.
func adapt(sql string, from, to Type) string {
	if same(from, to) {
		return sql
	}
	return convert(sql, from, to)
}

// same reports whether values of both types look alike in DuckDB.
func same(a, b Type) bool {
	if a.Name != b.Name {
		return a.text() && b.text() && a.Name != "char" && b.Name != "char"
	}
	if len(a.Args) != len(b.Args) {
		return false
	}
	for i := range a.Args {
		if !same(a.Args[i], b.Args[i]) || a.Name == "row" && rowName(a, i) != rowName(b, i) {
			return false
		}
	}
	return a.Name != "decimal" || a.DuckDB() == b.DuckDB()
}

// order is what values of a type are compared and sorted by.
func order(sql string, t Type) string {
	if t.Name == "timestamp with time zone" {
		return "(" + sql + ").t"
	}
	return sql
}
