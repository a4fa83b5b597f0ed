package schema

import (
	"fmt"
	"strconv"
	"strings"
)

// maxTypeLength is Glue's limit for the text of a column's type, in bytes.
// https://docs.aws.amazon.com/glue/latest/dg/aws-glue-api-catalog-tables.html (Column: Type)
const maxTypeLength = 131072

// Hive returns the type as it stands in a CREATE TABLE statement and in Glue:
// "struct<a:bigint,b:array<string>>". What is not known yet is rendered as
// what reads it: null as string, [] as array<string>, {} as
// map<string,string>. A type whose text Glue would not take is string.
func (t Type) Hive() string { return t.render("") }

// HiveQuoted is Hive with the names of members in backticks, as DDL needs it
// for words that are reserved.
func (t Type) HiveQuoted() string { return t.render("`") }

func (t Type) render(quote string) string {
	var b strings.Builder
	t.write(&b, quote)
	if b.Len() > maxTypeLength {
		return scalarNames[String]
	}
	return b.String()
}

func (t Type) String() string { return t.Hive() }

func (t Type) write(b *strings.Builder, quote string) {
	switch t.kind {
	case Unknown:
		b.WriteString("string")
	case Decimal:
		fmt.Fprintf(b, "decimal(%d,%d)", t.precision, t.scale)
	case Opaque:
		b.WriteString(t.text)
	case Array:
		b.WriteString("array<")
		t.parts[0].write(b, quote)
		b.WriteByte('>')
	case Map:
		b.WriteString("map<")
		t.parts[0].write(b, quote)
		b.WriteByte(',')
		t.parts[1].write(b, quote)
		b.WriteByte('>')
	case Struct:
		t.writeStruct(b, quote)
	default:
		b.WriteString(scalarNames[t.kind])
	}
}

func (t Type) writeStruct(b *strings.Builder, quote string) {
	members := t.byName()
	if len(members) == 0 {
		b.WriteString("map<string,string>")
		return
	}
	b.WriteString("struct<")
	for i, m := range members {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(quote + m.Name + quote)
		b.WriteByte(':')
		m.Type.write(b, quote)
	}
	b.WriteByte('>')
}

// ParseHive reads a type as Glue and Athena write it. Types that this package
// has no rules for are kept as they are; text that is no type is an error.
// Names of struct members become their keys.
func ParseHive(s string) (Type, error) {
	p := hiveParser{text: s}
	t, err := p.parse(0)
	if err == nil && p.skipSpace() != len(s) {
		err = fmt.Errorf("unexpected %q at byte %d", s[p.pos], p.pos)
	}
	if err != nil {
		return Type{}, fmt.Errorf("parse Hive type %q: %w", abbreviate(s), err)
	}
	return t, nil
}

func abbreviate(s string) string {
	if len(s) > 100 {
		return s[:100] + "…"
	}
	return s
}

type hiveParser struct {
	text string
	pos  int
}

func (p *hiveParser) skipSpace() int {
	for p.pos < len(p.text) && (p.text[p.pos] == ' ' || p.text[p.pos] == '\n' || p.text[p.pos] == '\t') {
		p.pos++
	}
	return p.pos
}

func (p *hiveParser) accept(c byte) bool {
	if p.skipSpace() < len(p.text) && p.text[p.pos] == c {
		p.pos++
		return true
	}
	return false
}

func (p *hiveParser) expect(c byte) error {
	if !p.accept(c) {
		return fmt.Errorf("expected %q at byte %d", c, p.pos)
	}
	return nil
}

// parse reads one type. Nesting is bounded so that a hostile text cannot
// exhaust the stack.
func (p *hiveParser) parse(depth int) (Type, error) {
	if depth > 1000 {
		return Type{}, fmt.Errorf("nested deeper than 1000")
	}
	start := p.skipSpace()
	for p.pos < len(p.text) && isWord(p.text[p.pos]) {
		p.pos++
	}
	word := strings.ToLower(p.text[start:p.pos])
	switch word {
	case "":
		return Type{}, fmt.Errorf("expected a type at byte %d", start)
	case "array":
		parts, err := p.list(depth, 1)
		return Type{kind: Array, parts: parts}, err
	case "map":
		parts, err := p.list(depth, 2)
		return Type{kind: Map, parts: parts}, err
	case "struct":
		return p.structure(depth)
	case "decimal", "numeric", "dec":
		return p.decimal()
	case "integer":
		return Of(Int), nil
	case "unknown":
		return Type{}, fmt.Errorf("unknown type %q at byte %d", word, start)
	}
	for k, name := range scalarNames {
		if name == word {
			return Of(Kind(k)), nil
		}
	}
	return p.opaque(start, word)
}

