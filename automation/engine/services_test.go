package engine_test

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/budgets"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/kinesis"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/s3"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/sqs"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optup"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// lake is a bucket with everything that can be set on it.
func lake(ctx *pulumi.Context, days int) (*s3.BucketV2, error) {
	bucket, err := s3.NewBucketV2(ctx, "lake", &s3.BucketV2Args{ForceDestroy: pulumi.Bool(true)})
	if err != nil {
		return nil, err
	}
	if _, err := s3.NewBucketVersioningV2(ctx, "versions", &s3.BucketVersioningV2Args{
		Bucket:                  bucket.Bucket,
		VersioningConfiguration: &s3.BucketVersioningV2VersioningConfigurationArgs{Status: pulumi.String("Enabled")},
	}); err != nil {
		return nil, err
	}
	if _, err := s3.NewBucketPublicAccessBlock(ctx, "private", &s3.BucketPublicAccessBlockArgs{
		Bucket: bucket.Bucket, BlockPublicAcls: pulumi.Bool(true), BlockPublicPolicy: pulumi.Bool(true),
		IgnorePublicAcls: pulumi.Bool(true), RestrictPublicBuckets: pulumi.Bool(true),
	}); err != nil {
		return nil, err
	}
	if _, err := s3.NewBucketOwnershipControls(ctx, "owned", &s3.BucketOwnershipControlsArgs{
		Bucket: bucket.Bucket, Rule: &s3.BucketOwnershipControlsRuleArgs{ObjectOwnership: pulumi.String("BucketOwnerEnforced")},
	}); err != nil {
		return nil, err
	}
	if _, err := s3.NewBucketServerSideEncryptionConfigurationV2(ctx, "encrypted", &s3.BucketServerSideEncryptionConfigurationV2Args{
		Bucket: bucket.Bucket,
		Rules: s3.BucketServerSideEncryptionConfigurationV2RuleArray{&s3.BucketServerSideEncryptionConfigurationV2RuleArgs{
			ApplyServerSideEncryptionByDefault: &s3.BucketServerSideEncryptionConfigurationV2RuleApplyServerSideEncryptionByDefaultArgs{SseAlgorithm: pulumi.String("AES256")},
		}},
	}); err != nil {
		return nil, err
	}
	if _, err := s3.NewBucketLifecycleConfigurationV2(ctx, "expiry", &s3.BucketLifecycleConfigurationV2Args{
		Bucket: bucket.Bucket,
		Rules: s3.BucketLifecycleConfigurationV2RuleArray{
			&s3.BucketLifecycleConfigurationV2RuleArgs{
				Id: pulumi.String("expire"), Status: pulumi.String("Enabled"),
				Filter:      &s3.BucketLifecycleConfigurationV2RuleFilterArgs{Prefix: pulumi.String("logs/")},
				Expiration:  &s3.BucketLifecycleConfigurationV2RuleExpirationArgs{Days: pulumi.Int(days)},
				Transitions: s3.BucketLifecycleConfigurationV2RuleTransitionArray{&s3.BucketLifecycleConfigurationV2RuleTransitionArgs{Days: pulumi.Int(30), StorageClass: pulumi.String("STANDARD_IA")}},
			},
			&s3.BucketLifecycleConfigurationV2RuleArgs{
				Id: pulumi.String("tidy"), Status: pulumi.String("Enabled"),
				AbortIncompleteMultipartUpload: &s3.BucketLifecycleConfigurationV2RuleAbortIncompleteMultipartUploadArgs{DaysAfterInitiation: pulumi.Int(1)},
				NoncurrentVersionExpiration:    &s3.BucketLifecycleConfigurationV2RuleNoncurrentVersionExpirationArgs{NoncurrentDays: pulumi.Int(1)},
			},
		},
	}); err != nil {
		return nil, err
	}
	if _, err := s3.NewBucketNotification(ctx, "events", &s3.BucketNotificationArgs{Bucket: bucket.Bucket, Eventbridge: pulumi.Bool(true)}); err != nil {
		return nil, err
	}
	_, err = s3.NewBucketPolicy(ctx, "tls", &s3.BucketPolicyArgs{
		Bucket: bucket.Bucket,
		Policy: pulumi.Sprintf(`{"Version":"2012-10-17","Statement":[{"Sid":"TLS","Effect":"Deny","Principal":"*","Action":"s3:*","Resource":["%[1]s","%[1]s/*"],"Condition":{"Bool":{"aws:SecureTransport":"never"}}}]}`, bucket.Arn),
	})
	return bucket, err
}

