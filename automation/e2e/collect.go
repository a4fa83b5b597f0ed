package e2e

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"crawlerless/automation/console"
	"crawlerless/automation/feed"
	"crawlerless/automation/query"
	"crawlerless/automation/report"
	"crawlerless/cost"
	"crawlerless/lambdas/generate/logline"
	"crawlerless/stack/pipeline"
)

// feed invokes the generator three times, so that its events come in three
// objects at least.
func (r *run) feed(ctx context.Context, s *console.Step) (string, error) {
	e := r.env
	const rounds = 3
	total := 0
	for i := range rounds {
		now := e.target.Now().UTC().Truncate(time.Second)
		share := e.events*(i+1)/rounds - e.events*i/rounds
		n, err := feed.Generate(ctx, e.lambda, e.out.GenerateFunction, logline.Request{Events: share, From: now.Add(-5 * time.Minute), To: now, Seed: uint64(i + 1)})
		if err != nil {
			return "", err
		}
		total += n
		s.Update("%d events", total)
		if e.target.Name() == "local" {
			// An hour each: three partitions.
			if err := e.target.Pass(ctx, time.Hour); err != nil {
				return "", err
			}
		}
	}
	e.mu.Lock()
	e.sent += int64(total)
	e.mu.Unlock()
	return fmt.Sprintf("%d events of the generator in %d rounds", total, rounds), nil
}

// collect fills the report with what the pipeline did.
func (r *run) collect(ctx context.Context) error {
	e := r.env
	objects, bytes, e1 := e.pipeline.Objects(ctx, pipeline.LogsPrefix)
	undelivered, e2 := e.pipeline.Undelivered(ctx)
	x, e3 := e.pipeline.Executions(ctx, e.since, e.target.Now())
	dead, e4 := e.pipeline.DeadLetters(ctx)
	if err := errors.Join(e1, e2, e3, e4); err != nil {
		return fmt.Errorf("collect the figures of the run: %w", err)
	}
	partitions := 0
	for source := range e.out.Tables {
		t, err := e.pipeline.Table(ctx, source)
		if err != nil {
			return err
		}
		partitions += t.Partitions
	}
	var scanned, billed int64
	for _, q := range e.queries {
		scanned += q.result.ScannedBytes
		billed += query.Billed(q.result.ScannedBytes)
		r.report.Queries = append(r.report.Queries, report.Query{
			Title: q.title, SQL: q.sql, Columns: q.result.Columns, Rows: q.result.Rows[:min(20, len(q.result.Rows))], ScannedBytes: q.result.ScannedBytes,
		})
	}
	r.report.Funnel = []report.Count{
		{Stage: "sent to log groups", Count: e.sent, Unit: "events"},
		{Stage: "objects in the lake", Count: int64(objects), Unit: "objects"},
		{Stage: "objects under the error prefix", Count: int64(undelivered), Unit: "objects"},
		{Stage: "executions started", Count: int64(x.Started), Unit: "objects"},
		{Stage: "invocations of UpdateCatalog", Count: int64(x.Updates), Unit: "invocations"},
		{Stage: "executions failed", Count: int64(x.Failed), Unit: "objects"},
		{Stage: "dead letters left", Count: int64(dead), Unit: "objects"},
		{Stage: "partitions", Count: int64(partitions), Unit: "partitions"},
		{Stage: "scanned by queries", Count: scanned, Unit: "bytes"},
	}
	if r.o.Faults != nil {
		r.report.Faults = r.o.Faults.Done()
	}
	return r.price(float64(bytes), float64(objects), float64(x.Started), float64(x.Updates), float64(billed))
}

// price is what the counts would cost on AWS. Durations are taken as one 100 ms
// step of 64 MB for an execution and 100 ms of each function: the shortest that
// is billed.
func (r *run) price(bytes, objects, executions, updates, billed float64) error {
	prices, err := cost.Prices()
	if err != nil {
		return err
	}
	c := r.env.space.Config
	for _, i := range []struct {
		item, what, unit string
		quantity         float64
	}{
		{"logs.ingest.standard", "log events, ingest (at five times their compressed size)", "GB", bytes * 5 / 1e9},
		{"s3.put", "objects written", "1,000 requests", objects / 1000},
		{"events.s3", "Object Created events", "million", objects / 1e6},
		{"states.express.requests", "executions", "million", executions / 1e6},
		{"states.express.duration", "execution time", "GB-hour", executions * 0.1 / 3600 * 0.0625},
		{"lambda.requests", "invocations", "million", (executions + updates) / 1e6},
		{"lambda.duration.arm64", "function time", "GB-second", 0.1 * (executions*float64(c.ExtractMemoryMiB) + updates*float64(c.CatalogMemoryMiB)) / 1024},
		{"athena.scan", "bytes billed to queries", "TB", billed / 1e12},
	} {
		p, err := prices.Get(i.item)
		if err != nil {
			return err
		}
		usd := p.USD * i.quantity
		r.report.Cost.USD += usd
		r.report.Cost.Items = append(r.report.Cost.Items, report.CostItem{What: i.what, Quantity: i.quantity, Unit: i.unit, USD: usd})
	}
	return nil
}

// evidence is what helps to understand a failure: the last lines of the
// functions and of the state machine, the letters, the keys. What cannot be
// read says so.
func (e *env) evidence(ctx context.Context) string {
	var b strings.Builder
	for _, group := range []string{
		"/aws/vendedlogs/states/" + strings.TrimSuffix(e.out.ExtractFunction, "extract") + "catalogue", "/aws/lambda/" + e.out.ExtractFunction, "/aws/lambda/" + e.out.CatalogFunction,
	} {
		fmt.Fprintf(&b, "%s\n", group)
		out, err := e.logs.FilterLogEvents(ctx, &cloudwatchlogs.FilterLogEventsInput{LogGroupName: &group})
		if err != nil {
			fmt.Fprintf(&b, "  %v\n", err)
			continue
		}
		for _, event := range out.Events[max(0, len(out.Events)-8):] {
			fmt.Fprintf(&b, "  %.2000s\n", aws.ToString(event.Message))
		}
	}
	dead, err := e.pipeline.DeadLetters(ctx)
	fmt.Fprintf(&b, "dead letters: %d %v\n", dead, orNothing(err))
	out, err := e.pipeline.S3.ListObjectsV2(ctx, &s3.ListObjectsV2Input{Bucket: &e.out.LakeBucket})
	if err != nil {
		fmt.Fprintf(&b, "keys: %v\n", err)
		return b.String()
	}
	fmt.Fprintf(&b, "keys (%d)\n", len(out.Contents))
	for _, o := range out.Contents[max(0, len(out.Contents)-30):] {
		fmt.Fprintf(&b, "  %9d %s\n", aws.ToInt64(o.Size), aws.ToString(o.Key))
	}
	return b.String()
}

func orNothing(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
