package asl

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sfn/types"
)

// attempt runs the state's work once.
func (v *visit) attempt(ctx context.Context, input any) (any, *Failure) {
	switch v.s.kind {
	case "Parallel":
		return v.parallel(ctx, input)
	case "Map":
		return v.mapItems(ctx, input)
	}
	parameters, failure := v.parameters(input)
	if failure != nil {
		return nil, failure
	}
	limit, failure := v.timeLimit(input)
	if failure != nil {
		return nil, failure
	}
	v.scheduled(parameters, limit)
	call := ctx
	if limit > 0 {
		var cancel context.CancelFunc
		call, cancel = v.host.WithTimeout(ctx, time.Duration(limit)*time.Second)
		defer cancel()
	}
	result, failure := v.host.Call(call, v.s.task, parameters)
	switch {
	case ctx.Err() != nil:
		return nil, stopped
	case failure != nil && call.Err() != nil && errors.Is(context.Cause(call), context.DeadlineExceeded):
		failure = &Failure{Error: TimeoutFailure}
	case failure == nil && tooLarge(Print(result)):
		failure = &Failure{Error: DataLimitFailure, Cause: fmt.Sprintf(
			"The state/task '%s' returned a result with a size exceeding the maximum number of bytes service limit.", v.taskName())}
	}
	if failure != nil {
		failure = &Failure{Error: failure.Error, Cause: failure.Cause, task: true}
		v.taskEnded(failure)
		return nil, failure
	}
	v.succeeded(Print(result))
	return result, nil
}

func (v *visit) taskName() string {
	if v.s.task.Service != "" {
		return v.s.task.Service
	}
	return v.s.task.Resource
}

// timeLimit is TimeoutSeconds or what TimeoutSecondsPath gives; 0 for none.
func (v *visit) timeLimit(input any) (int64, *Failure) {
	p := v.s.timeoutPath
	if p == nil {
		return v.s.timeout, nil
	}
	value, err := v.scope(input).find(p)
	if err != nil {
		return 0, runtimeError("Invalid path '%s' : %s", p, err)
	}
	n, ok := integer(value)
	if !ok || n <= 0 || n > math.MaxInt32 {
		return 0, runtimeError("The TimeoutSecondsPath field refers to value %q which is not a positive integer: %s", toString(value), p)
	}
	return n, nil
}

// The events of a task: those of a service integration, or those of a Lambda
// function called by its ARN.

func (v *visit) scheduled(parameters any, limit int64) {
	text := Print(parameters)
	var seconds *int64
	if limit > 0 {
		seconds = &limit
	}
	t := v.s.task
	if t.Service == "" {
		v.follow(types.HistoryEventTypeLambdaFunctionScheduled, func(e *types.HistoryEvent) {
			e.LambdaFunctionScheduledEventDetails = &types.LambdaFunctionScheduledEventDetails{
				Resource: &v.s.task.Resource, Input: &text, InputDetails: whole(), TimeoutInSeconds: seconds,
			}
		})
		v.follow(types.HistoryEventTypeLambdaFunctionStarted, nil)
		return
	}
	v.follow(types.HistoryEventTypeTaskScheduled, func(e *types.HistoryEvent) {
		e.TaskScheduledEventDetails = &types.TaskScheduledEventDetails{
			Parameters: &text, Region: &v.about.Region, Resource: &t.Action, ResourceType: &t.Service, TimeoutInSeconds: seconds,
		}
	})
	v.follow(types.HistoryEventTypeTaskStarted, func(e *types.HistoryEvent) {
		e.TaskStartedEventDetails = &types.TaskStartedEventDetails{Resource: &t.Action, ResourceType: &t.Service}
	})
}

func (v *visit) succeeded(output string) {
	t := v.s.task
	if t.Service == "" {
		v.follow(types.HistoryEventTypeLambdaFunctionSucceeded, func(e *types.HistoryEvent) {
			e.LambdaFunctionSucceededEventDetails = &types.LambdaFunctionSucceededEventDetails{Output: &output, OutputDetails: whole()}
		})
		return
	}
	v.follow(types.HistoryEventTypeTaskSucceeded, func(e *types.HistoryEvent) {
		e.TaskSucceededEventDetails = &types.TaskSucceededEventDetails{Output: &output, OutputDetails: whole(), Resource: &t.Action, ResourceType: &t.Service}
	})
}

