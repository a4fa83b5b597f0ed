package logs

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"

	"crawlerless/localaws/cloud"
	"crawlerless/localaws/logs/filterpattern"
	"crawlerless/localaws/wire"
)

// maxMetricFilters is how many metric filters a log group may have.
const maxMetricFilters = 100

// metricFilter makes metrics of the events that a pattern matches.
type metricFilter struct {
	name           string
	pattern        *filterpattern.Pattern
	transformation types.MetricTransformation
	created        int64

	mu      sync.Mutex
	minute  time.Time // the minute that the following is about
	matched bool      // an event matched in it
	pending bool      // the default value is due at its end unless one matches
	stopped bool
}

func (s *Service) metricFilterOperations() []wire.Operation {
	return []wire.Operation{
		wire.Op("PutMetricFilter", s.putMetricFilter, func(in *cloudwatchlogs.PutMetricFilterInput) []wire.Access {
			return s.onGroup("PutMetricFilter", aws.ToString(in.LogGroupName))
		}, "LogGroupName", "FilterName", "FilterPattern", "MetricTransformations"),
		wire.Op("DescribeMetricFilters", s.describeMetricFilters, func(in *cloudwatchlogs.DescribeMetricFiltersInput) []wire.Access {
			return s.onGroup("DescribeMetricFilters", aws.ToString(in.LogGroupName))
		}, "LogGroupName", "FilterNamePrefix", "MetricName", "MetricNamespace", "Limit", "NextToken"),
		wire.Op("DeleteMetricFilter", s.deleteMetricFilter, func(in *cloudwatchlogs.DeleteMetricFilterInput) []wire.Access {
			return s.onGroup("DeleteMetricFilter", aws.ToString(in.LogGroupName))
		}, "LogGroupName", "FilterName"),
		wire.Op("TestMetricFilter", s.testMetricFilter, nil, "FilterPattern", "LogEventMessages"),
	}
}

const badMetricPattern = "Invalid metric filter pattern"

func (s *Service) putMetricFilter(_ context.Context, in *cloudwatchlogs.PutMetricFilterInput) (*cloudwatchlogs.PutMetricFilterOutput, error) {
	pattern, err := parsePattern(*in.FilterPattern, badMetricPattern)
	if err != nil {
		return nil, err
	}
	t := in.MetricTransformations[0]
	if err := checkTransformation(pattern, t); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	g, err := s.findStandard(aws.ToString(in.LogGroupName))
	if err != nil {
		return nil, err
	}
	f := &metricFilter{name: *in.FilterName, pattern: pattern, transformation: t, created: s.now()}
	if pattern.Regexes() > 0 && g.regexFilters("", f.name) >= maxRegexFilters {
		return nil, limitExceeded()
	}
	at, exists := g.metricFilter(f.name)
	switch {
	case exists:
		f.created = g.metricFilters[at].created
		g.metricFilters[at].stop()
		g.metricFilters[at] = f
	case len(g.metricFilters) >= maxMetricFilters:
		return nil, limitExceeded()
	default:
		g.metricFilters = slices.Insert(g.metricFilters, at, f)
	}
	return &cloudwatchlogs.PutMetricFilterOutput{}, nil
}

func (g *group) metricFilter(name string) (int, bool) {
	return slices.BinarySearchFunc(g.metricFilters, name, func(f *metricFilter, name string) int { return cmp.Compare(f.name, name) })
}

// checkTransformation applies the rules of MetricTransformation (API reference).
func checkTransformation(p *filterpattern.Pattern, t types.MetricTransformation) error {
	switch {
	case strings.HasPrefix(*t.MetricNamespace, "AWS/"):
		return invalid("Metric namespaces starting with AWS/ are reserved for AWS.")
	case len(t.Dimensions) > 0 && t.DefaultValue != nil:
		return invalid("Invalid metric transformation: dimensions and default value are mutually exclusive properties")
	case len(t.Dimensions) > 3:
		return invalid("Invalid metric transformation: a maximum of 3 dimensions is allowed")
	case len(t.Dimensions) > 0 && p.Kind() == filterpattern.Terms:
		return invalid("The specified filter pattern does not support dimensions")
	}
	for _, selector := range t.Dimensions {
		if !validSelector(p, selector) {
			return invalid("Invalid metric transformation: dimension value must be valid selector")
		}
	}
	if _, err := strconv.ParseFloat(*t.MetricValue, 64); err != nil && !validSelector(p, *t.MetricValue) {
		return invalid("Invalid metric transformation: metric value must be a number or a valid selector")
	}
	return nil
}

func validSelector(p *filterpattern.Pattern, selector string) bool {
	switch p.Kind() {
	case filterpattern.JSON:
		_, err := filterpattern.ParseSelector(selector)
		return err == nil
	case filterpattern.Delimited:
		return strings.HasPrefix(selector, "$") && len(selector) > 1
	}
	return false
}

