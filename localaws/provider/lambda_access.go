package provider

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
)

type permission struct {
	StatementID   string `prop:"statementId,auto=100,replace"`
	Function      string `prop:"function,required,replace"`
	Action        string `prop:"action,required,replace"`
	Principal     string `prop:"principal,required,replace"`
	SourceARN     string `prop:"sourceArn,replace,omitempty"`
	SourceAccount string `prop:"sourceAccount,replace,omitempty"`
	Qualifier     string `prop:"qualifier,replace,omitempty"`

	StatementIDPrefix string `prop:"statementIdPrefix,out"`
}

func lambdaPermission() handler {
	return of(typed[permission]{
		Token: "aws:lambda/permission:Permission",
		Create: func(ctx context.Context, s *session, in *permission) (string, error) {
			temporary := func(err error) bool {
				return functionTemporary(err) || code(err) == "ResourceConflictException" && !strings.Contains(message(err), "already exists")
			}
			err := s.retry(ctx, temporary, func() error {
				return create(ctx, func(ctx context.Context) error {
					_, err := s.lambda.AddPermission(ctx, &lambda.AddPermissionInput{
						FunctionName: &in.Function, StatementId: &in.StatementID, Action: &in.Action, Principal: &in.Principal,
						SourceArn: str(in.SourceARN), SourceAccount: str(in.SourceAccount), Qualifier: str(in.Qualifier),
					})
					return err
				}, "ResourceConflictException")
			})
			return made(in.StatementID, err)
		},
		Read: func(ctx context.Context, s *session, id string, v *permission) error {
			if f, sid, ok := strings.Cut(id, "/"); ok { // of an import: function[:qualifier]/statement
				v.Function, v.Qualifier, _ = strings.Cut(f, ":")
				id = sid
			}
			out, err := s.lambda.GetPolicy(ctx, &lambda.GetPolicyInput{FunctionName: &v.Function, Qualifier: str(v.Qualifier)})
			if err != nil {
				return err
			}
			var doc struct {
				Statement []struct {
					Sid       string
					Action    any
					Principal any
					Condition map[string]map[string]any
				}
			}
			if err := json.Unmarshal([]byte(aws.ToString(out.Policy)), &doc); err != nil {
				return fmt.Errorf("policy of function %s: %w", v.Function, err)
			}
			for _, st := range doc.Statement {
				if st.Sid != id {
					continue
				}
				v.StatementID = id
				if a, ok := st.Action.(string); ok {
					v.Action = a
				}
				v.Principal = principal(st.Principal, v.Principal)
				v.SourceARN = condition(st.Condition, "AWS:SourceArn")
				v.SourceAccount = condition(st.Condition, "AWS:SourceAccount")
				return nil
			}
			return errGone
		},
		Delete: func(ctx context.Context, s *session, _ string, v *permission) error {
			return s.retry(ctx, functionBusy, func() error {
				_, err := s.lambda.RemovePermission(ctx, &lambda.RemovePermissionInput{
					FunctionName: &v.Function, StatementId: &v.StatementID, Qualifier: str(v.Qualifier),
				})
				return err
			})
		},
	})
}

// principal is a statement's principal as AddPermission takes it: an account is
// answered as the ARN of its root.
func principal(p any, given string) string {
	if m, ok := p.(map[string]any); ok {
		for _, v := range m {
			p = v
		}
	}
	text, ok := p.(string)
	if !ok {
		return given
	}
	if given != "" && strings.HasSuffix(text, ":"+given+":root") {
		return given
	}
	return text
}

// condition finds a condition key's value under any operator, whatever the
// key's case.
func condition(c map[string]map[string]any, key string) string {
	for _, operator := range c {
		for k, v := range operator {
			if text, ok := v.(string); ok && strings.EqualFold(k, key) {
				return text
			}
		}
	}
	return ""
}

