package e2e

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	gluetypes "github.com/aws/aws-sdk-go-v2/service/glue/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	query "crawlerless/automation/athena"
	"crawlerless/automation/backfill"
	"crawlerless/automation/redrive"
	"crawlerless/automation/replay"
	"crawlerless/lambdas/schema"
	"crawlerless/stack/pipeline"
)

func testRows(ctx context.Context, e *env) (string, error) {
	if err := e.rows(ctx, pipeline.GeneratorSource, int64(e.events)); err != nil {
		return "", err
	}
	rows, err := e.ask(ctx, "Events and distinct traces", fmt.Sprintf(`SELECT count(*) AS events, count(DISTINCT trace_id) AS traces FROM "%s"`, e.out.Tables[pipeline.GeneratorSource]))
	if err != nil {
		return "", err
	}
	if want := fmt.Sprintf("%d | %d", e.events, e.events); len(rows) != 1 || text(rows[0]) != want {
		return "", fmt.Errorf("events and distinct traces are %s, want %s", text(rows[0]), want)
	}
	return fmt.Sprintf("%d events, %d rows, none twice", e.events, e.events), nil
}

func testPartitions(ctx context.Context, e *env) (string, error) {
	if err := e.rows(ctx, pipeline.GeneratorSource, int64(e.events)); err != nil {
		return "", err
	}
	lake := map[string]bool{}
	objects := s3.NewListObjectsV2Paginator(e.pipeline.S3, &s3.ListObjectsV2Input{Bucket: &e.out.LakeBucket, Prefix: aws.String(pipeline.LogsPrefix + pipeline.GeneratorSource + "/")})
	for objects.HasMorePages() {
		page, err := objects.NextPage(ctx)
		if err != nil {
			return "", err
		}
		for _, o := range page.Contents {
			hour, ok := backfill.Hour(aws.ToString(o.Key))
			if !ok {
				return "", fmt.Errorf("the key %s has no partition", aws.ToString(o.Key))
			}
			lake[hour.Format("2006/01/02/15")] = true
		}
	}
	table := e.out.Tables[pipeline.GeneratorSource]
	rows, err := e.ask(ctx, "Partitions with events", fmt.Sprintf(`SELECT year, month, day, hour, count(*) AS events FROM "%s" GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4`, table))
	if err != nil {
		return "", err
	}
	seen := map[string]bool{}
	for _, r := range rows {
		seen[strings.Join([]string{*r[0], *r[1], *r[2], *r[3]}, "/")] = true
	}
	registered := map[string]bool{}
	pages := glue.NewGetPartitionsPaginator(e.pipeline.Glue, &glue.GetPartitionsInput{DatabaseName: &e.out.Database, TableName: &table})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return "", err
		}
		for _, p := range page.Partitions {
			registered[strings.Join(p.Values, "/")] = true
		}
	}
	if e.space.Config.Partitions == pipeline.Registered && !maps.Equal(lake, registered) {
		return "", fmt.Errorf("the lake has %v, the catalog %v", sorted(lake), sorted(registered))
	}
	if !maps.Equal(lake, seen) {
		return "", fmt.Errorf("the lake has %v, Athena sees %v", sorted(lake), sorted(seen))
	}
	return fmt.Sprintf("%d partitions: %s", len(lake), strings.Join(sorted(lake), ", ")), nil
}

func sorted(set map[string]bool) []string { return slices.Sorted(maps.Keys(set)) }

// generatorColumns are the columns of logline.Line, by its JSON.
var generatorColumns = map[string]string{
	"timestamp": "string", "level": "string", "service": "string", "message": "string", "trace_id": "string", "region": "string",
	"request": "struct<method:string,path:string,status:bigint,latency_ms:double,bytes:bigint>",
	"user":    "struct<id:bigint,plan:string,beta:boolean>",
	"error":   "struct<kind:string,stack:array<string>,retryable:boolean>",
	// A reserved word gets an underscore, and a mapping to its key.
	"order_": "struct<id:string,total:string,items:array<struct<sku:string,quantity:bigint>>>",
	"tags":   "array<string>",
}

