package guardrails

import (
	"fmt"
	"slices"
	"strings"

	"crawlerless/cost"
)

const stateMachine = "aws:sfn/stateMachine:StateMachine"

type expressSettings struct {
	MaxStandardPerDay float64 `json:"maxStandardPerDay" doc:"most executions a day for which a Standard workflow is allowed" min:"0"`
}

type stateLogSettings struct {
	Levels []string `json:"levels" doc:"log levels that are allowed" enum:"OFF|FATAL|ERROR|ALL"`
}

type tracingSettings struct {
	Allowed bool `json:"allowed" doc:"whether tracing with X-Ray is allowed"`
}

func statesRules() []Guardrail {
	machines := []string{stateMachine}
	return []Guardrail{
		onResource(Guardrail{
			Name: "states-express", Service: "Step Functions", Level: Mandatory, Types: machines,
			Description: "A workflow that runs often is an Express workflow.",
			Remedy:      "Set type to EXPRESS; every step of the pipeline is idempotent, so at-least-once is harmless.",
			Reason: "A Standard workflow is billed by the transition, $25 a million: $0.0001 an object with 4 transitions, against about $0.000002 for Express. " +
				"Above 12 objects a minute it is dearer than the hourly crawler that it replaces.",
		}, expressSettings{MaxStandardPerDay: 100}, checkExpress),
		onResource(Guardrail{
			Name: "states-log-level", Service: "Step Functions", Level: Mandatory, Types: machines,
			Description: "The state machine does not log everything.",
			Remedy:      "Set loggingConfiguration.level to ERROR.",
			Reason:      "ALL writes the input and the output of every state of every execution: some 10 KB an object at $0.50 for each GB, more than the execution itself costs.",
		}, stateLogSettings{Levels: []string{"OFF", "FATAL", "ERROR"}}, checkStateLog),
		onResource(Guardrail{
			Name: "states-tracing", Service: "Step Functions", Level: Mandatory, Types: machines,
			Description: "Tracing is a choice of the stage, not a default.",
			Remedy:      "Remove tracingConfiguration, or allow it in this stage.",
			Reason:      "X-Ray asks $5 for a million traces: more than twice what a million executions cost.",
		}, tracingSettings{}, checkTracing),
	}
}

func checkExpress(r Resource, stage Stage, c expressSettings) Findings {
	var f Findings
	node := r.At("type")
	kind, ok := f.text(r, node, "STANDARD")
	if !ok || kind == "EXPRESS" {
		return f
	}
	if n := stage.objectsPerDay(); n > c.MaxStandardPerDay {
		f.violate(r, Violation{
			Path: node.Path, Found: fmt.Sprintf("%s with %.0f executions a day", kind, n),
			Allowed: fmt.Sprintf("EXPRESS above %g executions a day", c.MaxStandardPerDay), Setting: "maxStandardPerDay",
			ExtraUSD: stage.extra(func(s *cost.Scenario) { s.Standard = true }, func(s *cost.Scenario) { s.Standard = false }),
		})
	}
	return f
}

func checkStateLog(r Resource, stage Stage, c stateLogSettings) Findings {
	var f Findings
	const bytesAnExecution = 10_000 // four states with their payloads
	node := r.At("loggingConfiguration.level")
	level, ok := f.text(r, node, "OFF")
	if ok && !slices.Contains(c.Levels, level) {
		v := Violation{Path: node.Path, Found: level, Allowed: strings.Join(c.Levels, ", "), Setting: "levels"}
		if level == "ALL" {
			v.ExtraUSD = stage.objectsPerDay() * cost.DaysPerMonth * bytesAnExecution / (1 << 30) * stage.price("logs.ingest.standard")
		}
		f.violate(r, v)
	}
	return f
}

func checkTracing(r Resource, _ Stage, c tracingSettings) Findings {
	var f Findings
	node := r.At("tracingConfiguration.enabled")
	if on, ok := f.flag(r, node, false); ok && on && !c.Allowed {
		f.violate(r, Violation{Path: node.Path, Found: "true", Allowed: "false", Setting: "allowed"})
	}
	return f
}
