package firehose_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	logstypes "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
	"github.com/aws/aws-sdk-go-v2/service/firehose"
	"github.com/aws/aws-sdk-go-v2/service/firehose/types"
	"pgregory.net/rapid"

	local "crawlerless/localaws/firehose"
	"crawlerless/localaws/logs"
	"crawlerless/localaws/logs/cloudtest"
	"crawlerless/localaws/wire"
)

// pipeline is the first half of the lake: a log group subscribed to a stream.
type pipeline struct {
	*world
	logs *cloudwatchlogs.Client
}

func newPipeline(t *testing.T, pattern string) *pipeline {
	t.Helper()
	c := cloudtest.New(t)
	streams, groups := local.New(c.Env), logs.New(c.Env)
	t.Cleanup(streams.Close)
	t.Cleanup(groups.Close)
	c.Serve(streams.Wire(), groups.Wire())
	p := &pipeline{&world{Cloud: c, client: firehose.NewFromConfig(c.Root())}, cloudwatchlogs.NewFromConfig(c.Root())}
	unwrap := fromLogs(extraction(), delimiter(`\n`))
	p.create(t, "app", func(d *types.ExtendedS3DestinationConfiguration) {
		unwrap(d)
		d.CompressionFormat = types.CompressionFormatGzip
		d.Prefix = aws.String("logs/app/year=!{timestamp:yyyy}/month=!{timestamp:MM}/day=!{timestamp:dd}/hour=!{timestamp:HH}/")
		d.CloudWatchLoggingOptions = &types.CloudWatchLoggingOptions{Enabled: aws.Bool(true), LogGroupName: aws.String("/errors"), LogStreamName: aws.String("app")}
	})
	ctx := context.Background()
	for group, stream := range map[string]string{"/app": "s", "/errors": "app"} {
		if _, err := p.logs.CreateLogGroup(ctx, &cloudwatchlogs.CreateLogGroupInput{LogGroupName: aws.String(group)}); err != nil {
			t.Fatal(err)
		}
		if _, err := p.logs.CreateLogStream(ctx, &cloudwatchlogs.CreateLogStreamInput{LogGroupName: aws.String(group), LogStreamName: aws.String(stream)}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := p.logs.PutSubscriptionFilter(ctx, &cloudwatchlogs.PutSubscriptionFilterInput{
		LogGroupName: aws.String("/app"), FilterName: aws.String("app"), FilterPattern: aws.String(pattern),
		DestinationArn: aws.String("arn:aws:firehose:us-east-1:000000000000:deliverystream/app"), RoleArn: aws.String("arn:aws:iam::000000000000:role/subscription"),
	}); err != nil {
		t.Fatal(err)
	}
	return p
}

func (p *pipeline) log(t testing.TB, messages ...string) {
	t.Helper()
	var events []logstypes.InputLogEvent
	for _, m := range messages {
		events = append(events, logstypes.InputLogEvent{Timestamp: aws.Int64(p.Clock.Now().UnixMilli()), Message: aws.String(m)})
	}
	if _, err := p.logs.PutLogEvents(context.Background(), &cloudwatchlogs.PutLogEventsInput{LogGroupName: aws.String("/app"), LogStreamName: aws.String("s"), LogEvents: events}); err != nil {
		t.Fatal(err)
	}
}

// lines are the lines of all objects, by the first part of their key.
func (p *pipeline) lines(t *testing.T) map[string][]string {
	t.Helper()
	lines := map[string][]string{}
	for _, o := range p.S3.Objects() {
		root, _, _ := strings.Cut(o.Key, "/")
		for line := range strings.Lines(gunzip(t, o.Body)) {
			lines[root] = append(lines[root], strings.TrimSuffix(line, "\n"))
		}
	}
	return lines
}

func TestALogEventBecomesALineInTheLake(t *testing.T) {
	p := newPipeline(t, "")
	p.log(t, `{"level":"INFO","n":1}`, `{"level":"ERROR","n":2}`, "not JSON ü€😀")
	p.Advance(t, time.Minute)
	objects := p.S3.Objects()
	if len(objects) != 1 || !strings.HasPrefix(objects[0].Key, "logs/app/year=2026/month=03/day=14/hour=10/app-1-2026-03-14-10-30-00-") || !strings.HasSuffix(objects[0].Key, ".gz") {
		t.Fatalf("objects %+v", objects)
	}
	if got, want := gunzip(t, objects[0].Body), "{\"level\":\"INFO\",\"n\":1}\n{\"level\":\"ERROR\",\"n\":2}\nnot JSON ü€😀\n"; got != want {
		t.Errorf("the object holds %q", got)
	}
}

func TestAnErrorOfDeliveryIsWrittenToTheStreamsLog(t *testing.T) {
	p := newPipeline(t, "")
	p.Fault(func(service, _ string) error {
		if service == "s3" {
			return &wire.Error{Code: "NoSuchBucket", Message: "The specified bucket does not exist", Status: 404}
		}
		return nil
	})
	p.log(t, "x")
	p.Advance(t, 61*time.Second)
	out, err := p.logs.GetLogEvents(context.Background(), &cloudwatchlogs.GetLogEventsInput{LogGroupName: aws.String("/errors"), LogStreamName: aws.String("app"), StartFromHead: aws.Bool(true)})
	if err != nil || len(out.Events) == 0 {
		t.Fatalf("error log %+v, %v", out, err)
	}
	var line map[string]any
	if err := json.Unmarshal([]byte(*out.Events[0].Message), &line); err != nil {
		t.Fatal(err)
	}
	if line["errorCode"] != "S3.NoSuchBucket" || line["deliveryStreamARN"] != "arn:aws:firehose:us-east-1:000000000000:deliverystream/app" ||
		line["destination"] != "arn:aws:s3:::lake" || line["deliveryStreamVersionId"] != 1.0 || line["message"] == "" {
		t.Errorf("line %v", line)
	}
	asRole := slices.ContainsFunc(p.Asked(), func(a cloudtest.Asked) bool {
		return a.Access.Action == "logs:PutLogEvents" && a.Caller.Role == roleARN && strings.HasSuffix(a.Access.Resource, "log-group:/errors:log-stream:app")
	})
	if !asRole {
		t.Error("the error log was not written with the stream's role")
	}
}

// Whatever fails for a while, every event that matched arrives, once where
// nothing was answered wrongly, and in the hour of its arrival.
func TestEveryEventArrivesWhateverFailsForAWhile(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		p := newPipeline(t, "-skip")
		var want []string
		n := 0
		for range rapid.IntRange(1, 15).Draw(r, "steps") {
			switch rapid.IntRange(0, 3).Draw(r, "step") {
			case 0:
				failing := rapid.SampledFrom([]string{"s3", "firehose", "both", "none"}).Draw(r, "failing")
				p.Fault(func(service, _ string) error {
					if service != "logs" && (failing == "both" || failing == service) {
						return &wire.Error{Code: "ServiceUnavailableException", Message: "later", Status: 503}
					}
					return nil
				})
			case 1:
				p.Advance(t, time.Duration(rapid.IntRange(1, 5000).Draw(r, "seconds"))*time.Second)
			default:
				var batch []string
				for range rapid.IntRange(1, 5).Draw(r, "events") {
					n++
					message := fmt.Sprintf("%04d", n)
					if rapid.Bool().Draw(r, "skipped") {
						message += " skip"
					} else {
						want = append(want, message)
					}
					batch = append(batch, message)
				}
				p.log(t, batch...)
			}
		}
		p.Fault(nil)
		p.Advance(t, time.Hour)
		got := p.lines(t)["logs"]
		slices.Sort(got)
		if !slices.Equal(got, want) {
			r.Fatalf("arrived %v, want %v", got, want)
		}
		if failed := p.lines(t)["errors"]; len(failed) != 0 {
			r.Fatalf("under the error prefix: %v", failed)
		}
	})
}
