package logs

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"

	"crawlerless/localaws/wire"
)

// maxSubscriptions is how many subscription filters a log group may have.
const maxSubscriptions = 2

// maxRegexFilters is how many filters of a log group may use regular expressions.
const maxRegexFilters = 5

func (s *Service) subscriptionOperations() []wire.Operation {
	return []wire.Operation{
		wire.Op("PutSubscriptionFilter", s.putSubscriptionFilter, func(in *cloudwatchlogs.PutSubscriptionFilterInput) []wire.Access {
			need := s.onGroup("PutSubscriptionFilter", aws.ToString(in.LogGroupName))
			if role := aws.ToString(in.RoleArn); role != "" {
				need = append(need, wire.Access{
					Action: "iam:PassRole", Resource: role,
					Conditions: map[string][]string{"iam:PassedToService": {principal}},
				})
			}
			return need
		}, "LogGroupName", "FilterName", "FilterPattern", "DestinationArn", "RoleArn", "Distribution"),
		wire.Op("DescribeSubscriptionFilters", s.describeSubscriptionFilters, func(in *cloudwatchlogs.DescribeSubscriptionFiltersInput) []wire.Access {
			return s.onGroup("DescribeSubscriptionFilters", aws.ToString(in.LogGroupName))
		}, "LogGroupName", "FilterNamePrefix", "Limit", "NextToken"),
		wire.Op("DeleteSubscriptionFilter", s.deleteSubscriptionFilter, func(in *cloudwatchlogs.DeleteSubscriptionFilterInput) []wire.Access {
			return s.onGroup("DeleteSubscriptionFilter", aws.ToString(in.LogGroupName))
		}, "LogGroupName", "FilterName"),
	}
}

// putSubscriptionFilter checks in the order in which AWS does: the parameters and
// the pattern, the destination's shape, the limit, and last that a test message
// arrives.
func (s *Service) putSubscriptionFilter(ctx context.Context, in *cloudwatchlogs.PutSubscriptionFilterInput) (*cloudwatchlogs.PutSubscriptionFilterOutput, error) {
	pattern, err := parsePattern(*in.FilterPattern, "Invalid filter pattern")
	if err != nil {
		return nil, err
	}
	if err := checkDistribution(in.Distribution); err != nil {
		return nil, err
	}
	f := &subscription{
		service: s, name: *in.FilterName, group: aws.ToString(in.LogGroupName), pattern: pattern,
		destinationARN: aws.ToString(in.DestinationArn), roleARN: aws.ToString(in.RoleArn), created: s.now(),
	}
	if f.destination, err = s.destination(f); err != nil {
		return nil, err
	}
	if err := s.checkSubscription(f); err != nil {
		return nil, err
	}
	// The lock is not held while the test message is on its way.
	if err := f.destination.test(ctx); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	g, err := s.findStandard(f.group)
	if err != nil {
		return nil, err
	}
	at, exists := g.subscription(f.name)
	switch {
	case exists:
		f.created = g.subscriptions[at].created
		f.replaced = g.subscriptions[at]
		g.subscriptions[at] = f
	case len(g.subscriptions) >= maxSubscriptions:
		return nil, limitExceeded()
	default:
		g.subscriptions = slices.Insert(g.subscriptions, at, f)
	}
	return &cloudwatchlogs.PutSubscriptionFilterOutput{}, nil
}

func checkDistribution(d types.Distribution) error {
	if d == types.DistributionRandom {
		return wire.NotImplemented("distribution Random of logs:PutSubscriptionFilter (for Kinesis destinations only)")
	}
	return nil
}

// checkSubscription refuses a filter that its group cannot have.
func (s *Service) checkSubscription(f *subscription) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	g, err := s.findStandard(f.group)
	if err != nil {
		return err
	}
	if _, exists := g.subscription(f.name); !exists && len(g.subscriptions) >= maxSubscriptions {
		return limitExceeded()
	}
	if f.pattern.Regexes() > 0 && g.regexFilters(f.name, "") >= maxRegexFilters {
		return limitExceeded()
	}
	return nil
}

// subscription finds a filter by name, or where it would stand.
func (g *group) subscription(name string) (int, bool) {
	return slices.BinarySearchFunc(g.subscriptions, name, func(f *subscription, name string) int { return cmp.Compare(f.name, name) })
}

// regexFilters counts the group's filters with regular expressions, other than
// the ones about to be replaced.
func (g *group) regexFilters(subscription, metric string) int {
	n := 0
	for _, f := range g.subscriptions {
		if f.name != subscription && f.pattern.Regexes() > 0 {
			n++
		}
	}
	for _, f := range g.metricFilters {
		if f.name != metric && f.pattern.Regexes() > 0 {
			n++
		}
	}
	return n
}

func (s *Service) describeSubscriptionFilters(_ context.Context, in *cloudwatchlogs.DescribeSubscriptionFiltersInput) (*cloudwatchlogs.DescribeSubscriptionFiltersOutput, error) {
	size := limit(in.Limit, 50)
	s.mu.Lock()
	defer s.mu.Unlock()
	g, err := s.find(aws.ToString(in.LogGroupName))
	if err != nil {
		return nil, err
	}
	var found []*subscription
	for _, f := range g.subscriptions {
		if strings.HasPrefix(f.name, aws.ToString(in.FilterNamePrefix)) {
			found = append(found, f)
		}
	}
	found, next, err := page(found, func(f *subscription) string { return f.name }, false, in.NextToken, size)
	if err != nil {
		return nil, err
	}
	out := &cloudwatchlogs.DescribeSubscriptionFiltersOutput{SubscriptionFilters: []types.SubscriptionFilter{}, NextToken: next}
	for _, f := range found {
		d := types.SubscriptionFilter{
			FilterName: aws.String(f.name), LogGroupName: aws.String(g.name), FilterPattern: aws.String(f.pattern.String()),
			DestinationArn: aws.String(f.destinationARN), Distribution: types.DistributionByLogStream, CreationTime: aws.Int64(f.created),
		}
		if f.roleARN != "" {
			d.RoleArn = aws.String(f.roleARN)
		}
		out.SubscriptionFilters = append(out.SubscriptionFilters, d)
	}
	return out, nil
}

func (s *Service) deleteSubscriptionFilter(_ context.Context, in *cloudwatchlogs.DeleteSubscriptionFilterInput) (*cloudwatchlogs.DeleteSubscriptionFilterOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	g, err := s.find(aws.ToString(in.LogGroupName))
	if err != nil {
		return nil, err
	}
	at, exists := g.subscription(*in.FilterName)
	if !exists {
		return nil, &types.ResourceNotFoundException{Message: aws.String("The specified subscription filter does not exist.")}
	}
	g.subscriptions[at].stop()
	g.subscriptions = slices.Delete(g.subscriptions, at, at+1)
	return &cloudwatchlogs.DeleteSubscriptionFilterOutput{}, nil
}
