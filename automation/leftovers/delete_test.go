package leftovers_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/smithy-go"

	"crawlerless/automation/leftovers"
	"crawlerless/localaws"
	"crawlerless/localaws/localawstest"
)

// What keeps a resource from being deleted is taken from it; without that, AWS
// refuses.
func TestWhatIsLoosenedCanBeDeleted(t *testing.T) {
	server := localawstest.Start(t, localaws.Options{})
	ctx, c := t.Context(), server.Config()
	roles, rules, queues := iam.NewFromConfig(c), eventbridge.NewFromConfig(c), sqs.NewFromConfig(c)
	buckets := s3.NewFromConfig(c, func(o *s3.Options) { o.UsePathStyle = true })
	name := aws.String("left")
	const trust = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"events.amazonaws.com"},"Action":"sts:AssumeRole"}]}`
	const nothing = `{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"s3:*","Resource":"*"}]}`

	role, err := roles.CreateRole(ctx, &iam.CreateRoleInput{RoleName: name, AssumeRolePolicyDocument: aws.String(trust)})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := roles.PutRolePolicy(ctx, &iam.PutRolePolicyInput{RoleName: name, PolicyName: aws.String("p"), PolicyDocument: aws.String(nothing)}); err != nil {
		t.Fatal(err)
	}
	queue, err := queues.CreateQueue(ctx, &sqs.CreateQueueInput{QueueName: name})
	if err != nil {
		t.Fatal(err)
	}
	rule, err := rules.PutRule(ctx, &eventbridge.PutRuleInput{Name: name, EventPattern: aws.String(`{"source":["aws.s3"]}`)})
	if err != nil {
		t.Fatal(err)
	}
	target := types.Target{Id: aws.String("1"), Arn: aws.String(strings.Replace(*rule.RuleArn, ":events:", ":sqs:", 1))}
	target.Arn = aws.String(strings.Replace(*target.Arn, ":rule/", ":", 1))
	if out, err := rules.PutTargets(ctx, &eventbridge.PutTargetsInput{Rule: name, Targets: []types.Target{target}}); err != nil || out.FailedEntryCount > 0 {
		t.Fatal(err, out)
	}
	if _, err := buckets.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: name}); err != nil {
		t.Fatal(err)
	}
	if _, err := buckets.PutObject(ctx, &s3.PutObjectInput{Bucket: name, Key: name, Body: strings.NewReader("x")}); err != nil {
		t.Fatal(err)
	}

	for _, one := range []struct {
		arn, refusal string
		remove       func() error
	}{
		{*role.Role.Arn, "DeleteConflict", func() error {
			_, err := roles.DeleteRole(ctx, &iam.DeleteRoleInput{RoleName: name})
			return err
		}},
		{*rule.RuleArn, "ValidationException", func() error {
			_, err := rules.DeleteRule(ctx, &eventbridge.DeleteRuleInput{Name: name})
			return err
		}},
		{"arn:aws:s3:::left", "BucketNotEmpty", func() error {
			_, err := buckets.DeleteBucket(ctx, &s3.DeleteBucketInput{Bucket: name})
			return err
		}},
	} {
		var api smithy.APIError
		if err := one.remove(); !errors.As(err, &api) || api.ErrorCode() != one.refusal {
			t.Errorf("%s before: %v, want %s", one.arn, err, one.refusal)
		}
		for range 2 { // what is empty stays so
			if err := leftovers.Loosen(ctx, c, one.arn); err != nil {
				t.Error(err)
			}
		}
		if err := one.remove(); err != nil {
			t.Errorf("%s afterwards: %v", one.arn, err)
		}
		if err := leftovers.Loosen(ctx, c, one.arn); err != nil {
			t.Errorf("what is gone holds nothing: %v", err)
		}
	}
	for _, arn := range []string{"", "arn:aws:sqs:us-east-1:000000000000:left", "arn:aws:kms:us-east-1:000000000000:key/1"} {
		if err := leftovers.Loosen(ctx, c, arn); err != nil {
			t.Errorf("%s: %v", arn, err)
		}
	}
	if _, err := queues.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{QueueUrl: queue.QueueUrl}); err != nil {
		t.Errorf("a queue is not touched: %v", err)
	}
}
