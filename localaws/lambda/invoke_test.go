package lambda_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	sdk "github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/smithy-go"
	"github.com/google/go-cmp/cmp"

	"crawlerless/localaws/clock"
	"crawlerless/localaws/lambda"
)

var noon = time.Date(2024, 5, 1, 12, 0, 0, 0, time.UTC)

func TestAProcessIsKeptWarmAndSeesItsInvocation(t *testing.T) {
	w := newWorld(t, clock.NewFrozen(noon))
	in := w.input("f", w.logging())
	in.Timeout = aws.Int32(20)
	w.create(in)
	out, first := w.invoke("f", `{"do":"echo","text":"hello"}`)
	if out.StatusCode != http.StatusOK || aws.ToString(out.ExecutedVersion) != "$LATEST" || first.Text != "hello" {
		t.Fatalf("status %d, version %s, answer %+v", out.StatusCode, aws.ToString(out.ExecutedVersion), first)
	}
	if first.ARN != "arn:aws:lambda:us-east-1:"+account+":function:f" || first.Left < 15000 || first.Left > 20000 {
		t.Errorf("the function saw %+v", first)
	}
	_, second := w.invoke("f", `{}`)
	if second.PID != first.PID || second.Calls != 2 || second.RequestID == first.RequestID {
		t.Errorf("not the same process or the same request: %+v then %+v", first, second)
	}
}

func TestTheEnvironmentIsLambdasAndNothingElse(t *testing.T) {
	t.Setenv("SECRET_OF_THE_PARENT", "x")
	w := newWorld(t, clock.NewFrozen(noon))
	in := w.input("f", w.logging())
	in.MemorySize = aws.Int32(512)
	in.Environment = &types.Environment{Variables: map[string]string{"DATABASE": "lake", "TZ": "Europe/Berlin"}}
	in.LoggingConfig = &types.LoggingConfig{LogFormat: types.LogFormatJson, ApplicationLogLevel: types.ApplicationLogLevelDebug}
	w.create(in)
	_, got := w.invoke("f", `{"do":"env"}`)
	for name, want := range map[string]string{
		"DATABASE": "lake", "TZ": "Europe/Berlin", "AWS_REGION": "us-east-1", "AWS_DEFAULT_REGION": "us-east-1",
		"AWS_LAMBDA_FUNCTION_NAME": "f", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "512", "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
		"AWS_LAMBDA_LOG_GROUP_NAME": "/aws/lambda/f", "AWS_LAMBDA_LOG_FORMAT": "JSON", "AWS_LAMBDA_LOG_LEVEL": "DEBUG",
		"AWS_ENDPOINT_URL": w.url, "AWS_S3_USE_PATH_STYLE": "true", "_HANDLER": "bootstrap", "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
	} {
		if got.Env[name] != want {
			t.Errorf("%s = %q, want %q", name, got.Env[name], want)
		}
	}
	for _, name := range []string{"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "LAMBDA_TASK_ROOT"} {
		if got.Env[name] == "" {
			t.Errorf("%s is not set", name)
		}
	}
	if _, leaked := got.Env["SECRET_OF_THE_PARENT"]; leaked {
		t.Error("the process inherited a variable")
	}
	if s := got.Env["AWS_LAMBDA_LOG_STREAM_NAME"]; !strings.HasPrefix(s, "2024/05/01/[$LATEST]") || len(s) != len("2024/05/01/[$LATEST]")+32 {
		t.Errorf("log stream %q", s)
	}
	if !strings.HasPrefix(got.Env["TMPDIR"], w.dir) {
		t.Errorf("TMPDIR %q is not under the service's directory", got.Env["TMPDIR"])
	}
}

// normal replaces what differs from run to run.
func normal(lines []string, requestIDs ...string) []string {
	out := make([]string, len(lines))
	for i, line := range lines {
		for n, id := range requestIDs {
			line = strings.ReplaceAll(line, id, "R"+string(rune('1'+n)))
		}
		if j := strings.Index(line, "\tDuration"); j > 0 && strings.HasPrefix(line, "REPORT") {
			line = line[:j]
		}
		if strings.HasPrefix(line, "INIT_START") {
			line = "INIT_START"
		}
		if strings.HasPrefix(line, "INIT_REPORT") {
			_, phase, _ := strings.Cut(line, "\t")
			line = "INIT_REPORT " + phase
		}
		out[i] = line
	}
	return out
}

