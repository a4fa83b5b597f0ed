// Package duck is the DuckDB on which the local Athena runs what package trino
// compiles: the settings, and the functions that the compiled text names
// (trino_…). A function of Trino that DuckDB computes alike is DuckDB's own; one
// of arrays or maps of any type is a macro (macros.go); all others are Go, so
// that their rules and their errors are Trino's.
//
// Functions are NULL where an argument is, as Trino's are. An error begins with
// Trino's name of it ("DIVISION_BY_ZERO: …").
package duck

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"strings"

	"github.com/duckdb/duckdb-go/v2"
)

// Open starts a DuckDB of its own in memory. It reads files from dir only.
func Open(ctx context.Context, dir string) (_ *sql.DB, err error) {
	connector, err := duckdb.NewConnector("", nil)
	if err != nil {
		return nil, fmt.Errorf("open DuckDB: %w", err)
	}
	db := sql.OpenDB(connector)
	db.SetMaxOpenConns(1) // settings and functions belong to the one database
	defer func() {
		if err != nil {
			err = errors.Join(err, db.Close())
		}
	}()
	conn, err := db.Conn(ctx)
	if err != nil {
		return nil, fmt.Errorf("open DuckDB: %w", err)
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	for _, f := range functions() {
		if err := duckdb.RegisterScalarUDF(conn, f.name, f); err != nil {
			return nil, fmt.Errorf("define %s: %w", f.name, err)
		}
	}
	settings := []string{
		"SET memory_limit='2GB'", "SET threads=2", "SET TimeZone='UTC'", "SET preserve_insertion_order=true", "SET temp_directory=''",
		"SET autoinstall_known_extensions=false", "SET autoload_known_extensions=false", "SET default_null_order='nulls_last'",
		"SET ieee_floating_point_ops=true", "SET scalar_subquery_error_on_multiple_rows=true",
	}
	if dir != "" {
		settings = append(settings, "SET allowed_directories=['"+strings.ReplaceAll(dir, "'", "''")+"']")
	}
	settings = append(settings, "SET enable_external_access=false")
	for _, statement := range append(settings, macros...) {
		if _, err := conn.ExecContext(ctx, statement); err != nil {
			return nil, fmt.Errorf("set up DuckDB: %s: %w", statement, err)
		}
	}
	return db, nil
}

// function is a scalar function in Go. Types are written as in signatures.
type function struct {
	name   string
	config duckdb.ScalarFuncConfig
	run    func([]driver.Value) (any, error)
}

// Config is part of duckdb.ScalarFunc.
func (f *function) Config() duckdb.ScalarFuncConfig { return f.config }

// Executor is part of duckdb.ScalarFunc.
func (f *function) Executor() duckdb.ScalarFuncExecutor {
	return duckdb.ScalarFuncExecutor{RowExecutor: f.run}
}

// define reads a signature: "name(varchar, bigint) boolean".
func define(signature string, run func(v []driver.Value) (any, error)) *function {
	name, rest, _ := strings.Cut(signature, "(")
	params, result, _ := strings.Cut(rest, ") ")
	f := &function{name: "trino_" + name, run: run}
	for p := range strings.SplitSeq(params, ", ") {
		f.config.InputTypeInfos = append(f.config.InputTypeInfos, typeInfo(p))
	}
	f.config.ResultTypeInfo = typeInfo(result)
	return f
}

// typeInfo is DuckDB's description of a type. It panics for what the
// signatures, which are constant, do not use.
func typeInfo(name string) duckdb.TypeInfo {
	must := func(info duckdb.TypeInfo, err error) duckdb.TypeInfo {
		if err != nil {
			panic("duck: type " + name + ": " + err.Error())
		}
		return info
	}
	if elem, ok := strings.CutSuffix(name, "[]"); ok {
		return must(duckdb.NewListInfo(typeInfo(elem)))
	}
	switch name {
	case "varchar":
		return must(duckdb.NewTypeInfo(duckdb.TYPE_VARCHAR))
	case "bigint":
		return must(duckdb.NewTypeInfo(duckdb.TYPE_BIGINT))
	case "double":
		return must(duckdb.NewTypeInfo(duckdb.TYPE_DOUBLE))
	case "real":
		return must(duckdb.NewTypeInfo(duckdb.TYPE_FLOAT))
	case "boolean":
		return must(duckdb.NewTypeInfo(duckdb.TYPE_BOOLEAN))
	case "varbinary":
		return must(duckdb.NewTypeInfo(duckdb.TYPE_BLOB))
	case "timestamp":
		return must(duckdb.NewTypeInfo(duckdb.TYPE_TIMESTAMP))
	case "date":
		return must(duckdb.NewTypeInfo(duckdb.TYPE_DATE))
	case "time":
		return must(duckdb.NewTypeInfo(duckdb.TYPE_TIME))
	case "zoned":
		entry := func(info duckdb.TypeInfo, name string) duckdb.StructEntry {
			e, err := duckdb.NewStructEntry(info, name)
			if err != nil {
				panic("duck: " + err.Error())
			}
			return e
		}
		return must(duckdb.NewStructInfo(entry(typeInfo("timestamp"), "t"), entry(typeInfo("varchar"), "z")))
	}
	panic("duck: unknown type " + name)
}

// Error is a failure in Trino's words, by its name.
type Error struct{ Name, Message string }

func (e *Error) Error() string { return e.Name + ": " + e.Message }

func fail(name, format string, args ...any) error {
	return &Error{name, fmt.Sprintf(format, args...)}
}

func functions() []*function {
	var all []*function
	for _, some := range [][]*function{castFunctions(), textFunctions(), regexpFunctions(), timeFunctions(), jsonFunctions(), otherFunctions(), addressFunctions(), byteFunctions(), numberFunctions(), pathFunctions()} {
		all = append(all, some...)
	}
	return all
}
