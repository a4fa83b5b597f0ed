package athena

import (
	"context"
	"database/sql"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	gluetypes "github.com/aws/aws-sdk-go-v2/service/glue/types"

	"crawlerless/localaws/athena/trino"
)

// catalog is the Glue Data Catalog as one query sees it, with the rights of
// whoever asked.
type catalog struct {
	query   *query
	ctx     context.Context //nolint:containedctx // of the one query that it serves
	sources map[*trino.Table]*source
	schemas map[*trino.Table]func() ([][]any, error) // the rows of information_schema
}

// Table is part of trino.Catalog.
func (c *catalog) Table(database, name string) (*trino.Table, error) {
	if database == "information_schema" {
		return c.informationSchema(name)
	}
	out, err := c.query.glue().GetTable(c.ctx, &glue.GetTableInput{DatabaseName: &database, Name: &name})
	var missing *gluetypes.EntityNotFoundException
	if errors.As(err, &missing) {
		if _, err := c.query.glue().GetDatabase(c.ctx, &glue.GetDatabaseInput{Name: &database}); errors.As(err, &missing) {
			return nil, &trino.Error{Name: "SCHEMA_NOT_FOUND", Message: "Schema '" + database + "' does not exist"}
		}
		return nil, &trino.Error{Name: "TABLE_NOT_FOUND", Message: "Table 'awsdatacatalog." + database + "." + name + "' does not exist"}
	}
	if err != nil {
		return nil, fail("Insufficient permissions or failure while reading table " + database + "." + name + ": " + err.Error())
	}
	t := &trino.Table{Database: database, Name: name}
	if aws.ToString(out.Table.TableType) == "VIRTUAL_VIEW" {
		return t, view(out.Table, t)
	}
	if out.Table.StorageDescriptor == nil {
		return nil, fail("HIVE_UNSUPPORTED_FORMAT: table " + name + " has no storage descriptor")
	}
	src := &source{table: out.Table}
	if src.columns, err = columnsOf(out.Table.StorageDescriptor.Columns); err != nil {
		return nil, err
	}
	if src.keys, err = columnsOf(out.Table.PartitionKeys); err != nil {
		return nil, err
	}
	for _, column := range src.columns {
		t.Columns = append(t.Columns, trino.Column{Name: column.Name, Type: trino.FromHive(column.Type)})
	}
	for _, key := range src.keys {
		t.Columns = append(t.Columns, trino.Column{Name: key.Name, Type: trino.FromHive(key.Type), Partition: true})
	}
	t.Columns = append(t.Columns, trino.Column{Name: "$path", Type: trino.Varchar(), Hidden: true})
	c.sources[t] = src
	return t, nil
}

// presto is what Athena keeps of a view, in base64 within a comment.
type presto struct {
	OriginalSQL string         `json:"originalSql"`
	Catalog     string         `json:"catalog"`
	Schema      string         `json:"schema"`
	Columns     []prestoColumn `json:"columns"`
}

type prestoColumn struct {
	Name string `json:"name"`
	Type string `json:"type"`
}

const (
	viewBegins = "/* Presto View: "
	viewEnds   = " */"
)

// view reads a view from its table.
func view(table *gluetypes.Table, t *trino.Table) error {
	invalid := func(why string) error {
		return fail("INVALID_VIEW: Invalid view JSON of " + t.Database + "." + t.Name + ": " + why)
	}
	text := strings.TrimSpace(aws.ToString(table.ViewOriginalText))
	if !strings.HasPrefix(text, viewBegins) || !strings.HasSuffix(text, viewEnds) {
		return fail("NotImplemented: localaws does not implement Hive views of athena: " + t.Database + "." + t.Name)
	}
	raw, err := base64.StdEncoding.DecodeString(strings.TrimSuffix(strings.TrimPrefix(text, viewBegins), viewEnds))
	if err != nil {
		return invalid(err.Error())
	}
	var p presto
	if err := json.Unmarshal(raw, &p); err != nil {
		return invalid(err.Error())
	}
	t.View, t.ViewDatabase = p.OriginalSQL, strings.ToLower(p.Schema)
	for _, c := range p.Columns {
		typ, err := trino.ParseType(c.Type)
		if err != nil {
			return invalid(err.Error())
		}
		t.Columns = append(t.Columns, trino.Column{Name: strings.ToLower(c.Name), Type: typ})
	}
	return nil
}

// scan makes the relation of one appearance of a table.
func (c *catalog) scan(ctx context.Context, db *sql.DB, scan *trino.Scan) error {
	if rows := c.schemas[scan.Table]; rows != nil {
		return c.scanSchema(ctx, db, scan, rows)
	}
	src := *c.sources[scan.Table]
	src.used = scan.Used
	files, err := c.query.read(ctx, db, &src, scan)
	if err != nil {
		return err
	}
	return exec(ctx, db, "CREATE VIEW "+quoted(scan.Relation)+" AS "+src.view(files))
}

// relation makes a table of rows of texts and numbers.
func relation(ctx context.Context, db *sql.DB, name string, columns []trino.Column, rows [][]any) error {
	list := make([]string, len(columns))
	for i, c := range columns {
		list[i] = quoted(c.Name) + " " + c.Type.DuckDB()
	}
	if err := exec(ctx, db, "CREATE TABLE "+quoted(name)+" ("+strings.Join(list, ", ")+")"); err != nil {
		return err
	}
	const chunk = 500
	for len(rows) > 0 {
		n := min(chunk, len(rows))
		var b strings.Builder
		for i, row := range rows[:n] {
			if i > 0 {
				b.WriteString(", ")
			}
			cells := make([]string, len(row))
			for j, v := range row {
				switch v := v.(type) {
				case nil:
					cells[j] = "NULL"
				case string:
					cells[j] = literal(v)
				default:
					cells[j] = fmt.Sprint(v)
				}
			}
			b.WriteString("(" + strings.Join(cells, ", ") + ")")
		}
		if err := exec(ctx, db, "INSERT INTO "+quoted(name)+" VALUES "+b.String()); err != nil {
			return err
		}
		rows = rows[n:]
	}
	return nil
}
