// Package events is Amazon EventBridge of localaws: the default event bus, its
// rules, and the delivery of what matches them to targets.
//
// An event is one that a caller puts with PutEvents, or that another service
// emits ([Service.Emit]). It is matched against the pattern of every enabled
// rule (see [crawlerless/localaws/events/pattern]), and goes to every target of
// the rules that match, each delivery by itself.
//
// Guarantees:
//   - Every matched event ends in exactly one of: accepted by the target, in the
//     target's dead-letter queue with the attributes that AWS documents, or,
//     where there is no such queue or it refuses, counted in FailedInvocations
//     and told to the log.
//   - What may pass (throttling, a failing target) is retried with growing,
//     jittered pauses on the clock, up to 185 times and 24 hours or as the
//     target's retry policy says. What can not pass by itself (no permission, no
//     such target, a refused input) is not.
//   - A state machine is started in the target's role; queues and functions are
//     called by the principal events.amazonaws.com on behalf of the rule, so
//     their own policies decide.
//   - Events are delivered at least once and in no particular order, as on AWS.
//
// What it does not do: custom and partner buses, archives and replays,
// schedules (use EventBridge Scheduler on AWS), pipes, global endpoints, API
// destinations, and targets other than Step Functions, SQS and Lambda answer
// NotImplemented by name. PutEvents for a bus that does not exist is accepted and
// its events are dropped, as on AWS; the log tells.
package events

import (
	"context"
	"sync"
	"time"

	"crawlerless/localaws/cloud"
	"crawlerless/localaws/events/pattern"
	"crawlerless/localaws/wire"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
)

// principal is EventBridge as the caller of targets.
const principal = "events.amazonaws.com"

// defaultBus is the one event bus.
const defaultBus = "default"

// Service is the EventBridge of one account in one region.
type Service struct {
	env     cloud.Env
	created time.Time
	ctx     context.Context // ends with Close
	stop    context.CancelFunc

	mu      sync.RWMutex
	rules   map[string]*rule
	busTags []types.Tag
}

// rule is one rule with its targets. It and they are replaced, never changed, so
// that a delivery keeps those it began with.
type rule struct {
	name, arn   string
	description string
	state       types.RuleState
	text        string // of the pattern
	pattern     *pattern.Pattern
	targets     []types.Target // in the order in which they were put
	tags        []types.Tag
}

// New returns an EventBridge without rules.
func New(env cloud.Env) *Service {
	s := &Service{env: env, created: env.Clock.Now(), rules: map[string]*rule{}}
	s.ctx, s.stop = context.WithCancel(context.Background())
	return s
}

// Close ends deliveries that wait for their next attempt.
func (s *Service) Close() { s.stop() }

func (s *Service) busARN() string { return s.env.ARN("events", "event-bus/"+defaultBus) }

func (s *Service) ruleARN(name string) string { return s.env.ARN("events", "rule/"+name) }

