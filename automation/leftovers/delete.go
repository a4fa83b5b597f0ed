package leftovers

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/athena"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/firehose"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/smithy-go"
)

// kind is a type of resource: how its ARN goes on after the account, and how it
// is deleted by the name that follows.
type kind struct {
	service, prefix string
	delete          func(ctx context.Context, c aws.Config, arn, name string) error
}

// kinds are all types of resources that the stack tags, in the order in which
// they are deleted: the flow of events stops first, buckets are emptied once
// nobody writes into them, roles go last.
func kinds() []kind {
	return []kind{
		{"events", "rule/", deleteRule},
		{"firehose", "deliverystream/", func(ctx context.Context, c aws.Config, _, name string) error {
			_, err := firehose.NewFromConfig(c).DeleteDeliveryStream(ctx, &firehose.DeleteDeliveryStreamInput{DeliveryStreamName: &name, AllowForceDelete: aws.Bool(true)})
			return err
		}},
		{"states", "stateMachine:", func(ctx context.Context, c aws.Config, arn, _ string) error {
			_, err := sfn.NewFromConfig(c).DeleteStateMachine(ctx, &sfn.DeleteStateMachineInput{StateMachineArn: &arn})
			return err
		}},
		{"lambda", "function:", func(ctx context.Context, c aws.Config, _, name string) error {
			_, err := lambda.NewFromConfig(c).DeleteFunction(ctx, &lambda.DeleteFunctionInput{FunctionName: &name})
			return err
		}},
		{"logs", "log-group:", func(ctx context.Context, c aws.Config, _, name string) error {
			name = strings.TrimSuffix(name, ":*")
			_, err := cloudwatchlogs.NewFromConfig(c).DeleteLogGroup(ctx, &cloudwatchlogs.DeleteLogGroupInput{LogGroupName: &name})
			return err
		}},
		{"cloudwatch", "alarm:", func(ctx context.Context, c aws.Config, _, name string) error {
			_, err := cloudwatch.NewFromConfig(c).DeleteAlarms(ctx, &cloudwatch.DeleteAlarmsInput{AlarmNames: []string{name}})
			return err
		}},
		{"athena", "workgroup/", func(ctx context.Context, c aws.Config, _, name string) error {
			_, err := athena.NewFromConfig(c).DeleteWorkGroup(ctx, &athena.DeleteWorkGroupInput{WorkGroup: &name, RecursiveDeleteOption: aws.Bool(true)})
			return err
		}},
		{"glue", "database/", func(ctx context.Context, c aws.Config, _, name string) error {
			_, err := glue.NewFromConfig(c).DeleteDatabase(ctx, &glue.DeleteDatabaseInput{Name: &name})
			return err
		}},
		{"s3", "", deleteBucket},
		{"sqs", "", deleteQueue},
		{"iam", "role/", deleteRole},
	}
}

// find answers the kind of an ARN, its place in the order, and the name.
func find(arn string) (k kind, rank int, name string, ok bool) {
	parts := strings.SplitN(arn, ":", 6)
	all := kinds()
	if len(parts) != 6 || parts[0] != "arn" {
		return kind{}, len(all), "", false
	}
	for i, k := range all {
		if name, ok := strings.CutPrefix(parts[5], k.prefix); ok && k.service == parts[2] && name != "" {
			return k, i, name, true
		}
	}
	return kind{}, len(all), "", false
}

func rank(arn string) int {
	_, i, _, _ := find(arn)
	return i
}

// Delete deletes one resource and what it holds. One that is gone already
// counts as deleted: the tagging API speaks of it for some time.
func Delete(ctx context.Context, c aws.Config, arn string) error {
	k, _, name, ok := find(arn)
	if !ok {
		return fmt.Errorf("%s: the driver does not know how to delete this type: delete it by hand", arn)
	}
	if err := k.delete(ctx, c, arn, name); err != nil && !isGone(err) {
		return fmt.Errorf("delete %s: %w", arn, err)
	}
	return nil
}

// isGone tells the errors that say that a resource does not exist.
func isGone(err error) bool {
	var api smithy.APIError
	if !errors.As(err, &api) {
		return false
	}
	switch api.ErrorCode() {
	case "NoSuchBucket", "NoSuchEntity", "NoSuchEntityException", "ResourceNotFoundException", "ResourceNotFound", "EntityNotFoundException",
		"QueueDoesNotExist", "AWS.SimpleQueueService.NonExistentQueue", "StateMachineDoesNotExist", "NotFoundException":
		return true
	case "InvalidRequestException": // how Athena says it
		return strings.Contains(api.ErrorMessage(), "is not found") || strings.Contains(api.ErrorMessage(), "not exist")
	}
	return false
}

// Loosen takes from a resource what it holds and what keeps it from being
// deleted: the objects of a bucket, the policies of a role, the targets of a rule.
// A CLI that was killed has made some of which its state does not know. It does
// nothing to other types.
func Loosen(ctx context.Context, c aws.Config, arn string) error {
	k, _, name, ok := find(arn)
	if !ok {
		return nil
	}
	var err error
	switch k.service {
	case "s3":
		err = EmptyBucket(ctx, c, name)
	case "iam":
		err = emptyRole(ctx, c, name)
	case "events":
		err = emptyRule(ctx, c, name)
	}
	if err != nil && !isGone(err) {
		return fmt.Errorf("empty %s: %w", arn, err)
	}
	return nil
}

