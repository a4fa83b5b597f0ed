package pipeline

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/sfn"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/sqs"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// definition is the state machine in the Amazon States Language, with ${…} for
// what differs between stages.
//
//go:embed workflow.asl.json
var definition string

// workflow is the state machine and the two functions that it runs.
type workflow struct {
	machine          *sfn.StateMachine
	extract, catalog *function
	// ready are what must stand before the machine can run.
	ready []pulumi.Resource
}

// deadLetter is the queue where everything ends that could not be catalogued.
type deadLetter struct{ queue *sqs.Queue }

// deadLetters keeps what failed for fourteen days, the longest that SQS does.
func (p *program) deadLetters() (*deadLetter, error) {
	queue, err := sqs.NewQueue(p.ctx, p.names.of("dead-letters"), &sqs.QueueArgs{
		Name:                     pulumi.String(p.names.of("dead-letters")),
		MessageRetentionSeconds:  pulumi.Int(14 * 24 * 60 * 60),
		VisibilityTimeoutSeconds: pulumi.Int(120),
		SqsManagedSseEnabled:     pulumi.Bool(true),
		Tags:                     p.tags(),
	}, p.child())
	if err != nil {
		return nil, err
	}
	return &deadLetter{queue: queue}, nil
}

// machineGroup has the prefix that CloudWatch Logs' resource policy covers by
// itself; other names fill a policy that is limited to 5,120 characters.
// https://docs.aws.amazon.com/step-functions/latest/dg/bp-cwl.html
func (p *program) machineGroup() string {
	return "/aws/vendedlogs/states/" + p.names.of("catalogue")
}

func (p *program) workflow(lake *lake, catalog *catalog, dead *deadLetter) (*workflow, error) {
	extract, err := p.extractFunction(lake, catalog)
	if err != nil {
		return nil, fmt.Errorf("extract function: %w", err)
	}
	update, err := p.catalogFunction(lake, catalog)
	if err != nil {
		return nil, fmt.Errorf("catalog function: %w", err)
	}
	logs, err := p.logGroup("states", p.machineGroup())
	if err != nil {
		return nil, err
	}
	name := p.names.of("catalogue")
	role, policy, err := p.role("states", p.trustFrom("states.amazonaws.com", p.names.arn("states", "stateMachine:"+name)),
		allow([]string{"lambda:InvokeFunction"}, extract.function.Arn, update.function.Arn),
		allow([]string{"sqs:SendMessage"}, dead.queue.Arn),
		// The log delivery actions have no resource-level permissions.
		// https://docs.aws.amazon.com/step-functions/latest/dg/cw-logs.html
		allow([]string{
			"logs:CreateLogDelivery", "logs:GetLogDelivery", "logs:UpdateLogDelivery",
			"logs:DeleteLogDelivery", "logs:ListLogDeliveries", "logs:PutResourcePolicy",
			"logs:DescribeResourcePolicies", "logs:DescribeLogGroups",
		}, pulumi.String("*")),
	)
	if err != nil {
		return nil, err
	}
	machine, err := sfn.NewStateMachine(p.ctx, name, &sfn.StateMachineArgs{
		Name:       pulumi.String(name),
		Type:       pulumi.String("EXPRESS"),
		RoleArn:    role.Arn,
		Definition: p.definition(extract, update, dead),
		LoggingConfiguration: &sfn.StateMachineLoggingConfigurationArgs{
			Level: pulumi.String("ERROR"), IncludeExecutionData: pulumi.Bool(true),
			LogDestination: pulumi.Sprintf("%s:*", logs.Arn),
		},
		Tags: p.tags(),
	}, p.child(), pulumi.DependsOn([]pulumi.Resource{policy, logs}))
	if err != nil {
		return nil, err
	}
	return &workflow{machine: machine, extract: extract, catalog: update, ready: []pulumi.Resource{machine, logs}}, nil
}

// definition fills the ARNs into the workflow.
func (p *program) definition(extract, update *function, dead *deadLetter) pulumi.StringOutput {
	return pulumi.All(extract.function.Arn, update.function.Arn, dead.queue.Url).ApplyT(func(args []any) (string, error) {
		return fillDefinition(map[string]string{
			"partition": p.names.partition, "extract": args[0].(string),
			"catalog": args[1].(string), "deadLetterQueueUrl": args[2].(string),
		})
	}).(pulumi.StringOutput)
}

