package provider

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/archive"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/asset"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc/status"

	"crawlerless/localaws"
	"crawlerless/localaws/localawstest"
	"crawlerless/localaws/wire"
)

// fault breaks the n-th call to AWS, counted from 1, in one way.
type fault struct {
	mu   sync.Mutex
	n    int
	lost bool // it happens, but no answer comes; else it is refused
	hit  string
}

func (f *fault) set(n int, lost bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.n, f.lost, f.hit = n, lost, ""
}

func (f *fault) was() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.n = 0
	return f.hit
}

func (f *fault) intercept(_ context.Context, service, operation string, caller wire.Caller, next func() error) error {
	f.mu.Lock()
	due := false
	if caller.Service == "" && caller.Role == "" && f.n > 0 {
		f.n--
		due = f.n == 0
	}
	if due {
		f.hit = service + ":" + operation
	}
	lost := f.lost
	f.mu.Unlock()
	if !due {
		return next()
	}
	if !lost {
		return &wire.Error{Code: "AccessDeniedException", Message: "no", Status: http.StatusForbidden}
	}
	if err := next(); err != nil {
		return err
	}
	return wire.ErrLostResponse
}

// bench is a provider on a localaws whose calls can be broken.
type bench struct {
	*engine
	fault  *fault
	server *localaws.Server
}

func newBench(t *testing.T) *bench {
	t.Helper()
	f := &fault{}
	server := localawstest.Start(t, localaws.Options{Interceptor: f.intercept})
	cfg := server.Config()
	cfg.Retryer = func() aws.Retryer {
		return retry.NewStandard(func(o *retry.StandardOptions) {
			o.Backoff = retry.BackoffDelayerFunc(func(int, error) (time.Duration, error) { return time.Millisecond, nil })
		})
	}
	return &bench{serve(t, Options{Endpoint: server.Endpoint(), Config: cfg, Patience: 200 * time.Millisecond}).configure(nil), f, server}
}

func (b *bench) create(token string, in resource.PropertyMap) (string, resource.PropertyMap, error) {
	r, err := b.Create(b.t.Context(), &pulumirpc.CreateRequest{Urn: urnOf(token, "x"), Properties: b.packMap(in)})
	if err != nil {
		for _, d := range status.Convert(err).Details() {
			if failed, ok := d.(*pulumirpc.ErrorResourceInitFailed); ok {
				return failed.Id, b.unpack(failed.Properties), err
			}
		}
		return "", nil, err
	}
	return r.Id, b.unpack(r.Properties), nil
}

func (b *bench) must(token string, in map[string]any) (string, resource.PropertyMap) {
	b.t.Helper()
	id, out, err := b.create(token, b.check(token, "x", in))
	if err != nil {
		b.t.Fatal(err)
	}
	return id, out
}

func (b *bench) remove(token, id string, props resource.PropertyMap) {
	b.t.Helper()
	_, err := b.Delete(b.t.Context(), &pulumirpc.DeleteRequest{Urn: urnOf(token, "x"), Id: id, Properties: b.packMap(props)})
	if err != nil {
		b.t.Fatalf("delete %s %s: %v", token, id, err)
	}
	if token == "aws:sqs/queue:Queue" { // whose name is free again after a minute only
		if err := b.server.Clock.Advance(b.t.Context(), 61*time.Second); err != nil {
			b.t.Fatal(err)
		}
	}
}

func (b *bench) read(token, id string, props resource.PropertyMap) (string, resource.PropertyMap, resource.PropertyMap) {
	b.t.Helper()
	r, err := b.Read(b.t.Context(), &pulumirpc.ReadRequest{Urn: urnOf(token, "x"), Id: id, Properties: b.packMap(props)})
	if err != nil {
		b.t.Fatalf("read %s %s: %v", token, id, err)
	}
	if r.Id == "" {
		return "", nil, nil
	}
	return r.Id, b.unpack(r.Properties), b.unpack(r.Inputs)
}

