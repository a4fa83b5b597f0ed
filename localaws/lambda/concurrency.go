package lambda

import (
	"context"
	"errors"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
)

// reservedSum is what all functions but one have reserved. Service.mu is held.
func (s *Service) reservedSum(except string) int32 {
	var sum int32
	for name, f := range s.functions {
		if name != except && f.reserved != nil {
			sum += *f.reserved
		}
	}
	return sum
}

// enter counts an execution in, or refuses it as throttled. leave must follow.
func (s *Service) enter(f *function) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return &types.ServiceException{Type: aws.String("Service"), Message: aws.String("localaws is shutting down")}
	}
	reason := types.ThrottleReason("")
	switch {
	case f.reserved != nil && f.inFlight >= int(*f.reserved):
		reason = types.ThrottleReasonReservedFunctionConcurrentInvocationLimitExceeded
	case f.reserved == nil && s.unreservedInFlight() >= accountConcurrency-int(s.reservedSum("")):
		reason = types.ThrottleReasonConcurrentInvocationLimitExceeded
	}
	if reason != "" {
		s.metric(f, "Throttles", 1, "Count")
		return &types.TooManyRequestsException{Type: aws.String("User"), Reason: reason, Message: aws.String("Rate Exceeded.")}
	}
	f.inFlight++
	s.wg.Add(1)
	s.metric(f, "ConcurrentExecutions", float64(f.inFlight), "Count")
	return nil
}

func (s *Service) leave(f *function) {
	s.mu.Lock()
	f.inFlight--
	s.mu.Unlock()
	s.wg.Done()
}

func (s *Service) unreservedInFlight() int {
	n := 0
	for _, f := range s.functions {
		if f.reserved == nil {
			n += f.inFlight
		}
	}
	return n
}

func (s *Service) metric(f *function, name string, value float64, unit string) {
	s.env.Metrics.Put("AWS/Lambda", name, value, unit, "FunctionName", f.name)
}

func (s *Service) putConcurrency(_ context.Context, in *sdk.PutFunctionConcurrencyInput) (*sdk.PutFunctionConcurrencyOutput, error) {
	if r, ok := parseReference(aws.ToString(in.FunctionName)); ok && r.qualifier != "" {
		return nil, invalid("This operation is permitted on Lambda functions only. Aliases and versions do not support this operation. " +
			"Please specify either a function name or an unqualified function ARN.")
	}
	f, err := s.lookup(in.FunctionName, nil)
	var missing *types.ResourceNotFoundException
	if errors.As(err, &missing) {
		return nil, notFound("Function not found: %s", qualified(s.arnOf(in.FunctionName)))
	}
	if err != nil {
		return nil, err
	}
	n := aws.ToInt32(in.ReservedConcurrentExecutions)
	s.mu.Lock()
	defer s.mu.Unlock()
	if accountConcurrency-s.reservedSum(f.name)-n < minUnreserved {
		return nil, invalid("Specified ReservedConcurrentExecutions for function decreases account's UnreservedConcurrentExecution below its minimum value of [%d].", minUnreserved)
	}
	f.reserved = aws.Int32(n)
	return &sdk.PutFunctionConcurrencyOutput{ReservedConcurrentExecutions: f.reserved}, nil
}

func (s *Service) getConcurrency(_ context.Context, in *sdk.GetFunctionConcurrencyInput) (*sdk.GetFunctionConcurrencyOutput, error) {
	f, err := s.lookup(in.FunctionName, nil)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return &sdk.GetFunctionConcurrencyOutput{ReservedConcurrentExecutions: f.reserved}, nil
}

func (s *Service) deleteConcurrency(_ context.Context, in *sdk.DeleteFunctionConcurrencyInput) (*sdk.DeleteFunctionConcurrencyOutput, error) {
	f, err := s.lookup(in.FunctionName, nil)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	f.reserved = nil
	return &sdk.DeleteFunctionConcurrencyOutput{}, nil
}