func TestTheLogOfATextFunction(t *testing.T) {
	w := newWorld(t, clock.NewFrozen(noon))
	w.create(w.input("f", w.logging()))
	out, a := w.invoke("f", `{"do":"print","text":"hello"}`)
	_, b := w.invoke("f", `{"do":"partial","text":"no line end"}`)
	want := []string{
		"INIT_START", "START RequestId: R1 Version: $LATEST\n", "hello\n", "END RequestId: R1\n", "REPORT RequestId: R1",
		"START RequestId: R2 Version: $LATEST\n", "no line end\n", "END RequestId: R2\n", "REPORT RequestId: R2",
	}
	if diff := cmp.Diff(want, normal(w.messages("/aws/lambda/f"), a.RequestID, b.RequestID)); diff != "" {
		t.Error(diff)
	}
	tail, err := base64.StdEncoding.DecodeString(aws.ToString(out.LogResult))
	if err != nil || !strings.Contains(string(tail), "\nhello\nEND RequestId: "+a.RequestID+"\nREPORT RequestId: "+a.RequestID+"\tDuration: ") ||
		!strings.Contains(string(tail), "Memory Size: 128 MB\tMax Memory Used: ") || !strings.Contains(string(tail), "\tInit Duration: ") {
		t.Errorf("tail %q, %v", tail, err)
	}
}

func TestTheLogOfAJSONFunction(t *testing.T) {
	type logged struct {
		Type   string
		Record struct {
			RequestID, FunctionArn, Version, Status string
			Metrics                                 map[string]float64
		}
	}
	tests := []struct {
		name    string
		logging types.LoggingConfig
		event   string
		want    []string // types of platform events, or the line
	}{
		{
			"INFO reports starts and the end",
			types.LoggingConfig{},
			`{"do":"print","text":"plain"}`,
			[]string{"platform.initStart", "platform.start", "plain\n", "platform.report"},
		},
		{"WARN reports nothing of a success", types.LoggingConfig{SystemLogLevel: types.SystemLogLevelWarn}, `{"do":"print","text":"plain"}`, []string{"plain\n"}},
		{
			"DEBUG reports the runtime's end too",
			types.LoggingConfig{SystemLogLevel: types.SystemLogLevelDebug},
			`{}`,
			[]string{"platform.initStart", "platform.start", "platform.runtimeDone", "platform.report"},
		},
		{
			"an application level drops what is below it",
			types.LoggingConfig{SystemLogLevel: "WARN", ApplicationLogLevel: "WARN"},
			`{"do":"print","text":"{\"time\":\"2024-05-01T12:00:00Z\",\"level\":\"INFO\",\"msg\":\"x\"}"}`, nil,
		},
		{
			"and keeps what is at it, as it is",
			types.LoggingConfig{SystemLogLevel: "WARN", ApplicationLogLevel: "WARN"},
			`{"do":"print","text":"{\"time\":\"2024-05-01T12:00:00Z\", \"level\":\"warn\"}"}`,
			[]string{`{"time":"2024-05-01T12:00:00Z", "level":"warn"}` + "\n"},
		},
		{"a line without a timestamp counts as INFO", types.LoggingConfig{SystemLogLevel: "WARN", ApplicationLogLevel: "WARN"}, `{"do":"print","text":"{\"level\":\"ERROR\"}"}`, nil},
		{"a line that is no JSON counts as INFO", types.LoggingConfig{SystemLogLevel: "WARN", ApplicationLogLevel: "WARN"}, `{"do":"print","text":"plain"}`, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t, clock.NewFrozen(noon))
			in := w.input("f", w.logging())
			tt.logging.LogFormat, tt.logging.LogGroup = types.LogFormatJson, aws.String("/own/group")
			in.LoggingConfig = &tt.logging
			w.create(in)
			if _, err := w.logs.CreateLogGroup(context.Background(), &cloudwatchlogs.CreateLogGroupInput{LogGroupName: aws.String("/own/group")}); err != nil {
				t.Fatal(err)
			}
			_, a := w.invoke("f", tt.event)
			var got []string
			for _, m := range w.messages("/own/group") {
				var l logged
				if json.Unmarshal([]byte(m), &l) != nil || l.Type == "" {
					got = append(got, m)
					continue
				}
				if strings.HasSuffix(m, "\n") {
					t.Errorf("a platform event ends its line: %q", m)
				}
				got = append(got, l.Type)
				if l.Type != "platform.initStart" && l.Record.RequestID != a.RequestID {
					t.Errorf("%s has request %s, want %s", l.Type, l.Record.RequestID, a.RequestID)
				}
				if l.Type == "platform.report" && (l.Record.Status != "success" || l.Record.Metrics["memorySizeMB"] != 128 ||
					l.Record.Metrics["durationMs"] <= 0 || l.Record.Metrics["billedDurationMs"] < 1 || l.Record.Metrics["initDurationMs"] <= 0) {
					t.Errorf("report %s", m)
				}
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
			streams, err := w.logs.DescribeLogStreams(context.Background(), &cloudwatchlogs.DescribeLogStreamsInput{LogGroupName: aws.String("/own/group")})
			if err != nil {
				t.Fatal(err)
			}
			for _, s := range streams.LogStreams {
				if !strings.HasPrefix(*s.LogStreamName, "2024/05/01/f[$LATEST]") {
					t.Errorf("stream %s", *s.LogStreamName)
				}
			}
		})
	}
}