func (b *bench) differences(token, id string, olds, news resource.PropertyMap) []string {
	b.t.Helper()
	r, err := b.Diff(b.t.Context(), &pulumirpc.DiffRequest{Urn: urnOf(token, "x"), Id: id, Olds: b.packMap(olds), News: b.packMap(news)})
	if err != nil {
		b.t.Fatal(err)
	}
	var paths []string
	for p := range r.DetailedDiff {
		paths = append(paths, p)
	}
	return paths
}

// sample is a resource type with inputs, and other ones that update it.
type sample struct {
	token string
	in    map[string]any
	other map[string]any // merged over in; nil: every change replaces
}

const trustPolicy = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":["lambda.amazonaws.com","firehose.amazonaws.com","states.amazonaws.com","logs.amazonaws.com"]},"Action":"sts:AssumeRole"}]}`

// samples are all resource types, on resources that are there already.
func (b *bench) samples() []sample {
	tags := map[string]any{"stage": "dev"}
	more := map[string]any{"tags": map[string]any{"stage": "prod", "owner": "me"}}
	_, bucket := b.must(bucketToken, map[string]any{"bucket": "base", "forceDestroy": true})
	_, role := b.must(roleToken, map[string]any{"name": "base", "assumeRolePolicy": trustPolicy})
	_, group := b.must(logGroupToken, map[string]any{"name": "base"})
	queueURL, queue := b.must("aws:sqs/queue:Queue", map[string]any{"name": "base"})
	_, rule := b.must("aws:cloudwatch/eventRule:EventRule", map[string]any{"name": "base", "eventPattern": `{"source":["x"]}`})
	_, db := b.must("aws:glue/catalogDatabase:CatalogDatabase", map[string]any{"name": "base"})
	policyARN, _ := b.must("aws:iam/policy:Policy", map[string]any{"name": "base", "policy": policyOn("arn:aws:s3:::base/*")})
	_, _ = b.must("aws:iam/rolePolicy:RolePolicy", map[string]any{"name": "base", "role": "base", "policy": `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["s3:*","firehose:*"],"Resource":"*"}]}`})
	_, dead := b.must("aws:sqs/queue:Queue", map[string]any{"name": "dead"})
	streamARN, _ := b.must(streamToken, map[string]any{"name": "base", "destination": "extended_s3", "extendedS3Configuration": map[string]any{"bucketArn": str1(bucket["arn"]), "roleArn": str1(role["arn"])}})
	text, err := asset.FromText("#!/bin/sh\nexit 0\n")
	if err != nil {
		b.t.Fatal(err)
	}
	code, err := archive.FromAssets(map[string]any{"bootstrap": text})
	if err != nil {
		b.t.Fatal(err)
	}
	fn := map[string]any{"name": "f", "role": str1(role["arn"]), "runtime": "provided.al2023", "handler": "bootstrap", "architectures": []any{"arm64"}, "code": code, "tags": tags}
	base := map[string]any{}
	for k, v := range fn {
		base[k] = v
	}
	base["name"] = "base"
	_, _ = b.must("aws:lambda/function:Function", base)
	other := map[string]any{"bucket": "base"}
	with := func(m map[string]any) map[string]any {
		for k, v := range other {
			m[k] = v
		}
		return m
	}
	return []sample{
		{bucketToken, map[string]any{"bucket": "bkt", "tags": tags}, more},
		{"aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock", with(map[string]any{"blockPublicAcls": true}), map[string]any{"blockPublicPolicy": true}},
		{"aws:s3/bucketPolicy:BucketPolicy", with(map[string]any{"policy": bucketPolicyOn("base", "s3:GetObject")}), map[string]any{"policy": bucketPolicyOn("base", "s3:PutObject")}},
		{"aws:s3/bucketServerSideEncryptionConfigurationV2:BucketServerSideEncryptionConfigurationV2", with(map[string]any{"rules": []any{map[string]any{"applyServerSideEncryptionByDefault": map[string]any{"sseAlgorithm": "AES256"}}}}), map[string]any{"rules": []any{map[string]any{"bucketKeyEnabled": true, "applyServerSideEncryptionByDefault": map[string]any{"sseAlgorithm": "aws:kms"}}}}},
		{"aws:s3/bucketOwnershipControls:BucketOwnershipControls", with(map[string]any{"rule": map[string]any{"objectOwnership": "BucketOwnerEnforced"}}), nil},
		{"aws:s3/bucketLifecycleConfigurationV2:BucketLifecycleConfigurationV2", with(map[string]any{"rules": []any{map[string]any{"id": "r", "status": "Enabled", "expiration": map[string]any{"days": 7}}}}), map[string]any{"rules": []any{map[string]any{"id": "r", "status": "Enabled", "filter": map[string]any{"prefix": "logs/"}, "expiration": map[string]any{"days": 9}}}}},
		{"aws:s3/bucketNotification:BucketNotification", with(map[string]any{"eventbridge": true}), map[string]any{"eventbridge": false}},
		{"aws:s3/bucketVersioningV2:BucketVersioningV2", with(map[string]any{"versioningConfiguration": map[string]any{"status": "Enabled"}}), map[string]any{"versioningConfiguration": map[string]any{"status": "Suspended"}}},

		{logGroupToken, map[string]any{"name": "g", "retentionInDays": 7, "tags": tags}, map[string]any{"retentionInDays": 14, "tags": more["tags"]}},
		{"aws:cloudwatch/logStream:LogStream", map[string]any{"name": "s", "logGroupName": str1(group["name"])}, nil},
		{"aws:cloudwatch/logResourcePolicy:LogResourcePolicy", map[string]any{"policyName": "p", "policyDocument": logsPolicy("logs:PutLogEvents")}, map[string]any{"policyDocument": logsPolicy("logs:CreateLogStream")}},
		{"aws:cloudwatch/logMetricFilter:LogMetricFilter", map[string]any{"name": "m", "logGroupName": "base", "pattern": "ERROR", "metricTransformation": map[string]any{"name": "n", "namespace": "ns", "value": "1"}}, map[string]any{"pattern": "WARN"}},

		{roleToken, map[string]any{"name": "r", "assumeRolePolicy": trustPolicy, "tags": tags}, map[string]any{"description": "d", "maxSessionDuration": 7200, "tags": more["tags"]}},
		{"aws:iam/rolePolicy:RolePolicy", map[string]any{"name": "p", "role": "base", "policy": policyOn("arn:aws:s3:::a")}, map[string]any{"policy": policyOn("arn:aws:s3:::b")}},
		{"aws:iam/policy:Policy", map[string]any{"name": "p", "policy": policyOn("arn:aws:s3:::a"), "tags": tags}, map[string]any{"policy": policyOn("arn:aws:s3:::b"), "tags": more["tags"]}},
		{"aws:iam/rolePolicyAttachment:RolePolicyAttachment", map[string]any{"role": "base", "policyArn": policyARN}, nil},

		{"aws:sqs/queue:Queue", map[string]any{"name": "q", "tags": tags, "visibilityTimeoutSeconds": 60}, map[string]any{"visibilityTimeoutSeconds": 90, "tags": more["tags"]}},
		{"aws:sqs/queuePolicy:QueuePolicy", map[string]any{"queueUrl": queueURL, "policy": queuePolicyOn(str1(queue["arn"]), "1")}, map[string]any{"policy": queuePolicyOn(str1(queue["arn"]), "2")}},
		{"aws:cloudwatch/eventRule:EventRule", map[string]any{"name": "e", "eventPattern": `{"source":["aws.s3"]}`, "tags": tags}, map[string]any{"state": "DISABLED", "tags": more["tags"]}},
		{"aws:cloudwatch/eventTarget:EventTarget", map[string]any{"rule": str1(rule["name"]), "targetId": "t", "arn": str1(queue["arn"])}, map[string]any{"retryPolicy": map[string]any{"maximumEventAgeInSeconds": 60, "maximumRetryAttempts": 0}}},
		{streamToken, map[string]any{"name": "s", "destination": "extended_s3", "tags": tags, "extendedS3Configuration": map[string]any{"bucketArn": str1(bucket["arn"]), "roleArn": str1(role["arn"]), "bufferingSize": 64, "compressionFormat": "GZIP"}}, map[string]any{"tags": more["tags"], "extendedS3Configuration": map[string]any{"bucketArn": str1(bucket["arn"]), "roleArn": str1(role["arn"]), "bufferingSize": 128, "compressionFormat": "GZIP"}}},

		{"aws:glue/catalogDatabase:CatalogDatabase", map[string]any{"name": "d", "tags": tags}, map[string]any{"description": "d", "tags": more["tags"]}},
		{"aws:glue/catalogTable:CatalogTable", map[string]any{"name": "t", "databaseName": str1(db["name"]), "storageDescriptor": map[string]any{"location": "s3://base/", "columns": []any{map[string]any{"name": "a", "type": "string"}}}}, map[string]any{"description": "d"}},
		{"aws:lambda/function:Function", fn, map[string]any{"memorySize": 256, "timeout": 10, "tags": more["tags"], "environment": map[string]any{"variables": map[string]any{"KEY": "b"}}}},
		{"aws:lambda/permission:Permission", map[string]any{"statementId": "s", "function": "base", "action": "lambda:InvokeFunction", "principal": "events.amazonaws.com", "sourceArn": str1(rule["arn"])}, nil},
		{"aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig", map[string]any{"functionName": "base", "maximumRetryAttempts": 0}, map[string]any{"maximumRetryAttempts": 1}},

		{"aws:cloudwatch/metricAlarm:MetricAlarm", map[string]any{"name": "a", "comparisonOperator": "GreaterThanThreshold", "evaluationPeriods": 1, "threshold": 1, "metricName": "m", "namespace": "n", "period": 60, "statistic": "Sum", "tags": tags}, map[string]any{"threshold": 2.5, "tags": more["tags"]}},
		{"aws:cloudwatch/dashboard:Dashboard", map[string]any{"dashboardName": "d", "dashboardBody": `{"widgets":[]}`}, map[string]any{"dashboardBody": `{"widgets":[{"type":"text","width":6,"height":3,"properties":{"markdown":"m"}}]}`}},
		{"aws:cloudwatch/logSubscriptionFilter:LogSubscriptionFilter", map[string]any{"name": "f", "logGroup": "base", "filterPattern": "", "destinationArn": streamARN, "roleArn": str1(role["arn"])}, map[string]any{"filterPattern": "ERROR"}},
		{"aws:sqs/redrivePolicy:RedrivePolicy", map[string]any{"queueUrl": queueURL, "redrivePolicy": `{"deadLetterTargetArn":"` + str1(dead["arn"]) + `","maxReceiveCount":3}`}, map[string]any{"redrivePolicy": `{"maxReceiveCount":5,"deadLetterTargetArn":"` + str1(dead["arn"]) + `"}`}},
		{"aws:sfn/stateMachine:StateMachine", map[string]any{"name": "m", "roleArn": str1(role["arn"]), "type": "EXPRESS", "definition": `{"StartAt":"A","States":{"A":{"Type":"Succeed"}}}`, "tags": tags}, map[string]any{"definition": `{"StartAt":"B","States":{"B":{"Type":"Succeed"}}}`, "tags": more["tags"]}},
		{"aws:athena/workgroup:Workgroup", map[string]any{"name": "w", "forceDestroy": true, "tags": tags, "configuration": map[string]any{"bytesScannedCutoffPerQuery": 10485760, "resultConfiguration": map[string]any{"outputLocation": "s3://base/results/"}}}, map[string]any{"description": "d", "tags": more["tags"], "configuration": map[string]any{"resultConfiguration": map[string]any{"outputLocation": "s3://base/other/"}}}},
		{"aws:budgets/budget:Budget", map[string]any{"name": "b", "budgetType": "COST", "timeUnit": "MONTHLY", "limitAmount": "10", "limitUnit": "USD"}, map[string]any{"limitAmount": "20"}},
	}
}

