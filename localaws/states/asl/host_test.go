package asl

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sfn/types"
)

// testHost runs without waiting: time moves when something sleeps.
type testHost struct {
	mu     sync.Mutex
	now    time.Time
	slept  []time.Duration
	events []types.HistoryEvent
	random float64
	call   func(t Task, parameters any, n int) (any, *Failure)
	calls  int
}

var start = time.Date(2024, 5, 1, 12, 0, 0, 0, time.UTC)

func newHost() *testHost { return &testHost{now: start, random: 0.5} }

func (h *testHost) Now() time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.now
}

func (h *testHost) Sleep(ctx context.Context, d time.Duration) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if ctx.Err() == nil {
		h.now = h.now.Add(d)
		h.slept = append(h.slept, d)
	}
	return ctx.Err()
}

type cancelKey struct{}

// WithTimeout ends when a task says that it hangs.
func (h *testHost) WithTimeout(ctx context.Context, _ time.Duration) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(ctx)
	return context.WithValue(ctx, cancelKey{}, cancel), func() { cancel(context.Canceled) }
}

func (h *testHost) Random() float64 { return h.random }
func (h *testHost) UUID() string    { return "00000000-0000-4000-8000-000000000000" }

// Fork runs one after another, so that a history is always the same.
func (h *testHost) Fork(functions []func()) {
	for _, f := range functions {
		f()
	}
}

const hang = "hang"

func (h *testHost) Call(ctx context.Context, t Task, parameters any) (any, *Failure) {
	h.mu.Lock()
	h.calls++
	n := h.calls
	h.mu.Unlock()
	out, failure := h.call(t, parameters, n)
	if failure != nil && failure.Error == hang {
		ctx.Value(cancelKey{}).(context.CancelCauseFunc)(context.DeadlineExceeded)
	}
	return out, failure
}

func (h *testHost) Record(e types.HistoryEvent) { h.events = append(h.events, e) }

// kinds are the types of the events with their previous events.
func (h *testHost) kinds() string {
	var out []string
	for _, e := range h.events {
		out = append(out, fmt.Sprintf("%s<%d", e.Type, e.PreviousEventId))
	}
	return strings.Join(out, " ")
}

func compile(t *testing.T, definition string) *Machine {
	t.Helper()
	m, err := Compile(definition, Options{})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func runOn(t *testing.T, h *testHost, definition, input string) Outcome {
	t.Helper()
	return compile(t, definition).Run(context.Background(), h, Execution{
		ID: "arn:aws:states:us-east-1:123456789012:execution:m:e", Name: "e", RoleARN: "arn:aws:iam::123456789012:role/r", StartTime: start,
		Input: input, MachineID: "arn:aws:states:us-east-1:123456789012:stateMachine:m", MachineName: "m", Region: "us-east-1",
	})
}

func quoteJSON(s string) string {
	b, err := json.Marshal(s)
	if err != nil {
		panic(err)
	}
	return string(b)
}
