package glue

import (
	"context"
	"maps"
	"slices"

	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"
)

func (s *Service) createDatabase(_ context.Context, in *glue.CreateDatabaseInput) (*glue.CreateDatabaseOutput, error) {
	if err := s.checkCatalog(in.CatalogId); err != nil {
		return nil, err
	}
	if err := checkDatabase(in.DatabaseInput); err != nil {
		return nil, err
	}
	if err := checkTags(in.Tags); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	name := fold(*in.DatabaseInput.Name)
	if _, ok := s.databases[name]; ok {
		return nil, alreadyExists("Database")
	}
	meta := s.describeDatabase(in.DatabaseInput)
	now := s.env.Clock.Now()
	meta.CreateTime = &now
	s.databases[name] = &database{meta: meta, tables: map[string]*table{}}
	if len(in.Tags) > 0 {
		s.tags[s.databaseARN(name)] = maps.Clone(in.Tags)
	}
	return &glue.CreateDatabaseOutput{}, nil
}

// describeDatabase is what the catalog keeps of an input.
func (s *Service) describeDatabase(in *types.DatabaseInput) types.Database {
	input := clone(*in)
	name, account := fold(*input.Name), s.env.Account
	permissions := input.CreateTableDefaultPermissions
	if permissions == nil {
		// Accounts that leave access to IAM alone have this default, and GetDatabase shows it.
		group := "IAM_ALLOWED_PRINCIPALS"
		permissions = []types.PrincipalPermissions{{
			Permissions: []types.Permission{types.PermissionAll},
			Principal:   &types.DataLakePrincipal{DataLakePrincipalIdentifier: &group},
		}}
	}
	return types.Database{
		Name:                          &name,
		CatalogId:                     &account,
		Description:                   input.Description,
		LocationUri:                   input.LocationUri,
		Parameters:                    input.Parameters,
		CreateTableDefaultPermissions: permissions,
	}
}

func (s *Service) getDatabase(_ context.Context, in *glue.GetDatabaseInput) (*glue.GetDatabaseOutput, error) {
	if err := s.checkCatalog(in.CatalogId); err != nil {
		return nil, err
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	db, err := s.findDatabase(*in.Name)
	if err != nil {
		return nil, err
	}
	meta := clone(db.meta)
	return &glue.GetDatabaseOutput{Database: &meta}, nil
}

func (s *Service) getDatabases(_ context.Context, in *glue.GetDatabasesInput) (*glue.GetDatabasesOutput, error) {
	if err := s.checkCatalog(in.CatalogId); err != nil {
		return nil, err
	}
	size := pageSize(in.MaxResults, 100)
	s.mu.RLock()
	defer s.mu.RUnlock()
	names, next, err := page(slices.Sorted(maps.Keys(s.databases)), in.NextToken, size)
	if err != nil {
		return nil, err
	}
	out := &glue.GetDatabasesOutput{DatabaseList: []types.Database{}, NextToken: next}
	for _, name := range names {
		out.DatabaseList = append(out.DatabaseList, clone(s.databases[name].meta))
	}
	return out, nil
}

func (s *Service) updateDatabase(_ context.Context, in *glue.UpdateDatabaseInput) (*glue.UpdateDatabaseOutput, error) {
	if err := s.checkCatalog(in.CatalogId); err != nil {
		return nil, err
	}
	if err := checkDatabase(in.DatabaseInput); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	db, err := s.findDatabase(*in.Name)
	if err != nil {
		return nil, err
	}
	if fold(*in.DatabaseInput.Name) != fold(*in.Name) {
		return nil, invalid("Database name cannot be changed.")
	}
	meta := s.describeDatabase(in.DatabaseInput)
	meta.CreateTime = db.meta.CreateTime
	if in.DatabaseInput.CreateTableDefaultPermissions == nil {
		meta.CreateTableDefaultPermissions = db.meta.CreateTableDefaultPermissions
	}
	db.meta = meta
	return &glue.UpdateDatabaseOutput{}, nil
}

func (s *Service) deleteDatabase(_ context.Context, in *glue.DeleteDatabaseInput) (*glue.DeleteDatabaseOutput, error) {
	if err := s.checkCatalog(in.CatalogId); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	db, err := s.findDatabase(*in.Name)
	if err != nil {
		return nil, err
	}
	name := fold(*in.Name)
	for table := range db.tables {
		delete(s.tags, s.tableARN(name, table))
	}
	delete(s.tags, s.databaseARN(name))
	delete(s.databases, name)
	return &glue.DeleteDatabaseOutput{}, nil
}
