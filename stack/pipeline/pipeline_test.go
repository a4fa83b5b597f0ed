package pipeline

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// recorder is an engine that says yes, and keeps what it was asked for.
type recorder struct {
	mu        sync.Mutex
	resources []pulumi.MockResourceArgs
}

func (r *recorder) NewResource(args pulumi.MockResourceArgs) (string, resource.PropertyMap, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.resources = append(r.resources, args)
	out := args.Inputs.Copy()
	for _, name := range []string{"name", "bucket"} {
		if _, ok := out[resource.PropertyKey(name)]; !ok {
			out[resource.PropertyKey(name)] = resource.NewProperty(args.Name)
		}
	}
	out["arn"] = resource.NewProperty("arn:aws:mock:us-east-1:123456789012:" + args.TypeToken + "/" + args.Name)
	out["url"] = resource.NewProperty("https://sqs.us-east-1.amazonaws.com/123456789012/" + args.Name)
	return args.Name, out, nil
}

func (r *recorder) Call(args pulumi.MockCallArgs) (resource.PropertyMap, error) {
	return resource.PropertyMap{
		"accountId": resource.NewProperty("123456789012"),
		"name":      resource.NewProperty("us-east-1"),
		"partition": resource.NewProperty("aws"),
	}, nil
}

// deployed runs Deploy for a stage without an engine.
func deployed(t *testing.T, stage string, config Config) []pulumi.MockResourceArgs {
	t.Helper()
	zip := filepath.Join(t.TempDir(), "f.zip")
	if err := os.WriteFile(zip, []byte("PK\x05\x06"+strings.Repeat("\x00", 18)), 0o600); err != nil {
		t.Fatal(err)
	}
	r := &recorder{}
	err := pulumi.RunErr(func(ctx *pulumi.Context) error {
		_, err := Deploy(ctx, config, Code{Extract: zip, Catalog: zip, Generate: zip})
		return err
	}, pulumi.WithMocks("crawlerless", stage, r))
	if err != nil {
		t.Fatal(err)
	}
	return r.resources
}

