package provider

import (
	"context"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

type queue struct {
	Name                      string `prop:"name,auto=80,replace"`
	FIFO                      bool   `prop:"fifoQueue,default=false,replace"`
	ContentBasedDeduplication bool   `prop:"contentBasedDeduplication,default=false"`
	DeduplicationScope        string `prop:"deduplicationScope,computed"`
	FIFOThroughputLimit       string `prop:"fifoThroughputLimit,computed"`
	DelaySeconds              int64  `prop:"delaySeconds,default=0"`
	KMSReuseSeconds           int64  `prop:"kmsDataKeyReusePeriodSeconds,computed"`
	KMSMasterKeyID            string `prop:"kmsMasterKeyId,omitempty"`
	MaxMessageSize            int64  `prop:"maxMessageSize,default=262144"`
	RetentionSeconds          int64  `prop:"messageRetentionSeconds,default=345600"`
	Policy                    string `prop:"policy,computed,policy"`
	ReceiveWaitSeconds        int64  `prop:"receiveWaitTimeSeconds,default=0"`
	RedriveAllowPolicy        string `prop:"redriveAllowPolicy,computed,json"`
	RedrivePolicy             string `prop:"redrivePolicy,computed,json"`
	ManagedSSE                *bool  `prop:"sqsManagedSseEnabled,computed"`
	VisibilityTimeoutSeconds  int64  `prop:"visibilityTimeoutSeconds,default=30"`
	tagged

	ARN        string `prop:"arn,out"`
	URL        string `prop:"url,out"`
	NamePrefix string `prop:"namePrefix,out"`
}

func sqsQueue() handler {
	return of(typed[queue]{
		Token: "aws:sqs/queue:Queue",
		Check: func(in resource.PropertyMap, _ *checker) {
			// The name of a FIFO queue ends in .fifo (SQS API reference, CreateQueue).
			if f := in["fifoQueue"]; f.IsBool() && f.BoolValue() && wasDefaulted(in, "name") && in["name"].IsString() {
				if name := in["name"].StringValue(); !strings.HasSuffix(name, ".fifo") {
					in["name"] = resource.NewStringProperty(name + ".fifo")
				}
			}
		},
		Create: func(ctx context.Context, s *session, in *queue) (string, error) {
			url := ""
			// A name is free again a minute after its queue was deleted.
			again := func(err error) bool {
				return strings.HasSuffix(code(err), "QueueDeletedRecently") || queuePolicyUnknown(err)
			}
			err := s.retry(ctx, again, func() error {
				req := &sqs.CreateQueueInput{QueueName: &in.Name, Attributes: in.attributes(true)}
				if len(in.TagsAll) > 0 {
					req.Tags = in.TagsAll
				}
				out, err := s.sqs.CreateQueue(ctx, req)
				if err == nil {
					url = aws.ToString(out.QueueUrl)
				}
				return err
			})
			if err != nil {
				return "", err
			}
			return url, s.settled(ctx, url, in.attributes(true))
		},
		Read: func(ctx context.Context, s *session, id string, v *queue) error { return s.readQueue(ctx, id, v) },
		Update: func(ctx context.Context, s *session, id string, old, in *queue) error {
			set := in.attributes(false)
			if old.KMSMasterKeyID != "" && in.KMSMasterKeyID == "" {
				set["KmsMasterKeyId"] = ""
			}
			err := s.retry(ctx, queuePolicyUnknown, func() error {
				_, err := s.sqs.SetQueueAttributes(ctx, &sqs.SetQueueAttributesInput{QueueUrl: &id, Attributes: set})
				return err
			})
			if err != nil {
				return err
			}
			if err := s.settled(ctx, id, set); err != nil {
				return err
			}
			now, err := s.sqs.ListQueueTags(ctx, &sqs.ListQueueTagsInput{QueueUrl: &id})
			if err != nil {
				return err
			}
			tags, remove := delta(now.Tags, in.TagsAll)
			if len(remove) > 0 {
				if _, err := s.sqs.UntagQueue(ctx, &sqs.UntagQueueInput{QueueUrl: &id, TagKeys: remove}); err != nil {
					return err
				}
			}
			if len(tags) > 0 {
				if _, err := s.sqs.TagQueue(ctx, &sqs.TagQueueInput{QueueUrl: &id, Tags: tags}); err != nil {
					return err
				}
			}
			return nil
		},
		Delete: func(ctx context.Context, s *session, id string, _ *queue) error {
			if _, err := s.sqs.DeleteQueue(ctx, &sqs.DeleteQueueInput{QueueUrl: &id}); err != nil {
				return err
			}
			return s.wait(ctx, "the queue to be deleted", func() (bool, error) {
				_, err := s.queueAttributes(ctx, id)
				return isGone(err), gone(err)
			})
		},
	})
}

func queuePolicyUnknown(err error) bool {
	return code(err) == "InvalidAttributeValue" && strings.Contains(message(err), "Policy")
}

// attributes are the queue's as SQS names them. What was not given is left to
// SQS; the queue's kind can only be said at creation.
func (q *queue) attributes(creating bool) map[string]string {
	a := map[string]string{
		"DelaySeconds":                  strconv.FormatInt(q.DelaySeconds, 10),
		"MaximumMessageSize":            strconv.FormatInt(q.MaxMessageSize, 10),
		"MessageRetentionPeriod":        strconv.FormatInt(q.RetentionSeconds, 10),
		"ReceiveMessageWaitTimeSeconds": strconv.FormatInt(q.ReceiveWaitSeconds, 10),
		"VisibilityTimeout":             strconv.FormatInt(q.VisibilityTimeoutSeconds, 10),
	}
	if q.FIFO {
		if creating {
			a["FifoQueue"] = "true"
		}
		a["ContentBasedDeduplication"] = strconv.FormatBool(q.ContentBasedDeduplication)
	}
	for name, value := range map[string]string{
		"DeduplicationScope": q.DeduplicationScope, "FifoThroughputLimit": q.FIFOThroughputLimit,
		"Policy": q.Policy, "RedrivePolicy": q.RedrivePolicy, "RedriveAllowPolicy": q.RedriveAllowPolicy,
	} {
		if value != "" {
			a[name] = value
		}
	}
	if q.KMSMasterKeyID != "" {
		a["KmsMasterKeyId"] = q.KMSMasterKeyID
	}
	if q.KMSReuseSeconds != 0 {
		a["KmsDataKeyReusePeriodSeconds"] = strconv.FormatInt(q.KMSReuseSeconds, 10)
	}
	if q.ManagedSSE != nil {
		a["SqsManagedSseEnabled"] = strconv.FormatBool(*q.ManagedSSE)
	}
	return a
}

func (s *session) queueAttributes(ctx context.Context, url string) (map[string]string, error) {
	out, err := s.sqs.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{
		QueueUrl: &url, AttributeNames: []types.QueueAttributeName{types.QueueAttributeNameAll},
	})
	if err != nil {
		return nil, err
	}
	return out.Attributes, nil
}

