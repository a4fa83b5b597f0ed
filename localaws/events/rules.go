package events

import (
	"context"
	"encoding/base64"
	"fmt"
	"maps"
	"slices"
	"strings"

	"crawlerless/localaws/events/pattern"
	"crawlerless/localaws/wire"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
)

// Limits of rules: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html
const (
	maxRules = 300
	maxPage  = 100
)

func noRule(name *string) error {
	return &types.ResourceNotFoundException{Message: aws.String(fmt.Sprintf("Rule %s does not exist on EventBus %s.", aws.ToString(name), defaultBus))}
}

func invalidPattern(err error) error {
	return &types.InvalidEventPatternException{Message: aws.String(err.Error())}
}

func (s *Service) putRule(_ context.Context, in *eventbridge.PutRuleInput) (*eventbridge.PutRuleOutput, error) {
	if err := s.bus(in.EventBusName); err != nil {
		return nil, err
	}
	text := aws.ToString(in.EventPattern)
	if text == "" {
		return nil, invalid("Parameter(s) EventPattern or ScheduleExpression must be specified.")
	}
	compiled, err := pattern.Parse(text)
	if err != nil {
		return nil, invalidPattern(err)
	}
	state := in.State
	switch state {
	case "":
		state = types.RuleStateEnabled
	case types.RuleStateEnabledWithAllCloudtrailManagementEvents:
		return nil, wire.NotImplemented("State ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS of events:PutRule")
	}
	if err := checkTags(in.Tags); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	made := &rule{
		name: *in.Name, arn: s.ruleARN(*in.Name), description: aws.ToString(in.Description), state: state, text: text, pattern: compiled,
	}
	if old := s.rules[made.name]; old != nil {
		// Tags of a call that updates a rule are ignored: the API's words.
		made.targets, made.tags = old.targets, old.tags
	} else {
		if len(s.rules) >= maxRules {
			return nil, &types.LimitExceededException{Message: aws.String("The requested resource exceeds the maximum number allowed.")}
		}
		made.tags = in.Tags
	}
	s.rules[made.name] = made
	return &eventbridge.PutRuleOutput{RuleArn: aws.String(made.arn)}, nil
}

func (s *Service) describeRule(_ context.Context, in *eventbridge.DescribeRuleInput) (*eventbridge.DescribeRuleOutput, error) {
	r, err := s.find(in.Name, in.EventBusName)
	if err != nil {
		return nil, err
	}
	return &eventbridge.DescribeRuleOutput{
		Name: aws.String(r.name), Arn: aws.String(r.arn), EventPattern: aws.String(r.text), State: r.state,
		Description: optional(r.description), EventBusName: aws.String(defaultBus), CreatedBy: aws.String(s.env.Account),
	}, nil
}

// find is a rule by its name.
func (s *Service) find(name, bus *string) (*rule, error) {
	if err := s.bus(bus); err != nil {
		return nil, err
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	r := s.rules[aws.ToString(name)]
	if r == nil {
		return nil, noRule(name)
	}
	return r, nil
}

func optional(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}

// sorted are the rules by name.
func (s *Service) sorted() []*rule {
	s.mu.RLock()
	defer s.mu.RUnlock()
	all := slices.Collect(maps.Values(s.rules))
	slices.SortFunc(all, func(x, y *rule) int { return strings.Compare(x.name, y.name) })
	return all
}

func (s *Service) listRules(_ context.Context, in *eventbridge.ListRulesInput) (*eventbridge.ListRulesOutput, error) {
	if err := s.bus(in.EventBusName); err != nil {
		return nil, err
	}
	rules := []types.Rule{}
	for _, r := range s.sorted() {
		if strings.HasPrefix(r.name, aws.ToString(in.NamePrefix)) {
			rules = append(rules, types.Rule{
				Name: aws.String(r.name), Arn: aws.String(r.arn), EventPattern: aws.String(r.text), State: r.state,
				Description: optional(r.description), EventBusName: aws.String(defaultBus),
			})
		}
	}
	page, next, err := paged(rules, func(r types.Rule) string { return *r.Name }, in.NextToken, in.Limit)
	return &eventbridge.ListRulesOutput{Rules: page, NextToken: next}, err
}

// paged cuts a list that is sorted by key. The token is the last key of the page
// before, so a list that changes meanwhile neither repeats nor loses what stays.
func paged[T any](list []T, key func(T) string, token *string, limit *int32) ([]T, *string, error) {
	most := maxPage
	if limit != nil {
		most = int(*limit)
	}
	if token != nil {
		last, err := base64.StdEncoding.DecodeString(*token)
		if err != nil {
			return nil, nil, invalid("Invalid NextToken.")
		}
		start := slices.IndexFunc(list, func(t T) bool { return key(t) > string(last) })
		if start < 0 {
			start = len(list)
		}
		list = list[start:]
	}
	if len(list) <= most {
		return list, nil, nil
	}
	next := base64.StdEncoding.EncodeToString([]byte(key(list[most-1])))
	return list[:most], &next, nil
}

// deleteRule deletes a rule without targets. One that does not exist is deleted
// successfully.
func (s *Service) deleteRule(_ context.Context, in *eventbridge.DeleteRuleInput) (*eventbridge.DeleteRuleOutput, error) {
	if err := s.bus(in.EventBusName); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if r := s.rules[aws.ToString(in.Name)]; r != nil && len(r.targets) > 0 {
		return nil, invalid("Rule can't be deleted since it has targets.")
	}
	delete(s.rules, aws.ToString(in.Name))
	return &eventbridge.DeleteRuleOutput{}, nil
}

func (s *Service) enableRule(_ context.Context, in *eventbridge.EnableRuleInput) (*eventbridge.EnableRuleOutput, error) {
	return &eventbridge.EnableRuleOutput{}, s.change(in.Name, in.EventBusName, func(r *rule) { r.state = types.RuleStateEnabled })
}

func (s *Service) disableRule(_ context.Context, in *eventbridge.DisableRuleInput) (*eventbridge.DisableRuleOutput, error) {
	return &eventbridge.DisableRuleOutput{}, s.change(in.Name, in.EventBusName, func(r *rule) { r.state = types.RuleStateDisabled })
}

// change replaces a rule by a copy that edit has changed.
func (s *Service) change(name, bus *string, edit func(*rule)) error {
	if err := s.bus(bus); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	old := s.rules[aws.ToString(name)]
	if old == nil {
		return noRule(name)
	}
	changed := *old
	edit(&changed)
	s.rules[changed.name] = &changed
	return nil
}

func (s *Service) testEventPattern(_ context.Context, in *eventbridge.TestEventPatternInput) (*eventbridge.TestEventPatternOutput, error) {
	compiled, err := pattern.Parse(aws.ToString(in.EventPattern))
	if err != nil {
		return nil, invalidPattern(err)
	}
	event, err := pattern.ParseEvent([]byte(aws.ToString(in.Event)))
	if err != nil {
		return nil, invalid("Parameter Event is not valid.")
	}
	// The event must look like one of EventBridge: these fields are mandatory.
	for _, field := range []string{"id", "account", "source", "time", "region", "detail-type"} {
		if !event.Has(field) {
			return nil, invalid("Parameter Event is not valid.")
		}
	}
	return &eventbridge.TestEventPatternOutput{Result: compiled.Match(event)}, nil
}
