package main

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/auto"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"crawlerless/policy/guardrails"
)

// mutation is a small harm to the project's own program.
type mutation struct {
	rule string
	what string
	// change is made to the resource of this type and name; "*" is any name that
	// no other mutation of the same preview has.
	kind, name string
	change     func(props pulumi.Map)
	// add is declared beside the program.
	add pulumi.Map
	// missing is a resource of this type that the program does without.
	missing bool
	// stack says that the finding is about the stack as a whole.
	stack bool
	// config replaces settings of the stage.
	config map[string]string
}

// set changes one property, by its dotted path.
func set(path string, value pulumi.Input) func(pulumi.Map) {
	return func(props pulumi.Map) {
		keys := strings.Split(path, ".")
		for _, key := range keys[:len(keys)-1] {
			inner, ok := props[key].(pulumi.Map)
			if !ok {
				inner = pulumi.Map{}
			}
			props[key] = inner
			props = inner
		}
		props[keys[len(keys)-1]] = value
	}
}

func remove(key string) func(pulumi.Map) {
	return func(props pulumi.Map) { delete(props, key) }
}

// raw declares a resource that the SDK may not even have.
type raw struct{ pulumi.CustomResourceState }

// tagged adds the tags without which another rule would be tripped as well.
func tagged(props pulumi.Map) pulumi.Map {
	props["tags"] = pulumi.StringMap{"Project": pulumi.String("crawlerless"), "Stage": pulumi.String("dev")}
	return props
}

const wildcardPolicy = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"%s","Resource":"%s"}]}`

const openTrust = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}]}`

func lifecycle(rules ...pulumi.Map) func(pulumi.Map) {
	return func(props pulumi.Map) {
		list := pulumi.Array{}
		for _, rule := range rules {
			rule["status"] = pulumi.String("Enabled")
			list = append(list, rule)
		}
		props["rules"] = list
	}
}

