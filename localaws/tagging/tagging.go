// Package tagging is the AWS Resource Groups Tagging API: it finds resources by
// their tags across services.
//
// It asks each service that can tell its tagged resources (see [Source]), at the
// moment of the call. It does not write tags (every service has its own calls
// for that), and knows no tag policies.
package tagging

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	tagging "github.com/aws/aws-sdk-go-v2/service/resourcegroupstaggingapi"
	"github.com/aws/aws-sdk-go-v2/service/resourcegroupstaggingapi/types"

	"crawlerless/localaws/wire"
)

// Source is a service whose resources carry tags.
type Source interface {
	// Tagged are its tagged resources: ARN -> tag key -> value.
	Tagged() map[string]map[string]string
}

// Service answers for all sources.
type Service struct{ sources func() []Source }

// New returns a service that asks the sources at each call.
func New(sources func() []Source) *Service { return &Service{sources} }

// Wire describes the API.
func (s *Service) Wire() wire.Service {
	return wire.Service{
		Name: "tagging", Action: "tag", Target: "ResourceGroupsTaggingAPI_20170126", Protocol: wire.JSON11,
		Constraints: constraints,
		Operations: []wire.Operation{
			wire.Op("GetResources", s.getResources, nil, "ResourceARNList", "ResourceTypeFilters", "ResourcesPerPage", "TagFilters", "TagsPerPage", "PaginationToken"),
			wire.Op("GetTagKeys", s.getTagKeys, nil, "PaginationToken"),
			wire.Op("GetTagValues", s.getTagValues, nil, "Key", "PaginationToken"),
		},
	}
}

// resource is one tagged resource.
type resource struct {
	arn  string
	tags map[string]string
}

func (s *Service) all() []resource {
	byARN := map[string]map[string]string{}
	for _, source := range s.sources() {
		maps.Copy(byARN, source.Tagged())
	}
	var out []resource
	for _, arn := range slices.Sorted(maps.Keys(byARN)) {
		out = append(out, resource{arn, byARN[arn]})
	}
	return out
}

func invalid(format string, args ...any) error {
	return &types.InvalidParameterException{Message: aws.String(fmt.Sprintf(format, args...))}
}

func (s *Service) getResources(_ context.Context, in *tagging.GetResourcesInput) (*tagging.GetResourcesOutput, error) {
	if len(in.ResourceARNList) > 0 && (len(in.TagFilters) > 0 || len(in.ResourceTypeFilters) > 0 || in.ResourcesPerPage != nil) {
		return nil, invalid("ResourceARNList cannot be used with TagFilters, ResourceTypeFilters or ResourcesPerPage.")
	}
	limit := int(cmp.Or(aws.ToInt32(in.ResourcesPerPage), 50))
	if limit < 1 || limit > 100 {
		return nil, invalid("ResourcesPerPage must be between 1 and 100.")
	}
	if n := in.TagsPerPage; n != nil && (*n < 100 || *n > 500 || *n%100 != 0) {
		return nil, invalid("TagsPerPage must be 100, 200, 300, 400 or 500.")
	}
	for _, f := range in.TagFilters {
		if aws.ToString(f.Key) == "" {
			return nil, invalid("A tag filter needs a key.")
		}
	}
	out := &tagging.GetResourcesOutput{ResourceTagMappingList: []types.ResourceTagMapping{}, PaginationToken: aws.String("")}
	tagsLeft := int(cmp.Or(aws.ToInt32(in.TagsPerPage), 500))
	last := ""
	for _, r := range s.all() {
		if r.arn <= aws.ToString(in.PaginationToken) || !wanted(r, in) {
			continue
		}
		if len(out.ResourceTagMappingList) == limit || tagsLeft < len(r.tags) && last != "" {
			out.PaginationToken = aws.String(last)
			return out, nil
		}
		mapping := types.ResourceTagMapping{ResourceARN: aws.String(r.arn), Tags: []types.Tag{}}
		for _, key := range slices.Sorted(maps.Keys(r.tags)) {
			mapping.Tags = append(mapping.Tags, types.Tag{Key: aws.String(key), Value: aws.String(r.tags[key])})
		}
		out.ResourceTagMappingList = append(out.ResourceTagMappingList, mapping)
		last = r.arn
		tagsLeft -= len(r.tags)
	}
	return out, nil
}

func wanted(r resource, in *tagging.GetResourcesInput) bool {
	if len(in.ResourceARNList) > 0 && !slices.Contains(in.ResourceARNList, r.arn) {
		return false
	}
	if len(in.ResourceTypeFilters) > 0 && !slices.ContainsFunc(in.ResourceTypeFilters, func(filter string) bool { return isType(r.arn, filter) }) {
		return false
	}
	for _, f := range in.TagFilters { // all of them; of one, any value
		value, ok := r.tags[*f.Key]
		if !ok || len(f.Values) > 0 && !slices.Contains(f.Values, value) {
			return false
		}
	}
	return true
}

// isType compares an ARN with a filter "service" or "service:type".
func isType(arn, filter string) bool {
	parts := strings.SplitN(arn, ":", 6)
	service, typ, hasType := strings.Cut(filter, ":")
	if len(parts) != 6 || parts[2] != service {
		return false
	}
	kind, _, _ := strings.Cut(strings.ReplaceAll(parts[5], "/", ":"), ":")
	if !hasType {
		return true
	}
	// Buckets and queues have no type in their ARN.
	return kind == typ || !strings.ContainsAny(parts[5], ":/") && (service == "s3" && typ == "bucket" || service == "sqs" && typ == "queue")
}

func (s *Service) getTagKeys(_ context.Context, in *tagging.GetTagKeysInput) (*tagging.GetTagKeysOutput, error) {
	if aws.ToString(in.PaginationToken) != "" {
		return nil, &types.PaginationTokenExpiredException{Message: aws.String("The pagination token is not valid.")}
	}
	keys := map[string]bool{}
	for _, r := range s.all() {
		for key := range r.tags {
			keys[key] = true
		}
	}
	return &tagging.GetTagKeysOutput{TagKeys: append([]string{}, slices.Sorted(maps.Keys(keys))...), PaginationToken: aws.String("")}, nil
}

func (s *Service) getTagValues(_ context.Context, in *tagging.GetTagValuesInput) (*tagging.GetTagValuesOutput, error) {
	if aws.ToString(in.PaginationToken) != "" {
		return nil, &types.PaginationTokenExpiredException{Message: aws.String("The pagination token is not valid.")}
	}
	values := map[string]bool{}
	for _, r := range s.all() {
		if value, ok := r.tags[aws.ToString(in.Key)]; ok {
			values[value] = true
		}
	}
	return &tagging.GetTagValuesOutput{TagValues: append([]string{}, slices.Sorted(maps.Keys(values))...), PaginationToken: aws.String("")}, nil
}
