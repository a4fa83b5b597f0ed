package trino_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"crawlerless/localaws/athena/duck"
	"crawlerless/localaws/athena/trino"
)

// sample is an expression of a type of a signature.
func sample(t trino.Type) string {
	switch t.Name {
	case "bigint", "integer", "I", "N", "T", "E", "K", "U", "V", "S", "R", "W":
		return "2"
	case "double":
		return "0.5e0"
	case "real":
		return "REAL '1.5'"
	case "decimal", "D":
		return "DECIMAL '12.345'"
	case "varchar":
		return "'2'"
	case "varbinary":
		return "to_utf8('a')"
	case "boolean":
		return "true"
	case "json":
		return "JSON '[1]'"
	case "ipaddress":
		return "IPADDRESS '10.0.0.1'"
	case "date":
		return "DATE '2024-02-29'"
	case "time":
		return "TIME '01:02:03'"
	case "timestamp":
		return "TIMESTAMP '2024-02-29 01:02:03.456'"
	case "timestamp with time zone":
		return "TIMESTAMP '2024-02-29 01:02:03.456 Europe/Berlin'"
	case "interval day to second":
		return "INTERVAL '1' DAY"
	case "interval year to month":
		return "INTERVAL '1' MONTH"
	case "array":
		return "ARRAY[" + sample(t.Args[0]) + "]"
	case "map":
		return "MAP(ARRAY[" + sample(t.Args[0]) + "], ARRAY[" + sample(t.Args[1]) + "])"
	case "row":
		items := make([]string, len(t.Args))
		for i, a := range t.Args {
			items[i] = sample(a)
		}
		return "ROW(" + strings.Join(items, ", ") + ")"
	case "function":
		params := make([]string, len(t.Args)-1)
		for i := range params {
			params[i] = fmt.Sprintf("x%d", i)
		}
		return "(" + strings.Join(params, ", ") + ") -> " + sample(t.Args[len(t.Args)-1])
	}
	panic("no sample of " + t.Name)
}

// ofDuckDB are failures that say that the text which was compiled is wrong.
var ofDuckDB = regexp.MustCompile(`Binder Error|Catalog Error|Parser Error|Not implemented|INTERNAL|empty name`)

// TestEveryFunctionOfTheTableRuns calls each overload with a value for every
// argument, and with NULL for each of them in turn.
func TestEveryFunctionOfTheTableRuns(t *testing.T) {
	db, err := duck.Open(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	}()
	run := func(sql string) {
		s, err := trino.Parse(sql)
		if err != nil {
			t.Errorf("%s: %v", sql, err)
			return
		}
		plan, err := trino.CompileQuery(s.Query, trino.Options{Catalog: one{}, Now: "2024-02-29 12:34:56.789000"})
		if err != nil {
			if strings.Contains(err.Error(), "NULL") {
				return
			}
			t.Errorf("%s: %v", sql, err)
			return
		}
		rows, err := db.QueryContext(t.Context(), plan.Text())
		if err == nil {
			for rows.Next() {
			}
			err = rows.Err()
			if e := rows.Close(); e != nil {
				t.Error(e)
			}
		}
		if err != nil && ofDuckDB.MatchString(err.Error()) {
			t.Errorf("%s\n%v\n%s", sql, err, plan.SQL)
		}
	}
	trino.Functions(func(name string, args []trino.Type, aggregate, window bool) {
		after := ""
		if window {
			after = " OVER (ORDER BY x)"
		}
		call := func(null int) string {
			list := make([]string, len(args))
			for i, a := range args {
				if list[i] = sample(a); i == null {
					list[i] = "NULL"
				}
			}
			return "SELECT " + name + "(" + strings.Join(list, ", ") + ")" + after + " FROM (VALUES 1) t(x)"
		}
		run(call(-1))
		for i, a := range args {
			if a.Name != "function" && !aggregate && !window {
				run(call(i))
			}
		}
		if aggregate {
			run(strings.Replace(call(-1), ") FROM", ") OVER () FROM", 1))
			run(strings.Replace(call(-1), ") FROM", ") FILTER (WHERE x > 5) FROM", 1))
		}
	})
}