type eventInvokeConfig struct {
	Function     string              `prop:"functionName,required,replace"`
	Qualifier    string              `prop:"qualifier,replace,omitempty"`
	MaximumAge   *int64              `prop:"maximumEventAgeInSeconds"`
	MaximumRetry *int64              `prop:"maximumRetryAttempts,default=2"`
	Destinations *invokeDestinations `prop:"destinationConfig"`
}

type invokeDestinations struct {
	OnFailure *invokeDestination `prop:"onFailure"`
	OnSuccess *invokeDestination `prop:"onSuccess"`
}

type invokeDestination struct {
	Destination string `prop:"destination,required"`
}

func lambdaEventInvokeConfig() handler {
	put := func(ctx context.Context, s *session, in *eventInvokeConfig) error {
		req := &lambda.PutFunctionEventInvokeConfigInput{
			FunctionName: &in.Function, Qualifier: str(in.Qualifier),
			MaximumEventAgeInSeconds: int32p(in.MaximumAge), MaximumRetryAttempts: int32p(in.MaximumRetry),
		}
		if d := in.Destinations; d != nil {
			req.DestinationConfig = &types.DestinationConfig{}
			if d.OnFailure != nil {
				req.DestinationConfig.OnFailure = &types.OnFailure{Destination: &d.OnFailure.Destination}
			}
			if d.OnSuccess != nil {
				req.DestinationConfig.OnSuccess = &types.OnSuccess{Destination: &d.OnSuccess.Destination}
			}
		}
		temporary := func(err error) bool {
			return functionTemporary(err) || code(err) == "InvalidParameterValueException" && strings.Contains(message(err), "permissions")
		}
		return s.retry(ctx, temporary, func() error {
			_, err := s.lambda.PutFunctionEventInvokeConfig(ctx, req)
			return err
		})
	}
	split := func(id string) (function, qualifier string) {
		if strings.HasPrefix(id, "arn:") { // whose own colons are six
			parts := strings.Split(id, ":")
			if len(parts) > 7 {
				return strings.Join(parts[:7], ":"), parts[7]
			}
			return id, ""
		}
		function, qualifier, _ = strings.Cut(id, ":")
		return function, qualifier
	}
	return of(typed[eventInvokeConfig]{
		Token: "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig",
		Create: func(ctx context.Context, s *session, in *eventInvokeConfig) (string, error) {
			id := in.Function
			if in.Qualifier != "" {
				id += ":" + in.Qualifier
			}
			return made(id, put(ctx, s, in))
		},
		Read: func(ctx context.Context, s *session, id string, v *eventInvokeConfig) error {
			v.Function, v.Qualifier = split(id)
			out, err := s.lambda.GetFunctionEventInvokeConfig(ctx, &lambda.GetFunctionEventInvokeConfigInput{FunctionName: &v.Function, Qualifier: str(v.Qualifier)})
			if err != nil {
				return err
			}
			v.MaximumAge, v.MaximumRetry, v.Destinations = int64p(out.MaximumEventAgeInSeconds), int64p(out.MaximumRetryAttempts), nil
			if d := out.DestinationConfig; d != nil {
				dest := &invokeDestinations{}
				if d.OnFailure != nil && d.OnFailure.Destination != nil {
					dest.OnFailure = &invokeDestination{Destination: *d.OnFailure.Destination}
				}
				if d.OnSuccess != nil && d.OnSuccess.Destination != nil {
					dest.OnSuccess = &invokeDestination{Destination: *d.OnSuccess.Destination}
				}
				if *dest != (invokeDestinations{}) {
					v.Destinations = dest
				}
			}
			return nil
		},
		Update: func(ctx context.Context, s *session, _ string, _, in *eventInvokeConfig) error {
			return put(ctx, s, in)
		},
		Delete: func(ctx context.Context, s *session, id string, _ *eventInvokeConfig) error {
			name, qualifier := split(id)
			_, err := s.lambda.DeleteFunctionEventInvokeConfig(ctx, &lambda.DeleteFunctionEventInvokeConfigInput{FunctionName: &name, Qualifier: str(qualifier)})
			return err
		},
	})
}
