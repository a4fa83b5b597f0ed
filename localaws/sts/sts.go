// Package sts is the AWS Security Token Service: it tells a caller who it is and
// gives out temporary credentials.
//
// AssumeRole asks the role's trust policy, with sts:ExternalId and
// sts:RoleSessionName as conditions; sessions end by the server's clock. It does
// not do session policies, session tags, MFA, SAML or web identities.
package sts

import (
	"cmp"
	"context"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/aws-sdk-go-v2/service/sts/types"

	"crawlerless/localaws/cloud"
	"crawlerless/localaws/wire"
)

// Issuer makes sessions: the account's IAM. Assume answers with the caller that
// the new session is.
type Issuer interface {
	Assume(ctx context.Context, c wire.Caller, roleARN, name string, duration time.Duration, conditions map[string][]string) (aws.Credentials, wire.Caller, error)
	SessionFor(c wire.Caller, duration time.Duration) aws.Credentials
}

// Service is STS.
type Service struct {
	env    cloud.Env
	issuer Issuer
}

// New returns an STS that hands out what issuer makes.
func New(env cloud.Env, issuer Issuer) *Service { return &Service{env, issuer} }

// Wire describes the API.
func (s *Service) Wire() wire.Service {
	free := func(*sts.GetCallerIdentityInput) []wire.Access { return nil } // no permission is needed, says its reference
	return wire.Service{
		Name: "sts", Protocol: wire.Query, Namespace: "https://sts.amazonaws.com/doc/2011-06-15/",
		Constraints: constraints, Refuse: refuse,
		Operations: []wire.Operation{
			wire.Op("GetCallerIdentity", s.getCallerIdentity, free),
			wire.Op("AssumeRole", s.assumeRole, func(*sts.AssumeRoleInput) []wire.Access { return nil }, // judged with the trust policy
				"RoleArn", "RoleSessionName", "DurationSeconds", "ExternalId"),
			wire.Op("GetSessionToken", s.getSessionToken, func(*sts.GetSessionTokenInput) []wire.Access { return nil }, "DurationSeconds"),
		},
	}
}

func missingToken() error {
	return &wire.Error{Code: "MissingAuthenticationToken", Message: "Request is missing Authentication Token", Status: 403}
}

func (s *Service) getCallerIdentity(ctx context.Context, _ *sts.GetCallerIdentityInput) (*sts.GetCallerIdentityOutput, error) {
	c := wire.CallerFrom(ctx)
	if c.Anonymous {
		return nil, missingToken()
	}
	return &sts.GetCallerIdentityOutput{Account: aws.String(c.Account), Arn: aws.String(c.ARN), UserId: aws.String(c.UserID)}, nil
}

func (s *Service) assumeRole(ctx context.Context, in *sts.AssumeRoleInput) (*sts.AssumeRoleOutput, error) {
	c, name := wire.CallerFrom(ctx), aws.ToString(in.RoleSessionName)
	if c.Anonymous {
		return nil, missingToken()
	}
	if role := aws.ToString(in.RoleArn); !isARN(role) {
		return nil, &wire.Error{Code: "ValidationError", Message: role + " is invalid"}
	}
	duration := seconds(in.DurationSeconds)
	conditions := map[string][]string{"sts:RoleSessionName": {name}}
	if in.ExternalId != nil {
		conditions["sts:ExternalId"] = []string{*in.ExternalId}
	}
	creds, who, err := s.issuer.Assume(ctx, c, aws.ToString(in.RoleArn), name, duration, conditions)
	if err != nil {
		return nil, err
	}
	return &sts.AssumeRoleOutput{
		Credentials:     output(creds),
		AssumedRoleUser: &types.AssumedRoleUser{Arn: aws.String(who.ARN), AssumedRoleId: aws.String(who.UserID)},
	}, nil
}

func (s *Service) getSessionToken(ctx context.Context, in *sts.GetSessionTokenInput) (*sts.GetSessionTokenOutput, error) {
	c := wire.CallerFrom(ctx)
	switch {
	case c.Anonymous:
		return nil, missingToken()
	case c.Role != "":
		return nil, &wire.Error{Code: "AccessDenied", Message: "Cannot call GetSessionToken with session credentials", Status: 403}
	}
	duration := seconds(in.DurationSeconds)
	return &sts.GetSessionTokenOutput{Credentials: output(s.issuer.SessionFor(c, duration))}, nil
}

// isARN says whether a role's ARN has the form of one: partition, service and
// resource must be there. Recorded by LocalStack, test_sts.py.
func isARN(text string) bool {
	parts := strings.SplitN(text, ":", 6)
	return len(parts) == 6 && parts[0] == "arn" && parts[1] != "" && parts[2] != "" && parts[5] != ""
}

// seconds is how long credentials live: an hour where nobody says.
func seconds(given *int32) time.Duration {
	return time.Duration(cmp.Or(aws.ToInt32(given), 3600)) * time.Second
}

func output(c aws.Credentials) *types.Credentials {
	return &types.Credentials{AccessKeyId: aws.String(c.AccessKeyID), SecretAccessKey: aws.String(c.SecretAccessKey), SessionToken: aws.String(c.SessionToken), Expiration: aws.Time(c.Expires)}
}
