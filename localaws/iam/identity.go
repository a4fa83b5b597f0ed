package iam

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"time"

	"crawlerless/localaws/iam/policy"
	"crawlerless/localaws/iam/sigv4"
	"crawlerless/localaws/wire"
)

// FixedKey and FixedSecret are the pair that can be pasted: the account's root.
const (
	FixedKey    = "test"
	FixedSecret = "test"
)

// Authenticate finds the caller of a request. See the package comment for whose
// signature is verified.
func (s *Service) Authenticate(r *http.Request) (wire.Caller, error) {
	root := wire.Caller{Account: s.env.Account, ARN: s.env.IAMARN("root"), UserID: s.env.Account, Root: true}
	sig, err := sigv4.Parse(r)
	if err != nil {
		return wire.Caller{}, incomplete(r, err)
	}
	if sig == nil {
		return wire.Caller{Anonymous: true}, nil
	}
	// Who signs a URL does so at the real time, whatever this server's clock shows.
	if sig.Expired(time.Now()) {
		return wire.Caller{}, &wire.Error{Code: "AccessDenied", Message: "Request has expired", Status: http.StatusForbidden}
	}
	caller, secret := root, ""
	switch issued := s.session(sig.AccessKey); {
	case issued != nil:
		if sig.Token != issued.token {
			return wire.Caller{}, refused(r, "InvalidToken", "The security token included in the request is invalid.")
		}
		if !issued.expires.IsZero() && !s.env.Clock.Now().Before(issued.expires) {
			return wire.Caller{}, refused(r, "ExpiredToken", "The security token included in the request is expired")
		}
		caller, secret = issued.caller, issued.secret
	case strings.HasPrefix(sig.AccessKey, keyPrefix):
		return wire.Caller{}, refused(r, "InvalidAccessKeyId", "The security token included in the request is invalid.")
	case sig.AccessKey == FixedKey:
		secret = FixedSecret
	default:
		return root, nil
	}
	ok, err := sig.Verify(r, secret)
	if err != nil {
		return wire.Caller{}, incomplete(r, err)
	}
	if !ok {
		return wire.Caller{}, refused(r, "SignatureDoesNotMatch", "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.")
	}
	return caller, nil
}

// refused gives a refusal the code that the request's protocol has for it: S3,
// the Query services and the JSON services each have words of their own.
func refused(r *http.Request, code, message string) error {
	service := wire.SigningName(r)
	query := service == "iam" || service == "sts"
	out := &wire.Error{Code: code, Message: message, Status: http.StatusForbidden}
	switch {
	case strings.HasPrefix(service, "s3") || service == "":
		if code == "InvalidToken" || code == "ExpiredToken" {
			out.Status = http.StatusBadRequest
		}
		if code == "InvalidAccessKeyId" {
			out.Message = "The AWS Access Key Id you provided does not exist in our records."
		}
	case query && code != "ExpiredToken" && code != "SignatureDoesNotMatch":
		out.Code = "InvalidClientTokenId"
	case query:
	case code == "ExpiredToken":
		out.Code, out.Status = "ExpiredTokenException", http.StatusBadRequest
	case code == "SignatureDoesNotMatch":
		out.Code, out.Status = "InvalidSignatureException", http.StatusBadRequest
	default:
		out.Code, out.Status = "UnrecognizedClientException", http.StatusBadRequest
	}
	return out
}

func incomplete(r *http.Request, err error) error {
	code := "IncompleteSignature"
	if name := wire.SigningName(r); strings.HasPrefix(name, "s3") || name == "" {
		code = "AuthorizationHeaderMalformed"
	}
	return &wire.Error{Code: code, Message: err.Error()}
}

// Authorize decides one access against the policies attached right now.
func (s *Service) Authorize(_ context.Context, c wire.Caller, a wire.Access) error {
	request, policies, err := s.question(c, a)
	if err != nil {
		return err
	}
	decision := policy.Evaluate(request, policies)
	if decision.Allowed {
		return nil
	}
	return denied(c, a, decision)
}

// question is the request and all policies that apply to it.
func (s *Service) question(c wire.Caller, a wire.Access) (policy.Request, policy.Policies, error) {
	var policies policy.Policies
	request := policy.Request{
		Principal: policy.Principal{Account: c.Account, ARN: c.ARN, Role: c.Role, Service: c.Service, Anonymous: c.Anonymous},
		Action:    a.Action, Resource: a.Resource, Context: s.context(c, a),
	}
	if a.ResourcePolicy != "" {
		doc, err := policy.Parse(a.ResourcePolicy, policy.Resource)
		if err != nil {
			return request, policies, &wire.Error{Code: "InternalFailure", Message: "policy of " + a.Resource + ": " + err.Error(), Status: http.StatusInternalServerError}
		}
		policies.Resource = doc
	}
	switch {
	case c.Root:
		policies.Identity = []*policy.Document{everything()}
	case c.Role != "":
		s.addRolePolicies(c, request.Context, &policies)
	}
	return request, policies, nil
}

