package events

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// The retry policy of a target that has none of its own, and the limits of one
// that has: https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_RetryPolicy.html
const (
	defaultAttempts = 185
	defaultAge      = 86400 // seconds
)

// Pauses between attempts double from the shortest to the longest, which makes
// 185 of them fit into 24 hours.
const (
	shortestPause = time.Second
	longestPause  = 10 * time.Minute
)

// delivery is one event on its way to one target.
type delivery struct {
	rule   *rule
	target types.Target
	event  accepted
	name   string // the same for all attempts: it names the execution
	input  []byte
}

// deliver tries until the target has accepted the event or there is no hope
// left. It runs as tracked work of the clock.
func (s *Service) deliver(r *rule, t types.Target, e accepted) {
	d := &delivery{rule: r, target: t, event: e, name: e.id + "_" + s.env.IDs.UUID()}
	attempts, age := defaultAttempts, defaultAge
	if p := t.RetryPolicy; p != nil {
		if p.MaximumRetryAttempts != nil {
			attempts = int(*p.MaximumRetryAttempts)
		}
		if p.MaximumEventAgeInSeconds != nil {
			age = int(*p.MaximumEventAgeInSeconds)
		}
	}
	deadline := e.at.Add(time.Duration(age) * time.Second)
	for retries := 0; ; retries++ {
		s.count("InvocationAttempts", r)
		if retries > 0 {
			s.count("RetryInvocationAttempts", r)
		}
		failure := s.attempt(d)
		if failure == nil {
			s.count("SuccessfulInvocationAttempts", r)
			s.count("Invocations", r)
			return
		}
		switch {
		case s.ctx.Err() != nil:
			return
		case !failure.retry:
			s.giveUp(d, failure, "", retries)
			return
		case retries == attempts:
			s.giveUp(d, failure, "MaximumRetryAttempts", retries)
			return
		}
		now := s.env.Clock.Now()
		pause := s.pause(retries)
		expires := now.Add(pause).After(deadline)
		if expires {
			pause = max(deadline.Sub(now), 0)
		}
		if s.env.Clock.Sleep(s.ctx, pause) != nil {
			return // the server is closing
		}
		if expires {
			s.giveUp(d, failure, "MaximumEventAgeInSeconds", retries)
			return
		}
	}
}

// pause is how long to wait after an attempt: between half and all of a time
// that doubles.
func (s *Service) pause(retries int) time.Duration {
	whole := longestPause
	if retries < 10 {
		whole = min(shortestPause<<retries, longestPause)
	}
	random, err := strconv.ParseUint(s.env.IDs.Hex(8), 16, 32)
	if err != nil {
		return whole
	}
	return whole/2 + time.Duration(float64(whole/2)*float64(random)/(1<<32))
}

// failure is an attempt that failed.
type failure struct {
	code    string // of the list that AWS gives for ERROR_CODE
	message string
	retry   bool
}

func (s *Service) attempt(d *delivery) *failure {
	if d.input == nil {
		input, err := s.input(d.target, d.rule, d.event)
		if err != nil {
			return &failure{code: "INVALID_JSON", message: err.Error()}
		}
		d.input = input
	}
	to, ok := parseARN(*d.target.Arn)
	if !ok {
		return &failure{code: "INVALID_PARAMETER", message: "invalid target ARN " + *d.target.Arn}
	}
	var cfg aws.Config
	if role := aws.ToString(d.target.RoleArn); role != "" {
		var err error
		if cfg, err = s.env.Roles.AssumeRole(s.ctx, role, principal, d.rule.arn); err != nil {
			return assumeFailure(err)
		}
	} else {
		cfg = s.env.Roles.Service(principal, d.rule.arn)
	}
	return classify(s.call(d, cfg, to))
}

// call hands the input to the target.
func (s *Service) call(d *delivery, cfg aws.Config, to arn) error {
	switch to.service {
	case "states":
		_, err := sfn.NewFromConfig(cfg).StartExecution(s.ctx, &sfn.StartExecutionInput{
			StateMachineArn: d.target.Arn, Input: aws.String(string(d.input)), Name: &d.name,
		})
		// An execution of this name can only be this delivery's own: its answer
		// was lost the last time.
		if code(err) == "ExecutionAlreadyExists" {
			return nil
		}
		return err
	case "lambda":
		_, err := lambda.NewFromConfig(cfg).Invoke(s.ctx, &lambda.InvokeInput{
			FunctionName: d.target.Arn, InvocationType: lambdatypes.InvocationTypeEvent, Payload: d.input,
		})
		return err
	}
	in := &sqs.SendMessageInput{QueueUrl: aws.String(s.queueURL(to)), MessageBody: aws.String(string(d.input))}
	if d.target.SqsParameters != nil {
		in.MessageGroupId = d.target.SqsParameters.MessageGroupId
		in.MessageDeduplicationId = aws.String(d.event.id)
	}
	_, err := sqs.NewFromConfig(cfg).SendMessage(s.ctx, in)
	return err
}

func (s *Service) queueURL(queue arn) string {
	return s.env.Endpoint() + "/" + queue.account + "/" + queue.resource
}

func code(err error) string {
	var api smithy.APIError
	if errors.As(err, &api) {
		return api.ErrorCode()
	}
	return ""
}

func status(err error) int {
	var response *smithyhttp.ResponseError
	if errors.As(err, &response) {
		return response.HTTPStatusCode()
	}
	return 0
}

