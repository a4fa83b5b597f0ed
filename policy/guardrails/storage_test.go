package guardrails

import (
	"strings"
	"testing"
)

const (
	rulesTwo   = "aws:s3/bucketLifecycleConfigurationV2:BucketLifecycleConfigurationV2"
	rulesSeven = "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration"
)

func TestS3(t *testing.T) {
	lake := res(bucketTwo, "lake", `{}`).out(`{"bucket":"<unknown>","id":"<unknown>","lifecycleRules":"<unknown>"}`)
	named := res(bucketTwo, "lake", `{"bucket":"lake-1"}`)
	about := func(kind, text string) Resource { return res(kind, "c", text).refers("bucket", lake) }
	rules := func(kind string, list ...string) Resource {
		return about(kind, `{"bucket":"<unknown>","rules":[`+strings.Join(list, ",")+`]}`)
	}
	expiry := func(prefix string) string {
		return `{"status":"Enabled","filter":{"prefix":"` + prefix + `"},"expiration":{"days":90}}`
	}
	const aborts = `{"status":"Enabled","filter":{"prefix":""},"abortIncompleteMultipartUpload":{"daysAfterInitiation":1}}`
	stream := res(deliveryStream, "app", `{"extendedS3Configuration":{"bucketArn":"<unknown>","prefix":"logs/app/!{timestamp:yyyy}/"}}`).refers("extendedS3Configuration", lake)
	one := func(text string) Resource { return res(bucketOne, "lake", text) }
	noRule := "no rule that expires"
	checkExamples(t, map[string][]example{
		"s3-expiry": {
			{what: "nothing", stack: Stack{lake}, bad: []string{noRule}},
			{what: "an expiry for all", stack: Stack{lake, rules(rulesTwo, expiry(""))}},
			{what: "the name of version 7", stack: Stack{lake, rules(rulesSeven, expiry(""))}},
			{what: "a transition", stack: Stack{lake, rules(rulesTwo, `{"status":"Enabled","filter":{"prefix":""},"transitions":[{"days":30,"storageClass":"STANDARD_IA"}]}`)}},
			{what: "switched off", stack: Stack{lake, rules(rulesTwo, `{"status":"Disabled","filter":{"prefix":""},"expiration":{"days":90}}`)}, bad: []string{noRule}},
			{what: "only uploads", stack: Stack{lake, rules(rulesTwo, aborts)}, bad: []string{noRule}},
			{what: "what Firehose writes", stack: Stack{lake, stream, rules(rulesTwo, expiry("logs/"))}},
			{what: "something else than Firehose writes", stack: Stack{lake, stream, rules(rulesTwo, expiry("errors/"))}, bad: []string{`below "logs/app/"`}},
			{what: "only tagged objects of what Firehose writes", stack: Stack{lake, stream, rules(rulesTwo, `{"status":"Enabled","filter":{"and":{"prefix":"logs/","tags":{"old":"yes"}}},"expiration":{"days":1}}`)}, bad: []string{"logs/app/"}},
			{what: "only large objects of what Firehose writes", stack: Stack{lake, stream, rules(rulesTwo, `{"status":"Enabled","filter":{"and":{"prefix":"logs/","objectSizeGreaterThan":1000000}},"expiration":{"days":1}}`)}, bad: []string{"logs/app/"}},
			{what: "days not known", stack: Stack{lake, stream, rules(rulesTwo, `{"status":"Enabled","filter":{"prefix":"logs/"},"expiration":{"days":"<unknown>"}}`)}, waits: []string{"lifecycle"}},
			{what: "rules not known", stack: Stack{lake, about(rulesTwo, `{"rules":"<unknown>"}`)}, waits: []string{"lifecycle"}},
			{what: "rules of a bucket not known", stack: Stack{lake, res(rulesTwo, "c", `{"bucket":"<unknown>","rules":[`+expiry("")+`]}`)}, waits: []string{"lifecycle"}},
			{what: "rules of another bucket", stack: Stack{named, res(rulesTwo, "c", `{"bucket":"lake-2","rules":[`+expiry("")+`]}`)}, bad: []string{noRule}},
			{what: "rules by the bucket's name", stack: Stack{named, res(rulesTwo, "c", `{"bucket":"lake-1","rules":[`+expiry("")+`]}`)}},
			{what: "the first generation, inside", stack: Stack{one(`{"lifecycleRules":[{"enabled":true,"expiration":{"days":90}}]}`)}},
			{what: "the first generation, switched off", stack: Stack{one(`{"lifecycleRules":[{"enabled":false,"expiration":{"days":90}}]}`)}, bad: []string{noRule}},
			{what: "the second generation, inside", stack: Stack{res(bucketTwo, "b", `{"lifecycleRules":[{"enabled":true,"expirations":[{"days":90}]}]}`)}},
			{what: "the first generation, without", stack: Stack{one(`{}`)}, bad: []string{noRule}},
		},
		"s3-unfinished-uploads": {
			{what: "removed", stack: Stack{lake, rules(rulesTwo, aborts)}},
			{what: "never", stack: Stack{lake, rules(rulesTwo, expiry(""))}, bad: []string{"unfinished uploads"}},
			{what: "for a prefix only", stack: Stack{lake, rules(rulesTwo, `{"status":"Enabled","filter":{"prefix":"logs/"},"abortIncompleteMultipartUpload":{"daysAfterInitiation":1}}`)}, bad: []string{"whole bucket"}},
			{what: "too late", stack: Stack{lake, rules(rulesTwo, `{"status":"Enabled","abortIncompleteMultipartUpload":{"daysAfterInitiation":30}}`)}, bad: []string{"at most 7 days"}},
			{what: "too late, but allowed", stack: Stack{lake, rules(rulesTwo, `{"status":"Enabled","abortIncompleteMultipartUpload":{"daysAfterInitiation":30}}`)}, config: `{"maxDays":30}`},
			{what: "the first generation", stack: Stack{one(`{"lifecycleRules":[{"enabled":true,"abortIncompleteMultipartUploadDays":1}]}`)}},
			{what: "not known", stack: Stack{lake, rules(rulesTwo, `{"status":"Enabled","abortIncompleteMultipartUpload":"<unknown>"}`)}, waits: []string{"lifecycle"}},
		},
		"s3-noncurrent": {
			{what: "not versioned", stack: Stack{lake}},
			{what: "suspended", stack: Stack{lake, about("aws:s3/bucketVersioningV2:BucketVersioningV2", `{"versioningConfiguration":{"status":"Suspended"}}`)}},
			{what: "versioned for ever", stack: Stack{lake, about("aws:s3/bucketVersioningV2:BucketVersioningV2", `{"versioningConfiguration":{"status":"Enabled"}}`)}, bad: []string{"expires old versions"}},
			{what: "versioned for ever, version 7", stack: Stack{lake, about("aws:s3/bucketVersioning:BucketVersioning", `{"versioningConfiguration":{"status":"Enabled"}}`)}, bad: []string{"expires old versions"}},
			{what: "versions expire", stack: Stack{lake, about("aws:s3/bucketVersioningV2:BucketVersioningV2", `{"versioningConfiguration":{"status":"Enabled"}}`), rules(rulesTwo, `{"status":"Enabled","noncurrentVersionExpiration":{"noncurrentDays":7}}`)}},
			{what: "the first generation", stack: Stack{one(`{"versioning":{"enabled":true}}`)}, bad: []string{"versioned"}},
			{what: "the first generation, expiring", stack: Stack{one(`{"versioning":{"enabled":true},"lifecycleRules":[{"enabled":true,"noncurrentVersionExpiration":{"days":7}}]}`)}},
			{what: "not known whether", stack: Stack{lake, about("aws:s3/bucketVersioningV2:BucketVersioningV2", `{"versioningConfiguration":"<unknown>"}`)}, waits: []string{"versioning"}},
		},
		"s3-public-access": {
			{what: "all four", stack: Stack{lake, about(publicAccessBlock, `{"blockPublicAcls":true,"blockPublicPolicy":true,"ignorePublicAcls":true,"restrictPublicBuckets":true}`)}},
			{what: "three", stack: Stack{lake, about(publicAccessBlock, `{"blockPublicAcls":true,"blockPublicPolicy":true,"ignorePublicAcls":true}`)}, bad: []string{"restrictPublicBuckets"}},
			{what: "none declared", stack: Stack{lake}, bad: []string{"not declared"}},
			{what: "a public list", stack: Stack{res(bucketOne, "lake", `{"acl":"public-read"}`), res(publicAccessBlock, "c", `{"blockPublicAcls":true,"blockPublicPolicy":true,"ignorePublicAcls":true,"restrictPublicBuckets":true}`).refers("bucket", res(bucketOne, "lake", `{}`))}, bad: []string{"public-read"}},
			{what: "not known", stack: Stack{lake, about(publicAccessBlock, `{"blockPublicAcls":"<unknown>","blockPublicPolicy":true,"ignorePublicAcls":true,"restrictPublicBuckets":true}`)}, waits: []string{"blockPublicAcls"}},
			{what: "somebody's block", stack: Stack{lake, res(publicAccessBlock, "c", `{"bucket":"<unknown>"}`)}, waits: []string{"publicAccessBlock"}},
		},
		"s3-encryption": {
			{what: "AES256", stack: Stack{lake, about(encryptionTypes()[0], `{"rules":[{"applyServerSideEncryptionByDefault":{"sseAlgorithm":"AES256"}}]}`)}},
			{what: "version 7", stack: Stack{lake, about(encryptionTypes()[1], `{"rules":[{"applyServerSideEncryptionByDefault":{"sseAlgorithm":"AES256"}}]}`)}},
			{what: "not declared", stack: Stack{lake}, bad: []string{"not declared"}},
			{what: "twofold", stack: Stack{lake, about(encryptionTypes()[0], `{"rules":[{"applyServerSideEncryptionByDefault":{"sseAlgorithm":"aws:kms:dsse"}}]}`)}, bad: []string{"aws:kms:dsse"}},
			{what: "the first generation", stack: Stack{one(`{"serverSideEncryptionConfiguration":{"rule":{"applyServerSideEncryptionByDefault":{"sseAlgorithm":"AES256"}}}}`)}},
			{what: "not known", stack: Stack{lake, about(encryptionTypes()[0], `{"rules":"<unknown>"}`)}, waits: []string{"encryption"}},
		},
		"s3-bucket-key": {
			{what: "AES256 needs none", stack: Stack{lake, about(encryptionTypes()[0], `{"rules":[{"applyServerSideEncryptionByDefault":{"sseAlgorithm":"AES256"}}]}`)}},
			{what: "KMS with", stack: Stack{lake, about(encryptionTypes()[0], `{"rules":[{"bucketKeyEnabled":true,"applyServerSideEncryptionByDefault":{"sseAlgorithm":"aws:kms"}}]}`)}},
			{what: "KMS without", stack: Stack{lake, about(encryptionTypes()[0], `{"rules":[{"applyServerSideEncryptionByDefault":{"sseAlgorithm":"aws:kms"}}]}`)}, bad: []string{"bucketKeyEnabled is not set"}},
			{what: "the first generation without", stack: Stack{one(`{"serverSideEncryptionConfiguration":{"rule":{"applyServerSideEncryptionByDefault":{"sseAlgorithm":"aws:kms"}}}}`)}, bad: []string{"bucketKeyEnabled"}},
			{what: "not known", stack: Stack{lake, about(encryptionTypes()[0], `{"rules":[{"bucketKeyEnabled":"<unknown>","applyServerSideEncryptionByDefault":{"sseAlgorithm":"aws:kms"}}]}`)}, waits: []string{"rules[0].bucketKeyEnabled"}},
			{what: "nothing known", stack: Stack{lake, about(encryptionTypes()[0], `{"rules":"<unknown>"}`)}, waits: []string{"encryption"}},
		},
		"s3-tls-only": {
			{what: "refused", stack: Stack{lake, about(bucketPolicy, `{"policy":"{\"Statement\":[{\"Effect\":\"Deny\",\"Principal\":\"*\",\"Action\":\"s3:*\",\"Resource\":\"*\",\"Condition\":{\"Bool\":{\"aws:SecureTransport\":\"false\"}}}]}"}`)}},
			{what: "refused, written otherwise", stack: Stack{lake, about(bucketPolicy, `{"policy":{"Statement":{"Effect":"Deny","Principal":{"AWS":"*"},"Action":["s3:*"],"Resource":"*","Condition":{"Bool":{"aws:SecureTransport":false}}}}}`)}},
			{what: "refused for reading only", stack: Stack{lake, about(bucketPolicy, `{"policy":{"Statement":{"Effect":"Deny","Principal":"*","Action":"s3:GetObject","Resource":"*","Condition":{"Bool":{"aws:SecureTransport":"false"}}}}}`)}, bad: []string{"plain HTTP"}},
			{what: "no policy", stack: Stack{lake}, bad: []string{"plain HTTP"}},
			{what: "a policy not known", stack: Stack{lake, about(bucketPolicy, `{"policy":"<unknown>"}`)}, waits: []string{"policy"}},
			{what: "no policy document", stack: Stack{lake, about(bucketPolicy, `{"policy":"nonsense"}`)}, bad: []string{"no policy document", "plain HTTP"}},
			{what: "the first generation, inside", stack: Stack{one(`{"policy":"{\"Statement\":[{\"Effect\":\"Deny\",\"Principal\":\"*\",\"Action\":\"s3:*\",\"Resource\":\"*\",\"Condition\":{\"Bool\":{\"aws:SecureTransport\":\"false\"}}}]}"}`)}},
		},
		"s3-no-extras": {
			{what: "a bucket", stack: Stack{lake}},
			{what: "replication", stack: Stack{res("aws:s3/bucketReplicationConfig:BucketReplicationConfig", "r", `{}`)}, bad: []string{"BucketReplicationConfig"}},
			{what: "acceleration of version 7", stack: Stack{res("aws:s3/bucketAccelerateConfiguration:BucketAccelerateConfiguration", "r", `{"status":"<unknown>"}`)}, bad: []string{"a plain bucket"}},
		},
	})
}

