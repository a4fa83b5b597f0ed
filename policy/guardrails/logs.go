package guardrails

import (
	"fmt"
	"slices"
	"strings"
)

const (
	logGroup           = "aws:cloudwatch/logGroup:LogGroup"
	subscriptionFilter = "aws:cloudwatch/logSubscriptionFilter:LogSubscriptionFilter"
	logAccountPolicy   = "aws:cloudwatch/logAccountPolicy:LogAccountPolicy"
)

type retentionSettings struct {
	MaxDays int `json:"maxDays" doc:"longest retention of a log group, in days" min:"1" max:"3653"`
}

type feedbackSettings struct {
	OwnGroups []string `json:"ownGroups" doc:"names of log groups that the pipeline itself writes to, beside those that the stack shows; a trailing * matches any rest"`
}

type classSettings struct {
	AllowInfrequent  bool `json:"allowInfrequent" doc:"whether groups that nobody subscribes to may be of the class INFREQUENT_ACCESS"`
	DemandInfrequent bool `json:"demandInfrequent" doc:"whether they must be"`
}

type patternSettings struct {
	Demanded bool `json:"demanded" doc:"whether each subscription must have a filter pattern"`
}

func logsRules() []Guardrail {
	return []Guardrail{
		onResource(Guardrail{
			Name: "logs-retention", Service: "CloudWatch Logs", Level: Mandatory, Types: []string{logGroup},
			Description: "Every log group has a retention, and none above the stage's limit.",
			Remedy:      "Set retentionInDays (crawlerless:logRetentionDays).",
			Reason: "A group without retention is kept, and billed, for ever: $0.03 for each GB-month, though the lake holds the same events. " +
				"A source of 1 GB a day, compressed to an eighth, costs $1.37 a month after a year and grows by as much every year.",
		}, retentionSettings{MaxDays: 30}, checkRetention),
		onStack(Guardrail{
			Name: "logs-no-feedback", Service: "CloudWatch Logs", Level: Mandatory,
			Types:       []string{subscriptionFilter, logAccountPolicy},
			Description: "No subscription of a log group that the pipeline itself writes to.",
			Remedy:      "Subscribe the groups of your applications one by one; never all groups of the account.",
			Reason:      "What the pipeline logs about an object becomes the next object, whose processing is logged again: a loop that pays for itself at every step, for ever.",
		}, feedbackSettings{OwnGroups: []string{"/aws/vendedlogs/states/*", "/aws/kinesisfirehose/*"}}, checkFeedback),
		onStack(Guardrail{
			Name: "logs-class", Service: "CloudWatch Logs", Level: Mandatory, Types: []string{logGroup},
			Description: "The class INFREQUENT_ACCESS where the stage allows it, and never for a group that is subscribed.",
			Remedy:      "Set logGroupClass; a class cannot be changed later, so the group is replaced.",
			Reason:      "Infrequent Access asks $0.25 instead of $0.50 for each GB, but a group of that class takes no subscription, no metric filter and no Live Tail.",
		}, classSettings{}, checkClass),
		onResource(Guardrail{
			Name: "logs-filter-pattern", Service: "CloudWatch Logs", Level: Mandatory, Types: []string{subscriptionFilter},
			Description: "A subscription has a filter pattern where the stage demands one.",
			Remedy:      "Give the source a filterPattern in crawlerless:sources.",
			Reason:      "What the pattern leaves out is neither delivered, nor stored, nor scanned: each GB less a day saves about $0.85 a month in a lake that keeps it for a quarter.",
		}, patternSettings{}, checkPattern),
	}
}

func checkRetention(r Resource, _ Stage, c retentionSettings) Findings {
	var f Findings
	node := r.At("retentionInDays")
	days, ok := f.number(r, node, 0)
	if !ok {
		return f
	}
	// Zero is how the provider writes "never expire".
	found := fmt.Sprintf("%g days", days)
	if days == 0 {
		found = "not set, so the group is kept for ever"
	}
	if days <= 0 || days > float64(c.MaxDays) {
		f.violate(r, Violation{Path: node.Path, Found: found, Allowed: fmt.Sprintf("1 to %d days", c.MaxDays), Setting: "maxDays"})
	}
	return f
}

// checkFeedback finds the pipeline's own groups in the stack: those of the state
// machine, of the functions that it runs, and of the delivery streams.
func checkFeedback(s Stack, _ Stage, c feedbackSettings) Findings {
	var f Findings
	own, ownURNs := s.ownGroups()
	for _, r := range s.OfType(subscriptionFilter) {
		node := r.At("logGroup")
		name, named := node.Text()
		if !named {
			waits := true
			for _, urn := range r.Refers["logGroup"] {
				if who, ok := ownURNs[urn]; ok {
					f.violate(r, Violation{Path: node.Path, Found: "the log group of " + who, Allowed: "no group of the pipeline itself", Setting: "ownGroups"})
					waits = false
				}
			}
			if waits && node.Unknown() {
				f.wait(r, node.Path)
			}
			continue
		}
		who, known := own[name]
		if !known && matchesAny(name, c.OwnGroups) {
			who, known = "the pipeline", true
		}
		if known {
			f.violate(r, Violation{Path: node.Path, Found: fmt.Sprintf("%q, the log group of %s", name, who), Allowed: "no group of the pipeline itself", Setting: "ownGroups"})
		}
	}
	for _, r := range s.OfType(logAccountPolicy) {
		node := r.At("policyType")
		if kind, ok := f.text(r, node, ""); ok && kind == "SUBSCRIPTION_FILTER_POLICY" {
			f.violate(r, Violation{Path: node.Path, Found: "a subscription of every group of the account", Allowed: "subscriptions of single groups"})
		}
	}
	return f
}

