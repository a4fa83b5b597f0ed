package trino

import "strings"

// Property is the value of a property in WITH (…): one text, or an array's.
type Property struct {
	Texts []string
	Array bool
}

// Text is the value as one text.
func (p Property) Text() string { return strings.Join(p.Texts, ",") }

// createTableAs reads CREATE TABLE … AS after its first two words.
// https://docs.aws.amazon.com/athena/latest/ug/create-table-as.html
func (p *parser) createTableAs(s *Statement) error {
	s.Kind = "CREATE TABLE AS"
	s.IfNotExists = p.take("if", "not", "exists")
	var err error
	if s.Name, err = p.qualifiedName(); err != nil {
		return err
	}
	if p.take("comment") {
		p.at++
	}
	if p.take("with") {
		if s.Properties, err = p.writeProperties(); err != nil {
			return err
		}
	}
	if err := p.need("as"); err != nil {
		return err
	}
	if s.Query, err = p.query(); err != nil {
		return err
	}
	s.NoData = p.take("with", "no", "data")
	if !s.NoData {
		_ = p.take("with", "data")
	}
	return nil
}

// insert reads INSERT INTO after its first two words.
// https://docs.aws.amazon.com/athena/latest/ug/insert-into.html
func (p *parser) insert(s *Statement) error {
	s.Kind = "INSERT"
	var err error
	if s.Name, err = p.qualifiedName(); err != nil {
		return err
	}
	if p.is("(") && isIdent(p.peekAt(1)) && (p.peekAt(2).text == "," || p.peekAt(2).text == ")") {
		p.at++
		if s.Columns, err = p.columnAliases(); err != nil {
			return err
		}
	}
	s.Query, err = p.query()
	return err
}

// unload reads UNLOAD (query) TO 'location' WITH (…) after its first word.
// https://docs.aws.amazon.com/athena/latest/ug/unload.html
func (p *parser) unload(s *Statement) error {
	s.Kind = "UNLOAD"
	err := p.need("(")
	if err != nil {
		return err
	}
	if s.Query, err = p.query(); err != nil {
		return err
	}
	if err := p.need(")", "to"); err != nil {
		return err
	}
	if p.peek().kind != str {
		return p.mismatch("<string>")
	}
	s.Text = p.next().text
	if err := p.need("with"); err != nil {
		return err
	}
	s.Properties, err = p.writeProperties()
	return err
}

func (p *parser) writeProperties() (map[string]Property, error) {
	all := map[string]Property{}
	if err := p.need("("); err != nil {
		return nil, err
	}
	for {
		name, err := p.ident()
		if err != nil {
			return nil, err
		}
		if err := p.need("="); err != nil {
			return nil, err
		}
		x, err := p.expr()
		if err != nil {
			return nil, err
		}
		value := Property{}
		items := []Expr{x}
		if a, ok := x.(*array); ok {
			value.Array, items = true, a.items
		}
		for _, item := range items {
			l, ok := item.(*literal)
			if !ok {
				return nil, failAt("INVALID_TABLE_PROPERTY", item.pos(), "Invalid value for property '%s'", strings.ToLower(name.Name))
			}
			value.Texts = append(value.Texts, l.text)
		}
		all[strings.ToLower(name.Name)] = value
		if p.take(")") {
			return all, nil
		}
		if err := p.need(","); err != nil {
			return nil, err
		}
	}
}

// Storable refuses a type that a column of a table can not have.
func (t Type) Storable() error {
	switch t.Name {
	case "boolean", "tinyint", "smallint", "integer", "bigint", "real", "double", "decimal", "varchar", "char", "varbinary", "date", "timestamp":
		return nil
	case "unknown":
		return &Error{Name: "COLUMN_TYPE_UNKNOWN", Message: "Column type is unknown"}
	case "array", "map", "row":
		for _, arg := range t.Args {
			if err := arg.Storable(); err != nil {
				return err
			}
		}
		return nil
	}
	return &Error{Name: "NOT_SUPPORTED", Message: "Unsupported Hive type: " + t.String()}
}

// Assign is a value of one type as the column of another takes it in INSERT;
// false if it does not.
func Assign(sql string, from, to Type) (string, bool) {
	if !coercible(from, to) {
		return "", false
	}
	return adapt(sql, from, to), true
}

// Plain is a value as text for a text file or the name of a partition.
func (t Type) Plain(sql string) string { return toText(sql, t) }