func TestAthena(t *testing.T) {
	results := res(bucketTwo, "results", `{}`).out(`{"bucket":"results-1","id":"results-1"}`)
	expiring := res(rulesTwo, "c", `{"bucket":"results-1","rules":[{"status":"Enabled","filter":{"prefix":"results/"},"expiration":{"days":7}}]}`)
	group := func(text string) Resource { return res(workgroup, "w", `{"configuration":{`+text+`}}`) }
	to := func(location string) Resource {
		return group(`"resultConfiguration":{"outputLocation":"` + location + `"}`)
	}
	checkExamples(t, map[string][]example{
		"athena-scan-limit": {
			{what: "enforced with a limit", stack: Stack{group(`"enforceWorkgroupConfiguration":true,"bytesScannedCutoffPerQuery":1073741824`)}},
			{what: "enforced by default", stack: Stack{group(`"bytesScannedCutoffPerQuery":1073741824`)}},
			{what: "no limit", stack: Stack{group(`"enforceWorkgroupConfiguration":true`)}, bad: []string{"a query reads what it likes"}},
			{what: "no configuration", stack: Stack{res(workgroup, "w", `{}`)}, bad: []string{"at most 100 GiB"}},
			{what: "a limit above the stage's", stack: Stack{group(`"bytesScannedCutoffPerQuery":2147483648`)}, config: `{"maxScanGiB":1}`, bad: []string{"2 GiB; allowed: at most 1 GiB (athena-scan-limit.maxScanGiB)"}},
			{what: "not enforced", stack: Stack{group(`"enforceWorkgroupConfiguration":false,"bytesScannedCutoffPerQuery":1073741824`)}, bad: []string{"enforceWorkgroupConfiguration is false"}},
			{what: "not known", stack: Stack{group(`"bytesScannedCutoffPerQuery":"<unknown>"`)}, waits: []string{"configuration.bytesScannedCutoffPerQuery"}},
			{what: "nothing known", stack: Stack{res(workgroup, "w", `{"configuration":"<unknown>"}`)}, waits: []string{"configuration"}},
		},
		"athena-results-expire": {
			{what: "expiring", stack: Stack{results, expiring, to("s3://results-1/results/")}},
			{what: "beside what expires", stack: Stack{results, expiring, to("s3://results-1/other/")}, bad: []string{"keeps results for ever"}},
			{what: "for ever", stack: Stack{results, to("s3://results-1/results/")}, bad: []string{"keeps results for ever"}},
			{what: "a bucket of somebody else", stack: Stack{results, expiring, to("s3://elsewhere/results/")}, bad: []string{"not a bucket of the stack"}},
			{what: "nowhere said", stack: Stack{group(`"bytesScannedCutoffPerQuery":1`)}, bad: []string{"each client says where"}},
			{what: "kept by Athena", stack: Stack{group(`"managedQueryResultsConfiguration":{"enabled":true}`)}},
			{what: "a new bucket that expires", stack: Stack{res(bucketTwo, "results", `{}`), res(rulesTwo, "c", `{"bucket":"<unknown>","rules":[{"status":"Enabled","filter":{"prefix":"results/"},"expiration":{"days":7}}]}`).refers("bucket", res(bucketTwo, "results", `{}`)), to(unknown).refers("configuration", res(bucketTwo, "results", `{}`))}},
			{what: "a new bucket that keeps", stack: Stack{res(bucketTwo, "results", `{}`), to(unknown).refers("configuration", res(bucketTwo, "results", `{}`))}, bad: []string{"for ever"}},
			{what: "not known at all", stack: Stack{results, to(unknown)}, waits: []string{"configuration.resultConfiguration.outputLocation"}},
		},
		"athena-no-reservation": {
			{what: "a workgroup", stack: Stack{to("s3://r/")}},
			{what: "a reservation", stack: Stack{res(capacityReservation, "r", `{"targetDpus":24}`)}, bad: []string{"targetDpus is 24"}},
			{what: "a reservation not known", stack: Stack{res(capacityReservation, "r", `{"targetDpus":"<unknown>"}`)}, bad: []string{"not known yet"}},
		},
	})
}

