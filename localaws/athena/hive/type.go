// Package hive is Hive's type system as the Glue catalog spells it
// ("struct<a:int,b:array<string>>"), with the names that Trino and DuckDB have
// for the same types, the values that columns hold, and the coercions that
// Trino's Hive connector allows between a partition's type and the table's.
package hive

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Kind is the outermost constructor of a type.
type Kind uint8

// The kinds of Hive. Interval and union types are not among them: Athena has
// no columns of such types.
const (
	Boolean Kind = iota
	TinyInt
	SmallInt
	Int
	BigInt
	Float
	Double
	Decimal
	String
	Varchar
	Char
	Binary
	Date
	Timestamp
	Array
	Map
	Struct
)

// Type is a Hive type. Types are values: they are never changed once made.
type Type struct {
	Kind      Kind
	Precision int     // of Decimal; the length of Varchar and Char
	Scale     int     // of Decimal
	Key       *Type   // of Map
	Elem      *Type   // of Array and Map
	Fields    []Field // of Struct
}

// Field is a member of a Struct. Its name is lower case, as Hive keeps it.
type Field struct {
	Name string
	Type Type
}

var primitives = map[string]Kind{
	"boolean": Boolean, "tinyint": TinyInt, "smallint": SmallInt, "int": Int, "integer": Int,
	"bigint": BigInt, "float": Float, "real": Float, "double": Double, "string": String, "binary": Binary,
	"date": Date, "timestamp": Timestamp,
}

// Parse understands Hive's spelling of a type.
func Parse(text string) (Type, error) {
	p := parser{text: text}
	t, err := p.parse()
	if err != nil {
		return Type{}, err
	}
	if p.skip(); p.at < len(p.text) {
		return Type{}, p.expected("end of type")
	}
	return t, nil
}

type parser struct {
	text  string
	at    int
	depth int
}

// maxDepth bounds the nesting of types: the parser is recursive.
const maxDepth = 200

func (p *parser) expected(what string) error {
	return fmt.Errorf("hive type %q: expected %s at position %d", p.text, what, p.at)
}

func (p *parser) skip() {
	for p.at < len(p.text) && strings.IndexByte(" \t\r\n", p.text[p.at]) >= 0 {
		p.at++
	}
}

func (p *parser) take(c byte) bool {
	if p.skip(); p.at < len(p.text) && p.text[p.at] == c {
		p.at++
		return true
	}
	return false
}

func (p *parser) need(c byte) error {
	if !p.take(c) {
		return p.expected("'" + string(c) + "'")
	}
	return nil
}

// word reads up to a delimiter.
func (p *parser) word(delimiters string) string {
	p.skip()
	start := p.at
	for p.at < len(p.text) && strings.IndexByte(delimiters, p.text[p.at]) < 0 {
		p.at++
	}
	return strings.TrimSpace(p.text[start:p.at])
}

func (p *parser) parse() (Type, error) {
	if p.depth++; p.depth > maxDepth {
		return Type{}, fmt.Errorf("hive type of %d characters: nested deeper than %d", len(p.text), maxDepth)
	}
	defer func() { p.depth-- }()
	name := strings.ToLower(p.word("<>(),: \t\r\n"))
	if kind, ok := primitives[name]; ok {
		return Type{Kind: kind}, nil
	}
	switch name {
	case "decimal", "numeric":
		return p.decimal()
	case "varchar", "char":
		return p.text1(name)
	case "array":
		return p.array()
	case "map":
		return p.mapType()
	case "struct":
		return p.structType()
	}
	return Type{}, fmt.Errorf("hive type %q: unknown type %q", p.text, name)
}

func (p *parser) number() (int, error) {
	n, err := strconv.Atoi(p.word(",)"))
	if err != nil {
		return 0, p.expected("a number")
	}
	return n, nil
}

func (p *parser) decimal() (Type, error) {
	t := Type{Kind: Decimal, Precision: 10}
	if !p.take('(') {
		return t, nil
	}
	var err error
	if t.Precision, err = p.number(); err != nil {
		return Type{}, err
	}
	if p.take(',') {
		if t.Scale, err = p.number(); err != nil {
			return Type{}, err
		}
	}
	if t.Precision < 1 || t.Precision > 38 || t.Scale < 0 || t.Scale > t.Precision {
		return Type{}, fmt.Errorf("hive type %q: decimal(%d,%d) is out of range", p.text, t.Precision, t.Scale)
	}
	return t, p.need(')')
}

func (p *parser) text1(name string) (Type, error) {
	kind, limit := Varchar, 65535
	if name == "char" {
		kind, limit = Char, 255
	}
	if err := p.need('('); err != nil {
		return Type{}, err
	}
	n, err := p.number()
	if err != nil {
		return Type{}, err
	}
	if n < 1 || n > limit {
		return Type{}, fmt.Errorf("hive type %q: length %d is out of range", p.text, n)
	}
	return Type{Kind: kind, Precision: n}, p.need(')')
}

func (p *parser) array() (Type, error) {
	if err := p.need('<'); err != nil {
		return Type{}, err
	}
	elem, err := p.parse()
	if err != nil {
		return Type{}, err
	}
	return Type{Kind: Array, Elem: &elem}, p.need('>')
}

