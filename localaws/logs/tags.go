package logs

import (
	"context"
	"fmt"
	"maps"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"

	"crawlerless/localaws/wire"
)

// maxTags is how many tags a log group may have.
const maxTags = 50

func (s *Service) tagOperations() []wire.Operation {
	// Only these are evaluated on the ARN without the trailing ":*".
	on := func(action string, arn *string) []wire.Access {
		return []wire.Access{{Action: action, Resource: aws.ToString(arn)}}
	}
	return []wire.Operation{
		wire.Op("TagResource", s.tagResource, func(in *cloudwatchlogs.TagResourceInput) []wire.Access {
			return on("TagResource", in.ResourceArn)
		}, "ResourceArn", "Tags"),
		wire.Op("UntagResource", s.untagResource, func(in *cloudwatchlogs.UntagResourceInput) []wire.Access {
			return on("UntagResource", in.ResourceArn)
		}, "ResourceArn", "TagKeys"),
		wire.Op("ListTagsForResource", s.listTagsForResource, func(in *cloudwatchlogs.ListTagsForResourceInput) []wire.Access {
			return on("ListTagsForResource", in.ResourceArn)
		}, "ResourceArn"),
	}
}

// addTags checks tags and adds them to those that are there.
func addTags(have, add map[string]string) error {
	for key := range add {
		if strings.HasPrefix(strings.ToLower(key), "aws:") {
			return invalid("aws: prefixed tag key names are not allowed for external use.")
		}
	}
	joined := maps.Clone(have)
	if joined == nil {
		joined = map[string]string{}
	}
	maps.Copy(joined, add)
	if len(joined) > maxTags {
		return &types.TooManyTagsException{Message: aws.String(fmt.Sprintf("Too many tags: a resource can have no more than %d.", maxTags))}
	}
	maps.Copy(have, add)
	return nil
}

// tagged finds the group of a resource ARN; s.mu is held.
func (s *Service) tagged(arn *string) (*group, error) {
	name, found := strings.CutPrefix(aws.ToString(arn), s.groupARN(""))
	if !found {
		if strings.Contains(aws.ToString(arn), ":destination:") {
			return nil, wire.NotImplemented("tags of logs destinations")
		}
		return nil, invalid("Invalid resource ARN: %s", aws.ToString(arn))
	}
	if g, ok := s.groups[name]; ok {
		return g, nil
	}
	return nil, &types.ResourceNotFoundException{Message: aws.String("The specified resource does not exist.")}
}

func (s *Service) tagResource(_ context.Context, in *cloudwatchlogs.TagResourceInput) (*cloudwatchlogs.TagResourceOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	g, err := s.tagged(in.ResourceArn)
	if err != nil {
		return nil, err
	}
	return &cloudwatchlogs.TagResourceOutput{}, addTags(g.tags, in.Tags)
}

func (s *Service) untagResource(_ context.Context, in *cloudwatchlogs.UntagResourceInput) (*cloudwatchlogs.UntagResourceOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	g, err := s.tagged(in.ResourceArn)
	if err != nil {
		return nil, err
	}
	for _, key := range in.TagKeys {
		delete(g.tags, key)
	}
	return &cloudwatchlogs.UntagResourceOutput{}, nil
}

func (s *Service) listTagsForResource(_ context.Context, in *cloudwatchlogs.ListTagsForResourceInput) (*cloudwatchlogs.ListTagsForResourceOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	g, err := s.tagged(in.ResourceArn)
	if err != nil {
		return nil, err
	}
	return &cloudwatchlogs.ListTagsForResourceOutput{Tags: maps.Clone(g.tags)}, nil
}
