package athena

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	gluetypes "github.com/aws/aws-sdk-go-v2/service/glue/types"

	"crawlerless/localaws/athena/ddl"
	"crawlerless/localaws/athena/trino"
)

// hiveTask is how Hive reports that a task failed.
func hiveTask(exception, message string) error {
	return fail("FAILED: Execution Error, return code 1 from org.apache.hadoop.hive.ql.exec.DDLTask. " + exception + "(message:" + message + ")")
}

// define carries out a statement of Hive's.
func (q *query) define(ctx context.Context, s ddl.Statement) (*result, error) {
	switch s := s.(type) {
	case *ddl.Show:
		return q.show(ctx, s)
	case *ddl.Describe:
		return q.describe(ctx, s)
	case *ddl.CreateDatabase:
		return q.createDatabase(ctx, s)
	case *ddl.DropDatabase:
		return q.dropDatabase(ctx, s)
	case *ddl.CreateTable:
		return q.createTable(ctx, s)
	case *ddl.DropTable:
		return q.dropTable(ctx, s)
	case *ddl.Repair:
		return q.repair(ctx, s)
	case *ddl.AddPartitions:
		return q.addPartitions(ctx, s)
	case *ddl.DropPartitions:
		return q.dropPartitions(ctx, s)
	case *ddl.RenamePartition:
		return q.renamePartition(ctx, s)
	case *ddl.SetLocation:
		return q.setLocation(ctx, s)
	case *ddl.AddColumns:
		return q.addColumns(ctx, s)
	case *ddl.SetProperties:
		return q.change(ctx, s.Name, func(t *gluetypes.TableInput) error {
			if t.Parameters == nil {
				t.Parameters = map[string]string{}
			}
			for k, v := range s.Properties {
				t.Parameters[k] = v
			}
			return nil
		})
	}
	return nil, fail(fmt.Sprintf("NotImplemented: localaws does not implement %T of athena", s))
}

// nothing is the result of a statement that only changes the catalog.
func nothing() *result { return &result{plain: true} }

func (q *query) createDatabase(ctx context.Context, s *ddl.CreateDatabase) (*result, error) {
	in := &gluetypes.DatabaseInput{Name: &s.Name, Parameters: s.Properties}
	if s.Comment != "" {
		in.Description = &s.Comment
	}
	if s.Location != "" {
		in.LocationUri = &s.Location
	}
	_, err := q.glue().CreateDatabase(ctx, &glue.CreateDatabaseInput{DatabaseInput: in})
	var exists *gluetypes.AlreadyExistsException
	if errors.As(err, &exists) {
		if s.IfNotExists {
			return nothing(), nil
		}
		return nil, hiveTask("AlreadyExistsException", "Database "+s.Name+" already exists")
	}
	return nothing(), denied(err)
}

// denied words an error of Glue.
func denied(err error) error {
	if err == nil {
		return nil
	}
	return hiveTask("MetaException", err.Error())
}

func (q *query) dropDatabase(ctx context.Context, s *ddl.DropDatabase) (*result, error) {
	var missing *gluetypes.EntityNotFoundException
	tables, err := q.tablesOf(ctx, s.Name)
	if errors.As(err, &missing) {
		if s.IfExists {
			return nothing(), nil
		}
		return nil, fail("FAILED: SemanticException [Error 10072]: Database does not exist: " + s.Name)
	}
	if err != nil {
		return nil, denied(err)
	}
	if len(tables) > 0 && !s.Cascade {
		return nil, hiveTask("InvalidOperationException", "Database "+s.Name+" is not empty. One or more tables exist.")
	}
	for _, t := range tables {
		if _, err := q.glue().DeleteTable(ctx, &glue.DeleteTableInput{DatabaseName: &s.Name, Name: t.Name}); err != nil && !errors.As(err, &missing) {
			return nil, denied(err)
		}
	}
	_, err = q.glue().DeleteDatabase(ctx, &glue.DeleteDatabaseInput{Name: &s.Name})
	return nothing(), denied(err)
}

