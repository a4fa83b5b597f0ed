package iam

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"crawlerless/localaws/iam/policy"
	"crawlerless/localaws/wire"
)

// simulatePrincipalPolicy answers what a role may do, by its identity policies
// and its boundary, with the condition keys that the request states and no
// others. Resource policies are not simulated, as they are not on AWS unless
// the request brings one.
// https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulatePrincipalPolicy.html
func (s *Service) simulatePrincipalPolicy(_ context.Context, in *iam.SimulatePrincipalPolicyInput) (*iam.SimulatePrincipalPolicyOutput, error) {
	source := aws.ToString(in.PolicySourceArn)
	s.mu.RLock()
	r := s.roles[source[strings.LastIndex(source, "/")+1:]]
	known := r != nil && *r.Arn == source
	s.mu.RUnlock()
	if !known {
		return nil, &types.NoSuchEntityException{Message: aws.String("The role with ARN " + source + " cannot be found.")}
	}
	if len(in.ActionNames) == 0 {
		return nil, &types.InvalidInputException{Message: aws.String("ActionNames must name at least one action.")}
	}
	resources := in.ResourceArns
	if len(resources) == 0 {
		resources = []string{"*"}
	}
	out := &iam.SimulatePrincipalPolicyOutput{EvaluationResults: []types.EvaluationResult{}}
	for _, action := range in.ActionNames {
		for _, resource := range resources {
			out.EvaluationResults = append(out.EvaluationResults, s.simulate(source, action, resource, in.ContextEntries))
		}
	}
	return out, nil
}

func (s *Service) simulate(role, action, resource string, entries []types.ContextEntry) types.EvaluationResult {
	keys := policy.Context{}
	for _, e := range entries {
		keys[aws.ToString(e.ContextKeyName)] = e.ContextKeyValues
	}
	caller := wire.Caller{Account: s.env.Account, ARN: role, Role: role}
	var policies policy.Policies
	s.addRolePolicies(caller, keys, &policies)
	d := policy.Evaluate(policy.Request{
		Principal: policy.Principal{Account: s.env.Account, ARN: role, Role: role}, Action: action, Resource: resource, Context: keys,
	}, policies)
	result := types.EvaluationResult{EvalActionName: aws.String(action), EvalResourceName: aws.String(resource)}
	switch {
	case d.Allowed:
		result.EvalDecision = types.PolicyEvaluationDecisionTypeAllowed
	case d.Explicit:
		result.EvalDecision = types.PolicyEvaluationDecisionTypeExplicitDeny
	default:
		result.EvalDecision = types.PolicyEvaluationDecisionTypeImplicitDeny
	}
	return result
}
