package glue

import (
	"context"
	"fmt"
	"maps"
	"strings"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/service/glue"
)

// maxTags is the number of tags that one resource can have.
const maxTags = 50

func checkTags(tags map[string]string) error {
	if len(tags) > maxTags {
		return invalid(fmt.Sprintf("Number of tags %d exceeds the limit of %d.", len(tags), maxTags))
	}
	for k, v := range tags {
		switch {
		case k == "" || utf8.RuneCountInString(k) > 128:
			return invalid("Tag key must have a length between 1 and 128: '" + k + "'.")
		case strings.HasPrefix(strings.ToLower(k), "aws:"):
			return invalid("Tag key must not begin with aws: '" + k + "'.")
		case utf8.RuneCountInString(v) > 256:
			return invalid("Tag value must have a length of at most 256: key '" + k + "'.")
		}
	}
	return nil
}

// taggable checks that arn names a database or table that exists; s.mu is held.
// The result is the ARN as the catalog spells it.
func (s *Service) taggable(arn *string) (string, error) {
	resource, ok := strings.CutPrefix(*arn, s.env.ARN("glue", ""))
	if !ok {
		return "", invalid("Invalid ARN: " + *arn)
	}
	kind, name, _ := strings.Cut(resource, "/")
	switch kind {
	case "database":
		if _, err := s.findDatabase(name); err != nil {
			return "", err
		}
		return s.databaseARN(name), nil
	case "table":
		database, table, ok := strings.Cut(name, "/")
		if !ok {
			return "", invalid("Invalid ARN: " + *arn)
		}
		if _, err := s.findTable(database, table); err != nil {
			return "", err
		}
		return s.tableARN(database, table), nil
	}
	return "", notFound("Resource not found: " + *arn)
}

func (s *Service) tagResource(_ context.Context, in *glue.TagResourceInput) (*glue.TagResourceOutput, error) {
	if err := checkTags(in.TagsToAdd); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	arn, err := s.taggable(in.ResourceArn)
	if err != nil {
		return nil, err
	}
	tags := maps.Clone(s.tags[arn])
	if tags == nil {
		tags = map[string]string{}
	}
	maps.Copy(tags, in.TagsToAdd)
	if err := checkTags(tags); err != nil {
		return nil, err
	}
	s.tags[arn] = tags
	return &glue.TagResourceOutput{}, nil
}

func (s *Service) untagResource(_ context.Context, in *glue.UntagResourceInput) (*glue.UntagResourceOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	arn, err := s.taggable(in.ResourceArn)
	if err != nil {
		return nil, err
	}
	for _, key := range in.TagsToRemove {
		delete(s.tags[arn], key)
	}
	return &glue.UntagResourceOutput{}, nil
}

func (s *Service) getTags(_ context.Context, in *glue.GetTagsInput) (*glue.GetTagsOutput, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	arn, err := s.taggable(in.ResourceArn)
	if err != nil {
		return nil, err
	}
	tags := map[string]string{}
	maps.Copy(tags, s.tags[arn])
	return &glue.GetTagsOutput{Tags: tags}, nil
}
