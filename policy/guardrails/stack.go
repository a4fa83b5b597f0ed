package guardrails

import "slices"

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
