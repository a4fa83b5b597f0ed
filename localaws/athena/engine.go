package athena

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/athena/types"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/duckdb/duckdb-go/v2"
)

// query is the answering of one execution.
type query struct {
	service   *Service
	execution *execution
	as        aws.Config
	scanned   int64
}

func (q *query) glue() *glue.Client { return glue.NewFromConfig(q.as) }
func (q *query) s3() *s3.Client {
	return s3.NewFromConfig(q.as, func(o *s3.Options) { o.UsePathStyle = true })
}

var firstWord = regexp.MustCompile(`^[\s(]*([A-Za-z]+)`)

// statementType is Athena's: SELECT and WITH are DML, SHOW and DESCRIBE and the
// like UTILITY, others DDL.
func statementType(text string) types.StatementType {
	switch m := firstWord.FindStringSubmatch(withoutComments(text)); {
	case m == nil:
		return types.StatementTypeDml
	default:
		switch strings.ToUpper(m[1]) {
		case "SELECT", "WITH", "VALUES", "TABLE", "INSERT", "UNLOAD", "MERGE", "DELETE", "UPDATE":
			return types.StatementTypeDml
		case "SHOW", "DESCRIBE", "DESC", "EXPLAIN":
			return types.StatementTypeUtility
		}
		return types.StatementTypeDdl
	}
}

// answer runs the statement.
func (q *query) answer(ctx context.Context) (*result, error) {
	text := strings.TrimRight(strings.TrimSpace(withoutComments(q.execution.sql)), "; \n\t")
	m := firstWord.FindStringSubmatch(text)
	if m == nil {
		return nil, fail("SYNTAX_ERROR: mismatched input: a statement is expected")
	}
	switch word := strings.ToUpper(m[1]); word {
	case "SELECT", "WITH", "VALUES":
		return q.selectRows(ctx, text)
	case "SHOW", "DESCRIBE", "DESC":
		return q.show(ctx, text)
	default:
		return nil, fail("NotImplemented: localaws does not implement the statement " + word + " of athena")
	}
}

// selectRows reads the tables that a query names into DuckDB and runs it.
func (q *query) selectRows(ctx context.Context, text string) (_ *result, err error) {
	text, err = parameters(translate(text), q.execution.parameters)
	if err != nil {
		return nil, err
	}
	connector, err := duckdb.NewConnector("", nil)
	if err != nil {
		return nil, fmt.Errorf("open DuckDB: %w", err)
	}
	db := sql.OpenDB(connector)
	db.SetMaxOpenConns(1) // settings and schemas belong to the connection's database
	defer func() { err = errors.Join(err, db.Close()) }()
	for _, setting := range append([]string{
		"SET memory_limit='2GB'", "SET threads=2", "SET integer_division=true", "SET TimeZone='UTC'", "SET preserve_insertion_order=true",
		"SET temp_directory=''", "SET autoinstall_known_extensions=false", "SET autoload_known_extensions=false", "SET default_null_order='nulls_last'",
		"SET allowed_directories=[" + literal(q.service.env.Dir) + "]", "SET enable_external_access=false",
	}, macros...) {
		if _, err := db.ExecContext(ctx, setting); err != nil {
			return nil, fmt.Errorf("set up DuckDB: %s: %w", setting, err)
		}
	}
	tree, err := parse(ctx, db, text)
	if err != nil {
		return nil, err
	}
	if err := q.tables(ctx, db, tree); err != nil {
		return nil, err
	}
	if _, err := db.ExecContext(ctx, "SET lock_configuration=true"); err != nil {
		return nil, err
	}
	return run(ctx, db, text)
}

// parse has DuckDB parse the text, and answers its tree.
func parse(ctx context.Context, db *sql.DB, text string) (map[string]any, error) {
	var out string
	if err := db.QueryRowContext(ctx, "SELECT json_serialize_sql("+literal(text)+")::VARCHAR").Scan(&out); err != nil {
		return nil, fmt.Errorf("parse the query: %w", err)
	}
	var tree map[string]any
	if err := json.Unmarshal([]byte(out), &tree); err != nil {
		return nil, fmt.Errorf("parse the query: %w", err)
	}
	if tree["error"] == true {
		return nil, fail(fmt.Sprintf("SYNTAX_ERROR: %v", tree["error_message"]))
	}
	return tree, nil
}

