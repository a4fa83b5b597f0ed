// Command duckinfer lets DuckDB say of a file of gzip NDJSON what the package
// lambdas/ndjson says of it: schema, number of records, first and last time.
// It is a peer of the command lambdas/ndjson/sidebyside, which runs it as a
// process of its own, and lies here because DuckDB is reached from nowhere else.
//
// It is DuckDB's best case: the schema is inferred once, over all records, on
// one thread, and the second pass is told it and reads one column.
package main

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"time"

	_ "github.com/duckdb/duckdb-go/v2" // the driver
)

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: duckinfer FILE TIMEFIELD")
		os.Exit(2)
	}
	if err := run(context.Background(), os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, "duckinfer:", err)
		os.Exit(1)
	}
}

// answer is what the side-by-side command compares.
type answer struct {
	Columns int       `json:"columns"`
	Records int64     `json:"records"`
	First   time.Time `json:"first"`
	Last    time.Time `json:"last"`
}

func run(ctx context.Context, file, timeField string) (err error) {
	db, err := sql.Open("duckdb", "?threads=1")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	rows, err := db.QueryContext(ctx, "DESCRIBE SELECT * FROM read_json(?, format='newline_delimited', compression='gzip', sample_size=-1)", file)
	if err != nil {
		return fmt.Errorf("infer %s: %w", file, err)
	}
	var a answer
	for rows.Next() {
		a.Columns++
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return fmt.Errorf("infer %s: %w", file, err)
	}
	query := fmt.Sprintf(`SELECT count(*), min("%[1]s"), max("%[1]s") FROM read_json(?, format='newline_delimited', compression='gzip', columns={'%[1]s': 'TIMESTAMP'})`, timeField)
	if err := db.QueryRowContext(ctx, query, file).Scan(&a.Records, &a.First, &a.Last); err != nil {
		return fmt.Errorf("read %s: %w", file, err)
	}
	return json.NewEncoder(os.Stdout).Encode(a)
}
