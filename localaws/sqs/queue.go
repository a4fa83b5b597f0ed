package sqs

import (
	"cmp"
	"context"
	"encoding/json"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"crawlerless/localaws/iam/policy"
	"crawlerless/localaws/wire"
)

// queue is a standard queue. Its fields are guarded by the service's lock.
type queue struct {
	name              string
	attributes        map[string]string // those that can be set, as they were given
	tags              map[string]string
	created, modified time.Time
	purged, used      time.Time
	messages          []*message // in the order of arrival
	changed           waiter
}

// numeric attributes of a queue: default, least, most (SQS API Reference,
// SetQueueAttributes).
var numeric = map[string][3]int{
	"DelaySeconds":                  {0, 0, 900},
	"MaximumMessageSize":            {mostBytes, 1024, mostBytes},
	"MessageRetentionPeriod":        {345600, 60, 1209600},
	"ReceiveMessageWaitTimeSeconds": {0, 0, 20},
	"VisibilityTimeout":             {30, 0, 43200},
	"KmsDataKeyReusePeriodSeconds":  {300, 60, 86400},
}

// redrive is the attribute RedrivePolicy.
type redrive struct {
	Target string `json:"deadLetterTargetArn"`
	Most   count  `json:"maxReceiveCount"`
}

// count takes a number, or a number in quotes as the console writes it.
type count int

func (c *count) UnmarshalJSON(text []byte) error {
	n, err := strconv.Atoi(strings.Trim(string(text), `"`))
	*c = count(n)
	return err
}

func (q *queue) number(name string) int {
	if n, err := strconv.Atoi(q.attributes[name]); err == nil {
		return n
	}
	return numeric[name][0]
}

func (q *queue) seconds(name string) time.Duration {
	return time.Duration(q.number(name)) * time.Second
}

// redrive is the queue's redrive policy; ok is false where it has none.
func (q *queue) redrive() (r redrive, ok bool) {
	text := q.attributes["RedrivePolicy"]
	return r, text != "" && json.Unmarshal([]byte(text), &r) == nil && r.Target != ""
}

// checkAttributes refuses what a queue cannot have. An empty value removes an
// attribute. s.mu is held.
func (s *Service) checkAttributes(name string, attributes map[string]string) error {
	for key, value := range attributes {
		if limits, ok := numeric[key]; ok {
			n, err := strconv.Atoi(value)
			if err != nil || n < limits[1] || n > limits[2] {
				return invalidAttribute(key)
			}
			continue
		}
		if err := s.checkAttribute(name, key, value); err != nil {
			return err
		}
	}
	return nil
}

func (s *Service) checkAttribute(name, key, value string) error {
	switch key {
	case "Policy":
		if value == "" {
			return nil
		}
		if _, err := policy.Parse(value, policy.Resource); err != nil {
			return invalidAttribute(key)
		}
	case "RedrivePolicy":
		return s.checkRedrive(name, value)
	case "RedriveAllowPolicy":
		var allow struct {
			Permission string   `json:"redrivePermission"`
			Sources    []string `json:"sourceQueueArns"`
		}
		if value == "" {
			return nil
		}
		if json.Unmarshal([]byte(value), &allow) != nil || !slices.Contains([]string{"allowAll", "denyAll", "byQueue"}, allow.Permission) ||
			(allow.Permission == "byQueue") != (len(allow.Sources) > 0) || len(allow.Sources) > 10 {
			return invalidAttributeReason(key, value, "Invalid value for redrivePermission or sourceQueueArns.")
		}
	case "SqsManagedSseEnabled":
		if value != "true" && value != "false" {
			return invalidAttribute(key)
		}
	case "KmsMasterKeyId":
	case "FifoQueue", "ContentBasedDeduplication", "DeduplicationScope", "FifoThroughputLimit":
		if value == "true" || key != "FifoQueue" {
			return wire.NotImplemented("attribute " + key + " of a queue: FIFO queues")
		}
		return unknownAttribute("FifoQueue") // AWS refuses "false" too
	default:
		return unknownAttribute(key)
	}
	return nil
}