func str1(v resource.PropertyValue) string { return v.StringValue() }

func policyOn(arn string) string {
	return `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:GetObject","Resource":"` + arn + `"}]}`
}

func bucketPolicyOn(bucket, action string) string {
	return `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::000000000000:root"},"Action":"` + action + `","Resource":"arn:aws:s3:::` + bucket + `/*"}]}`
}

func logsPolicy(action string) string {
	return `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"events.amazonaws.com"},"Action":"` + action + `","Resource":"*"}]}`
}

func queuePolicyOn(arn, sid string) string {
	return `{"Version":"2012-10-17","Statement":[{"Sid":"` + sid + `","Effect":"Allow","Principal":{"Service":"events.amazonaws.com"},"Action":"sqs:SendMessage","Resource":"` + arn + `"}]}`
}

func merged(a, b map[string]any) map[string]any {
	m := map[string]any{}
	for k, v := range a {
		m[k] = v
	}
	for k, v := range b {
		m[k] = v
	}
	return m
}

func TestLifeOfEveryType(t *testing.T) {
	b := newBench(t)
	for _, s := range b.samples() {
		t.Run(strings.TrimPrefix(s.token, "aws:"), func(t *testing.T) {
			b := &bench{&engine{t, b.ResourceProviderClient}, b.fault, b.server}
			in := b.check(s.token, "x", s.in)
			id, out, err := b.create(s.token, in)
			if err != nil {
				t.Fatal(err)
			}
			if d := b.differences(s.token, id, out, in); len(d) > 0 {
				t.Errorf("what was made differs from what was asked for: %v", d)
			}
			_, again, _ := b.read(s.token, id, out)
			if d := b.differences(s.token, id, again, in); len(d) > 0 {
				t.Errorf("what is read differs from what was asked for: %v", d)
			}
			if importable(s.token) {
				_, imported, inputs := b.read(s.token, id, nil)
				if d := b.differences(s.token, id, imported, b.check(s.token, "x", inputs.Mappable())); len(d) > 0 {
					t.Errorf("the inputs of an import do not make what was imported: %v", d)
				}
			}
			if s.other != nil {
				news := b.check(s.token, "x", merged(s.in, s.other))
				if d := b.differences(s.token, id, out, news); len(d) == 0 {
					t.Error("a change is not seen")
				}
				r, err := b.Update(t.Context(), &pulumirpc.UpdateRequest{Urn: urnOf(s.token, "x"), Id: id, Olds: b.packMap(out), News: b.packMap(news)})
				if err != nil {
					t.Fatal(err)
				}
				out = b.unpack(r.Properties)
				if d := b.differences(s.token, id, out, news); len(d) > 0 {
					t.Errorf("what was updated differs from what was asked for: %v", d)
				}
			}
			b.remove(s.token, id, out)
			if got, _, _ := b.read(s.token, id, out); got != "" && !permanent(s.token) {
				t.Error("it is there after it was deleted")
			}
			b.remove(s.token, id, out) // a second time is success
		})
	}
}

