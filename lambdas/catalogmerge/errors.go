package catalogmerge

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/glue/types"
	"github.com/aws/smithy-go"
)

// UnknownTable is the error of a table that the catalog does not have. The
// state machine does not try again: it is the stack that makes tables.
type UnknownTable struct{ Database, Table string }

func (e UnknownTable) Error() string {
	return fmt.Sprintf("the catalog has no table %s.%s: deploy the source that it belongs to", e.Database, e.Table)
}

// InvalidMetadata is the error of a document that cannot be catalogued however
// often it is tried.
type InvalidMetadata struct{ Reason string }

func (e InvalidMetadata) Error() string { return "invalid metadata: " + e.Reason }

func isConflict(err error) bool {
	var conflict *types.ConcurrentModificationException
	return errors.As(err, &conflict)
}

func isNotFound(err error) bool {
	var missing *types.EntityNotFoundException
	return errors.As(err, &missing)
}

// isTemporary says that Glue may answer otherwise in a moment. An error without
// a code is one of transport: the call may have had its effect.
func isTemporary(err error) bool {
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return false
	}
	var api smithy.APIError
	if !errors.As(err, &api) {
		return true
	}
	return temporaryCode(api.ErrorCode()) || api.ErrorFault() == smithy.FaultServer
}

func temporaryCode(code string) bool {
	switch code {
	case "ThrottlingException", "Throttling", "TooManyRequestsException", "RequestLimitExceeded", "SlowDown", "ResourceNumberLimitExceededException",
		"OperationTimeoutException", "InternalServiceException", "InternalFailure", "InternalServerError",
		"ServiceUnavailable", "ServiceUnavailableException", "ResourceNotReadyException", "ConcurrentModificationException":
		return code != "ResourceNumberLimitExceededException" // a quota: waiting does not help
	}
	return false
}

// call makes one call, again and again while Glue cannot, with full jitter
// between the attempts: 50 ms doubling, at most 5 s.
func call[O any](ctx context.Context, u *update, what string, f func() (O, error)) (O, error) {
	for attempt := 1; ; attempt++ {
		u.result.Calls++
		out, err := f()
		if err == nil || isConflict(err) || !isTemporary(err) || attempt >= u.Attempts {
			if err != nil {
				err = fmt.Errorf("%s %s.%s: %w", what, u.Database, u.table, err)
			}
			return out, err
		}
		if err := u.pause(ctx, attempt); err != nil {
			return out, fmt.Errorf("%s %s.%s: %w", what, u.Database, u.table, err)
		}
	}
}

func (u *update) pause(ctx context.Context, attempt int) error {
	longest := min(50*time.Millisecond<<min(attempt-1, 10), 5*time.Second)
	return u.Sleep(ctx, time.Duration(u.Random()*float64(longest)))
}
