package budgets

import (
	"context"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/budgets"
	"github.com/aws/aws-sdk-go-v2/service/budgets/types"
)

// at is the index of a notification; two are the same when they compare the
// same spend with the same threshold.
func (b *budget) at(n *types.Notification) int {
	return slices.IndexFunc(b.notifications, func(other types.NotificationWithSubscribers) bool {
		o := other.Notification
		return o.NotificationType == n.NotificationType && o.ComparisonOperator == n.ComparisonOperator && o.Threshold == n.Threshold && o.ThresholdType == n.ThresholdType
	})
}

func (b *budget) notify(n *types.Notification, subscribers []types.Subscriber) error {
	switch {
	case n.ThresholdType == "":
		copied := *n
		copied.ThresholdType = types.ThresholdTypePercentage
		return b.notify(&copied, subscribers)
	case b.at(n) >= 0:
		return &types.DuplicateRecordException{Message: aws.String("Notification already exists.")}
	case len(b.notifications) == mostNotifications:
		return &types.CreationLimitExceededException{Message: aws.String("A budget can have at most " + strconv.Itoa(mostNotifications) + " notifications.")}
	}
	stored := *n
	stored.NotificationState = types.NotificationStateOk
	b.notifications = append(b.notifications, types.NotificationWithSubscribers{Notification: &stored, Subscribers: slices.Clone(subscribers)})
	return nil
}

func (s *Service) createNotification(_ context.Context, in *budgets.CreateNotificationInput) (*budgets.CreateNotificationOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	b, err := s.find(in.AccountId, in.BudgetName)
	if err != nil {
		return nil, err
	}
	return nil, b.notify(in.Notification, in.Subscribers)
}

// notification finds one of a budget's. s.mu is held.
func (s *Service) notification(account, name *string, n *types.Notification) (*budget, int, error) {
	b, err := s.find(account, name)
	if err != nil {
		return nil, 0, err
	}
	if n == nil || b.at(n) < 0 {
		return nil, 0, &types.NotFoundException{Message: aws.String("Unable to get notification: it doesn't exist.")}
	}
	return b, b.at(n), nil
}

func (s *Service) deleteNotification(_ context.Context, in *budgets.DeleteNotificationInput) (*budgets.DeleteNotificationOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	b, at, err := s.notification(in.AccountId, in.BudgetName, in.Notification)
	if err != nil {
		return nil, err
	}
	b.notifications = slices.Delete(b.notifications, at, at+1)
	return nil, nil
}

func (s *Service) describeNotifications(_ context.Context, in *budgets.DescribeNotificationsForBudgetInput) (*budgets.DescribeNotificationsForBudgetOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	b, err := s.find(in.AccountId, in.BudgetName)
	if err != nil {
		return nil, err
	}
	var all []types.Notification
	for _, n := range b.notifications {
		all = append(all, *n.Notification)
	}
	some, next, err := page(all, notificationKey, in.MaxResults, in.NextToken)
	return &budgets.DescribeNotificationsForBudgetOutput{Notifications: some, NextToken: next}, err
}

func notificationKey(n types.Notification) string {
	return strings.Join([]string{string(n.NotificationType), string(n.ComparisonOperator), strconv.FormatFloat(n.Threshold, 'g', -1, 64), string(n.ThresholdType)}, " ")
}

func (s *Service) describeSubscribers(_ context.Context, in *budgets.DescribeSubscribersForNotificationInput) (*budgets.DescribeSubscribersForNotificationOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	b, at, err := s.notification(in.AccountId, in.BudgetName, in.Notification)
	if err != nil {
		return nil, err
	}
	some, next, err := page(b.notifications[at].Subscribers, func(u types.Subscriber) string { return *u.Address }, in.MaxResults, in.NextToken)
	return &budgets.DescribeSubscribersForNotificationOutput{Subscribers: some, NextToken: next}, err
}

func (b *budget) tag(tags []types.ResourceTag) {
	for _, t := range tags {
		b.tags[aws.ToString(t.Key)] = aws.ToString(t.Value)
	}
}

func (s *Service) byARN(arn *string) (*budget, error) {
	name, _ := strings.CutPrefix(aws.ToString(arn), s.arn(""))
	return s.find(aws.String(s.env.Account), &name)
}

func (s *Service) tagResource(_ context.Context, in *budgets.TagResourceInput) (*budgets.TagResourceOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	b, err := s.byARN(in.ResourceARN)
	if err == nil {
		b.tag(in.ResourceTags)
	}
	return nil, err
}

func (s *Service) untagResource(_ context.Context, in *budgets.UntagResourceInput) (*budgets.UntagResourceOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	b, err := s.byARN(in.ResourceARN)
	if err == nil {
		maps.DeleteFunc(b.tags, func(key, _ string) bool { return slices.Contains(in.ResourceTagKeys, key) })
	}
	return nil, err
}

func (s *Service) listTagsForResource(_ context.Context, in *budgets.ListTagsForResourceInput) (*budgets.ListTagsForResourceOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	b, err := s.byARN(in.ResourceARN)
	if err != nil {
		return nil, err
	}
	out := &budgets.ListTagsForResourceOutput{ResourceTags: []types.ResourceTag{}}
	for _, key := range slices.Sorted(maps.Keys(b.tags)) {
		out.ResourceTags = append(out.ResourceTags, types.ResourceTag{Key: aws.String(key), Value: aws.String(b.tags[key])})
	}
	return out, nil
}

// Tagged are the budgets that carry tags: ARN -> key -> value.
func (s *Service) Tagged() map[string]map[string]string {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := map[string]map[string]string{}
	for name, b := range s.budgets {
		if len(b.tags) > 0 {
			out[s.arn(name)] = maps.Clone(b.tags)
		}
	}
	return out
}
