package states_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	sfntypes "github.com/aws/aws-sdk-go-v2/service/sfn/types"
	awssqs "github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/google/go-cmp/cmp"

	"crawlerless/localaws/clock"
)

const s3Event = `{"version":"0","id":"i","detail-type":"Object Created","source":"aws.s3","account":"123456789012","time":"2024-05-01T12:00:00Z",` +
	`"region":"us-east-1","resources":["arn:aws:s3:::lake"],"detail":{"bucket":{"name":"lake"},"object":{"key":"logs/app/x.gz","size":5}}}`

// workflow is the project's own state machine, filled as the stack fills it.
func workflow(t *testing.T, queueURL string) string {
	t.Helper()
	raw, err := os.ReadFile("../../stack/pipeline/workflow.asl.json")
	if err != nil {
		t.Fatal(err)
	}
	return strings.NewReplacer("${partition}", "aws", "${extract}", functionARN("extract"), "${catalog}", functionARN("catalog"),
		"${deadLetterQueueUrl}", queueURL).Replace(string(raw))
}

func TestTheProjectsWorkflow(t *testing.T) {
	tests := []struct {
		name             string
		input            string
		extract, catalog func(call int) (string, error)
		status           sfntypes.ExecutionStatus
		extracts         int
		catalogs         int
		dead             string // error name of the dead letter
		outcome          string // error of the execution
	}{
		{name: "known to the catalog: UpdateCatalog does not run", extract: answers(`{"known":true}`), status: "SUCCEEDED", extracts: 1},
		{name: "unknown: UpdateCatalog runs", extract: answers(`{"known":false,"table":"app"}`), catalog: answers(`null`), status: "SUCCEEDED", extracts: 1, catalogs: 1},
		{name: "a throttle is retried", extract: func(n int) (string, error) {
			if n < 3 {
				return "", &types.TooManyRequestsException{Message: aws.String("Rate Exceeded.")}
			}
			return `{"known":true}`, nil
		}, status: "SUCCEEDED", extracts: 3},
		{name: "an error without hope is not", extract: func(int) (string, error) {
			return "", functionError(`{"errorMessage":"ends early","errorType":"ObjectTruncated"}`)
		}, status: "FAILED", extracts: 1, dead: "ObjectTruncated", outcome: "ObjectTruncated"},
		{name: "patience ends after three attempts", extract: answers(`{"known":false}`), catalog: func(int) (string, error) {
			return "", functionError(`{"errorMessage":"x","errorType":"Throttled"}`)
		}, status: "FAILED", extracts: 1, catalogs: 3, dead: "Throttled", outcome: "Throttled"},
		{name: "an event that lacks what events have is in its letter whole", input: `{"detail":{"object":{"key":"logs/app/x.gz"}}}`, extract: func(int) (string, error) {
			return "", functionError(`{"errorMessage":"x","errorType":"InvalidEvent"}`)
		}, status: "FAILED", extracts: 1, dead: "InvalidEvent", outcome: "InvalidEvent"},
		{name: "a throttle is borne for longer than an error", extract: func(n int) (string, error) {
			if n < 6 {
				return "", &types.TooManyRequestsException{Message: aws.String("Rate Exceeded.")}
			}
			return `{"known":true}`, nil
		}, status: "SUCCEEDED", extracts: 6},
		{name: "and for longest where few run at once", extract: answers(`{"known":false}`), catalog: func(n int) (string, error) {
			if n < 8 {
				return "", &types.TooManyRequestsException{Message: aws.String("Rate Exceeded.")}
			}
			return `null`, nil
		}, status: "SUCCEEDED", extracts: 1, catalogs: 8},
		{name: "what a person replays makes no new dead letter", input: strings.Replace(s3Event, `{`, `{"replay":true,`, 1), extract: func(int) (string, error) {
			return "", functionError(`{"errorMessage":"x","errorType":"InvalidEvent"}`)
		}, status: "FAILED", extracts: 1, outcome: "InvalidEvent"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t, clock.NewFrozen(noon))
			queue, err := w.sqs.CreateQueue(context.Background(), &awssqs.CreateQueueInput{QueueName: aws.String("dead")})
			if err != nil {
				t.Fatal(err)
			}
			var payload string
			w.lambda.on("extract", func(p string) (string, error) { payload = p; return tt.extract(w.lambda.count("extract")) })
			if tt.catalog != nil {
				w.lambda.on("catalog", func(p string) (string, error) {
					if p != `{"known":false,"table":"app"}` && p != `{"known":false}` {
						return "", fmt.Errorf("UpdateCatalog was given %s", p)
					}
					return tt.catalog(w.lambda.count("catalog"))
				})
			}
			machine := w.create("catalogue", workflow(t, *queue.QueueUrl), sfntypes.StateMachineTypeExpress)
			input := tt.input
			if input == "" {
				input = s3Event
			}
			execution := w.start(machine, input)
			w.advance(4 * time.Minute)
			got := w.describe(execution)
			if got.Status != tt.status || aws.ToString(got.Error) != tt.outcome {
				t.Errorf("status %s, error %s (%s), want %s, %s", got.Status, aws.ToString(got.Error), aws.ToString(got.Cause), tt.status, tt.outcome)
			}
			if payload != input {
				t.Errorf("ExtractMetadata was given %s", payload)
			}
			if w.lambda.count("extract") != tt.extracts || w.lambda.count("catalog") != tt.catalogs {
				t.Errorf("%d and %d invocations, want %d and %d", w.lambda.count("extract"), w.lambda.count("catalog"), tt.extracts, tt.catalogs)
			}
			messages, err := w.sqs.ReceiveMessage(context.Background(), &awssqs.ReceiveMessageInput{QueueUrl: queue.QueueUrl})
			if err != nil {
				t.Fatal(err)
			}
			if tt.dead == "" {
				if len(messages.Messages) > 0 {
					t.Errorf("a dead letter: %s", *messages.Messages[0].Body)
				}
				return
			}
			var letter struct {
				Event                   json.RawMessage
				Error, Cause, Execution string
			}
			if len(messages.Messages) != 1 || json.Unmarshal([]byte(*messages.Messages[0].Body), &letter) != nil {
				t.Fatalf("dead letters: %+v", messages.Messages)
			}
			if letter.Error != tt.dead || letter.Execution != execution || letter.Cause == "" {
				t.Errorf("letter %+v", letter)
			}
			var event, want any
			if json.Unmarshal(letter.Event, &event) != nil || json.Unmarshal([]byte(input), &want) != nil || !cmp.Equal(event, want) {
				t.Errorf("the event in the letter: %s", letter.Event)
			}
		})
	}
}

