package ddl

import (
	"fmt"
	"strconv"
	"strings"

	"crawlerless/localaws/athena/hive"
)

type parser struct {
	source string
	tokens []token
	at     int
}

// Unsupported is a statement or a part of one that Athena has and localaws has
// not.
type Unsupported struct{ What string }

func (e *Unsupported) Error() string {
	return "NotImplemented: localaws does not implement " + e.What + " of athena"
}

// Parse reads one statement.
func Parse(source string) (Statement, error) {
	tokens, err := lex(source)
	if err != nil {
		return nil, err
	}
	p := &parser{source: source, tokens: tokens}
	s, err := p.statement()
	if err != nil {
		return nil, err
	}
	p.take(";")
	if p.peek().kind != end {
		return nil, p.fail("extraneous input")
	}
	return s, nil
}

func (p *parser) peek() token { return p.tokens[p.at] }

func (p *parser) is(words ...string) bool {
	for i, w := range words {
		n := min(p.at+i, len(p.tokens)-1)
		if t := p.tokens[n]; t.kind != word && t.kind != symbol || !strings.EqualFold(t.text, w) {
			return false
		}
	}
	return true
}

func (p *parser) take(words ...string) bool {
	if !p.is(words...) {
		return false
	}
	p.at += len(words)
	return true
}

func (p *parser) need(words ...string) error {
	for _, w := range words {
		if !p.take(w) {
			return p.fail("missing " + strings.ToUpper(w))
		}
	}
	return nil
}

func (p *parser) fail(what string) error {
	t := p.peek()
	shown := t.text
	if t.kind == end {
		shown = "<EOF>"
	}
	return &Error{t.line, t.col, fmt.Sprintf("%s at '%s'", what, shown)}
}

func (p *parser) statement() (Statement, error) {
	switch {
	case p.take("create", "database"), p.take("create", "schema"):
		return p.createDatabase()
	case p.take("drop", "database"), p.take("drop", "schema"):
		return p.dropDatabase()
	case p.take("create", "external", "table"):
		return p.createTable()
	case p.is("create", "table"):
		p.at += 2
		t, err := p.createTable()
		if err != nil {
			return nil, err
		}
		if format := t.Properties["table_type"]; format != "" {
			return nil, &Unsupported{"tables of the type " + strings.ToUpper(format)}
		}
		return nil, &Error{1, 0, "CREATE TABLE without EXTERNAL: Athena makes external tables only, or Iceberg tables, which localaws does not implement"}
	case p.take("drop", "table"):
		return p.dropTable(false)
	case p.take("drop", "view"):
		return p.dropTable(true)
	case p.take("msck", "repair", "table"):
		n, err := p.name()
		return &Repair{n}, err
	case p.take("alter", "table"):
		return p.alterTable()
	case p.take("show"):
		return p.show()
	case p.take("describe"), p.take("desc"):
		return p.describe()
	}
	p.at = min(p.at+1, len(p.tokens)-1) // it is what follows the first word
	return nil, p.fail("cannot recognize input near")
}

// ident reads a name, in lower case.
func (p *parser) ident() (string, error) {
	t := p.peek()
	if t.kind != word && t.kind != name && !(t.kind == text && t.double) {
		return "", p.fail("missing a name")
	}
	p.at++
	return strings.ToLower(t.text), nil
}

// name reads [database.]table.
func (p *parser) name() (Name, error) {
	first, err := p.ident()
	if err != nil {
		return Name{}, err
	}
	var parts []string
	for parts = []string{first}; p.take("."); parts = append(parts, first) {
		if first, err = p.ident(); err != nil {
			return Name{}, err
		}
	}
	switch {
	case len(parts) == 1:
		if database, table, ok := strings.Cut(parts[0], "."); ok { // `db.table` in one pair of quotes
			return Name{database, table}, nil
		}
		return Name{"", parts[0]}, nil
	case len(parts) == 2:
		return Name{parts[0], parts[1]}, nil
	case len(parts) == 3 && parts[0] == "awsdatacatalog":
		return Name{parts[1], parts[2]}, nil
	}
	return Name{}, p.fail("a name of too many parts")
}

