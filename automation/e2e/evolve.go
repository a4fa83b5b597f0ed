package e2e

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"crawlerless/lambdas/catalogmerge"
	"crawlerless/lambdas/metadata"
	"crawlerless/stack/pipeline"
)

// change is one step in the life of a log format. A record comes into an hour of
// its own; afterwards every query must say of old records as well as of the new
// one what it should.
type change struct {
	what, record string
	// query is an expression over the table, and want its value for every
	// record, in their order, without those where it is NULL.
	query, want string
}

// changes are what formats of real logs go through.
var changes = [...]change{
	{"a first record", `{"id":1,"ms":1,"who":"ann","detail":{"a":1},"flag":true,"user":{"id":1},"list":[1,2],"nothing":null,"big":1}`, "ms", "1"},
	{"int to float", `{"id":2,"ms":1.5}`, "ms", "1.0, 1.5"},
	{"float to text", `{"id":3,"ms":"n/a"}`, "ms", "1, 1.5, n/a"},
	{"scalar to object", `{"id":4,"who":{"name":"bob"}}`, "who", `ann, {"name":"bob"}`},
	{"object to array", `{"id":5,"detail":[1,2]}`, "detail", `{"a":1}, [1,2]`},
	{"a renamed case", `{"id":6,"Who":"cat"}`, "who", `ann, {"name":"bob"}, cat`},
	{"a field named like a partition", `{"id":7,"hour":99}`, "hour_", "99"},
	{"an integer beyond 64 bits", `{"id":8,"big":9223372036854775808}`, "CAST(big AS double) > 0", "true, true"},
	{"boolean to text", `{"id":9,"flag":"yes"}`, "flag", "true, yes"},
	{"a member more", `{"id":10,"user":{"id":2,"name":"x"}}`, `user.name`, "x"},
	{"a wider member", `{"id":11,"user":{"id":2.5}}`, "user.id", "1.0, 2.0, 2.5"},
	{"a member less", `{"id":12,"user":{"name":"y"}}`, "user.name", "x, y"},
	{"numbers in a list to objects", `{"id":13,"list":[{"a":1}]}`, "list[1]", `1, {"a":1}`},
	{"null to a number", `{"id":14,"nothing":3}`, "nothing", "3"},
	{"a dotted key", `{"id":15,"a.b":7}`, "a_b", "7"},
	{"a reserved word", `{"id":16,"order":"x"}`, "order_", "x"},
	{"object to text", `{"id":17,"user":"nobody"}`, "user", `{"id":1}, {"id":2,"name":"x"}, {"id":2.5}, {"name":"y"}, nobody`},
	{"two keys that differ by case", `{"id":18,"URL":"x","url":"y"}`, "url", "y"},
}

// testChanges lets a table live through all changes and asks for everything
// after each.
func testChanges(ctx context.Context, e *env) (string, error) {
	table := e.out.Tables[sourceHistory]
	for i, c := range changes {
		hour := e.target.Now().UTC().Truncate(time.Hour).Add(-time.Duration(len(changes)-i) * time.Hour)
		if err := e.put(ctx, sourceHistory, hour, "record.json", c.record+"\n"); err != nil {
			return "", err
		}
		if err := e.synced(ctx, sourceHistory, i+1); err != nil {
			return "", fmt.Errorf("after %s: %w", c.what, err)
		}
		if err := e.rows(ctx, sourceHistory, int64(i+1)); err != nil {
			return "", fmt.Errorf("after %s: %w", c.what, err)
		}
		rows, err := e.ask(ctx, "After "+c.what, fmt.Sprintf(`SELECT %s FROM %q WHERE (%s) IS NOT NULL ORDER BY id`, c.query, table, c.query))
		if err != nil {
			return "", fmt.Errorf("after %s: %w", c.what, err)
		}
		var got []string
		for _, r := range rows {
			got = append(got, text(r))
		}
		if all := strings.Join(got, ", "); all != c.want {
			return "", fmt.Errorf("after %s, %s is %s, want %s", c.what, c.query, all, c.want)
		}
		if err := e.everyColumn(ctx, sourceHistory, i+1); err != nil {
			return "", fmt.Errorf("after %s: %w", c.what, err)
		}
	}
	return fmt.Sprintf("%d changes, each with every column of every partition read afterwards", len(changes)), nil
}

// synced waits until there are so many partitions and every one has the table's
// columns. Glue has no transaction over a table and its partitions: until then a
// query that meets both may find that they do not fit.
func (e *env) synced(ctx context.Context, source string, partitions int) error {
	if e.space.Config.Partitions == pipeline.Projected {
		return nil
	}
	table := e.out.Tables[source]
	return e.until(ctx, "partitions of "+table+" in line with it", func(ctx context.Context) (bool, string, error) {
		out, err := e.pipeline.Glue.GetTable(ctx, &glue.GetTableInput{DatabaseName: &e.out.Database, Name: &table})
		if err != nil {
			return false, "", err
		}
		behind, found := 0, 0
		pages := glue.NewGetPartitionsPaginator(e.pipeline.Glue, &glue.GetPartitionsInput{DatabaseName: &e.out.Database, TableName: &table})
		for pages.HasMorePages() {
			page, err := pages.NextPage(ctx)
			if err != nil {
				return false, "", err
			}
			for _, p := range page.Partitions {
				found++
				if !catalogmerge.UpToDate(p.StorageDescriptor, out.Table) {
					behind++
				}
			}
		}
		return behind == 0 && found == partitions, fmt.Sprintf("%d of %d, %d behind", found, partitions, behind), nil
	})
}

