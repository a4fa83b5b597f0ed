package guardrails

import (
	"fmt"
	"slices"

	"crawlerless/cost"
)

const metricAlarm = "aws:cloudwatch/metricAlarm:MetricAlarm"

const (
	budget       = "aws:budgets/budget:Budget"
	budgetAction = "aws:budgets/budgetAction:BudgetAction"
)

type budgetSettings struct {
	MonthlyUSD float64 `json:"monthlyUsd" doc:"most that the stack may add to the bill, in US dollars a month; 0 takes crawlerless:monthlyBudgetUsd" min:"0"`
	Demanded   bool    `json:"demanded" doc:"whether the stage must state a budget"`
	// CountSources adds what the source log groups cost by themselves.
	CountSources bool `json:"countSources" doc:"whether ingest and storage of the source log groups count"`
}

type alarmSettings struct {
	Demanded bool `json:"demanded" doc:"whether the stack must have an alarm on its dead-letter queue"`
}

type budgetAlarmSettings struct {
	Demanded bool `json:"demanded" doc:"whether the stack must have a budget of AWS Budgets"`
}

func stackRules() []Guardrail {
	return []Guardrail{
		onStack(Guardrail{
			Name: "stack-budget", Service: "Stack", Level: Mandatory,
			Description: "The estimate of what the stack adds to the bill is within the stage's monthly budget.",
			Remedy:      "Lower the volume, the retention or the number of objects; or raise crawlerless:monthlyBudgetUsd, which somebody reviews.",
			Reason: "The estimate is computed before anything exists, from crawlerless:expectedGbPerDay and from what the program declares: buffers, compression, " +
				"kind of workflow, memory, lifecycle, alarms, and crawlers. `go run ./automation cost` shows each line.",
		}, budgetSettings{}, checkBudget),
		onStack(Guardrail{
			Name: "stack-alarm", Service: "Stack", Level: Mandatory, Types: []string{metricAlarm},
			Description: "The stack has an alarm on its dead-letter queue.",
			Remedy:      "Add a MetricAlarm on ApproximateNumberOfMessagesVisible of the queue.",
			Reason:      "An alarm costs $0.10 a month. Without it a failed object is noticed by whoever misses its rows, after the 14 days that the queue keeps it.",
		}, alarmSettings{Demanded: true}, checkAlarm),
		onStack(Guardrail{
			Name: "stack-budget-alarm", Service: "Stack", Level: Mandatory, Types: []string{budget, budgetAction},
			Description: "The stack has a budget of AWS Budgets where the stage demands it.",
			Remedy:      "Add a Budget that is filtered by the stage's tags and notifies somebody.",
			Reason:      "An estimate is no meter: a source that writes ten times as much is seen by a budget on the next day, and by nobody else before the bill. The first two budgets are free.",
		}, budgetAlarmSettings{}, checkBudgetAlarm),
	}
}

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
	scenario := s.scenario(stage.Scenario)
	bill, err := cost.Estimate(scenario, stage.Prices)
	if err != nil {
		f.violateStack(Violation{Path: "estimate", Found: "not possible: " + err.Error(), Allowed: fmt.Sprintf("at most $%.2f a month", limit), Setting: key})
		return f
	}
	total, what := bill.Stack(), "the stack"
	if c.CountSources {
		total, what = bill.Total(), "the stack with its source log groups"
	}
	crawlers := s.OfType("aws:glue/crawler:Crawler")
	// At the least: once an hour for ten minutes on one DPU.
	total += float64(len(crawlers)) * hoursAMonth / 6 * stage.price("glue.dpu")
	if total > limit {
		f.violateStack(Violation{
			Path:    "estimate",
			Found:   fmt.Sprintf("$%.2f a month for %s at %g GB a day", total, what, scenario.GBPerDay),
			Allowed: fmt.Sprintf("at most $%.2f", limit), Setting: key, ExtraUSD: total - limit,
		})
	}
	return f
}

