package iam

import (
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"

	"crawlerless/localaws/wire"
)

// Wire describes the IAM API that is there.
func (s *Service) Wire() wire.Service {
	return wire.Service{
		Name: "iam", Protocol: wire.Query, Namespace: "https://iam.amazonaws.com/doc/2010-05-08/",
		Constraints: constraints, Refuse: refuse,
		Operations: []wire.Operation{
			wire.Op("CreateRole", s.createRole, wire.On("CreateRole", func(in *iam.CreateRoleInput) string {
				return s.env.IAMARN("role" + pathOr(in.Path) + aws.ToString(in.RoleName))
			}), "RoleName", "AssumeRolePolicyDocument", "Description", "MaxSessionDuration", "Path", "PermissionsBoundary", "Tags"),
			wire.Op("GetRole", s.getRole, onRole(s, "GetRole", func(in *iam.GetRoleInput) *string { return in.RoleName }), "RoleName"),
			wire.Op("ListRoles", s.listRoles, wire.On("ListRoles", func(in *iam.ListRolesInput) string {
				return s.env.IAMARN("role" + pathOr(in.PathPrefix))
			}), "PathPrefix", "Marker", "MaxItems"),
			wire.Op("UpdateRole", s.updateRole, onRole(s, "UpdateRole", func(in *iam.UpdateRoleInput) *string { return in.RoleName }), "RoleName", "Description", "MaxSessionDuration"),
			wire.Op("UpdateRoleDescription", s.updateRoleDescription, onRole(s, "UpdateRoleDescription", func(in *iam.UpdateRoleDescriptionInput) *string { return in.RoleName }), "RoleName", "Description"),
			wire.Op("UpdateAssumeRolePolicy", s.updateAssumeRolePolicy, onRole(s, "UpdateAssumeRolePolicy", func(in *iam.UpdateAssumeRolePolicyInput) *string { return in.RoleName }), "RoleName", "PolicyDocument"),
			wire.Op("DeleteRole", s.deleteRole, onRole(s, "DeleteRole", func(in *iam.DeleteRoleInput) *string { return in.RoleName }), "RoleName"),
			wire.Op("TagRole", s.tagRole, onRole(s, "TagRole", func(in *iam.TagRoleInput) *string { return in.RoleName }), "RoleName", "Tags"),
			wire.Op("UntagRole", s.untagRole, onRole(s, "UntagRole", func(in *iam.UntagRoleInput) *string { return in.RoleName }), "RoleName", "TagKeys"),
			wire.Op("ListRoleTags", s.listRoleTags, onRole(s, "ListRoleTags", func(in *iam.ListRoleTagsInput) *string { return in.RoleName }), "RoleName", "Marker", "MaxItems"),
			wire.Op("ListInstanceProfilesForRole", s.listInstanceProfilesForRole, onRole(s, "ListInstanceProfilesForRole", func(in *iam.ListInstanceProfilesForRoleInput) *string { return in.RoleName }), "RoleName", "Marker", "MaxItems"),
			wire.Op("PutRolePermissionsBoundary", s.putRolePermissionsBoundary, onRole(s, "PutRolePermissionsBoundary", func(in *iam.PutRolePermissionsBoundaryInput) *string { return in.RoleName }), "RoleName", "PermissionsBoundary"),
			wire.Op("DeleteRolePermissionsBoundary", s.deleteRolePermissionsBoundary, onRole(s, "DeleteRolePermissionsBoundary", func(in *iam.DeleteRolePermissionsBoundaryInput) *string { return in.RoleName }), "RoleName"),

			wire.Op("SimulatePrincipalPolicy", s.simulatePrincipalPolicy, wire.On("SimulatePrincipalPolicy", func(in *iam.SimulatePrincipalPolicyInput) string {
				return aws.ToString(in.PolicySourceArn)
			}), "PolicySourceArn", "ActionNames", "ResourceArns", "ContextEntries"),

			wire.Op("PutRolePolicy", s.putRolePolicy, onRole(s, "PutRolePolicy", func(in *iam.PutRolePolicyInput) *string { return in.RoleName }), "RoleName", "PolicyName", "PolicyDocument"),
			wire.Op("GetRolePolicy", s.getRolePolicy, onRole(s, "GetRolePolicy", func(in *iam.GetRolePolicyInput) *string { return in.RoleName }), "RoleName", "PolicyName"),
			wire.Op("DeleteRolePolicy", s.deleteRolePolicy, onRole(s, "DeleteRolePolicy", func(in *iam.DeleteRolePolicyInput) *string { return in.RoleName }), "RoleName", "PolicyName"),
			wire.Op("ListRolePolicies", s.listRolePolicies, onRole(s, "ListRolePolicies", func(in *iam.ListRolePoliciesInput) *string { return in.RoleName }), "RoleName", "Marker", "MaxItems"),
			wire.Op("AttachRolePolicy", s.attachRolePolicy, onRole(s, "AttachRolePolicy", func(in *iam.AttachRolePolicyInput) *string { return in.RoleName }), "RoleName", "PolicyArn"),
			wire.Op("DetachRolePolicy", s.detachRolePolicy, onRole(s, "DetachRolePolicy", func(in *iam.DetachRolePolicyInput) *string { return in.RoleName }), "RoleName", "PolicyArn"),
			wire.Op("ListAttachedRolePolicies", s.listAttachedRolePolicies, onRole(s, "ListAttachedRolePolicies", func(in *iam.ListAttachedRolePoliciesInput) *string { return in.RoleName }), "RoleName", "PathPrefix", "Marker", "MaxItems"),

			wire.Op("CreatePolicy", s.createPolicy, wire.On("CreatePolicy", func(in *iam.CreatePolicyInput) string {
				return s.env.IAMARN("policy" + pathOr(in.Path) + aws.ToString(in.PolicyName))
			}), "PolicyName", "PolicyDocument", "Description", "Path", "Tags"),
			wire.Op("GetPolicy", s.getPolicy, wire.On("GetPolicy", func(in *iam.GetPolicyInput) string { return aws.ToString(in.PolicyArn) }), "PolicyArn"),
			wire.Op("DeletePolicy", s.deletePolicy, wire.On("DeletePolicy", func(in *iam.DeletePolicyInput) string { return aws.ToString(in.PolicyArn) }), "PolicyArn"),
			wire.Op("ListPolicies", s.listPolicies, wire.On("ListPolicies", func(*iam.ListPoliciesInput) string { return s.env.IAMARN("policy/") }), "Scope", "OnlyAttached", "PathPrefix", "Marker", "MaxItems"),
			wire.Op("CreatePolicyVersion", s.createPolicyVersion, wire.On("CreatePolicyVersion", func(in *iam.CreatePolicyVersionInput) string { return aws.ToString(in.PolicyArn) }), "PolicyArn", "PolicyDocument", "SetAsDefault"),
			wire.Op("GetPolicyVersion", s.getPolicyVersion, wire.On("GetPolicyVersion", func(in *iam.GetPolicyVersionInput) string { return aws.ToString(in.PolicyArn) }), "PolicyArn", "VersionId"),
			wire.Op("ListPolicyVersions", s.listPolicyVersions, wire.On("ListPolicyVersions", func(in *iam.ListPolicyVersionsInput) string { return aws.ToString(in.PolicyArn) }), "PolicyArn", "Marker", "MaxItems"),
			wire.Op("DeletePolicyVersion", s.deletePolicyVersion, wire.On("DeletePolicyVersion", func(in *iam.DeletePolicyVersionInput) string { return aws.ToString(in.PolicyArn) }), "PolicyArn", "VersionId"),
			wire.Op("SetDefaultPolicyVersion", s.setDefaultPolicyVersion, wire.On("SetDefaultPolicyVersion", func(in *iam.SetDefaultPolicyVersionInput) string { return aws.ToString(in.PolicyArn) }), "PolicyArn", "VersionId"),
			wire.Op("TagPolicy", s.tagPolicy, wire.On("TagPolicy", func(in *iam.TagPolicyInput) string { return aws.ToString(in.PolicyArn) }), "PolicyArn", "Tags"),
			wire.Op("UntagPolicy", s.untagPolicy, wire.On("UntagPolicy", func(in *iam.UntagPolicyInput) string { return aws.ToString(in.PolicyArn) }), "PolicyArn", "TagKeys"),
			wire.Op("ListPolicyTags", s.listPolicyTags, wire.On("ListPolicyTags", func(in *iam.ListPolicyTagsInput) string { return aws.ToString(in.PolicyArn) }), "PolicyArn", "Marker", "MaxItems"),
			wire.Op("ListEntitiesForPolicy", s.listEntitiesForPolicy, wire.On("ListEntitiesForPolicy", func(in *iam.ListEntitiesForPolicyInput) string { return aws.ToString(in.PolicyArn) }), "PolicyArn", "EntityFilter", "PathPrefix", "PolicyUsageFilter", "Marker", "MaxItems"),
		},
	}
}

func pathOr(path *string) string {
	if p := aws.ToString(path); p != "" {
		return p
	}
	return "/"
}

// onRole is the access of an operation on a role, by its ARN with path.
func onRole[I any](s *Service, action string, name func(*I) *string) func(*I) []wire.Access {
	return wire.On(action, func(in *I) string { return s.roleARN(aws.ToString(name(in))) })
}

func (s *Service) roleARN(name string) string {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if r := s.roles[name]; r != nil {
		return *r.Arn
	}
	return s.env.IAMARN("role/" + strings.TrimPrefix(name, "/"))
}
