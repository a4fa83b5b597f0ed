package main

import (
	"fmt"
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"crawlerless/cost"
	"crawlerless/policy/guardrails"
)

// stageOf reads what the rules need to know of the stage from the Pulumi
// configuration of the program that is judged: the engine hands it to the pack.
func stageOf(ctx *pulumi.Context, getenv func(string) string) (guardrails.Stage, error) {
	get := func(key string) (string, bool) { return ctx.GetConfig("crawlerless:" + key) }
	scenario, err := cost.FromConfig(get)
	if err != nil {
		return guardrails.Stage{}, fmt.Errorf("configuration of the stage %s: %w", ctx.Stack(), err)
	}
	prices, err := cost.Prices()
	if err != nil {
		return guardrails.Stage{}, err
	}
	stage := guardrails.Stage{Name: ctx.Stack(), Local: isLocal(getenv("AWS_ENDPOINT_URL")), Scenario: scenario, Prices: prices}
	if text, ok := get("monthlyBudgetUsd"); ok {
		if stage.BudgetUSD, err = strconv.ParseFloat(text, 64); err != nil {
			return guardrails.Stage{}, fmt.Errorf("crawlerless:monthlyBudgetUsd is %q: it must be a number of US dollars a month", text)
		}
	}
	return stage, nil
}

// isLocal reports whether calls to AWS go to this machine.
func isLocal(endpoint string) bool {
	u, err := url.Parse(endpoint)
	if err != nil || u.Hostname() == "" {
		return false
	}
	ip := net.ParseIP(u.Hostname())
	return u.Hostname() == "localhost" || ip != nil && ip.IsLoopback()
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
