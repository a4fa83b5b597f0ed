package states

import (
	"context"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"

	"crawlerless/localaws/wire"
)

func (s *Service) describeExecution(_ context.Context, in *sfn.DescribeExecutionInput) (*sfn.DescribeExecutionOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	e, err := s.lookup(in.ExecutionArn)
	if err != nil {
		return nil, err
	}
	out := &sfn.DescribeExecutionOutput{
		ExecutionArn: &e.arn, Name: &e.name, StateMachineArn: &e.machine.arn, StartDate: &e.started, Status: e.outcome.Status,
		Input: &e.input, InputDetails: included(), Output: optional(e.outcome.Output), TraceHeader: e.trace,
		Error: optional(e.outcome.Failure.Error), Cause: optional(e.outcome.Failure.Cause),
		RedriveCount: aws.Int32(0), RedriveStatus: types.ExecutionRedriveStatusNotRedrivable,
	}
	switch {
	case !e.finished:
		out.RedriveStatusReason = aws.String("Execution is RUNNING and cannot be redriven")
	case e.outcome.Status == types.ExecutionStatusSucceeded:
		out.OutputDetails = included()
		out.RedriveStatusReason = aws.String("Execution is SUCCEEDED and cannot be redriven")
	default:
		out.RedriveStatusReason = aws.String("localaws does not redrive executions")
	}
	if e.finished {
		out.StopDate = &e.stopped
	}
	if in.IncludedData == types.IncludedDataMetadataOnly {
		out.Input, out.Output = nil, nil
		out.InputDetails = &types.CloudWatchEventsExecutionDataDetails{}
		if out.OutputDetails != nil {
			out.OutputDetails = &types.CloudWatchEventsExecutionDataDetails{}
		}
	}
	return out, nil
}

func (s *Service) describeMachineForExecution(_ context.Context, in *sfn.DescribeStateMachineForExecutionInput) (*sfn.DescribeStateMachineForExecutionOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	e, err := s.lookup(in.ExecutionArn)
	if err != nil {
		return nil, err
	}
	r := e.revision
	out := &sfn.DescribeStateMachineForExecutionOutput{
		StateMachineArn: &e.machine.arn, Name: &e.machine.name, Definition: &r.definition, RoleArn: &r.role, UpdateDate: &r.updated,
		LoggingConfiguration: new(r.logging), TracingConfiguration: new(r.tracing),
	}
	if r.id != "" {
		out.RevisionId = &r.id
	}
	if in.IncludedData == types.IncludedDataMetadataOnly {
		out.Definition = nil
	}
	return out, nil
}

func (s *Service) listExecutions(_ context.Context, in *sfn.ListExecutionsInput) (*sfn.ListExecutionsOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	m, err := s.find(in.StateMachineArn)
	if err != nil {
		return nil, err
	}
	var found []*execution
	for _, e := range slices.Backward(m.executions) { // the latest first
		if in.StatusFilter == "" || in.StatusFilter == e.outcome.Status {
			found = append(found, e)
		}
	}
	from, to, next, err := page(len(found), in.MaxResults, in.NextToken)
	if err != nil {
		return nil, err
	}
	out := &sfn.ListExecutionsOutput{Executions: []types.ExecutionListItem{}, NextToken: next}
	for _, e := range found[from:to] {
		item := types.ExecutionListItem{
			ExecutionArn: &e.arn, Name: &e.name, StateMachineArn: &m.arn, StartDate: &e.started, Status: e.outcome.Status, RedriveCount: aws.Int32(0),
		}
		if e.finished {
			item.StopDate = &e.stopped
		}
		out.Executions = append(out.Executions, item)
	}
	return out, nil
}

func (s *Service) getExecutionHistory(_ context.Context, in *sfn.GetExecutionHistoryInput) (*sfn.GetExecutionHistoryOutput, error) {
	s.mu.Lock()
	e, err := s.lookup(in.ExecutionArn)
	forgot := err == nil && e.forgot
	s.mu.Unlock()
	if err != nil {
		return nil, err
	}
	if forgot {
		return nil, &wire.Error{Code: "ExecutionDoesNotExist", Message: fmt.Sprintf(
			"localaws keeps the histories of the newest %d executions of a state machine; that of '%s' is gone", keepHistories, e.arn)}
	}
	events := e.host.history()
	from, to, next, err := page(len(events), in.MaxResults, in.NextToken)
	if err != nil {
		return nil, err
	}
	out := &sfn.GetExecutionHistoryOutput{Events: []types.HistoryEvent{}, NextToken: next}
	for i := from; i < to; i++ {
		j := i
		if in.ReverseOrder {
			j = len(events) - 1 - i
		}
		event := events[j]
		if in.IncludeExecutionData != nil && !*in.IncludeExecutionData {
			event = withoutData(event)
		}
		out.Events = append(out.Events, event)
	}
	return out, nil
}
