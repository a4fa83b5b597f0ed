package catalogmerge

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"
	"github.com/aws/smithy-go"

	"crawlerless/lambdas/schema"
)

// fakeGlue is one table of Glue with its partitions: what the documentation
// says of the operations that are used, in memory.
type fakeGlue struct {
	mu         sync.Mutex
	table      *types.Table
	partitions map[string]types.Partition
	version    int
	pageSize   int
	calls      map[string]int
	archived   int
	wrong      []string                     // writes that break a rule
	fault      func(operation string) error // before anything happens
	// partly makes the batch calls leave something undone, where it says so.
	partly func() bool
}

func newFakeGlue(t *types.Table, partitions ...types.Partition) *fakeGlue {
	f := &fakeGlue{partitions: map[string]types.Partition{}, pageSize: 2, calls: map[string]int{}}
	f.table = clone(t)
	f.table.VersionId = aws.String("0")
	for _, p := range partitions {
		f.partitions[key(p.Values)] = p
	}
	return f
}

var errThrottled = &smithy.GenericAPIError{Code: "ThrottlingException", Message: "Rate exceeded", Fault: smithy.FaultClient}

func (f *fakeGlue) begin(operation string) (func(), error) {
	f.mu.Lock()
	f.calls[operation]++
	if f.fault != nil {
		if err := f.fault(operation); err != nil {
			f.mu.Unlock()
			return nil, err
		}
	}
	return f.mu.Unlock, nil
}

func (f *fakeGlue) total() int {
	n := 0
	for _, c := range f.calls {
		n += c
	}
	return n
}

func (f *fakeGlue) incomplete() bool { return f.partly != nil && f.partly() }

func (f *fakeGlue) GetTable(_ context.Context, in *glue.GetTableInput, _ ...func(*glue.Options)) (*glue.GetTableOutput, error) {
	end, err := f.begin("GetTable")
	if err != nil {
		return nil, err
	}
	defer end()
	if aws.ToString(in.Name) != aws.ToString(f.table.Name) {
		return nil, &types.EntityNotFoundException{Message: aws.String("Table not found")}
	}
	return &glue.GetTableOutput{Table: clone(f.table)}, nil
}

func (f *fakeGlue) UpdateTable(_ context.Context, in *glue.UpdateTableInput, _ ...func(*glue.Options)) (*glue.UpdateTableOutput, error) {
	end, err := f.begin("UpdateTable")
	if err != nil {
		return nil, err
	}
	defer end()
	if aws.ToString(in.VersionId) != aws.ToString(f.table.VersionId) {
		return nil, &types.ConcurrentModificationException{Message: aws.String("Update table failed due to concurrent modifications.")}
	}
	if !aws.ToBool(in.SkipArchive) {
		f.archived++
	}
	i := in.TableInput
	f.judge(f.table.StorageDescriptor.Columns, i.StorageDescriptor.Columns)
	f.version++
	f.table = clone(&types.Table{
		Name: i.Name, Description: i.Description, Owner: i.Owner, PartitionKeys: i.PartitionKeys, Parameters: i.Parameters,
		StorageDescriptor: i.StorageDescriptor, TableType: i.TableType, VersionId: aws.String(strconv.Itoa(f.version)),
	})
	return &glue.UpdateTableOutput{}, nil
}

// judge holds every write to the rule that columns stay where they are and
// types only widen.
func (f *fakeGlue) judge(before, after []types.Column) {
	for i, c := range before {
		if i >= len(after) || *after[i].Name != *c.Name {
			f.wrong = append(f.wrong, "column "+*c.Name+" was moved or removed")
			continue
		}
		old, err := schema.ParseHive(*c.Type)
		if err != nil {
			f.wrong = append(f.wrong, err.Error())
			continue
		}
		now, err := schema.ParseHive(*after[i].Type)
		if err != nil || schema.MergeTypes(old, now).Hive() != now.Hive() {
			f.wrong = append(f.wrong, "column "+*c.Name+" of type "+*c.Type+" was narrowed to "+*after[i].Type)
		}
	}
}

