package sqs_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	awssqs "github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/aws/smithy-go"
	"pgregory.net/rapid"

	"crawlerless/localaws/clock"
	"crawlerless/localaws/cloud"
	"crawlerless/localaws/sqs"
	"crawlerless/localaws/wire"
)

const account = "123456789012"

type counter struct{ n atomic.Int64 }

func (c *counter) Hex(n int) string { return fmt.Sprintf("%0*x", n, c.n.Add(1)) }
func (c *counter) UUID() string     { return "00000000-0000-4000-8000-" + c.Hex(12) }

// root lets everybody do everything.
type root struct{}

func (root) Authenticate(*http.Request) (wire.Caller, error) {
	return wire.Caller{Account: account, UserID: account, Root: true}, nil
}
func (root) Authorize(context.Context, wire.Caller, wire.Access) error { return nil }

// gauges remembers the latest value of each metric.
type gauges struct {
	mu     sync.Mutex
	latest map[string]float64
	count  int
}

func (g *gauges) Put(_, name string, value float64, _ string, dimensions ...string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.latest[name+" of "+dimensions[1]] = value
	g.count++
}

func (g *gauges) get(key string) float64 {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.latest[key]
}

type world struct {
	*awssqs.Client
	service *sqs.Service
	clock   *clock.Clock
	metrics *gauges
}

func newWorld(t testing.TB) *world {
	t.Helper()
	w := &world{clock: clock.NewFrozen(time.Date(2026, 11, 24, 4, 0, 0, 0, time.UTC)), metrics: &gauges{latest: map[string]float64{}}}
	w.service = sqs.New(cloud.Env{Account: account, Region: "us-east-1", Partition: "aws", Clock: w.clock, IDs: &counter{}, Metrics: w.metrics, Endpoint: func() string { return "http://127.0.0.1:1" }})
	t.Cleanup(w.service.Close)
	h := wire.NewHandler(root{}, []wire.Service{w.service.Wire()})
	w.Client = awssqs.NewFromConfig(aws.Config{
		Region: "us-east-1", BaseEndpoint: aws.String("http://127.0.0.1:1"), Credentials: credentials.NewStaticCredentialsProvider("test", "test", ""),
		HTTPClient: &http.Client{Transport: h.Transport()}, Retryer: func() aws.Retryer { return aws.NopRetryer{} },
	})
	return w
}

func (w *world) queue(t testing.TB, name string, attributes ...string) *string {
	t.Helper()
	in := &awssqs.CreateQueueInput{QueueName: aws.String(name), Attributes: map[string]string{}}
	for i := 0; i < len(attributes); i += 2 {
		in.Attributes[attributes[i]] = attributes[i+1]
	}
	out, err := w.CreateQueue(context.Background(), in)
	if err != nil {
		t.Fatal(err)
	}
	return out.QueueUrl
}

func (w *world) send(t testing.TB, url *string, body string) {
	t.Helper()
	if _, err := w.SendMessage(context.Background(), &awssqs.SendMessageInput{QueueUrl: url, MessageBody: aws.String(body)}); err != nil {
		t.Fatal(err)
	}
}

func (w *world) receive(t testing.TB, url *string) []types.Message {
	t.Helper()
	out, err := w.ReceiveMessage(context.Background(), &awssqs.ReceiveMessageInput{QueueUrl: url, MaxNumberOfMessages: 10, MessageSystemAttributeNames: []types.MessageSystemAttributeName{"All"}, MessageAttributeNames: []string{"All"}})
	if err != nil {
		t.Fatal(err)
	}
	return out.Messages
}

func (w *world) advance(t testing.TB, d time.Duration) {
	t.Helper()
	if err := w.clock.Advance(context.Background(), d); err != nil {
		t.Fatal(err)
	}
}

func bodies(messages []types.Message) string {
	var out []string
	for _, m := range messages {
		out = append(out, *m.Body)
	}
	return strings.Join(out, " ")
}