func (s *Service) describeMetricFilters(_ context.Context, in *cloudwatchlogs.DescribeMetricFiltersInput) (*cloudwatchlogs.DescribeMetricFiltersOutput, error) {
	size := limit(in.Limit, 50)
	if (in.MetricName == nil) != (in.MetricNamespace == nil) {
		return nil, invalid("MetricName and MetricNamespace must be specified together.")
	}
	type listed struct {
		group  string
		filter *metricFilter
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	var found []listed
	for _, g := range s.groups {
		if in.LogGroupName != nil && g.name != *in.LogGroupName {
			continue
		}
		for _, f := range g.metricFilters {
			t := f.transformation
			if strings.HasPrefix(f.name, aws.ToString(in.FilterNamePrefix)) &&
				(in.MetricName == nil || *in.MetricName == *t.MetricName && *in.MetricNamespace == *t.MetricNamespace) {
				found = append(found, listed{g.name, f})
			}
		}
	}
	if in.LogGroupName != nil {
		if _, err := s.find(*in.LogGroupName); err != nil {
			return nil, err
		}
	}
	key := func(l listed) string { return l.filter.name + " " + l.group }
	slices.SortFunc(found, func(a, b listed) int { return cmp.Compare(key(a), key(b)) })
	found, next, err := page(found, key, false, in.NextToken, size)
	if err != nil {
		return nil, err
	}
	out := &cloudwatchlogs.DescribeMetricFiltersOutput{MetricFilters: []types.MetricFilter{}, NextToken: next}
	for _, l := range found {
		out.MetricFilters = append(out.MetricFilters, types.MetricFilter{
			FilterName: aws.String(l.filter.name), FilterPattern: aws.String(l.filter.pattern.String()),
			LogGroupName: aws.String(l.group), CreationTime: aws.Int64(l.filter.created),
			MetricTransformations: []types.MetricTransformation{l.filter.transformation},
		})
	}
	return out, nil
}

func (s *Service) deleteMetricFilter(_ context.Context, in *cloudwatchlogs.DeleteMetricFilterInput) (*cloudwatchlogs.DeleteMetricFilterOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	g, err := s.find(aws.ToString(in.LogGroupName))
	if err != nil {
		return nil, err
	}
	at, exists := g.metricFilter(*in.FilterName)
	if !exists {
		return nil, &types.ResourceNotFoundException{Message: aws.String("The specified metric filter does not exist.")}
	}
	g.metricFilters[at].stop()
	g.metricFilters = slices.Delete(g.metricFilters, at, at+1)
	return &cloudwatchlogs.DeleteMetricFilterOutput{}, nil
}

func (s *Service) testMetricFilter(_ context.Context, in *cloudwatchlogs.TestMetricFilterInput) (*cloudwatchlogs.TestMetricFilterOutput, error) {
	pattern, err := parsePattern(*in.FilterPattern, badMetricPattern)
	if err != nil {
		return nil, err
	}
	out := &cloudwatchlogs.TestMetricFilterOutput{Matches: []types.MetricFilterMatchRecord{}}
	for i, message := range in.LogEventMessages {
		if pattern.Match(message) {
			out.Matches = append(out.Matches, types.MetricFilterMatchRecord{
				EventNumber: int64(i + 1), EventMessage: aws.String(message), ExtractedValues: pattern.Extract(message),
			})
		}
	}
	return out, nil
}

// apply publishes what the events amount to. The default value is published for a
// minute in which events came in and none matched.
func (f *metricFilter) apply(env cloud.Env, events []event) {
	t := f.transformation
	matched := false
	for _, e := range events {
		if !f.pattern.Match(e.message) {
			continue
		}
		matched = true
		value, ok := f.value(e.message)
		dimensions, complete := f.dimensions(e.message)
		if ok && complete {
			env.Metrics.Put(*t.MetricNamespace, *t.MetricName, value, f.unit(), dimensions...)
		}
	}
	if t.DefaultValue == nil {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if minute := env.Clock.Now().Truncate(time.Minute); !minute.Equal(f.minute) {
		f.minute, f.matched, f.pending = minute, false, false
	}
	f.matched = f.matched || matched
	if f.matched || f.pending {
		return
	}
	f.pending = true
	minute := f.minute
	end := minute.Add(time.Minute - time.Millisecond)
	env.Clock.AfterFunc(end.Sub(env.Clock.Now()), func() {
		f.mu.Lock()
		due := f.minute.Equal(minute) && !f.matched && !f.stopped
		f.mu.Unlock()
		if due {
			env.Metrics.Put(*t.MetricNamespace, *t.MetricName, *t.DefaultValue, f.unit())
		}
	})
}

// stop keeps a default value from being published after the filter is gone.
func (f *metricFilter) stop() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.stopped = true
}

func (f *metricFilter) unit() string {
	return string(cmp.Or(f.transformation.Unit, types.StandardUnitNone))
}

func (f *metricFilter) value(message string) (float64, bool) {
	text := *f.transformation.MetricValue
	if strings.HasPrefix(text, "$") {
		selected, ok := f.pattern.Value(message, text)
		if !ok {
			return 0, false
		}
		text = selected
	}
	v, err := strconv.ParseFloat(text, 64)
	return v, err == nil
}

func (f *metricFilter) dimensions(message string) ([]string, bool) {
	var pairs []string
	for _, name := range slices.Sorted(maps.Keys(f.transformation.Dimensions)) {
		value, ok := f.pattern.Value(message, f.transformation.Dimensions[name])
		if !ok {
			return nil, false
		}
		pairs = append(pairs, name, value)
	}
	return pairs, true
}
