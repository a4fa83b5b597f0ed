package states

import (
	"context"
	"math"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"

	"crawlerless/localaws/states/asl"
)

// The bounds of what is kept; see the package comment.
const (
	keepExecutions  = 5000
	keepHistories   = 1000
	maxEvents       = 25000
	maxExpressEvent = 100000
	expressLimit    = 5 * time.Minute
)

// execution is one run of a machine. The fields below mu are guarded by
// Service.mu; events by the host that records them, and complete when done is
// closed.
type execution struct {
	arn      string
	name     string
	machine  *machine
	revision *revision
	input    string
	trace    *string
	started  time.Time
	cancel   context.CancelCauseFunc
	host     *host
	done     chan struct{}

	stopped  time.Time
	outcome  asl.Outcome // Status is RUNNING until it has ended
	forgot   bool        // its history is no longer kept
	finished bool
}

func (s *Service) startExecution(_ context.Context, in *sfn.StartExecutionInput) (*sfn.StartExecutionOutput, error) {
	e, err := s.begin(in.StateMachineArn, in.Name, in.Input, in.TraceHeader, false)
	if err != nil {
		return nil, err
	}
	return &sfn.StartExecutionOutput{ExecutionArn: &e.arn, StartDate: &e.started}, nil
}

func (s *Service) startSyncExecution(ctx context.Context, in *sfn.StartSyncExecutionInput) (*sfn.StartSyncExecutionOutput, error) {
	e, err := s.begin(in.StateMachineArn, in.Name, in.Input, in.TraceHeader, true)
	if err != nil {
		return nil, err
	}
	select {
	case <-e.done:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	out := &sfn.StartSyncExecutionOutput{
		ExecutionArn: &e.arn, Name: &e.name, StateMachineArn: &e.machine.arn, StartDate: &e.started, StopDate: &e.stopped,
		Status: types.SyncExecutionStatus(e.outcome.Status), Input: &e.input, InputDetails: included(), OutputDetails: included(),
		BillingDetails: &types.BillingDetails{BilledDurationInMilliseconds: e.billed(), BilledMemoryUsedInMB: 64},
		TraceHeader:    e.trace, Error: optional(e.outcome.Failure.Error), Cause: optional(e.outcome.Failure.Cause), Output: optional(e.outcome.Output),
	}
	if e.outcome.Status == types.ExecutionStatusAborted {
		out.Status = types.SyncExecutionStatusFailed
	}
	if in.IncludedData == types.IncludedDataMetadataOnly {
		out.Input, out.Output = nil, nil
		out.InputDetails, out.OutputDetails = &types.CloudWatchEventsExecutionDataDetails{}, &types.CloudWatchEventsExecutionDataDetails{}
	}
	return out, nil
}

// billed is the duration in steps of 100 ms.
func (e *execution) billed() int64 {
	return max(1, int64(math.Ceil(float64(e.stopped.Sub(e.started))/float64(100*time.Millisecond)))) * 100
}

func included() *types.CloudWatchEventsExecutionDataDetails {
	return &types.CloudWatchEventsExecutionDataDetails{Included: true}
}

func optional(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}

// checkInput is the execution's input, {} if none was given.
func checkInput(in *string) (string, error) {
	text := "{}"
	if in != nil {
		text = *in
	}
	if strings.TrimSpace(text) == "" {
		return "", invalidInput("Invalid execution input.")
	}
	if _, err := asl.Parse(text); err != nil {
		message, _ := asl.DescribeJSONError(text, err)
		return "", invalidInput(message)
	}
	return text, nil
}

func invalidInput(why string) error {
	return &types.InvalidExecutionInput{Message: aws.String("Invalid State Machine Execution Input: '" + why + "'")}
}

// begin starts an execution, or finds the one that a repeated start means.
func (s *Service) begin(machineARN, name, input, trace *string, sync bool) (*execution, error) {
	text, err := checkInput(input)
	if err != nil {
		return nil, err
	}
	id := aws.ToString(name)
	if name == nil {
		id = s.env.IDs.UUID()
	} else if err := checkName(id); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	m, err := s.find(machineARN)
	switch {
	case err != nil:
		return nil, err
	case m.deleting:
		return nil, &types.StateMachineDeleting{Message: aws.String("State Machine is being deleted: '" + m.arn + "'")}
	case sync && !m.express():
		return nil, typeNotSupported()
	case s.closed:
		return nil, &types.ConflictException{Message: aws.String("localaws is shutting down")}
	}
	e := &execution{
		name: id, machine: m, revision: m.current, input: text, trace: trace, started: s.env.Clock.Now(), done: make(chan struct{}),
		outcome: asl.Outcome{Status: types.ExecutionStatusRunning},
	}
	if m.express() {
		e.arn = s.env.ARN("states", "express:"+m.name+":"+id+":"+s.env.IDs.UUID())
	} else {
		e.arn = s.env.ARN("states", "execution:"+m.name+":"+id)
		// A name may be used once; starting the same again while it runs is no error.
		if old := s.executions[e.arn]; old != nil {
			if !old.finished && old.input == text {
				return old, nil
			}
			return nil, &types.ExecutionAlreadyExists{Message: aws.String("Execution Already Exists: '" + e.arn + "'")}
		}
	}
	ctx, cancel := context.WithCancelCause(s.ctx)
	e.cancel = cancel
	e.host = newHost(s, e)
	s.executions[e.arn] = e
	m.executions = append(m.executions, e)
	m.running++
	s.wg.Add(1)
	s.env.Metrics.Put("AWS/States", "ExecutionsStarted", 1, "Count", "StateMachineArn", m.arn)
	s.env.Clock.Go(func() {
		defer s.wg.Done()
		s.run(ctx, e)
	})
	return e, nil
}

// run walks an execution to its end.
func (s *Service) run(ctx context.Context, e *execution) {
	defer e.cancel(nil)
	m, r := e.machine, e.revision
	s.emit(e)
	if m.express() {
		var cancel context.CancelFunc
		ctx, cancel = e.host.WithTimeout(ctx, expressLimit)
		defer cancel()
	}
	outcome := r.program.Run(ctx, e.host, asl.Execution{
		ID: e.arn, Name: e.name, RoleARN: r.role, StartTime: e.started, Input: e.input,
		MachineID: m.arn, MachineName: m.name, Region: s.env.Region, Express: m.express(),
	})
	e.host.log.flush()
	s.mu.Lock()
	e.outcome, e.stopped, e.finished = outcome, s.env.Clock.Now(), true
	m.running--
	s.forget(m)
	s.bury(m)
	s.mu.Unlock()
	s.measure(e)
	s.emit(e)
	close(e.done)
}

// forget drops what exceeds the bounds. Service.mu is held.
func (s *Service) forget(m *machine) {
	finished := 0
	for _, e := range m.executions {
		if e.finished {
			finished++
		}
	}
	kept := m.executions[:0]
	for _, e := range m.executions {
		if e.finished {
			if finished > keepHistories && !e.forgot {
				e.forgot = true
				e.host.forget()
			}
			if finished--; finished >= keepExecutions {
				delete(s.executions, e.arn)
				continue
			}
		}
		kept = append(kept, e)
	}
	clear(m.executions[len(kept):])
	m.executions = kept
}

func (s *Service) measure(e *execution) {
	names := map[types.ExecutionStatus]string{
		types.ExecutionStatusSucceeded: "ExecutionsSucceeded", types.ExecutionStatusFailed: "ExecutionsFailed",
		types.ExecutionStatusTimedOut: "ExecutionsTimedOut", types.ExecutionStatusAborted: "ExecutionsAborted",
	}
	arn := e.machine.arn
	s.env.Metrics.Put("AWS/States", names[e.outcome.Status], 1, "Count", "StateMachineArn", arn)
	s.env.Metrics.Put("AWS/States", "ExecutionTime", float64(e.stopped.Sub(e.started).Milliseconds()), "Milliseconds", "StateMachineArn", arn)
	if e.machine.express() {
		s.env.Metrics.Put("AWS/States", "ExpressExecutionBilledDuration", float64(e.billed()), "Milliseconds", "StateMachineArn", arn)
		s.env.Metrics.Put("AWS/States", "ExpressExecutionBilledMemory", 64, "Megabytes", "StateMachineArn", arn)
	}
}

func (s *Service) stopExecution(_ context.Context, in *sfn.StopExecutionInput) (*sfn.StopExecutionOutput, error) {
	s.mu.Lock()
	e, err := s.lookup(in.ExecutionArn)
	s.mu.Unlock()
	if err != nil {
		return nil, err
	}
	e.host.end(&asl.Stop{Status: types.ExecutionStatusAborted, Failure: asl.Failure{Error: aws.ToString(in.Error), Cause: aws.ToString(in.Cause)}})
	<-e.done
	s.mu.Lock()
	defer s.mu.Unlock()
	return &sfn.StopExecutionOutput{StopDate: &e.stopped}, nil
}

// lookup is an execution by its ARN. Service.mu is held.
func (s *Service) lookup(arn *string) (*execution, error) {
	text := aws.ToString(arn)
	if !strings.HasPrefix(text, "arn:") {
		return nil, invalidARN("Invalid ARN prefix: " + text)
	}
	if parts := strings.Split(text, ":"); len(parts) >= 7 && parts[5] != "execution" && parts[5] != "express" {
		return nil, invalidARN("Resource type not valid in this context: " + parts[5])
	}
	e := s.executions[text]
	if e == nil {
		return nil, noExecution(text)
	}
	return e, nil
}
