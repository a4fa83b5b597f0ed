package cost

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
)

// FromConfig reads a scenario from a stage's configuration: get answers the text
// of a key of the namespace crawlerless, and whether it is set. What the
// configuration does not say is as in the stack's defaults and in [Default].
//
// The keys are those of package pipeline (stack/pipeline/config.go), which this
// package does not import so that the policy pack stays small; a test holds the
// two together.
func FromConfig(get func(key string) (string, bool)) (Scenario, error) {
	s := Default()
	var errs []error
	parse := func(key string, into any) {
		text, ok := get(key)
		if !ok {
			return
		}
		if err := json.Unmarshal([]byte(text), into); err != nil {
			errs = append(errs, fmt.Errorf("crawlerless:%s is %s: %w", key, strconv.Quote(text), err))
		}
	}
	var sources []json.RawMessage
	var generator bool
	parse("sources", &sources)
	parse("generator", &generator)
	parse("expectedGbPerDay", &s.GBPerDay)
	parse("bufferMiB", &s.BufferMiB)
	parse("bufferSeconds", &s.BufferSeconds)
	parse("logRetentionDays", &s.LogRetentionDays)
	parse("lakeTransitionDays", &s.LakeTransitionDays)
	parse("lakeExpiryDays", &s.LakeExpiryDays)
	parse("extractMemoryMiB", &s.ExtractMemoryMiB)
	parse("catalogMemoryMiB", &s.CatalogMemoryMiB)
	if text, ok := get("partitions"); ok {
		s.Projected = text == "projected"
	}
	if text, ok := get("architecture"); ok {
		s.X86 = text == "x86_64"
	}
	s.Sources = max(int64(len(sources))+boolToInt(generator), 1)
	s.Alarms = Alarms(s.Sources)
	return s, errors.Join(append(errs, s.Check())...)
}

// Alarms is how many alarms a stage has: on the dead-letter queue, on failed and
// on timed-out executions, and one for each source.
func Alarms(sources int64) int64 { return 3 + sources }
