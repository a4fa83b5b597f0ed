package firehose

import (
	"cmp"
	"strings"
	"time"
	_ "time/tzdata" // CustomTimeZone works on a machine without zone files

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/firehose/types"

	"crawlerless/localaws/firehose/prefix"
	"crawlerless/localaws/wire"
)

// The buffering hints of S3 where none are given (API reference, BufferingHints).
const (
	defaultSizeMiB  = 5
	defaultInterval = 300 // seconds
)

// config is a stream's destination in one version; it never changes.
type config struct {
	// given is the configuration as it was asked for, with the defaults filled in.
	given types.ExtendedS3DestinationConfiguration

	roleARN     string
	bucket      string
	prefix      *prefix.Template
	errorPrefix *prefix.Template
	zone        *time.Location
	size        int64 // bytes
	interval    time.Duration
	gzip        bool
	extension   string
	pipeline    pipeline
	logging     *logging
}

// logging is where a stream writes its delivery errors.
type logging struct{ group, stream string }

// newConfig validates a destination.
func newConfig(partition string, in types.ExtendedS3DestinationConfiguration) (*config, error) {
	if err := refuseUnsupported(in); err != nil {
		return nil, err
	}
	c := &config{given: in}
	for _, step := range []func(*config) error{
		func(c *config) error { return c.setTarget(partition) },
		(*config).setBuffering, (*config).setFormat, (*config).setPrefixes, (*config).setLogging, (*config).setProcessing,
	} {
		if err := step(c); err != nil {
			return nil, err
		}
	}
	return c, nil
}

func refuseUnsupported(in types.ExtendedS3DestinationConfiguration) error {
	of := " of firehose ExtendedS3DestinationConfiguration"
	switch {
	case in.DataFormatConversionConfiguration != nil && aws.ToBool(in.DataFormatConversionConfiguration.Enabled):
		return wire.NotImplemented("DataFormatConversionConfiguration" + of)
	case in.DynamicPartitioningConfiguration != nil && aws.ToBool(in.DynamicPartitioningConfiguration.Enabled):
		return wire.NotImplemented("DynamicPartitioningConfiguration" + of)
	case in.S3BackupMode == types.S3BackupModeEnabled || in.S3BackupConfiguration != nil:
		return wire.NotImplemented("S3BackupConfiguration" + of)
	}
	return nil
}

func (c *config) setTarget(partition string) error {
	bucket, ok := strings.CutPrefix(*c.given.BucketARN, "arn:"+partition+":s3:::")
	if !ok {
		return invalid("BucketARN %s is not in partition %s", *c.given.BucketARN, partition)
	}
	c.roleARN, c.bucket = *c.given.RoleARN, bucket
	if e := c.given.EncryptionConfiguration; e != nil {
		if (e.KMSEncryptionConfig != nil) == (e.NoEncryptionConfig != "") {
			return invalid("Exactly one of NoEncryptionConfig or KMSEncryptionConfig must be specified")
		}
		return nil
	}
	c.given.EncryptionConfiguration = &types.EncryptionConfiguration{NoEncryptionConfig: types.NoEncryptionConfigNoEncryption}
	return nil
}

func (c *config) setBuffering() error {
	hints := types.BufferingHints{SizeInMBs: aws.Int32(defaultSizeMiB), IntervalInSeconds: aws.Int32(defaultInterval)}
	if given := c.given.BufferingHints; given != nil && (given.SizeInMBs != nil || given.IntervalInSeconds != nil) {
		if given.SizeInMBs == nil || given.IntervalInSeconds == nil {
			return invalid("Both SizeInMBs and IntervalInSeconds must be specified in BufferingHints.")
		}
		hints = *given
	}
	c.given.BufferingHints = &hints
	c.size = int64(*hints.SizeInMBs) << 20
	c.interval = time.Duration(*hints.IntervalInSeconds) * time.Second
	return nil
}

func (c *config) setFormat() error {
	format := cmp.Or(c.given.CompressionFormat, types.CompressionFormatUncompressed)
	c.given.CompressionFormat = format
	switch format {
	case types.CompressionFormatUncompressed:
	case types.CompressionFormatGzip:
		c.gzip, c.extension = true, ".gz"
	default:
		return wire.NotImplemented("CompressionFormat " + string(format) + " of firehose delivery streams")
	}
	c.extension = cmp.Or(aws.ToString(c.given.FileExtension), c.extension)
	return nil
}

// badPrefix has the service's own typing error in it.
func badPrefix(reason string) error {
	return invalid("Ths supplied prefix(es) do not satisfy the following constraint: %s", reason)
}

