package catalogmerge

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"

	"crawlerless/lambdas/schema"
)

// SchemaParameter is the table parameter that holds the schema with the keys as
// they are in the records, where the columns and the SerDe's mapping do not
// tell them: as long as the SerDe ignores case, "userId" and "userid" are one
// column, and a member `accesskey` of a struct may be "accessKey". When an
// object comes in whose records have both, every key has to be told apart, and
// the table has to know those that it has met.
const SchemaParameter = "crawlerless.schema"

// maxParameter is the longest value of a table's parameter in bytes.
// https://docs.aws.amazon.com/glue/latest/webapi/API_TableInput.html
const maxParameter = 512_000

// SchemaOf is the schema of a table as Glue has it.
func SchemaOf(t *types.Table) (schema.Schema, error) { return schemaOf(t) }

// schemaOf is the schema of a table, with the keys that it has met. What the
// columns say comes first: others may have added, widened or removed some.
func schemaOf(t *types.Table) (schema.Schema, error) {
	told, err := told(t)
	if err != nil {
		return schema.Schema{}, err
	}
	text := t.Parameters[SchemaParameter]
	if text == "" {
		return told, nil
	}
	var met schema.Schema
	if err := json.Unmarshal([]byte(text), &met); err != nil {
		return schema.Schema{}, fmt.Errorf("table parameter %s: %w", SchemaParameter, err)
	}
	known := make(map[string]schema.Column, len(met.Columns))
	for _, c := range met.Columns {
		known[c.Name] = c
	}
	both := schema.Schema{CaseSensitive: told.CaseSensitive, Overflow: met.Overflow, Partitions: told.Partitions}
	for _, c := range told.Columns {
		if k, ok := known[c.Name]; ok && k.Type.Hive() == c.Type.Hive() {
			c = k
		}
		both.Columns = append(both.Columns, c)
	}
	return schema.Merge(both, schema.Schema{}), nil
}

// told is what a table's columns and its SerDe's parameters tell. The latter
// may hold mappings of columns that are not there any more; they do no harm.
func told(t *types.Table) (schema.Schema, error) {
	return toldBy(columnsOf(t), serdeOf(t), t.PartitionKeys)
}

func toldBy(columns []types.Column, serde map[string]string, keys []types.Column) (schema.Schema, error) {
	hive := make([]schema.HiveColumn, len(columns))
	for i, c := range columns {
		hive[i] = schema.HiveColumn{Name: strings.ToLower(aws.ToString(c.Name)), Type: aws.ToString(c.Type)}
	}
	partitions := make([]string, len(keys))
	for i, k := range keys {
		partitions[i] = aws.ToString(k.Name)
	}
	return schema.FromTable(hive, serde, partitions...)
}

// alike gives keys that want the same name the same type, their join. Which of
// them has the name, and which gets another, depends on what else there is, and
// so on what has arrived: a column may come to stand for another key. Its type
// must not become narrower by that.
func alike(s schema.Schema) schema.Schema {
	var columns []schema.Column
	shared := map[string]schema.Type{}
	for _, c := range s.Columns {
		for _, k := range keysOf(c) {
			columns = append(columns, schema.Column{Key: k.Key, Type: k.Type})
			name := plainName(k.Key)
			shared[name] = schema.MergeTypes(shared[name], k.Type)
		}
	}
	for i, c := range columns {
		columns[i].Type = alikeMembers(shared[plainName(c.Key)])
	}
	return schema.Merge(schema.Schema{Columns: columns, CaseSensitive: s.CaseSensitive, Overflow: s.Overflow, Partitions: s.Partitions}, schema.Schema{})
}

func keysOf(c schema.Column) []schema.Member {
	if len(c.Variants) > 0 {
		return c.Variants
	}
	return []schema.Member{{Key: c.Key, Type: c.Type}}
}

func alikeMembers(t schema.Type) schema.Type {
	switch t.Kind() {
	case schema.Array:
		return schema.ArrayOf(alikeMembers(t.Elem()))
	case schema.Map:
		key, value := t.KeyValue()
		return schema.MapOf(key, alikeMembers(value))
	case schema.Struct:
		members := t.Members()
		shared := map[string]schema.Type{}
		for _, m := range members {
			name := plainName(m.Key)
			shared[name] = schema.MergeTypes(shared[name], m.Type)
		}
		for i, m := range members {
			members[i] = schema.Member{Key: m.Key, Type: alikeMembers(shared[plainName(m.Key)])}
		}
		return schema.StructOf(members...)
	}
	return t
}

// plainName is the name that a key wants: in lower case, and an underscore for
// what Glue does not have in names. Two keys that want different names by the
// package schema want different ones here, or merely share a type.
func plainName(key string) string {
	plain := true
	for i := range len(key) {
		c := key[i]
		plain = plain && (c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '_')
	}
	if plain {
		return key
	}
	return strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9':
			return r
		case r >= 'A' && r <= 'Z':
			return r + ('a' - 'A')
		}
		return '_'
	}, strings.ToLower(key))
}
