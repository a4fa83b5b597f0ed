package guardrails

import (
	"fmt"
	"slices"
	"strings"

	"crawlerless/cost"
)

const deliveryStream = "aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream"

// What Firehose assumes for a destination that says nothing.
// https://docs.aws.amazon.com/firehose/latest/APIReference/API_BufferingHints.html
const (
	defaultBufferMiB     = 5
	defaultBufferSeconds = 300
)

type bufferSettings struct {
	MinMiB     int `json:"minMiB" doc:"least buffer size of a delivery stream, in MiB" min:"1" max:"128"`
	MinSeconds int `json:"minSeconds" doc:"least buffer interval of a delivery stream, in seconds" min:"0" max:"900"`
}

type compressionSettings struct {
	Formats []string `json:"formats" doc:"compression formats that are allowed" enum:"GZIP|Snappy|ZIP|HADOOP_SNAPPY"`
}

type partitioningSettings struct {
	Allowed bool `json:"allowed" doc:"whether dynamic partitioning is allowed"`
}

type errorPrefixSettings struct {
	TablePrefixes []string `json:"tablePrefixes" doc:"prefixes below which tables lie; errors lie outside them"`
}

type conversionSettings struct {
	MinGBPerDay float64 `json:"minGbPerDay" doc:"least volume of the stage, in GB a day, from which format conversion is useful" min:"0"`
}

func firehoseRules() []Guardrail {
	streams := []string{deliveryStream}
	return []Guardrail{
		onResource(Guardrail{
			Name: "firehose-buffer", Service: "Firehose", Level: Mandatory, Types: streams,
			Description: "A delivery stream buffers at least as much, and at least as long, as the stage demands.",
			Remedy:      "Raise crawlerless:bufferMiB or crawlerless:bufferSeconds.",
			Reason: "Every object costs a PUT, an event, an execution of the state machine, an invocation and, at each query, a GET. " +
				"60 s instead of 900 s is fifteen times as many objects: with one source 43,800 instead of 2,920 a month.",
		}, bufferSettings{MinMiB: 64, MinSeconds: 300}, checkBuffer),
		onResource(Guardrail{
			Name: "firehose-compression", Service: "Firehose", Level: Mandatory, Types: streams,
			Description: "A delivery stream compresses what it writes.",
			Remedy:      "Set compressionFormat to GZIP.",
			Reason:      "Uncompressed logs are about eight times as large: $0.023 instead of $0.003 for each GB-month in S3, and $5 instead of $0.63 for each TB of log that a query reads.",
		}, compressionSettings{Formats: []string{"GZIP"}}, checkCompression),
		onResource(Guardrail{
			Name: "firehose-no-dynamic-partitioning", Service: "Firehose", Level: Mandatory, Types: streams,
			Description: "No dynamic partitioning unless the stage allows it.",
			Remedy:      "Remove dynamicPartitioningConfiguration; the prefix by arrival time costs nothing.",
			Reason:      "$0.02 for each GB and $0.005 for 1,000 objects, more than Firehose itself asks for compressed records; and it cannot be turned off again.",
		}, partitioningSettings{}, checkPartitioning),
		onResource(Guardrail{
			Name: "firehose-error-prefix", Service: "Firehose", Level: Mandatory, Types: streams,
			Description: "Errors are written outside the location of every table.",
			Remedy:      "Set errorOutputPrefix to something below errors/.",
			Reason:      "What Firehose could not process is not in the table's format: below a table's location every query reads it, pays for it and may fail on it.",
		}, errorPrefixSettings{TablePrefixes: []string{"logs/"}}, checkErrorPrefix),
		onResource(Guardrail{
			Name: "firehose-no-small-conversion", Service: "Firehose", Level: Mandatory, Types: streams,
			Description: "No conversion to Parquet or ORC below the volume from which it is useful.",
			Remedy:      "Remove dataFormatConversionConfiguration, or lower the limit where queries read much more than arrives.",
			Reason: "Conversion costs $0.018 for each GB that arrives, whether or not it is ever read; it saves only where queries scan the same data many times: " +
				"at $5 a TB and gzip that is about thirty times.",
		}, conversionSettings{MinGBPerDay: 100}, checkConversion),
		onResource(Guardrail{
			Name: "firehose-no-backup", Service: "Firehose", Level: Mandatory, Types: streams,
			Description: "No backup of source records: the lake has them already.",
			Remedy:      "Remove s3BackupMode and s3BackupConfiguration.",
			Reason:      "A backup writes every record a second time: twice the PUT requests and twice the storage, of data that is in the lake and, for the retention of its group, in CloudWatch Logs.",
		}, none{}, checkBackup),
	}
}

