package cloudwatch

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"crawlerless/localaws/wire"
)

// alarm is a metric alarm with its history, oldest first.
type alarm struct {
	types.MetricAlarm
	tags    map[string]string
	history []types.AlarmHistoryItem
	// forgotten is how many items came before those in history.
	forgotten int
}

// mostHistory items are kept of an alarm (AWS keeps 30 days).
const mostHistory = 1000

func (s *Service) putMetricAlarm(_ context.Context, in *cloudwatch.PutMetricAlarmInput) (*cloudwatch.PutMetricAlarmOutput, error) {
	if err := checkAlarm(in); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	now, name := s.env.Clock.Now(), *in.AlarmName
	a, what := s.alarms[name], "updated"
	if a == nil {
		what = "created"
		tags, err := mergeTags(nil, in.Tags)
		if err != nil {
			return nil, err
		}
		a = &alarm{tags: tags, MetricAlarm: types.MetricAlarm{
			AlarmName: in.AlarmName, AlarmArn: aws.String(s.alarmARN(name)), StateValue: types.StateValueInsufficientData,
			StateReason: aws.String("Unchecked: Initial alarm creation"), StateUpdatedTimestamp: &now, StateTransitionedTimestamp: &now,
		}}
		s.alarms[name] = a
	} // tags of an alarm that is there are ignored (API reference)
	a.AlarmDescription, a.AlarmConfigurationUpdatedTimestamp = in.AlarmDescription, &now
	a.ActionsEnabled = aws.Bool(in.ActionsEnabled == nil || *in.ActionsEnabled)
	a.AlarmActions, a.OKActions, a.InsufficientDataActions = nonNil(in.AlarmActions), nonNil(in.OKActions), nonNil(in.InsufficientDataActions)
	a.MetricName, a.Namespace, a.Dimensions = in.MetricName, in.Namespace, append([]types.Dimension{}, in.Dimensions...)
	a.Statistic, a.ExtendedStatistic, a.Period, a.Unit = in.Statistic, in.ExtendedStatistic, in.Period, in.Unit
	a.EvaluationPeriods, a.DatapointsToAlarm, a.Threshold = in.EvaluationPeriods, in.DatapointsToAlarm, in.Threshold
	a.ComparisonOperator, a.TreatMissingData = in.ComparisonOperator, in.TreatMissingData
	a.remember(types.HistoryItemTypeConfigurationUpdate, now, "Alarm \""+name+"\" "+what, map[string]any{"version": "1.0", "type": map[string]string{"created": "Create", "updated": "Update"}[what]})
	s.keepEvaluating()
	return nil, nil
}

func nonNil(list []string) []string { return append([]string{}, list...) }

func checkAlarm(in *cloudwatch.PutMetricAlarmInput) error {
	switch {
	case in.MetricName == nil || in.Namespace == nil:
		return required("MetricName and Namespace")
	case (in.Statistic == "") == (in.ExtendedStatistic == nil):
		return combination("Exactly one of the parameters Statistic and ExtendedStatistic must be specified.")
	case in.ExtendedStatistic != nil && !validStatistic(*in.ExtendedStatistic):
		return invalid("The value %s for parameter ExtendedStatistic is invalid.", *in.ExtendedStatistic)
	case in.Period == nil || *in.Period != 10 && *in.Period != 20 && *in.Period != 30 && (*in.Period < 60 || *in.Period%60 != 0):
		return invalid("The value %d for parameter Period is invalid: it must be 10, 20, 30 or a multiple of 60.", aws.ToInt32(in.Period))
	case in.EvaluationPeriods == nil:
		return required("EvaluationPeriods")
	case in.DatapointsToAlarm != nil && *in.DatapointsToAlarm > *in.EvaluationPeriods:
		return invalid("The parameter DatapointsToAlarm must be between 1 and EvaluationPeriods.")
	case time.Duration(*in.Period)*time.Duration(*in.EvaluationPeriods)*time.Second > 7*24*time.Hour:
		return invalid("Metrics cannot be checked across more than seven days (EvaluationPeriods * Period must be <= 604800).")
	case in.Threshold == nil:
		return required("Threshold")
	case comparisons[in.ComparisonOperator] == nil:
		return wire.NotImplemented("ComparisonOperator " + string(in.ComparisonOperator) + " of cloudwatch:PutMetricAlarm")
	case !slices.Contains([]string{"", "breaching", "notBreaching", "ignore", "missing"}, aws.ToString(in.TreatMissingData)):
		return invalid("The value %s for parameter TreatMissingData is invalid.", *in.TreatMissingData)
	}
	for _, arn := range slices.Concat(in.AlarmActions, in.OKActions, in.InsufficientDataActions) {
		if !strings.HasPrefix(arn, "arn:") {
			return invalid("Invalid arn syntax: %s", arn)
		}
	}
	return nil
}

