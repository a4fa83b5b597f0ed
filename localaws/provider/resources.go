package provider

// resources are the resource types that this provider implements: all of them.
func resources() []handler {
	return []handler{
		s3Bucket(),
		s3PublicAccessBlock(),
		s3BucketPolicy(),
		s3Encryption(),
		s3Ownership(),
		s3Lifecycle(),
		s3Notification(),
		s3Versioning(),

		logsGroup(),
		logsStream(),
		logsSubscriptionFilter(),
		logsResourcePolicy(),
		logsMetricFilter(),

		firehoseDeliveryStream(),

		eventsRule(),
		eventsTarget(),

		sqsQueue(),
		sqsQueuePolicy(),
		sqsRedrivePolicy(),

		iamRole(),
		iamRolePolicy(),
		iamPolicy(),
		iamRolePolicyAttachment(),

		lambdaFunction(),
		lambdaPermission(),
		lambdaEventInvokeConfig(),

		sfnStateMachine(),

		glueDatabase(),
		glueTable(),

		athenaWorkgroup(),
		athenaNamedQuery(),

		cloudwatchAlarm(),
		cloudwatchDashboard(),

		budgetsBudget(),
	}
}
