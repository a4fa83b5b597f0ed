package athena

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	gluetypes "github.com/aws/aws-sdk-go-v2/service/glue/types"

	"crawlerless/localaws/athena/hive"
	"crawlerless/localaws/athena/serde"
	"crawlerless/localaws/athena/trino"
)

// part is one place to read: a partition, or the whole of a table without
// partitions.
type part struct {
	location    string
	values      []string
	columns     []serde.Column
	columnsText string
	serde       string
	parameters  map[string]string
	trail       bool // objects are documents of CloudTrail
	// lines at the begin and the end of each object that are no rows
	header, footer int
}

// locations are the places that the conditions leave.
func (q *query) locations(ctx context.Context, db *sql.DB, s *source, scan *trino.Scan) ([]part, error) {
	if len(s.keys) == 0 {
		p, err := s.part(s.table.StorageDescriptor, nil)
		return []part{p}, err
	}
	if s.table.Parameters["projection.enabled"] == "true" {
		return q.projected(ctx, db, s, scan)
	}
	var all []gluetypes.Partition
	pages := glue.NewGetPartitionsPaginator(q.glue(), &glue.GetPartitionsInput{DatabaseName: s.table.DatabaseName, TableName: s.table.Name})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fail("failure while reading the partitions of " + aws.ToString(s.table.Name) + ": " + err.Error())
		}
		all = append(all, page.Partitions...)
	}
	values := make([][]string, len(all))
	for i, one := range all {
		values[i] = one.Values
	}
	chosen, err := s.selected(ctx, db, scan, values)
	if err != nil {
		return nil, err
	}
	var parts []part
	for _, i := range chosen {
		p, err := s.part(all[i].StorageDescriptor, all[i].Values)
		if err != nil {
			return nil, err
		}
		parts = append(parts, p)
	}
	return parts, nil
}

// part reads a storage descriptor, and holds its columns against the table's by
// position, as Athena does for JSON.
// https://docs.aws.amazon.com/athena/latest/ug/updates-and-partitions.html
func (s *source) part(sd *gluetypes.StorageDescriptor, values []string) (part, error) {
	if sd == nil || sd.SerdeInfo == nil {
		return part{}, fail("HIVE_INVALID_METADATA: a partition of " + aws.ToString(s.table.Name) + " has no SerDe")
	}
	p := part{location: aws.ToString(sd.Location), values: values, serde: aws.ToString(sd.SerdeInfo.SerializationLibrary), parameters: sd.SerdeInfo.Parameters}
	if !serde.Supported(p.serde) && p.serde != parquetSerDe {
		return p, fail("NotImplemented: localaws does not implement the SerDe " + p.serde + " of athena")
	}
	p.trail = p.serde == serde.Trail || aws.ToString(sd.InputFormat) == trailInput
	p.header, p.footer = lineCount(s.table.Parameters, "skip.header.line.count"), lineCount(s.table.Parameters, "skip.footer.line.count")
	var err error
	if p.columns, err = columnsOf(sd.Columns); err != nil {
		return p, err
	}
	for i, c := range p.columns {
		p.columnsText += c.Name + " " + c.Type.String() + ";"
		if i >= len(s.columns) {
			p.columns = p.columns[:i]
			break
		}
		t := s.columns[i]
		if !c.Type.Equal(t.Type) && !hive.CanCoerce(c.Type, t.Type) {
			return p, fail(fmt.Sprintf("HIVE_PARTITION_SCHEMA_MISMATCH: There is a mismatch between the table and partition schemas. The types are incompatible and cannot be coerced. The column '%s' in table '%s.%s' is declared as type '%s', but partition '%s' declared column '%s' as type '%s'.",
				t.Name, aws.ToString(s.table.DatabaseName), aws.ToString(s.table.Name), t.Type, strings.Join(s.labelled(values), "/"), c.Name, c.Type))
		}
	}
	return p, nil
}

func (s *source) labelled(values []string) []string {
	list := make([]string, len(values))
	for i, v := range values {
		list[i] = s.keys[i].Name + "=" + v
	}
	return list
}

// hiveNull is how Hive writes a partition value that is NULL.
const hiveNull = "__HIVE_DEFAULT_PARTITION__"

// selected answers which of the partitions, by their values, can have rows for
// the conditions of a scan. Conditions are evaluated by DuckDB, over a table of
// the values: exactly as the query itself would.
func (s *source) selected(ctx context.Context, db *sql.DB, scan *trino.Scan, values [][]string) (_ []int, err error) {
	everything := make([]int, len(values))
	rows := make([][]any, len(values))
	for i, list := range values {
		everything[i] = i
		rows[i] = []any{i}
		if len(list) != len(s.keys) {
			return nil, fail(fmt.Sprintf("HIVE_INVALID_METADATA: a partition of %s has %d values for %d keys", aws.ToString(s.table.Name), len(list), len(s.keys)))
		}
		for j, key := range s.keys {
			if list[j] == hiveNull {
				rows[i] = append(rows[i], nil)
				continue
			}
			if !holds(list[j], key.Type) {
				return nil, fail(fmt.Sprintf("HIVE_INVALID_PARTITION_VALUE: Invalid partition value '%s' for %s partition key: %s", list[j], strings.ToUpper(key.Type.Trino()), key.Name))
			}
			rows[i] = append(rows[i], list[j])
		}
	}
	if len(scan.Prune) == 0 || len(values) == 0 {
		return everything, nil
	}
	columns := []trino.Column{{Name: "\x01index", Type: trino.Bigint()}}
	for _, key := range s.keys {
		columns = append(columns, trino.Column{Name: key.Name, Type: trino.FromHive(key.Type)})
	}
	table := "partitions of " + scan.Relation
	if err := relation(ctx, db, table, columns, rows); err != nil {
		return nil, err
	}
	found, err := db.QueryContext(ctx, "SELECT p."+quoted(columns[0].Name)+" FROM "+quoted(table)+" AS p WHERE ("+strings.Join(scan.Prune, ") AND (")+") ORDER BY 1")
	if err != nil {
		if ctx.Err() != nil {
			return nil, err
		}
		return everything, nil // what fails here fails, or not, in the query itself
	}
	defer func() { err = errors.Join(err, found.Close()) }()
	var chosen []int
	for found.Next() {
		var i int
		if err := found.Scan(&i); err != nil {
			return nil, err
		}
		chosen = append(chosen, i)
	}
	if found.Err() != nil && ctx.Err() == nil {
		return everything, nil
	}
	return chosen, found.Err()
}

// holds reports whether a partition value is one of the key's type.
func holds(value string, t hive.Type) bool {
	switch {
	case t.Integer():
		n, err := strconv.ParseInt(value, 10, 64)
		return err == nil && hive.FitsInteger(n, t)
	case t.Kind == hive.Float, t.Kind == hive.Double:
		_, err := strconv.ParseFloat(value, 64)
		return err == nil
	case t.Kind == hive.Decimal:
		_, ok := hive.ParseNumber(value)
		return ok
	case t.Kind == hive.Boolean:
		return strings.EqualFold(value, "true") || strings.EqualFold(value, "false")
	case t.Kind == hive.Date:
		_, err := time.Parse("2006-01-02", value)
		return err == nil
	case t.Kind == hive.Timestamp:
		_, err := time.Parse("2006-01-02 15:04:05.999999999", value)
		return err == nil
	}
	return true
}
