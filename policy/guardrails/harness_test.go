package guardrails

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/property"

	"crawlerless/cost"
)

// unknown stands in the tables' JSON for a value that a preview does not know.
const unknown = "<unknown>"

// props reads a property map from JSON.
func props(text string) property.Map {
	var value map[string]any
	if err := json.Unmarshal([]byte(text), &value); err != nil {
		panic(fmt.Sprintf("%v in %s", err, text))
	}
	return valueOf(value).AsMap()
}

func valueOf(v any) property.Value {
	switch v := v.(type) {
	case nil:
		return property.Value{}
	case bool:
		return property.New(v)
	case float64:
		return property.New(v)
	case string:
		if v == unknown {
			return property.New(property.Computed)
		}
		return property.New(v)
	case []any:
		list := make([]property.Value, 0, len(v))
		for _, item := range v {
			list = append(list, valueOf(item))
		}
		return property.New(property.NewArray(list))
	case map[string]any:
		m := map[string]property.Value{}
		for key, item := range v {
			m[key] = valueOf(item)
		}
		return property.New(property.NewMap(m))
	}
	panic(fmt.Sprintf("%T", v))
}

// res is a resource named after what the name says; its URN is "urn:" + name.
func res(kind, name, text string) Resource {
	return Resource{Type: kind, Name: name, URN: "urn:" + kind + ":" + name, Props: props(text)}
}

func (r Resource) refers(property string, to ...Resource) Resource {
	refers := map[string][]string{}
	for key, urns := range r.Refers {
		refers[key] = urns
	}
	for _, target := range to {
		refers[property] = append(refers[property], target.URN)
	}
	r.Refers = refers
	return r
}

func (r Resource) out(text string) Resource {
	r.Outputs = props(text)
	return r
}

func (r Resource) protected() Resource {
	r.Protect = true
	return r
}

// example is one row of a rule's table.
type example struct {
	what  string
	stack Stack
	// config is the rule's configuration, as JSON; empty is none.
	config string
	// local says that the stage is on the local target.
	local bool
	// gb is the volume of the stage; 0 is 20 GB a day.
	gb float64
	// budgetUSD is the budget of the stage.
	budgetUSD float64
	// bad are parts of the messages that are expected, one for each violation;
	// none says that the example is good.
	bad []string
	// waits are the paths that cannot be judged.
	waits []string
}

func testStage(t testing.TB, e example) Stage {
	t.Helper()
	prices, err := cost.Prices()
	if err != nil {
		t.Fatal(err)
	}
	scenario := cost.Default()
	scenario.GBPerDay = 20
	if e.gb != 0 {
		scenario.GBPerDay = e.gb
	}
	return Stage{Name: "test", Local: e.local, Scenario: scenario, Prices: prices, BudgetUSD: e.budgetUSD}
}

func rule(t testing.TB, name string) Guardrail {
	t.Helper()
	for _, g := range All() {
		if g.Name == name {
			return g
		}
	}
	t.Fatalf("no rule %q", name)
	return Guardrail{}
}

// judge runs a rule on a whole stack, whichever kind it is.
func judge(t testing.TB, g Guardrail, e example) Findings {
	t.Helper()
	config := map[string]any{}
	if e.config != "" {
		if err := json.Unmarshal([]byte(e.config), &config); err != nil {
			t.Fatal(err)
		}
	}
	settings, _, err := g.Settings(config)
	if err != nil {
		t.Fatal(err)
	}
	stage := testStage(t, e)
	if g.JudgesStack() {
		return g.CheckStack(e.stack, stage, settings)
	}
	var f Findings
	for _, r := range e.stack {
		one := g.CheckResource(r, stage, settings)
		f.Violations = append(f.Violations, one.Violations...)
		f.Unjudged = append(f.Unjudged, one.Unjudged...)
	}
	return f
}

func checkExamples(t *testing.T, table map[string][]example) {
	t.Helper()
	for name, examples := range table {
		g := rule(t, name)
		for _, e := range examples {
			t.Run(name+"/"+e.what, func(t *testing.T) {
				f := judge(t, g, e)
				var messages []string
				for _, v := range f.Violations {
					messages = append(messages, v.Message(g))
				}
				if len(messages) != len(e.bad) {
					t.Errorf("%d violations, want %d:\n%s", len(messages), len(e.bad), strings.Join(messages, "\n"))
				}
				for _, part := range e.bad {
					if !slices.ContainsFunc(messages, func(m string) bool { return strings.Contains(m, part) }) {
						t.Errorf("no violation says %q:\n%s", part, strings.Join(messages, "\n"))
					}
				}
				var waits []string
				for _, u := range f.Unjudged {
					waits = append(waits, u.Path)
				}
				slices.Sort(waits)
				want := slices.Sorted(slices.Values(e.waits))
				if !slices.Equal(waits, want) {
					t.Errorf("not judged: %v, want %v", waits, want)
				}
				for _, m := range messages {
					if !strings.Contains(m, name) {
						t.Errorf("the message does not name the configuration key: %s", m)
					}
				}
			})
		}
	}
}
