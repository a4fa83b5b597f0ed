package firehose_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/firehose"
	"github.com/aws/aws-sdk-go-v2/service/firehose/types"

	local "crawlerless/localaws/firehose"
	"crawlerless/localaws/logs/cloudtest"
	"crawlerless/localaws/wire"
)

const roleARN = "arn:aws:iam::000000000000:role/delivery"

// world is a cloud with Firehose in it.
type world struct {
	*cloudtest.Cloud
	client *firehose.Client
	// asLogs calls as CloudWatch Logs does, with a role of its own.
	asLogs *firehose.Client
}

func newWorld(t *testing.T) *world {
	t.Helper()
	c := cloudtest.New(t)
	s := local.New(c.Env)
	t.Cleanup(s.Close)
	c.Serve(s.Wire())
	role := wire.Caller{Account: cloudtest.Account, Role: "arn:aws:iam::000000000000:role/l", ARN: "arn:aws:sts::000000000000:assumed-role/l/logs-0123456789ab"}
	return &world{c, firehose.NewFromConfig(c.Root()), firehose.NewFromConfig(c.As(role))}
}

// destination is the simplest destination, changed.
func destination(change func(*types.ExtendedS3DestinationConfiguration)) *types.ExtendedS3DestinationConfiguration {
	d := &types.ExtendedS3DestinationConfiguration{RoleARN: aws.String(roleARN), BucketARN: aws.String("arn:aws:s3:::lake")}
	if change != nil {
		change(d)
	}
	return d
}

func (w *world) create(t *testing.T, name string, change func(*types.ExtendedS3DestinationConfiguration)) {
	t.Helper()
	_, err := w.client.CreateDeliveryStream(context.Background(), &firehose.CreateDeliveryStreamInput{
		DeliveryStreamName: aws.String(name), ExtendedS3DestinationConfiguration: destination(change),
	})
	if err != nil {
		t.Fatal(err)
	}
	w.Advance(t, 0)
}

func (w *world) put(t *testing.T, name string, records ...string) {
	t.Helper()
	for _, r := range records {
		if _, err := w.client.PutRecord(context.Background(), &firehose.PutRecordInput{DeliveryStreamName: aws.String(name), Record: &types.Record{Data: []byte(r)}}); err != nil {
			t.Fatal(err)
		}
	}
}

func (w *world) describe(t *testing.T, name string) *types.DeliveryStreamDescription {
	t.Helper()
	out, err := w.client.DescribeDeliveryStream(context.Background(), &firehose.DescribeDeliveryStreamInput{DeliveryStreamName: aws.String(name)})
	if err != nil {
		t.Fatal(err)
	}
	return out.DeliveryStreamDescription
}

func wantCode(t *testing.T, err error, code, message string) {
	t.Helper()
	if cloudtest.Code(err) != code || !strings.Contains(cloudtest.Message(err), message) {
		t.Errorf("error %v, want %s: …%s…", err, code, message)
	}
}

func hints(mib, seconds int32) *types.BufferingHints {
	return &types.BufferingHints{SizeInMBs: aws.Int32(mib), IntervalInSeconds: aws.Int32(seconds)}
}

func gunzip(t *testing.T, data []byte) string {
	t.Helper()
	z, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	plain, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	return string(plain)
}

