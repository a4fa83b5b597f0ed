package catalogmerge

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"

	"crawlerless/lambdas/schema"
)

// evolution is what a table becomes.
type evolution struct {
	columns    []types.Column
	serde      map[string]string
	parameters map[string]string
	added      []Column
	widened    []Column
	changed    bool // also by parameters alone
}

// evolve merges schemas into a table: the columns that are there keep their
// places, types widen, what is new is appended in the order of names. A column
// whose meaning does not change keeps its text, also where another writes it
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
	merged = alike(merged.Settled())
	e := evolution{columns: slices.Clone(columnsOf(t)), serde: cloned(serdeOf(t)), parameters: cloned(t.Parameters)}
	was := make(map[string]string, len(have.Columns))
	for _, c := range have.Columns {
		was[c.Name] = c.Type.Hive()
	}
	place := make(map[string]int, len(e.columns))
	for i, c := range e.columns {
		place[strings.ToLower(aws.ToString(c.Name))] = i
	}
	for _, c := range merged.Columns {
		after := c.Type.Hive()
		i, ok := place[c.Name]
		if !ok {
			e.columns = append(e.columns, types.Column{Name: aws.String(c.Name), Type: aws.String(after)})
			e.added = append(e.added, Column{Name: c.Name, After: after})
			continue
		}
		if was[c.Name] == after {
			continue
		}
		e.widened = append(e.widened, Column{Name: c.Name, Before: aws.ToString(e.columns[i].Type), After: after})
		e.columns[i].Type = aws.String(after)
	}
	mapping := merged.SerDeParameters()
	for name := range have.SerDeParameters() {
		if _, still := mapping[name]; !still {
			delete(e.serde, name)
		}
	}
	maps.Copy(e.serde, mapping)
	if err := e.note(merged, t.PartitionKeys); err != nil {
		return evolution{}, err
	}
	e.changed = len(e.added)+len(e.widened) > 0 || !maps.Equal(e.serde, serdeOf(t)) ||
		e.parameters[SchemaParameter] != t.Parameters[SchemaParameter]
	return e, nil
}

// note keeps the keys of the records in the table's parameters, where its
// columns do not tell them.
func (e *evolution) note(merged schema.Schema, keys []types.Column) error {
	told, err := toldBy(e.columns, e.serde, keys)
	if err != nil {
		return err
	}
	delete(e.parameters, SchemaParameter)
	if told.Fingerprint() == merged.Fingerprint() {
		return nil
	}
	text, err := json.Marshal(merged)
	if err != nil {
		return err
	}
	if len(text) <= maxParameter { // else what the columns tell has to do
		e.parameters[SchemaParameter] = string(text)
	}
	return nil
}

func cloned(m map[string]string) map[string]string {
	out := make(map[string]string, len(m)+1)
	maps.Copy(out, m)
	return out
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
