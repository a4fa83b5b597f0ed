package firehose

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	logstypes "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"
)

// How long and how often a delivery is tried: the guide says that Firehose keeps
// records for 24 hours and retries until then.
const (
	deliveryPatience = 24 * time.Hour
	firstBackoff     = time.Second
	lastBackoff      = 5 * time.Minute
)

// deliver writes one object, however often it takes.
func (s *Service) deliver(st *stream, o *object) {
	body, err := o.body()
	if err != nil { // memory to memory
		s.env.Log.Error("firehose object can not be compressed", "stream", o.stream, "key", o.key, "error", err)
		return
	}
	for backoff := firstBackoff; ; backoff = min(2*backoff, lastBackoff) {
		err := s.write(s.ctx, o, body)
		s.attempted(o, body, err)
		if err == nil || s.ctx.Err() != nil {
			return
		}
		if s.env.Clock.Now().Add(backoff).Sub(o.oldest) > deliveryPatience {
			s.env.Log.Error("firehose data lost: S3 could not be written for 24 hours",
				"stream", o.stream, "bucket", o.config.bucket, "key", o.key, "records", o.records, "error", err)
			return
		}
		if s.env.Clock.Sleep(s.ctx, backoff) != nil || s.gone(st) {
			return
		}
	}
}

// gone reports whether the stream has been deleted: it does not deliver any more.
func (s *Service) gone(st *stream) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.streams[st.name] != st
}

func (o *object) body() ([]byte, error) {
	if !o.config.gzip {
		return o.data, nil
	}
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := z.Write(o.data); err != nil {
		return nil, err
	}
	if err := z.Close(); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// once makes an SDK client try a call a single time: retries are the stream's, on
// the environment's clock.
func once(c aws.Config) aws.Config {
	c.Retryer = func() aws.Retryer { return aws.NopRetryer{} }
	return c
}

func (s *Service) write(ctx context.Context, o *object, body []byte) error {
	c := o.config
	role, err := s.env.Roles.AssumeRole(ctx, c.roleARN, principal, s.arn(o.stream))
	if err != nil {
		return fmt.Errorf("assume role %s: %w", c.roleARN, err)
	}
	in := &s3.PutObjectInput{
		Bucket: aws.String(c.bucket), Key: aws.String(o.key), Body: bytes.NewReader(body),
		ContentType: aws.String("application/octet-stream"),
	}
	if c.gzip {
		in.ContentEncoding = aws.String("gzip")
	}
	if k := c.given.EncryptionConfiguration.KMSEncryptionConfig; k != nil {
		in.ServerSideEncryption, in.SSEKMSKeyId = s3types.ServerSideEncryptionAwsKms, k.AWSKMSKeyARN
	}
	client := s3.NewFromConfig(once(role), func(options *s3.Options) { options.UsePathStyle = true })
	if _, err := client.PutObject(ctx, in); err != nil {
		return fmt.Errorf("put s3://%s/%s: %w", c.bucket, o.key, err)
	}
	return nil
}

// attempted reports an attempt: in metrics, and a failure in the error log too.
func (s *Service) attempted(o *object, body []byte, err error) {
	if err != nil {
		s.metric(o.stream, "DeliveryToS3.Success", 0, "Count")
		s.env.Log.Warn("firehose delivery failed, to be retried", "stream", o.stream, "bucket", o.config.bucket, "key", o.key, "error", err)
		s.logError(o, err)
		return
	}
	s.metric(o.stream, "DeliveryToS3.Success", 1, "Count")
	s.metric(o.stream, "DeliveryToS3.Records", float64(o.records), "Count")
	s.metric(o.stream, "DeliveryToS3.Bytes", float64(len(body)), "Bytes")
	s.metric(o.stream, "DeliveryToS3.ObjectCount", 1, "Count")
	s.metric(o.stream, "DeliveryToS3.DataFreshness", s.env.Clock.Now().Sub(o.oldest).Seconds(), "Seconds")
}

// errorLine is a line of a stream's error log (guide, "Monitor Amazon Data
// Firehose Using CloudWatch Logs").
type errorLine struct {
	DeliveryStreamARN       string `json:"deliveryStreamARN"`
	Destination             string `json:"destination"`
	DeliveryStreamVersionID int    `json:"deliveryStreamVersionId"`
	Message                 string `json:"message"`
	ErrorCode               string `json:"errorCode"`
}

// logError writes to the log group of CloudWatchLoggingOptions with the stream's
// role. Where that fails there is nowhere else to say it but localaws' own log.
func (s *Service) logError(o *object, cause error) {
	l := o.config.logging
	if l == nil {
		return
	}
	code, message := explain(cause)
	line, err := json.Marshal(errorLine{
		DeliveryStreamARN: s.arn(o.stream), Destination: aws.ToString(o.config.given.BucketARN),
		DeliveryStreamVersionID: o.version, Message: message, ErrorCode: code,
	})
	if err == nil {
		var role aws.Config
		if role, err = s.env.Roles.AssumeRole(s.ctx, o.config.roleARN, principal, s.arn(o.stream)); err == nil {
			_, err = cloudwatchlogs.NewFromConfig(once(role)).PutLogEvents(s.ctx, &cloudwatchlogs.PutLogEventsInput{
				LogGroupName: aws.String(l.group), LogStreamName: aws.String(l.stream),
				LogEvents: []logstypes.InputLogEvent{{
					Timestamp: aws.Int64(s.env.Clock.Now().UnixMilli()), Message: aws.String(string(line)),
				}},
			})
		}
	}
	if err != nil {
		s.env.Log.Warn("firehose error log can not be written", "stream", o.stream, "logGroup", l.group, "error", err)
	}
}

// explain is the errorCode and message of a failed delivery, from the guide's
// table of Amazon S3 data delivery errors.
func explain(err error) (code, message string) {
	var api smithy.APIError
	if !errors.As(err, &api) {
		return "S3.InternalError", "An internal error occurred while delivering data. Delivery will be retried. " + err.Error()
	}
	switch api.ErrorCode() {
	case "AccessDenied", "AccessDeniedException":
		return "S3.AccessDenied", "Access was denied. Ensure that the trust policy for the provided IAM role allows Kinesis Data Firehose to assume the role, and the access policy allows access to the S3 bucket."
	case "NoSuchBucket":
		return "S3.NoSuchBucket", "The specified S3 bucket does not exist. Create the bucket or use a different bucket that does exist."
	}
	return "S3." + api.ErrorCode(), api.ErrorMessage()
}