func TestBucketsThroughTheEngine(t *testing.T) {
	days := 90
	stack, server := stackOf(t, func(ctx *pulumi.Context) error {
		bucket, err := lake(ctx, days)
		if err != nil {
			return err
		}
		ctx.Export("bucket", bucket.Bucket)
		return nil
	}, nil)
	up := cycle(t, stack, 8)
	name := up.Outputs["bucket"].Value.(string)

	days = 60
	again, err := stack.Up(t.Context(), optup.SuppressProgress())
	if err != nil {
		t.Fatal(err)
	}
	if n := (*again.Summary.ResourceChanges)["update"]; n != 1 {
		t.Errorf("%v, want one update", *again.Summary.ResourceChanges)
	}

	// Objects, versions and delete markers do not keep a bucket from going.
	client := awss3.NewFromConfig(server.Config(), func(o *awss3.Options) { o.UsePathStyle = true })
	for range 3 {
		if _, err := client.PutObject(t.Context(), &awss3.PutObjectInput{Bucket: &name, Key: aws.String("logs/a b+c.gz")}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := client.DeleteObject(t.Context(), &awss3.DeleteObjectInput{Bucket: &name, Key: aws.String("logs/a b+c.gz")}); err != nil {
		t.Fatal(err)
	}
	destroy(t, stack)
	if _, err := client.HeadBucket(t.Context(), &awss3.HeadBucketInput{Bucket: &name}); err == nil {
		t.Error("the bucket is still there")
	}
}

func TestIngestThroughTheEngine(t *testing.T) {
	size := 5
	stack, _ := stackOf(t, func(ctx *pulumi.Context) error {
		bucket, err := s3.NewBucketV2(ctx, "lake", &s3.BucketV2Args{ForceDestroy: pulumi.Bool(true)})
		if err != nil {
			return err
		}
		role := func(name, service string, statement pulumi.StringInput) (*iam.Role, *iam.RolePolicy, error) {
			r, err := iam.NewRole(ctx, name, &iam.RoleArgs{
				AssumeRolePolicy: pulumi.String(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"` + service + `"},"Action":"sts:AssumeRole"}]}`),
			})
			if err != nil {
				return nil, nil, err
			}
			p, err := iam.NewRolePolicy(ctx, name, &iam.RolePolicyArgs{Role: r.Name, Policy: statement})
			return r, p, err
		}
		writer, mayWrite, err := role("firehose", "firehose.amazonaws.com",
			pulumi.Sprintf(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":["%[1]s","%[1]s/*"]}]}`, bucket.Arn))
		if err != nil {
			return err
		}
		stream, err := kinesis.NewFirehoseDeliveryStream(ctx, "app", &kinesis.FirehoseDeliveryStreamArgs{
			Destination: pulumi.String("extended_s3"), Tags: pulumi.StringMap{"source": pulumi.String("app")},
			ExtendedS3Configuration: &kinesis.FirehoseDeliveryStreamExtendedS3ConfigurationArgs{
				BucketArn: bucket.Arn, RoleArn: writer.Arn, BufferingInterval: pulumi.Int(60), BufferingSize: pulumi.Int(size),
				CompressionFormat: pulumi.String("GZIP"), Prefix: pulumi.String("logs/app/year=!{timestamp:yyyy}/"),
				ErrorOutputPrefix: pulumi.String("errors/app/!{firehose:error-output-type}/"),
				ProcessingConfiguration: &kinesis.FirehoseDeliveryStreamExtendedS3ConfigurationProcessingConfigurationArgs{
					Enabled: pulumi.Bool(true),
					Processors: kinesis.FirehoseDeliveryStreamExtendedS3ConfigurationProcessingConfigurationProcessorArray{
						processor("Decompression", "CompressionFormat", "GZIP"), processor("CloudWatchLogProcessing", "DataMessageExtraction", "true"),
					},
				},
			},
		}, pulumi.DependsOn([]pulumi.Resource{mayWrite}))
		if err != nil {
			return err
		}
		group, err := cloudwatch.NewLogGroup(ctx, "app", &cloudwatch.LogGroupArgs{RetentionInDays: pulumi.Int(7)})
		if err != nil {
			return err
		}
		sender, maySend, err := role("logs", "logs.amazonaws.com",
			pulumi.Sprintf(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["firehose:PutRecord","firehose:PutRecordBatch"],"Resource":"%s"}]}`, stream.Arn))
		if err != nil {
			return err
		}
		if _, err := cloudwatch.NewLogSubscriptionFilter(ctx, "app", &cloudwatch.LogSubscriptionFilterArgs{
			LogGroup: group.Name, DestinationArn: stream.Arn, FilterPattern: pulumi.String(""), RoleArn: sender.Arn,
		}, pulumi.DependsOn([]pulumi.Resource{maySend})); err != nil {
			return err
		}
		if _, err := cloudwatch.NewLogMetricFilter(ctx, "errors", &cloudwatch.LogMetricFilterArgs{
			LogGroupName: group.Name, Pattern: pulumi.String("ERROR"),
			MetricTransformation: &cloudwatch.LogMetricFilterMetricTransformationArgs{
				Name: pulumi.String("Errors"), Namespace: pulumi.String("test"), Value: pulumi.String("1"), DefaultValue: pulumi.String("0"),
			},
		}); err != nil {
			return err
		}
		_, err = cloudwatch.NewLogResourcePolicy(ctx, "delivery", &cloudwatch.LogResourcePolicyArgs{
			PolicyName:     pulumi.String("delivery"),
			PolicyDocument: pulumi.String(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"events.amazonaws.com"},"Action":"logs:PutLogEvents","Resource":"*"}]}`),
		})
		return err
	}, nil)
	cycle(t, stack, 10)
	size = 64
	if _, err := stack.Up(t.Context(), optup.SuppressProgress()); err != nil {
		t.Fatal(err)
	}
	if _, err := stack.Up(t.Context(), optup.SuppressProgress(), optup.ExpectNoChanges()); err != nil {
		t.Error(err)
	}
	destroy(t, stack)
}