func wants(t testing.TB, err error, code, says string) {
	t.Helper()
	var api smithy.APIError
	if !errors.As(err, &api) || api.ErrorCode() != code || !strings.Contains(api.ErrorMessage(), says) {
		t.Errorf("got %v, want %s: …%s…", err, code, says)
	}
}

func redrive(dead string, most int) string {
	return `{"deadLetterTargetArn":"arn:aws:sqs:us-east-1:123456789012:` + dead + `","maxReceiveCount":` + strconv.Itoa(most) + `}`
}

func TestAMessageIsHiddenWhileItIsBeingWorkedOn(t *testing.T) {
	w := newWorld(t)
	url := w.queue(t, "q", "VisibilityTimeout", "30")
	w.send(t, url, "a")
	first := w.receive(t, url)
	if bodies(first) != "a" || first[0].Attributes["ApproximateReceiveCount"] != "1" {
		t.Fatalf("got %+v", first)
	}
	if again := w.receive(t, url); len(again) != 0 {
		t.Errorf("received while hidden: %v", bodies(again))
	}
	w.advance(t, 30*time.Second)
	second := w.receive(t, url)
	if bodies(second) != "a" || second[0].Attributes["ApproximateReceiveCount"] != "2" || *second[0].MessageId != *first[0].MessageId {
		t.Fatalf("after the timeout: %+v", second)
	}
	if *second[0].ReceiptHandle == *first[0].ReceiptHandle {
		t.Error("the receipt handle is the same")
	}
	// The old handle is accepted and deletes nothing.
	if _, err := w.DeleteMessage(context.Background(), &awssqs.DeleteMessageInput{QueueUrl: url, ReceiptHandle: first[0].ReceiptHandle}); err != nil {
		t.Error(err)
	}
	if _, err := w.ChangeMessageVisibility(context.Background(), &awssqs.ChangeMessageVisibilityInput{QueueUrl: url, ReceiptHandle: second[0].ReceiptHandle, VisibilityTimeout: 0}); err != nil {
		t.Fatal(err)
	}
	third := w.receive(t, url)
	if bodies(third) != "a" {
		t.Fatal("a message that is returned does not come back")
	}
	if _, err := w.DeleteMessage(context.Background(), &awssqs.DeleteMessageInput{QueueUrl: url, ReceiptHandle: third[0].ReceiptHandle}); err != nil {
		t.Fatal(err)
	}
	w.advance(t, time.Hour)
	if left := w.receive(t, url); len(left) != 0 {
		t.Errorf("left: %v", bodies(left))
	}
}

func TestAMessageReceivedTooOftenGoesToTheDeadLetterQueue(t *testing.T) {
	w := newWorld(t)
	dead := w.queue(t, "dead")
	url := w.queue(t, "q", "VisibilityTimeout", "1", "RedrivePolicy", redrive("dead", 2))
	w.send(t, url, "bad")
	for i := range 2 {
		if got := w.receive(t, url); bodies(got) != "bad" {
			t.Fatalf("receive %d: %v", i+1, got)
		}
		w.advance(t, time.Second)
	}
	if got := w.receive(t, url); len(got) != 0 {
		t.Fatalf("a third time: %v", bodies(got))
	}
	if n := w.metrics.get("ApproximateNumberOfMessagesVisible of dead"); n != 1 {
		t.Errorf("the metric of the dead-letter queue says %v", n)
	}
	got := w.receive(t, dead)
	if bodies(got) != "bad" || got[0].Attributes["DeadLetterQueueSourceArn"] != "arn:aws:sqs:us-east-1:123456789012:q" {
		t.Errorf("in the dead-letter queue: %+v", got)
	}
	w.advance(t, time.Minute)
	moved, err := w.StartMessageMoveTask(context.Background(), &awssqs.StartMessageMoveTaskInput{SourceArn: aws.String("arn:aws:sqs:us-east-1:123456789012:dead")})
	if err != nil || moved.TaskHandle == nil {
		t.Fatal(err)
	}
	if got := w.receive(t, url); bodies(got) != "bad" || got[0].Attributes["ApproximateReceiveCount"] != "1" {
		t.Errorf("after the redrive: %+v", got)
	}
}

