package trino

import (
	"regexp"
	"strconv"
	"strings"

	"crawlerless/localaws/athena/hive"
)

// Type is a type of Trino's SQL.
type Type struct {
	Name   string   // "bigint", "varchar", "array", "map", "row", "decimal", …
	Params []int    // precision and scale, length
	Args   []Type   // element of array; key and value of map; fields of row
	Names  []string // of the fields of a row, lower case; "" for one without a name
}

// The types without parameters.
var (
	tBoolean      = Type{Name: "boolean"}
	tTinyint      = Type{Name: "tinyint"}
	tSmallint     = Type{Name: "smallint"}
	tInteger      = Type{Name: "integer"}
	tBigint       = Type{Name: "bigint"}
	tReal         = Type{Name: "real"}
	tDouble       = Type{Name: "double"}
	tVarchar      = Type{Name: "varchar"}
	tVarbinary    = Type{Name: "varbinary"}
	tDate         = Type{Name: "date"}
	tJSON         = Type{Name: "json"}
	tNull         = Type{Name: "unknown"}
	tIntervalDay  = Type{Name: "interval day to second"}
	tIntervalYear = Type{Name: "interval year to month"}
)

func tArray(elem Type) Type     { return Type{Name: "array", Args: []Type{elem}} }
func tMap(key, value Type) Type { return Type{Name: "map", Args: []Type{key, value}} }
func tDecimal(p, s int) Type    { return Type{Name: "decimal", Params: []int{p, s}} }

// FromHive is the type that a column of a Hive type has in SQL.
func FromHive(t hive.Type) Type {
	switch t.Kind {
	case hive.Boolean:
		return tBoolean
	case hive.TinyInt:
		return tTinyint
	case hive.SmallInt:
		return tSmallint
	case hive.Int:
		return tInteger
	case hive.BigInt:
		return tBigint
	case hive.Float:
		return tReal
	case hive.Double:
		return tDouble
	case hive.Decimal:
		return tDecimal(t.Precision, t.Scale)
	case hive.Varchar:
		return Type{Name: "varchar", Params: []int{t.Precision}}
	case hive.Char:
		return Type{Name: "char", Params: []int{t.Precision}}
	case hive.Binary:
		return tVarbinary
	case hive.Date:
		return tDate
	case hive.Timestamp:
		return Type{Name: "timestamp", Params: []int{3}}
	case hive.Array:
		return tArray(FromHive(*t.Elem))
	case hive.Map:
		return tMap(FromHive(*t.Key), FromHive(*t.Elem))
	case hive.Struct:
		r := Type{Name: "row"}
		for _, f := range t.Fields {
			r.Names, r.Args = append(r.Names, f.Name), append(r.Args, FromHive(f.Type))
		}
		return r
	}
	return tVarchar
}

// Known reports whether anything is known about the type.
func (t Type) Known() bool { return t.Name != "" }

func (t Type) integer() bool {
	return t.Name == "bigint" || t.Name == "integer" || t.Name == "smallint" || t.Name == "tinyint"
}
func (t Type) float() bool   { return t.Name == "double" || t.Name == "real" }
func (t Type) numeric() bool { return t.integer() || t.float() || t.Name == "decimal" }
func (t Type) text() bool    { return t.Name == "varchar" || t.Name == "char" }
func (t Type) temporal() bool {
	return t.Name == "date" || strings.HasPrefix(t.Name, "time")
}
func (t Type) interval() bool { return strings.HasPrefix(t.Name, "interval") }

// arg is the i-th argument type, or an unknown one.
func (t Type) arg(i int) Type {
	if i < len(t.Args) {
		return t.Args[i]
	}
	return Type{}
}

