package provider

import (
	"context"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/firehose"
	"github.com/aws/aws-sdk-go-v2/service/firehose/types"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

type deliveryStream struct {
	Name        string            `prop:"name,auto=64,replace"`
	Destination string            `prop:"destination,required"`
	S3          *s3Destination    `prop:"extendedS3Configuration"`
	Encryption  *streamEncryption `prop:"serverSideEncryption"`
	tagged

	ARN           string `prop:"arn,out"`
	DestinationID string `prop:"destinationId,out"`
	VersionID     string `prop:"versionId,out,changes"`
}

type streamEncryption struct {
	Enabled bool   `prop:"enabled,default=false"`
	KeyARN  string `prop:"keyArn,omitempty"`
	KeyType string `prop:"keyType,default=AWS_OWNED_CMK"`
}

type s3Destination struct {
	BucketARN         string          `prop:"bucketArn,required"`
	RoleARN           string          `prop:"roleArn,required"`
	Prefix            string          `prop:"prefix,omitempty"`
	ErrorOutputPrefix string          `prop:"errorOutputPrefix,omitempty"`
	BufferingInterval int64           `prop:"bufferingInterval,default=300"`
	BufferingSize     int64           `prop:"bufferingSize,default=5"`
	CompressionFormat string          `prop:"compressionFormat,default=UNCOMPRESSED"`
	CustomTimeZone    string          `prop:"customTimeZone,default=UTC"`
	FileExtension     string          `prop:"fileExtension,omitempty"`
	KMSKeyARN         string          `prop:"kmsKeyArn,omitempty"`
	S3BackupMode      string          `prop:"s3BackupMode,default=Disabled"`
	Logging           *streamLogging  `prop:"cloudwatchLoggingOptions,computed"`
	Processing        *processing     `prop:"processingConfiguration"`
	DynamicPartitions *dynamicOptions `prop:"dynamicPartitioningConfiguration,replace"`
}

type streamLogging struct {
	Enabled   bool   `prop:"enabled,default=false"`
	LogGroup  string `prop:"logGroupName,omitempty"`
	LogStream string `prop:"logStreamName,omitempty"`
}

type processing struct {
	Enabled    bool        `prop:"enabled"`
	Processors []processor `prop:"processors"`
}

type processor struct {
	Type       string               `prop:"type,required"`
	Parameters []processorParameter `prop:"parameters,set"`
}

type processorParameter struct {
	Name  string `prop:"parameterName,required"`
	Value string `prop:"parameterValue,required"`
}

type dynamicOptions struct {
	Enabled       bool  `prop:"enabled,default=false"`
	RetryDuration int64 `prop:"retryDuration,default=300"`
}

func firehoseDeliveryStream() handler {
	return of(typed[deliveryStream]{
		Token: "aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream",
		Check: func(in resource.PropertyMap, c *checker) {
			if d := in["destination"]; d.IsString() && d.StringValue() != "extended_s3" {
				c.fail("destination", "this provider handles the destination \"extended_s3\" only, not %q", d.StringValue())
			} else if d.IsString() && absent(in["extendedS3Configuration"]) {
				c.fail("extendedS3Configuration", "missing: the destination is \"extended_s3\"")
			}
		},
		Create: func(ctx context.Context, s *session, in *deliveryStream) (string, error) {
			if in.S3 == nil {
				return "", fmt.Errorf("extendedS3Configuration is missing")
			}
			arn, err := s.arn(ctx, "firehose", "deliverystream/"+in.Name)
			if err != nil {
				return "", err
			}
			var tags []types.Tag
			for _, k := range sortedKeys(in.TagsAll) {
				tags = append(tags, types.Tag{Key: aws.String(k), Value: aws.String(in.TagsAll[k])})
			}
			err = s.retry(ctx, firehoseTemporary, func() error {
				return create(ctx, func(ctx context.Context) error {
					_, err := s.firehose.CreateDeliveryStream(ctx, &firehose.CreateDeliveryStreamInput{
						DeliveryStreamName: &in.Name, DeliveryStreamType: types.DeliveryStreamTypeDirectPut,
						ExtendedS3DestinationConfiguration: in.S3.create(), Tags: tags,
					})
					return err
				}, "ResourceInUseException")
			})
			if err != nil {
				return made(arn, err)
			}
			if err := s.streamActive(ctx, in.Name); err != nil {
				return arn, err
			}
			if in.Encryption != nil && in.Encryption.Enabled {
				return arn, s.encryptStream(ctx, in.Name, in.Encryption)
			}
			return arn, nil
		},
		Read: func(ctx context.Context, s *session, id string, v *deliveryStream) error {
			return s.readStream(ctx, id, v)
		},
		Update: func(ctx context.Context, s *session, id string, _, in *deliveryStream) error {
			return s.updateStream(ctx, id, in)
		},
		Delete: func(ctx context.Context, s *session, id string, _ *deliveryStream) error {
			name := streamName(id)
			if _, err := s.firehose.DeleteDeliveryStream(ctx, &firehose.DeleteDeliveryStreamInput{DeliveryStreamName: &name}); err != nil {
				return err
			}
			return s.wait(ctx, "the delivery stream "+name+" to be deleted", func() (bool, error) {
				d, err := s.describeStream(ctx, name)
				if isGone(err) {
					return true, nil
				}
				if err == nil && d.DeliveryStreamStatus == types.DeliveryStreamStatusDeletingFailed {
					return false, fmt.Errorf("the delivery stream cannot be deleted: %s", failure(d))
				}
				return false, err
			})
		},
	})
}

func streamName(id string) string { return id[strings.LastIndexByte(id, '/')+1:] }

func firehoseTemporary(err error) bool {
	c := code(err)
	return c == "InvalidArgumentException" && (propagating(err) || strings.Contains(message(err), "Please make sure") || strings.Contains(message(err), "Verify that the IAM role has access")) ||
		c == "ConcurrentModificationException"
}

func (s *session) describeStream(ctx context.Context, name string) (*types.DeliveryStreamDescription, error) {
	out, err := s.firehose.DescribeDeliveryStream(ctx, &firehose.DescribeDeliveryStreamInput{DeliveryStreamName: &name})
	if err != nil {
		return nil, err
	}
	return out.DeliveryStreamDescription, nil
}

func (s *session) streamActive(ctx context.Context, name string) error {
	return s.wait(ctx, "the delivery stream "+name+" to be active", func() (bool, error) {
		d, err := s.describeStream(ctx, name)
		if isGone(err) {
			return false, nil // not seen yet
		}
		if err != nil {
			return false, err
		}
		if d.DeliveryStreamStatus == types.DeliveryStreamStatusCreatingFailed {
			return false, fmt.Errorf("the delivery stream could not be created: %s", failure(d))
		}
		return d.DeliveryStreamStatus == types.DeliveryStreamStatusActive, nil
	})
}

func failure(d *types.DeliveryStreamDescription) string {
	if d.FailureDescription == nil {
		return "no reason given"
	}
	return string(d.FailureDescription.Type) + ": " + aws.ToString(d.FailureDescription.Details)
}

func (s *session) encryptStream(ctx context.Context, name string, e *streamEncryption) error {
	want := types.DeliveryStreamEncryptionStatusDisabled
	if e != nil && e.Enabled {
		want = types.DeliveryStreamEncryptionStatusEnabled
		_, err := s.firehose.StartDeliveryStreamEncryption(ctx, &firehose.StartDeliveryStreamEncryptionInput{
			DeliveryStreamName: &name,
			DeliveryStreamEncryptionConfigurationInput: &types.DeliveryStreamEncryptionConfigurationInput{
				KeyType: types.KeyType(e.KeyType), KeyARN: str(e.KeyARN),
			},
		})
		if err != nil {
			return err
		}
	} else if _, err := s.firehose.StopDeliveryStreamEncryption(ctx, &firehose.StopDeliveryStreamEncryptionInput{DeliveryStreamName: &name}); err != nil {
		return err
	}
	return s.wait(ctx, "the encryption of the delivery stream "+name, func() (bool, error) {
		d, err := s.describeStream(ctx, name)
		if err != nil || d.DeliveryStreamEncryptionConfiguration == nil {
			return err == nil && want == types.DeliveryStreamEncryptionStatusDisabled, err
		}
		return d.DeliveryStreamEncryptionConfiguration.Status == want, nil
	})
}

func (s *session) readStream(ctx context.Context, id string, v *deliveryStream) error {
	d, err := s.describeStream(ctx, streamName(id))
	if err != nil {
		return err
	}
	if d.DeliveryStreamStatus == types.DeliveryStreamStatusDeleting {
		return errGone
	}
	v.Name, v.ARN, v.VersionID = aws.ToString(d.DeliveryStreamName), aws.ToString(d.DeliveryStreamARN), aws.ToString(d.VersionId)
	v.Destination = "extended_s3"
	if len(d.Destinations) == 0 || d.Destinations[0].ExtendedS3DestinationDescription == nil {
		return fmt.Errorf("the delivery stream %s has no extended S3 destination", v.Name)
	}
	v.DestinationID = aws.ToString(d.Destinations[0].DestinationId)
	v.S3 = s3DestinationOf(d.Destinations[0].ExtendedS3DestinationDescription)
	v.Encryption = nil
	if e := d.DeliveryStreamEncryptionConfiguration; e != nil && e.Status == types.DeliveryStreamEncryptionStatusEnabled {
		v.Encryption = &streamEncryption{Enabled: true, KeyType: string(e.KeyType)}
		if e.KeyType == types.KeyTypeCustomerManagedCmk {
			v.Encryption.KeyARN = aws.ToString(e.KeyARN)
		}
	}
	v.TagsAll, err = s.streamTags(ctx, v.Name)
	return err
}

func (s *session) streamTags(ctx context.Context, name string) (map[string]string, error) {
	tags := map[string]string{}
	var start *string
	for {
		out, err := s.firehose.ListTagsForDeliveryStream(ctx, &firehose.ListTagsForDeliveryStreamInput{DeliveryStreamName: &name, ExclusiveStartTagKey: start})
		if err != nil {
			return nil, err
		}
		for _, t := range out.Tags {
			tags[aws.ToString(t.Key)] = aws.ToString(t.Value)
			start = t.Key
		}
		if !aws.ToBool(out.HasMoreTags) {
			return tags, nil
		}
	}
}

func (s *session) updateStream(ctx context.Context, id string, in *deliveryStream) error {
	name := streamName(id)
	if in.S3 == nil {
		return fmt.Errorf("extendedS3Configuration is missing")
	}
	err := s.retry(ctx, firehoseTemporary, func() error {
		d, err := s.describeStream(ctx, name)
		if err != nil {
			return err
		}
		if len(d.Destinations) == 0 {
			return fmt.Errorf("the delivery stream %s has no destination", name)
		}
		_, err = s.firehose.UpdateDestination(ctx, &firehose.UpdateDestinationInput{
			DeliveryStreamName: &name, CurrentDeliveryStreamVersionId: d.VersionId,
			DestinationId: d.Destinations[0].DestinationId, ExtendedS3DestinationUpdate: in.S3.update(),
		})
		return err
	})
	if err != nil {
		return err
	}
	now := &deliveryStream{}
	if err := s.readStream(ctx, id, now); err != nil {
		return err
	}
	wanted := streamEncryption{}
	if in.Encryption != nil && in.Encryption.Enabled {
		wanted = *in.Encryption
	}
	is := streamEncryption{}
	if now.Encryption != nil {
		is = *now.Encryption
	}
	if wanted != is {
		if err := s.encryptStream(ctx, name, in.Encryption); err != nil {
			return err
		}
	}
	set, remove := delta(now.TagsAll, in.TagsAll)
	if len(remove) > 0 {
		if _, err := s.firehose.UntagDeliveryStream(ctx, &firehose.UntagDeliveryStreamInput{DeliveryStreamName: &name, TagKeys: remove}); err != nil {
			return err
		}
	}
	if len(set) > 0 {
		var tags []types.Tag
		for _, k := range sortedKeys(set) {
			tags = append(tags, types.Tag{Key: aws.String(k), Value: aws.String(set[k])})
		}
		if _, err := s.firehose.TagDeliveryStream(ctx, &firehose.TagDeliveryStreamInput{DeliveryStreamName: &name, Tags: tags}); err != nil {
			return err
		}
	}
	return nil
}

func (d *s3Destination) create() *types.ExtendedS3DestinationConfiguration {
	c := &types.ExtendedS3DestinationConfiguration{
		BucketARN: &d.BucketARN, RoleARN: &d.RoleARN, Prefix: str(d.Prefix), ErrorOutputPrefix: str(d.ErrorOutputPrefix),
		BufferingHints: d.hints(), CompressionFormat: types.CompressionFormat(d.CompressionFormat),
		CustomTimeZone: d.zone(), FileExtension: str(d.FileExtension), EncryptionConfiguration: d.encryption(),
		S3BackupMode: types.S3BackupMode(d.S3BackupMode), CloudWatchLoggingOptions: d.logging(), ProcessingConfiguration: d.processing(),
	}
	if p := d.DynamicPartitions; p != nil {
		c.DynamicPartitioningConfiguration = &types.DynamicPartitioningConfiguration{
			Enabled: &p.Enabled, RetryOptions: &types.RetryOptions{DurationInSeconds: aws.Int32(int32(p.RetryDuration))},
		}
	}
	return c
}

func (d *s3Destination) update() *types.ExtendedS3DestinationUpdate {
	u := &types.ExtendedS3DestinationUpdate{
		BucketARN: &d.BucketARN, RoleARN: &d.RoleARN, Prefix: &d.Prefix, ErrorOutputPrefix: &d.ErrorOutputPrefix,
		BufferingHints: d.hints(), CompressionFormat: types.CompressionFormat(d.CompressionFormat),
		CustomTimeZone: d.zone(), FileExtension: str(d.FileExtension), EncryptionConfiguration: d.encryption(),
		S3BackupMode: types.S3BackupMode(d.S3BackupMode), CloudWatchLoggingOptions: d.logging(), ProcessingConfiguration: d.processing(),
	}
	if u.ProcessingConfiguration == nil {
		u.ProcessingConfiguration = &types.ProcessingConfiguration{Enabled: aws.Bool(false), Processors: []types.Processor{}}
	}
	if u.CloudWatchLoggingOptions == nil {
		u.CloudWatchLoggingOptions = &types.CloudWatchLoggingOptions{Enabled: aws.Bool(false)}
	}
	return u
}

func (d *s3Destination) hints() *types.BufferingHints {
	return &types.BufferingHints{IntervalInSeconds: aws.Int32(int32(d.BufferingInterval)), SizeInMBs: aws.Int32(int32(d.BufferingSize))}
}

// zone: UTC is what AWS takes without being told.
func (d *s3Destination) zone() *string {
	if d.CustomTimeZone == "UTC" {
		return nil
	}
	return str(d.CustomTimeZone)
}

func (d *s3Destination) encryption() *types.EncryptionConfiguration {
	if d.KMSKeyARN == "" {
		return &types.EncryptionConfiguration{NoEncryptionConfig: types.NoEncryptionConfigNoEncryption}
	}
	return &types.EncryptionConfiguration{KMSEncryptionConfig: &types.KMSEncryptionConfig{AWSKMSKeyARN: &d.KMSKeyARN}}
}

func (d *s3Destination) logging() *types.CloudWatchLoggingOptions {
	if d.Logging == nil {
		return nil
	}
	return &types.CloudWatchLoggingOptions{Enabled: &d.Logging.Enabled, LogGroupName: str(d.Logging.LogGroup), LogStreamName: str(d.Logging.LogStream)}
}

func (d *s3Destination) processing() *types.ProcessingConfiguration {
	if d.Processing == nil {
		return nil
	}
	c := &types.ProcessingConfiguration{Enabled: &d.Processing.Enabled, Processors: []types.Processor{}}
	for _, p := range d.Processing.Processors {
		out := types.Processor{Type: types.ProcessorType(p.Type)}
		for _, q := range p.Parameters {
			out.Parameters = append(out.Parameters, types.ProcessorParameter{
				ParameterName: types.ProcessorParameterName(q.Name), ParameterValue: aws.String(q.Value),
			})
		}
		c.Processors = append(c.Processors, out)
	}
	return c
}

func s3DestinationOf(d *types.ExtendedS3DestinationDescription) *s3Destination {
	v := &s3Destination{
		BucketARN: aws.ToString(d.BucketARN), RoleARN: aws.ToString(d.RoleARN),
		Prefix: aws.ToString(d.Prefix), ErrorOutputPrefix: aws.ToString(d.ErrorOutputPrefix),
		CompressionFormat: string(d.CompressionFormat), CustomTimeZone: aws.ToString(d.CustomTimeZone),
		FileExtension: aws.ToString(d.FileExtension), S3BackupMode: string(d.S3BackupMode),
	}
	if v.CustomTimeZone == "" {
		v.CustomTimeZone = "UTC"
	}
	if v.S3BackupMode == "" {
		v.S3BackupMode = "Disabled"
	}
	if h := d.BufferingHints; h != nil {
		v.BufferingInterval, v.BufferingSize = int64(aws.ToInt32(h.IntervalInSeconds)), int64(aws.ToInt32(h.SizeInMBs))
	}
	if e := d.EncryptionConfiguration; e != nil && e.KMSEncryptionConfig != nil {
		v.KMSKeyARN = aws.ToString(e.KMSEncryptionConfig.AWSKMSKeyARN)
	}
	if l := d.CloudWatchLoggingOptions; l != nil {
		v.Logging = &streamLogging{Enabled: aws.ToBool(l.Enabled), LogGroup: aws.ToString(l.LogGroupName), LogStream: aws.ToString(l.LogStreamName)}
	}
	if p := d.DynamicPartitioningConfiguration; p != nil && aws.ToBool(p.Enabled) {
		v.DynamicPartitions = &dynamicOptions{Enabled: true}
		if p.RetryOptions != nil {
			v.DynamicPartitions.RetryDuration = int64(aws.ToInt32(p.RetryOptions.DurationInSeconds))
		}
	}
	if p := d.ProcessingConfiguration; p != nil && (aws.ToBool(p.Enabled) || len(p.Processors) > 0) {
		v.Processing = &processing{Enabled: aws.ToBool(p.Enabled)}
		for _, q := range p.Processors {
			out := processor{Type: string(q.Type)}
			for _, r := range q.Parameters {
				out.Parameters = append(out.Parameters, processorParameter{Name: string(r.ParameterName), Value: aws.ToString(r.ParameterValue)})
			}
			v.Processing.Processors = append(v.Processing.Processors, out)
		}
	}
	return v
}
