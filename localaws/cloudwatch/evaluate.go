package cloudwatch

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"crawlerless/localaws/cloud"
)

var comparisons = map[types.ComparisonOperator]func(value, threshold float64) bool{
	types.ComparisonOperatorGreaterThanThreshold:          func(v, t float64) bool { return v > t },
	types.ComparisonOperatorGreaterThanOrEqualToThreshold: func(v, t float64) bool { return v >= t },
	types.ComparisonOperatorLessThanThreshold:             func(v, t float64) bool { return v < t },
	types.ComparisonOperatorLessThanOrEqualToThreshold:    func(v, t float64) bool { return v <= t },
}

// keepEvaluating sets the timer for the next whole minute. s.mu is held.
func (s *Service) keepEvaluating() {
	if s.ticker != nil || s.closed || len(s.alarms) == 0 {
		return
	}
	now := s.env.Clock.Now()
	s.ticker = s.env.Clock.AfterFunc(now.Truncate(time.Minute).Add(time.Minute).Sub(now), s.tick)
}

func (s *Service) tick() {
	s.mu.Lock()
	s.ticker = nil
	end := s.env.Clock.Now().Truncate(time.Minute)
	var events []cloud.Event
	for _, name := range slices.Sorted(maps.Keys(s.alarms)) {
		a := s.alarms[name]
		if state, reason, data := s.evaluate(a, end); state != a.StateValue {
			events = append(events, s.change(a, state, reason, data)...)
		}
	}
	s.keepEvaluating()
	s.mu.Unlock()
	s.emit(context.Background(), events)
}

// extraPeriods before the evaluation periods are looked at as well, so that a
// late datapoint does not count as missing (CloudWatch User Guide, "Configuring
// how CloudWatch alarms treat missing data": the evaluation range).
const extraPeriods = 2

// evaluate decides an alarm's state over the periods that end at end. s.mu is
// held.
func (s *Service) evaluate(a *alarm, end time.Time) (state types.StateValue, reason, data string) {
	n, period := int(*a.EvaluationPeriods), time.Duration(*a.Period)*time.Second
	needed := n
	if a.DatapointsToAlarm != nil {
		needed = int(*a.DatapointsToAlarm)
	}
	start := end.Add(-time.Duration(n+extraPeriods) * period)
	found, _ := s.series[keyOf(*a.Namespace, *a.MetricName, a.Dimensions)].window(start, end, period, a.Unit)
	statistic := string(a.Statistic)
	if statistic == "" {
		statistic = aws.ToString(a.ExtendedStatistic)
	}
	// The most recent real datapoints count; only what they leave open counts
	// as missing.
	var times []time.Time
	var values []float64
	for i := len(found) - 1; i >= 0 && len(values) < n; i-- {
		if value, ok := found[i].statistic(statistic); ok {
			values, times = append(values, value), append(times, start.Add(time.Duration(i)*period))
		}
	}
	breaching := 0
	for _, value := range values {
		if comparisons[a.ComparisonOperator](value, *a.Threshold) {
			breaching++
		}
	}
	missing := n - len(values)
	treat := aws.ToString(a.TreatMissingData)
	switch {
	case treat == "breaching":
		breaching += missing
	case treat == "notBreaching":
	case len(values) == 0 && treat == "ignore":
		return a.StateValue, "", ""
	case len(values) == 0:
		return types.StateValueInsufficientData, fmt.Sprintf("Insufficient Data: %d datapoint%s unknown.", n, map[bool]string{true: " was", false: "s were"}[n == 1]), ""
	}
	state, transition := types.StateValueOk, fmt.Sprintf("minimum %d datapoint%s for ALARM -> OK transition", n-needed+1, plural(n-needed+1))
	if breaching >= needed {
		state, transition = types.StateValueAlarm, fmt.Sprintf("minimum %d datapoint%s for OK -> ALARM transition", needed, plural(needed))
	} else if treat == "ignore" && missing > 0 && breaching+missing >= needed {
		return a.StateValue, "", "" // what is missing could decide either way
	}
	return state, thresholdReason(a, state, values, times, n, missing, transition), reasonData(a, statistic, start, end, values)
}

func plural(n int) string {
	if n == 1 {
		return ""
	}
	return "s"
}

