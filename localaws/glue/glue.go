// Package glue is the AWS Glue Data Catalog: databases, tables with their
// versions, partitions and tags.
//
// What a caller can rely on is what it can rely on from AWS. Names of databases
// and tables are folded to lower case. UpdateTable with a VersionId that is no
// longer the current one answers ConcurrentModificationException and changes
// nothing; without a VersionId the last writer wins. Every call is atomic, a
// batch is atomic per entry. Nothing that a caller holds is shared with the
// catalog: values are copied on the way in and on the way out.
//
// A call needs its action on the catalog, on the database and on the table, as
// on AWS: a policy that names only the table is refused.
//
// What is not here answers NotImplemented by name: crawlers, jobs, triggers and
// everything else that computes, partition indexes, column statistics, resource
// links, federated and multi-dialect objects, Lake Formation.
package glue

import (
	"context"
	"sync"

	"github.com/aws/aws-sdk-go-v2/service/glue/types"

	"crawlerless/localaws/cloud"
	"crawlerless/localaws/wire"
)

// Service is one account's catalog. Its methods may be called concurrently.
type Service struct {
	env cloud.Env

	mu        sync.RWMutex
	databases map[string]*database
	tags      map[string]map[string]string // by ARN
}

// database is a database with its tables by name.
type database struct {
	meta   types.Database
	tables map[string]*table
}

// table is the current version of a table, the versions before it that were
// archived (oldest first), and its partitions.
type table struct {
	current    types.Table
	version    int64
	archive    []types.Table
	partitions partitions
}

// New returns an empty catalog.
func New(env cloud.Env) *Service {
	return &Service{env: env, databases: map[string]*database{}, tags: map[string]map[string]string{}}
}

// Wire lists the operations.
func (s *Service) Wire() wire.Service {
	return wire.Service{
		Name:        "glue",
		Target:      "AWSGlue",
		Protocol:    wire.JSON11,
		Constraints: constraints,
		Operations: []wire.Operation{
			wire.Op("CreateDatabase", s.createDatabase, s.onCreateDatabase, "CatalogId", "DatabaseInput", "Tags"),
			wire.Op("GetDatabase", s.getDatabase, s.onGetDatabase, "CatalogId", "Name"),
			wire.Op("GetDatabases", s.getDatabases, s.onGetDatabases, "CatalogId", "MaxResults", "NextToken"),
			wire.Op("UpdateDatabase", s.updateDatabase, s.onUpdateDatabase, "CatalogId", "Name", "DatabaseInput"),
			wire.Op("DeleteDatabase", s.deleteDatabase, s.onDeleteDatabase, "CatalogId", "Name"),

			wire.Op("CreateTable", s.createTable, s.onCreateTable, "CatalogId", "DatabaseName", "TableInput"),
			wire.Op("GetTable", s.getTable, s.onGetTable, "CatalogId", "DatabaseName", "Name"),
			wire.Op("GetTables", s.getTables, s.onGetTables, "CatalogId", "DatabaseName", "Expression", "MaxResults", "NextToken"),
			wire.Op("UpdateTable", s.updateTable, s.onUpdateTable, "CatalogId", "DatabaseName", "TableInput", "VersionId", "SkipArchive"),
			wire.Op("DeleteTable", s.deleteTable, s.onDeleteTable, "CatalogId", "DatabaseName", "Name"),
			wire.Op("BatchDeleteTable", s.batchDeleteTable, s.onBatchDeleteTable, "CatalogId", "DatabaseName", "TablesToDelete"),

			wire.Op("GetTableVersion", s.getTableVersion, s.onGetTableVersion, "CatalogId", "DatabaseName", "TableName", "VersionId"),
			wire.Op("GetTableVersions", s.getTableVersions, s.onGetTableVersions, "CatalogId", "DatabaseName", "TableName", "MaxResults", "NextToken"),
			wire.Op("DeleteTableVersion", s.deleteTableVersion, s.onDeleteTableVersion, "CatalogId", "DatabaseName", "TableName", "VersionId"),
			wire.Op("BatchDeleteTableVersion", s.batchDeleteTableVersion, s.onBatchDeleteTableVersion, "CatalogId", "DatabaseName", "TableName", "VersionIds"),

			wire.Op("CreatePartition", s.createPartition, s.onCreatePartition, "CatalogId", "DatabaseName", "TableName", "PartitionInput"),
			wire.Op("BatchCreatePartition", s.batchCreatePartition, s.onBatchCreatePartition, "CatalogId", "DatabaseName", "TableName", "PartitionInputList"),
			wire.Op("GetPartition", s.getPartition, s.onGetPartition, "CatalogId", "DatabaseName", "TableName", "PartitionValues"),
			wire.Op("GetPartitions", s.getPartitions, s.onGetPartitions, "CatalogId", "DatabaseName", "TableName", "Expression", "NextToken", "MaxResults", "Segment", "ExcludeColumnSchema"),
			wire.Op("BatchGetPartition", s.batchGetPartition, s.onBatchGetPartition, "CatalogId", "DatabaseName", "TableName", "PartitionsToGet"),
			wire.Op("UpdatePartition", s.updatePartition, s.onUpdatePartition, "CatalogId", "DatabaseName", "TableName", "PartitionValueList", "PartitionInput"),
			wire.Op("BatchUpdatePartition", s.batchUpdatePartition, s.onBatchUpdatePartition, "CatalogId", "DatabaseName", "TableName", "Entries"),
			wire.Op("DeletePartition", s.deletePartition, s.onDeletePartition, "CatalogId", "DatabaseName", "TableName", "PartitionValues"),
			wire.Op("BatchDeletePartition", s.batchDeletePartition, s.onBatchDeletePartition, "CatalogId", "DatabaseName", "TableName", "PartitionsToDelete"),
			// There can be no index here, since none can be made: the list is
			// empty, which is what deployment tools ask after every CreateTable.
			wire.Op("GetPartitionIndexes", s.getPartitionIndexes, s.onGetPartitionIndexes, "CatalogId", "DatabaseName", "TableName", "NextToken"),

			wire.Op("TagResource", s.tagResource, s.onTagResource, "ResourceArn", "TagsToAdd"),
			wire.Op("UntagResource", s.untagResource, s.onUntagResource, "ResourceArn", "TagsToRemove"),
			wire.Op("GetTags", s.getTags, s.onGetTags, "ResourceArn"),
		},
	}
}

// checkCatalog refuses another account's catalog: there is one account.
func (s *Service) checkCatalog(id *string) error {
	if id == nil || *id == s.env.Account {
		return nil
	}
	return wire.NotImplemented("catalog " + *id + ": only the account's own, " + s.env.Account)
}

// findDatabase returns the database of that name; s.mu is held.
func (s *Service) findDatabase(name string) (*database, error) {
	if db, ok := s.databases[fold(name)]; ok {
		return db, nil
	}
	return nil, notFound("Database " + fold(name) + " not found.")
}

// findTable returns the table of that name; s.mu is held.
func (s *Service) findTable(databaseName, name string) (*table, error) {
	db, err := s.findDatabase(databaseName)
	if err != nil {
		return nil, err
	}
	if t, ok := db.tables[fold(name)]; ok {
		return t, nil
	}
	return nil, notFound("Table " + fold(name) + " not found.")
}

// creator is the CreatedBy of an object that the caller makes.
func creator(ctx context.Context) *string {
	if arn := wire.CallerFrom(ctx).ARN; arn != "" {
		return &arn
	}
	return nil
}