func (q *query) createTable(ctx context.Context, s *ddl.CreateTable) (*result, error) {
	n := q.within(s.Name)
	if s.Location == "" {
		return nil, hiveTask("MetaException", "the statement lacks LOCATION, which an external table needs")
	}
	if !strings.HasPrefix(s.Location, "s3://") || strings.HasSuffix(s.Location, "*") || strings.Count(s.Location, "/") < 3 {
		return nil, hiveTask("IllegalArgumentException", "LOCATION must be a folder in S3, s3://bucket/folder/: "+s.Location)
	}
	parameters := s.Properties
	parameters["EXTERNAL"] = "TRUE"
	parameters["transient_lastDdlTime"] = strconv.FormatInt(q.service.env.Clock.Now().Unix(), 10)
	if s.Comment != "" {
		parameters["comment"] = s.Comment
	}
	buckets := int32(-1)
	if s.Buckets > 0 {
		buckets = int32(s.Buckets)
	}
	_, err := q.glue().CreateTable(ctx, &glue.CreateTableInput{DatabaseName: &n.Database, TableInput: &gluetypes.TableInput{
		Name: &n.Table, TableType: aws.String("EXTERNAL_TABLE"), Owner: aws.String("hadoop"), Parameters: parameters,
		PartitionKeys: glueColumns(s.Partitions),
		StorageDescriptor: &gluetypes.StorageDescriptor{
			Columns: glueColumns(s.Columns), Location: &s.Location, InputFormat: &s.InputFormat, OutputFormat: &s.OutputFormat,
			NumberOfBuckets: buckets, BucketColumns: s.BucketColumns,
			SerdeInfo: &gluetypes.SerDeInfo{SerializationLibrary: &s.SerDe, Parameters: s.SerDeProperties},
		},
	}})
	var exists *gluetypes.AlreadyExistsException
	var missing *gluetypes.EntityNotFoundException
	switch {
	case errors.As(err, &exists) && s.IfNotExists:
		return nothing(), nil
	case errors.As(err, &exists):
		return nil, hiveTask("AlreadyExistsException", "Table "+n.Table+" already exists")
	case errors.As(err, &missing):
		return nil, fail("FAILED: SemanticException [Error 10072]: Database does not exist: " + n.Database)
	}
	return nothing(), denied(err)
}

func glueColumns(list []ddl.Column) []gluetypes.Column {
	columns := make([]gluetypes.Column, len(list))
	for i, c := range list {
		columns[i] = gluetypes.Column{Name: aws.String(c.Name), Type: aws.String(c.Type.String())}
		if c.Comment != "" {
			columns[i].Comment = aws.String(c.Comment)
		}
	}
	return columns
}

func (q *query) dropTable(ctx context.Context, s *ddl.DropTable) (*result, error) {
	n := q.within(s.Name)
	out, err := q.glue().GetTable(ctx, &glue.GetTableInput{DatabaseName: &n.Database, Name: &n.Table})
	var missing *gluetypes.EntityNotFoundException
	if errors.As(err, &missing) {
		if s.IfExists {
			return nothing(), nil
		}
		return nil, fail("FAILED: SemanticException [Error 10001]: Table not found " + n.Database + "." + n.Table)
	}
	if err != nil {
		return nil, denied(err)
	}
	if isView := aws.ToString(out.Table.TableType) == "VIRTUAL_VIEW"; isView != s.View {
		if isView {
			return nil, fail("FAILED: SemanticException [Error 10001]: Cannot drop a view with DROP TABLE: " + n.Table)
		}
		return nil, fail("FAILED: SemanticException [Error 10001]: Cannot drop a base table with DROP VIEW: " + n.Table)
	}
	_, err = q.glue().DeleteTable(ctx, &glue.DeleteTableInput{DatabaseName: &n.Database, Name: &n.Table})
	return nothing(), denied(err)
}

// change updates a table as it is now; a concurrent change is not lost.
func (q *query) change(ctx context.Context, name ddl.Name, f func(*gluetypes.TableInput) error) (*result, error) {
	for {
		t, err := q.named(ctx, name)
		if err != nil {
			return nil, err
		}
		in := &gluetypes.TableInput{
			Name: t.Name, Description: t.Description, Owner: t.Owner, LastAccessTime: t.LastAccessTime, LastAnalyzedTime: t.LastAnalyzedTime,
			Parameters: t.Parameters, PartitionKeys: t.PartitionKeys, Retention: t.Retention, StorageDescriptor: t.StorageDescriptor,
			TableType: t.TableType, ViewExpandedText: t.ViewExpandedText, ViewOriginalText: t.ViewOriginalText,
		}
		if err := f(in); err != nil {
			return nil, err
		}
		_, err = q.glue().UpdateTable(ctx, &glue.UpdateTableInput{DatabaseName: t.DatabaseName, TableInput: in, VersionId: t.VersionId})
		var raced *gluetypes.ConcurrentModificationException
		if errors.As(err, &raced) && ctx.Err() == nil {
			continue
		}
		return nothing(), denied(err)
	}
}

