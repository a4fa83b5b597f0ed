package logs

import (
	"encoding/json"
	"strings"
)

// The limits of the embedded metric format.
const (
	maxEmbeddedValues     = 100 // numbers of one metric in one event
	maxEmbeddedDimensions = 30
)

// embedded is the "_aws" member of a log event in the embedded metric format
// (CloudWatch guide, "Specification: Embedded metric format").
type embedded struct {
	CloudWatchMetrics []struct {
		Namespace  string
		Dimensions [][]string
		Metrics    []struct {
			Name string
			Unit string
		}
	}
}

// embeddedMetrics publishes the metrics in a message of the embedded metric
// format, at the clock's present time. A message in another format has none.
func (s *Service) embeddedMetrics(message string) {
	if !strings.Contains(message, `"_aws"`) {
		return
	}
	var members map[string]json.RawMessage
	if json.Unmarshal([]byte(message), &members) != nil || members["_aws"] == nil {
		return // not a JSON object: an ordinary message
	}
	var directives embedded
	if json.Unmarshal(members["_aws"], &directives) != nil {
		s.env.Metrics.Put("AWS/Logs", "EMFParsingErrors", 1, "None")
		return
	}
	for _, d := range directives.CloudWatchMetrics {
		sets := d.Dimensions
		if len(sets) == 0 {
			sets = [][]string{{}}
		}
		for _, set := range sets {
			dimensions, ok := embeddedDimensions(members, set)
			if !ok || d.Namespace == "" {
				s.env.Metrics.Put("AWS/Logs", "EMFValidationErrors", 1, "None")
				continue
			}
			for _, m := range d.Metrics {
				values, ok := embeddedValues(members[m.Name])
				if !ok {
					s.env.Metrics.Put("AWS/Logs", "EMFValidationErrors", 1, "None")
					continue
				}
				unit := m.Unit
				if unit == "" {
					unit = "None"
				}
				for _, v := range values {
					s.env.Metrics.Put(d.Namespace, m.Name, v, unit, dimensions...)
				}
			}
		}
	}
}

// embeddedDimensions pairs a dimension set with its values, which are strings.
func embeddedDimensions(members map[string]json.RawMessage, set []string) ([]string, bool) {
	if len(set) > maxEmbeddedDimensions {
		return nil, false
	}
	var pairs []string
	for _, name := range set {
		var value string
		if json.Unmarshal(members[name], &value) != nil || value == "" {
			return nil, false
		}
		pairs = append(pairs, name, value)
	}
	return pairs, true
}

// embeddedValues is a number or a list of numbers.
func embeddedValues(raw json.RawMessage) ([]float64, bool) {
	var one float64
	if len(raw) > 0 && raw[0] != 'n' && json.Unmarshal(raw, &one) == nil {
		return []float64{one}, true
	}
	var many []float64
	if json.Unmarshal(raw, &many) != nil || len(many) == 0 || len(many) > maxEmbeddedValues {
		return nil, false
	}
	return many, true
}
