// Package iam is AWS Identity and Access Management: roles, their policies, and
// the judgement whether a call is allowed.
//
// It plays two parts. As a service it keeps roles, inline policies and managed
// policies, and speaks the IAM API. As [wire.Identity] it finds out who makes a
// request and decides every access against the policies that are attached at
// that moment, so that a missing grant fails here as it would on AWS; as
// [cloud.Roles] it gives the other services the credentials of their roles,
// after asking the role's trust policy.
//
// Who calls:
//   - An access key that this server issued (ASIALOCAL…) is the session it was
//     issued for; its token and its signature are verified, and it expires.
//   - The pair test/test is the account's root; its signature is verified.
//   - Any other key is the account's root as well: whatever credentials a laptop
//     has will do, and since their secret is unknown here, nothing is verified.
//   - An unsigned request is anonymous.
//
// What it does not do: users, groups, instance profiles, SAML and OIDC
// providers. Conditions see the connection as secure (aws:SecureTransport is
// "true"): a loopback connection stands in for TLS, so that a bucket policy
// that refuses plain HTTP can be deployed unchanged.
package iam

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"crawlerless/localaws/cloud"
	"crawlerless/localaws/iam/policy"
	"crawlerless/localaws/wire"
)

// Service holds the account's roles and policies and the sessions issued.
type Service struct {
	env       cloud.Env
	transport func() http.RoundTripper

	mu       sync.RWMutex
	roles    map[string]*role                // by name
	managed  map[string]*managed             // by ARN
	sessions map[string]*session             // by access key
	standing map[wire.Caller]aws.Credentials // of services themselves
	sweepAt  int
}

// role is a role and its policies.
type role struct {
	types.Role
	trust    *policy.Document
	inline   map[string]inlinePolicy
	attached []string // ARNs, in the order of attachment
}

type inlinePolicy struct {
	text string
	doc  *policy.Document
}

// managed is a managed policy; versions are never renumbered.
type managed struct {
	types.Policy
	versions []*version
	next     int
}

type version struct {
	types.PolicyVersion // Document holds the text as it was put
	doc                 *policy.Document
}

// New returns an account without roles. transport gives the way into the
// server for calls that services make; it is asked when the first call is made.
func New(env cloud.Env, transport func() http.RoundTripper) (*Service, error) {
	s := &Service{
		env: env, transport: transport,
		roles: map[string]*role{}, managed: map[string]*managed{}, sessions: map[string]*session{}, standing: map[wire.Caller]aws.Credentials{}, sweepAt: firstSweep,
	}
	if err := s.addAWSManaged(); err != nil {
		return nil, err
	}
	return s, nil
}

// awsManaged are the policies of AWS itself that can be attached here.
var awsManaged = map[string]string{
	"AdministratorAccess":                      `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`,
	"service-role/AWSLambdaBasicExecutionRole": `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["logs:CreateLogGroup","logs:CreateLogStream","logs:PutLogEvents"],"Resource":"*"}]}`,
	"AWSXRayDaemonWriteAccess":                 `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["xray:PutTraceSegments","xray:PutTelemetryRecords","xray:GetSamplingRules","xray:GetSamplingTargets","xray:GetSamplingStatisticSummaries"],"Resource":["*"]}]}`,
}

func (s *Service) addAWSManaged() error {
	for name, text := range awsManaged {
		doc, err := policy.Parse(text, policy.Identity)
		if err != nil {
			return fmt.Errorf("policy %s of AWS: %w", name, err)
		}
		path, base := "/", name
		if i := strings.LastIndex(name, "/"); i >= 0 {
			path, base = "/"+name[:i+1], name[i+1:]
		}
		arn := "arn:" + s.env.Partition + ":iam::aws:policy/" + name
		created := time.Date(2015, 2, 6, 18, 39, 46, 0, time.UTC)
		s.managed[arn] = newManaged(types.Policy{
			Arn: aws.String(arn), PolicyName: aws.String(base), Path: aws.String(path), PolicyId: aws.String("ANPA" + s.id()),
			CreateDate: &created, UpdateDate: &created, IsAttachable: true,
		}, text, doc)
	}
	return nil
}

// id is the random part of IAM's identifiers.
func (s *Service) id() string { return strings.ToUpper(s.env.IDs.Hex(17)) }

func noSuchEntity(format string, args ...any) error {
	return &types.NoSuchEntityException{Message: aws.String(fmt.Sprintf(format, args...))}
}

func alreadyExists(format string, args ...any) error {
	return &types.EntityAlreadyExistsException{Message: aws.String(fmt.Sprintf(format, args...))}
}

func limitExceeded(format string, args ...any) error {
	return &types.LimitExceededException{Message: aws.String(fmt.Sprintf(format, args...))}
}

// parse reads a policy document as it comes with a request.
func parse(text string, kind policy.Kind) (*policy.Document, error) {
	doc, err := policy.Parse(text, kind)
	if err != nil {
		return nil, &types.MalformedPolicyDocumentException{Message: aws.String(err.Error())}
	}
	return doc, nil
}

// encoded is a document as IAM's API returns it: percent-encoded (RFC 3986).
func encoded(text string) *string {
	return aws.String(strings.ReplaceAll(url.QueryEscape(text), "+", "%20"))
}

// size of a document as IAM counts it: without white space.
func size(text string) int {
	n := 0
	for _, c := range text {
		if !strings.ContainsRune(" \t\r\n", c) {
			n++
		}
	}
	return n
}

// page cuts a sorted list as Marker and MaxItems ask. The marker is the key of
// the last item given.
func page[T any](items []T, key func(T) string, marker *string, maxItems *int32) (out []T, next *string, truncated bool, err error) {
	limit := 100
	if maxItems != nil {
		limit = int(*maxItems)
	}
	if marker != nil {
		at := slices.IndexFunc(items, func(item T) bool { return key(item) == *marker })
		if at < 0 {
			return nil, nil, false, &wire.Error{Code: "ValidationError", Message: "The specified value for marker is invalid."}
		}
		items = items[at+1:]
	}
	if len(items) > limit {
		return items[:limit], aws.String(key(items[limit-1])), true, nil
	}
	return append([]T{}, items...), nil, false, nil
}