func (v *visit) taskEnded(f *Failure) {
	t, err, cause := v.s.task, optional(f.Error), optional(f.Cause)
	switch timeout := f.Error == TimeoutFailure; {
	case t.Service == "" && timeout:
		v.follow(types.HistoryEventTypeLambdaFunctionTimedOut, func(e *types.HistoryEvent) {
			e.LambdaFunctionTimedOutEventDetails = &types.LambdaFunctionTimedOutEventDetails{Error: err, Cause: cause}
		})
	case t.Service == "":
		v.follow(types.HistoryEventTypeLambdaFunctionFailed, func(e *types.HistoryEvent) {
			e.LambdaFunctionFailedEventDetails = &types.LambdaFunctionFailedEventDetails{Error: err, Cause: cause}
		})
	case timeout:
		v.follow(types.HistoryEventTypeTaskTimedOut, func(e *types.HistoryEvent) {
			e.TaskTimedOutEventDetails = &types.TaskTimedOutEventDetails{Error: err, Cause: cause, Resource: &t.Action, ResourceType: &t.Service}
		})
	default:
		v.follow(types.HistoryEventTypeTaskFailed, func(e *types.HistoryEvent) {
			e.TaskFailedEventDetails = &types.TaskFailedEventDetails{Error: err, Cause: cause, Resource: &t.Action, ResourceType: &t.Service}
		})
	}
}

// failed records that a Parallel or Map gives up.
func (v *visit) failed(*Failure) {
	if v.s.kind == "Parallel" || v.s.kind == "Map" {
		v.follow(types.HistoryEventType(v.s.kind+"StateFailed"), nil)
	}
}

func (v *visit) parallel(ctx context.Context, input any) (any, *Failure) {
	parameters, failure := v.parameters(input)
	if failure != nil {
		return nil, failure
	}
	started := v.follow(types.HistoryEventTypeParallelStateStarted, nil)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	threads := make([]*thread, len(v.s.branches))
	results := make([]any, len(v.s.branches))
	group := &group{cancel: cancel}
	var functions []func()
	for i := range v.s.branches {
		threads[i] = &thread{run: v.execution(), last: started, item: v.item}
		functions = append(functions, func() {
			out, failure := threads[i].program(ctx, &v.s.branches[i], parameters)
			results[i] = out
			group.done(threads[i], failure)
		})
	}
	v.host.Fork(functions)
	if failure := v.branchFailure(group, threads); failure != nil {
		return nil, failure
	}
	v.last = lastOf(threads)
	v.passed = v.event(v.last, types.HistoryEventTypeParallelStateSucceeded, nil)
	return results, nil
}

func (v *visit) execution() *run { return v.thread.run }

func lastOf(threads []*thread) int64 {
	return slices.MaxFunc(threads, func(a, b *thread) int { return int(a.last - b.last) }).last
}

// group is the branches or iterations of one state: the first that fails ends
// the others.
type group struct {
	cancel func()

	mu      sync.Mutex
	failure *Failure
	failed  *thread
}

