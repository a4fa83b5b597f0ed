package guardrails

import "testing"

func TestLambda(t *testing.T) {
	f := func(text string) Resource { return res(function, "extract", text) }
	const json = `"loggingConfig":{"logFormat":"JSON","systemLogLevel":"WARN"}`
	group := res(logGroup, "g", `{"name":"/aws/lambda/extract"}`)
	checkExamples(t, map[string][]example{
		"lambda-arm64": {
			{what: "arm64", stack: Stack{f(`{"architectures":["arm64"]}`)}},
			{what: "x86_64", stack: Stack{f(`{"architectures":["x86_64"]}`)}, bad: []string{"architectures is x86_64; allowed: arm64 (lambda-arm64). Costs about $"}},
			{what: "nothing said is x86_64", stack: Stack{f(`{}`)}, bad: []string{"x86_64"}},
			{what: "x86_64 on the local target", stack: Stack{f(`{"architectures":["x86_64"]}`)}, local: true},
			{what: "not known", stack: Stack{f(`{"architectures":["<unknown>"]}`)}, waits: []string{"architectures"}},
		},
		"lambda-ceilings": {
			{what: "below", stack: Stack{f(`{"memorySize":512,"timeout":60}`)}},
			{what: "nothing said is little", stack: Stack{f(`{}`)}},
			{what: "too much memory", stack: Stack{f(`{"memorySize":2048}`)}, bad: []string{"2048 MiB; allowed: at most 1024 MiB (lambda-ceilings.maxMiB)"}},
			{what: "too long", stack: Stack{f(`{"timeout":900}`)}, bad: []string{"900 s"}},
			{what: "too long, but allowed", stack: Stack{f(`{"timeout":900}`)}, config: `{"maxSeconds":900}`},
			{what: "the storage that costs nothing", stack: Stack{f(`{"ephemeralStorage":{"size":512}}`)}},
			{what: "too much storage", stack: Stack{f(`{"ephemeralStorage":{"size":10240}}`)}, bad: []string{"ephemeralStorage.size is 10240 MiB; allowed: at most 512 MiB (lambda-ceilings.maxTmpMiB)"}},
			{what: "much storage, but allowed", stack: Stack{f(`{"ephemeralStorage":{"size":2048}}`)}, config: `{"maxTmpMiB":2048}`},
			{what: "not known", stack: Stack{f(`{"memorySize":"<unknown>","timeout":"<unknown>","ephemeralStorage":{"size":"<unknown>"}}`)}, waits: []string{"memorySize", "timeout", "ephemeralStorage.size"}},
			{what: "no storage known", stack: Stack{f(`{"ephemeralStorage":"<unknown>"}`)}, waits: []string{"ephemeralStorage.size"}},
		},
		"lambda-tracing": {
			{what: "none", stack: Stack{f(`{}`)}},
			{what: "what the caller decides", stack: Stack{f(`{"tracingConfig":{"mode":"PassThrough"}}`)}},
			{what: "active", stack: Stack{f(`{"tracingConfig":{"mode":"Active"}}`)}, bad: []string{"tracingConfig.mode is Active; allowed: PassThrough (lambda-tracing.allowed)"}},
			{what: "active by choice", stack: Stack{f(`{"tracingConfig":{"mode":"Active"}}`)}, config: `{"allowed":true}`},
			{what: "not known", stack: Stack{f(`{"tracingConfig":{"mode":"<unknown>"}}`)}, waits: []string{"tracingConfig.mode"}},
		},
		"lambda-no-provisioned-concurrency": {
			{what: "a function", stack: Stack{f(`{}`)}},
			// 2 x 0.5 GB x 2,628,000 s x $0.0000033334
			{what: "two that stand ready", stack: Stack{res(provisionedConcurrency, "p", `{"provisionedConcurrentExecutions":2}`)}, bad: []string{"is 2; allowed: none (lambda-no-provisioned-concurrency). Costs about $8.76 a month more"}},
			{what: "that scale", stack: Stack{res(scalingTarget, "p", `{"scalableDimension":"lambda:function:ProvisionedConcurrency","minCapacity":1}`)}, bad: []string{"minCapacity is 1"}},
			{what: "something else that scales", stack: Stack{res(scalingTarget, "p", `{"scalableDimension":"dynamodb:table:ReadCapacityUnits"}`)}},
			{what: "not known what scales", stack: Stack{res(scalingTarget, "p", `{"scalableDimension":"<unknown>"}`)}, waits: []string{"scalableDimension"}},
			{what: "not known how many", stack: Stack{res(provisionedConcurrency, "p", `{"provisionedConcurrentExecutions":"<unknown>"}`)}, bad: []string{"none"}},
		},
		"lambda-json-logs": {
			{what: "JSON at INFO", stack: Stack{f(`{` + json + `}`)}},
			{what: "nothing said is text", stack: Stack{f(`{}`)}, bad: []string{"Text; allowed: JSON"}},
			{what: "text", stack: Stack{f(`{"loggingConfig":{"logFormat":"Text"}}`)}, bad: []string{"Text"}},
			{what: "DEBUG of the application", stack: Stack{f(`{"loggingConfig":{"logFormat":"JSON","applicationLogLevel":"DEBUG"}}`)}, bad: []string{"applicationLogLevel is DEBUG"}},
			{what: "DEBUG where it is allowed", stack: Stack{f(`{"loggingConfig":{"logFormat":"JSON","applicationLogLevel":"DEBUG"}}`)}, config: `{"levels":["DEBUG","INFO"]}`},
			{what: "not known", stack: Stack{f(`{"loggingConfig":"<unknown>"}`)}, waits: []string{"loggingConfig"}},
			{what: "a level not known", stack: Stack{f(`{"loggingConfig":{"logFormat":"JSON","systemLogLevel":"<unknown>"}}`)}, waits: []string{"loggingConfig.systemLogLevel"}},
		},
		"lambda-runtime": {
			{what: "current", stack: Stack{f(`{"runtime":"provided.al2023"}`)}},
			{what: "out of support", stack: Stack{f(`{"runtime":"go1.x"}`)}, bad: []string{`"go1.x"`}},
			{what: "none", stack: Stack{f(`{}`)}, bad: []string{"runtime is not set"}},
			{what: "an image", stack: Stack{f(`{"packageType":"Image"}`)}},
			{what: "by configuration", stack: Stack{f(`{"runtime":"python3.13"}`)}, config: `{"runtimes":["python3.13"]}`},
			{what: "not known", stack: Stack{f(`{"runtime":"<unknown>"}`)}, waits: []string{"runtime"}},
		},
		"lambda-log-group": {
			{what: "by name", stack: Stack{group, f(`{"loggingConfig":{"logGroup":"/aws/lambda/extract"}}`)}},
			{what: "by the function's name", stack: Stack{group, f(`{"name":"extract"}`)}},
			{what: "by reference", stack: Stack{group, f(`{"loggingConfig":{"logGroup":"<unknown>"}}`).refers("loggingConfig", group)}},
			{what: "none", stack: Stack{f(`{"name":"extract"}`)}, bad: []string{`"/aws/lambda/extract", which is not a resource of the stack`}},
			{what: "another", stack: Stack{group, f(`{"loggingConfig":{"logGroup":"/elsewhere"}}`)}, bad: []string{"/elsewhere"}},
			{what: "not known", stack: Stack{group, f(`{"loggingConfig":{"logGroup":"<unknown>"}}`)}, waits: []string{"loggingConfig.logGroup"}},
		},
	})
}