// importable: an id alone says what to read. Of the others the real provider's
// id does not hold all of it either.
func importable(token string) bool {
	switch token {
	case "aws:cloudwatch/logSubscriptionFilter:LogSubscriptionFilter", "aws:cloudwatch/logMetricFilter:LogMetricFilter", "aws:cloudwatch/logStream:LogStream", "aws:cloudwatch/eventTarget:EventTarget",
		"aws:lambda/permission:Permission", "aws:lambda/function:Function":
		return false
	}
	return true
}

// permanent: what is always there, and only goes back to its default.
func permanent(token string) bool {
	switch token {
	case "aws:s3/bucketNotification:BucketNotification", "aws:s3/bucketVersioningV2:BucketVersioningV2",
		"aws:s3/bucketServerSideEncryptionConfigurationV2:BucketServerSideEncryptionConfigurationV2":
		return true
	}
	return false
}

// A call that is refused in the middle of a creation: either nothing was made,
// or the engine is told of it, so that it can be deleted. Either way the same
// creation succeeds afterwards, which it would not if something had leaked.
func TestNothingLeaksWhenACallOfACreationIsRefused(t *testing.T) {
	b := newBench(t)
	for _, s := range b.samples() {
		for n := 1; ; n++ {
			in := b.check(s.token, "x", s.in)
			b.fault.set(n, false)
			id, out, err := b.create(s.token, in)
			hit := b.fault.was()
			if hit == "" {
				if err != nil {
					t.Fatalf("%s: %v", s.token, err)
				}
				b.remove(s.token, id, out)
				break
			}
			if err == nil { // of what may be missing
				b.remove(s.token, id, out)
				continue
			}
			for _, want := range []string{s.token, "AccessDenied", hit[strings.IndexByte(hit, ':')+1:]} {
				if !strings.Contains(strings.ReplaceAll(err.Error(), "Forbidden", "AccessDenied"), want) {
					t.Errorf("%s refused: the error does not name %s: %v", hit, want, err)
				}
			}
			if id != "" {
				b.remove(s.token, id, out)
			}
			id, out, err = b.create(s.token, in)
			if err != nil {
				t.Errorf("%s of %s refused: something leaked: %v", hit, s.token, err)
				continue
			}
			b.remove(s.token, id, out)
		}
	}
}

