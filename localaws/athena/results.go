package athena

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/athena"
	"github.com/aws/aws-sdk-go-v2/service/athena/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// result is what a query answered: the text of each value, nil for NULL.
type result struct {
	columns []column
	rows    [][]*string
}

// column is a column of a result with Athena's name of its type.
type column struct{ name, kind string }

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
	if e.kind == types.StatementTypeDml { // the header is the first row
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
	for _, c := range e.result.columns {
		precision, scale := precisionOf(c.kind)
		name, _, _ := strings.Cut(c.kind, "(")
		set.ResultSetMetadata.ColumnInfo = append(set.ResultSetMetadata.ColumnInfo, types.ColumnInfo{
			CatalogName: aws.String("hive"), SchemaName: aws.String(""), TableName: aws.String(""), Name: aws.String(c.name), Label: aws.String(c.name),
			Type: aws.String(name), Precision: precision, Scale: scale, Nullable: types.ColumnNullableUnknown, CaseSensitive: name == "varchar",
		})
	}
	for _, row := range rows[from:to] {
		data := make([]types.Datum, len(row))
		for i, v := range row {
			data[i] = types.Datum{VarCharValue: v}
		}
		set.Rows = append(set.Rows, types.Row{Data: data})
	}
	return &athena.GetQueryResultsOutput{ResultSet: set, NextToken: next, UpdateCount: aws.Int64(0)}, nil
}

// precisionOf is what Athena states for a type.
func precisionOf(kind string) (precision, scale int32) {
	switch name, _, _ := strings.Cut(kind, "("); name {
	case "bigint":
		return 19, 0
	case "integer":
		return 10, 0
	case "double":
		return 17, 0
	case "varchar":
		return math.MaxInt32, 0
	case "timestamp":
		return 3, 0
	case "decimal":
		if n, err := fmt.Sscanf(kind, "decimal(%d,%d)", &precision, &scale); n != 2 || err != nil {
			return 38, 0
		}
	}
	return precision, scale
}

// write puts the result into the results bucket, with the caller's rights: CSV
// with every value quoted and NULL as nothing for a SELECT, plain lines for
// other statements.
func (q *query) write(ctx context.Context, r *result) error {
	var b bytes.Buffer
	if q.execution.kind == types.StatementTypeDml {
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
	bucket, key, _ := strings.Cut(strings.TrimPrefix(q.execution.output, "s3://"), "/")
	_, err := q.s3().PutObject(ctx, &s3.PutObjectInput{Bucket: &bucket, Key: &key, Body: bytes.NewReader(b.Bytes()), ContentType: aws.String("application/octet-stream")})
	if err != nil {
		return fail("Access denied when writing output to url: " + q.execution.output + " . Please ensure you are allowed to access the S3 bucket. " + err.Error())
	}
	return nil
}

// athenaType is Athena's name of a DuckDB type.
func athenaType(duck string) string {
	switch {
	case strings.HasSuffix(duck, "[]"):
		return "array"
	case strings.HasPrefix(duck, "STRUCT("):
		return "row"
	case strings.HasPrefix(duck, "MAP("):
		return "map"
	case strings.HasPrefix(duck, "DECIMAL("):
		return strings.ToLower(duck)
	case strings.HasPrefix(duck, "ENUM("):
		return "varchar"
	}
	switch duck {
	case "BIGINT", "HUGEINT", "UBIGINT", "UHUGEINT":
		return "bigint"
	case "INTEGER", "UINTEGER":
		return "integer"
	case "SMALLINT", "USMALLINT":
		return "smallint"
	case "TINYINT", "UTINYINT":
		return "tinyint"
	case "DOUBLE":
		return "double"
	case "FLOAT":
		return "float"
	case "BOOLEAN":
		return "boolean"
	case "DATE":
		return "date"
	case "TIMESTAMP", "TIMESTAMP_MS", "TIMESTAMP_S", "TIMESTAMP_NS":
		return "timestamp"
	case "TIMESTAMP WITH TIME ZONE":
		return "timestamp with time zone"
	case "BLOB":
		return "varbinary"
	case "JSON":
		return "json"
	case `"NULL"`:
		return "unknown"
	}
	return "varchar"
}

// nested writes a value of an array, map or row as Athena prints it:
// [a, b], {k=v}, {field=value}.
func nested(text string) (string, error) {
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	var b strings.Builder
	err := nestedValue(d, &b)
	return b.String(), err
}

func nestedValue(d *json.Decoder, b *strings.Builder) error {
	t, err := d.Token()
	if err != nil {
		return err
	}
	switch v := t.(type) {
	case json.Delim:
		b.WriteString(v.String())
		for first := true; d.More(); first = false {
			if !first {
				b.WriteString(", ")
			}
			if v == '{' {
				key, err := d.Token()
				if err != nil {
					return err
				}
				fmt.Fprintf(b, "%v=", key)
			}
			if err := nestedValue(d, b); err != nil {
				return err
			}
		}
		end, err := d.Token()
		if err != nil {
			return err
		}
		fmt.Fprint(b, end)
	case nil:
		b.WriteString("null")
	default:
		fmt.Fprint(b, v)
	}
	return nil
}

// javaDouble is a double as Java prints it, which Athena does.
func javaDouble(f float64, bits int) string {
	switch {
	case math.IsNaN(f):
		return "NaN"
	case math.IsInf(f, 1):
		return "Infinity"
	case math.IsInf(f, -1):
		return "-Infinity"
	case f == 0:
		if math.Signbit(f) {
			return "-0.0"
		}
		return "0.0"
	}
	if a := math.Abs(f); a >= 1e-3 && a < 1e7 {
		s := strconv.FormatFloat(f, 'f', -1, bits)
		if !strings.Contains(s, ".") {
			s += ".0"
		}
		return s
	}
	mantissa, exponent, _ := strings.Cut(strconv.FormatFloat(f, 'e', -1, bits), "e")
	if !strings.Contains(mantissa, ".") {
		mantissa += ".0"
	}
	n, err := strconv.Atoi(exponent)
	if err != nil {
		return mantissa + "E" + exponent
	}
	return mantissa + "E" + strconv.Itoa(n)
}