func (p *parser) mapType() (Type, error) {
	if err := p.need('<'); err != nil {
		return Type{}, err
	}
	key, err := p.parse()
	if err != nil {
		return Type{}, err
	}
	if err := p.need(','); err != nil {
		return Type{}, err
	}
	elem, err := p.parse()
	if err != nil {
		return Type{}, err
	}
	return Type{Kind: Map, Key: &key, Elem: &elem}, p.need('>')
}

func (p *parser) structType() (Type, error) {
	if err := p.need('<'); err != nil {
		return Type{}, err
	}
	t := Type{Kind: Struct}
	for {
		name := p.fieldName()
		if name == "" {
			return Type{}, p.expected("a field name")
		}
		if err := p.need(':'); err != nil {
			return Type{}, err
		}
		field, err := p.parse()
		if err != nil {
			return Type{}, err
		}
		t.Fields = append(t.Fields, Field{Name: strings.ToLower(name), Type: field})
		if p.take('>') {
			return t, nil
		}
		if err := p.need(','); err != nil {
			return Type{}, err
		}
	}
}

// fieldName reads a name, which may be quoted with back quotes.
func (p *parser) fieldName() string {
	if p.take('`') {
		name := p.word("`")
		p.at++ // the closing quote, or past the end
		return name
	}
	return p.word("<>,:")
}

// String is Hive's spelling.
func (t Type) String() string {
	switch t.Kind {
	case Decimal:
		return fmt.Sprintf("decimal(%d,%d)", t.Precision, t.Scale)
	case Varchar:
		return fmt.Sprintf("varchar(%d)", t.Precision)
	case Char:
		return fmt.Sprintf("char(%d)", t.Precision)
	case Array:
		return "array<" + t.Elem.String() + ">"
	case Map:
		return "map<" + t.Key.String() + "," + t.Elem.String() + ">"
	case Struct:
		fields := make([]string, len(t.Fields))
		for i, f := range t.Fields {
			fields[i] = f.Name + ":" + f.Type.String()
		}
		return "struct<" + strings.Join(fields, ",") + ">"
	}
	return [...]string{"boolean", "tinyint", "smallint", "int", "bigint", "float", "double", "", "string", "", "", "binary", "date", "timestamp"}[t.Kind]
}

// Trino is the spelling of SQL in Athena: what DESCRIBE of a query and
// information_schema.columns show.
func (t Type) Trino() string {
	switch t.Kind {
	case Int:
		return "integer"
	case Float:
		return "real"
	case String:
		return "varchar"
	case Binary:
		return "varbinary"
	case Timestamp:
		return "timestamp(3)"
	case Array:
		return "array(" + t.Elem.Trino() + ")"
	case Map:
		return "map(" + t.Key.Trino() + ", " + t.Elem.Trino() + ")"
	case Struct:
		fields := make([]string, len(t.Fields))
		for i, f := range t.Fields {
			fields[i] = trinoName(f.Name) + " " + f.Type.Trino()
		}
		return "row(" + strings.Join(fields, ", ") + ")"
	}
	return t.String()
}

// trinoName quotes a field name where Trino does.
func trinoName(name string) string {
	for i, r := range name {
		if r != '_' && (r < 'a' || r > 'z') && (i == 0 || r < '0' || r > '9') {
			return `"` + strings.ReplaceAll(name, `"`, `""`) + `"`
		}
	}
	return name
}

// DuckDB is the type that holds the same values in DuckDB.
func (t Type) DuckDB() string {
	switch t.Kind {
	case Int:
		return "INTEGER"
	case Float:
		return "REAL"
	case String, Varchar, Char:
		return "VARCHAR"
	case Binary:
		return "BLOB"
	case Array:
		return t.Elem.DuckDB() + "[]"
	case Map:
		return "MAP(" + t.Key.DuckDB() + ", " + t.Elem.DuckDB() + ")"
	case Struct:
		fields := make([]string, len(t.Fields))
		for i, f := range t.Fields {
			fields[i] = `"` + strings.ReplaceAll(f.Name, `"`, `""`) + `" ` + f.Type.DuckDB()
		}
		return "STRUCT(" + strings.Join(fields, ", ") + ")"
	}
	return strings.ToUpper(t.String())
}

// Equal reports whether two types are the same.
func (t Type) Equal(u Type) bool {
	if t.Kind != u.Kind || t.Precision != u.Precision || t.Scale != u.Scale {
		return false
	}
	switch t.Kind {
	case Array:
		return t.Elem.Equal(*u.Elem)
	case Map:
		return t.Key.Equal(*u.Key) && t.Elem.Equal(*u.Elem)
	case Struct:
		return slices.EqualFunc(t.Fields, u.Fields, func(a, b Field) bool { return a.Name == b.Name && a.Type.Equal(b.Type) })
	}
	return true
}

// Scalar reports whether values of the type have no parts.
func (t Type) Scalar() bool { return t.Kind < Array }

// Integer reports whether the type is one of the four integer types.
func (t Type) Integer() bool { return t.Kind >= TinyInt && t.Kind <= BigInt }

// Text reports whether the type is string, varchar or char.
func (t Type) Text() bool { return t.Kind >= String && t.Kind <= Char }
