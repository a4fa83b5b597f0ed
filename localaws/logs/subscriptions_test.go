package logs_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
	"github.com/aws/aws-sdk-go-v2/service/firehose"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"crawlerless/localaws/logs"
	"crawlerless/localaws/logs/cloudtest"
	"crawlerless/localaws/wire"
)

const (
	streamARN = "arn:aws:firehose:us-east-1:000000000000:deliverystream/d"
	roleARN   = "arn:aws:iam::000000000000:role/r"
)

// sink is a Firehose and a Lambda that keep what they are sent.
type sink struct {
	mu       sync.Mutex
	payloads [][]byte
	callers  []wire.Caller
	invokes  []lambda.InvokeInput
}

func (s *sink) wire() []wire.Service {
	return []wire.Service{
		{Name: "firehose", Target: "Firehose_20150804", Protocol: wire.JSON11, Operations: []wire.Operation{
			wire.Op("PutRecord", func(ctx context.Context, in *firehose.PutRecordInput) (*firehose.PutRecordOutput, error) {
				s.mu.Lock()
				defer s.mu.Unlock()
				s.payloads, s.callers = append(s.payloads, in.Record.Data), append(s.callers, wire.CallerFrom(ctx))
				return &firehose.PutRecordOutput{RecordId: aws.String("1")}, nil
			}, wire.On("PutRecord", func(in *firehose.PutRecordInput) string { return *in.DeliveryStreamName }), "DeliveryStreamName", "Record"),
		}},
		{Name: "lambda", Protocol: wire.RESTJSON, Operations: []wire.Operation{invokeOperation(s)}},
	}
}

func invokeOperation(s *sink) wire.Operation {
	op := wire.Op("Invoke", func(ctx context.Context, in *lambda.InvokeInput) (*lambda.InvokeOutput, error) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.invokes, s.callers = append(s.invokes, *in), append(s.callers, wire.CallerFrom(ctx))
		return &lambda.InvokeOutput{StatusCode: 202}, nil
	}, nil, "FunctionName", "InvocationType", "Payload")
	op.Method, op.Path, op.RawBody = "POST", "/2015-03-31/functions/{FunctionName}/invocations", "Payload"
	op.InHeaders = map[string]string{"X-Amz-Invocation-Type": "InvocationType"}
	return op
}

// envelope is a subscription payload as the guide shows it.
type envelope struct {
	MessageType         string   `json:"messageType"`
	Owner               string   `json:"owner"`
	LogGroup            string   `json:"logGroup"`
	LogStream           string   `json:"logStream"`
	SubscriptionFilters []string `json:"subscriptionFilters"`
	LogEvents           []struct {
		ID        string `json:"id"`
		Timestamp int64  `json:"timestamp"`
		Message   string `json:"message"`
	} `json:"logEvents"`
}

func unpack(t *testing.T, payload []byte) (e envelope) {
	t.Helper()
	z, err := gzip.NewReader(bytes.NewReader(payload))
	if err != nil {
		t.Fatal(err)
	}
	plain, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	d := json.NewDecoder(bytes.NewReader(plain))
	d.DisallowUnknownFields()
	if err := d.Decode(&e); err != nil {
		t.Fatalf("%v in %s", err, plain)
	}
	return e
}

// data lists the DATA_MESSAGE payloads so far.
func (s *sink) data(t *testing.T) (list []envelope) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, p := range s.payloads {
		if e := unpack(t, p); e.MessageType == "DATA_MESSAGE" {
			list = append(list, e)
		}
	}
	return list
}

func (s *sink) messages(t *testing.T) (list []string) {
	t.Helper()
	for _, e := range s.data(t) {
		for _, ev := range e.LogEvents {
			list = append(list, ev.Message)
		}
	}
	return list
}

func newSubscribed(t *testing.T) (*world, *sink) {
	t.Helper()
	c := cloudtest.New(t)
	s := logs.New(c.Env)
	t.Cleanup(s.Close)
	k := &sink{}
	c.Serve(append(k.wire(), s.Wire())...)
	return &world{c, cloudwatchlogs.NewFromConfig(c.Root())}, k
}

func (w *world) subscribe(group, name, pattern string) error {
	_, err := w.client.PutSubscriptionFilter(context.Background(), &cloudwatchlogs.PutSubscriptionFilterInput{
		LogGroupName: aws.String(group), FilterName: aws.String(name), FilterPattern: aws.String(pattern),
		DestinationArn: aws.String(streamARN), RoleArn: aws.String(roleARN),
	})
	return err
}

