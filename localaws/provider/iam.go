package provider

import (
	"context"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
)

type role struct {
	Name                string `prop:"name,auto=64,replace"`
	AssumeRolePolicy    string `prop:"assumeRolePolicy,required,policy"`
	Description         string `prop:"description,omitempty"`
	ForceDetachPolicies bool   `prop:"forceDetachPolicies,default=false,keep"`
	MaxSessionDuration  int64  `prop:"maxSessionDuration,default=3600"`
	Path                string `prop:"path,default=/,replace"`
	PermissionsBoundary string `prop:"permissionsBoundary,omitempty"`
	tagged

	ARN               string         `prop:"arn,out"`
	CreateDate        string         `prop:"createDate,out"`
	UniqueID          string         `prop:"uniqueId,out"`
	NamePrefix        string         `prop:"namePrefix,out"`
	InlinePolicies    []inlinePolicy `prop:"inlinePolicies,out"`
	ManagedPolicyARNs []string       `prop:"managedPolicyArns,out"`
}

type inlinePolicy struct {
	Name   string `prop:"name"`
	Policy string `prop:"policy"`
}

func iamRole() handler {
	return of(typed[role]{
		Token: "aws:iam/role:Role",
		Create: func(ctx context.Context, s *session, in *role) (string, error) {
			err := s.retry(ctx, func(err error) bool { return code(err) == "MalformedPolicyDocument" && propagating(err) }, func() error {
				return create(ctx, func(ctx context.Context) error {
					_, err := s.iam.CreateRole(ctx, &iam.CreateRoleInput{
						RoleName: &in.Name, AssumeRolePolicyDocument: &in.AssumeRolePolicy, Path: &in.Path, Description: str(in.Description),
						MaxSessionDuration: nonZero(in.MaxSessionDuration), PermissionsBoundary: str(in.PermissionsBoundary), Tags: iamTags(in.TagsAll),
					})
					return err
				}, "EntityAlreadyExists")
			})
			return made(in.Name, err)
		},
		Read: func(ctx context.Context, s *session, id string, v *role) error {
			out, err := s.iam.GetRole(ctx, &iam.GetRoleInput{RoleName: &id})
			if err != nil {
				return err
			}
			r := out.Role
			v.Name, v.Path, v.Description = id, aws.ToString(r.Path), aws.ToString(r.Description)
			v.ARN, v.UniqueID = aws.ToString(r.Arn), aws.ToString(r.RoleId)
			v.CreateDate = aws.ToTime(r.CreateDate).UTC().Format(time.RFC3339)
			v.MaxSessionDuration = int64(aws.ToInt32(r.MaxSessionDuration))
			if v.MaxSessionDuration == 0 {
				v.MaxSessionDuration = 3600
			}
			v.PermissionsBoundary = ""
			if r.PermissionsBoundary != nil {
				v.PermissionsBoundary = aws.ToString(r.PermissionsBoundary.PermissionsBoundaryArn)
			}
			if v.AssumeRolePolicy, err = policyText(r.AssumeRolePolicyDocument); err != nil {
				return err
			}
			v.TagsAll = fromIAMTags(r.Tags)
			return s.readRolePolicies(ctx, id, v)
		},
		Update: func(ctx context.Context, s *session, id string, _, in *role) error { return s.updateRole(ctx, id, in) },
		Delete: func(ctx context.Context, s *session, id string, v *role) error {
			return s.deleteRole(ctx, id, v.ForceDetachPolicies)
		},
	})
}

func (s *session) readRolePolicies(ctx context.Context, id string, v *role) error {
	v.ManagedPolicyARNs, v.InlinePolicies = []string{}, []inlinePolicy{}
	attached := iam.NewListAttachedRolePoliciesPaginator(s.iam, &iam.ListAttachedRolePoliciesInput{RoleName: &id})
	for attached.HasMorePages() {
		page, err := attached.NextPage(ctx)
		if err != nil {
			return err
		}
		for _, p := range page.AttachedPolicies {
			v.ManagedPolicyARNs = append(v.ManagedPolicyARNs, aws.ToString(p.PolicyArn))
		}
	}
	inline := iam.NewListRolePoliciesPaginator(s.iam, &iam.ListRolePoliciesInput{RoleName: &id})
	for inline.HasMorePages() {
		page, err := inline.NextPage(ctx)
		if err != nil {
			return err
		}
		for _, name := range page.PolicyNames {
			out, err := s.iam.GetRolePolicy(ctx, &iam.GetRolePolicyInput{RoleName: &id, PolicyName: &name})
			if isGone(err) {
				continue // removed since it was listed
			}
			if err != nil {
				return err
			}
			text, err := policyText(out.PolicyDocument)
			if err != nil {
				return err
			}
			v.InlinePolicies = append(v.InlinePolicies, inlinePolicy{Name: name, Policy: text})
		}
	}
	return nil
}

