package logs

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"

	"crawlerless/localaws/wire"
)

// The limits of resource policies (CloudWatch Logs quotas).
const (
	maxPolicies       = 10
	maxPolicyDocument = 5120 // characters
)

// policy is one resource policy of the account.
type policy struct {
	name     string
	document string
	updated  int64
}

func (s *Service) policyOperations() []wire.Operation {
	return []wire.Operation{
		wire.Op("PutResourcePolicy", s.putResourcePolicy, nil, "PolicyName", "PolicyDocument"),
		wire.Op("DescribeResourcePolicies", s.describeResourcePolicies, nil, "Limit", "NextToken"),
		wire.Op("DeleteResourcePolicy", s.deleteResourcePolicy, nil, "PolicyName"),
	}
}

func (s *Service) putResourcePolicy(_ context.Context, in *cloudwatchlogs.PutResourcePolicyInput) (*cloudwatchlogs.PutResourcePolicyOutput, error) {
	name, document := aws.ToString(in.PolicyName), aws.ToString(in.PolicyDocument)
	switch {
	case name == "":
		return nil, missing("policyName")
	case document == "":
		return nil, missing("policyDocument")
	case len([]rune(document)) > maxPolicyDocument:
		return nil, constraint(document, "policyDocument", "have length less than or equal to 5120")
	}
	if _, err := statements(document); err != nil {
		return nil, invalid("Error occurred while parsing accessPolicy. Please check if the accessPolicy has been constructed correctly using IAM grammar.")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, exists := s.policies[name]; !exists && len(s.policies) >= maxPolicies {
		return nil, limitExceeded()
	}
	p := &policy{name: name, document: document, updated: s.now()}
	s.policies[name] = p
	d := p.describe()
	return &cloudwatchlogs.PutResourcePolicyOutput{ResourcePolicy: &d}, nil
}

func (p *policy) describe() types.ResourcePolicy {
	return types.ResourcePolicy{
		PolicyName: aws.String(p.name), PolicyDocument: aws.String(p.document), LastUpdatedTime: aws.Int64(p.updated),
		PolicyScope: types.PolicyScopeAccount,
	}
}

func (s *Service) describeResourcePolicies(_ context.Context, in *cloudwatchlogs.DescribeResourcePoliciesInput) (*cloudwatchlogs.DescribeResourcePoliciesOutput, error) {
	size := limit(in.Limit, 50)
	s.mu.Lock()
	defer s.mu.Unlock()
	found, next, err := page(s.sortedPolicies(), func(p *policy) string { return p.name }, false, in.NextToken, size)
	if err != nil {
		return nil, err
	}
	out := &cloudwatchlogs.DescribeResourcePoliciesOutput{ResourcePolicies: []types.ResourcePolicy{}, NextToken: next}
	for _, p := range found {
		out.ResourcePolicies = append(out.ResourcePolicies, p.describe())
	}
	return out, nil
}

func (s *Service) sortedPolicies() []*policy {
	var all []*policy
	for _, p := range s.policies {
		all = append(all, p)
	}
	slices.SortFunc(all, func(a, b *policy) int { return cmp.Compare(a.name, b.name) })
	return all
}

func (s *Service) deleteResourcePolicy(_ context.Context, in *cloudwatchlogs.DeleteResourcePolicyInput) (*cloudwatchlogs.DeleteResourcePolicyOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	name := aws.ToString(in.PolicyName)
	if _, exists := s.policies[name]; !exists {
		return nil, &types.ResourceNotFoundException{Message: aws.String("Policy with name [" + name + "] does not exist.")}
	}
	delete(s.policies, name)
	return &cloudwatchlogs.DeleteResourcePolicyOutput{}, nil
}

// statements reads the statements of a policy document: a list or a single one.
func statements(document string) ([]json.RawMessage, error) {
	var p struct {
		Version   string
		Statement json.RawMessage
	}
	if err := json.Unmarshal([]byte(document), &p); err != nil {
		return nil, err
	}
	var list []json.RawMessage
	if err := json.Unmarshal(p.Statement, &list); err == nil {
		return list, nil
	}
	var one map[string]json.RawMessage
	if err := json.Unmarshal(p.Statement, &one); err != nil {
		return nil, err
	}
	return []json.RawMessage{p.Statement}, nil
}

// resourcePolicy is all resource policies of the account as one document: each
// of them applies to every log group that it names.
func (s *Service) resourcePolicy() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.policies) == 0 {
		return ""
	}
	joined := struct {
		Version   string
		Statement []json.RawMessage
	}{Version: "2012-10-17"}
	for _, p := range s.sortedPolicies() {
		list, err := statements(p.document)
		if err != nil {
			continue // refused by putResourcePolicy
		}
		joined.Statement = append(joined.Statement, list...)
	}
	document, err := json.Marshal(joined)
	if err != nil {
		return "" // cannot be: every part was read from JSON
	}
	return string(document)
}