// thresholdReason is worded as CloudWatch words it.
func thresholdReason(a *alarm, state types.StateValue, values []float64, times []time.Time, n, missing int, transition string) string {
	if len(values) == 0 {
		return fmt.Sprintf("Threshold Crossed: no datapoints were received for %d period%s and %d missing datapoint%s treated as [%s].", n, plural(n), missing, map[bool]string{true: " was", false: "s were"}[missing == 1], map[string]string{"breaching": "Breaching", "notBreaching": "NonBreaching"}[*a.TreatMissingData])
	}
	var shown []string
	for i, value := range values {
		shown = append(shown, decimal(value)+" ("+times[i].UTC().Format("02/01/06 15:04:05")+")")
	}
	words := map[types.ComparisonOperator][2]string{
		types.ComparisonOperatorGreaterThanThreshold:          {"greater than", "not greater than"},
		types.ComparisonOperatorGreaterThanOrEqualToThreshold: {"greater than or equal to", "not greater than or equal to"},
		types.ComparisonOperatorLessThanThreshold:             {"less than", "not less than"},
		types.ComparisonOperatorLessThanOrEqualToThreshold:    {"less than or equal to", "not less than or equal to"},
	}[a.ComparisonOperator]
	word := words[0]
	if state == types.StateValueOk {
		word = words[1]
	}
	verb := map[bool]string{true: "was", false: "were"}[len(values) == 1]
	return fmt.Sprintf("Threshold Crossed: %d out of the last %d datapoints [%s] %s %s the threshold (%s) (%s).",
		len(values), n, strings.Join(shown, ", "), verb, word, decimal(*a.Threshold), transition)
}

// decimal writes 1 as "1.0", as CloudWatch does.
func decimal(value float64) string {
	text := strconv.FormatFloat(value, 'f', -1, 64)
	if !strings.Contains(text, ".") {
		text += ".0"
	}
	return text
}

func reasonData(a *alarm, statistic string, start, end time.Time, values []float64) string {
	const layout = "2006-01-02T15:04:05.000-0700"
	if values == nil {
		values = []float64{}
	}
	text, err := json.Marshal(map[string]any{
		"version": "1.0", "queryDate": end.UTC().Format(layout), "startDate": start.UTC().Format(layout), "statistic": statistic,
		"period": *a.Period, "recentDatapoints": values, "threshold": *a.Threshold,
	})
	if err != nil {
		return "{}" // numbers that came over the wire always marshal
	}
	return string(text)
}

// change gives an alarm a state and returns the event to emit once s.mu is no
// longer held. s.mu is held.
func (s *Service) change(a *alarm, state types.StateValue, reason, data string) []cloud.Event {
	now := s.env.Clock.Now()
	before := stateDetail(a)
	was := a.StateValue
	a.StateValue, a.StateReason, a.StateUpdatedTimestamp = state, aws.String(reason), &now
	if a.StateReasonData = nil; data != "" {
		a.StateReasonData = aws.String(data)
	}
	if was == state {
		return nil
	}
	a.StateTransitionedTimestamp = &now
	after := stateDetail(a)
	a.remember(types.HistoryItemTypeStateUpdate, now, "Alarm updated from "+string(was)+" to "+string(state), map[string]any{"version": "1.0", "oldState": before, "newState": after})
	if *a.ActionsEnabled {
		for _, arn := range map[types.StateValue][]string{types.StateValueAlarm: a.AlarmActions, types.StateValueOk: a.OKActions, types.StateValueInsufficientData: a.InsufficientDataActions}[state] {
			a.remember(types.HistoryItemTypeAction, now, "Failed to execute action "+arn+": localaws has nothing there to act on", map[string]any{"actionState": "Failed", "publishedMessage": nil, "error": "NotImplemented"})
			s.env.Log.Warn("alarm action not executed", slog.String("alarm", *a.AlarmName), slog.String("action", arn))
		}
	}
	detail, err := json.Marshal(map[string]any{
		"alarmName": *a.AlarmName, "state": after, "previousState": before,
		"configuration": map[string]any{"description": aws.ToString(a.AlarmDescription), "metrics": []any{map[string]any{
			"id": "m1", "returnData": true, "metricStat": map[string]any{
				"period": *a.Period, "stat": a.statistic(), "metric": map[string]any{"namespace": *a.Namespace, "name": *a.MetricName, "dimensions": dimensionMap(a.Dimensions)},
			},
		}}},
	})
	if err != nil {
		s.env.Log.Error("alarm event", slog.Any("error", err))
		return nil
	}
	return []cloud.Event{{Source: "aws.cloudwatch", DetailType: "CloudWatch Alarm State Change", Resources: []string{*a.AlarmArn}, Time: now, Detail: detail}}
}

func (a *alarm) statistic() string {
	if a.Statistic != "" {
		return string(a.Statistic)
	}
	return aws.ToString(a.ExtendedStatistic)
}

func stateDetail(a *alarm) map[string]string {
	out := map[string]string{
		"value": string(a.StateValue), "reason": aws.ToString(a.StateReason), "timestamp": a.StateUpdatedTimestamp.UTC().Format("2006-01-02T15:04:05.000-0700"),
	}
	if a.StateReasonData != nil {
		out["reasonData"] = *a.StateReasonData
	}
	return out
}

func dimensionMap(dimensions []types.Dimension) map[string]string {
	out := map[string]string{}
	for _, d := range dimensions {
		out[*d.Name] = aws.ToString(d.Value)
	}
	return out
}

func (s *Service) emit(ctx context.Context, events []cloud.Event) {
	if s.env.Events == nil {
		return
	}
	for _, e := range events {
		s.env.Events.Emit(ctx, e)
	}
}
