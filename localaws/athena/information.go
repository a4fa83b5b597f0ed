package athena

import (
	"context"
	"database/sql"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	gluetypes "github.com/aws/aws-sdk-go-v2/service/glue/types"

	"crawlerless/localaws/athena/trino"
)

// informationSchema is a table of information_schema: schemata, tables,
// columns, views. Athena sees all databases in it.
// https://docs.aws.amazon.com/athena/latest/ug/querying-glue-catalog.html
func (c *catalog) informationSchema(name string) (*trino.Table, error) {
	t := &trino.Table{Database: "information_schema", Name: name}
	text := func(names ...string) {
		for _, n := range names {
			t.Columns = append(t.Columns, trino.Column{Name: n, Type: trino.Varchar()})
		}
	}
	var rows func() ([][]any, error)
	switch name {
	case "schemata":
		text("catalog_name", "schema_name")
		rows = func() ([][]any, error) {
			names, err := c.query.databases(c.ctx)
			var rows [][]any
			for _, n := range append(names, "information_schema") {
				rows = append(rows, []any{catalogName, n})
			}
			return rows, err
		}
	case "tables":
		text("table_catalog", "table_schema", "table_name", "table_type")
		rows = func() ([][]any, error) {
			return c.each(func(t *gluetypes.Table) [][]any {
				kind := "BASE TABLE"
				if aws.ToString(t.TableType) == "VIRTUAL_VIEW" {
					kind = "VIEW"
				}
				return [][]any{{catalogName, aws.ToString(t.DatabaseName), aws.ToString(t.Name), kind}}
			})
		}
	case "views":
		text("table_catalog", "table_schema", "table_name", "view_definition")
		rows = func() ([][]any, error) {
			return c.each(func(t *gluetypes.Table) [][]any {
				v := &trino.Table{Database: aws.ToString(t.DatabaseName), Name: aws.ToString(t.Name)}
				if aws.ToString(t.TableType) != "VIRTUAL_VIEW" || view(t, v) != nil {
					return nil
				}
				return [][]any{{catalogName, v.Database, v.Name, v.View}}
			})
		}
	case "columns":
		text("table_catalog", "table_schema", "table_name", "column_name")
		t.Columns = append(t.Columns, trino.Column{Name: "ordinal_position", Type: trino.Bigint()})
		text("column_default", "is_nullable", "data_type", "comment", "extra_info")
		rows = func() ([][]any, error) { return c.each(columnRows) }
	default:
		return nil, &trino.Error{Name: "TABLE_NOT_FOUND", Message: "Table 'awsdatacatalog.information_schema." + name + "' does not exist (localaws has schemata, tables, columns and views)"}
	}
	if c.schemas == nil {
		c.schemas = map[*trino.Table]func() ([][]any, error){}
	}
	c.schemas[t] = rows
	return t, nil
}

// catalogName is the one catalog that there is.
const catalogName = "awsdatacatalog"

func columnRows(t *gluetypes.Table) [][]any {
	database, name := aws.ToString(t.DatabaseName), aws.ToString(t.Name)
	var rows [][]any
	add := func(column, kind, comment, extra any) {
		rows = append(rows, []any{catalogName, database, name, column, len(rows) + 1, nil, "YES", kind, comment, extra})
	}
	if aws.ToString(t.TableType) == "VIRTUAL_VIEW" {
		v := &trino.Table{Database: database, Name: name}
		if view(t, v) == nil {
			for _, c := range v.Columns {
				add(c.Name, c.Type.String(), nil, nil)
			}
		}
		return rows
	}
	list := func(columns []gluetypes.Column, extra any) {
		for _, c := range columns {
			kind := aws.ToString(c.Type)
			if parsed, err := columnsOf([]gluetypes.Column{c}); err == nil {
				kind = trino.FromHive(parsed[0].Type).String()
			}
			var comment any
			if c.Comment != nil {
				comment = *c.Comment
			}
			add(aws.ToString(c.Name), kind, comment, extra)
		}
	}
	if t.StorageDescriptor != nil {
		list(t.StorageDescriptor.Columns, nil)
	}
	list(t.PartitionKeys, "partition key")
	return rows
}

// each collects rows of every table of every database.
func (c *catalog) each(of func(*gluetypes.Table) [][]any) ([][]any, error) {
	names, err := c.query.databases(c.ctx)
	if err != nil {
		return nil, err
	}
	var rows [][]any
	for _, database := range names {
		tables, err := c.query.tablesOf(c.ctx, database)
		if err != nil {
			return nil, err
		}
		for i := range tables {
			rows = append(rows, of(&tables[i])...)
		}
	}
	return rows, nil
}

func (c *catalog) scanSchema(ctx context.Context, db *sql.DB, scan *trino.Scan, rows func() ([][]any, error)) error {
	list, err := rows()
	if err != nil {
		return err
	}
	return relation(ctx, db, scan.Relation, scan.Table.Columns, list)
}

// databases are the names of all databases, in order.
func (q *query) databases(ctx context.Context) ([]string, error) {
	var names []string
	pages := glue.NewGetDatabasesPaginator(q.glue(), &glue.GetDatabasesInput{})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fail("Insufficient permissions or failure while listing databases: " + err.Error())
		}
		for _, d := range page.DatabaseList {
			names = append(names, aws.ToString(d.Name))
		}
	}
	slices.Sort(names)
	return names, nil
}

// tablesOf are the tables of a database, by name.
func (q *query) tablesOf(ctx context.Context, database string) ([]gluetypes.Table, error) {
	var tables []gluetypes.Table
	pages := glue.NewGetTablesPaginator(q.glue(), &glue.GetTablesInput{DatabaseName: &database})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		tables = append(tables, page.TableList...)
	}
	slices.SortFunc(tables, func(a, b gluetypes.Table) int {
		if aws.ToString(a.Name) < aws.ToString(b.Name) {
			return -1
		}
		return 1
	})
	return tables, nil
}
