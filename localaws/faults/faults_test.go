package faults

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strings"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"crawlerless/localaws/wire"
)

// call runs one call and says what came of it: how often it happened, and how
// it ended.
func call(j *Injector, caller wire.Caller) (happened int, err error) {
	err = j.Intercept(context.Background(), "glue", "UpdateTable", caller, func() error { happened++; return nil })
	return happened, err
}

var role = wire.Caller{Role: "arn:aws:iam::000000000000:role/r"}

func injector(t interface{ Fatal(...any) }, seed uint64, rules ...Rule) *Injector {
	j, err := New(Plan{Seed: seed, Rules: rules})
	if err != nil {
		t.Fatal(err)
	}
	return j
}

func TestEachFaultDoesWhatItsNameSays(t *testing.T) {
	for name, c := range map[string]struct {
		rule     Rule
		happened int
		check    func(error) bool
	}{
		"throttle": {Rule{Throttle: 1}, 0, func(err error) bool { return code(err) == "ThrottlingException" }},
		"error":    {Rule{Error: 1}, 0, func(err error) bool { return code(err) == "InternalServiceException" }},
		"lost":     {Rule{Lost: 1}, 1, func(err error) bool { return errors.Is(err, wire.ErrLostResponse) }},
		"twice":    {Rule{Twice: 1}, 2, func(err error) bool { return err == nil }},
		"nothing":  {Rule{}, 1, func(err error) bool { return err == nil }},
	} {
		c.rule.Operation = "glue:Update*"
		happened, err := call(injector(t, 1, c.rule), role)
		if happened != c.happened || !c.check(err) {
			t.Errorf("%s: happened %d times, %v", name, happened, err)
		}
	}
}

// A killed caller gets no answer, and what it asked for has happened or not.
func TestKilledCallersDieBeforeOrAfterTheCall(t *testing.T) {
	j := injector(t, 7, Rule{Operation: "glue:*", Kill: 1})
	var killed []string
	j.OnKill(func(c wire.Caller) { killed = append(killed, c.Role) })
	effects := 0
	for range 100 {
		happened, err := call(j, role)
		effects += happened
		if !errors.Is(err, wire.ErrLostResponse) {
			t.Fatal(err)
		}
	}
	if len(killed) != 100 || killed[0] != role.Role {
		t.Errorf("%d killed", len(killed))
	}
	done := j.Done()
	if effects != done["glue:UpdateTable kill after"] || effects < 25 || effects > 75 || effects+done["glue:UpdateTable kill before"] != 100 {
		t.Errorf("%d calls had their effect: %v", effects, done)
	}
}

func TestAnotherPlanCountsAnew(t *testing.T) {
	j := injector(t, 1, Rule{Operation: "*", Error: 1, First: 1})
	for _, want := range []bool{true, false} {
		if _, err := call(j, role); (err != nil) != want {
			t.Fatal(err)
		}
	}
	if err := j.Use(Plan{Rules: []Rule{{Operation: "*", Throttle: 1, First: 1}}}); err != nil {
		t.Fatal(err)
	}
	if _, err := call(j, role); code(err) != "ThrottlingException" {
		t.Error(err)
	}
	if d := j.Done(); d["glue:UpdateTable error"] != 1 || d["glue:UpdateTable throttle"] != 1 {
		t.Error(d)
	}
	if err := j.Use(Plan{Rules: []Rule{{}}}); err == nil {
		t.Error("a wrong plan is taken")
	}
}

func TestOnlyRolesAreDisturbedUnlessThePlanSaysEveryone(t *testing.T) {
	root := wire.Caller{Root: true}
	if _, err := call(injector(t, 1, Rule{Operation: "*", Throttle: 1}), root); err != nil {
		t.Errorf("root is disturbed: %v", err)
	}
	if _, err := call(injector(t, 1, Rule{Operation: "*", Throttle: 1, Everyone: true}), root); err == nil {
		t.Error("root is not disturbed")
	}
}

func TestFirstAndSkipCountCallsOfTheOperation(t *testing.T) {
	j := injector(t, 1, Rule{Operation: "glue:*", Error: 1, Skip: 2, First: 1})
	var got []bool
	for range 5 {
		_, err := call(j, role)
		got = append(got, err != nil)
	}
	if fmt.Sprint(got) != "[false false true false false]" {
		t.Errorf("failed: %v", got)
	}
}

// The same plan disturbs the same number of calls however they interleave.
func TestAPlanCanBeRepeated(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		seed := rapid.Uint64().Draw(t, "seed")
		rule := Rule{Operation: "*", Throttle: 0.3, Lost: 0.2, Twice: 0.1}
		var results [2]map[string]int
		for i := range results {
			j := injector(t, seed, rule)
			var wg sync.WaitGroup
			for range 4 {
				wg.Go(func() {
					for range 25 {
						_, _ = call(j, role) // counted in Done
					}
				})
			}
			wg.Wait()
			results[i] = j.Done()
		}
		if !maps.Equal(results[0], results[1]) {
			t.Fatalf("%v and %v", results[0], results[1])
		}
	})
}

func TestRatesAreKept(t *testing.T) {
	j := injector(t, 42, Rule{Operation: "*", Throttle: 0.25})
	for range 4000 {
		_, _ = call(j, role) // counted in Done
	}
	if n := j.Done()["glue:UpdateTable throttle"]; n < 850 || n > 1150 {
		t.Errorf("%d of 4000 throttled at a rate of 0.25", n)
	}
}

func TestAWrongPlanSaysWhatIsWrong(t *testing.T) {
	_, err := New(Plan{Rules: []Rule{{}, {Operation: "glue:*", Throttle: 1.5}, {Operation: "*", Error: 0.6, Lost: 0.6}, {Operation: "[", First: -1}}})
	for _, want := range []string{"rules[0].operation", "rules[1].throttle", "rules[2]: the rates", "rules[3].operation", "rules[3]: first"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not in %v", want, err)
		}
	}
}

func code(err error) string {
	var e *wire.Error
	if errors.As(err, &e) {
		return e.Code
	}
	return ""
}
