package guardrails

import "slices"

//go:generate go run ../internal/gendocs ../../docs/guardrails.md

// All returns every rule of the pack, in the order of the documentation. A rule
// that is not in this list does not exist.
func All() []Guardrail {
	rules := slices.Concat(
		glueRules(),
		firehoseRules(),
		logsRules(),
		s3Rules(),
		lambdaRules(),
		statesRules(),
		eventsRules(),
		athenaRules(),
		sqsRules(),
		iamRules(),
		networkRules(),
		stackWideRules(),
		stackRules(),
		mendRules(),
	)
	return append(rules, typeRules(rules)...)
}
