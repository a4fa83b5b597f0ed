package iam

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"crawlerless/localaws/wire"
)

// mergeTags sets tags over those that are there. Keys of roles compare without
// case; at most 50.
func mergeTags(have, set []types.Tag) ([]types.Tag, error) {
	out := slices.Clone(have)
	for i, tag := range set {
		key := aws.ToString(tag.Key)
		if strings.HasPrefix(strings.ToLower(key), "aws:") {
			return nil, &types.InvalidInputException{Message: aws.String("System tags cannot be added/updated.")}
		}
		for _, other := range set[:i] {
			if strings.EqualFold(*other.Key, key) {
				return nil, &types.InvalidInputException{Message: aws.String("Duplicate tag keys found. Please note that Tag keys are case insensitive.")}
			}
		}
		if at := slices.IndexFunc(out, func(t types.Tag) bool { return strings.EqualFold(*t.Key, key) }); at >= 0 {
			out[at] = tag
		} else {
			out = append(out, tag)
		}
	}
	if len(out) > 50 {
		return nil, limitExceeded("The number of tags has reached the maximum limit.")
	}
	return out, nil
}

func removeTags(have []types.Tag, keys []string) []types.Tag {
	return slices.DeleteFunc(slices.Clone(have), func(t types.Tag) bool {
		return slices.ContainsFunc(keys, func(k string) bool { return strings.EqualFold(k, *t.Key) })
	})
}

func sortedTags(tags []types.Tag) []types.Tag {
	return slices.SortedFunc(slices.Values(tags), func(a, b types.Tag) int { return cmp.Compare(*a.Key, *b.Key) })
}

func tagKey(t types.Tag) string { return *t.Key }

func (s *Service) tagRole(_ context.Context, in *iam.TagRoleInput) (*iam.TagRoleOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, err := s.find(in.RoleName)
	if err != nil {
		return nil, err
	}
	tags, err := mergeTags(r.Tags, in.Tags)
	if err == nil {
		r.Tags = tags
	}
	return nil, err
}

func (s *Service) untagRole(_ context.Context, in *iam.UntagRoleInput) (*iam.UntagRoleOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, err := s.find(in.RoleName)
	if err == nil {
		r.Tags = removeTags(r.Tags, in.TagKeys)
	}
	return nil, err
}

func (s *Service) listRoleTags(_ context.Context, in *iam.ListRoleTagsInput) (*iam.ListRoleTagsOutput, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	r, err := s.find(in.RoleName)
	if err != nil {
		return nil, err
	}
	tags, marker, truncated, err := page(sortedTags(r.Tags), tagKey, in.Marker, in.MaxItems)
	return &iam.ListRoleTagsOutput{Tags: tags, Marker: marker, IsTruncated: truncated}, err
}

func (s *Service) tagPolicy(_ context.Context, in *iam.TagPolicyInput) (*iam.TagPolicyOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p, err := s.customer(in.PolicyArn)
	if err != nil {
		return nil, err
	}
	tags, err := mergeTags(p.Tags, in.Tags)
	if err == nil {
		p.Tags = tags
	}
	return nil, err
}

func (s *Service) untagPolicy(_ context.Context, in *iam.UntagPolicyInput) (*iam.UntagPolicyOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p, err := s.customer(in.PolicyArn)
	if err == nil {
		p.Tags = removeTags(p.Tags, in.TagKeys)
	}
	return nil, err
}

func (s *Service) listPolicyTags(_ context.Context, in *iam.ListPolicyTagsInput) (*iam.ListPolicyTagsOutput, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	p, err := s.findPolicy(in.PolicyArn)
	if err != nil {
		return nil, err
	}
	tags, marker, truncated, err := page(sortedTags(p.Tags), tagKey, in.Marker, in.MaxItems)
	return &iam.ListPolicyTagsOutput{Tags: tags, Marker: marker, IsTruncated: truncated}, err
}

// Tagged are the roles and policies that carry tags, for the tagging API:
// ARN -> key -> value.
func (s *Service) Tagged() map[string]map[string]string {
	s.mu.RLock()
	defer s.mu.RUnlock()
	out := map[string]map[string]string{}
	add := func(arn string, tags []types.Tag) {
		if len(tags) == 0 {
			return
		}
		out[arn] = map[string]string{}
		for _, t := range tags {
			out[arn][*t.Key] = aws.ToString(t.Value)
		}
	}
	for _, r := range s.roles {
		add(*r.Arn, r.Tags)
	}
	for arn, p := range s.managed {
		add(arn, p.Tags)
	}
	return out
}

var _ wire.Identity = (*Service)(nil)
