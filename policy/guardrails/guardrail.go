// Package guardrails holds the rules that a stage of crawlerless must keep
// before anything of it is deployed.
//
// A guardrail is a pure function: it is given a resource as a property map (or
// the whole stack as a list of them), what is known of the stage, and its own
// typed settings; it returns findings. It reads no clock, no environment and
// no network, so that every rule is tested with a table of good and bad
// resources and nothing else. The adapter in package main (folder policy) joins
// the rules to Pulumi's engine.
//
// Guarantees:
//   - A value that a preview does not know yet is never a violation and never
//     a panic: it is listed in Findings.Unjudged, and judged in `pulumi up`,
//     when it is known.
//   - Every violation names the resource, the value found, the value allowed,
//     the configuration key, and the extra cost per month where that is known.
//   - A resource type of a guarded service that no rule knows is reported by
//     name (types.go). Nothing passes because it is new.
//
// What the package does not do: it looks at no deployed resource, so drift is
// found by `refresh`, not here; and it judges only what the program declares,
// not what an account's administrators added beside it.
package guardrails

import (
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/property"
)

// Level is what a violation does to a preview or an update. The names are those
// of a policy pack's configuration file.
type Level string

// The levels, weakest first.
const (
	Disabled  Level = "disabled"
	Advisory  Level = "advisory"
	Mandatory Level = "mandatory"
)

// Resource is one resource as the engine shows it to the pack.
type Resource struct {
	Type  string       // token, for example aws:s3/bucketV2:BucketV2
	Name  string       // the logical name
	URN   string       //
	Props property.Map // inputs: what the program declares

	// Outputs are what the provider made of it; only when the whole stack is
	// judged.
	Outputs property.Map
	// Provider are the inputs of its provider.
	Provider property.Map

	// Protect is Pulumi's own protection against removal.
	Protect bool
	// Parent is the URN of the component that the resource belongs to.
	Parent string
	// Refers maps a property to the URNs of the resources that its value came
	// from. Only filled when the whole stack is judged; it relates resources
	// whose identifiers are not known in a preview.
	Refers map[string][]string
}

// Stack is every resource of the stack, in no order.
type Stack []Resource

// OfType returns the resources whose type is one of the tokens, in order.
func (s Stack) OfType(tokens ...string) []Resource {
	var found []Resource
	for _, r := range s {
		if matchesAny(r.Type, tokens) {
			found = append(found, r)
		}
	}
	return found
}

// Guardrail is one rule. It is made with onResource, onStack or mending, so that
// its settings and its check always have the same type.
type Guardrail struct {
	// Name is the key in the configuration file, kebab-case.
	Name string
	// Service groups rules in the documentation: the AWS service they guard.
	Service string
	// Description is one sentence: what must be so.
	Description string
	// Remedy is what to do about a violation.
	Remedy string
	// Reason is why the rule is there, with a figure where it is about money.
	Reason string
	// Level is the level without configuration.
	Level Level
	// Types are the tokens that the rule looks at. A trailing * matches any
	// rest. Empty means all.
	Types []string

	settings      settingsSpec
	checkResource func(Resource, Stage, any) Findings
	checkStack    func(Stack, Stage, any) Findings
	mend          func(Resource, any) (property.Map, bool)
}

// JudgesStack reports whether the rule needs to see all resources at once.
func (g Guardrail) JudgesStack() bool { return g.checkStack != nil }

// Mends reports whether the rule changes resources instead of judging them.
func (g Guardrail) Mends() bool { return g.mend != nil }

// Applies reports whether the rule looks at resources of the type.
func (g Guardrail) Applies(token string) bool {
	return len(g.Types) == 0 || matchesAny(token, g.Types)
}

// CheckResource judges one resource. The settings are those that Settings
// returned. A rule that judges the stack, or mends, finds nothing here.
func (g Guardrail) CheckResource(r Resource, stage Stage, settings any) Findings {
	if g.checkResource == nil || !g.Applies(r.Type) {
		return Findings{}
	}
	return g.checkResource(r, stage, settings)
}

// CheckStack judges all resources together.
func (g Guardrail) CheckStack(s Stack, stage Stage, settings any) Findings {
	if g.checkStack == nil {
		return Findings{}
	}
	return g.checkStack(s, stage, settings)
}

// Mend returns the properties that the resource should have had, and false
// when there is nothing to mend or mending is not asked for.
func (g Guardrail) Mend(r Resource, settings any) (property.Map, bool) {
	if g.mend == nil || !g.Applies(r.Type) {
		return property.Map{}, false
	}
	return g.mend(r, settings)
}

// onResource completes a rule that judges resources one by one.
func onResource[T any](g Guardrail, defaults T, check func(Resource, Stage, T) Findings) Guardrail {
	g.settings = specOf(defaults)
	g.checkResource = func(r Resource, stage Stage, settings any) Findings {
		return check(r, stage, settings.(T))
	}
	return g
}

// onStack completes a rule that judges all resources together.
func onStack[T any](g Guardrail, defaults T, check func(Stack, Stage, T) Findings) Guardrail {
	g.settings = specOf(defaults)
	g.checkStack = func(s Stack, stage Stage, settings any) Findings {
		return check(s, stage, settings.(T))
	}
	return g
}

// none is the settings type of a rule that has nothing to set.
type none struct{}

func matchesAny(token string, patterns []string) bool {
	for _, pattern := range patterns {
		if prefix, ok := strings.CutSuffix(pattern, "*"); ok {
			if strings.HasPrefix(token, prefix) {
				return true
			}
		} else if token == pattern {
			return true
		}
	}
	return false
}
