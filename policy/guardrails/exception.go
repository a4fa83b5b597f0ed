package guardrails

import (
	"encoding/json"
	"fmt"
	"time"
)

// Exception lets one resource off one rule, for a written reason and until a
// date. It names the resource: there are no patterns, because an exception that
// catches resources nobody thought of is not an exception.
type Exception struct {
	// Resource is the logical name or the URN; "stack" for a finding about the
	// stack as a whole.
	Resource string `json:"resource"`
	// Reason is written for whoever finds it later. At least 10 characters.
	Reason string `json:"reason"`
	// Expires is the last day on which the exception holds, UTC, as 2006-01-02.
	Expires string `json:"expires"`
}

// Covers reports whether the exception is about the resource.
func (e Exception) Covers(name, urn string) bool {
	if urn == "" && name == "" {
		return e.Resource == "stack"
	}
	return e.Resource == name || e.Resource == urn
}

// Expired reports whether the last day has passed.
func (e Exception) Expired(now time.Time) bool {
	day, err := time.Parse(time.DateOnly, e.Expires)
	return err != nil || !now.UTC().Before(day.AddDate(0, 0, 1))
}

const shortestReason = 10 // characters

func exceptionsOf(config map[string]any) ([]Exception, error) {
	raw, ok := config["exceptions"]
	if !ok || raw == nil {
		return nil, nil
	}
	document, err := json.Marshal(raw)
	if err != nil {
		return nil, fmt.Errorf("exceptions: %w", err)
	}
	var exceptions []Exception
	if err := json.Unmarshal(document, &exceptions); err != nil {
		return nil, fmt.Errorf("exceptions: %w", err)
	}
	for i, e := range exceptions {
		if e.Resource == "" {
			return nil, fmt.Errorf("exceptions[%d]: it must name the resource", i)
		}
		if len([]rune(e.Reason)) < shortestReason {
			return nil, fmt.Errorf("exceptions[%d] for %s: it must carry a written reason", i, e.Resource)
		}
		if _, err := time.Parse(time.DateOnly, e.Expires); err != nil {
			return nil, fmt.Errorf("exceptions[%d] for %s: expires must be a date like 2027-01-31, not %q", i, e.Resource, e.Expires)
		}
	}
	return exceptions, nil
}

func exceptionsSchema() map[string]any {
	return map[string]any{
		"type":        "array",
		"description": "resources let off this rule, each with a written reason and the last day on which it holds",
		"items": map[string]any{
			"type":                 "object",
			"additionalProperties": false,
			"required":             []any{"resource", "reason", "expires"},
			"properties": map[string]any{
				"resource": map[string]any{"type": "string", "minLength": 1.0},
				"reason":   map[string]any{"type": "string", "minLength": float64(shortestReason)},
				"expires":  map[string]any{"type": "string", "pattern": `^\d{4}-\d{2}-\d{2}$`},
			},
		},
	}
}

// Excuse takes from findings what an exception in force covers. An expired one
// covers nothing.
func Excuse(f Findings, exceptions []Exception, now time.Time) Findings {
	if len(exceptions) == 0 {
		return f
	}
	kept := Findings{Unjudged: f.Unjudged}
	for _, v := range f.Violations {
		excused := false
		for _, e := range exceptions {
			if e.Covers(v.Resource, v.URN) && !e.Expired(now) {
				excused = true
			}
		}
		if !excused {
			kept.Violations = append(kept.Violations, v)
		}
	}
	return kept
}
