package events

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"crawlerless/localaws/cloud"
	"crawlerless/localaws/events/pattern"
	"crawlerless/localaws/wire"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
)

const (
	maxEntries = 10
	maxEntry   = 256 << 10 // bytes
)

// onPutEvents needs the permission once for each entry, whose source and type
// conditions can ask about.
func (s *Service) onPutEvents(in *eventbridge.PutEventsInput) []wire.Access {
	var need []wire.Access
	for _, e := range in.Entries {
		need = append(need, wire.Access{Action: "PutEvents", Resource: s.busARN(), Conditions: map[string][]string{
			"events:source": {aws.ToString(e.Source)}, "events:detail-type": {aws.ToString(e.DetailType)},
		}})
	}
	if need == nil {
		need = []wire.Access{{Action: "PutEvents", Resource: s.busARN()}}
	}
	return need
}

func (s *Service) putEvents(ctx context.Context, in *eventbridge.PutEventsInput) (*eventbridge.PutEventsOutput, error) {
	if len(in.Entries) > maxEntries {
		return nil, invalid(fmt.Sprintf("1 validation error detected: Value '%s' at 'entries' failed to satisfy constraint: Member must have length less than or equal to %d", shown(in.Entries), maxEntries))
	}
	total := 0
	for _, e := range in.Entries {
		total += entrySize(e)
		if e.TraceHeader != nil {
			return nil, wire.NotImplemented("parameter Entries.TraceHeader of events:PutEvents")
		}
	}
	if total >= maxEntry {
		return nil, invalid("Total size of the entries in the request is over the limit.")
	}
	out := &eventbridge.PutEventsOutput{Entries: []types.PutEventsResultEntry{}}
	for _, e := range in.Entries {
		if code, message := s.refuse(e); code != "" {
			out.Entries = append(out.Entries, types.PutEventsResultEntry{ErrorCode: &code, ErrorMessage: &message})
			out.FailedEntryCount++
			continue
		}
		// Like AWS, take events for a bus that does not exist, and drop them.
		if err := s.bus(e.EventBusName); err != nil {
			s.env.Log.Warn("events: event for a bus that does not exist is dropped", "bus", *e.EventBusName, "source", *e.Source)
			out.Entries = append(out.Entries, types.PutEventsResultEntry{EventId: aws.String(s.env.IDs.UUID())})
			continue
		}
		id := s.emit(ctx, cloud.Event{
			Source: *e.Source, DetailType: *e.DetailType, Resources: e.Resources,
			Time: aws.ToTime(e.Time), Detail: []byte(*e.Detail),
		})
		out.Entries = append(out.Entries, types.PutEventsResultEntry{EventId: &id})
	}
	return out, nil
}

// shown is a list of entries as a validation error repeats it, with the members
// that only AWS knows.
func shown(entries []types.PutEventsRequestEntry) string {
	or := func(text *string) string {
		if text == nil {
			return "null"
		}
		return *text
	}
	var all []string
	for _, e := range entries {
		at, resources := "null", "null"
		if e.Time != nil {
			at = e.Time.UTC().Format("Mon Jan 02 15:04:05 UTC 2006")
		}
		if e.Resources != nil {
			resources = "[" + strings.Join(e.Resources, ", ") + "]"
		}
		all = append(all, fmt.Sprintf("PutEventsRequestEntry(time=%s, source=%s, resources=%s, detailType=%s, detail=%s, eventBusName=%s, traceHeader=%s, kmsKeyIdentifier=null, internalMetadata=null)",
			at, or(e.Source), resources, or(e.DetailType), or(e.Detail), or(e.EventBusName), or(e.TraceHeader)))
	}
	return "[" + strings.Join(all, ", ") + "]"
}

// entrySize counts an entry as AWS does:
// https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-putevent-size.html
func entrySize(e types.PutEventsRequestEntry) int {
	n := len(aws.ToString(e.Source)) + len(aws.ToString(e.DetailType)) + len(aws.ToString(e.Detail))
	if e.Time != nil {
		n += 14
	}
	for _, r := range e.Resources {
		n += len(r)
	}
	return n
}

