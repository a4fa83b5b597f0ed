package guardrails

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/property"
)

// The same thing can be declared in three ways: by pulumi-aws, by aws-native, and
// through Cloud Control, which takes any type of CloudFormation as text. A rule
// about a type asks for its name in CloudFormation, which all three have.
const cloudControl = "aws:cloudcontrol/resource:Resource"

// classicNames are the names in CloudFormation of types of pulumi-aws that a rule
// refuses whatever they hold, or that are paid for whatever arrives.
func classicNames() map[string]string {
	return map[string]string{
		"aws:glue/crawler:Crawler":                       "AWS::Glue::Crawler",
		"aws:glue/job:Job":                               "AWS::Glue::Job",
		"aws:glue/trigger:Trigger":                       "AWS::Glue::Trigger",
		"aws:glue/workflow:Workflow":                     "AWS::Glue::Workflow",
		"aws:glue/devEndpoint:DevEndpoint":               "AWS::Glue::DevEndpoint",
		"aws:glue/mLTransform:MLTransform":               "AWS::Glue::MLTransform",
		"aws:glue/dataQualityRuleset:DataQualityRuleset": "AWS::Glue::DataQualityRuleset",
		natGateway:                           "AWS::EC2::NatGateway",
		vpcEndpoint:                          "AWS::EC2::VPCEndpoint",
		kinesisStream:                        "AWS::Kinesis::Stream",
		"aws:cloudwatch/dashboard:Dashboard": "AWS::CloudWatch::Dashboard",
		"aws:kms/key:Key":                    "AWS::KMS::Key",
		"aws:opensearch/domain:Domain":       "AWS::OpenSearchService::Domain",
		"aws:elasticsearch/domain:Domain":    "AWS::Elasticsearch::Domain",
		"aws:redshift/cluster:Cluster":       "AWS::Redshift::Cluster",
		capacityReservation:                  "AWS::Athena::CapacityReservation",
		"aws:opensearch/serverlessCollection:ServerlessCollection": "AWS::OpenSearchServerless::Collection",
	}
}

// cloudFormationName is what CloudFormation calls the type of the resource; empty
// where it is not known. Compare it with [named], since aws-native writes some
// services otherwise.
func cloudFormationName(r Resource) string {
	if name, ok := classicNames()[r.Type]; ok {
		return name
	}
	if r.Type == cloudControl {
		name, _ := r.At("typeName").Text()
		return canonical(name)
	}
	if rest, ok := strings.CutPrefix(r.Type, "aws-native:"); ok {
		return canonical("AWS::" + strings.Replace(rest, ":", "::", 1))
	}
	return ""
}

// canonical spells a name as the table above does, whatever its case.
func canonical(name string) string {
	for _, known := range classicNames() {
		if strings.EqualFold(known, name) {
			return known
		}
	}
	return name
}

// disguises are all tokens under which the types with these names can appear.
func disguises(names ...string) []string {
	tokens := []string{cloudControl}
	for token, name := range classicNames() {
		if slices.Contains(names, name) {
			tokens = append(tokens, token)
		}
	}
	for _, name := range names {
		service, kind, _ := strings.Cut(strings.TrimPrefix(name, "AWS::"), "::")
		tokens = append(tokens, "aws-native:"+strings.ToLower(service)+":"+nativeKind(kind))
	}
	slices.Sort(tokens)
	return slices.Compact(tokens)
}

// nativeKind is how aws-native writes a kind: MLTransform is MlTransform there.
func nativeKind(kind string) string {
	switch kind {
	case "MLTransform":
		return "MlTransform"
	case "VPCEndpoint":
		return "VpcEndpoint"
	}
	return kind
}

// isOne reports whether the resource is one of the types with these names, in any
// disguise. ok is false for a type behind Cloud Control that is not known, which
// has then been noted.
func (f *Findings) isOne(r Resource, names ...string) (name string, is, ok bool) {
	if r.Type == cloudControl {
		if _, known := f.text(r, r.At("typeName"), ""); !known {
			return "", false, false
		}
	}
	name = cloudFormationName(r)
	return name, slices.Contains(names, name), true
}

// shown is how a message calls the type.
func shown(r Resource) string {
	if r.Type == cloudControl {
		name, _ := r.At("typeName").Text()
		return name + " behind Cloud Control"
	}
	return r.Type
}

// undisguised is the resource with the properties that the rules of pulumi-aws
// look at: what stands in Cloud Control's desiredState, with the first letter of
// each name in lower case. Others are as they are.
func undisguised(r Resource) Resource {
	if r.Type != cloudControl {
		return r
	}
	text, ok := r.At("desiredState").Text()
	if !ok {
		if r.At("desiredState").HasUnknown() {
			r.Props = property.NewMap(map[string]property.Value{"vpcEndpointType": property.New(property.Computed), "streamModeDetails": property.New(property.Computed)})
		}
		return r
	}
	var state map[string]any
	if err := json.Unmarshal([]byte(text), &state); err != nil {
		return r // AWS refuses it
	}
	r.Props = lowered(state).AsMap()
	return r
}

func lowered(v any) property.Value {
	switch v := v.(type) {
	case map[string]any:
		m := map[string]property.Value{}
		for key, value := range v {
			if key != "" {
				key = strings.ToLower(key[:1]) + key[1:]
			}
			m[key] = lowered(value)
		}
		return property.New(property.NewMap(m))
	case []any:
		var list []property.Value
		for _, value := range v {
			list = append(list, lowered(value))
		}
		return property.New(property.NewArray(list))
	case string:
		return property.New(v)
	case float64:
		return property.New(v)
	case bool:
		return property.New(v)
	}
	return property.Value{}
}