// settled waits until the queue answers with the attributes that were set:
// "most attributes take up to 60 seconds" (SQS API reference,
// SetQueueAttributes).
func (s *session) settled(ctx context.Context, url string, set map[string]string) error {
	return s.wait(ctx, "the attributes of the queue to propagate", func() (bool, error) {
		now, err := s.queueAttributes(ctx, url)
		if isGone(err) {
			return false, nil
		}
		if err != nil {
			return false, err
		}
		for name, value := range set {
			if !policyDocument.same(now[name], value) {
				return false, nil
			}
		}
		return true, nil
	})
}

func (s *session) readQueue(ctx context.Context, id string, v *queue) error {
	a, err := s.queueAttributes(ctx, id)
	if err != nil {
		return err
	}
	number := func(name string) int64 {
		n, convErr := strconv.ParseInt(a[name], 10, 64)
		if convErr != nil && a[name] != "" && err == nil {
			err = convErr
		}
		return n
	}
	v.URL, v.ARN = id, a["QueueArn"]
	v.Name = v.ARN[strings.LastIndexByte(v.ARN, ':')+1:]
	v.FIFO, v.ContentBasedDeduplication = a["FifoQueue"] == "true", a["ContentBasedDeduplication"] == "true"
	v.DeduplicationScope, v.FIFOThroughputLimit = a["DeduplicationScope"], a["FifoThroughputLimit"]
	v.DelaySeconds, v.MaxMessageSize, v.RetentionSeconds = number("DelaySeconds"), number("MaximumMessageSize"), number("MessageRetentionPeriod")
	v.ReceiveWaitSeconds, v.VisibilityTimeoutSeconds = number("ReceiveMessageWaitTimeSeconds"), number("VisibilityTimeout")
	v.KMSMasterKeyID = a["KmsMasterKeyId"]
	if v.KMSReuseSeconds = number("KmsDataKeyReusePeriodSeconds"); v.KMSReuseSeconds == 0 {
		v.KMSReuseSeconds = 300
	}
	v.ManagedSSE = aws.Bool(a["SqsManagedSseEnabled"] == "true")
	v.Policy, v.RedrivePolicy, v.RedriveAllowPolicy = a["Policy"], a["RedrivePolicy"], a["RedriveAllowPolicy"]
	if err != nil {
		return err
	}
	tags, err := s.sqs.ListQueueTags(ctx, &sqs.ListQueueTagsInput{QueueUrl: &id})
	if err != nil {
		return err
	}
	v.TagsAll = tags.Tags
	return nil
}