func testColumns(ctx context.Context, e *env) (string, error) {
	if err := e.rows(ctx, pipeline.GeneratorSource, int64(e.events)); err != nil {
		return "", err
	}
	table, err := e.pipeline.Table(ctx, pipeline.GeneratorSource)
	if err != nil {
		return "", err
	}
	got := map[string]bool{}
	for _, c := range table.Columns {
		name := aws.ToString(c.Name)
		got[name] = true
		want, ok := generatorColumns[name]
		if !ok {
			return "", fmt.Errorf("column %s %s was never sent", name, aws.ToString(c.Type))
		}
		a, err := schema.ParseHive(want)
		if err != nil {
			return "", err
		}
		b, err := schema.ParseHive(aws.ToString(c.Type))
		if err != nil {
			return "", fmt.Errorf("column %s: %w", name, err)
		}
		if !a.Equal(b) {
			return "", fmt.Errorf("column %s is %s, want %s", name, aws.ToString(c.Type), want)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(generatorColumns)) {
		if !got[name] {
			return "", fmt.Errorf("column %s is missing", name)
		}
	}
	return fmt.Sprintf("%d columns, nested types included", len(got)), nil
}

func testDuplicates(ctx context.Context, e *env) (string, error) {
	old := e.target.Now().Add(-48 * time.Hour).UTC().Format(time.RFC3339)
	if err := e.send(ctx, sourceApp, "late", `{"timestamp":"`+old+`","n":1}`, `{"timestamp":"`+old+`","n":2}`); err != nil {
		return "", err
	}
	if err := e.rows(ctx, sourceApp, 2); err != nil {
		return "", err
	}
	before, err := e.catalog(ctx, sourceApp)
	if err != nil {
		return "", err
	}
	objects, err := e.objects(ctx, sourceApp)
	if err != nil {
		return "", err
	}
	for range 3 {
		for _, o := range objects {
			if err := e.replay(ctx, o); err != nil {
				return "", fmt.Errorf("deliver %s again: %w", o.Key, err)
			}
		}
	}
	after, err := e.catalog(ctx, sourceApp)
	if err != nil {
		return "", err
	}
	if before != after {
		return "", fmt.Errorf("the catalog changed:\nbefore %s\nafter  %s", before, after)
	}
	if err := e.rows(ctx, sourceApp, 2); err != nil {
		return "", err
	}
	return fmt.Sprintf("2 events of two days ago are rows; %d objects delivered three times more changed nothing", len(objects)), nil
}

// catalog is all that the catalog says of a source, as text to compare.
func (e *env) catalog(ctx context.Context, source string) (string, error) {
	table := e.out.Tables[source]
	out, err := e.pipeline.Glue.GetTable(ctx, &glue.GetTableInput{DatabaseName: &e.out.Database, Name: &table})
	if err != nil {
		return "", err
	}
	var parts []string
	pages := glue.NewGetPartitionsPaginator(e.pipeline.Glue, &glue.GetPartitionsInput{DatabaseName: &e.out.Database, TableName: &table})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return "", err
		}
		for _, p := range page.Partitions {
			b, err := json.Marshal(p.StorageDescriptor)
			if err != nil {
				return "", err
			}
			parts = append(parts, strings.Join(p.Values, "/")+" "+string(b))
		}
	}
	slices.Sort(parts)
	b, err := json.Marshal(out.Table.StorageDescriptor)
	return "version " + aws.ToString(out.Table.VersionId) + " " + string(b) + " " + strings.Join(parts, "; "), err
}

// objects are the objects of a source.
func (e *env) objects(ctx context.Context, source string) ([]replay.Object, error) {
	var list []replay.Object
	pages := s3.NewListObjectsV2Paginator(e.pipeline.S3, &s3.ListObjectsV2Input{Bucket: &e.out.LakeBucket, Prefix: aws.String(pipeline.LogsPrefix + source + "/")})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, o := range page.Contents {
			list = append(list, replay.Object{
				Bucket: e.out.LakeBucket, Key: aws.ToString(o.Key), ETag: strings.Trim(aws.ToString(o.ETag), `"`), Size: aws.ToInt64(o.Size), LastModified: aws.ToTime(o.LastModified),
			})
		}
	}
	return list, nil
}

