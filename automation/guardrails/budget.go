package guardrails

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"time"

	"crawlerless/automation/costcmd"
	"crawlerless/automation/workspace"
	"crawlerless/cost"
	"crawlerless/cost/report"
	rules "crawlerless/policy/guardrails"
	"crawlerless/stack/pipeline"
)

// budgetRule is the rule of the pack that this package repeats: an up goes on only
// when the estimate is within the budget, also where somebody has switched the
// rule off.
const budgetRule = "stack-budget"

// WithinBudget refuses a stage whose estimate, from its configuration alone,
// exceeds its budget. An exception in force lets it pass: it has a reason and ends.
// policyConfig is a file that [Config] has found good, or empty.
func WithinBudget(policyConfig string, config pipeline.Config, now time.Time) error {
	if config.MonthlyBudgetUSD <= 0 {
		return nil // whether one is demanded, the pack says
	}
	prices, err := cost.Prices()
	if err != nil {
		return err
	}
	bill, err := cost.Estimate(costcmd.ScenarioOf(config), prices)
	if err != nil {
		return err
	}
	over := bill.Stack() - config.MonthlyBudgetUSD
	if over <= 0 {
		return nil
	}
	excused, err := excused(policyConfig, now)
	if err != nil || excused {
		return err
	}
	return &workspace.PolicyError{Violations: []workspace.Violation{{
		Policy: budgetRule, Level: string(rules.Mandatory), Resource: "the stack",
		Message: fmt.Sprintf("the estimate is $%.2f a month at %g GB a day, $%.2f over the budget of $%.2f (crawlerless:monthlyBudgetUsd). The dearest: %s. "+
			"`automation cost` shows each line", bill.Stack(), config.ExpectedGBPerDay, over, config.MonthlyBudgetUSD, report.Dearest(bill, 4)),
	}}}
}

// excused reports whether an exception in force lets the stack off its budget.
func excused(policyConfig string, now time.Time) (bool, error) {
	if policyConfig == "" {
		return false, nil
	}
	file, err := os.ReadFile(policyConfig)
	if err != nil {
		return false, err
	}
	var settings map[string]json.RawMessage
	if err := json.Unmarshal(file, &settings); err != nil {
		return false, fmt.Errorf("%s: %w", policyConfig, err)
	}
	var rule map[string]any
	if raw, ok := settings[budgetRule]; !ok || json.Unmarshal(raw, &rule) != nil {
		return false, nil // no settings, or a level alone
	}
	delete(rule, "enforcementLevel")
	for _, g := range rules.All() {
		if g.Name != budgetRule {
			continue
		}
		_, exceptions, err := g.Settings(rule)
		return slices.ContainsFunc(exceptions, func(e rules.Exception) bool { return e.Covers("", "") && !e.Expired(now) }), err
	}
	return false, fmt.Errorf("the policy pack has no rule %s", budgetRule)
}