func (f *fakeGlue) GetPartitions(_ context.Context, in *glue.GetPartitionsInput, _ ...func(*glue.Options)) (*glue.GetPartitionsOutput, error) {
	end, err := f.begin("GetPartitions")
	if err != nil {
		return nil, err
	}
	defer end()
	out := &glue.GetPartitionsOutput{}
	var keys []string
	for k := range f.partitions {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	for _, k := range keys {
		if in.NextToken != nil && k <= *in.NextToken {
			continue
		}
		if len(out.Partitions) == f.pageSize {
			out.NextToken = aws.String(key(out.Partitions[len(out.Partitions)-1].Values))
			break
		}
		out.Partitions = append(out.Partitions, clonePartition(f.partitions[k]))
	}
	return out, nil
}

func (f *fakeGlue) BatchGetPartition(_ context.Context, in *glue.BatchGetPartitionInput, _ ...func(*glue.Options)) (*glue.BatchGetPartitionOutput, error) {
	end, err := f.begin("BatchGetPartition")
	if err != nil {
		return nil, err
	}
	defer end()
	out := &glue.BatchGetPartitionOutput{}
	for i, k := range in.PartitionsToGet {
		if i == 0 && f.incomplete() {
			out.UnprocessedKeys = append(out.UnprocessedKeys, k)
			continue
		}
		if p, ok := f.partitions[key(k.Values)]; ok {
			out.Partitions = append(out.Partitions, clonePartition(p))
		}
	}
	return out, nil
}

func (f *fakeGlue) BatchCreatePartition(_ context.Context, in *glue.BatchCreatePartitionInput, _ ...func(*glue.Options)) (*glue.BatchCreatePartitionOutput, error) {
	end, err := f.begin("BatchCreatePartition")
	if err != nil {
		return nil, err
	}
	defer end()
	if len(in.PartitionInputList) > 100 {
		return nil, errors.New("more than 100 partitions")
	}
	out := &glue.BatchCreatePartitionOutput{}
	for i, p := range in.PartitionInputList {
		code := ""
		if _, ok := f.partitions[key(p.Values)]; ok {
			code = "AlreadyExistsException"
		} else if i == 0 && f.incomplete() {
			code = "InternalServiceException"
		}
		if code != "" {
			out.Errors = append(out.Errors, types.PartitionError{PartitionValues: p.Values, ErrorDetail: &types.ErrorDetail{ErrorCode: aws.String(code)}})
			continue
		}
		f.partitions[key(p.Values)] = clonePartition(types.Partition{Values: p.Values, StorageDescriptor: p.StorageDescriptor, Parameters: p.Parameters})
	}
	return out, nil
}

func (f *fakeGlue) BatchUpdatePartition(_ context.Context, in *glue.BatchUpdatePartitionInput, _ ...func(*glue.Options)) (*glue.BatchUpdatePartitionOutput, error) {
	end, err := f.begin("BatchUpdatePartition")
	if err != nil {
		return nil, err
	}
	defer end()
	if len(in.Entries) > 100 {
		return nil, errors.New("more than 100 partitions")
	}
	out := &glue.BatchUpdatePartitionOutput{}
	for i, e := range in.Entries {
		code := ""
		if _, ok := f.partitions[key(e.PartitionValueList)]; !ok {
			code = "EntityNotFoundException"
		} else if i == 0 && f.incomplete() {
			code = "InternalServiceException"
		}
		if code != "" {
			out.Errors = append(out.Errors, types.BatchUpdatePartitionFailureEntry{PartitionValueList: e.PartitionValueList, ErrorDetail: &types.ErrorDetail{ErrorCode: aws.String(code)}})
			continue
		}
		p := e.PartitionInput
		f.partitions[key(e.PartitionValueList)] = clonePartition(types.Partition{Values: p.Values, StorageDescriptor: p.StorageDescriptor, Parameters: p.Parameters})
	}
	return out, nil
}

func clone(t *types.Table) *types.Table {
	c := *t
	c.Parameters = cloneMap(t.Parameters)
	c.PartitionKeys = slices.Clone(t.PartitionKeys)
	c.StorageDescriptor = cloneDescriptor(t.StorageDescriptor)
	return &c
}

func clonePartition(p types.Partition) types.Partition {
	p.Values = slices.Clone(p.Values)
	p.Parameters = cloneMap(p.Parameters)
	p.StorageDescriptor = cloneDescriptor(p.StorageDescriptor)
	return p
}

func cloneDescriptor(d *types.StorageDescriptor) *types.StorageDescriptor {
	if d == nil {
		return nil
	}
	c := *d
	c.Columns = nil
	for _, col := range d.Columns {
		c.Columns = append(c.Columns, types.Column{Name: aws.String(*col.Name), Type: aws.String(*col.Type)})
	}
	if d.SerdeInfo != nil {
		s := *d.SerdeInfo
		s.Parameters = cloneMap(d.SerdeInfo.Parameters)
		c.SerdeInfo = &s
	}
	return &c
}

func cloneMap(m map[string]string) map[string]string {
	out := make(map[string]string, len(m))
	for k, v := range m {
		out[k] = v
	}
	return out
}
