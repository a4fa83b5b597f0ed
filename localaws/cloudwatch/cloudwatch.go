// Package cloudwatch is Amazon CloudWatch: metrics, alarms and dashboards.
//
// Metrics come from the API and from the other services, which report about
// themselves as AWS's do; both land in the same series and can be queried,
// with percentiles, down to a minute (a second for high-resolution metrics).
// Alarms are evaluated each minute of the server's clock, over the periods that
// end there, with the rules for missing data of the CloudWatch User Guide; a
// change of state is kept in the alarm's history and put on the event bus.
//
// What it does not do: metric math, anomaly detection, composite and log
// alarms, streams. Alarm actions are recorded but have nothing to act on here
// (there is no SNS): the history says so. Dashboards are stored and given back;
// nothing draws them.
package cloudwatch

import (
	"fmt"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"crawlerless/localaws/clock"
	"crawlerless/localaws/cloud"
	"crawlerless/localaws/wire"
)

// Service holds metrics, alarms and dashboards.
type Service struct {
	env cloud.Env

	mu         sync.Mutex
	series     map[string]*series
	alarms     map[string]*alarm
	dashboards map[string]*dashboard
	ticker     *clock.Timer // the next evaluation, while there are alarms
	closed     bool
}

// New returns a CloudWatch that nothing has been reported to.
func New(env cloud.Env) *Service {
	return &Service{env: env, series: map[string]*series{}, alarms: map[string]*alarm{}, dashboards: map[string]*dashboard{}}
}

// Close ends the evaluation of alarms.
func (s *Service) Close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	if s.ticker != nil {
		s.ticker.Stop()
	}
}

