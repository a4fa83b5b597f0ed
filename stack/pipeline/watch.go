package pipeline

import (
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// watch makes the alarms: something waits in the dead-letter queue, or
// executions fail without even reaching it, or a stream cannot deliver.
func (p *program) watch(dead *deadLetter, workflow *workflow, sources sourceList) error {
	alarms := []struct {
		part, description, namespace, metric, statistic string
		threshold                                       float64
		dimensions                                      pulumi.StringMap
	}{
		{
			"dead-letters-waiting", "An object could not be catalogued: look into the queue, mend the cause, redrive",
			"AWS/SQS", "ApproximateNumberOfMessagesVisible", "Maximum", 0,
			pulumi.StringMap{"QueueName": dead.queue.Name},
		},
		{
			"executions-failed", "Executions of the workflow failed: their events are in the dead-letter queue",
			"AWS/States", "ExecutionsFailed", "Sum", 0,
			pulumi.StringMap{"StateMachineArn": workflow.machine.Arn},
		},
		{
			"executions-timed-out", "Executions of the workflow took longer than five minutes and ended without a dead letter: reconcile finds what they left out",
			"AWS/States", "ExecutionsTimedOut", "Sum", 0,
			pulumi.StringMap{"StateMachineArn": workflow.machine.Arn},
		},
	}
	for _, s := range sources {
		alarms = append(alarms, struct {
			part, description, namespace, metric, statistic string
			threshold                                       float64
			dimensions                                      pulumi.StringMap
		}{
			"stale-" + s.Name, "The oldest event in the stream of " + s.Name + " waits for longer than a quarter of an hour beyond the buffer",
			"AWS/Firehose", "DeliveryToS3.DataFreshness", "Maximum", float64(p.config.BufferSeconds + 900),
			pulumi.StringMap{"DeliveryStreamName": pulumi.String(p.names.of(s.Name))},
		})
	}
	actions := pulumi.Array{}
	if p.config.AlarmTopicARN != "" {
		actions = append(actions, pulumi.String(p.config.AlarmTopicARN))
	}
	for _, a := range alarms {
		name := p.names.of(a.part)
		if _, err := cloudwatch.NewMetricAlarm(p.ctx, name, &cloudwatch.MetricAlarmArgs{
			Name: pulumi.String(name), AlarmDescription: pulumi.String(a.description),
			Namespace: pulumi.String(a.namespace), MetricName: pulumi.String(a.metric), Dimensions: a.dimensions,
			Statistic: pulumi.String(a.statistic), Period: pulumi.Int(300), EvaluationPeriods: pulumi.Int(1),
			ComparisonOperator: pulumi.String("GreaterThanThreshold"), Threshold: pulumi.Float64(a.threshold),
			TreatMissingData: pulumi.String("notBreaching"), AlarmActions: actions, OkActions: actions,
			Tags: p.tags(),
		}, p.child()); err != nil {
			return err
		}
	}
	return nil
}
