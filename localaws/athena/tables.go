package athena

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	gluetypes "github.com/aws/aws-sdk-go-v2/service/glue/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"crawlerless/localaws/athena/hive"
	"crawlerless/localaws/athena/serde"
	"crawlerless/localaws/athena/trino"
)

// source is a table as it is read.
type source struct {
	table   *gluetypes.Table
	columns []serde.Column
	keys    []serde.Column
	used    map[string]bool // columns that the query reads
}

func columnsOf(list []gluetypes.Column) ([]serde.Column, error) {
	columns := make([]serde.Column, len(list))
	for i, c := range list {
		t, err := hive.Parse(aws.ToString(c.Type))
		if err != nil {
			return nil, fail("HIVE_INVALID_METADATA: column " + aws.ToString(c.Name) + ": " + err.Error())
		}
		columns[i] = serde.Column{Name: strings.ToLower(aws.ToString(c.Name)), Type: t}
	}
	return columns, nil
}

// view reads the normalised files with explicit types.
func (s *source) view(files []string) string {
	all := append(slices.Clone(s.columns), s.keys...)
	all = append(all, serde.Column{Name: "$path", Type: hive.Type{Kind: hive.String}})
	if len(files) == 0 {
		list := make([]string, len(all))
		for i, c := range all {
			list[i] = "CAST(NULL AS " + c.Type.DuckDB() + ") AS " + quoted(c.Name)
		}
		return "SELECT " + strings.Join(list, ", ") + " WHERE false"
	}
	types, order, paths := make([]string, len(all)), make([]string, len(all)), make([]string, len(files))
	for i, c := range all {
		types[i], order[i] = literal(c.Name)+": "+literal(c.Type.DuckDB()), quoted(c.Name)
		if slices.ContainsFunc(s.keys, func(k serde.Column) bool { return k.Name == c.Name }) {
			// The values of keys are texts: 07 is a number, too.
			types[i], order[i] = literal(c.Name)+": 'VARCHAR'", "CAST("+quoted(c.Name)+" AS "+c.Type.DuckDB()+") AS "+quoted(c.Name)
		}
	}
	for i, f := range files {
		paths[i] = literal(f)
	}
	return fmt.Sprintf("SELECT %s FROM read_json([%s], format='newline_delimited', maximum_object_size=%d, columns={%s})",
		strings.Join(order, ", "), strings.Join(paths, ", "), 64<<20, strings.Join(types, ", "))
}

// read decodes the objects that the query may need and answers their files.
func (q *query) read(ctx context.Context, db *sql.DB, s *source, scan *trino.Scan) ([]string, error) {
	parts, err := q.locations(ctx, db, s, scan)
	if err != nil {
		return nil, err
	}
	type job struct {
		part   part
		object object
	}
	var jobs []job
	for _, p := range parts {
		objects, err := q.list(ctx, p.location)
		if err != nil {
			return nil, err
		}
		for _, o := range objects {
			q.scanned += o.size
			jobs = append(jobs, job{p, o})
		}
	}
	if c := q.execution.cutoff; c > 0 && q.scanned > c {
		return nil, &failure{reason: "Bytes scanned limit was exceeded", cancelled: true}
	}
	var files []string
	for _, j := range jobs {
		file, err := q.decode(ctx, db, s, j.part, j.object)
		if err != nil {
			return nil, err
		}
		files = append(files, file)
	}
	return files, nil
}

// object is an object to read.
type object struct {
	bucket, key, etag string
	size              int64
}

// list finds the objects below a location. Names that begin with _ or . are
// hidden, as Hive has it.
func (q *query) list(ctx context.Context, location string) ([]object, error) {
	bucket, prefix, ok := strings.Cut(strings.TrimPrefix(location, "s3://"), "/")
	if !ok || !strings.HasPrefix(location, "s3://") {
		return nil, fail("HIVE_INVALID_METADATA: " + location + " is not a location in S3")
	}
	if prefix != "" && !strings.HasSuffix(prefix, "/") {
		prefix += "/"
	}
	var objects []object
	pages := s3.NewListObjectsV2Paginator(q.s3(), &s3.ListObjectsV2Input{Bucket: &bucket, Prefix: &prefix})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fail("PERMISSION_DENIED or failure while listing " + location + ": " + err.Error())
		}
		for _, o := range page.Contents {
			base := path.Base(aws.ToString(o.Key))
			if aws.ToInt64(o.Size) == 0 || strings.HasPrefix(base, "_") || strings.HasPrefix(base, ".") || strings.HasSuffix(aws.ToString(o.Key), "/") {
				continue
			}
			objects = append(objects, object{bucket: bucket, key: aws.ToString(o.Key), etag: aws.ToString(o.ETag), size: aws.ToInt64(o.Size)})
		}
	}
	return objects, nil
}