var placeholder = regexp.MustCompile(`\$\{\w+\}`)

// fillDefinition replaces each ${name}; one without a value is an error.
func fillDefinition(values map[string]string) (string, error) {
	filled := definition
	for name, value := range values {
		quoted, err := json.Marshal(value)
		if err != nil {
			return "", err
		}
		filled = strings.ReplaceAll(filled, "${"+name+"}", strings.Trim(string(quoted), `"`))
	}
	if left := placeholder.FindString(filled); left != "" {
		return "", fmt.Errorf("workflow.asl.json: %s has no value", left)
	}
	return filled, nil
}

// How long the functions may take, in seconds. With the retries of the workflow
// they bound an execution below the five minutes after which Step Functions ends
// it without a dead letter: a test adds them up.
const (
	extractSeconds = 30
	catalogSeconds = 60
)

func (p *program) extractFunction(lake *lake, catalog *catalog) (*function, error) {
	env, err := p.environment(lake, catalog)
	if err != nil {
		return nil, err
	}
	env["MAX_RAW_BYTES"] = pulumi.String(strconv.FormatInt(int64(p.config.MaxRawMiB)<<20, 10))
	return p.lambda(functionSpec{
		part:        "extract",
		description: "Reads a new object once and tells its partition, schema and statistics",
		code:        p.code.Extract,
		memoryMiB:   p.config.ExtractMemoryMiB, timeoutSec: extractSeconds,
		environment: env,
		statements: []pulumi.Input{
			allow([]string{"s3:GetObject", "s3:GetObjectVersion"}, lake.objects(LogsPrefix)),
			allow([]string{"s3:GetObject", "s3:PutObject"}, lake.objects(ScratchPrefix)),
			// Without it a missing object answers 403, not 404. A GetObject has no
			// prefix that a condition could look at: hence IfExists.
			when(allow([]string{"s3:ListBucket"}, lake.bucket.Arn), "StringLikeIfExists", "s3:prefix", LogsPrefix+"*", ScratchPrefix+"*"),
			allow([]string{"glue:GetTable", "glue:GetPartition", "glue:BatchGetPartition"}, p.catalogARNs(catalog)...),
		},
	})
}

func (p *program) catalogFunction(lake *lake, catalog *catalog) (*function, error) {
	env, err := p.environment(lake, catalog)
	if err != nil {
		return nil, err
	}
	return p.lambda(functionSpec{
		part:        "catalog",
		description: "Registers partitions and evolves tables in the Glue Data Catalog",
		code:        p.code.Catalog,
		// Twice the time of the other: a table's every partition may have to
		// be brought up to date.
		memoryMiB: p.config.CatalogMemoryMiB, timeoutSec: catalogSeconds,
		concurrency: p.config.CatalogConcurrency,
		environment: env,
		statements: []pulumi.Input{
			allow([]string{"s3:GetObject", "s3:PutObject"}, lake.objects(ScratchPrefix)),
			allow([]string{
				"glue:GetTable", "glue:UpdateTable", "glue:GetPartition", "glue:GetPartitions", "glue:BatchGetPartition",
				"glue:CreatePartition", "glue:BatchCreatePartition", "glue:UpdatePartition", "glue:BatchUpdatePartition",
			}, p.catalogARNs(catalog)...),
		},
	})
}

// catalogARNs are what Glue asks of a table operation: the catalog, the
// database and the table.
// https://docs.aws.amazon.com/glue/latest/dg/glue-specifying-resource-arns.html
func (p *program) catalogARNs(catalog *catalog) []pulumi.Input {
	list := []pulumi.Input{pulumi.String(p.names.arn("glue", "catalog")), catalog.database.Arn}
	for _, name := range catalog.order {
		list = append(list, catalog.table[name].Arn)
	}
	return list
}

func (p *program) environment(lake *lake, catalog *catalog) (pulumi.StringMap, error) {
	tables, err := catalog.namesJSON()
	if err != nil {
		return nil, err
	}
	return pulumi.StringMap{
		"LAKE_BUCKET":    lake.bucket.Bucket,
		"LAKE_PREFIX":    pulumi.String(LogsPrefix),
		"SCRATCH_PREFIX": pulumi.String(ScratchPrefix),
		"DATABASE":       catalog.database.Name,
		"TABLES":         pulumi.String(tables),
		"PARTITIONS":     pulumi.String(p.config.Partitions),
	}, nil
}