func TestPutSubscriptionFilterSendsAControlMessageWithTheRole(t *testing.T) {
	w, k := newSubscribed(t)
	w.group(t, "g", "s")
	if err := w.subscribe("g", "f", ""); err != nil {
		t.Fatal(err)
	}
	if len(k.payloads) != 1 {
		t.Fatalf("%d payloads, want the control message", len(k.payloads))
	}
	e := unpack(t, k.payloads[0])
	if e.MessageType != "CONTROL_MESSAGE" || e.Owner != "CloudwatchLogs" || e.LogGroup != "" || e.LogStream != "" || e.SubscriptionFilters == nil ||
		len(e.LogEvents) != 1 || e.LogEvents[0].ID != "" || e.LogEvents[0].Timestamp != cloudtest.Start().UnixMilli() ||
		e.LogEvents[0].Message != "CWL CONTROL MESSAGE: Checking health of destination Firehose." {
		t.Errorf("control message %+v", e)
	}
	if got, want := w.Assumed(), roleARN+" as logs.amazonaws.com for arn:aws:logs:us-east-1:000000000000:log-group:g:*"; !slices.Contains(got, want) {
		t.Errorf("assumed %v, want %s", got, want)
	}
	if k.callers[0].Role != roleARN {
		t.Errorf("sent by %+v", k.callers[0])
	}
	passed := slices.ContainsFunc(w.Asked(), func(a cloudtest.Asked) bool {
		return a.Access.Action == "iam:PassRole" && a.Access.Resource == roleARN && slices.Equal(a.Access.Conditions["iam:PassedToService"], []string{"logs.amazonaws.com"})
	})
	if !passed {
		t.Error("iam:PassRole was not asked for")
	}
	out, err := w.client.DescribeSubscriptionFilters(context.Background(), &cloudwatchlogs.DescribeSubscriptionFiltersInput{LogGroupName: aws.String("g")})
	if err != nil || len(out.SubscriptionFilters) != 1 {
		t.Fatalf("described %+v, %v", out, err)
	}
	f := out.SubscriptionFilters[0]
	if *f.FilterName != "f" || *f.FilterPattern != "" || *f.DestinationArn != streamARN || *f.RoleArn != roleARN || *f.LogGroupName != "g" ||
		f.Distribution != types.DistributionByLogStream || *f.CreationTime != cloudtest.Start().UnixMilli() {
		t.Errorf("described as %+v", f)
	}
}