func (q *query) addColumns(ctx context.Context, s *ddl.AddColumns) (*result, error) {
	return q.change(ctx, s.Name, func(t *gluetypes.TableInput) error {
		if t.StorageDescriptor == nil {
			return hiveTask("MetaException", "the table has no columns to add to")
		}
		columns := t.StorageDescriptor.Columns
		if s.Replace {
			columns = nil
		}
		taken := map[string]bool{}
		for _, c := range append(append([]gluetypes.Column{}, columns...), t.PartitionKeys...) {
			taken[strings.ToLower(aws.ToString(c.Name))] = true
		}
		for _, c := range s.Columns {
			if taken[c.Name] {
				return fail("FAILED: SemanticException [Error 10036]: Duplicate column name: " + c.Name)
			}
			taken[c.Name] = true
		}
		t.StorageDescriptor.Columns = append(columns, glueColumns(s.Columns)...)
		return nil
	})
}

// createView stores a view as Athena does: its query in base64, with the types
// of its columns.
func (q *query) createView(ctx context.Context, s *trino.Statement) (*result, error) {
	names := make([]string, len(s.Name))
	for i, n := range s.Name {
		names[i] = strings.ToLower(n.Name)
	}
	n := q.within(ddl.Name{Table: names[len(names)-1]})
	if len(names) > 1 {
		n.Database = names[len(names)-2]
	}
	c := &catalog{query: q, ctx: ctx, sources: map[*trino.Table]*source{}}
	plan, err := trino.CompileQuery(s.Query, trino.Options{Catalog: c, Database: q.execution.database, Now: now(q)})
	if err != nil {
		return nil, refused(err)
	}
	p := presto{OriginalSQL: s.Text, Catalog: catalogName, Schema: q.execution.database}
	var columns []gluetypes.Column
	seen := map[string]bool{}
	for i, out := range plan.Columns {
		name := strings.ToLower(out.Name)
		if !out.Named {
			return nil, fail(fmt.Sprintf("MISSING_COLUMN_NAME: Column name not specified at position %d", i+1))
		}
		if seen[name] {
			return nil, fail("DUPLICATE_COLUMN_NAME: Column name '" + name + "' specified more than once")
		}
		seen[name] = true
		p.Columns = append(p.Columns, prestoColumn{name, out.Type.String()})
		columns = append(columns, gluetypes.Column{Name: aws.String(name), Type: aws.String(out.Type.Hive())})
	}
	raw, err := json.Marshal(p)
	if err != nil {
		return nil, err
	}
	in := &gluetypes.TableInput{
		Name: &n.Table, TableType: aws.String("VIRTUAL_VIEW"), Owner: aws.String("hadoop"),
		Parameters:        map[string]string{"presto_view": "true", "comment": "Presto View"},
		ViewOriginalText:  aws.String(viewBegins + base64.StdEncoding.EncodeToString(raw) + viewEnds),
		ViewExpandedText:  aws.String("/* Presto View */"),
		StorageDescriptor: &gluetypes.StorageDescriptor{Columns: columns, Location: aws.String(""), SerdeInfo: &gluetypes.SerDeInfo{}},
	}
	_, err = q.glue().CreateTable(ctx, &glue.CreateTableInput{DatabaseName: &n.Database, TableInput: in})
	var exists *gluetypes.AlreadyExistsException
	var missing *gluetypes.EntityNotFoundException
	switch {
	case errors.As(err, &missing):
		return nil, fail("SCHEMA_NOT_FOUND: Schema '" + n.Database + "' does not exist")
	case errors.As(err, &exists) && !s.Replace:
		return nil, fail("TABLE_ALREADY_EXISTS: line 1:1: View already exists: '" + catalogName + "." + n.Database + "." + n.Table + "'")
	case errors.As(err, &exists):
		return q.change(ctx, n, func(t *gluetypes.TableInput) error {
			if aws.ToString(t.TableType) != "VIRTUAL_VIEW" {
				return fail("TABLE_ALREADY_EXISTS: line 1:1: Table already exists: '" + catalogName + "." + n.Database + "." + n.Table + "'")
			}
			*t = *in
			return nil
		})
	}
	return nothing(), denied(err)
}