func zip(t *testing.T, s string) string {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := z.Write([]byte(s)); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestAStreamIsDescribedInTheShapeOfAWS(t *testing.T) {
	w := newWorld(t)
	w.create(t, "d", func(d *types.ExtendedS3DestinationConfiguration) { d.Prefix = aws.String("p/") })
	d := w.describe(t, "d")
	if *d.DeliveryStreamARN != "arn:aws:firehose:us-east-1:000000000000:deliverystream/d" || *d.DeliveryStreamName != "d" ||
		d.DeliveryStreamStatus != types.DeliveryStreamStatusActive || d.DeliveryStreamType != types.DeliveryStreamTypeDirectPut ||
		*d.VersionId != "1" || !d.CreateTimestamp.Equal(cloudtest.Start()) || d.LastUpdateTimestamp != nil || *d.HasMoreDestinations ||
		d.DeliveryStreamEncryptionConfiguration.Status != types.DeliveryStreamEncryptionStatusDisabled || d.Source != nil {
		t.Errorf("stream %+v", d)
	}
	if len(d.Destinations) != 1 || *d.Destinations[0].DestinationId != "destinationId-000000000001" {
		t.Fatalf("destinations %+v", d.Destinations)
	}
	e, p := d.Destinations[0].ExtendedS3DestinationDescription, d.Destinations[0].S3DestinationDescription
	if *e.RoleARN != roleARN || *e.BucketARN != "arn:aws:s3:::lake" || *e.Prefix != "p/" || e.ErrorOutputPrefix != nil ||
		*e.BufferingHints.SizeInMBs != 5 || *e.BufferingHints.IntervalInSeconds != 300 || e.CompressionFormat != types.CompressionFormatUncompressed ||
		e.EncryptionConfiguration.NoEncryptionConfig != types.NoEncryptionConfigNoEncryption || *e.CloudWatchLoggingOptions.Enabled ||
		*e.ProcessingConfiguration.Enabled || e.S3BackupMode != types.S3BackupModeDisabled || *e.DataFormatConversionConfiguration.Enabled {
		t.Errorf("extended description %+v", e)
	}
	if *p.Prefix != "p/" || *p.BufferingHints.SizeInMBs != 5 || p.CompressionFormat != types.CompressionFormatUncompressed {
		t.Errorf("plain description %+v", p)
	}
	if got, want := w.Assumed(), roleARN+" as firehose.amazonaws.com for arn:aws:firehose:us-east-1:000000000000:deliverystream/d"; !slices.Contains(got, want) {
		t.Errorf("assumed %v", got)
	}
}

func TestCreateDeliveryStreamRefuses(t *testing.T) {
	type destinationOf = types.ExtendedS3DestinationConfiguration
	processors := func(list ...types.Processor) func(*destinationOf) {
		return func(d *destinationOf) {
			d.ProcessingConfiguration = &types.ProcessingConfiguration{Enabled: aws.Bool(true), Processors: list}
		}
	}
	processor := func(kind types.ProcessorType, parameters ...string) types.Processor {
		p := types.Processor{Type: kind}
		for i := 0; i < len(parameters); i += 2 {
			p.Parameters = append(p.Parameters, types.ProcessorParameter{ParameterName: types.ProcessorParameterName(parameters[i]), ParameterValue: aws.String(parameters[i+1])})
		}
		return p
	}
	const ths = "Ths supplied prefix(es) do not satisfy the following constraint: "
	for name, c := range map[string]struct {
		change        func(*destinationOf)
		code, message string
	}{
		"a buffer of 129 MiB":     {func(d *destinationOf) { d.BufferingHints = hints(129, 300) }, "ValidationException", "'extendedS3DestinationConfiguration.bufferingHints.sizeInMBs' failed to satisfy constraint: Member must have value less than or equal to 128"},
		"a buffer of nothing":     {func(d *destinationOf) { d.BufferingHints = hints(0, 300) }, "ValidationException", "greater than or equal to 1"},
		"an interval of 901 s":    {func(d *destinationOf) { d.BufferingHints = hints(5, 901) }, "ValidationException", "less than or equal to 900"},
		"a size without interval": {func(d *destinationOf) { d.BufferingHints = &types.BufferingHints{SizeInMBs: aws.Int32(5)} }, "InvalidArgumentException", "Both SizeInMBs and IntervalInSeconds"},
		"expressions without an error prefix": {
			func(d *destinationOf) { d.Prefix = aws.String("!{timestamp:yyyy}/") }, "InvalidArgumentException",
			ths + "ErrorOutputPrefix cannot be null or empty when Prefix contains expressions",
		},
		"an error prefix without its type": {
			func(d *destinationOf) { d.ErrorOutputPrefix = aws.String("!{timestamp:yyyy}/") }, "InvalidArgumentException",
			"ErrorOutputPrefix must contain at least one occurrence of !{firehose:error-output-type}",
		},
		"the error type in Prefix": {
			func(d *destinationOf) {
				d.Prefix, d.ErrorOutputPrefix = aws.String("!{firehose:error-output-type}/"), aws.String("!{firehose:error-output-type}/")
			}, "InvalidArgumentException", "Prefix must not contain any occurrence of !{firehose:error-output-type}",
		},
		"a prefix of 513 characters": {func(d *destinationOf) { d.Prefix = aws.String(strings.Repeat("a", 513)) }, "InvalidArgumentException", "Length of evaluated prefix cannot be greater than 512"},
		"a partitioning key": {func(d *destinationOf) {
			d.Prefix, d.ErrorOutputPrefix = aws.String("!{partitionKeyFromQuery:a}/"), aws.String("!{firehose:error-output-type}/")
		}, "NotImplemented", "dynamic partitioning"},
		"a time zone of three letters": {
			func(d *destinationOf) { d.CustomTimeZone = aws.String("EST") }, "InvalidArgumentException",
			"Provided custom time zone is not supported. Custom time zones are limited to UTC and non-3-letter IANA time zones.",
		},
		"a format of another case":   {func(d *destinationOf) { d.CompressionFormat = "gzip" }, "ValidationException", "satisfy enum value set: [ZIP, HADOOP_SNAPPY, Snappy, GZIP, UNCOMPRESSED]"},
		"Snappy, which is not done":  {func(d *destinationOf) { d.CompressionFormat = types.CompressionFormatSnappy }, "NotImplemented", "Snappy"},
		"an extension without a dot": {func(d *destinationOf) { d.FileExtension = aws.String("log") }, "ValidationException", "fileExtension"},
		"a bucket that is no ARN":    {func(d *destinationOf) { d.BucketARN = aws.String("lake") }, "ValidationException", `arn:.*:s3:::[\w\.\-]{1,255}`},
		"a role that is no ARN":      {func(d *destinationOf) { d.RoleARN = aws.String("delivery") }, "ValidationException", "roleARN"},
		"logging without a group": {func(d *destinationOf) {
			d.CloudWatchLoggingOptions = &types.CloudWatchLoggingOptions{Enabled: aws.Bool(true)}
		}, "InvalidArgumentException", "CloudWatch Log Group Name is required if CloudWatch Logging is enabled"},
		"a backup": {func(d *destinationOf) { d.S3BackupMode = types.S3BackupModeEnabled }, "NotImplemented", "S3BackupConfiguration"},
		"record format conversion": {func(d *destinationOf) {
			d.DataFormatConversionConfiguration = &types.DataFormatConversionConfiguration{Enabled: aws.Bool(true)}
		}, "NotImplemented", "DataFormatConversionConfiguration"},
		"dynamic partitioning": {func(d *destinationOf) {
			d.DynamicPartitioningConfiguration = &types.DynamicPartitioningConfiguration{Enabled: aws.Bool(true)}
		}, "NotImplemented", "DynamicPartitioningConfiguration"},
		"processing without processors": {processors(), "InvalidArgumentException", "A maximum of 5 and a minimum of 1 processor needs to be supplied when processing is enabled."},
		"extraction alone": {
			processors(processor(types.ProcessorTypeCloudWatchLogProcessing, "DataMessageExtraction", "true")), "InvalidArgumentException",
			"CloudWatchLogProcessingProcessor can only be enabled with DecompressionProcessor",
		},
		"extraction without its parameter": {
			processors(processor(types.ProcessorTypeDecompression), processor(types.ProcessorTypeCloudWatchLogProcessing)), "InvalidArgumentException",
			"Invalid parameter value for DataMessageExtraction. Allowed values are True and False.",
		},
		"two of a kind":               {processors(processor(types.ProcessorTypeDecompression), processor(types.ProcessorTypeDecompression)), "InvalidArgumentException", "Cannot have more than 1 Decompression processor."},
		"a parameter of another":      {processors(processor(types.ProcessorTypeDecompression, "Delimiter", "x")), "InvalidArgumentException", "Delimiter"},
		"the Lambda processor":        {processors(processor(types.ProcessorTypeLambda, "LambdaArn", "x")), "NotImplemented", "processor Lambda"},
		"a processor of no kind":      {processors(processor("Nothing")), "ValidationException", "enum value set"},
		"neither or both encryptions": {func(d *destinationOf) { d.EncryptionConfiguration = &types.EncryptionConfiguration{} }, "InvalidArgumentException", "Exactly one of NoEncryptionConfig or KMSEncryptionConfig must be specified"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			_, err := w.client.CreateDeliveryStream(context.Background(), &firehose.CreateDeliveryStreamInput{
				DeliveryStreamName: aws.String("d"), ExtendedS3DestinationConfiguration: destination(c.change),
			})
			wantCode(t, err, c.code, c.message)
		})
	}
	w := newWorld(t)
	ctx := context.Background()
	for name, c := range map[string]struct {
		in            firehose.CreateDeliveryStreamInput
		code, message string
	}{
		"no destination":      {firehose.CreateDeliveryStreamInput{DeliveryStreamName: aws.String("d")}, "InvalidArgumentException", "Exactly one destination configuration is supported for a Firehose"},
		"a name with a space": {firehose.CreateDeliveryStreamInput{DeliveryStreamName: aws.String("a b"), ExtendedS3DestinationConfiguration: destination(nil)}, "ValidationException", "[a-zA-Z0-9_.-]+"},
		"a name too long":     {firehose.CreateDeliveryStreamInput{DeliveryStreamName: aws.String(strings.Repeat("a", 65)), ExtendedS3DestinationConfiguration: destination(nil)}, "ValidationException", "less than or equal to 64"},
		"a Kinesis source":    {firehose.CreateDeliveryStreamInput{DeliveryStreamName: aws.String("d"), DeliveryStreamType: types.DeliveryStreamTypeKinesisStreamAsSource, ExtendedS3DestinationConfiguration: destination(nil)}, "NotImplemented", "KinesisStreamAsSource"},
		"the old destination": {firehose.CreateDeliveryStreamInput{DeliveryStreamName: aws.String("d"), S3DestinationConfiguration: &types.S3DestinationConfiguration{RoleARN: aws.String(roleARN), BucketARN: aws.String("arn:aws:s3:::lake")}}, "NotImplemented", "S3DestinationConfiguration"}, //nolint:staticcheck // refused by name
	} {
		t.Run(name, func(t *testing.T) {
			_, err := w.client.CreateDeliveryStream(ctx, &c.in)
			wantCode(t, err, c.code, c.message)
		})
	}
	t.Run("a role that cannot be assumed", func(t *testing.T) {
		w := newWorld(t)
		w.Refuse(roleARN, &wire.Error{Code: "AccessDenied", Message: "trust"})
		_, err := w.client.CreateDeliveryStream(ctx, &firehose.CreateDeliveryStreamInput{DeliveryStreamName: aws.String("d"), ExtendedS3DestinationConfiguration: destination(nil)})
		wantCode(t, err, "InvalidArgumentException", "Firehose is unable to assume role "+roleARN+". Please check the role provided.")
	})
	t.Run("a second of the name", func(t *testing.T) {
		w := newWorld(t)
		w.create(t, "d", nil)
		_, err := w.client.CreateDeliveryStream(ctx, &firehose.CreateDeliveryStreamInput{DeliveryStreamName: aws.String("d"), ExtendedS3DestinationConfiguration: destination(nil)})
		wantCode(t, err, "ResourceInUseException", "Firehose d under accountId 000000000000 already exists")
	})
}

