package guardrails

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"crawlerless/cost"
)

func checkBudget(s Stack, stage Stage, c budgetSettings) Findings {
	var f Findings
	limit := c.MonthlyUSD
	key := "monthlyUsd"
	if limit == 0 {
		limit = stage.BudgetUSD
	}
	if limit == 0 {
		if c.Demanded {
			f.violateStack(Violation{Path: "crawlerless:monthlyBudgetUsd", Found: "not set", Allowed: "a budget", Setting: "demanded"})
		}
		return f
	}
	scenario := s.scenario(stage)
	bill, err := cost.Estimate(scenario, stage.Prices)
	if err != nil {
		f.violateStack(Violation{Path: "estimate", Found: "not possible: " + err.Error(), Allowed: fmt.Sprintf("at most $%.2f a month", limit), Setting: key})
		return f
	}
	total, what := bill.Stack(), "the stack"
	if c.CountSources {
		total, what = bill.Total(), "the stack with its source log groups"
	}
	items := s.standing(stage)
	for _, i := range items {
		total += i.usd
	}
	if total > limit {
		for _, line := range bill.Lines {
			if c.CountSources || line.Part != cost.Sources {
				items = append(items, item{line.Service + ", " + line.What, line.USD})
			}
		}
		f.violateStack(Violation{
			Path:    "estimate",
			Found:   fmt.Sprintf("$%.2f a month for %s at %g GB a day", total, what, scenario.GBPerDay),
			Allowed: fmt.Sprintf("at most $%.2f", limit), Setting: key,
			Detail: fmt.Sprintf("That is $%.2f over the budget. The dearest: %s.", total-limit, dearest(items, 4)),
		})
	}
	return f
}

// item is something on the bill.
type item struct {
	what string
	usd  float64
}

// dearest names the n dearest items.
func dearest(items []item, n int) string {
	slices.SortStableFunc(items, func(a, b item) int { return cmp.Compare(b.usd, a.usd) })
	var parts []string
	for _, i := range items[:min(n, len(items))] {
		parts = append(parts, fmt.Sprintf("%s $%.2f", i.what, i.usd))
	}
	return strings.Join(parts, "; ")
}

// standing are the things in the stack that are paid for whatever arrives. Most
// have a rule that refuses them; where it is let off, they count at least.
func (s Stack) standing(stage Stage) []item {
	var items []item
	add := func(r Resource, what string, usd float64) {
		if usd > 0 {
			items = append(items, item{what + " " + r.Name, usd})
		}
	}
	for _, r := range s {
		switch cloudFormationName(r) {
		case "AWS::Glue::Crawler":
			// At the least: once an hour for ten minutes on one DPU.
			add(r, "Glue crawler", hoursAMonth/6.0*stage.price("glue.dpu"))
		case "AWS::EC2::NatGateway":
			add(r, "NAT gateway", hoursAMonth*stage.price("vpc.nat"))
		case "AWS::EC2::VPCEndpoint":
			if kind, ok := r.At("vpcEndpointType").Text(); ok && kind != "Gateway" {
				add(r, "VPC endpoint", float64(max(len(r.At("subnetIds").Items()), 1))*hoursAMonth*stage.price("vpc.endpoint"))
			}
		case "AWS::Kinesis::Stream":
			if mode, _ := r.At("streamModeDetails.streamMode").Text(); mode != "ON_DEMAND" {
				shards, _ := r.At("shardCount").Number()
				add(r, "Kinesis stream", max(shards, 1)*hoursAMonth*stage.price("kinesis.shard"))
			}
		case "AWS::CloudWatch::Dashboard":
			add(r, "CloudWatch dashboard", stage.price("cloudwatch.dashboard"))
		case "AWS::KMS::Key":
			add(r, "KMS key", stage.price("kms.key"))
		}
		if r.Type == provisionedConcurrency {
			n, _ := r.At("provisionedConcurrentExecutions").Number()
			add(r, "provisioned concurrency", n*float64(stage.Scenario.ExtractMemoryMiB)/1024*hoursAMonth*3600*stage.price("lambda.provisioned.arm64"))
		}
	}
	return items
}

