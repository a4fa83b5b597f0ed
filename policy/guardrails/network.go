package guardrails

import (
	"fmt"
	"regexp"
)

const (
	natGateway    = "aws:ec2/natGateway:NatGateway"
	vpcEndpoint   = "aws:ec2/vpcEndpoint:VpcEndpoint"
	kinesisStream = "aws:kinesis/stream:Stream"
)

const hoursAMonth = 730

type streamSettings struct {
	AllowOnDemand bool `json:"allowOnDemand" doc:"whether a stream in on-demand mode is allowed"`
}

// networkRules refuse what stands there and is paid for by the hour.
func networkRules() []Guardrail {
	clusters := []string{
		"aws:opensearch/*", "aws:elasticsearch/*", "aws:opensearchingest/*", "aws:redshift/*", "aws:redshiftserverless/*",
		"aws-native:opensearchservice:*", "aws-native:opensearchserverless:*", "aws-native:elasticsearch:*", "aws-native:osis:*",
		"aws-native:redshift:*", "aws-native:redshiftserverless:*", cloudControl,
	}
	return []Guardrail{
		onResource(Guardrail{
			Name: "network-no-nat", Service: "Network and others", Level: Mandatory, Types: disguises("AWS::EC2::NatGateway"),
			Description: "No NAT gateway.",
			Remedy:      "Leave the functions outside a VPC: they speak to AWS only.",
			Reason:      "A gateway costs $0.045 an hour, $32.85 a month, and $0.045 for each GB that goes through it: more than all of a stage with 20 GB a day.",
		}, none{}, func(r Resource, stage Stage, _ none) Findings {
			var f Findings
			if _, is, ok := f.isOne(r, "AWS::EC2::NatGateway"); ok && is {
				f.violate(r, Violation{Path: "type", Found: "a NAT gateway", Allowed: "none", ExtraUSD: hoursAMonth * stage.price("vpc.nat")})
			}
			return f
		}),
		onResource(Guardrail{
			Name: "network-no-interface-endpoint", Service: "Network and others", Level: Mandatory, Types: disguises("AWS::EC2::VPCEndpoint"),
			Description: "No interface endpoint; those of the type Gateway are free.",
			Remedy:      "Use a gateway endpoint for S3, or no VPC.",
			Reason:      "An interface endpoint costs $0.01 an hour in each zone, $7.30 a month, and $0.01 for each GB.",
		}, none{}, checkEndpoint),
		onResource(Guardrail{
			Name: "network-no-stream", Service: "Network and others", Level: Mandatory, Types: disguises("AWS::Kinesis::Stream"),
			Description: "No provisioned Kinesis stream.",
			Remedy:      "Subscribe the log group to Firehose directly.",
			Reason:      "A shard costs $0.015 an hour, $10.95 a month, and $0.014 for a million records, to carry what Firehose takes from the log group by itself.",
		}, streamSettings{AllowOnDemand: true}, checkStream),
		onResource(Guardrail{
			Name: "network-no-cluster", Service: "Network and others", Level: Mandatory, Types: clusters,
			Description: "No OpenSearch or Redshift, neither as a cluster nor serverless.",
			Remedy:      "Query the lake with Athena; a cluster belongs to a stack of its own, with a budget of its own.",
			Reason:      "The least serverless OpenSearch is 2 OCU at $0.24 an hour, $350 a month; the least Redshift node is $180; both stand there when nobody asks.",
		}, none{}, func(r Resource, _ Stage, _ none) Findings {
			var f Findings
			if r.Type == cloudControl {
				name, ok := f.text(r, r.At("typeName"), "")
				if !ok || !clusterNames.MatchString(name) {
					return f
				}
			}
			f.violate(r, Violation{Path: "type", Found: shown(r), Allowed: "no cluster"})
			return f
		}),
		onResource(Guardrail{
			Name: "network-no-other-consumers", Service: "Network and others", Level: Mandatory, Types: []string{
				"aws:kinesis/analyticsApplication:AnalyticsApplication", "aws:kinesis/streamConsumer:StreamConsumer", "aws:kinesis/videoStream:VideoStream",
				"aws:pipes/pipe:Pipe", "aws:cloudwatch/eventArchive:EventArchive", "aws:cloudwatch/metricStream:MetricStream",
				"aws:cloudwatch/internetMonitor:InternetMonitor", "aws:cloudwatch/contributorInsightRule:ContributorInsightRule",
				"aws:cloudwatch/contributorManagedInsightRule:ContributorManagedInsightRule", "aws:cloudwatch/logAnomalyDetector:LogAnomalyDetector",
				"aws:cloudwatch/logDataProtectionPolicy:LogDataProtectionPolicy",
			},
			Description: "Nothing else that is paid by the hour, the event or the GB reads along.",
			Remedy:      "Remove it, or make an exception with its reason.",
			Reason: "Pipes ask $0.40 for a million requests, an archive $0.10 for each GB, a metric stream $3 for a million updates, data protection $0.12 for each GB of log: " +
				"each a second bill for the same events.",
		}, none{}, func(r Resource, _ Stage, _ none) Findings {
			var f Findings
			f.violate(r, Violation{Path: "type", Found: r.Type, Allowed: "none"})
			return f
		}),
	}
}

// clusterNames are the services in CloudFormation that keep a cluster.
var clusterNames = regexp.MustCompile(`(?i)^AWS::(OpenSearch|Elasticsearch|OSIS|Redshift)`)

func checkEndpoint(r Resource, stage Stage, _ none) Findings {
	var f Findings
	if _, is, ok := f.isOne(r, "AWS::EC2::VPCEndpoint"); !ok || !is {
		return f
	}
	r = undisguised(r)
	node := r.At("vpcEndpointType")
	kind, ok := f.text(r, node, "Gateway")
	if !ok || kind == "Gateway" {
		return f
	}
	zones := max(len(r.At("subnetIds").Items()), 1)
	f.violate(r, Violation{
		Path: node.Path, Found: fmt.Sprintf("%s in %d zone(s)", kind, zones), Allowed: "Gateway",
		ExtraUSD: float64(zones) * hoursAMonth * stage.price("vpc.endpoint"),
	})
	return f
}

func checkStream(r Resource, stage Stage, c streamSettings) Findings {
	var f Findings
	if _, is, ok := f.isOne(r, "AWS::Kinesis::Stream"); !ok || !is {
		return f
	}
	r = undisguised(r)
	node := r.At("streamModeDetails.streamMode")
	mode, ok := f.text(r, node, "PROVISIONED")
	switch {
	case !ok:
	case mode == "ON_DEMAND":
		if !c.AllowOnDemand {
			f.violate(r, Violation{Path: node.Path, Found: mode, Allowed: "no stream", Setting: "allowOnDemand"})
		}
	default:
		shards, known := r.At("shardCount").Number()
		if !known {
			shards = 1
		}
		f.violate(r, Violation{
			Path: node.Path, Found: fmt.Sprintf("%s with %g shard(s)", mode, shards), Allowed: "no provisioned stream",
			ExtraUSD: shards * hoursAMonth * stage.price("kinesis.shard"),
		})
	}
	return f
}