func (g *group) done(t *thread, failure *Failure) {
	if failure == nil {
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if failure != stopped && (g.failure == nil || g.failure == stopped) {
		g.failure, g.failed = failure, t
	} else if g.failure == nil {
		g.failure = failure
	}
	g.cancel()
}

// branchFailure records what a failing branch leaves behind: its own task and
// the states of the others are aborted. A failure that nothing can catch leaves
// nothing.
func (v *visit) branchFailure(g *group, threads []*thread) *Failure {
	f := g.failure
	if f == nil || f == stopped {
		return f
	}
	v.last = g.failed.last
	if f.terminal {
		return f
	}
	if f.task {
		v.event(v.last, types.HistoryEventTypeTaskStateAborted, nil)
	}
	for _, t := range threads {
		if t != g.failed && t.doing != "" {
			v.event(v.last, types.HistoryEventType(t.doing+"StateAborted"), nil)
		}
	}
	return &Failure{Error: f.Error, Cause: f.Cause}
}

func (v *visit) mapItems(ctx context.Context, input any) (any, *Failure) {
	sc := v.scope(input)
	list := input
	if v.s.itemsPath != nil {
		var err error
		if list, err = sc.find(v.s.itemsPath); err != nil {
			return nil, runtimeError("Invalid path '%s' : %s", v.s.itemsPath, err)
		}
	}
	items, ok := list.([]any)
	if !ok {
		path := "$"
		if v.s.itemsPath != nil {
			path = v.s.itemsPath.text
		}
		return nil, runtimeError("Reference path \"%s\" must point to array.", path)
	}
	limit, failure := v.concurrency(sc)
	if failure != nil {
		return nil, failure
	}
	inputs := make([]any, len(items))
	contexts := make([]*Object, len(items))
	for i, item := range items {
		inputs[i] = item
		contexts[i] = NewObject("Item", NewObject("Index", number(int64(i)), "Value", item))
		if v.s.itemSelector != nil {
			here := sc
			here.context = sc.context.with("Map", contexts[i])
			if inputs[i], failure = v.s.itemSelector.evaluate(here); failure != nil {
				return nil, failure
			}
		}
	}
	started := v.follow(types.HistoryEventTypeMapStateStarted, func(e *types.HistoryEvent) {
		e.MapStateStartedEventDetails = &types.MapStateStartedEventDetails{Length: int32(len(items))} //nolint:gosec // bounded by MaxPayload
	})
	m := &iterations{visit: v, inputs: inputs, contexts: contexts, results: make([]any, len(items)), threads: make([]*thread, len(items)), last: started}
	return m.run(ctx, limit)
}

// concurrency is how many iterations may run at once; an unlimited Map runs 40.
// https://docs.aws.amazon.com/step-functions/latest/dg/state-map-inline.html
func (v *visit) concurrency(sc scope) (int, *Failure) {
	n := v.s.concurrency
	if p := v.s.concurrencyPath; p != nil {
		value, err := sc.find(p)
		if err != nil {
			return 0, runtimeError("Invalid path '%s' : %s", p, err)
		}
		var ok bool
		if n, ok = integer(value); !ok || n < 0 {
			return 0, runtimeError("The MaxConcurrencyPath field refers to value \"%s\" which is not a valid integer: %s", toString(value), p)
		}
	}
	if n == 0 || n > 40 {
		n = 40
	}
	return int(n), nil
}

// iterations are the items of a Map on their way through its processor.
type iterations struct {
	*visit
	inputs   []any
	contexts []*Object
	results  []any
	threads  []*thread

	mu   sync.Mutex
	next int
	last int64 // the event from which the Map goes on
}

func (m *iterations) run(ctx context.Context, limit int) (any, *Failure) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	g := &group{cancel: cancel}
	var workers []func()
	for range min(limit, len(m.inputs)) {
		i := m.begin(m.last)
		workers = append(workers, func() {
			for ; i >= 0; i = m.another(i) {
				out, failure := m.threads[i].program(ctx, &m.s.processor, m.inputs[i])
				m.results[i] = out
				if g.done(m.threads[i], failure); failure != nil {
					return
				}
				m.mu.Lock()
				m.last = max(m.last, m.iteration(m.threads[i].last, types.HistoryEventTypeMapIterationSucceeded, i))
				m.mu.Unlock()
			}
		})
	}
	m.host.Fork(workers)
	if g.failure != nil && g.failure != stopped && !g.failure.terminal {
		m.visit.last = g.failed.last
		index := slices.Index(m.threads, g.failed)
		m.iteration(g.failed.last, types.HistoryEventTypeMapIterationFailed, index)
		for i, t := range m.threads {
			if t != nil && t != g.failed && t.doing != "" {
				m.iteration(g.failed.last, types.HistoryEventTypeMapIterationAborted, i)
			}
		}
	}
	if failure := m.branchFailure(g, slices.DeleteFunc(slices.Clone(m.threads), func(t *thread) bool { return t == nil })); failure != nil {
		return nil, failure
	}
	m.visit.last = m.last
	m.passed = m.event(m.last, types.HistoryEventTypeMapStateSucceeded, nil)
	return m.results, nil
}

// begin starts the next iteration after an event.
func (m *iterations) begin(after int64) int {
	m.mu.Lock()
	defer m.mu.Unlock()
	i := m.next
	if i == len(m.inputs) {
		return -1
	}
	m.next++
	id := m.iteration(after, types.HistoryEventTypeMapIterationStarted, i)
	m.threads[i] = &thread{run: m.execution(), last: id, item: m.contexts[i]}
	return i
}

// another starts an iteration in the place of one that has succeeded.
func (m *iterations) another(i int) int { return m.begin(m.threads[i].last) }

func (m *iterations) iteration(previous int64, kind types.HistoryEventType, i int) int64 {
	return m.event(previous, kind, func(e *types.HistoryEvent) {
		d := &types.MapIterationEventDetails{Name: &m.s.name, Index: int32(i)} //nolint:gosec // bounded by MaxPayload
		switch kind {
		case types.HistoryEventTypeMapIterationStarted:
			e.MapIterationStartedEventDetails = d
		case types.HistoryEventTypeMapIterationSucceeded:
			e.MapIterationSucceededEventDetails = d
		case types.HistoryEventTypeMapIterationFailed:
			e.MapIterationFailedEventDetails = d
		default:
			e.MapIterationAbortedEventDetails = d
		}
	})
}
