package sqs

import (
	"context"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

// remove deletes the message of a receipt handle. An old handle, or one of a
// message that is gone, succeeds without effect (SQS API Reference,
// DeleteMessage). s.mu is held.
func (s *Service) remove(q *queue, receipt *string) error {
	m, latest, err := q.receipt(receipt)
	if err != nil || m == nil || !latest {
		return err
	}
	q.messages = slices.DeleteFunc(q.messages, func(other *message) bool { return other == m })
	s.report(q, "NumberOfMessagesDeleted", 1, "Count")
	s.reportDepth(q)
	return nil
}

func (s *Service) deleteMessage(_ context.Context, in *sqs.DeleteMessageInput) (*sqs.DeleteMessageOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	q, err := s.find(in.QueueUrl)
	if err != nil {
		return nil, err
	}
	return nil, s.remove(q, in.ReceiptHandle)
}

func (s *Service) deleteMessageBatch(_ context.Context, in *sqs.DeleteMessageBatchInput) (*sqs.DeleteMessageBatchOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	q, err := s.find(in.QueueUrl)
	if err != nil {
		return nil, err
	}
	if err := checkBatch(idsOf(in.Entries, func(e types.DeleteMessageBatchRequestEntry) *string { return e.Id })); err != nil {
		return nil, err
	}
	out := &sqs.DeleteMessageBatchOutput{}
	for _, e := range in.Entries {
		if err := s.remove(q, e.ReceiptHandle); err != nil {
			out.Failed = append(out.Failed, failed(e.Id, err))
			continue
		}
		out.Successful = append(out.Successful, types.DeleteMessageBatchResultEntry{Id: e.Id})
	}
	return out, nil
}

// hide sets when a message in flight comes back. s.mu is held.
func (s *Service) hide(q *queue, receipt *string, seconds int32) error {
	if seconds < 0 || time.Duration(seconds)*time.Second > mostVisibility {
		return invalidParameter("Value %d for parameter VisibilityTimeout is invalid. Reason: VisibilityTimeout must be an integer between 0 and 43200.", seconds)
	}
	m, latest, err := q.receipt(receipt)
	if err != nil {
		return err
	}
	now := s.env.Clock.Now()
	if m == nil {
		return invalidParameter("Value %s for parameter ReceiptHandle is invalid. Reason: Message does not exist or is not available for visibility timeout change.", *receipt)
	}
	if !latest || !m.hidden(now) {
		return &types.MessageNotInflight{Message: aws.String("Message is not in flight.")}
	}
	timeout := time.Duration(seconds) * time.Second
	if now.Add(timeout).Sub(m.first) > mostVisibility && m.received == 1 {
		return invalidParameter("Value %d for parameter VisibilityTimeout is invalid. Reason: Total VisibilityTimeout for the message is beyond the limit [43200 seconds].", seconds)
	}
	m.visible = now.Add(timeout)
	s.reportDepth(q)
	q.wake()
	return nil
}

func (s *Service) changeMessageVisibility(_ context.Context, in *sqs.ChangeMessageVisibilityInput) (*sqs.ChangeMessageVisibilityOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	q, err := s.find(in.QueueUrl)
	if err != nil {
		return nil, err
	}
	return nil, s.hide(q, in.ReceiptHandle, in.VisibilityTimeout)
}

func (s *Service) changeMessageVisibilityBatch(_ context.Context, in *sqs.ChangeMessageVisibilityBatchInput) (*sqs.ChangeMessageVisibilityBatchOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	q, err := s.find(in.QueueUrl)
	if err != nil {
		return nil, err
	}
	if err := checkBatch(idsOf(in.Entries, func(e types.ChangeMessageVisibilityBatchRequestEntry) *string { return e.Id })); err != nil {
		return nil, err
	}
	out := &sqs.ChangeMessageVisibilityBatchOutput{}
	for _, e := range in.Entries {
		if err := s.hide(q, e.ReceiptHandle, e.VisibilityTimeout); err != nil {
			out.Failed = append(out.Failed, failed(e.Id, err))
			continue
		}
		out.Successful = append(out.Successful, types.ChangeMessageVisibilityBatchResultEntry{Id: e.Id})
	}
	return out, nil
}
