package schema

import (
	"fmt"
	"maps"
	"strings"
)

// Parameters of the OpenX SerDe that a schema decides.
// https://docs.aws.amazon.com/athena/latest/ug/openx-json-serde.html
const (
	mappingPrefix   = "mapping."
	caseInsensitive = "case.insensitive"
)

// SerDeParameters returns the parameters of the OpenX SerDe that lead from
// the columns to the keys: "mapping.<column>", and "case.insensitive" where
// its default would not do.
func (s Schema) SerDeParameters() map[string]string {
	out := map[string]string{}
	for name, key := range s.Mapping() {
		out[mappingPrefix+name] = key
	}
	if s.CaseSensitive {
		out[caseInsensitive] = "false"
	}
	return out
}

// HiveColumn is a column as Glue has it.
type HiveColumn struct{ Name, Type string }

// FromTable returns the schema of a table in the catalog: the reverse of
// [Schema.SerDeParameters] and of rendering the columns. Names below the top
// level stand for the keys that the mapping has for them.
func FromTable(columns []HiveColumn, serde map[string]string, partitions ...string) (Schema, error) {
	mapping := map[string]string{}
	for name, key := range serde {
		if column, ok := strings.CutPrefix(name, mappingPrefix); ok {
			mapping[column] = key
		}
	}
	s := Schema{Partitions: partitions, CaseSensitive: strings.EqualFold(serde[caseInsensitive], "false")}
	for _, c := range columns {
		t, err := ParseHive(c.Type)
		if err != nil {
			return Schema{}, fmt.Errorf("column %s: %w", c.Name, err)
		}
		column := Column{Name: c.Name, Type: rekey(t, mapping), Key: c.Name}
		if key, ok := mapping[c.Name]; ok {
			column.Key = key
		}
		s.Columns = append(s.Columns, column)
	}
	return s.normal(), nil
}

func rekey(t Type, mapping map[string]string) Type {
	switch t.kind {
	case Array, Map:
		parts := make([]Type, len(t.parts))
		for i, p := range t.parts {
			parts[i] = rekey(p, mapping)
		}
		t.parts = parts
	case Struct:
		members := make([]Member, len(t.members))
		for i, m := range t.members {
			members[i] = Member{Key: m.Key, Type: rekey(m.Type, mapping)}
			if key, ok := mapping[m.Key]; ok {
				members[i].Key = key
			}
		}
		return StructOf(members...)
	}
	return t
}

// Covers reports whether a table of schema s reads everything that t has:
// whether merging t would change neither a column, nor a type, nor the
// mapping.
func (s Schema) Covers(t Schema) bool {
	have, want := s.normal(), Merge(s, t)
	if len(have.Columns) != len(want.Columns) || have.CaseSensitive != want.CaseSensitive {
		return false
	}
	for i, c := range want.Columns {
		if have.Columns[i].Name != c.Name || have.Columns[i].Type.Hive() != c.Type.Hive() {
			return false
		}
	}
	return maps.Equal(have.Mapping(), want.Mapping())
}
