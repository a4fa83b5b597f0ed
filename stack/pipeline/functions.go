package pipeline

import (
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/lambda"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// function is a Lambda function with its log group.
type function struct {
	function *lambda.Function
	logs     *cloudwatch.LogGroup
	group    string
}

// functionSpec is what differs between our functions.
type functionSpec struct {
	part, description, code string
	memoryMiB, timeoutSec   int
	concurrency             int // how many run at once; 0 is without a bound
	environment             pulumi.StringMap
	statements              []pulumi.Input // beside writing its own logs
}

func (p *program) functionGroup(part string) string { return "/aws/lambda/" + p.names.of(part) }

// lambda makes a function that writes JSON to a log group of its own, made
// before it, and may do exactly what its statements say.
func (p *program) lambda(f functionSpec) (*function, error) {
	group := p.functionGroup(f.part)
	logs, err := p.logGroup(f.part, group)
	if err != nil {
		return nil, err
	}
	statements := append([]pulumi.Input{
		allow([]string{"logs:CreateLogStream", "logs:PutLogEvents"}, pulumi.Sprintf("%s:*", logs.Arn)),
	}, f.statements...)
	// Lambda does not document aws:SourceArn for execution roles; it does state
	// the account.
	trusted := when(trust("lambda.amazonaws.com"), "StringEquals", "aws:SourceAccount", p.names.account)
	role, policy, err := p.role(f.part, trusted, statements...)
	if err != nil {
		return nil, err
	}
	name := p.names.of(f.part)
	var reserved pulumi.IntPtrInput
	if f.concurrency > 0 {
		reserved = pulumi.Int(f.concurrency)
	}
	made, err := lambda.NewFunction(p.ctx, name, &lambda.FunctionArgs{
		Name:                         pulumi.String(name),
		Description:                  pulumi.String(f.description),
		Runtime:                      pulumi.String("provided.al2023"),
		Handler:                      pulumi.String("bootstrap"),
		Architectures:                pulumi.StringArray{pulumi.String(p.config.Architecture)},
		Code:                         archive(f.code),
		MemorySize:                   pulumi.Int(f.memoryMiB),
		Timeout:                      pulumi.Int(f.timeoutSec),
		ReservedConcurrentExecutions: reserved,
		Role:                         role.Arn,
		Environment:                  &lambda.FunctionEnvironmentArgs{Variables: f.environment},
		LoggingConfig: &lambda.FunctionLoggingConfigArgs{
			LogFormat: pulumi.String("JSON"), ApplicationLogLevel: pulumi.String("INFO"),
			SystemLogLevel: pulumi.String("WARN"), LogGroup: logs.Name,
		},
		Tags: p.tags(),
	}, p.child(), pulumi.DependsOn([]pulumi.Resource{policy, logs}))
	if err != nil {
		return nil, err
	}
	return &function{function: made, logs: logs, group: group}, nil
}

// archive is a zip file, or a directory that holds `bootstrap`.
func archive(path string) pulumi.Archive {
	if strings.HasSuffix(path, ".zip") {
		return pulumi.NewFileArchive(path)
	}
	return pulumi.NewAssetArchive(map[string]any{
		"bootstrap": pulumi.NewFileAsset(strings.TrimSuffix(path, "/") + "/bootstrap"),
	})
}