func (p *parser) text() (string, error) {
	t := p.peek()
	if t.kind != text {
		return "", p.fail("missing a text in quotes")
	}
	p.at++
	return t.text, nil
}

// properties reads ('key' = 'value', …).
func (p *parser) properties() (map[string]string, error) {
	if err := p.need("("); err != nil {
		return nil, err
	}
	all := map[string]string{}
	for {
		key, err := p.text()
		if err != nil {
			return nil, err
		}
		if err := p.need("="); err != nil {
			return nil, err
		}
		// A number may stand without quotes: 'compression_level'=4.
		if t := p.peek(); t.kind == word && strings.Trim(t.text, "0123456789") == "" {
			all[key] = t.text
			p.at++
		} else if all[key], err = p.text(); err != nil {
			return nil, err
		}
		if p.take(")") {
			return all, nil
		}
		if err := p.need(","); err != nil {
			return nil, err
		}
	}
}

// columns reads (name type [COMMENT 'text'], …).
func (p *parser) columns() ([]Column, error) {
	if err := p.need("("); err != nil {
		return nil, err
	}
	var list []Column
	for {
		c := Column{}
		var err error
		if c.Name, err = p.ident(); err != nil {
			return nil, err
		}
		if c.Type, err = p.typ(); err != nil {
			return nil, err
		}
		if p.take("comment") {
			if c.Comment, err = p.text(); err != nil {
				return nil, err
			}
		}
		list = append(list, c)
		if p.take(")") {
			return list, nil
		}
		if err := p.need(","); err != nil {
			return nil, err
		}
	}
}

// typ reads a type: its source up to where its brackets are closed.
func (p *parser) typ() (hive.Type, error) {
	from := p.peek()
	if from.kind != word {
		return hive.Type{}, p.fail("missing a type")
	}
	p.at++
	depth := 0
	for {
		switch {
		case p.is("<") || p.is("("):
			depth++
		case depth > 0 && (p.is(">") || p.is(")")):
			depth--
		case depth > 0 && (p.is(">=") || p.is("<>")):
			return hive.Type{}, p.fail("cannot recognize the type")
		case depth == 0:
			t, err := hive.Parse(p.source[from.at:p.tokens[p.at-1].stop])
			if err != nil {
				return t, &Error{from.line, from.col, err.Error()}
			}
			return t, nil
		case p.peek().kind == end:
			return hive.Type{}, p.fail("missing > of a type")
		}
		p.at++
	}
}

// partition reads PARTITION (key op value, …).
func (p *parser) partition() (Partition, error) {
	var one Partition
	if err := p.need("partition", "("); err != nil {
		return one, err
	}
	for {
		c := Condition{}
		var err error
		if c.Key, err = p.ident(); err != nil {
			return one, err
		}
		for _, op := range []string{"=", "<>", "!=", "<=", ">=", "<", ">"} {
			if c.Operator == "" && p.take(op) {
				c.Operator = op
			}
		}
		if c.Operator == "" {
			return one, p.fail("missing =")
		}
		t := p.peek()
		sign := ""
		if p.take("-") {
			sign, t = "-", p.peek()
		}
		if t.kind != text && t.kind != word {
			return one, p.fail("missing a value")
		}
		p.at++
		c.Value = sign + t.text
		for t.kind == word && p.is(".") { // a decimal
			p.at++
			c.Value += "." + p.peek().text
			p.at++
		}
		if t.kind == word && strings.EqualFold(t.text, "date") && p.peek().kind == text {
			c.Value = p.peek().text
			p.at++
		}
		one.Keys = append(one.Keys, c)
		if p.take(")") {
			return one, nil
		}
		if err := p.need(","); err != nil {
			return one, err
		}
	}
}

func (p *parser) number() (int, error) {
	n, err := strconv.Atoi(p.peek().text)
	if err != nil {
		return 0, p.fail("missing a number")
	}
	p.at++
	return n, nil
}