func TestLongPollsEndWithAMessageOrTheirTime(t *testing.T) {
	w := newWorld(t)
	url := w.queue(t, "q", "VisibilityTimeout", "10")
	poll := func() chan string {
		out := make(chan string, 1)
		waiting := w.clock.Pending() + 1
		go func() {
			got, err := w.ReceiveMessage(context.Background(), &awssqs.ReceiveMessageInput{QueueUrl: url, WaitTimeSeconds: 20})
			if err != nil {
				out <- err.Error()
				return
			}
			out <- bodies(got.Messages)
		}()
		for w.clock.Pending() < waiting { // until the poll waits on the clock
			runtime.Gosched()
		}
		return out
	}
	waiting := poll()
	w.send(t, url, "a")
	if got := <-waiting; got != "a" {
		t.Errorf("a message sent while polling: %q", got)
	}
	waiting = poll()
	w.advance(t, 10*time.Second)
	if got := <-waiting; got != "a" {
		t.Errorf("a message that comes back while polling: %q", got)
	}
	waiting = poll()
	if _, err := w.PurgeQueue(context.Background(), &awssqs.PurgeQueueInput{QueueUrl: url}); err != nil {
		t.Fatal(err)
	}
	w.advance(t, 20*time.Second)
	if got := <-waiting; got != "" {
		t.Errorf("nothing for twenty seconds: %q", got)
	}
}

func TestDelayAndRetentionRunOnTheClock(t *testing.T) {
	ctx, w := context.Background(), newWorld(t)
	url := w.queue(t, "q", "DelaySeconds", "60", "MessageRetentionPeriod", "3600")
	w.send(t, url, "late")
	if got := w.receive(t, url); len(got) != 0 {
		t.Errorf("before its delay: %v", bodies(got))
	}
	w.advance(t, 2*time.Second)
	if _, err := w.SendMessage(ctx, &awssqs.SendMessageInput{QueueUrl: url, MessageBody: aws.String("sooner"), DelaySeconds: 5}); err != nil {
		t.Fatal(err)
	}
	w.advance(t, 5*time.Second)
	if got := w.receive(t, url); bodies(got) != "sooner" {
		t.Errorf("the message's own delay: %v", bodies(got))
	}
	w.advance(t, time.Hour-6*time.Second) // the first is 3,601 s old, the other 3,599
	out, err := w.GetQueueAttributes(ctx, &awssqs.GetQueueAttributesInput{QueueUrl: url, AttributeNames: []types.QueueAttributeName{"All"}})
	if err != nil || out.Attributes["ApproximateNumberOfMessages"] != "1" {
		t.Errorf("after the retention of the first: %v, %v", out.Attributes, err)
	}
}