func full(t *testing.T) Config {
	t.Helper()
	c, err := load(t, map[string]string{"sources": `[{"name":"app","createLogGroup":true},{"name":"edge-logs","logGroup":"/aws/vpc/edge"}]`})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func only(all []pulumi.MockResourceArgs, token string) (found []pulumi.MockResourceArgs) {
	for _, r := range all {
		if r.TypeToken == token {
			found = append(found, r)
		}
	}
	return found
}

func TestAStageHasExactlyTheResourcesOfThePipeline(t *testing.T) {
	count := map[string]int{}
	for _, r := range deployed(t, "test", full(t)) {
		count[r.TypeToken]++
	}
	want := map[string]int{
		"crawlerless:index:Pipeline":                                                                 1,
		"aws:s3/bucketV2:BucketV2":                                                                   2,
		"aws:s3/bucketPolicy:BucketPolicy":                                                           2,
		"aws:s3/bucketNotification:BucketNotification":                                               1,
		"aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock":                                     2,
		"aws:s3/bucketOwnershipControls:BucketOwnershipControls":                                     2,
		"aws:s3/bucketLifecycleConfigurationV2:BucketLifecycleConfigurationV2":                       2,
		"aws:s3/bucketServerSideEncryptionConfigurationV2:BucketServerSideEncryptionConfigurationV2": 2,
		"aws:cloudwatch/logGroup:LogGroup":                                                           6, // generate, app, extract, catalog, states, firehose
		"aws:cloudwatch/logStream:LogStream":                                                         3,
		"aws:cloudwatch/logSubscriptionFilter:LogSubscriptionFilter":                                 3,
		"aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream":                                  3,
		"aws:cloudwatch/eventRule:EventRule":                                                         1,
		"aws:cloudwatch/eventTarget:EventTarget":                                                     1,
		"aws:sfn/stateMachine:StateMachine":                                                          1,
		"aws:lambda/function:Function":                                                               3,
		"aws:sqs/queue:Queue":                                                                        1,
		"aws:sqs/queuePolicy:QueuePolicy":                                                            1,
		"aws:glue/catalogDatabase:CatalogDatabase":                                                   1,
		"aws:glue/catalogTable:CatalogTable":                                                         3,
		"aws:athena/workgroup:Workgroup":                                                             1,
		"aws:iam/role:Role":                                                                          11, // 3 functions, states, events, 3 streams, 3 subscriptions
		"aws:iam/rolePolicy:RolePolicy":                                                              11,
		"aws:cloudwatch/metricAlarm:MetricAlarm":                                                     6,
	}
	if !maps.Equal(count, want) {
		for _, k := range slices.Sorted(maps.Keys(want)) {
			if count[k] != want[k] {
				t.Errorf("%s: %d, want %d", k, count[k], want[k])
			}
		}
		for _, k := range slices.Sorted(maps.Keys(count)) {
			if want[k] == 0 {
				t.Errorf("%s: %d, want none", k, count[k])
			}
		}
	}
}

// statements decodes the policy document in a property.
func statements(t *testing.T, r pulumi.MockResourceArgs, property string) []map[string]any {
	t.Helper()
	var doc struct {
		Version   string
		Statement []map[string]any
	}
	if err := json.Unmarshal([]byte(r.Inputs[resource.PropertyKey(property)].StringValue()), &doc); err != nil {
		t.Fatalf("%s.%s: %v", r.Name, property, err)
	}
	if doc.Version != "2012-10-17" || len(doc.Statement) == 0 {
		t.Fatalf("%s.%s: %+v", r.Name, property, doc)
	}
	return doc.Statement
}

// Only the log delivery actions, which have no resource-level permissions, may
// name every resource; none may name every action.
func TestNoPolicyAllowsMoreThanNamedActionsOnNamedResources(t *testing.T) {
	for _, r := range only(deployed(t, "test", full(t)), "aws:iam/rolePolicy:RolePolicy") {
		for _, s := range statements(t, r, "policy") {
			for _, a := range list(s["Action"]) {
				if strings.Contains(a, "*") {
					t.Errorf("%s allows the action %s", r.Name, a)
				}
			}
			for _, res := range list(s["Resource"]) {
				if res != "*" {
					continue
				}
				for _, a := range list(s["Action"]) {
					if !regexp.MustCompile(`^logs:(\w+LogDeliver(y|ies)|PutResourcePolicy|DescribeResourcePolicies|DescribeLogGroups)$`).MatchString(a) {
						t.Errorf("%s allows %s on every resource", r.Name, a)
					}
				}
			}
		}
	}
}

func TestEveryTrustPolicyHasASourceCondition(t *testing.T) {
	for _, r := range only(deployed(t, "test", full(t)), "aws:iam/role:Role") {
		for _, s := range statements(t, r, "assumeRolePolicy") {
			text := fmt.Sprint(s["Condition"])
			if !strings.Contains(text, "123456789012") {
				t.Errorf("%s trusts without a source: %v", r.Name, s)
			}
		}
	}
}

func TestNothingWritesWhereAQueryReadsErrors(t *testing.T) {
	for _, r := range only(deployed(t, "test", full(t)), "aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream") {
		s3 := r.Inputs["extendedS3Configuration"].ObjectValue()
		prefix, errors := s3["prefix"].StringValue(), s3["errorOutputPrefix"].StringValue()
		if !strings.HasPrefix(prefix, LogsPrefix) || strings.HasPrefix(errors, LogsPrefix) || !strings.Contains(errors, "!{firehose:error-output-type}") {
			t.Errorf("%s writes to %s, errors to %s", r.Name, prefix, errors)
		}
	}
}

func TestThePipelineRefusesToReadItsOwnLogs(t *testing.T) {
	for _, group := range []string{"/aws/lambda/crawlerless-test-extract", "/aws/vendedlogs/states/crawlerless-test-catalogue", "/crawlerless/test/firehose"} {
		c := full(t)
		c.Sources = []Source{{Name: "loop", LogGroup: group}}
		err := pulumi.RunErr(func(ctx *pulumi.Context) error {
			_, err := Deploy(ctx, c, Code{Extract: "x.zip", Catalog: "x.zip", Generate: "x.zip"})
			return err
		}, pulumi.WithMocks("crawlerless", "test", &recorder{}))
		if err == nil || !strings.Contains(err.Error(), "feed on its own logs") {
			t.Errorf("%s: %v", group, err)
		}
	}
}

func TestTheWorkflowHasAValueForEveryPlaceholder(t *testing.T) {
	filled, err := fillDefinition(map[string]string{"partition": "aws", "extract": "e", "catalog": "c", "deadLetterQueueUrl": "q"})
	if err != nil {
		t.Fatal(err)
	}
	if !json.Valid([]byte(filled)) {
		t.Errorf("not JSON: %s", filled)
	}
	if _, err := fillDefinition(map[string]string{"partition": "aws"}); err == nil || !strings.Contains(err.Error(), "${extract}") {
		t.Errorf("a missing value passes: %v", err)
	}
}

func TestAProjectedTableNeedsNoRegisteredPartition(t *testing.T) {
	c := full(t)
	c.Partitions = Projected
	for _, r := range only(deployed(t, "test", c), "aws:glue/catalogTable:CatalogTable") {
		p := r.Inputs["parameters"].ObjectValue()
		if p["projection.enabled"].StringValue() != "true" || p["projection.hour.digits"].StringValue() != "2" ||
			!strings.HasSuffix(p["storage.location.template"].StringValue(), "/year=${year}/month=${month}/day=${day}/hour=${hour}/") {
			t.Errorf("%s: %v", r.Name, p)
		}
	}
}

func TestProtectionFollowsTheConfiguration(t *testing.T) {
	for _, protect := range []bool{true, false} {
		c := full(t)
		c.Protect = protect
		for _, r := range deployed(t, "test", c) {
			switch r.TypeToken {
			case "aws:s3/bucketV2:BucketV2", "aws:glue/catalogTable:CatalogTable", "aws:glue/catalogDatabase:CatalogDatabase":
				if got := r.RegisterRPC.GetProtect(); got != protect {
					t.Errorf("%s: protect is %v, want %v", r.Name, got, protect)
				}
			}
		}
	}
}

func list(v any) []string {
	switch v := v.(type) {
	case string:
		return []string{v}
	case []any:
		all := make([]string, len(v))
		for i, x := range v {
			all[i] = fmt.Sprint(x)
		}
		return all
	}
	return nil
}