func TestEveryLineIsThereWhenInvokeReturns(t *testing.T) {
	w := newWorld(t, clock.NewFrozen(noon))
	w.create(w.input("f", w.logging()))
	w.invoke("f", `{"do":"print","text":"line","count":25000}`)
	n := 0
	for _, m := range w.messages("/aws/lambda/f") {
		if strings.HasPrefix(m, "line ") {
			n++
		}
	}
	if n != 25000 {
		t.Errorf("%d lines, want 25000", n)
	}
}

func TestLogsOfARoleWithoutPermissionAreDroppedAndSaid(t *testing.T) {
	w := newWorld(t, clock.NewFrozen(noon))
	w.create(w.input("f", w.role("silent")))
	out, _ := w.invoke("f", `{"do":"print","text":"hello"}`)
	if out.FunctionError != nil {
		t.Errorf("the invocation failed: %s", out.Payload)
	}
	if !strings.Contains(w.log.String(), "log events of a function are dropped") {
		t.Errorf("nothing was said: %s", w.log)
	}
}

func TestFunctionErrors(t *testing.T) {
	tests := []struct {
		name, event, init string
		wantType          string
		wantMessage       string
		log               []string
		alive             bool
	}{
		{name: "an error of the handler keeps the process", event: `{"do":"error","text":"bad object"}`, wantType: "errorString", wantMessage: "bad object", alive: true},
		{name: "the error type is the type's name", event: `{"do":"custom","text":"no"}`, wantType: "customError", wantMessage: "no", alive: true},
		{name: "a panic ends the process", event: `{"do":"panic","text":"oh"}`, wantType: "string", wantMessage: "oh"},
		{
			name: "an exit", event: `{"do":"exit","count":7}`, wantType: "Runtime.ExitError", wantMessage: "RequestId: R1 Error: Runtime exited with error: exit status 7",
			log: []string{
				"INIT_START", "START RequestId: R1 Version: $LATEST\n", "about to exit\n", "RequestId: R1 Error: Runtime exited with error: exit status 7\n",
				"Runtime.ExitError\n", "END RequestId: R1\n", "REPORT RequestId: R1",
			},
		},
		{name: "an exit with 0", event: `{"do":"exit"}`, wantType: "Runtime.ExitError", wantMessage: "RequestId: R1 Error: Runtime exited without providing a reason"},
		{
			name: "the time is up", event: `{"do":"hang"}`, wantType: "Sandbox.Timedout", wantMessage: "RequestId: R1 Error: Task timed out after 1.00 seconds",
			log: []string{"INIT_START", "START RequestId: R1 Version: $LATEST\n", "2024-05-01T12:00:00.000Z R1 Task timed out after 1.00 seconds\n\n", "END RequestId: R1\n", "REPORT RequestId: R1"},
		},
		{
			name: "the initialization is tried twice", init: "exit", event: `{}`, wantType: "Runtime.ExitError", wantMessage: "RequestId: R1 Error: Runtime exited with error: exit status 3",
			log: []string{
				"INIT_START", "no way\n", "INIT_REPORT Phase: init\tStatus: error\tError Type: Runtime.ExitError\n",
				"no way\n", "INIT_REPORT Phase: invoke\tStatus: error\tError Type: Runtime.ExitError\n",
				"START RequestId: R1 Version: $LATEST\n", "RequestId: R1 Error: Runtime exited with error: exit status 3\n", "Runtime.ExitError\n", "END RequestId: R1\n", "REPORT RequestId: R1",
			},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, clock.NewFrozen(noon))
			in := w.input("f", w.logging())
			in.Timeout = aws.Int32(1)
			if tt.init != "" {
				in.Environment = &types.Environment{Variables: map[string]string{"PROBE_INIT": tt.init}}
			}
			w.create(in)
			var before answer
			if tt.alive {
				_, before = w.invoke("f", `{}`)
			}
			out, _ := w.invoke("f", tt.event)
			var doc struct{ ErrorType, ErrorMessage string }
			if err := json.Unmarshal(out.Payload, &doc); err != nil {
				t.Fatalf("%v: %s", err, out.Payload)
			}
			messages := w.messages("/aws/lambda/f")
			id := ""
			for _, m := range messages {
				if rest, ok := strings.CutPrefix(m, "START RequestId: "); ok {
					id = rest[:36]
				}
			}
			if aws.ToString(out.FunctionError) != "Unhandled" || out.StatusCode != http.StatusOK || doc.ErrorType != tt.wantType ||
				strings.ReplaceAll(doc.ErrorMessage, id, "R1") != tt.wantMessage {
				t.Errorf("status %d, function error %q, payload %s", out.StatusCode, aws.ToString(out.FunctionError), out.Payload)
			}
			if tt.log != nil {
				if diff := cmp.Diff(tt.log, normal(messages, id)); diff != "" {
					t.Error(diff)
				}
			}
			if got := w.metrics.sum("Errors", "f"); got != 1 {
				t.Errorf("%v errors counted", got)
			}
			if tt.alive {
				if _, after := w.invoke("f", `{}`); after.PID != before.PID {
					t.Error("the process did not survive")
				}
			}
		})
	}
}

