package events

import (
	"bytes"
	"context"
	"crypto/md5"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"crawlerless/localaws/clock"
	"crawlerless/localaws/cloud"
	"crawlerless/localaws/wire"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/smithy-go"
)

const (
	account  = "000000000000"
	role     = "arn:aws:iam::000000000000:role/trigger"
	machine  = "arn:aws:states:us-east-1:000000000000:stateMachine:workflow"
	queue    = "arn:aws:sqs:us-east-1:000000000000:queue"
	dlq      = "arn:aws:sqs:us-east-1:000000000000:dead"
	function = "arn:aws:lambda:us-east-1:000000000000:function:extract"
)

var start = time.Date(2026, 1, 2, 3, 4, 5, 678e6, time.UTC)

// world is one EventBridge with the real SDK client in front of it and scripted
// targets behind it.
type world struct {
	t       *testing.T
	client  *eventbridge.Client
	service *Service
	clock   *clock.Clock
	targets *targets
	metrics *metrics
	asked   *identity
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, clock: clock.NewFrozen(start), targets: &targets{}, metrics: &metrics{sums: map[string]int{}}, asked: &identity{}}
	w.service = New(cloud.Env{
		Account: account, Region: "us-east-1", Partition: "aws", Clock: w.clock, Log: slog.New(slog.DiscardHandler),
		IDs: &counter{}, Roles: w.targets, Metrics: w.metrics, Endpoint: func() string { return "http://localaws" },
	})
	t.Cleanup(w.service.Close)
	server := httptest.NewServer(wire.NewHandler(w.asked, []wire.Service{w.service.Wire()}))
	t.Cleanup(server.Close)
	w.client = eventbridge.New(eventbridge.Options{
		Region: "us-east-1", BaseEndpoint: &server.URL, RetryMaxAttempts: 1,
		Credentials: credentials.NewStaticCredentialsProvider("root", "secret", ""),
	})
	return w
}

// rule puts a rule for events of one source with targets.
func (w *world) rule(name, source string, targets ...types.Target) {
	w.t.Helper()
	if _, err := w.client.PutRule(w.t.Context(), &eventbridge.PutRuleInput{Name: &name, EventPattern: aws.String(`{"source":["` + source + `"]}`)}); err != nil {
		w.t.Fatal(err)
	}
	if len(targets) == 0 {
		return
	}
	if _, err := w.client.PutTargets(w.t.Context(), &eventbridge.PutTargetsInput{Rule: &name, Targets: targets}); err != nil {
		w.t.Fatal(err)
	}
}

// put puts one event and waits until its deliveries have come to rest.
func (w *world) put(source, detail string) string {
	w.t.Helper()
	out, err := w.client.PutEvents(w.t.Context(), &eventbridge.PutEventsInput{Entries: []types.PutEventsRequestEntry{
		{Source: &source, DetailType: aws.String("test"), Detail: &detail},
	}})
	if err != nil {
		w.t.Fatal(err)
	}
	if out.FailedEntryCount > 0 {
		w.t.Fatalf("put: %s", *out.Entries[0].ErrorMessage)
	}
	w.rest()
	return *out.Entries[0].EventId
}

