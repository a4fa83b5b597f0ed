package wire

import (
	"math/big"
	"reflect"
	"strings"
	"sync"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/document"
	"github.com/aws/smithy-go/middleware"
	"github.com/aws/smithy-go/traits"
)

// shapes knows how the structs of the SDK look on the wire. Newer packages of
// the SDK carry the schema of their Smithy model: names and traits come from
// it. In the others a member is called like its Go field.
type shapes struct {
	lowerFirst bool     // where there is no schema
	fields     sync.Map // shapeKey -> []field
	schemas    sync.Map // reflect.Type -> *smithy.Schema (nil if it has none)
}

type shapeKey struct {
	typ    reflect.Type
	schema *smithy.Schema
}

// field is one member of a struct.
type field struct {
	index  int
	goName string
	name   string         // in JSON and CBOR
	schema *smithy.Schema // of the member, or nil
}

var (
	timeType     = reflect.TypeFor[time.Time]()
	metadataType = reflect.TypeFor[middleware.Metadata]()
	bytesType    = reflect.TypeFor[[]byte]()
)

// schemaOf is the schema of a struct of the SDK, or nil where it has none.
func (s *shapes) schemaOf(typ reflect.Type) *smithy.Schema {
	if known, ok := s.schemas.Load(typ); ok {
		return known.(*smithy.Schema)
	}
	var schema *smithy.Schema
	if v, ok := reflect.New(typ).Interface().(smithy.Serializable); ok {
		recorder := schemaRecorder{}
		v.Serialize(&recorder)
		schema = recorder.schema
	}
	s.schemas.Store(typ, schema)
	return schema
}

func (s *shapes) fieldsOf(typ reflect.Type, schema *smithy.Schema) []field {
	key := shapeKey{typ, schema}
	if known, ok := s.fields.Load(key); ok {
		return known.([]field)
	}
	members := map[string]*smithy.Schema{}
	if schema != nil {
		for name, m := range schema.Members() {
			members[strings.ToLower(name)] = m
		}
	}
	var fields []field
	for i := range typ.NumField() {
		f := typ.Field(i)
		if !f.IsExported() || f.Anonymous || f.Type == metadataType || f.Name == "ErrorCodeOverride" {
			continue
		}
		out := field{index: i, goName: f.Name, name: f.Name, schema: members[strings.ToLower(f.Name)]}
		switch {
		case out.schema != nil:
			out.name = out.schema.MemberName()
			if t, ok := smithy.SchemaTrait[*traits.JSONName](out.schema); ok {
				out.name = t.Name
			}
		case s.lowerFirst:
			out.name = lowerFirst(f.Name)
		}
		fields = append(fields, out)
	}
	s.fields.Store(key, fields)
	return fields
}

func lowerFirst(name string) string {
	first, size := utf8.DecodeRuneInString(name)
	return string(unicode.ToLower(first)) + name[size:]
}

// find is the field that a request calls name: exactly, else in any case.
func find(fields []field, name string) *field {
	for i := range fields {
		if fields[i].name == name {
			return &fields[i]
		}
	}
	for i := range fields {
		if strings.EqualFold(fields[i].name, name) || strings.EqualFold(fields[i].goName, name) {
			return &fields[i]
		}
	}
	return nil
}

// elementOf and the like tolerate types without a schema.
func elementOf(s *smithy.Schema) *smithy.Schema {
	if s == nil {
		return nil
	}
	return s.ListMember()
}

func mapValueOf(s *smithy.Schema) *smithy.Schema {
	if s == nil {
		return nil
	}
	return s.MapValue()
}

// xmlName is the element (or form) name of a member; fallback where the schema
// does not say.
func xmlName(s *smithy.Schema, fallback string) string {
	if s != nil {
		if t, ok := smithy.SchemaDirectTrait[*traits.XMLName](s); ok {
			return t.Name
		}
	}
	return fallback
}

func flattened(s *smithy.Schema) bool {
	_, ok := smithy.SchemaTrait[*traits.XMLFlattened](s)
	return ok
}

func timestampFormat(s *smithy.Schema, fallback string) string {
	if t, ok := smithy.SchemaTrait[*traits.TimestampFormat](s); ok {
		return t.Format
	}
	return fallback
}

// schemaRecorder is a serializer that only remembers the schema of the struct
// that is written first: the SDK keeps it behind the Serialize method.
type schemaRecorder struct{ schema *smithy.Schema }

func (r *schemaRecorder) WriteStruct(s *smithy.Schema) {
	if r.schema == nil {
		r.schema = s
	}
}

func (*schemaRecorder) Bytes() []byte                                { return nil }
func (*schemaRecorder) WriteInt8(*smithy.Schema, int8)               {}
func (*schemaRecorder) WriteInt16(*smithy.Schema, int16)             {}
func (*schemaRecorder) WriteInt32(*smithy.Schema, int32)             {}
func (*schemaRecorder) WriteInt64(*smithy.Schema, int64)             {}
func (*schemaRecorder) WriteFloat32(*smithy.Schema, float32)         {}
func (*schemaRecorder) WriteFloat64(*smithy.Schema, float64)         {}
func (*schemaRecorder) WriteBool(*smithy.Schema, bool)               {}
func (*schemaRecorder) WriteString(*smithy.Schema, string)           {}
func (*schemaRecorder) WriteBigInt(*smithy.Schema, *big.Int)         {}
func (*schemaRecorder) WriteBigFloat(*smithy.Schema, *big.Float)     {}
func (*schemaRecorder) WriteBlob(*smithy.Schema, []byte)             {}
func (*schemaRecorder) WriteTime(*smithy.Schema, time.Time)          {}
func (*schemaRecorder) WriteUnion(_, _ *smithy.Schema)               {}
func (*schemaRecorder) CloseUnion()                                  {}
func (*schemaRecorder) WriteDocument(*smithy.Schema, document.Value) {}
func (*schemaRecorder) WriteNil(*smithy.Schema)                      {}
func (*schemaRecorder) CloseStruct()                                 {}
func (*schemaRecorder) WriteList(*smithy.Schema)                     {}
func (*schemaRecorder) CloseList()                                   {}
func (*schemaRecorder) WriteMap(*smithy.Schema)                      {}
func (*schemaRecorder) WriteKey(*smithy.Schema, string)              {}
func (*schemaRecorder) CloseMap()                                    {}

var _ smithy.ShapeSerializer = (*schemaRecorder)(nil)
