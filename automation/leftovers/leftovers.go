// Package leftovers finds what there is of a stack in an account without asking
// the stack's state, and deletes it. A CLI that is killed between a creation
// and the note of it leaves a resource that no state knows: only its tags tell
// whose it is.
//
// It finds what the stack tags: through the Resource Groups Tagging API, and,
// because that API does not know them, roles through IAM. What has no tags of
// its own (tables, streams of a log group, targets of a rule, policies of a
// role or bucket) goes with what has.
package leftovers

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/resourcegroupstaggingapi"
	"github.com/aws/aws-sdk-go-v2/service/resourcegroupstaggingapi/types"
)

// Resource is one tagged resource.
type Resource struct {
	ARN  string
	Tags map[string]string
}

// The tags that every resource of the project has, and those of an ephemeral
// stack.
const (
	Project = "Project"
	Stage   = "Stage"
	Expires = "expires"
	Created = "created"
	Run     = "run"
	// Name is the value of Project, and begins the names of roles.
	Name = "crawlerless"
)

// Find lists the project's resources that have all these tags; an empty value
// stands for any. The order is that of [Delete]: what makes data comes before
// what holds it.
func Find(ctx context.Context, c aws.Config, tags map[string]string) ([]Resource, error) {
	want := maps.Clone(tags)
	if want == nil {
		want = map[string]string{}
	}
	want[Project] = Name
	list, err := tagged(ctx, c, want)
	if err != nil {
		return nil, err
	}
	roles, err := roles(ctx, c, want)
	if err != nil {
		return nil, err
	}
	list = append(list, roles...)
	slices.SortFunc(list, func(a, b Resource) int {
		if d := rank(a.ARN) - rank(b.ARN); d != 0 {
			return d
		}
		return strings.Compare(a.ARN, b.ARN)
	})
	return slices.CompactFunc(list, func(a, b Resource) bool { return a.ARN == b.ARN }), nil
}

func tagged(ctx context.Context, c aws.Config, want map[string]string) ([]Resource, error) {
	in := &resourcegroupstaggingapi.GetResourcesInput{}
	for _, key := range slices.Sorted(maps.Keys(want)) {
		filter := types.TagFilter{Key: aws.String(key)}
		if want[key] != "" {
			filter.Values = []string{want[key]}
		}
		in.TagFilters = append(in.TagFilters, filter)
	}
	var list []Resource
	pages := resourcegroupstaggingapi.NewGetResourcesPaginator(resourcegroupstaggingapi.NewFromConfig(c), in)
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("find tagged resources: %w", err)
		}
		for _, m := range page.ResourceTagMappingList {
			r := Resource{ARN: aws.ToString(m.ResourceARN), Tags: map[string]string{}}
			for _, t := range m.Tags {
				r.Tags[aws.ToString(t.Key)] = aws.ToString(t.Value)
			}
			list = append(list, r)
		}
	}
	return list, nil
}

// roles looks through the roles whose names begin as the project's do.
func roles(ctx context.Context, c aws.Config, want map[string]string) ([]Resource, error) {
	client := iam.NewFromConfig(c)
	var list []Resource
	pages := iam.NewListRolesPaginator(client, &iam.ListRolesInput{})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("list the roles: %w", err)
		}
		for _, role := range page.Roles {
			if !strings.HasPrefix(aws.ToString(role.RoleName), Name+"-") {
				continue
			}
			out, err := client.ListRoleTags(ctx, &iam.ListRoleTagsInput{RoleName: role.RoleName})
			if isGone(err) {
				continue
			}
			if err != nil {
				return nil, fmt.Errorf("tags of the role %s: %w", aws.ToString(role.RoleName), err)
			}
			r := Resource{ARN: aws.ToString(role.Arn), Tags: map[string]string{}}
			for _, t := range out.Tags {
				r.Tags[aws.ToString(t.Key)] = aws.ToString(t.Value)
			}
			if has(r.Tags, want) {
				list = append(list, r)
			}
		}
	}
	return list, nil
}

func has(tags, want map[string]string) bool {
	for key, value := range want {
		got, ok := tags[key]
		if !ok || value != "" && got != value {
			return false
		}
	}
	return true
}

// ARNs are the ARNs of resources.
func ARNs(list []Resource) []string {
	arns := make([]string, len(list))
	for i, r := range list {
		arns[i] = r.ARN
	}
	return arns
}