func (c *config) setPrefixes() error {
	var err error
	if c.prefix, err = prefix.Parse(prefix.Prefix, aws.ToString(c.given.Prefix)); err != nil {
		return badPrefix(err.Error())
	}
	if c.prefix.Partitioned() {
		return wire.NotImplemented("dynamic partitioning keys in Prefix of firehose delivery streams")
	}
	failed := aws.ToString(c.given.ErrorOutputPrefix)
	if failed == "" {
		if c.prefix.HasExpressions() {
			return badPrefix("ErrorOutputPrefix cannot be null or empty when Prefix contains expressions")
		}
		// Errors go to <prefix><error type>/<hour>/.
		failed = aws.ToString(c.given.Prefix)
	}
	if c.errorPrefix, err = prefix.Parse(prefix.ErrorOutputPrefix, failed); err != nil {
		return badPrefix(err.Error())
	}
	c.zone = time.UTC
	if name := aws.ToString(c.given.CustomTimeZone); name != "" && name != "UTC" {
		zone, err := time.LoadLocation(name)
		if err != nil || !strings.Contains(name, "/") {
			return invalid("Provided custom time zone is not supported. Custom time zones are limited to UTC and non-3-letter IANA time zones.")
		}
		c.zone = zone
	}
	return nil
}

func (c *config) setLogging() error {
	options := c.given.CloudWatchLoggingOptions
	if options == nil {
		c.given.CloudWatchLoggingOptions = &types.CloudWatchLoggingOptions{Enabled: aws.Bool(false)}
		return nil
	}
	if !aws.ToBool(options.Enabled) {
		return nil
	}
	group, stream := aws.ToString(options.LogGroupName), aws.ToString(options.LogStreamName)
	switch {
	case group == "":
		return invalid("CloudWatch Log Group Name is required if CloudWatch Logging is enabled")
	case stream == "":
		return invalid("CloudWatch Log Stream Name is required if CloudWatch Logging is enabled")
	}
	c.logging = &logging{group: group, stream: stream}
	return nil
}

// update is the configuration with what an update sets: everything else stays.
func (c *config) update(partition string, in types.ExtendedS3DestinationUpdate) (*config, error) {
	if in.S3BackupUpdate != nil {
		return nil, wire.NotImplemented("S3BackupUpdate of firehose:UpdateDestination")
	}
	next := c.given
	next.CompressionFormat = cmp.Or(in.CompressionFormat, next.CompressionFormat)
	next.S3BackupMode = cmp.Or(in.S3BackupMode, next.S3BackupMode)
	replace(&next.BucketARN, in.BucketARN)
	replace(&next.RoleARN, in.RoleARN)
	replace(&next.BufferingHints, in.BufferingHints)
	replace(&next.CloudWatchLoggingOptions, in.CloudWatchLoggingOptions)
	replace(&next.CustomTimeZone, in.CustomTimeZone)
	replace(&next.DataFormatConversionConfiguration, in.DataFormatConversionConfiguration)
	replace(&next.DynamicPartitioningConfiguration, in.DynamicPartitioningConfiguration)
	replace(&next.EncryptionConfiguration, in.EncryptionConfiguration)
	replace(&next.ErrorOutputPrefix, in.ErrorOutputPrefix)
	replace(&next.FileExtension, in.FileExtension)
	replace(&next.Prefix, in.Prefix)
	replace(&next.ProcessingConfiguration, in.ProcessingConfiguration)
	return newConfig(partition, next)
}

func replace[T any](to **T, from *T) {
	if from != nil {
		*to = from
	}
}

// describe is the destination as DescribeDeliveryStream shows it: the extended
// description and, beside it, the plain one.
func (c *config) describe() types.DestinationDescription {
	g := c.given
	processing := g.ProcessingConfiguration
	if processing == nil {
		processing = &types.ProcessingConfiguration{Enabled: aws.Bool(false), Processors: []types.Processor{}}
	}
	conversion := g.DataFormatConversionConfiguration
	if conversion == nil {
		conversion = &types.DataFormatConversionConfiguration{Enabled: aws.Bool(false)}
	}
	return types.DestinationDescription{
		DestinationId: aws.String(destinationID),
		S3DestinationDescription: &types.S3DestinationDescription{
			RoleARN: g.RoleARN, BucketARN: g.BucketARN, Prefix: g.Prefix, ErrorOutputPrefix: g.ErrorOutputPrefix,
			BufferingHints: g.BufferingHints, CompressionFormat: g.CompressionFormat,
			EncryptionConfiguration: g.EncryptionConfiguration, CloudWatchLoggingOptions: g.CloudWatchLoggingOptions,
		},
		ExtendedS3DestinationDescription: &types.ExtendedS3DestinationDescription{
			RoleARN: g.RoleARN, BucketARN: g.BucketARN, Prefix: g.Prefix, ErrorOutputPrefix: g.ErrorOutputPrefix,
			BufferingHints: g.BufferingHints, CompressionFormat: g.CompressionFormat,
			EncryptionConfiguration: g.EncryptionConfiguration, CloudWatchLoggingOptions: g.CloudWatchLoggingOptions,
			CustomTimeZone: g.CustomTimeZone, FileExtension: g.FileExtension,
			ProcessingConfiguration: processing, DynamicPartitioningConfiguration: g.DynamicPartitioningConfiguration,
			S3BackupMode:                      cmp.Or(g.S3BackupMode, types.S3BackupModeDisabled),
			DataFormatConversionConfiguration: conversion,
		},
	}
}