func TestSQS(t *testing.T) {
	q := res(queue, "q", `{}`).out(`{"arn":"arn:aws:sqs:us-east-1:1:q","url":"https://q"}`)
	jobs := res(queue, "jobs", `{"redrivePolicy":"{\"deadLetterTargetArn\":\"arn:aws:sqs:us-east-1:1:q\",\"maxReceiveCount\":3}"}`)
	checkExamples(t, map[string][]example{
		"sqs-encryption": {
			{what: "by SQS", stack: Stack{res(queue, "q", `{"sqsManagedSseEnabled":true}`)}},
			{what: "nothing said is by SQS", stack: Stack{q}},
			{what: "with a key", stack: Stack{res(queue, "q", `{"sqsManagedSseEnabled":false,"kmsMasterKeyId":"alias/a"}`)}},
			{what: "with a key not known", stack: Stack{res(queue, "q", `{"sqsManagedSseEnabled":false,"kmsMasterKeyId":"<unknown>"}`)}},
			{what: "in the clear", stack: Stack{res(queue, "q", `{"sqsManagedSseEnabled":false}`)}, bad: []string{"without a key"}},
			{what: "not known", stack: Stack{res(queue, "q", `{"sqsManagedSseEnabled":"<unknown>"}`)}, waits: []string{"sqsManagedSseEnabled"}},
		},
		"sqs-retention": {
			{what: "14 days", stack: Stack{res(queue, "q", `{"messageRetentionSeconds":1209600}`)}},
			{what: "the default of 4 days", stack: Stack{q}, bad: []string{"4 days; allowed: at least 7 days"}},
			{what: "the default where 4 days do", stack: Stack{q}, config: `{"minDays":4}`},
			{what: "not known", stack: Stack{res(queue, "q", `{"messageRetentionSeconds":"<unknown>"}`)}, waits: []string{"messageRetentionSeconds"}},
		},
		"sqs-dead-letters": {
			{what: "read for ever", stack: Stack{q}, bad: []string{"q: redrivePolicy is not set"}},
			{what: "with a queue for dead letters", stack: Stack{q, jobs}},
			{what: "a policy without a count", stack: Stack{res(queue, "jobs", `{"redrivePolicy":"{\"deadLetterTargetArn\":\"x\"}"}`)}, bad: []string{"jobs"}},
			{what: "a target's dead letters, by reference", stack: Stack{q, res(eventTarget, "t", `{"deadLetterConfig":{"arn":"<unknown>"}}`).refers("deadLetterConfig", q)}},
			{what: "a target's dead letters, by ARN", stack: Stack{q, res(eventTarget, "t", `{"deadLetterConfig":{"arn":"arn:aws:sqs:us-east-1:1:q"}}`)}},
			{what: "a schedule's dead letters", stack: Stack{q, res(schedule, "t", `{"target":{"deadLetterConfig":{"arn":"arn:aws:sqs:us-east-1:1:q"}}}`)}},
			{what: "somebody's dead letters, not known whose", stack: Stack{q, res(eventTarget, "t", `{"deadLetterConfig":{"arn":"<unknown>"}}`)}, waits: []string{"redrivePolicy"}},
			{what: "a redrive policy of its own resource", stack: Stack{q, res(redrivePolicy, "p", `{"queueUrl":"https://q","redrivePolicy":"x"}`)}},
			{what: "a redrive allow policy", stack: Stack{q, res(redriveAllowPolicy, "p", `{"queueUrl":"<unknown>"}`).refers("queueUrl", q)}},
			{what: "a policy not known", stack: Stack{res(queue, "jobs", `{"redrivePolicy":"<unknown>"}`)}},
		},
	})
}
