package pipeline

import (
	"encoding/json"
	"math"
	"slices"
	"testing"

	"crawlerless/lambdas/failure"
)

// An Express execution that lasts longer than five minutes ends without a dead
// letter. However failures follow one another, the longest way through the
// workflow is shorter than that.
func TestTheLongestWayEndsBeforeTheExecution(t *testing.T) {
	const (
		express = 300.
		call    = 1. // until a service has refused a call
	)
	type retrier struct {
		ErrorEquals     []string
		IntervalSeconds *float64
		BackoffRate     *float64
		MaxAttempts     *int
		MaxDelaySeconds *float64
	}
	var machine struct {
		States map[string]struct {
			Type  string
			Retry []retrier
			Catch []struct{ ErrorEquals []string }
		}
	}
	if err := json.Unmarshal([]byte(definition), &machine); err != nil {
		t.Fatal(err)
	}
	// Whatever is not named is tried again while the function says that it
	// failed in time.
	last := map[string]float64{"ExtractMetadata": extractSeconds, "UpdateCatalog": catalogSeconds, "DeadLetter": call}
	patience := map[string]float64{"ExtractMetadata": failure.Patience.Seconds(), "UpdateCatalog": failure.Patience.Seconds(), "DeadLetter": call}
	total := 0.
	for name, state := range machine.States {
		if state.Type != "Task" {
			continue
		}
		longest, ok := last[name]
		if !ok {
			t.Fatalf("how long may %s take?", name)
		}
		way := longest // the attempt that is not followed by another
		for _, r := range state.Retry {
			if r.MaxAttempts == nil {
				t.Fatalf("%s: %v does not say how often", name, r.ErrorEquals)
			}
			each := patience[name]
			switch {
			case slices.Contains(r.ErrorEquals, "Lambda.TooManyRequestsException"):
				each = call
			case slices.Contains(r.ErrorEquals, "Sandbox.Timedout"):
				each = longest
			}
			for i := range *r.MaxAttempts {
				wait := *r.IntervalSeconds
				if r.BackoffRate != nil {
					wait *= math.Pow(*r.BackoffRate, float64(i))
				}
				if r.MaxDelaySeconds != nil {
					wait = min(wait, *r.MaxDelaySeconds)
				}
				way += each + wait
			}
		}
		t.Logf("%s: %.0f s at most", name, way)
		total += way
		if name == "DeadLetter" {
			continue
		}
		if len(state.Retry) == 0 || !slices.Contains(state.Retry[0].ErrorEquals, failure.Late) || !slices.Contains(state.Retry[0].ErrorEquals, failure.OutOfTime) || *state.Retry[0].MaxAttempts != 0 {
			t.Errorf("%s tries again what failed late", name)
		}
		if len(state.Catch) != 1 || !slices.Equal(state.Catch[0].ErrorEquals, []string{"States.ALL"}) {
			t.Errorf("%s does not catch everything: %+v", name, state.Catch)
		}
	}
	if total >= express {
		t.Errorf("the longest way takes %.0f s, an Express execution ends after %.0f", total, express)
	}
}
