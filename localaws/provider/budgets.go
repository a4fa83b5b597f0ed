package provider

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/budgets"
	"github.com/aws/aws-sdk-go-v2/service/budgets/types"
)

type budget struct {
	Name            string         `prop:"name,auto=100,replace"`
	AccountID       string         `prop:"accountId,computed,replace"`
	Type            string         `prop:"budgetType,required"`
	CostFilters     []costFilter   `prop:"costFilters,computed,set"`
	LimitAmount     string         `prop:"limitAmount,computed,decimal"`
	LimitUnit       string         `prop:"limitUnit,computed"`
	Notifications   []notification `prop:"notifications,set"`
	TimePeriodStart string         `prop:"timePeriodStart,computed"`
	TimePeriodEnd   string         `prop:"timePeriodEnd,default=2087-06-15_00:00"`
	TimeUnit        string         `prop:"timeUnit,required"`
	tagged

	ARN        string `prop:"arn,out"`
	NamePrefix string `prop:"namePrefix,out"`
}

type costFilter struct {
	Name   string   `prop:"name,required"`
	Values []string `prop:"values,required"`
}

type notification struct {
	Comparison    string   `prop:"comparisonOperator,required"`
	Threshold     float64  `prop:"threshold,required"`
	ThresholdType string   `prop:"thresholdType,required"`
	Type          string   `prop:"notificationType,required"`
	Emails        []string `prop:"subscriberEmailAddresses,set"`
	Topics        []string `prop:"subscriberSnsTopicArns,set"`
}

// budgetTime is how terraform-provider-aws writes a budget's times.
const budgetTime = "2006-01-02_15:04"

func budgetsBudget() handler {
	return of(typed[budget]{
		Token: "aws:budgets/budget:Budget",
		Create: func(ctx context.Context, s *session, in *budget) (string, error) {
			if err := s.catalog(ctx, &in.AccountID); err != nil {
				return "", err
			}
			b, err := in.sdk()
			if err != nil {
				return "", err
			}
			req := &budgets.CreateBudgetInput{AccountId: &in.AccountID, Budget: b}
			for _, n := range in.Notifications {
				req.NotificationsWithSubscribers = append(req.NotificationsWithSubscribers, types.NotificationWithSubscribers{Notification: n.sdk(), Subscribers: n.subscribers()})
			}
			for _, k := range sortedKeys(in.TagsAll) {
				req.ResourceTags = append(req.ResourceTags, types.ResourceTag{Key: aws.String(k), Value: aws.String(in.TagsAll[k])})
			}
			err = create(ctx, func(ctx context.Context) error { _, err := s.budgets.CreateBudget(ctx, req); return err }, "DuplicateRecordException")
			return made(in.AccountID+":"+in.Name, err)
		},
		Read: func(ctx context.Context, s *session, id string, v *budget) error { return s.readBudget(ctx, id, v) },
		Update: func(ctx context.Context, s *session, id string, _, in *budget) error {
			now := &budget{}
			if err := s.readBudget(ctx, id, now); err != nil {
				return err
			}
			if in.TimePeriodStart == "" {
				in.TimePeriodStart = now.TimePeriodStart
			}
			b, err := in.sdk()
			if err != nil {
				return err
			}
			if _, err := s.budgets.UpdateBudget(ctx, &budgets.UpdateBudgetInput{AccountId: &now.AccountID, NewBudget: b}); err != nil {
				return err
			}
			for _, n := range now.Notifications {
				_, err := s.budgets.DeleteNotification(ctx, &budgets.DeleteNotificationInput{AccountId: &now.AccountID, BudgetName: &now.Name, Notification: n.sdk()})
				if gone(err) != nil {
					return err
				}
			}
			for _, n := range in.Notifications {
				_, err := s.budgets.CreateNotification(ctx, &budgets.CreateNotificationInput{
					AccountId: &now.AccountID, BudgetName: &now.Name, Notification: n.sdk(), Subscribers: n.subscribers(),
				})
				if err != nil {
					return err
				}
			}
			set, remove := delta(now.TagsAll, in.TagsAll)
			if len(remove) > 0 {
				if _, err := s.budgets.UntagResource(ctx, &budgets.UntagResourceInput{ResourceARN: &now.ARN, ResourceTagKeys: remove}); err != nil {
					return err
				}
			}
			if len(set) > 0 {
				var tags []types.ResourceTag
				for _, k := range sortedKeys(set) {
					tags = append(tags, types.ResourceTag{Key: aws.String(k), Value: aws.String(set[k])})
				}
				if _, err := s.budgets.TagResource(ctx, &budgets.TagResourceInput{ResourceARN: &now.ARN, ResourceTags: tags}); err != nil {
					return err
				}
			}
			return nil
		},
		Delete: func(ctx context.Context, s *session, id string, _ *budget) error {
			account, name, _ := strings.Cut(id, ":")
			_, err := s.budgets.DeleteBudget(ctx, &budgets.DeleteBudgetInput{AccountId: &account, BudgetName: &name})
			return err
		},
	})
}

