// Package reconcile holds the catalog against the lake, both ways: hours with
// objects that no partition is registered for, partitions without objects,
// partitions whose columns are not the table's, and partitions that lie outside
// the lake or elsewhere than their values say. It repairs on request, while the
// pipeline runs.
package reconcile

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// Kind is what is wrong.
type Kind string

// The findings.
const (
	Unregistered Kind = "unregistered" // objects, but no partition: Athena does not see them
	Empty        Kind = "empty"        // a partition without objects: costs a listing for nothing
	Drifted      Kind = "drifted"      // columns or SerDe are not the table's: a query may fail
	Misplaced    Kind = "misplaced"    // the location is not where the values say
)

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
	report.Findings = o.compare(keys, table.Table, partitions, prefixes, report.Projected)
	if !o.Repair {
		return report, nil
	}
	return report, o.repair(ctx, keys, report.Findings, partitions)
}

// partitions reads all partitions, by their values joined with "/".
func (o Options) partitions(ctx context.Context) (map[string]types.Partition, error) {
	all := map[string]types.Partition{}
	pages := glue.NewGetPartitionsPaginator(o.Glue, &glue.GetPartitionsInput{DatabaseName: &o.Database, TableName: &o.Table})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("partitions of %s.%s: %w", o.Database, o.Table, err)
		}
		for _, p := range page.Partitions {
			all[strings.Join(p.Values, "/")] = p
		}
		if o.Progress != nil {
			o.Progress("%s: %d partitions read", o.Table, len(all))
		}
	}
	return all, nil
}

// prefixes finds the hours that hold objects by listing folder by folder, one
// level for each partition key, never the objects themselves.
func (o Options) prefixes(ctx context.Context, prefix string, keys []string) (map[string]string, error) {
	level := map[string]string{"": prefix}
	for _, key := range keys {
		next := map[string]string{}
		for values, p := range level {
			folders, err := o.folders(ctx, p)
			if err != nil {
				return nil, err
			}
			for _, folder := range folders {
				name := strings.TrimSuffix(strings.TrimPrefix(folder, p), "/")
				value, ok := strings.CutPrefix(name, key+"=")
				if !ok {
					continue // not a partition's folder: no object of the pipeline
				}
				next[strings.TrimPrefix(values+"/"+value, "/")] = folder
			}
		}
		level = next
		if o.Progress != nil {
			o.Progress("%s: %d folders of %s read", o.Table, len(level), key)
		}
	}
	return level, nil
}

func (o Options) folders(ctx context.Context, prefix string) ([]string, error) {
	var folders []string
	pages := s3.NewListObjectsV2Paginator(o.S3, &s3.ListObjectsV2Input{Bucket: &o.Bucket, Prefix: &prefix, Delimiter: aws.String("/")})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("list s3://%s/%s: %w", o.Bucket, prefix, err)
		}
		for _, c := range page.CommonPrefixes {
			folders = append(folders, aws.ToString(c.Prefix))
		}
	}
	return folders, nil
}

func (o Options) compare(keys []string, table *types.Table, partitions map[string]types.Partition, prefixes map[string]string, projected bool) []Finding {
	findings := []Finding{}
	for _, values := range slices.Sorted(maps.Keys(prefixes)) {
		if _, ok := partitions[values]; !ok && !projected {
			findings = append(findings, Finding{
				Kind: Unregistered, Values: strings.Split(values, "/"), Location: o.url(prefixes[values]), Detail: "the lake has objects here, the catalog has no partition",
			})
		}
	}
	for _, joined := range slices.Sorted(maps.Keys(partitions)) {
		p := partitions[joined]
		location := ""
		if p.StorageDescriptor != nil {
			location = aws.ToString(p.StorageDescriptor.Location)
		}
		f := Finding{Values: p.Values, Location: location}
		if want := o.url(o.place(keys, p.Values)); strings.TrimSuffix(location, "/") != strings.TrimSuffix(want, "/") {
			f.Kind, f.Detail = Misplaced, "its values say "+want
			findings = append(findings, f)
			continue
		}
		if _, ok := prefixes[joined]; !ok {
			f.Kind, f.Detail = Empty, "no object lies there"
			findings = append(findings, f)
			continue
		}
		if detail := drift(table.StorageDescriptor, p.StorageDescriptor); detail != "" {
			f.Kind, f.Detail = Drifted, detail
			findings = append(findings, f)
		}
	}
	return findings
}

// place is the prefix that values belong to.
func (o Options) place(keys, values []string) string {
	p := o.Prefix
	for i, v := range values {
		if i < len(keys) {
			p += keys[i] + "=" + v + "/"
		}
	}
	return p
}

func (o Options) url(prefix string) string { return "s3://" + o.Bucket + "/" + prefix }

// drift says where a partition's description differs from the table's, or "".
// Athena compares the columns by position.
func drift(table, partition *types.StorageDescriptor) string {
	if table == nil || partition == nil {
		return "it has no storage descriptor"
	}
	for i, c := range partition.Columns {
		if i >= len(table.Columns) {
			return fmt.Sprintf("it has %d columns, the table %d", len(partition.Columns), len(table.Columns))
		}
		t := table.Columns[i]
		if aws.ToString(c.Name) != aws.ToString(t.Name) || aws.ToString(c.Type) != aws.ToString(t.Type) {
			return fmt.Sprintf("column %d is %s %s, the table's is %s %s", i+1, aws.ToString(c.Name), aws.ToString(c.Type), aws.ToString(t.Name), aws.ToString(t.Type))
		}
	}
	a, b := table.SerdeInfo, partition.SerdeInfo
	if a != nil && (b == nil || aws.ToString(a.SerializationLibrary) != aws.ToString(b.SerializationLibrary)) {
		return "its SerDe is not the table's"
	}
	return ""
}

