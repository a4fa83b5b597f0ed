package athena

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	gluetypes "github.com/aws/aws-sdk-go-v2/service/glue/types"

	"crawlerless/localaws/athena/ddl"
	"crawlerless/localaws/athena/serde"
	"crawlerless/localaws/athena/trino"
)

func itoa(n int) string { return strconv.Itoa(n) }

// written is the result of a statement that wrote rows.
func written(out output) *result { return &result{plain: true, updated: out.rows, manifest: true} }

// Properties of CREATE TABLE AS of a table that is no Iceberg table, and of UNLOAD.
// https://docs.aws.amazon.com/athena/latest/ug/create-table-as.html#ctas-table-properties
// https://docs.aws.amazon.com/athena/latest/ug/unload.html
const (
	ctasProperties   = " table_type external_location is_external format partitioned_by bucketed_by bucket_count write_compression parquet_compression orc_compression compression_level field_delimiter "
	unloadProperties = " format partitioned_by compression compression_level field_delimiter "
)

// parquetCodecs are Athena's names of compressions of Parquet and DuckDB's.
var parquetCodecs = map[string]string{
	"GZIP": "gzip", "SNAPPY": "snappy", "ZSTD": "zstd", "LZ4": "lz4_raw", "NONE": "uncompressed", "UNCOMPRESSED": "uncompressed",
}

// storage is the format that properties ask for. What localaws can not write it
// refuses by name; it leaves no property unheeded.
func storage(properties map[string]trino.Property, known, standard string) (target, error) {
	t := target{format: standard, delimiter: "\x01", codec: "GZIP"}
	if f, ok := properties["format"]; ok {
		t.format = strings.ToUpper(f.Text())
	}
	switch t.format {
	case "PARQUET", "JSON", "TEXTFILE":
	case "ORC", "AVRO", "ION":
		return t, fail("NotImplemented: localaws does not implement writing the format " + t.format + " of athena")
	default:
		return t, fail("INVALID_TABLE_PROPERTY: Unable to set table property 'format' to '" + t.format + "'")
	}
	for _, name := range sortedKeys(properties) {
		value := properties[name]
		missing := !strings.Contains(known, " "+name+" ")
		switch {
		case missing:
			return t, fail("INVALID_TABLE_PROPERTY: line 1:1: Catalog 'awsdatacatalog' table property '" + name + "' does not exist")
		case name == "bucketed_by", name == "bucket_count", name == "orc_compression", name == "compression_level",
			name == "parquet_compression" && t.format != "PARQUET", name == "field_delimiter" && t.format != "TEXTFILE":
			return t, fail("NotImplemented: localaws does not implement the property " + name + " with the format " + t.format + " of athena")
		case name == "is_external" && !strings.EqualFold(value.Text(), "true"):
			return t, fail("NotImplemented: localaws does not implement tables with is_external = " + value.Text() + " of athena")
		case name == "field_delimiter":
			t.delimiter = value.Text()
		case strings.HasSuffix(name, "compression"):
			t.codec = strings.ToUpper(value.Text())
		}
	}
	if _, ok := parquetCodecs[t.codec]; !ok || t.format != "PARQUET" && t.codec != "GZIP" && t.codec != "NONE" {
		return t, fail("NotImplemented: localaws does not implement the compression " + t.codec + " of the format " + t.format + " of athena")
	}
	return t, nil
}

// storable are the columns of a plan as those of a table.
func storable(plan *trino.Plan, t *target, named bool) ([]string, error) {
	var values []string
	seen := map[string]bool{}
	for i, c := range plan.Columns {
		name := strings.ToLower(c.Name)
		switch {
		case named && !c.Named:
			return nil, fail(fmt.Sprintf("MISSING_COLUMN_NAME: Column name not specified at position %d", i+1))
		case seen[name]:
			return nil, fail("DUPLICATE_COLUMN_NAME: Column name '" + name + "' specified more than once")
		}
		seen[name] = true
		if err := c.Type.Storable(); err != nil {
			return nil, refused(err)
		}
		if t.format == "TEXTFILE" && len(c.Type.Args) > 0 {
			return nil, fail("NotImplemented: localaws does not implement writing " + c.Type.String() + " as TEXTFILE of athena")
		}
		t.columns = append(t.columns, trino.Column{Name: name, Type: c.Type})
		values = append(values, "q.c"+itoa(i))
	}
	return values, nil
}

// partitionedBy holds the keys against the last columns.
func (t *target) partitionedBy(keys []string) error {
	t.keys = len(keys)
	if t.keys >= len(t.columns) && t.keys > 0 {
		return fail("INVALID_TABLE_PROPERTY: Table contains only partition columns")
	}
	for i, c := range t.columns[len(t.columns)-t.keys:] {
		if !strings.EqualFold(keys[i], c.Name) {
			if !slices.ContainsFunc(t.columns, func(c trino.Column) bool { return strings.EqualFold(c.Name, keys[i]) }) {
				return fail("INVALID_TABLE_PROPERTY: Partition columns [" + keys[i] + "] not present in schema")
			}
			return fail("HIVE_COLUMN_ORDER_MISMATCH: Partition keys must be the last columns in the table and in the same order as the table properties: [" + strings.Join(keys, ", ") + "]")
		}
	}
	return nil
}

