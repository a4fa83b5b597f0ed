package athena

import (
	"bytes"
	"compress/gzip"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"crawlerless/localaws/athena/trino"
)

// target is where and how rows are written.
type target struct {
	location  string // a folder
	format    string // PARQUET, JSON or TEXTFILE
	delimiter string // of TEXTFILE
	codec     string // GZIP, NONE, or of Parquet one of parquetCodecs
	columns   []trino.Column
	keys      int // how many of the last columns make partitions
	// folder is where rows of a partition belong, if not by its name below the location
	folder map[string]string
}

// output is what has been written.
type output struct {
	files      []string
	rows       int64
	partitions [][]string
}

// partitionLimit is how many partitions one statement may write.
// https://docs.aws.amazon.com/athena/latest/ug/ctas-insert-into.html
const partitionLimit = 100

const writtenRows = `"rows to write"`

// writeRows runs a plan and writes its rows, whose columns are the target's, one
// object for each partition.
func (q *query) writeRows(ctx context.Context, c *catalog, plan *trino.Plan, values []string, t target) (out output, err error) {
	names := make([]string, len(values))
	for i, v := range values {
		names[i] = v + " AS " + quoted(t.columns[i].Name)
	}
	err = q.over(c, plan, func(db *sql.DB) error {
		list := make([]string, len(plan.Columns))
		for i := range list {
			list[i] = "c" + itoa(i)
		}
		if _, err := db.ExecContext(ctx, "CREATE TEMP TABLE "+writtenRows+" AS SELECT "+strings.Join(names, ", ")+" FROM ("+plan.SQL+") AS q("+strings.Join(list, ", ")+")"); err != nil {
			return q.worded(err, plan)
		}
		if err := db.QueryRowContext(ctx, "SELECT count(*) FROM "+writtenRows).Scan(&out.rows); err != nil {
			return err
		}
		if out.partitions, err = partitionsWritten(ctx, db, t); err != nil {
			return err
		}
		for _, values := range out.partitions {
			if err := q.writePart(ctx, db, t, values, &out); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return out, err
	}
	manifest := strings.Join(out.files, "\n")
	if manifest != "" {
		manifest += "\n"
	}
	return out, q.put(ctx, q.manifest(), []byte(manifest))
}

// manifest lists the objects that a statement wrote.
// https://docs.aws.amazon.com/athena/latest/ug/querying-finding-output-files.html
func (q *query) manifest() string {
	return strings.TrimSuffix(strings.TrimSuffix(q.execution.output, ".csv"), ".txt") + "-manifest.csv"
}

func keyText(c trino.Column) string {
	return "coalesce(" + c.Type.Plain(quoted(c.Name)) + ", " + literal(hiveNull) + ")"
}

// pathName is the value of a partition as Hive writes it into a path: what could
// mean something else there as % and two digits.
func pathName(value string) string {
	var b strings.Builder
	for i := range len(value) {
		if c := value[i]; c < 0x20 || c == 0x7f || strings.IndexByte(`"#%'*/:=?\{[]^`, c) >= 0 {
			fmt.Fprintf(&b, "%%%02X", c)
		} else {
			b.WriteByte(c)
		}
	}
	return b.String()
}

// partitionsWritten are the values of the partitions that rows are in, or one
// without values where there are no keys and there are rows.
func partitionsWritten(ctx context.Context, db *sql.DB, t target) (_ [][]string, err error) {
	list := []string{"1"}
	for _, c := range t.columns[len(t.columns)-t.keys:] {
		list = append(list, keyText(c))
	}
	rows, err := db.QueryContext(ctx, "SELECT DISTINCT "+strings.Join(list, ", ")+" FROM "+writtenRows+" ORDER BY ALL")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	var all [][]string
	for rows.Next() {
		values, to := make([]string, len(list)), make([]any, len(list))
		for i := range values {
			to[i] = &values[i]
		}
		if err := rows.Scan(to...); err != nil {
			return nil, err
		}
		all = append(all, values[1:])
	}
	if t.keys > 0 && len(all) > partitionLimit {
		return nil, fail("HIVE_TOO_MANY_OPEN_PARTITIONS: Exceeded limit of 100 open writers for partitions/buckets")
	}
	return all, rows.Err()
}

// place is the folder of a partition: that of the catalog where it is known.
func (t target) place(values []string) string {
	if folder, ok := t.folder[strings.Join(values, "\x00")]; ok {
		return strings.TrimSuffix(folder, "/") + "/"
	}
	place := strings.TrimSuffix(t.location, "/") + "/"
	for i, c := range t.columns[len(t.columns)-t.keys:] {
		place += c.Name + "=" + pathName(values[i]) + "/"
	}
	return place
}

// writePart writes the rows of one partition to one object.
func (q *query) writePart(ctx context.Context, db *sql.DB, t target, values []string, out *output) error {
	data, keys := t.columns[:len(t.columns)-t.keys], t.columns[len(t.columns)-t.keys:]
	where, place := []string{"true"}, t.place(values)
	for i, c := range keys {
		where = append(where, keyText(c)+" = "+literal(values[i]))
	}
	from := " FROM " + writtenRows + " WHERE " + strings.Join(where, " AND ")
	list := make([]string, len(data))
	for i, c := range data {
		if list[i] = quoted(c.Name); t.format == "TEXTFILE" {
			list[i] = "coalesce(" + c.Type.Plain(list[i]) + `, '\N')`
		}
	}
	if t.format == "TEXTFILE" {
		return q.writeLines(ctx, db, "SELECT "+strings.Join(list, " || "+literal(t.delimiter)+" || ")+from, place, t, out)
	}
	copied := "FORMAT parquet, COMPRESSION " + parquetCodecs[t.codec]
	if t.format == "JSON" {
		copied = "FORMAT json, TIMESTAMPFORMAT '%Y-%m-%d %H:%M:%S.%g'"
	}
	file := filepath.Join(q.service.env.Dir, "athena-"+q.execution.id+"-"+itoa(len(out.files)))
	defer os.Remove(file) //nolint:errcheck // a temporary file of ours
	if err := exec(ctx, db, "COPY (SELECT "+strings.Join(list, ", ")+from+") TO "+literal(file)+" ("+copied+")"); err != nil {
		return err
	}
	content, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	return q.writeObject(ctx, place, content, t, out)
}

// writeLines writes a text file: one text for each row.
func (q *query) writeLines(ctx context.Context, db *sql.DB, text, place string, t target, out *output) (err error) {
	rows, err := db.QueryContext(ctx, text)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	var b bytes.Buffer
	for rows.Next() {
		var line string
		if err := rows.Scan(&line); err != nil {
			return err
		}
		b.WriteString(line + "\n")
	}
	if err := rows.Err(); err != nil {
		return err
	}
	return q.writeObject(ctx, place, b.Bytes(), t, out)
}

func (q *query) writeObject(ctx context.Context, place string, content []byte, t target, out *output) error {
	name := q.service.env.Clock.Now().UTC().Format("20060102_150405_00000") + "_" + q.execution.id + "_" + itoa(len(out.files))
	if t.format != "PARQUET" && t.codec == "GZIP" {
		var b bytes.Buffer
		z := gzip.NewWriter(&b)
		if _, err := z.Write(content); err != nil {
			return err
		}
		if err := z.Close(); err != nil {
			return err
		}
		name, content = name+".gz", b.Bytes()
	}
	out.files = append(out.files, place+name)
	return q.put(ctx, place+name, content)
}

// put writes an object with the caller's rights.
func (q *query) put(ctx context.Context, at string, content []byte) error {
	bucket, key, _ := strings.Cut(strings.TrimPrefix(at, "s3://"), "/")
	if _, err := q.s3().PutObject(ctx, &s3.PutObjectInput{Bucket: &bucket, Key: &key, Body: bytes.NewReader(content), ContentType: aws.String("application/octet-stream")}); err != nil {
		return fail("Access denied when writing output to url: " + at + " . Please ensure you are allowed to access the S3 bucket. " + err.Error())
	}
	return nil
}

// empty fails where a folder that is to be written has objects already.
func (q *query) empty(ctx context.Context, location, what string) error {
	objects, err := q.list(ctx, location)
	if err == nil && len(objects) > 0 {
		err = fail("HIVE_PATH_ALREADY_EXISTS: Target directory for " + what + " already exists: " + location)
	}
	return err
}
