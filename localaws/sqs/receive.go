package sqs

import (
	"context"
	"encoding/base64"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"crawlerless/localaws/clock"
	"crawlerless/localaws/wire"
)

func (s *Service) receiveMessage(ctx context.Context, in *sqs.ReceiveMessageInput) (*sqs.ReceiveMessageOutput, error) {
	most := int(in.MaxNumberOfMessages)
	if most == 0 && !wire.Named(ctx, "MaxNumberOfMessages") {
		most = 1
	}
	switch {
	case most < 1 || most > mostBatch:
		return nil, invalidParameter("Value %d for parameter MaxNumberOfMessages is invalid. Reason: Must be between 1 and 10, if provided.", most)
	case in.WaitTimeSeconds < 0 || in.WaitTimeSeconds > 20:
		return nil, invalidParameter("Value %d for parameter WaitTimeSeconds is invalid. Reason: Must be >= 0 and <= 20, if provided.", in.WaitTimeSeconds)
	case in.VisibilityTimeout < 0 || in.VisibilityTimeout > 43200:
		return nil, invalidParameter("Value %d for parameter VisibilityTimeout is invalid. Reason: Must be >= 0 and <= 43200, if provided.", in.VisibilityTimeout)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	q, err := s.find(in.QueueUrl)
	if err != nil {
		return nil, err
	}
	timeout := q.seconds("VisibilityTimeout")
	if in.VisibilityTimeout != 0 || wire.Named(ctx, "VisibilityTimeout") {
		timeout = time.Duration(in.VisibilityTimeout) * time.Second
	}
	wait := q.seconds("ReceiveMessageWaitTimeSeconds")
	if in.WaitTimeSeconds != 0 || wire.Named(ctx, "WaitTimeSeconds") {
		wait = time.Duration(in.WaitTimeSeconds) * time.Second
	}
	deadline := s.env.Clock.Now().Add(wait)
	for {
		taken, err := s.take(q, most, timeout)
		if err != nil {
			return nil, err
		}
		if len(taken) > 0 || !s.await(ctx, q, deadline) {
			return s.deliver(q, taken, in), nil
		}
	}
}

// take receives up to most messages. Those that were received too often go to
// the dead-letter queue instead. s.mu is held.
func (s *Service) take(q *queue, most int, timeout time.Duration) ([]*message, error) {
	now := s.env.Clock.Now()
	q.expire(now)
	var dead *queue
	policy, hasPolicy := q.redrive()
	if hasPolicy {
		dead = s.byARN(policy.Target)
	}
	if _, hidden, _ := q.counts(now); hidden >= mostInFlight {
		return nil, &types.OverLimit{Message: aws.String("Too many messages in flight.")}
	}
	var taken []*message
	for _, m := range slices.Clone(q.messages) {
		if len(taken) == most {
			break
		}
		if m.visible.After(now) {
			continue
		}
		if dead != nil && m.received >= int(policy.Most) {
			s.bury(q, dead, m)
			continue
		}
		m.received++
		m.receipt++
		m.visible = now.Add(timeout)
		if m.first.IsZero() {
			m.first = now
		}
		taken = append(taken, m)
	}
	return taken, nil
}

// bury moves a message to the dead-letter queue: with its time of sending, so
// that its retention goes on, and its count of receives. s.mu is held.
func (s *Service) bury(q, dead *queue, m *message) {
	q.messages = slices.DeleteFunc(q.messages, func(other *message) bool { return other == m })
	m.source, m.visible = s.arn(q.name), s.env.Clock.Now()
	dead.messages = append(dead.messages, m)
	dead.used = s.env.Clock.Now()
	s.reportDepth(q)
	s.reportDepth(dead)
	dead.wake()
}

// await waits until the queue may have something to give; it answers false at
// the deadline. s.mu is held before and after, not while it waits.
func (s *Service) await(ctx context.Context, q *queue, deadline time.Time) bool {
	now := s.env.Clock.Now()
	if !now.Before(deadline) || s.closed || s.queues[q.name] != q || ctx.Err() != nil {
		return false
	}
	next := deadline
	for _, m := range q.messages { // a hidden or delayed message comes back by itself
		if m.visible.Before(next) {
			next = m.visible
		}
	}
	due, timer := s.env.Clock.After(next.Sub(now))
	changed := q.changed
	s.mu.Unlock()
	defer s.mu.Lock()
	defer stop(timer)
	select {
	case <-changed:
		return true
	case <-due:
		return true
	case <-ctx.Done():
		return false
	}
}

func stop(t *clock.Timer) { t.Stop() }

func (s *Service) deliver(q *queue, taken []*message, in *sqs.ReceiveMessageInput) *sqs.ReceiveMessageOutput {
	if len(taken) == 0 {
		s.report(q, "NumberOfEmptyReceives", 1, "Count")
		return &sqs.ReceiveMessageOutput{}
	}
	s.report(q, "NumberOfMessagesReceived", float64(len(taken)), "Count")
	s.reportDepth(q)
	wanted := []string{}
	for _, name := range in.AttributeNames {
		wanted = append(wanted, string(name))
	}
	for _, name := range in.MessageSystemAttributeNames {
		wanted = append(wanted, string(name))
	}
	out := &sqs.ReceiveMessageOutput{}
	for _, m := range taken {
		attributes := chosen(m.attributes, in.MessageAttributeNames)
		out.Messages = append(out.Messages, types.Message{
			MessageId: aws.String(m.id), Body: aws.String(m.body), MD5OfBody: aws.String(md5Of(m.body)),
			ReceiptHandle: aws.String(handle(q, m)), Attributes: m.system(wanted),
			MessageAttributes: attributes, MD5OfMessageAttributes: md5OfAttributes(attributes),
		})
	}
	return out
}

// system are the message's system attributes that were asked for.
func (m *message) system(wanted []string) map[string]string {
	all := map[string]string{
		"SenderId": m.sender, "SentTimestamp": strconv.FormatInt(m.sent.UnixMilli(), 10),
		"ApproximateReceiveCount": strconv.Itoa(m.received), "ApproximateFirstReceiveTimestamp": strconv.FormatInt(m.first.UnixMilli(), 10),
		"AWSTraceHeader": m.trace, "MessageGroupId": m.group, "DeadLetterQueueSourceArn": m.source,
	}
	var out map[string]string
	for name, value := range all {
		if value != "" && (slices.Contains(wanted, "All") || slices.Contains(wanted, name)) {
			if out == nil {
				out = map[string]string{}
			}
			out[name] = value
		}
	}
	return out
}

// chosen are the attributes asked for: by name, "All", ".*" or "prefix.*".
func chosen(attributes map[string]types.MessageAttributeValue, names []string) map[string]types.MessageAttributeValue {
	var out map[string]types.MessageAttributeValue
	for key, value := range attributes {
		if slices.ContainsFunc(names, func(name string) bool {
			prefix, isPrefix := strings.CutSuffix(name, ".*")
			return name == "All" || name == key || isPrefix && (prefix == "" || strings.HasPrefix(key, prefix+".") || key == prefix)
		}) {
			if out == nil {
				out = map[string]types.MessageAttributeValue{}
			}
			out[key] = value
		}
	}
	return out
}

// handle is the receipt handle of a message's latest receive.
func handle(q *queue, m *message) string {
	return base64.StdEncoding.EncodeToString([]byte(q.name + " " + m.id + " " + strconv.Itoa(m.receipt)))
}

// receipt finds the message of a receipt handle: nil where it is gone, and
// whether the handle is its latest. s.mu is held.
func (q *queue) receipt(text *string) (m *message, latest bool, err error) {
	if aws.ToString(text) == "" {
		return nil, false, missing("ReceiptHandle")
	}
	raw, err := base64.StdEncoding.DecodeString(*text)
	parts := strings.Split(string(raw), " ")
	if err != nil || len(parts) != 3 {
		return nil, false, invalidHandle(*text)
	}
	if parts[0] != q.name {
		return nil, false, invalidParameter("Value %s for parameter ReceiptHandle is invalid. Reason: The receipt handle is not for this queue.", *text)
	}
	for _, m := range q.messages {
		if m.id == parts[1] {
			return m, strconv.Itoa(m.receipt) == parts[2], nil
		}
	}
	return nil, false, nil
}
