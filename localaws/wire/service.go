// Package wire speaks the protocols of AWS: JSON 1.0 and 1.1, Query, REST-JSON
// and Smithy RPC v2 CBOR, for all services with one codec built on the types
// of aws-sdk-go-v2.
//
// A service describes itself as a [Service]: a list of operations, each with a
// handler over the SDK's own input and output structs. The [Handler] finds the
// operation of a request, decodes it, checks that the caller may, calls the
// handler and encodes what it says, in the protocol in which the request came.
// What is not in the list answers NotImplemented by name; so does a parameter
// that an operation does not support.
package wire

import (
	"context"
	"net/http"
	"strings"
)

// Protocol is a service's protocol for requests that do not name one.
type Protocol int

// The protocols of AWS.
const (
	JSON11   Protocol = iota // glue, firehose, athena, logs, events, tagging, budgets
	JSON10                   // sfn, sqs, cloudwatch
	Query                    // iam, sts (and older clients of sqs, cloudwatch)
	RESTJSON                 // lambda
	Raw                      // s3: Service.HTTP serves everything
)

// Service is one AWS service as the wire sees it.
type Service struct {
	// Name is the service of a credential scope (the SigV4 signing name):
	// "glue", "firehose", "logs", "events", "states", "lambda", "monitoring".
	Name string
	// Action is the prefix of its IAM actions where that is not Name:
	// "cloudwatch" for "monitoring".
	Action string
	// Target is the prefix of X-Amz-Target: "AWSGlue", "Firehose_20150804",
	// "Logs_20140328", "AWSEvents", "AWSStepFunctions", "AmazonAthena".
	Target string
	// Protocol of a request that does not show its own.
	Protocol Protocol
	// LowerFirst says that members are lower-case first on the wire (logs,
	// states) although the SDK's fields are not.
	LowerFirst bool
	// Namespace of the XML that a Query answer carries.
	Namespace  string
	Operations []Operation
	// Constraints are what the model of the API allows, a line each: see
	// constraints.go for their form. A request that breaks one is refused
	// before anything else looks at it. Empty: nothing is checked here.
	Constraints string
	// Refuse makes the error for what breaks the constraints, in the words of
	// the service. Nil: a ValidationException in the words of most.
	Refuse func(operation string, wrong Violations) error
	// Unserved names operations of a RESTJSON service that are not there, which
	// only their path tells: Name, Method and Path.
	Unserved []Operation
	// HTTP serves the whole service itself (s3). The caller is in the
	// request's context: see [CallerFrom] and [Authorize].
	HTTP http.Handler
}

// Operation is one operation of a service. Make it with [Op].
type Operation struct {
	Name string
	// Method and Path bind a RESTJSON operation: "POST",
	// "/2015-03-31/functions/{FunctionName}/invocations". Labels and the query
	// parameters named in Query are set on the input's fields; the body is
	// decoded over it.
	Method, Path string
	Query        map[string]string // query parameter -> input field
	Status       int               // of a RESTJSON success; 0 is 200
	// RawBody gives the input's []byte field of that name the body as it is
	// (Invoke's Payload); RawOutput likewise writes that output field as the
	// body. Headers maps input or output fields to HTTP headers.
	RawBody, RawOutput string
	InHeaders          map[string]string // header -> input field
	OutHeaders         map[string]string // output field -> header

	supports []string
	input    func() any
	handle   func(context.Context, any) (any, error)
	access   func(any) []Access
}

// Access is one permission that a call needs: the action on the resource, with
// what the request says about itself. ResourcePolicy is the JSON document
// attached to the resource (bucket policy, queue policy, function policy) or
// empty. Action without a prefix gets the service's.
type Access struct {
	Action         string
	Resource       string // ARN; "*" only where AWS has no resource-level permission
	Conditions     map[string][]string
	ResourcePolicy string
}

func (s *Service) refuse(operation string, wrong Violations) error {
	if s.Refuse != nil {
		return s.Refuse(operation, wrong)
	}
	return &Error{Code: "ValidationException", Message: wrong.Message()}
}

