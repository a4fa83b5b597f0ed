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

// editTags gives edit the tags of the resource that an ARN names, a rule or the
// bus, and keeps what it returns.
func (s *Service) editTags(arn *string, edit func([]types.Tag) ([]types.Tag, error)) error {
	text := aws.ToString(arn)
	s.mu.Lock()
	defer s.mu.Unlock()
	if bus, ok := strings.CutPrefix(text, s.env.ARN("events", "event-bus/")); ok {
		if err := s.bus(&bus); err != nil {
			return err
		}
		tags, err := edit(s.busTags)
		if err == nil {
			s.busTags = tags
		}
		return err
	}
	name, ok := strings.CutPrefix(text, s.ruleARN(""))
	if !ok {
		return invalid("Parameter ResourceARN is not valid. Reason: Provided Arn is not in correct format.")
	}
	old := s.rules[name]
	if old == nil {
		return noRule(&name)
	}
	tags, err := edit(old.tags)
	if err != nil {
		return err
	}
	changed := *old
	changed.tags = tags
	s.rules[name] = &changed
	return nil
}

func (s *Service) tagResource(_ context.Context, in *eventbridge.TagResourceInput) (*eventbridge.TagResourceOutput, error) {
	if err := checkTags(in.Tags); err != nil {
		return nil, err
	}
	return &eventbridge.TagResourceOutput{}, s.editTags(in.ResourceARN, func(tags []types.Tag) ([]types.Tag, error) {
		merged := slices.Clone(tags)
		for _, t := range in.Tags {
			merged = slices.DeleteFunc(merged, func(old types.Tag) bool { return *old.Key == *t.Key })
			merged = append(merged, t)
		}
		return merged, checkTags(merged)
	})
}

func (s *Service) untagResource(_ context.Context, in *eventbridge.UntagResourceInput) (*eventbridge.UntagResourceOutput, error) {
	return &eventbridge.UntagResourceOutput{}, s.editTags(in.ResourceARN, func(tags []types.Tag) ([]types.Tag, error) {
		return slices.DeleteFunc(slices.Clone(tags), func(t types.Tag) bool { return slices.Contains(in.TagKeys, *t.Key) }), nil
	})
}

func (s *Service) listTagsForResource(_ context.Context, in *eventbridge.ListTagsForResourceInput) (*eventbridge.ListTagsForResourceOutput, error) {
	out := &eventbridge.ListTagsForResourceOutput{}
	return out, s.editTags(in.ResourceARN, func(tags []types.Tag) ([]types.Tag, error) {
		out.Tags = append([]types.Tag{}, tags...)
		return tags, nil
	})
}

// Tagged are the rules that carry tags, and the bus: ARN -> tag key -> value.
func (s *Service) Tagged() map[string]map[string]string {
	found := map[string]map[string]string{}
	add := func(arn string, tags []types.Tag) {
		for _, t := range tags {
			if found[arn] == nil {
				found[arn] = map[string]string{}
			}
			found[arn][*t.Key] = aws.ToString(t.Value)
		}
	}
	for _, r := range s.sorted() {
		add(r.arn, r.tags)
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	add(s.busARN(), s.busTags)
	return found
}