func testMalformed(ctx context.Context, e *env) (string, error) {
	good, bad := []string{`{"n":1}`, `{"n":2}`, `{"n":3}`}, []string{`{"n":4`, `not JSON at all`}
	if err := e.send(ctx, sourceMalformed, "lines", append(slices.Clone(good), bad...)...); err != nil {
		return "", err
	}
	if err := e.rows(ctx, sourceMalformed, int64(len(good)+len(bad))); err != nil {
		return "", err
	}
	rows, err := e.ask(ctx, "Malformed lines are rows of NULLs", fmt.Sprintf(`SELECT count(n) AS good, count(*) - count(n) AS malformed, sum(n) AS total FROM "%s"`, e.out.Tables[sourceMalformed]))
	if err != nil {
		return "", err
	}
	if got := text(rows[0]); got != "3 | 2 | 6" {
		return "", fmt.Errorf("good, malformed and the sum are %s, want 3 | 2 | 6", got)
	}
	if err := e.logged(ctx, e.out.ExtractFunction, sourceMalformed, `"malformed":2`); err != nil {
		return "", err
	}
	return "3 rows, 2 rows of NULLs; ExtractMetadata counted 2", nil
}

func testEvolution(ctx context.Context, e *env) (string, error) {
	table := e.out.Tables[sourceDrift]
	steps := []struct {
		line, column, want string
	}{
		{`{"id":1,"v":1}`, "v", "bigint"},
		{`{"id":2,"v":1.5,"added":{"a":true}}`, "v", "double"},
		{`{"id":3,"v":"text","URL":"https://example.org","year":"1999"}`, "v", "string"},
	}
	for i, s := range steps {
		if err := e.send(ctx, sourceDrift, "drift", s.line); err != nil {
			return "", err
		}
		if err := e.rows(ctx, sourceDrift, int64(i+1)); err != nil {
			return "", err
		}
		err := e.until(ctx, fmt.Sprintf("column %s of %s", s.column, table), func(ctx context.Context) (bool, string, error) {
			t, err := e.pipeline.Table(ctx, sourceDrift)
			if err != nil {
				return false, "", err
			}
			for _, c := range t.Columns {
				if aws.ToString(c.Name) == s.column {
					return aws.ToString(c.Type) == s.want, aws.ToString(c.Type), nil
				}
			}
			return false, "missing", nil
		})
		if err != nil {
			return "", err
		}
		rows, err := e.ask(ctx, fmt.Sprintf("After change %d", i+1), fmt.Sprintf(`SELECT * FROM "%s" ORDER BY id`, table))
		if err != nil {
			return "", fmt.Errorf("after %s: %w", s.line, err)
		}
		if len(rows) != i+1 {
			return "", fmt.Errorf("after %s there are %d rows", s.line, len(rows))
		}
	}
	rows, err := e.ask(ctx, "All versions of the schema at once", fmt.Sprintf(`SELECT id, v, added.a, url FROM "%s" ORDER BY id`, table))
	if err != nil {
		return "", err
	}
	want := []string{"1 | 1 | NULL | NULL", "2 | 1.5 | true | NULL", "3 | text | NULL | https://example.org"}
	for i, r := range rows {
		if text(r) != want[i] {
			return "", fmt.Errorf("row %d is %q, want %q", i+1, text(r), want[i])
		}
	}
	return "bigint → double → string, a struct, an upper-case name and a partition's name, each queryable at once", nil
}