func (s *session) updateRole(ctx context.Context, id string, in *role) error {
	err := s.retry(ctx, func(err error) bool { return code(err) == "MalformedPolicyDocument" && propagating(err) }, func() error {
		_, err := s.iam.UpdateAssumeRolePolicy(ctx, &iam.UpdateAssumeRolePolicyInput{RoleName: &id, PolicyDocument: &in.AssumeRolePolicy})
		return err
	})
	if err != nil {
		return err
	}
	_, err = s.iam.UpdateRole(ctx, &iam.UpdateRoleInput{RoleName: &id, Description: &in.Description, MaxSessionDuration: nonZero(in.MaxSessionDuration)})
	if err != nil {
		return err
	}
	out, err := s.iam.GetRole(ctx, &iam.GetRoleInput{RoleName: &id})
	if err != nil {
		return err
	}
	boundary := ""
	if b := out.Role.PermissionsBoundary; b != nil {
		boundary = aws.ToString(b.PermissionsBoundaryArn)
	}
	switch {
	case in.PermissionsBoundary == boundary:
	case in.PermissionsBoundary != "":
		_, err = s.iam.PutRolePermissionsBoundary(ctx, &iam.PutRolePermissionsBoundaryInput{RoleName: &id, PermissionsBoundary: &in.PermissionsBoundary})
	default:
		_, err = s.iam.DeleteRolePermissionsBoundary(ctx, &iam.DeleteRolePermissionsBoundaryInput{RoleName: &id})
	}
	if err != nil {
		return err
	}
	set, remove := delta(fromIAMTags(out.Role.Tags), in.TagsAll)
	if len(remove) > 0 {
		if _, err := s.iam.UntagRole(ctx, &iam.UntagRoleInput{RoleName: &id, TagKeys: remove}); err != nil {
			return err
		}
	}
	if len(set) > 0 {
		if _, err := s.iam.TagRole(ctx, &iam.TagRoleInput{RoleName: &id, Tags: iamTags(set)}); err != nil {
			return err
		}
	}
	return nil
}

// deleteRole deletes the role; with force also what policies it still has.
func (s *session) deleteRole(ctx context.Context, id string, force bool) error {
	if force {
		v := &role{}
		if err := s.readRolePolicies(ctx, id, v); err != nil {
			return err
		}
		for _, arn := range v.ManagedPolicyARNs {
			_, err := s.iam.DetachRolePolicy(ctx, &iam.DetachRolePolicyInput{RoleName: &id, PolicyArn: &arn})
			if gone(err) != nil {
				return err
			}
		}
		for _, p := range v.InlinePolicies {
			_, err := s.iam.DeleteRolePolicy(ctx, &iam.DeleteRolePolicyInput{RoleName: &id, PolicyName: &p.Name})
			if gone(err) != nil {
				return err
			}
		}
	}
	// An attachment deleted a moment ago may still be seen.
	return s.retry(ctx, func(err error) bool { return code(err) == "DeleteConflict" }, func() error {
		_, err := s.iam.DeleteRole(ctx, &iam.DeleteRoleInput{RoleName: &id})
		return err
	})
}

type rolePolicy struct {
	Name   string `prop:"name,auto=128,replace"`
	Role   string `prop:"role,required,replace"`
	Policy string `prop:"policy,required,policy"`

	NamePrefix string `prop:"namePrefix,out"`
}