// A function that uses up all its time, every time, still ends as a dead letter:
// an Express execution that Step Functions ends after five minutes leaves none.
func TestTheLongestWaysEndBeforeAnExpressExecutionDoes(t *testing.T) {
	// What the stack gives the functions, in seconds; stack/pipeline/workflow.go.
	const extractTimeout, catalogTimeout = 60, 120
	timedOut := functionError(`{"errorMessage":"Task timed out","errorType":"Sandbox.Timedout"}`)
	w := newWorld(t, clock.NewFrozen(noon))
	queue, err := w.sqs.CreateQueue(context.Background(), &awssqs.CreateQueueInput{QueueName: aws.String("dead")})
	if err != nil {
		t.Fatal(err)
	}
	slow := func(seconds int, answer func(n int) (string, error)) func(string) (string, error) {
		n := 0
		return func(string) (string, error) {
			n++
			err := w.clock.Sleep(context.Background(), time.Duration(seconds)*time.Second)
			if err != nil {
				return "", err
			}
			return answer(n)
		}
	}
	w.lambda.on("extract", slow(extractTimeout, func(n int) (string, error) {
		if n == 1 {
			return "", timedOut
		}
		return `{"known":false}`, nil
	}))
	w.lambda.on("catalog", slow(catalogTimeout, func(int) (string, error) { return "", timedOut }))
	execution := w.start(w.create("catalogue", workflow(t, *queue.QueueUrl), sfntypes.StateMachineTypeExpress), s3Event)
	w.advance(5 * time.Minute)
	if got := w.describe(execution); got.Status != "FAILED" || aws.ToString(got.Error) != "Sandbox.Timedout" {
		t.Errorf("status %s, error %s", got.Status, aws.ToString(got.Error))
	}
	messages, err := w.sqs.ReceiveMessage(context.Background(), &awssqs.ReceiveMessageInput{QueueUrl: queue.QueueUrl})
	if err != nil || len(messages.Messages) != 1 {
		t.Errorf("%d dead letters, %v", len(messages.Messages), err)
	}
}