func TestRecordsAreDeliveredWhenTheIntervalEnds(t *testing.T) {
	w := newWorld(t)
	w.create(t, "d", func(d *types.ExtendedS3DestinationConfiguration) { d.BufferingHints = hints(1, 60) })
	w.Advance(t, 30*time.Second) // the interval runs from the first record, not from the stream's birth
	w.put(t, "d", "abc")
	w.Advance(t, 45*time.Second)
	w.put(t, "d", "abc", "abc")
	w.Advance(t, 14*time.Second)
	if n := len(w.S3.Objects()); n != 0 {
		t.Fatalf("%d objects after 59 s", n)
	}
	w.Advance(t, time.Second)
	objects := w.S3.Objects()
	if len(objects) != 1 {
		t.Fatalf("%d objects after 60 s", len(objects))
	}
	o := objects[0]
	// Records are joined without a separator, and the key tells the oldest one's time.
	if string(o.Body) != "abcabcabc" || o.Bucket != "lake" || o.Caller.Role != roleARN {
		t.Errorf("object %+v", o)
	}
	if want := regexp.MustCompile(`^2026/03/14/10/d-1-2026-03-14-10-30-30-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`); !want.MatchString(o.Key) {
		t.Errorf("key %s", o.Key)
	}
	if o.Header.Get("Content-Encoding") != "" || o.Header.Get("Content-Type") != "application/octet-stream" {
		t.Errorf("headers %v", o.Header)
	}
	w.put(t, "d", "x")
	w.Advance(t, time.Minute)
	if n := len(w.S3.Objects()); n != 2 {
		t.Errorf("%d objects after the second interval", n)
	}
	const dimensions = "DeliveryStreamName=d"
	for name, want := range map[string]float64{
		"IncomingRecords": 4, "IncomingBytes": 10, "DeliveryToS3.Records": 4, "DeliveryToS3.Bytes": 10, "DeliveryToS3.Success": 2, "PutRecord.Requests": 4,
	} {
		if got := w.Metrics.Sum("AWS/Firehose", name, dimensions); got != want {
			t.Errorf("%s is %v, want %v", name, got, want)
		}
	}
	if got := w.Metrics.Of("AWS/Firehose", "DeliveryToS3.DataFreshness", dimensions); !slices.Equal(got, []float64{60, 60}) {
		t.Errorf("DataFreshness %v", got)
	}
}

