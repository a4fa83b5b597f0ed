package firehose

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/firehose"
	"github.com/aws/aws-sdk-go-v2/service/firehose/types"
)

// maxTags is how many tags a stream may have.
const maxTags = 50

// addTags checks tags and adds them to those that are there.
func addTags(have map[string]string, add []types.Tag) error {
	joined := maps.Clone(have)
	for _, tag := range add {
		key, value := aws.ToString(tag.Key), aws.ToString(tag.Value)
		if strings.HasPrefix(strings.ToLower(key), "aws:") {
			return invalid("aws: prefixed tag key names are not allowed for external use.")
		}
		joined[key] = value
	}
	if len(joined) > maxTags {
		return &types.LimitExceededException{Message: aws.String(fmt.Sprintf("A delivery stream can have at most %d tags.", maxTags))}
	}
	maps.Copy(have, joined)
	return nil
}

func (s *Service) tagDeliveryStream(_ context.Context, in *firehose.TagDeliveryStreamInput) (*firehose.TagDeliveryStreamOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	st, err := s.find(in.DeliveryStreamName)
	if err != nil {
		return nil, err
	}
	return &firehose.TagDeliveryStreamOutput{}, addTags(st.tags, in.Tags)
}

func (s *Service) untagDeliveryStream(_ context.Context, in *firehose.UntagDeliveryStreamInput) (*firehose.UntagDeliveryStreamOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	st, err := s.find(in.DeliveryStreamName)
	if err != nil {
		return nil, err
	}
	for _, key := range in.TagKeys {
		delete(st.tags, key)
	}
	return &firehose.UntagDeliveryStreamOutput{}, nil
}

func (s *Service) listTagsForDeliveryStream(_ context.Context, in *firehose.ListTagsForDeliveryStreamInput) (*firehose.ListTagsForDeliveryStreamOutput, error) {
	size := maxTags
	if in.Limit != nil {
		size = int(*in.Limit)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	st, err := s.find(in.DeliveryStreamName)
	if err != nil {
		return nil, err
	}
	out := &firehose.ListTagsForDeliveryStreamOutput{Tags: []types.Tag{}, HasMoreTags: aws.Bool(false)}
	for _, key := range slices.Sorted(maps.Keys(st.tags)) {
		if key <= aws.ToString(in.ExclusiveStartTagKey) {
			continue
		}
		if len(out.Tags) == size {
			out.HasMoreTags = aws.Bool(true)
			break
		}
		out.Tags = append(out.Tags, types.Tag{Key: aws.String(key), Value: aws.String(st.tags[key])})
	}
	return out, nil
}
