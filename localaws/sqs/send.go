package sqs

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/aws/smithy-go"

	"crawlerless/localaws/wire"
)

// draft is a message on its way in.
type draft struct {
	body       *string
	attributes map[string]types.MessageAttributeValue
	system     map[string]types.MessageSystemAttributeValue
	group      *string
	dedup      *string
	delay      int32
	hasDelay   bool
}

func (s *Service) sendMessage(ctx context.Context, in *sqs.SendMessageInput) (*sqs.SendMessageOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	q, err := s.find(in.QueueUrl)
	if err != nil {
		return nil, err
	}
	m, err := s.accept(ctx, q, draft{
		in.MessageBody, in.MessageAttributes, in.MessageSystemAttributes, in.MessageGroupId, in.MessageDeduplicationId,
		in.DelaySeconds, in.DelaySeconds != 0 || wire.Named(ctx, "DelaySeconds"),
	})
	if err != nil {
		return nil, err
	}
	s.put(q, m)
	return &sqs.SendMessageOutput{
		MessageId: aws.String(m.id), MD5OfMessageBody: aws.String(md5Of(m.body)), MD5OfMessageAttributes: md5OfAttributes(m.attributes),
		MD5OfMessageSystemAttributes: md5OfSystem(in.MessageSystemAttributes),
	}, nil
}

// accept makes a message of a draft that SQS would take. s.mu is held.
func (s *Service) accept(ctx context.Context, q *queue, d draft) (*message, error) {
	size, err := checkMessage(d.body, d.attributes)
	if err != nil {
		return nil, err
	}
	if limit := q.number("MaximumMessageSize"); size > limit {
		return nil, invalidParameter("One or more parameters are invalid. Reason: Message must be shorter than %d bytes.", limit)
	}
	if d.delay < 0 || d.delay > 900 {
		return nil, invalidParameter("Value %d for parameter DelaySeconds is invalid. Reason: DelaySeconds must be >= 0 and <= 900.", d.delay)
	}
	if d.dedup != nil {
		return nil, invalidParameter("Value %s for parameter MessageDeduplicationId is invalid. Reason: The request includes a parameter that is not valid for this queue type.", *d.dedup)
	}
	delay := q.seconds("DelaySeconds")
	if d.hasDelay {
		delay = time.Duration(d.delay) * time.Second
	}
	trace, err := traceHeader(d.system)
	if err != nil {
		return nil, err
	}
	now, caller := s.env.Clock.Now(), wire.CallerFrom(ctx)
	sender := caller.UserID
	if sender == "" {
		sender = s.env.Account
	}
	return &message{
		id: s.env.IDs.UUID(), body: *d.body, attributes: d.attributes, trace: trace, group: aws.ToString(d.group), sender: sender,
		sent: now, visible: now.Add(delay),
	}, nil
}

func traceHeader(system map[string]types.MessageSystemAttributeValue) (string, error) {
	for name, value := range system {
		if name != string(types.MessageSystemAttributeNameForSendsAWSTraceHeader) || aws.ToString(value.DataType) != "String" {
			return "", invalidParameter("Message system attribute name '%s' is invalid.", name)
		}
	}
	return aws.ToString(system["AWSTraceHeader"].StringValue), nil
}

func md5OfSystem(system map[string]types.MessageSystemAttributeValue) *string {
	same := map[string]types.MessageAttributeValue{}
	for name, v := range system {
		same[name] = types.MessageAttributeValue{DataType: v.DataType, StringValue: v.StringValue, BinaryValue: v.BinaryValue}
	}
	return md5OfAttributes(same)
}

// put appends a message and tells who waits. s.mu is held.
func (s *Service) put(q *queue, m *message) {
	q.messages = append(q.messages, m)
	s.report(q, "NumberOfMessagesSent", 1, "Count")
	s.report(q, "SentMessageSize", float64(len(m.body)), "Bytes")
	s.reportDepth(q)
	q.wake()
}

var batchID = regexp.MustCompile(`^[A-Za-z0-9_-]{1,80}$`)

// checkBatch holds for every batch operation.
func checkBatch(ids []*string) error {
	if len(ids) == 0 {
		return &types.EmptyBatchRequest{Message: aws.String("There should be at least one entry in the request.")}
	}
	if len(ids) > mostBatch {
		return &types.TooManyEntriesInBatchRequest{Message: aws.String(fmt.Sprintf("Maximum number of entries per request are %d. You have sent %d.", mostBatch, len(ids)))}
	}
	seen := map[string]bool{}
	for _, id := range ids {
		switch {
		case !batchID.MatchString(aws.ToString(id)):
			return &types.InvalidBatchEntryId{Message: aws.String("A batch entry id can only contain alphanumeric characters, hyphens and underscores. It can be at most 80 letters long.")}
		case seen[*id]:
			return &types.BatchEntryIdsNotDistinct{Message: aws.String("Id " + *id + " repeated.")}
		}
		seen[*id] = true
	}
	return nil
}

func idsOf[E any](entries []E, id func(E) *string) []*string {
	out := make([]*string, len(entries))
	for i, e := range entries {
		out[i] = id(e)
	}
	return out
}

// failed is the entry of a batch that went wrong.
func failed(id *string, err error) types.BatchResultErrorEntry {
	out := types.BatchResultErrorEntry{Id: id, Code: aws.String("InternalError"), Message: aws.String(err.Error()), SenderFault: true}
	var own *wire.Error
	var api smithy.APIError
	switch {
	case errors.As(err, &own):
		out.Code, out.Message = aws.String(own.Code), aws.String(own.Message)
	case errors.As(err, &api):
		out.Code, out.Message = aws.String(api.ErrorCode()), aws.String(api.ErrorMessage())
	}
	return out
}

func (s *Service) sendMessageBatch(ctx context.Context, in *sqs.SendMessageBatchInput) (*sqs.SendMessageBatchOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	q, err := s.find(in.QueueUrl)
	if err != nil {
		return nil, err
	}
	if err := checkBatch(idsOf(in.Entries, func(e types.SendMessageBatchRequestEntry) *string { return e.Id })); err != nil {
		return nil, err
	}
	total := 0
	for _, e := range in.Entries {
		total += len(aws.ToString(e.MessageBody))
		for name, v := range e.MessageAttributes {
			total += len(name) + len(aws.ToString(v.DataType)) + len(aws.ToString(v.StringValue)) + len(v.BinaryValue)
		}
	}
	if total > mostBytes {
		return nil, &types.BatchRequestTooLong{Message: aws.String(fmt.Sprintf("Batch requests cannot be longer than %d bytes. You have sent %d bytes.", mostBytes, total))}
	}
	out := &sqs.SendMessageBatchOutput{}
	for _, e := range in.Entries {
		// An entry of a batch cannot say "no delay" where its queue has one.
		m, err := s.accept(ctx, q, draft{e.MessageBody, e.MessageAttributes, e.MessageSystemAttributes, e.MessageGroupId, e.MessageDeduplicationId, e.DelaySeconds, e.DelaySeconds != 0})
		if err != nil {
			out.Failed = append(out.Failed, failed(e.Id, err))
			continue
		}
		s.put(q, m)
		out.Successful = append(out.Successful, types.SendMessageBatchResultEntry{
			Id: e.Id, MessageId: aws.String(m.id), MD5OfMessageBody: aws.String(md5Of(m.body)), MD5OfMessageAttributes: md5OfAttributes(m.attributes),
			MD5OfMessageSystemAttributes: md5OfSystem(e.MessageSystemAttributes),
		})
	}
	return out, nil
}
