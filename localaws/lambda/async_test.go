package lambda_test

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	awssqs "github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"crawlerless/localaws/clock"
)

func (w *world) queue(name string) (url, arn string) {
	w.t.Helper()
	out, err := w.sqs.CreateQueue(context.Background(), &awssqs.CreateQueueInput{QueueName: &name})
	if err != nil {
		w.t.Fatal(err)
	}
	return *out.QueueUrl, "arn:aws:sqs:us-east-1:" + account + ":" + name
}

func (w *world) receive(url string) []sqstypes.Message {
	w.t.Helper()
	out, err := w.sqs.ReceiveMessage(context.Background(), &awssqs.ReceiveMessageInput{QueueUrl: &url, MaxNumberOfMessages: 10, MessageAttributeNames: []string{"All"}})
	if err != nil {
		w.t.Fatal(err)
	}
	return out.Messages
}

func (w *world) send(event string) {
	w.t.Helper()
	out, err := w.client.Invoke(context.Background(), &sdk.InvokeInput{FunctionName: aws.String("f"), InvocationType: types.InvocationTypeEvent, Payload: []byte(event)})
	if err != nil || out.StatusCode != http.StatusAccepted || len(out.Payload) > 0 {
		w.t.Fatalf("%+v, %v", out, err)
	}
}

func TestAnEventIsTriedThreeTimesAndThenDead(t *testing.T) {
	w := newWorld(t, clock.NewFrozen(noon))
	url, arn := w.queue("dead")
	in := w.input("f", w.logging())
	in.DeadLetterConfig = &types.DeadLetterConfig{TargetArn: &arn}
	w.create(in)
	w.send(`{"do":"error","text":"intended"}`)
	for _, step := range []struct {
		after time.Duration
		calls float64
	}{{0, 1}, {59 * time.Second, 1}, {time.Second, 2}, {119 * time.Second, 2}, {time.Second, 3}, {time.Hour, 3}} {
		w.advance(step.after)
		if got := w.metrics.sum("Invocations", "f"); got != step.calls {
			t.Errorf("%v invocations at %v, want %v", got, w.clock.Now().Sub(noon), step.calls)
		}
	}
	messages := w.receive(url)
	if len(messages) != 1 || *messages[0].Body != `{"do":"error","text":"intended"}` {
		t.Fatalf("dead letters %+v", messages)
	}
	a := messages[0].MessageAttributes
	if *a["ErrorCode"].StringValue != "200" || *a["ErrorCode"].DataType != "Number" || *a["ErrorMessage"].StringValue != "intended" || len(*a["RequestID"].StringValue) != 36 {
		t.Errorf("attributes %+v", a)
	}
}

func TestRecordsForDestinations(t *testing.T) {
	tests := []struct {
		name, event string
		retries     int32
		age         *int32
		reserved    *int32
		condition   string
		count       float64
		functionErr any
		response    bool
	}{
		{"a success", `{"do":"echo","text":"t"}`, 2, nil, nil, "Success", 1, nil, true},
		{"a failure without retries", `{"do":"error"}`, 0, nil, nil, "RetriesExhausted", 1, "Unhandled", true},
		{"a failure after one", `{"do":"error"}`, 1, nil, nil, "RetriesExhausted", 2, "Unhandled", true},
		{"an event that is too old", `{"do":"error"}`, 2, aws.Int32(60), nil, "EventAgeExceeded", 1, "Unhandled", true},
		{"no concurrency at all", `{}`, 2, nil, aws.Int32(0), "ZeroReservedConcurrency", 0, nil, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			ctx := context.Background()
			w := newWorld(t, clock.NewFrozen(noon))
			url, arn := w.queue("records")
			w.create(w.input("f", w.logging()))
			if _, err := w.client.PutFunctionEventInvokeConfig(ctx, &sdk.PutFunctionEventInvokeConfigInput{
				FunctionName: aws.String("f"), MaximumRetryAttempts: &tt.retries, MaximumEventAgeInSeconds: tt.age,
				DestinationConfig: &types.DestinationConfig{OnFailure: &types.OnFailure{Destination: &arn}, OnSuccess: &types.OnSuccess{Destination: &arn}},
			}); err != nil {
				t.Fatal(err)
			}
			if tt.reserved != nil {
				if _, err := w.client.PutFunctionConcurrency(ctx, &sdk.PutFunctionConcurrencyInput{FunctionName: aws.String("f"), ReservedConcurrentExecutions: tt.reserved}); err != nil {
					t.Fatal(err)
				}
			}
			w.send(tt.event)
			w.advance(10 * time.Minute)
			messages := w.receive(url)
			if len(messages) != 1 {
				t.Fatalf("%d records", len(messages))
			}
			r := jsonOf(t, *messages[0].Body)
			c, _ := r["requestContext"].(map[string]any)
			if r["version"] != "1.0" || c["condition"] != tt.condition || c["approximateInvokeCount"] != tt.count ||
				c["functionArn"] != "arn:aws:lambda:us-east-1:"+account+":function:f:$LATEST" || r["requestPayload"] == nil {
				t.Errorf("record %s", *messages[0].Body)
			}
			response, has := r["responseContext"].(map[string]any)
			if has != tt.response || has && (response["functionError"] != tt.functionErr || response["statusCode"] != 200.0 || response["executedVersion"] != "$LATEST") {
				t.Errorf("response of %s", *messages[0].Body)
			}
		})
	}
}

func TestAThrottledEventWaits(t *testing.T) {
	ctx := context.Background()
	w := newWorld(t, clock.NewFrozen(noon))
	in := w.input("f", w.logging())
	in.Timeout = aws.Int32(30)
	w.create(in)
	if _, err := w.client.PutFunctionConcurrency(ctx, &sdk.PutFunctionConcurrencyInput{FunctionName: aws.String("f"), ReservedConcurrentExecutions: aws.Int32(1)}); err != nil {
		t.Fatal(err)
	}
	started := make(chan struct{})
	finished := make(chan error, 1)
	go func() {
		close(started)
		_, err := w.client.Invoke(ctx, &sdk.InvokeInput{FunctionName: aws.String("f"), Payload: []byte(`{"do":"sleep","count":150}`)})
		finished <- err
	}()
	<-started
	for w.metrics.sum("Invocations", "f") < 1 {
		time.Sleep(time.Millisecond)
	}
	w.send(`{}`)
	for w.metrics.sum("Throttles", "f") < 1 {
		time.Sleep(time.Millisecond)
	}
	if err := <-finished; err != nil {
		t.Fatal(err)
	}
	w.advance(time.Second)
	if got := w.metrics.sum("Invocations", "f"); got != 2 {
		t.Errorf("%v invocations", got)
	}
}

func TestCloseDropsWhatWaits(t *testing.T) {
	w := newWorld(t, clock.NewFrozen(noon))
	w.create(w.input("f", w.logging()))
	w.send(`{"do":"error"}`)
	w.advance(0)
	w.service.Close() // must not wait for the retry
}
