// Package sqs is Amazon SQS with standard queues: messages are delivered at
// least once, hide while they are being worked on, come back when that takes
// too long, and move to a dead-letter queue when they have come back too often.
//
// Guarantees: visibility timeouts, delays, retention and long polls run on the
// server's clock; the queue's policy is enforced for every caller; a message is
// given to one receiver at a time while it is hidden; the MD5 digests are those
// that SDKs check; AWS/SQS metrics are reported at every change and each minute
// while a queue is active, so that an alarm on a dead-letter queue moves.
//
// What it does not do: FIFO queues. Encryption settings (KMS keys, SSE-SQS) are
// stored and shown but encrypt nothing. Order is first in, first out as long as
// nobody returns a message; AWS promises less.
package sqs

import (
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"crawlerless/localaws/clock"
	"crawlerless/localaws/cloud"
	"crawlerless/localaws/wire"
)

// Limits of SQS (SQS Developer Guide, "Message quotas").
const (
	mostBytes        = 1 << 20 // of a message with its attributes, and of a batch
	mostBatch        = 10
	mostAttributes   = 10
	mostInFlight     = 120_000
	mostVisibility   = 12 * time.Hour
	deletedRecently  = 60 * time.Second
	purgedRecently   = 60 * time.Second
	reportEvery      = time.Minute
	activeAfterUse   = 6 * time.Hour
	longestQueueName = 80
)

// Service holds the account's queues.
type Service struct {
	env cloud.Env

	mu      sync.Mutex
	queues  map[string]*queue
	deleted map[string]time.Time // names of queues deleted a moment ago
	moves   []*move
	ticker  *clock.Timer // the next report of metrics, while a queue is active
	closed  bool
}

// New returns an SQS without queues.
func New(env cloud.Env) *Service {
	return &Service{env: env, queues: map[string]*queue{}, deleted: map[string]time.Time{}}
}

// Close ends long polls and reports.
func (s *Service) Close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	if s.ticker != nil {
		s.ticker.Stop()
	}
	for _, q := range s.queues {
		q.wake()
	}
}