func TestPutSubscriptionFilterRefuses(t *testing.T) {
	const undeliverable = "Could not deliver test message to specified Firehose stream. Check if the given Firehose stream is in ACTIVE state."
	input := func(change func(*cloudwatchlogs.PutSubscriptionFilterInput)) *cloudwatchlogs.PutSubscriptionFilterInput {
		in := &cloudwatchlogs.PutSubscriptionFilterInput{
			LogGroupName: aws.String("g"), FilterName: aws.String("f"), FilterPattern: aws.String(""),
			DestinationArn: aws.String(streamARN), RoleArn: aws.String(roleARN),
		}
		change(in)
		return in
	}
	type in = cloudwatchlogs.PutSubscriptionFilterInput
	for name, c := range map[string]struct {
		prepare       func(*world)
		change        func(*in)
		code, message string
	}{
		"a role that cannot be assumed": {func(w *world) { w.Refuse(roleARN, &wire.Error{Code: "AccessDenied", Message: "trust"}) }, func(*in) {}, "InvalidParameterException", undeliverable},
		"a role that may not put records": {func(w *world) {
			w.Deny(func(c wire.Caller, a wire.Access) error {
				if c.Role != "" && a.Action == "firehose:PutRecord" {
					return &wire.Error{Code: "AccessDeniedException", Message: "no"}
				}
				return nil
			})
		}, func(*in) {}, "InvalidParameterException", undeliverable},
		"a stream that is not there": {func(w *world) {
			w.Fault(func(service, _ string) error {
				if service == "firehose" {
					return &wire.Error{Code: "ResourceNotFoundException", Message: "no"}
				}
				return nil
			})
		}, func(*in) {}, "InvalidParameterException", undeliverable},
		"Firehose without a role": {nil, func(i *in) { i.RoleArn = nil }, "InvalidParameterException", "destinationArn for vendor firehose cannot be used without roleArn"},
		"Lambda with a role":      {nil, func(i *in) { i.DestinationArn = aws.String("arn:aws:lambda:us-east-1:000000000000:function:f") }, "InvalidParameterException", "destinationArn for vendor lambda cannot be used with roleArn"},
		"a stream of another region": {nil, func(i *in) {
			i.DestinationArn = aws.String("arn:aws:firehose:eu-west-1:000000000000:deliverystream/d")
		}, "InvalidParameterException", undeliverable},
		"a Lambda of another account": {nil, func(i *in) {
			i.RoleArn, i.DestinationArn = nil, aws.String("arn:aws:lambda:us-east-1:111111111111:function:f")
		}, "AccessDeniedException", "Cross-account lambda invocation passing is not allowed."},
		"Kinesis without a role": {nil, func(i *in) {
			i.RoleArn, i.DestinationArn = nil, aws.String("arn:aws:kinesis:us-east-1:000000000000:stream/s")
		}, "InvalidParameterException", "destinationArn for vendor kinesis cannot be used without roleArn"},
		"a pattern too long": {nil, func(i *in) { i.FilterPattern = aws.String(strings.Repeat("a", 1025)) }, "InvalidParameterException", "'filterPattern' failed to satisfy constraint: Member must have length less than or equal to 1024"},
		"another vendor":     {nil, func(i *in) { i.DestinationArn = aws.String("arn:aws:sqs:us-east-1:000000000000:q") }, "InvalidParameterException", "cannot work with destinationArn for vendor sqs"},
		"Kinesis, which is not done": {nil, func(i *in) {
			i.DestinationArn = aws.String("arn:aws:kinesis:us-east-1:000000000000:stream/s")
		}, "NotImplemented", "kinesis"},
		"a malformed pattern":    {nil, func(i *in) { i.FilterPattern = aws.String("[a, b") }, "InvalidParameterException", "If a filter pattern starts with '[' it must end with ']'"},
		"a name with a colon":    {nil, func(i *in) { i.FilterName = aws.String("a:b") }, "InvalidParameterException", "[^:*]*"},
		"a group not there":      {nil, func(i *in) { i.LogGroupName = aws.String("x") }, "ResourceNotFoundException", "log group"},
		"random distribution":    {nil, func(i *in) { i.Distribution = types.DistributionRandom }, "NotImplemented", "Random"},
		"transformed log events": {nil, func(i *in) { i.ApplyOnTransformedLogs = true }, "NotImplemented", "applyOnTransformedLogs"},
	} {
		t.Run(name, func(t *testing.T) {
			w, _ := newSubscribed(t)
			w.group(t, "g", "s")
			if c.prepare != nil {
				c.prepare(w)
			}
			_, err := w.client.PutSubscriptionFilter(context.Background(), input(c.change))
			wantCode(t, err, c.code, c.message)
		})
	}
}

func TestALogGroupHasAtMostTwoSubscriptionFilters(t *testing.T) {
	w, _ := newSubscribed(t)
	w.group(t, "g", "s")
	for _, name := range []string{"b", "a"} {
		if err := w.subscribe("g", name, ""); err != nil {
			t.Fatal(err)
		}
	}
	wantCode(t, w.subscribe("g", "c", ""), "LimitExceededException", "Resource limit exceeded.")
	if err := w.subscribe("g", "a", "ERROR"); err != nil {
		t.Errorf("replacing one of the two: %v", err)
	}
	if _, err := w.client.DeleteSubscriptionFilter(context.Background(), &cloudwatchlogs.DeleteSubscriptionFilterInput{LogGroupName: aws.String("g"), FilterName: aws.String("b")}); err != nil {
		t.Fatal(err)
	}
	if err := w.subscribe("g", "c", ""); err != nil {
		t.Errorf("after one was deleted: %v", err)
	}
	_, err := w.client.DeleteSubscriptionFilter(context.Background(), &cloudwatchlogs.DeleteSubscriptionFilterInput{LogGroupName: aws.String("g"), FilterName: aws.String("b")})
	wantCode(t, err, "ResourceNotFoundException", "The specified subscription filter does not exist.")
}

