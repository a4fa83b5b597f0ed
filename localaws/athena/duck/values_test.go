package duck_test

import (
	"bufio"
	"context"
	"database/sql"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"crawlerless/localaws/athena/duck"
	"crawlerless/localaws/athena/trino"
)

// nowhere is a catalog without tables.
type nowhere struct{}

func (nowhere) Table(_, name string) (*trino.Table, error) {
	return nil, &trino.Error{Name: "TABLE_NOT_FOUND", Message: name}
}

// evaluate runs a query and answers its rows: values by |, rows by ; and NULL
// for NULL.
func evaluate(ctx context.Context, db *sql.DB, text string) (string, string, error) {
	s, err := trino.Parse(text)
	if err != nil {
		return "", "", err
	}
	plan, err := trino.CompileQuery(s.Query, trino.Options{Catalog: nowhere{}, Database: "db", Now: "2024-02-29 12:34:56.789000"})
	if err != nil {
		return "", "", err
	}
	rows, err := db.QueryContext(ctx, plan.Text())
	if err != nil {
		return "", plan.Text(), err
	}
	defer rows.Close()
	var lines []string
	for rows.Next() {
		values, to := make([]sql.NullString, len(plan.Columns)), make([]any, len(plan.Columns))
		for i := range values {
			to[i] = &values[i]
		}
		if err := rows.Scan(to...); err != nil {
			return "", plan.Text(), err
		}
		words := make([]string, len(values))
		for i, v := range values {
			if words[i] = v.String; !v.Valid {
				words[i] = "NULL"
			}
		}
		lines = append(lines, strings.Join(words, "|"))
	}
	return strings.Join(lines, ";"), plan.Text(), rows.Err()
}

// TestExpressionsHaveTheValuesThatTrinoGives reads testdata/*.txt: a line
// "expression => value", where the value is what Athena shows, or "!" and a part
// of the error. Lines with # say where the expectations come from.
func TestExpressionsHaveTheValuesThatTrinoGives(t *testing.T) {
	db, err := duck.Open(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	}()
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatal("no testdata", err)
	}
	n := 0
	for _, name := range files {
		f, err := os.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(f)
		for lines.Scan() {
			line := strings.TrimLeft(lines.Text(), " ")
			if line == "" || strings.HasPrefix(line, "#") {
				continue
			}
			expression, want, ok := strings.Cut(line, " => ")
			if !ok {
				t.Fatalf("%s: no => in %s", name, line)
			}
			n++
			text := expression
			if !strings.HasPrefix(expression, "SELECT ") && !strings.HasPrefix(expression, "WITH ") && !strings.HasPrefix(expression, "VALUES ") {
				text = "SELECT " + expression
			}
			got, compiled, err := evaluate(t.Context(), db, text)
			if failure, ok := strings.CutPrefix(want, "!"); ok {
				if err == nil || !strings.Contains(err.Error(), failure) {
					t.Errorf("%s: %s\ngot  %s %v\nwant an error with %s", filepath.Base(name), expression, got, err, failure)
				}
				continue
			}
			if err != nil || got != strings.ReplaceAll(want, `\n`, "\n") {
				t.Errorf("%s: %s\ngot  %s %v\nwant %s\n     %s", filepath.Base(name), expression, got, err, want, compiled)
			}
		}
		if err := lines.Err(); err != nil {
			t.Fatal(err)
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("%d expressions", n)
}
