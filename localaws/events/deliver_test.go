package events

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"crawlerless/localaws/cloud"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/smithy-go"
	"github.com/google/go-cmp/cmp"
)

func TestAnEventReachesItsTargetAsAWSShapesIt(t *testing.T) {
	w := newWorld(t)
	w.rule("r", "aws.s3", types.Target{Id: aws.String("t"), Arn: aws.String(queue)})
	w.service.Emit(t.Context(), cloud.Event{
		Source: "aws.s3", DetailType: "Object Created", Resources: []string{"arn:aws:s3:::lake"},
		Time: time.Date(2026, 1, 2, 3, 4, 5, 999e6, time.UTC), Detail: []byte(`{"object":{"key":"a<b>&c","size":5}}`),
	})
	w.rest()
	calls := w.targets.take()
	if len(calls) != 1 {
		t.Fatalf("%d calls", len(calls))
	}
	want := `{"version":"0","id":"00000000-0000-4000-8000-000000000001","detail-type":"Object Created","source":"aws.s3","account":"000000000000","time":"2026-01-02T03:04:05Z","region":"us-east-1","resources":["arn:aws:s3:::lake"],"detail":{"object":{"key":"a<b>&c","size":5}}}`
	if diff := cmp.Diff(want, calls[0].body["MessageBody"]); diff != "" {
		t.Error(diff)
	}
	if url := calls[0].body["QueueUrl"]; url != "http://localaws/000000000000/queue" {
		t.Errorf("queue %v", url)
	}
	if calls[0].as != "events.amazonaws.com of arn:aws:events:us-east-1:000000000000:rule/r" {
		t.Errorf("sent as %s", calls[0].as)
	}
}

func TestOnlyEnabledRulesThatMatchDeliver(t *testing.T) {
	w := newWorld(t)
	w.rule("match", "a", types.Target{Id: aws.String("1"), Arn: aws.String(queue)}, types.Target{Id: aws.String("2"), Arn: aws.String(function)})
	w.rule("other", "b", types.Target{Id: aws.String("t"), Arn: aws.String(queue)})
	w.rule("disabled", "a", types.Target{Id: aws.String("t"), Arn: aws.String(queue)})
	if _, err := w.client.DisableRule(t.Context(), &eventbridge.DisableRuleInput{Name: aws.String("disabled")}); err != nil {
		t.Fatal(err)
	}
	w.put("a", `{}`)
	if n := len(w.targets.take()); n != 2 {
		t.Errorf("%d deliveries, want one for each target of the rule that matches", n)
	}
	for rule, want := range map[string]int{"match": 1, "other": 0, "disabled": 0} {
		if got := w.metrics.of("MatchedEvents", rule); got != want {
			t.Errorf("%s: %d matched, want %d", rule, got, want)
		}
	}
	if got := w.metrics.of("Invocations", "match"); got != 2 {
		t.Errorf("%d invocations", got)
	}
}

func TestAStateMachineIsStartedInTheTargetsRole(t *testing.T) {
	w := newWorld(t)
	w.rule("r", "a", types.Target{Id: aws.String("t"), Arn: aws.String(machine), RoleArn: aws.String(role)})
	id := w.put("a", `{"x":1}`)
	calls := w.targets.take()
	if len(calls) != 1 || calls[0].operation != "AWSStepFunctions.StartExecution" {
		t.Fatalf("calls %v", calls)
	}
	if want := role + " for events.amazonaws.com of arn:aws:events:us-east-1:000000000000:rule/r"; calls[0].as != want {
		t.Errorf("started as %s, want %s", calls[0].as, want)
	}
	if name, _ := calls[0].body["name"].(string); !strings.HasPrefix(name, id+"_") {
		t.Errorf("execution %q is not named for event %s", name, id)
	}
	var event map[string]any
	if err := json.Unmarshal([]byte(calls[0].body["input"].(string)), &event); err != nil {
		t.Fatal(err)
	}
	if event["id"] != id || event["source"] != "a" {
		t.Errorf("input %v", event)
	}
}

