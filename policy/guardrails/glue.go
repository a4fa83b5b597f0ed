package guardrails

// glueRules guard the Data Catalog's neighbours: whatever reads S3 on a
// schedule to find out what EventBridge has already told.
func glueRules() []Guardrail {
	return []Guardrail{
		onResource(Guardrail{
			Name: "glue-no-crawler", Service: "Glue", Level: Mandatory,
			Description: "No Glue crawler: the state machine registers partitions and evolves tables.",
			Remedy:      "Remove the crawler; run `go run ./automation reconcile` for what it was meant to find.",
			Reason: "A crawler is billed by the DPU-hour at $0.44 with 10 minutes at least for each run: " +
				"hourly that is 730 x $0.0733 = $53.53 a month, whether or not anything has arrived.",
			Types: []string{"aws:glue/crawler:Crawler", "aws-native:glue:Crawler", "aws:cloudcontrol/resource:Resource"},
		}, none{}, noCrawler),
		onResource(Guardrail{
			Name: "glue-no-stand-in", Service: "Glue", Level: Mandatory,
			Description: "No Glue job, trigger, workflow, development endpoint, ML transform or data-quality ruleset: nothing that stands in for a crawler.",
			Remedy:      "Remove it; what must happen for each object belongs into the state machine.",
			Reason: "A job is billed by the DPU-hour ($0.44) with at least 1 minute a run; a trigger or workflow exists only to start one, " +
				"or a crawler. A development endpoint is billed for as long as it exists: 5 DPU are $1,606 a month.",
			Types: standIns(),
		}, none{}, noStandIn),
	}
}

func noCrawler(r Resource, _ Stage, _ none) Findings {
	var f Findings
	if r.Type == "aws:cloudcontrol/resource:Resource" {
		name, ok := f.text(r, r.At("typeName"), "")
		if !ok || name != "AWS::Glue::Crawler" {
			return f
		}
	}
	f.violate(r, Violation{Path: "type", Found: r.Type, Allowed: "no crawler"})
	return f
}

// standInTypes are the CloudFormation names, by their token in pulumi-aws.
func standInTypes() map[string]string {
	return map[string]string{
		"aws:glue/job:Job":                               "AWS::Glue::Job",
		"aws:glue/trigger:Trigger":                       "AWS::Glue::Trigger",
		"aws:glue/workflow:Workflow":                     "AWS::Glue::Workflow",
		"aws:glue/devEndpoint:DevEndpoint":               "AWS::Glue::DevEndpoint",
		"aws:glue/mLTransform:MLTransform":               "AWS::Glue::MLTransform",
		"aws:glue/dataQualityRuleset:DataQualityRuleset": "AWS::Glue::DataQualityRuleset",
		"aws-native:glue:Job":                            "AWS::Glue::Job",
		"aws-native:glue:Trigger":                        "AWS::Glue::Trigger",
		"aws-native:glue:Workflow":                       "AWS::Glue::Workflow",
		"aws-native:glue:DevEndpoint":                    "AWS::Glue::DevEndpoint",
		"aws-native:glue:MlTransform":                    "AWS::Glue::MLTransform",
		"aws-native:glue:DataQualityRuleset":             "AWS::Glue::DataQualityRuleset",
	}
}

func standIns() []string {
	tokens := []string{"aws:cloudcontrol/resource:Resource"}
	for token := range standInTypes() {
		tokens = append(tokens, token)
	}
	return tokens
}

func noStandIn(r Resource, _ Stage, _ none) Findings {
	var f Findings
	if r.Type == "aws:cloudcontrol/resource:Resource" {
		name, ok := f.text(r, r.At("typeName"), "")
		if !ok {
			return f
		}
		for _, standIn := range standInTypes() {
			if name == standIn {
				f.violate(r, Violation{Path: "typeName", Found: name, Allowed: "none that stands in for a crawler"})
				return f
			}
		}
		return f
	}
	f.violate(r, Violation{Path: "type", Found: r.Type, Allowed: "none that stands in for a crawler"})
	return f
}