func TestAttributesOfAQueue(t *testing.T) {
	ctx, w := context.Background(), newWorld(t)
	url := w.queue(t, "q")
	out, err := w.GetQueueAttributes(ctx, &awssqs.GetQueueAttributesInput{QueueUrl: url, AttributeNames: []types.QueueAttributeName{"All"}})
	if err != nil {
		t.Fatal(err)
	}
	for key, want := range map[string]string{ // the defaults of the API reference
		"VisibilityTimeout": "30", "MaximumMessageSize": "1048576", "MessageRetentionPeriod": "345600", "DelaySeconds": "0", "ReceiveMessageWaitTimeSeconds": "0",
		"QueueArn": "arn:aws:sqs:us-east-1:123456789012:q", "ApproximateNumberOfMessages": "0", "CreatedTimestamp": "1795492800", "SqsManagedSseEnabled": "true", "Policy": "", "RedrivePolicy": "",
	} {
		if out.Attributes[key] != want {
			t.Errorf("%s is %q, want %q", key, out.Attributes[key], want)
		}
	}
	if again := w.queue(t, "q"); *again != *url {
		t.Error("creating the same queue again is not the same queue")
	}
	_, err = w.CreateQueue(ctx, &awssqs.CreateQueueInput{QueueName: aws.String("q"), Attributes: map[string]string{"VisibilityTimeout": "31"}})
	var exists *types.QueueNameExists
	if !errors.As(err, &exists) {
		t.Errorf("another queue of that name: %v", err)
	}
	for name, tt := range map[string]struct{ key, value, code, says string }{
		"too long a timeout":         {"VisibilityTimeout", "43201", "InvalidAttributeValue", "VisibilityTimeout"},
		"no number":                  {"DelaySeconds", "soon", "InvalidAttributeValue", "DelaySeconds"},
		"an unknown attribute":       {"Colour", "red", "InvalidAttributeName", "Unknown Attribute Colour."},
		"a dead-letter queue of air": {"RedrivePolicy", redrive("none", 1), "InvalidParameterValue", "Dead letter target does not exist."},
		"never":                      {"RedrivePolicy", redrive("q", 0), "InvalidParameterValue", "maxReceiveCount"},
		"a policy that is none":      {"Policy", "{", "InvalidAttributeValue", "Policy"},
		"FIFO":                       {"FifoQueue", "true", "NotImplemented", "FIFO"},
	} {
		_, err := w.SetQueueAttributes(ctx, &awssqs.SetQueueAttributesInput{QueueUrl: url, Attributes: map[string]string{tt.key: tt.value}})
		t.Run(name, func(t *testing.T) { wants(t, err, tt.code, tt.says) })
	}
	if _, err := w.DeleteQueue(ctx, &awssqs.DeleteQueueInput{QueueUrl: url}); err != nil {
		t.Fatal(err)
	}
	_, err = w.GetQueueUrl(ctx, &awssqs.GetQueueUrlInput{QueueName: aws.String("q")})
	var gone *types.QueueDoesNotExist
	if !errors.As(err, &gone) {
		t.Errorf("a deleted queue: %v", err)
	}
	_, err = w.CreateQueue(ctx, &awssqs.CreateQueueInput{QueueName: aws.String("q")})
	wants(t, err, "AWS.SimpleQueueService.QueueDeletedRecently", "60 seconds")
	w.advance(t, time.Minute)
	w.queue(t, "q")
}

func TestWhatIsNotAMessageIsRefused(t *testing.T) {
	ctx, w := context.Background(), newWorld(t)
	url := w.queue(t, "q", "MaximumMessageSize", "1024")
	attribute := func(typ, value string) map[string]types.MessageAttributeValue {
		return map[string]types.MessageAttributeValue{"a": {DataType: aws.String(typ), StringValue: aws.String(value)}}
	}
	for _, tt := range []struct {
		name, body string
		attributes map[string]types.MessageAttributeValue
		code       string
	}{
		{"empty", "", nil, "MissingParameter"},
		{"too long", strings.Repeat("x", 1025), nil, "InvalidParameterValue"},
		{"too long with its attributes", strings.Repeat("x", 1020), attribute("String", "x"), "InvalidParameterValue"},
		{"a control character", "a\x01", nil, "InvalidMessageContents"},
		{"an attribute of no type", "a", attribute("Text", "x"), "InvalidParameterValue"},
		{"an attribute that is no number", "a", attribute("Number", "x"), "InvalidParameterValue"},
		{"an attribute without value", "a", attribute("String", ""), "InvalidParameterValue"},
	} {
		_, err := w.SendMessage(ctx, &awssqs.SendMessageInput{QueueUrl: url, MessageBody: aws.String(tt.body), MessageAttributes: tt.attributes})
		t.Run(tt.name, func(t *testing.T) { wants(t, err, tt.code, "") })
	}
	if _, err := w.SendMessage(ctx, &awssqs.SendMessageInput{QueueUrl: url, MessageBody: aws.String(strings.Repeat("x", 1024))}); err != nil {
		t.Errorf("exactly as long as allowed: %v", err)
	}
}

