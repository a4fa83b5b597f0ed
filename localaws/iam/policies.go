package iam

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"crawlerless/localaws/iam/policy"
	"crawlerless/localaws/wire"
)

func newManaged(p types.Policy, text string, doc *policy.Document) *managed {
	m := &managed{Policy: p, next: 1}
	m.add(text, doc, true)
	return m
}

// add makes a version; its date is the policy's date of update.
func (m *managed) add(text string, doc *policy.Document, isDefault bool) *version {
	v := &version{PolicyVersion: types.PolicyVersion{
		VersionId: aws.String(fmt.Sprintf("v%d", m.next)), CreateDate: m.UpdateDate, Document: aws.String(text), IsDefaultVersion: isDefault,
	}, doc: doc}
	m.next++
	m.versions = append(m.versions, v)
	if isDefault {
		m.makeDefault(v)
	}
	return v
}

func (m *managed) makeDefault(v *version) {
	for _, other := range m.versions {
		other.IsDefaultVersion = other == v
	}
	m.DefaultVersionId = v.VersionId
}

// current is the document in force.
func (m *managed) current() *policy.Document {
	for _, v := range m.versions {
		if v.IsDefaultVersion {
			return v.doc
		}
	}
	return nil
}

// findPolicy is called with s.mu held.
func (s *Service) findPolicy(arn *string) (*managed, error) {
	if p := s.managed[aws.ToString(arn)]; p != nil {
		return p, nil
	}
	return nil, noSuchEntity("Policy %s does not exist or is not attachable.", aws.ToString(arn))
}

// customer is a policy that the account may change. s.mu is held.
func (s *Service) customer(arn *string) (*managed, error) {
	p, err := s.findPolicy(arn)
	if err == nil && strings.Contains(*arn, ":iam::aws:") {
		return nil, &wire.Error{Code: "AccessDenied", Message: "The policy " + *arn + " belongs to AWS and cannot be changed.", Status: 403}
	}
	return p, err
}

// output is the policy as the API shows it, with its attachments counted. s.mu
// is held.
func (s *Service) output(p *managed) types.Policy {
	out := p.Policy
	count, boundaries := int32(0), int32(0)
	for _, r := range s.roles {
		if slices.Contains(r.attached, *p.Arn) {
			count++
		}
		if r.PermissionsBoundary != nil && *r.PermissionsBoundary.PermissionsBoundaryArn == *p.Arn {
			boundaries++
		}
	}
	out.AttachmentCount, out.PermissionsBoundaryUsageCount = &count, &boundaries
	out.Tags = slices.Clone(p.Tags)
	return out
}

func parseManaged(text *string) (*policy.Document, error) {
	if size(aws.ToString(text)) > longestManaged {
		return nil, limitExceeded("Cannot exceed quota for PolicySize: %d", longestManaged)
	}
	return parse(aws.ToString(text), policy.Identity)
}

func (s *Service) createPolicy(_ context.Context, in *iam.CreatePolicyInput) (*iam.CreatePolicyOutput, error) {
	name, path := aws.ToString(in.PolicyName), pathOr(in.Path)
	doc, err := parseManaged(in.PolicyDocument)
	if err != nil {
		return nil, err
	}
	tags, err := mergeTags(nil, in.Tags)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, p := range s.managed {
		if strings.EqualFold(*p.PolicyName, name) && !strings.Contains(*p.Arn, ":iam::aws:") {
			return nil, alreadyExists("A policy called %s already exists. Duplicate names are not allowed.", name)
		}
	}
	now, arn := s.env.Clock.Now(), s.env.IAMARN("policy"+path+name)
	p := newManaged(types.Policy{
		Arn: aws.String(arn), PolicyName: aws.String(name), Path: aws.String(path), PolicyId: aws.String("ANPA" + s.id()),
		CreateDate: &now, UpdateDate: &now, IsAttachable: true, Description: in.Description, Tags: tags,
	}, *in.PolicyDocument, doc)
	s.managed[arn] = p
	out := s.output(p)
	return &iam.CreatePolicyOutput{Policy: &out}, nil
}

func (s *Service) getPolicy(_ context.Context, in *iam.GetPolicyInput) (*iam.GetPolicyOutput, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	p, err := s.findPolicy(in.PolicyArn)
	if err != nil {
		return nil, noSuchEntity("Policy %s was not found.", aws.ToString(in.PolicyArn))
	}
	out := s.output(p)
	return &iam.GetPolicyOutput{Policy: &out}, nil
}

func (s *Service) listPolicies(_ context.Context, in *iam.ListPoliciesInput) (*iam.ListPoliciesOutput, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	var all []types.Policy
	for _, arn := range slices.Sorted(maps.Keys(s.managed)) {
		out := s.output(s.managed[arn])
		own := !strings.Contains(arn, ":iam::aws:")
		if in.Scope == types.PolicyScopeTypeAws && own || in.Scope == types.PolicyScopeTypeLocal && !own ||
			in.OnlyAttached && *out.AttachmentCount == 0 || !strings.HasPrefix(*out.Path, aws.ToString(in.PathPrefix)) {
			continue
		}
		out.Tags, out.Description = nil, nil // ListPolicies does not show them
		all = append(all, out)
	}
	policies, marker, truncated, err := page(all, func(p types.Policy) string { return *p.Arn }, in.Marker, in.MaxItems)
	return &iam.ListPoliciesOutput{Policies: policies, Marker: marker, IsTruncated: truncated}, err
}