func TestAnInitializationThatSucceedsTheSecondTimeServes(t *testing.T) {
	w := newWorld(t, clock.NewFrozen(noon))
	in := w.input("f", w.logging())
	in.Environment = &types.Environment{Variables: map[string]string{"PROBE_INIT": "once"}}
	w.create(in)
	if out, _ := w.invoke("f", `{}`); out.FunctionError != nil {
		t.Errorf("got %s", out.Payload)
	}
}

func TestBadEntrypoints(t *testing.T) {
	tests := []struct {
		name string
		zip  func(*testing.T) []byte
		want string
	}{
		{"no bootstrap", func(t *testing.T) []byte { return zipOf(t, "main", bootstrap, 0o755) }, "Couldn't find valid bootstrap(s): [/var/task/bootstrap /opt/bootstrap]"},
		{"no program", func(t *testing.T) []byte { return zipOf(t, "bootstrap", []byte("\x7fELFxx"), 0o755) }, "fork/exec /var/task/bootstrap: exec format error"},
		{"not executable in the zip", func(t *testing.T) []byte { return zipOf(t, "bootstrap", bootstrap, 0o644) }, "fork/exec /var/task/bootstrap: permission denied"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t, clock.NewFrozen(noon))
			in := w.input("f", w.logging())
			in.Code.ZipFile = tt.zip(t)
			w.create(in)
			out, _ := w.invoke("f", `{}`)
			var doc struct{ ErrorType, ErrorMessage string }
			if err := json.Unmarshal(out.Payload, &doc); err != nil || doc.ErrorType != "Runtime.InvalidEntrypoint" || !strings.HasSuffix(doc.ErrorMessage, " Error: "+tt.want) {
				t.Errorf("got %s", out.Payload)
			}
		})
	}
}

