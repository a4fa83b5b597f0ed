package lambda

import (
	"context"
	"errors"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
)

// The defaults of asynchronous invocation.
// https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html
const (
	defaultRetries  = 2
	defaultEventAge = 6 * 60 * 60 // seconds
)

func (s *Service) checkEventInvoke(f *function, age, retries *int32, to *types.DestinationConfig) error {
	if to == nil {
		return nil
	}
	for _, d := range []string{failureDestination(to), successDestination(to)} {
		switch {
		case d == "":
			continue
		case destinationKind(d) == "":
			return invalid("The provided destination config DestinationConfig(onSuccess=%s, onFailure=%s) is invalid.",
				printDestination("OnSuccess", successDestination(to)), printDestination("OnFailure", failureDestination(to)))
		case d == f.arn:
			return invalid("You can't specify the function as a destination for itself.")
		case destinationKind(d) == "lambda":
			if _, err := s.lookup(&d, nil); err != nil {
				return invalid("The destination ARN %s is invalid.", d)
			}
		}
		if destinationKind(d) == "s3" {
			return unsupported("PutFunctionEventInvokeConfig", "an S3 bucket as destination")
		}
	}
	return nil
}

func printDestination(kind, arn string) string {
	if arn == "" {
		return "null"
	}
	return kind + "(destination=" + arn + ")"
}

func failureDestination(c *types.DestinationConfig) string {
	if c == nil || c.OnFailure == nil {
		return ""
	}
	return aws.ToString(c.OnFailure.Destination)
}

func successDestination(c *types.DestinationConfig) string {
	if c == nil || c.OnSuccess == nil {
		return ""
	}
	return aws.ToString(c.OnSuccess.Destination)
}

// destinationKind is the service of a destination that Lambda knows, or empty.
func destinationKind(arn string) string {
	parts := strings.SplitN(arn, ":", 6)
	if len(parts) < 6 || parts[0] != "arn" {
		return ""
	}
	switch parts[2] {
	case "sqs", "sns", "lambda", "s3":
		return parts[2]
	case "events":
		if strings.HasPrefix(parts[5], "event-bus/") {
			return parts[2]
		}
	}
	return ""
}

func (s *Service) putEventInvoke(_ context.Context, in *sdk.PutFunctionEventInvokeConfigInput) (*sdk.PutFunctionEventInvokeConfigOutput, error) {
	f, err := s.lookup(in.FunctionName, in.Qualifier)
	var missing *types.ResourceNotFoundException
	if errors.As(err, &missing) {
		return nil, notFound("The function doesn't exist.")
	}
	if err != nil {
		return nil, err
	}
	if in.MaximumEventAgeInSeconds == nil && in.MaximumRetryAttempts == nil && in.DestinationConfig == nil {
		return nil, invalid("You must specify at least one of error handling or destination setting.")
	}
	if err := s.checkEventInvoke(f, in.MaximumEventAgeInSeconds, in.MaximumRetryAttempts, in.DestinationConfig); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.storeEventInvoke(f, in.MaximumEventAgeInSeconds, in.MaximumRetryAttempts, in.DestinationConfig)
	return (*sdk.PutFunctionEventInvokeConfigOutput)(eventInvokeOutput(c)), nil
}

// storeEventInvoke replaces the settings. Service.mu is held.
func (s *Service) storeEventInvoke(f *function, age, retries *int32, to *types.DestinationConfig) *types.FunctionEventInvokeConfig {
	if to == nil {
		to = &types.DestinationConfig{}
	}
	f.eventInvoke = &types.FunctionEventInvokeConfig{
		DestinationConfig: &types.DestinationConfig{
			OnFailure: &types.OnFailure{Destination: optional(failureDestination(to))},
			OnSuccess: &types.OnSuccess{Destination: optional(successDestination(to))},
		},
		FunctionArn: aws.String(qualified(f.arn)), LastModified: aws.Time(s.env.Clock.Now()),
		MaximumEventAgeInSeconds: age, MaximumRetryAttempts: retries,
	}
	return f.eventInvoke
}

func optional(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}

