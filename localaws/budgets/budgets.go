// Package budgets is AWS Budgets as far as it can be played without a bill: a
// budget with its notifications and subscribers is stored and given back.
//
// Nothing is spent in localaws, so a budget's actual spend is always zero, its
// state OK, and no notification is ever sent.
package budgets

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/budgets"
	"github.com/aws/aws-sdk-go-v2/service/budgets/types"

	"crawlerless/localaws/cloud"
	"crawlerless/localaws/wire"
)

// Service holds the account's budgets.
type Service struct {
	env cloud.Env

	mu      sync.Mutex
	budgets map[string]*budget
}

type budget struct {
	types.Budget
	notifications []types.NotificationWithSubscribers
	tags          map[string]string
}

// Limits of the API reference.
const (
	mostNotifications = 10
)

// New returns an account without budgets.
func New(env cloud.Env) *Service { return &Service{env: env, budgets: map[string]*budget{}} }

// Wire describes the API.
func (s *Service) Wire() wire.Service {
	view := func(name func() *string) []wire.Access {
		return []wire.Access{{Action: "ViewBudget", Resource: s.arn(aws.ToString(name()))}}
	}
	modify := func(name *string) []wire.Access {
		return []wire.Access{{Action: "ModifyBudget", Resource: s.arn(aws.ToString(name))}}
	}
	return wire.Service{
		Name: "budgets", Target: "AWSBudgetServiceGateway", Protocol: wire.JSON11,
		Constraints: constraints,
		Operations: []wire.Operation{
			wire.Op("CreateBudget", s.createBudget, func(in *budgets.CreateBudgetInput) []wire.Access {
				if in.Budget == nil {
					return modify(nil)
				}
				return modify(in.Budget.BudgetName)
			}, "AccountId", "Budget", "NotificationsWithSubscribers", "ResourceTags"),
			wire.Op("UpdateBudget", s.updateBudget, func(in *budgets.UpdateBudgetInput) []wire.Access {
				if in.NewBudget == nil {
					return modify(nil)
				}
				return modify(in.NewBudget.BudgetName)
			}, "AccountId", "NewBudget"),
			wire.Op("DescribeBudget", s.describeBudget, func(in *budgets.DescribeBudgetInput) []wire.Access {
				return view(func() *string { return in.BudgetName })
			}, "AccountId", "BudgetName"),
			wire.Op("DescribeBudgets", s.describeBudgets, func(*budgets.DescribeBudgetsInput) []wire.Access {
				return view(func() *string { return aws.String("*") })
			}, "AccountId", "MaxResults", "NextToken"),
			wire.Op("DeleteBudget", s.deleteBudget, func(in *budgets.DeleteBudgetInput) []wire.Access { return modify(in.BudgetName) }, "AccountId", "BudgetName"),
			wire.Op("CreateNotification", s.createNotification, func(in *budgets.CreateNotificationInput) []wire.Access { return modify(in.BudgetName) }, "AccountId", "BudgetName", "Notification", "Subscribers"),
			wire.Op("DeleteNotification", s.deleteNotification, func(in *budgets.DeleteNotificationInput) []wire.Access { return modify(in.BudgetName) }, "AccountId", "BudgetName", "Notification"),
			wire.Op("DescribeNotificationsForBudget", s.describeNotifications, func(in *budgets.DescribeNotificationsForBudgetInput) []wire.Access {
				return view(func() *string { return in.BudgetName })
			}, "AccountId", "BudgetName", "MaxResults", "NextToken"),
			wire.Op("DescribeSubscribersForNotification", s.describeSubscribers, func(in *budgets.DescribeSubscribersForNotificationInput) []wire.Access {
				return view(func() *string { return in.BudgetName })
			}, "AccountId", "BudgetName", "Notification", "MaxResults", "NextToken"),
			wire.Op("TagResource", s.tagResource, wire.On("TagResource", func(in *budgets.TagResourceInput) string { return aws.ToString(in.ResourceARN) }), "ResourceARN", "ResourceTags"),
			wire.Op("UntagResource", s.untagResource, wire.On("UntagResource", func(in *budgets.UntagResourceInput) string { return aws.ToString(in.ResourceARN) }), "ResourceARN", "ResourceTagKeys"),
			wire.Op("ListTagsForResource", s.listTagsForResource, wire.On("ListTagsForResource", func(in *budgets.ListTagsForResourceInput) string { return aws.ToString(in.ResourceARN) }), "ResourceARN"),
		},
	}
}

func (s *Service) arn(name string) string {
	return "arn:" + s.env.Partition + ":budgets::" + s.env.Account + ":budget/" + name
}

func invalid(format string, args ...any) error {
	return &types.InvalidParameterException{Message: aws.String(fmt.Sprintf(format, args...))}
}

// find is a budget of the account. s.mu is held.
func (s *Service) find(account, name *string) (*budget, error) {
	if aws.ToString(account) != s.env.Account {
		return nil, &types.AccessDeniedException{Message: aws.String("Account " + aws.ToString(account) + " is not this account.")}
	}
	if b := s.budgets[aws.ToString(name)]; b != nil {
		return b, nil
	}
	return nil, &types.NotFoundException{Message: aws.String(fmt.Sprintf("Unable to get budget: %s - the budget doesn't exist.", aws.ToString(name)))}
}