func iamRolePolicy() handler {
	put := func(ctx context.Context, s *session, in *rolePolicy) error {
		_, err := s.iam.PutRolePolicy(ctx, &iam.PutRolePolicyInput{RoleName: &in.Role, PolicyName: &in.Name, PolicyDocument: &in.Policy})
		return err
	}
	split := func(id string) (role, name string, err error) {
		role, name, ok := strings.Cut(id, ":")
		if !ok {
			return "", "", fmt.Errorf("%q is no id of a role policy: it is role:policy", id)
		}
		return role, name, nil
	}
	return of(typed[rolePolicy]{
		Token: "aws:iam/rolePolicy:RolePolicy",
		Create: func(ctx context.Context, s *session, in *rolePolicy) (string, error) {
			return made(in.Role+":"+in.Name, put(ctx, s, in))
		},
		Read: func(ctx context.Context, s *session, id string, v *rolePolicy) error {
			roleName, name, err := split(id)
			if err != nil {
				return err
			}
			out, err := s.iam.GetRolePolicy(ctx, &iam.GetRolePolicyInput{RoleName: &roleName, PolicyName: &name})
			if err != nil {
				return err
			}
			v.Role, v.Name = roleName, name
			v.Policy, err = policyText(out.PolicyDocument)
			return err
		},
		Update: func(ctx context.Context, s *session, _ string, _, in *rolePolicy) error { return put(ctx, s, in) },
		Delete: func(ctx context.Context, s *session, id string, _ *rolePolicy) error {
			roleName, name, err := split(id)
			if err != nil {
				return err
			}
			_, err = s.iam.DeleteRolePolicy(ctx, &iam.DeleteRolePolicyInput{RoleName: &roleName, PolicyName: &name})
			return err
		},
	})
}

type managedPolicy struct {
	Name        string `prop:"name,auto=128,replace"`
	Description string `prop:"description,replace,omitempty"`
	Path        string `prop:"path,default=/,replace"`
	Policy      string `prop:"policy,required,policy"`
	tagged

	ARN             string `prop:"arn,out"`
	AttachmentCount int64  `prop:"attachmentCount,out"`
	NamePrefix      string `prop:"namePrefix,out"`
	PolicyID        string `prop:"policyId,out"`
}

func iamPolicy() handler {
	return of(typed[managedPolicy]{
		Token: "aws:iam/policy:Policy",
		Create: func(ctx context.Context, s *session, in *managedPolicy) (string, error) {
			account, err := s.account(ctx)
			if err != nil {
				return "", err
			}
			arn := "arn:" + s.partition + ":iam::" + account + ":policy" + in.Path + in.Name
			err = create(ctx, func(ctx context.Context) error {
				_, err := s.iam.CreatePolicy(ctx, &iam.CreatePolicyInput{
					PolicyName: &in.Name, PolicyDocument: &in.Policy, Path: &in.Path, Description: str(in.Description), Tags: iamTags(in.TagsAll),
				})
				return err
			}, "EntityAlreadyExists")
			return made(arn, err)
		},
		Read: func(ctx context.Context, s *session, id string, v *managedPolicy) error {
			out, err := s.iam.GetPolicy(ctx, &iam.GetPolicyInput{PolicyArn: &id})
			if err != nil {
				return err
			}
			p := out.Policy
			v.Name, v.Path, v.Description = aws.ToString(p.PolicyName), aws.ToString(p.Path), aws.ToString(p.Description)
			v.ARN, v.PolicyID, v.AttachmentCount = id, aws.ToString(p.PolicyId), int64(aws.ToInt32(p.AttachmentCount))
			v.TagsAll = fromIAMTags(p.Tags)
			version, err := s.iam.GetPolicyVersion(ctx, &iam.GetPolicyVersionInput{PolicyArn: &id, VersionId: p.DefaultVersionId})
			if err != nil {
				return err
			}
			v.Policy, err = policyText(version.PolicyVersion.Document)
			return err
		},
		Update: func(ctx context.Context, s *session, id string, old, in *managedPolicy) error {
			if !policyDocument.same(old.Policy, in.Policy) {
				if err := s.newPolicyVersion(ctx, id, in.Policy); err != nil {
					return err
				}
			}
			out, err := s.iam.GetPolicy(ctx, &iam.GetPolicyInput{PolicyArn: &id})
			if err != nil {
				return err
			}
			set, remove := delta(fromIAMTags(out.Policy.Tags), in.TagsAll)
			if len(remove) > 0 {
				if _, err := s.iam.UntagPolicy(ctx, &iam.UntagPolicyInput{PolicyArn: &id, TagKeys: remove}); err != nil {
					return err
				}
			}
			if len(set) > 0 {
				if _, err := s.iam.TagPolicy(ctx, &iam.TagPolicyInput{PolicyArn: &id, Tags: iamTags(set)}); err != nil {
					return err
				}
			}
			return nil
		},
		Delete: func(ctx context.Context, s *session, id string, _ *managedPolicy) error {
			versions, err := s.policyVersions(ctx, id)
			if err != nil {
				return err
			}
			for _, v := range versions {
				if !v.IsDefaultVersion {
					if _, err := s.iam.DeletePolicyVersion(ctx, &iam.DeletePolicyVersionInput{PolicyArn: &id, VersionId: v.VersionId}); gone(err) != nil {
						return err
					}
				}
			}
			return s.retry(ctx, func(err error) bool { return code(err) == "DeleteConflict" }, func() error {
				_, err := s.iam.DeletePolicy(ctx, &iam.DeletePolicyInput{PolicyArn: &id})
				return err
			})
		},
	})
}

