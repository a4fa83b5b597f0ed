package athena

import (
	"context"
	"errors"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	gluetypes "github.com/aws/aws-sdk-go-v2/service/glue/types"

	"crawlerless/localaws/athena/ddl"
)

// batch is how many partitions one call of Glue takes.
const batch = 100

// repair is MSCK REPAIR TABLE: folders below the table's location that are
// named key=value, in the order of the keys, become partitions.
// https://docs.aws.amazon.com/athena/latest/ug/msck-repair-table.html
func (q *query) repair(ctx context.Context, s *ddl.Repair) (*result, error) {
	t, err := q.named(ctx, s.Name)
	if err != nil {
		return nil, err
	}
	if len(t.PartitionKeys) == 0 || t.StorageDescriptor == nil {
		return nothing(), nil
	}
	root := strings.TrimSuffix(aws.ToString(t.StorageDescriptor.Location), "/") + "/"
	objects, err := q.list(ctx, root)
	if err != nil {
		return nil, err
	}
	known := map[string]bool{}
	registered, err := q.partitionsOf(ctx, t)
	if err != nil {
		return nil, err
	}
	for _, p := range registered {
		known[partitionName(t, p.Values)] = true
	}
	var inputs []gluetypes.PartitionInput
	var names []string
	for _, o := range objects {
		values, folder := partitionOf(t, strings.TrimPrefix("s3://"+o.bucket+"/"+o.key, root))
		name := partitionName(t, values)
		if values == nil || known[name] {
			continue
		}
		known[name] = true
		names = append(names, name)
		inputs = append(inputs, partitionInput(t, values, root+folder))
	}
	if err := q.register(ctx, t, inputs, true); err != nil {
		return nil, err
	}
	if len(names) == 0 {
		return nothing(), nil
	}
	text := []string{"Partitions not in metastore:"}
	for _, n := range names {
		text[0] += "\t" + aws.ToString(t.Name) + ":" + n
	}
	for _, n := range names {
		text = append(text, "Repair: Added partition to metastore "+aws.ToString(t.Name)+":"+n)
	}
	r := lines("", text)
	r.columns = nil
	return r, nil
}

// partitionOf reads "year=2026/month=01/…" into values and the folder. The
// names of keys are compared without regard to case, values are unescaped.
func partitionOf(t *gluetypes.Table, rest string) (values []string, folder string) {
	for _, k := range t.PartitionKeys {
		part, after, ok := strings.Cut(rest, "/")
		key, value, named := strings.Cut(part, "=")
		if !ok || !named || !strings.EqualFold(key, aws.ToString(k.Name)) {
			return nil, ""
		}
		if plain, err := url.PathUnescape(value); err == nil {
			value = plain
		}
		values, folder, rest = append(values, value), folder+part+"/", after
	}
	return values, folder
}

// partitionInput is a partition with a copy of the table's own description.
func partitionInput(t *gluetypes.Table, values []string, location string) gluetypes.PartitionInput {
	sd := *t.StorageDescriptor
	sd.Location = aws.String(location)
	return gluetypes.PartitionInput{Values: values, StorageDescriptor: &sd, Parameters: map[string]string{}}
}

// register creates partitions, up to batch a call.
func (q *query) register(ctx context.Context, t *gluetypes.Table, inputs []gluetypes.PartitionInput, ifNotExists bool) error {
	for some := range slices.Chunk(inputs, batch) {
		out, err := q.glue().BatchCreatePartition(ctx, &glue.BatchCreatePartitionInput{DatabaseName: t.DatabaseName, TableName: t.Name, PartitionInputList: some})
		if err != nil {
			return denied(err)
		}
		for _, e := range out.Errors {
			if e.ErrorDetail == nil || ifNotExists && aws.ToString(e.ErrorDetail.ErrorCode) == "AlreadyExistsException" {
				continue
			}
			return hiveTask(aws.ToString(e.ErrorDetail.ErrorCode), aws.ToString(e.ErrorDetail.ErrorMessage))
		}
	}
	return nil
}

// valuesOf puts the values of PARTITION (…) into the order of the table's keys.
func valuesOf(t *gluetypes.Table, p ddl.Partition) ([]string, error) {
	values := make([]string, len(t.PartitionKeys))
	for _, c := range p.Keys {
		i := slices.IndexFunc(t.PartitionKeys, func(k gluetypes.Column) bool { return strings.EqualFold(aws.ToString(k.Name), c.Key) })
		if i < 0 {
			return nil, fail("FAILED: SemanticException [Error 10098]: Non-Partition column appears in the partition specification: " + c.Key)
		}
		values[i] = c.Value
	}
	if len(p.Keys) != len(values) {
		return nil, fail("FAILED: SemanticException [Error 10125]: Partition spec does not contain all partition columns of " + aws.ToString(t.Name))
	}
	return values, nil
}

func (q *query) addPartitions(ctx context.Context, s *ddl.AddPartitions) (*result, error) {
	t, err := q.named(ctx, s.Name)
	if err != nil {
		return nil, err
	}
	if t.StorageDescriptor == nil {
		return nil, hiveTask("MetaException", "the table has no storage descriptor")
	}
	var inputs []gluetypes.PartitionInput
	for _, p := range s.Partitions {
		values, err := valuesOf(t, p)
		if err != nil {
			return nil, err
		}
		location := p.Location
		if location == "" {
			location = strings.TrimSuffix(aws.ToString(t.StorageDescriptor.Location), "/") + "/" + partitionName(t, values)
		}
		inputs = append(inputs, partitionInput(t, values, location))
	}
	return nothing(), q.register(ctx, t, inputs, s.IfNotExists)
}

