package athena

import (
	"context"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	gluetypes "github.com/aws/aws-sdk-go-v2/service/glue/types"

	"crawlerless/localaws/athena/hive"
	"crawlerless/localaws/athena/serde"
)

// part is one place to read: a partition, or the whole of a table without
// partitions.
type part struct {
	location    string
	values      []string
	columns     []serde.Column
	columnsText string
	serde       string
	parameters  map[string]string
}

// locations are the places that the conditions leave.
func (q *query) locations(ctx context.Context, s *source, where []condition) ([]part, error) {
	if len(s.keys) == 0 {
		p, err := s.part(s.table.StorageDescriptor, nil)
		return []part{p}, err
	}
	if s.table.Parameters["projection.enabled"] == "true" {
		return q.projected(ctx, s, where)
	}
	var parts []part
	pages := glue.NewGetPartitionsPaginator(q.glue(), &glue.GetPartitionsInput{DatabaseName: s.table.DatabaseName, TableName: s.table.Name})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fail("failure while reading the partitions of " + aws.ToString(s.table.Name) + ": " + err.Error())
		}
		for _, one := range page.Partitions {
			if !s.selected(one.Values, where) {
				continue
			}
			p, err := s.part(one.StorageDescriptor, one.Values)
			if err != nil {
				return nil, err
			}
			parts = append(parts, p)
		}
	}
	return parts, nil
}

// part reads a storage descriptor, and holds its columns against the table's by
// position, as Athena does for JSON.
// https://docs.aws.amazon.com/athena/latest/ug/updates-and-partitions.html
func (s *source) part(sd *gluetypes.StorageDescriptor, values []string) (part, error) {
	if sd == nil || sd.SerdeInfo == nil {
		return part{}, fail("HIVE_INVALID_METADATA: a partition of " + aws.ToString(s.table.Name) + " has no SerDe")
	}
	p := part{location: aws.ToString(sd.Location), values: values, serde: aws.ToString(sd.SerdeInfo.SerializationLibrary), parameters: sd.SerdeInfo.Parameters}
	if !serde.Supported(p.serde) {
		return p, fail("NotImplemented: localaws does not implement the SerDe " + p.serde + " of athena")
	}
	var err error
	if p.columns, err = columnsOf(sd.Columns); err != nil {
		return p, err
	}
	for i, c := range p.columns {
		p.columnsText += c.Name + " " + c.Type.String() + ";"
		if i >= len(s.columns) {
			p.columns = p.columns[:i]
			break
		}
		t := s.columns[i]
		if !c.Type.Equal(t.Type) && !hive.CanCoerce(c.Type, t.Type) {
			return p, fail(fmt.Sprintf("HIVE_PARTITION_SCHEMA_MISMATCH: There is a mismatch between the table and partition schemas. The types are incompatible and cannot be coerced. The column '%s' in table '%s.%s' is declared as type '%s', but partition '%s' declared column '%s' as type '%s'.",
				t.Name, aws.ToString(s.table.DatabaseName), aws.ToString(s.table.Name), t.Type, strings.Join(s.labelled(values), "/"), c.Name, c.Type))
		}
	}
	return p, nil
}

func (s *source) labelled(values []string) []string {
	list := make([]string, len(values))
	for i, v := range values {
		list[i] = s.keys[i].Name + "=" + v
	}
	return list
}

// condition compares a column with a text. It is a conjunct of the WHERE clause
// of a query over one table.
type condition struct{ column, operator, text string }

// selected says whether a partition can have rows for the conditions. A
// condition on anything but a string key leaves it in.
func (s *source) selected(values []string, where []condition) bool {
	for i, k := range s.keys {
		if i >= len(values) || !k.Type.Text() {
			continue
		}
		for _, c := range where {
			if c.column != k.Name {
				continue
			}
			v := values[i]
			keep := true
			switch c.operator {
			case "COMPARE_EQUAL":
				keep = v == c.text
			case "COMPARE_LESSTHAN":
				keep = v < c.text
			case "COMPARE_LESSTHANOREQUALTO":
				keep = v <= c.text
			case "COMPARE_GREATERTHAN":
				keep = v > c.text
			case "COMPARE_GREATERTHANOREQUALTO":
				keep = v >= c.text
			}
			if !keep {
				return false
			}
		}
	}
	return true
}

