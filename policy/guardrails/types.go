package guardrails

import (
	_ "embed"
	"slices"
	"strings"
)

// GuardedServices are the packages of pulumi-aws whose every resource type must
// have been looked at: what the pipeline is made of.
const GuardedServices = "athena,budgets,cloudwatch,glue,iam,kinesis,lambda,pipes,s3,s3tables,scheduler,sfn,sqs"

//go:generate go run ../internal/gentypes types.txt

//go:embed types.txt
var typeList string

// nativeServices are the same services in aws-native, and in CloudFormation's
// names in lower case, which Cloud Control takes.
const nativeServices = "athena,budgets,cloudwatch,events,glue,iam,kinesis,kinesisfirehose,lambda,logs,pipes,s3,s3express,s3tables,scheduler,sqs,stepfunctions"

// sdkTypes is every type of pulumi-aws, and whether it takes tags.
func sdkTypes() map[string]bool {
	types := map[string]bool{}
	for line := range strings.Lines(typeList) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		token, tags := strings.CutSuffix(line, " tags")
		types[token] = tags
	}
	return types
}

// reviewed are the types that no rule looks at because there is nothing about
// them to guard: they cost nothing by themselves and open nothing.
func reviewed() map[string]string {
	return map[string]string{
		"aws:athena/database:Database":                                   "metadata",
		"aws:athena/namedQuery:NamedQuery":                               "text",
		"aws:athena/preparedStatement:PreparedStatement":                 "text",
		"aws:cloudwatch/compositeAlarm:CompositeAlarm":                   "$0.50 a month; an alarm is wanted",
		"aws:cloudwatch/dashboard:Dashboard":                             "$3 a month, counted by nobody's volume",
		"aws:cloudwatch/eventPermission:EventPermission":                 "free",
		"aws:cloudwatch/logDestinationPolicy:LogDestinationPolicy":       "free",
		"aws:cloudwatch/logMetricFilter:LogMetricFilter":                 "free; its metric is $0.30 a month",
		"aws:cloudwatch/logResourcePolicy:LogResourcePolicy":             "free",
		"aws:cloudwatch/logStream:LogStream":                             "free",
		"aws:cloudwatch/queryDefinition:QueryDefinition":                 "text",
		"aws:glue/partition:Partition":                                   "metadata",
		"aws:glue/partitionIndex:PartitionIndex":                         "free, and makes queries cheaper",
		"aws:glue/resourcePolicy:ResourcePolicy":                         "free",
		"aws:iam/instanceProfile:InstanceProfile":                        "free",
		"aws:iam/openIdConnectProvider:OpenIdConnectProvider":            "free",
		"aws:iam/rolePoliciesExclusive:RolePoliciesExclusive":            "only takes away",
		"aws:iam/serviceLinkedRole:ServiceLinkedRole":                    "AWS writes its policies",
		"aws:kinesis/resourcePolicy:ResourcePolicy":                      "free",
		"aws:lambda/alias:Alias":                                         "free; provisioned concurrency is a resource of its own",
		"aws:lambda/codeSigningConfig:CodeSigningConfig":                 "free",
		"aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig": "bounds retries",
		"aws:lambda/functionRecursionConfig:FunctionRecursionConfig":     "stops loops",
		"aws:lambda/layerVersion:LayerVersion":                           "free",
		"aws:lambda/layerVersionPermission:LayerVersionPermission":       "free",
		"aws:lambda/runtimeManagementConfig:RuntimeManagementConfig":     "free",
		"aws:s3/accountPublicAccessBlock:AccountPublicAccessBlock":       "wanted",
		"aws:s3/bucketCorsConfigurationV2:BucketCorsConfigurationV2":     "free",
		"aws:s3/bucketNotification:BucketNotification":                   "the trigger; EventBridge is judged at its rules",
		"aws:s3/bucketObject:BucketObject":                               "a file",
		"aws:s3/bucketObjectv2:BucketObjectv2":                           "a file",
		"aws:s3/bucketOwnershipControls:BucketOwnershipControls":         "free",
		"aws:scheduler/scheduleGroup:ScheduleGroup":                      "free",
		"aws:sfn/alias:Alias":                                            "free",
	}
}

type typeSettings struct {
	Allow []string `json:"allow" doc:"tokens of types that were looked at and let pass in this stage"`
}