// createTableAs is CREATE TABLE … AS query.
func (q *query) createTableAs(ctx context.Context, s *trino.Statement, parameters []string) (*result, error) {
	n := q.tableNamed(s.Name)
	if kind, ok := s.Properties["table_type"]; ok && !strings.EqualFold(kind.Text(), "HIVE") {
		return nil, fail("NotImplemented: localaws does not implement Iceberg tables of athena")
	}
	t, err := storage(s.Properties, ctasProperties, "PARQUET")
	if err != nil {
		return nil, err
	}
	var missing *gluetypes.EntityNotFoundException
	if _, err := q.glue().GetDatabase(ctx, &glue.GetDatabaseInput{Name: &n.Database}); errors.As(err, &missing) {
		return nil, fail("SCHEMA_NOT_FOUND: Schema '" + n.Database + "' does not exist")
	}
	_, err = q.glue().GetTable(ctx, &glue.GetTableInput{DatabaseName: &n.Database, Name: &n.Table})
	switch {
	case err == nil && s.IfNotExists:
		return nothing(), nil
	case err == nil:
		return nil, fail("TABLE_ALREADY_EXISTS: line 1:1: Destination table 'awsdatacatalog." + n.Database + "." + n.Table + "' already exists")
	case !errors.As(err, &missing):
		return nil, denied(err)
	}
	c := &catalog{query: q, ctx: ctx, sources: map[*trino.Table]*source{}}
	plan, err := q.compile(c, s.Query, parameters)
	if err != nil {
		return nil, err
	}
	values, err := storable(plan, &t, true)
	if err != nil {
		return nil, err
	}
	if err := t.partitionedBy(s.Properties["partitioned_by"].Texts); err != nil {
		return nil, err
	}
	if t.location, err = q.ctasLocation(ctx, s, n); err != nil {
		return nil, err
	}
	if s.NoData {
		plan.SQL = "SELECT * FROM (" + plan.SQL + ") LIMIT 0"
	}
	out, err := q.writeRows(ctx, c, plan, values, t)
	if err != nil {
		return nil, err
	}
	table := q.tableOf(n, t)
	if _, err := q.glue().CreateTable(ctx, &glue.CreateTableInput{DatabaseName: &n.Database, TableInput: table}); err != nil {
		return nil, denied(err)
	}
	made := &gluetypes.Table{DatabaseName: &n.Database, Name: &n.Table, StorageDescriptor: table.StorageDescriptor, PartitionKeys: table.PartitionKeys}
	return written(out), q.registerWritten(ctx, made, t, out.partitions)
}

// ctasLocation is where a new table's objects go: its own place if it names one,
// else below the results.
func (q *query) ctasLocation(ctx context.Context, s *trino.Statement, n ddl.Name) (string, error) {
	location, ok := s.Properties["external_location"]
	if !ok {
		folder := q.execution.output[:strings.LastIndexByte(q.execution.output, '/')]
		return folder + "/tables/" + q.execution.id + "/", nil
	}
	q.service.mu.Lock()
	g := q.service.workgroups[q.execution.workgroup]
	enforced := g != nil && aws.ToBool(g.config.EnforceWorkGroupConfiguration) && g.config.ResultConfiguration != nil && aws.ToString(g.config.ResultConfiguration.OutputLocation) != ""
	q.service.mu.Unlock()
	if enforced { // https://docs.aws.amazon.com/athena/latest/ug/workgroups-settings-override.html
		return "", fail("The Create Table As Select query failed because it was submitted with an 'external_location' property to an Athena Workgroup that enforces a centralized output location for all queries. Please remove the 'external_location' property and resubmit the query.")
	}
	return location.Text(), q.empty(ctx, location.Text(), "table '"+n.Database+"."+n.Table+"'")
}

// tableOf describes a new table for the catalog.
func (q *query) tableOf(n ddl.Name, t target) *gluetypes.TableInput {
	class, parameters := "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe", map[string]string{}
	in, to := "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat", "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat"
	if t.format != "PARQUET" {
		in, to = "org.apache.hadoop.mapred.TextInputFormat", "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat"
		if class = serde.HCat; t.format == "TEXTFILE" {
			class, parameters = serde.Lazy, map[string]string{"field.delim": t.delimiter}
		}
	}
	columns := func(list []trino.Column) []gluetypes.Column {
		out := make([]gluetypes.Column, len(list))
		for i, c := range list {
			out[i] = gluetypes.Column{Name: aws.String(c.Name), Type: aws.String(c.Type.Hive())}
		}
		return out
	}
	return &gluetypes.TableInput{
		Name: &n.Table, TableType: aws.String("EXTERNAL_TABLE"), Owner: aws.String("hadoop"),
		Parameters:    map[string]string{"EXTERNAL": "TRUE", "has_encrypted_data": "false", "transient_lastDdlTime": strconv.FormatInt(q.service.env.Clock.Now().Unix(), 10)},
		PartitionKeys: columns(t.columns[len(t.columns)-t.keys:]),
		StorageDescriptor: &gluetypes.StorageDescriptor{
			Columns: columns(t.columns[:len(t.columns)-t.keys]), Location: &t.location, InputFormat: &in, OutputFormat: &to,
			NumberOfBuckets: -1,
			SerdeInfo:       &gluetypes.SerDeInfo{SerializationLibrary: &class, Parameters: parameters},
		},
	}
}

// registerWritten adds partitions to the catalog that are not there yet.
func (q *query) registerWritten(ctx context.Context, table *gluetypes.Table, t target, partitions [][]string) error {
	var inputs []gluetypes.PartitionInput
	for _, values := range partitions {
		if _, ok := t.folder[strings.Join(values, "\x00")]; ok || t.keys == 0 {
			continue
		}
		inputs = append(inputs, partitionInput(table, values, t.place(values)))
	}
	return q.register(ctx, table, inputs, true)
}

// tableNamed is the table that a statement of Trino's grammar names.
func (q *query) tableNamed(name []trino.Ident) ddl.Name {
	n := q.within(ddl.Name{Table: strings.ToLower(name[len(name)-1].Name)})
	if len(name) > 1 {
		n.Database = strings.ToLower(name[len(name)-2].Name)
	}
	return n
}
