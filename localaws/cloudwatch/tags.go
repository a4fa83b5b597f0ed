package cloudwatch

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
)

func mergeTags(have map[string]string, set []types.Tag) (map[string]string, error) {
	out := map[string]string{}
	maps.Copy(out, have)
	for _, tag := range set {
		key, value := aws.ToString(tag.Key), aws.ToString(tag.Value)
		if strings.HasPrefix(strings.ToLower(key), "aws:") {
			return nil, invalid("The tag %q is invalid.", key)
		}
		out[key] = value
	}
	if len(out) > 50 {
		return nil, invalid("The number of tags must not be greater than 50.")
	}
	return out, nil
}

// tagsOf are the tags of an alarm or dashboard, to be replaced in place. s.mu
// is held.
func (s *Service) tagsOf(arn *string) (*map[string]string, error) {
	if name, ok := strings.CutPrefix(aws.ToString(arn), s.alarmARN("")); ok && s.alarms[name] != nil {
		return &s.alarms[name].tags, nil
	}
	if name, ok := strings.CutPrefix(aws.ToString(arn), s.dashboardARN("")); ok && s.dashboards[name] != nil {
		return &s.dashboards[name].tags, nil
	}
	return nil, &types.ResourceNotFoundException{Message: aws.String("Resource " + aws.ToString(arn) + " does not exist"), ResourceId: arn}
}

func (s *Service) tagResource(_ context.Context, in *cloudwatch.TagResourceInput) (*cloudwatch.TagResourceOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	tags, err := s.tagsOf(in.ResourceARN)
	if err != nil {
		return nil, err
	}
	merged, err := mergeTags(*tags, in.Tags)
	if err == nil {
		*tags = merged
	}
	return nil, err
}

func (s *Service) untagResource(_ context.Context, in *cloudwatch.UntagResourceInput) (*cloudwatch.UntagResourceOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	tags, err := s.tagsOf(in.ResourceARN)
	if err == nil {
		maps.DeleteFunc(*tags, func(key, _ string) bool { return slices.Contains(in.TagKeys, key) })
	}
	return nil, err
}

func (s *Service) listTagsForResource(_ context.Context, in *cloudwatch.ListTagsForResourceInput) (*cloudwatch.ListTagsForResourceOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	tags, err := s.tagsOf(in.ResourceARN)
	if err != nil {
		return nil, err
	}
	out := &cloudwatch.ListTagsForResourceOutput{Tags: []types.Tag{}}
	for _, key := range slices.Sorted(maps.Keys(*tags)) {
		out.Tags = append(out.Tags, types.Tag{Key: aws.String(key), Value: aws.String((*tags)[key])})
	}
	return out, nil
}

// Tagged are the alarms and dashboards that carry tags: ARN -> key -> value.
func (s *Service) Tagged() map[string]map[string]string {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := map[string]map[string]string{}
	for name, a := range s.alarms {
		if len(a.tags) > 0 {
			out[s.alarmARN(name)] = maps.Clone(a.tags)
		}
	}
	for name, d := range s.dashboards {
		if len(d.tags) > 0 {
			out[s.dashboardARN(name)] = maps.Clone(d.tags)
		}
	}
	return out
}
