package glue

import (
	"context"
	"hash/fnv"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"
)

// maxPage is how many partitions an answer has at most.
const maxPage = 1000

// partitions are the partitions of one table, by value and in the order of
// their values.
type partitions struct {
	byKey map[string]*types.Partition
	keys  []string // sorted
}

// partitionKey is one string for a list of values, in whose order listings go.
func partitionKey(values []string) string { return strings.Join(values, "\x00") }

func (p *partitions) get(values []string) *types.Partition { return p.byKey[partitionKey(values)] }

func (p *partitions) put(partition *types.Partition) {
	key := partitionKey(partition.Values)
	if p.byKey == nil {
		p.byKey = map[string]*types.Partition{}
	}
	if at, found := slices.BinarySearch(p.keys, key); !found {
		p.keys = slices.Insert(p.keys, at, key)
	}
	p.byKey[key] = partition
}

func (p *partitions) remove(values []string) bool {
	key := partitionKey(values)
	at, found := slices.BinarySearch(p.keys, key)
	if found {
		p.keys = slices.Delete(p.keys, at, at+1)
		delete(p.byKey, key)
	}
	return found
}

// checkValues holds a list of values against the table's partition keys.
func (t *table) checkValues(values []string) error {
	if len(values) != len(t.current.PartitionKeys) {
		return invalid("The number of partition keys do not match the number of partition values")
	}
	for _, v := range values {
		if strings.ContainsRune(v, 0) {
			return invalid("Partition values must not contain NUL.")
		}
	}
	return nil
}

func checkPartition(in *types.PartitionInput) error {
	return checkDescriptor(in.StorageDescriptor)
}

// describePartition is what the catalog keeps of an input.
func (t *table) describePartition(in *types.PartitionInput) *types.Partition {
	input := clone(*in)
	database, name, account := *t.current.DatabaseName, *t.current.Name, *t.current.CatalogId
	return &types.Partition{
		Values:            input.Values,
		DatabaseName:      &database,
		TableName:         &name,
		CatalogId:         &account,
		StorageDescriptor: input.StorageDescriptor,
		Parameters:        input.Parameters,
		LastAccessTime:    input.LastAccessTime,
		LastAnalyzedTime:  input.LastAnalyzedTime,
	}
}

// addPartition creates one partition; s.mu is held.
func (s *Service) addPartition(t *table, in *types.PartitionInput) error {
	if err := checkPartition(in); err != nil {
		return err
	}
	if err := t.checkValues(in.Values); err != nil {
		return err
	}
	if t.partitions.get(in.Values) != nil {
		return alreadyExists("Partition")
	}
	partition, now := t.describePartition(in), s.env.Clock.Now()
	partition.CreationTime = &now
	t.partitions.put(partition)
	return nil
}

func (s *Service) createPartition(_ context.Context, in *glue.CreatePartitionInput) (*glue.CreatePartitionOutput, error) {
	if err := s.checkCatalog(in.CatalogId); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	t, err := s.findTable(*in.DatabaseName, *in.TableName)
	if err != nil {
		return nil, err
	}
	return &glue.CreatePartitionOutput{}, s.addPartition(t, in.PartitionInput)
}

func (s *Service) batchCreatePartition(_ context.Context, in *glue.BatchCreatePartitionInput) (*glue.BatchCreatePartitionOutput, error) {
	if err := s.checkCatalog(in.CatalogId); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	t, err := s.findTable(*in.DatabaseName, *in.TableName)
	if err != nil {
		return nil, err
	}
	out := &glue.BatchCreatePartitionOutput{}
	for i := range in.PartitionInputList {
		if err := s.addPartition(t, &in.PartitionInputList[i]); err != nil {
			out.Errors = append(out.Errors, types.PartitionError{PartitionValues: in.PartitionInputList[i].Values, ErrorDetail: detail(err)})
		}
	}
	return out, nil
}