func TestStates(t *testing.T) {
	m := func(text string) Resource { return res(stateMachine, "m", text) }
	checkExamples(t, map[string][]example{
		"states-express": {
			{what: "Express", stack: Stack{m(`{"type":"EXPRESS"}`)}},
			{what: "Standard with many executions", stack: Stack{m(`{"type":"STANDARD"}`)}, bad: []string{"allowed: EXPRESS above 100 executions a day (states-express.maxStandardPerDay). Costs about $"}},
			{what: "nothing said is Standard", stack: Stack{m(`{}`)}, bad: []string{"STANDARD with 320 executions a day"}}, // 20 GB / 64 MiB
			{what: "Standard that runs seldom enough", stack: Stack{m(`{"type":"STANDARD"}`)}, config: `{"maxStandardPerDay":1000}`},
			{what: "not known", stack: Stack{m(`{"type":"<unknown>"}`)}, waits: []string{"type"}},
		},
		"states-log-level": {
			{what: "errors", stack: Stack{m(`{"loggingConfiguration":{"level":"ERROR"}}`)}},
			{what: "nothing", stack: Stack{m(`{}`)}},
			{what: "everything", stack: Stack{m(`{"loggingConfiguration":{"level":"ALL"}}`)}, bad: []string{"ALL; allowed: OFF, FATAL, ERROR"}},
			{what: "not known", stack: Stack{m(`{"loggingConfiguration":{"level":"<unknown>"}}`)}, waits: []string{"loggingConfiguration.level"}},
		},
		"states-tracing": {
			{what: "none", stack: Stack{m(`{}`)}},
			{what: "on", stack: Stack{m(`{"tracingConfiguration":{"enabled":true}}`)}, bad: []string{"states-tracing.allowed"}},
			{what: "on by choice", stack: Stack{m(`{"tracingConfiguration":{"enabled":true}}`)}, config: `{"allowed":true}`},
			{what: "not known", stack: Stack{m(`{"tracingConfiguration":{"enabled":"<unknown>"}}`)}, waits: []string{"tracingConfiguration.enabled"}},
		},
	})
}

