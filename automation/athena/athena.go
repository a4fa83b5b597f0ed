// Package athena asks questions of the lake: it runs a query through the
// Athena API and waits for its rows.
package athena

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/athena"
	"github.com/aws/aws-sdk-go-v2/service/athena/types"
)

// Client runs queries in one workgroup and database.
type Client struct {
	API                 *athena.Client
	Workgroup, Database string
}

// Result is what a query answered.
type Result struct {
	ID      string
	Columns []string
	Types   []string // Athena's, by column
	// Rows hold the text of each value; nil is NULL.
	Rows [][]*string
	// Truncated says that there were more rows than were asked for.
	Truncated    bool
	ScannedBytes int64
	Engine       time.Duration
	Output       string // s3:// URL of the CSV
}

// QueryError is a query that ended without rows.
type QueryError struct {
	ID, State, Reason, SQL string
	ScannedBytes           int64
}

func (e *QueryError) Error() string {
	return fmt.Sprintf("query %s %s: %s", e.ID, e.State, e.Reason)
}

// Query runs sql and answers at most limit rows (0: all). When ctx ends while
// the query runs, the query is stopped: a query that nobody waits for still
// costs.
func (c *Client) Query(ctx context.Context, sql string, limit int) (*Result, error) {
	started, err := c.API.StartQueryExecution(ctx, &athena.StartQueryExecutionInput{
		QueryString: aws.String(sql), WorkGroup: aws.String(c.Workgroup),
		QueryExecutionContext: &types.QueryExecutionContext{Database: aws.String(c.Database)},
	})
	if err != nil {
		return nil, fmt.Errorf("start the query: %w", err)
	}
	id := aws.ToString(started.QueryExecutionId)
	execution, err := c.wait(ctx, id)
	if err != nil {
		return nil, err
	}
	status := execution.Status
	if status.State != types.QueryExecutionStateSucceeded {
		failure := &QueryError{ID: id, State: string(status.State), Reason: aws.ToString(status.StateChangeReason), SQL: sql}
		if execution.Statistics != nil {
			failure.ScannedBytes = aws.ToInt64(execution.Statistics.DataScannedInBytes)
		}
		return nil, failure
	}
	r := &Result{ID: id}
	if s := execution.Statistics; s != nil {
		r.ScannedBytes = aws.ToInt64(s.DataScannedInBytes)
		r.Engine = time.Duration(aws.ToInt64(s.EngineExecutionTimeInMillis)) * time.Millisecond
	}
	if execution.ResultConfiguration != nil {
		r.Output = aws.ToString(execution.ResultConfiguration.OutputLocation)
	}
	return r, c.rows(ctx, r, limit, execution.StatementType)
}

// wait polls, ever more slowly up to a second.
func (c *Client) wait(ctx context.Context, id string) (*types.QueryExecution, error) {
	for pause := 5 * time.Millisecond; ; pause = min(pause*3/2, time.Second) {
		out, err := c.API.GetQueryExecution(ctx, &athena.GetQueryExecutionInput{QueryExecutionId: &id})
		if err == nil {
			switch out.QueryExecution.Status.State {
			case types.QueryExecutionStateSucceeded, types.QueryExecutionStateFailed, types.QueryExecutionStateCancelled:
				return out.QueryExecution, nil
			}
		}
		t := time.NewTimer(pause)
		select {
		case <-t.C:
		case <-ctx.Done():
			t.Stop()
			stopping, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
			defer cancel()
			_, stop := c.API.StopQueryExecution(stopping, &athena.StopQueryExecutionInput{QueryExecutionId: &id})
			return nil, errors.Join(ctx.Err(), stop)
		}
		if err != nil {
			return nil, fmt.Errorf("query %s: %w", id, err)
		}
	}
}

// rows reads pages until limit. The first row of a SELECT is its header.
func (c *Client) rows(ctx context.Context, r *Result, limit int, kind types.StatementType) error {
	pages := athena.NewGetQueryResultsPaginator(c.API, &athena.GetQueryResultsInput{QueryExecutionId: &r.ID})
	header := kind == types.StatementTypeDml
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return fmt.Errorf("results of query %s: %w", r.ID, err)
		}
		if r.Columns == nil && page.ResultSet.ResultSetMetadata != nil {
			for _, c := range page.ResultSet.ResultSetMetadata.ColumnInfo {
				r.Columns = append(r.Columns, aws.ToString(c.Name))
				r.Types = append(r.Types, aws.ToString(c.Type))
			}
		}
		for _, row := range page.ResultSet.Rows {
			if header {
				header = false
				continue
			}
			if limit > 0 && len(r.Rows) == limit {
				r.Truncated = true
				return nil
			}
			values := make([]*string, len(row.Data))
			for i, d := range row.Data {
				values[i] = d.VarCharValue
			}
			r.Rows = append(r.Rows, values)
		}
	}
	return nil
}

// Count runs a query whose answer is one whole number.
func (c *Client) Count(ctx context.Context, sql string) (int64, *Result, error) {
	r, err := c.Query(ctx, sql, 1)
	if err != nil {
		return 0, nil, err
	}
	if len(r.Rows) != 1 || len(r.Rows[0]) != 1 || r.Rows[0][0] == nil {
		return 0, r, fmt.Errorf("%s: expected one number, got %d rows", sql, len(r.Rows))
	}
	var n int64
	if _, err := fmt.Sscan(*r.Rows[0][0], &n); err != nil {
		return 0, r, fmt.Errorf("%s: %q is not a number: %w", sql, *r.Rows[0][0], err)
	}
	return n, r, nil
}