// typeRules report what no other rule has ever heard of. It is made from the
// rules themselves, so a new rule makes its types known.
func typeRules(others []Guardrail) []Guardrail {
	known := reviewed()
	for _, g := range others {
		for _, token := range g.Types {
			known[token] = g.Name
		}
	}
	sdk := sdkTypes()
	return []Guardrail{onResource(Guardrail{
		Name: "known-types", Service: "Every service", Level: Mandatory,
		Description: "Every resource of a guarded service is of a type that somebody has looked at.",
		Remedy:      "Look at what it costs and opens; then add a rule, list it as reviewed in policy/guardrails/types.go, or allow it in this stage.",
		Reason: "Packs that know Bucket let a BucketV2 pass in silence. Here a type of a guarded service that no rule looks at, and that is not listed " +
			"as harmless with a reason, is reported: also one of a newer provider, of aws-native, or behind Cloud Control; and so is what makes resources that no rule can see: CloudFormation, commands, dynamic providers.",
	}, typeSettings{Allow: []string{}}, func(r Resource, _ Stage, c typeSettings) Findings {
		return checkType(r, c, known, sdk)
	})}
}

func checkType(r Resource, c typeSettings, known map[string]string, sdk map[string]bool) Findings {
	var f Findings
	name := r.Type
	switch {
	case matchesAny(r.Type, hidingTypes()):
		if !slices.Contains(c.Allow, r.Type) {
			f.violate(r, Violation{Path: "type", Found: r.Type + ", behind which no rule can see", Allowed: "resources declared one by one", Setting: "allow"})
		}
		return f
	case r.Type == cloudControl:
		text, ok := f.text(r, r.At("typeName"), "")
		if !ok || !guardedNative(strings.ToLower(strings.TrimPrefix(text, "AWS::")), "::") {
			return f
		}
		native := "aws-native:" + strings.ReplaceAll(strings.TrimPrefix(text, "AWS::"), "::", ":")
		for token := range known {
			if strings.EqualFold(token, native) {
				return f
			}
		}
		name = text
	case strings.HasPrefix(r.Type, "aws-native:"):
		if !guardedNative(strings.TrimPrefix(r.Type, "aws-native:"), ":") {
			return f
		}
	case !guarded(r.Type):
		return f
	}
	if _, ok := known[name]; ok || slices.Contains(c.Allow, name) {
		return f
	}
	for pattern := range known {
		if strings.HasSuffix(pattern, "*") && matchesAny(name, []string{pattern}) {
			return f
		}
	}
	found := name + ", which no rule looks at"
	if _, ok := sdk[name]; !ok {
		found = name + ", which the pulumi-aws that the rules were written for does not have"
	}
	f.violate(r, Violation{Path: "type", Found: found, Allowed: "a reviewed type", Setting: "allow"})
	return f
}

// hidingTypes make things that the engine is never shown: templates, commands and
// code that call AWS by themselves.
func hidingTypes() []string {
	return []string{
		"aws:cloudformation/stack*", "aws-native:cloudformation:Stack*", "aws-native:cloudformation:Module*",
		"aws:serverlessrepository/*", "aws:servicecatalog/provisionedProduct:ProvisionedProduct", "aws-native:servicecatalog:CloudFormationProvisionedProduct",
		"aws-native:index:ExtensionResource", "aws-native:cloudformation:CustomResource", "aws-native:index:CustomResource",
		"command:*", "pulumi-nodejs:dynamic*", "pulumi-python:dynamic*", "terraform:*",
	}
}

func guarded(token string) bool {
	for service := range strings.SplitSeq(GuardedServices, ",") {
		if strings.HasPrefix(token, "aws:"+service+"/") {
			return true
		}
	}
	return false
}

func guardedNative(name, separator string) bool {
	for service := range strings.SplitSeq(nativeServices, ",") {
		if strings.HasPrefix(name, service+separator) {
			return true
		}
	}
	return false
}

// bothGenerations adds to each token that ends in V2 the one of the same type
// without: what pulumi-aws 7 calls it.
func bothGenerations(tokens ...string) []string {
	var all []string
	for _, token := range tokens {
		all = append(all, token)
		if strings.HasSuffix(token, "V2") {
			all = append(all, strings.ReplaceAll(strings.TrimSuffix(token, "V2"), "V2:", ":"))
		}
	}
	return all
}