// An answer that is lost makes the SDK ask again. What was created by the first
// request is then there already: by ourselves.
func TestALostAnswerIsNoFailure(t *testing.T) {
	b := newBench(t)
	for _, s := range b.samples() {
		for n := 1; n < 30; n++ {
			in := b.check(s.token, "x", s.in)
			b.fault.set(n, true)
			id, out, err := b.create(s.token, in)
			if err != nil {
				t.Fatalf("%s: %v", s.token, err)
			}
			ended := b.fault.was() == ""
			b.fault.set(n, true)
			b.remove(s.token, id, out)
			if hit := b.fault.was(); ended && hit == "" {
				break
			}
		}
	}
}

func TestAWaitEndsWithTheEngine(t *testing.T) {
	f := &fault{}
	server := localawstest.Start(t, localaws.Options{Interceptor: func(ctx context.Context, service, operation string, c wire.Caller, next func() error) error {
		if operation == "DescribeDeliveryStream" {
			return &wire.Error{Code: "ResourceNotFoundException", Message: "not yet"}
		}
		return f.intercept(ctx, service, operation, c, next)
	}})
	b := &bench{serve(t, Options{Endpoint: server.Endpoint(), Config: server.Config()}).configure(nil), f, server}
	_, bucket := b.must(bucketToken, map[string]any{"bucket": "base"})
	_, role := b.must(roleToken, map[string]any{"name": "base", "assumeRolePolicy": trustPolicy})
	_, _ = b.must("aws:iam/rolePolicy:RolePolicy", map[string]any{"name": "base", "role": "base", "policy": policyOn("arn:aws:s3:::base/*")})
	in := b.check(streamToken, "x", map[string]any{"name": "s", "destination": "extended_s3", "extendedS3Configuration": map[string]any{"bucketArn": str1(bucket["arn"]), "roleArn": str1(role["arn"])}})
	r, err := b.Create(t.Context(), &pulumirpc.CreateRequest{Urn: urnOf(streamToken, "x"), Properties: b.packMap(in), Timeout: 0.05})
	if err == nil {
		t.Fatalf("created %v", r)
	}
	var told bool
	for _, d := range status.Convert(err).Details() {
		failed, ok := d.(*pulumirpc.ErrorResourceInitFailed)
		told = ok && failed.Id == "arn:aws:firehose:us-east-1:000000000000:deliverystream/s"
	}
	if !told || !strings.Contains(err.Error(), "not done after 50ms") {
		t.Errorf("the engine is not told what was made or why it failed: %v", fmt.Sprint(err))
	}
}
