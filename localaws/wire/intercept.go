package wire

import (
	"context"
	"errors"
	"fmt"
	"strings"
)

// ErrLostResponse, returned by an [Interceptor], breaks the connection without
// an answer: the client can not know whether the call took effect.
var ErrLostResponse = errors.New("response lost")

// Interceptor stands around every operation: it can refuse before (throttle),
// delay, or fail after the handler ran, when next has returned. service and
// operation are those of the call's IAM action ("glue", "UpdateTable"); for S3
// the operation is what its handler's method Operation(*http.Request) says, or
// else the HTTP method. The error may be any that a handler may return, or
// [ErrLostResponse].
type Interceptor func(ctx context.Context, service, operation string, caller Caller, next func() error) error

// WithInterceptor puts an interceptor around every operation; the one given
// first is the outermost.
func WithInterceptor(i Interceptor) Option {
	return func(h *Handler) {
		outer := h.interceptor
		if outer == nil {
			h.interceptor = i
			return
		}
		h.interceptor = func(ctx context.Context, service, operation string, caller Caller, next func() error) error {
			return outer(ctx, service, operation, caller, func() error { return i(ctx, service, operation, caller, next) })
		}
	}
}

// call checks that the caller may and runs the handler, all within the
// interceptor.
func (h *Handler) call(ctx context.Context, rt route, op *Operation, caller Caller, in any) (out any, err error) {
	run := func() error {
		for _, access := range op.access(in) {
			if !strings.Contains(access.Action, ":") {
				access.Action = rt.service.prefix() + ":" + access.Action
			}
			if err := h.identity.Authorize(ctx, caller, access); err != nil {
				return err
			}
		}
		var err error
		out, err = op.handle(ctx, in)
		return err
	}
	if h.interceptor == nil {
		err = run()
	} else {
		err = h.interceptor(ctx, rt.service.prefix(), op.Name, caller, run)
	}
	if err == nil && out == nil {
		err = fmt.Errorf("%s was swallowed by an interceptor", op.Name)
	}
	return out, err
}