func answers(payload string) func(int) (string, error) {
	return func(int) (string, error) { return payload, nil }
}

func TestTheHistoryOfATask(t *testing.T) {
	w := newWorld(t, clock.NewFrozen(noon))
	w.lambda.on("f", func(p string) (string, error) { return `{"got":` + p + `}`, nil })
	machine := w.create("m", `{"StartAt":"T","States":{"T":{"Type":"Task","Resource":"arn:aws:states:::lambda:invoke","TimeoutSeconds":9,
		"Parameters":{"FunctionName":"f","Payload.$":"$.x"},"ResultSelector":{"p.$":"$.Payload","s.$":"$.StatusCode","v.$":"$.ExecutedVersion","h.$":"$.SdkHttpMetadata.HttpStatusCode"},
		"ResultPath":"$.r","End":true}}}`, "")
	execution := w.start(machine, `{"x":1}`)
	w.rest()
	events := w.history(execution)
	want := []string{"ExecutionStarted<0", "TaskStateEntered<0", "TaskScheduled<2", "TaskStarted<3", "TaskSucceeded<4", "TaskStateExited<5", "ExecutionSucceeded<6"}
	if diff := cmp.Diff(want, kinds(events)); diff != "" {
		t.Error(diff)
	}
	s := events[2].TaskScheduledEventDetails
	if *s.Parameters != `{"FunctionName":"f","Payload":1}` || *s.Region != "us-east-1" || *s.Resource != "invoke" || *s.ResourceType != "lambda" || *s.TimeoutInSeconds != 9 {
		t.Errorf("scheduled %+v", s)
	}
	if got := w.describe(execution); aws.ToString(got.Output) != `{"x":1,"r":{"p":{"got":1},"s":200,"v":"$LATEST","h":200}}` {
		t.Errorf("output %s", aws.ToString(got.Output))
	}
	if !strings.HasPrefix(execution, "arn:aws:states:us-east-1:"+account+":execution:m:") {
		t.Errorf("ARN %s", execution)
	}
	for metric, want := range map[string]float64{"ExecutionsStarted": 1, "ExecutionsSucceeded": 1, "ExecutionsFailed": 0} {
		if got := w.metrics.sum(metric, machine); got != want {
			t.Errorf("%s = %v, want %v", metric, got, want)
		}
	}
}

func TestErrorNames(t *testing.T) {
	w := newWorld(t, clock.NewFrozen(noon), "lambda:InvokeFunction")
	w.lambda.on("named", func(string) (string, error) { return "", functionError(`{"errorMessage": "m", "errorType": "Boom"}`) })
	w.lambda.on("nameless", func(string) (string, error) { return "", functionError(`{"errorMessage":"m"}`) })
	w.lambda.on("throttled", func(string) (string, error) {
		return "", &types.TooManyRequestsException{Message: aws.String("Rate Exceeded.")}
	})
	w.lambda.on("broken", func(string) (string, error) { return "", &types.ServiceException{Message: aws.String("oops")} })
	service := func(name string) string {
		return `{"Type":"Task","Resource":"arn:aws:states:::lambda:invoke","Parameters":{"FunctionName":"` + name + `"},"End":true}`
	}
	tests := []struct{ name, state, err, cause string }{
		{"a function's error type", service("named"), "Boom", `{"errorMessage":"m","errorType":"Boom"}`},
		{"of a function called directly, as it wrote it", `{"Type":"Task","Resource":"` + functionARN("named") + `","End":true}`, "Boom", `{"errorMessage": "m", "errorType": "Boom"}`},
		{
			"no error type", service("nameless"), "Lambda.Unknown",
			`The cause could not be determined because Lambda did not return an error type. Returned payload: {"errorMessage":"m"}`,
		},
		{"throttled", service("throttled"), "Lambda.TooManyRequestsException", "Rate Exceeded. (Service: AWSLambda; Status Code: 429; Error Code: TooManyRequestsException; Request ID: "},
		{"a service error", service("broken"), "Lambda.ServiceException", "oops (Service: AWSLambda; Status Code: 500; Error Code: ServiceException; Request ID: "},
		{"no such function", service("gone"), "Lambda.ResourceNotFoundException", "Function not found: " + functionARN("gone") + " (Service: AWSLambda; Status Code: 404; Error Code: ResourceNotFoundException; Request ID: "},
		{
			"not allowed", `{"Type":"Task","Resource":"arn:aws:states:::sqs:sendMessage","Parameters":{"QueueUrl":"http://localhost:4566/123456789012/q","MessageBody":"b"},"End":true}`,
			"SQS.AmazonSQSException", "User: arn:aws:sts::123456789012:assumed-role/states/",
		},
	}
	for i, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			machine := w.create(fmt.Sprint("m", i), `{"StartAt":"T","States":{"T":`+tt.state+`}}`, "")
			execution := w.start(machine, `{}`)
			w.rest()
			got := w.describe(execution)
			if got.Status != "FAILED" || aws.ToString(got.Error) != tt.err || !strings.HasPrefix(aws.ToString(got.Cause), tt.cause) {
				t.Errorf("%s %s: %s", got.Status, aws.ToString(got.Error), aws.ToString(got.Cause))
			}
		})
	}
}

