package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"crawlerless/lambdas/schema"
)

// deadLetter is a message of the dead-letter queue, of either kind.
type deadLetter struct{ key, err, cause, execution string }

// glance is how long a letter that is looked at stays out of sight.
const glance = time.Minute

// letters looks at every letter and leaves it where it is. An answer that is
// lost on its way hides its letters for a while: they are looked at later.
func (e *env) letters(ctx context.Context) ([]deadLetter, error) {
	found, handles := map[string]deadLetter{}, map[string]*string{} // by the message's identifier
	for {
		out, err := e.pipeline.Queues.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{
			QueueUrl: &e.out.DeadLetterURL, MaxNumberOfMessages: 10, VisibilityTimeout: int32(glance.Seconds()), MessageAttributeNames: []string{"All"},
		})
		if err != nil {
			return nil, err
		}
		for _, m := range out.Messages {
			if found[*m.MessageId], err = readLetter(m); err != nil {
				return nil, err
			}
			handles[*m.MessageId] = m.ReceiptHandle
		}
		if len(out.Messages) > 0 {
			continue
		}
		waiting, err := e.pipeline.DeadLetters(ctx)
		if err != nil {
			return nil, err
		}
		if len(found) >= waiting {
			break
		}
		if err := e.target.Pass(ctx, glance+time.Second); err != nil {
			return nil, err
		}
	}
	for _, h := range handles {
		if _, err := e.pipeline.Queues.ChangeMessageVisibility(ctx, &sqs.ChangeMessageVisibilityInput{QueueUrl: &e.out.DeadLetterURL, ReceiptHandle: h, VisibilityTimeout: 0}); err != nil {
			return nil, err
		}
	}
	return slices.Collect(maps.Values(found)), nil
}

// readLetter reads a letter of the state machine, or of EventBridge.
func readLetter(m sqstypes.Message) (deadLetter, error) {
	type event struct {
		Detail struct{ Object struct{ Key string } }
	}
	var body struct {
		event
		Event                   *event
		Error, Cause, Execution string
	}
	if err := json.Unmarshal([]byte(*m.Body), &body); err != nil {
		return deadLetter{}, fmt.Errorf("letter %s: %w", *m.Body, err)
	}
	if body.Event != nil {
		return deadLetter{body.Event.Detail.Object.Key, body.Error, body.Cause, body.Execution}, nil
	}
	attribute := func(name string) string { return aws.ToString(m.MessageAttributes[name].StringValue) }
	return deadLetter{key: body.Detail.Object.Key, err: attribute("ERROR_CODE"), cause: attribute("ERROR_MESSAGE")}, nil
}

// complete holds catalog and query against the one reader.
func (r *stormRun) complete(ctx context.Context) error {
	for _, source := range r.storm.sources {
		want := r.storm.want[source]
		if err := r.catalogued(ctx, source, want); err != nil {
			return err
		}
		if err := r.queryable(ctx, source, want); err != nil {
			return err
		}
	}
	return nil
}

// catalogued: the table has the one reader's columns, every hour is a
// partition, and every partition has exactly the table's columns.
func (r *stormRun) catalogued(ctx context.Context, source string, want *stormTable) error {
	table := r.out.Tables[source]
	out, err := r.pipeline.Glue.GetTable(ctx, &glue.GetTableInput{DatabaseName: &r.out.Database, Name: &table})
	if err != nil {
		return err
	}
	columns := want.columns()
	for _, c := range out.Table.StorageDescriptor.Columns {
		name := aws.ToString(c.Name)
		t, err := schema.ParseHive(aws.ToString(c.Type))
		if err != nil {
			return err
		}
		if w, ok := columns[name]; !ok || w.Hive() != t.Hive() {
			return fmt.Errorf("table %s has %s %s, one reader would have %s", table, name, t.Hive(), w.Hive())
		}
		delete(columns, name)
	}
	if len(columns) > 0 {
		return fmt.Errorf("table %s lacks the columns %v", table, slices.Sorted(maps.Keys(columns)))
	}
	hours := maps.Clone(want.hours)
	pages := glue.NewGetPartitionsPaginator(r.pipeline.Glue, &glue.GetPartitionsInput{DatabaseName: &r.out.Database, TableName: &table})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return err
		}
		for _, p := range page.Partitions {
			delete(hours, strings.Join(p.Values, "/"))
			if !slices.EqualFunc(p.StorageDescriptor.Columns, out.Table.StorageDescriptor.Columns, func(a, b types.Column) bool {
				return *a.Name == *b.Name && *a.Type == *b.Type
			}) {
				return fmt.Errorf("partition %v of %s has not the table's columns", p.Values, table)
			}
		}
	}
	if len(hours) > 0 {
		return fmt.Errorf("table %s lacks the partitions %v", table, slices.Sorted(maps.Keys(hours)))
	}
	return nil
}

// queryable: Athena finds every record in its hour, and every field that is not
// null in its column.
func (r *stormRun) queryable(ctx context.Context, source string, want *stormTable) error {
	table := r.out.Tables[source]
	columns := slices.Sorted(maps.Keys(want.present))
	selected := []string{"count(*)", "count(DISTINCT id)"}
	for _, c := range columns {
		selected = append(selected, fmt.Sprintf("count(%q)", c))
	}
	rows, err := r.ask(ctx, "Every field of "+table, fmt.Sprintf(`SELECT %s FROM %q`, strings.Join(selected, ", "), table))
	if err != nil {
		return err
	}
	if got, w := text(rows[0][:2]), fmt.Sprintf("%d | %d", want.rows, want.rows); got != w {
		return fmt.Errorf("table %s has rows and distinct records %s, want %s", table, got, w)
	}
	for i, c := range columns {
		if got, w := aws.ToString(rows[0][i+2]), fmt.Sprint(want.present[c]); got != w {
			return fmt.Errorf("column %s of %s has %s values, %s were written", c, table, got, w)
		}
	}
	rows, err = r.ask(ctx, "Hours of "+table, fmt.Sprintf(`SELECT year, month, day, hour, count(*) FROM %q GROUP BY 1, 2, 3, 4`, table))
	if err != nil {
		return err
	}
	got := map[string]int{}
	for _, row := range rows {
		n := 0
		if _, err := fmt.Sscan(aws.ToString(row[4]), &n); err != nil {
			return err
		}
		got[strings.ReplaceAll(text(row[:4]), " | ", "/")] = n
	}
	if !maps.Equal(got, want.hours) {
		return fmt.Errorf("the hours of %s are %v, want %v", table, got, want.hours)
	}
	return nil
}

// counted is a map as a person reads it.
func counted(m map[string]int) string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(m)) {
		parts = append(parts, fmt.Sprintf("%s %d", name, m[name]))
	}
	return strings.Join(parts, ", ")
}

// unescaped is a policy document as IAM answers it.
func unescaped(document string) (string, error) { return url.PathUnescape(document) }