func TestRecordsAreDeliveredWhenTheBufferIsFull(t *testing.T) {
	w := newWorld(t)
	w.create(t, "d", func(d *types.ExtendedS3DestinationConfiguration) {
		d.BufferingHints, d.CompressionFormat = hints(1, 900), types.CompressionFormatGzip
		d.Prefix, d.ErrorOutputPrefix = aws.String("y=!{timestamp:yyyy}/"), aws.String("e/!{firehose:error-output-type}/")
	})
	record := strings.Repeat("x", 1<<18)
	w.put(t, "d", record, record, record)
	w.Advance(t, 0)
	if n := len(w.S3.Objects()); n != 0 {
		t.Fatalf("%d objects of three quarters of a MiB", n)
	}
	w.put(t, "d", record)
	w.Advance(t, 0)
	objects := w.S3.Objects()
	if len(objects) != 1 {
		t.Fatalf("%d objects of a MiB: the size counts before compression", len(objects))
	}
	o := objects[0]
	if gunzip(t, o.Body) != record+record+record+record || !strings.HasPrefix(o.Key, "y=2026/d-1-2026-03-14-10-30-00-") || !strings.HasSuffix(o.Key, ".gz") {
		t.Errorf("object %s of %d bytes", o.Key, len(o.Body))
	}
	if o.Header.Get("Content-Encoding") != "gzip" {
		t.Errorf("headers %v", o.Header)
	}
	w.Advance(t, time.Hour)
	if n := len(w.S3.Objects()); n != 1 {
		t.Errorf("the timer of a delivered buffer made %d objects", n-1)
	}
}

func TestZeroBufferingDeliversWithinSeconds(t *testing.T) {
	w := newWorld(t)
	w.create(t, "d", func(d *types.ExtendedS3DestinationConfiguration) { d.BufferingHints = hints(1, 0) })
	w.put(t, "d", "a")
	w.Advance(t, 5*time.Second)
	if n := len(w.S3.Objects()); n != 1 {
		t.Errorf("%d objects", n)
	}
}

func TestFileExtensionReplacesTheFormatsOwn(t *testing.T) {
	w := newWorld(t)
	w.create(t, "d", func(d *types.ExtendedS3DestinationConfiguration) {
		d.CompressionFormat, d.FileExtension = types.CompressionFormatGzip, aws.String(".json.gz")
		d.CustomTimeZone = aws.String("Asia/Tokyo")
	})
	w.put(t, "d", "a")
	w.Advance(t, 5*time.Minute)
	if o := w.S3.Objects()[0]; !strings.HasPrefix(o.Key, "2026/03/14/19/d-1-2026-03-14-19-30-00-") || !strings.HasSuffix(o.Key, ".json.gz") || strings.Contains(o.Key, ".gz.") {
		t.Errorf("key %s", o.Key)
	}
}