func TestAnInfrequentAccessGroupHasNoFilters(t *testing.T) {
	w, _ := newSubscribed(t)
	ctx := context.Background()
	if _, err := w.client.CreateLogGroup(ctx, &cloudwatchlogs.CreateLogGroupInput{LogGroupName: aws.String("g"), LogGroupClass: types.LogGroupClassInfrequentAccess}); err != nil {
		t.Fatal(err)
	}
	const standard = "This operation is only supported on the Standard log class."
	wantCode(t, w.subscribe("g", "f", ""), "InvalidParameterException", standard)
	_, err := w.client.FilterLogEvents(ctx, &cloudwatchlogs.FilterLogEventsInput{LogGroupName: aws.String("g")})
	wantCode(t, err, "InvalidParameterException", standard)
}

func TestMatchingEventsAreDeliveredInTheShapeOfAWS(t *testing.T) {
	w, k := newSubscribed(t)
	w.group(t, "g", "s1", "s2")
	if err := w.subscribe("g", "f", "{ $.level = ERROR }"); err != nil {
		t.Fatal(err)
	}
	w.put(t, "g", "s1", at(0, `{"level":"INFO"}`), at(time.Second, `{"level":"ERROR","html":"<a>&\u2028"}`), at(2*time.Second, `{"level":"ERROR"}`))
	w.put(t, "g", "s2", at(0, "text"))
	w.put(t, "g", "s2", at(0, `{"level":"ERROR","n":3}`))
	w.Advance(t, 0)
	got := k.data(t)
	if len(got) != 2 {
		t.Fatalf("%d payloads, want one for each stream: %+v", len(got), got)
	}
	e := got[0]
	if e.Owner != cloudtest.Account || e.LogGroup != "g" || e.LogStream != "s1" || !slices.Equal(e.SubscriptionFilters, []string{"f"}) || len(e.LogEvents) != 2 {
		t.Errorf("payload %+v", e)
	}
	for i, ev := range e.LogEvents {
		if len(ev.ID) != 56 || strings.Trim(ev.ID, "0123456789") != "" || ev.Timestamp != *at(time.Duration(i+1)*time.Second, "").Timestamp {
			t.Errorf("event %+v", ev)
		}
	}
	if e.LogEvents[0].ID >= e.LogEvents[1].ID {
		t.Error("ids do not sort as events do")
	}
	if want := `{"level":"ERROR","html":"<a>&\u2028"}`; e.LogEvents[0].Message != want {
		t.Errorf("message %q, want it unchanged: %q", e.LogEvents[0].Message, want)
	}
	filtered, err := w.client.FilterLogEvents(context.Background(), &cloudwatchlogs.FilterLogEventsInput{LogGroupName: aws.String("g"), LogStreamNames: []string{"s2"}, FilterPattern: aws.String("{ $.n = 3 }")})
	if err != nil || *filtered.Events[0].EventId != got[1].LogEvents[0].ID {
		t.Errorf("the id differs from the one of FilterLogEvents: %v, %v", filtered, err)
	}
	const dimensions = "LogGroupName=g,DestinationType=Firehose,FilterName=f"
	if n := w.Metrics.Sum("AWS/Logs", "ForwardedLogEvents", dimensions); n != 3 {
		t.Errorf("ForwardedLogEvents %v, want 3", n)
	}
	bytes := 0
	for _, p := range k.payloads[1:] {
		bytes += len(p)
	}
	if n := w.Metrics.Sum("AWS/Logs", "ForwardedBytes", dimensions); n != float64(bytes) {
		t.Errorf("ForwardedBytes %v, want the %d compressed bytes", n, bytes)
	}
	if n := w.Metrics.Sum("AWS/Logs", "IncomingLogEvents", "LogGroupName=g"); n != 5 {
		t.Errorf("IncomingLogEvents %v, want 5", n)
	}
}

// A record of Firehose holds 1,000 KiB: what does not fit is split, and nothing is
// lost or reordered.
func TestPayloadsStayWithinARecord(t *testing.T) {
	w, k := newSubscribed(t)
	w.group(t, "g", "s")
	if err := w.subscribe("g", "f", ""); err != nil {
		t.Fatal(err)
	}
	random := rand.New(rand.NewPCG(1, 2))
	var want []string
	var events []types.InputLogEvent
	for range 10 {
		b := make([]byte, 104_000) // control characters grow sixfold in JSON
		for i := range b {
			b[i] = byte(1 + random.IntN(127))
		}
		want = append(want, string(b))
		events = append(events, at(0, string(b)))
	}
	w.put(t, "g", "s", events...)
	w.Advance(t, 0)
	if n := len(k.data(t)); n < 2 {
		t.Fatalf("%d payload: the events fit into one record and prove nothing", n)
	}
	for _, p := range k.payloads {
		if len(p) > 1000<<10 {
			t.Errorf("a payload of %d bytes", len(p))
		}
	}
	if !slices.Equal(k.messages(t), want) {
		t.Error("the events are not those that were put, in order")
	}
}