func (s *Service) checkRedrive(name, value string) error {
	if value == "" {
		return nil
	}
	var r redrive
	if err := json.Unmarshal([]byte(value), &r); err != nil {
		return invalidAttributeReason("RedrivePolicy", value, "Redrive policy is not a valid JSON map.")
	}
	if r.Target == "" || r.Most == 0 {
		return invalidAttributeReason("RedrivePolicy", value, "Redrive policy must contain deadLetterTargetArn and maxReceiveCount.")
	}
	if r.Most < 1 || r.Most > 1000 {
		return invalidAttributeReason("RedrivePolicy", value, "Invalid value for maxReceiveCount: "+strconv.Itoa(int(r.Most))+", valid values are from 1 to 1000 both inclusive.")
	}
	target := s.byARN(r.Target)
	if target == nil {
		return invalidAttributeReason("RedrivePolicy", value, "Dead letter target does not exist.")
	}
	if allow := target.attributes["RedriveAllowPolicy"]; allow != "" && strings.Contains(allow, "denyAll") ||
		strings.Contains(allow, "byQueue") && !strings.Contains(allow, `"`+s.arn(name)+`"`) {
		return invalidAttributeReason("RedrivePolicy", value, "Queue "+r.Target+" does not allow this queue to use it as a dead-letter queue.")
	}
	return nil
}

// byARN is the queue of an ARN of this account and region, or nil. s.mu is held.
func (s *Service) byARN(arn string) *queue {
	name, ok := strings.CutPrefix(arn, s.arn(""))
	if !ok {
		return nil
	}
	return s.queues[name]
}

var queueName = regexp.MustCompile(`^[A-Za-z0-9_-]+$`)

