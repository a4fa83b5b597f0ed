// Package athena plays Amazon Athena over DuckDB.
//
// A query is answered from what the Glue Data Catalog says of its tables: the
// SerDe, the columns of the table and of each partition, the locations. Objects
// are read through S3 with the rights of whoever asked, decoded as Athena's JSON
// SerDes do (package serde), and handed to DuckDB, which is kept from reading
// anything else. Results go to the results bucket as CSV.
//
// Queries are Trino's SQL, which package trino compiles to DuckDB's and package
// duck runs; DDL, SHOW and DESCRIBE are Hive's, which package ddl reads. A
// statement that can not be parsed is refused at once; any other that is not
// here (INSERT, UNLOAD, CREATE TABLE AS, EXPLAIN, Iceberg) ends FAILED with a
// reason that names it. Data formats other than JSON, result reuse and engines
// other than version 3 are refused by name.
package athena

import (
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/athena"
	"github.com/aws/aws-sdk-go-v2/service/athena/types"

	"crawlerless/localaws/cloud"
	"crawlerless/localaws/wire"
)

// Service is Athena in one account and region.
type Service struct {
	env cloud.Env
	as  func(wire.Caller) aws.Config

	mu         sync.Mutex
	workgroups map[string]*workgroup
	executions map[string]*execution
	order      []string // execution ids, oldest first
	tokens     map[string]string
}

// New makes the service; as gives calls the rights of a caller.
func New(env cloud.Env, as func(wire.Caller) aws.Config) *Service {
	s := &Service{
		env: env, as: as, workgroups: map[string]*workgroup{}, executions: map[string]*execution{}, tokens: map[string]string{},
	}
	s.workgroups["primary"] = &workgroup{
		name: "primary", state: types.WorkGroupStateEnabled, created: env.Clock.Now(),
		config: types.WorkGroupConfiguration{EngineVersion: engine(nil)}, tags: map[string]string{}, prepared: map[string]prepared{},
	}
	return s
}

// Close cancels the queries that run.
func (s *Service) Close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, e := range s.executions {
		e.cancel()
	}
}