func assumeFailure(err error) *failure {
	f := classify(err)
	if f == nil {
		return nil
	}
	if f.retry {
		f.code = "TRANSIENT_ASSUME_ROLE"
	} else {
		f.code = "FAILED_TO_ASSUME_ROLE"
	}
	return f
}

// classify tells what kind of failure an error is, and whether it may pass by
// itself: a missing permission or resource does not, and neither does an input
// that the target refuses.
// https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html
func classify(err error) *failure {
	if err == nil {
		return nil
	}
	f := &failure{message: err.Error()}
	var api smithy.APIError
	if errors.As(err, &api) {
		f.message = api.ErrorMessage()
	}
	name, status := code(err), status(err)
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		f.code, f.retry = "TIMEOUT", true
	case name == "" && status == 0:
		f.code, f.retry = "CONNECTION_FAILURE", true
	case isThrottle(name) || status == http.StatusTooManyRequests:
		f.code, f.retry = "THROTTLING", true
	case status >= http.StatusInternalServerError && status != http.StatusNotImplemented:
		f.code, f.retry = "ERROR_FROM_TARGET", true
	case strings.HasPrefix(name, "AccessDenied") || strings.HasPrefix(name, "KMS.") || name == "UnauthorizedOperation" ||
		name == "InvalidSecurity" || status == http.StatusForbidden:
		f.code = "NO_PERMISSIONS"
	case isMissing(name) || status == http.StatusNotFound:
		f.code = "NO_RESOURCE"
	case strings.Contains(name, "LimitExceeded"):
		f.code = "RESOURCE_LIMIT_EXCEEDED"
	case strings.HasPrefix(name, "Invalid") || strings.HasPrefix(name, "Validation"):
		f.code = "INVALID_PARAMETER"
	default:
		f.code = "SDK_CLIENT_ERROR"
	}
	return f
}

func isThrottle(name string) bool {
	return strings.Contains(name, "Throttl") || slices.Contains([]string{
		"TooManyRequestsException", "RequestLimitExceeded", "ExecutionLimitExceeded", "LimitExceededException",
		"ServiceUnavailable", "ServiceUnavailableException", "SlowDown", "RequestTimeout", "RequestTimeoutException",
		"OverLimit", "EC2ThrottledException", "ProvisionedThroughputExceededException",
	}, name)
}

func isMissing(name string) bool {
	return strings.Contains(name, "NotFound") || strings.Contains(name, "DoesNotExist") || strings.Contains(name, "NonExistent") ||
		name == "StateMachineDeleting"
}

// giveUp sends an event that could not be delivered to the dead-letter queue, if
// there is one. condition is the limit of the retry policy that was reached, or
// empty.
func (s *Service) giveUp(d *delivery, f *failure, condition string, retries int) {
	s.count("Invocations", d.rule)
	s.count("FailedInvocations", d.rule)
	log := s.env.Log.With("rule", d.rule.name, "target", *d.target.Arn, "event", d.event.id, "error_code", f.code, "error", f.message, "retries", retries)
	if d.target.DeadLetterConfig == nil || d.target.DeadLetterConfig.Arn == nil {
		log.Error("events: event dropped: the target has no dead-letter queue")
		return
	}
	if err := s.bury(d, f, condition, retries); err != nil {
		s.count("InvocationsFailedToBeSentToDlq", d.rule)
		log.Error("events: event dropped: the dead-letter queue refuses it", "queue", *d.target.DeadLetterConfig.Arn, "cause", err)
		return
	}
	s.count("InvocationsSentToDlq", d.rule)
}

// bury sends the original event with what went wrong as attributes:
// https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html
// What may pass is retried here too, until the event would have expired at the
// latest.
func (s *Service) bury(d *delivery, f *failure, condition string, retries int) error {
	queue, ok := parseARN(*d.target.DeadLetterConfig.Arn)
	if !ok {
		return errors.New("invalid ARN " + *d.target.DeadLetterConfig.Arn)
	}
	attributes := map[string]sqstypes.MessageAttributeValue{}
	for name, value := range map[string]string{
		"RULE_ARN": d.rule.arn, "TARGET_ARN": *d.target.Arn, "ERROR_CODE": f.code, "ERROR_MESSAGE": f.message,
		"EXHAUSTED_RETRY_CONDITION": condition, "RETRY_ATTEMPTS": strconv.Itoa(retries),
	} {
		if value != "" { // an attribute of SQS can not be empty
			attributes[name] = sqstypes.MessageAttributeValue{DataType: aws.String("String"), StringValue: aws.String(value)}
		}
	}
	client := sqs.NewFromConfig(s.env.Roles.Service(principal, d.rule.arn))
	deadline := s.env.Clock.Now().Add(defaultAge * time.Second)
	for tries := 0; ; tries++ {
		_, err := client.SendMessage(s.ctx, &sqs.SendMessageInput{
			QueueUrl: aws.String(s.queueURL(queue)), MessageBody: aws.String(string(d.event.body)), MessageAttributes: attributes,
		})
		f := classify(err)
		if f == nil {
			return nil
		}
		pause := s.pause(tries)
		if !f.retry || s.ctx.Err() != nil || s.env.Clock.Now().Add(pause).After(deadline) {
			return err
		}
		if waitErr := s.env.Clock.Sleep(s.ctx, pause); waitErr != nil {
			return errors.Join(err, waitErr)
		}
	}
}
