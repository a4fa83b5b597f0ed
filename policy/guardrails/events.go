package guardrails

import (
	"encoding/json"
	"fmt"
	"slices"
)

const (
	eventTarget = "aws:cloudwatch/eventTarget:EventTarget"
	eventRule   = "aws:cloudwatch/eventRule:EventRule"
	schedule    = "aws:scheduler/schedule:Schedule"
)

type retrySettings struct {
	MaxAttempts   int `json:"maxAttempts" doc:"most retries of a delivery" min:"0" max:"185"`
	MaxAgeSeconds int `json:"maxAgeSeconds" doc:"longest time for which a delivery is retried, in seconds" min:"60" max:"86400"`
}

func eventsRules() []Guardrail {
	return []Guardrail{
		onResource(Guardrail{
			Name: "events-dead-letter", Service: "EventBridge", Level: Mandatory, Types: []string{eventTarget, schedule},
			Description: "Each target has a dead-letter queue, and retries within bounds.",
			Remedy:      "Set deadLetterConfig.arn and a retryPolicy within the limits.",
			Reason: "EventBridge retries for a day and then drops the event: without a queue the partition is missing and nothing says so; " +
				"finding it again means listing the lake, $0.005 for 1,000 keys, over all of it.",
		}, retrySettings{MaxAttempts: 185, MaxAgeSeconds: 86_400}, checkRetry),
		onResource(Guardrail{
			Name: "events-narrow", Service: "EventBridge", Level: Mandatory, Types: []string{eventRule},
			Description: "A rule on events of S3 is narrowed to the bucket, to new objects, and to a prefix.",
			Remedy:      "Put detail-type, detail.bucket.name and detail.object.key with a prefix into the event pattern.",
			Reason: "A bucket sends every event of every object: errors, schemas, results and deletions would start executions that find nothing to do, " +
				"at about $0.000003 each with their invocation; a rule that matches what its own workflow writes starts itself for ever.",
		}, none{}, checkNarrow),
	}
}

func checkRetry(r Resource, _ Stage, c retrySettings) Findings {
	var f Findings
	prefix := ""
	if r.Type == schedule {
		prefix = "target."
	}
	queue := r.At(prefix + "deadLetterConfig.arn")
	if !queue.Unknown() { // one that is not known yet is one
		if arn, ok := f.text(r, queue, ""); ok && arn == "" {
			f.violate(r, Violation{Path: queue.Path, Found: "not set", Allowed: "the ARN of a queue"})
		}
	}
	attempts := r.At(prefix + "retryPolicy.maximumRetryAttempts")
	if n, ok := f.number(r, attempts, 185); ok && n > float64(c.MaxAttempts) {
		f.violate(r, Violation{Path: attempts.Path, Found: fmt.Sprintf("%g", n), Allowed: fmt.Sprintf("at most %d", c.MaxAttempts), Setting: "maxAttempts"})
	}
	age := r.At(prefix + "retryPolicy.maximumEventAgeInSeconds")
	if n, ok := f.number(r, age, 86_400); ok && n > float64(c.MaxAgeSeconds) {
		f.violate(r, Violation{Path: age.Path, Found: fmt.Sprintf("%g s", n), Allowed: fmt.Sprintf("at most %d s", c.MaxAgeSeconds), Setting: "maxAgeSeconds"})
	}
	return f
}

// eventPattern is what a pattern says of events of S3; nil where it does not.
type eventPattern struct {
	Source     []any `json:"source"`
	DetailType []any `json:"detail-type"`
	Detail     struct {
		Bucket struct {
			Name []any `json:"name"`
		} `json:"bucket"`
		Object struct {
			Key []any `json:"key"`
		} `json:"object"`
	} `json:"detail"`
}

func checkNarrow(r Resource, _ Stage, _ none) Findings {
	var f Findings
	node := r.At("eventPattern")
	text, ok := f.text(r, node, "")
	if !ok || text == "" {
		return f // a rule on a schedule has no pattern
	}
	var p eventPattern
	if err := json.Unmarshal([]byte(text), &p); err != nil {
		f.violate(r, Violation{Path: node.Path, Found: "no event pattern: " + err.Error(), Allowed: "an event pattern"})
		return f
	}
	if p.Source != nil && !slices.ContainsFunc(p.Source, mayBeS3) {
		return f
	}
	for _, part := range []struct {
		path   string
		narrow bool
		want   string
	}{
		{"source", only(p.Source, "aws.s3"), "aws.s3"},
		{"detail-type", only(p.DetailType, "Object Created"), "Object Created"},
		{"detail.bucket.name", narrowsKey(p.Detail.Bucket.Name), "the bucket of the lake"},
		{"detail.object.key", narrowsKey(p.Detail.Object.Key), "a prefix"},
	} {
		if !part.narrow {
			f.violate(r, Violation{Path: node.Path + " " + part.path, Found: "not narrowed", Allowed: part.want})
		}
	}
	return f
}

// mayBeS3 reports whether an alternative for the source may match events of S3:
// anything but the name of another source.
func mayBeS3(alternative any) bool {
	text, isText := alternative.(string)
	return !isText || text == "aws.s3"
}

// only reports whether the alternatives are this one text.
func only(alternatives []any, want string) bool {
	for _, a := range alternatives {
		if a != any(want) {
			return false
		}
	}
	return len(alternatives) > 0
}

// narrowsKey reports whether every alternative pins the beginning of the key.
func narrowsKey(alternatives []any) bool {
	for _, alternative := range alternatives {
		switch a := alternative.(type) {
		case string: // one key
		case map[string]any:
			prefix, isPrefix := a["prefix"]
			wildcard, _ := a["wildcard"].(string)
			_, ignoringCase := prefix.(map[string]any)
			switch {
			case isPrefix && (ignoringCase || prefix != ""):
			case wildcard != "" && wildcard[0] != '*':
			default:
				return false
			}
		default:
			return false
		}
	}
	return len(alternatives) > 0
}