func (s *Service) deletePolicy(_ context.Context, in *iam.DeletePolicyInput) (*iam.DeletePolicyOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p, err := s.customer(in.PolicyArn)
	if err != nil {
		return nil, err
	}
	out := s.output(p)
	switch {
	case *out.AttachmentCount+*out.PermissionsBoundaryUsageCount > 0:
		return nil, &types.DeleteConflictException{Message: aws.String("Cannot delete a policy attached to entities.")}
	case len(p.versions) > 1:
		return nil, &types.DeleteConflictException{Message: aws.String("This policy has more than one version. Before you delete a policy, you must delete the policy's versions. The default version is deleted with the policy.")}
	}
	delete(s.managed, *in.PolicyArn)
	return nil, nil
}

func (s *Service) createPolicyVersion(_ context.Context, in *iam.CreatePolicyVersionInput) (*iam.CreatePolicyVersionOutput, error) {
	doc, err := parseManaged(in.PolicyDocument)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	p, err := s.customer(in.PolicyArn)
	if err != nil {
		return nil, err
	}
	if len(p.versions) == mostVersions {
		return nil, limitExceeded("A managed policy can have up to %d versions. Before you create a new version, you must delete an existing version.", mostVersions)
	}
	p.UpdateDate = aws.Time(s.env.Clock.Now())
	v := p.add(*in.PolicyDocument, doc, in.SetAsDefault).PolicyVersion
	v.Document = nil
	return &iam.CreatePolicyVersionOutput{PolicyVersion: &v}, nil
}

func (p *managed) version(id *string) (*version, error) {
	for _, v := range p.versions {
		if *v.VersionId == aws.ToString(id) {
			return v, nil
		}
	}
	return nil, noSuchEntity("Policy %s version %s does not exist or is not attachable.", *p.Arn, aws.ToString(id))
}

func (s *Service) getPolicyVersion(_ context.Context, in *iam.GetPolicyVersionInput) (*iam.GetPolicyVersionOutput, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	p, err := s.findPolicy(in.PolicyArn)
	if err != nil {
		return nil, err
	}
	v, err := p.version(in.VersionId)
	if err != nil {
		return nil, err
	}
	out := v.PolicyVersion
	out.Document = encoded(*v.Document)
	return &iam.GetPolicyVersionOutput{PolicyVersion: &out}, nil
}

func (s *Service) listPolicyVersions(_ context.Context, in *iam.ListPolicyVersionsInput) (*iam.ListPolicyVersionsOutput, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	p, err := s.findPolicy(in.PolicyArn)
	if err != nil {
		return nil, err
	}
	var all []types.PolicyVersion
	for _, v := range p.versions {
		out := v.PolicyVersion
		out.Document = nil
		all = append(all, out)
	}
	versions, marker, truncated, err := page(all, func(v types.PolicyVersion) string { return *v.VersionId }, in.Marker, in.MaxItems)
	slices.Reverse(versions) // newest first
	return &iam.ListPolicyVersionsOutput{Versions: versions, Marker: marker, IsTruncated: truncated}, err
}

func (s *Service) deletePolicyVersion(_ context.Context, in *iam.DeletePolicyVersionInput) (*iam.DeletePolicyVersionOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p, err := s.customer(in.PolicyArn)
	if err != nil {
		return nil, err
	}
	v, err := p.version(in.VersionId)
	if err != nil {
		return nil, err
	}
	if v.IsDefaultVersion {
		return nil, &types.DeleteConflictException{Message: aws.String("Cannot delete the default version of a policy.")}
	}
	p.versions = slices.DeleteFunc(p.versions, func(other *version) bool { return other == v })
	return nil, nil
}

func (s *Service) setDefaultPolicyVersion(_ context.Context, in *iam.SetDefaultPolicyVersionInput) (*iam.SetDefaultPolicyVersionOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p, err := s.customer(in.PolicyArn)
	if err != nil {
		return nil, err
	}
	v, err := p.version(in.VersionId)
	if err != nil {
		return nil, err
	}
	p.makeDefault(v)
	p.UpdateDate = aws.Time(s.env.Clock.Now())
	return nil, nil
}

func (s *Service) listEntitiesForPolicy(_ context.Context, in *iam.ListEntitiesForPolicyInput) (*iam.ListEntitiesForPolicyOutput, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	p, err := s.findPolicy(in.PolicyArn)
	if err != nil {
		return nil, err
	}
	var all []types.PolicyRole
	for _, name := range slices.Sorted(maps.Keys(s.roles)) {
		r := s.roles[name]
		used := slices.Contains(r.attached, *p.Arn)
		if in.PolicyUsageFilter == types.PolicyUsageTypePermissionsBoundary {
			used = r.PermissionsBoundary != nil && *r.PermissionsBoundary.PermissionsBoundaryArn == *p.Arn
		}
		if used && strings.HasPrefix(*r.Path, aws.ToString(in.PathPrefix)) && (in.EntityFilter == "" || in.EntityFilter == types.EntityTypeRole) {
			all = append(all, types.PolicyRole{RoleName: r.RoleName, RoleId: r.RoleId})
		}
	}
	roles, marker, truncated, err := page(all, func(r types.PolicyRole) string { return *r.RoleName }, in.Marker, in.MaxItems)
	return &iam.ListEntitiesForPolicyOutput{PolicyRoles: roles, PolicyGroups: []types.PolicyGroup{}, PolicyUsers: []types.PolicyUser{}, Marker: marker, IsTruncated: truncated}, err
}
