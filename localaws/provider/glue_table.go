package provider

import (
	"context"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"
)

type catalogTable struct {
	Name             string             `prop:"name,auto=255,lower,replace"`
	Database         string             `prop:"databaseName,required,replace"`
	CatalogID        string             `prop:"catalogId,computed,replace"`
	Description      string             `prop:"description,omitempty"`
	Owner            string             `prop:"owner,omitempty"`
	Parameters       map[string]string  `prop:"parameters"`
	PartitionKeys    []tableColumn      `prop:"partitionKeys"`
	Retention        int64              `prop:"retention"`
	Storage          *storageDescriptor `prop:"storageDescriptor"`
	TableType        string             `prop:"tableType,omitempty"`
	ViewExpandedText string             `prop:"viewExpandedText,omitempty"`
	ViewOriginalText string             `prop:"viewOriginalText,omitempty"`

	ARN     string           `prop:"arn,out"`
	Indices []partitionIndex `prop:"partitionIndices,out"`
}

type partitionIndex struct {
	Name string `prop:"indexName"`
}

type tableColumn struct {
	Name    string `prop:"name,required"`
	Type    string `prop:"type,omitempty"`
	Comment string `prop:"comment,omitempty"`
}

type storedColumn struct {
	Name       string            `prop:"name,required"`
	Type       string            `prop:"type,omitempty"`
	Comment    string            `prop:"comment,omitempty"`
	Parameters map[string]string `prop:"parameters"`
}

type storageDescriptor struct {
	AdditionalLocations []string          `prop:"additionalLocations"`
	BucketColumns       []string          `prop:"bucketColumns"`
	Columns             []storedColumn    `prop:"columns"`
	Compressed          bool              `prop:"compressed"`
	InputFormat         string            `prop:"inputFormat,omitempty"`
	Location            string            `prop:"location,omitempty"`
	NumberOfBuckets     int64             `prop:"numberOfBuckets"`
	OutputFormat        string            `prop:"outputFormat,omitempty"`
	Parameters          map[string]string `prop:"parameters"`
	SerDe               *serDeInfo        `prop:"serDeInfo"`
	SortColumns         []sortColumn      `prop:"sortColumns"`
	SubDirectories      bool              `prop:"storedAsSubDirectories"`
}

type serDeInfo struct {
	Name       string            `prop:"name,omitempty"`
	Parameters map[string]string `prop:"parameters"`
	Library    string            `prop:"serializationLibrary,omitempty"`
}

type sortColumn struct {
	Column string `prop:"column,required"`
	Order  int64  `prop:"sortOrder,required"`
}

func glueTable() handler {
	return of(typed[catalogTable]{
		Token: "aws:glue/catalogTable:CatalogTable",
		Create: func(ctx context.Context, s *session, in *catalogTable) (string, error) {
			if err := s.catalog(ctx, &in.CatalogID); err != nil {
				return "", err
			}
			err := create(ctx, func(ctx context.Context) error {
				_, err := s.glue.CreateTable(ctx, &glue.CreateTableInput{CatalogId: &in.CatalogID, DatabaseName: &in.Database, TableInput: in.sdk()})
				return err
			}, "AlreadyExistsException")
			return made(in.CatalogID+":"+in.Database+":"+in.Name, err)
		},
		Read: func(ctx context.Context, s *session, id string, v *catalogTable) error {
			catalog, database, name, err := splitTable(id)
			if err != nil {
				return err
			}
			out, err := s.glue.GetTable(ctx, &glue.GetTableInput{CatalogId: &catalog, DatabaseName: &database, Name: &name})
			if err != nil {
				return err
			}
			t := out.Table
			*v = catalogTable{
				Name: name, Database: database, CatalogID: catalog, Description: aws.ToString(t.Description), Owner: aws.ToString(t.Owner),
				Parameters: notEmpty(t.Parameters), PartitionKeys: tableColumns(t.PartitionKeys), Retention: int64(t.Retention),
				Storage: storageOf(t.StorageDescriptor), TableType: aws.ToString(t.TableType),
				ViewExpandedText: aws.ToString(t.ViewExpandedText), ViewOriginalText: aws.ToString(t.ViewOriginalText),
				ARN: "arn:" + s.partition + ":glue:" + s.region + ":" + catalog + ":table/" + database + "/" + name, Indices: []partitionIndex{},
			}
			return nil
		},
		Update: func(ctx context.Context, s *session, id string, _, in *catalogTable) error {
			catalog, database, _, err := splitTable(id)
			if err != nil {
				return err
			}
			// Without archiving: a table keeps a limited number of versions.
			return s.retry(ctx, func(err error) bool { return code(err) == "ConcurrentModificationException" }, func() error {
				_, err := s.glue.UpdateTable(ctx, &glue.UpdateTableInput{
					CatalogId: &catalog, DatabaseName: &database, TableInput: in.sdk(), SkipArchive: aws.Bool(true),
				})
				return err
			})
		},
		Delete: func(ctx context.Context, s *session, id string, _ *catalogTable) error {
			catalog, database, name, err := splitTable(id)
			if err != nil {
				return err
			}
			_, err = s.glue.DeleteTable(ctx, &glue.DeleteTableInput{CatalogId: &catalog, DatabaseName: &database, Name: &name})
			return err
		},
	})
}