// refuse says what is wrong with one entry; the others of its request are not
// touched by it.
func (s *Service) refuse(e types.PutEventsRequestEntry) (code, message string) {
	const missing = "Parameter %s is not valid. Reason: %s is a required argument."
	switch {
	case aws.ToString(e.Source) == "":
		return "InvalidArgument", fmt.Sprintf(missing, "Source", "Source")
	case aws.ToString(e.DetailType) == "":
		return "InvalidArgument", fmt.Sprintf(missing, "DetailType", "DetailType")
	case aws.ToString(e.Detail) == "":
		return "InvalidArgument", fmt.Sprintf(missing, "Detail", "Detail")
	case len(*e.DetailType) > 128:
		return "InvalidArgument", "Parameter DetailType is not valid. Reason: DetailType is longer than 128 characters."
	case !isObject(*e.Detail):
		return "MalformedDetail", "Detail is malformed."
	case strings.HasPrefix(*e.Source, "aws."):
		return "NotAuthorizedForSource", "Not authorized for the source."
	}
	return "", ""
}

func isObject(text string) bool {
	return strings.HasPrefix(strings.TrimSpace(text), "{") && json.Valid([]byte(text))
}

// Emit puts an event of an AWS service on the default bus. It returns when the
// event has been matched; deliveries go on by themselves.
func (s *Service) Emit(ctx context.Context, e cloud.Event) { s.emit(ctx, e) }

// envelope is an event as targets see it, its members in AWS's order.
type envelope struct {
	Version    string          `json:"version"`
	ID         string          `json:"id"`
	DetailType string          `json:"detail-type"`
	Source     string          `json:"source"`
	Account    string          `json:"account"`
	Time       string          `json:"time"`
	Region     string          `json:"region"`
	Resources  []string        `json:"resources"`
	Detail     json.RawMessage `json:"detail"`
}

// accepted is an event that was put on the bus.
type accepted struct {
	id       string
	at       time.Time // when it was ingested
	envelope envelope
	body     []byte
}

func (s *Service) emit(_ context.Context, e cloud.Event) string {
	now := s.env.Clock.Now()
	at := e.Time
	if at.IsZero() {
		at = now
	}
	in := accepted{id: s.env.IDs.UUID(), at: now}
	in.envelope = envelope{
		Version: "0", ID: in.id, DetailType: e.DetailType, Source: e.Source, Account: s.env.Account,
		Time: at.UTC().Format("2006-01-02T15:04:05Z"), Region: s.env.Region, Resources: e.Resources, Detail: e.Detail,
	}
	if in.envelope.Resources == nil {
		in.envelope.Resources = []string{}
	}
	var err error
	if in.body, err = marshal(in.envelope); err != nil {
		s.env.Log.Error("events: event is no JSON", "source", e.Source, "detail-type", e.DetailType, "error", err)
		return in.id
	}
	leaves, err := pattern.ParseEvent(in.body)
	if err != nil {
		s.env.Log.Error("events: event can not be matched", "source", e.Source, "detail-type", e.DetailType, "error", err)
		return in.id
	}
	for _, r := range s.sorted() {
		if r.state != types.RuleStateEnabled || !r.pattern.Match(leaves) {
			continue
		}
		s.count("MatchedEvents", r)
		s.count("TriggeredRules", r)
		for _, t := range r.targets {
			s.env.Clock.Go(func() { s.deliver(r, t, in) })
		}
	}
	return in.id
}

// marshal writes JSON without the escapes that are meant for HTML.
func marshal(v any) ([]byte, error) {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(out.Bytes(), []byte("\n")), nil
}

// count adds one to a metric of a rule.
func (s *Service) count(name string, r *rule) {
	if s.env.Metrics != nil {
		s.env.Metrics.Put("AWS/Events", name, 1, "Count", "RuleName", r.name)
	}
}
