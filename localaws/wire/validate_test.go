package wire

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	cwtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	logs "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	logstypes "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	ebtypes "github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	firehosetypes "github.com/aws/aws-sdk-go-v2/service/firehose/types"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	gluetypes "github.com/aws/aws-sdk-go-v2/service/glue/types"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	sfntypes "github.com/aws/aws-sdk-go-v2/service/sfn/types"
)

const sample = `# rules of several services
LogGroupName = length 1..512 pattern [\.\-_/#A-Za-z0-9]+
Line         = length ..255 pattern [\u0020-\uD7FF\uE000-\uFFFD\uD800\uDC00-\uDBFF\uDFFF\t]*
Layer        = length 1..140 pattern arn:[a-zA-Z0-9-]+:lambda:[a-zA-Z0-9-]+:\d{12}:layer:[a-zA-Z0-9-_]+:[0-9]+
Secret       = sensitive length ..5
Version      = length 1..1024 pattern [0-9]+
Weight       = range 0..1

FilterLogEventsInput
  LogGroupName required LogGroupName

PutLogEventsInput
  LogGroupName  required
  LogStreamName required
  LogEvents     required length 1..10000

InputLogEvent
  Timestamp required range 0..
  Message   required length 1..

PutMetricFilterInput
  MetricTransformations required length 1..1

MetricTransformation
  MetricName
  MetricNamespace
  MetricValue
  DefaultValue
  Unit
  Dimensions

CreateTableInput
  TableInput required as table

Column
  Name    required
  Comment Line

CreateFunctionInput
  Layers        items Layer
  Architectures length 1..1

UpdateAliasInput
  FunctionName required

AliasRoutingConfiguration
  AdditionalVersionWeights keys Version values Weight

CreateStateMachineInput
  Definition required Secret
  Name       required

CreateConnectionInput
  Name required length 1..64 pattern [\.\-_A-Za-z0-9]+
`