type queuePolicy struct {
	QueueURL string `prop:"queueUrl,required,replace"`
	Policy   string `prop:"policy,required,policy"`
}

type redrivePolicy struct {
	QueueURL string `prop:"queueUrl,required,replace"`
	Policy   string `prop:"redrivePolicy,required,json"`
}

func sqsQueuePolicy() handler {
	return of(typed[queuePolicy]{
		Token: "aws:sqs/queuePolicy:QueuePolicy",
		Create: func(ctx context.Context, s *session, in *queuePolicy) (string, error) {
			return made(in.QueueURL, s.setQueueDocument(ctx, in.QueueURL, "Policy", in.Policy))
		},
		Read: func(ctx context.Context, s *session, id string, v *queuePolicy) (err error) {
			v.QueueURL = id
			v.Policy, err = s.queueDocument(ctx, id, "Policy")
			return err
		},
		Update: func(ctx context.Context, s *session, id string, _, in *queuePolicy) error {
			return s.setQueueDocument(ctx, id, "Policy", in.Policy)
		},
		Delete: func(ctx context.Context, s *session, id string, _ *queuePolicy) error {
			return s.setQueueDocument(ctx, id, "Policy", "")
		},
	})
}

func sqsRedrivePolicy() handler {
	return of(typed[redrivePolicy]{
		Token: "aws:sqs/redrivePolicy:RedrivePolicy",
		Create: func(ctx context.Context, s *session, in *redrivePolicy) (string, error) {
			return made(in.QueueURL, s.setQueueDocument(ctx, in.QueueURL, "RedrivePolicy", in.Policy))
		},
		Read: func(ctx context.Context, s *session, id string, v *redrivePolicy) (err error) {
			v.QueueURL = id
			v.Policy, err = s.queueDocument(ctx, id, "RedrivePolicy")
			return err
		},
		Update: func(ctx context.Context, s *session, id string, _, in *redrivePolicy) error {
			return s.setQueueDocument(ctx, id, "RedrivePolicy", in.Policy)
		},
		Delete: func(ctx context.Context, s *session, id string, _ *redrivePolicy) error {
			return s.setQueueDocument(ctx, id, "RedrivePolicy", "")
		},
	})
}

// setQueueDocument sets an attribute that holds a document; an empty text
// removes it.
func (s *session) setQueueDocument(ctx context.Context, url, name, text string) error {
	set := map[string]string{name: text}
	err := s.retry(ctx, queuePolicyUnknown, func() error {
		_, err := s.sqs.SetQueueAttributes(ctx, &sqs.SetQueueAttributesInput{QueueUrl: &url, Attributes: set})
		return err
	})
	if err != nil || text == "" {
		return err
	}
	return s.settled(ctx, url, set)
}

func (s *session) queueDocument(ctx context.Context, url, name string) (string, error) {
	a, err := s.queueAttributes(ctx, url)
	if err != nil {
		return "", err
	}
	if a[name] == "" {
		return "", errGone
	}
	return a[name], nil
}
