package sqs

import (
	"context"
	"encoding/base64"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

// move is a finished dead-letter queue redrive.
type move struct {
	id, source, destination string
	rate                    *int32
	started                 time.Time
	moved                   int64
}

// startMessageMoveTask moves what can be received from a dead-letter queue back
// to where it came from, or to a destination, at once: a move that is asked for
// is done when the answer comes. Moved messages are new in their queue.
func (s *Service) startMessageMoveTask(_ context.Context, in *sqs.StartMessageMoveTaskInput) (*sqs.StartMessageMoveTaskOutput, error) {
	if n := in.MaxNumberOfMessagesPerSecond; n != nil && (*n < 1 || *n > 500) {
		return nil, invalidParameter("Value %d for parameter MaxNumberOfMessagesPerSecond is invalid. Reason: Must be between 1 and 500.", *n)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	from := s.byARN(aws.ToString(in.SourceArn))
	if from == nil {
		return nil, &types.ResourceNotFoundException{Message: aws.String("The resource that you specified for the SourceArn parameter doesn't exist.")}
	}
	isDead := false
	for _, q := range s.queues {
		r, ok := q.redrive()
		isDead = isDead || ok && r.Target == *in.SourceArn
	}
	if !isDead {
		return nil, invalidParameter("Source queue must be configured as a Dead Letter Queue.")
	}
	if in.DestinationArn != nil && s.byARN(*in.DestinationArn) == nil {
		return nil, &types.ResourceNotFoundException{Message: aws.String("The resource that you specified for the DestinationArn parameter doesn't exist.")}
	}
	now := s.env.Clock.Now()
	done := &move{id: s.env.IDs.UUID(), source: *in.SourceArn, destination: aws.ToString(in.DestinationArn), rate: in.MaxNumberOfMessagesPerSecond, started: now}
	from.expire(now)
	for _, m := range slices.Clone(from.messages) {
		target := m.source
		if in.DestinationArn != nil {
			target = *in.DestinationArn
		}
		to := s.byARN(target)
		if m.visible.After(now) || to == nil {
			continue // in flight, or sent here directly: AWS leaves it as well
		}
		from.messages = slices.DeleteFunc(from.messages, func(other *message) bool { return other == m })
		fresh := *m
		fresh.id, fresh.sent, fresh.visible, fresh.first, fresh.received, fresh.receipt, fresh.source = s.env.IDs.UUID(), now, now, time.Time{}, 0, 0, ""
		s.put(to, &fresh)
		done.moved++
	}
	s.reportDepth(from)
	s.moves = append(s.moves, done)
	return &sqs.StartMessageMoveTaskOutput{TaskHandle: aws.String(done.handle())}, nil
}

func (m *move) handle() string {
	return base64.StdEncoding.EncodeToString([]byte(`{"taskId":"` + m.id + `","sourceArn":"` + m.source + `"}`))
}

func (s *Service) listMessageMoveTasks(_ context.Context, in *sqs.ListMessageMoveTasksInput) (*sqs.ListMessageMoveTasksOutput, error) {
	most := 1
	if in.MaxResults != nil {
		most = int(*in.MaxResults)
	}
	if most < 1 || most > 10 {
		return nil, invalidParameter("Value %d for parameter MaxResults is invalid. Reason: Must be between 1 and 10.", most)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.byARN(aws.ToString(in.SourceArn)) == nil {
		return nil, &types.ResourceNotFoundException{Message: aws.String("The resource that you specified for the SourceArn parameter doesn't exist.")}
	}
	out := &sqs.ListMessageMoveTasksOutput{}
	for _, m := range slices.Backward(s.moves) {
		if m.source != *in.SourceArn || len(out.Results) == most {
			continue
		}
		entry := types.ListMessageMoveTasksResultEntry{
			SourceArn: aws.String(m.source), Status: aws.String("COMPLETED"), StartedTimestamp: m.started.UnixMilli(), MaxNumberOfMessagesPerSecond: m.rate,
			ApproximateNumberOfMessagesMoved: m.moved, ApproximateNumberOfMessagesToMove: aws.Int64(m.moved),
		}
		if m.destination != "" {
			entry.DestinationArn = aws.String(m.destination)
		}
		out.Results = append(out.Results, entry)
	}
	return out, nil
}
