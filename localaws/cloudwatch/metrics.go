package cloudwatch

import (
	"cmp"
	"context"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"crawlerless/localaws/wire"
)

// Limits of the API reference.
const (
	mostDatums      = 1000
	mostValues      = 150
	mostDatapoints  = 1440   // of GetMetricStatistics
	mostDataPoints  = 100800 // of GetMetricData
	mostQueries     = 500
	metricsPerPage  = 500
	oldestDatum     = 14 * 24 * time.Hour
	newestDatum     = 2 * time.Hour
	listedFor       = 14 * 24 * time.Hour // ListMetrics shows what had data in two weeks
	activeWithin    = 3 * time.Hour
	largestExponent = 360
)

func (s *Service) putMetricData(_ context.Context, in *cloudwatch.PutMetricDataInput) (*cloudwatch.PutMetricDataOutput, error) {
	namespace := aws.ToString(in.Namespace)
	switch {
	case strings.HasPrefix(namespace, "AWS/"):
		return nil, invalid("The value %s for parameter Namespace is invalid.", namespace)
	case len(in.MetricData) == 0:
		return nil, required("MetricData")
	case len(in.MetricData) > mostDatums:
		return nil, invalid("The collection MetricData must not have a size greater than %d.", mostDatums)
	}
	now := s.env.Clock.Now()
	checked := make([]*stats, len(in.MetricData))
	for i, d := range in.MetricData {
		values, err := checkDatum(d, now)
		if err != nil {
			return nil, err
		}
		checked[i] = values
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, d := range in.MetricData {
		resolution := int64(60)
		if aws.ToInt32(d.StorageResolution) == 1 {
			resolution = 1
		}
		at := now
		if d.Timestamp != nil {
			at = *d.Timestamp
		}
		s.record(namespace, *d.MetricName, d.Dimensions, at, resolution, d.Unit, checked[i])
	}
	return nil, nil
}

func checkDatum(d types.MetricDatum, now time.Time) (*stats, error) {
	switch {
	case d.StorageResolution != nil && *d.StorageResolution != 1 && *d.StorageResolution != 60:
		return nil, invalid("The value %d for parameter StorageResolution is invalid: it must be 1 or 60.", *d.StorageResolution)
	case d.Timestamp != nil && (d.Timestamp.Before(now.Add(-oldestDatum)) || d.Timestamp.After(now.Add(newestDatum))):
		return nil, invalid("The value %s for parameter MetricData.member.Timestamp must be between two weeks in the past and two hours in the future.", d.Timestamp.UTC().Format(time.RFC3339))
	}
	return datumValues(d)
}

// datumValues takes the one of Value, Values with Counts, and StatisticValues
// that is set.
func datumValues(d types.MetricDatum) (*stats, error) {
	out := &stats{}
	given := 0
	for _, is := range []bool{d.Value != nil, len(d.Values) > 0, d.StatisticValues != nil} {
		if is {
			given++
		}
	}
	switch {
	case given == 0:
		return nil, required("MetricData.member.Value")
	case given > 1:
		return nil, combination("The parameters MetricData.member.Value, Values and StatisticValues are mutually exclusive and you have specified more than one.")
	case d.Value != nil:
		out.add(*d.Value, 1)
	case d.StatisticValues != nil:
		set := d.StatisticValues
		if *set.SampleCount <= 0 || *set.Minimum > *set.Maximum {
			return nil, invalid("The values of MetricData.member.StatisticValues contradict each other.")
		}
		out = &stats{sum: *set.Sum, count: *set.SampleCount, least: *set.Minimum, most: *set.Maximum, opaque: true}
	default:
		if len(d.Values) > mostValues || len(d.Counts) > 0 && len(d.Counts) != len(d.Values) {
			return nil, invalid("The parameters MetricData.member.Values and Counts must have the same size of at most %d.", mostValues)
		}
		for i, value := range d.Values {
			times := 1.0
			if len(d.Counts) > 0 {
				times = d.Counts[i]
			}
			if times < 0 {
				return nil, invalid("The value %v for parameter MetricData.member.Counts is invalid.", times)
			}
			out.add(value, times)
		}
	}
	for _, value := range []float64{out.sum, out.least, out.most} {
		if math.IsNaN(value) || math.IsInf(value, 0) || math.Abs(value) > math.Pow(2, largestExponent) {
			return nil, invalid("The value %v for parameter MetricData.member.Value is invalid.", value)
		}
	}
	return out, nil
}

// checkTimes refuses impossible windows and rounds the start down to the minute,
// or to a high-resolution period.
func checkTimes(start, end *time.Time, period int32) (time.Time, error) {
	switch {
	case !start.Before(*end):
		return time.Time{}, invalid("The parameter StartTime must be less than the parameter EndTime.")
	case period != 1 && period != 5 && period != 10 && period != 20 && period != 30 && (period < 60 || period%60 != 0):
		return time.Time{}, invalid("The value %d for parameter Period is invalid: it must be 1, 5, 10, 20, 30 or a multiple of 60.", period)
	}
	if period < 60 {
		return start.Truncate(time.Duration(period) * time.Second), nil
	}
	return start.Truncate(time.Minute), nil
}

func (s *Service) getMetricStatistics(_ context.Context, in *cloudwatch.GetMetricStatisticsInput) (*cloudwatch.GetMetricStatisticsOutput, error) {
	period := aws.ToInt32(in.Period)
	start, err := checkTimes(in.StartTime, in.EndTime, period)
	if err != nil {
		return nil, err
	}
	if len(in.Statistics)+len(in.ExtendedStatistics) == 0 {
		return nil, combination("At least one of the parameters Statistics and ExtendedStatistics must be specified.")
	}
	for _, name := range append(texts(in.Statistics), in.ExtendedStatistics...) {
		if !validStatistic(name) {
			return nil, invalid("The value %s for parameter Statistics is invalid.", name)
		}
	}
	step := time.Duration(period) * time.Second
	if n := int(math.Ceil(float64(in.EndTime.Sub(start)) / float64(step))); n > mostDatapoints {
		return nil, combination("You have requested up to %d datapoints, which exceeds the limit of %d. You may reduce the datapoints requested by increasing Period, or decreasing the time range.", n, mostDatapoints)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	found, units := s.series[keyOf(aws.ToString(in.Namespace), aws.ToString(in.MetricName), in.Dimensions)].window(start, *in.EndTime, step, in.Unit)
	out := &cloudwatch.GetMetricStatisticsOutput{Label: in.MetricName, Datapoints: []types.Datapoint{}}
	for i, values := range found {
		if values == nil {
			continue
		}
		p := types.Datapoint{Timestamp: aws.Time(start.Add(time.Duration(i) * step)), Unit: units[i]}
		out.Datapoints = append(out.Datapoints, datapoint(p, values, in))
	}
	return out, nil
}

func texts[T ~string](list []T) []string {
	out := make([]string, len(list))
	for i, v := range list {
		out[i] = string(v)
	}
	return out
}

func (s *Service) listMetrics(_ context.Context, in *cloudwatch.ListMetricsInput) (*cloudwatch.ListMetricsOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	since := s.env.Clock.Now().Add(-listedFor)
	if in.RecentlyActive != "" {
		since = s.env.Clock.Now().Add(-activeWithin)
	}
	var all []*series
	for _, key := range slices.Sorted(maps.Keys(s.series)) {
		one := s.series[key]
		if (in.Namespace == nil || *in.Namespace == one.namespace) && (in.MetricName == nil || *in.MetricName == one.name) &&
			!one.last.Before(since) && one.has(in.Dimensions) {
			all = append(all, one)
		}
	}
	some, next, err := page(all, func(one *series) string { return keyOf(one.namespace, one.name, one.dimensions) }, in.NextToken, metricsPerPage)
	if err != nil {
		return nil, err
	}
	out := &cloudwatch.ListMetricsOutput{Metrics: []types.Metric{}, NextToken: next}
	for _, one := range some {
		out.Metrics = append(out.Metrics, types.Metric{Namespace: aws.String(one.namespace), MetricName: aws.String(one.name), Dimensions: append([]types.Dimension{}, one.dimensions...)})
	}
	return out, nil
}

func (one *series) has(filters []types.DimensionFilter) bool {
	for _, f := range filters {
		if !slices.ContainsFunc(one.dimensions, func(d types.Dimension) bool {
			return *d.Name == aws.ToString(f.Name) && (f.Value == nil || *f.Value == *d.Value)
		}) {
			return false
		}
	}
	return true
}

func (s *Service) getMetricData(_ context.Context, in *cloudwatch.GetMetricDataInput) (*cloudwatch.GetMetricDataOutput, error) {
	if len(in.MetricDataQueries) == 0 || len(in.MetricDataQueries) > mostQueries {
		return nil, invalid("The collection MetricDataQueries must have a size between 1 and %d.", mostQueries)
	}
	if in.NextToken != nil { // every answer here is complete
		return nil, &types.InvalidNextToken{Message: aws.String("Invalid nextToken")}
	}
	most := int(cmp.Or(aws.ToInt32(in.MaxDatapoints), mostDataPoints))
	seen := map[string]bool{}
	out := &cloudwatch.GetMetricDataOutput{MetricDataResults: []types.MetricDataResult{}, Messages: []types.MessageData{}}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, q := range in.MetricDataQueries {
		id := aws.ToString(q.Id)
		if id == "" || seen[id] || id[0] < 'a' || id[0] > 'z' {
			return nil, invalid("The value %q for parameter MetricDataQueries.member.Id is invalid: it must begin with a lower-case letter and be unique.", id)
		}
		seen[id] = true
		result, err := s.query(q, in)
		if err != nil {
			return nil, err
		}
		if q.ReturnData != nil && !*q.ReturnData {
			continue
		}
		if most -= len(result.Values); most < 0 {
			return nil, wire.NotImplemented("a GetMetricData answer in parts: ask for fewer data points or raise MaxDatapoints")
		}
		out.MetricDataResults = append(out.MetricDataResults, result)
	}
	return out, nil
}

// query answers one of GetMetricData's queries. s.mu is held.
func (s *Service) query(q types.MetricDataQuery, in *cloudwatch.GetMetricDataInput) (types.MetricDataResult, error) {
	var result types.MetricDataResult
	switch {
	case q.Expression != nil:
		return result, wire.NotImplemented("metric math: Expression of cloudwatch:GetMetricData")
	case q.AccountId != nil && *q.AccountId != s.env.Account:
		return result, wire.NotImplemented("metrics of other accounts: AccountId of cloudwatch:GetMetricData")
	case q.MetricStat == nil:
		return result, required("MetricDataQueries.member.MetricStat")
	case !validStatistic(aws.ToString(q.MetricStat.Stat)):
		return result, invalid("The value %s for parameter MetricDataQueries.member.MetricStat.Stat is not supported.", aws.ToString(q.MetricStat.Stat))
	}
	stat, metric := q.MetricStat, q.MetricStat.Metric
	start, err := checkTimes(in.StartTime, in.EndTime, aws.ToInt32(stat.Period))
	if err != nil {
		return result, err
	}
	step := time.Duration(*stat.Period) * time.Second
	found, _ := s.series[keyOf(aws.ToString(metric.Namespace), aws.ToString(metric.MetricName), metric.Dimensions)].window(start, *in.EndTime, step, stat.Unit)
	result = types.MetricDataResult{Id: q.Id, Label: metric.MetricName, StatusCode: types.StatusCodeComplete, Timestamps: []time.Time{}, Values: []float64{}}
	if q.Label != nil {
		result.Label = q.Label
	}
	for i, values := range found {
		if value, ok := values.statistic(*stat.Stat); ok {
			result.Timestamps = append(result.Timestamps, start.Add(time.Duration(i)*step))
			result.Values = append(result.Values, value)
		}
	}
	if in.ScanBy != types.ScanByTimestampAscending { // newest first is the default
		slices.Reverse(result.Timestamps)
		slices.Reverse(result.Values)
	}
	return result, nil
}

// datapoint fills in the statistics asked for.
func datapoint(p types.Datapoint, values *stats, in *cloudwatch.GetMetricStatisticsInput) types.Datapoint {
	for _, name := range in.Statistics {
		value, _ := values.statistic(string(name))
		switch name {
		case types.StatisticSum:
			p.Sum = &value
		case types.StatisticAverage:
			p.Average = &value
		case types.StatisticMinimum:
			p.Minimum = &value
		case types.StatisticMaximum:
			p.Maximum = &value
		case types.StatisticSampleCount:
			p.SampleCount = &value
		}
	}
	for _, name := range in.ExtendedStatistics {
		if value, ok := values.statistic(name); ok {
			if p.ExtendedStatistics == nil {
				p.ExtendedStatistics = map[string]float64{}
			}
			p.ExtendedStatistics[name] = value
		}
	}
	return p
}
