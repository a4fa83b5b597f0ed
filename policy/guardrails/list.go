package guardrails

import "slices"

// All returns every rule of the pack, in the order of the documentation. A rule
// that is not in this list does not exist.
func All() []Guardrail {
	return slices.Concat(
		glueRules(),
		firehoseRules(),
	)
}