func (q *query) dropPartitions(ctx context.Context, s *ddl.DropPartitions) (*result, error) {
	t, err := q.named(ctx, s.Name)
	if err != nil {
		return nil, err
	}
	all, err := q.partitionsOf(ctx, t)
	if err != nil {
		return nil, err
	}
	dropped := map[string][]string{}
	for _, spec := range s.Partitions {
		found := false
		for _, p := range all {
			ok, err := meets(t, p.Values, spec)
			if err != nil {
				return nil, err
			}
			if ok {
				found = true
				dropped[partitionName(t, p.Values)] = p.Values
			}
		}
		if !found && !s.IfExists {
			return nil, fail("FAILED: SemanticException [Error 10006]: Partition not found in the table " + aws.ToString(t.Name))
		}
	}
	var lists []gluetypes.PartitionValueList
	for _, name := range sortedKeys(dropped) {
		lists = append(lists, gluetypes.PartitionValueList{Values: dropped[name]})
	}
	for some := range slices.Chunk(lists, 25) {
		out, err := q.glue().BatchDeletePartition(ctx, &glue.BatchDeletePartitionInput{DatabaseName: t.DatabaseName, TableName: t.Name, PartitionsToDelete: some})
		if err != nil {
			return nil, denied(err)
		}
		for _, e := range out.Errors {
			if e.ErrorDetail != nil && aws.ToString(e.ErrorDetail.ErrorCode) != "EntityNotFoundException" {
				return nil, hiveTask(aws.ToString(e.ErrorDetail.ErrorCode), aws.ToString(e.ErrorDetail.ErrorMessage))
			}
		}
	}
	return nothing(), nil
}

// meets holds a partition against PARTITION (key op value, …): keys that the
// specification leaves out may have any value.
func meets(t *gluetypes.Table, values []string, spec ddl.Partition) (bool, error) {
	for _, c := range spec.Keys {
		i := slices.IndexFunc(t.PartitionKeys, func(k gluetypes.Column) bool { return strings.EqualFold(aws.ToString(k.Name), c.Key) })
		if i < 0 {
			return false, fail("FAILED: SemanticException [Error 10098]: Non-Partition column appears in the partition specification: " + c.Key)
		}
		order := strings.Compare(values[i], c.Value)
		if a, err := strconv.ParseInt(values[i], 10, 64); err == nil && !strings.HasPrefix(aws.ToString(t.PartitionKeys[i].Type), "string") {
			if b, err := strconv.ParseInt(c.Value, 10, 64); err == nil {
				order = int(min(1, max(-1, a-b)))
			}
		}
		ok := map[string]bool{"=": order == 0, "<>": order != 0, "!=": order != 0, "<": order < 0, "<=": order <= 0, ">": order > 0, ">=": order >= 0}[c.Operator]
		if !ok {
			return false, nil
		}
	}
	return true, nil
}

// onPartition finds the partition that a statement names.
func (q *query) onPartition(ctx context.Context, name ddl.Name, p ddl.Partition) (*gluetypes.Table, *gluetypes.Partition, error) {
	t, err := q.named(ctx, name)
	if err != nil {
		return nil, nil, err
	}
	values, err := valuesOf(t, p)
	if err != nil {
		return nil, nil, err
	}
	out, err := q.glue().GetPartition(ctx, &glue.GetPartitionInput{DatabaseName: t.DatabaseName, TableName: t.Name, PartitionValues: values})
	var missing *gluetypes.EntityNotFoundException
	if errors.As(err, &missing) {
		return nil, nil, fail("FAILED: SemanticException [Error 10006]: Partition not found " + partitionName(t, values))
	}
	if err != nil {
		return nil, nil, denied(err)
	}
	return t, out.Partition, nil
}

func (q *query) renamePartition(ctx context.Context, s *ddl.RenamePartition) (*result, error) {
	t, p, err := q.onPartition(ctx, s.Name, s.From)
	if err != nil {
		return nil, err
	}
	values, err := valuesOf(t, s.To)
	if err != nil {
		return nil, err
	}
	_, err = q.glue().UpdatePartition(ctx, &glue.UpdatePartitionInput{
		DatabaseName: t.DatabaseName, TableName: t.Name, PartitionValueList: p.Values,
		PartitionInput: &gluetypes.PartitionInput{Values: values, StorageDescriptor: p.StorageDescriptor, Parameters: p.Parameters},
	})
	return nothing(), denied(err)
}

func (q *query) setLocation(ctx context.Context, s *ddl.SetLocation) (*result, error) {
	if s.Partition == nil {
		return q.change(ctx, s.Name, func(t *gluetypes.TableInput) error {
			if t.StorageDescriptor == nil {
				return hiveTask("MetaException", "the table has no storage descriptor")
			}
			t.StorageDescriptor.Location = &s.Location
			return nil
		})
	}
	t, p, err := q.onPartition(ctx, s.Name, *s.Partition)
	if err != nil {
		return nil, err
	}
	if p.StorageDescriptor == nil {
		return nil, hiveTask("MetaException", "the partition has no storage descriptor")
	}
	p.StorageDescriptor.Location = &s.Location
	_, err = q.glue().UpdatePartition(ctx, &glue.UpdatePartitionInput{
		DatabaseName: t.DatabaseName, TableName: t.Name, PartitionValueList: p.Values,
		PartitionInput: &gluetypes.PartitionInput{Values: p.Values, StorageDescriptor: p.StorageDescriptor, Parameters: p.Parameters},
	})
	return nothing(), denied(err)
}
