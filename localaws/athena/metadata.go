package athena

import (
	"context"
	"errors"
	"maps"
	"regexp"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/athena"
	"github.com/aws/aws-sdk-go-v2/service/athena/types"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	gluetypes "github.com/aws/aws-sdk-go-v2/service/glue/types"

	"crawlerless/localaws/wire"
)

// dataCatalog is the one data catalog, in the spelling of the API.
const dataCatalog = "AwsDataCatalog"

// onCatalog is the access of an operation on a data catalog.
func onCatalog[I any](s *Service, action string, name func(*I) *string) func(*I) []wire.Access {
	return wire.On(action, func(in *I) string { return s.env.ARN("athena", "datacatalog/"+aws.ToString(name(in))) })
}

// own checks that a request is for the one data catalog.
func own(name *string) error {
	if !strings.EqualFold(aws.ToString(name), dataCatalog) {
		return invalid("DataCatalog " + aws.ToString(name) + " was not found")
	}
	return nil
}

func (s *Service) catalogOf(ctx context.Context) *glue.Client {
	return glue.NewFromConfig(s.as(wire.CallerFrom(ctx)))
}

// metadataError is how Athena passes on an error of Glue's.
func metadataError(err error) error {
	var missing *gluetypes.EntityNotFoundException
	if errors.As(err, &missing) {
		return &types.MetadataException{Message: aws.String("EntityNotFoundException: " + missing.ErrorMessage())}
	}
	return &types.MetadataException{Message: aws.String(err.Error())}
}

func (s *Service) listDataCatalogs(context.Context, *athena.ListDataCatalogsInput) (*athena.ListDataCatalogsOutput, error) {
	return &athena.ListDataCatalogsOutput{DataCatalogsSummary: []types.DataCatalogSummary{{CatalogName: aws.String(dataCatalog), Type: types.DataCatalogTypeGlue}}}, nil
}

func (s *Service) getDataCatalog(_ context.Context, in *athena.GetDataCatalogInput) (*athena.GetDataCatalogOutput, error) {
	if err := own(in.Name); err != nil {
		return nil, err
	}
	return &athena.GetDataCatalogOutput{DataCatalog: &types.DataCatalog{
		Name: aws.String(dataCatalog), Type: types.DataCatalogTypeGlue, Parameters: map[string]string{"catalog-id": s.env.Account},
	}}, nil
}

func database(d gluetypes.Database) types.Database {
	return types.Database{Name: d.Name, Description: d.Description, Parameters: d.Parameters}
}

func (s *Service) getDatabase(ctx context.Context, in *athena.GetDatabaseInput) (*athena.GetDatabaseOutput, error) {
	if err := own(in.CatalogName); err != nil {
		return nil, err
	}
	out, err := s.catalogOf(ctx).GetDatabase(ctx, &glue.GetDatabaseInput{Name: in.DatabaseName})
	if err != nil {
		return nil, metadataError(err)
	}
	d := database(*out.Database)
	return &athena.GetDatabaseOutput{Database: &d}, nil
}

func (s *Service) listDatabases(ctx context.Context, in *athena.ListDatabasesInput) (*athena.ListDatabasesOutput, error) {
	if err := own(in.CatalogName); err != nil {
		return nil, err
	}
	out, err := s.catalogOf(ctx).GetDatabases(ctx, &glue.GetDatabasesInput{NextToken: in.NextToken, MaxResults: in.MaxResults})
	if err != nil {
		return nil, metadataError(err)
	}
	list := &athena.ListDatabasesOutput{NextToken: out.NextToken, DatabaseList: []types.Database{}}
	for _, d := range out.DatabaseList {
		list.DatabaseList = append(list.DatabaseList, database(d))
	}
	return list, nil
}

// tableMetadata is a table in Athena's form: what its storage is lies among the
// parameters.
// https://docs.aws.amazon.com/athena/latest/APIReference/API_TableMetadata.html
func tableMetadata(t gluetypes.Table) types.TableMetadata {
	columns := func(list []gluetypes.Column) []types.Column {
		out := []types.Column{}
		for _, c := range list {
			out = append(out, types.Column{Name: c.Name, Type: c.Type, Comment: c.Comment})
		}
		return out
	}
	parameters := maps.Clone(t.Parameters)
	if parameters == nil {
		parameters = map[string]string{}
	}
	m := types.TableMetadata{
		Name: t.Name, CreateTime: t.CreateTime, LastAccessTime: t.LastAccessTime, TableType: t.TableType,
		Columns: columns(columnsOfTable(&t)), PartitionKeys: columns(t.PartitionKeys), Parameters: parameters,
	}
	if sd := t.StorageDescriptor; sd != nil {
		parameters["location"] = aws.ToString(sd.Location)
		parameters["inputformat"] = aws.ToString(sd.InputFormat)
		parameters["outputformat"] = aws.ToString(sd.OutputFormat)
		if sd.SerdeInfo != nil {
			parameters["serde.serialization.lib"] = aws.ToString(sd.SerdeInfo.SerializationLibrary)
			for k, v := range sd.SerdeInfo.Parameters {
				parameters["serde.param."+k] = v
			}
		}
	}
	return m
}

func (s *Service) getTableMetadata(ctx context.Context, in *athena.GetTableMetadataInput) (*athena.GetTableMetadataOutput, error) {
	if err := own(in.CatalogName); err != nil {
		return nil, err
	}
	out, err := s.catalogOf(ctx).GetTable(ctx, &glue.GetTableInput{DatabaseName: in.DatabaseName, Name: in.TableName})
	if err != nil {
		return nil, metadataError(err)
	}
	m := tableMetadata(*out.Table)
	return &athena.GetTableMetadataOutput{TableMetadata: &m}, nil
}

func (s *Service) listTableMetadata(ctx context.Context, in *athena.ListTableMetadataInput) (*athena.ListTableMetadataOutput, error) {
	if err := own(in.CatalogName); err != nil {
		return nil, err
	}
	var wanted *regexp.Regexp
	if in.Expression != nil {
		var err error
		if wanted, err = regexp.Compile("^(?:" + *in.Expression + ")$"); err != nil {
			return nil, invalid("Expression is not a regular expression: " + *in.Expression)
		}
	}
	out, err := s.catalogOf(ctx).GetTables(ctx, &glue.GetTablesInput{DatabaseName: in.DatabaseName, NextToken: in.NextToken, MaxResults: in.MaxResults})
	if err != nil {
		return nil, metadataError(err)
	}
	list := &athena.ListTableMetadataOutput{NextToken: out.NextToken, TableMetadataList: []types.TableMetadata{}}
	for _, t := range out.TableList {
		if wanted == nil || wanted.MatchString(aws.ToString(t.Name)) {
			list.TableMetadataList = append(list.TableMetadataList, tableMetadata(t))
		}
	}
	return list, nil
}

func (s *Service) listEngineVersions(context.Context, *athena.ListEngineVersionsInput) (*athena.ListEngineVersionsOutput, error) {
	return &athena.ListEngineVersionsOutput{EngineVersions: []types.EngineVersion{
		*engine(nil), *engine(&types.EngineVersion{SelectedEngineVersion: aws.String(engineName)}),
	}}, nil
}