// The most that Glue takes in one call.
const (
	maxUpdate = 100 // BatchUpdatePartition
	maxDelete = 25  // BatchDeletePartition
)

// repair mends the findings, most harmful first.
func (o Options) repair(ctx context.Context, keys []string, findings []Finding, partitions map[string]types.Partition) error {
	var errs []error
	for i := range findings {
		if findings[i].Kind == Unregistered {
			err := o.Catalogue(ctx, o.place(keys, findings[i].Values))
			findings[i].Repaired = err == nil
			errs = append(errs, err)
		}
	}
	errs = append(errs, o.update(ctx, keys, findings, partitions), o.remove(ctx, findings))
	return errors.Join(errs...)
}

// update brings drifted and misplaced partitions in line with the table as it
// is now, which the pipeline may have evolved since it was compared.
func (o Options) update(ctx context.Context, keys []string, findings []Finding, partitions map[string]types.Partition) error {
	var picked []int
	for i, f := range findings {
		if f.Kind == Drifted || f.Kind == Misplaced {
			picked = append(picked, i)
		}
	}
	if len(picked) == 0 {
		return nil
	}
	now, err := o.Glue.GetTable(ctx, &glue.GetTableInput{DatabaseName: &o.Database, Name: &o.Table})
	if err != nil {
		return fmt.Errorf("table %s.%s: %w", o.Database, o.Table, err)
	}
	var errs []error
	for batch := range slices.Chunk(picked, maxUpdate) {
		in := &glue.BatchUpdatePartitionInput{DatabaseName: &o.Database, TableName: &o.Table}
		for _, i := range batch {
			old := partitions[strings.Join(findings[i].Values, "/")]
			sd := *now.Table.StorageDescriptor
			sd.Location = aws.String(o.url(o.place(keys, findings[i].Values)))
			in.Entries = append(in.Entries, types.BatchUpdatePartitionRequestEntry{
				PartitionValueList: findings[i].Values,
				PartitionInput:     &types.PartitionInput{Values: findings[i].Values, StorageDescriptor: &sd, Parameters: old.Parameters},
			})
		}
		out, err := o.Glue.BatchUpdatePartition(ctx, in)
		if err != nil {
			errs = append(errs, fmt.Errorf("update partitions of %s: %w", o.Table, err))
			continue
		}
		failed := map[string]bool{}
		for _, e := range out.Errors {
			failed[strings.Join(e.PartitionValueList, "/")] = true
			errs = append(errs, entryError("update", e.PartitionValueList, e.ErrorDetail))
		}
		for _, i := range batch {
			findings[i].Repaired = !failed[strings.Join(findings[i].Values, "/")]
		}
	}
	return errors.Join(errs...)
}

// remove deletes partitions without objects, after looking once more: the
// pipeline may have written there since.
func (o Options) remove(ctx context.Context, findings []Finding) error {
	var picked []int
	var errs []error
	for i, f := range findings {
		if f.Kind != Empty {
			continue
		}
		prefix := strings.TrimPrefix(f.Location, "s3://"+o.Bucket+"/")
		out, err := o.S3.ListObjectsV2(ctx, &s3.ListObjectsV2Input{Bucket: &o.Bucket, Prefix: &prefix, MaxKeys: aws.Int32(1)})
		switch {
		case err != nil:
			errs = append(errs, fmt.Errorf("list %s: %w", f.Location, err))
		case len(out.Contents) > 0:
			findings[i].Repaired = true // it is empty no more
		default:
			picked = append(picked, i)
		}
	}
	for batch := range slices.Chunk(picked, maxDelete) {
		in := &glue.BatchDeletePartitionInput{DatabaseName: &o.Database, TableName: &o.Table}
		for _, i := range batch {
			in.PartitionsToDelete = append(in.PartitionsToDelete, types.PartitionValueList{Values: findings[i].Values})
		}
		out, err := o.Glue.BatchDeletePartition(ctx, in)
		if err != nil {
			errs = append(errs, fmt.Errorf("delete partitions of %s: %w", o.Table, err))
			continue
		}
		failed := map[string]bool{}
		for _, e := range out.Errors {
			if e.ErrorDetail != nil && aws.ToString(e.ErrorDetail.ErrorCode) == "EntityNotFoundException" {
				continue // gone already
			}
			failed[strings.Join(e.PartitionValues, "/")] = true
			errs = append(errs, entryError("delete", e.PartitionValues, e.ErrorDetail))
		}
		for _, i := range batch {
			findings[i].Repaired = !failed[strings.Join(findings[i].Values, "/")]
		}
	}
	return errors.Join(errs...)
}

func entryError(what string, values []string, detail *types.ErrorDetail) error {
	code, message := "", ""
	if detail != nil {
		code, message = aws.ToString(detail.ErrorCode), aws.ToString(detail.ErrorMessage)
	}
	return fmt.Errorf("%s partition %s: %s: %s", what, strings.Join(values, "/"), code, message)
}
