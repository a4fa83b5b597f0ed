package logs

import (
	"cmp"
	"context"
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"

	"crawlerless/localaws/wire"
)

func (s *Service) groupOperations() []wire.Operation {
	return []wire.Operation{
		wire.Op("CreateLogGroup", s.createLogGroup, func(in *cloudwatchlogs.CreateLogGroupInput) []wire.Access {
			need := s.onGroup("CreateLogGroup", aws.ToString(in.LogGroupName))
			if len(in.Tags) > 0 {
				need = append(need, wire.Access{Action: "TagResource", Resource: s.groupARN(aws.ToString(in.LogGroupName))})
			}
			return need
		}, "LogGroupName", "LogGroupClass", "Tags", "DeletionProtectionEnabled"),
		wire.Op("DeleteLogGroup", s.deleteLogGroup, func(in *cloudwatchlogs.DeleteLogGroupInput) []wire.Access {
			return s.onGroup("DeleteLogGroup", aws.ToString(in.LogGroupName))
		}, "LogGroupName"),
		wire.Op("DescribeLogGroups", s.describeLogGroups, func(*cloudwatchlogs.DescribeLogGroupsInput) []wire.Access {
			return s.onGroup("DescribeLogGroups", "")
		}, "LogGroupNamePrefix", "LogGroupNamePattern", "LogGroupClass", "LogGroupIdentifiers", "Limit", "NextToken"),
		wire.Op("PutRetentionPolicy", s.putRetentionPolicy, func(in *cloudwatchlogs.PutRetentionPolicyInput) []wire.Access {
			return s.onGroup("PutRetentionPolicy", aws.ToString(in.LogGroupName))
		}, "LogGroupName", "RetentionInDays"),
		wire.Op("DeleteRetentionPolicy", s.deleteRetentionPolicy, func(in *cloudwatchlogs.DeleteRetentionPolicyInput) []wire.Access {
			return s.onGroup("DeleteRetentionPolicy", aws.ToString(in.LogGroupName))
		}, "LogGroupName"),
	}
}

func (s *Service) createLogGroup(_ context.Context, in *cloudwatchlogs.CreateLogGroupInput) (*cloudwatchlogs.CreateLogGroupOutput, error) {
	name := aws.ToString(in.LogGroupName)
	if err := checkLength(&name); err != nil {
		return nil, err
	}
	if aws.ToBool(in.DeletionProtectionEnabled) {
		return nil, wire.NotImplemented("deletion protection of log groups")
	}
	class := cmp.Or(in.LogGroupClass, types.LogGroupClassStandard)
	if class != types.LogGroupClassStandard && class != types.LogGroupClassInfrequentAccess {
		return nil, wire.NotImplemented("log group class " + string(class))
	}
	tags := map[string]string{}
	if err := addTags(tags, in.Tags); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, exists := s.groups[name]; exists {
		return nil, &types.ResourceAlreadyExistsException{Message: aws.String("The specified log group already exists")}
	}
	s.groups[name] = &group{name: name, class: class, created: s.now(), tags: tags, streams: map[string]*stream{}}
	return &cloudwatchlogs.CreateLogGroupOutput{}, nil
}

func (s *Service) deleteLogGroup(_ context.Context, in *cloudwatchlogs.DeleteLogGroupInput) (*cloudwatchlogs.DeleteLogGroupOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	g, err := s.find(aws.ToString(in.LogGroupName))
	if err != nil {
		return nil, err
	}
	for _, f := range g.subscriptions {
		f.stop()
	}
	for _, f := range g.metricFilters {
		f.stop()
	}
	delete(s.groups, g.name)
	return &cloudwatchlogs.DeleteLogGroupOutput{}, nil
}

