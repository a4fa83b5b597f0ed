package cloudwatch

import (
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
)

// series is one metric: a namespace, a name and a set of dimensions.
type series struct {
	namespace, name string
	dimensions      []types.Dimension // by name
	points          map[point]*stats
	last            time.Time // of the newest value
}

// point is where values of a series are added up: a minute, or a second of a
// high-resolution metric, and a unit.
type point struct {
	second int64 // Unix time
	unit   types.StandardUnit
}

// stats are values added up. Percentiles need the values themselves; those that
// came as a statistic set have none.
type stats struct {
	sum, count, least, most float64
	values                  map[float64]float64 // value -> how often
	opaque                  bool                // whether some came as a set
}

func (a *stats) add(value, times float64) {
	a.merge(&stats{sum: value * times, count: times, least: value, most: value, values: map[float64]float64{value: times}})
}

func (a *stats) merge(b *stats) {
	if b.count == 0 {
		return
	}
	if a.count == 0 {
		a.least, a.most = b.least, b.most
	}
	a.sum, a.count = a.sum+b.sum, a.count+b.count
	a.least, a.most = min(a.least, b.least), max(a.most, b.most)
	a.opaque = a.opaque || b.opaque
	if a.values == nil {
		a.values = map[float64]float64{}
	}
	for value, times := range b.values {
		a.values[value] += times
	}
}

// statistic computes one: "Sum", "Average", "p99", "p99.9"; ok is false where
// there is no answer.
func (a *stats) statistic(name string) (value float64, ok bool) {
	if a == nil || a.count == 0 {
		return 0, false
	}
	switch name {
	case "Sum":
		return a.sum, true
	case "SampleCount":
		return a.count, true
	case "Average":
		return a.sum / a.count, true
	case "Minimum":
		return a.least, true
	case "Maximum":
		return a.most, true
	}
	rank, isPercentile := percentile(name)
	if !isPercentile || a.opaque && a.count > 1 && a.least != a.most {
		return 0, false
	}
	if a.opaque {
		return a.most, true
	}
	return a.percentile(rank), true
}

// percentile interpolates between the neighbouring values.
func (a *stats) percentile(rank float64) float64 {
	values := make([]float64, 0, len(a.values))
	for v := range a.values {
		values = append(values, v)
	}
	slices.Sort(values)
	at := rank / 100 * (a.count - 1)
	before, below := 0.0, values[0]
	for _, v := range values {
		end := before + a.values[v] - 1
		if at <= end {
			if at < before {
				return below + (v-below)*(at-(before-1))
			}
			return v
		}
		before, below = end+1, v
	}
	return below
}

func percentile(name string) (rank float64, ok bool) {
	text, ok := strings.CutPrefix(name, "p")
	rank, err := strconv.ParseFloat(text, 64)
	return rank, ok && err == nil && rank >= 0 && rank <= 100
}

func validStatistic(name string) bool {
	_, ok := percentile(name)
	return ok || slices.Contains(types.Statistic("").Values(), types.Statistic(name))
}

func sortDimensions(dimensions []types.Dimension) []types.Dimension {
	return slices.SortedFunc(slices.Values(dimensions), func(a, b types.Dimension) int {
		return strings.Compare(aws.ToString(a.Name), aws.ToString(b.Name))
	})
}

func keyOf(namespace, name string, dimensions []types.Dimension) string {
	var out strings.Builder
	out.WriteString(namespace + "\x00" + name)
	for _, d := range sortDimensions(dimensions) {
		out.WriteString("\x00" + aws.ToString(d.Name) + "\x01" + aws.ToString(d.Value))
	}
	return out.String()
}

// record adds to a series at a time. s.mu is held.
func (s *Service) record(namespace, name string, dimensions []types.Dimension, at time.Time, resolution int64, unit types.StandardUnit, values *stats) {
	key := keyOf(namespace, name, dimensions)
	one := s.series[key]
	if one == nil {
		one = &series{namespace: namespace, name: name, dimensions: sortDimensions(dimensions), points: map[point]*stats{}}
		s.series[key] = one
	}
	if unit == "" {
		unit = types.StandardUnitNone
	}
	second := at.Unix()
	p := point{second - mod(second, resolution), unit}
	if one.points[p] == nil {
		one.points[p] = &stats{}
	}
	one.points[p].merge(values)
	if at.After(one.last) {
		one.last = at
	}
}

// Put implements [cloud.Metrics].
func (s *Service) Put(namespace, name string, value float64, unit string, dimensions ...string) {
	var list []types.Dimension
	for i := 0; i+1 < len(dimensions); i += 2 {
		list = append(list, types.Dimension{Name: aws.String(dimensions[i]), Value: aws.String(dimensions[i+1])})
	}
	values := &stats{}
	values.add(value, 1)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.record(namespace, name, list, s.env.Clock.Now(), 60, types.StandardUnit(unit), values)
}

func mod(a, b int64) int64 { return ((a % b) + b) % b }

// window adds up what lies in periods of [start, end), counted from start; unit
// empty takes every unit. Nil where a period has nothing.
func (one *series) window(start, end time.Time, period time.Duration, unit types.StandardUnit) (out []*stats, units []types.StandardUnit) {
	n := int(math.Ceil(float64(end.Sub(start)) / float64(period)))
	out, units = make([]*stats, max(n, 0)), make([]types.StandardUnit, max(n, 0))
	if one == nil {
		return out, units
	}
	for p, values := range one.points {
		at := time.Unix(p.second, 0)
		if at.Before(start) || !at.Before(end) || unit != "" && unit != p.unit {
			continue
		}
		i := int(at.Sub(start) / period)
		if out[i] == nil {
			out[i] = &stats{}
		}
		out[i].merge(values)
		units[i] = p.unit
	}
	return out, units
}