func TestDeliveryIsRetriedThroughThrottlingAndStaysInOrder(t *testing.T) {
	w, k := newSubscribed(t)
	w.group(t, "g", "s")
	if err := w.subscribe("g", "f", ""); err != nil {
		t.Fatal(err)
	}
	w.Fault(func(service, _ string) error {
		if service == "firehose" {
			return &wire.Error{Code: "ServiceUnavailableException", Message: "Slow down.", Status: 503}
		}
		return nil
	})
	var want []string
	for i := range 5 {
		want = append(want, fmt.Sprint(i))
		w.put(t, "g", "s", at(time.Duration(i)*time.Second, want[i]))
	}
	w.Advance(t, 3*time.Hour)
	if got := k.messages(t); len(got) != 0 {
		t.Fatalf("delivered through a fault: %v", got)
	}
	w.Fault(nil)
	w.Advance(t, 10*time.Minute)
	if got := k.messages(t); !slices.Equal(got, want) {
		t.Errorf("delivered %v, want %v", got, want)
	}
	const dimensions = "LogGroupName=g,DestinationType=Firehose,FilterName=f"
	if w.Metrics.Sum("AWS/Logs", "DeliveryThrottling", dimensions) == 0 || w.Metrics.Sum("AWS/Logs", "DeliveryErrors", dimensions) != 0 {
		t.Error("throttling is not counted as such")
	}
}

func TestUndeliverableEventsAreDroppedAfterADayAndCounted(t *testing.T) {
	const dimensions = "LogGroupName=g,DestinationType=Firehose,FilterName=f"
	for name, c := range map[string]struct {
		code   string
		status int
		within time.Duration
	}{
		"a refusal is final":         {"AccessDeniedException", 400, 0},
		"a missing stream is final":  {"ResourceNotFoundException", 400, 0},
		"throttling lasts for a day": {"ThrottlingException", 400, 24 * time.Hour},
		"so does an internal error":  {"InternalFailure", 500, 24 * time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			w, k := newSubscribed(t)
			w.group(t, "g", "s")
			if err := w.subscribe("g", "f", ""); err != nil {
				t.Fatal(err)
			}
			w.Fault(func(service, _ string) error {
				if service == "firehose" {
					return &wire.Error{Code: c.code, Message: "no", Status: c.status}
				}
				return nil
			})
			w.put(t, "g", "s", at(0, "a"), at(0, "b"))
			if c.within > 0 {
				w.Advance(t, c.within-10*time.Minute)
				if n := w.Metrics.Sum("AWS/Logs", "DeliveryErrors", dimensions); n != 0 {
					t.Errorf("dropped %v events before their time", n)
				}
			}
			w.Advance(t, 10*time.Minute)
			if n := w.Metrics.Sum("AWS/Logs", "DeliveryErrors", dimensions); n != 2 {
				t.Errorf("DeliveryErrors %v, want 2", n)
			}
			w.Fault(nil)
			w.Advance(t, time.Hour)
			if got := k.messages(t); len(got) != 0 {
				t.Errorf("dropped events were delivered: %v", got)
			}
			if !strings.Contains(w.Log(), c.code) {
				t.Error("the cause is not in the log")
			}
		})
	}
}

func TestAReplacedFilterStillDeliversWhatItMatched(t *testing.T) {
	w, k := newSubscribed(t)
	w.group(t, "g", "s")
	if err := w.subscribe("g", "f", ""); err != nil {
		t.Fatal(err)
	}
	w.Fault(func(service, _ string) error {
		if service == "firehose" {
			return &wire.Error{Code: "ServiceUnavailableException", Message: "Slow down.", Status: 503}
		}
		return nil
	})
	for i := range 3 {
		w.put(t, "g", "s", at(time.Duration(i)*time.Second, fmt.Sprint(i)))
	}
	w.Advance(t, time.Minute)
	w.Fault(nil)
	if err := w.subscribe("g", "f", "x"); err != nil {
		t.Fatal(err)
	}
	w.put(t, "g", "s", at(time.Minute, "3"), at(time.Minute, "x4"))
	w.Advance(t, 10*time.Minute)
	got := k.messages(t)
	slices.Sort(got)
	if !slices.Equal(got, []string{"0", "1", "2", "x4"}) {
		t.Errorf("delivered %v", got)
	}
}

