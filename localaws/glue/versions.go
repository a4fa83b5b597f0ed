package glue

import (
	"context"
	"slices"

	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"
)

// newestFirst are the versions of a table, the current one included.
func (t *table) newestFirst() []types.Table {
	versions := append(slices.Clone(t.archive), t.current)
	slices.Reverse(versions)
	return versions
}

func tableVersion(t types.Table) types.TableVersion {
	t = clone(t)
	return types.TableVersion{Table: &t, VersionId: t.VersionId}
}

func (s *Service) getTableVersion(_ context.Context, in *glue.GetTableVersionInput) (*glue.GetTableVersionOutput, error) {
	if err := s.checkCatalog(in.CatalogId); err != nil {
		return nil, err
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	t, err := s.findTable(*in.DatabaseName, *in.TableName)
	if err != nil {
		return nil, err
	}
	for _, version := range t.newestFirst() {
		if in.VersionId == nil || *in.VersionId == *version.VersionId {
			found := tableVersion(version)
			return &glue.GetTableVersionOutput{TableVersion: &found}, nil
		}
	}
	return nil, notFound("Version not found.")
}

func (s *Service) getTableVersions(_ context.Context, in *glue.GetTableVersionsInput) (*glue.GetTableVersionsOutput, error) {
	if err := s.checkCatalog(in.CatalogId); err != nil {
		return nil, err
	}
	size := pageSize(in.MaxResults, 100)
	s.mu.RLock()
	defer s.mu.RUnlock()
	t, err := s.findTable(*in.DatabaseName, *in.TableName)
	if err != nil {
		return nil, err
	}
	versions := t.newestFirst()
	if in.NextToken != nil && *in.NextToken != "" {
		start := slices.IndexFunc(versions, func(v types.Table) bool { return *v.VersionId == *in.NextToken })
		if start < 0 {
			return nil, invalid("Invalid pagination token provided.")
		}
		versions = versions[start:]
	}
	out := &glue.GetTableVersionsOutput{TableVersions: []types.TableVersion{}}
	if len(versions) > size {
		next := *versions[size].VersionId
		versions, out.NextToken = versions[:size], &next
	}
	for _, version := range versions {
		out.TableVersions = append(out.TableVersions, tableVersion(version))
	}
	return out, nil
}

func (s *Service) deleteTableVersion(_ context.Context, in *glue.DeleteTableVersionInput) (*glue.DeleteTableVersionOutput, error) {
	if err := s.checkCatalog(in.CatalogId); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	t, err := s.findTable(*in.DatabaseName, *in.TableName)
	if err != nil {
		return nil, err
	}
	return &glue.DeleteTableVersionOutput{}, t.removeVersion(*in.VersionId)
}

func (s *Service) batchDeleteTableVersion(_ context.Context, in *glue.BatchDeleteTableVersionInput) (*glue.BatchDeleteTableVersionOutput, error) {
	if err := s.checkCatalog(in.CatalogId); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	t, err := s.findTable(*in.DatabaseName, *in.TableName)
	if err != nil {
		return nil, err
	}
	out := &glue.BatchDeleteTableVersionOutput{}
	for _, id := range in.VersionIds {
		if err := t.removeVersion(id); err != nil {
			name := *in.TableName
			out.Errors = append(out.Errors, types.TableVersionError{TableName: &name, VersionId: &id, ErrorDetail: detail(err)})
		}
	}
	return out, nil
}

// removeVersion forgets an archived version; the current one goes only with
// the table.
func (t *table) removeVersion(id string) error {
	if id == *t.current.VersionId {
		return invalid("Cannot delete the latest version of a table.")
	}
	i := slices.IndexFunc(t.archive, func(v types.Table) bool { return *v.VersionId == id })
	if i < 0 {
		return notFound("Version not found.")
	}
	t.archive = slices.Delete(t.archive, i, i+1)
	return nil
}
