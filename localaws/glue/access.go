package glue

import (
	"github.com/aws/aws-sdk-go-v2/service/glue"

	"crawlerless/localaws/wire"
)

// Glue evaluates a call on every level above the resource as well: the action
// must be allowed on the catalog, the database and the table.
// https://docs.aws.amazon.com/glue/latest/dg/glue-specifying-resource-arns.html

func (s *Service) catalogARN() string { return s.env.ARN("glue", "catalog") }

func (s *Service) databaseARN(name string) string {
	return s.env.ARN("glue", "database/"+fold(name))
}

func (s *Service) tableARN(database, name string) string {
	return s.env.ARN("glue", "table/"+fold(database)+"/"+fold(name))
}

func (s *Service) onDatabase(action string, name *string) []wire.Access {
	return []wire.Access{
		{Action: action, Resource: s.catalogARN()},
		{Action: action, Resource: s.databaseARN(value(name))},
	}
}

func (s *Service) onTable(action string, database, name *string) []wire.Access {
	return append(s.onDatabase(action, database),
		wire.Access{Action: action, Resource: s.tableARN(value(database), value(name))})
}

func (s *Service) onVersions(action string, database, name *string, versions ...string) []wire.Access {
	access := s.onTable(action, database, name)
	for _, v := range versions {
		access = append(access, wire.Access{
			Action:   action,
			Resource: s.env.ARN("glue", "tableVersion/"+fold(value(database))+"/"+fold(value(name))+"/"+v),
		})
	}
	return access
}

func (s *Service) onCreateDatabase(in *glue.CreateDatabaseInput) []wire.Access {
	var name *string
	if in.DatabaseInput != nil {
		name = in.DatabaseInput.Name
	}
	return s.onDatabase("CreateDatabase", name)
}

func (s *Service) onGetDatabase(in *glue.GetDatabaseInput) []wire.Access {
	return s.onDatabase("GetDatabase", in.Name)
}

func (s *Service) onGetDatabases(*glue.GetDatabasesInput) []wire.Access {
	every := "*"
	return s.onDatabase("GetDatabases", &every)
}

func (s *Service) onUpdateDatabase(in *glue.UpdateDatabaseInput) []wire.Access {
	return s.onDatabase("UpdateDatabase", in.Name)
}

// Deleting a database deletes its tables and functions, and needs the right to.
func (s *Service) onDeleteDatabase(in *glue.DeleteDatabaseInput) []wire.Access {
	every := "*"
	return append(s.onTable("DeleteDatabase", in.Name, &every), wire.Access{
		Action:   "DeleteDatabase",
		Resource: s.env.ARN("glue", "userDefinedFunction/"+fold(value(in.Name))+"/*"),
	})
}

func (s *Service) onCreateTable(in *glue.CreateTableInput) []wire.Access {
	var name *string
	if in.TableInput != nil {
		name = in.TableInput.Name
	}
	return s.onTable("CreateTable", in.DatabaseName, name)
}

func (s *Service) onGetTable(in *glue.GetTableInput) []wire.Access {
	return s.onTable("GetTable", in.DatabaseName, in.Name)
}

func (s *Service) onGetTables(in *glue.GetTablesInput) []wire.Access {
	every := "*"
	return s.onTable("GetTables", in.DatabaseName, &every)
}

func (s *Service) onUpdateTable(in *glue.UpdateTableInput) []wire.Access {
	var name *string
	if in.TableInput != nil {
		name = in.TableInput.Name
	}
	return s.onTable("UpdateTable", in.DatabaseName, name)
}

func (s *Service) onDeleteTable(in *glue.DeleteTableInput) []wire.Access {
	return s.onTable("DeleteTable", in.DatabaseName, in.Name)
}

func (s *Service) onBatchDeleteTable(in *glue.BatchDeleteTableInput) []wire.Access {
	access := s.onDatabase("BatchDeleteTable", in.DatabaseName)
	for _, name := range in.TablesToDelete {
		access = append(access, wire.Access{Action: "BatchDeleteTable", Resource: s.tableARN(value(in.DatabaseName), name)})
	}
	return access
}

func (s *Service) onGetTableVersion(in *glue.GetTableVersionInput) []wire.Access {
	return s.onTable("GetTableVersion", in.DatabaseName, in.TableName)
}

func (s *Service) onGetTableVersions(in *glue.GetTableVersionsInput) []wire.Access {
	return s.onTable("GetTableVersions", in.DatabaseName, in.TableName)
}

func (s *Service) onDeleteTableVersion(in *glue.DeleteTableVersionInput) []wire.Access {
	return s.onVersions("DeleteTableVersion", in.DatabaseName, in.TableName, value(in.VersionId))
}

func (s *Service) onBatchDeleteTableVersion(in *glue.BatchDeleteTableVersionInput) []wire.Access {
	return s.onVersions("BatchDeleteTableVersion", in.DatabaseName, in.TableName, in.VersionIds...)
}

func (s *Service) onCreatePartition(in *glue.CreatePartitionInput) []wire.Access {
	return s.onTable("CreatePartition", in.DatabaseName, in.TableName)
}

func (s *Service) onBatchCreatePartition(in *glue.BatchCreatePartitionInput) []wire.Access {
	return s.onTable("BatchCreatePartition", in.DatabaseName, in.TableName)
}

func (s *Service) onGetPartition(in *glue.GetPartitionInput) []wire.Access {
	return s.onTable("GetPartition", in.DatabaseName, in.TableName)
}

func (s *Service) onGetPartitions(in *glue.GetPartitionsInput) []wire.Access {
	return s.onTable("GetPartitions", in.DatabaseName, in.TableName)
}

func (s *Service) onBatchGetPartition(in *glue.BatchGetPartitionInput) []wire.Access {
	return s.onTable("BatchGetPartition", in.DatabaseName, in.TableName)
}

func (s *Service) onUpdatePartition(in *glue.UpdatePartitionInput) []wire.Access {
	return s.onTable("UpdatePartition", in.DatabaseName, in.TableName)
}

func (s *Service) onBatchUpdatePartition(in *glue.BatchUpdatePartitionInput) []wire.Access {
	return s.onTable("BatchUpdatePartition", in.DatabaseName, in.TableName)
}

func (s *Service) onDeletePartition(in *glue.DeletePartitionInput) []wire.Access {
	return s.onTable("DeletePartition", in.DatabaseName, in.TableName)
}

func (s *Service) onBatchDeletePartition(in *glue.BatchDeletePartitionInput) []wire.Access {
	return s.onTable("BatchDeletePartition", in.DatabaseName, in.TableName)
}

func (s *Service) onGetPartitionIndexes(in *glue.GetPartitionIndexesInput) []wire.Access {
	return s.onTable("GetPartitionIndexes", in.DatabaseName, in.TableName)
}

func (s *Service) onTagResource(in *glue.TagResourceInput) []wire.Access {
	return []wire.Access{{Action: "TagResource", Resource: value(in.ResourceArn)}}
}

func (s *Service) onUntagResource(in *glue.UntagResourceInput) []wire.Access {
	return []wire.Access{{Action: "UntagResource", Resource: value(in.ResourceArn)}}
}

func (s *Service) onGetTags(in *glue.GetTagsInput) []wire.Access {
	return []wire.Access{{Action: "GetTags", Resource: value(in.ResourceArn)}}
}
