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

	"github.com/aws/aws-lambda-go/lambda/messages"
	"github.com/aws/smithy-go"
)

// Named wraps a handler. An error of AWS gets the code of its answer as its
// name ("AccessDeniedException", "ThrottlingException"), one without an answer
// "ConnectionError", the end of the function's time "OutOfTime". Errors that
// have a type of their own keep it: own says which.
func Named[I, O any](handle func(context.Context, I) (O, error), own func(error) bool) func(context.Context, I) (O, error) {
	return func(ctx context.Context, in I) (O, error) {
		out, err := handle(ctx, in)
		if err == nil || own(err) {
			return out, err
		}
		return out, messages.InvokeResponse_Error{Type: name(err), Message: err.Error()}
	}
}

func name(err error) string {
	var api smithy.APIError
	var operation *smithy.OperationError
	switch {
	case errors.As(err, &api):
		return api.ErrorCode()
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return "OutOfTime"
	case errors.As(err, &operation):
		return "ConnectionError"
	}
	return "InternalError"
}