// everything is what the account's root may do.
func everything() *policy.Document {
	return &policy.Document{Version: "2012-10-17", Statements: []policy.Statement{{Actions: []string{"*"}, Resources: []string{"*"}}}}
}

// addRolePolicies adds the policies of the caller's role, as they are now, and
// its tags to the context.
func (s *Service) addRolePolicies(c wire.Caller, context policy.Context, policies *policy.Policies) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	r := s.roles[c.Role[strings.LastIndex(c.Role, "/")+1:]]
	if r == nil || *r.Arn != c.Role {
		return // deleted since: nothing is allowed
	}
	for _, tag := range r.Tags {
		context["aws:PrincipalTag/"+*tag.Key] = []string{*tag.Value}
	}
	for _, p := range r.inline {
		policies.Identity = append(policies.Identity, p.doc)
	}
	for _, arn := range r.attached {
		if m := s.managed[arn]; m != nil {
			policies.Identity = append(policies.Identity, m.current())
		}
	}
	if b := r.PermissionsBoundary; b != nil {
		var limit []*policy.Document
		if m := s.managed[*b.PermissionsBoundaryArn]; m != nil {
			limit = append(limit, m.current())
		}
		policies.Limits = append(policies.Limits, limit)
	}
}

// context is what conditions can ask about (IAM User Guide, "AWS global
// condition context keys"), under what the service itself says.
func (s *Service) context(c wire.Caller, a wire.Access) policy.Context {
	now := s.env.Clock.Now()
	out := policy.Context{
		"aws:CurrentTime":     {now.Format(time.RFC3339)},
		"aws:EpochTime":       {strconv.FormatInt(now.Unix(), 10)},
		"aws:RequestedRegion": {s.env.Region},
		"aws:SecureTransport": {"true"},
		"aws:ResourceAccount": {s.env.Account},
	}
	set := func(key, value string) {
		if value != "" {
			out[key] = []string{value}
		}
	}
	if c.Service != "" {
		set("aws:PrincipalIsAWSService", "true")
		set("aws:PrincipalServiceName", c.Service)
		set("aws:SourceArn", c.SourceARN)
		set("aws:SourceAccount", s.env.Account)
	} else {
		set("aws:PrincipalIsAWSService", "false")
		set("aws:SourceIp", "127.0.0.1")
	}
	if c.ARN != "" {
		set("aws:PrincipalAccount", c.Account)
		set("aws:PrincipalArn", c.ARN)
		set("aws:PrincipalType", "Account")
		if c.Role != "" {
			set("aws:PrincipalArn", c.Role)
			set("aws:PrincipalType", "AssumedRole")
		}
	}
	set("aws:userid", c.UserID)
	if c.Anonymous {
		set("aws:userid", "anonymous")
		set("aws:PrincipalType", "Anonymous")
	}
	for key, values := range a.Conditions {
		out[key] = values
	}
	return out
}

// denied words a refusal as AWS does.
func denied(c wire.Caller, a wire.Access, d policy.Decision) error {
	service, _, _ := strings.Cut(a.Action, ":")
	out := &wire.Error{Code: "AccessDeniedException", Status: http.StatusBadRequest}
	where := " on resource: " + a.Resource
	switch service {
	case "lambda":
		out.Status = http.StatusForbidden
	case "s3":
		where = ` on resource: "` + a.Resource + `"` // S3 alone puts it in quotes
		if a.Resource == "*" {
			where = ""
		}
		out.Code, out.Status = "AccessDenied", http.StatusForbidden
	case "iam", "sts", "sqs", "cloudwatch":
		out.Code, out.Status = "AccessDenied", http.StatusForbidden
	}
	who := "User: " + c.ARN
	switch {
	case c.Anonymous && service == "s3":
		out.Message = "Access Denied"
		return out
	case c.Anonymous:
		who = "User: anonymous"
	case c.Service != "":
		who = "User: " + c.Service
	}
	out.Message = who + " is not authorized to perform: " + a.Action + where + " " + d.Reason(a.Action)
	return out
}