func TestThePutOperationsKeepToTheirLimits(t *testing.T) {
	w := newWorld(t)
	w.create(t, "d", nil)
	ctx := context.Background()
	record := func(n int) types.Record { return types.Record{Data: bytes.Repeat([]byte("x"), n)} }
	batch := func(n, size int) []types.Record {
		list := make([]types.Record, n)
		for i := range list {
			list[i] = record(size)
		}
		return list
	}
	put := func(r types.Record) error {
		_, err := w.client.PutRecord(ctx, &firehose.PutRecordInput{DeliveryStreamName: aws.String("d"), Record: &r})
		return err
	}
	putBatch := func(list []types.Record) (*firehose.PutRecordBatchOutput, error) {
		return w.client.PutRecordBatch(ctx, &firehose.PutRecordBatchInput{DeliveryStreamName: aws.String("d"), Records: list})
	}
	if err := put(record(1000 << 10)); err != nil {
		t.Errorf("1,000 KiB: %v", err)
	}
	if err := put(types.Record{Data: []byte{}}); err != nil {
		t.Errorf("an empty record: %v", err)
	}
	wantCode(t, put(record(1000<<10+1)), "ValidationException", "'record.data' failed to satisfy constraint: Member must have length less than or equal to 1024000")
	if out, err := putBatch(batch(500, 10)); err != nil || *out.FailedPutCount != 0 || len(out.RequestResponses) != 500 || out.RequestResponses[0].RecordId == nil || *out.Encrypted {
		t.Errorf("500 records: %v", err)
	}
	_, err := putBatch(batch(501, 10))
	wantCode(t, err, "ValidationException", "less than or equal to 500")
	if _, err := putBatch(batch(8, 1<<19)); err != nil {
		t.Errorf("4 MiB: %v", err)
	}
	_, err = putBatch(append(batch(8, 1<<19), record(1)))
	wantCode(t, err, "InvalidArgumentException", "Records size exceeds 4 MB limit")
	_, err = w.client.PutRecord(ctx, &firehose.PutRecordInput{DeliveryStreamName: aws.String("none"), Record: &types.Record{Data: []byte("x")}})
	wantCode(t, err, "ResourceNotFoundException", "Firehose none under account 000000000000 not found.")
}

// fromLogs is a stream that unwraps what CloudWatch Logs sends.
func fromLogs(processors ...types.Processor) func(*types.ExtendedS3DestinationConfiguration) {
	return func(d *types.ExtendedS3DestinationConfiguration) {
		d.BufferingHints = hints(1, 60)
		d.ErrorOutputPrefix = aws.String("errors/!{firehose:error-output-type}/!{timestamp:yyyy}/")
		d.ProcessingConfiguration = &types.ProcessingConfiguration{
			Enabled: aws.Bool(true), Processors: append([]types.Processor{{
				Type: types.ProcessorTypeDecompression, Parameters: []types.ProcessorParameter{{ParameterName: types.ProcessorParameterNameCompressionFormat, ParameterValue: aws.String("GZIP")}},
			}}, processors...),
		}
	}
}

func extraction() types.Processor {
	return types.Processor{Type: types.ProcessorTypeCloudWatchLogProcessing, Parameters: []types.ProcessorParameter{
		{ParameterName: types.ProcessorParameterNameDataMessageExtraction, ParameterValue: aws.String("true")},
	}}
}

func delimiter(value string) types.Processor {
	return types.Processor{Type: types.ProcessorTypeAppendDelimiterToRecord, Parameters: []types.ProcessorParameter{
		{ParameterName: types.ProcessorParameterNameDelimiter, ParameterValue: aws.String(value)},
	}}
}

const (
	dataMessage = `{"messageType":"DATA_MESSAGE","owner":"1","logGroup":"g","logStream":"s","subscriptionFilters":["f"],` +
		`"logEvents":[{"id":"1","timestamp":1,"message":"{\"a\":1}"},{"id":"2","timestamp":2,"message":"two"}]}`
	controlMessage = `{"messageType":"CONTROL_MESSAGE","owner":"CloudwatchLogs","logGroup":"","logStream":"","subscriptionFilters":[],` +
		`"logEvents":[{"id":"","timestamp":1,"message":"CWL CONTROL MESSAGE: Checking health of destination Firehose."}]}`
)

func TestProcessorsUnwrapWhatCloudWatchLogsSends(t *testing.T) {
	for name, c := range map[string]struct {
		processors []types.Processor
		want       string
	}{
		"decompression":                        {nil, dataMessage + dataMessage},
		"decompression, delimited":             {[]types.Processor{delimiter(`\n`)}, dataMessage + "\n" + dataMessage + "\n"},
		"messages, delimited":                  {[]types.Processor{extraction(), delimiter(`\n`)}, "{\"a\":1}\ntwo\n{\"a\":1}\ntwo\n"},
		"messages, listed the other way round": {[]types.Processor{delimiter(`\n`), extraction()}, "{\"a\":1}\ntwo\n{\"a\":1}\ntwo\n"},
		"messages alone, one on a line":        {[]types.Processor{extraction()}, "{\"a\":1}\ntwo\n{\"a\":1}\ntwo\n"},
		"another delimiter":                    {[]types.Processor{extraction(), delimiter(`|`)}, `{"a":1}|two|{"a":1}|two|`},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.create(t, "d", fromLogs(c.processors...))
			for _, record := range []string{dataMessage, controlMessage, dataMessage} {
				if _, err := w.asLogs.PutRecord(context.Background(), &firehose.PutRecordInput{DeliveryStreamName: aws.String("d"), Record: &types.Record{Data: []byte(zip(t, record))}}); err != nil {
					t.Fatal(err)
				}
			}
			w.Advance(t, time.Minute)
			objects := w.S3.Objects()
			if len(objects) != 1 || string(objects[0].Body) != c.want {
				t.Errorf("objects %+v, want one of %q", objects, c.want)
			}
		})
	}
}

