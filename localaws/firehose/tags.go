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

	"crawlerless/localaws/wire"
)

// maxTags is how many tags a stream may have.
const maxTags = 50

// addTags checks tags and adds them to those that are there.
func addTags(have map[string]string, add []types.Tag) error {
	joined := maps.Clone(have)
	for i, tag := range add {
		member := fmt.Sprintf("tags.%d.member.", i+1)
		key, value := aws.ToString(tag.Key), aws.ToString(tag.Value)
		switch {
		case tag.Key == nil:
			return missing(member + "key")
		case key == "" || len([]rune(key)) > 128:
			return constraint(key, member+"key", wire.LengthRule(len([]rune(key)), 1, 128))
		case len([]rune(value)) > 256:
			return constraint(value, member+"value", "have length less than or equal to 256")
		case strings.HasPrefix(strings.ToLower(key), "aws:"):
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
	if len(in.Tags) == 0 {
		return nil, constraint("[]", "tags", "have length greater than or equal to 1")
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
	if len(in.TagKeys) == 0 {
		return nil, constraint("[]", "tagKeys", "have length greater than or equal to 1")
	}
	for _, key := range in.TagKeys {
		delete(st.tags, key)
	}
	return &firehose.UntagDeliveryStreamOutput{}, nil
}

func (s *Service) listTagsForDeliveryStream(_ context.Context, in *firehose.ListTagsForDeliveryStreamInput) (*firehose.ListTagsForDeliveryStreamOutput, error) {
	if err := checkLimit(in.Limit, maxTags); err != nil {
		return nil, err
	}
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