func (s *Service) describeLogGroups(_ context.Context, in *cloudwatchlogs.DescribeLogGroupsInput) (*cloudwatchlogs.DescribeLogGroupsOutput, error) {
	size := limit(in.Limit, 50)
	prefix, pattern := aws.ToString(in.LogGroupNamePrefix), aws.ToString(in.LogGroupNamePattern)
	if prefix != "" && pattern != "" {
		return nil, invalid("LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters.")
	}
	if len(in.LogGroupIdentifiers) > 0 && (prefix != "" || pattern != "") {
		return nil, invalid("LogGroup identifiers and LogGroup name prefix or pattern are mutually exclusive parameters.")
	}
	wanted := map[string]bool{}
	for _, id := range in.LogGroupIdentifiers {
		wanted[s.groupName(nil, &id)] = true
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	var found []*group
	for _, g := range s.groups {
		if strings.HasPrefix(g.name, prefix) && strings.Contains(g.name, pattern) &&
			(in.LogGroupClass == "" || in.LogGroupClass == g.class) && (len(wanted) == 0 || wanted[g.name]) {
			found = append(found, g)
		}
	}
	slices.SortFunc(found, func(a, b *group) int { return cmp.Compare(a.name, b.name) })
	found, next, err := page(found, func(g *group) string { return g.name }, false, in.NextToken, size)
	if err != nil {
		return nil, err
	}
	out := &cloudwatchlogs.DescribeLogGroupsOutput{LogGroups: []types.LogGroup{}, NextToken: next}
	for _, g := range found {
		s.expire(g)
		d := types.LogGroup{
			LogGroupName:      aws.String(g.name),
			Arn:               aws.String(s.groupARN(g.name) + ":*"),
			LogGroupArn:       aws.String(s.groupARN(g.name)),
			CreationTime:      aws.Int64(g.created),
			LogGroupClass:     g.class,
			MetricFilterCount: aws.Int32(int32(len(g.metricFilters))),
		}
		if pattern == "" { // a search by pattern was seen to answer without these
			d.StoredBytes, d.DeletionProtectionEnabled = aws.Int64(g.storedBytes), aws.Bool(false)
		}
		if g.retention != 0 {
			d.RetentionInDays = aws.Int32(g.retention)
		}
		out.LogGroups = append(out.LogGroups, d)
	}
	return out, nil
}

// retentions are the numbers of days that PutRetentionPolicy takes.
func retentions() []int32 {
	return []int32{
		1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731,
		1096, 1827, 2192, 2557, 2922, 3288, 3653,
	}
}

func (s *Service) putRetentionPolicy(_ context.Context, in *cloudwatchlogs.PutRetentionPolicyInput) (*cloudwatchlogs.PutRetentionPolicyOutput, error) {
	if !slices.Contains(retentions(), *in.RetentionInDays) {
		return nil, invalid("1 validation error detected: Value '%d' at 'retentionInDays' failed to satisfy constraint: Member must satisfy enum value set: %s",
			*in.RetentionInDays, strings.ReplaceAll(fmt.Sprint(retentions()), " ", ", "))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	g, err := s.find(aws.ToString(in.LogGroupName))
	if err != nil {
		return nil, err
	}
	g.retention = *in.RetentionInDays
	return &cloudwatchlogs.PutRetentionPolicyOutput{}, nil
}

func (s *Service) deleteRetentionPolicy(_ context.Context, in *cloudwatchlogs.DeleteRetentionPolicyInput) (*cloudwatchlogs.DeleteRetentionPolicyOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	g, err := s.find(aws.ToString(in.LogGroupName))
	if err != nil {
		return nil, err
	}
	g.retention = 0
	return &cloudwatchlogs.DeleteRetentionPolicyOutput{}, nil
}

// horizon is the time before which the group's events have expired, in ms.
func (s *Service) horizon(g *group) int64 {
	if g.retention == 0 {
		return 0
	}
	return s.now() - int64(g.retention)*24*time.Hour.Milliseconds()
}

// expire drops the group's expired events; s.mu is held.
func (s *Service) expire(g *group) {
	horizon := s.horizon(g)
	for _, st := range g.streams {
		n := 0
		for n < len(st.events) && st.events[n].timestamp < horizon {
			g.storedBytes -= st.events[n].size()
			n++
		}
		st.events = slices.Delete(st.events, 0, n)
	}
}

func writeToken(key string) string { return base64.RawURLEncoding.EncodeToString([]byte(key)) }

func readToken(token string) (string, error) {
	key, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil || token == "" {
		return "", invalid("The specified nextToken is invalid.")
	}
	return string(key), nil
}
