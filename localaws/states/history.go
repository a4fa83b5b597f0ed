package states

import "github.com/aws/aws-sdk-go-v2/service/sfn/types"

// withoutData is an event without the input or output of the execution.
func withoutData(e types.HistoryEvent) types.HistoryEvent {
	if d := e.ExecutionStartedEventDetails; d != nil {
		c := *d
		c.Input, c.InputDetails = nil, nil
		e.ExecutionStartedEventDetails = &c
	}
	if d := e.ExecutionSucceededEventDetails; d != nil {
		c := *d
		c.Output, c.OutputDetails = nil, nil
		e.ExecutionSucceededEventDetails = &c
	}
	if d := e.StateEnteredEventDetails; d != nil {
		c := *d
		c.Input, c.InputDetails = nil, nil
		e.StateEnteredEventDetails = &c
	}
	if d := e.StateExitedEventDetails; d != nil {
		c := *d
		c.Output, c.OutputDetails = nil, nil
		e.StateExitedEventDetails = &c
	}
	if d := e.TaskScheduledEventDetails; d != nil {
		c := *d
		c.Parameters = nil
		e.TaskScheduledEventDetails = &c
	}
	if d := e.TaskSucceededEventDetails; d != nil {
		c := *d
		c.Output, c.OutputDetails = nil, nil
		e.TaskSucceededEventDetails = &c
	}
	if d := e.LambdaFunctionScheduledEventDetails; d != nil {
		c := *d
		c.Input, c.InputDetails = nil, nil
		e.LambdaFunctionScheduledEventDetails = &c
	}
	if d := e.LambdaFunctionSucceededEventDetails; d != nil {
		c := *d
		c.Output, c.OutputDetails = nil, nil
		e.LambdaFunctionSucceededEventDetails = &c
	}
	return e
}

// details are the details of an event, whichever it has, or nil.
func details(e types.HistoryEvent) any {
	for _, d := range []any{
		e.ExecutionStartedEventDetails, e.ExecutionSucceededEventDetails, e.ExecutionFailedEventDetails, e.ExecutionAbortedEventDetails,
		e.ExecutionTimedOutEventDetails, e.StateEnteredEventDetails, e.StateExitedEventDetails, e.TaskScheduledEventDetails, e.TaskStartedEventDetails,
		e.TaskSucceededEventDetails, e.TaskFailedEventDetails, e.TaskTimedOutEventDetails, e.LambdaFunctionScheduledEventDetails,
		e.LambdaFunctionSucceededEventDetails, e.LambdaFunctionFailedEventDetails, e.LambdaFunctionTimedOutEventDetails, e.MapStateStartedEventDetails,
		e.MapIterationStartedEventDetails, e.MapIterationSucceededEventDetails, e.MapIterationFailedEventDetails, e.MapIterationAbortedEventDetails,
	} {
		if !isNil(d) {
			return d
		}
	}
	return nil
}
