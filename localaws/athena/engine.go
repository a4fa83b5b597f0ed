package athena

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"crawlerless/localaws/athena/duck"
	"crawlerless/localaws/athena/trino"
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

// answer runs the statement.
func (q *query) answer(ctx context.Context) (*result, error) {
	s := q.execution.statement
	switch {
	case strings.HasPrefix(s.missing, "\x00"):
		return nil, fail(s.missing[1:])
	case s.missing != "":
		return nil, fail("NotImplemented: localaws does not implement " + s.missing + " of athena")
	case s.hive != nil:
		return q.define(ctx, s.hive)
	case s.sql.Kind == "CREATE VIEW":
		return q.createView(ctx, s.sql)
	case s.sql.Kind == "PREPARE", s.sql.Kind == "EXECUTE", s.sql.Kind == "DEALLOCATE":
		return q.runPrepared(ctx, s.sql)
	}
	return q.perform(ctx, s.sql, q.execution.parameters)
}

// perform runs what answers or writes rows.
func (q *query) perform(ctx context.Context, s *trino.Statement, parameters []string) (*result, error) {
	switch s.Kind {
	case "CREATE TABLE AS":
		return q.createTableAs(ctx, s, parameters)
	case "INSERT":
		return q.insert(ctx, s, parameters)
	case "UNLOAD":
		return q.unload(ctx, s, parameters)
	}
	return q.selectRows(ctx, s.Query, parameters)
}

// now is the time of the query, for the compiler.
func now(q *query) string { return q.execution.submitted.UTC().Format("2006-01-02 15:04:05.000000") }

// selectRows compiles a query, reads the tables that it names into DuckDB and
// runs it there.
func (q *query) selectRows(ctx context.Context, text *trino.Query, parameters []string) (r *result, err error) {
	c := &catalog{query: q, ctx: ctx, sources: map[*trino.Table]*source{}}
	plan, err := q.compile(c, text, parameters)
	if err != nil {
		return nil, err
	}
	err = q.over(c, plan, func(db *sql.DB) (err error) {
		r, err = q.run(ctx, db, plan)
		return err
	})
	return r, err
}

func (q *query) compile(c *catalog, text *trino.Query, parameters []string) (*trino.Plan, error) {
	plan, err := trino.CompileQuery(text, trino.Options{Catalog: c, Database: q.execution.database, Params: parameters, Now: now(q)})
	if err != nil {
		return nil, refused(err)
	}
	return plan, nil
}

// over does something with a DuckDB that has the relations of a plan.
func (q *query) over(c *catalog, plan *trino.Plan, do func(*sql.DB) error) (err error) {
	db, err := duck.Open(c.ctx, q.service.env.Dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	for _, scan := range plan.Scans {
		if err := c.scan(c.ctx, db, scan); err != nil {
			return err
		}
	}
	if err := exec(c.ctx, db, "SET lock_configuration=true"); err != nil {
		return err
	}
	return do(db)
}

func exec(ctx context.Context, db *sql.DB, text string) error {
	if _, err := db.ExecContext(ctx, text); err != nil {
		return fmt.Errorf("prepare the query: %w", err)
	}
	return nil
}

// run runs the compiled query. Values arrive as the texts that Athena shows.
func (q *query) run(ctx context.Context, db *sql.DB, plan *trino.Plan) (_ *result, err error) {
	r := &result{}
	for _, c := range plan.Columns {
		r.columns = append(r.columns, column{name: c.Name, kind: c.Type})
	}
	rows, err := db.QueryContext(ctx, plan.Text())
	if err != nil {
		return nil, q.worded(err, plan)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		values, to := make([]sql.NullString, len(r.columns)), make([]any, len(r.columns))
		for i := range values {
			to[i] = &values[i]
		}
		if err := rows.Scan(to...); err != nil {
			return nil, err
		}
		row := make([]*string, len(values))
		for i, v := range values {
			if v.Valid {
				row[i] = aws.String(v.String)
			}
		}
		r.rows = append(r.rows, row)
	}
	if err := rows.Err(); err != nil {
		return nil, q.worded(err, plan)
	}
	return r, nil
}

// refused is an error of the compiler or of the catalog as a query ends with it.
func refused(err error) error {
	var e *trino.Error
	if errors.As(err, &e) {
		return fail(e.Error())
	}
	return err
}

var (
	ownWords = regexp.MustCompile(`(?s)API error: ([A-Z][A-Z_]+: .*)$`)
	overflow = regexp.MustCompile(`Overflow in|Out of Range|out of range|Cannot cast .*overflow|can't be cast because the value is out of range`)
)

// worded gives an error of DuckDB's Trino's words. What has none is a limit of
// localaws: the log says what DuckDB said.
func (q *query) worded(err error, plan *trino.Plan) error {
	text := err.Error()
	switch {
	case errors.Is(err, context.Canceled):
		return err
	case ownWords.MatchString(text):
		return fail(ownWords.FindStringSubmatch(text)[1])
	case strings.Contains(text, "More than one row returned by a subquery"):
		return fail("SUBQUERY_MULTIPLE_ROWS: Scalar sub-query has returned multiple rows")
	case strings.Contains(text, "Map keys must be unique"):
		return fail("INVALID_FUNCTION_ARGUMENT: Duplicate map keys are not allowed")
	case strings.Contains(text, "Map keys can not be NULL"):
		return fail("INVALID_FUNCTION_ARGUMENT: map key cannot be null")
	case overflow.MatchString(text):
		return fail("NUMERIC_VALUE_OUT_OF_RANGE: a number is beyond the range of its type")
	case strings.Contains(text, "Out of Memory"):
		return fail("EXCEEDED_LOCAL_MEMORY_LIMIT: Query exceeded the memory that localaws gives to one query")
	}
	q.service.env.Log.Warn("athena: DuckDB refused a compiled query", "query", q.execution.id, "error", text, "sql", plan.SQL)
	return fail("GENERIC_INTERNAL_ERROR: localaws could not run this query, which Athena may well run: a limit of localaws, whose log says more (query " + q.execution.id + ")")
}

// literal is s as a string of SQL.
func literal(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

// quoted is s as an identifier of SQL.
func quoted(s string) string { return `"` + strings.ReplaceAll(s, `"`, `""`) + `"` }