func (w *world) rest() {
	w.t.Helper()
	if err := w.clock.Idle(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) advance(d time.Duration) {
	w.t.Helper()
	if err := w.clock.Advance(w.t.Context(), d); err != nil {
		w.t.Fatal(err)
	}
}

// received is a call that reached a target.
type received struct {
	operation string // "AWSStepFunctions.StartExecution", "AmazonSQS.SendMessage", "Invoke"
	as        string // the role, or the principal and its source
	path      string
	body      map[string]any
	raw       string
	header    http.Header
}

// answer is what a scripted target answers.
type answer struct {
	status int
	code   string
	err    error
}

// targets plays all targets. It answers by script, first come first served, and
// then with success.
type targets struct {
	mu      sync.Mutex
	calls   []received
	script  func(received) *answer
	refused map[string]error // by role
}

func (x *targets) AssumeRole(_ context.Context, roleARN, servicePrincipal, sourceARN string) (aws.Config, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if err := x.refused[roleARN]; err != nil {
		return aws.Config{}, err
	}
	return x.config(roleARN + " for " + servicePrincipal + " of " + sourceARN), nil
}

func (x *targets) Service(servicePrincipal, sourceARN string) aws.Config {
	return x.config(servicePrincipal + " of " + sourceARN)
}

func (x *targets) config(as string) aws.Config {
	return aws.Config{
		Region: "us-east-1", BaseEndpoint: aws.String("http://localaws"),
		Credentials: credentials.NewStaticCredentialsProvider("key", "secret", ""),
		Retryer:     func() aws.Retryer { return aws.NopRetryer{} },
		HTTPClient:  doer(func(r *http.Request) (*http.Response, error) { return x.serve(as, r) }),
	}
}

type doer func(*http.Request) (*http.Response, error)

func (d doer) Do(r *http.Request) (*http.Response, error) { return d(r) }

func (x *targets) serve(as string, r *http.Request) (*http.Response, error) {
	raw, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	call := received{operation: r.Header.Get("X-Amz-Target"), as: as, path: r.URL.Path, raw: string(raw), header: r.Header}
	if call.operation == "" {
		call.operation = "Invoke"
	}
	if err := json.Unmarshal(raw, &call.body); err != nil {
		return nil, err
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	x.calls = append(x.calls, call)
	sum := md5.Sum([]byte(fmt.Sprint(call.body["MessageBody"]))) // the SDK checks it
	status, body := http.StatusOK, fmt.Sprintf(`{"executionArn":"arn:aws:states:us-east-1:000000000000:express:workflow:x","startDate":1767323045,"MessageId":"m","MD5OfMessageBody":"%x"}`, sum)
	if x.script != nil {
		if a := x.script(call); a != nil {
			if a.err != nil {
				return nil, a.err
			}
			status, body = a.status, `{"__type":"`+a.code+`","message":"scripted","Message":"scripted"}`
		}
	}
	if call.operation == "Invoke" && status == http.StatusOK {
		status, body = http.StatusAccepted, ""
	}
	h := http.Header{"X-Amzn-Errortype": {""}}
	if status >= 400 {
		var e struct {
			Type string `json:"__type"`
		}
		if err := json.Unmarshal([]byte(body), &e); err != nil {
			return nil, err
		}
		h.Set("X-Amzn-Errortype", e.Type)
	}
	return &http.Response{StatusCode: status, Header: h, Body: io.NopCloser(bytes.NewBufferString(body)), Request: r}, nil
}

// take returns the calls so far and forgets them.
func (x *targets) take() []received {
	x.mu.Lock()
	defer x.mu.Unlock()
	calls := x.calls
	x.calls = nil
	return calls
}

func (x *targets) answer(script func(received) *answer) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.script = script
}

// metrics sums by metric and rule.
type metrics struct {
	mu   sync.Mutex
	sums map[string]int
}

func (m *metrics) Put(namespace, name string, value float64, _ string, dimensions ...string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.sums[namespace+" "+name+" "+strings.Join(dimensions, "=")] += int(value)
}

func (m *metrics) of(name, rule string) int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.sums["AWS/Events "+name+" RuleName="+rule]
}

// identity lets everybody do everything and notes what it was asked.
type identity struct {
	mu    sync.Mutex
	asked []wire.Access
}

func (*identity) Authenticate(*http.Request) (wire.Caller, error) {
	return wire.Caller{Account: account, ARN: "arn:aws:iam::" + account + ":root", Root: true}, nil
}

func (i *identity) Authorize(_ context.Context, _ wire.Caller, a wire.Access) error {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.asked = append(i.asked, a)
	return nil
}

func (i *identity) take() []wire.Access {
	i.mu.Lock()
	defer i.mu.Unlock()
	asked := i.asked
	i.asked = nil
	return asked
}

type counter struct {
	mu sync.Mutex
	n  int
}

func (c *counter) Hex(n int) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.n++
	return fmt.Sprintf("%0*x", n, c.n)
}

func (c *counter) UUID() string { return "00000000-0000-4000-8000-" + c.Hex(12) }

func wantCode(t *testing.T, err error, code, message string) {
	t.Helper()
	var api smithy.APIError
	if !errors.As(err, &api) || api.ErrorCode() != code || !strings.Contains(api.ErrorMessage(), message) {
		t.Fatalf("got error %v, want %s %q", err, code, message)
	}
}