func splitTable(id string) (catalog, database, name string, err error) {
	parts := strings.Split(id, ":")
	if len(parts) != 3 {
		return "", "", "", fmt.Errorf("%q is no id of a table: it is catalog:database:name", id)
	}
	return parts[0], parts[1], parts[2], nil
}

func (t *catalogTable) sdk() *types.TableInput {
	in := &types.TableInput{
		Name: &t.Name, Description: str(t.Description), Owner: str(t.Owner), Parameters: t.Parameters,
		PartitionKeys: []types.Column{}, Retention: int32(t.Retention), TableType: str(t.TableType),
		ViewExpandedText: str(t.ViewExpandedText), ViewOriginalText: str(t.ViewOriginalText),
	}
	for _, c := range t.PartitionKeys {
		in.PartitionKeys = append(in.PartitionKeys, types.Column{Name: &c.Name, Type: str(c.Type), Comment: str(c.Comment)})
	}
	d := t.Storage
	if d == nil {
		return in
	}
	in.StorageDescriptor = &types.StorageDescriptor{
		AdditionalLocations: d.AdditionalLocations, BucketColumns: d.BucketColumns, Compressed: d.Compressed,
		InputFormat: str(d.InputFormat), Location: str(d.Location), NumberOfBuckets: int32(d.NumberOfBuckets),
		OutputFormat: str(d.OutputFormat), Parameters: d.Parameters, StoredAsSubDirectories: d.SubDirectories,
	}
	for _, c := range d.Columns {
		in.StorageDescriptor.Columns = append(in.StorageDescriptor.Columns, types.Column{
			Name: &c.Name, Type: str(c.Type), Comment: str(c.Comment), Parameters: c.Parameters,
		})
	}
	if i := d.SerDe; i != nil {
		in.StorageDescriptor.SerdeInfo = &types.SerDeInfo{Name: str(i.Name), Parameters: i.Parameters, SerializationLibrary: str(i.Library)}
	}
	for _, c := range d.SortColumns {
		in.StorageDescriptor.SortColumns = append(in.StorageDescriptor.SortColumns, types.Order{Column: &c.Column, SortOrder: int32(c.Order)})
	}
	return in
}

func tableColumns(list []types.Column) []tableColumn {
	var out []tableColumn
	for _, c := range list {
		out = append(out, tableColumn{Name: aws.ToString(c.Name), Type: aws.ToString(c.Type), Comment: aws.ToString(c.Comment)})
	}
	return out
}

func storageOf(d *types.StorageDescriptor) *storageDescriptor {
	if d == nil {
		return nil
	}
	v := &storageDescriptor{
		AdditionalLocations: d.AdditionalLocations, BucketColumns: d.BucketColumns, Compressed: d.Compressed,
		InputFormat: aws.ToString(d.InputFormat), Location: aws.ToString(d.Location), NumberOfBuckets: int64(d.NumberOfBuckets),
		OutputFormat: aws.ToString(d.OutputFormat), Parameters: notEmpty(d.Parameters), SubDirectories: d.StoredAsSubDirectories,
	}
	for _, c := range d.Columns {
		v.Columns = append(v.Columns, storedColumn{
			Name: aws.ToString(c.Name), Type: aws.ToString(c.Type), Comment: aws.ToString(c.Comment), Parameters: notEmpty(c.Parameters),
		})
	}
	if i := d.SerdeInfo; i != nil {
		v.SerDe = &serDeInfo{Name: aws.ToString(i.Name), Parameters: notEmpty(i.Parameters), Library: aws.ToString(i.SerializationLibrary)}
	}
	for _, c := range d.SortColumns {
		v.SortColumns = append(v.SortColumns, sortColumn{Column: aws.ToString(c.Column), Order: int64(c.SortOrder)})
	}
	return v
}