func TestEvents(t *testing.T) {
	pattern := func(text string) Resource { return res(eventRule, "r", `{"eventPattern":`+text+`}`) }
	const narrow = `"{\"source\":[\"aws.s3\"],\"detail-type\":[\"Object Created\"],\"detail\":{\"bucket\":{\"name\":[\"lake\"]},\"object\":{\"key\":[KEY]}}}"`
	key := func(text string) Resource { return pattern(replaceKey(narrow, text)) }
	checkExamples(t, map[string][]example{
		"events-dead-letter": {
			{what: "a queue, and what EventBridge does by itself", stack: Stack{res(eventTarget, "t", `{"deadLetterConfig":{"arn":"arn:q"}}`)}},
			{what: "a queue not known yet is one", stack: Stack{res(eventTarget, "t", `{"deadLetterConfig":{"arn":"<unknown>"}}`)}},
			{what: "none", stack: Stack{res(eventTarget, "t", `{}`)}, bad: []string{"deadLetterConfig.arn is not set"}},
			{what: "a schedule without", stack: Stack{res(schedule, "s", `{"target":{"arn":"a"}}`)}, bad: []string{"target.deadLetterConfig.arn"}},
			{what: "a schedule with", stack: Stack{res(schedule, "s", `{"target":{"arn":"a","deadLetterConfig":{"arn":"q"}}}`)}},
			{what: "more retries than the stage allows", stack: Stack{res(eventTarget, "t", `{"deadLetterConfig":{"arn":"q"}}`)}, config: `{"maxAttempts":10}`, bad: []string{"185; allowed: at most 10"}},
			{what: "longer than the stage allows", stack: Stack{res(eventTarget, "t", `{"deadLetterConfig":{"arn":"q"},"retryPolicy":{"maximumEventAgeInSeconds":7200}}`)}, config: `{"maxAgeSeconds":3600}`, bad: []string{"7200 s"}},
			{what: "retries not known", stack: Stack{res(eventTarget, "t", `{"deadLetterConfig":{"arn":"q"},"retryPolicy":"<unknown>"}`)}, waits: []string{"retryPolicy.maximumEventAgeInSeconds", "retryPolicy.maximumRetryAttempts"}},
		},
		"events-narrow": {
			{what: "bucket, kind and prefix", stack: Stack{key(`{\"prefix\":\"logs/\"}`)}},
			{what: "a wildcard with a beginning", stack: Stack{key(`{\"wildcard\":\"logs/*.gz\"}`)}},
			{what: "a wildcard without", stack: Stack{key(`{\"wildcard\":\"*.gz\"}`)}, bad: []string{"detail.object.key"}},
			{what: "an empty prefix", stack: Stack{key(`{\"prefix\":\"\"}`)}, bad: []string{"detail.object.key"}},
			{what: "a suffix", stack: Stack{key(`{\"suffix\":\".gz\"}`)}, bad: []string{"detail.object.key"}},
			{what: "one of two open", stack: Stack{key(`{\"prefix\":\"logs/\"},{\"anything-but\":\"x\"}`)}, bad: []string{"detail.object.key"}},
			{what: "every event of S3", stack: Stack{pattern(`"{\"source\":[\"aws.s3\"]}"`)}, bad: []string{"detail-type", "detail.bucket.name", "detail.object.key"}},
			{what: "every event", stack: Stack{pattern(`"{}"`)}, bad: []string{"source", "detail-type", "detail.bucket.name", "detail.object.key"}},
			{what: "events of something else", stack: Stack{pattern(`"{\"source\":[\"aws.ec2\"]}"`)}},
			{what: "a schedule", stack: Stack{res(eventRule, "r", `{"scheduleExpression":"rate(1 hour)"}`)}},
			{what: "no pattern", stack: Stack{pattern(`"nonsense"`)}, bad: []string{"no event pattern"}},
			{what: "not known", stack: Stack{pattern(`"<unknown>"`)}, waits: []string{"eventPattern"}},
		},
	})
}

