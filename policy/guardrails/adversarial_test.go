package guardrails

import "testing"

// What packs of this kind miss in practice: the same harm, written otherwise.
func TestTheSameHarmWrittenOtherwise(t *testing.T) {
	grant := func(statements string) Resource { return res(rolePolicy, "p", `{"policy":`+statements+`}`) }
	allow := func(action, resource string) Resource {
		return grant(`{"Statement":[{"Effect":"Allow","Action":"` + action + `","Resource":"` + resource + `"}]}`)
	}
	attach := func(arn string) Resource {
		return res("aws:iam/rolePolicyAttachment:RolePolicyAttachment", "a", `{"policyArn":"`+arn+`"}`)
	}
	cc := func(kind, state string) Resource {
		return res(cloudControl, "x", `{"typeName":"`+kind+`","desiredState":"`+state+`"}`)
	}
	trust := func(principal, condition string) Resource {
		return res(role, "r", `{"assumeRolePolicy":{"Statement":{"Effect":"Allow","Principal":`+principal+`,"Action":"sts:AssumeRole"`+condition+`}}}`)
	}
	const lambdaService = `{"Service":"lambda.amazonaws.com"}`
	lake := res(bucketTwo, "lake", `{"bucket":"lake-1"}`)
	policyOf := func(statement string) Resource {
		return res(bucketPolicy, "c", `{"bucket":"lake-1","policy":{"Statement":[`+statement+`]}}`)
	}
	tls := func(effect, resource, condition string) Stack {
		return Stack{lake, policyOf(`{"Effect":"` + effect + `","Principal":"*","Action":"s3:*","Resource":` + resource + `,"Condition":` + condition + `}`)}
	}
	const both, insecure = `["arn:aws:s3:::lake-1","arn:aws:s3:::lake-1/*"]`, `{"Bool":{"aws:SecureTransport":"false"}}`
	pattern := func(source, detailType, bucket, key string) Stack {
		return Stack{res(eventRule, "r", `{"eventPattern":"{\"source\":[`+source+`],\"detail-type\":[`+detailType+`],\"detail\":{\"bucket\":{\"name\":[`+bucket+`]},\"object\":{\"key\":[`+key+`]}}}"}`)}
	}
	const s3, created, name, prefix = `\"aws.s3\"`, `\"Object Created\"`, `\"lake\"`, `{\"prefix\":\"logs/\"}`
	checkExamples(t, map[string][]example{
		"iam-no-wildcard-action": {
			{what: "with white space", stack: Stack{grant(`" { \n \"Statement\" : { \"Effect\" : \"Allow\" , \"Action\" : [ \"*\" ] , \"Resource\" : \"arn:x\" } } "`)}, bad: []string{`"*"`}},
			{what: "two stars", stack: Stack{allow("**", "arn:x")}, bad: []string{`"**"`}},
			{what: "every service", stack: Stack{allow("*:*", "arn:x")}, bad: []string{`"*:*"`}},
			{what: "a star and a question mark", stack: Stack{allow("s3:?*", "arn:x")}, bad: []string{`"s3:?*"`}},
			{what: "services by a pattern", stack: Stack{allow("s3*:GetObject", "arn:x")}, bad: []string{"s3*"}},
			{what: "a service without a colon", stack: Stack{allow("s3*", "arn:x")}, bad: []string{"s3*"}},
			{what: "some actions of a service", stack: Stack{allow("s3:Get*", "arn:x")}},
			{what: "a denial of everything else", stack: Stack{grant(`{"Statement":{"Effect":"Deny","NotAction":"s3:GetObject","Resource":"*"}}`)}},
			{what: "an administrator in another partition", stack: Stack{attach("arn:aws-cn:iam::aws:policy/AdministratorAccess")}, bad: []string{"AdministratorAccess"}},
			{what: "an administrator of Amplify", stack: Stack{attach("arn:aws:iam::aws:policy/AdministratorAccess-Amplify")}, bad: []string{"AdministratorAccess-Amplify"}},
			{what: "a job function", stack: Stack{attach("arn:aws:iam::aws:policy/job-function/SystemAdministrator")}, bad: []string{"SystemAdministrator"}},
			{what: "full access of version 2", stack: Stack{attach("arn:aws:iam::aws:policy/AmazonSQSFullAccessV2")}, bad: []string{"FullAccess"}},
			{what: "a policy of one's own with such a name", stack: Stack{attach("arn:aws:iam::123456789012:policy/AdministratorAccess")}},
			{what: "an exclusive list", stack: Stack{res("aws:iam/rolePolicyAttachmentsExclusive:RolePolicyAttachmentsExclusive", "a", `{"policyArns":["arn:aws:iam::aws:policy/PowerUserAccess"]}`)}, bad: []string{"PowerUserAccess"}},
			{what: "one of several inside a role not known", stack: Stack{res(role, "r", `{"inlinePolicies":[{"policy":"<unknown>"},{"policy":"{\"Statement\":{\"Effect\":\"Allow\",\"Action\":\"*\",\"Resource\":\"arn:x\"}}"}]}`)}, bad: []string{`"*"`}, waits: []string{"inlinePolicies[0].policy"}},
		},
		"iam-no-wildcard-resource": {
			{what: "everything in every bucket", stack: Stack{allow("s3:GetObject", "arn:aws:s3:::*/*")}, bad: []string{"arn:aws:s3:::*/*"}},
			{what: "everything by the ARN's form", stack: Stack{allow("s3:GetObject", "arn:*:*:*:*:*:*")}, bad: []string{"arn:*"}},
			{what: "an ARN that ends early", stack: Stack{allow("s3:GetObject", "arn:aws:s3*")}, bad: []string{"arn:aws:s3*"}},
			{what: "an ARN of nothing", stack: Stack{allow("s3:GetObject", "arn:*")}, bad: []string{"arn:*"}},
			{what: "every function", stack: Stack{allow("lambda:InvokeFunction", "arn:aws:lambda:us-east-1:123456789012:function:*")}, bad: []string{"function:*"}},
			{what: "every table", stack: Stack{allow("glue:UpdateTable", "arn:aws:glue:us-east-1:123456789012:table/*/*")}, bad: []string{"table/*/*"}},
			{what: "every table of a database", stack: Stack{allow("glue:UpdateTable", "arn:aws:glue:us-east-1:123456789012:table/logs/*")}},
			{what: "everything below a prefix", stack: Stack{allow("s3:PutObject", "arn:aws:s3:::lake-1/logs/*")}},
			{what: "a bucket by a pattern", stack: Stack{allow("s3:PutObject", "arn:aws:s3:::lake-*/*")}},
			{what: "the streams of a group", stack: Stack{allow("logs:PutLogEvents", "arn:aws:logs:us-east-1:123456789012:log-group:/aws/lambda/extract:*")}},
			{what: "read-only access of AWS", stack: Stack{attach("arn:aws:iam::aws:policy/ReadOnlyAccess")}, bad: []string{"ReadOnlyAccess, which AWS grants on every resource"}},
			{what: "the role of a service", stack: Stack{attach("arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole")}},
		},
		"iam-source-condition": {
			{what: "everybody", stack: Stack{trust(`"*"`, "")}, bad: []string{"everybody without a condition"}},
			{what: "everybody as AWS", stack: Stack{trust(`{"AWS":["*"]}`, "")}, bad: []string{"everybody"}},
			{what: "a condition for anything", stack: Stack{trust(lambdaService, `,"Condition":{"StringLike":{"aws:SourceArn":"*"}}`)}, bad: []string{"lambda.amazonaws.com without"}},
			{what: "a condition that refuses one account", stack: Stack{trust(lambdaService, `,"Condition":{"StringNotEquals":{"aws:SourceAccount":"1"}}`)}, bad: []string{"without"}},
			{what: "a condition that the key is there", stack: Stack{trust(lambdaService, `,"Condition":{"Null":{"aws:SourceArn":"false"}}`)}, bad: []string{"without"}},
			{what: "a pattern of ARNs", stack: Stack{trust(lambdaService, `,"Condition":{"ArnLike":{"AWS:SourceArn":"arn:aws:lambda:*:123456789012:*"}}`)}},
			{what: "a queue that a service writes to", stack: Stack{res(queuePolicy, "q", `{"policy":{"Statement":{"Effect":"Allow","Principal":{"Service":"events.amazonaws.com"},"Action":"sqs:SendMessage","Resource":"arn:q"}}}`)}, bad: []string{"events.amazonaws.com"}},
			{what: "a function that a service invokes", stack: Stack{res(functionPermission, "f", `{"principal":"s3.amazonaws.com"}`)}, bad: []string{"s3.amazonaws.com without sourceArn"}},
			{what: "a function that one bucket invokes", stack: Stack{res(functionPermission, "f", `{"principal":"s3.amazonaws.com","sourceArn":"<unknown>"}`)}},
			{what: "a function that an account invokes", stack: Stack{res(functionPermission, "f", `{"principal":"123456789012"}`)}},
			{what: "a function of which nobody knows yet who invokes it", stack: Stack{res(functionPermission, "f", `{"principal":"<unknown>"}`)}, waits: []string{"principal"}},
		},
		"s3-tls-only": {
			{what: "both", stack: tls("Deny", both, insecure)},
			{what: "one pattern for both", stack: tls("Deny", `"arn:aws:s3:::lake-1*"`, insecure)},
			{what: "allowed where it is secure", stack: tls("Allow", both, `{"Bool":{"aws:SecureTransport":"true"}}`), bad: []string{"plain HTTP"}},
			{what: "allowed where it is not", stack: tls("Allow", both, insecure), bad: []string{"plain HTTP"}},
			{what: "denied where it is secure", stack: tls("Deny", both, `{"Bool":{"aws:SecureTransport":"true"}}`), bad: []string{"plain HTTP"}},
			{what: "the objects only", stack: tls("Deny", `"arn:aws:s3:::lake-1/*"`, insecure), bad: []string{"plain HTTP"}},
			{what: "the bucket only", stack: tls("Deny", `"arn:aws:s3:::lake-1"`, insecure), bad: []string{"plain HTTP"}},
			{what: "another bucket", stack: tls("Deny", `["arn:aws:s3:::other","arn:aws:s3:::other/*"]`, insecure), bad: []string{"plain HTTP"}},
			{what: "a part of the objects", stack: tls("Deny", `["arn:aws:s3:::lake-1","arn:aws:s3:::lake-1/logs/*"]`, insecure), bad: []string{"plain HTTP"}},
			{what: "only for strangers", stack: tls("Deny", both, `{"Bool":{"aws:SecureTransport":"false"},"StringNotEquals":{"aws:PrincipalOrgID":"o"}}`), bad: []string{"plain HTTP"}},
			{what: "in other letters", stack: tls("deny", both, `{"bool":{"AWS:securetransport":["false"]}}`)},
		},
		"s3-expiry": {
			{what: "only small objects", stack: Stack{lake, res(deliveryStream, "s", `{"extendedS3Configuration":{"bucketArn":"arn:aws:s3:::lake-1","prefix":"logs/"}}`), res(rulesTwo, "c", `{"bucket":"lake-1","rules":[{"status":"Enabled","filter":{"and":{"prefix":"logs/","objectSizeLessThan":1000}},"expiration":{"days":1}}]}`)}, bad: []string{"logs/"}},
			{what: "delete markers only", stack: Stack{lake, res(rulesTwo, "c", `{"bucket":"lake-1","rules":[{"status":"Enabled","filter":{},"expiration":{"expiredObjectDeleteMarker":true}}]}`)}, bad: []string{"no rule"}},
			{what: "a part of what Firehose writes", stack: Stack{lake, res(deliveryStream, "s", `{"extendedS3Configuration":{"bucketArn":"arn:aws:s3:::lake-1","prefix":"logs/"}}`), res(rulesTwo, "c", `{"bucket":"lake-1","rules":[{"status":"Enabled","filter":{"prefix":"logs/app/"},"expiration":{"days":1}}]}`)}, bad: []string{"logs/"}},
		},
		"s3-public-access": {
			{what: "a public list of its own", stack: Stack{lake, res("aws:s3/bucketAclV2:BucketAclV2", "acl", `{"bucket":"lake-1","acl":"public-read"}`), res(publicAccessBlock, "c", `{"bucket":"lake-1","blockPublicAcls":true,"blockPublicPolicy":true,"ignorePublicAcls":true,"restrictPublicBuckets":true}`)}, bad: []string{"acl: acl is public-read"}},
			{what: "a grant to everybody", stack: Stack{res(bucketOne, "b", `{"bucket":"b","grants":[{"type":"Group","uri":"http://acs.amazonaws.com/groups/global/AllUsers","permissions":["READ"]}]}`), res(publicAccessBlock, "c", `{"bucket":"b","blockPublicAcls":true,"blockPublicPolicy":true,"ignorePublicAcls":true,"restrictPublicBuckets":true}`)}, bad: []string{"AllUsers"}},
		},
		"s3-no-extras": {
			{what: "a plain bucket", stack: Stack{lake, res(bucketOne, "b", `{}`)}},
			{what: "acceleration inside", stack: Stack{res(bucketOne, "b", `{"accelerationStatus":"Enabled"}`)}, bad: []string{"no transfer acceleration"}},
			{what: "acceleration that is off", stack: Stack{res(bucketOne, "b", `{"accelerationStatus":"Suspended"}`)}},
			{what: "replication inside", stack: Stack{res(bucketTwo, "b", `{"replicationConfigurations":[{"role":"r"}]}`)}, bad: []string{"no replication"}},
			{what: "replication not known", stack: Stack{res(bucketOne, "b", `{"replicationConfiguration":"<unknown>"}`)}, waits: []string{"replicationConfiguration"}},
		},
		"events-narrow": {
			{what: "narrow", stack: pattern(s3, created, name, prefix)},
			{what: "deletions", stack: pattern(s3, `\"Object Deleted\"`, name, prefix), bad: []string{"detail-type"}},
			{what: "deletions as well", stack: pattern(s3, created+`,\"Object Deleted\"`, name, prefix), bad: []string{"detail-type"}},
			{what: "every bucket", stack: pattern(s3, created, `{\"prefix\":\"\"}`, prefix), bad: []string{"detail.bucket.name"}},
			{what: "every bucket but one", stack: pattern(s3, created, `{\"anything-but\":\"x\"}`, prefix), bad: []string{"detail.bucket.name"}},
			{what: "every service", stack: pattern(`{\"prefix\":\"aws.\"}`, created, name, prefix), bad: []string{"source"}},
		},
		"glue-no-crawler": {
			{what: "in other letters behind Cloud Control", stack: Stack{cc("aws::glue::crawler", "{}")}, bad: []string{"behind Cloud Control; allowed: no crawler"}},
			{what: "native", stack: Stack{res("aws-native:glue:Crawler", "c", `{}`)}, bad: []string{"Costs about $53.53 a month more"}},
		},
		"glue-no-stand-in": {
			{what: "a state machine that starts a crawler", stack: Stack{res(stateMachine, "m", `{"definition":"{\"States\":{\"A\":{\"Resource\":\"arn:aws:states:::aws-sdk:glue:startCrawler\"}}}"}`)}, bad: []string{"glue:startCrawler"}},
			{what: "a state machine that runs a job", stack: Stack{res(stateMachine, "m", `{"definition":"{\"States\":{\"A\":{\"Resource\":\"arn:aws:states:::glue:startJobRun.sync\"}}}"}`)}, bad: []string{"glue:startJobRun"}},
			{what: "a state machine that reads the catalog", stack: Stack{res(stateMachine, "m", `{"definition":"{\"States\":{\"A\":{\"Resource\":\"arn:aws:states:::aws-sdk:glue:getTable\"}}}"}`)}},
			{what: "a state machine not known", stack: Stack{res(stateMachine, "m", `{"definition":"<unknown>"}`)}, waits: []string{"definition"}},
			{what: "a schedule that starts a crawler", stack: Stack{res(schedule, "s", `{"target":{"arn":"arn:aws:scheduler:::aws-sdk:glue:startCrawler"}}`)}, bad: []string{"glue:startCrawler"}},
			{what: "a role that may start a crawler", stack: Stack{allow("glue:StartCrawler", "arn:aws:glue:us-east-1:1:crawler/c")}, bad: []string{"glue:StartCrawler"}},
			{what: "a role that may make a job", stack: Stack{res(role, "r", `{"inlinePolicies":[{"policy":"{\"Statement\":{\"Effect\":\"Allow\",\"Action\":[\"glue:CreateJob\"],\"Resource\":\"x\"}}"}]}`)}, bad: []string{"glue:CreateJob"}},
			{what: "a role that may update a table", stack: Stack{allow("glue:UpdateTable", "arn:aws:glue:us-east-1:1:table/d/t")}},
		},
		"network-no-nat": {
			{what: "behind Cloud Control", stack: Stack{cc("AWS::EC2::NatGateway", "{}")}, bad: []string{"Costs about $32.85 a month more"}},
			{what: "native", stack: Stack{res("aws-native:ec2:NatGateway", "n", `{}`)}, bad: []string{"a NAT gateway"}},
		},
		"network-no-interface-endpoint": {
			{what: "behind Cloud Control", stack: Stack{cc("AWS::EC2::VPCEndpoint", `{\"VpcEndpointType\":\"Interface\",\"SubnetIds\":[\"a\",\"b\"]}`)}, bad: []string{"Costs about $14.60 a month more"}},
			{what: "a gateway behind Cloud Control", stack: Stack{cc("AWS::EC2::VPCEndpoint", `{}`)}},
			{what: "not known behind Cloud Control", stack: Stack{cc("AWS::EC2::VPCEndpoint", unknown)}, waits: []string{"vpcEndpointType"}},
			{what: "native", stack: Stack{res("aws-native:ec2:VpcEndpoint", "n", `{"vpcEndpointType":"Interface"}`)}, bad: []string{"Interface"}},
		},
		"network-no-stream": {
			{what: "behind Cloud Control", stack: Stack{cc("AWS::Kinesis::Stream", `{\"ShardCount\":3}`)}, bad: []string{"3 shard(s)"}},
			{what: "on demand behind Cloud Control", stack: Stack{cc("AWS::Kinesis::Stream", `{\"StreamModeDetails\":{\"StreamMode\":\"ON_DEMAND\"}}`)}},
		},
		"network-no-cluster": {
			{what: "behind Cloud Control", stack: Stack{cc("AWS::OpenSearchServerless::Collection", "{}")}, bad: []string{"no cluster"}},
			{what: "something else behind Cloud Control", stack: Stack{cc("AWS::SNS::Topic", "{}")}},
		},
		"known-types": {
			{what: "a command", stack: Stack{res("command:local:Command", "c", `{"create":"aws glue create-crawler"}`)}, bad: []string{"behind which no rule can see"}},
			{what: "a dynamic resource", stack: Stack{res("pulumi-nodejs:dynamic:Resource", "c", `{}`)}, bad: []string{"behind which no rule can see"}},
			{what: "a set of stacks", stack: Stack{res("aws:cloudformation/stackSet:StackSet", "c", `{}`)}, bad: []string{"behind which no rule can see"}},
			{what: "a native stack", stack: Stack{res("aws-native:cloudformation:Stack", "c", `{}`)}, bad: []string{"behind which no rule can see"}},
			{what: "a template from the repository", stack: Stack{res("aws:serverlessrepository/cloudFormationStack:CloudFormationStack", "c", `{}`)}, bad: []string{"behind which no rule can see"}},
			{what: "a command that was looked at", stack: Stack{res("command:local:Command", "c", `{}`)}, config: `{"allow":["command:local:Command"]}`},
		},
		"tags": {
			{what: "an empty tag", stack: Stack{res(queue, "q", `{"tags":{"Project":"","Stage":"s"}}`)}, bad: []string{"without Project"}},
		},
		"stack-budget": {
			{what: "uncompressed logs count where they are stored, not where they arrive", stack: Stack{res(deliveryStream, "app", `{"extendedS3Configuration":{"bufferingSize":64,"bufferingInterval":300}}`)}, budgetUSD: 18, bad: []string{"Athena, bytes scanned $59.41"}},
			{what: "a NAT gateway that an exception lets pass", stack: Stack{res(natGateway, "n", `{}`)}, budgetUSD: 40, bad: []string{"The dearest: NAT gateway n $32.85"}},
			{what: "functions without an architecture count as x86_64", stack: Stack{res(function, "f", `{"memorySize":512}`)}, budgetUSD: 10, bad: []string{"over the budget"}},
			{what: "a buffer that is no number", stack: Stack{res(deliveryStream, "app", `{"extendedS3Configuration":{"bufferingSize":1e300,"bufferingInterval":-5,"compressionFormat":"GZIP"}}`)}, budgetUSD: 1000},
		},
	})
}