// The messages are AWS's own, from the places named.
func TestWhatIsWrongIsSaidAsAWSSaysIt(t *testing.T) {
	rules, err := parseConstraints(sample)
	if err != nil {
		t.Fatal(err)
	}
	long := "This should fail with two errors 123467890123412341234123412341234"
	transformation := func(name string) logstypes.MetricTransformation {
		return logstypes.MetricTransformation{MetricName: aws.String("metric" + name), MetricNamespace: aws.String("namespace" + name), MetricValue: aws.String("1")}
	}
	for _, tt := range []struct {
		name  string
		input any
		want  string
	}{
		{"nothing", &logs.FilterLogEventsInput{LogGroupName: aws.String("/aws/x")}, ""},
		{
			"two rules of one member: amazon-genomics-cli#430, whose order is the other one", &logs.FilterLogEventsInput{LogGroupName: aws.String("")},
			`2 validation errors detected: Value '' at 'logGroupName' failed to satisfy constraint: Member must satisfy regular expression pattern: [\.\-_/#A-Za-z0-9]+; ` +
				`Value '' at 'logGroupName' failed to satisfy constraint: Member must have length greater than or equal to 1`,
		},
		{
			"a member of an entry: cloudwatch-logs-centralize-logs#5",
			&logs.PutLogEventsInput{LogGroupName: aws.String("g"), LogStreamName: aws.String("s"), LogEvents: []logstypes.InputLogEvent{{Message: aws.String("m")}}},
			"1 validation error detected: Value null at 'logEvents.1.member.timestamp' failed to satisfy constraint: Member must not be null",
		},
		{
			"an empty list: winston-cloudwatch#55",
			&logs.PutLogEventsInput{LogGroupName: aws.String("g"), LogStreamName: aws.String("s"), LogEvents: []logstypes.InputLogEvent{}},
			"1 validation error detected: Value '[]' at 'logEvents' failed to satisfy constraint: Member must have length greater than or equal to 1",
		},
		{
			"structures in a list: LocalStack, test_logs_metric_filters.py",
			&logs.PutMetricFilterInput{MetricTransformations: []logstypes.MetricTransformation{transformation("1"), transformation("2")}},
			"1 validation error detected: Value '[MetricTransformation(metricName=metric1, metricNamespace=namespace1, metricValue=1, defaultValue=null, unit=null, dimensions=null), " +
				"MetricTransformation(metricName=metric2, metricNamespace=namespace2, metricValue=1, defaultValue=null, unit=null, dimensions=null)]' at 'metricTransformations' failed to satisfy constraint: " +
				"Member must have length less than or equal to 1",
		},
		{
			"a name of AWS's own, and a pattern of surrogates: etl_manager#90",
			&glue.CreateTableInput{TableInput: &gluetypes.TableInput{StorageDescriptor: &gluetypes.StorageDescriptor{
				Columns: []gluetypes.Column{{Name: aws.String("a"), Comment: aws.String("well 😀")}, {Name: aws.String("b"), Comment: aws.String("two\nlines")}},
			}}},
			"1 validation error detected: Value 'two\nlines' at 'table.storageDescriptor.columns.2.member.comment' failed to satisfy constraint: " +
				`Member must satisfy regular expression pattern: [\u0020-\uD7FF\uE000-\uFFFD\uD800\uDC00-\uDBFF\uDFFF\t]*`,
		},
		{
			"an entry that is no structure: LocalStack, test_lambda_api.py",
			&lambda.CreateFunctionInput{Architectures: []lambdatypes.Architecture{"X86_64"}},
			"1 validation error detected: Value '[X86_64]' at 'architectures' failed to satisfy constraint: Member must satisfy constraint: [Member must satisfy enum value set: [x86_64, arm64], Member must not be null]",
		},
		{
			"two entries for one: LocalStack, test_lambda_api.py",
			&lambda.CreateFunctionInput{Architectures: []lambdatypes.Architecture{"x86_64", "arm64"}},
			"1 validation error detected: Value '[x86_64, arm64]' at 'architectures' failed to satisfy constraint: Member must have length less than or equal to 1",
		},
		{
			"the value of a map: LocalStack, test_lambda_api.py",
			&lambda.UpdateAliasInput{FunctionName: aws.String("f"), RoutingConfig: &lambdatypes.AliasRoutingConfiguration{AdditionalVersionWeights: map[string]float64{"2": -1}}},
			"1 validation error detected: Value '{2=-1.0}' at 'routingConfig.additionalVersionWeights' failed to satisfy constraint: Map value must satisfy constraint: " +
				"[Member must have value less than or equal to 1.0, Member must have value greater than or equal to 0.0, Member must not be null]",
		},
		{
			"two rules and an enumeration: LocalStack, test_events.py",
			&eventbridge.CreateConnectionInput{Name: &long, AuthorizationType: "INVALID"},
			`3 validation errors detected: Value '` + long + `' at 'name' failed to satisfy constraint: Member must satisfy regular expression pattern: [\.\-_A-Za-z0-9]+; ` +
				`Value '` + long + `' at 'name' failed to satisfy constraint: Member must have length less than or equal to 64; ` +
				`Value 'INVALID' at 'authorizationType' failed to satisfy constraint: Member must satisfy enum value set: [BASIC, OAUTH_CLIENT_CREDENTIALS, API_KEY]`,
		},
		{
			"a value that is not repeated", &sfn.CreateStateMachineInput{Definition: aws.String("secret"), Name: aws.String("n")},
			"1 validation error detected: Value at 'definition' failed to satisfy constraint: Member must have length less than or equal to 5",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			wrong, err := (&shapes{}).validate(rules, reflect.ValueOf(tt.input).Elem(), nil)
			if err != nil {
				t.Fatal(err)
			}
			got := ""
			if len(wrong) > 0 {
				got = wrong.Message()
			}
			if got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
}

// The orders are those that LocalStack recorded of AWS, in the snapshots of its
// tests of events, firehose, states, cloudwatch, lambda and logs.
func TestValuesOfAnEnumerationStandInAWSsOrder(t *testing.T) {
	c := &constraints{}
	for _, tt := range []struct {
		value any
		want  string
	}{
		{ebtypes.ApiDestinationHttpMethod(""), "HEAD, POST, PATCH, DELETE, PUT, GET, OPTIONS"},
		{firehosetypes.CompressionFormat(""), "ZIP, HADOOP_SNAPPY, Snappy, GZIP, UNCOMPRESSED"},
		{sfntypes.ExecutionStatus(""), "SUCCEEDED, TIMED_OUT, PENDING_REDRIVE, ABORTED, FAILED, RUNNING"},
		{cwtypes.StateValue(""), "INSUFFICIENT_DATA, ALARM, OK"},
		{lambdatypes.SnapStartApplyOn(""), "PublishedVersions, None"},
		{logstypes.OutputFormat(""), "w3c, raw, json, plain, parquet"},
	} {
		if got := strings.Join(c.enum(reflect.TypeOf(tt.value)), ", "); got != tt.want {
			t.Errorf("%T: got %s, want %s", tt.value, got, tt.want)
		}
	}
}

// An enumeration is no pointer in the SDK: only the body tells an empty text
// from none.
func TestAnEmptyTextIsNotMissing(t *testing.T) {
	rules, err := parseConstraints("PutRuleInput\n  State required\n")
	if err != nil {
		t.Fatal(err)
	}
	for body, want := range map[string]string{
		`{}`:              "Value null at 'state' failed to satisfy constraint: Member must not be null",
		`{"State": null}`: "Value null at 'state' failed to satisfy constraint: Member must not be null",
		`{"State": ""}`:   "Value '' at 'state' failed to satisfy constraint: Member must satisfy enum value set",
	} {
		var tree any
		if err := json.Unmarshal([]byte(body), &tree); err != nil {
			t.Fatal(err)
		}
		input := &eventbridge.PutRuleInput{}
		codec := &shapes{}
		v := reflect.ValueOf(input).Elem()
		if err := codec.decode(v, tree, nil, ""); err != nil {
			t.Fatal(err)
		}
		wrong, err := codec.validate(rules, v, tree)
		if err != nil || len(wrong) != 1 || !strings.Contains(wrong.Message(), want) {
			t.Errorf("%s: got %+v, %v, want %s", body, wrong, err, want)
		}
	}
}

func TestATableThatIsWrongIsRefused(t *testing.T) {
	input := []Operation{Op[eventbridge.PutRuleInput, eventbridge.PutRuleOutput]("PutRule", nil, nil)}
	for text, says := range map[string]string{
		"  Name required\n":                            "neither a rule, a structure nor a member",
		"PutRuleInput\n  Name required length 1-64\n":  `"1-64" are no bounds`,
		"PutRuleInput\n  Name required length 64..1\n": "are no bounds",
		"PutRuleInput\n  Name RuleName\n":              "rule RuleName is not said above",
		"PutRuleInput\n  Tags items Tag\n":             "rule Tag is used but not said",
		"A = length 1..\nA = length 2..\n":             "rule A is said twice",
		"PutRuleInput\nPutRuleInput\n":                 "PutRuleInput is said twice",
		"PutRuleInput\n  Name\n  Name required\n":      "PutRuleInput.Name is said twice",
		"PutRulesInput\n  Name required\n":             "no input has a PutRulesInput",
		"PutRuleInput\n  Nmae required\n":              "PutRuleInput has no Nmae",
		"PutRuleInput\n  Tags pattern a+\n":            "does not fit",
		"PutRuleInput\n  Name range 1..2\n":            "does not fit",
		"PutRuleInput\n  Name pattern (?!a)b\n":        "pattern (?!a)b",
		"Tag\n  Key required length 1..128\n":          "",
	} {
		err := Service{Name: "events", Constraints: text, Operations: input}.CheckConstraints()
		if says == "" && err != nil || says != "" && (err == nil || !strings.Contains(err.Error(), says)) {
			t.Errorf("%q: got %v, want %q", text, err, says)
		}
	}
}

// Go's expressions do not look ahead or back: these are done by hand.
func TestPatternsThatLookAround(t *testing.T) {
	for _, tt := range []struct {
		pattern, yes, no string
	}{
		{`^(?!\s*$).+`, " a", "  "},
		{`^(?!aws:)[\p{L}\p{Z}\p{N}_.:\/=+\-@%]*$`, "team:aws:", "aws:team"},
		{`[0-9A-Za-z\.\-_]*(?<!\.)`, "a.b", "a."},
		{`^(?![^:\\]*/action/|(?i).*<script>.*</script>.*)[^:\\]+$`, "a budget", "x<SCRIPT>y</script>"},
		{`^(?![^:\\]*/action/|(?i).*<script>.*</script>.*)[^:\\]+$`, "action", "a/action/b"},
		{`jdbc:(redshift|postgresql)://((?!-)[A-Za-z0-9-]{1,63}(?<!-)\.)+(redshift(-serverless)?)\.([a-zA-Z0-9\.\-]+):\d{1,5}/[a-zA-Z0-9_$-]+`, "jdbc:redshift://a-b.us.redshift.amazonaws.com:5439/db", "jdbc:redshift://-a.redshift.amazonaws.com:5439/db"},
		{`\p{ASCII}*`, "abc", "é"},
		{`[a-z]+`, "abc", "abc\n"},
	} {
		p := newPattern(tt.pattern)
		yes, err := p.matches(tt.yes)
		if err != nil {
			t.Error(err)
		}
		if no, _ := p.matches(tt.no); !yes || no {
			t.Errorf("%s: %q %t, %q %t", tt.pattern, tt.yes, yes, tt.no, no)
		}
	}
}
