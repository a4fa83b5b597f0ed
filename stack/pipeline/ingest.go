package pipeline

import (
	"fmt"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/kinesis"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// source is a configured source with its log group.
type source struct {
	Source
	group pulumi.StringOutput
	// made is the group where the stack makes it, else nil.
	made pulumi.Resource
}

type sourceList []source

func (l sourceList) groups() pulumi.StringMap {
	m := pulumi.StringMap{}
	for _, s := range l {
		m[s.Name] = s.group
	}
	return m
}

// sources makes the log groups that the stack owns. The generator, where it is
// enabled, comes first: its own group is a source like any other.
func (p *program) sources() (sourceList, *function, error) {
	if err := p.refuseOwnGroups(); err != nil {
		return nil, nil, err
	}
	var list sourceList
	var generator *function
	if p.config.Generator {
		g, err := p.generator()
		if err != nil {
			return nil, nil, err
		}
		generator = g
		list = append(list, source{
			Source: Source{
				Name: GeneratorSource, LogGroup: g.group,
				// The function's own start, end and error lines have no service.
				FilterPattern: `{ $.service = "*" }`,
			},
			group: g.logs.Name, made: g.logs,
		})
	}
	// Two sources may share a group that one of them makes: groups first.
	made := map[string]*cloudwatch.LogGroup{}
	for _, s := range p.config.Sources {
		if !s.CreateLogGroup || made[s.LogGroup] != nil {
			continue
		}
		group, err := p.logGroup("source-"+s.Name, s.LogGroup)
		if err != nil {
			return nil, nil, err
		}
		made[s.LogGroup] = group
	}
	for _, s := range p.config.Sources {
		one := source{Source: s, group: pulumi.String(s.LogGroup).ToStringOutput()}
		if group, ok := made[s.LogGroup]; ok {
			one.group, one.made = group.Name, group
		}
		list = append(list, one)
	}
	return list, generator, nil
}

// refuseOwnGroups keeps the pipeline from feeding on its own logs: what it
// writes about an object would become the next object, for ever.
func (p *program) refuseOwnGroups() error {
	own := map[string]string{
		p.functionGroup("extract"):  "the extract function",
		p.functionGroup("catalog"):  "the catalog function",
		p.functionGroup("generate"): "the generator (set generator to true instead)",
		p.machineGroup():            "the state machine",
		p.streamGroup():             "the delivery streams",
	}
	for i, s := range p.config.Sources {
		if who, bad := own[s.LogGroup]; bad {
			return fmt.Errorf("%s:sources[%d].logGroup: %q is the log group of %s: the pipeline would feed on its own logs for ever", Namespace, i, s.LogGroup, who)
		}
	}
	return nil
}

// logGroup makes a group with the stage's retention. Groups are made before
// whoever writes to them, and their writers may not create groups: otherwise
// one that is written to after the stack is gone comes back without retention.
func (p *program) logGroup(part, group string) (*cloudwatch.LogGroup, error) {
	return cloudwatch.NewLogGroup(p.ctx, p.names.of(part), &cloudwatch.LogGroupArgs{
		Name:            pulumi.String(group),
		RetentionInDays: pulumi.Int(p.config.LogRetentionDays),
		Tags:            p.tags(),
	}, p.child())
}

func (p *program) streamGroup() string { return "/crawlerless/" + p.names.stage + "/firehose" }

// ingest makes a delivery stream for each source and subscribes it.
func (p *program) ingest(lake *lake, sources sourceList, trigger *trigger) (pulumi.StringMap, error) {
	group, err := p.logGroup("firehose", p.streamGroup())
	if err != nil {
		return nil, err
	}
	streams := pulumi.StringMap{}
	for _, s := range sources {
		stream, err := p.stream(lake, s, group, trigger)
		if err != nil {
			return nil, fmt.Errorf("source %s: %w", s.Name, err)
		}
		if err := p.subscribe(s, stream); err != nil {
			return nil, fmt.Errorf("source %s: %w", s.Name, err)
		}
		streams[s.Name] = stream.Name
	}
	return streams, nil
}

// stream makes the delivery stream of a source: it decompresses what CloudWatch
// Logs sends, takes the messages out of their envelope, one to a line, and
// writes them as gzip under the partition of their arrival in UTC.
func (p *program) stream(lake *lake, s source, group *cloudwatch.LogGroup, trigger *trigger) (*kinesis.FirehoseDeliveryStream, error) {
	logStream, err := cloudwatch.NewLogStream(p.ctx, p.names.of("firehose-"+s.Name), &cloudwatch.LogStreamArgs{
		Name: pulumi.String(s.Name), LogGroupName: group.Name,
	}, p.child(), pulumi.Parent(group))
	if err != nil {
		return nil, err
	}
	// Firehose states the account in sts:ExternalId when it assumes a role.
	// https://docs.aws.amazon.com/firehose/latest/dev/controlling-access.html#firehose-assume-role
	trusted := when(trust("firehose.amazonaws.com"), "StringEquals", "sts:ExternalId", p.names.account)
	role, policy, err := p.role(s.Name+"-firehose", trusted,
		allow([]string{"s3:PutObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"},
			lake.objects(LogsPrefix+s.Name+"/"), lake.objects(ErrorsPrefix+s.Name+"/")),
		allow([]string{"s3:GetBucketLocation", "s3:ListBucket", "s3:ListBucketMultipartUploads"}, lake.bucket.Arn),
		allow([]string{"logs:PutLogEvents"}, pulumi.String(p.names.logGroupARN(p.streamGroup()+":log-stream:"+s.Name))),
	)
	if err != nil {
		return nil, err
	}
	hive := "year=!{timestamp:yyyy}/month=!{timestamp:MM}/day=!{timestamp:dd}/hour=!{timestamp:HH}/"
	needs := append([]pulumi.Resource{policy, logStream}, lake.ready...)
	return kinesis.NewFirehoseDeliveryStream(p.ctx, p.names.of(s.Name), &kinesis.FirehoseDeliveryStreamArgs{
		Name:        pulumi.String(p.names.of(s.Name)),
		Destination: pulumi.String("extended_s3"),
		ExtendedS3Configuration: &kinesis.FirehoseDeliveryStreamExtendedS3ConfigurationArgs{
			RoleArn:           role.Arn,
			BucketArn:         lake.bucket.Arn,
			Prefix:            pulumi.String(LogsPrefix + s.Name + "/" + hive),
			ErrorOutputPrefix: pulumi.String(ErrorsPrefix + s.Name + "/!{firehose:error-output-type}/" + hive),
			BufferingSize:     pulumi.Int(p.config.BufferMiB),
			BufferingInterval: pulumi.Int(p.config.BufferSeconds),
			CompressionFormat: pulumi.String("GZIP"),
			CloudwatchLoggingOptions: &kinesis.FirehoseDeliveryStreamExtendedS3ConfigurationCloudwatchLoggingOptionsArgs{
				Enabled: pulumi.Bool(true), LogGroupName: group.Name, LogStreamName: logStream.Name,
			},
			ProcessingConfiguration: &kinesis.FirehoseDeliveryStreamExtendedS3ConfigurationProcessingConfigurationArgs{
				Enabled:    pulumi.Bool(true),
				Processors: s.processors(),
			},
		},
		Tags: p.tags(),
	}, p.child(), pulumi.DependsOn(append(needs, trigger.target)))
}

// processors unwrap what CloudWatch Logs sends, and end each event's line
// unless the event does so itself.
func (s source) processors() kinesis.FirehoseDeliveryStreamExtendedS3ConfigurationProcessingConfigurationProcessorArray {
	list := kinesis.FirehoseDeliveryStreamExtendedS3ConfigurationProcessingConfigurationProcessorArray{
		processor("Decompression", "CompressionFormat", "GZIP"),
		processor("CloudWatchLogProcessing", "DataMessageExtraction", "true"),
	}
	if s.EventsEndLines || strings.HasPrefix(s.LogGroup, "/aws/lambda/") {
		return list
	}
	return append(list, processor("AppendDelimiterToRecord", "Delimiter", `\n`))
}

func processor(kind, name, value string) *kinesis.FirehoseDeliveryStreamExtendedS3ConfigurationProcessingConfigurationProcessorArgs {
	return &kinesis.FirehoseDeliveryStreamExtendedS3ConfigurationProcessingConfigurationProcessorArgs{
		Type: pulumi.String(kind),
		Parameters: kinesis.FirehoseDeliveryStreamExtendedS3ConfigurationProcessingConfigurationProcessorParameterArray{
			&kinesis.FirehoseDeliveryStreamExtendedS3ConfigurationProcessingConfigurationProcessorParameterArgs{
				ParameterName: pulumi.String(name), ParameterValue: pulumi.String(value),
			},
		},
	}
}

// subscribe sends the source's events to its stream.
func (p *program) subscribe(s source, stream *kinesis.FirehoseDeliveryStream) error {
	group := p.names.logGroupARN(s.LogGroup)
	role, policy, err := p.role(s.Name+"-logs", p.trustFrom("logs.amazonaws.com", group, group+":*"),
		allow([]string{"firehose:PutRecord", "firehose:PutRecordBatch"}, stream.Arn))
	if err != nil {
		return err
	}
	needs := []pulumi.Resource{policy, stream}
	if s.made != nil {
		needs = append(needs, s.made)
	}
	_, err = cloudwatch.NewLogSubscriptionFilter(p.ctx, p.names.of(s.Name), &cloudwatch.LogSubscriptionFilterArgs{
		Name:           pulumi.String(p.names.of(s.Name)),
		LogGroup:       s.group,
		FilterPattern:  pulumi.String(s.FilterPattern),
		DestinationArn: stream.Arn,
		RoleArn:        role.Arn,
	}, p.child(), pulumi.DependsOn(needs))
	return err
}