func isWord(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' || c >= 0x80
}

func (p *hiveParser) list(depth, n int) ([]Type, error) {
	if err := p.expect('<'); err != nil {
		return nil, err
	}
	parts := make([]Type, n)
	for i := range parts {
		if i > 0 {
			if err := p.expect(','); err != nil {
				return nil, err
			}
		}
		var err error
		if parts[i], err = p.parse(depth + 1); err != nil {
			return nil, err
		}
	}
	return parts, p.expect('>')
}

func (p *hiveParser) structure(depth int) (Type, error) {
	if err := p.expect('<'); err != nil {
		return Type{}, err
	}
	var members []Member
	for !p.accept('>') {
		if len(members) > 0 {
			if err := p.expect(','); err != nil {
				return Type{}, err
			}
		}
		name, err := p.memberName()
		if err != nil {
			return Type{}, err
		}
		t, err := p.parse(depth + 1)
		if err != nil {
			return Type{}, err
		}
		members = append(members, Member{Key: name, Type: t})
	}
	return StructOf(members...), nil
}

// memberName reads up to the colon: Glue does not check what stands there,
// and tables with names like a-b exist.
func (p *hiveParser) memberName() (string, error) {
	start := p.skipSpace()
	if p.accept('`') {
		end := strings.IndexByte(p.text[p.pos:], '`')
		if end < 0 {
			return "", fmt.Errorf("name without closing backtick at byte %d", start)
		}
		name := p.text[p.pos : p.pos+end]
		p.pos += end + 1
		return name, p.expect(':')
	}
	end := strings.IndexAny(p.text[start:], ":<>,")
	if end <= 0 || p.text[start+end] != ':' {
		return "", fmt.Errorf("expected a name and a colon at byte %d", start)
	}
	p.pos = start + end + 1
	return strings.TrimSpace(p.text[start : start+end]), nil
}

func (p *hiveParser) decimal() (Type, error) {
	if !p.accept('(') {
		return DecimalOf(10, 0), nil // Hive's default
	}
	end := strings.IndexByte(p.text[p.pos:], ')')
	if end < 0 {
		return Type{}, fmt.Errorf("decimal without closing parenthesis at byte %d", p.pos)
	}
	first, second, both := strings.Cut(p.text[p.pos:p.pos+end], ",")
	precision, err := strconv.Atoi(strings.TrimSpace(first))
	scale := 0
	if err == nil && both {
		scale, err = strconv.Atoi(strings.TrimSpace(second))
	}
	if err != nil || precision < 1 || precision > 38 || scale < 0 || scale > precision {
		return Type{}, fmt.Errorf("decimal(%s): precision is 1 to 38, scale 0 to the precision", p.text[p.pos:p.pos+end])
	}
	p.pos += end + 1
	return DecimalOf(precision, scale), nil
}

// opaque keeps a type such as varchar(10) or uniontype<int,string> as written.
func (p *hiveParser) opaque(start int, word string) (Type, error) {
	if p.pos < len(p.text) && p.text[p.pos] == '<' {
		open := 0
		for ; p.pos < len(p.text); p.pos++ {
			switch p.text[p.pos] {
			case '<':
				open++
			case '>':
				open--
			}
			if open == 0 {
				p.pos++
				return Type{kind: Opaque, text: p.text[start:p.pos]}, nil
			}
		}
		return Type{}, fmt.Errorf("%s without closing > at byte %d", word, start)
	}
	if p.pos < len(p.text) && p.text[p.pos] == '(' {
		end := strings.IndexByte(p.text[p.pos:], ')')
		if end < 0 {
			return Type{}, fmt.Errorf("%s without closing parenthesis at byte %d", word, start)
		}
		p.pos += end + 1
	}
	return Type{kind: Opaque, text: strings.ToLower(p.text[start:p.pos])}, nil
}