// destinations returns the blocks of a stream that buffer on their own. Absent
// ones are left out.
func destinations(r Resource) []Node {
	var blocks []Node
	for _, name := range []string{
		"extendedS3Configuration", "s3Configuration", "redshiftConfiguration", "elasticsearchConfiguration",
		"opensearchConfiguration", "opensearchserverlessConfiguration", "splunkConfiguration",
		"httpEndpointConfiguration", "snowflakeConfiguration", "icebergConfiguration",
	} {
		block := r.At(name)
		if block.Absent() {
			continue
		}
		blocks = append(blocks, block)
		for _, nested := range []string{"s3Configuration", "s3BackupConfiguration"} {
			if inner := block.At(nested); !inner.Absent() && !block.Unknown() {
				blocks = append(blocks, inner)
			}
		}
	}
	return blocks
}

func checkBuffer(r Resource, stage Stage, c bufferSettings) Findings {
	var f Findings
	for _, block := range destinations(r) {
		size := block.At("bufferingSize")
		if mib, ok := f.number(r, size, defaultBufferMiB); ok && mib < float64(c.MinMiB) {
			f.violate(r, Violation{
				Path: size.Path, Found: fmt.Sprintf("%g MiB", mib),
				Allowed: fmt.Sprintf("at least %d MiB", c.MinMiB), Setting: "minMiB",
				ExtraUSD: stage.extra(
					func(s *cost.Scenario) { s.BufferMiB = max(int64(mib), 1) },
					func(s *cost.Scenario) { s.BufferMiB = int64(c.MinMiB) }),
			})
		}
		interval := block.At("bufferingInterval")
		if seconds, ok := f.number(r, interval, defaultBufferSeconds); ok && seconds < float64(c.MinSeconds) {
			f.violate(r, Violation{
				Path: interval.Path, Found: fmt.Sprintf("%g s", seconds),
				Allowed: fmt.Sprintf("at least %d s", c.MinSeconds), Setting: "minSeconds",
				ExtraUSD: stage.extra(
					func(s *cost.Scenario) { s.BufferSeconds = max(int64(seconds), 1) },
					func(s *cost.Scenario) { s.BufferSeconds = int64(c.MinSeconds) }),
			})
		}
	}
	return f
}

// converts reports whether a destination converts records. The block alone turns
// it on: enabled is true where it is not set.
func converts(f *Findings, r Resource, block Node) (on, ok bool) {
	conversion := block.At("dataFormatConversionConfiguration")
	if conversion.Unknown() {
		f.wait(r, conversion.Path)
		return false, false
	}
	if conversion.Absent() {
		return false, true
	}
	return f.flag(r, conversion.At("enabled"), true)
}

func checkCompression(r Resource, stage Stage, c compressionSettings) Findings {
	var f Findings
	for _, block := range destinations(r) {
		if !slices.Contains([]string{"extendedS3Configuration", "s3Configuration"}, last(block.Path)) {
			continue // other destinations compress nothing in S3
		}
		if on, ok := converts(&f, r, block); !ok || on {
			continue // Parquet and ORC compress by themselves, and must say UNCOMPRESSED
		}
		format := block.At("compressionFormat")
		found, ok := f.text(r, format, "UNCOMPRESSED")
		if ok && !slices.Contains(c.Formats, found) {
			f.violate(r, Violation{
				Path: format.Path, Found: found, Allowed: strings.Join(c.Formats, " or "), Setting: "formats",
				ExtraUSD: stage.extra(func(s *cost.Scenario) { s.Uncompressed = true }, func(s *cost.Scenario) { s.Uncompressed = false }),
			})
		}
	}
	return f
}