// check refuses a budget that AWS would, and fills in what it leaves open.
func (s *Service) check(account *string, b *types.Budget) (types.Budget, error) {
	var out types.Budget
	switch {
	case aws.ToString(account) != s.env.Account:
		return out, &types.AccessDeniedException{Message: aws.String("Account " + aws.ToString(account) + " is not this account.")}
	case b.BudgetLimit == nil && b.PlannedBudgetLimits == nil && b.AutoAdjustData == nil:
		return out, invalid("A budget needs a BudgetLimit, PlannedBudgetLimits or AutoAdjustData.")
	}
	out = *b
	unit := "USD"
	if b.BudgetLimit != nil {
		unit = cmp.Or(aws.ToString(b.BudgetLimit.Unit), unit)
	}
	now := s.env.Clock.Now()
	out.CalculatedSpend = &types.CalculatedSpend{ActualSpend: &types.Spend{Amount: aws.String("0.0"), Unit: aws.String(unit)}}
	out.LastUpdatedTime = &now
	if out.CostTypes == nil && out.BudgetType == types.BudgetTypeCost {
		on, off := aws.Bool(true), aws.Bool(false)
		out.CostTypes = &types.CostTypes{
			IncludeCredit: on, IncludeDiscount: on, IncludeOtherSubscription: on, IncludeRecurring: on, IncludeRefund: on,
			IncludeSubscription: on, IncludeSupport: on, IncludeTax: on, IncludeUpfront: on, UseAmortized: off, UseBlended: off,
		}
	}
	period := types.TimePeriod{}
	if b.TimePeriod != nil {
		period = *b.TimePeriod
	}
	if period.Start == nil { // the beginning of the present period
		period.Start = aws.Time(time.Date(now.Year(), now.Month(), 1, 0, 0, 0, 0, time.UTC))
	}
	if period.End == nil { // AWS's "no end"
		period.End = aws.Time(time.Date(2087, 6, 15, 0, 0, 0, 0, time.UTC))
	}
	out.TimePeriod = &period
	return out, nil
}

func (s *Service) createBudget(_ context.Context, in *budgets.CreateBudgetInput) (*budgets.CreateBudgetOutput, error) {
	b, err := s.check(in.AccountId, in.Budget)
	if err != nil {
		return nil, err
	}
	made := &budget{Budget: b, tags: map[string]string{}}
	for _, n := range in.NotificationsWithSubscribers {
		if err := made.notify(n.Notification, n.Subscribers); err != nil {
			return nil, err
		}
	}
	made.tag(in.ResourceTags)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.budgets[*b.BudgetName] != nil {
		return nil, &types.DuplicateRecordException{Message: aws.String("Error creating budget: " + *b.BudgetName + " - the budget already exists.")}
	}
	s.budgets[*b.BudgetName] = made
	return nil, nil
}

func (s *Service) updateBudget(_ context.Context, in *budgets.UpdateBudgetInput) (*budgets.UpdateBudgetOutput, error) {
	b, err := s.check(in.AccountId, in.NewBudget)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	known, err := s.find(in.AccountId, b.BudgetName)
	if err == nil {
		known.Budget = b
	}
	return nil, err
}

func (s *Service) describeBudget(_ context.Context, in *budgets.DescribeBudgetInput) (*budgets.DescribeBudgetOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	b, err := s.find(in.AccountId, in.BudgetName)
	if err != nil {
		return nil, err
	}
	out := b.Budget
	return &budgets.DescribeBudgetOutput{Budget: &out}, nil
}

func (s *Service) describeBudgets(_ context.Context, in *budgets.DescribeBudgetsInput) (*budgets.DescribeBudgetsOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []types.Budget
	for _, name := range slices.Sorted(maps.Keys(s.budgets)) {
		all = append(all, s.budgets[name].Budget)
	}
	some, next, err := page(all, func(b types.Budget) string { return *b.BudgetName }, in.MaxResults, in.NextToken)
	return &budgets.DescribeBudgetsOutput{Budgets: some, NextToken: next}, err
}

func page[T any](items []T, key func(T) string, most *int32, token *string) (out []T, next *string, err error) {
	if token != nil {
		at := slices.IndexFunc(items, func(item T) bool { return key(item) == *token })
		if at < 0 {
			return nil, nil, &types.InvalidNextTokenException{Message: aws.String("Invalid next token.")}
		}
		items = items[at+1:]
	}
	if limit := int(cmp.Or(aws.ToInt32(most), 100)); len(items) > limit {
		return items[:limit], aws.String(key(items[limit-1])), nil
	}
	return append([]T{}, items...), nil, nil
}

func (s *Service) deleteBudget(_ context.Context, in *budgets.DeleteBudgetInput) (*budgets.DeleteBudgetOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, err := s.find(in.AccountId, in.BudgetName); err != nil {
		return nil, err
	}
	delete(s.budgets, *in.BudgetName)
	return nil, nil
}
