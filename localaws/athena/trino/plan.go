package trino

import (
	"strings"
)

// Catalog tells what tables there are.
type Catalog interface {
	// Table describes a table. It answers an *Error (without a place) where
	// there is no such table or schema, and any other error where the catalog
	// could not be asked.
	Table(database, name string) (*Table, error)
}

// Table is a table as a query sees it.
type Table struct {
	Database, Name string
	Columns        []Column
	// View is the query of a view, with the database of its unqualified names;
	// its Columns are what the view declares.
	View, ViewDatabase string
}

// Column is a column of a table. Hidden columns ("$path") are not part of *.
type Column struct {
	Name      string
	Type      Type
	Partition bool
	Hidden    bool
}

// Plan is a query in DuckDB's dialect.
type Plan struct {
	// SQL reads from the relations of Scans and answers one column for each of
	// Columns, in order.
	SQL     string
	Columns []Output
	Scans   []*Scan
}

// Output is a column of the result.
type Output struct {
	Name  string
	Named bool // not only by its place, _col0
	Type  Type
}

// Text is the query that answers the values as the texts that Athena shows.
func (p *Plan) Text() string {
	list := make([]string, len(p.Columns))
	for i, c := range p.Columns {
		list[i] = c.Type.Output("q.c" + itoa(i))
	}
	return "SELECT " + strings.Join(list, ", ") + " FROM (" + p.SQL + ") AS q" + columnList(len(list))
}

// Scan is one appearance of a table in a query.
type Scan struct {
	Table *Table
	// Relation is the name under which SQL expects the rows, with a column for
	// each of Used.
	Relation string
	// Used are the columns that the query reads, by name.
	Used map[string]bool
	// Prune holds conditions in DuckDB's dialect over the partition columns,
	// as columns of a relation named "p". A partition for which one of them is
	// not true has no rows in the result.
	Prune []string
	// Fixed are the partition columns that the condition compares with
	// constants by = or IN.
	Fixed map[string]bool
}

// Options are what a query is compiled with.
type Options struct {
	Catalog  Catalog
	Database string   // of unqualified names; "" if there is none
	Params   []string // the execution parameters, as SQL literals
	// Now is the time of the query, as a literal of DuckDB's.
	Now string
}

// compiler turns one query into DuckDB's dialect.
type compiler struct {
	Options
	functions map[string][]function
	plan      *Plan
	ids       int
	params    []Expr
	pruning   *Scan // columns are printed for its Prune
	depth     int
	views     []string
	sink      *[]dep // see use
}

// CompileQuery resolves the names and types of a query and translates it.
func CompileQuery(q *Query, o Options) (*Plan, error) {
	c := &compiler{Options: o, functions: functionTable(), plan: &Plan{}}
	for _, text := range o.Params {
		x, err := parseParameter(text)
		if err != nil {
			return nil, err
		}
		c.params = append(c.params, x)
	}
	if want := q.params; want != len(o.Params) {
		return nil, failAt("INVALID_PARAMETER_USAGE", q.p, "Incorrect number of parameters: expected %d but found %d", want, len(o.Params))
	}
	r, err := c.query(q, nil)
	if err != nil {
		return nil, err
	}
	c.use(r.fields...)
	c.plan.SQL = r.sql
	for _, f := range r.fields {
		c.plan.Columns = append(c.plan.Columns, Output{Name: strings.ToLower(f.shown), Named: f.name != "", Type: f.typ})
	}
	return c.plan, nil
}

// parseParameter reads an execution parameter, which is a literal or an
// expression over literals.
func parseParameter(text string) (Expr, error) {
	tokens, err := lex(text)
	if err != nil {
		return nil, err
	}
	p := &parser{tokens: tokens}
	x, err := p.expr()
	if err != nil {
		return nil, err
	}
	if p.peek().kind != end {
		return nil, p.mismatch("<EOF>")
	}
	return x, nil
}

func (c *compiler) id(prefix string) string {
	c.ids++
	return prefix + itoa(c.ids-1)
}

func itoa(n int) string {
	const digits = "0123456789"
	if n < 10 {
		return digits[n : n+1]
	}
	return itoa(n/10) + digits[n%10:n%10+1]
}

// result is a compiled query: its text and what columns it has.
type result struct {
	sql    string
	fields []fieldRef
}

// fieldRef is a column that expressions can name.
type fieldRef struct {
	rel    string // lower-case alias of its relation, or ""
	schema string // lower-case schema of a table named in full
	name   string // lower case; "" of a column that has no name
	shown  string // the name in the case in which it is shown
	typ    Type
	sql    string
	hidden bool
	// deps are the columns of tables that the value is made of: they are read if
	// the field is used.
	deps []dep
	// from and column are where the value comes from, unchanged, so that a
	// condition on it is one on the rows of the table as well.
	from   *Scan
	column string
}

// scope is what names mean at one place.
type scope struct {
	parent *scope
	fields []fieldRef
	ctes   map[string]*cteScope
	// aliases are the output columns, which ORDER BY sees first.
	aliases []fieldRef
}

type cteScope struct {
	cte   *cte
	scope *scope
	// relation and fields are set within a recursive one.
	relation string
	fields   []fieldRef
}

func (s *scope) cte(name string) *cteScope {
	for ; s != nil; s = s.parent {
		if c, ok := s.ctes[name]; ok {
			return c
		}
	}
	return nil
}

// lookup finds the field that the parts name. It answers how many of the parts
// the name took: the rest are members of a row.
func (s *scope) lookup(parts []Ident) (f fieldRef, taken int, matches int) {
	names := make([]string, len(parts))
	for i, p := range parts {
		names[i] = strings.ToLower(p.Name)
	}
	for ; s != nil; s = s.parent {
		if len(names) == 1 {
			for _, a := range s.aliases {
				if a.name == names[0] {
					return a, 1, 1
				}
			}
		}
		for taken := min(len(names), 3); taken >= 1; taken-- {
			matches = 0
			for _, candidate := range s.fields {
				if candidate.matches(names[:taken]) {
					f = candidate
					matches++
				}
			}
			if matches > 0 {
				return f, taken, matches
			}
		}
	}
	return fieldRef{}, 0, 0
}

func (f fieldRef) matches(names []string) bool {
	switch len(names) {
	case 1:
		return f.name == names[0]
	case 2:
		return f.rel == names[0] && f.name == names[1]
	case 3:
		return f.schema == names[0] && f.rel == names[1] && f.name == names[2]
	}
	return false
}

// dep is a column of a table.
type dep struct {
	scan   *Scan
	column string
}

// use notes that the query reads fields. Within the select list of a subquery
// that is not certain yet: the sink then collects what the item is made of, and
// whoever uses the item reads it. So a column that nobody needs is not read, as
// in Trino, and a value in it that can not be read fails no query.
func (c *compiler) use(fields ...fieldRef) {
	for _, f := range fields {
		if c.sink != nil {
			*c.sink = append(*c.sink, f.deps...)
			continue
		}
		for _, d := range f.deps {
			d.scan.Used[d.column] = true
		}
	}
}

// collect runs f and answers the columns that it uses.
func (c *compiler) collect(f func()) []dep {
	outer := c.sink
	deps := []dep{}
	c.sink = &deps
	f()
	c.sink = outer
	return deps
}
