package lambda

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
)

// policy is a function's resource policy: who else may invoke it.
type policy struct{ statements []statement }

type statement struct {
	Sid       string
	Effect    string
	Principal any // "*" or {"Service": …} or {"AWS": …}
	Action    string
	Resource  string
	Condition map[string]map[string]string `json:",omitempty"`
}

// document is the policy as JSON, empty when there is none.
func (p policy) document() string {
	if len(p.statements) == 0 {
		return ""
	}
	// Strings and maps of strings always marshal.
	doc, _ := json.Marshal(struct {
		Version   string
		ID        string `json:"Id"`
		Statement []statement
	}{"2012-10-17", "default", p.statements})
	return string(doc)
}

func (s *Service) addPermission(_ context.Context, in *sdk.AddPermissionInput) (*sdk.AddPermissionOutput, error) {
	if aws.ToString(in.Qualifier) == latest {
		return nil, invalid("We currently do not support adding policies for $LATEST.")
	}
	f, err := s.lookup(in.FunctionName, in.Qualifier)
	if err != nil {
		return nil, err
	}
	if err := checkPermission(in); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := checkRevision(in.RevisionId, f.revision, "GetPolicy"); err != nil {
		return nil, err
	}
	id := aws.ToString(in.StatementId)
	if slices.ContainsFunc(f.policy.statements, func(st statement) bool { return st.Sid == id }) {
		return nil, conflict("The statement id (%s) provided already exists. Please provide a new statement id, or remove the existing statement.", id)
	}
	st := statement{Sid: id, Effect: "Allow", Principal: principal(s.env.Partition, aws.ToString(in.Principal)), Action: aws.ToString(in.Action), Resource: f.arn}
	condition := func(operator, key string, value *string) {
		if value == nil {
			return
		}
		if st.Condition == nil {
			st.Condition = make(map[string]map[string]string)
		}
		if st.Condition[operator] == nil {
			st.Condition[operator] = make(map[string]string)
		}
		st.Condition[operator][key] = *value
	}
	condition("StringEquals", "AWS:SourceAccount", in.SourceAccount)
	condition("ArnLike", "AWS:SourceArn", in.SourceArn)
	condition("StringEquals", "aws:PrincipalOrgID", in.PrincipalOrgID)
	next := policy{append(slices.Clone(f.policy.statements), st)}
	if len(next.document()) > 20*1024 {
		return nil, &types.PolicyLengthExceededException{
			Type:    aws.String("User"),
			Message: aws.String("The final policy size is bigger than the limit (20480)."),
		}
	}
	f.policy = next
	f.revision = s.env.IDs.UUID()
	doc, err := json.Marshal(st)
	if err != nil {
		return nil, err
	}
	return &sdk.AddPermissionOutput{Statement: aws.String(string(doc))}, nil
}

func checkPermission(in *sdk.AddPermissionInput) error {
	p := aws.ToString(in.Principal)
	account := len(p) == 12 && strings.Trim(p, "0123456789") == ""
	if p != "*" && !account && !strings.HasPrefix(p, "arn:") && !strings.Contains(p, ".amazonaws.") && !strings.HasSuffix(p, ".alexa.com") {
		return invalid("The provided principal was invalid. Please check the principal and try again.")
	}
	return nil
}

// principal is how the policy writes what a request names: a service, an
// account, an ARN or everyone.
func principal(partition, name string) any {
	switch {
	case name == "*":
		return "*"
	case strings.HasPrefix(name, "arn:"):
		return map[string]string{"AWS": name}
	case len(name) == 12 && strings.Trim(name, "0123456789") == "":
		return map[string]string{"AWS": "arn:" + partition + ":iam::" + name + ":root"}
	}
	return map[string]string{"Service": name}
}

func (s *Service) getPolicy(_ context.Context, in *sdk.GetPolicyInput) (*sdk.GetPolicyOutput, error) {
	f, err := s.lookup(in.FunctionName, in.Qualifier)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	doc := f.policy.document()
	if doc == "" {
		return nil, notFound("The resource you requested does not exist.")
	}
	return &sdk.GetPolicyOutput{Policy: aws.String(doc), RevisionId: aws.String(f.revision)}, nil
}

func (s *Service) removePermission(_ context.Context, in *sdk.RemovePermissionInput) (*sdk.RemovePermissionOutput, error) {
	f, err := s.lookup(in.FunctionName, in.Qualifier)
	var missing *types.ResourceNotFoundException
	if errors.As(err, &missing) {
		return nil, notFound("No policy found for: %s", s.arnOf(in.FunctionName))
	}
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(f.policy.statements) == 0 {
		return nil, notFound("No policy is associated with the given resource.")
	}
	if err := checkRevision(in.RevisionId, f.revision, "GetPolicy"); err != nil {
		return nil, err
	}
	id := aws.ToString(in.StatementId)
	rest := slices.DeleteFunc(slices.Clone(f.policy.statements), func(st statement) bool { return st.Sid == id })
	if len(rest) == len(f.policy.statements) {
		return nil, notFound("Statement %s is not found in resource policy.", id)
	}
	f.policy = policy{rest}
	f.revision = s.env.IDs.UUID()
	return &sdk.RemovePermissionOutput{}, nil
}
