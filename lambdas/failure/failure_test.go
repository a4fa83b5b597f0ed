package failure

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/lambda/messages"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"
	"github.com/aws/smithy-go"
)

type ownError struct{}

func (*ownError) Error() string { return "own" }

type changed struct{}

func (changed) Error() string     { return "changed" }
func (changed) ErrorName() string { return "Changed" }

func TestErrorsHaveTheNameOfTheirCause(t *testing.T) {
	for rule, c := range map[string]struct {
		err  error
		want string
	}{
		"the code of an answer of AWS": {fmt.Errorf("get table: %w", &smithy.OperationError{Err: &types.ConcurrentModificationException{}}), "ConcurrentModificationException"},
		"a code that the SDK has not":  {fmt.Errorf("x: %w", &smithy.GenericAPIError{Code: "AccessDeniedException"}), "AccessDeniedException"},
		"one of ours, tried again":     {fmt.Errorf("x: %w", changed{}), "Changed"},
		"no answer":                    {fmt.Errorf("x: %w", &smithy.OperationError{Err: errors.New("connection reset")}), "ConnectionError"},
		"no time left":                 {fmt.Errorf("x: %w", context.DeadlineExceeded), "OutOfTime"},
		"anything else":                {errors.New("x"), "InternalError"},
	} {
		handle := Named(func(context.Context, int) (int, error) { return 0, c.err }, func(error) bool { return false }, time.Now)
		_, err := handle(t.Context(), 0)
		answer, ok := err.(messages.InvokeResponse_Error) //nolint:errorlint // the type that the runtime looks for
		if !ok || answer.Type != c.want || answer.Message != c.err.Error() {
			t.Errorf("%s: %#v", rule, err)
		}
	}
	own := func(err error) bool { var o *ownError; return errors.As(err, &o) }
	if _, err := Named(func(context.Context, int) (int, error) { return 0, &ownError{} }, own, time.Now)(t.Context(), 0); fmt.Sprintf("%T", err) != "*failure.ownError" {
		t.Errorf("our own error became %T", err)
	}
	if out, err := Named(func(context.Context, int) (int, error) { return 7, nil }, own, time.Now)(t.Context(), 0); out != 7 || err != nil {
		t.Error(out, err)
	}
}

// A clock that goes on while the handler works: what fails late is not what is
// tried again, unless it has a name that never is.
func TestWhatFailsLateHasAnotherName(t *testing.T) {
	for rule, c := range map[string]struct {
		took      time.Duration
		err       error
		name, say string
	}{
		"in time":       {Patience, &smithy.GenericAPIError{Code: "ThrottlingException"}, "ThrottlingException", "api error ThrottlingException: "},
		"late":          {Patience + time.Millisecond, &smithy.GenericAPIError{Code: "ThrottlingException"}, "LateFailure", "ThrottlingException after 5.001s: api error ThrottlingException: "},
		"no time left":  {time.Minute, context.DeadlineExceeded, "OutOfTime", "context deadline exceeded"},
		"of no service": {time.Minute, errors.New("x"), "LateFailure", "InternalError after 1m0s: x"},
	} {
		now := time.Unix(0, 0)
		handle := Named(func(context.Context, int) (int, error) {
			now = now.Add(c.took)
			return 0, c.err
		}, func(error) bool { return false }, func() time.Time { return now })
		_, err := handle(t.Context(), 0)
		answer, ok := err.(messages.InvokeResponse_Error) //nolint:errorlint // the type that the runtime looks for
		if !ok || answer.Type != c.name || answer.Message != c.say {
			t.Errorf("%s: %#v", rule, err)
		}
	}
}
