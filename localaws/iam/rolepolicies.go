package iam

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"crawlerless/localaws/iam/policy"
)

func (s *Service) putRolePolicy(_ context.Context, in *iam.PutRolePolicyInput) (*iam.PutRolePolicyOutput, error) {
	name, text := aws.ToString(in.PolicyName), aws.ToString(in.PolicyDocument)
	doc, err := parse(text, policy.Identity)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	r, err := s.find(in.RoleName)
	if err != nil {
		return nil, err
	}
	total := size(text)
	for other, p := range r.inline {
		if other != name {
			total += size(p.text)
		}
	}
	if total > longestInline {
		return nil, limitExceeded("Maximum policy size of %d bytes exceeded for role %s", longestInline, *in.RoleName)
	}
	r.inline[name] = inlinePolicy{text, doc}
	return nil, nil
}

func (s *Service) getRolePolicy(_ context.Context, in *iam.GetRolePolicyInput) (*iam.GetRolePolicyOutput, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	r, err := s.find(in.RoleName)
	if err != nil {
		return nil, err
	}
	p, ok := r.inline[aws.ToString(in.PolicyName)]
	if !ok {
		return nil, noSuchEntity("The role policy with name %s cannot be found.", aws.ToString(in.PolicyName))
	}
	return &iam.GetRolePolicyOutput{RoleName: in.RoleName, PolicyName: in.PolicyName, PolicyDocument: encoded(p.text)}, nil
}

func (s *Service) deleteRolePolicy(_ context.Context, in *iam.DeleteRolePolicyInput) (*iam.DeleteRolePolicyOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, err := s.find(in.RoleName)
	if err != nil {
		return nil, err
	}
	if _, ok := r.inline[aws.ToString(in.PolicyName)]; !ok {
		return nil, noSuchEntity("The role policy with name %s cannot be found.", aws.ToString(in.PolicyName))
	}
	delete(r.inline, *in.PolicyName)
	return nil, nil
}

func (s *Service) listRolePolicies(_ context.Context, in *iam.ListRolePoliciesInput) (*iam.ListRolePoliciesOutput, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	r, err := s.find(in.RoleName)
	if err != nil {
		return nil, err
	}
	names, marker, truncated, err := page(slices.Sorted(maps.Keys(r.inline)), func(n string) string { return n }, in.Marker, in.MaxItems)
	return &iam.ListRolePoliciesOutput{PolicyNames: names, Marker: marker, IsTruncated: truncated}, err
}

func (s *Service) attachRolePolicy(_ context.Context, in *iam.AttachRolePolicyInput) (*iam.AttachRolePolicyOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, err := s.find(in.RoleName)
	if err != nil {
		return nil, err
	}
	arn := aws.ToString(in.PolicyArn)
	if s.managed[arn] == nil {
		return nil, noSuchEntity("Policy %s does not exist or is not attachable.", arn)
	}
	if slices.Contains(r.attached, arn) {
		return nil, nil // attaching twice changes nothing
	}
	if len(r.attached) == mostAttached {
		return nil, limitExceeded("Cannot exceed quota for PoliciesPerRole: %d", mostAttached)
	}
	r.attached = append(r.attached, arn)
	return nil, nil
}

func (s *Service) detachRolePolicy(_ context.Context, in *iam.DetachRolePolicyInput) (*iam.DetachRolePolicyOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, err := s.find(in.RoleName)
	if err != nil {
		return nil, err
	}
	at := slices.Index(r.attached, aws.ToString(in.PolicyArn))
	if at < 0 {
		return nil, noSuchEntity("Policy %s was not found.", aws.ToString(in.PolicyArn))
	}
	r.attached = slices.Delete(r.attached, at, at+1)
	return nil, nil
}

func (s *Service) listAttachedRolePolicies(_ context.Context, in *iam.ListAttachedRolePoliciesInput) (*iam.ListAttachedRolePoliciesOutput, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	r, err := s.find(in.RoleName)
	if err != nil {
		return nil, err
	}
	var all []types.AttachedPolicy
	for _, arn := range slices.Sorted(slices.Values(r.attached)) {
		if p := s.managed[arn]; p != nil && strings.HasPrefix(*p.Path, aws.ToString(in.PathPrefix)) {
			all = append(all, types.AttachedPolicy{PolicyArn: p.Arn, PolicyName: p.PolicyName})
		}
	}
	attached, marker, truncated, err := page(all, func(p types.AttachedPolicy) string { return *p.PolicyArn }, in.Marker, in.MaxItems)
	return &iam.ListAttachedRolePoliciesOutput{AttachedPolicies: attached, Marker: marker, IsTruncated: truncated}, err
}
