package iam

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"crawlerless/localaws/cloud"
	"crawlerless/localaws/iam/policy"
	"crawlerless/localaws/wire"
)

// keyPrefix begins every access key that this server issues.
const keyPrefix = "ASIALOCAL"

// serviceSession is how long a service keeps a role's credentials. AWS renews
// those of a running function or delivery stream out of sight; here they are
// long enough for a clock that is moved through a day.
const serviceSession = 36 * time.Hour

// firstSweep is how many sessions are kept before old ones are looked for.
const firstSweep = 1024

// session is a set of temporary credentials.
type session struct {
	secret, token string
	caller        wire.Caller
	expires       time.Time // zero: never
}

func (s *Service) session(accessKey string) *session {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.sessions[accessKey]
}

// issue makes credentials for a caller. A zero duration never ends.
func (s *Service) issue(c wire.Caller, duration time.Duration) aws.Credentials {
	out := aws.Credentials{
		AccessKeyID: keyPrefix + strings.ToUpper(s.env.IDs.Hex(11)), SecretAccessKey: s.env.IDs.Hex(40), SessionToken: s.env.IDs.Hex(64),
		Source: "localaws", AccountID: s.env.Account,
	}
	if duration > 0 {
		out.CanExpire, out.Expires = true, s.env.Clock.Now().Add(duration)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sessions[out.AccessKeyID] = &session{out.SecretAccessKey, out.SessionToken, c, out.Expires}
	if len(s.sessions) >= s.sweepAt {
		s.sweep()
	}
	return out
}

// sweep forgets sessions that ended a day ago; until then their keys are told
// that they have expired. s.mu is held.
func (s *Service) sweep() {
	dayAgo := s.env.Clock.Now().Add(-24 * time.Hour)
	maps.DeleteFunc(s.sessions, func(_ string, known *session) bool {
		return !known.expires.IsZero() && known.expires.Before(dayAgo)
	})
	s.sweepAt = max(firstSweep, 2*len(s.sessions))
}

// SessionFor gives a caller further credentials of its own
// (sts:GetSessionToken).
func (s *Service) SessionFor(c wire.Caller, duration time.Duration) aws.Credentials {
	return s.issue(c, duration)
}

// Assume is sts:AssumeRole: the role's trust policy must allow the caller.
// conditions are the request's own (sts:ExternalId, sts:RoleSessionName).
func (s *Service) Assume(ctx context.Context, c wire.Caller, roleARN, name string, duration time.Duration, conditions map[string][]string) (aws.Credentials, wire.Caller, error) {
	access := wire.Access{Action: "sts:AssumeRole", Resource: roleARN, Conditions: conditions}
	request, policies, err := s.question(c, access)
	if err != nil {
		return aws.Credentials{}, wire.Caller{}, err
	}
	s.mu.Lock()
	r := s.roles[roleARN[strings.LastIndex(roleARN, "/")+1:]]
	if r == nil || *r.Arn != roleARN { // AWS does not tell a missing role from a closed one
		s.mu.Unlock()
		return aws.Credentials{}, wire.Caller{}, denied(c, access, policy.Decision{Source: policy.SourceTrust})
	}
	policies.Resource, policies.ResourceMustAllow = r.trust, true
	for _, tag := range r.Tags {
		request.Context["aws:ResourceTag/"+*tag.Key] = []string{*tag.Value}
		request.Context["iam:ResourceTag/"+*tag.Key] = []string{*tag.Value}
	}
	decision := policy.Evaluate(request, policies)
	longest := time.Duration(*r.MaxSessionDuration) * time.Second
	id, role := *r.RoleId, *r.RoleName
	if decision.Allowed {
		r.RoleLastUsed = &types.RoleLastUsed{LastUsedDate: aws.Time(s.env.Clock.Now()), Region: aws.String(s.env.Region)}
	}
	s.mu.Unlock()
	switch {
	case !decision.Allowed:
		if decision.Source == policy.SourceResource {
			decision.Source = policy.SourceTrust
		}
		return aws.Credentials{}, wire.Caller{}, denied(c, access, decision)
	case c.Service == "" && duration > longest:
		return aws.Credentials{}, wire.Caller{}, &wire.Error{Code: "ValidationError", Message: "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."}
	case c.Service == "" && c.Role != "" && duration > time.Hour:
		return aws.Credentials{}, wire.Caller{}, &wire.Error{Code: "ValidationError", Message: "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining."}
	}
	who := wire.Caller{
		Account: s.env.Account, Role: roleARN, UserID: id + ":" + name,
		ARN: "arn:" + s.env.Partition + ":sts::" + s.env.Account + ":assumed-role/" + role + "/" + name,
	}
	return s.issue(who, duration), who, nil
}

// AssumeRole implements [cloud.Roles].
func (s *Service) AssumeRole(ctx context.Context, roleARN, servicePrincipal, sourceARN string) (aws.Config, error) {
	service, _, _ := strings.Cut(servicePrincipal, ".")
	name := service + "-" + s.env.IDs.Hex(12)
	if service == "lambda" && sourceARN != "" { // sessions of functions are named for them
		name = sourceARN[strings.LastIndex(sourceARN, ":")+1:]
	}
	// Firehose states the account as the external id, so that a role can tell its
	// own account's streams (Firehose guide, "Allow Firehose to assume an IAM role").
	var conditions map[string][]string
	if service == "firehose" {
		conditions = map[string][]string{"sts:ExternalId": {s.env.Account}}
	}
	creds, _, err := s.Assume(ctx, s.principal(servicePrincipal, sourceARN), roleARN, name, serviceSession, conditions)
	if err != nil {
		return aws.Config{}, err
	}
	return s.config(creds), nil
}

// Service implements [cloud.Roles].
func (s *Service) Service(servicePrincipal, sourceARN string) aws.Config {
	return s.As(s.principal(servicePrincipal, sourceARN))
}

func (s *Service) principal(servicePrincipal, sourceARN string) wire.Caller {
	return wire.Caller{Account: s.env.Account, Service: servicePrincipal, SourceARN: sourceARN}
}

// config makes calls straight into the server. The SDK does not retry: the
// service behind the call decides about that, on this server's clock.
func (s *Service) config(creds aws.Credentials) aws.Config {
	return aws.Config{
		Region:       s.env.Region,
		Credentials:  aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) { return creds, nil }),
		BaseEndpoint: aws.String(s.env.Endpoint()),
		HTTPClient:   &http.Client{Transport: lazyTransport(s.transport), CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }},
		Retryer:      func() aws.Retryer { return aws.NopRetryer{} },
	}
}

// lazyTransport finds the way into the server when it is first used: services
// are made before the server that joins them.
type lazyTransport func() http.RoundTripper

func (t lazyTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	transport := t()
	if transport == nil {
		return nil, errors.New("localaws has not been started")
	}
	return transport.RoundTrip(r)
}

var _ cloud.Roles = (*Service)(nil)

// As makes calls with the rights of a caller: what a service does that uses the
// rights of whoever asked it, as Athena does for the catalog and the objects.
func (s *Service) As(c wire.Caller) aws.Config {
	s.mu.RLock()
	known, ok := s.standing[c]
	s.mu.RUnlock()
	if !ok {
		known = s.issue(c, 0)
		s.mu.Lock()
		s.standing[c] = known
		s.mu.Unlock()
	}
	return s.config(known)
}
