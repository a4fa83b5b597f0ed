package athena

import (
	"context"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	gluetypes "github.com/aws/aws-sdk-go-v2/service/glue/types"

	"crawlerless/localaws/athena/serde"
	"crawlerless/localaws/athena/trino"
)

// insert is INSERT INTO table query.
func (q *query) insert(ctx context.Context, s *trino.Statement, parameters []string) (*result, error) {
	n := q.tableNamed(s.Name)
	c := &catalog{query: q, ctx: ctx, sources: map[*trino.Table]*source{}}
	table, err := c.Table(n.Database, n.Table)
	if err != nil {
		return nil, refused(err)
	}
	if table.View != "" {
		return nil, fail("NOT_SUPPORTED: line 1:1: Inserting into views is not supported")
	}
	src := c.sources[table]
	if src == nil {
		return nil, fail("NOT_SUPPORTED: line 1:1: This connector does not support inserts")
	}
	columns := slices.DeleteFunc(slices.Clone(table.Columns), func(c trino.Column) bool { return c.Hidden })
	plan, err := q.compile(c, s.Query, parameters)
	if err != nil {
		return nil, err
	}
	values, err := assigned(s, columns, plan, table)
	if err != nil {
		return nil, err
	}
	t, err := insertTarget(src.table)
	if err != nil {
		return nil, err
	}
	t.columns, t.keys = columns, len(src.keys)
	if t.format == "TEXTFILE" && slices.ContainsFunc(columns, func(c trino.Column) bool { return len(c.Type.Args) > 0 }) {
		return nil, fail("NotImplemented: localaws does not implement writing arrays, maps and structs as text of athena")
	}
	if t.keys > 0 {
		known, err := q.partitionsOf(ctx, src.table)
		if err != nil {
			return nil, err
		}
		for _, p := range known {
			if p.StorageDescriptor != nil {
				t.folder[strings.Join(p.Values, "\x00")] = aws.ToString(p.StorageDescriptor.Location)
			}
		}
	}
	out, err := q.writeRows(ctx, c, plan, values, t)
	if err != nil {
		return nil, err
	}
	if src.table.Parameters["projection.enabled"] == "true" {
		return written(out), nil
	}
	return written(out), q.registerWritten(ctx, src.table, t, out.partitions)
}

// insertTarget is how a table is written: by its SerDe.
func insertTarget(table *gluetypes.Table) (target, error) {
	sd := table.StorageDescriptor
	t := target{location: aws.ToString(sd.Location), folder: map[string]string{}, delimiter: "\x01", codec: "GZIP"}
	class := ""
	if sd.SerdeInfo != nil {
		class = aws.ToString(sd.SerdeInfo.SerializationLibrary)
	}
	switch class {
	case parquetSerDe:
		t.format = "PARQUET"
	case serde.OpenX, serde.HCat, serde.HiveOwn:
		t.format = "JSON"
		for name := range sd.SerdeInfo.Parameters {
			if strings.HasPrefix(name, "mapping.") {
				return t, fail("NotImplemented: localaws does not implement INSERT into a table with mapping. properties of athena")
			}
		}
	case serde.Lazy:
		t.format = "TEXTFILE"
		t.delimiter = serde.Delimiter(sd.SerdeInfo.Parameters)
	default:
		return t, fail("NotImplemented: localaws does not implement INSERT into a table of the SerDe " + class + " of athena")
	}
	if sd.NumberOfBuckets > 0 { // https://docs.aws.amazon.com/athena/latest/ug/insert-into.html
		return t, fail("NOT_SUPPORTED: INSERT INTO a bucketed table is not supported")
	}
	if table.Parameters["storage.location.template"] != "" {
		return t, fail("NotImplemented: localaws does not implement INSERT into a table with storage.location.template of athena")
	}
	return t, nil
}

// assigned are the values for all columns of a table, from those of the query.
func assigned(s *trino.Statement, columns []trino.Column, plan *trino.Plan, table *trino.Table) ([]string, error) {
	into := columns
	if s.Columns != nil {
		into = nil
		for _, name := range s.Columns {
			i := slices.IndexFunc(columns, func(c trino.Column) bool { return strings.EqualFold(c.Name, name.Name) })
			if i < 0 {
				return nil, fail("COLUMN_NOT_FOUND: line 1:1: Insert column name does not exist in target table: " + strings.ToLower(name.Name))
			}
			if slices.ContainsFunc(into, func(c trino.Column) bool { return c.Name == columns[i].Name }) {
				return nil, fail("DUPLICATE_COLUMN_NAME: line 1:1: Insert column name is specified more than once: " + strings.ToLower(name.Name))
			}
			into = append(into, columns[i])
		}
	}
	mismatch := func() error {
		var want, have []string
		for _, c := range into {
			want = append(want, c.Type.String())
		}
		for _, c := range plan.Columns {
			have = append(have, c.Type.String())
		}
		return fail("TYPE_MISMATCH: line 1:1: Insert query has mismatched column types: Table: [" + strings.Join(want, ", ") + "], Query: [" + strings.Join(have, ", ") + "]")
	}
	if len(into) != len(plan.Columns) {
		return nil, mismatch()
	}
	values := make([]string, len(columns))
	for i, c := range columns {
		values[i] = "CAST(NULL AS " + c.Type.DuckDB() + ")"
		at := slices.IndexFunc(into, func(d trino.Column) bool { return d.Name == c.Name })
		if at < 0 {
			continue
		}
		var ok bool
		if values[i], ok = trino.Assign("q.c"+itoa(at), plan.Columns[at].Type, c.Type); !ok {
			return nil, mismatch()
		}
	}
	return values, nil
}

// unload is UNLOAD (query) TO location.
func (q *query) unload(ctx context.Context, s *trino.Statement, parameters []string) (*result, error) {
	if _, ok := s.Properties["format"]; !ok {
		return nil, fail("INVALID_TABLE_PROPERTY: The property format is required for UNLOAD")
	}
	t, err := storage(s.Properties, unloadProperties, "")
	if err != nil {
		return nil, err
	}
	if !strings.HasPrefix(s.Text, "s3://") {
		return nil, fail("INVALID_FUNCTION_ARGUMENT: UNLOAD writes to a location in S3: " + s.Text)
	}
	c := &catalog{query: q, ctx: ctx, sources: map[*trino.Table]*source{}}
	plan, err := q.compile(c, s.Query, parameters)
	if err != nil {
		return nil, err
	}
	values, err := storable(plan, &t, false)
	if err != nil {
		return nil, err
	}
	if err := t.partitionedBy(s.Properties["partitioned_by"].Texts); err != nil {
		return nil, err
	}
	if t.location = s.Text; t.keys == 0 {
		if err := q.empty(ctx, t.location, "UNLOAD"); err != nil {
			return nil, err
		}
	}
	out, err := q.writeRows(ctx, c, plan, values, t)
	return written(out), err
}
