package provider

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
)

type metricAlarm struct {
	Name                string            `prop:"name,auto=255,replace"`
	ComparisonOperator  string            `prop:"comparisonOperator,required"`
	EvaluationPeriods   int64             `prop:"evaluationPeriods,required"`
	ActionsEnabled      bool              `prop:"actionsEnabled,default=true"`
	AlarmActions        []string          `prop:"alarmActions,set"`
	OKActions           []string          `prop:"okActions,set"`
	InsufficientActions []string          `prop:"insufficientDataActions,set"`
	Description         string            `prop:"alarmDescription,omitempty"`
	DatapointsToAlarm   *int64            `prop:"datapointsToAlarm"`
	Dimensions          map[string]string `prop:"dimensions"`
	LowSamplePercentile string            `prop:"evaluateLowSampleCountPercentiles,computed"`
	ExtendedStatistic   string            `prop:"extendedStatistic,omitempty"`
	MetricName          string            `prop:"metricName,omitempty"`
	Queries             []metricQuery     `prop:"metricQueries,set"`
	Namespace           string            `prop:"namespace,omitempty"`
	Period              *int64            `prop:"period"`
	Statistic           string            `prop:"statistic,omitempty"`
	Threshold           *float64          `prop:"threshold"`
	ThresholdMetricID   string            `prop:"thresholdMetricId,omitempty"`
	TreatMissingData    string            `prop:"treatMissingData,default=missing"`
	Unit                string            `prop:"unit,omitempty"`
	tagged

	ARN string `prop:"arn,out"`
}

type metricQuery struct {
	ID         string      `prop:"id,required"`
	AccountID  string      `prop:"accountId,omitempty"`
	Expression string      `prop:"expression,omitempty"`
	Label      string      `prop:"label,omitempty"`
	Metric     *metricStat `prop:"metric"`
	Period     *int64      `prop:"period"`
	ReturnData bool        `prop:"returnData,default=false"`
}

type metricStat struct {
	Dimensions map[string]string `prop:"dimensions"`
	Name       string            `prop:"metricName,required"`
	Namespace  string            `prop:"namespace,omitempty"`
	Period     int64             `prop:"period,required"`
	Stat       string            `prop:"stat,required"`
	Unit       string            `prop:"unit,omitempty"`
}

func cloudwatchAlarm() handler {
	return of(typed[metricAlarm]{
		Token: "aws:cloudwatch/metricAlarm:MetricAlarm",
		Create: func(ctx context.Context, s *session, in *metricAlarm) (string, error) {
			return made(in.Name, s.putAlarm(ctx, in, true))
		},
		Read: func(ctx context.Context, s *session, id string, v *metricAlarm) error { return s.readAlarm(ctx, id, v) },
		Update: func(ctx context.Context, s *session, id string, _, in *metricAlarm) error {
			if err := s.putAlarm(ctx, in, false); err != nil {
				return err
			}
			now := &metricAlarm{}
			if err := s.readAlarm(ctx, id, now); err != nil {
				return err
			}
			set, remove := delta(now.TagsAll, in.TagsAll)
			if len(remove) > 0 {
				if _, err := s.cloudwatch.UntagResource(ctx, &cloudwatch.UntagResourceInput{ResourceARN: &now.ARN, TagKeys: remove}); err != nil {
					return err
				}
			}
			if len(set) > 0 {
				if _, err := s.cloudwatch.TagResource(ctx, &cloudwatch.TagResourceInput{ResourceARN: &now.ARN, Tags: alarmTags(set)}); err != nil {
					return err
				}
			}
			return nil
		},
		Delete: func(ctx context.Context, s *session, id string, _ *metricAlarm) error {
			_, err := s.cloudwatch.DeleteAlarms(ctx, &cloudwatch.DeleteAlarmsInput{AlarmNames: []string{id}})
			return err
		},
	})
}

// putAlarm: tags are taken when an alarm is made only.
func (s *session) putAlarm(ctx context.Context, in *metricAlarm, creating bool) error {
	req := &cloudwatch.PutMetricAlarmInput{
		AlarmName: &in.Name, ComparisonOperator: types.ComparisonOperator(in.ComparisonOperator),
		EvaluationPeriods: aws.Int32(int32(in.EvaluationPeriods)), ActionsEnabled: &in.ActionsEnabled, AlarmActions: in.AlarmActions,
		OKActions: in.OKActions, InsufficientDataActions: in.InsufficientActions, AlarmDescription: str(in.Description),
		DatapointsToAlarm: int32p(in.DatapointsToAlarm), Dimensions: dimensions(in.Dimensions),
		EvaluateLowSampleCountPercentile: str(in.LowSamplePercentile), ExtendedStatistic: str(in.ExtendedStatistic),
		MetricName: str(in.MetricName), Namespace: str(in.Namespace), Period: int32p(in.Period), Statistic: types.Statistic(in.Statistic),
		Threshold: in.Threshold, ThresholdMetricId: str(in.ThresholdMetricID), TreatMissingData: str(in.TreatMissingData), Unit: types.StandardUnit(in.Unit),
	}
	for _, q := range in.Queries {
		m := types.MetricDataQuery{
			Id: &q.ID, AccountId: str(q.AccountID), Expression: str(q.Expression), Label: str(q.Label), Period: int32p(q.Period), ReturnData: aws.Bool(q.ReturnData),
		}
		if q.Metric != nil {
			m.MetricStat = &types.MetricStat{
				Metric: &types.Metric{MetricName: &q.Metric.Name, Namespace: str(q.Metric.Namespace), Dimensions: dimensions(q.Metric.Dimensions)},
				Period: aws.Int32(int32(q.Metric.Period)), Stat: &q.Metric.Stat, Unit: types.StandardUnit(q.Metric.Unit),
			}
		}
		req.Metrics = append(req.Metrics, m)
	}
	if creating {
		req.Tags = alarmTags(in.TagsAll)
	}
	_, err := s.cloudwatch.PutMetricAlarm(ctx, req)
	return err
}

