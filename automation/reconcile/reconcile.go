// Package reconcile holds the catalog against the lake, both ways: hours with
// objects that no partition is registered for, partitions without objects,
// partitions whose columns are not the table's, and partitions that lie outside
// the lake or elsewhere than their values say. It repairs on request, while the
// pipeline runs, and says of nothing that it was repaired without having looked.
//
// Where partitions are projected, those that are registered are read by nobody:
// then it looks for hours outside of the projection's ranges, which Athena would
// not see. Partitions of another format than the table's, compacted ones for
// example, are counted and left alone, as the pipeline leaves them.
package reconcile

import (
	"context"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"crawlerless/lambdas/catalogmerge"
)

// Kind is what is wrong.
type Kind string

// The findings.
const (
	Unregistered Kind = "unregistered" // objects, but no partition: Athena does not see them
	Empty        Kind = "empty"        // a partition without objects: costs a listing for nothing
	Drifted      Kind = "drifted"      // columns or SerDe are not the table's: a query may fail, or miss values
	Misplaced    Kind = "misplaced"    // the location is not where the values say
	Unprojected  Kind = "unprojected"  // objects outside of the projection's ranges: Athena does not see them
)

// young is how old an empty partition's hour must at least be to be removed:
// whoever is about to write into it, and was told that it is registered, has
// done so by then.
const young = 2 * time.Hour

// Finding is one thing that is wrong with one partition.
type Finding struct {
	Kind     Kind     `json:"kind"`
	Values   []string `json:"values"`
	Location string   `json:"location"`
	Detail   string   `json:"detail"`
	Repaired bool     `json:"repaired"`
}

// Options of a reconciliation of one table.
type Options struct {
	S3              *s3.Client
	Glue            *glue.Client
	Bucket, Prefix  string // of the source: "logs/app/"
	Database, Table string
	Repair          bool
	// Now is the time on the target, by which partitions are too young to be
	// called empty.
	Now func() time.Time
	// Catalogue runs the workflow for every object below a prefix: how an
	// unregistered hour is repaired.
	Catalogue func(ctx context.Context, prefix string) error
	// Progress, where not nil, is told what is being read.
	Progress func(format string, args ...any)
}

// Report is what was found.
type Report struct {
	Table      string    `json:"table"`
	Projected  bool      `json:"projected"` // the table registers no partitions
	Prefixes   int       `json:"prefixes"`  // hours with objects in the lake
	Partitions int       `json:"partitions"`
	Foreign    int       `json:"foreign"` // partitions of another format, left alone
	Findings   []Finding `json:"findings"`
}

// Left counts the findings that are not repaired.
func (r Report) Left() int {
	n := 0
	for _, f := range r.Findings {
		if !f.Repaired {
			n++
		}
	}
	return n
}

// Run compares, and repairs where asked.
func Run(ctx context.Context, o Options) (Report, error) {
	report := Report{Table: o.Table, Findings: []Finding{}}
	table, err := o.Glue.GetTable(ctx, &glue.GetTableInput{DatabaseName: &o.Database, Name: &o.Table})
	if err != nil {
		return report, fmt.Errorf("table %s.%s: %w", o.Database, o.Table, err)
	}
	keys := make([]string, len(table.Table.PartitionKeys))
	for i, k := range table.Table.PartitionKeys {
		keys[i] = aws.ToString(k.Name)
	}
	report.Projected = table.Table.Parameters["projection.enabled"] == "true"
	partitions, err := o.partitions(ctx)
	if err != nil {
		return report, err
	}
	report.Partitions = len(partitions)
	prefixes, err := o.prefixes(ctx, o.Prefix, keys)
	if err != nil {
		return report, err
	}
	report.Prefixes = len(prefixes)
	if report.Projected {
		report.Findings = o.unprojected(keys, table.Table.Parameters, prefixes)
		return report, nil // the stage's configuration has to change
	}
	for values, p := range partitions {
		if !catalogmerge.SameFormat(p.StorageDescriptor, table.Table) {
			report.Foreign++
			delete(partitions, values)
			delete(prefixes, values)
		}
	}
	if report.Findings, err = o.unregistered(ctx, partitions, prefixes); err != nil {
		return report, err
	}
	report.Findings = append(report.Findings, o.compare(keys, table.Table, partitions, prefixes)...)
	if !o.Repair {
		return report, nil
	}
	return report, o.repair(ctx, keys, report.Findings, partitions)
}