func TestAFunctionIsInvokedAsynchronously(t *testing.T) {
	w := newWorld(t)
	w.rule("r", "a", types.Target{Id: aws.String("t"), Arn: aws.String(function)})
	w.put("a", `{"x":1}`)
	calls := w.targets.take()
	if len(calls) != 1 || calls[0].header.Get("X-Amz-Invocation-Type") != "Event" || !strings.Contains(calls[0].path, "extract") {
		t.Fatalf("calls %v", calls)
	}
}

func TestPutEventsJudgesEachEntry(t *testing.T) {
	w := newWorld(t)
	entry := func(source, kind, detail *string) types.PutEventsRequestEntry {
		return types.PutEventsRequestEntry{Source: source, DetailType: kind, Detail: detail}
	}
	s, object := aws.String("a"), aws.String("{}")
	out, err := w.client.PutEvents(t.Context(), &eventbridge.PutEventsInput{Entries: []types.PutEventsRequestEntry{
		entry(s, s, object), entry(nil, s, object), entry(s, nil, object), entry(s, s, nil),
		entry(s, s, aws.String("{")), entry(s, s, aws.String("[]")), entry(aws.String("aws.s3"), s, object),
	}})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"", "InvalidArgument", "InvalidArgument", "InvalidArgument", "MalformedDetail", "MalformedDetail", "NotAuthorizedForSource"}
	var got []string
	for _, e := range out.Entries {
		got = append(got, aws.ToString(e.ErrorCode))
		if (e.EventId == nil) == (e.ErrorCode == nil) {
			t.Errorf("entry %v has to have an id or an error", e)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if out.FailedEntryCount != 6 {
		t.Errorf("%d failed", out.FailedEntryCount)
	}
	_, err = w.client.PutEvents(t.Context(), &eventbridge.PutEventsInput{Entries: make([]types.PutEventsRequestEntry, 11)})
	wantCode(t, err, "ValidationException", "1 validation error detected: Value '[PutEventsRequestEntry(time=null, source=null, resources=null, detailType=null, detail=null, eventBusName=null, traceHeader=null, kmsKeyIdentifier=null, internalMetadata=null), ")
	wantCode(t, err, "ValidationException", "at 'entries' failed to satisfy constraint: Member must have length less than or equal to 10")
	big := aws.String(`{"x":"` + strings.Repeat("x", 256<<10) + `"}`)
	_, err = w.client.PutEvents(t.Context(), &eventbridge.PutEventsInput{Entries: []types.PutEventsRequestEntry{entry(s, s, big)}})
	wantCode(t, err, "ValidationException", "Total size of the entries in the request is over the limit.")
}

func TestEventsForAMissingBusAreTakenAndDropped(t *testing.T) {
	w := newWorld(t)
	w.rule("r", "a", types.Target{Id: aws.String("t"), Arn: aws.String(queue)})
	out, err := w.client.PutEvents(t.Context(), &eventbridge.PutEventsInput{Entries: []types.PutEventsRequestEntry{
		{Source: aws.String("a"), DetailType: aws.String("t"), Detail: aws.String("{}"), EventBusName: aws.String("missing")},
	}})
	if err != nil || out.FailedEntryCount != 0 || out.Entries[0].EventId == nil {
		t.Errorf("%v, %v", out, err)
	}
	w.rest()
	if n := len(w.targets.take()); n != 0 {
		t.Errorf("%d deliveries", n)
	}
}

func TestTheTimeOfAnEntryIsKept(t *testing.T) {
	w := newWorld(t)
	w.rule("r", "a", types.Target{Id: aws.String("t"), Arn: aws.String(queue), InputPath: aws.String("$.time")})
	if _, err := w.client.PutEvents(t.Context(), &eventbridge.PutEventsInput{Entries: []types.PutEventsRequestEntry{
		{Source: aws.String("a"), DetailType: aws.String("t"), Detail: aws.String("{}"), Time: aws.Time(time.Date(2020, 2, 29, 1, 2, 3, 0, time.UTC))},
		{Source: aws.String("a"), DetailType: aws.String("t"), Detail: aws.String("{}")},
	}}); err != nil {
		t.Fatal(err)
	}
	w.rest()
	got := map[any]bool{}
	for _, c := range w.targets.take() {
		got[c.body["MessageBody"]] = true
	}
	want := map[any]bool{`"2020-02-29T01:02:03Z"`: true, `"2026-01-02T03:04:05Z"`: true}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// failing lets every call but those to the dead-letter queue fail.
func failing(a answer) func(received) *answer {
	return func(r received) *answer {
		if url, _ := r.body["QueueUrl"].(string); strings.HasSuffix(url, "/dead") {
			return nil
		}
		return &a
	}
}

func withDLQ(t types.Target) types.Target {
	t.Id = aws.String("t")
	t.DeadLetterConfig = &types.DeadLetterConfig{Arn: aws.String(dlq)}
	return t
}

// attributes of a dead letter by name.
func attributes(t *testing.T, r received) map[string]string {
	t.Helper()
	got := map[string]string{}
	all, ok := r.body["MessageAttributes"].(map[string]any)
	if !ok {
		t.Fatalf("no attributes in %s", r.raw)
	}
	for name, value := range all {
		one := value.(map[string]any)
		if one["DataType"] != "String" {
			t.Errorf("%s is a %v", name, one["DataType"])
		}
		got[name] = one["StringValue"].(string)
	}
	return got
}

func TestWhatCanNotPassGoesToTheDeadLetterQueueAtOnce(t *testing.T) {
	tests := []struct {
		name   string
		answer answer
		code   string
	}{
		{"no permission", answer{status: 400, code: "AccessDeniedException"}, "NO_PERMISSIONS"},
		{"no such target", answer{status: 400, code: "StateMachineDoesNotExist"}, "NO_RESOURCE"},
		{"a refused input", answer{status: 400, code: "InvalidExecutionInput"}, "INVALID_PARAMETER"},
		{"a refused call", answer{status: 400, code: "Strange"}, "SDK_CLIENT_ERROR"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			w.targets.answer(failing(tt.answer))
			w.rule("r", "a", withDLQ(types.Target{Arn: aws.String(machine), RoleArn: aws.String(role), InputPath: aws.String("$.detail")}))
			id := w.put("a", `{"x":1}`)
			calls := w.targets.take()
			if len(calls) != 2 {
				t.Fatalf("%d calls, want one attempt and one dead letter", len(calls))
			}
			want := map[string]string{
				"RULE_ARN": "arn:aws:events:us-east-1:000000000000:rule/r", "TARGET_ARN": machine, "ERROR_CODE": tt.code,
				"ERROR_MESSAGE": "scripted", "RETRY_ATTEMPTS": "0",
			}
			if diff := cmp.Diff(want, attributes(t, calls[1])); diff != "" {
				t.Error(diff)
			}
			var event map[string]any
			if err := json.Unmarshal([]byte(calls[1].body["MessageBody"].(string)), &event); err != nil {
				t.Fatal(err)
			}
			if event["id"] != id || event["detail"] == nil {
				t.Errorf("the dead letter is not the original event: %v", event)
			}
			for name, want := range map[string]int{"FailedInvocations": 1, "Invocations": 1, "InvocationsSentToDlq": 1, "InvocationAttempts": 1, "RetryInvocationAttempts": 0} {
				if got := w.metrics.of(name, "r"); got != want {
					t.Errorf("%s %d, want %d", name, got, want)
				}
			}
		})
	}
}

func TestARoleThatIsRefusedGoesToTheDeadLetterQueue(t *testing.T) {
	w := newWorld(t)
	w.rule("r", "a", withDLQ(types.Target{Arn: aws.String(machine), RoleArn: aws.String(role)}))
	w.targets.refused = map[string]error{role: &smithy.GenericAPIError{Code: "AccessDenied", Message: "not you"}}
	w.put("a", `{}`)
	calls := w.targets.take()
	if len(calls) != 1 {
		t.Fatalf("%d calls", len(calls))
	}
	if got := attributes(t, calls[0])["ERROR_CODE"]; got != "FAILED_TO_ASSUME_ROLE" {
		t.Errorf("error code %s", got)
	}
}

func TestWhatMayPassIsRetried(t *testing.T) {
	tests := []struct {
		name   string
		answer answer
	}{
		{"throttling", answer{status: 400, code: "ThrottlingException"}},
		{"too many requests", answer{status: 429, code: "TooManyRequestsException"}},
		{"the target fails", answer{status: 500, code: "InternalFailure"}},
		{"the connection breaks", answer{err: errors.New("connection reset")}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			fails := 3
			w.targets.answer(func(received) *answer {
				if fails--; fails >= 0 {
					return &tt.answer
				}
				return nil
			})
			w.rule("r", "a", withDLQ(types.Target{Arn: aws.String(machine), RoleArn: aws.String(role)}))
			w.put("a", `{}`)
			if n := len(w.targets.take()); n != 1 {
				t.Fatalf("%d attempts before any time has passed", n)
			}
			w.advance(time.Second + 2*time.Second + 4*time.Second)
			calls := w.targets.take()
			if len(calls) != 3 {
				t.Fatalf("%d further attempts, want 3", len(calls))
			}
			if calls[0].body["name"] != calls[2].body["name"] {
				t.Error("attempts of one delivery start executions of different names")
			}
			for name, want := range map[string]int{"FailedInvocations": 0, "Invocations": 1, "InvocationAttempts": 4, "RetryInvocationAttempts": 3, "SuccessfulInvocationAttempts": 1} {
				if got := w.metrics.of(name, "r"); got != want {
					t.Errorf("%s %d, want %d", name, got, want)
				}
			}
		})
	}
}