func TestBatchesSayWhatWentWrongOfEach(t *testing.T) {
	ctx, w := context.Background(), newWorld(t)
	url := w.queue(t, "q", "MaximumMessageSize", "1024")
	entry := func(id, body string) types.SendMessageBatchRequestEntry {
		return types.SendMessageBatchRequestEntry{Id: aws.String(id), MessageBody: aws.String(body)}
	}
	out, err := w.SendMessageBatch(ctx, &awssqs.SendMessageBatchInput{QueueUrl: url, Entries: []types.SendMessageBatchRequestEntry{entry("1", "a"), entry("2", strings.Repeat("x", 2000)), entry("3", "c")}})
	if err != nil || len(out.Successful) != 2 || len(out.Failed) != 1 || *out.Failed[0].Id != "2" || !out.Failed[0].SenderFault {
		t.Fatalf("got %+v, %v", out, err)
	}
	if got := bodies(w.receive(t, url)); got != "a c" {
		t.Errorf("sent: %s", got)
	}
	for name, tt := range map[string]struct {
		entries []types.SendMessageBatchRequestEntry
		target  any
	}{
		"no entry":          {[]types.SendMessageBatchRequestEntry{}, new(*types.EmptyBatchRequest)},
		"one id twice":      {[]types.SendMessageBatchRequestEntry{entry("1", "a"), entry("1", "b")}, new(*types.BatchEntryIdsNotDistinct)},
		"a strange id":      {[]types.SendMessageBatchRequestEntry{entry("a b", "a")}, new(*types.InvalidBatchEntryId)},
		"too many":          {append(make([]types.SendMessageBatchRequestEntry, 0, 11), entry("0", "a"), entry("1", "a"), entry("2", "a"), entry("3", "a"), entry("4", "a"), entry("5", "a"), entry("6", "a"), entry("7", "a"), entry("8", "a"), entry("9", "a"), entry("10", "a")), new(*types.TooManyEntriesInBatchRequest)},
		"together too long": {[]types.SendMessageBatchRequestEntry{entry("1", strings.Repeat("x", 600_000)), entry("2", strings.Repeat("x", 600_000))}, new(*types.BatchRequestTooLong)},
	} {
		_, err := w.SendMessageBatch(ctx, &awssqs.SendMessageBatchInput{QueueUrl: url, Entries: tt.entries})
		if !errors.As(err, tt.target) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// The SDK checks the MD5 digests of every answer itself: it is the oracle here.
func TestDigestsOfRandomMessages(t *testing.T) {
	ctx, w := context.Background(), newWorld(t)
	url := w.queue(t, "q")
	rapid.Check(t, func(rt *rapid.T) {
		attributes := map[string]types.MessageAttributeValue{}
		for range rapid.IntRange(0, 4).Draw(rt, "attributes") {
			name := rapid.StringMatching(`[A-Za-z0-9_-]{1,8}`).Draw(rt, "name")
			if strings.HasPrefix(strings.ToLower(name), "aws") {
				continue
			}
			attributes[name] = rapid.SampledFrom([]types.MessageAttributeValue{
				{DataType: aws.String("String"), StringValue: aws.String("é漢 x")},
				{DataType: aws.String("Number.int"), StringValue: aws.String("-1.5e3")},
				{DataType: aws.String("Binary"), BinaryValue: []byte{0, 255}},
			}).Draw(rt, "value")
		}
		body := rapid.StringOfN(rapid.RuneFrom([]rune("aé漢\U0001F600 \n\"<&")), 1, 20, -1).Draw(rt, "body")
		if _, err := w.SendMessage(ctx, &awssqs.SendMessageInput{QueueUrl: url, MessageBody: &body, MessageAttributes: attributes}); err != nil {
			rt.Fatal(err)
		}
		out, err := w.ReceiveMessage(ctx, &awssqs.ReceiveMessageInput{QueueUrl: url, MessageAttributeNames: []string{"All"}})
		if err != nil || len(out.Messages) != 1 || *out.Messages[0].Body != body || len(out.Messages[0].MessageAttributes) != len(attributes) {
			rt.Fatalf("got %+v, %v", out, err)
		}
		if _, err := w.DeleteMessage(ctx, &awssqs.DeleteMessageInput{QueueUrl: url, ReceiptHandle: out.Messages[0].ReceiptHandle}); err != nil {
			rt.Fatal(err)
		}
	})
}

// Nothing is lost and nothing is made up, whatever the order of calls.
func TestEveryMessageIsSomewhere(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		ctx, w := context.Background(), newWorld(t)
		dead := w.queue(t, "dead")
		url := w.queue(t, "q", "VisibilityTimeout", "5", "RedrivePolicy", redrive("dead", 3))
		sent, deleted := 0, 0
		var handles []*string
		for range rapid.IntRange(1, 30).Draw(rt, "steps") {
			switch rapid.SampledFrom([]string{"send", "receive", "receive", "delete", "wait"}).Draw(rt, "step") {
			case "send":
				w.send(t, url, strconv.Itoa(sent))
				sent++
			case "receive":
				for _, m := range w.receive(t, url) {
					handles = append(handles, m.ReceiptHandle)
				}
			case "delete":
				if len(handles) == 0 {
					continue
				}
				before := w.total(t, url) + w.total(t, dead)
				if _, err := w.DeleteMessage(ctx, &awssqs.DeleteMessageInput{QueueUrl: url, ReceiptHandle: handles[len(handles)-1]}); err != nil {
					rt.Fatal(err)
				}
				handles = handles[:len(handles)-1]
				deleted += before - w.total(t, url) - w.total(t, dead)
			case "wait":
				w.advance(t, 5*time.Second)
			}
			if n := w.total(t, url) + w.total(t, dead); n != sent-deleted {
				rt.Fatalf("%d sent, %d deleted, %d there", sent, deleted, n)
			}
		}
	})
}

