package failure

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/aws/aws-lambda-go/lambda/messages"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"
	"github.com/aws/smithy-go"
)

type ownError struct{}

func (*ownError) Error() string { return "own" }

func TestErrorsHaveTheNameOfTheirCause(t *testing.T) {
	for rule, c := range map[string]struct {
		err  error
		want string
	}{
		"the code of an answer of AWS": {fmt.Errorf("get table: %w", &smithy.OperationError{Err: &types.ConcurrentModificationException{}}), "ConcurrentModificationException"},
		"a code that the SDK has not":  {fmt.Errorf("x: %w", &smithy.GenericAPIError{Code: "AccessDeniedException"}), "AccessDeniedException"},
		"no answer":                    {fmt.Errorf("x: %w", &smithy.OperationError{Err: errors.New("connection reset")}), "ConnectionError"},
		"no time left":                 {fmt.Errorf("x: %w", context.DeadlineExceeded), "OutOfTime"},
		"anything else":                {errors.New("x"), "InternalError"},
	} {
		handle := Named(func(context.Context, int) (int, error) { return 0, c.err }, func(error) bool { return false })
		_, err := handle(t.Context(), 0)
		answer, ok := err.(messages.InvokeResponse_Error) //nolint:errorlint // the type that the runtime looks for
		if !ok || answer.Type != c.want || answer.Message != c.err.Error() {
			t.Errorf("%s: %#v", rule, err)
		}
	}
	own := func(err error) bool { var o *ownError; return errors.As(err, &o) }
	if _, err := Named(func(context.Context, int) (int, error) { return 0, &ownError{} }, own)(t.Context(), 0); fmt.Sprintf("%T", err) != "*failure.ownError" {
		t.Errorf("our own error became %T", err)
	}
	if out, err := Named(func(context.Context, int) (int, error) { return 7, nil }, own)(t.Context(), 0); out != 7 || err != nil {
		t.Error(out, err)
	}
}