func TestADecompressingStreamTakesRecordsFromCloudWatchLogsOnly(t *testing.T) {
	w := newWorld(t)
	w.create(t, "d", fromLogs())
	_, err := w.client.PutRecord(context.Background(), &firehose.PutRecordInput{DeliveryStreamName: aws.String("d"), Record: &types.Record{Data: []byte(zip(t, dataMessage))}})
	wantCode(t, err, "InvalidSourceException", "Only requests from CloudWatch Logs are supported when CloudWatch Logs decompression is enabled.")
	w.Advance(t, time.Hour)
	if n := len(w.S3.Objects()); n != 0 {
		t.Errorf("%d objects of a refused record", n)
	}
}

func TestRecordsThatCannotBeUnwrappedGoToTheErrorPrefix(t *testing.T) {
	w := newWorld(t)
	w.create(t, "d", fromLogs(extraction()))
	bomb := zip(t, strings.Repeat("0", 64<<20+1))
	truncated := zip(t, dataMessage)
	truncated = truncated[:len(truncated)-9]
	for _, record := range []string{"not gzip", truncated, bomb, zip(t, "not a log message"), zip(t, controlMessage)} {
		if _, err := w.asLogs.PutRecord(context.Background(), &firehose.PutRecordInput{DeliveryStreamName: aws.String("d"), Record: &types.Record{Data: []byte(record)}}); err != nil {
			t.Fatal(err)
		}
	}
	w.Advance(t, time.Minute)
	byType := map[string][]string{}
	for _, o := range w.S3.Objects() {
		kind := strings.Split(o.Key, "/")[1]
		if !strings.HasPrefix(o.Key, "errors/"+kind+"/2026/d-1-2026-03-14-10-30-00-") {
			t.Errorf("key %s", o.Key)
		}
		for line := range strings.Lines(string(o.Body)) {
			var e struct {
				RawData                []byte `json:"rawData"`
				ErrorCode              string `json:"errorCode"`
				ErrorMessage           string `json:"errorMessage"`
				AttemptsMade           int    `json:"attemptsMade"`
				ArrivalTimestamp       int64  `json:"arrivalTimestamp"`
				AttemptEndingTimestamp int64  `json:"attemptEndingTimestamp"`
			}
			if err := json.Unmarshal([]byte(line), &e); err != nil {
				t.Fatal(err)
			}
			if e.ErrorCode == "" || e.ErrorMessage == "" || e.AttemptsMade != 1 || e.ArrivalTimestamp != cloudtest.Start().UnixMilli() || e.AttemptEndingTimestamp < e.ArrivalTimestamp {
				t.Errorf("error record %s", line)
			}
			byType[kind] = append(byType[kind], string(e.RawData))
		}
	}
	if want := []string{"not gzip", truncated, bomb}; !slices.Equal(byType["decompression-failed"], want) {
		t.Errorf("decompression-failed: %d records, want 3", len(byType["decompression-failed"]))
	}
	if want := []string{zip(t, "not a log message")}; !slices.Equal(byType["processing-failed"], want) {
		t.Errorf("processing-failed: %q", byType["processing-failed"])
	}
	for name, want := range map[string]float64{
		"OutputDecompressedRecords.Failed": 3, "OutputDecompressedBytes.Failed": float64(len("not gzip") + len(truncated) + len(bomb)),
		"OutputDecompressedRecords.Success": 2, "OutputDecompressedBytes.Success": float64(len("not a log message") + len(controlMessage)),
	} {
		if got := w.Metrics.Sum("AWS/Firehose", name, "DeliveryStreamName=d"); got != want {
			t.Errorf("%s is %v, want %v", name, got, want)
		}
	}
}

func TestNothingIsLostWhileS3Fails(t *testing.T) {
	w := newWorld(t)
	w.create(t, "d", func(d *types.ExtendedS3DestinationConfiguration) { d.BufferingHints = hints(1, 60) })
	w.Fault(func(service, _ string) error {
		if service == "s3" {
			return &wire.Error{Code: "SlowDown", Message: "Please reduce your request rate.", Status: 503}
		}
		return nil
	})
	var want []string
	for i := range 20 {
		want = append(want, fmt.Sprintf("%02d;", i))
		w.put(t, "d", want[i])
		w.Advance(t, 20*time.Minute)
	}
	if n := len(w.S3.Objects()); n != 0 {
		t.Fatalf("%d objects through a fault", n)
	}
	w.Fault(nil)
	w.Advance(t, 10*time.Minute)
	var got []string
	keys := map[string]bool{}
	for _, o := range w.S3.Objects() {
		got = append(got, string(o.Body))
		keys[o.Key] = true
	}
	slices.Sort(got)
	if !slices.Equal(got, want) || len(keys) != len(want) {
		t.Errorf("delivered %v under %d keys", got, len(keys))
	}
	if w.Metrics.Sum("AWS/Firehose", "DeliveryToS3.Records", "DeliveryStreamName=d") != 20 {
		t.Error("records are not counted once each")
	}
}