// run runs the query and renders its values as Athena does.
func run(ctx context.Context, db *sql.DB, text string) (_ *result, err error) {
	described, err := db.QueryContext(ctx, "DESCRIBE "+text)
	if err != nil {
		return nil, worded(err)
	}
	var ducks, names, list []string
	for described.Next() {
		var name, kind string
		var rest [4]any
		if err := described.Scan(&name, &kind, &rest[0], &rest[1], &rest[2], &rest[3]); err != nil {
			return nil, errors.Join(err, described.Close())
		}
		column := fmt.Sprintf("c%d", len(names))
		names, ducks = append(names, column), append(ducks, kind)
		switch athenaType(kind) {
		case "array", "map", "row":
			list = append(list, "to_json("+column+")::VARCHAR")
		case "timestamp":
			list = append(list, "strftime("+column+", '%Y-%m-%d %H:%M:%S.%g')")
		case "double":
			list = append(list, column+"::DOUBLE")
		case "float":
			list = append(list, column+"::FLOAT")
		default:
			list = append(list, column+"::VARCHAR")
		}
	}
	if err := errors.Join(described.Err(), described.Close()); err != nil {
		return nil, worded(err)
	}
	r := &result{}
	if r.columns, err = labels(ctx, db, text, ducks); err != nil {
		return nil, err
	}
	rows, err := db.QueryContext(ctx, "SELECT "+strings.Join(list, ", ")+" FROM ("+text+") AS q("+strings.Join(names, ", ")+")")
	if err != nil {
		return nil, worded(err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		values, to := make([]any, len(ducks)), make([]any, len(ducks))
		for i := range values {
			to[i] = &values[i]
		}
		if err := rows.Scan(to...); err != nil {
			return nil, err
		}
		row := make([]*string, len(values))
		for i, v := range values {
			if row[i], err = render(v, r.columns[i].kind); err != nil {
				return nil, err
			}
		}
		r.rows = append(r.rows, row)
	}
	return r, worded(rows.Err())
}

// labels are the names of the columns, in lower case as Athena has them;
// expressions without a name are _col0, _col1, ….
func labels(ctx context.Context, db *sql.DB, text string, ducks []string) ([]column, error) {
	rows, err := db.QueryContext(ctx, "SELECT * FROM ("+text+") LIMIT 0")
	if err != nil {
		return nil, worded(err)
	}
	names, err := rows.Columns()
	if err = errors.Join(err, rows.Close()); err != nil {
		return nil, err
	}
	columns := make([]column, len(ducks))
	for i, kind := range ducks {
		name := strings.ToLower(names[i])
		if !plainName.MatchString(names[i]) {
			name = fmt.Sprintf("_col%d", i)
		}
		columns[i] = column{name: name, kind: athenaType(kind)}
	}
	return columns, nil
}

var plainName = regexp.MustCompile(`^[A-Za-z_$][A-Za-z0-9_$@:-]*$`)

func render(v any, kind string) (*string, error) {
	switch v := v.(type) {
	case nil:
		return nil, nil
	case string:
		if kind == "array" || kind == "map" || kind == "row" {
			text, err := nested(v)
			return &text, err
		}
		return &v, nil
	case float64:
		return aws.String(javaDouble(v, 64)), nil
	case float32:
		return aws.String(javaDouble(float64(v), 32)), nil
	}
	return aws.String(fmt.Sprint(v)), nil
}

var (
	missingColumn   = regexp.MustCompile(`Referenced column "([^"]+)" not found`)
	missingTable    = regexp.MustCompile(`Table with name (\S+) does not exist`)
	missingFunction = regexp.MustCompile(`Function with name (\S+) does not exist`)
	missingField    = regexp.MustCompile(`Could not find key "([^"]+)" in struct`)
)

// worded turns DuckDB's errors into Athena's words as far as they are alike.
func worded(err error) error {
	if err == nil {
		return nil
	}
	text := err.Error()
	if m := missingColumn.FindStringSubmatch(text); m != nil {
		return fail("COLUMN_NOT_FOUND: line 1:8: Column '" + m[1] + "' cannot be resolved or requester is not authorized to access requested resources")
	}
	if m := missingField.FindStringSubmatch(text); m != nil {
		return fail("COLUMN_NOT_FOUND: line 1:8: Column '" + m[1] + "' cannot be resolved or requester is not authorized to access requested resources")
	}
	if m := missingTable.FindStringSubmatch(text); m != nil {
		return fail("TABLE_NOT_FOUND: line 1:15: Table 'awsdatacatalog." + m[1] + "' does not exist")
	}
	if m := missingFunction.FindStringSubmatch(text); m != nil {
		return fail("FUNCTION_NOT_FOUND: line 1:8: Function '" + m[1] + "' not registered (or not implemented by localaws)")
	}
	if strings.Contains(text, "Parser Error") || strings.Contains(text, "Binder Error") {
		return fail("SYNTAX_ERROR: " + text)
	}
	return fail("GENERIC_USER_ERROR: " + text)
}

// literal is s as a string of SQL.
func literal(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

// quoted is s as an identifier of SQL.
func quoted(s string) string { return `"` + strings.ReplaceAll(s, `"`, `""`) + `"` }
