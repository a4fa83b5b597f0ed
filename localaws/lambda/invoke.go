package lambda

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"crawlerless/localaws/lambda/sandbox"
	"crawlerless/localaws/wire"
)

// accessDenied is the answer to an invocation whose role Lambda may not assume.
type accessDenied struct{ message string }

func (e *accessDenied) Error() string { return e.message }

func (e *accessDenied) As(target any) bool {
	if t, ok := target.(**wire.Error); ok {
		*t = &wire.Error{Code: "AccessDeniedException", Message: e.message, Status: http.StatusForbidden}
		return true
	}
	return false
}

func (s *Service) invoke(_ context.Context, in *sdk.InvokeInput) (*sdk.InvokeOutput, error) {
	f, err := s.lookup(in.FunctionName, in.Qualifier)
	if err != nil {
		return nil, err
	}
	payload, err := checkPayload(in)
	if err != nil {
		return nil, err
	}
	clientContext, err := decodeClientContext(in.ClientContext)
	if err != nil {
		return nil, err
	}
	if in.InvocationType == types.InvocationTypeDryRun {
		return &sdk.InvokeOutput{StatusCode: http.StatusNoContent, ExecutedVersion: aws.String(latest)}, nil
	}
	s.mu.Lock()
	arch := f.arch
	s.mu.Unlock()
	if arch != s.arch {
		return nil, wire.NotImplemented(fmt.Sprintf("running the %s function %s on this %s machine: build it for %s and set Architectures",
			arch, f.name, s.arch, s.arch))
	}
	arn := f.arn
	if asked(in.FunctionName, in.Qualifier) {
		arn = qualified(arn)
	}
	job := job{requestID: s.env.IDs.UUID(), arn: arn, payload: payload, clientContext: clientContext}
	if in.InvocationType == types.InvocationTypeEvent {
		if err := s.invokeLater(f, job); err != nil {
			return nil, err
		}
		return &sdk.InvokeOutput{StatusCode: http.StatusAccepted}, nil
	}
	done := s.env.Clock.Begin()
	defer done()
	out, err := s.execute(f, job)
	if err != nil {
		return nil, err
	}
	answer := &sdk.InvokeOutput{StatusCode: http.StatusOK, ExecutedVersion: aws.String(latest), Payload: out.payload}
	if out.failed {
		answer.FunctionError = aws.String("Unhandled")
	}
	if in.LogType == types.LogTypeTail {
		answer.LogResult = aws.String(base64.StdEncoding.EncodeToString(out.tail))
	}
	return answer, nil
}

// checkPayload answers the event, which is an empty object if none was given.
func checkPayload(in *sdk.InvokeInput) ([]byte, error) {
	limit := maxSyncPayload
	if in.InvocationType == types.InvocationTypeEvent {
		limit = maxAsyncPayload
	}
	if len(in.Payload) > limit {
		return nil, &types.RequestTooLargeException{
			Type:    aws.String("User"),
			Message: aws.String(fmt.Sprintf("%d byte payload is too large for the %s invocation type (limit %d bytes)", len(in.Payload), invocationType(in), limit)),
		}
	}
	if len(strings.TrimSpace(string(in.Payload))) == 0 {
		return []byte("{}"), nil
	}
	if !json.Valid(in.Payload) {
		var v any
		err := json.Unmarshal(in.Payload, &v)
		return nil, &types.InvalidRequestContentException{
			Type:    aws.String("User"),
			Message: aws.String(fmt.Sprintf("Could not parse request body into json: %v", err)),
		}
	}
	return in.Payload, nil
}

func invocationType(in *sdk.InvokeInput) types.InvocationType {
	if in.InvocationType == "" {
		return types.InvocationTypeRequestResponse
	}
	return in.InvocationType
}

func decodeClientContext(in *string) (string, error) {
	if in == nil || *in == "" {
		return "", nil
	}
	doc, err := base64.StdEncoding.DecodeString(*in)
	if err != nil || !json.Valid(doc) {
		return "", &types.InvalidRequestContentException{Type: aws.String("User"), Message: aws.String("Client context must be a valid Base64-encoded JSON object.")}
	}
	return string(doc), nil
}

