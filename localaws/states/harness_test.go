package states_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	awsiam "github.com/aws/aws-sdk-go-v2/service/iam"
	awslambda "github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	sfntypes "github.com/aws/aws-sdk-go-v2/service/sfn/types"
	awssqs "github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/google/uuid"
	"go.uber.org/goleak"

	"crawlerless/localaws/clock"
	"crawlerless/localaws/cloud"
	"crawlerless/localaws/events"
	"crawlerless/localaws/iam"
	"crawlerless/localaws/logs"
	"crawlerless/localaws/sqs"
	"crawlerless/localaws/states"
	"crawlerless/localaws/sts"
	"crawlerless/localaws/wire"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var noon = time.Date(2024, 5, 1, 12, 0, 0, 0, time.UTC)

const account = "123456789012"

type ids struct{}

func (ids) UUID() string { return uuid.NewString() }
func (ids) Hex(n int) string {
	text := ""
	for len(text) < n {
		u := uuid.New()
		text += fmt.Sprintf("%x", u[:])
	}
	return text[:n]
}

type metrics struct {
	mu   sync.Mutex
	sums map[string]float64
}

func (m *metrics) Put(namespace, name string, value float64, _ string, dimensions ...string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.sums[fmt.Sprint(namespace, " ", name, " ", dimensions)] += value
}

func (m *metrics) sum(name, arn string) float64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.sums[fmt.Sprint("AWS/States ", name, " ", []string{"StateMachineArn", arn})]
}

// fakeLambda answers Invoke by what a test has put in place for a function.
type fakeLambda struct {
	mu        sync.Mutex
	functions map[string]func(payload string) (string, error)
	calls     map[string]int
	order     []string
}

// functionError is what a function itself reports.
type functionError string

func (e functionError) Error() string { return string(e) }

func (f *fakeLambda) on(name string, do func(payload string) (string, error)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.functions[name] = do
}

func (f *fakeLambda) count(name string) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.calls[name]
}

func functionARN(name string) string {
	return "arn:aws:lambda:us-east-1:" + account + ":function:" + name
}

func (f *fakeLambda) wire() wire.Service {
	op := wire.Op("Invoke", f.invoke, func(in *awslambda.InvokeInput) []wire.Access {
		return []wire.Access{{Action: "InvokeFunction", Resource: arnOf(*in.FunctionName)}}
	}, "FunctionName", "Payload", "InvocationType", "LogType", "ClientContext", "Qualifier")
	op.Method, op.Path = "POST", "/2015-03-31/functions/{FunctionName}/invocations"
	return wire.Service{Name: "lambda", Protocol: wire.RESTJSON, Operations: []wire.Operation{op}}
}

func arnOf(name string) string {
	if len(name) > 4 && name[:4] == "arn:" {
		return name
	}
	return functionARN(name)
}

func (f *fakeLambda) invoke(_ context.Context, in *awslambda.InvokeInput) (*awslambda.InvokeOutput, error) {
	name := arnOf(*in.FunctionName)[len(functionARN("")):]
	f.mu.Lock()
	f.calls[name]++
	f.order = append(f.order, name)
	do := f.functions[name]
	f.mu.Unlock()
	if do == nil {
		return nil, &types.ResourceNotFoundException{Message: aws.String("Function not found: " + functionARN(name)), Type: aws.String("User")}
	}
	out, err := do(string(in.Payload))
	if fe, ok := err.(functionError); ok { //nolint:errorlint // made by the test
		return &awslambda.InvokeOutput{StatusCode: 200, ExecutedVersion: aws.String("$LATEST"), FunctionError: aws.String("Unhandled"), Payload: []byte(fe)}, nil
	}
	if err != nil {
		return nil, err
	}
	return &awslambda.InvokeOutput{StatusCode: 200, ExecutedVersion: aws.String("$LATEST"), Payload: []byte(out)}, nil
}

// world is Step Functions with what it calls.
type world struct {
	t       *testing.T
	clock   *clock.Clock
	service *states.Service
	sfn     *sfn.Client
	iam     *awsiam.Client
	logs    *cloudwatchlogs.Client
	sqs     *awssqs.Client
	lambda  *fakeLambda
	metrics *metrics
	role    string
	log     *bytes.Buffer
}

type noEvents struct{}

func (noEvents) Emit(context.Context, cloud.Event) {}

