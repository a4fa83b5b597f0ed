// Package observe looks at what the pipeline did, through the APIs that any
// operator has: objects in the lake, metrics of the state machine and its
// functions, partitions and columns in the catalog, dead letters.
package observe

import (
	"context"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cwtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	gluetypes "github.com/aws/aws-sdk-go-v2/service/glue/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"crawlerless/automation/workspace"
	"crawlerless/stack/pipeline"
)

// Pipeline is a deployed pipeline to look at.
type Pipeline struct {
	Outputs workspace.Outputs
	S3      *s3.Client
	Glue    *glue.Client
	Metrics *cloudwatch.Client
	Queues  *sqs.Client
}

// Open makes the clients. S3 is addressed by path, which every endpoint
// understands.
func Open(c aws.Config, o workspace.Outputs) *Pipeline {
	return &Pipeline{
		Outputs: o,
		S3:      s3.NewFromConfig(c, func(o *s3.Options) { o.UsePathStyle = c.BaseEndpoint != nil }),
		Glue:    glue.NewFromConfig(c), Metrics: cloudwatch.NewFromConfig(c), Queues: sqs.NewFromConfig(c),
	}
}

// Objects counts the objects below a prefix of the lake and their bytes.
func (p *Pipeline) Objects(ctx context.Context, prefix string) (count int, bytes int64, err error) {
	pages := s3.NewListObjectsV2Paginator(p.S3, &s3.ListObjectsV2Input{Bucket: &p.Outputs.LakeBucket, Prefix: &prefix})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return 0, 0, fmt.Errorf("list %s/%s: %w", p.Outputs.LakeBucket, prefix, err)
		}
		for _, o := range page.Contents {
			count++
			bytes += aws.ToInt64(o.Size)
		}
	}
	return count, bytes, nil
}

// Executions counts the workflow's executions, and the invocations of the
// catalog function: the executions that had something to say.
type Executions struct {
	Started   int `json:"started"`
	Succeeded int `json:"succeeded"`
	Failed    int `json:"failed"`
	TimedOut  int `json:"timedOut"` // of those that failed: Step Functions ended them
	Updates   int `json:"updates"`
}

// Executions reads the metrics from since until now.
func (p *Pipeline) Executions(ctx context.Context, since, now time.Time) (Executions, error) {
	machine := cwtypes.Dimension{Name: aws.String("StateMachineArn"), Value: &p.Outputs.StateMachineARN}
	var e Executions
	var failed, timedOut, aborted int
	for _, m := range []struct {
		to              *int
		namespace, name string
		dimension       cwtypes.Dimension
	}{
		{&e.Started, "AWS/States", "ExecutionsStarted", machine},
		{&e.Succeeded, "AWS/States", "ExecutionsSucceeded", machine},
		{&failed, "AWS/States", "ExecutionsFailed", machine},
		{&timedOut, "AWS/States", "ExecutionsTimedOut", machine},
		{&aborted, "AWS/States", "ExecutionsAborted", machine},
		{&e.Updates, "AWS/Lambda", "Invocations", cwtypes.Dimension{Name: aws.String("FunctionName"), Value: &p.Outputs.CatalogFunction}},
	} {
		n, err := p.sum(ctx, m.namespace, m.name, m.dimension, since, now)
		if err != nil {
			return e, err
		}
		*m.to = n
	}
	e.Failed, e.TimedOut = failed+timedOut+aborted, timedOut
	return e, nil
}

// sum adds up a metric in periods of a minute or more, at most 1,440 of them.
func (p *Pipeline) sum(ctx context.Context, namespace, name string, d cwtypes.Dimension, since, now time.Time) (int, error) {
	since, now = since.Truncate(time.Minute), now.Truncate(time.Minute).Add(time.Minute)
	minutes := int(now.Sub(since)/time.Minute)/1440 + 1
	out, err := p.Metrics.GetMetricStatistics(ctx, &cloudwatch.GetMetricStatisticsInput{
		Namespace: &namespace, MetricName: &name, Dimensions: []cwtypes.Dimension{d},
		StartTime: &since, EndTime: &now, Period: aws.Int32(int32(60 * minutes)),
		Statistics: []cwtypes.Statistic{cwtypes.StatisticSum},
	})
	if err != nil {
		return 0, fmt.Errorf("metric %s %s: %w", namespace, name, err)
	}
	var total float64
	for _, point := range out.Datapoints {
		total += aws.ToFloat64(point.Sum)
	}
	return int(total), nil
}

// Table is one table of the catalog.
type Table struct {
	Name       string             `json:"name"`
	Columns    []gluetypes.Column `json:"-"`
	Partitions int                `json:"partitions"`
}

// Table reads the table of a source and counts its partitions.
func (p *Pipeline) Table(ctx context.Context, source string) (Table, error) {
	name, ok := p.Outputs.Tables[source]
	if !ok {
		return Table{}, fmt.Errorf("the stack has no source %q", source)
	}
	t := Table{Name: name}
	out, err := p.Glue.GetTable(ctx, &glue.GetTableInput{DatabaseName: &p.Outputs.Database, Name: &name})
	if err != nil {
		return t, fmt.Errorf("table %s: %w", name, err)
	}
	if out.Table.StorageDescriptor != nil {
		t.Columns = out.Table.StorageDescriptor.Columns
	}
	pages := glue.NewGetPartitionsPaginator(p.Glue, &glue.GetPartitionsInput{
		DatabaseName: &p.Outputs.Database, TableName: &name, ExcludeColumnSchema: aws.Bool(true),
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return t, fmt.Errorf("partitions of %s: %w", name, err)
		}
		t.Partitions += len(page.Partitions)
	}
	return t, nil
}

// DeadLetters is how many messages wait in the dead-letter queue.
func (p *Pipeline) DeadLetters(ctx context.Context) (int, error) {
	out, err := p.Queues.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{
		QueueUrl: &p.Outputs.DeadLetterURL, AttributeNames: []sqstypes.QueueAttributeName{sqstypes.QueueAttributeNameAll},
	})
	if err != nil {
		return 0, fmt.Errorf("dead-letter queue: %w", err)
	}
	var waiting, taken int
	if _, err := fmt.Sscan(out.Attributes["ApproximateNumberOfMessages"], &waiting); err != nil {
		return 0, fmt.Errorf("dead-letter queue: ApproximateNumberOfMessages: %w", err)
	}
	if _, err := fmt.Sscan(out.Attributes["ApproximateNumberOfMessagesNotVisible"], &taken); err != nil {
		return 0, fmt.Errorf("dead-letter queue: ApproximateNumberOfMessagesNotVisible: %w", err)
	}
	return waiting + taken, nil
}

// Undelivered counts the objects under the error prefix.
func (p *Pipeline) Undelivered(ctx context.Context) (int, error) {
	n, _, err := p.Objects(ctx, pipeline.ErrorsPrefix)
	return n, err
}