func deleteRule(ctx context.Context, c aws.Config, _, name string) error {
	if err := emptyRule(ctx, c, name); err != nil {
		return err
	}
	_, err := eventbridge.NewFromConfig(c).DeleteRule(ctx, &eventbridge.DeleteRuleInput{Name: &name})
	return err
}

func emptyRule(ctx context.Context, c aws.Config, name string) error {
	client := eventbridge.NewFromConfig(c)
	targets, err := client.ListTargetsByRule(ctx, &eventbridge.ListTargetsByRuleInput{Rule: &name})
	if err != nil {
		return err
	}
	if len(targets.Targets) == 0 {
		return nil
	}
	ids := make([]string, len(targets.Targets))
	for i, t := range targets.Targets {
		ids[i] = aws.ToString(t.Id)
	}
	_, err = client.RemoveTargets(ctx, &eventbridge.RemoveTargetsInput{Rule: &name, Ids: ids})
	return err
}

func deleteQueue(ctx context.Context, c aws.Config, _, name string) error {
	client := sqs.NewFromConfig(c)
	out, err := client.GetQueueUrl(ctx, &sqs.GetQueueUrlInput{QueueName: &name})
	if err != nil {
		return err
	}
	_, err = client.DeleteQueue(ctx, &sqs.DeleteQueueInput{QueueUrl: out.QueueUrl})
	return err
}

func deleteRole(ctx context.Context, c aws.Config, _, name string) error {
	if err := emptyRole(ctx, c, name); err != nil {
		return err
	}
	name = roleName(name)
	_, err := iam.NewFromConfig(c).DeleteRole(ctx, &iam.DeleteRoleInput{RoleName: &name})
	return err
}

// roleName is the name in an ARN's role: a path may come before it.
func roleName(name string) string { return name[strings.LastIndex(name, "/")+1:] }

func emptyRole(ctx context.Context, c aws.Config, name string) error {
	name = roleName(name)
	client := iam.NewFromConfig(c)
	inline := iam.NewListRolePoliciesPaginator(client, &iam.ListRolePoliciesInput{RoleName: &name})
	for inline.HasMorePages() {
		page, err := inline.NextPage(ctx)
		if err != nil {
			return err
		}
		for _, p := range page.PolicyNames {
			if _, err := client.DeleteRolePolicy(ctx, &iam.DeleteRolePolicyInput{RoleName: &name, PolicyName: &p}); err != nil && !isGone(err) {
				return err
			}
		}
	}
	attached := iam.NewListAttachedRolePoliciesPaginator(client, &iam.ListAttachedRolePoliciesInput{RoleName: &name})
	for attached.HasMorePages() {
		page, err := attached.NextPage(ctx)
		if err != nil {
			return err
		}
		for _, p := range page.AttachedPolicies {
			if _, err := client.DetachRolePolicy(ctx, &iam.DetachRolePolicyInput{RoleName: &name, PolicyArn: p.PolicyArn}); err != nil && !isGone(err) {
				return err
			}
		}
	}
	return nil
}

func deleteBucket(ctx context.Context, c aws.Config, _, name string) error {
	if err := EmptyBucket(ctx, c, name); err != nil {
		return err
	}
	_, err := client(c).DeleteBucket(ctx, &s3.DeleteBucketInput{Bucket: &name})
	return err
}

// client addresses buckets by path where the endpoint is not AWS's own.
func client(c aws.Config) *s3.Client {
	return s3.NewFromConfig(c, func(o *s3.Options) { o.UsePathStyle = c.BaseEndpoint != nil })
}

// EmptyBucket deletes every version of every object, and what was left of
// multipart uploads.
func EmptyBucket(ctx context.Context, c aws.Config, bucket string) error {
	client := client(c)
	versions := s3.NewListObjectVersionsPaginator(client, &s3.ListObjectVersionsInput{Bucket: &bucket})
	for versions.HasMorePages() {
		page, err := versions.NextPage(ctx)
		if err != nil {
			return fmt.Errorf("list %s: %w", bucket, err)
		}
		var ids []types.ObjectIdentifier
		for _, v := range page.Versions {
			ids = append(ids, types.ObjectIdentifier{Key: v.Key, VersionId: v.VersionId})
		}
		for _, m := range page.DeleteMarkers {
			ids = append(ids, types.ObjectIdentifier{Key: m.Key, VersionId: m.VersionId})
		}
		if len(ids) == 0 {
			continue
		}
		out, err := client.DeleteObjects(ctx, &s3.DeleteObjectsInput{Bucket: &bucket, Delete: &types.Delete{Objects: ids, Quiet: aws.Bool(true)}})
		if err != nil {
			return fmt.Errorf("empty %s: %w", bucket, err)
		}
		if len(out.Errors) > 0 {
			e := out.Errors[0]
			return fmt.Errorf("empty %s: %d objects stay, the first is %s: %s", bucket, len(out.Errors), aws.ToString(e.Key), aws.ToString(e.Message))
		}
	}
	uploads := s3.NewListMultipartUploadsPaginator(client, &s3.ListMultipartUploadsInput{Bucket: &bucket})
	for uploads.HasMorePages() {
		page, err := uploads.NextPage(ctx)
		if err != nil {
			return fmt.Errorf("list the uploads into %s: %w", bucket, err)
		}
		for _, u := range page.Uploads {
			if _, err := client.AbortMultipartUpload(ctx, &s3.AbortMultipartUploadInput{Bucket: &bucket, Key: u.Key, UploadId: u.UploadId}); err != nil {
				return fmt.Errorf("end the upload of %s/%s: %w", bucket, aws.ToString(u.Key), err)
			}
		}
	}
	return nil
}