func TestNoProcessIsLeft(t *testing.T) {
	c := clock.NewFrozen(noon)
	w := newWorld(t, c)
	in := w.input("f", w.logging())
	in.Timeout = aws.Int32(1)
	w.create(in)
	_, a := w.invoke("f", `{"do":"child"}`)
	if gone(a.PID) || gone(a.Child) {
		t.Fatal("the process does not run")
	}
	w.invoke("f", `{"do":"stubborn"}`)
	if !gone(a.PID) || !gone(a.Child) {
		t.Error("a timed out process or its child is left")
	}
	_, a = w.invoke("f", `{"do":"child"}`)
	if _, err := w.client.DeleteFunction(context.Background(), &sdk.DeleteFunctionInput{FunctionName: aws.String("f")}); err != nil {
		t.Fatal(err)
	}
	if !gone(a.PID) || !gone(a.Child) {
		t.Error("a process of a deleted function is left")
	}
	w.create(in)
	_, a = w.invoke("f", `{"do":"child"}`)
	hanging := make(chan error, 1)
	go func() {
		_, err := w.client.Invoke(context.Background(), &sdk.InvokeInput{FunctionName: aws.String("f"), Payload: []byte(`{"do":"hang"}`)})
		hanging <- err
	}()
	for w.metrics.sum("Invocations", "f") < 4 {
		time.Sleep(time.Millisecond)
	}
	w.service.Close()
	if !gone(a.PID) || !gone(a.Child) {
		t.Error("a process is left after Close")
	}
	if err := <-hanging; err == nil {
		t.Error("an invocation that Close cut off succeeded")
	}
}

func TestKillFailsWhatRuns(t *testing.T) {
	w := newWorld(t, clock.NewFrozen(noon))
	w.create(w.input("f", w.logging()))
	_, a := w.invoke("f", `{}`)
	if n := w.service.Kill("f"); n != 1 || !gone(a.PID) {
		t.Fatalf("killed %d", n)
	}
	if out, b := w.invoke("f", `{}`); out.FunctionError != nil || b.PID == a.PID {
		t.Error("no new process took over")
	}
}

func TestConcurrency(t *testing.T) {
	w := newWorld(t, clock.NewFrozen(noon), lambda.WithProcesses(3))
	w.create(w.input("f", w.logging()))
	var wg sync.WaitGroup
	var mu sync.Mutex
	pids := map[int]int{}
	for range 12 {
		wg.Go(func() {
			_, a := w.invoke("f", `{"do":"sleep","count":20}`)
			mu.Lock()
			pids[a.PID]++
			mu.Unlock()
		})
	}
	wg.Wait()
	total := 0
	for _, n := range pids {
		total += n
	}
	if len(pids) > 3 || total != 12 {
		t.Errorf("12 invocations ran in %d processes: %v", len(pids), pids)
	}
}

