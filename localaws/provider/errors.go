package provider

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/middleware"
)

// explain words an error for the person in front of Pulumi: which resource,
// which operation of AWS, which code.
func explain(verb, token, name string, err error) error {
	var op *smithy.OperationError
	var api smithy.APIError
	switch {
	case errors.As(err, &op) && errors.As(err, &api):
		if before, _, ok := strings.Cut(err.Error(), "operation error"); ok && before != "" {
			return fmt.Errorf("%s %s %q: %s%s %s: %s: %s", verb, token, name, before, op.Service(), op.Operation(), api.ErrorCode(), api.ErrorMessage())
		}
		return fmt.Errorf("%s %s %q: %s %s: %s: %s", verb, token, name, op.Service(), op.Operation(), api.ErrorCode(), api.ErrorMessage())
	default:
		return fmt.Errorf("%s %s %q: %w", verb, token, name, err)
	}
}

// code is AWS's error code, or empty.
func code(err error) string {
	var api smithy.APIError
	if errors.As(err, &api) {
		return api.ErrorCode()
	}
	return ""
}

func message(err error) string {
	var api smithy.APIError
	if errors.As(err, &api) {
		return api.ErrorMessage()
	}
	return ""
}

// goneCodes are how AWS says of a resource that it does not exist.
var goneCodes = []string{
	"NoSuchBucket", "NotFound", "NoSuchBucketPolicy", "NoSuchPublicAccessBlockConfiguration",
	"NoSuchLifecycleConfiguration", "OwnershipControlsNotFoundError",
	"ServerSideEncryptionConfigurationNotFoundError",
	"ResourceNotFoundException", "ResourceNotFound", "NoSuchEntity", "NoSuchEntityException",
	"EntityNotFoundException", "NotFoundException", "StateMachineDoesNotExist",
	"AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist",
}

// isGone says that an error means: the resource does not exist.
func isGone(err error) bool {
	if err == nil {
		return false
	}
	return errors.Is(err, errGone) || slices.Contains(goneCodes, code(err))
}

// gone turns an error that means absence into success, for deletions.
func gone(err error) error {
	if isGone(err) {
		return nil
	}
	return err
}

func httpStatus(err error) int {
	var response *awshttp.ResponseError
	if errors.As(err, &response) {
		return response.HTTPStatusCode()
	}
	return 0
}

// attemptsKey finds the count of attempts of the call under way.
type attemptsKey struct{}

// countAttempts is client middleware that counts how often a request was sent.
func countAttempts(stack *middleware.Stack) error {
	return stack.Finalize.Add(middleware.FinalizeMiddlewareFunc("CountAttempts",
		func(ctx context.Context, in middleware.FinalizeInput, next middleware.FinalizeHandler) (middleware.FinalizeOutput, middleware.Metadata, error) {
			if n, ok := ctx.Value(attemptsKey{}).(*int); ok {
				*n++
			}
			return next.HandleFinalize(ctx, in)
		}), middleware.After)
}

// create makes a call that creates something under a name. An answer that was
// lost makes the SDK ask again, and AWS then says that the name is taken: by
// ourselves. existed is the code by which it says so; of such a second answer
// create reports success, and the caller reads what there is.
func create(ctx context.Context, call func(context.Context) error, existed ...string) error {
	n := 0
	err := call(context.WithValue(ctx, attemptsKey{}, &n))
	if err != nil && n > 1 && slices.Contains(existed, code(err)) {
		return nil
	}
	return err
}

// statusNotFound: S3 answers HEAD without a body, and so without a code.
func statusNotFound(err error) bool { return httpStatus(err) == http.StatusNotFound }

// str is a pointer to s, or nil where it is empty.
func str(s string) *string {
	if s == "" {
		return nil
	}
	return aws.String(s)
}

// unsureError is the failure of a call that may have had its effect all the
// same: no answer came, or one that says nothing about it.
type unsureError struct{ error }

func (e *unsureError) Unwrap() error { return e.error }

// made is the outcome of the call that makes the resource of that id. After a
// refusal there is nothing; after anything else there may be something, and
// whoever created looks.
func made(id string, err error) (string, error) {
	if err == nil {
		return id, nil
	}
	if s := httpStatus(err); s >= 400 && s < 500 {
		return "", err
	}
	return id, &unsureError{err}
}