func TestAnExecutionWhoseStartWasNotAnsweredIsNotStartedTwice(t *testing.T) {
	w := newWorld(t)
	n := 0
	w.targets.answer(func(received) *answer {
		if n++; n == 1 {
			return &answer{err: errors.New("answer lost")}
		}
		return &answer{status: 400, code: "ExecutionAlreadyExists"}
	})
	w.rule("r", "a", withDLQ(types.Target{Arn: aws.String(machine), RoleArn: aws.String(role)}))
	w.put("a", `{}`)
	w.advance(time.Minute)
	if got := w.metrics.of("FailedInvocations", "r"); got != 0 || n != 2 {
		t.Errorf("%d attempts, %d failed", n, got)
	}
}

func TestRetriesEndWithTheirNumber(t *testing.T) {
	w := newWorld(t)
	w.targets.answer(failing(answer{status: 400, code: "ThrottlingException"}))
	w.rule("r", "a", withDLQ(types.Target{Arn: aws.String(machine), RoleArn: aws.String(role), RetryPolicy: &types.RetryPolicy{MaximumRetryAttempts: aws.Int32(2)}}))
	w.put("a", `{}`)
	w.advance(time.Hour)
	calls := w.targets.take()
	if len(calls) != 4 {
		t.Fatalf("%d calls, want three attempts and a dead letter", len(calls))
	}
	got := attributes(t, calls[3])
	want := map[string]string{
		"RULE_ARN": "arn:aws:events:us-east-1:000000000000:rule/r", "TARGET_ARN": machine, "ERROR_CODE": "THROTTLING", "ERROR_MESSAGE": "scripted",
		"EXHAUSTED_RETRY_CONDITION": "MaximumRetryAttempts", "RETRY_ATTEMPTS": "2",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestNoRetryWhenThePolicySaysZero(t *testing.T) {
	w := newWorld(t)
	w.targets.answer(failing(answer{status: 500, code: "InternalFailure"}))
	w.rule("r", "a", withDLQ(types.Target{Arn: aws.String(machine), RoleArn: aws.String(role), RetryPolicy: &types.RetryPolicy{MaximumRetryAttempts: aws.Int32(0)}}))
	w.put("a", `{}`)
	calls := w.targets.take()
	if len(calls) != 2 {
		t.Fatalf("%d calls", len(calls))
	}
	if got := attributes(t, calls[1]); got["EXHAUSTED_RETRY_CONDITION"] != "MaximumRetryAttempts" || got["RETRY_ATTEMPTS"] != "0" || got["ERROR_CODE"] != "ERROR_FROM_TARGET" {
		t.Errorf("attributes %v", got)
	}
}

func TestRetriesEndWithTheAgeOfTheEvent(t *testing.T) {
	w := newWorld(t)
	w.targets.answer(failing(answer{status: 400, code: "ThrottlingException"}))
	w.rule("r", "a", withDLQ(types.Target{Arn: aws.String(machine), RoleArn: aws.String(role), RetryPolicy: &types.RetryPolicy{MaximumEventAgeInSeconds: aws.Int32(60)}}))
	w.put("a", `{}`)
	w.advance(60*time.Second - time.Millisecond)
	if got := w.metrics.of("InvocationsSentToDlq", "r"); got != 0 {
		t.Fatal("given up before the event is too old")
	}
	w.targets.take()
	w.advance(time.Millisecond)
	calls := w.targets.take()
	if len(calls) != 1 {
		t.Fatalf("%d calls", len(calls))
	}
	if got := attributes(t, calls[0]); got["EXHAUSTED_RETRY_CONDITION"] != "MaximumEventAgeInSeconds" {
		t.Errorf("attributes %v", got)
	}
}

// The user guide: "for 24 hours and up to 185 times with an exponential back off
// and jitter".
func TestByDefaultAnEventIsRetriedForADay(t *testing.T) {
	w := newWorld(t)
	w.targets.answer(failing(answer{status: 500, code: "InternalFailure"}))
	w.rule("r", "a", withDLQ(types.Target{Arn: aws.String(machine), RoleArn: aws.String(role)}))
	w.put("a", `{}`)
	w.advance(10 * time.Hour)
	if got := w.metrics.of("InvocationsSentToDlq", "r"); got != 0 {
		t.Fatal("given up after ten hours")
	}
	w.advance(14 * time.Hour)
	if got := w.metrics.of("InvocationsSentToDlq", "r"); got != 1 {
		t.Fatal("not given up after a day")
	}
	if got := w.metrics.of("RetryInvocationAttempts", "r"); got < 140 || got > 185 {
		t.Errorf("%d retries", got)
	}
}

func TestADeadLetterQueueThatRefusesIsCounted(t *testing.T) {
	w := newWorld(t)
	w.targets.answer(func(received) *answer { return &answer{status: 400, code: "AccessDeniedException"} })
	w.rule("r", "a", withDLQ(types.Target{Arn: aws.String(machine), RoleArn: aws.String(role)}))
	w.put("a", `{}`)
	if sent, failed := w.metrics.of("InvocationsSentToDlq", "r"), w.metrics.of("InvocationsFailedToBeSentToDlq", "r"); sent != 0 || failed != 1 {
		t.Errorf("sent %d, failed %d", sent, failed)
	}
}

func TestADeadLetterQueueThatThrottlesIsTriedAgain(t *testing.T) {
	w := newWorld(t)
	n := 0
	w.targets.answer(func(r received) *answer {
		if r.operation == "AmazonSQS.SendMessage" {
			if n++; n > 2 {
				return nil
			}
			return &answer{status: 400, code: "ThrottlingException"}
		}
		return &answer{status: 400, code: "AccessDeniedException"}
	})
	w.rule("r", "a", withDLQ(types.Target{Arn: aws.String(machine), RoleArn: aws.String(role)}))
	w.put("a", `{}`)
	w.advance(time.Minute)
	if got := w.metrics.of("InvocationsSentToDlq", "r"); got != 1 || n != 3 {
		t.Errorf("sent %d after %d tries", got, n)
	}
}

func TestARuleThatChangesDoesNotChangeADelivery(t *testing.T) {
	w := newWorld(t)
	w.targets.answer(failing(answer{status: 500, code: "InternalFailure"}))
	w.rule("r", "a", withDLQ(types.Target{Arn: aws.String(machine), RoleArn: aws.String(role)}))
	w.put("a", `{}`)
	if _, err := w.client.RemoveTargets(t.Context(), &eventbridge.RemoveTargetsInput{Rule: aws.String("r"), Ids: []string{"t"}}); err != nil {
		t.Fatal(err)
	}
	w.targets.answer(nil)
	w.advance(time.Minute)
	if got := w.metrics.of("Invocations", "r"); got != 1 {
		t.Errorf("%d invocations", got)
	}
}

func TestCloseEndsWaitingDeliveries(t *testing.T) {
	w := newWorld(t)
	w.targets.answer(failing(answer{status: 500, code: "InternalFailure"}))
	w.rule("r", "a", withDLQ(types.Target{Arn: aws.String(machine), RoleArn: aws.String(role)}))
	w.put("a", `{}`)
	w.targets.take()
	w.service.Close()
	w.advance(48 * time.Hour)
	if n := len(w.targets.take()); n != 0 {
		t.Errorf("%d calls after Close", n)
	}
}