// decode turns one object into a file of normalised JSON with exactly the
// table's columns. The file is named for all that it depends on, and found
// again by the next query.
func (q *query) decode(ctx context.Context, db *sql.DB, s *source, p part, o object) (string, error) {
	identity, err := json.Marshal([]any{o.bucket, o.key, o.etag, o.size, p.values, p.columnsText, s.columnsText(), p.serde, p.parameters, p.trail, p.header, p.footer})
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(identity)
	file := filepath.Join(q.service.env.Dir, "athena-"+hex.EncodeToString(sum[:12])+".ndjson")
	if _, err := os.Stat(file); err == nil {
		bad, err := os.ReadFile(file + ".bad")
		if err == nil {
			return file, s.refuse(strings.Split(strings.TrimSpace(string(bad)), "\n"))
		}
		return file, nil
	}
	out, err := q.s3().GetObject(ctx, &s3.GetObjectInput{Bucket: &o.bucket, Key: &o.key})
	if err != nil {
		return "", fail("HIVE_CURSOR_ERROR: failure while reading s3://" + o.bucket + "/" + o.key + ": " + err.Error())
	}
	defer out.Body.Close()
	if p.serde == parquetSerDe {
		if err := s.fromParquet(ctx, db, out.Body, file, p, o); err != nil {
			return "", err
		}
		return file, os.WriteFile(file+".bad", nil, 0o600)
	}
	raw, end, err := unpacked(o.key, out.Body)
	if err != nil {
		return "", fail("HIVE_CURSOR_ERROR: s3://" + o.bucket + "/" + o.key + ": " + err.Error())
	}
	defer end()
	var buf bytes.Buffer
	bad, err := s.normalise(raw, &buf, p, o)
	if err != nil {
		return "", err
	}
	if len(bad) > 0 {
		if err := os.WriteFile(file+".bad", []byte(strings.Join(bad, "\n")), 0o600); err != nil {
			return "", err
		}
	}
	tmp := file + "." + q.execution.id
	if err := os.WriteFile(tmp, buf.Bytes(), 0o600); err != nil {
		return "", err
	}
	if err := os.Rename(tmp, file); err != nil {
		return "", err
	}
	return file, s.refuse(bad)
}

func (s *source) columnsText() string {
	var b strings.Builder
	for _, c := range s.columns {
		b.WriteString(c.Name + " " + c.Type.String() + ";")
	}
	return b.String()
}

// refuse fails the query when it reads a column that has a value which its
// type cannot hold. bad holds "column<tab>reason".
func (s *source) refuse(bad []string) error {
	for _, line := range bad {
		column, reason, _ := strings.Cut(line, "\t")
		if s.used[column] {
			return fail(reason)
		}
	}
	return nil
}

func unpacked(key string, body io.Reader) (io.Reader, func(), error) {
	switch strings.ToLower(path.Ext(key)) {
	case ".gz", ".gzip":
		z, err := gzip.NewReader(body)
		return z, func() {}, err
	case ".zst":
		z, err := zstd.NewReader(body)
		if err != nil {
			return nil, nil, err
		}
		return z, z.Close, nil
	}
	return body, func() {}, nil
}

// normalise decodes each line by the partition's columns and writes it by the
// table's.
func (s *source) normalise(raw io.Reader, w *bytes.Buffer, p part, o object) (bad []string, err error) {
	decoder, err := serde.New(p.serde, p.parameters, p.columns)
	var named *serde.Error
	if errors.As(err, &named) {
		return nil, fail(named.Error())
	}
	if err != nil {
		return nil, fail("HIVE_INVALID_METADATA: " + err.Error())
	}
	at, err := json.Marshal("s3://" + o.bucket + "/" + o.key)
	if err != nil {
		return nil, err
	}
	fixed := []string{`"$path":` + string(at)}
	for i, k := range s.keys {
		if i >= len(p.values) || p.values[i] == hiveNull {
			continue
		}
		v, err := json.Marshal(p.values[i])
		if err != nil {
			return nil, err
		}
		name, err := json.Marshal(k.Name)
		if err != nil {
			return nil, err
		}
		fixed = append(fixed, string(name)+":"+string(v))
	}
	seen := map[string]bool{}
	row := make([]any, len(p.columns))
	lines := linesOf(raw, p)
	for {
		line, err := lines.next()
		if err != nil {
			return nil, fail("HIVE_CURSOR_ERROR: s3://" + o.bucket + "/" + o.key + ": " + err.Error())
		}
		if line == nil {
			return bad, nil
		}
		if err := decoder.Decode(line, row); err != nil {
			return nil, fail(err.Error())
		}
		w.WriteByte('{')
		for i, c := range s.columns {
			if i >= len(row) {
				break // a column that the partition does not list is NULL there
			}
			v := row[i]
			var wrong *serde.Error
			if e, ok := v.(*serde.Error); ok {
				wrong, v = e, nil
			}
			if wrong != nil && !seen[c.Name] {
				seen[c.Name] = true
				bad = append(bad, c.Name+"\t"+strings.ReplaceAll(wrong.Error(), "\n", " "))
			}
			v = hive.Coerce(v, p.columns[i].Type, c.Type)
			if v == nil {
				continue
			}
			if err := field(w, c.Name, v, c.Type); err != nil {
				return nil, err
			}
			w.WriteByte(',')
		}
		w.WriteString(strings.Join(fixed, ","))
		w.WriteString("}\n")
	}
}

// sortedKeys is a map's keys in order.
func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
