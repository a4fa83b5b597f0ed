package asl

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"
)

// run is one execution.
type run struct {
	machine *Machine
	host    Host
	about   Execution
	input   any

	mu sync.Mutex
	id int64 // of the last event
}

// thread is a chain of events: the execution itself, a branch or an iteration.
type thread struct {
	*run
	last int64 // the event that the next one follows
	item *Object
	// doing is the state that the thread was in when it ended early.
	doing string
}

// Run walks the machine from its first state to the end. It returns early when
// ctx ends: with the *Stop that is its cause, or else as aborted.
func (m *Machine) Run(ctx context.Context, host Host, about Execution) Outcome {
	r := &run{machine: m, host: host, about: about}
	t := &thread{run: r}
	r.event(0, types.HistoryEventTypeExecutionStarted, func(e *types.HistoryEvent) {
		e.ExecutionStartedEventDetails = &types.ExecutionStartedEventDetails{
			Input: &about.Input, InputDetails: whole(), RoleArn: &about.RoleARN,
		}
	})
	input, err := Parse(about.Input)
	if err != nil { // the API has checked it
		return t.end(ctx, nil, &Failure{Error: RuntimeFailure, Cause: err.Error()})
	}
	r.input = input
	if m.Timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = host.WithTimeout(ctx, m.Timeout)
		defer cancel()
	}
	output, failure := t.program(ctx, &m.program, input)
	return t.end(ctx, output, failure)
}

// end records how the execution ended.
func (t *thread) end(ctx context.Context, output any, failure *Failure) Outcome {
	if ctx.Err() != nil && failure == stopped {
		stop := &Stop{Status: types.ExecutionStatusAborted}
		if cause := context.Cause(ctx); !errors.As(cause, &stop) && errors.Is(cause, context.DeadlineExceeded) {
			stop = &Stop{Status: types.ExecutionStatusTimedOut}
		}
		f := stop.Failure
		if stop.Status == types.ExecutionStatusFailed {
			return t.end(context.Background(), nil, &f)
		}
		// AWS chains these two to nothing.
		if stop.Status == types.ExecutionStatusTimedOut {
			t.event(0, types.HistoryEventTypeExecutionTimedOut, func(e *types.HistoryEvent) {
				e.ExecutionTimedOutEventDetails = &types.ExecutionTimedOutEventDetails{Error: optional(f.Error), Cause: optional(f.Cause)}
			})
		} else {
			t.event(0, types.HistoryEventTypeExecutionAborted, func(e *types.HistoryEvent) {
				e.ExecutionAbortedEventDetails = &types.ExecutionAbortedEventDetails{Error: optional(f.Error), Cause: optional(f.Cause)}
			})
		}
		return Outcome{Status: stop.Status, Failure: f}
	}
	if failure != nil {
		t.event(t.last, types.HistoryEventTypeExecutionFailed, func(e *types.HistoryEvent) {
			e.ExecutionFailedEventDetails = &types.ExecutionFailedEventDetails{Error: optional(failure.Error), Cause: optional(failure.Cause)}
		})
		return Outcome{Status: types.ExecutionStatusFailed, Failure: *failure}
	}
	text := Print(output)
	t.event(t.last, types.HistoryEventTypeExecutionSucceeded, func(e *types.HistoryEvent) {
		e.ExecutionSucceededEventDetails = &types.ExecutionSucceededEventDetails{Output: &text, OutputDetails: whole()}
	})
	return Outcome{Status: types.ExecutionStatusSucceeded, Output: text}
}

// stopped is the failure of everything that was cut off by its context. It is
// compared by its address and never changed.
var stopped = &Failure{terminal: true}

// event numbers and records one event and returns its number.
func (r *run) event(previous int64, kind types.HistoryEventType, fill func(*types.HistoryEvent)) int64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.id++
	e := types.HistoryEvent{Id: r.id, PreviousEventId: previous, Type: kind, Timestamp: aws.Time(r.host.Now())}
	if fill != nil {
		fill(&e)
	}
	r.host.Record(e)
	return r.id
}

// follow records an event that continues the thread.
func (t *thread) follow(kind types.HistoryEventType, fill func(*types.HistoryEvent)) int64 {
	t.last = t.event(t.last, kind, fill)
	return t.last
}

func whole() *types.HistoryEventExecutionDataDetails {
	return &types.HistoryEventExecutionDataDetails{}
}

func optional(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}

// program runs states from the start to an end.
func (t *thread) program(ctx context.Context, p *program, input any) (any, *Failure) {
	name := p.startAt
	for {
		if ctx.Err() != nil {
			return nil, stopped
		}
		output, next, failure := t.state(ctx, p.states[name], input)
		if failure != nil || next == "" {
			return output, failure
		}
		name, input = next, output
	}
}

// state runs one state.
func (t *thread) state(ctx context.Context, s *state, input any) (output any, next string, failure *Failure) {
	text := Print(input)
	entered := t.follow(types.HistoryEventType(s.kind+"StateEntered"), func(e *types.HistoryEvent) {
		e.StateEnteredEventDetails = &types.StateEnteredEventDetails{Name: &s.name, Input: &text, InputDetails: whole()}
	})
	v := &visit{thread: t, s: s, raw: input, entered: timestamp(t.host.Now())}
	output, next, failure = v.run(ctx)
	if failure != nil {
		if failure == stopped && ctx.Err() != nil {
			t.doing = s.kind
			return nil, "", failure
		}
		if failure.evaluation {
			return nil, "", &Failure{Error: failure.Error, terminal: true, Cause: fmt.Sprintf(
				"An error occurred while executing the state '%s' (entered at the event id #%d). %s", s.name, entered, failure.Cause)}
		}
		return nil, "", failure
	}
	out := Print(output)
	if tooLarge(out) {
		return nil, "", &Failure{
			Error: DataLimitFailure, terminal: true,
			Cause: fmt.Sprintf("The state/task '%s' returned a result with a size exceeding the maximum number of bytes service limit.", s.name),
		}
	}
	t.follow(types.HistoryEventType(s.kind+"StateExited"), func(e *types.HistoryEvent) {
		e.StateExitedEventDetails = &types.StateExitedEventDetails{Name: &s.name, Output: &out, OutputDetails: whole()}
	})
	return output, next, nil
}