// scenario puts what the program declares in place of what the configuration
// says: the estimate is of the stack that would be deployed. What is not known
// stays as configured.
func (s Stack) scenario(stage Stage) cost.Scenario {
	from := stage.Scenario
	if streams := s.OfType(deliveryStream); len(streams) > 0 {
		from.Sources = int64(len(streams))
		size, seconds := int64(128), int64(900)
		sizeKnown, secondsKnown := false, false
		for _, r := range streams {
			for _, block := range destinations(r) {
				if v, ok := orDefault(block.At("bufferingSize"), defaultBufferMiB); ok {
					size, sizeKnown = min(size, clamp(v, 1, 128)), true
				}
				if v, ok := orDefault(block.At("bufferingInterval"), defaultBufferSeconds); ok {
					seconds, secondsKnown = min(seconds, clamp(v, 1, 900)), true
				}
				format := block.At("compressionFormat")
				if text, _ := format.Text(); block.Path == "extendedS3Configuration" && !format.Unknown() &&
					(text == "" || text == "UNCOMPRESSED") && block.At("dataFormatConversionConfiguration").Absent() {
					from.Uncompressed = true
				}
			}
		}
		if sizeKnown {
			from.BufferMiB = size
		}
		if secondsKnown {
			from.BufferSeconds = seconds
		}
	}
	for _, r := range s.OfType(stateMachine) {
		// One Standard workflow among several is enough to be paid for.
		if text, ok := r.At("type").Text(); ok && text == "STANDARD" || r.At("type").Absent() {
			from.Standard = true
		} else if ok {
			from.Standard = from.Standard && len(s.OfType(stateMachine)) > 1
		}
	}
	from.LakeExpiryDays, from.LakeTransitionDays = s.kept(from)
	for _, r := range s.OfType(function) {
		if v, ok := r.At("memorySize").Number(); ok {
			from.ExtractMemoryMiB = max(from.ExtractMemoryMiB, clamp(v, 128, 10_240))
		}
		if found, ok := architectureOf(r); ok && found != "arm64" && !stage.Local {
			from.X86 = true
		}
	}
	if alarms := s.OfType(metricAlarm); len(alarms) > 0 {
		from.Alarms = int64(len(alarms))
	}
	return from
}

// clamp keeps a number that the program declares within what can be computed with.
func clamp(v float64, low, high int64) int64 {
	if v != v || v < float64(low) {
		return low
	}
	return int64(min(v, float64(high)))
}

func orDefault(n Node, fallback float64) (float64, bool) {
	if n.Absent() {
		return fallback, true
	}
	return n.Number()
}

// kept is after how many days the lake expires and moves what is written to it:
// of several prefixes those of the one that is kept the longest; 0 is never.
func (s Stack) kept(from cost.Scenario) (expiry, transition int64) {
	expiry, transition = from.LakeExpiryDays, from.LakeTransitionDays
	first := true
	for _, b := range s.buckets() {
		for _, key := range b.written {
			e, t := b.days(key, from)
			if first || expiry != 0 && (e == 0 || e > expiry) {
				expiry, transition, first = e, t, false
			}
		}
	}
	return expiry, transition
}

// days is after how many days the bucket expires and moves objects with the key:
// by the rule that does it first; 0 is never.
func (b bucket) days(key string, from cost.Scenario) (expiry, transition int64) {
	rules, complete := b.lifecycle()
	if !complete {
		return from.LakeExpiryDays, from.LakeTransitionDays
	}
	sooner := func(days int64, n Node) int64 {
		v, ok := n.Number()
		if !ok || v <= 0 {
			return days
		}
		if days == 0 {
			return clamp(v, 1, 36_500)
		}
		return min(days, clamp(v, 1, 36_500))
	}
	for _, rule := range rules {
		if !rule.enabled.yes || rule.narrow || !strings.HasPrefix(key, rule.prefix) {
			continue
		}
		expiry = sooner(expiry, rule.expiry.At("days"))
		for _, t := range rule.transition.Items() {
			transition = sooner(transition, t.At("days"))
		}
	}
	return expiry, transition
}