func (s *Service) createQueue(_ context.Context, in *sqs.CreateQueueInput) (*sqs.CreateQueueOutput, error) {
	name := aws.ToString(in.QueueName)
	if strings.HasSuffix(name, ".fifo") {
		return nil, wire.NotImplemented("FIFO queues of sqs:CreateQueue")
	}
	if !queueName.MatchString(name) || len(name) > longestQueueName {
		return nil, invalidParameter("Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if q := s.queues[name]; q != nil {
		for key, value := range in.Attributes {
			if s.attribute(q, key) != value {
				return nil, &types.QueueNameExists{Message: aws.String("A queue already exists with the same name and a different value for attribute " + key)}
			}
		}
		return &sqs.CreateQueueOutput{QueueUrl: s.url(name)}, nil
	}
	now := s.env.Clock.Now()
	if at, ok := s.deleted[name]; ok && now.Sub(at) < deletedRecently {
		return nil, &types.QueueDeletedRecently{Message: aws.String("You must wait 60 seconds after deleting a queue before you can create another with the same name.")}
	}
	if err := s.checkAttributes(name, in.Attributes); err != nil {
		return nil, err
	}
	if err := checkTags(in.Tags); err != nil {
		return nil, err
	}
	delete(s.deleted, name)
	s.queues[name] = &queue{
		name: name, attributes: withoutEmpty(in.Attributes), tags: cloneMap(in.Tags), created: now, modified: now, changed: make(waiter),
	}
	return &sqs.CreateQueueOutput{QueueUrl: s.url(name)}, nil
}

func withoutEmpty(attributes map[string]string) map[string]string {
	out := cloneMap(attributes)
	maps.DeleteFunc(out, func(_, value string) bool { return value == "" })
	return out
}

func cloneMap(m map[string]string) map[string]string {
	out := make(map[string]string, len(m))
	maps.Copy(out, m)
	return out
}

func (s *Service) deleteQueue(_ context.Context, in *sqs.DeleteQueueInput) (*sqs.DeleteQueueOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	q, err := s.find(in.QueueUrl)
	if err != nil {
		return nil, err
	}
	delete(s.queues, q.name)
	s.deleted[q.name] = s.env.Clock.Now()
	q.wake()
	return nil, nil
}

func (s *Service) getQueueURL(_ context.Context, in *sqs.GetQueueUrlInput) (*sqs.GetQueueUrlOutput, error) {
	if owner := aws.ToString(in.QueueOwnerAWSAccountId); owner != "" && owner != s.env.Account {
		return nil, noQueue()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.queues[aws.ToString(in.QueueName)] == nil {
		return nil, noQueue()
	}
	return &sqs.GetQueueUrlOutput{QueueUrl: s.url(*in.QueueName)}, nil
}

func (s *Service) listQueues(_ context.Context, in *sqs.ListQueuesInput) (*sqs.ListQueuesOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var urls []string
	for _, name := range slices.Sorted(maps.Keys(s.queues)) {
		if strings.HasPrefix(name, aws.ToString(in.QueueNamePrefix)) {
			urls = append(urls, *s.url(name))
		}
	}
	urls, next, err := pageOf(urls, in.MaxResults, in.NextToken)
	return &sqs.ListQueuesOutput{QueueUrls: urls, NextToken: next}, err
}

// pageOf cuts a sorted list. Without MaxResults a list ends at 1,000 without a
// token (SQS API Reference, ListQueues).
func pageOf(urls []string, most *int32, token *string) (page []string, next *string, err error) {
	if most != nil && (*most < 1 || *most > 1000) {
		return nil, nil, invalidParameter("Value %d for parameter MaxResults is invalid. Reason: Must be an integer from 1 to 1000.", *most)
	}
	if token != nil {
		at, found := slices.BinarySearch(urls, *token)
		if !found {
			return nil, nil, invalidParameter("Invalid or expired next token.")
		}
		urls = urls[at+1:]
	}
	limit := int(cmp.Or(aws.ToInt32(most), 1000))
	if len(urls) <= limit {
		return urls, nil, nil
	}
	if most != nil {
		next = aws.String(urls[limit-1])
	}
	return urls[:limit], next, nil
}

// attribute is one attribute as GetQueueAttributes shows it; empty where the
// queue does not have it. s.mu is held.
func (s *Service) attribute(q *queue, name string) string {
	if _, ok := numeric[name]; ok {
		if name == "KmsDataKeyReusePeriodSeconds" && q.attributes["KmsMasterKeyId"] == "" {
			return ""
		}
		return strconv.Itoa(q.number(name))
	}
	visible, hidden, delayed := q.counts(s.env.Clock.Now())
	switch name {
	case "QueueArn":
		return s.arn(q.name)
	case "ApproximateNumberOfMessages":
		return strconv.Itoa(visible)
	case "ApproximateNumberOfMessagesNotVisible":
		return strconv.Itoa(hidden)
	case "ApproximateNumberOfMessagesDelayed":
		return strconv.Itoa(delayed)
	case "CreatedTimestamp":
		return strconv.FormatInt(q.created.Unix(), 10)
	case "LastModifiedTimestamp":
		return strconv.FormatInt(q.modified.Unix(), 10)
	case "SqsManagedSseEnabled":
		return cmp.Or(q.attributes[name], strconv.FormatBool(q.attributes["KmsMasterKeyId"] == ""))
	}
	return q.attributes[name]
}

// readable are the attributes of a standard queue, in the order of the API
// reference.
var readable = []string{
	"Policy", "VisibilityTimeout", "MaximumMessageSize", "MessageRetentionPeriod", "ApproximateNumberOfMessages",
	"ApproximateNumberOfMessagesNotVisible", "CreatedTimestamp", "LastModifiedTimestamp", "QueueArn",
	"ApproximateNumberOfMessagesDelayed", "DelaySeconds", "ReceiveMessageWaitTimeSeconds", "RedrivePolicy",
	"KmsMasterKeyId", "KmsDataKeyReusePeriodSeconds", "RedriveAllowPolicy", "SqsManagedSseEnabled",
}

func (s *Service) getQueueAttributes(_ context.Context, in *sqs.GetQueueAttributesInput) (*sqs.GetQueueAttributesOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	q, err := s.find(in.QueueUrl)
	if err != nil {
		return nil, err
	}
	q.expire(s.env.Clock.Now())
	names := []string{}
	for _, name := range in.AttributeNames {
		switch {
		case name == types.QueueAttributeNameAll:
			names = append(names, readable...)
		case slices.Contains(readable, string(name)):
			names = append(names, string(name))
		default: // of FIFO queues: not there
		}
	}
	out := &sqs.GetQueueAttributesOutput{}
	for _, name := range names {
		if value := s.attribute(q, name); value != "" {
			if out.Attributes == nil {
				out.Attributes = map[string]string{}
			}
			out.Attributes[name] = value
		}
	}
	return out, nil
}

func (s *Service) setQueueAttributes(_ context.Context, in *sqs.SetQueueAttributesInput) (*sqs.SetQueueAttributesOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	q, err := s.find(in.QueueUrl)
	if err != nil {
		return nil, err
	}
	if err := s.checkAttributes(q.name, in.Attributes); err != nil {
		return nil, err
	}
	for key, value := range in.Attributes {
		if value == "" {
			delete(q.attributes, key)
			continue
		}
		q.attributes[key] = value
	}
	q.modified = s.env.Clock.Now()
	return nil, nil
}

func (s *Service) purgeQueue(_ context.Context, in *sqs.PurgeQueueInput) (*sqs.PurgeQueueOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	q, err := s.find(in.QueueUrl)
	if err != nil {
		return nil, err
	}
	now := s.env.Clock.Now()
	if !q.purged.IsZero() && now.Sub(q.purged) < purgedRecently {
		return nil, &types.PurgeQueueInProgress{Message: aws.String("Only one PurgeQueue operation on " + q.name + " is allowed every 60 seconds.")}
	}
	q.purged, q.messages = now, nil
	s.reportDepth(q)
	return nil, nil
}

func checkTags(tags map[string]string) error {
	if len(tags) > 50 {
		return invalidParameter("Too many tags added for queue. Maximum 50 tags are allowed.")
	}
	for key, value := range tags {
		if key == "" || len(key) > 128 || len(value) > 256 || strings.HasPrefix(strings.ToLower(key), "aws:") {
			return invalidParameter("Tag key or value is invalid: %q", key)
		}
	}
	return nil
}

func (s *Service) tagQueue(_ context.Context, in *sqs.TagQueueInput) (*sqs.TagQueueOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	q, err := s.find(in.QueueUrl)
	if err != nil {
		return nil, err
	}
	merged := cloneMap(q.tags)
	maps.Copy(merged, in.Tags)
	if err := checkTags(merged); err != nil {
		return nil, err
	}
	q.tags = merged
	return nil, nil
}

func (s *Service) untagQueue(_ context.Context, in *sqs.UntagQueueInput) (*sqs.UntagQueueOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	q, err := s.find(in.QueueUrl)
	if err != nil {
		return nil, err
	}
	maps.DeleteFunc(q.tags, func(key, _ string) bool { return slices.Contains(in.TagKeys, key) })
	return nil, nil
}

func (s *Service) listQueueTags(_ context.Context, in *sqs.ListQueueTagsInput) (*sqs.ListQueueTagsOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	q, err := s.find(in.QueueUrl)
	if err != nil {
		return nil, err
	}
	out := &sqs.ListQueueTagsOutput{}
	if len(q.tags) > 0 {
		out.Tags = cloneMap(q.tags)
	}
	return out, nil
}

func (s *Service) listDeadLetterSourceQueues(_ context.Context, in *sqs.ListDeadLetterSourceQueuesInput) (*sqs.ListDeadLetterSourceQueuesOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	dead, err := s.find(in.QueueUrl)
	if err != nil {
		return nil, err
	}
	urls := []string{}
	for _, name := range slices.Sorted(maps.Keys(s.queues)) {
		if r, ok := s.queues[name].redrive(); ok && r.Target == s.arn(dead.name) {
			urls = append(urls, *s.url(name))
		}
	}
	urls, next, err := pageOf(urls, in.MaxResults, in.NextToken)
	return &sqs.ListDeadLetterSourceQueuesOutput{QueueUrls: urls, NextToken: next}, err
}
