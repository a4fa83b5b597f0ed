package guardrails

import (
	"fmt"
	"strings"
)

const (
	workgroup           = "aws:athena/workgroup:Workgroup"
	capacityReservation = "aws:athena/capacityReservation:CapacityReservation"
)

type scanSettings struct {
	MaxScanGiB float64 `json:"maxScanGiB" doc:"most that a query of a workgroup may read before it is cancelled, in GiB" min:"0.01"`
}

func athenaRules() []Guardrail {
	return []Guardrail{
		onResource(Guardrail{
			Name: "athena-scan-limit", Service: "Athena", Level: Mandatory, Types: []string{workgroup},
			Description: "A workgroup is enforced and limits what a query may read.",
			Remedy:      "Set enforceWorkgroupConfiguration and bytesScannedCutoffPerQuery (crawlerless:queryScanLimitMiB).",
			Reason:      "Athena asks $5 for each TB read. A SELECT * without a partition over a lake of 10 TB is $50, each time; a limit of 100 GiB stops it at $0.49. Clients may override a workgroup that is not enforced.",
		}, scanSettings{MaxScanGiB: 100}, checkScan),
		onStack(Guardrail{
			Name: "athena-results-expire", Service: "Athena", Level: Mandatory, Types: []string{workgroup},
			Description: "Query results expire.",
			Remedy:      "Write them to a bucket of the stack with a lifecycle rule that expires them (crawlerless:resultsExpiryDays).",
			Reason:      "Every query leaves its result in S3 for ever, $0.023 for each GB-month; the same result, read once, is paid for again every month.",
		}, none{}, checkResults),
		onResource(Guardrail{
			Name: "athena-no-reservation", Service: "Athena", Level: Mandatory, Types: []string{capacityReservation},
			Description: "No reserved capacity.",
			Remedy:      "Remove it: queries of a log lake are few, and cheaper by the byte.",
			Reason:      "24 DPU at $0.30 an hour cost $5,256 a month, asked or not: as much as reading a PB by the byte.",
		}, none{}, func(r Resource, _ Stage, _ none) Findings {
			var f Findings
			node := r.At("targetDpus")
			f.violate(r, Violation{Path: node.Path, Found: node.String(), Allowed: "no reservation"})
			return f
		}),
	}
}

func checkScan(r Resource, _ Stage, c scanSettings) Findings {
	var f Findings
	block := r.At("configuration")
	if block.Unknown() {
		f.wait(r, block.Path)
		return f
	}
	// The provider enforces where nothing is said.
	enforce := block.At("enforceWorkgroupConfiguration")
	if on, ok := f.flag(r, enforce, true); ok && !on {
		f.violate(r, Violation{Path: enforce.Path, Found: "false", Allowed: "true"})
	}
	limit := block.At("bytesScannedCutoffPerQuery")
	allowed := fmt.Sprintf("at most %g GiB", c.MaxScanGiB)
	bytes, ok := f.number(r, limit, 0)
	switch {
	case !ok:
	case bytes <= 0:
		f.violate(r, Violation{Path: limit.Path, Found: "not set, so a query reads what it likes", Allowed: allowed, Setting: "maxScanGiB"})
	case bytes > c.MaxScanGiB*(1<<30):
		f.violate(r, Violation{Path: limit.Path, Found: fmt.Sprintf("%.4g GiB", bytes/(1<<30)), Allowed: allowed, Setting: "maxScanGiB"})
	}
	return f
}

func checkResults(s Stack, _ Stage, _ none) Findings {
	var f Findings
	buckets := s.buckets()
	for _, r := range s.OfType(workgroup) {
		managed := r.At("configuration.managedQueryResultsConfiguration.enabled")
		if on, ok := f.flag(r, managed, false); !ok || on {
			continue // results that Athena keeps expire after a day
		}
		node := r.At("configuration.resultConfiguration.outputLocation")
		if node.Absent() {
			f.violate(r, Violation{Path: node.Path, Found: "not set, so each client says where", Allowed: "a bucket of the stack whose objects expire"})
			continue
		}
		location, known := node.Text()
		name, key, _ := strings.Cut(strings.TrimPrefix(location, "s3://"), "/")
		var b *bucket
		for i := range buckets {
			if known && buckets[i].is(name) || !known && buckets[i].referredBy(r.Refers["configuration"]) {
				b = &buckets[i]
			}
		}
		switch {
		case b == nil && !known:
			f.wait(r, node.Path)
		case b == nil:
			f.violate(r, Violation{Path: node.Path, Found: fmt.Sprintf("%q, which is not a bucket of the stack", location), Allowed: "a bucket of the stack whose objects expire"})
		default:
			// Without the key, any expiry counts.
			verdict := b.expires(key, known)
			if !verdict.known {
				f.wait(r, node.Path)
			} else if !verdict.yes {
				f.violate(r, Violation{Path: node.Path, Found: "the bucket " + b.Name + ", which keeps results for ever", Allowed: "a bucket whose objects expire"})
			}
		}
	}
	return f
}
