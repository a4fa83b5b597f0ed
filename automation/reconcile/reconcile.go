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
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"
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

// unregistered finds hours with objects that have no partition. Directory
// markers and empty objects do not count: they hold nothing to read.
func (o Options) unregistered(ctx context.Context, partitions map[string]types.Partition, prefixes map[string]string) ([]Finding, error) {
	findings := []Finding{}
	for _, values := range slices.Sorted(maps.Keys(prefixes)) {
		if _, ok := partitions[values]; ok {
			continue
		}
		holds, err := o.holds(ctx, prefixes[values])
		if err != nil {
			return findings, err
		}
		if holds {
			findings = append(findings, Finding{
				Kind: Unregistered, Values: strings.Split(values, "/"), Location: o.url(prefixes[values]), Detail: "the lake has objects here, the catalog has no partition",
			})
		}
	}
	return findings, nil
}

// holds says whether an object that is not empty lies below a prefix.
func (o Options) holds(ctx context.Context, prefix string) (bool, error) {
	pages := s3.NewListObjectsV2Paginator(o.S3, &s3.ListObjectsV2Input{Bucket: &o.Bucket, Prefix: &prefix})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return false, fmt.Errorf("list s3://%s/%s: %w", o.Bucket, prefix, err)
		}
		for _, object := range page.Contents {
			if aws.ToInt64(object.Size) > 0 && !strings.HasSuffix(aws.ToString(object.Key), "/") {
				return true, nil
			}
		}
	}
	return false, nil
}

// unprojected finds hours that lie outside of the ranges of a table's
// projection, which are whole numbers: "2024,2100".
func (o Options) unprojected(keys []string, parameters map[string]string, prefixes map[string]string) []Finding {
	findings := []Finding{}
	for _, joined := range slices.Sorted(maps.Keys(prefixes)) {
		values := strings.Split(joined, "/")
		for i, key := range keys {
			name := "projection." + key + ".range"
			low, high, ok := strings.Cut(parameters[name], ",")
			first, e1 := strconv.Atoi(low)
			last, e2 := strconv.Atoi(high)
			n, e3 := strconv.Atoi(values[i])
			if ok && e1 == nil && e2 == nil && (e3 != nil || n < first || n > last) {
				findings = append(findings, Finding{
					Kind: Unprojected, Values: values, Location: o.url(prefixes[joined]),
					Detail: fmt.Sprintf("%s is not within %s, %s: Athena does not see it (crawlerless:projectionFrom)", values[i], name, parameters[name]),
				})
				break
			}
		}
	}
	return findings
}

func (o Options) compare(keys []string, table *types.Table, partitions map[string]types.Partition, prefixes map[string]string) []Finding {
	var findings []Finding
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
			if o.old(p.Values) {
				f.Kind, f.Detail = Empty, "no object lies there"
				findings = append(findings, f)
			}
			continue
		}
		if !catalogmerge.UpToDate(p.StorageDescriptor, table) {
			f.Kind, f.Detail = Drifted, drift(table.StorageDescriptor, p.StorageDescriptor)
			findings = append(findings, f)
		}
	}
	return findings
}

