package pipeline

import (
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/sqs"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// trigger is the rule that starts the state machine for each new object.
type trigger struct {
	rule   *cloudwatch.EventRule
	target *cloudwatch.EventTarget
}

// trigger narrows the bucket's events, of which it sends every kind, to objects
// that come to be below the logs. It does not look at the reason: Firehose may
// write with PutObject or with a multipart upload.
func (p *program) trigger(lake *lake, workflow *workflow, dead *deadLetter) (*trigger, error) {
	name := p.names.of("object-created")
	rule, err := cloudwatch.NewEventRule(p.ctx, name, &cloudwatch.EventRuleArgs{
		Name:        pulumi.String(name),
		Description: pulumi.String("New log objects in the lake"),
		EventPattern: pulumi.JSONMarshal(pulumi.Map{
			"source":      pulumi.ToStringArray([]string{"aws.s3"}),
			"detail-type": pulumi.ToStringArray([]string{"Object Created"}),
			"detail": pulumi.Map{
				"bucket": pulumi.Map{"name": pulumi.Array{lake.bucket.Bucket}},
				"object": pulumi.Map{"key": pulumi.Array{pulumi.Map{"prefix": pulumi.String(LogsPrefix)}}},
			},
		}),
		Tags: p.tags(),
	}, p.child())
	if err != nil {
		return nil, err
	}
	role, policy, err := p.role("events", p.trustFrom("events.amazonaws.com", p.names.arn("events", "rule/"+name)),
		allow([]string{"states:StartExecution"}, workflow.machine.Arn))
	if err != nil {
		return nil, err
	}
	queuePolicy, err := sqs.NewQueuePolicy(p.ctx, p.names.of("dead-letters"), &sqs.QueuePolicyArgs{
		QueueUrl: dead.queue.Url,
		Policy: document(
			when(pulumi.Map{
				"Sid":       pulumi.String("UndeliveredEvents"),
				"Effect":    pulumi.String("Allow"),
				"Principal": pulumi.StringMap{"Service": pulumi.String("events.amazonaws.com")},
				"Action":    pulumi.String("sqs:SendMessage"),
				"Resource":  dead.queue.Arn,
			}, "ArnEquals", "aws:SourceArn", p.names.arn("events", "rule/"+name)),
			pulumi.Map{
				"Sid":       pulumi.String("TLSOnly"),
				"Effect":    pulumi.String("Deny"),
				"Principal": pulumi.String("*"),
				"Action":    pulumi.String("sqs:*"),
				"Resource":  dead.queue.Arn,
				"Condition": pulumi.Map{"Bool": pulumi.StringMap{"aws:SecureTransport": pulumi.String("false")}},
			},
		),
	}, p.child(), pulumi.Parent(dead.queue))
	if err != nil {
		return nil, err
	}
	target, err := cloudwatch.NewEventTarget(p.ctx, name, &cloudwatch.EventTargetArgs{
		Rule:     rule.Name,
		TargetId: pulumi.String("catalogue"),
		Arn:      workflow.machine.Arn,
		RoleArn:  role.Arn,
		RetryPolicy: &cloudwatch.EventTargetRetryPolicyArgs{
			MaximumEventAgeInSeconds: pulumi.Int(24 * 60 * 60), MaximumRetryAttempts: pulumi.Int(185),
		},
		DeadLetterConfig: &cloudwatch.EventTargetDeadLetterConfigArgs{Arn: dead.queue.Arn},
	}, p.child(), pulumi.Parent(rule), pulumi.DependsOn(append([]pulumi.Resource{policy, queuePolicy}, workflow.ready...)))
	if err != nil {
		return nil, err
	}
	return &trigger{rule: rule, target: target}, nil
}
