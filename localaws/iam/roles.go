package iam

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"crawlerless/localaws/iam/policy"
	"crawlerless/localaws/wire"
)

// The quotas of IAM that a pipeline can run into (IAM User Guide, "IAM and STS
// quotas"), in characters without white space.
const (
	longestTrust    = 2048
	longestInline   = 10240 // of all inline policies of a role together
	longestManaged  = 6144
	mostAttached    = 10
	mostVersions    = 5
	defaultDuration = 3600 // seconds
)

func (s *Service) createRole(_ context.Context, in *iam.CreateRoleInput) (*iam.CreateRoleOutput, error) {
	name, path := aws.ToString(in.RoleName), pathOr(in.Path)
	trust, err := s.parseTrust(aws.ToString(in.AssumeRolePolicyDocument))
	if err != nil {
		return nil, err
	}
	duration := cmp.Or(aws.ToInt32(in.MaxSessionDuration), defaultDuration)
	tags, err := mergeTags(nil, in.Tags)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for known := range s.roles {
		if strings.EqualFold(known, name) { // names are unique without case
			return nil, alreadyExists("Role with name %s already exists.", name)
		}
	}
	r := &role{
		Role: types.Role{
			RoleName: aws.String(name), Path: aws.String(path), Arn: aws.String(s.env.IAMARN("role" + path + name)),
			RoleId: aws.String("AROA" + s.id()), CreateDate: aws.Time(s.env.Clock.Now()), Description: in.Description,
			AssumeRolePolicyDocument: in.AssumeRolePolicyDocument, MaxSessionDuration: aws.Int32(duration), Tags: tags,
			RoleLastUsed: &types.RoleLastUsed{},
		},
		trust: trust, inline: map[string]inlinePolicy{},
	}
	if in.PermissionsBoundary != nil {
		if err := s.setBoundary(r, *in.PermissionsBoundary); err != nil {
			return nil, err
		}
	}
	s.roles[name] = r
	out := r.output()
	out.RoleLastUsed, out.MaxSessionDuration = nil, nil // CreateRole does not show them
	return &iam.CreateRoleOutput{Role: &out}, nil
}

func (s *Service) parseTrust(text string) (*policy.Document, error) {
	if size(text) > longestTrust {
		return nil, limitExceeded("Cannot exceed quota for ACLSizePerRole: %d", longestTrust)
	}
	return parse(text, policy.Trust)
}

// output is the role as the API shows it. s.mu is held.
func (r *role) output() types.Role {
	out := r.Role
	out.AssumeRolePolicyDocument = encoded(*r.AssumeRolePolicyDocument)
	out.Tags = slices.Clone(r.Tags)
	return out
}

// find is the role of that name. s.mu is held.
func (s *Service) find(name *string) (*role, error) {
	if r := s.roles[aws.ToString(name)]; r != nil {
		return r, nil
	}
	return nil, noSuchEntity("The role with name %s cannot be found.", aws.ToString(name))
}

