// Package failure gives the errors of our functions the names by which the
// state machine, a dead letter and `redrive --cause` know them.
//
// Lambda names an error by its Go type. That is what our own errors are made
// for; an error of an AWS service that was wrapped on its way would be a
// "wrapError" to everybody.
package failure

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-lambda-go/lambda/messages"
	"github.com/aws/smithy-go"
)

// Patience is how long an attempt may have taken for its failure to be tried
// again by the state machine.
const Patience = 5 * time.Second

// Late is the name of a failure that came later than that. An Express execution
// ends after five minutes without a word: what took long is not tried again, but
// becomes a dead letter while there is time. The message begins with the name
// that the failure would have had.
const Late = "LateFailure"

// Named wraps a handler. An error of AWS gets the code of its answer as its
// name ("AccessDeniedException", "ThrottlingException"), one without an answer
// "ConnectionError", the end of the function's time "OutOfTime"; one that came
// after more than [Patience] is [Late]. Errors that have a type of their own,
// which are not tried again, keep it: own says which. One of ours that is tried
// again has a method ErrorName instead.
func Named[I, O any](handle func(context.Context, I) (O, error), own func(error) bool, now func() time.Time) func(context.Context, I) (O, error) {
	return func(ctx context.Context, in I) (O, error) {
		began := now()
		out, err := handle(ctx, in)
		if err == nil || own(err) {
			return out, err
		}
		answer := messages.InvokeResponse_Error{Type: name(err), Message: err.Error()}
		if took := now().Sub(began); took > Patience && answer.Type != OutOfTime {
			answer.Type, answer.Message = Late, fmt.Sprintf("%s after %s: %s", answer.Type, took.Round(time.Millisecond), answer.Message)
		}
		return out, answer
	}
}

// OutOfTime is the name of the end of the function's time.
const OutOfTime = "OutOfTime"

func name(err error) string {
	var api smithy.APIError
	var operation *smithy.OperationError
	var named interface{ ErrorName() string }
	switch {
	case errors.As(err, &named):
		return named.ErrorName()
	case errors.As(err, &api):
		return api.ErrorCode()
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return OutOfTime
	case errors.As(err, &operation):
		return "ConnectionError"
	}
	return "InternalError"
}