func processor(kind, name, value string) kinesis.FirehoseDeliveryStreamExtendedS3ConfigurationProcessingConfigurationProcessorInput {
	return &kinesis.FirehoseDeliveryStreamExtendedS3ConfigurationProcessingConfigurationProcessorArgs{
		Type: pulumi.String(kind),
		Parameters: kinesis.FirehoseDeliveryStreamExtendedS3ConfigurationProcessingConfigurationProcessorParameterArray{
			&kinesis.FirehoseDeliveryStreamExtendedS3ConfigurationProcessingConfigurationProcessorParameterArgs{
				ParameterName: pulumi.String(name), ParameterValue: pulumi.String(value),
			},
		},
	}
}

func TestWatchThroughTheEngine(t *testing.T) {
	threshold := 1.0
	stack, _ := stackOf(t, func(ctx *pulumi.Context) error {
		queue, err := sqs.NewQueue(ctx, "dead", &sqs.QueueArgs{
			MessageRetentionSeconds: pulumi.Int(1209600), SqsManagedSseEnabled: pulumi.Bool(true), VisibilityTimeoutSeconds: pulumi.Int(120),
			Tags: pulumi.StringMap{"a": pulumi.String("b")},
		})
		if err != nil {
			return err
		}
		source, err := sqs.NewQueue(ctx, "source", nil)
		if err != nil {
			return err
		}
		if _, err := sqs.NewRedrivePolicy(ctx, "redrive", &sqs.RedrivePolicyArgs{
			QueueUrl: source.Url, RedrivePolicy: pulumi.Sprintf(`{"deadLetterTargetArn":"%s","maxReceiveCount":4}`, queue.Arn),
		}); err != nil {
			return err
		}
		rule, err := cloudwatch.NewEventRule(ctx, "objects", &cloudwatch.EventRuleArgs{
			EventPattern: pulumi.String(`{"source":["aws.s3"],"detail-type":["Object Created"]}`), Description: pulumi.String("new objects"),
			Tags: pulumi.StringMap{"a": pulumi.String("b")},
		})
		if err != nil {
			return err
		}
		if _, err := sqs.NewQueuePolicy(ctx, "dead", &sqs.QueuePolicyArgs{
			QueueUrl: queue.Url,
			Policy: pulumi.All(queue.Arn, rule.Arn).ApplyT(func(a []any) string {
				return `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"events.amazonaws.com"},"Action":"sqs:SendMessage","Resource":"` +
					a[0].(string) + `","Condition":{"ArnEquals":{"aws:SourceArn":"` + a[1].(string) + `"}}}]}`
			}).(pulumi.StringOutput),
		}); err != nil {
			return err
		}
		if _, err := cloudwatch.NewEventTarget(ctx, "objects", &cloudwatch.EventTargetArgs{
			Rule: rule.Name, Arn: source.Arn, DeadLetterConfig: &cloudwatch.EventTargetDeadLetterConfigArgs{Arn: queue.Arn},
			RetryPolicy: &cloudwatch.EventTargetRetryPolicyArgs{MaximumEventAgeInSeconds: pulumi.Int(3600), MaximumRetryAttempts: pulumi.Int(20)},
		}); err != nil {
			return err
		}
		if _, err := cloudwatch.NewMetricAlarm(ctx, "dead", &cloudwatch.MetricAlarmArgs{
			ComparisonOperator: pulumi.String("GreaterThanOrEqualToThreshold"), EvaluationPeriods: pulumi.Int(1), Threshold: pulumi.Float64(threshold),
			Namespace: pulumi.String("AWS/SQS"), MetricName: pulumi.String("ApproximateNumberOfMessagesVisible"), Period: pulumi.Int(60),
			Statistic: pulumi.String("Maximum"), Dimensions: pulumi.StringMap{"QueueName": queue.Name}, TreatMissingData: pulumi.String("notBreaching"),
			Tags: pulumi.StringMap{"a": pulumi.String("b")},
		}); err != nil {
			return err
		}
		if _, err := cloudwatch.NewDashboard(ctx, "board", &cloudwatch.DashboardArgs{
			DashboardName: pulumi.String("board"), DashboardBody: pulumi.String(`{"widgets": [ {"type":"text","x":0,"y":0,"width":6,"height":3,"properties":{"markdown":"hello"}} ]}`),
		}); err != nil {
			return err
		}
		_, err = budgets.NewBudget(ctx, "month", &budgets.BudgetArgs{
			BudgetType: pulumi.String("COST"), TimeUnit: pulumi.String("MONTHLY"), LimitAmount: pulumi.String("10"), LimitUnit: pulumi.String("USD"),
			Notifications: budgets.BudgetNotificationArray{&budgets.BudgetNotificationArgs{
				ComparisonOperator: pulumi.String("GREATER_THAN"), NotificationType: pulumi.String("ACTUAL"), Threshold: pulumi.Float64(80),
				ThresholdType: pulumi.String("PERCENTAGE"), SubscriberEmailAddresses: pulumi.StringArray{pulumi.String("who@example.com")},
			}},
		})
		return err
	}, nil)
	cycle(t, stack, 9)
	threshold = 5
	again, err := stack.Up(t.Context(), optup.SuppressProgress())
	if err != nil {
		t.Fatal(err)
	}
	if n := (*again.Summary.ResourceChanges)["update"]; n != 1 {
		t.Errorf("%v, want one update", *again.Summary.ResourceChanges)
	}
	destroy(t, stack)
}