// Wire is the service as the wire mounts it.
func (s *Service) Wire() wire.Service {
	return wire.Service{
		Name: "events", Target: "AWSEvents", Protocol: wire.JSON11,
		Constraints: constraints,
		Operations: []wire.Operation{
			wire.Op("PutRule", s.putRule, onName(s, "PutRule", func(in *eventbridge.PutRuleInput) *string { return in.Name }),
				"Name", "EventPattern", "State", "Description", "EventBusName", "Tags"),
			wire.Op("DescribeRule", s.describeRule, onName(s, "DescribeRule", func(in *eventbridge.DescribeRuleInput) *string { return in.Name }),
				"Name", "EventBusName"),
			wire.Op("ListRules", s.listRules, wire.On("ListRules", func(*eventbridge.ListRulesInput) string { return s.ruleARN("*") }),
				"NamePrefix", "EventBusName", "NextToken", "Limit"),
			wire.Op("DeleteRule", s.deleteRule, onName(s, "DeleteRule", func(in *eventbridge.DeleteRuleInput) *string { return in.Name }),
				"Name", "EventBusName", "Force"),
			wire.Op("EnableRule", s.enableRule, onName(s, "EnableRule", func(in *eventbridge.EnableRuleInput) *string { return in.Name }),
				"Name", "EventBusName"),
			wire.Op("DisableRule", s.disableRule, onName(s, "DisableRule", func(in *eventbridge.DisableRuleInput) *string { return in.Name }),
				"Name", "EventBusName"),
			wire.Op("PutTargets", s.putTargets, s.onPutTargets, "Rule", "EventBusName", "Targets"),
			wire.Op("ListTargetsByRule", s.listTargetsByRule, onName(s, "ListTargetsByRule", func(in *eventbridge.ListTargetsByRuleInput) *string { return in.Rule }),
				"Rule", "EventBusName", "NextToken", "Limit"),
			wire.Op("RemoveTargets", s.removeTargets, onName(s, "RemoveTargets", func(in *eventbridge.RemoveTargetsInput) *string { return in.Rule }),
				"Rule", "EventBusName", "Ids", "Force"),
			wire.Op("ListRuleNamesByTarget", s.listRuleNamesByTarget, wire.On("ListRuleNamesByTarget", func(*eventbridge.ListRuleNamesByTargetInput) string { return s.ruleARN("*") }),
				"TargetArn", "EventBusName", "NextToken", "Limit"),
			wire.Op("PutEvents", s.putEvents, s.onPutEvents, "Entries"),
			wire.Op("TestEventPattern", s.testEventPattern, nil, "Event", "EventPattern"),
			wire.Op("DescribeEventBus", s.describeEventBus, wire.On("DescribeEventBus", func(*eventbridge.DescribeEventBusInput) string { return s.busARN() }),
				"Name"),
			wire.Op("ListEventBuses", s.listEventBuses, nil, "NamePrefix", "NextToken", "Limit"),
			wire.Op("TagResource", s.tagResource, wire.On("TagResource", func(in *eventbridge.TagResourceInput) string { return aws.ToString(in.ResourceARN) }),
				"ResourceARN", "Tags"),
			wire.Op("UntagResource", s.untagResource, wire.On("UntagResource", func(in *eventbridge.UntagResourceInput) string { return aws.ToString(in.ResourceARN) }),
				"ResourceARN", "TagKeys"),
			wire.Op("ListTagsForResource", s.listTagsForResource, wire.On("ListTagsForResource", func(in *eventbridge.ListTagsForResourceInput) string {
				return aws.ToString(in.ResourceARN)
			}), "ResourceARN"),
		},
	}
}

// onName is the access function of an operation on one rule.
func onName[I any](s *Service, action string, name func(*I) *string) func(*I) []wire.Access {
	return wire.On(action, func(in *I) string { return s.ruleARN(aws.ToString(name(in))) })
}

// bus checks that a call is about the default bus, named or by its ARN.
func (s *Service) bus(name *string) error {
	switch aws.ToString(name) {
	case "", defaultBus, s.busARN():
		return nil
	}
	return &types.ResourceNotFoundException{Message: aws.String("Event bus " + *name + " does not exist.")}
}

func invalid(message string) error {
	return &wire.Error{Code: "ValidationException", Message: message}
}

func (s *Service) describeEventBus(_ context.Context, in *eventbridge.DescribeEventBusInput) (*eventbridge.DescribeEventBusOutput, error) {
	if err := s.bus(in.Name); err != nil {
		return nil, err
	}
	return &eventbridge.DescribeEventBusOutput{
		Name: aws.String(defaultBus), Arn: aws.String(s.busARN()), CreationTime: &s.created, LastModifiedTime: &s.created,
	}, nil
}

func (s *Service) listEventBuses(_ context.Context, in *eventbridge.ListEventBusesInput) (*eventbridge.ListEventBusesOutput, error) {
	out := &eventbridge.ListEventBusesOutput{EventBuses: []types.EventBus{}}
	prefix := aws.ToString(in.NamePrefix)
	if len(prefix) <= len(defaultBus) && defaultBus[:len(prefix)] == prefix && aws.ToString(in.NextToken) == "" {
		out.EventBuses = append(out.EventBuses, types.EventBus{
			Name: aws.String(defaultBus), Arn: aws.String(s.busARN()), CreationTime: &s.created, LastModifiedTime: &s.created,
		})
	}
	return out, nil
}

var _ cloud.Events = (*Service)(nil)
