package catalogmerge

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"
)

// batch is how many partitions one call takes.
// https://docs.aws.amazon.com/glue/latest/webapi/API_BatchCreatePartition.html
const batch = 100

// register makes sure of the items' partitions: that they are there, with the
// table's columns. It says whether it wrote any.
func (u *update) register(ctx context.Context, t *types.Table) (wrote bool, err error) {
	wanted := map[string]Item{}
	var order []string
	for _, i := range u.items {
		k := key(i.Values)
		if _, twice := wanted[k]; !twice {
			order = append(order, k)
		}
		wanted[k] = i
	}
	for names := range slices.Chunk(order, batch) {
		var items []Item
		for _, k := range names {
			items = append(items, wanted[k])
		}
		w, err := u.registerBatch(ctx, t, items)
		if err != nil {
			return wrote, err
		}
		wrote = wrote || w
	}
	return wrote, nil
}

// registerBatch asks for what there is, creates what is missing and updates
// what is behind, until nothing is. That a partition exists already is success,
// but no proof: it is looked at, because it may have been made from an older
// table, or Glue may have been wrong.
func (u *update) registerBatch(ctx context.Context, t *types.Table, items []Item) (wrote bool, err error) {
	for round := 1; ; round++ {
		found, err := u.get(ctx, items)
		if err != nil {
			return wrote, err
		}
		var missing []Item
		var behind []types.Partition
		for _, i := range items {
			p, ok := found[key(i.Values)]
			switch {
			case !ok:
				missing = append(missing, i)
			case !upToDate(p.StorageDescriptor, t):
				behind = append(behind, p)
			}
		}
		if err := u.updatePartitions(ctx, t, behind); err != nil {
			return wrote, err
		}
		wrote = wrote || len(behind) > 0
		if len(missing) == 0 {
			return wrote, nil
		}
		existed, err := u.create(ctx, t, missing)
		if err != nil {
			return wrote, err
		}
		wrote = true
		if !existed {
			return wrote, nil
		}
		if round >= u.Attempts {
			return wrote, fmt.Errorf("create partition of %s.%s: Glue says that it exists and that it does not", u.Database, u.table)
		}
		if err := u.pause(ctx, round); err != nil {
			return wrote, err
		}
		items = missing
	}
}

// get returns those of the items' partitions that there are.
func (u *update) get(ctx context.Context, items []Item) (map[string]types.Partition, error) {
	found := map[string]types.Partition{}
	var keys []types.PartitionValueList
	for _, i := range items {
		keys = append(keys, types.PartitionValueList{Values: i.Values})
	}
	for attempt := 1; len(keys) > 0; attempt++ {
		out, err := call(ctx, u, "get partitions of", func() (*glue.BatchGetPartitionOutput, error) {
			return u.Glue.BatchGetPartition(ctx, &glue.BatchGetPartitionInput{DatabaseName: &u.Database, TableName: &u.table, PartitionsToGet: keys})
		})
		if err != nil {
			return nil, err
		}
		for _, p := range out.Partitions {
			found[key(p.Values)] = p
		}
		if keys = out.UnprocessedKeys; len(keys) > 0 {
			if attempt >= u.Attempts {
				return nil, fmt.Errorf("get partitions of %s.%s: %d keys were not processed", u.Database, u.table, len(keys))
			}
			if err := u.pause(ctx, attempt); err != nil {
				return nil, err
			}
		}
	}
	return found, nil
}

// create registers partitions with the table's descriptor at their own
// locations. existed says that Glue had some already.
func (u *update) create(ctx context.Context, t *types.Table, items []Item) (existed bool, err error) {
	in := make([]types.PartitionInput, len(items))
	for i, item := range items {
		d := types.StorageDescriptor{}
		if t.StorageDescriptor != nil {
			d = *t.StorageDescriptor
		}
		d.Location = aws.String(item.Location)
		in[i] = types.PartitionInput{Values: item.Values, StorageDescriptor: &d}
	}
	out, err := call(ctx, u, "create partitions of", func() (*glue.BatchCreatePartitionOutput, error) {
		return u.Glue.BatchCreatePartition(ctx, &glue.BatchCreatePartitionInput{DatabaseName: &u.Database, TableName: &u.table, PartitionInputList: in})
	})
	if alreadyExists(err) {
		return true, nil
	}
	if err != nil {
		return false, err
	}
	refused := 0
	for _, e := range out.Errors {
		refused++
		switch code := detail(e.ErrorDetail); {
		case code == "AlreadyExistsException", temporaryCode(code):
			existed = true // looked at again
		default:
			return existed, fmt.Errorf("create partition %v of %s.%s: %s: %s", e.PartitionValues, u.Database, u.table, code, aws.ToString(e.ErrorDetail.ErrorMessage))
		}
	}
	u.result.Registered += len(items) - refused
	return existed, nil
}

