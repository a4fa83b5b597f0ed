package logs

import (
	"context"
	"maps"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"

	"crawlerless/localaws/wire"
)

// legacyTagOperations are tags by the group's name instead of its ARN.
func (s *Service) legacyTagOperations() []wire.Operation {
	return []wire.Operation{
		wire.Op("TagLogGroup", s.tagLogGroup, func(in *cloudwatchlogs.TagLogGroupInput) []wire.Access {
			return s.onGroup("TagLogGroup", aws.ToString(in.LogGroupName))
		}, "LogGroupName", "Tags"),
		wire.Op("UntagLogGroup", s.untagLogGroup, func(in *cloudwatchlogs.UntagLogGroupInput) []wire.Access {
			return s.onGroup("UntagLogGroup", aws.ToString(in.LogGroupName))
		}, "LogGroupName", "Tags"),
		wire.Op("ListTagsLogGroup", s.listTagsLogGroup, func(in *cloudwatchlogs.ListTagsLogGroupInput) []wire.Access {
			return s.onGroup("ListTagsLogGroup", aws.ToString(in.LogGroupName))
		}, "LogGroupName"),
	}
}

func (s *Service) tagLogGroup(_ context.Context, in *cloudwatchlogs.TagLogGroupInput) (*cloudwatchlogs.TagLogGroupOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	g, err := s.find(aws.ToString(in.LogGroupName))
	if err != nil {
		return nil, err
	}
	return &cloudwatchlogs.TagLogGroupOutput{}, addTags(g.tags, in.Tags)
}

func (s *Service) untagLogGroup(_ context.Context, in *cloudwatchlogs.UntagLogGroupInput) (*cloudwatchlogs.UntagLogGroupOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	g, err := s.find(aws.ToString(in.LogGroupName))
	if err != nil {
		return nil, err
	}
	for _, key := range in.Tags {
		delete(g.tags, key)
	}
	return &cloudwatchlogs.UntagLogGroupOutput{}, nil
}

func (s *Service) listTagsLogGroup(_ context.Context, in *cloudwatchlogs.ListTagsLogGroupInput) (*cloudwatchlogs.ListTagsLogGroupOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	g, err := s.find(aws.ToString(in.LogGroupName))
	if err != nil {
		return nil, err
	}
	return &cloudwatchlogs.ListTagsLogGroupOutput{Tags: maps.Clone(g.tags)}, nil
}
