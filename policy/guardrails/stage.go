package guardrails

import "crawlerless/cost"

// Stage is what the pack knows of the stage whose stack it judges, beyond the
// resources themselves.
type Stage struct {
	// Name is the Pulumi stack, for example prod.
	Name string
	// Local says that the stack goes to an AWS on this machine, where nothing
	// costs money and the machine dictates the architecture.
	Local bool
	// Scenario is what the stage's configuration says of its volume, and Prices
	// what that costs.
	Scenario cost.Scenario
	Prices   cost.PriceList
	// BudgetUSD is crawlerless:monthlyBudgetUsd; 0 is none.
	BudgetUSD float64
}

// extra is what the stage costs a month more with found than with allowed, which
// each change the scenario; 0 where that cannot be computed.
func (s Stage) extra(found, allowed func(*cost.Scenario)) float64 {
	a, b := s.Scenario, s.Scenario
	found(&a)
	allowed(&b)
	with, err := cost.Estimate(a, s.Prices)
	if err != nil {
		return 0
	}
	without, err := cost.Estimate(b, s.Prices)
	if err != nil {
		return 0
	}
	return max(with.Stack()-without.Stack(), 0)
}

// copyOfTheLake is what one source's objects cost a month when they are written
// and kept a second time.
func (s Stage) copyOfTheLake() float64 {
	bill, err := cost.Estimate(s.Scenario, s.Prices)
	if err != nil {
		return 0
	}
	usd := bill.Of(cost.Lake)
	for _, line := range bill.Lines {
		if line.What == "objects written" {
			usd += line.USD
		}
	}
	return usd / float64(max(s.Scenario.Sources, 1))
}

// price is what a unit of an item costs; 0 where the list does not know.
func (s Stage) price(item string) float64 {
	p, err := s.Prices.Get(item)
	if err != nil {
		return 0
	}
	return p.USD
}

// objectsPerDay is how many objects the stage writes.
func (s Stage) objectsPerDay() float64 {
	bill, err := cost.Estimate(s.Scenario, s.Prices)
	if err != nil {
		return 0
	}
	for _, line := range bill.Lines {
		if line.Item == "events.s3" {
			return line.Quantity * 1e6 / cost.DaysPerMonth
		}
	}
	return 0
}