func (w *world) total(t testing.TB, url *string) int {
	t.Helper()
	out, err := w.GetQueueAttributes(context.Background(), &awssqs.GetQueueAttributesInput{QueueUrl: url, AttributeNames: []types.QueueAttributeName{"All"}})
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, name := range []string{"", "NotVisible", "Delayed"} {
		k, err := strconv.Atoi(out.Attributes["ApproximateNumberOfMessages"+name])
		if err != nil {
			t.Fatal(err)
		}
		n += k
	}
	return n
}

func TestActiveQueuesReportEachMinute(t *testing.T) {
	w := newWorld(t)
	url := w.queue(t, "q")
	w.send(t, url, "a")
	if got := w.metrics.get("NumberOfMessagesSent of q"); got != 1 {
		t.Errorf("sent: %v", got)
	}
	before := w.metrics.count
	w.advance(t, 10*time.Minute)
	if age := w.metrics.get("ApproximateAgeOfOldestMessage of q"); w.metrics.count < before+10 || age != 600 {
		t.Errorf("%d reports in ten minutes, age %v", w.metrics.count-before, age)
	}
	if _, err := w.PurgeQueue(context.Background(), &awssqs.PurgeQueueInput{QueueUrl: url}); err != nil {
		t.Fatal(err)
	}
	w.advance(t, 7*time.Hour)
	before = w.metrics.count
	w.advance(t, time.Hour)
	if w.metrics.count != before {
		t.Error("a queue that is not used for six hours still reports")
	}
}
