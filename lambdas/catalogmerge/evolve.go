package catalogmerge

import (
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"

	"crawlerless/lambdas/schema"
)

// evolution is what a table's descriptor becomes.
type evolution struct {
	columns []types.Column
	serde   map[string]string
	added   []Column
	widened []Column
	changed bool // also by parameters of the SerDe alone
}

// evolve merges schemas into a table's columns: what is there keeps its place,
// types widen, what is new is appended in the order of names. A column whose
// meaning does not change keeps its text, also where another writes it
// differently.
func evolve(t *types.Table, schemas ...schema.Schema) (evolution, error) {
	have, err := schemaOf(t)
	if err != nil {
		return evolution{}, err
	}
	merged := have
	for _, s := range schemas {
		merged = schema.Merge(merged, s)
	}
	merged = merged.Settled()
	e := evolution{columns: slices.Clone(columnsOf(t)), serde: maps.Clone(serdeOf(t))}
	if e.serde == nil {
		e.serde = map[string]string{}
	}
	place := map[string]int{}
	for i, c := range e.columns {
		place[aws.ToString(c.Name)] = i
	}
	for _, c := range merged.Columns {
		after := c.Type.Hive()
		i, ok := place[c.Name]
		if !ok {
			e.columns = append(e.columns, types.Column{Name: aws.String(c.Name), Type: aws.String(after)})
			e.added = append(e.added, Column{Name: c.Name, After: after})
			continue
		}
		if was, ok := have.Column(c.Name); ok && was.Type.Hive() == after {
			continue
		}
		e.widened = append(e.widened, Column{Name: c.Name, Before: aws.ToString(e.columns[i].Type), After: after})
		e.columns[i].Type = aws.String(after)
	}
	e.changed = len(e.added)+len(e.widened) > 0
	for name, value := range merged.SerDeParameters() {
		if e.serde[name] != value {
			e.serde[name] = value
			e.changed = true
		}
	}
	return e, nil
}

// schemaOf is a table's schema. The parameters of the SerDe may hold mappings
// of columns that are not there any more; they do no harm.
func schemaOf(t *types.Table) (schema.Schema, error) {
	var columns []schema.HiveColumn
	for _, c := range columnsOf(t) {
		columns = append(columns, schema.HiveColumn{Name: strings.ToLower(aws.ToString(c.Name)), Type: aws.ToString(c.Type)})
	}
	var partitions []string
	for _, p := range t.PartitionKeys {
		partitions = append(partitions, aws.ToString(p.Name))
	}
	return schema.FromTable(columns, serdeOf(t), partitions...)
}

func columnsOf(t *types.Table) []types.Column {
	if t.StorageDescriptor == nil {
		return nil
	}
	return t.StorageDescriptor.Columns
}

func serdeOf(t *types.Table) map[string]string {
	if t.StorageDescriptor == nil || t.StorageDescriptor.SerdeInfo == nil {
		return nil
	}
	return t.StorageDescriptor.SerdeInfo.Parameters
}

// input is a table as UpdateTable takes it: all of it, so that nothing that
// others wrote is lost.
func input(t *types.Table) *types.TableInput {
	return &types.TableInput{
		Name: t.Name, Description: t.Description, Owner: t.Owner, LastAccessTime: t.LastAccessTime, LastAnalyzedTime: t.LastAnalyzedTime,
		Retention: t.Retention, StorageDescriptor: t.StorageDescriptor, PartitionKeys: t.PartitionKeys, ViewOriginalText: t.ViewOriginalText,
		ViewExpandedText: t.ViewExpandedText, TableType: t.TableType, Parameters: t.Parameters, TargetTable: t.TargetTable,
	}
}

// withEvolution is the table's descriptor with the columns and parameters of e.
func withEvolution(d *types.StorageDescriptor, e evolution) *types.StorageDescriptor {
	out := types.StorageDescriptor{}
	if d != nil {
		out = *d
	}
	out.Columns = e.columns
	info := types.SerDeInfo{}
	if out.SerdeInfo != nil {
		info = *out.SerdeInfo
	}
	info.Parameters = e.serde
	out.SerdeInfo = &info
	return &out
}
