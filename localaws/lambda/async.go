package lambda

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/smithy-go"

	"crawlerless/localaws/wire"
)

// An asynchronous invocation: tried at once, after a function error again after
// one minute and after two, on env.Clock. An invocation that is throttled or
// meets an error of the service is tried for as long as the event may age, with
// waits that double from one second to five minutes.
// https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html

// event is an invocation in the queue.
type event struct {
	job
	f        *function
	received time.Time
	attempts int
}

func (s *Service) invokeLater(f *function, j job) error {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return &types.ServiceException{Type: aws.String("Service"), Message: aws.String("localaws is shutting down")}
	}
	s.wg.Add(1)
	s.mu.Unlock()
	s.metric(f, "AsyncEventsReceived", 1, "Count")
	e := &event{f: f, job: j, received: s.env.Clock.Now()}
	s.env.Clock.Go(func() {
		defer s.wg.Done()
		s.deliver(e)
	})
	return nil
}

func (s *Service) deliver(e *event) {
	backoff := time.Second
	var last *outcome
	for retries := 0; ; {
		age, limit, zero := s.asyncLimits(e.f)
		if zero {
			s.metric(e.f, "AsyncEventsDropped", 1, "Count")
			s.fail(e, "ZeroReservedConcurrency", last)
			return
		}
		if s.env.Clock.Now().Sub(e.received) >= age {
			s.metric(e.f, "AsyncEventsDropped", 1, "Count")
			s.fail(e, "EventAgeExceeded", last)
			return
		}
		e.attempts++
		out, err := s.execute(e.f, e.job)
		switch {
		case s.ctx.Err() != nil:
			return
		case err == nil && !out.failed:
			s.succeed(e, out)
			return
		case err == nil && retries >= limit:
			s.metric(e.f, "AsyncEventsDropped", 1, "Count")
			s.fail(e, "RetriesExhausted", &out)
			return
		case err == nil:
			retries++
			last = &out
			err = s.env.Clock.Sleep(s.ctx, time.Duration(retries)*time.Minute)
		case retryable(err):
			e.attempts-- // it never ran
			err = s.env.Clock.Sleep(s.ctx, backoff)
			backoff = min(2*backoff, 5*time.Minute)
		default:
			s.env.Log.Warn("an asynchronous invocation is dropped", slog.String("function", e.f.name), slog.Any("error", err))
			s.fail(e, "RetriesExhausted", last)
			return
		}
		if err != nil {
			return // closed
		}
	}
}

// retryable reports whether the service, not the function or its settings, is
// to blame.
func retryable(err error) bool {
	var throttled *types.TooManyRequestsException
	var api smithy.APIError
	var own *wire.Error
	switch {
	case errors.As(err, &throttled):
		return true
	case errors.As(err, &own):
		return own.Status >= http.StatusInternalServerError && own.Code != "NotImplemented"
	case errors.As(err, &api):
		return api.ErrorFault() == smithy.FaultServer
	}
	return true
}

// asyncLimits are the function's present settings; zero says that its reserved
// concurrency lets nothing through, for which AWS does not wait.
func (s *Service) asyncLimits(f *function) (age time.Duration, retries int, zero bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	age, retries = defaultEventAge*time.Second, defaultRetries
	if c := f.eventInvoke; c != nil {
		if c.MaximumEventAgeInSeconds != nil {
			age = time.Duration(*c.MaximumEventAgeInSeconds) * time.Second
		}
		if c.MaximumRetryAttempts != nil {
			retries = int(*c.MaximumRetryAttempts)
		}
	}
	return age, retries, f.reserved != nil && *f.reserved == 0
}

func (s *Service) succeed(e *event, out outcome) {
	s.mu.Lock()
	var destination string
	if c := e.f.eventInvoke; c != nil {
		destination = successDestination(c.DestinationConfig)
	}
	role := e.f.config.role
	s.mu.Unlock()
	if destination != "" {
		s.send(e, role, destination, "Success", &out)
	}
}

func (s *Service) fail(e *event, condition string, out *outcome) {
	s.mu.Lock()
	var destination string
	if c := e.f.eventInvoke; c != nil {
		destination = failureDestination(c.DestinationConfig)
	}
	deadLetter, role := e.f.config.deadLetter, e.f.config.role
	s.mu.Unlock()
	if destination != "" {
		s.send(e, role, destination, condition, out)
	}
	if deadLetter == "" {
		return
	}
	status, message := "200", ""
	if out != nil {
		message = errorMessage(out.payload)
	}
	err := s.toDeadLetter(s.ctx, role, e, deadLetter, status, message)
	if err != nil {
		s.metric(e.f, "DeadLetterErrors", 1, "Count")
		s.env.Log.Warn("a dead letter of a function is lost", slog.String("function", e.f.name), slog.String("target", deadLetter), slog.Any("error", err))
	}
}

func errorMessage(payload []byte) string {
	var doc struct {
		Message string `json:"errorMessage"`
	}
	if json.Unmarshal(payload, &doc) != nil {
		return ""
	}
	return doc.Message[:min(len(doc.Message), 1024)]
}

// invocationRecord is what a destination receives.
// https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html
type invocationRecord struct {
	Version        string          `json:"version"`
	Timestamp      string          `json:"timestamp"`
	RequestContext requestContext  `json:"requestContext"`
	RequestPayload json.RawMessage `json:"requestPayload"`
	// The context and payload of the response are missing when the function
	// never answered.
	ResponseContext *responseContext `json:"responseContext,omitempty"`
	ResponsePayload json.RawMessage  `json:"responsePayload,omitempty"`
}

type requestContext struct {
	RequestID              string `json:"requestId"`
	FunctionArn            string `json:"functionArn"`
	Condition              string `json:"condition"`
	ApproximateInvokeCount int    `json:"approximateInvokeCount"`
}

type responseContext struct {
	StatusCode      int    `json:"statusCode"`
	ExecutedVersion string `json:"executedVersion"`
	FunctionError   string `json:"functionError,omitempty"`
}

func (s *Service) send(e *event, role, destination, condition string, out *outcome) {
	record := invocationRecord{
		Version: "1.0", Timestamp: s.env.Clock.Now().Format("2006-01-02T15:04:05.000Z"),
		RequestContext: requestContext{e.requestID, qualified(e.f.arn), condition, e.attempts},
		RequestPayload: e.payload,
	}
	if out != nil {
		record.ResponseContext = &responseContext{StatusCode: http.StatusOK, ExecutedVersion: latest}
		if out.failed {
			record.ResponseContext.FunctionError = "Unhandled"
		}
		if record.ResponsePayload = out.payload; !json.Valid(out.payload) {
			// Bytes of a string always marshal.
			record.ResponsePayload, _ = json.Marshal(strings.ToValidUTF8(string(out.payload), "\uFFFD"))
		}
	}
	doc, err := json.Marshal(record)
	if err == nil {
		err = s.toDestination(s.ctx, role, e.f, destination, condition, doc)
	}
	if err != nil && !errors.Is(err, context.Canceled) {
		s.metric(e.f, "DestinationDeliveryFailures", 1, "Count")
		s.env.Log.Warn("a record for a destination is lost", slog.String("function", e.f.name), slog.String("destination", destination), slog.Any("error", err))
	}
}