// scenario puts what the program declares in place of what the configuration
// says: the estimate is of the stack that would be deployed. What is not known
// stays as configured.
func (s Stack) scenario(from cost.Scenario) cost.Scenario {
	if streams := s.OfType(deliveryStream); len(streams) > 0 {
		from.Sources = int64(len(streams))
		size, seconds := int64(128), int64(900)
		known := false
		for _, r := range streams {
			for _, block := range destinations(r) {
				if v, ok := orDefault(block.At("bufferingSize"), defaultBufferMiB); ok {
					size, known = min(size, max(int64(v), 1)), true
				}
				if v, ok := orDefault(block.At("bufferingInterval"), defaultBufferSeconds); ok {
					seconds = min(seconds, max(int64(v), 1))
				}
				if text, _ := block.At("compressionFormat").Text(); block.Path == "extendedS3Configuration" && !block.At("compressionFormat").Unknown() &&
					(text == "" || text == "UNCOMPRESSED") && block.At("dataFormatConversionConfiguration").Absent() {
					from.CompressionRatio = 1
				}
			}
		}
		if known {
			from.BufferMiB, from.BufferSeconds = size, seconds
		}
	}
	for _, r := range s.OfType(stateMachine) {
		if text, ok := r.At("type").Text(); ok {
			from.Standard = text == "STANDARD"
		} else if r.At("type").Absent() {
			from.Standard = true
		}
	}
	for _, b := range s.buckets() {
		for _, key := range b.written {
			from.LakeExpiryDays, from.LakeTransitionDays = b.days(key, from)
		}
	}
	for _, r := range s.OfType(function) {
		if v, ok := r.At("memorySize").Number(); ok {
			from.ExtractMemoryMiB = max(from.ExtractMemoryMiB, int64(v))
		}
	}
	if alarms := s.OfType(metricAlarm); len(alarms) > 0 {
		from.Alarms = int64(len(alarms))
	}
	return from
}

func orDefault(n Node, fallback float64) (float64, bool) {
	if n.Absent() {
		return fallback, true
	}
	return n.Number()
}

// days is after how many days the bucket expires and moves objects with the key;
// 0 is never.
func (b bucket) days(key string, from cost.Scenario) (expiry, transition int64) {
	rules, complete := b.lifecycle()
	if !complete {
		return from.LakeExpiryDays, from.LakeTransitionDays
	}
	for _, rule := range rules {
		if !rule.enabled.yes || rule.narrow || len(key) < len(rule.prefix) || key[:len(rule.prefix)] != rule.prefix {
			continue
		}
		if v, ok := rule.expiry.At("days").Number(); ok && v > 0 {
			expiry = int64(v)
		}
		if v, ok := transitionOf(rule.transition).At("days").Number(); ok && v > 0 {
			transition = int64(v)
		}
	}
	return expiry, transition
}

func checkAlarm(s Stack, _ Stage, c alarmSettings) Findings {
	var f Findings
	if !c.Demanded {
		return f
	}
	dead, certain := s.deadLetterQueues()
	if len(dead) == 0 {
		if !certain {
			f.Unjudged = append(f.Unjudged, Unjudged{Resource: "the stack", Path: "alarm on the dead-letter queue"})
			return f
		}
		f.violateStack(Violation{Path: "dead-letter queue", Found: "none", Allowed: "one, with an alarm", Setting: "demanded"})
		return f
	}
	waits := false
	for _, alarm := range s.OfType(metricAlarm) {
		namespace, known := alarm.At("namespace").Text()
		metric, known2 := alarm.At("metricName").Text()
		if known && known2 && (namespace != "AWS/SQS" || !slices.Contains([]string{"ApproximateNumberOfMessagesVisible", "ApproximateAgeOfOldestMessage", "NumberOfMessagesSent"}, metric)) {
			continue
		}
		for _, q := range s.OfType(queue) {
			if !dead[q.URN] {
				continue
			}
			if slices.Contains(alarm.Refers["dimensions"], q.URN) {
				return f
			}
			want, _ := first(q.At("name"), q.Out("name")).Text()
			if name, ok := alarm.At("dimensions.QueueName").Text(); ok && name != "" && name == want {
				return f
			}
		}
		waits = waits || alarm.At("dimensions").HasUnknown()
	}
	if waits {
		f.Unjudged = append(f.Unjudged, Unjudged{Resource: "the stack", Path: "alarm on the dead-letter queue"})
		return f
	}
	f.violateStack(Violation{Path: "alarm on the dead-letter queue", Found: "none", Allowed: "one", Setting: "demanded"})
	return f
}

func checkBudgetAlarm(s Stack, _ Stage, c budgetAlarmSettings) Findings {
	var f Findings
	if c.Demanded && len(s.OfType(budget)) == 0 {
		f.violateStack(Violation{Path: "aws.budgets.Budget", Found: "none", Allowed: "one", Setting: "demanded"})
	}
	return f
}