// conditions are the conjuncts of the outermost WHERE that compare a column
// with a string. The query reads one table once, so they hold for all its rows.
func conditions(tree map[string]any) []condition {
	statements, _ := tree["statements"].([]any)
	if len(statements) != 1 {
		return nil
	}
	statement, _ := statements[0].(map[string]any)
	node, _ := statement["node"].(map[string]any)
	from, _ := node["from_table"].(map[string]any)
	if node["type"] != "SELECT_NODE" || from["type"] != "BASE_TABLE" {
		return nil
	}
	return conjuncts(node["where_clause"])
}

func conjuncts(v any) []condition {
	m, _ := v.(map[string]any)
	switch {
	case m["type"] == "CONJUNCTION_AND":
		var list []condition
		children, _ := m["children"].([]any)
		for _, c := range children {
			list = append(list, conjuncts(c)...)
		}
		return list
	case m["class"] == "COMPARISON":
		left, _ := m["left"].(map[string]any)
		right, _ := m["right"].(map[string]any)
		columns, _ := left["column_names"].([]any)
		constant, _ := right["value"].(map[string]any)
		kind, _ := constant["type"].(map[string]any)
		text, ok := constant["value"].(string)
		if left["class"] != "COLUMN_REF" || right["class"] != "CONSTANT" || len(columns) == 0 || !ok || kind["id"] != "VARCHAR" {
			return nil
		}
		return []condition{{strings.ToLower(fmt.Sprint(columns[len(columns)-1])), fmt.Sprint(m["type"]), text}}
	}
	return nil
}

// projected finds the partitions of a table with partition projection. What
// Athena would compute from the ranges is looked up in S3: of the projected
// places, those that hold objects. Types integer, enum, date and injected are
// alike in this; only the template in Hive's style, whose folders name the
// keys, can be looked up.
func (q *query) projected(ctx context.Context, s *source, where []condition) ([]part, error) {
	template := s.table.Parameters["storage.location.template"]
	if template == "" {
		template = strings.TrimSuffix(aws.ToString(s.table.StorageDescriptor.Location), "/") + "/"
		for _, k := range s.keys {
			template += k.Name + "=${" + k.Name + "}/"
		}
	}
	root, _, _ := strings.Cut(template, s.keys[0].Name+"=${")
	for _, k := range s.keys {
		if !strings.Contains(template, k.Name+"=${"+k.Name+"}") {
			return nil, fail("NotImplemented: localaws does not implement the storage.location.template " + template + " of athena")
		}
	}
	objects, err := q.list(ctx, root)
	if err != nil {
		return nil, err
	}
	places := map[string][]string{}
	for _, o := range objects {
		values, at := s.valuesOf(strings.TrimPrefix("s3://"+o.bucket+"/"+o.key, root))
		if values != nil && s.selected(values, where) {
			places[root+at] = values
		}
	}
	var parts []part
	for _, location := range sortedKeys(places) {
		sd := *s.table.StorageDescriptor
		sd.Location = aws.String(location)
		p, err := s.part(&sd, places[location])
		if err != nil {
			return nil, err
		}
		parts = append(parts, p)
	}
	return parts, nil
}

// valuesOf reads "year=2026/month=01/…" into values and the folder.
func (s *source) valuesOf(rest string) (values []string, folder string) {
	for _, k := range s.keys {
		part, after, ok := strings.Cut(rest, "/")
		value, named := strings.CutPrefix(part, k.Name+"=")
		if !ok || !named {
			return nil, ""
		}
		values, folder, rest = append(values, value), folder+part+"/", after
	}
	return values, folder
}
