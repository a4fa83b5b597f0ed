package ddl

import "strings"

func (p *parser) alterTable() (Statement, error) {
	n, err := p.name()
	if err != nil {
		return nil, err
	}
	switch {
	case p.take("add", "columns"), p.take("replace", "columns"):
		s := &AddColumns{Name: n, Replace: strings.EqualFold(p.tokens[p.at-2].text, "replace")}
		s.Columns, err = p.columns()
		return s, err
	case p.take("set", "tblproperties"):
		properties, err := p.properties()
		return &SetProperties{n, properties}, err
	case p.take("set", "location"):
		location, err := p.text()
		return &SetLocation{n, nil, location}, err
	case p.take("add"):
		s := &AddPartitions{Name: n, IfNotExists: p.take("if", "not", "exists")}
		for {
			one, err := p.partition()
			if err != nil {
				return nil, err
			}
			if p.take("location") {
				if one.Location, err = p.text(); err != nil {
					return nil, err
				}
			}
			s.Partitions = append(s.Partitions, one)
			if !p.take(",") && !p.is("partition") {
				return s, p.equalities(s.Partitions)
			}
		}
	case p.take("drop", "column"):
		return nil, &Unsupported{"ALTER TABLE DROP COLUMN"}
	case p.take("drop"):
		s := &DropPartitions{Name: n, IfExists: p.take("if", "exists")}
		for {
			one, err := p.partition()
			if err != nil {
				return nil, err
			}
			s.Partitions = append(s.Partitions, one)
			if !p.take(",") && !p.is("partition") {
				p.take("purge")
				return s, nil
			}
		}
	case p.is("partition"):
		return p.alterPartition(n)
	case p.take("change"):
		return nil, &Unsupported{"ALTER TABLE CHANGE COLUMN"}
	case p.take("rename"):
		return nil, &Unsupported{"ALTER TABLE RENAME, which Athena has for Iceberg tables only,"}
	}
	return nil, p.fail("cannot recognize input near")
}

func (p *parser) alterPartition(n Name) (Statement, error) {
	one, err := p.partition()
	if err != nil {
		return nil, err
	}
	if err := p.equalities([]Partition{one}); err != nil {
		return nil, err
	}
	if p.take("rename", "to") {
		to, err := p.partition()
		if err != nil {
			return nil, err
		}
		return &RenamePartition{n, one, to}, p.equalities([]Partition{to})
	}
	if p.is("add", "columns") || p.is("replace", "columns") {
		return nil, &Unsupported{"ALTER TABLE PARTITION ADD COLUMNS"}
	}
	if err := p.need("set", "location"); err != nil {
		return nil, err
	}
	location, err := p.text()
	return &SetLocation{n, &one, location}, err
}

// equalities refuses operators other than =.
func (p *parser) equalities(list []Partition) error {
	for _, one := range list {
		for _, c := range one.Keys {
			if c.Operator != "=" {
				return p.fail("only = is allowed in the partition specification")
			}
		}
	}
	return nil
}

func (p *parser) show() (Statement, error) {
	s := &Show{}
	var err error
	switch {
	case p.take("databases"), p.take("schemas"):
		s.What = "DATABASES"
		s.Like, err = p.like()
	case p.take("tables"), p.take("views"):
		s.What = strings.ToUpper(p.tokens[p.at-1].text)
		if p.take("in") || p.take("from") {
			if s.Name.Database, err = p.ident(); err != nil {
				return nil, err
			}
		}
		s.Like, err = p.like()
	case p.take("columns"):
		s.What = "COLUMNS"
		if !p.take("in") && !p.take("from") {
			return nil, p.fail("missing IN")
		}
		if s.Name, err = p.name(); err != nil {
			return nil, err
		}
		if p.take("in") || p.take("from") {
			s.Name.Database, err = p.ident()
		}
	case p.take("partitions"):
		s.What = "PARTITIONS"
		s.Name, err = p.name()
	case p.take("create", "table"), p.take("create", "view"):
		s.What = "CREATE " + strings.ToUpper(p.tokens[p.at-1].text)
		s.Name, err = p.name()
	case p.take("tblproperties"):
		s.What = "TBLPROPERTIES"
		if s.Name, err = p.name(); err == nil && p.take("(") {
			if s.Property, err = p.text(); err == nil {
				err = p.need(")")
			}
		}
	default:
		return nil, p.fail("cannot recognize input near 'SHOW'")
	}
	return s, err
}

// like reads LIKE 'pattern', or the pattern alone.
func (p *parser) like() (string, error) {
	if p.take("like") || p.peek().kind == text {
		return p.text()
	}
	return "", nil
}

func (p *parser) describe() (Statement, error) {
	s := &Describe{}
	for _, style := range []string{"extended", "formatted"} {
		if p.take(style) {
			s.Style = strings.ToUpper(style)
		}
	}
	p.take("table")
	var err error
	if s.Name, err = p.name(); err != nil {
		return nil, err
	}
	if p.is("partition") {
		one, err := p.partition()
		if err != nil {
			return nil, err
		}
		s.Partition = &one
	}
	if p.peek().kind == word || p.peek().kind == name {
		s.Column, err = p.ident()
		for err == nil && p.take(".") {
			var more string
			more, err = p.ident()
			s.Column += "." + more
		}
	}
	return s, err
}