// syncAll brings every partition up to date with the table.
func (u *update) syncAll(ctx context.Context, t *types.Table) error {
	var token *string
	for {
		page, err := call(ctx, u, "list partitions of", func() (*glue.GetPartitionsOutput, error) {
			return u.Glue.GetPartitions(ctx, &glue.GetPartitionsInput{DatabaseName: &u.Database, TableName: &u.table, NextToken: token})
		})
		if err != nil {
			return err
		}
		var behind []types.Partition
		for _, p := range page.Partitions {
			if !upToDate(p.StorageDescriptor, t) {
				behind = append(behind, p)
			}
		}
		if err := u.updatePartitions(ctx, t, behind); err != nil {
			return err
		}
		if token = page.NextToken; aws.ToString(token) == "" {
			return nil
		}
	}
}

// updatePartitions writes the table's columns into partitions, a hundred at a
// time. One that has gone meanwhile is no error.
func (u *update) updatePartitions(ctx context.Context, t *types.Table, behind []types.Partition) error {
	for some := range slices.Chunk(behind, batch) {
		var entries []types.BatchUpdatePartitionRequestEntry
		for _, p := range some {
			entries = append(entries, types.BatchUpdatePartitionRequestEntry{
				PartitionValueList: p.Values,
				PartitionInput: &types.PartitionInput{
					Values: p.Values, StorageDescriptor: descriptor(p.StorageDescriptor, t), Parameters: p.Parameters,
					LastAccessTime: p.LastAccessTime, LastAnalyzedTime: p.LastAnalyzedTime,
				},
			})
		}
		u.result.Synced += len(entries)
		for attempt := 1; len(entries) > 0; attempt++ {
			out, err := call(ctx, u, "update partitions of", func() (*glue.BatchUpdatePartitionOutput, error) {
				return u.Glue.BatchUpdatePartition(ctx, &glue.BatchUpdatePartitionInput{DatabaseName: &u.Database, TableName: &u.table, Entries: entries})
			})
			if err != nil {
				return err
			}
			again := map[string]bool{}
			for _, e := range out.Errors {
				switch code := detail(e.ErrorDetail); {
				case code == "EntityNotFoundException":
				case temporaryCode(code) && attempt < u.Attempts:
					again[key(e.PartitionValueList)] = true
				default:
					return fmt.Errorf("update partition %v of %s.%s: %s: %s", e.PartitionValueList, u.Database, u.table, code, aws.ToString(e.ErrorDetail.ErrorMessage))
				}
			}
			entries = slices.DeleteFunc(entries, func(e types.BatchUpdatePartitionRequestEntry) bool { return !again[key(e.PartitionValueList)] })
			if len(entries) > 0 {
				if err := u.pause(ctx, attempt); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// UpToDate says that a partition has the table's columns and reads them as the
// table does; one of another format counts as such.
func UpToDate(d *types.StorageDescriptor, t *types.Table) bool { return upToDate(d, t) }

// SameFormat says that a partition is of the table's format, so that it has to
// have the table's columns. One without any description is.
func SameFormat(d *types.StorageDescriptor, t *types.Table) bool {
	return d == nil || library(d) == library(t.StorageDescriptor)
}

// upToDate says that a partition has the table's columns and reads them as the
// table does. One of another format is none of our business.
func upToDate(d *types.StorageDescriptor, t *types.Table) bool {
	if d == nil {
		return false
	}
	if library(d) != library(t.StorageDescriptor) {
		return true
	}
	return sameColumns(d.Columns, columnsOf(t)) && maps.Equal(parameters(d), serdeOf(t))
}

func sameColumns(a, b []types.Column) bool {
	return slices.EqualFunc(a, b, func(x, y types.Column) bool {
		return aws.ToString(x.Name) == aws.ToString(y.Name) && aws.ToString(x.Type) == aws.ToString(y.Type)
	})
}

// sameDescriptor says that two readings of a table are the same to a partition.
func sameDescriptor(a, b *types.Table) bool {
	return sameColumns(columnsOf(a), columnsOf(b)) && maps.Equal(serdeOf(a), serdeOf(b)) &&
		library(a.StorageDescriptor) == library(b.StorageDescriptor)
}

func library(d *types.StorageDescriptor) string {
	if d == nil || d.SerdeInfo == nil {
		return ""
	}
	return aws.ToString(d.SerdeInfo.SerializationLibrary)
}

func parameters(d *types.StorageDescriptor) map[string]string {
	if d.SerdeInfo == nil {
		return nil
	}
	return d.SerdeInfo.Parameters
}

// descriptor is a partition's with the table's columns and SerDe.
func descriptor(d *types.StorageDescriptor, t *types.Table) *types.StorageDescriptor {
	out := types.StorageDescriptor{}
	if d != nil {
		out = *d
	} else if t.StorageDescriptor != nil {
		out = *t.StorageDescriptor
	}
	if t.StorageDescriptor != nil {
		out.Columns, out.SerdeInfo = t.StorageDescriptor.Columns, t.StorageDescriptor.SerdeInfo
	}
	return &out
}

func alreadyExists(err error) bool {
	var exists *types.AlreadyExistsException
	return errors.As(err, &exists)
}

func detail(d *types.ErrorDetail) string {
	if d == nil {
		return ""
	}
	return aws.ToString(d.ErrorCode)
}
