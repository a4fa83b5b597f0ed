package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"crawlerless/policy/guardrails"
)

// stageOf reads what the rules need to know of the stage from the Pulumi
// configuration of the program that is judged.
func stageOf(ctx *pulumi.Context) guardrails.Stage {
	stage := guardrails.Stage{Name: ctx.Stack()}
	if text, ok := ctx.GetConfig("crawlerless:expectedGbPerDay"); ok {
		if v, err := strconv.ParseFloat(text, 64); err == nil {
			stage.GBPerDay = v
		}
	}
	return stage
}

// logTo says something on the terminal of whoever runs the engine. It is no
// violation, at no level.
func logTo(ctx *pulumi.Context) func(string) error {
	return func(message string) error { return ctx.Log.Info(message, nil) }
}

func notYetJudged(lines []string) string {
	slices.Sort(lines)
	lines = slices.Compact(lines)
	return fmt.Sprintf("guardrails: %d values are not known before the update and will be judged in it:\n  %s",
		len(lines), strings.Join(lines, "\n  "))
}
