package guardrails

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

const (
	queue       = "aws:sqs/queue:Queue"
	queuePolicy = "aws:sqs/queuePolicy:QueuePolicy"
)

const (
	redrivePolicy      = "aws:sqs/redrivePolicy:RedrivePolicy"
	redriveAllowPolicy = "aws:sqs/redriveAllowPolicy:RedriveAllowPolicy"
)

type queueRetentionSettings struct {
	MinDays float64 `json:"minDays" doc:"least time for which a queue keeps a message, in days" min:"0" max:"14"`
}

func sqsRules() []Guardrail {
	return []Guardrail{
		onResource(Guardrail{
			Name: "sqs-encryption", Service: "SQS", Level: Mandatory, Types: []string{queue},
			Description: "A queue encrypts its messages.",
			Remedy:      "Set sqsManagedSseEnabled to true: it costs nothing.",
			Reason:      "A dead letter holds the whole event; encryption with a key of SQS is free, one with a key of yours is $1 a month and $0.03 for 10,000 requests.",
		}, none{}, checkQueueEncryption),
		onResource(Guardrail{
			Name: "sqs-retention", Service: "SQS", Level: Mandatory, Types: []string{queue},
			Description: "A queue keeps messages for long enough that somebody can come back from a holiday.",
			Remedy:      "Set messageRetentionSeconds to 1209600 (14 days).",
			Reason:      "Keeping costs nothing; after four days, the default, a dead letter is gone, and the partition has to be found by listing the lake.",
		}, queueRetentionSettings{MinDays: 7}, checkQueueRetention),
		onStack(Guardrail{
			Name: "sqs-dead-letters", Service: "SQS", Level: Mandatory, Types: []string{queue, redrivePolicy, redriveAllowPolicy},
			Description: "A queue that is read has a dead-letter queue of its own.",
			Remedy:      "Set redrivePolicy with maxReceiveCount, or use the queue as somebody's dead-letter queue.",
			Reason:      "A message that cannot be processed is received again and again, with an invocation each time, for as long as the queue keeps it: once a minute for 14 days is 20,160 times.",
		}, none{}, checkQueueDeadLetters),
	}
}

func checkQueueEncryption(r Resource, _ Stage, _ none) Findings {
	var f Findings
	if key := r.At("kmsMasterKeyId"); key.Unknown() || !key.Absent() {
		return f
	}
	node := r.At("sqsManagedSseEnabled")
	// SQS encrypts new queues where nothing is said.
	if on, ok := f.flag(r, node, true); ok && !on {
		f.violate(r, Violation{Path: node.Path, Found: "false, without a key", Allowed: "true"})
	}
	return f
}

func checkQueueRetention(r Resource, _ Stage, c queueRetentionSettings) Findings {
	var f Findings
	const day = 24 * 60 * 60
	node := r.At("messageRetentionSeconds")
	if seconds, ok := f.number(r, node, 4*day); ok && seconds < c.MinDays*day {
		f.violate(r, Violation{Path: node.Path, Found: fmt.Sprintf("%.4g days", seconds/day), Allowed: fmt.Sprintf("at least %g days", c.MinDays), Setting: "minDays"})
	}
	return f
}

func checkQueueDeadLetters(s Stack, _ Stage, _ none) Findings {
	var f Findings
	dead, certain := s.deadLetterQueues()
	for _, r := range s.OfType(queue) {
		if dead[r.URN] {
			continue
		}
		policy := r.At("redrivePolicy")
		if policy.HasUnknown() || !policy.Absent() && redrives(policy) {
			continue
		}
		if slices.ContainsFunc(s.OfType(redrivePolicy), func(p Resource) bool { return s.about(p, "queueUrl", r) }) {
			continue
		}
		if !certain {
			f.wait(r, policy.Path)
			continue
		}
		f.violate(r, Violation{Path: policy.Path, Found: policy.String(), Allowed: "a redrive policy, or to be a dead-letter queue itself"})
	}
	return f
}

// redrives reports whether a policy names a queue and a count.
func redrives(n Node) bool {
	text, ok := n.Text()
	if !ok {
		encoded, err := json.Marshal(goValue(n.value))
		if err != nil {
			return false
		}
		text = string(encoded)
	}
	var p struct {
		Target string `json:"deadLetterTargetArn"`
		Count  any    `json:"maxReceiveCount"`
	}
	return json.Unmarshal([]byte(text), &p) == nil && p.Target != "" && p.Count != nil
}

// deadLetterQueues are the queues that something in the stack uses as such, by
// URN. certain is false when something uses one that is not known yet.
func (s Stack) deadLetterQueues() (dead map[string]bool, certain bool) {
	dead, certain = map[string]bool{}, true
	for _, r := range s {
		for _, use := range []struct{ path, property string }{
			{"deadLetterConfig.arn", "deadLetterConfig"}, // rules and functions
			{"deadLetterConfig.targetArn", "deadLetterConfig"},
			{"target.deadLetterConfig.arn", "target"},
			{"redrivePolicy", "redrivePolicy"}, // queues, topics' subscriptions
		} {
			node := r.At(use.path)
			if node.Absent() && len(r.Refers[use.property]) == 0 {
				continue
			}
			found := false
			for _, q := range s.OfType(queue) {
				if slices.Contains(r.Refers[use.property], q.URN) && q.URN != r.URN || q.named(node) {
					dead[q.URN], found = true, true
				}
			}
			if !found && node.HasUnknown() {
				certain = false
			}
		}
	}
	for _, allow := range s.OfType(redriveAllowPolicy) {
		for _, q := range s.OfType(queue) {
			if s.about(allow, "queueUrl", q) {
				dead[q.URN] = true
			}
		}
	}
	return dead, certain
}

// named reports whether the text at a node contains the ARN of the queue.
func (r Resource) named(n Node) bool {
	text, ok := n.Text()
	if !ok {
		return false
	}
	arn, ok := r.Out("arn").Text()
	return ok && arn != "" && (text == arn || len(text) > len(arn) && strings.Contains(text, `"`+arn+`"`))
}

// about reports whether the property of a resource stands for the queue.
func (s Stack) about(r Resource, property string, q Resource) bool {
	if slices.Contains(r.Refers[property], q.URN) || r.Parent == q.URN && q.URN != "" {
		return true
	}
	text, ok := r.At(property).Text()
	url, known := first(q.Out("url"), q.Out("id")).Text()
	return ok && known && text == url
}