// remember adds to the history.
func (a *alarm) remember(typ types.HistoryItemType, at time.Time, summary string, data any) {
	text, err := json.Marshal(data)
	if err != nil {
		text = []byte("{}") // maps of strings always marshal
	}
	a.history = append(a.history, types.AlarmHistoryItem{
		AlarmName: a.AlarmName, AlarmType: types.AlarmTypeMetricAlarm, HistoryItemType: typ, Timestamp: &at, HistorySummary: aws.String(summary), HistoryData: aws.String(string(text)),
	})
	if len(a.history) > mostHistory {
		a.history = a.history[1:]
		a.forgotten++
	}
}

func (s *Service) describeAlarms(_ context.Context, in *cloudwatch.DescribeAlarmsInput) (*cloudwatch.DescribeAlarmsOutput, error) {
	if in.AlarmNamePrefix != nil && len(in.AlarmNames) > 0 {
		return nil, combination("The parameters AlarmNames and AlarmNamePrefix are mutually exclusive.")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []types.MetricAlarm
	for _, name := range slices.Sorted(maps.Keys(s.alarms)) {
		a := s.alarms[name].MetricAlarm
		if len(in.AlarmNames) > 0 && !slices.Contains(in.AlarmNames, name) || !strings.HasPrefix(name, aws.ToString(in.AlarmNamePrefix)) ||
			in.StateValue != "" && in.StateValue != a.StateValue ||
			len(in.AlarmTypes) > 0 && !slices.Contains(in.AlarmTypes, types.AlarmTypeMetricAlarm) ||
			in.ActionPrefix != nil && !hasPrefix(slices.Concat(a.AlarmActions, a.OKActions, a.InsufficientDataActions), *in.ActionPrefix) {
			continue
		}
		all = append(all, a)
	}
	alarms, next, err := page(all, func(a types.MetricAlarm) string { return *a.AlarmName }, in.NextToken, int(cmp.Or(aws.ToInt32(in.MaxRecords), 50)))
	return &cloudwatch.DescribeAlarmsOutput{MetricAlarms: alarms, CompositeAlarms: []types.CompositeAlarm{}, NextToken: next}, err
}

func hasPrefix(list []string, prefix string) bool {
	return slices.ContainsFunc(list, func(text string) bool { return strings.HasPrefix(text, prefix) })
}

func (s *Service) describeAlarmsForMetric(_ context.Context, in *cloudwatch.DescribeAlarmsForMetricInput) (*cloudwatch.DescribeAlarmsForMetricOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := &cloudwatch.DescribeAlarmsForMetricOutput{MetricAlarms: []types.MetricAlarm{}}
	want := keyOf(aws.ToString(in.Namespace), aws.ToString(in.MetricName), in.Dimensions)
	for _, name := range slices.Sorted(maps.Keys(s.alarms)) {
		a := s.alarms[name].MetricAlarm
		if keyOf(*a.Namespace, *a.MetricName, a.Dimensions) == want && (in.Statistic == "" || in.Statistic == a.Statistic) &&
			(in.ExtendedStatistic == nil || *in.ExtendedStatistic == aws.ToString(a.ExtendedStatistic)) &&
			(in.Period == nil || *in.Period == *a.Period) && (in.Unit == "" || in.Unit == a.Unit) {
			out.MetricAlarms = append(out.MetricAlarms, a)
		}
	}
	return out, nil
}

func (s *Service) describeAlarmHistory(_ context.Context, in *cloudwatch.DescribeAlarmHistoryInput) (*cloudwatch.DescribeAlarmHistoryOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	type entry struct {
		types.AlarmHistoryItem
		key string // tells it from what happened to the alarm at the same moment
	}
	var all []entry
	for name, a := range s.alarms {
		if in.AlarmName != nil && *in.AlarmName != name || len(in.AlarmTypes) > 0 && !slices.Contains(in.AlarmTypes, types.AlarmTypeMetricAlarm) {
			continue
		}
		for i, item := range a.history {
			if (in.HistoryItemType == "" || in.HistoryItemType == item.HistoryItemType) && (in.StartDate == nil || !item.Timestamp.Before(*in.StartDate)) &&
				(in.EndDate == nil || item.Timestamp.Before(*in.EndDate)) {
				all = append(all, entry{item, fmt.Sprintf("%d:%d:%s", item.Timestamp.UnixNano(), a.forgotten+i, name)})
			}
		}
	}
	slices.SortFunc(all, func(a, b entry) int {
		return cmp.Or(a.Timestamp.Compare(*b.Timestamp), cmp.Compare(a.key, b.key))
	})
	if in.ScanBy != types.ScanByTimestampAscending {
		slices.Reverse(all)
	}
	cut, next, err := page(all, func(e entry) string { return e.key }, in.NextToken, int(cmp.Or(aws.ToInt32(in.MaxRecords), 100)))
	if err != nil {
		return nil, err
	}
	out := &cloudwatch.DescribeAlarmHistoryOutput{AlarmHistoryItems: []types.AlarmHistoryItem{}, NextToken: next}
	for _, e := range cut {
		out.AlarmHistoryItems = append(out.AlarmHistoryItems, e.AlarmHistoryItem)
	}
	return out, nil
}

func (s *Service) deleteAlarms(_ context.Context, in *cloudwatch.DeleteAlarmsInput) (*cloudwatch.DeleteAlarmsOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, name := range in.AlarmNames { // one that is not there is no error (API reference)
		delete(s.alarms, name)
	}
	return nil, nil
}

func (s *Service) setAlarmState(ctx context.Context, in *cloudwatch.SetAlarmStateInput) (*cloudwatch.SetAlarmStateOutput, error) {
	s.mu.Lock()
	a := s.alarms[aws.ToString(in.AlarmName)]
	if a == nil {
		s.mu.Unlock()
		return nil, &types.ResourceNotFound{Message: aws.String("Alarm " + aws.ToString(in.AlarmName) + " does not exist")}
	}
	events := s.change(a, in.StateValue, aws.ToString(in.StateReason), aws.ToString(in.StateReasonData))
	s.mu.Unlock()
	s.emit(ctx, events)
	return nil, nil
}

func (s *Service) enableAlarmActions(_ context.Context, in *cloudwatch.EnableAlarmActionsInput) (*cloudwatch.EnableAlarmActionsOutput, error) {
	return nil, s.switchActions(in.AlarmNames, true)
}

func (s *Service) disableAlarmActions(_ context.Context, in *cloudwatch.DisableAlarmActionsInput) (*cloudwatch.DisableAlarmActionsOutput, error) {
	return nil, s.switchActions(in.AlarmNames, false)
}

func (s *Service) switchActions(names []string, on bool) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, name := range names {
		if a := s.alarms[name]; a != nil {
			a.ActionsEnabled = &on
		}
	}
	return nil
}
