package lambda

import (
	"context"
	"maps"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/lambda"
)

const maxTags = 50

func checkTags(tags map[string]string) error {
	if len(tags) > maxTags {
		return invalid("Number of tags exceeds resource tag limit.")
	}
	for k, v := range tags {
		switch {
		case k == "" || len(k) > 128:
			return invalid("Tag keys must be 1 to 128 characters long: %q", k)
		case len(v) > 256:
			return invalid("The value of tag %q is longer than 256 characters.", k)
		case strings.HasPrefix(strings.ToLower(k), "aws:"):
			return invalid("System tags cannot be added/updated by requester: %q", k)
		}
	}
	return nil
}

// tagged is the function of a tagging call, which names it by its ARN.
func (s *Service) tagged(arn *string) (*function, error) {
	text := aws.ToString(arn)
	r, ok := parseReference(text)
	switch {
	case !ok || !strings.HasPrefix(text, "arn:"):
		return nil, validation("Value '%s' at 'resource' failed to satisfy constraint: Member must satisfy regular expression pattern: "+
			`arn:(aws[a-zA-Z-]*):lambda:[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\d{1}:\d{12}:function:[a-zA-Z0-9-_]+(:(\$LATEST|[a-zA-Z0-9-_]+))?`, text)
	case r.qualifier != "":
		return nil, invalid("Tags on function aliases and versions are not supported. Please specify a function ARN.")
	}
	return s.lookup(arn, nil)
}

func (s *Service) listTags(_ context.Context, in *sdk.ListTagsInput) (*sdk.ListTagsOutput, error) {
	f, err := s.tagged(in.Resource)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	tags := maps.Clone(f.tags)
	if tags == nil {
		tags = map[string]string{}
	}
	return &sdk.ListTagsOutput{Tags: tags}, nil
}

func (s *Service) tagResource(_ context.Context, in *sdk.TagResourceInput) (*sdk.TagResourceOutput, error) {
	f, err := s.tagged(in.Resource)
	if err != nil {
		return nil, err
	}
	if len(in.Tags) == 0 {
		return nil, invalid("An error occurred and the request cannot be processed.")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	all := maps.Clone(f.tags)
	if all == nil {
		all = make(map[string]string)
	}
	maps.Copy(all, in.Tags)
	if err := checkTags(all); err != nil {
		return nil, err
	}
	f.tags = all
	return &sdk.TagResourceOutput{}, nil
}

func (s *Service) untagResource(_ context.Context, in *sdk.UntagResourceInput) (*sdk.UntagResourceOutput, error) {
	f, err := s.tagged(in.Resource)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	rest := maps.Clone(f.tags)
	for _, k := range in.TagKeys {
		delete(rest, k)
	}
	f.tags = rest
	return &sdk.UntagResourceOutput{}, nil
}

// Tagged are the tags of every function by ARN, for the tagging API.
func (s *Service) Tagged() map[string]map[string]string {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make(map[string]map[string]string, len(s.functions))
	for _, f := range s.functions {
		out[f.arn] = maps.Clone(f.tags)
	}
	return out
}