func TestReservedConcurrencyThrottles(t *testing.T) {
	w := newWorld(t, clock.NewFrozen(noon))
	ctx := context.Background()
	w.create(w.input("f", w.logging()))
	if _, err := w.client.PutFunctionConcurrency(ctx, &sdk.PutFunctionConcurrencyInput{FunctionName: aws.String("f"), ReservedConcurrentExecutions: aws.Int32(0)}); err != nil {
		t.Fatal(err)
	}
	_, err := w.client.Invoke(ctx, &sdk.InvokeInput{FunctionName: aws.String("f")})
	var throttled *types.TooManyRequestsException
	if !errors.As(err, &throttled) || throttled.Reason != types.ThrottleReasonReservedFunctionConcurrentInvocationLimitExceeded {
		t.Errorf("got %v", err)
	}
	if w.metrics.sum("Throttles", "f") != 1 || w.metrics.sum("Invocations", "f") != 0 {
		t.Error("a throttle is counted as one, and not as an invocation")
	}
	_, err = w.client.PutFunctionConcurrency(ctx, &sdk.PutFunctionConcurrencyInput{FunctionName: aws.String("f"), ReservedConcurrentExecutions: aws.Int32(901)})
	var bad *types.InvalidParameterValueException
	if !errors.As(err, &bad) {
		t.Errorf("901 of 1,000 reserved: %v", err)
	}
	if _, err := w.client.DeleteFunctionConcurrency(ctx, &sdk.DeleteFunctionConcurrencyInput{FunctionName: aws.String("f")}); err != nil {
		t.Fatal(err)
	}
	w.invoke("f", `{}`)
}

func TestPayloads(t *testing.T) {
	w := newWorld(t, clock.NewFrozen(noon))
	in := w.input("f", w.logging())
	in.Timeout = aws.Int32(20)
	w.create(in)
	big := func(n int) []byte { return []byte(`{"x":"` + strings.Repeat("a", n-8) + `"}`) }
	tests := []struct {
		name    string
		kind    types.InvocationType
		payload []byte
		want    string
	}{
		{"6 MiB fit", "", big(6 << 20), ""},
		{"one byte more does not", "", big(6<<20 + 1), "RequestTooLargeException"},
		{"an event of 1 MiB fits", "Event", big(1 << 20), ""},
		{"one byte more does not", "Event", big(1<<20 + 1), "RequestTooLargeException"},
		{"no JSON", "", []byte(`{"a":`), "InvalidRequestContentException"},
		{"nothing is an empty object", "", nil, ""},
		{"a dry run", "DryRun", []byte(`{}`), ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := w.client.Invoke(context.Background(), &sdk.InvokeInput{FunctionName: aws.String("f"), InvocationType: tt.kind, Payload: tt.payload})
			var api smithy.APIError
			switch {
			case tt.want == "" && err != nil:
				t.Error(err)
			case tt.want != "" && (!errors.As(err, &api) || api.ErrorCode() != tt.want):
				t.Errorf("got %v, want %s", err, tt.want)
			}
		})
	}
	out, _ := w.invoke("f", `{"do":"big","count":6291457}`)
	if !strings.Contains(string(out.Payload), "Function.ResponseSizeTooLarge") || out.FunctionError == nil {
		t.Errorf("too large a response: %.200s", out.Payload)
	}
	out, err := w.client.Invoke(context.Background(), &sdk.InvokeInput{
		FunctionName:  aws.String("f"),
		ClientContext: aws.String(base64.StdEncoding.EncodeToString([]byte(`{"custom":{"k":"v"}}`))),
	})
	if err != nil || !strings.Contains(string(out.Payload), `"client":{"k":"v"}`) {
		t.Errorf("client context: %s, %v", out.Payload, err)
	}
}

func TestCredentialsAreRenewedBeforeTheyExpire(t *testing.T) {
	w := newWorld(t, clock.NewFrozen(noon))
	w.create(w.input("f", w.logging()))
	_, first := w.invoke("f", `{"do":"env"}`)
	w.advance(5 * time.Minute)
	if _, soon := w.invoke("f", `{"do":"env"}`); soon.PID != first.PID {
		t.Error("a warm process was given up early")
	}
	w.advance(37 * time.Hour) // longer than any session of a service
	_, later := w.invoke("f", `{"do":"env"}`)
	if later.PID == first.PID || later.Env["AWS_SESSION_TOKEN"] == first.Env["AWS_SESSION_TOKEN"] || !gone(first.PID) {
		t.Error("the process still has the credentials of long ago")
	}
	if n := len(w.messages("/aws/lambda/f")); n < 10 {
		t.Errorf("only %d log events: %s", n, w.log)
	}
}