func newWorld(t *testing.T, c *clock.Clock, actions ...string) *world {
	t.Helper()
	w := &world{
		t: t, clock: c, metrics: &metrics{sums: map[string]float64{}}, log: &bytes.Buffer{},
		lambda: &fakeLambda{functions: map[string]func(string) (string, error){}, calls: map[string]int{}},
	}
	var handler *wire.Handler
	env := cloud.Env{
		Account: account, Region: "us-east-1", Partition: "aws", Clock: c, Log: slog.New(slog.NewTextHandler(&locked{w: w.log}, nil)), IDs: ids{},
		Metrics: w.metrics, Events: noEvents{}, Endpoint: func() string { return "http://localhost:4566" }, Dir: t.TempDir(),
	}
	identity, err := iam.New(env, func() http.RoundTripper { return handler.Transport() })
	if err != nil {
		t.Fatal(err)
	}
	env.Roles = identity
	groups, queues, bus := logs.New(env), sqs.New(env), events.New(env)
	env.Events = bus
	w.service = states.New(env)
	handler = wire.NewHandler(identity, []wire.Service{identity.Wire(), sts.New(env, identity).Wire(), groups.Wire(), queues.Wire(), bus.Wire(), w.service.Wire(), w.lambda.wire()})
	t.Cleanup(func() {
		w.service.Close()
		for _, s := range []any{bus, queues, groups} {
			if closer, ok := s.(interface{ Close() }); ok {
				closer.Close()
			}
		}
		c.Close()
	})
	cfg := aws.Config{
		Region: "us-east-1", BaseEndpoint: aws.String("http://localhost:4566"), Credentials: credentials.NewStaticCredentialsProvider(iam.FixedKey, iam.FixedSecret, ""),
		HTTPClient: &http.Client{Transport: handler.Transport()}, RetryMaxAttempts: 1,
	}
	w.sfn, w.iam, w.logs, w.sqs = sfn.NewFromConfig(cfg), awsiam.NewFromConfig(cfg), cloudwatchlogs.NewFromConfig(cfg), awssqs.NewFromConfig(cfg)
	if len(actions) == 0 {
		actions = []string{"lambda:InvokeFunction", "sqs:SendMessage", "events:PutEvents", "states:StartExecution", "logs:*"}
	}
	w.role = w.newRole("states", actions...)
	return w
}

type locked struct {
	mu sync.Mutex
	w  *bytes.Buffer
}

func (l *locked) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.w.Write(p)
}

func (w *world) newRole(name string, actions ...string) string {
	w.t.Helper()
	ctx := context.Background()
	out, err := w.iam.CreateRole(ctx, &awsiam.CreateRoleInput{RoleName: &name, AssumeRolePolicyDocument: aws.String(
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"states.amazonaws.com"},"Action":"sts:AssumeRole"}]}`)})
	if err != nil {
		w.t.Fatal(err)
	}
	doc, err := json.Marshal(map[string]any{"Version": "2012-10-17", "Statement": []any{map[string]any{"Effect": "Allow", "Action": actions, "Resource": "*"}}})
	if err != nil {
		w.t.Fatal(err)
	}
	if _, err := w.iam.PutRolePolicy(ctx, &awsiam.PutRolePolicyInput{RoleName: &name, PolicyName: aws.String("p"), PolicyDocument: aws.String(string(doc))}); err != nil {
		w.t.Fatal(err)
	}
	return *out.Role.Arn
}

func (w *world) create(name, definition string, kind sfntypes.StateMachineType) string {
	w.t.Helper()
	out, err := w.sfn.CreateStateMachine(context.Background(), &sfn.CreateStateMachineInput{Name: &name, Definition: &definition, RoleArn: &w.role, Type: kind})
	if err != nil {
		w.t.Fatal(err)
	}
	return *out.StateMachineArn
}

func (w *world) start(machine, input string) string {
	w.t.Helper()
	out, err := w.sfn.StartExecution(context.Background(), &sfn.StartExecutionInput{StateMachineArn: &machine, Input: &input})
	if err != nil {
		w.t.Fatal(err)
	}
	return *out.ExecutionArn
}

// rest waits until all work has come to rest.
func (w *world) rest() {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if err := w.clock.Idle(ctx); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) advance(d time.Duration) {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if err := w.clock.Advance(ctx, d); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) describe(execution string) *sfn.DescribeExecutionOutput {
	w.t.Helper()
	out, err := w.sfn.DescribeExecution(context.Background(), &sfn.DescribeExecutionInput{ExecutionArn: &execution})
	if err != nil {
		w.t.Fatal(err)
	}
	return out
}

func (w *world) history(execution string) []sfntypes.HistoryEvent {
	w.t.Helper()
	var all []sfntypes.HistoryEvent
	p := sfn.NewGetExecutionHistoryPaginator(w.sfn, &sfn.GetExecutionHistoryInput{ExecutionArn: &execution, MaxResults: 7})
	for p.HasMorePages() {
		page, err := p.NextPage(context.Background())
		if err != nil {
			w.t.Fatal(err)
		}
		all = append(all, page.Events...)
	}
	return all
}

// kinds are the types of events with their previous events: "TaskFailed<4".
func kinds(events []sfntypes.HistoryEvent) []string {
	var out []string
	for _, e := range events {
		out = append(out, fmt.Sprintf("%s<%d", e.Type, e.PreviousEventId))
	}
	return out
}

// messages are all events of a log group.
func (w *world) messages(group string) []string {
	w.t.Helper()
	var out []string
	p := cloudwatchlogs.NewFilterLogEventsPaginator(w.logs, &cloudwatchlogs.FilterLogEventsInput{LogGroupName: &group})
	for p.HasMorePages() {
		page, err := p.NextPage(context.Background())
		if err != nil {
			w.t.Fatal(err)
		}
		for _, e := range page.Events {
			out = append(out, *e.Message)
		}
	}
	return out
}