func eventInvokeOutput(c *types.FunctionEventInvokeConfig) *sdk.GetFunctionEventInvokeConfigOutput {
	return &sdk.GetFunctionEventInvokeConfigOutput{
		DestinationConfig: c.DestinationConfig, FunctionArn: c.FunctionArn, LastModified: c.LastModified,
		MaximumEventAgeInSeconds: c.MaximumEventAgeInSeconds, MaximumRetryAttempts: c.MaximumRetryAttempts,
	}
}

func (s *Service) updateEventInvoke(_ context.Context, in *sdk.UpdateFunctionEventInvokeConfigInput) (*sdk.UpdateFunctionEventInvokeConfigOutput, error) {
	f, err := s.settled(in.FunctionName, in.Qualifier)
	if err != nil {
		return nil, err
	}
	if err := s.checkEventInvoke(f, in.MaximumEventAgeInSeconds, in.MaximumRetryAttempts, in.DestinationConfig); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	old := f.eventInvoke
	age, retries, to := old.MaximumEventAgeInSeconds, old.MaximumRetryAttempts, old.DestinationConfig
	if in.MaximumEventAgeInSeconds != nil {
		age = in.MaximumEventAgeInSeconds
	}
	if in.MaximumRetryAttempts != nil {
		retries = in.MaximumRetryAttempts
	}
	if in.DestinationConfig != nil {
		merged := *to
		if in.DestinationConfig.OnFailure != nil {
			merged.OnFailure = in.DestinationConfig.OnFailure
		}
		if in.DestinationConfig.OnSuccess != nil {
			merged.OnSuccess = in.DestinationConfig.OnSuccess
		}
		to = &merged
	}
	c := s.storeEventInvoke(f, age, retries, to)
	return (*sdk.UpdateFunctionEventInvokeConfigOutput)(eventInvokeOutput(c)), nil
}

// noEventInvoke is the answer for settings that are not there, whether or not
// the function is.
func (s *Service) noEventInvoke(name, qualifier *string) error {
	arn := s.arnOf(name)
	q := aws.ToString(qualifier)
	if r, ok := parseReference(aws.ToString(name)); ok && q == "" {
		q = r.qualifier
	}
	if q == "" {
		q = latest
	}
	return notFound("The function %s:%s doesn't have an EventInvokeConfig", arn, q)
}

// settled finds a function that has settings for asynchronous invocation.
func (s *Service) settled(name, qualifier *string) (*function, error) {
	f, err := s.lookup(name, qualifier)
	var missing *types.ResourceNotFoundException
	if errors.As(err, &missing) {
		return nil, s.noEventInvoke(name, qualifier)
	}
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if f.eventInvoke == nil {
		return nil, s.noEventInvoke(name, qualifier)
	}
	return f, nil
}

func (s *Service) getEventInvoke(_ context.Context, in *sdk.GetFunctionEventInvokeConfigInput) (*sdk.GetFunctionEventInvokeConfigOutput, error) {
	f, err := s.settled(in.FunctionName, in.Qualifier)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return eventInvokeOutput(f.eventInvoke), nil
}

func (s *Service) deleteEventInvoke(_ context.Context, in *sdk.DeleteFunctionEventInvokeConfigInput) (*sdk.DeleteFunctionEventInvokeConfigOutput, error) {
	f, err := s.settled(in.FunctionName, in.Qualifier)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	f.eventInvoke = nil
	return &sdk.DeleteFunctionEventInvokeConfigOutput{}, nil
}

func (s *Service) listEventInvoke(_ context.Context, in *sdk.ListFunctionEventInvokeConfigsInput) (*sdk.ListFunctionEventInvokeConfigsOutput, error) {
	f, err := s.lookup(in.FunctionName, nil)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	out := &sdk.ListFunctionEventInvokeConfigsOutput{FunctionEventInvokeConfigs: []types.FunctionEventInvokeConfig{}}
	if f.eventInvoke != nil {
		out.FunctionEventInvokeConfigs = append(out.FunctionEventInvokeConfigs, *f.eventInvoke)
	}
	return out, nil
}