// ownGroups are the groups that the pipeline writes to, by name where that is
// known and by URN, with who writes to them.
func (s Stack) ownGroups() (byName, byURN map[string]string) {
	byName, byURN = map[string]string{}, map[string]string{}
	groups := map[string]bool{}
	for _, g := range s.OfType(logGroup) {
		groups[g.URN] = true
	}
	mark := func(r Resource, who, property string, names ...string) {
		for _, urn := range r.Refers[property] {
			if groups[urn] {
				byURN[urn] = who
			}
		}
		for _, name := range names {
			if name != "" {
				byName[name] = who
			}
		}
	}
	run := map[string]bool{} // functions that a state machine refers to
	for _, r := range s.OfType(stateMachine) {
		text, _ := r.At("loggingConfiguration.logDestination").Text()
		mark(r, "the state machine "+r.Name, "loggingConfiguration", groupOfARN(text))
		for _, urn := range r.Refers["definition"] {
			run[urn] = true
		}
	}
	for _, r := range s.OfType(function) {
		if !run[r.URN] {
			continue // a generator, or a function of somebody's application
		}
		group, _ := r.At("loggingConfig.logGroup").Text()
		name, _ := r.At("name").Text()
		if group == "" && name != "" {
			group = "/aws/lambda/" + name
		}
		mark(r, "the function "+r.Name, "loggingConfig", group)
	}
	for _, r := range s.OfType(deliveryStream) {
		for _, block := range destinations(r) {
			group, _ := block.At("cloudwatchLoggingOptions.logGroupName").Text()
			mark(r, "the delivery stream "+r.Name, block.Path, group)
		}
		// The references of a whole block hold more than the group; only log
		// groups among them are marked.
		for property := range r.Refers {
			if strings.HasSuffix(property, "Configuration") {
				mark(r, "the delivery stream "+r.Name, property)
			}
		}
	}
	// A group that the program names is found by its name as well.
	for _, g := range s.OfType(logGroup) {
		name, ok := g.At("name").Text()
		if !ok {
			continue
		}
		if who, own := byName[name]; own {
			byURN[g.URN] = who
		} else if who, own := byURN[g.URN]; own {
			byName[name] = who
		}
	}
	return byName, byURN
}

// groupOfARN is the name in arn:aws:logs:region:account:log-group:NAME:*.
func groupOfARN(arn string) string {
	_, name, ok := strings.Cut(arn, ":log-group:")
	if !ok {
		return ""
	}
	return strings.TrimSuffix(name, ":*")
}

func checkClass(s Stack, _ Stage, c classSettings) Findings {
	var f Findings
	subscribed := map[string]bool{} // by URN and by name
	for _, r := range s.OfType(subscriptionFilter) {
		for _, urn := range r.Refers["logGroup"] {
			subscribed[urn] = true
		}
		if name, ok := r.At("logGroup").Text(); ok {
			subscribed[name] = true
		}
	}
	for _, r := range s.OfType(logGroup) {
		node := r.At("logGroupClass")
		class, ok := f.text(r, node, "STANDARD")
		if !ok {
			continue
		}
		name, _ := r.At("name").Text()
		mayBe := !subscribed[r.URN] && (name == "" || !subscribed[name])
		switch {
		case class == "INFREQUENT_ACCESS" && !mayBe:
			f.violate(r, Violation{Path: node.Path, Found: class, Allowed: "STANDARD, since the group is subscribed"})
		case class == "INFREQUENT_ACCESS" && !c.AllowInfrequent && !c.DemandInfrequent:
			f.violate(r, Violation{Path: node.Path, Found: class, Allowed: "STANDARD", Setting: "allowInfrequent"})
		case class != "INFREQUENT_ACCESS" && mayBe && c.DemandInfrequent:
			f.violate(r, Violation{Path: node.Path, Found: class, Allowed: "INFREQUENT_ACCESS", Setting: "demandInfrequent"})
		case !slices.Contains([]string{"STANDARD", "INFREQUENT_ACCESS"}, class):
			f.violate(r, Violation{Path: node.Path, Found: class, Allowed: "STANDARD or INFREQUENT_ACCESS"})
		}
	}
	return f
}

func checkPattern(r Resource, _ Stage, c patternSettings) Findings {
	var f Findings
	if !c.Demanded {
		return f
	}
	node := r.At("filterPattern")
	if pattern, ok := f.text(r, node, ""); ok && strings.TrimSpace(pattern) == "" {
		f.violate(r, Violation{Path: node.Path, Found: "empty, so every event is sent", Allowed: "a pattern", Setting: "demanded"})
	}
	return f
}