func mutations() []mutation {
	const (
		stream    = "aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream"
		group     = "aws:cloudwatch/logGroup:LogGroup"
		filter    = "aws:cloudwatch/logSubscriptionFilter:LogSubscriptionFilter"
		function  = "aws:lambda/function:Function"
		machine   = "aws:sfn/stateMachine:StateMachine"
		rules     = "aws:s3/bucketLifecycleConfigurationV2:BucketLifecycleConfigurationV2"
		access    = "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"
		encrypt   = "aws:s3/bucketServerSideEncryptionConfigurationV2:BucketServerSideEncryptionConfigurationV2"
		policy    = "aws:s3/bucketPolicy:BucketPolicy"
		workgroup = "aws:athena/workgroup:Workgroup"
		queue     = "aws:sqs/queue:Queue"
		role      = "aws:iam/role:Role"
		granted   = "aws:iam/rolePolicy:RolePolicy"
		target    = "aws:cloudwatch/eventTarget:EventTarget"
		event     = "aws:cloudwatch/eventRule:EventRule"
		alarm     = "aws:cloudwatch/metricAlarm:MetricAlarm"
		bucket    = "aws:s3/bucketV2:BucketV2"
	)
	number := func(n float64) pulumi.Float64 { return pulumi.Float64(n) }
	text := func(s string) pulumi.String { return pulumi.String(s) }
	aborts := func() pulumi.Map {
		return pulumi.Map{"id": text("u"), "filter": pulumi.Map{"prefix": text("")}, "abortIncompleteMultipartUpload": pulumi.Map{"daysAfterInitiation": number(1)}}
	}
	expires := func(prefix string) pulumi.Map {
		return pulumi.Map{"id": text("e"), "filter": pulumi.Map{"prefix": text(prefix)}, "expiration": pulumi.Map{"days": number(30)}}
	}
	return []mutation{
		{rule: "glue-no-crawler", what: "a crawler", kind: "aws:glue/crawler:Crawler", add: pulumi.Map{"databaseName": text("d"), "role": text("r")}},
		{rule: "glue-no-crawler", what: "a crawler behind Cloud Control", kind: "aws:cloudcontrol/resource:Resource", add: pulumi.Map{"typeName": text("AWS::Glue::Crawler"), "desiredState": text("{}")}},
		{rule: "glue-no-stand-in", what: "a role that may start a crawler", kind: granted, change: set("policy", pulumi.String(fmt.Sprintf(wildcardPolicy, "glue:StartCrawler", "arn:aws:glue:us-east-1:123456789012:crawler/logs")))},
		{rule: "glue-no-stand-in", what: "a trigger", kind: "aws:glue/trigger:Trigger", add: pulumi.Map{"type": text("SCHEDULED")}},
		{rule: "glue-no-stand-in", what: "a job", kind: "aws:glue/job:Job", add: pulumi.Map{"roleArn": text("r")}},
		{rule: "glue-table-in-lake", what: "a table over the whole bucket", kind: "aws:glue/catalogTable:CatalogTable", change: set("storageDescriptor.location", text("s3://somewhere/"))},
		{rule: "firehose-buffer", what: "a buffer of one MiB", kind: stream, change: set("extendedS3Configuration.bufferingSize", number(1))},
		{rule: "firehose-buffer", what: "a buffer of a minute", kind: stream, change: set("extendedS3Configuration.bufferingInterval", number(60))},
		{rule: "firehose-compression", what: "no compression", kind: stream, change: set("extendedS3Configuration.compressionFormat", text("UNCOMPRESSED"))},
		{rule: "firehose-no-dynamic-partitioning", what: "dynamic partitioning", kind: stream, change: set("extendedS3Configuration.dynamicPartitioningConfiguration", pulumi.Map{"enabled": pulumi.Bool(true)})},
		{rule: "firehose-error-prefix", what: "errors inside the table", kind: stream, change: set("extendedS3Configuration.errorOutputPrefix", text("logs/app/errors/!{firehose:error-output-type}/"))},
		{rule: "firehose-no-small-conversion", what: "Parquet at 20 GB a day", kind: stream, change: set("extendedS3Configuration.dataFormatConversionConfiguration", pulumi.Map{"outputFormatConfiguration": pulumi.Map{}})},
		{rule: "firehose-no-backup", what: "a backup of the source", kind: stream, change: set("extendedS3Configuration.s3BackupMode", text("Enabled"))},
		{rule: "logs-retention", what: "no retention", kind: group, change: remove("retentionInDays")},
		{rule: "logs-retention", what: "a retention of ten years", kind: group, change: set("retentionInDays", number(3653))},
		{rule: "logs-no-feedback", what: "a subscription of the extract function's group", kind: filter, change: set("logGroup", text("/aws/lambda/crawlerless-dev-extract"))},
		{rule: "logs-no-feedback", what: "a subscription of every group", kind: "aws:cloudwatch/logAccountPolicy:LogAccountPolicy", add: pulumi.Map{"policyType": text("SUBSCRIPTION_FILTER_POLICY"), "policyDocument": text("{}")}},
		{rule: "logs-class", what: "a subscribed group of Infrequent Access", kind: group, name: "source-app0", change: set("logGroupClass", text("INFREQUENT_ACCESS"))},
		{rule: "logs-filter-pattern", what: "no pattern where one is demanded", kind: filter, change: set("filterPattern", text(""))},
		{rule: "s3-expiry", what: "logs that never expire", kind: rules, name: "lake", change: lifecycle(expires("errors/"), aborts())},
		{rule: "s3-unfinished-uploads", what: "uploads that are never removed", kind: rules, change: lifecycle(expires("logs/"))},
		{rule: "s3-noncurrent", what: "versions that never expire", kind: bucket, change: set("versionings", pulumi.Array{pulumi.Map{"enabled": pulumi.Bool(true)}})},
		{rule: "s3-public-access", what: "a policy that may be public", kind: access, change: set("blockPublicPolicy", pulumi.Bool(false))},
		{rule: "s3-encryption", what: "twofold encryption", kind: encrypt, change: func(p pulumi.Map) {
			p["rules"] = pulumi.Array{pulumi.Map{"bucketKeyEnabled": pulumi.Bool(true), "applyServerSideEncryptionByDefault": pulumi.Map{"sseAlgorithm": text("aws:kms:dsse")}}}
		}},
		{rule: "s3-bucket-key", what: "KMS without a bucket key", kind: encrypt, change: func(p pulumi.Map) {
			p["rules"] = pulumi.Array{pulumi.Map{"applyServerSideEncryptionByDefault": pulumi.Map{"sseAlgorithm": text("aws:kms")}}}
		}},
		{rule: "s3-tls-only", what: "a policy that allows it", kind: policy, change: set("policy", text(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::123456789012:root"},"Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*","Condition":{"Bool":{"aws:SecureTransport":"true"}}}]}`))},
		{rule: "s3-tls-only", what: "a policy that allows plain HTTP", kind: policy, change: set("policy", text(`{"Version":"2012-10-17","Statement":[]}`))},
		{rule: "s3-no-extras", what: "transfer acceleration", kind: "aws:s3/bucketAccelerateConfigurationV2:BucketAccelerateConfigurationV2", add: pulumi.Map{"bucket": text("b"), "status": text("Enabled")}},
		{rule: "lambda-arm64", what: "x86_64", kind: function, change: set("architectures", pulumi.ToStringArray([]string{"x86_64"}))},
		{rule: "lambda-ceilings", what: "ten GB of memory", kind: function, change: set("memorySize", number(10240))},
		{rule: "lambda-ceilings", what: "a timeout of a quarter of an hour", kind: function, change: set("timeout", number(900))},
		{rule: "lambda-ceilings", what: "ten GB of ephemeral storage", kind: function, change: set("ephemeralStorage", pulumi.Map{"size": number(10240)})},
		{rule: "lambda-tracing", what: "traces of every function", kind: function, change: set("tracingConfig", pulumi.Map{"mode": text("Active")})},
		{rule: "lambda-no-provisioned-concurrency", what: "provisioned concurrency", kind: "aws:lambda/provisionedConcurrencyConfig:ProvisionedConcurrencyConfig", add: pulumi.Map{"functionName": text("f"), "qualifier": text("1"), "provisionedConcurrentExecutions": number(2)}},
		{rule: "lambda-json-logs", what: "logs as text", kind: function, change: set("loggingConfig.logFormat", text("Text"))},
		{rule: "lambda-json-logs", what: "logs of every detail", kind: function, change: set("loggingConfig.systemLogLevel", text("DEBUG"))},
		{rule: "lambda-runtime", what: "a runtime out of support", kind: function, change: set("runtime", text("go1.x"))},
		{rule: "lambda-log-group", what: "a log group that nobody manages", kind: function, change: set("loggingConfig.logGroup", text("/aws/lambda/elsewhere"))},
		{rule: "states-express", what: "a Standard workflow", kind: machine, change: set("type", text("STANDARD"))},
		{rule: "states-log-level", what: "a log of everything", kind: machine, change: set("loggingConfiguration.level", text("ALL"))},
		{rule: "states-tracing", what: "tracing", kind: machine, change: set("tracingConfiguration", pulumi.Map{"enabled": pulumi.Bool(true)})},
		{rule: "events-dead-letter", what: "retries for ever", kind: target, change: set("retryPolicy.maximumRetryAttempts", number(1000))},
		{rule: "events-narrow", what: "a rule without a prefix", kind: event, change: set("eventPattern", text(`{"source":["aws.s3"],"detail-type":["Object Created"],"detail":{"bucket":{"name":["lake"]}}}`))},
		{rule: "athena-scan-limit", what: "no scan limit", kind: workgroup, change: set("configuration.bytesScannedCutoffPerQuery", number(0))},
		{rule: "athena-scan-limit", what: "a workgroup that is not enforced", kind: workgroup, change: set("configuration.enforceWorkgroupConfiguration", pulumi.Bool(false))},
		{rule: "athena-results-expire", what: "results somewhere else", kind: workgroup, change: set("configuration.resultConfiguration.outputLocation", text("s3://somewhere-else/results/"))},
		{rule: "athena-no-reservation", what: "reserved capacity", kind: "aws:athena/capacityReservation:CapacityReservation", add: pulumi.Map{"targetDpus": number(24)}},
		{rule: "sqs-encryption", what: "a queue in the clear", kind: queue, change: set("sqsManagedSseEnabled", pulumi.Bool(false))},
		{rule: "sqs-retention", what: "dead letters for an hour", kind: queue, change: set("messageRetentionSeconds", number(3600))},
		{rule: "sqs-dead-letters", what: "a queue that is read for ever", kind: "aws:sqs/queue:Queue", add: pulumi.Map{"messageRetentionSeconds": number(1_209_600), "name": text("jobs")}},
		{rule: "iam-no-wildcard-action", what: "all of S3", kind: granted, change: set("policy", pulumi.String(fmt.Sprintf(wildcardPolicy, "s3:*", "arn:aws:s3:::b/*")))},
		{rule: "iam-no-wildcard-resource", what: "every function", kind: granted, change: set("policy", pulumi.String(fmt.Sprintf(wildcardPolicy, "lambda:InvokeFunction", "arn:aws:lambda:us-east-1:123456789012:function:*")))},
		{rule: "iam-source-condition", what: "a trust for anything", kind: role, change: set("assumeRolePolicy", text(strings.Replace(openTrust, `"Action"`, `"Condition":{"StringLike":{"aws:SourceArn":"*"}},"Action"`, 1)))},
		{rule: "iam-no-wildcard-resource", what: "every bucket", kind: granted, change: set("policy", pulumi.String(fmt.Sprintf(wildcardPolicy, "s3:GetObject", "*")))},
		{rule: "iam-source-condition", what: "a trust without a condition", kind: role, change: set("assumeRolePolicy", text(openTrust))},
		{rule: "network-no-nat", what: "a NAT gateway", kind: "aws:ec2/natGateway:NatGateway", add: pulumi.Map{"subnetId": text("s")}},
		{rule: "network-no-nat", what: "a NAT gateway behind Cloud Control", kind: "aws:cloudcontrol/resource:Resource", add: pulumi.Map{"typeName": text("AWS::EC2::NatGateway"), "desiredState": text("{}")}},
		{rule: "s3-no-extras", what: "acceleration inside the bucket", kind: bucket, change: set("accelerationStatus", text("Enabled"))},
		{rule: "network-no-interface-endpoint", what: "an interface endpoint", kind: "aws:ec2/vpcEndpoint:VpcEndpoint", add: pulumi.Map{"vpcId": text("v"), "vpcEndpointType": text("Interface")}},
		{rule: "network-no-stream", what: "a provisioned stream", kind: "aws:kinesis/stream:Stream", add: pulumi.Map{"shardCount": number(2)}},
		{rule: "network-no-cluster", what: "an OpenSearch domain", kind: "aws:opensearch/domain:Domain", add: pulumi.Map{}},
		{rule: "network-no-cluster", what: "a Redshift cluster", kind: "aws:redshift/cluster:Cluster", add: pulumi.Map{}},
		{rule: "network-no-other-consumers", what: "an archive of all events", kind: "aws:cloudwatch/eventArchive:EventArchive", add: pulumi.Map{"eventSourceArn": text("a")}},
		{rule: "tags", what: "a function without tags", kind: function, change: remove("tags")},
		{rule: "removal-protection", what: "a bucket that may be emptied", kind: bucket, change: set("forceDestroy", pulumi.Bool(true))},
		{rule: "stack-budget", what: "a budget of a dollar", stack: true, config: map[string]string{"crawlerless:monthlyBudgetUsd": "1"}},
		{rule: "stack-alarm", what: "no alarm on the dead letters", stack: true, kind: alarm, name: "dead-letters-waiting", change: set("metricName", text("SentMessageSize"))},
		{rule: "stack-budget-alarm", what: "no budget where one is demanded", stack: true, missing: true},
		{rule: "known-types", what: "a table bucket, which nobody has looked at", kind: "aws:s3tables/tableBucket:TableBucket", add: pulumi.Map{"name": text("t")}},
		{rule: "known-types", what: "a bucket of a newer provider", kind: "aws:s3/bucketV3:BucketV3", add: pulumi.Map{}},
		{rule: "known-types", what: "a native bucket", kind: "aws:cloudcontrol/resource:Resource", add: pulumi.Map{"typeName": text("AWS::S3::Bucket"), "desiredState": text("{}")}},
		{rule: "known-types", what: "a CloudFormation stack", kind: "aws:cloudformation/stack:Stack", add: pulumi.Map{"templateBody": text("{}")}},
	}
}

// target is the name of the resource that the mutation harms, chosen among those
// that are not taken; ok is false when there is none left.
func (m mutation) target(i int, names map[string][]string, taken map[string]bool) (name string, ok bool) {
	switch {
	case m.stack:
		name = "guarded-dev"
	case m.add != nil:
		name = fmt.Sprintf("harm-%d", i)
	default:
		for _, candidate := range names[m.kind] {
			if strings.HasSuffix(candidate, m.name) && !taken[candidate] {
				return candidate, true
			}
		}
		return "", false
	}
	return name, !taken[name]
}

// batch is mutations that harm resources of different names, so that one preview
// shows for each what it trips.
type batch map[string]mutation // by the name of the resource

// batches puts mutations together, in as few previews as their targets allow.
func batches(t *testing.T, all []mutation, names map[string][]string) []batch {
	t.Helper()
	var list []batch
	for i, m := range all {
		placed := false
		for _, b := range list {
			taken := map[string]bool{}
			for name := range b {
				taken[name] = true
			}
			if name, ok := m.target(i, names, taken); ok {
				b[name], placed = m, true
				break
			}
		}
		if !placed {
			name, ok := m.target(i, names, nil)
			if !ok {
				t.Fatalf("%s (%s): the program has no %s named %s", m.rule, m.what, m.kind, m.name)
			}
			list = append(list, batch{name: m})
		}
	}
	return list
}

// harmed is the program with the mutations.
func (b batch) harmed(program pulumi.RunFunc) pulumi.RunFunc {
	return func(ctx *pulumi.Context) error {
		if err := ctx.RegisterResourceTransform(func(_ context.Context, args *pulumi.ResourceTransformArgs) *pulumi.ResourceTransformResult {
			for target, m := range b {
				hit := args.Name == target || m.stack && strings.HasSuffix(args.Name, m.name)
				if m.change != nil && m.kind == args.Type && hit {
					m.change(args.Props)
					return &pulumi.ResourceTransformResult{Props: args.Props, Opts: args.Opts}
				}
			}
			return nil
		}); err != nil {
			return err
		}
		if err := program(ctx); err != nil {
			return err
		}
		for name, m := range b {
			if m.add == nil {
				continue
			}
			if err := ctx.RegisterResource(m.kind, name, tagged(m.add), &raw{}); err != nil {
				return err
			}
		}
		return nil
	}
}

// manySources gives each mutation a delivery stream, a subscription and a log
// group of its own to harm.
func manySources() string {
	var list []string
	for i := range 8 {
		list = append(list, fmt.Sprintf(`{"name":"app%d","logGroup":"/app/%d","filterPattern":"{ $.level = * }","createLogGroup":true}`, i, i))
	}
	return "[" + strings.Join(list, ",") + "]"
}

// strict is the configuration of prod with everything demanded that a stage may
// demand.
func strict(t *testing.T) string {
	t.Helper()
	file, err := os.ReadFile(filepath.Join("config", "prod.json"))
	if err != nil {
		t.Fatal(err)
	}
	config := map[string]map[string]any{}
	if err := json.Unmarshal(file, &config); err != nil {
		t.Fatal(err)
	}
	for _, rule := range []string{"logs-filter-pattern", "removal-protection", "stack-alarm", "stack-budget-alarm", "stack-budget"} {
		if config[rule] == nil {
			config[rule] = map[string]any{}
		}
		config[rule]["demanded"] = true
	}
	text, err := json.Marshal(config)
	if err != nil {
		t.Fatal(err)
	}
	return writeConfig(t, string(text))
}

func TestEachMutationOfTheProjectTripsExactlyItsRule(t *testing.T) {
	t.Parallel()
	packConfig := strict(t)
	config := stageConfig(t, "prod")
	config["crawlerless:sources"] = auto.ConfigValue{Value: manySources()}
	config["crawlerless:generator"] = auto.ConfigValue{Value: "true"}
	program := func(config auto.ConfigMap, budget bool) pulumi.RunFunc {
		own := project(t, config)
		return func(ctx *pulumi.Context) error {
			if err := own(ctx); err != nil || !budget {
				return err
			}
			return ctx.RegisterResource("aws:budgets/budget:Budget", "budget", tagged(pulumi.Map{"budgetType": pulumi.String("COST")}), &raw{})
		}
	}
	// Without harm nothing is tripped; and the resources are learnt.
	names := map[string][]string{}
	unharmed := preview(t, program(config, true), packConfig, config)
	if unharmed.err != nil || len(unharmed.violations) > 0 {
		t.Fatalf("the program unharmed: %v %v", unharmed.err, unharmed.violations)
	}
	for _, urn := range unharmed.resources {
		names[string(urn.Type())] = append(names[string(urn.Type())], urn.Name())
	}
	for _, list := range names {
		slices.Sort(list) // the engine's order is another each time
	}
	for i, b := range batches(t, mutations(), names) {
		t.Run(fmt.Sprintf("preview %d of %d mutations", i, len(b)), func(t *testing.T) {
			t.Parallel()
			config := maps.Clone(config)
			budget := true
			for _, m := range b {
				for key, value := range m.config {
					config[key] = auto.ConfigValue{Value: value}
				}
				budget = budget && !m.missing
			}
			v := preview(t, b.harmed(program(config, budget)), packConfig, config)
			if v.err == nil {
				t.Errorf("preview %d passed", i)
			}
			tripped := map[string]bool{}
			for _, violation := range v.violations {
				name := resource.URN(violation.ResourceURN).Name()
				m, ok := b[name]
				if !ok || m.rule != violation.PolicyName || violation.EnforcementLevel != "mandatory" {
					t.Errorf("preview %d: nothing was to trip %s at %s: %s", i, violation.PolicyName, name, violation.Message)
				}
				tripped[name] = true
			}
			for name, m := range b {
				if !tripped[name] {
					t.Errorf("%s: %s at %s did not trip it", m.rule, m.what, name)
				}
			}
		})
	}
}

func TestEveryRuleHasAMutation(t *testing.T) {
	var harmed []string
	for _, m := range mutations() {
		harmed = append(harmed, m.rule)
	}
	for _, g := range guardrails.All() {
		if !g.Mends() && !slices.Contains(harmed, g.Name) {
			t.Errorf("no mutation trips %s", g.Name)
		}
	}
}
