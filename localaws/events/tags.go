package events

import (
	"context"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
)

// maxTags is the most tags of one rule.
const maxTags = 50

func checkTags(tags []types.Tag) error {
	seen := map[string]bool{}
	for _, t := range tags {
		key := aws.ToString(t.Key)
		switch {
		case key == "" || len(key) > 128 || len(aws.ToString(t.Value)) > 256:
			return invalid("1 validation error detected: Value at 'tags' failed to satisfy constraint: Member must have length between 1 and 128")
		case strings.HasPrefix(strings.ToLower(key), "aws:"):
			return invalid("Invalid tag key: aws: prefixed tag key names are not allowed for external use.")
		case seen[key]:
			return invalid("Duplicate tag keys found. Please note that Tag keys are case insensitive.")
		}
		seen[key] = true
	}
	if len(tags) > maxTags {
		return &types.LimitExceededException{Message: aws.String("The request exceeds the maximum number of tags per resource.")}
	}
	return nil
}

// tagged is the name of the rule that an ARN names.
func (s *Service) tagged(arn *string) (*string, error) {
	name, ok := strings.CutPrefix(aws.ToString(arn), s.ruleARN(""))
	if !ok {
		return nil, invalid("Parameter ResourceARN is not valid. Reason: Provided Arn is not in correct format.")
	}
	name = strings.TrimPrefix(name, defaultBus+"/")
	return &name, nil
}

func (s *Service) tagResource(_ context.Context, in *eventbridge.TagResourceInput) (*eventbridge.TagResourceOutput, error) {
	name, err := s.tagged(in.ResourceARN)
	if err != nil {
		return nil, err
	}
	if err := checkTags(in.Tags); err != nil {
		return nil, err
	}
	var full error
	err = s.change(name, nil, func(r *rule) {
		merged := slices.Clone(r.tags)
		for _, t := range in.Tags {
			merged = slices.DeleteFunc(merged, func(old types.Tag) bool { return *old.Key == *t.Key })
			merged = append(merged, t)
		}
		if full = checkTags(merged); full == nil {
			r.tags = merged
		}
	})
	if err == nil {
		err = full
	}
	return &eventbridge.TagResourceOutput{}, err
}

func (s *Service) untagResource(_ context.Context, in *eventbridge.UntagResourceInput) (*eventbridge.UntagResourceOutput, error) {
	name, err := s.tagged(in.ResourceARN)
	if err != nil {
		return nil, err
	}
	return &eventbridge.UntagResourceOutput{}, s.change(name, nil, func(r *rule) {
		r.tags = slices.DeleteFunc(slices.Clone(r.tags), func(t types.Tag) bool { return slices.Contains(in.TagKeys, *t.Key) })
	})
}

func (s *Service) listTagsForResource(_ context.Context, in *eventbridge.ListTagsForResourceInput) (*eventbridge.ListTagsForResourceOutput, error) {
	name, err := s.tagged(in.ResourceARN)
	if err != nil {
		return nil, err
	}
	r, err := s.find(name, nil)
	if err != nil {
		return nil, err
	}
	return &eventbridge.ListTagsForResourceOutput{Tags: append([]types.Tag{}, r.tags...)}, nil
}

// Tagged are the rules that carry tags: ARN -> tag key -> value.
func (s *Service) Tagged() map[string]map[string]string {
	found := map[string]map[string]string{}
	for _, r := range s.sorted() {
		if len(r.tags) == 0 {
			continue
		}
		of := map[string]string{}
		for _, t := range r.tags {
			of[*t.Key] = aws.ToString(t.Value)
		}
		found[r.arn] = of
	}
	return found
}