// An answer that is lost is no reason for a second object: the key stays.
func TestALostAnswerDoesNotMakeASecondKey(t *testing.T) {
	w := newWorld(t)
	w.create(t, "d", nil)
	first := true
	w.Fault(func(service, _ string) error {
		if service == "s3" && first {
			first = false
			return wire.ErrLostResponse
		}
		return nil
	})
	w.put(t, "d", "x")
	w.Advance(t, time.Hour)
	keys := map[string]bool{}
	for _, o := range w.S3.Objects() {
		keys[o.Key] = true
	}
	if len(keys) != 1 {
		t.Errorf("keys %v", keys)
	}
}

func TestDataIsGivenUpAfterADay(t *testing.T) {
	w := newWorld(t)
	w.create(t, "d", nil)
	w.Fault(func(service, _ string) error {
		if service == "s3" {
			return &wire.Error{Code: "AccessDenied", Message: "no", Status: 403}
		}
		return nil
	})
	w.put(t, "d", "x")
	w.Advance(t, 25*time.Hour)
	w.Fault(nil)
	w.Advance(t, 2*time.Hour)
	if n := len(w.S3.Objects()); n != 0 {
		t.Errorf("%d objects after a day of failure", n)
	}
	if !strings.Contains(w.Log(), "firehose data lost") {
		t.Error("the loss is not in the log")
	}
}

func TestUpdateDestinationMergesAndChecksTheVersion(t *testing.T) {
	w := newWorld(t)
	w.create(t, "d", func(d *types.ExtendedS3DestinationConfiguration) { d.Prefix = aws.String("a/") })
	ctx := context.Background()
	update := func(version, id string, u types.ExtendedS3DestinationUpdate) error {
		_, err := w.client.UpdateDestination(ctx, &firehose.UpdateDestinationInput{
			DeliveryStreamName: aws.String("d"), CurrentDeliveryStreamVersionId: aws.String(version), DestinationId: aws.String(id), ExtendedS3DestinationUpdate: &u,
		})
		return err
	}
	const id = "destinationId-000000000001"
	wantCode(t, update("2", id, types.ExtendedS3DestinationUpdate{}), "ConcurrentModificationException", "current version id: 1 and specified version id: 2 do not match")
	wantCode(t, update("1", "x", types.ExtendedS3DestinationUpdate{}), "InvalidArgumentException", "Destination Id x not found")
	wantCode(t, update("1", id, types.ExtendedS3DestinationUpdate{BufferingHints: hints(1, 1000)}), "ValidationException", "900")
	if err := update("1", id, types.ExtendedS3DestinationUpdate{CompressionFormat: types.CompressionFormatGzip, BufferingHints: hints(2, 120)}); err != nil {
		t.Fatal(err)
	}
	d := w.describe(t, "d")
	e := d.Destinations[0].ExtendedS3DestinationDescription
	if *d.VersionId != "2" || d.LastUpdateTimestamp == nil || *e.Prefix != "a/" || e.CompressionFormat != types.CompressionFormatGzip || *e.BufferingHints.IntervalInSeconds != 120 {
		t.Errorf("after the update: %+v %+v", d, e)
	}
	w.put(t, "d", "x")
	w.Advance(t, 2*time.Minute)
	if o := w.S3.Objects()[0]; !strings.HasPrefix(o.Key, "a/2026/03/14/10/d-2-") || !strings.HasSuffix(o.Key, ".gz") {
		t.Errorf("key %s, want version 2 in it", o.Key)
	}
}

func TestADeletedStreamIsGoneWithWhatItHolds(t *testing.T) {
	w := newWorld(t)
	w.create(t, "d", nil)
	w.put(t, "d", "x")
	ctx := context.Background()
	if _, err := w.client.DeleteDeliveryStream(ctx, &firehose.DeleteDeliveryStreamInput{DeliveryStreamName: aws.String("d")}); err != nil {
		t.Fatal(err)
	}
	w.Advance(t, time.Hour)
	if n := len(w.S3.Objects()); n != 0 {
		t.Errorf("%d objects of a deleted stream", n)
	}
	_, err := w.client.DescribeDeliveryStream(ctx, &firehose.DescribeDeliveryStreamInput{DeliveryStreamName: aws.String("d")})
	wantCode(t, err, "ResourceNotFoundException", "Firehose d under account 000000000000 not found.")
	w.create(t, "d", nil) // the name is free
}

func TestADeletedStreamStopsTryingToDeliver(t *testing.T) {
	w := newWorld(t)
	w.create(t, "d", nil)
	w.Fault(func(service, _ string) error {
		if service == "s3" {
			return &wire.Error{Code: "SlowDown", Message: "later", Status: 503}
		}
		return nil
	})
	w.put(t, "d", "x")
	w.Advance(t, 10*time.Minute)
	if _, err := w.client.DeleteDeliveryStream(context.Background(), &firehose.DeleteDeliveryStreamInput{DeliveryStreamName: aws.String("d")}); err != nil {
		t.Fatal(err)
	}
	w.Fault(nil)
	w.Advance(t, time.Hour)
	if n := len(w.S3.Objects()); n != 0 {
		t.Errorf("%d objects after the deletion", n)
	}
}