func (b *budget) sdk() (*types.Budget, error) {
	out := &types.Budget{BudgetName: &b.Name, BudgetType: types.BudgetType(b.Type), TimeUnit: types.TimeUnit(b.TimeUnit), TimePeriod: &types.TimePeriod{}}
	if b.LimitAmount != "" || b.LimitUnit != "" {
		out.BudgetLimit = &types.Spend{Amount: &b.LimitAmount, Unit: &b.LimitUnit}
	}
	for text, target := range map[*string]**time.Time{&b.TimePeriodStart: &out.TimePeriod.Start, &b.TimePeriodEnd: &out.TimePeriod.End} {
		if *text == "" {
			continue
		}
		t, err := time.Parse(budgetTime, *text)
		if err != nil {
			return nil, fmt.Errorf("%q is no time of a budget: it is written %s: %w", *text, budgetTime, err)
		}
		*target = &t
	}
	if len(b.CostFilters) > 0 {
		out.CostFilters = map[string][]string{} //nolint:staticcheck // the property speaks of these
		for _, f := range b.CostFilters {
			out.CostFilters[f.Name] = f.Values //nolint:staticcheck // likewise
		}
	}
	return out, nil
}

func (n notification) sdk() *types.Notification {
	return &types.Notification{
		ComparisonOperator: types.ComparisonOperator(n.Comparison), NotificationType: types.NotificationType(n.Type),
		Threshold: n.Threshold, ThresholdType: types.ThresholdType(n.ThresholdType),
	}
}

func (n notification) subscribers() []types.Subscriber {
	var out []types.Subscriber
	for _, a := range n.Emails {
		out = append(out, types.Subscriber{SubscriptionType: types.SubscriptionTypeEmail, Address: aws.String(a)})
	}
	for _, a := range n.Topics {
		out = append(out, types.Subscriber{SubscriptionType: types.SubscriptionTypeSns, Address: aws.String(a)})
	}
	return out
}

func (s *session) readBudget(ctx context.Context, id string, v *budget) error {
	account, name, ok := strings.Cut(id, ":")
	if !ok {
		return fmt.Errorf("%q is no id of a budget: it is account:name", id)
	}
	out, err := s.budgets.DescribeBudget(ctx, &budgets.DescribeBudgetInput{AccountId: &account, BudgetName: &name})
	if err != nil {
		return err
	}
	b := out.Budget
	v.Name, v.AccountID, v.Type, v.TimeUnit = name, account, string(b.BudgetType), string(b.TimeUnit)
	v.ARN = "arn:" + s.partition + ":budgets::" + account + ":budget/" + name
	v.LimitAmount, v.LimitUnit, v.TimePeriodStart, v.TimePeriodEnd = "", "", "", ""
	if l := b.BudgetLimit; l != nil {
		v.LimitAmount, v.LimitUnit = aws.ToString(l.Amount), aws.ToString(l.Unit)
	}
	if p := b.TimePeriod; p != nil {
		if p.Start != nil {
			v.TimePeriodStart = p.Start.UTC().Format(budgetTime)
		}
		if p.End != nil {
			v.TimePeriodEnd = p.End.UTC().Format(budgetTime)
		}
	}
	v.CostFilters = nil
	filters := b.CostFilters //nolint:staticcheck // see sdk
	for _, k := range sortedKeys(filters) {
		v.CostFilters = append(v.CostFilters, costFilter{Name: k, Values: filters[k]})
	}
	if err := s.readNotifications(ctx, account, name, v); err != nil {
		return err
	}
	tags, err := s.budgets.ListTagsForResource(ctx, &budgets.ListTagsForResourceInput{ResourceARN: &v.ARN})
	if err != nil {
		return err
	}
	v.TagsAll = map[string]string{}
	for _, t := range tags.ResourceTags {
		v.TagsAll[aws.ToString(t.Key)] = aws.ToString(t.Value)
	}
	return nil
}

func (s *session) readNotifications(ctx context.Context, account, name string, v *budget) error {
	v.Notifications = nil
	pages := budgets.NewDescribeNotificationsForBudgetPaginator(s.budgets, &budgets.DescribeNotificationsForBudgetInput{AccountId: &account, BudgetName: &name})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if isGone(err) {
			return nil
		}
		if err != nil {
			return err
		}
		for _, n := range page.Notifications {
			one := notification{Comparison: string(n.ComparisonOperator), Threshold: n.Threshold, ThresholdType: string(n.ThresholdType), Type: string(n.NotificationType)}
			if one.ThresholdType == "" {
				one.ThresholdType = string(types.ThresholdTypePercentage)
			}
			subs, err := s.budgets.DescribeSubscribersForNotification(ctx, &budgets.DescribeSubscribersForNotificationInput{
				AccountId: &account, BudgetName: &name, Notification: &n,
			})
			if err != nil {
				return err
			}
			for _, sub := range subs.Subscribers {
				if sub.SubscriptionType == types.SubscriptionTypeEmail {
					one.Emails = append(one.Emails, aws.ToString(sub.Address))
				} else {
					one.Topics = append(one.Topics, aws.ToString(sub.Address))
				}
			}
			v.Notifications = append(v.Notifications, one)
		}
	}
	return nil
}
