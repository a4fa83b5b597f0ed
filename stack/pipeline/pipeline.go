// Package pipeline declares crawlerless for one stage: a log lake on AWS whose
// catalog is kept by a state machine instead of a Glue crawler.
//
// The files follow one log line: ingest (log group, subscription filter,
// delivery stream), lake (the buckets), trigger (the rule), workflow (the state
// machine and its two functions), catalog (database and tables), query (the
// workgroup), watch (alarms); generator is the source that ephemeral and
// development stages have.
//
// [Deploy] is called by `pulumi up` (stack/main.go), by the automation driver
// and by unit tests alike. It does not ask where it runs: what differs comes in
// [Config] and [Code].
package pipeline

import (
	"fmt"
	"slices"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Code is where the compiled Lambdas are: the path of a zip file or of a
// directory that holds `bootstrap`.
type Code struct {
	Extract, Catalog, Generate string
}

// Outputs are what a person or the driver needs next. They are exported from
// the stack under the names given here.
type Outputs struct {
	LakeBucket       pulumi.StringOutput    // lakeBucket
	ResultsBucket    pulumi.StringOutput    // resultsBucket
	Database         pulumi.StringOutput    // database
	Tables           pulumi.StringMapOutput // tables: source -> table
	LogGroups        pulumi.StringMapOutput // logGroups: source -> log group
	DeliveryStreams  pulumi.StringMapOutput // deliveryStreams: source -> stream
	Workgroup        pulumi.StringOutput    // workgroup
	StateMachineARN  pulumi.StringOutput    // stateMachineArn
	RuleName         pulumi.StringOutput    // ruleName
	DeadLetterURL    pulumi.StringOutput    // deadLetterQueueUrl
	ExtractFunction  pulumi.StringOutput    // extractFunction
	CatalogFunction  pulumi.StringOutput    // catalogFunction
	GenerateFunction pulumi.StringOutput    // generateFunction, "" without generator
	Query            pulumi.StringOutput    // query: a first SELECT to try
}

// program is one run of Deploy.
type program struct {
	ctx    *pulumi.Context
	config Config
	code   Code
	names  names
	parent pulumi.Resource
}

// child makes a resource part of the pipeline component.
func (p *program) child() pulumi.ResourceOption { return pulumi.Parent(p.parent) }

// keep protects what holds data where the stage asks for it.
func (p *program) keep() pulumi.ResourceOption { return pulumi.Protect(p.config.Protect) }

// component groups the pipeline's resources in previews and in the console.
type component struct{ pulumi.ResourceState }

// Deploy declares the whole pipeline for the stage that the Pulumi stack names,
// and exports its [Outputs].
func Deploy(ctx *pulumi.Context, config Config, code Code) (*Outputs, error) {
	if err := CheckStage(ctx.Stack()); err != nil {
		return nil, err
	}
	caller, err := aws.GetCallerIdentity(ctx, nil)
	if err != nil {
		return nil, fmt.Errorf("find the account to deploy to: %w", err)
	}
	region, err := aws.GetRegion(ctx, nil)
	if err != nil {
		return nil, fmt.Errorf("find the region to deploy to: %w", err)
	}
	partition, err := aws.GetPartition(ctx, nil)
	if err != nil {
		return nil, fmt.Errorf("find the partition to deploy to: %w", err)
	}
	config.Sources = withGroups(config.Sources, ctx.Stack())
	root := &component{}
	if err := ctx.RegisterComponentResource("crawlerless:index:Pipeline", ctx.Stack(), root); err != nil {
		return nil, err
	}
	p := &program{
		ctx: ctx, config: config, code: code, parent: root,
		names: names{stage: ctx.Stack(), partition: partition.Partition, region: region.Name, account: caller.AccountId},
	}
	out, err := p.deploy()
	if err != nil {
		return nil, err
	}
	all := out.Map()
	for name, value := range all {
		ctx.Export(name, value)
	}
	return out, ctx.RegisterResourceOutputs(root, all)
}

// withGroups names the groups that the configuration leaves to the stage.
func withGroups(sources []Source, stage string) []Source {
	named := slices.Clone(sources)
	for i := range named {
		if named[i].LogGroup == "" {
			named[i].LogGroup = "/crawlerless/" + stage + "/" + named[i].Name
		}
	}
	return named
}

// deploy goes the way of one log line, but for what a stage needs before it.
func (p *program) deploy() (*Outputs, error) {
	lake, err := p.lake()
	if err != nil {
		return nil, fmt.Errorf("lake: %w", err)
	}
	sources, generator, err := p.sources()
	if err != nil {
		return nil, fmt.Errorf("sources: %w", err)
	}
	catalog, err := p.catalog(lake, sources)
	if err != nil {
		return nil, fmt.Errorf("catalog: %w", err)
	}
	dead, err := p.deadLetters()
	if err != nil {
		return nil, fmt.Errorf("dead-letter queue: %w", err)
	}
	workflow, err := p.workflow(lake, catalog, dead)
	if err != nil {
		return nil, fmt.Errorf("workflow: %w", err)
	}
	trigger, err := p.trigger(lake, workflow, dead)
	if err != nil {
		return nil, fmt.Errorf("trigger: %w", err)
	}
	// Events must have somewhere to go before the first object arrives.
	streams, err := p.ingest(lake, sources, trigger)
	if err != nil {
		return nil, fmt.Errorf("ingest: %w", err)
	}
	query, err := p.query(lake)
	if err != nil {
		return nil, fmt.Errorf("query: %w", err)
	}
	if err := p.watch(dead, workflow, sources); err != nil {
		return nil, fmt.Errorf("watch: %w", err)
	}
	out := &Outputs{
		LakeBucket:       lake.bucket.Bucket,
		ResultsBucket:    query.results.Bucket,
		Database:         catalog.database.Name,
		Tables:           catalog.tables().ToStringMapOutput(),
		LogGroups:        sources.groups().ToStringMapOutput(),
		DeliveryStreams:  streams.ToStringMapOutput(),
		Workgroup:        query.workgroup.Name,
		StateMachineARN:  workflow.machine.Arn,
		RuleName:         trigger.rule.Name,
		DeadLetterURL:    dead.queue.Url,
		ExtractFunction:  workflow.extract.function.Name,
		CatalogFunction:  workflow.catalog.function.Name,
		GenerateFunction: pulumi.String("").ToStringOutput(),
	}
	if generator != nil {
		out.GenerateFunction = generator.function.Name
	}
	out.Query = pulumi.Sprintf(`SELECT * FROM "%s"."%s" LIMIT 10`, out.Database, TableName(sources[0].Name))
	return out, nil
}

// Map is the outputs under their exported names.
func (o *Outputs) Map() pulumi.Map {
	return pulumi.Map{
		"lakeBucket": o.LakeBucket, "resultsBucket": o.ResultsBucket,
		"database": o.Database, "tables": o.Tables,
		"logGroups": o.LogGroups, "deliveryStreams": o.DeliveryStreams,
		"workgroup": o.Workgroup, "stateMachineArn": o.StateMachineARN, "ruleName": o.RuleName,
		"deadLetterQueueUrl": o.DeadLetterURL,
		"extractFunction":    o.ExtractFunction, "catalogFunction": o.CatalogFunction,
		"generateFunction": o.GenerateFunction, "query": o.Query,
	}
}
