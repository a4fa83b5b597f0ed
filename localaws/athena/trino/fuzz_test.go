package trino_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"crawlerless/localaws/athena/trino"
)

// one is a catalog with one table, t, of a column of every kind.
type one struct{}

func (one) Table(_, name string) (*trino.Table, error) {
	if name != "t" {
		return nil, &trino.Error{Name: "TABLE_NOT_FOUND", Message: "Table '" + name + "' does not exist"}
	}
	table := &trino.Table{Database: "db", Name: "t"}
	for _, c := range []string{"a bigint", "b varchar", "c array(integer)", "d map(varchar, double)", "e row(x bigint, y varchar)", "f timestamp(3)", "p varchar"} {
		column, text, _ := strings.Cut(c, " ")
		typ, err := trino.ParseType(text)
		if err != nil {
			return nil, err
		}
		table.Columns = append(table.Columns, trino.Column{Name: column, Type: typ, Partition: column == "p"})
	}
	return table, nil
}

// seeds are the statements of the tables of expressions.
func seeds(t testing.TB) []string {
	files, err := filepath.Glob("../duck/testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatal("no seeds", err)
	}
	list := []string{
		"SELECT a, b FROM t WHERE p = 'x' AND a IN (1, 2) GROUP BY ROLLUP(a, b) ORDER BY 1", "PREPARE x FROM SELECT ?", "EXECUTE x USING 1, 'a'",
		"CREATE OR REPLACE VIEW v AS SELECT 1 AS a", "SELECT * FROM t TABLESAMPLE BERNOULLI (10)", "SELECT transform(c, x -> x + a) FROM t CROSS JOIN UNNEST(d) AS u(k, v)",
	}
	for _, name := range files {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.SplitSeq(string(b), "\n") {
			if expression, _, ok := strings.Cut(line, " => "); ok && !strings.HasPrefix(line, "#") {
				if !strings.HasPrefix(expression, "SELECT ") && !strings.HasPrefix(expression, "WITH ") && !strings.HasPrefix(expression, "VALUES ") {
					expression = "SELECT " + expression
				}
				list = append(list, expression)
			}
		}
	}
	return list
}

// FuzzCompile holds that no text makes the parser or the compiler panic, and
// that every failure is one of Trino's: with a name, and with a place if it is of
// syntax. Longer: go test ./localaws/athena/trino -fuzz FuzzCompile -parallel 1
func FuzzCompile(f *testing.F) {
	for _, s := range seeds(f) {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		s, err := trino.Parse(text)
		var e *trino.Error
		if err != nil {
			if !errors.As(err, &e) || e.Name == "" || e.Pos.Line < 1 || e.Pos.Col < 1 {
				t.Fatalf("%q: %v", text, err)
			}
			return
		}
		if s.Query == nil {
			return
		}
		plan, err := trino.CompileQuery(s.Query, trino.Options{Catalog: one{}, Database: "db", Now: "2024-02-29 12:34:56.789000", Params: make([]string, 0)})
		if err != nil {
			if !errors.As(err, &e) || e.Name == "" {
				t.Fatalf("%q: %v", text, err)
			}
			return
		}
		if len(plan.Columns) == 0 || plan.Text() == "" {
			t.Fatalf("%q: a plan of nothing", text)
		}
	})
}

// TestEveryPrefixOfAStatementIsReadOrRefused cuts statements at every byte.
func TestEveryPrefixOfAStatementIsReadOrRefused(t *testing.T) {
	for _, s := range seeds(t) {
		for n := range len(s) {
			parsed, err := trino.Parse(s[:n])
			if err != nil || parsed.Query == nil {
				continue
			}
			if _, err := trino.CompileQuery(parsed.Query, trino.Options{Catalog: one{}, Database: "db", Now: "2024-02-29 12:34:56.789000"}); err != nil {
				var e *trino.Error
				if !errors.As(err, &e) {
					t.Errorf("%s: %v", s[:n], err)
				}
			}
		}
	}
}