func checkPartitioning(r Resource, stage Stage, c partitioningSettings) Findings {
	var f Findings
	block := r.At("extendedS3Configuration.dynamicPartitioningConfiguration")
	if c.Allowed {
		return f
	}
	if block.Unknown() {
		f.wait(r, block.Path)
		return f
	}
	if block.Absent() {
		return f
	}
	if on, ok := f.flag(r, block.At("enabled"), false); ok && on {
		f.violate(r, Violation{
			Path: block.Path, Found: "enabled", Allowed: "no dynamic partitioning", Setting: "allowed",
			ExtraUSD: stage.Scenario.GBPerDay / float64(max(stage.Scenario.Sources, 1)) * cost.DaysPerMonth * stage.price("firehose.partitioning"),
		})
	}
	return f
}

// checkErrorPrefix compares what stands before the first expression.
func checkErrorPrefix(r Resource, _ Stage, c errorPrefixSettings) Findings {
	var f Findings
	for _, block := range destinations(r) {
		if !slices.Contains([]string{"extendedS3Configuration", "s3Configuration"}, block.Path) {
			continue // no table lies where another destination puts its failures
		}
		node := block.At("errorOutputPrefix")
		errors, ok := f.text(r, node, "")
		if !ok {
			continue
		}
		tables := slices.Clone(c.TablePrefixes)
		if prefix, ok := f.text(r, block.At("prefix"), ""); ok && fixedPart(prefix) != "" {
			tables = append(tables, fixedPart(prefix))
		}
		found := ""
		switch {
		case errors == "":
			found = "not set, so errors go below the prefix of the records"
		case fixedPart(errors) == "":
			found = fmt.Sprintf("%q, which begins with an expression", errors)
		default:
			for _, table := range tables {
				if strings.HasPrefix(fixedPart(errors), table) || strings.HasPrefix(table, fixedPart(errors)) {
					found = fmt.Sprintf("%q", errors)
				}
			}
		}
		if found != "" {
			f.violate(r, Violation{Path: node.Path, Found: found, Allowed: "a prefix outside " + strings.Join(tables, ", "), Setting: "tablePrefixes"})
		}
	}
	return f
}

// fixedPart is a prefix up to its first expression.
func fixedPart(prefix string) string {
	fixed, _, _ := strings.Cut(prefix, "!{")
	return fixed
}

func checkConversion(r Resource, stage Stage, c conversionSettings) Findings {
	var f Findings
	block := r.At("extendedS3Configuration")
	if on, ok := converts(&f, r, block); !ok || !on || stage.Scenario.GBPerDay >= c.MinGBPerDay {
		return f
	}
	f.violate(r, Violation{
		Path: block.At("dataFormatConversionConfiguration").Path, Found: fmt.Sprintf("enabled at %g GB a day", stage.Scenario.GBPerDay),
		Allowed: fmt.Sprintf("conversion from %g GB a day", c.MinGBPerDay), Setting: "minGbPerDay",
		ExtraUSD: stage.Scenario.GBPerDay / float64(max(stage.Scenario.Sources, 1)) * cost.DaysPerMonth * stage.price("firehose.conversion"),
	})
	return f
}

func checkBackup(r Resource, stage Stage, _ none) Findings {
	var f Findings
	for _, block := range destinations(r) {
		mode := block.At("s3BackupMode")
		found, ok := f.text(r, mode, "Disabled")
		// The others send only what failed: that is no copy of the source.
		if ok && slices.Contains([]string{"Enabled", "AllDocuments", "AllEvents", "AllData"}, found) {
			f.violate(r, Violation{
				Path: mode.Path, Found: found, Allowed: "Disabled, or failed records only",
				ExtraUSD: stage.copyOfTheLake(),
			})
		}
	}
	return f
}

// last is the last name of a path.
func last(path string) string { return path[strings.LastIndex(path, ".")+1:] }