// The guide: "Firehose uses the approximate arrival timestamp of the oldest record
// that's contained in the Amazon S3 object being written", so an object can hold
// records of the hour after the one in its key.
func TestTheOldestRecordNamesTheObject(t *testing.T) {
	w := newWorld(t)
	w.create(t, "d", func(d *types.ExtendedS3DestinationConfiguration) { d.BufferingHints = hints(1, 60) })
	w.Advance(t, 29*time.Minute+30*time.Second) // 10:59:30
	w.put(t, "d", "a")
	w.Advance(t, 45*time.Second)
	w.put(t, "d", "b") // 11:00:15
	w.Advance(t, 45*time.Second)
	objects := w.S3.Objects()
	if len(objects) != 1 || string(objects[0].Body) != "ab" || !strings.HasPrefix(objects[0].Key, "2026/03/14/10/d-1-2026-03-14-10-59-30-") {
		t.Errorf("objects %+v", objects)
	}
}

func TestListDeliveryStreamsAndTags(t *testing.T) {
	w := newWorld(t)
	ctx := context.Background()
	var want []string
	for i := range 12 {
		want = append(want, fmt.Sprintf("d%02d", i))
		w.create(t, want[i], nil)
	}
	out, err := w.client.ListDeliveryStreams(ctx, &firehose.ListDeliveryStreamsInput{})
	if err != nil || !slices.Equal(out.DeliveryStreamNames, want[:10]) || !*out.HasMoreDeliveryStreams {
		t.Errorf("first page %+v, %v", out, err)
	}
	out, err = w.client.ListDeliveryStreams(ctx, &firehose.ListDeliveryStreamsInput{ExclusiveStartDeliveryStreamName: aws.String("d09"), Limit: aws.Int32(2)})
	if err != nil || !slices.Equal(out.DeliveryStreamNames, want[10:]) || *out.HasMoreDeliveryStreams {
		t.Errorf("second page %+v, %v", out, err)
	}
	tags := []types.Tag{{Key: aws.String("b"), Value: aws.String("2")}, {Key: aws.String("a"), Value: aws.String("1")}}
	if _, err := w.client.TagDeliveryStream(ctx, &firehose.TagDeliveryStreamInput{DeliveryStreamName: aws.String("d00"), Tags: tags}); err != nil {
		t.Fatal(err)
	}
	listed, err := w.client.ListTagsForDeliveryStream(ctx, &firehose.ListTagsForDeliveryStreamInput{DeliveryStreamName: aws.String("d00"), Limit: aws.Int32(1)})
	if err != nil || len(listed.Tags) != 1 || *listed.Tags[0].Key != "a" || !*listed.HasMoreTags {
		t.Errorf("tags %+v, %v", listed, err)
	}
	if _, err := w.client.UntagDeliveryStream(ctx, &firehose.UntagDeliveryStreamInput{DeliveryStreamName: aws.String("d00"), TagKeys: []string{"a"}}); err != nil {
		t.Fatal(err)
	}
	listed, err = w.client.ListTagsForDeliveryStream(ctx, &firehose.ListTagsForDeliveryStreamInput{DeliveryStreamName: aws.String("d00")})
	if err != nil || len(listed.Tags) != 1 || *listed.Tags[0].Key != "b" || *listed.HasMoreTags {
		t.Errorf("tags %+v, %v", listed, err)
	}
}

func TestServerSideEncryptionIsState(t *testing.T) {
	w := newWorld(t)
	w.create(t, "d", nil)
	ctx := context.Background()
	if _, err := w.client.StartDeliveryStreamEncryption(ctx, &firehose.StartDeliveryStreamEncryptionInput{DeliveryStreamName: aws.String("d")}); err != nil {
		t.Fatal(err)
	}
	if e := w.describe(t, "d").DeliveryStreamEncryptionConfiguration; e.Status != types.DeliveryStreamEncryptionStatusEnabled || e.KeyType != types.KeyTypeAwsOwnedCmk {
		t.Errorf("encryption %+v", e)
	}
	_, err := w.client.StartDeliveryStreamEncryption(ctx, &firehose.StartDeliveryStreamEncryptionInput{
		DeliveryStreamName:                         aws.String("d"),
		DeliveryStreamEncryptionConfigurationInput: &types.DeliveryStreamEncryptionConfigurationInput{KeyType: types.KeyTypeCustomerManagedCmk, KeyARN: aws.String("arn:aws:kms:us-east-1:000000000000:key/k")},
	})
	wantCode(t, err, "NotImplemented", "CUSTOMER_MANAGED_CMK")
	if _, err := w.client.StopDeliveryStreamEncryption(ctx, &firehose.StopDeliveryStreamEncryptionInput{DeliveryStreamName: aws.String("d")}); err != nil {
		t.Fatal(err)
	}
	if e := w.describe(t, "d").DeliveryStreamEncryptionConfiguration; e.Status != types.DeliveryStreamEncryptionStatusDisabled {
		t.Errorf("encryption %+v", e)
	}
}

func TestPermissionsAreAskedForOnTheStream(t *testing.T) {
	w := newWorld(t)
	w.create(t, "d", nil)
	w.put(t, "d", "x")
	var passed, put bool
	for _, a := range w.Asked() {
		passed = passed || a.Access.Action == "iam:PassRole" && a.Access.Resource == roleARN && slices.Equal(a.Access.Conditions["iam:PassedToService"], []string{"firehose.amazonaws.com"})
		put = put || a.Access.Action == "firehose:PutRecord" && a.Access.Resource == "arn:aws:firehose:us-east-1:000000000000:deliverystream/d"
	}
	if !passed || !put {
		t.Errorf("iam:PassRole asked for: %t, firehose:PutRecord on the stream: %t", passed, put)
	}
}