func TestIAM(t *testing.T) {
	grant := func(statement string) Resource {
		return res(rolePolicy, "p", `{"policy":"{\"Statement\":[`+statement+`]}"}`)
	}
	const trust = `{\"Effect\":\"Allow\",\"Principal\":{\"Service\":\"lambda.amazonaws.com\"},\"Action\":\"sts:AssumeRole\"CONDITION}`
	trusting := func(condition string) Resource {
		return res(role, "r", `{"assumeRolePolicy":"{\"Statement\":[`+replaceCondition(trust, condition)+`]}"}`)
	}
	checkExamples(t, map[string][]example{
		"iam-no-wildcard-action": {
			{what: "by name", stack: Stack{grant(`{\"Effect\":\"Allow\",\"Action\":[\"s3:GetObject\"],\"Resource\":\"arn:aws:s3:::b/*\"}`)}},
			{what: "everything", stack: Stack{grant(`{\"Effect\":\"Allow\",\"Action\":\"*\",\"Resource\":\"arn:x\"}`)}, bad: []string{`the action "*"`}},
			{what: "all of a service", stack: Stack{grant(`{\"Sid\":\"Lake\",\"Effect\":\"Allow\",\"Action\":[\"s3:GetObject\",\"s3:*\"],\"Resource\":\"arn:x\"}`)}, bad: []string{`policy Lake is the action "s3:*"`}},
			{what: "everything else", stack: Stack{grant(`{\"Effect\":\"Allow\",\"NotAction\":\"iam:*\",\"Resource\":\"arn:x\"}`)}, bad: []string{"NotAction"}},
			{what: "a denial of everything", stack: Stack{grant(`{\"Effect\":\"Deny\",\"Action\":\"*\",\"Resource\":\"*\"}`)}},
			{what: "a single statement", stack: Stack{res("aws:iam/policy:Policy", "p", `{"policy":{"Statement":{"Effect":"Allow","Action":"*","Resource":"arn:x"}}}`)}, bad: []string{`"*"`}},
			{what: "inside a role", stack: Stack{res(role, "r", `{"inlinePolicies":[{"name":"a","policy":"{\"Statement\":[{\"Effect\":\"Allow\",\"Action\":\"*\",\"Resource\":\"arn:x\"}]}"}]}`)}, bad: []string{`"*"`}},
			{what: "AWS's administrator", stack: Stack{res("aws:iam/rolePolicyAttachment:RolePolicyAttachment", "a", `{"policyArn":"arn:aws:iam::aws:policy/AdministratorAccess"}`)}, bad: []string{"AdministratorAccess"}},
			{what: "AWS's full access, in the role", stack: Stack{res(role, "r", `{"managedPolicyArns":["arn:aws:iam::aws:policy/AmazonS3FullAccess"]}`)}, bad: []string{"AmazonS3FullAccess"}},
			{what: "AWS's basic role", stack: Stack{res("aws:iam/rolePolicyAttachment:RolePolicyAttachment", "a", `{"policyArn":"arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"}`)}},
			{what: "a queue for everybody", stack: Stack{res(queuePolicy, "q", `{"policy":"{\"Statement\":[{\"Effect\":\"Allow\",\"Principal\":\"*\",\"Action\":\"sqs:*\",\"Resource\":\"arn:q\"}]}"}`)}, bad: []string{`"sqs:*"`}},
			{what: "not known", stack: Stack{res(rolePolicy, "p", `{"policy":"<unknown>"}`)}, waits: []string{"policy"}},
			{what: "an attachment not known", stack: Stack{res("aws:iam/rolePolicyAttachment:RolePolicyAttachment", "a", `{"policyArn":"<unknown>"}`)}, waits: []string{"policyArn"}},
			{what: "no policy", stack: Stack{res(rolePolicy, "p", `{"policy":"nonsense"}`)}, bad: []string{"no policy document"}},
		},
		"iam-no-wildcard-resource": {
			{what: "an ARN", stack: Stack{grant(`{\"Effect\":\"Allow\",\"Action\":\"s3:GetObject\",\"Resource\":\"arn:aws:s3:::b/logs/*\"}`)}},
			{what: "everything", stack: Stack{grant(`{\"Effect\":\"Allow\",\"Action\":\"s3:GetObject\",\"Resource\":\"*\"}`)}, bad: []string{`s3:GetObject on "*"; allowed: ARNs (iam-no-wildcard-resource.actions)`}},
			{what: "everything of a service", stack: Stack{grant(`{\"Effect\":\"Allow\",\"Action\":\"s3:GetObject\",\"Resource\":[\"arn:aws:s3:::*\"]}`)}, bad: []string{"arn:aws:s3:::*"}},
			{what: "an action that knows no resource", stack: Stack{grant(`{\"Effect\":\"Allow\",\"Action\":[\"logs:CreateLogDelivery\"],\"Resource\":\"*\"}`)}},
			{what: "one of two actions knows one", stack: Stack{grant(`{\"Effect\":\"Allow\",\"Action\":[\"logs:CreateLogDelivery\",\"logs:PutLogEvents\"],\"Resource\":\"*\"}`)}, bad: []string{"logs:PutLogEvents"}},
			{what: "everything else", stack: Stack{grant(`{\"Effect\":\"Allow\",\"Action\":\"s3:GetObject\",\"NotResource\":\"arn:x\"}`)}, bad: []string{"NotResource"}},
			{what: "a denial", stack: Stack{grant(`{\"Effect\":\"Deny\",\"Action\":\"s3:GetObject\",\"Resource\":\"*\"}`)}},
			{what: "by configuration", stack: Stack{grant(`{\"Effect\":\"Allow\",\"Action\":\"ec2:DescribeRegions\",\"Resource\":\"*\"}`)}, config: `{"actions":["ec2:Describe*"]}`},
			{what: "not known", stack: Stack{res(rolePolicy, "p", `{"policy":"<unknown>"}`)}, waits: []string{"policy"}},
		},
		"iam-source-condition": {
			{what: "the account", stack: Stack{trusting(`,\"Condition\":{\"StringEquals\":{\"aws:SourceAccount\":\"1\"}}`)}},
			{what: "the external id of Firehose, spelt otherwise", stack: Stack{trusting(`,\"Condition\":{\"StringEquals\":{\"sts:externalid\":\"1\"}}`)}},
			{what: "anybody", stack: Stack{trusting("")}, bad: []string{"lambda.amazonaws.com without a condition"}},
			{what: "another condition", stack: Stack{trusting(`,\"Condition\":{\"StringEquals\":{\"aws:RequestedRegion\":\"x\"}}`)}, bad: []string{"without a condition"}},
			{what: "a person", stack: Stack{res(role, "r", `{"assumeRolePolicy":{"Statement":{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::1:root"},"Action":"sts:AssumeRole"}}}`)}},
			{what: "not known", stack: Stack{res(role, "r", `{"assumeRolePolicy":"<unknown>"}`)}, waits: []string{"assumeRolePolicy"}},
		},
	})
}