func (s *Service) getPartition(_ context.Context, in *glue.GetPartitionInput) (*glue.GetPartitionOutput, error) {
	if err := s.checkCatalog(in.CatalogId); err != nil {
		return nil, err
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	t, err := s.findTable(*in.DatabaseName, *in.TableName)
	if err != nil {
		return nil, err
	}
	if err := t.checkValues(in.PartitionValues); err != nil {
		return nil, err
	}
	partition := t.partitions.get(in.PartitionValues)
	if partition == nil {
		return nil, notFound("Cannot find partition.")
	}
	out := clone(*partition)
	return &glue.GetPartitionOutput{Partition: &out}, nil
}

func (s *Service) getPartitions(_ context.Context, in *glue.GetPartitionsInput) (*glue.GetPartitionsOutput, error) {
	if err := s.checkCatalog(in.CatalogId); err != nil {
		return nil, err
	}
	size := pageSize(in.MaxResults, maxPage)
	if err := checkSegment(in.Segment); err != nil {
		return nil, err
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	t, err := s.findTable(*in.DatabaseName, *in.TableName)
	if err != nil {
		return nil, err
	}
	keys, err := t.selectPartitions(in.Expression, in.Segment)
	if err != nil {
		return nil, err
	}
	keys, next, err := page(keys, in.NextToken, size)
	if err != nil {
		return nil, err
	}
	out := &glue.GetPartitionsOutput{Partitions: []types.Partition{}, NextToken: next}
	for _, key := range keys {
		partition := *t.partitions.byKey[key]
		if in.ExcludeColumnSchema != nil && *in.ExcludeColumnSchema && partition.StorageDescriptor != nil {
			descriptor := *partition.StorageDescriptor
			descriptor.Columns = nil
			partition.StorageDescriptor = &descriptor
		}
		out.Partitions = append(out.Partitions, clone(partition))
	}
	return out, nil
}

func checkSegment(segment *types.Segment) error {
	if segment == nil {
		return nil
	}
	if segment.SegmentNumber >= *segment.TotalSegments {
		return invalid("Segment number must be non-negative and less than the total number of segments.")
	}
	return nil
}

// selectPartitions are the keys that an Expression and a Segment leave, sorted.
func (t *table) selectPartitions(expression *string, segment *types.Segment) ([]string, error) {
	keys := t.partitions.keys
	if expression != nil && strings.TrimSpace(*expression) != "" {
		matches, err := parseFilter(*expression, t.current.PartitionKeys)
		if err != nil {
			return nil, err
		}
		var chosen []string
		for _, key := range keys {
			keep, err := matches(t.partitions.byKey[key].Values)
			if err != nil {
				return nil, err
			}
			if keep == yes {
				chosen = append(chosen, key)
			}
		}
		keys = chosen
	}
	if segment != nil {
		var chosen []string
		for _, key := range keys {
			h := fnv.New32a()
			_, _ = h.Write([]byte(key)) // never fails
			if h.Sum32()%uint32(*segment.TotalSegments) == uint32(segment.SegmentNumber) {
				chosen = append(chosen, key)
			}
		}
		keys = chosen
	}
	return keys, nil
}

// batchGetPartition leaves out what is not there, without a word, as AWS does:
// UnprocessedKeys is for what it had no time for.
func (s *Service) batchGetPartition(_ context.Context, in *glue.BatchGetPartitionInput) (*glue.BatchGetPartitionOutput, error) {
	if err := s.checkCatalog(in.CatalogId); err != nil {
		return nil, err
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	t, err := s.findTable(*in.DatabaseName, *in.TableName)
	if err != nil {
		return nil, err
	}
	out := &glue.BatchGetPartitionOutput{Partitions: []types.Partition{}, UnprocessedKeys: []types.PartitionValueList{}}
	for _, key := range in.PartitionsToGet {
		if err := t.checkValues(key.Values); err != nil {
			return nil, err
		}
		if partition := t.partitions.get(key.Values); partition != nil {
			out.Partitions = append(out.Partitions, clone(*partition))
		}
	}
	return out, nil
}

// replacePartition updates one partition; s.mu is held.
func (t *table) replacePartition(values []string, in *types.PartitionInput) error {
	if err := checkPartition(in); err != nil {
		return err
	}
	if err := t.checkValues(values); err != nil {
		return err
	}
	old := t.partitions.get(values)
	if old == nil {
		return notFound("Cannot find partition.")
	}
	partition := t.describePartition(in)
	// "The Values property can't be changed": API reference, UpdatePartition.
	if len(in.Values) > 0 && !slices.Equal(in.Values, values) {
		return invalid("The Values of a partition can't be changed: delete and recreate the partition.")
	}
	partition.Values = slices.Clone(values)
	partition.CreationTime = old.CreationTime
	t.partitions.put(partition)
	return nil
}

func (s *Service) updatePartition(_ context.Context, in *glue.UpdatePartitionInput) (*glue.UpdatePartitionOutput, error) {
	if err := s.checkCatalog(in.CatalogId); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	t, err := s.findTable(*in.DatabaseName, *in.TableName)
	if err != nil {
		return nil, err
	}
	return &glue.UpdatePartitionOutput{}, t.replacePartition(in.PartitionValueList, in.PartitionInput)
}

func (s *Service) batchUpdatePartition(_ context.Context, in *glue.BatchUpdatePartitionInput) (*glue.BatchUpdatePartitionOutput, error) {
	if err := s.checkCatalog(in.CatalogId); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	t, err := s.findTable(*in.DatabaseName, *in.TableName)
	if err != nil {
		return nil, err
	}
	out := &glue.BatchUpdatePartitionOutput{}
	for _, entry := range in.Entries {
		if err := t.replacePartition(entry.PartitionValueList, entry.PartitionInput); err != nil {
			out.Errors = append(out.Errors, types.BatchUpdatePartitionFailureEntry{PartitionValueList: entry.PartitionValueList, ErrorDetail: detail(err)})
		}
	}
	return out, nil
}

// dropPartition deletes one partition; s.mu is held.
func (t *table) dropPartition(values []string) error {
	if err := t.checkValues(values); err != nil {
		return err
	}
	if !t.partitions.remove(values) {
		return notFound("Cannot find partition.")
	}
	return nil
}

func (s *Service) deletePartition(_ context.Context, in *glue.DeletePartitionInput) (*glue.DeletePartitionOutput, error) {
	if err := s.checkCatalog(in.CatalogId); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	t, err := s.findTable(*in.DatabaseName, *in.TableName)
	if err != nil {
		return nil, err
	}
	return &glue.DeletePartitionOutput{}, t.dropPartition(in.PartitionValues)
}

func (s *Service) batchDeletePartition(_ context.Context, in *glue.BatchDeletePartitionInput) (*glue.BatchDeletePartitionOutput, error) {
	if err := s.checkCatalog(in.CatalogId); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	t, err := s.findTable(*in.DatabaseName, *in.TableName)
	if err != nil {
		return nil, err
	}
	out := &glue.BatchDeletePartitionOutput{}
	for _, key := range in.PartitionsToDelete {
		if err := t.dropPartition(key.Values); err != nil {
			out.Errors = append(out.Errors, types.PartitionError{PartitionValues: key.Values, ErrorDetail: detail(err)})
		}
	}
	return out, nil
}

func (s *Service) getPartitionIndexes(_ context.Context, in *glue.GetPartitionIndexesInput) (*glue.GetPartitionIndexesOutput, error) {
	if err := s.checkCatalog(in.CatalogId); err != nil {
		return nil, err
	}
	if in.NextToken != nil && *in.NextToken != "" {
		return nil, invalid("Invalid pagination token provided.")
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	if _, err := s.findTable(*in.DatabaseName, *in.TableName); err != nil {
		return nil, err
	}
	return &glue.GetPartitionIndexesOutput{PartitionIndexDescriptorList: []types.PartitionIndexDescriptor{}}, nil
}
