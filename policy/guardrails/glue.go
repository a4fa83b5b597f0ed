package guardrails

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

const (
	catalogTable    = "aws:glue/catalogTable:CatalogTable"
	catalogDatabase = "aws:glue/catalogDatabase:CatalogDatabase"
)

type tableSettings struct {
	Prefixes []string `json:"prefixes" doc:"prefixes of the lake below which tables lie"`
}

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
			Types: disguises("AWS::Glue::Crawler"),
		}, none{}, noCrawler),
		onResource(Guardrail{
			Name: "glue-no-stand-in", Service: "Glue", Level: Mandatory,
			Description: "No Glue job, trigger, workflow, development endpoint, ML transform or data-quality ruleset, and no state machine, schedule or role that may start one or a crawler: nothing that stands in for a crawler.",
			Remedy:      "Remove it; what must happen for each object belongs into the state machine.",
			Reason: "A job is billed by the DPU-hour ($0.44) with at least 1 minute a run; a trigger or workflow exists only to start one, " +
				"or a crawler. A development endpoint is billed for as long as it exists: 5 DPU are $1,606 a month.",
			Types: slices.Concat(disguises(standInNames()...), []string{stateMachine, schedule}, policyTypes()),
		}, none{}, noStandIn),
		onStack(Guardrail{
			Name: "glue-table-in-lake", Service: "Glue", Level: Mandatory, Types: []string{catalogTable},
			Description: "A table names its SerDe, and its location is inside the lake: a bucket of the stack, below a prefix that holds logs.",
			Remedy:      "Set storageDescriptor.serDeInfo.serializationLibrary and a location below logs/ in the lake bucket.",
			Reason:      "A table whose location is the whole bucket makes every query read errors, schemas and whatever else lies there, at $5 a TB; one without a SerDe cannot be queried at all.",
		}, tableSettings{Prefixes: []string{"logs/"}}, checkTable),
	}
}

// standInNames are what exists only to do a crawler's work, or to start one.
func standInNames() []string {
	return []string{
		"AWS::Glue::Job", "AWS::Glue::Trigger", "AWS::Glue::Workflow", "AWS::Glue::DevEndpoint",
		"AWS::Glue::MLTransform", "AWS::Glue::DataQualityRuleset",
	}
}

func noCrawler(r Resource, stage Stage, _ none) Findings {
	var f Findings
	if _, is, ok := f.isOne(r, "AWS::Glue::Crawler"); ok && is {
		f.violate(r, Violation{
			Path: "type", Found: shown(r), Allowed: "no crawler",
			// Hourly, at its minimum.
			ExtraUSD: hoursAMonth / 6.0 * stage.price("glue.dpu"),
		})
	}
	return f
}

// starts finds calls that start a crawler or what stands in for one: in a state
// machine, in a schedule, and in the rights of a role.
var starts = regexp.MustCompile(`(?i)(:states:::(aws-sdk:)?glue:|:aws-sdk:glue:|"glue:)((create|start|update|resume|run)(crawler|job|trigger|workflow|dev|mlt|ml|dataquality|blueprint|statement|session)[a-z]*)`)

func noStandIn(r Resource, _ Stage, _ none) Findings {
	var f Findings
	const allowed = "none that stands in for a crawler"
	if nodes := startedFrom(r); nodes != nil {
		for _, node := range nodes {
			text := node.all()
			if found := starts.FindStringSubmatch(text); found != nil {
				f.violate(r, Violation{Path: node.Path, Found: "glue:" + found[3], Allowed: allowed})
			} else if node.HasUnknown() {
				f.wait(r, node.Path)
			}
		}
		return f
	}
	if _, is, ok := f.isOne(r, standInNames()...); ok && is {
		f.violate(r, Violation{Path: "type", Found: shown(r), Allowed: allowed})
	}
	return f
}

// startedFrom are the properties that may hold a call to Glue; nil for a type that
// calls nothing.
func startedFrom(r Resource) []Node {
	switch {
	case r.Type == stateMachine:
		return []Node{r.At("definition")}
	case r.Type == schedule:
		return []Node{r.At("target")}
	case matchesAny(r.Type, policyTypes()):
		return grants(r)
	}
	return nil
}

func checkTable(s Stack, _ Stage, c tableSettings) Findings {
	var f Findings
	buckets := s.buckets()
	for _, r := range s.OfType(catalogTable) {
		if kind, ok := f.text(r, r.At("tableType"), ""); !ok || kind == "VIRTUAL_VIEW" {
			continue // a view has neither
		}
		block := r.At("storageDescriptor")
		if block.Unknown() {
			f.wait(r, block.Path)
			continue
		}
		serde := block.At("serDeInfo.serializationLibrary")
		iceberg := !r.At("openTableFormatInput").Absent()
		if library, ok := f.text(r, serde, ""); ok && library == "" && !iceberg {
			f.violate(r, Violation{Path: serde.Path, Found: "not set", Allowed: "a SerDe"})
		}
		location := block.At("location")
		text, ok := f.text(r, location, "")
		if !ok {
			continue
		}
		name, key, _ := strings.Cut(strings.TrimPrefix(strings.TrimPrefix(text, "s3a://"), "s3://"), "/")
		inLake := slices.ContainsFunc(buckets, func(b bucket) bool { return b.is(name) })
		unnamed := slices.ContainsFunc(buckets, func(b bucket) bool {
			return first(b.Out("bucket"), b.At("bucket")).Unknown() || b.Out("id").Unknown() && b.At("bucket").Absent()
		})
		below := slices.ContainsFunc(c.Prefixes, func(prefix string) bool {
			return strings.HasPrefix(key, prefix) && len(key) > len(prefix)
		})
		allowed := "a bucket of the stack, below " + strings.Join(c.Prefixes, " or ")
		switch {
		case text == "":
			f.violate(r, Violation{Path: location.Path, Found: "not set", Allowed: allowed, Setting: "prefixes"})
		case !below:
			f.violate(r, Violation{Path: location.Path, Found: fmt.Sprintf("%q", text), Allowed: allowed, Setting: "prefixes"})
		case !inLake && unnamed:
			f.wait(r, location.Path)
		case !inLake:
			f.violate(r, Violation{Path: location.Path, Found: fmt.Sprintf("%q, which is not a bucket of the stack", text), Allowed: allowed, Setting: "prefixes"})
		}
	}
	return f
}
