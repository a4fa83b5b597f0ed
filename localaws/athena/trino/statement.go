package trino

import "strings"

// Statement is a statement in Trino's grammar. Athena runs DDL through Hive's,
// which package ddl reads.
type Statement struct {
	// Kind is "query", or the words that begin the statement, in upper case.
	Kind   string
	Query  *Query
	Params int // how many question marks it has

	Name  []Ident // of the prepared statement, or of the view
	Using []string
	// Text is the source of the statement within: of PREPARE, of CREATE VIEW.
	Text    string
	Replace bool

	// Of CREATE TABLE AS, INSERT and UNLOAD; Text is where UNLOAD writes.
	Properties          map[string]Property
	Columns             []Ident
	IfNotExists, NoData bool
}

// Parse reads one statement. A failure is an *Error with a place.
func Parse(source string) (*Statement, error) {
	tokens, err := lex(source)
	if err != nil {
		return nil, err
	}
	p := &parser{tokens: tokens}
	s := &Statement{}
	switch {
	case p.take("prepare"):
		err = p.prepare(s, source)
	case p.take("execute"):
		err = p.execute(s, source)
	case p.take("deallocate", "prepare"):
		s.Kind = "DEALLOCATE"
		s.Name, err = p.qualifiedName()
	case p.is("create", "or", "replace", "view"), p.is("create", "view"):
		err = p.createView(s, source)
	case p.take("create", "table"):
		err = p.createTableAs(s)
	case p.take("insert", "into"):
		err = p.insert(s)
	case p.take("unload"):
		err = p.unload(s)
	case p.isAny("select", "with", "values", "table", "("):
		s.Kind = "query"
		s.Query, err = p.query()
	default:
		err = p.mismatch("'ALTER', 'ANALYZE', 'CALL', 'COMMENT', 'COMMIT', 'CREATE', 'DEALLOCATE', 'DELETE', 'DENY', 'DESC', 'DESCRIBE', 'DROP', 'EXECUTE', 'EXPLAIN', 'GRANT', 'INSERT', 'MERGE', 'PREPARE', 'REFRESH', 'RESET', 'REVOKE', 'ROLLBACK', 'SET', 'SHOW', 'START', 'TRUNCATE', 'UPDATE', 'USE', <query>")
	}
	if err != nil {
		return nil, err
	}
	_ = p.take(";")
	if p.peek().kind != end {
		return nil, p.mismatch("<EOF>")
	}
	s.Params = p.params
	if s.Query != nil {
		s.Query.params = p.params
	}
	return s, nil
}

// rest is the source from the next token on, without a last semicolon.
func (p *parser) rest(source string) string {
	text := strings.TrimSpace(source[p.peek().off:])
	return strings.TrimSpace(strings.TrimSuffix(text, ";"))
}

func (p *parser) prepare(s *Statement, source string) error {
	s.Kind = "PREPARE"
	name, err := p.ident()
	if err != nil {
		return err
	}
	s.Name = []Ident{name}
	if err := p.need("from"); err != nil {
		return err
	}
	s.Text = p.rest(source)
	switch inner := (&Statement{}); {
	case p.take("insert", "into"):
		return p.insert(inner)
	case p.take("unload"):
		return p.unload(inner)
	case p.take("create", "table"):
		return p.createTableAs(inner)
	}
	s.Query, err = p.query()
	return err
}

func (p *parser) execute(s *Statement, source string) error {
	s.Kind = "EXECUTE"
	name, err := p.ident()
	if err != nil || !p.take("using") {
		s.Name = []Ident{name}
		return err
	}
	s.Name = []Ident{name}
	for {
		from := p.peek().off
		if _, err := p.expr(); err != nil {
			return err
		}
		s.Using = append(s.Using, strings.TrimSpace(source[from:p.tokens[p.at-1].stop]))
		if !p.take(",") {
			return nil
		}
	}
}

func (p *parser) createView(s *Statement, source string) error {
	s.Kind = "CREATE VIEW"
	p.at++
	s.Replace = p.take("or", "replace")
	p.at++ // VIEW
	var err error
	if s.Name, err = p.qualifiedName(); err != nil {
		return err
	}
	if p.take("comment") {
		p.at++
	}
	if p.take("security") {
		p.at++
	}
	if err := p.need("as"); err != nil {
		return err
	}
	s.Text = p.rest(source)
	s.Query, err = p.query()
	return err
}
