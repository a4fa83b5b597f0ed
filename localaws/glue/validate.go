package glue

import (
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/glue/types"

	"crawlerless/localaws/wire"
)

// fold is how Glue stores the name of a database or table.
func fold(name string) string { return strings.ToLower(name) }

func value(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

// pageSize is how many entries a page has.
func pageSize(maxResults *int32, most int) int {
	if maxResults == nil {
		return most
	}
	return int(*maxResults)
}

func checkDescriptor(d *types.StorageDescriptor) error {
	if d != nil && d.SchemaReference != nil {
		return wire.NotImplemented("SchemaReference of a StorageDescriptor: there is no schema registry")
	}
	return nil
}

func checkTable(in *types.TableInput) error {
	switch {
	case in.TargetTable != nil:
		return wire.NotImplemented("TargetTable of a TableInput: resource links")
	case in.ViewDefinition != nil:
		return wire.NotImplemented("ViewDefinition of a TableInput: multi-dialect views")
	}
	return checkDescriptor(in.StorageDescriptor)
}

func checkDatabase(in *types.DatabaseInput) error {
	switch {
	case in.TargetDatabase != nil:
		return wire.NotImplemented("TargetDatabase of a DatabaseInput: resource links")
	case in.FederatedDatabase != nil:
		return wire.NotImplemented("FederatedDatabase of a DatabaseInput")
	}
	return nil
}