// String is Trino's spelling.
func (t Type) String() string {
	switch t.Name {
	case "":
		return "unknown"
	case "varchar":
		if len(t.Params) == 0 {
			return "varchar"
		}
	case "array", "map":
		args := make([]string, len(t.Args))
		for i, a := range t.Args {
			args[i] = a.String()
		}
		return t.Name + "(" + strings.Join(args, ", ") + ")"
	case "row":
		args := make([]string, len(t.Args))
		for i, a := range t.Args {
			args[i] = a.String()
			if t.Names[i] != "" {
				args[i] = shownField(t.Names[i]) + " " + args[i]
			}
		}
		return "row(" + strings.Join(args, ", ") + ")"
	}
	name, suffix := t.Name, ""
	if strings.HasSuffix(name, " with time zone") {
		name, suffix = strings.TrimSuffix(name, " with time zone"), " with time zone"
	}
	if len(t.Params) > 0 {
		params := make([]string, len(t.Params))
		for i, p := range t.Params {
			params[i] = strconv.Itoa(p)
		}
		name += "(" + strings.Join(params, ",") + ")"
	}
	return name + suffix
}

// shownField quotes the name of a field where Trino does.
func shownField(name string) string {
	if plainField.MatchString(name) {
		return name
	}
	return quoteIdent(name)
}

var plainField = regexp.MustCompile(`^[a-z_][a-z0-9_]*$`)

// DuckDB is the type that holds the same values in DuckDB.
func (t Type) DuckDB() string {
	switch t.Name {
	case "array":
		return t.arg(0).DuckDB() + "[]"
	case "map":
		return "MAP(" + t.arg(0).DuckDB() + ", " + t.arg(1).DuckDB() + ")"
	case "row":
		fields := make([]string, len(t.Args))
		for i, a := range t.Args {
			name := t.Names[i]
			if name == "" {
				name = "field" + strconv.Itoa(i)
			}
			fields[i] = quoteIdent(name) + " " + a.DuckDB()
		}
		return "STRUCT(" + strings.Join(fields, ", ") + ")"
	case "varchar", "char", "json", "ipaddress", "uuid", "unknown", "":
		return "VARCHAR" // JSON as its text
	case "varbinary":
		return "BLOB"
	case "timestamp":
		return "TIMESTAMP"
	case "timestamp with time zone":
		return zonedStruct
	case "time", "time with time zone":
		return "TIME"
	case "decimal":
		if len(t.Params) == 2 {
			return "DECIMAL(" + strconv.Itoa(t.Params[0]) + "," + strconv.Itoa(t.Params[1]) + ")"
		}
		return "DECIMAL(38,0)"
	}
	if t.interval() {
		return "INTERVAL"
	}
	return strings.ToUpper(t.Name)
}

// zonedStruct holds a timestamp with time zone: the instant as a timestamp in
// UTC, and the name of the zone in which it is shown. Two such values are
// compared by t alone.
const zonedStruct = `STRUCT("t" TIMESTAMP, "z" VARCHAR)`

func quoteIdent(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }
func quoteText(s string) string     { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

// Varchar is varchar without a length.
func Varchar() Type { return tVarchar }

// Bigint is bigint.
func Bigint() Type { return tBigint }

// ParseType reads a type as SQL spells it.
func ParseType(text string) (Type, error) {
	tokens, err := lex(text)
	if err != nil {
		return Type{}, err
	}
	p := &parser{tokens: tokens}
	t, err := p.typ()
	if err == nil && p.peek().kind != end {
		err = p.mismatch("<EOF>")
	}
	return t, err
}

// Hive is the type of a column of the catalog that has the values of the type.
func (t Type) Hive() string {
	switch t.Name {
	case "integer":
		return "int"
	case "real":
		return "float"
	case "varchar":
		if len(t.Params) == 1 && t.Params[0] <= 65535 {
			return "varchar(" + strconv.Itoa(t.Params[0]) + ")"
		}
		return "string"
	case "varbinary":
		return "binary"
	case "decimal", "char":
		return t.String()
	case "array":
		return "array<" + t.arg(0).Hive() + ">"
	case "map":
		return "map<" + t.arg(0).Hive() + "," + t.arg(1).Hive() + ">"
	case "row":
		fields := make([]string, len(t.Args))
		for i, arg := range t.Args {
			fields[i] = rowName(t, i) + ":" + arg.Hive()
		}
		return "struct<" + strings.Join(fields, ",") + ">"
	case "timestamp":
		return "timestamp"
	case "boolean", "tinyint", "smallint", "bigint", "double", "date":
		return t.Name
	}
	return "string"
}