func (s *Service) getRole(ctx context.Context, in *iam.GetRoleInput) (*iam.GetRoleOutput, error) {
	name := in.RoleName
	if name == nil { // the caller's own
		_, own, _ := strings.Cut(wire.CallerFrom(ctx).Role, ":role/")
		name = aws.String(own[strings.LastIndex(own, "/")+1:])
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	r, err := s.find(name)
	if err != nil {
		return nil, err
	}
	out := r.output()
	return &iam.GetRoleOutput{Role: &out}, nil
}

func (s *Service) listRoles(_ context.Context, in *iam.ListRolesInput) (*iam.ListRolesOutput, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	var all []types.Role
	for _, name := range slices.Sorted(maps.Keys(s.roles)) {
		if out := s.roles[name].output(); strings.HasPrefix(*out.Path, aws.ToString(in.PathPrefix)) {
			// ListRoles does not show these (IAM API Reference, ListRoles).
			out.Tags, out.PermissionsBoundary, out.RoleLastUsed = nil, nil, nil
			all = append(all, out)
		}
	}
	roles, marker, truncated, err := page(all, func(r types.Role) string { return *r.RoleName }, in.Marker, in.MaxItems)
	return &iam.ListRolesOutput{Roles: roles, Marker: marker, IsTruncated: truncated}, err
}

func (s *Service) updateRole(_ context.Context, in *iam.UpdateRoleInput) (*iam.UpdateRoleOutput, error) {
	duration := cmp.Or(aws.ToInt32(in.MaxSessionDuration), defaultDuration)
	s.mu.Lock()
	defer s.mu.Unlock()
	r, err := s.find(in.RoleName)
	if err != nil {
		return nil, err
	}
	if in.Description != nil {
		r.Description = in.Description
	}
	r.MaxSessionDuration = aws.Int32(duration) // left out, it goes back to the default
	return nil, nil
}

func (s *Service) updateRoleDescription(_ context.Context, in *iam.UpdateRoleDescriptionInput) (*iam.UpdateRoleDescriptionOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, err := s.find(in.RoleName)
	if err != nil {
		return nil, err
	}
	r.Description = in.Description
	out := r.output()
	return &iam.UpdateRoleDescriptionOutput{Role: &out}, nil
}

func (s *Service) updateAssumeRolePolicy(_ context.Context, in *iam.UpdateAssumeRolePolicyInput) (*iam.UpdateAssumeRolePolicyOutput, error) {
	trust, err := s.parseTrust(aws.ToString(in.PolicyDocument))
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	r, err := s.find(in.RoleName)
	if err != nil {
		return nil, err
	}
	r.trust, r.AssumeRolePolicyDocument = trust, in.PolicyDocument
	return nil, nil
}

func (s *Service) deleteRole(_ context.Context, in *iam.DeleteRoleInput) (*iam.DeleteRoleOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, err := s.find(in.RoleName)
	switch {
	case err != nil:
		return nil, err
	case len(r.attached) > 0:
		return nil, &types.DeleteConflictException{Message: aws.String("Cannot delete entity, must detach all policies first.")}
	case len(r.inline) > 0:
		return nil, &types.DeleteConflictException{Message: aws.String("Cannot delete entity, must delete policies first.")}
	}
	delete(s.roles, *in.RoleName)
	return nil, nil
}

func (s *Service) listInstanceProfilesForRole(_ context.Context, in *iam.ListInstanceProfilesForRoleInput) (*iam.ListInstanceProfilesForRoleOutput, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if _, err := s.find(in.RoleName); err != nil {
		return nil, err
	}
	return &iam.ListInstanceProfilesForRoleOutput{InstanceProfiles: []types.InstanceProfile{}}, nil
}

func (s *Service) putRolePermissionsBoundary(_ context.Context, in *iam.PutRolePermissionsBoundaryInput) (*iam.PutRolePermissionsBoundaryOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, err := s.find(in.RoleName)
	if err != nil {
		return nil, err
	}
	return nil, s.setBoundary(r, aws.ToString(in.PermissionsBoundary))
}

// setBoundary is called with s.mu held.
func (s *Service) setBoundary(r *role, arn string) error {
	if _, err := s.findPolicy(&arn); err != nil {
		return err
	}
	r.PermissionsBoundary = &types.AttachedPermissionsBoundary{
		PermissionsBoundaryArn: aws.String(arn), PermissionsBoundaryType: types.PermissionsBoundaryAttachmentTypePolicy,
	}
	return nil
}

func (s *Service) deleteRolePermissionsBoundary(_ context.Context, in *iam.DeleteRolePermissionsBoundaryInput) (*iam.DeleteRolePermissionsBoundaryOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, err := s.find(in.RoleName)
	if err != nil {
		return nil, err
	}
	if r.PermissionsBoundary == nil {
		return nil, noSuchEntity("Role %s does not have a permissions boundary.", *in.RoleName)
	}
	r.PermissionsBoundary = nil
	return nil, nil
}