// job is one event for a function.
type job struct {
	requestID     string
	arn           string // by which it was invoked
	payload       []byte
	clientContext string
}

// outcome is what an invocation brought.
type outcome struct {
	payload []byte
	failed  bool   // payload is an error document
	tail    []byte // of the log
}

// execute runs one invocation to its end. The error is one of the service:
// throttled, not allowed, shutting down.
func (s *Service) execute(f *function, j job) (outcome, error) {
	if err := s.enter(f); err != nil {
		return outcome{}, err
	}
	defer s.leave(f)
	e, err := f.pool.acquire(s.ctx)
	if err != nil {
		return outcome{}, s.interrupted(err)
	}
	defer f.pool.release(e)
	s.metric(f, "Invocations", 1, "Count")
	out, duration, err := s.run(e, j)
	if err != nil {
		return outcome{}, s.interrupted(err)
	}
	failed := 0.0
	if out.failed {
		failed = 1
	}
	s.metric(f, "Errors", failed, "Count")
	s.metric(f, "Duration", ms(duration), "Milliseconds")
	return out, nil
}

// interrupted words the error of an invocation that Close cut off.
func (s *Service) interrupted(err error) error {
	if errors.Is(err, context.Canceled) {
		return &types.ServiceException{Type: aws.String("Service"), Message: aws.String("localaws is shutting down")}
	}
	return err
}

func (s *Service) run(e *environment, j job) (outcome, time.Duration, error) {
	requestID := j.requestID
	r := report{requestID: requestID, status: "success"}
	if e.process() == nil {
		init, err := e.start(s.ctx)
		if err != nil {
			return outcome{}, 0, err
		}
		if init.failure != nil {
			e.logs.start(requestID)
			return s.failed(e, report{requestID: requestID, duration: init.duration}, init.failure), init.duration, nil
		}
		r.init = init.duration
	}
	e.logs.start(requestID)
	began := time.Now()
	answer, err := e.process().Invoke(s.ctx, sandbox.Invocation{
		RequestID: requestID, FunctionARN: j.arn, TraceID: s.traceID(e), ClientContext: j.clientContext,
		Payload: j.payload, Timeout: time.Duration(e.config.timeout) * time.Second,
	})
	r.duration = time.Since(began)
	var failure *sandbox.Failure
	if errors.As(err, &failure) {
		return s.failed(e, r, failure), r.duration, nil
	}
	if err != nil {
		return outcome{}, 0, err
	}
	if r.memory = e.process().MaxMemory(); answer.Error {
		r.status = "error"
	}
	// A process that ended right after its answer (a panic) failed, too.
	if !e.process().Alive() && answer.Error {
		r.errorType, r.message = "Runtime.ExitError", "Runtime exited with error: exit status 1"
	}
	e.logs.finish(r)
	return outcome{payload: answer.Payload, failed: answer.Error, tail: e.logs.flush()}, r.duration, nil
}

// failed ends an invocation whose process did not answer.
func (s *Service) failed(e *environment, r report, failure *sandbox.Failure) outcome {
	if p := e.process(); p != nil {
		r.memory = p.MaxMemory()
	}
	r.status, r.errorType, r.message = "error", failure.Type, failure.Message
	if failure.Timeout {
		r.status = "timeout"
	}
	e.logs.finish(r)
	payload := failure.Body
	if len(payload) == 0 {
		// Two strings always marshal.
		payload, _ = json.Marshal(struct {
			Type    string `json:"errorType"`
			Message string `json:"errorMessage"`
		}{failure.Type, "RequestId: " + r.requestID + " Error: " + failure.Message})
	}
	return outcome{payload: payload, failed: true, tail: e.logs.flush()}
}

// traceID is the X-Ray header that Lambda gives every invocation. Nothing is
// sampled here.
func (s *Service) traceID(e *environment) string {
	sampled := "0"
	if e.config.tracing == types.TracingModeActive {
		sampled = "1"
	}
	return fmt.Sprintf("Root=1-%08x-%s;Parent=%s;Sampled=%s", s.env.Clock.Now().Unix(), s.env.IDs.Hex(24), s.env.IDs.Hex(16), sampled)
}