// everyColumn reads every column of every partition.
func (e *env) everyColumn(ctx context.Context, source string, rows int) error {
	table := e.out.Tables[source]
	r, err := e.athena.Query(ctx, fmt.Sprintf(`SELECT * FROM %q`, table), 0)
	if err != nil {
		return err
	}
	hours := map[string]bool{}
	for _, row := range r.Rows {
		hours[text(row[len(row)-len(pipeline.PartitionColumns):])] = true
	}
	if len(r.Rows) != rows || len(hours) != rows {
		return fmt.Errorf("%d rows in %d partitions, want %d of each", len(r.Rows), len(hours), rows)
	}
	return nil
}

// put writes an object into an hour of a source.
func (e *env) put(ctx context.Context, source string, hour time.Time, name, body string) error {
	key := pipeline.LogsPrefix + source + hour.Format("/year=2006/month=01/day=02/hour=15/") + name
	if _, err := e.pipeline.S3.PutObject(ctx, &s3.PutObjectInput{Bucket: &e.out.LakeBucket, Key: &key, Body: bytes.NewReader([]byte(body))}); err != nil {
		return fmt.Errorf("put %s: %w", key, err)
	}
	return nil
}

// wideColumns is how many columns the wide table has. Their names are so long
// that its schema does not fit into a payload of the state machine.
const wideColumns = 2000

func wideName(i int) string {
	return fmt.Sprintf("wide_%04d_%s", i, strings.Repeat("x", 100))
}

func wideRecord(value string, more ...string) string {
	fields := append([]string{`"id":` + value}, more...)
	for i := range wideColumns - 1 {
		fields = append(fields, fmt.Sprintf("%q:%s", wideName(i), value))
	}
	return "{" + strings.Join(fields, ",") + "}\n"
}

// testWide catalogues, widens and reads a table of two thousand columns.
func testWide(ctx context.Context, e *env) (string, error) {
	table := e.out.Tables[sourceWide]
	hour := e.target.Now().UTC().Truncate(time.Hour).Add(-3 * time.Hour)
	for i, record := range []string{wideRecord("1"), wideRecord("2.5", `"one_more":true`)} {
		if err := e.put(ctx, sourceWide, hour.Add(time.Duration(i)*time.Hour), "wide.json", record); err != nil {
			return "", err
		}
		if err := e.rows(ctx, sourceWide, int64(i+1)); err != nil {
			return "", err
		}
	}
	t, err := e.pipeline.Table(ctx, sourceWide)
	if err != nil {
		return "", err
	}
	if len(t.Columns) != wideColumns+1 || t.Partitions != 2 && e.space.Config.Partitions == pipeline.Registered {
		return "", fmt.Errorf("table %s has %d columns and %d partitions, want %d and 2", table, len(t.Columns), t.Partitions, wideColumns+1)
	}
	sums := []string{"count(one_more)", "sum(id)"}
	for i := range wideColumns - 1 {
		sums = append(sums, fmt.Sprintf("sum(%s)", wideName(i)))
	}
	rows, err := e.athena.Query(ctx, fmt.Sprintf("SELECT %s FROM %q", strings.Join(sums, ","), table), 1)
	if err != nil {
		return "", err
	}
	if n := aws.ToString(rows.Rows[0][0]); n != "1" {
		return "", fmt.Errorf("the new column has %s values, want 1", n)
	}
	for i, v := range rows.Rows[0][1:] {
		if aws.ToString(v) != "3.5" {
			return "", fmt.Errorf("%s is %s, want 3.5", sums[i+1], aws.ToString(v))
		}
	}
	size, err := e.pointer(ctx)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%d columns in 2 partitions, all of them widened and read; the schema of %d bytes travelled by a pointer that expires", len(t.Columns), size), nil
}

// pointer finds the schema that did not fit into a payload, and the rule that
// will remove it.
func (e *env) pointer(ctx context.Context) (int64, error) {
	prefix := pipeline.ScratchPrefix + sourceWide + "/"
	out, err := e.pipeline.S3.ListObjectsV2(ctx, &s3.ListObjectsV2Input{Bucket: &e.out.LakeBucket, Prefix: &prefix})
	if err != nil {
		return 0, err
	}
	var size int64
	for _, o := range out.Contents {
		size = max(size, aws.ToInt64(o.Size))
	}
	if len(out.Contents) != 2 || size <= metadata.MaxPayload {
		return 0, fmt.Errorf("%d schemas lie below %s, the largest has %d bytes: want two beyond the payload of %d", len(out.Contents), prefix, size, metadata.MaxPayload)
	}
	rules, err := e.pipeline.S3.GetBucketLifecycleConfiguration(ctx, &s3.GetBucketLifecycleConfigurationInput{Bucket: &e.out.LakeBucket})
	if err != nil {
		return 0, err
	}
	for _, r := range rules.Rules {
		if r.Filter != nil && aws.ToString(r.Filter.Prefix) == pipeline.ScratchPrefix && r.Status == "Enabled" && r.Expiration != nil && aws.ToInt32(r.Expiration.Days) > 0 {
			return size, nil
		}
	}
	return 0, errors.New("no lifecycle rule removes what lies below " + pipeline.ScratchPrefix)
}