// Wire describes the API.
func (s *Service) Wire() wire.Service {
	onAlarm := func(name *string) string { return s.alarmARN(aws.ToString(name)) }
	return wire.Service{
		Name: "monitoring", Action: "cloudwatch", Target: "GraniteServiceVersion20100801", Protocol: wire.JSON10,
		Namespace:   "http://monitoring.amazonaws.com/doc/2010-08-01/",
		Constraints: constraints, Refuse: refuse,
		Operations: []wire.Operation{
			wire.Op("PutMetricData", s.putMetricData, func(in *cloudwatch.PutMetricDataInput) []wire.Access {
				return []wire.Access{{Action: "PutMetricData", Resource: "*", Conditions: map[string][]string{"cloudwatch:namespace": {aws.ToString(in.Namespace)}}}}
			}, "Namespace", "MetricData"),
			wire.Op("GetMetricData", s.getMetricData, nil, "StartTime", "EndTime", "MetricDataQueries", "ScanBy", "MaxDatapoints", "NextToken"),
			wire.Op("GetMetricStatistics", s.getMetricStatistics, nil, "Namespace", "MetricName", "Dimensions", "StartTime", "EndTime", "Period", "Statistics", "ExtendedStatistics", "Unit"),
			wire.Op("ListMetrics", s.listMetrics, nil, "Namespace", "MetricName", "Dimensions", "NextToken", "RecentlyActive"),

			wire.Op("PutMetricAlarm", s.putMetricAlarm, wire.On("PutMetricAlarm", func(in *cloudwatch.PutMetricAlarmInput) string { return onAlarm(in.AlarmName) }),
				"AlarmName", "AlarmDescription", "ActionsEnabled", "AlarmActions", "OKActions", "InsufficientDataActions", "MetricName", "Namespace", "Statistic",
				"ExtendedStatistic", "Dimensions", "Period", "Unit", "EvaluationPeriods", "DatapointsToAlarm", "Threshold", "ComparisonOperator", "TreatMissingData", "Tags"),
			wire.Op("DescribeAlarms", s.describeAlarms, wire.On("DescribeAlarms", func(*cloudwatch.DescribeAlarmsInput) string { return s.alarmARN("*") }),
				"AlarmNames", "AlarmNamePrefix", "AlarmTypes", "StateValue", "ActionPrefix", "MaxRecords", "NextToken"),
			wire.Op("DescribeAlarmsForMetric", s.describeAlarmsForMetric, wire.On("DescribeAlarmsForMetric", func(*cloudwatch.DescribeAlarmsForMetricInput) string { return s.alarmARN("*") }),
				"MetricName", "Namespace", "Dimensions", "Statistic", "ExtendedStatistic", "Period", "Unit"),
			wire.Op("DescribeAlarmHistory", s.describeAlarmHistory, wire.On("DescribeAlarmHistory", func(in *cloudwatch.DescribeAlarmHistoryInput) string {
				if in.AlarmName == nil {
					return s.alarmARN("*")
				}
				return onAlarm(in.AlarmName)
			}), "AlarmName", "AlarmTypes", "HistoryItemType", "StartDate", "EndDate", "MaxRecords", "NextToken", "ScanBy"),
			wire.Op("DeleteAlarms", s.deleteAlarms, func(in *cloudwatch.DeleteAlarmsInput) []wire.Access {
				return s.eachAlarm("DeleteAlarms", in.AlarmNames)
			}, "AlarmNames"),
			wire.Op("SetAlarmState", s.setAlarmState, wire.On("SetAlarmState", func(in *cloudwatch.SetAlarmStateInput) string { return onAlarm(in.AlarmName) }), "AlarmName", "StateValue", "StateReason", "StateReasonData"),
			wire.Op("EnableAlarmActions", s.enableAlarmActions, func(in *cloudwatch.EnableAlarmActionsInput) []wire.Access {
				return s.eachAlarm("EnableAlarmActions", in.AlarmNames)
			}, "AlarmNames"),
			wire.Op("DisableAlarmActions", s.disableAlarmActions, func(in *cloudwatch.DisableAlarmActionsInput) []wire.Access {
				return s.eachAlarm("DisableAlarmActions", in.AlarmNames)
			}, "AlarmNames"),

			wire.Op("PutDashboard", s.putDashboard, wire.On("PutDashboard", func(in *cloudwatch.PutDashboardInput) string { return s.dashboardARN(aws.ToString(in.DashboardName)) }), "DashboardName", "DashboardBody", "Tags"),
			wire.Op("GetDashboard", s.getDashboard, wire.On("GetDashboard", func(in *cloudwatch.GetDashboardInput) string { return s.dashboardARN(aws.ToString(in.DashboardName)) }), "DashboardName"),
			wire.Op("ListDashboards", s.listDashboards, nil, "DashboardNamePrefix", "NextToken"),
			wire.Op("DeleteDashboards", s.deleteDashboards, func(in *cloudwatch.DeleteDashboardsInput) []wire.Access {
				var out []wire.Access
				for _, name := range in.DashboardNames {
					out = append(out, wire.Access{Action: "DeleteDashboards", Resource: s.dashboardARN(name)})
				}
				return out
			}, "DashboardNames"),

			wire.Op("TagResource", s.tagResource, wire.On("TagResource", func(in *cloudwatch.TagResourceInput) string { return aws.ToString(in.ResourceARN) }), "ResourceARN", "Tags"),
			wire.Op("UntagResource", s.untagResource, wire.On("UntagResource", func(in *cloudwatch.UntagResourceInput) string { return aws.ToString(in.ResourceARN) }), "ResourceARN", "TagKeys"),
			wire.Op("ListTagsForResource", s.listTagsForResource, wire.On("ListTagsForResource", func(in *cloudwatch.ListTagsForResourceInput) string { return aws.ToString(in.ResourceARN) }), "ResourceARN"),
		},
	}
}

func (s *Service) alarmARN(name string) string { return s.env.ARN("cloudwatch", "alarm:"+name) }

func (s *Service) dashboardARN(name string) string {
	return "arn:" + s.env.Partition + ":cloudwatch::" + s.env.Account + ":dashboard/" + name
}

func (s *Service) eachAlarm(action string, names []string) []wire.Access {
	var out []wire.Access
	for _, name := range names {
		out = append(out, wire.Access{Action: action, Resource: s.alarmARN(name)})
	}
	return out
}

func invalid(format string, args ...any) error {
	return &types.InvalidParameterValueException{Message: aws.String(fmt.Sprintf(format, args...))}
}

func combination(format string, args ...any) error {
	return &types.InvalidParameterCombinationException{Message: aws.String(fmt.Sprintf(format, args...))}
}

func required(name string) error {
	return &types.MissingRequiredParameterException{Message: aws.String("The parameter " + name + " is required.")}
}

// page cuts a sorted list; a token is the key of the last item given.
func page[T any](items []T, key func(T) string, token *string, limit int) (out []T, next *string, err error) {
	if token != nil {
		at := -1
		for i, item := range items {
			if key(item) == *token {
				at = i
			}
		}
		if at < 0 {
			return nil, nil, &types.InvalidNextToken{Message: aws.String("Invalid nextToken")}
		}
		items = items[at+1:]
	}
	if len(items) > limit {
		return items[:limit], aws.String(key(items[limit-1])), nil
	}
	return append([]T{}, items...), nil, nil
}