func TestTheLogOfEachLevel(t *testing.T) {
	const group = "/aws/vendedlogs/states/m"
	tests := []struct {
		level sfntypes.LogLevel
		data  bool
		want  []string
	}{
		{"OFF", true, nil},
		{"FATAL", true, []string{"ExecutionFailed"}},
		{"ERROR", true, []string{"FailStateEntered", "ExecutionFailed"}},
		{"ALL", false, []string{"ExecutionStarted", "PassStateEntered", "PassStateExited", "FailStateEntered", "ExecutionFailed"}},
	}
	for _, tt := range tests {
		t.Run(string(tt.level), func(t *testing.T) {
			ctx := context.Background()
			w := newWorld(t, clock.NewFrozen(noon))
			if _, err := w.logs.CreateLogGroup(ctx, &cloudwatchlogs.CreateLogGroupInput{LogGroupName: aws.String(group)}); err != nil {
				t.Fatal(err)
			}
			out, err := w.sfn.CreateStateMachine(ctx, &sfn.CreateStateMachineInput{
				Name: aws.String("m"), RoleArn: &w.role, Type: sfntypes.StateMachineTypeExpress,
				Definition: aws.String(`{"StartAt":"P","States":{"P":{"Type":"Pass","Next":"F"},"F":{"Type":"Fail","Error":"E","Cause":"C"}}}`),
				LoggingConfiguration: &sfntypes.LoggingConfiguration{Level: tt.level, IncludeExecutionData: tt.data, Destinations: []sfntypes.LogDestination{{
					CloudWatchLogsLogGroup: &sfntypes.CloudWatchLogsLogGroup{LogGroupArn: aws.String("arn:aws:logs:us-east-1:" + account + ":log-group:" + group + ":*")},
				}}},
			})
			if err != nil {
				t.Fatal(err)
			}
			execution := w.start(*out.StateMachineArn, `{"a":1}`)
			w.rest()
			var got []string
			for _, m := range w.messages(group) {
				var line struct {
					ID, Type        string
					Details         map[string]any
					EventTimestamp  string `json:"event_timestamp"`
					PreviousEventID string `json:"previous_event_id"`
					ExecutionARN    string `json:"execution_arn"`
				}
				if err := json.Unmarshal([]byte(m), &line); err != nil {
					t.Fatal(err)
				}
				got = append(got, line.Type)
				if line.ExecutionARN != execution || line.EventTimestamp != "1714564800000" {
					t.Errorf("line %s", m)
				}
				if _, has := line.Details["input"]; has != (tt.data && strings.HasSuffix(line.Type, "Entered")) && line.Type != "ExecutionStarted" {
					t.Errorf("data in %s", m)
				}
				if line.Type == "ExecutionFailed" && (line.Details["error"] != "E" || line.Details["cause"] != "C") {
					t.Errorf("details of %s", m)
				}
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff, w.log)
			}
		})
	}
}
