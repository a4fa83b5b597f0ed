package athena

import (
	"context"
	"database/sql"
	"io"
	"os"
	"slices"
	"strings"

	"crawlerless/localaws/athena/hive"
)

// parquetSerDe reads Parquet, by the names of the columns.
const parquetSerDe = "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe"

// fromParquet writes a Parquet object as the lines of JSON that other formats
// are read through. A column that the object lacks is NULL.
// https://docs.aws.amazon.com/athena/latest/ug/handling-schema-updates-chapter.html
func (s *source) fromParquet(ctx context.Context, db *sql.DB, raw io.Reader, file string, p part, o object) (err error) {
	from := file + ".parquet"
	defer os.Remove(from) //nolint:errcheck // a temporary file of ours
	content, err := io.ReadAll(raw)
	if err != nil {
		return err
	}
	if err := os.WriteFile(from, content, 0o600); err != nil {
		return err
	}
	at := "s3://" + o.bucket + "/" + o.key
	there, err := parquetColumns(ctx, db, from)
	if err != nil {
		return fail("HIVE_BAD_DATA: Not valid Parquet file: " + at)
	}
	list := []string{literal(at) + ` AS "$path"`}
	for i, k := range s.keys {
		if i < len(p.values) && p.values[i] != hiveNull {
			list = append(list, literal(p.values[i])+" AS "+quoted(k.Name))
		}
	}
	for _, c := range s.columns {
		i := slices.IndexFunc(there, func(name string) bool { return strings.EqualFold(name, c.Name) })
		if i < 0 {
			continue
		}
		value := "CAST(" + quoted(there[i]) + " AS " + c.Type.DuckDB() + ")"
		if c.Type.Kind == hive.Float || c.Type.Kind == hive.Double { // JSON has no NaN
			value = "CASE WHEN isfinite(" + value + ") THEN to_json(" + value + ") ELSE to_json(CAST(" + value + " AS VARCHAR)) END"
		}
		list = append(list, value+" AS "+quoted(c.Name))
	}
	if err := exec(ctx, db, "COPY (SELECT "+strings.Join(list, ", ")+" FROM read_parquet("+literal(from)+")) TO "+literal(file)+" (FORMAT json, TIMESTAMPFORMAT '%Y-%m-%d %H:%M:%S.%g')"); err != nil {
		return fail("HIVE_BAD_DATA: a column of " + at + " is not of the type that the table declares")
	}
	return nil
}

func parquetColumns(ctx context.Context, db *sql.DB, file string) ([]string, error) {
	rows, err := db.QueryContext(ctx, "SELECT * FROM read_parquet("+literal(file)+") LIMIT 0")
	if err != nil {
		return nil, err
	}
	names, err := rows.Columns()
	if e := rows.Close(); err == nil {
		err = e
	}
	if err == nil {
		err = rows.Err()
	}
	return names, err
}