func TestADeletedFilterEndsTheOneItReplacedToo(t *testing.T) {
	w, k := newSubscribed(t)
	w.group(t, "g", "s")
	if err := w.subscribe("g", "f", ""); err != nil {
		t.Fatal(err)
	}
	throttle := func(service, _ string) error {
		if service == "firehose" {
			return &wire.Error{Code: "ThrottlingException", Message: "no"}
		}
		return nil
	}
	w.Fault(throttle)
	w.put(t, "g", "s", at(0, "a"))
	w.Advance(t, time.Minute)
	w.Fault(nil)
	if err := w.subscribe("g", "f", "x"); err != nil {
		t.Fatal(err)
	}
	w.Fault(throttle)
	if _, err := w.client.DeleteSubscriptionFilter(context.Background(), &cloudwatchlogs.DeleteSubscriptionFilterInput{LogGroupName: aws.String("g"), FilterName: aws.String("f")}); err != nil {
		t.Fatal(err)
	}
	w.Fault(nil)
	w.Advance(t, time.Hour)
	if got := k.messages(t); len(got) != 0 {
		t.Errorf("delivered %v", got)
	}
}

func TestADeletedFilterOrGroupDeliversNoMore(t *testing.T) {
	for name, end := range map[string]func(*world) error{
		"filter": func(w *world) error {
			_, err := w.client.DeleteSubscriptionFilter(context.Background(), &cloudwatchlogs.DeleteSubscriptionFilterInput{LogGroupName: aws.String("g"), FilterName: aws.String("f")})
			return err
		},
		"group": func(w *world) error {
			_, err := w.client.DeleteLogGroup(context.Background(), &cloudwatchlogs.DeleteLogGroupInput{LogGroupName: aws.String("g")})
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			w, k := newSubscribed(t)
			w.group(t, "g", "s")
			if err := w.subscribe("g", "f", ""); err != nil {
				t.Fatal(err)
			}
			w.Fault(func(service, _ string) error {
				if service == "firehose" {
					return &wire.Error{Code: "ThrottlingException", Message: "no"}
				}
				return nil
			})
			w.put(t, "g", "s", at(0, "a"))
			w.Advance(t, time.Minute)
			if err := end(w); err != nil {
				t.Fatal(err)
			}
			w.Fault(nil)
			w.Advance(t, time.Hour)
			if got := k.messages(t); len(got) != 0 {
				t.Errorf("delivered %v", got)
			}
		})
	}
}

func TestLambdaIsInvokedByTheServiceItself(t *testing.T) {
	w, k := newSubscribed(t)
	w.group(t, "g", "s")
	_, err := w.client.PutSubscriptionFilter(context.Background(), &cloudwatchlogs.PutSubscriptionFilterInput{
		LogGroupName: aws.String("g"), FilterName: aws.String("f"), FilterPattern: aws.String(""),
		DestinationArn: aws.String("arn:aws:lambda:us-east-1:000000000000:function:fn"),
	})
	if err != nil {
		t.Fatal(err)
	}
	w.put(t, "g", "s", at(0, "hello"))
	w.Advance(t, 0)
	if len(k.invokes) != 2 || k.invokes[0].InvocationType != lambdatypes.InvocationTypeDryRun || k.invokes[1].InvocationType != lambdatypes.InvocationTypeEvent {
		t.Fatalf("invocations %+v, want a dry run and an event", k.invokes)
	}
	var event struct {
		AWSLogs struct {
			Data string `json:"data"`
		} `json:"awslogs"`
	}
	if err := json.Unmarshal(k.invokes[1].Payload, &event); err != nil {
		t.Fatal(err)
	}
	payload, err := base64.StdEncoding.DecodeString(event.AWSLogs.Data)
	if err != nil {
		t.Fatal(err)
	}
	if e := unpack(t, payload); e.MessageType != "DATA_MESSAGE" || e.LogEvents[0].Message != "hello" {
		t.Errorf("event %+v", e)
	}
	if c := k.callers[1]; c.Service != "logs.amazonaws.com" || c.SourceARN != "arn:aws:logs:us-east-1:000000000000:log-group:g:*" {
		t.Errorf("invoked by %+v", c)
	}
}