func (s *session) readAlarm(ctx context.Context, id string, v *metricAlarm) error {
	out, err := s.cloudwatch.DescribeAlarms(ctx, &cloudwatch.DescribeAlarmsInput{AlarmNames: []string{id}, AlarmTypes: []types.AlarmType{types.AlarmTypeMetricAlarm}})
	if err != nil {
		return err
	}
	if len(out.MetricAlarms) == 0 {
		return errGone
	}
	a := out.MetricAlarms[0]
	v.Name, v.ARN, v.Description = id, aws.ToString(a.AlarmArn), aws.ToString(a.AlarmDescription)
	v.ComparisonOperator, v.EvaluationPeriods = string(a.ComparisonOperator), int64(aws.ToInt32(a.EvaluationPeriods))
	v.ActionsEnabled, v.AlarmActions, v.OKActions = aws.ToBool(a.ActionsEnabled), list(a.AlarmActions), list(a.OKActions)
	v.InsufficientActions, v.DatapointsToAlarm = list(a.InsufficientDataActions), int64p(a.DatapointsToAlarm)
	v.Dimensions, v.LowSamplePercentile = fromDimensions(a.Dimensions), aws.ToString(a.EvaluateLowSampleCountPercentile)
	v.ExtendedStatistic, v.MetricName, v.Namespace = aws.ToString(a.ExtendedStatistic), aws.ToString(a.MetricName), aws.ToString(a.Namespace)
	v.Period, v.Statistic, v.Threshold = int64p(a.Period), string(a.Statistic), a.Threshold
	v.ThresholdMetricID, v.Unit = aws.ToString(a.ThresholdMetricId), string(a.Unit)
	if v.TreatMissingData = aws.ToString(a.TreatMissingData); v.TreatMissingData == "" {
		v.TreatMissingData = "missing"
	}
	v.Queries = nil
	for _, m := range a.Metrics {
		q := metricQuery{
			ID: aws.ToString(m.Id), AccountID: aws.ToString(m.AccountId), Expression: aws.ToString(m.Expression), Label: aws.ToString(m.Label),
			Period: int64p(m.Period), ReturnData: aws.ToBool(m.ReturnData),
		}
		if st := m.MetricStat; st != nil && st.Metric != nil {
			q.Metric = &metricStat{
				Dimensions: fromDimensions(st.Metric.Dimensions), Name: aws.ToString(st.Metric.MetricName), Namespace: aws.ToString(st.Metric.Namespace),
				Period: int64(aws.ToInt32(st.Period)), Stat: aws.ToString(st.Stat), Unit: string(st.Unit),
			}
		}
		v.Queries = append(v.Queries, q)
	}
	tags, err := s.cloudwatch.ListTagsForResource(ctx, &cloudwatch.ListTagsForResourceInput{ResourceARN: a.AlarmArn})
	if err != nil {
		return err
	}
	v.TagsAll = map[string]string{}
	for _, t := range tags.Tags {
		v.TagsAll[aws.ToString(t.Key)] = aws.ToString(t.Value)
	}
	return nil
}

func list(l []string) []string {
	if len(l) == 0 {
		return nil
	}
	return l
}

func dimensions(m map[string]string) []types.Dimension {
	var out []types.Dimension
	for _, k := range sortedKeys(m) {
		out = append(out, types.Dimension{Name: aws.String(k), Value: aws.String(m[k])})
	}
	return out
}

func fromDimensions(l []types.Dimension) map[string]string {
	m := map[string]string{}
	for _, d := range l {
		m[aws.ToString(d.Name)] = aws.ToString(d.Value)
	}
	return notEmpty(m)
}

func alarmTags(tags map[string]string) []types.Tag {
	var list []types.Tag
	for _, k := range sortedKeys(tags) {
		list = append(list, types.Tag{Key: aws.String(k), Value: aws.String(tags[k])})
	}
	return list
}

type dashboard struct {
	Name string `prop:"dashboardName,required,replace"`
	Body string `prop:"dashboardBody,required,json"`

	ARN string `prop:"dashboardArn,out"`
}

func cloudwatchDashboard() handler {
	put := func(ctx context.Context, s *session, in *dashboard) error {
		_, err := s.cloudwatch.PutDashboard(ctx, &cloudwatch.PutDashboardInput{DashboardName: &in.Name, DashboardBody: &in.Body})
		return err
	}
	return of(typed[dashboard]{
		Token: "aws:cloudwatch/dashboard:Dashboard",
		Create: func(ctx context.Context, s *session, in *dashboard) (string, error) {
			return made(in.Name, put(ctx, s, in))
		},
		Read: func(ctx context.Context, s *session, id string, v *dashboard) error {
			out, err := s.cloudwatch.GetDashboard(ctx, &cloudwatch.GetDashboardInput{DashboardName: &id})
			if err != nil {
				return err
			}
			v.Name, v.Body, v.ARN = id, aws.ToString(out.DashboardBody), aws.ToString(out.DashboardArn)
			return nil
		},
		Update: func(ctx context.Context, s *session, _ string, _, in *dashboard) error { return put(ctx, s, in) },
		Delete: func(ctx context.Context, s *session, id string, _ *dashboard) error {
			_, err := s.cloudwatch.DeleteDashboards(ctx, &cloudwatch.DeleteDashboardsInput{DashboardNames: []string{id}})
			return err
		},
	})
}