func TestNetwork(t *testing.T) {
	checkExamples(t, map[string][]example{
		"network-no-nat": {
			{what: "a gateway of another kind", stack: Stack{res("aws:ec2/internetGateway:InternetGateway", "g", `{}`)}},
			{what: "a NAT gateway", stack: Stack{res(natGateway, "n", `{}`)}, bad: []string{"Costs about $32.85 a month more"}},
			{what: "a NAT gateway of which nothing is known", stack: Stack{res(natGateway, "n", `{"subnetId":"<unknown>"}`)}, bad: []string{"none"}},
		},
		"network-no-interface-endpoint": {
			{what: "a gateway endpoint", stack: Stack{res(vpcEndpoint, "e", `{"vpcEndpointType":"Gateway"}`)}},
			{what: "nothing said is a gateway endpoint", stack: Stack{res(vpcEndpoint, "e", `{}`)}},
			{what: "an interface in two zones", stack: Stack{res(vpcEndpoint, "e", `{"vpcEndpointType":"Interface","subnetIds":["a","b"]}`)}, bad: []string{"Interface in 2 zone(s); allowed: Gateway (network-no-interface-endpoint). Costs about $14.60 a month more"}},
			{what: "not known", stack: Stack{res(vpcEndpoint, "e", `{"vpcEndpointType":"<unknown>"}`)}, waits: []string{"vpcEndpointType"}},
		},
		"network-no-stream": {
			{what: "on demand", stack: Stack{res(kinesisStream, "s", `{"streamModeDetails":{"streamMode":"ON_DEMAND"}}`)}},
			{what: "on demand where not allowed", stack: Stack{res(kinesisStream, "s", `{"streamModeDetails":{"streamMode":"ON_DEMAND"}}`)}, config: `{"allowOnDemand":false}`, bad: []string{"ON_DEMAND"}},
			{what: "nothing said is provisioned", stack: Stack{res(kinesisStream, "s", `{"shardCount":2}`)}, bad: []string{"PROVISIONED with 2 shard(s); allowed: no provisioned stream (network-no-stream). Costs about $21.90 a month more"}},
			{what: "not known", stack: Stack{res(kinesisStream, "s", `{"streamModeDetails":{"streamMode":"<unknown>"}}`)}, waits: []string{"streamModeDetails.streamMode"}},
		},
		"network-no-cluster": {
			{what: "a queue", stack: Stack{res(queue, "q", `{}`)}},
			{what: "OpenSearch", stack: Stack{res("aws:opensearch/domain:Domain", "d", `{}`)}, bad: []string{"no cluster"}},
			{what: "serverless OpenSearch", stack: Stack{res("aws:opensearch/serverlessCollection:ServerlessCollection", "d", `{}`)}, bad: []string{"no cluster"}},
			{what: "Elasticsearch", stack: Stack{res("aws:elasticsearch/domain:Domain", "d", `{}`)}, bad: []string{"no cluster"}},
			{what: "Redshift", stack: Stack{res("aws:redshift/cluster:Cluster", "d", `{"nodeType":"<unknown>"}`)}, bad: []string{"no cluster"}},
			{what: "serverless Redshift", stack: Stack{res("aws:redshiftserverless/workgroup:Workgroup", "d", `{}`)}, bad: []string{"no cluster"}},
		},
		"network-no-other-consumers": {
			{what: "an alarm", stack: Stack{res(metricAlarm, "a", `{}`)}},
			{what: "a pipe", stack: Stack{res("aws:pipes/pipe:Pipe", "p", `{"source":"<unknown>"}`)}, bad: []string{"aws:pipes/pipe:Pipe"}},
		},
	})
}