func testRedrive(ctx context.Context, e *env) (string, error) {
	hour := e.target.Now().UTC().Add(-2 * time.Hour)
	key := pipeline.LogsPrefix + sourceObjects + hour.Format("/year=2006/month=01/day=02/hour=15/") + "broken.gz"
	whole := zipped(`{"timestamp":"2026-01-01T00:00:00Z","n":3}` + "\n")
	put := func(body []byte) error {
		_, err := e.pipeline.S3.PutObject(ctx, &s3.PutObjectInput{Bucket: &e.out.LakeBucket, Key: &key, Body: bytes.NewReader(body)})
		return err
	}
	if err := put(whole[:len(whole)-12]); err != nil {
		return "", err
	}
	err := e.until(ctx, "dead letter", func(ctx context.Context) (bool, string, error) {
		n, err := e.pipeline.DeadLetters(ctx)
		return n > 0, fmt.Sprintf("%d letters", n), err
	})
	if err != nil {
		return "", err
	}
	options := redrive.Options{
		Queue: e.pipeline.Queues, QueueURL: e.out.DeadLetterURL, Parallel: 4,
		Replay: (&replay.Runner{API: e.sfn, MachineARN: e.out.StateMachineARN}).Event,
	}
	r, err := redrive.Run(ctx, options)
	if !errors.Is(err, redrive.ErrFailed) || r.Failed != 1 || r.Succeeded != 0 {
		return "", fmt.Errorf("a redrive before the object is mended: %+v, %w", r, err)
	}
	name := r.Names()[0]
	// The cause is mended: the object is removed, so that no row is left of it.
	if err := put(zipped("")); err != nil {
		return "", err
	}
	if r, err = redrive.Run(ctx, options); err != nil {
		return "", fmt.Errorf("redrive: %w: %v", err, r.Failures)
	}
	left, err := e.pipeline.DeadLetters(ctx)
	if err != nil {
		return "", err
	}
	if r.Succeeded != 1 || left != 0 {
		return "", fmt.Errorf("redriven %d of 1, %d letters left", r.Succeeded, left)
	}
	_, err = e.pipeline.S3.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: &e.out.LakeBucket, Key: &key})
	return "a truncated object became a dead letter (" + name + "), stayed one while it was broken, and was redriven once it was mended", err
}

func zipped(s string) []byte {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	// Writing to memory does not fail.
	_, _ = w.Write([]byte(s))
	_ = w.Close()
	return b.Bytes()
}

func testQueryLimit(ctx context.Context, e *env) (string, error) {
	limit := int64(e.space.Config.QueryScanLimitMiB) << 20
	hour := e.target.Now().UTC()
	key := pipeline.LogsPrefix + sourceObjects + hour.Format("/year=2006/month=01/day=02/hour=15/") + "bulk.json"
	// Plain text: a scan is measured by the bytes that are stored.
	rng := rand.New(rand.NewPCG(1, 2))
	var b bytes.Buffer
	for int64(b.Len()) < limit+limit/8 {
		fmt.Fprintf(&b, "{\"n\":%d,\"noise\":\"%s\"}\n", rng.IntN(1e6), strings.Repeat(fmt.Sprintf("%016x", rng.Uint64()), 250))
	}
	if _, err := e.pipeline.S3.PutObject(ctx, &s3.PutObjectInput{Bucket: &e.out.LakeBucket, Key: &key, Body: bytes.NewReader(b.Bytes())}); err != nil {
		return "", err
	}
	table := e.out.Tables[sourceObjects]
	err := e.until(ctx, "columns of "+table, func(ctx context.Context) (bool, string, error) {
		t, err := e.pipeline.Table(ctx, sourceObjects)
		if err != nil || len(t.Columns) == 0 || e.space.Config.Partitions == pipeline.Projected {
			return err == nil && len(t.Columns) > 0, fmt.Sprintf("%d columns", len(t.Columns)), err
		}
		_, err = e.pipeline.Glue.GetPartition(ctx, &glue.GetPartitionInput{
			DatabaseName: &e.out.Database, TableName: &table, PartitionValues: strings.Split(hour.Format("2006/01/02/15"), "/"),
		})
		var missing *gluetypes.EntityNotFoundException
		if errors.As(err, &missing) {
			return false, "the partition is missing", nil
		}
		return err == nil, "the partition is there", err
	})
	if err != nil {
		return "", err
	}
	_, err = e.athena.Query(ctx, fmt.Sprintf(`SELECT max(noise) FROM "%s" WHERE year = '%s' AND month = '%s' AND day = '%s' AND hour = '%s'`, table,
		hour.Format("2006"), hour.Format("01"), hour.Format("02"), hour.Format("15")), 1)
	var failed *query.QueryError
	if !errors.As(err, &failed) {
		return "", fmt.Errorf("a query over %d bytes with a limit of %d ended with: %w", b.Len(), limit, err)
	}
	if !strings.Contains(strings.ToLower(failed.Reason), "bytes scanned limit") {
		return "", fmt.Errorf("the query ended %s for another reason: %s", failed.State, failed.Reason)
	}
	return fmt.Sprintf("%d bytes against a limit of %d: %s, %s", b.Len(), limit, failed.State, failed.Reason), nil
}
