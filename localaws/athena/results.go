package athena

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"math"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/athena"
	"github.com/aws/aws-sdk-go-v2/service/athena/types"

	"crawlerless/localaws/athena/trino"
)

// result is what a query answered: the text of each value, nil for NULL.
type result struct {
	columns []column
	rows    [][]*string
	// plain is a result of lines of text, as Hive answers: no header, and the
	// columns are said to be strings.
	plain bool
	// updated is how many rows the statement wrote.
	updated  int64
	manifest bool // there is a list of the objects written
}

// column is a column of a result.
type column struct {
	name string
	kind trino.Type
}

func (s *Service) getQueryResults(_ context.Context, in *athena.GetQueryResultsInput) (*athena.GetQueryResultsOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	e, err := s.find(in.QueryExecutionId)
	if err != nil {
		return nil, err
	}
	switch e.state {
	case types.QueryExecutionStateSucceeded:
	case types.QueryExecutionStateFailed, types.QueryExecutionStateCancelled:
		return nil, invalid(fmt.Sprintf("Query did not finish successfully. Final query state: %s", e.state))
	default:
		return nil, invalid(fmt.Sprintf("Query has not yet finished. Current state: %s", e.state))
	}
	rows := e.result.rows
	if !e.result.plain { // the header is the first row
		header := make([]*string, len(e.result.columns))
		for i, c := range e.result.columns {
			header[i] = aws.String(c.name)
		}
		rows = append([][]*string{header}, rows...)
	}
	from, to, next, err := page(len(rows), in.NextToken, in.MaxResults, 1000)
	if err != nil {
		return nil, err
	}
	set := &types.ResultSet{Rows: []types.Row{}, ResultSetMetadata: &types.ResultSetMetadata{}}
	set.ResultSetMetadata.ColumnInfo = e.result.infos()
	for _, row := range rows[from:to] {
		data := make([]types.Datum, len(row))
		for i, v := range row {
			data[i] = types.Datum{VarCharValue: v}
		}
		set.Rows = append(set.Rows, types.Row{Data: data})
	}
	return &athena.GetQueryResultsOutput{ResultSet: set, NextToken: next, UpdateCount: aws.Int64(e.result.updated)}, nil
}

// described is Athena's name of a type, with the precision and scale that it
// states.
func described(t trino.Type) (name string, precision, scale int32) {
	switch t.Name {
	case "bigint":
		return t.Name, 19, 0
	case "integer":
		return t.Name, 10, 0
	case "smallint":
		return t.Name, 5, 0
	case "tinyint":
		return t.Name, 3, 0
	case "double":
		return t.Name, 17, 0
	case "real":
		return "float", 17, 0
	case "varchar", "char":
		if len(t.Params) == 1 {
			return t.Name, int32(t.Params[0]), 0
		}
		return t.Name, math.MaxInt32, 0
	case "varbinary":
		return t.Name, 1073741824, 0
	case "timestamp", "timestamp with time zone", "time":
		return t.Name, 3, 0
	case "decimal":
		return t.Name, int32(t.Params[0]), int32(t.Params[1])
	}
	return t.Name, 0, 0
}

// write puts the result into the results bucket, with the caller's rights: CSV
// with every value quoted and NULL as nothing for a SELECT, plain lines for
// other statements.
func (q *query) write(ctx context.Context, r *result) error {
	var b bytes.Buffer
	if !r.plain {
		header := make([]*string, len(r.columns))
		for i, c := range r.columns {
			header[i] = aws.String(c.name)
		}
		for _, row := range append([][]*string{header}, r.rows...) {
			for i, v := range row {
				if i > 0 {
					b.WriteByte(',')
				}
				if v != nil {
					b.WriteString(`"` + strings.ReplaceAll(*v, `"`, `""`) + `"`)
				}
			}
			b.WriteByte('\n')
		}
	} else {
		for _, row := range r.rows {
			words := make([]string, len(row))
			for i, v := range row {
				words[i] = aws.ToString(v)
			}
			b.WriteString(strings.Join(words, "\t") + "\n")
		}
	}
	if err := q.put(ctx, q.execution.output, b.Bytes()); err != nil {
		return err
	}
	return q.put(ctx, q.execution.output+".metadata", r.metadata())
}

// metadata is the file beside a result: protocol buffers, in which field 4 is a
// column. AWS documents only that it is binary; drivers that read it from S3
// take the members from there (io.burt:athena-jdbc, AthenaMetaDataParser).
func (r *result) metadata() []byte {
	var b []byte
	text := func(to []byte, number int, s string) []byte {
		return append(binary.AppendUvarint(append(to, byte(number<<3|2)), uint64(len(s))), s...)
	}
	number := func(to []byte, number int, n int64) []byte {
		return binary.AppendUvarint(append(to, byte(number<<3)), uint64(n))
	}
	for _, info := range r.infos() {
		c := text(nil, 1, aws.ToString(info.CatalogName))
		c = text(c, 4, aws.ToString(info.Name))
		c = text(c, 5, aws.ToString(info.Label))
		c = text(c, 6, aws.ToString(info.Type))
		c = number(c, 7, int64(info.Precision))
		c = number(c, 8, int64(info.Scale))
		c = number(c, 9, 3) // nullable: unknown
		c = number(c, 10, map[bool]int64{true: 1}[info.CaseSensitive])
		b = text(b, 4, string(c))
	}
	return b
}

// infos describe the columns.
func (r *result) infos() []types.ColumnInfo {
	infos := []types.ColumnInfo{}
	for _, c := range r.columns {
		name, precision, scale := described(c.kind)
		if r.plain {
			name, precision = "string", 0
		}
		infos = append(infos, types.ColumnInfo{
			CatalogName: aws.String("hive"), SchemaName: aws.String(""), TableName: aws.String(""), Name: aws.String(c.name), Label: aws.String(c.name),
			Type: aws.String(name), Precision: precision, Scale: scale, Nullable: types.ColumnNullableUnknown, CaseSensitive: name == "varchar" || name == "char",
		})
	}
	return infos
}
