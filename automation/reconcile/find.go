package reconcile

import (
	"context"
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