// Op makes an operation from a handler over the SDK's input and output.
//
// access says which permissions the call needs (nil: action on "*").
// supports lists the top-level members of the input that the handler acts on;
// any other member that a request sets answers NotImplemented by name, so that
// nothing is accepted and silently dropped.
func Op[I, O any](name string, handle func(context.Context, *I) (*O, error), access func(*I) []Access, supports ...string) Operation {
	return Operation{
		Name:     name,
		supports: supports,
		input:    func() any { return new(I) },
		handle: func(ctx context.Context, in any) (any, error) {
			out, err := handle(ctx, in.(*I))
			if err != nil {
				return nil, err
			}
			return out, nil
		},
		access: func(in any) []Access {
			if access == nil {
				return []Access{{Action: name, Resource: "*"}}
			}
			return access(in.(*I))
		},
	}
}

// On is the access function of an operation that needs its own action on one
// resource, whose ARN is computed from the input.
func On[I any](name string, arn func(*I) string) func(*I) []Access {
	return func(in *I) []Access { return []Access{{Action: name, Resource: arn(in)}} }
}

// Error is an error in AWS's shape. Handlers may as well return the SDK's own
// exception types (glue's *types.EntityNotFoundException): anything that is a
// smithy.APIError is sent with its code, message and further members.
type Error struct {
	Code    string
	Message string
	Status  int // HTTP status; 0 is 400
}

func (e *Error) Error() string { return e.Code + ": " + e.Message }

// NotImplemented is the answer for what localaws does not do. what names it:
// "glue:CreateCrawler", "parameter EncryptionConfiguration of firehose:CreateDeliveryStream".
func NotImplemented(what string) *Error {
	return &Error{Code: "NotImplemented", Message: "localaws does not implement " + what, Status: http.StatusNotImplemented}
}

// Caller is who makes a call.
type Caller struct {
	Account string
	// ARN of the caller: "arn:aws:iam::123456789012:root",
	// "arn:aws:sts::123456789012:assumed-role/name/session", or empty.
	ARN string
	// Role is the ARN of the role behind an assumed-role session.
	Role string
	// UserID is the unique identifier of the caller: "AROA…:session", or the
	// account of its root.
	UserID string
	// Service is the principal of a call by a service itself
	// ("events.amazonaws.com"), on behalf of SourceARN.
	Service   string
	SourceARN string
	// Root may do everything that no resource policy denies.
	Root bool
	// Anonymous made an unsigned request.
	Anonymous bool
}

// Identity tells who calls and what they may do. The iam package implements it.
type Identity interface {
	// Authenticate finds the caller of a signed request, or refuses with
	// UnrecognizedClientException / InvalidAccessKeyId / SignatureDoesNotMatch.
	Authenticate(r *http.Request) (Caller, error)
	// Authorize answers nil or an AccessDenied error worded as AWS words it.
	Authorize(ctx context.Context, c Caller, a Access) error
}

type contextKey int

const (
	callerKey contextKey = iota
	identityKey
	membersKey
)

// WithCaller is ctx carrying the caller and the identity that judges it.
func WithCaller(ctx context.Context, c Caller, id Identity) context.Context {
	return context.WithValue(context.WithValue(ctx, callerKey, c), identityKey, id)
}

// CallerFrom is who makes the call being handled.
func CallerFrom(ctx context.Context) Caller {
	c, _ := ctx.Value(callerKey).(Caller)
	return c
}

// Named says whether the request being handled names a top-level member of its
// input, and so tells "0" from "not said" where the SDK's type can not. It knows
// the protocols whose members are all in the body: JSON, CBOR and Query.
func Named(ctx context.Context, member string) bool {
	members, _ := ctx.Value(membersKey).(map[string]bool)
	return members[strings.ToLower(member)]
}

// Authorize checks a further permission inside a handler, for the caller in ctx
// (S3 uses it for every request; Athena for the tables that a query reads).
func Authorize(ctx context.Context, a Access) error {
	id, ok := ctx.Value(identityKey).(Identity)
	if !ok {
		return &Error{Code: "AccessDenied", Message: "no caller for " + a.Action, Status: http.StatusForbidden}
	}
	return id.Authorize(ctx, CallerFrom(ctx), a)
}
