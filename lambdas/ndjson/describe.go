package ndjson

import (
	"fmt"

	"crawlerless/lambdas/schema"
)

// typeOf joins everything that a field has been.
func (f *field) typeOf() schema.Type {
	var out schema.Type
	add := func(k kind, t schema.Type) {
		if f.kinds&k != 0 {
			out = schema.MergeTypes(out, t)
		}
	}
	add(kindBool, schema.Of(schema.Boolean))
	add(kindInt, schema.Of(schema.BigInt))
	add(kindDouble, schema.Of(schema.Double))
	add(kindText|kindString, schema.Of(schema.String))
	add(kindTimestamp, schema.Of(schema.Timestamp))
	if f.kinds&kindArray != 0 {
		var elem schema.Type
		if f.elem != nil {
			elem = f.elem.typeOf()
		}
		add(kindArray, schema.ArrayOf(elem))
	}
	if f.kinds&kindMap != 0 {
		add(kindMap, schema.MapOf(schema.Of(schema.String), schema.Of(schema.String)))
	} else if f.kinds&kindObject != 0 {
		members := make([]schema.Member, 0, len(f.children))
		for _, c := range f.children {
			if !c.fresh {
				members = append(members, schema.Member{Key: c.key, Type: c.typeOf()})
			}
		}
		add(kindObject, schema.StructOf(members...))
	}
	return out
}

// maxRounded is how many columns are named in notes.
const maxRounded = 3

// rounded returns notes of columns in which integers are rounded, because other
// numbers made them doubles.
func (t *tree) rounded() []string {
	var notes []string
	var walk func(f *field, path string)
	walk = func(f *field, path string) {
		switch {
		case len(notes) == maxRounded || f.fresh || f.kinds&(kindText|kindString|kindTimestamp) != 0:
		case f.kinds&(kindDouble|kindWide|kindBool|kindArray|kindObject) == kindDouble|kindWide:
			notes = append(notes, "column "+path+" has integers beyond 2^53 beside numbers with a fraction: it is a double, which rounds them")
		case f.kinds&kindArray != 0 && f.elem != nil:
			walk(f.elem, path+"[]")
		case f.kinds&kindMap == 0 && f.kinds&kindObject != 0:
			for _, c := range f.children {
				walk(c, path+"."+c.key)
			}
		}
	}
	for _, c := range t.root.children {
		walk(c, c.key)
	}
	return notes
}

// untimed returns a note where a time field only had times that are no instants.
func (t *tree) untimed() []string {
	if t.zoneless == "" || !t.last.before(t.first) {
		return nil
	}
	return []string{fmt.Sprintf("the times under %q have no offset from UTC, so that they are no instants and the events have no time: write them with Z or an offset such as +01:00", t.zoneless)}
}

// schema returns the schema of the committed records.
func (t *tree) schema(partitions []string) schema.Schema {
	s := schema.Schema{Partitions: partitions, CaseSensitive: t.caseSensitive, Overflow: t.overflow}
	for _, c := range t.root.children {
		s.Columns = append(s.Columns, schema.Column{Key: c.key, Name: c.key, Type: c.typeOf()})
	}
	return schema.Merge(s, schema.Schema{})
}
