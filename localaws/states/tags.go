package states

import (
	"context"
	"maps"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"
)

func tagMap(tags []types.Tag) (map[string]string, error) {
	out := make(map[string]string, len(tags))
	for _, t := range tags {
		key := aws.ToString(t.Key)
		if key == "" || len([]rune(key)) > 128 || len([]rune(aws.ToString(t.Value))) > 256 {
			return nil, validation("Invalid tag: '%s'", key)
		}
		out[key] = aws.ToString(t.Value)
	}
	return out, checkTags(out)
}

func checkTags(tags map[string]string) error {
	if len(tags) > 50 {
		return &types.TooManyTags{Message: aws.String("Too many tags: a resource may have 50")}
	}
	return nil
}

// tagged is the machine of a tagging call. Service.mu is held.
func (s *Service) tagged(arn *string) (*machine, error) {
	m, err := s.find(arn)
	if err != nil {
		return nil, &types.ResourceNotFound{Message: aws.String("Resource not found: '" + aws.ToString(arn) + "'"), ResourceName: arn}
	}
	return m, nil
}

func (s *Service) listTags(_ context.Context, in *sfn.ListTagsForResourceInput) (*sfn.ListTagsForResourceOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	m, err := s.tagged(in.ResourceArn)
	if err != nil {
		return nil, err
	}
	out := &sfn.ListTagsForResourceOutput{Tags: []types.Tag{}}
	for _, k := range slices.Sorted(maps.Keys(m.tags)) {
		out.Tags = append(out.Tags, types.Tag{Key: aws.String(k), Value: aws.String(m.tags[k])})
	}
	return out, nil
}

func (s *Service) tagResource(_ context.Context, in *sfn.TagResourceInput) (*sfn.TagResourceOutput, error) {
	added, err := tagMap(in.Tags)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	m, err := s.tagged(in.ResourceArn)
	if err != nil {
		return nil, err
	}
	all := maps.Clone(m.tags)
	maps.Copy(all, added)
	if err := checkTags(all); err != nil {
		return nil, err
	}
	m.tags = all
	return &sfn.TagResourceOutput{}, nil
}

func (s *Service) untagResource(_ context.Context, in *sfn.UntagResourceInput) (*sfn.UntagResourceOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	m, err := s.tagged(in.ResourceArn)
	if err != nil {
		return nil, err
	}
	for _, k := range in.TagKeys {
		delete(m.tags, k)
	}
	return &sfn.UntagResourceOutput{}, nil
}

// Tagged are the tags of every state machine by ARN, for the tagging API.
func (s *Service) Tagged() map[string]map[string]string {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make(map[string]map[string]string, len(s.machines))
	for _, m := range s.machines {
		if len(m.tags) > 0 {
			out[m.arn] = maps.Clone(m.tags)
		}
	}
	return out
}
