package demo

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/athena"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/lambda"

	query "crawlerless/automation/athena"
	"crawlerless/automation/console"
	"crawlerless/automation/feed"
	"crawlerless/automation/observe"
	"crawlerless/lambdas/generate/logline"
	"crawlerless/stack/pipeline"
)

// The generator's events cover three hours of the local clock. It is invoked
// every five minutes of it, as a real application would go on writing.
const (
	feedSpan  = 3 * time.Hour
	feedEvery = 5 * time.Minute
)

// seed makes every demo write the same events.
const seed = 20260101

// feed brings the logs to the front of the pipeline.
func (d *Demo) feed(ctx context.Context, s *console.Step) (string, error) {
	if len(d.inputs) > 0 {
		return d.feedInput(ctx, s)
	}
	d.summary.source = pipeline.GeneratorSource
	api := lambda.NewFromConfig(d.local.AWS())
	slices := int(feedSpan / feedEvery)
	for i := range slices {
		from := d.summary.From.Add(time.Duration(i) * feedEvery)
		if wait := from.Add(feedEvery).Sub(d.local.Now()); wait > 0 {
			if err := d.local.Pass(ctx, wait); err != nil {
				return "", err
			}
		}
		share := d.o.Events*(i+1)/slices - d.o.Events*i/slices
		n, err := feed.Generate(ctx, api, d.out.GenerateFunction, logline.Request{
			Events: share, From: from, To: from.Add(feedEvery), Seed: seed + uint64(i),
		})
		if err != nil {
			return "", err
		}
		d.summary.Events += n
		s.Update("%d of %d events, %s on the local clock", d.summary.Events, d.o.Events, d.local.Now().Format("15:04"))
	}
	return fmt.Sprintf("%d events from the generator over %s of the local clock", d.summary.Events, feedSpan), nil
}

func (d *Demo) feedInput(ctx context.Context, s *console.Step) (string, error) {
	d.summary.source = inputSource
	sender := &feed.Sender{
		API: cloudwatchlogs.NewFromConfig(d.local.AWS()), Group: d.out.LogGroups[inputSource], Stream: "demo-input",
		Now: d.local.Now, Progress: func(sent feed.Sent) { s.Update("%d events of %d files", sent.Events, sent.Files+1) },
	}
	sent, err := sender.Send(ctx, d.inputs)
	if err != nil {
		return "", err
	}
	d.summary.Events, d.summary.sent = sent.Events, &sent
	if len(sent.TooLong) > 0 {
		s.Note("left out, longer than the %d bytes that a log event holds: %s", feed.MaxLineBytes, tooLong(sent))
	}
	for _, n := range sent.Notes[:min(notesShown, len(sent.Notes))] {
		s.Note("%s", n)
	}
	if more := len(sent.Notes) - notesShown; more > 0 {
		s.Note("and %d notes more, which infer shows", more)
	}
	if sent.Events == 0 {
		return "", errors.New("the input has no lines that a log event can hold: there is nothing to send")
	}
	result := fmt.Sprintf("%d lines of %d files sent", sent.Events, sent.Files)
	if n := len(sent.TooLong); n > 0 {
		result += fmt.Sprintf(", %d too long left out", n)
	}
	if sent.Blank > 0 {
		result += fmt.Sprintf(", %d blank left out", sent.Blank)
	}
	if sent.Malformed > 0 {
		result += fmt.Sprintf(", %d not JSON objects", sent.Malformed)
	}
	if sent.Replaced > 0 {
		result += fmt.Sprintf(", %d with bytes that are not UTF-8 (replaced)", sent.Replaced)
	}
	return result, nil
}

// notesShown is how many notes on the input are printed.
const notesShown = 5

// tooLong names the first few lines that no log event can hold.
func tooLong(sent feed.Sent) string {
	const named = 5
	text := strings.Join(sent.TooLong[:min(named, len(sent.TooLong))], ", ")
	if more := len(sent.TooLong) - named; more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}

// patience is how much time may pass on the target without any further event
// becoming queryable before the demo gives up: longer than every buffer and
// retry of the pipeline together.
const patience = 30 * time.Minute

// await lets time pass until Athena counts every event that was sent.
func (d *Demo) await(ctx context.Context, s *console.Step) (string, error) {
	client := d.athena()
	table := d.out.Tables[d.summary.source]
	p := observe.Open(d.local.AWS(), d.out)
	last, progress := int64(-1), d.local.Now()
	for {
		if err := d.local.Pass(ctx, time.Duration(d.space.Config.BufferSeconds)*time.Second); err != nil {
			return "", err
		}
		n, _, err := client.Count(ctx, fmt.Sprintf(`SELECT count(*) FROM "%s"`, table))
		if err != nil {
			return "", err
		}
		s.Update("%d of %d events queryable", n, d.summary.Events)
		if n == int64(d.summary.Events) {
			return fmt.Sprintf("all %d events are queryable, %s on the local clock", n, d.local.Now().Format("15:04:05")), nil
		}
		if n > int64(d.summary.Events) {
			return "", fmt.Errorf("athena counts %d events, %d were sent: some came twice", n, d.summary.Events)
		}
		if n != last {
			last, progress = n, d.local.Now()
		}
		if d.local.Now().Sub(progress) > patience {
			return "", d.stuck(ctx, p, n)
		}
	}
}

// stuck says where events are that never became queryable.
func (d *Demo) stuck(ctx context.Context, p *observe.Pipeline, n int64) error {
	err := fmt.Errorf("%d of %d events are queryable and no more come", n, d.summary.Events)
	objects, _, e1 := p.Objects(ctx, pipeline.LogsPrefix)
	undelivered, e2 := p.Undelivered(ctx)
	dead, e3 := p.DeadLetters(ctx)
	x, e4 := p.Executions(ctx, d.summary.From, d.local.Now())
	if e := errors.Join(e1, e2, e3, e4); e != nil {
		return errors.Join(err, e)
	}
	return fmt.Errorf("%w: %d objects in the lake, %d under %s, %d executions started, %d failed, %d dead letters (run with --log debug for what each service says)",
		err, objects, undelivered, pipeline.ErrorsPrefix, x.Started, x.Failed, dead)
}

func (d *Demo) athena() *query.Client {
	return &query.Client{API: athena.NewFromConfig(d.local.AWS()), Workgroup: d.out.Workgroup, Database: d.out.Database}
}