func (s *session) policyVersions(ctx context.Context, arn string) ([]types.PolicyVersion, error) {
	var all []types.PolicyVersion
	pages := iam.NewListPolicyVersionsPaginator(s.iam, &iam.ListPolicyVersionsInput{PolicyArn: &arn})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		all = append(all, page.Versions...)
	}
	return all, nil
}

// newPolicyVersion makes text the policy's default version. A policy keeps five
// versions: the oldest makes room.
func (s *session) newPolicyVersion(ctx context.Context, arn, text string) error {
	versions, err := s.policyVersions(ctx, arn)
	if err != nil {
		return err
	}
	if len(versions) >= 5 {
		var oldest *types.PolicyVersion
		for i, v := range versions {
			if !v.IsDefaultVersion && (oldest == nil || aws.ToTime(v.CreateDate).Before(aws.ToTime(oldest.CreateDate))) {
				oldest = &versions[i]
			}
		}
		if oldest != nil {
			if _, err := s.iam.DeletePolicyVersion(ctx, &iam.DeletePolicyVersionInput{PolicyArn: &arn, VersionId: oldest.VersionId}); gone(err) != nil {
				return err
			}
		}
	}
	_, err = s.iam.CreatePolicyVersion(ctx, &iam.CreatePolicyVersionInput{PolicyArn: &arn, PolicyDocument: &text, SetAsDefault: true})
	return err
}

type rolePolicyAttachment struct {
	Role      string `prop:"role,required,replace"`
	PolicyARN string `prop:"policyArn,required,replace"`
}

func iamRolePolicyAttachment() handler {
	return of(typed[rolePolicyAttachment]{
		Token: "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
		Create: func(ctx context.Context, s *session, in *rolePolicyAttachment) (string, error) {
			_, err := s.iam.AttachRolePolicy(ctx, &iam.AttachRolePolicyInput{RoleName: &in.Role, PolicyArn: &in.PolicyARN})
			return made(in.Role+"/"+in.PolicyARN, err)
		},
		Read: func(ctx context.Context, s *session, id string, v *rolePolicyAttachment) error {
			if v.Role == "" { // of an import: role/arn
				v.Role, v.PolicyARN, _ = strings.Cut(id, "/")
			}
			pages := iam.NewListAttachedRolePoliciesPaginator(s.iam, &iam.ListAttachedRolePoliciesInput{RoleName: &v.Role})
			for pages.HasMorePages() {
				page, err := pages.NextPage(ctx)
				if err != nil {
					return err
				}
				for _, p := range page.AttachedPolicies {
					if aws.ToString(p.PolicyArn) == v.PolicyARN {
						return nil
					}
				}
			}
			return errGone
		},
		Delete: func(ctx context.Context, s *session, _ string, v *rolePolicyAttachment) error {
			_, err := s.iam.DetachRolePolicy(ctx, &iam.DetachRolePolicyInput{RoleName: &v.Role, PolicyArn: &v.PolicyARN})
			return err
		},
	})
}

// policyText is a policy document as IAM answers it: percent-encoded.
func policyText(encoded *string) (string, error) {
	text, err := url.QueryUnescape(aws.ToString(encoded))
	if err != nil {
		return "", fmt.Errorf("policy document: %w", err)
	}
	return text, nil
}

func iamTags(tags map[string]string) []types.Tag {
	var list []types.Tag
	for _, k := range sortedKeys(tags) {
		list = append(list, types.Tag{Key: aws.String(k), Value: aws.String(tags[k])})
	}
	return list
}

func fromIAMTags(list []types.Tag) map[string]string {
	tags := map[string]string{}
	for _, t := range list {
		tags[aws.ToString(t.Key)] = aws.ToString(t.Value)
	}
	return tags
}
