package glue

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/service/glue/types"

	"crawlerless/localaws/wire"
)

// Limits of the API's model.
// https://docs.aws.amazon.com/glue/latest/dg/aws-glue-api-catalog-tables.html
const (
	maxName        = 255
	maxDescription = 2048
	maxComment     = 255
	maxType        = 131072
	maxLocation    = 2056
	maxKey         = 255
	maxParameter   = 512000
	maxValue       = 1024
)

// fold is how Glue stores the name of a database or table.
func fold(name string) string { return strings.ToLower(name) }

func value(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

// checkName holds a required name against the model. member is its path in the
// request, in AWS's spelling ("tableInput.name").
func checkName(name *string, member string) error {
	if name == nil {
		return constraint("null", member, "not be null")
	}
	if *name == "" {
		return constraint("''", member, "have length greater than or equal to 1")
	}
	if err := checkLength(name, member, maxName); err != nil {
		return err
	}
	if strings.ContainsAny(*name, "\r\n\t\x00") || !utf8.ValidString(*name) {
		return constraint("'"+*name+"'", member, `satisfy regular expression pattern: [\u0020-\uD7FF\uE000-\uFFFD\uD800\uDC00-\uDBFF\uDFFF\t]*`)
	}
	return nil
}

func checkLength(s *string, member string, limit int) error {
	if s != nil && utf8.RuneCountInString(*s) > limit {
		return constraint("'"+*s+"'", member, fmt.Sprintf("have length less than or equal to %d", limit))
	}
	return nil
}

// checkCount holds the size of a batch against the model.
func checkCount(n int, member string, limit int) error {
	if n > limit {
		return constraint(fmt.Sprintf("'[%d entries]'", n), member, fmt.Sprintf("have length less than or equal to %d", limit))
	}
	return nil
}

// checkPage answers the page size that a request asks for.
func checkPage(maxResults *int32, limit int) (int, error) {
	switch {
	case maxResults == nil:
		return limit, nil
	case *maxResults < 1:
		return 0, constraint(fmt.Sprintf("'%d'", *maxResults), "maxResults", "have value greater than or equal to 1")
	case int(*maxResults) > limit:
		return 0, constraint(fmt.Sprintf("'%d'", *maxResults), "maxResults", fmt.Sprintf("have value less than or equal to %d", limit))
	}
	return int(*maxResults), nil
}

func checkParameters(parameters map[string]string, member string) error {
	for k, v := range parameters {
		if k == "" {
			return constraint("''", member, "have keys with length greater than or equal to 1")
		}
		if err := checkLength(&k, member, maxKey); err != nil {
			return err
		}
		if err := checkLength(&v, member, maxParameter); err != nil {
			return err
		}
	}
	return nil
}

func checkColumns(columns []types.Column, member string) error {
	for i, c := range columns {
		at := fmt.Sprintf("%s.%d.member", member, i+1)
		if err := checkName(c.Name, at+".name"); err != nil {
			return err
		}
		if err := checkLength(c.Type, at+".type", maxType); err != nil {
			return err
		}
		if err := checkLength(c.Comment, at+".comment", maxComment); err != nil {
			return err
		}
		if err := checkParameters(c.Parameters, at+".parameters"); err != nil {
			return err
		}
	}
	return nil
}

func checkDescriptor(d *types.StorageDescriptor, member string) error {
	if d == nil {
		return nil
	}
	if d.SchemaReference != nil {
		return wire.NotImplemented("SchemaReference of a StorageDescriptor: there is no schema registry")
	}
	if err := checkColumns(d.Columns, member+".columns"); err != nil {
		return err
	}
	if err := checkLength(d.Location, member+".location", maxLocation); err != nil {
		return err
	}
	if d.SerdeInfo != nil {
		if err := checkParameters(d.SerdeInfo.Parameters, member+".serdeInfo.parameters"); err != nil {
			return err
		}
	}
	return checkParameters(d.Parameters, member+".parameters")
}

func checkTable(in *types.TableInput) error {
	if in == nil {
		return constraint("null", "tableInput", "not be null")
	}
	switch {
	case in.TargetTable != nil:
		return wire.NotImplemented("TargetTable of a TableInput: resource links")
	case in.ViewDefinition != nil:
		return wire.NotImplemented("ViewDefinition of a TableInput: multi-dialect views")
	case in.FederatedTable != nil:
		return wire.NotImplemented("FederatedTable of a TableInput")
	}
	if err := checkName(in.Name, "tableInput.name"); err != nil {
		return err
	}
	if err := checkLength(in.Description, "tableInput.description", maxDescription); err != nil {
		return err
	}
	if in.Retention < 0 {
		return constraint(fmt.Sprintf("'%d'", in.Retention), "tableInput.retention", "have value greater than or equal to 0")
	}
	if err := checkDescriptor(in.StorageDescriptor, "tableInput.storageDescriptor"); err != nil {
		return err
	}
	if err := checkColumns(in.PartitionKeys, "tableInput.partitionKeys"); err != nil {
		return err
	}
	return checkParameters(in.Parameters, "tableInput.parameters")
}

func checkDatabase(in *types.DatabaseInput) error {
	if in == nil {
		return constraint("null", "databaseInput", "not be null")
	}
	switch {
	case in.TargetDatabase != nil:
		return wire.NotImplemented("TargetDatabase of a DatabaseInput: resource links")
	case in.FederatedDatabase != nil:
		return wire.NotImplemented("FederatedDatabase of a DatabaseInput")
	}
	if err := checkName(in.Name, "databaseInput.name"); err != nil {
		return err
	}
	if err := checkLength(in.Description, "databaseInput.description", maxDescription); err != nil {
		return err
	}
	if in.LocationUri != nil && *in.LocationUri == "" {
		return constraint("''", "databaseInput.locationUri", "have length greater than or equal to 1")
	}
	if err := checkLength(in.LocationUri, "databaseInput.locationUri", 1024); err != nil {
		return err
	}
	return checkParameters(in.Parameters, "databaseInput.parameters")
}