// old says that an hour is over for long enough. Values that are no hour are.
func (o Options) old(values []string) bool {
	hour, err := time.Parse("2006/01/02/15", strings.Join(values, "/"))
	return err != nil || o.Now().Sub(hour) >= time.Hour+young
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

// drift words how a partition's description differs from the table's. Athena
// compares the columns by position, and reads what a partition does not list as
// NULL.
func drift(table, partition *types.StorageDescriptor) string {
	if table == nil || partition == nil {
		return "it has no storage descriptor"
	}
	for i, c := range partition.Columns {
		if i >= len(table.Columns) {
			break
		}
		t := table.Columns[i]
		if aws.ToString(c.Name) != aws.ToString(t.Name) || aws.ToString(c.Type) != aws.ToString(t.Type) {
			return fmt.Sprintf("column %d is %s %s, the table's is %s %s", i+1, aws.ToString(c.Name), aws.ToString(c.Type), aws.ToString(t.Name), aws.ToString(t.Type))
		}
	}
	if len(partition.Columns) != len(table.Columns) {
		return fmt.Sprintf("it has %d columns, the table %d", len(partition.Columns), len(table.Columns))
	}
	return "the parameters of its SerDe are not the table's"
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
		if findings[i].Kind != Unregistered || ctx.Err() != nil {
			continue
		}
		err := o.Catalogue(ctx, o.place(keys, findings[i].Values))
		var there bool
		if err == nil {
			there, err = o.registered(ctx, findings[i].Values)
		}
		if findings[i].Repaired = there; err == nil && !there {
			findings[i].Detail = "its objects hold no records: there is nothing to register"
		}
		errs = append(errs, err)
	}
	errs = append(errs, ctx.Err(), o.move(ctx, keys, findings, partitions), o.sync(ctx, findings), o.remove(ctx, findings))
	return errors.Join(errs...)
}

func (o Options) registered(ctx context.Context, values []string) (bool, error) {
	_, err := o.Glue.GetPartition(ctx, &glue.GetPartitionInput{DatabaseName: &o.Database, TableName: &o.Table, PartitionValues: values})
	var missing *types.EntityNotFoundException
	if errors.As(err, &missing) {
		return false, nil
	}
	return err == nil, err
}

// move brings misplaced partitions to where their values say. Their columns may
// be older than the table's by the time they are written: sync follows.
func (o Options) move(ctx context.Context, keys []string, findings []Finding, partitions map[string]types.Partition) error {
	var errs []error
	for batch := range slices.Chunk(picked(findings, Misplaced), maxUpdate) {
		in := &glue.BatchUpdatePartitionInput{DatabaseName: &o.Database, TableName: &o.Table}
		for _, i := range batch {
			old := partitions[strings.Join(findings[i].Values, "/")]
			sd := types.StorageDescriptor{}
			if old.StorageDescriptor != nil {
				sd = *old.StorageDescriptor
			}
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

// sync brings every partition up to date with the table, as the pipeline itself
// does it: neither can undo what the other has done.
func (o Options) sync(ctx context.Context, findings []Finding) error {
	if len(picked(findings, Drifted, Misplaced)) == 0 {
		return nil
	}
	if _, err := catalogmerge.New(catalogmerge.Options{Glue: o.Glue, Database: o.Database, Now: o.Now}).Sync(ctx, o.Table); err != nil {
		for _, i := range picked(findings, Drifted, Misplaced) {
			findings[i].Repaired = false
		}
		return fmt.Errorf("bring the partitions of %s up to date: %w", o.Table, err)
	}
	for _, i := range picked(findings, Drifted) {
		findings[i].Repaired = true
	}
	return nil
}

// picked are the indices of findings of some kinds.
func picked(findings []Finding, kinds ...Kind) []int {
	var list []int
	for i, f := range findings {
		if slices.Contains(kinds, f.Kind) {
			list = append(list, i)
		}
	}
	return list
}

// remove deletes partitions without objects, after looking once more: the
// pipeline may have written there since.
func (o Options) remove(ctx context.Context, findings []Finding) error {
	var gone []int
	var errs []error
	for _, i := range picked(findings, Empty) {
		f := findings[i]
		// With its slash: "hour=0" is not "hour=01".
		prefix := strings.TrimSuffix(strings.TrimPrefix(f.Location, "s3://"+o.Bucket+"/"), "/") + "/"
		out, err := o.S3.ListObjectsV2(ctx, &s3.ListObjectsV2Input{Bucket: &o.Bucket, Prefix: &prefix, MaxKeys: aws.Int32(1)})
		switch {
		case err != nil:
			errs = append(errs, fmt.Errorf("list %s: %w", f.Location, err))
		case len(out.Contents) > 0:
			findings[i].Repaired = true // it is empty no more
		default:
			gone = append(gone, i)
		}
	}
	for batch := range slices.Chunk(gone, maxDelete) {
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
