package glue

import (
	"context"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"
)

func (s *Service) createTable(ctx context.Context, in *glue.CreateTableInput) (*glue.CreateTableOutput, error) {
	if err := s.checkCatalog(in.CatalogId); err != nil {
		return nil, err
	}
	if err := checkTable(in.TableInput); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	db, err := s.findDatabase(*in.DatabaseName)
	if err != nil {
		return nil, err
	}
	name := fold(*in.TableInput.Name)
	if _, ok := db.tables[name]; ok {
		return nil, alreadyExists("Table")
	}
	t := s.describeTable(*db.meta.Name, in.TableInput, 0)
	now := s.env.Clock.Now()
	t.CreateTime, t.UpdateTime, t.CreatedBy = &now, &now, creator(ctx)
	db.tables[name] = &table{current: clone(t)}
	return &glue.CreateTableOutput{}, nil
}

// describeTable is what the catalog keeps of an input.
func (s *Service) describeTable(database string, in *types.TableInput, version int64) types.Table {
	input := clone(*in)
	name, account, id := fold(*input.Name), s.env.Account, strconv.FormatInt(version, 10)
	if input.PartitionKeys == nil {
		input.PartitionKeys = []types.Column{} // GetTable always shows the list
	}
	return types.Table{
		Name:              &name,
		DatabaseName:      &database,
		CatalogId:         &account,
		VersionId:         &id,
		Description:       input.Description,
		Owner:             input.Owner,
		LastAccessTime:    input.LastAccessTime,
		LastAnalyzedTime:  input.LastAnalyzedTime,
		Retention:         input.Retention,
		StorageDescriptor: input.StorageDescriptor,
		PartitionKeys:     input.PartitionKeys,
		ViewOriginalText:  input.ViewOriginalText,
		ViewExpandedText:  input.ViewExpandedText,
		TableType:         input.TableType,
		Parameters:        input.Parameters,
	}
}

func (s *Service) getTable(_ context.Context, in *glue.GetTableInput) (*glue.GetTableOutput, error) {
	if err := s.checkCatalog(in.CatalogId); err != nil {
		return nil, err
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	db, err := s.findDatabase(*in.DatabaseName)
	if err != nil {
		return nil, err
	}
	t, ok := db.tables[fold(*in.Name)]
	if !ok {
		// GetTable alone does not name the table that is missing.
		return nil, notFound("Entity Not Found")
	}
	out := clone(t.current)
	return &glue.GetTableOutput{Table: &out}, nil
}

func (s *Service) getTables(_ context.Context, in *glue.GetTablesInput) (*glue.GetTablesOutput, error) {
	if err := s.checkCatalog(in.CatalogId); err != nil {
		return nil, err
	}
	size := pageSize(in.MaxResults, 100)
	matches, err := namePattern(in.Expression)
	if err != nil {
		return nil, err
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	db, err := s.findDatabase(*in.DatabaseName)
	if err != nil {
		return nil, err
	}
	names := slices.DeleteFunc(slices.Sorted(maps.Keys(db.tables)), func(name string) bool { return !matches(name) })
	names, next, err := page(names, in.NextToken, size)
	if err != nil {
		return nil, err
	}
	out := &glue.GetTablesOutput{TableList: []types.Table{}, NextToken: next}
	for _, name := range names {
		out.TableList = append(out.TableList, clone(db.tables[name].current))
	}
	return out, nil
}

// namePattern understands an Expression of GetTables. The reference calls it a
// regular expression; clients send Hive's patterns too ("raw_*", "a*|b*"), in
// which a star stands for any characters.
func namePattern(expression *string) (func(string) bool, error) {
	if expression == nil || *expression == "" {
		return func(string) bool { return true }, nil
	}
	var b strings.Builder
	var before rune
	for _, r := range *expression {
		if r == '*' && !strings.ContainsRune(".)]\\", before) {
			b.WriteString(".*")
		} else {
			b.WriteRune(r)
		}
		before = r
	}
	re, err := regexp.Compile("(?i)^(?:" + b.String() + ")$")
	if err != nil {
		return nil, invalid("Invalid expression '" + *expression + "': " + err.Error())
	}
	return re.MatchString, nil
}

func (s *Service) updateTable(_ context.Context, in *glue.UpdateTableInput) (*glue.UpdateTableOutput, error) {
	if err := s.checkCatalog(in.CatalogId); err != nil {
		return nil, err
	}
	if err := checkTable(in.TableInput); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	t, err := s.findTable(*in.DatabaseName, *in.TableInput.Name)
	if err != nil {
		return nil, err
	}
	if in.VersionId != nil {
		if _, err := strconv.ParseInt(*in.VersionId, 10, 64); err != nil {
			return nil, invalid("Version Id is not a valid number: " + *in.VersionId)
		}
		if *in.VersionId != *t.current.VersionId {
			return nil, concurrent("Update table failed due to concurrent modifications.")
		}
	}
	if in.SkipArchive == nil || !*in.SkipArchive {
		t.archive = append(t.archive, t.current)
	}
	t.version++
	next := s.describeTable(*t.current.DatabaseName, in.TableInput, t.version)
	now := s.env.Clock.Now()
	next.CreateTime, next.CreatedBy, next.UpdateTime = t.current.CreateTime, t.current.CreatedBy, &now
	t.current = clone(next)
	return &glue.UpdateTableOutput{}, nil
}

func (s *Service) deleteTable(_ context.Context, in *glue.DeleteTableInput) (*glue.DeleteTableOutput, error) {
	if err := s.checkCatalog(in.CatalogId); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return &glue.DeleteTableOutput{}, s.removeTable(*in.DatabaseName, *in.Name)
}

func (s *Service) batchDeleteTable(_ context.Context, in *glue.BatchDeleteTableInput) (*glue.BatchDeleteTableOutput, error) {
	if err := s.checkCatalog(in.CatalogId); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, err := s.findDatabase(*in.DatabaseName); err != nil {
		return nil, err
	}
	out := &glue.BatchDeleteTableOutput{}
	for _, name := range in.TablesToDelete {
		if err := s.removeTable(*in.DatabaseName, name); err != nil {
			out.Errors = append(out.Errors, types.TableError{TableName: &name, ErrorDetail: detail(err)})
		}
	}
	return out, nil
}

// removeTable deletes a table with its versions, partitions and tags; s.mu is held.
func (s *Service) removeTable(databaseName, name string) error {
	if _, err := s.findTable(databaseName, name); err != nil {
		return err
	}
	delete(s.databases[fold(databaseName)].tables, fold(name))
	delete(s.tags, s.tableARN(databaseName, name))
	return nil
}