// Wire describes the API that is there.
func (s *Service) Wire() wire.Service {
	return wire.Service{
		Name: "athena", Target: "AmazonAthena", Protocol: wire.JSON11,
		Constraints: constraints, Refuse: refuse,
		Operations: []wire.Operation{
			wire.Op("CreateWorkGroup", s.createWorkGroup, onGroup(s, "CreateWorkGroup", func(in *athena.CreateWorkGroupInput) *string { return in.Name }), "Name", "Configuration", "Description", "Tags"),
			wire.Op("GetWorkGroup", s.getWorkGroup, onGroup(s, "GetWorkGroup", func(in *athena.GetWorkGroupInput) *string { return in.WorkGroup }), "WorkGroup"),
			wire.Op("UpdateWorkGroup", s.updateWorkGroup, onGroup(s, "UpdateWorkGroup", func(in *athena.UpdateWorkGroupInput) *string { return in.WorkGroup }), "WorkGroup", "ConfigurationUpdates", "Description", "State"),
			wire.Op("DeleteWorkGroup", s.deleteWorkGroup, onGroup(s, "DeleteWorkGroup", func(in *athena.DeleteWorkGroupInput) *string { return in.WorkGroup }), "WorkGroup", "RecursiveDeleteOption"),
			wire.Op("ListWorkGroups", s.listWorkGroups, nil, "MaxResults", "NextToken"),
			wire.Op("TagResource", s.tagResource, wire.On("TagResource", func(in *athena.TagResourceInput) string { return aws.ToString(in.ResourceARN) }), "ResourceARN", "Tags"),
			wire.Op("UntagResource", s.untagResource, wire.On("UntagResource", func(in *athena.UntagResourceInput) string { return aws.ToString(in.ResourceARN) }), "ResourceARN", "TagKeys"),
			wire.Op("ListTagsForResource", s.listTagsForResource, wire.On("ListTagsForResource", func(in *athena.ListTagsForResourceInput) string { return aws.ToString(in.ResourceARN) }), "ResourceARN", "MaxResults", "NextToken"),

			wire.Op("StartQueryExecution", s.startQueryExecution, onGroup(s, "StartQueryExecution", func(in *athena.StartQueryExecutionInput) *string { return in.WorkGroup }),
				"QueryString", "ClientRequestToken", "QueryExecutionContext", "ResultConfiguration", "WorkGroup", "ExecutionParameters"),
			wire.Op("GetQueryExecution", s.getQueryExecution, onQuery(s, "GetQueryExecution", func(in *athena.GetQueryExecutionInput) *string { return in.QueryExecutionId }), "QueryExecutionId"),
			wire.Op("BatchGetQueryExecution", s.batchGetQueryExecution, nil, "QueryExecutionIds"),
			wire.Op("ListQueryExecutions", s.listQueryExecutions, onGroup(s, "ListQueryExecutions", func(in *athena.ListQueryExecutionsInput) *string { return in.WorkGroup }), "WorkGroup", "MaxResults", "NextToken"),
			wire.Op("StopQueryExecution", s.stopQueryExecution, onQuery(s, "StopQueryExecution", func(in *athena.StopQueryExecutionInput) *string { return in.QueryExecutionId }), "QueryExecutionId"),
			wire.Op("GetQueryResults", s.getQueryResults, onQuery(s, "GetQueryResults", func(in *athena.GetQueryResultsInput) *string { return in.QueryExecutionId }), "QueryExecutionId", "MaxResults", "NextToken"),

			wire.Op("CreatePreparedStatement", s.createPreparedStatement, onGroup(s, "CreatePreparedStatement", func(in *athena.CreatePreparedStatementInput) *string { return in.WorkGroup }), "StatementName", "WorkGroup", "QueryStatement", "Description"),
			wire.Op("UpdatePreparedStatement", s.updatePreparedStatement, onGroup(s, "UpdatePreparedStatement", func(in *athena.UpdatePreparedStatementInput) *string { return in.WorkGroup }), "StatementName", "WorkGroup", "QueryStatement", "Description"),
			wire.Op("GetPreparedStatement", s.getPreparedStatement, onGroup(s, "GetPreparedStatement", func(in *athena.GetPreparedStatementInput) *string { return in.WorkGroup }), "StatementName", "WorkGroup"),
			wire.Op("DeletePreparedStatement", s.deletePreparedStatement, onGroup(s, "DeletePreparedStatement", func(in *athena.DeletePreparedStatementInput) *string { return in.WorkGroup }), "StatementName", "WorkGroup"),
			wire.Op("ListPreparedStatements", s.listPreparedStatements, onGroup(s, "ListPreparedStatements", func(in *athena.ListPreparedStatementsInput) *string { return in.WorkGroup }), "WorkGroup", "MaxResults", "NextToken"),

			wire.Op("ListEngineVersions", s.listEngineVersions, nil, "MaxResults", "NextToken"),
			wire.Op("ListDataCatalogs", s.listDataCatalogs, nil, "MaxResults", "NextToken"),
			wire.Op("GetDataCatalog", s.getDataCatalog, onCatalog(s, "GetDataCatalog", func(in *athena.GetDataCatalogInput) *string { return in.Name }), "Name"),
			wire.Op("ListDatabases", s.listDatabases, onCatalog(s, "ListDatabases", func(in *athena.ListDatabasesInput) *string { return in.CatalogName }), "CatalogName", "MaxResults", "NextToken"),
			wire.Op("GetDatabase", s.getDatabase, onCatalog(s, "GetDatabase", func(in *athena.GetDatabaseInput) *string { return in.CatalogName }), "CatalogName", "DatabaseName"),
			wire.Op("ListTableMetadata", s.listTableMetadata, onCatalog(s, "ListTableMetadata", func(in *athena.ListTableMetadataInput) *string { return in.CatalogName }), "CatalogName", "DatabaseName", "Expression", "MaxResults", "NextToken"),
			wire.Op("GetTableMetadata", s.getTableMetadata, onCatalog(s, "GetTableMetadata", func(in *athena.GetTableMetadataInput) *string { return in.CatalogName }), "CatalogName", "DatabaseName", "TableName"),
		},
	}
}

func (s *Service) groupARN(name *string) string {
	n := aws.ToString(name)
	if n == "" {
		n = "primary"
	}
	return s.env.ARN("athena", "workgroup/"+n)
}

// onGroup is the access of an operation on a workgroup.
func onGroup[I any](s *Service, action string, name func(*I) *string) func(*I) []wire.Access {
	return wire.On(action, func(in *I) string { return s.groupARN(name(in)) })
}

// onQuery is the access of an operation on a query: on its workgroup.
func onQuery[I any](s *Service, action string, id func(*I) *string) func(*I) []wire.Access {
	return wire.On(action, func(in *I) string {
		s.mu.Lock()
		defer s.mu.Unlock()
		if e := s.executions[aws.ToString(id(in))]; e != nil {
			return s.groupARN(&e.workgroup)
		}
		return s.groupARN(nil)
	})
}

// invalid is the error that Athena answers wrong requests with.
func invalid(message string) error { return refusal("INVALID_INPUT", message) }

// refusal is one with an error code of Athena's own.
func refusal(code, message string) error {
	return &types.InvalidRequestException{Message: aws.String(message), AthenaErrorCode: aws.String(code)}
}
