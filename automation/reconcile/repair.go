package reconcile

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"crawlerless/lambdas/catalogmerge"
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