// Wire describes the API.
func (s *Service) Wire() wire.Service {
	return wire.Service{
		Name: "sqs", Target: "AmazonSQS", Protocol: wire.JSON10, Namespace: "http://queue.amazonaws.com/doc/2012-11-05/",
		Constraints: constraints, Refuse: refuse,
		Operations: []wire.Operation{
			wire.Op("CreateQueue", s.createQueue, wire.On("CreateQueue", func(in *sqs.CreateQueueInput) string {
				return s.arn(aws.ToString(in.QueueName))
			}), "QueueName", "Attributes", "Tags"),
			wire.Op("DeleteQueue", s.deleteQueue, on(s, "DeleteQueue", func(in *sqs.DeleteQueueInput) *string { return in.QueueUrl }), "QueueUrl"),
			wire.Op("GetQueueUrl", s.getQueueURL, func(in *sqs.GetQueueUrlInput) []wire.Access {
				return s.access("GetQueueUrl", aws.ToString(in.QueueName))
			}, "QueueName", "QueueOwnerAWSAccountId"),
			wire.Op("ListQueues", s.listQueues, nil, "QueueNamePrefix", "MaxResults", "NextToken"),
			wire.Op("GetQueueAttributes", s.getQueueAttributes, on(s, "GetQueueAttributes", func(in *sqs.GetQueueAttributesInput) *string { return in.QueueUrl }), "QueueUrl", "AttributeNames"),
			wire.Op("SetQueueAttributes", s.setQueueAttributes, on(s, "SetQueueAttributes", func(in *sqs.SetQueueAttributesInput) *string { return in.QueueUrl }), "QueueUrl", "Attributes"),
			wire.Op("PurgeQueue", s.purgeQueue, on(s, "PurgeQueue", func(in *sqs.PurgeQueueInput) *string { return in.QueueUrl }), "QueueUrl"),
			wire.Op("TagQueue", s.tagQueue, on(s, "TagQueue", func(in *sqs.TagQueueInput) *string { return in.QueueUrl }), "QueueUrl", "Tags"),
			wire.Op("UntagQueue", s.untagQueue, on(s, "UntagQueue", func(in *sqs.UntagQueueInput) *string { return in.QueueUrl }), "QueueUrl", "TagKeys"),
			wire.Op("ListQueueTags", s.listQueueTags, on(s, "ListQueueTags", func(in *sqs.ListQueueTagsInput) *string { return in.QueueUrl }), "QueueUrl"),
			wire.Op("ListDeadLetterSourceQueues", s.listDeadLetterSourceQueues, on(s, "ListDeadLetterSourceQueues", func(in *sqs.ListDeadLetterSourceQueuesInput) *string { return in.QueueUrl }), "QueueUrl", "MaxResults", "NextToken"),

			wire.Op("SendMessage", s.sendMessage, on(s, "SendMessage", func(in *sqs.SendMessageInput) *string { return in.QueueUrl }),
				"QueueUrl", "MessageBody", "DelaySeconds", "MessageAttributes", "MessageSystemAttributes", "MessageGroupId", "MessageDeduplicationId"),
			wire.Op("SendMessageBatch", s.sendMessageBatch, on(s, "SendMessage", func(in *sqs.SendMessageBatchInput) *string { return in.QueueUrl }), "QueueUrl", "Entries"),
			wire.Op("ReceiveMessage", s.receiveMessage, on(s, "ReceiveMessage", func(in *sqs.ReceiveMessageInput) *string { return in.QueueUrl }),
				"QueueUrl", "AttributeNames", "MessageSystemAttributeNames", "MessageAttributeNames", "MaxNumberOfMessages", "VisibilityTimeout", "WaitTimeSeconds"),
			wire.Op("DeleteMessage", s.deleteMessage, on(s, "DeleteMessage", func(in *sqs.DeleteMessageInput) *string { return in.QueueUrl }), "QueueUrl", "ReceiptHandle"),
			wire.Op("DeleteMessageBatch", s.deleteMessageBatch, on(s, "DeleteMessage", func(in *sqs.DeleteMessageBatchInput) *string { return in.QueueUrl }), "QueueUrl", "Entries"),
			wire.Op("ChangeMessageVisibility", s.changeMessageVisibility, on(s, "ChangeMessageVisibility", func(in *sqs.ChangeMessageVisibilityInput) *string { return in.QueueUrl }), "QueueUrl", "ReceiptHandle", "VisibilityTimeout"),
			wire.Op("ChangeMessageVisibilityBatch", s.changeMessageVisibilityBatch, on(s, "ChangeMessageVisibility", func(in *sqs.ChangeMessageVisibilityBatchInput) *string { return in.QueueUrl }), "QueueUrl", "Entries"),

			wire.Op("StartMessageMoveTask", s.startMessageMoveTask, wire.On("StartMessageMoveTask", func(in *sqs.StartMessageMoveTaskInput) string { return aws.ToString(in.SourceArn) }),
				"SourceArn", "DestinationArn", "MaxNumberOfMessagesPerSecond"),
			wire.Op("ListMessageMoveTasks", s.listMessageMoveTasks, wire.On("ListMessageMoveTasks", func(in *sqs.ListMessageMoveTasksInput) string { return aws.ToString(in.SourceArn) }), "SourceArn", "MaxResults"),
		},
	}
}

// on is the access of an operation on the queue of a URL: its policy counts.
func on[I any](s *Service, action string, url func(*I) *string) func(*I) []wire.Access {
	return func(in *I) []wire.Access { return s.access(action, nameOf(url(in))) }
}

func (s *Service) access(action, name string) []wire.Access {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := wire.Access{Action: action, Resource: s.arn(name)}
	if q := s.queues[name]; q != nil {
		out.ResourcePolicy = q.attributes["Policy"]
		out.Conditions = map[string][]string{}
		for key, value := range q.tags {
			out.Conditions["aws:ResourceTag/"+key] = []string{value}
		}
	}
	return []wire.Access{out}
}

func (s *Service) arn(name string) string { return s.env.ARN("sqs", name) }

func (s *Service) url(name string) *string {
	return aws.String(s.env.Endpoint() + "/" + s.env.Account + "/" + name)
}

// nameOf is the queue's name in its URL, whatever the host: clients behind
// another name for this machine send theirs.
func nameOf(url *string) string {
	text := strings.TrimSuffix(aws.ToString(url), "/")
	return text[strings.LastIndex(text, "/")+1:]
}

// find is the queue of a URL. s.mu is held.
func (s *Service) find(url *string) (*queue, error) {
	if aws.ToString(url) == "" {
		return nil, missing("QueueUrl")
	}
	if q := s.queues[nameOf(url)]; q != nil {
		q.used = s.env.Clock.Now()
		s.keepReporting()
		return q, nil
	}
	return nil, noQueue()
}

// Tagged are the queues that carry tags: ARN -> key -> value.
func (s *Service) Tagged() map[string]map[string]string {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := map[string]map[string]string{}
	for name, q := range s.queues {
		if len(q.tags) > 0 {
			out[s.arn(name)] = cloneMap(q.tags)
		}
	}
	return out
}

// waiter is closed when a queue may have something to give.
type waiter = chan struct{}

func (q *queue) wake() {
	close(q.changed)
	q.changed = make(waiter)
}
