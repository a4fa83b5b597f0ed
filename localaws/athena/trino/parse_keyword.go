package trino

import "strings"

// keyword reads an expression that begins with a word: one of SQL's special
// forms, a typed literal, or a name.
func (p *parser) keyword(t token) (Expr, error) {
	here := at{t.pos}
	lower := strings.ToLower(t.text)
	switch lower {
	case "null":
		p.at++
		return &literal{at: here, kind: "null"}, nil
	case "true", "false":
		p.at++
		return &literal{at: here, kind: "boolean", text: lower}, nil
	case "case":
		return p.caseWhen()
	case "cast":
		return p.cast(false)
	case "exists":
		p.at++
		if err := p.need("("); err != nil {
			return nil, err
		}
		q, err := p.query()
		if err != nil {
			return nil, err
		}
		return &exists{here, q}, p.need(")")
	case "extract":
		return p.extract()
	case "trim":
		return p.trim()
	case "listagg", "normalize", "grouping":
		p.at++
		return p.call(Ident{Name: t.text, Pos: t.pos})
	case "current_date", "current_time", "current_timestamp", "localtime", "localtimestamp", "current_user", "current_catalog", "current_schema":
		p.at++
		c := &call{at: here, name: lower}
		if p.is("(") && p.peekAt(1).kind == integer {
			c.args = []Expr{&literal{at: at{p.peekAt(1).pos}, kind: "integer", text: p.peekAt(1).text}}
			p.at += 2
			return c, p.need(")")
		}
		return c, nil
	}
	if reserved[lower] {
		return nil, p.mismatch("<expression>")
	}
	following := p.peekAt(1)
	switch {
	case lower == "try_cast" && following.text == "(" && following.kind == symbol:
		return p.cast(true)
	case lower == "interval" && (following.kind == str || following.kind == symbol && (following.text == "-" || following.text == "+")):
		return p.interval()
	case lower == "array" && following.kind == symbol && following.text == "[":
		p.at += 2
		if p.take("]") {
			return &array{at: here}, nil
		}
		items, err := p.exprs("]")
		return &array{here, items}, err
	case lower == "row" && following.kind == symbol && following.text == "(":
		p.at += 2
		items, err := p.exprs(")")
		return &row{here, items}, err
	case lower == "position" && following.kind == symbol && following.text == "(":
		return p.position()
	case lower == "substring" && following.kind == symbol && following.text == "(":
		return p.substring()
	case following.kind == str:
		p.at += 2
		return &literal{at: here, kind: lower, text: following.text}, nil
	case lower == "double" && p.is("double", "precision") && p.peekAt(2).kind == str:
		text := p.peekAt(2).text
		p.at += 3
		return &literal{at: here, kind: "double", text: text}, nil
	}
	return p.name()
}

func (p *parser) caseWhen() (Expr, error) {
	c := &caseWhen{at: at{p.next().pos}}
	var err error
	if !p.is("when") {
		if c.operand, err = p.expr(); err != nil {
			return nil, err
		}
	}
	for p.take("when") {
		var arm [2]Expr
		if arm[0], err = p.expr(); err != nil {
			return nil, err
		}
		if err := p.need("then"); err != nil {
			return nil, err
		}
		if arm[1], err = p.expr(); err != nil {
			return nil, err
		}
		c.whens = append(c.whens, arm)
	}
	if len(c.whens) == 0 {
		return nil, p.mismatch("'WHEN'")
	}
	if p.take("else") {
		if c.otherwise, err = p.expr(); err != nil {
			return nil, err
		}
	}
	return c, p.need("end")
}

func (p *parser) cast(try bool) (Expr, error) {
	c := &cast{at: at{p.next().pos}, try: try}
	if err := p.need("("); err != nil {
		return nil, err
	}
	var err error
	if c.x, err = p.expr(); err != nil {
		return nil, err
	}
	if err := p.need("as"); err != nil {
		return nil, err
	}
	if c.typ, err = p.typ(); err != nil {
		return nil, err
	}
	return c, p.need(")")
}

func (p *parser) extract() (Expr, error) {
	e := &extract{at: at{p.next().pos}}
	if err := p.need("("); err != nil {
		return nil, err
	}
	name, err := p.ident()
	if err != nil {
		return nil, err
	}
	e.field = strings.ToLower(name.Name)
	if err := p.need("from"); err != nil {
		return nil, err
	}
	if e.x, err = p.expr(); err != nil {
		return nil, err
	}
	return e, p.need(")")
}

// trim reads TRIM(x), TRIM(FROM x), TRIM(BOTH 'a' FROM x), TRIM('a' FROM x) and
// trim(x, 'a').
func (p *parser) trim() (Expr, error) {
	c := &call{at: at{p.next().pos}, name: "trim"}
	if err := p.need("("); err != nil {
		return nil, err
	}
	switch {
	case p.take("both"):
	case p.take("leading"):
		c.name = "ltrim"
	case p.take("trailing"):
		c.name = "rtrim"
	}
	if p.take("from") {
		x, err := p.expr()
		c.args = []Expr{x}
		if err != nil {
			return nil, err
		}
		return c, p.need(")")
	}
	x, err := p.expr()
	if err != nil {
		return nil, err
	}
	c.args = []Expr{x}
	switch {
	case p.take("from"):
		y, err := p.expr()
		if err != nil {
			return nil, err
		}
		c.args = []Expr{y, x}
	case p.take(","):
		y, err := p.expr()
		if err != nil {
			return nil, err
		}
		c.args = []Expr{x, y}
	}
	return c, p.need(")")
}

func (p *parser) position() (Expr, error) {
	t := p.next()
	p.at++
	needle, err := p.concat()
	if err != nil {
		return nil, err
	}
	if err := p.need("in"); err != nil {
		return nil, err
	}
	text, err := p.concat()
	if err != nil {
		return nil, err
	}
	return &call{at: at{t.pos}, name: "strpos", args: []Expr{text, needle}}, p.need(")")
}

func (p *parser) substring() (Expr, error) {
	t := p.next()
	p.at++
	x, err := p.expr()
	if err != nil {
		return nil, err
	}
	c := &call{at: at{t.pos}, name: "substring", args: []Expr{x}}
	for _, separator := range []string{"from", "for"} {
		if p.take(separator) || p.take(",") {
			y, err := p.expr()
			if err != nil {
				return nil, err
			}
			c.args = append(c.args, y)
		}
	}
	return c, p.need(")")
}

var intervalUnits = wordSet("year month day hour minute second week")

func (p *parser) interval() (Expr, error) {
	l := &literal{at: at{p.next().pos}, kind: "interval"}
	if p.isAny("-", "+") {
		l.sign = p.next().text
	}
	if p.peek().kind != str {
		return nil, p.mismatch("<string>")
	}
	l.text = p.next().text
	t := p.peek()
	l.unit = strings.ToLower(t.text)
	if t.kind != word || !intervalUnits[l.unit] {
		return nil, p.mismatch("'DAY', 'HOUR', 'MINUTE', 'MONTH', 'SECOND', 'YEAR'")
	}
	p.at++
	if p.is("to") {
		return nil, failAt("NOT_SUPPORTED", p.peek().pos, "INTERVAL … TO … is not implemented by localaws")
	}
	return l, nil
}

// typ reads a type: names with parameters, array(t), map(k, v), row(a t, …),
// and the Hive-like array<t> as well.
func (p *parser) typ() (Type, error) {
	if err := p.enter(); err != nil {
		return Type{}, err
	}
	defer p.leave()
	t := p.peek()
	if t.kind != word && t.kind != quoted {
		return Type{}, p.mismatch("<type>")
	}
	p.at++
	name := strings.ToLower(t.text)
	typ := Type{Name: name}
	switch name {
	case "int":
		typ.Name = "integer"
	case "string":
		return Type{}, failAt("TYPE_NOT_FOUND", t.pos, "Unknown type: string")
	case "float":
		return Type{}, failAt("TYPE_NOT_FOUND", t.pos, "Unknown type: float")
	case "dec", "numeric":
		typ.Name = "decimal"
	case "double":
		_ = p.take("precision")
	case "interval":
		from := strings.ToLower(p.next().text)
		if err := p.need("to"); err != nil {
			return Type{}, err
		}
		typ.Name = "interval " + from + " to " + strings.ToLower(p.next().text)
	case "boolean", "tinyint", "smallint", "integer", "bigint", "real", "varchar", "char", "varbinary", "date", "timestamp", "time", "json", "decimal", "ipaddress", "uuid", "unknown":
	case "array", "map", "row":
		return p.nested(typ, t)
	default:
		return Type{}, failAt("TYPE_NOT_FOUND", t.pos, "Unknown type: %s", name)
	}
	if p.take("(") {
		for {
			n := p.peek()
			if n.kind != integer {
				return Type{}, p.mismatch("<integer>")
			}
			p.at++
			typ.Params = append(typ.Params, atoi(n.text))
			if p.take(")") {
				break
			}
			if err := p.need(","); err != nil {
				return Type{}, err
			}
		}
	}
	if typ.Name == "decimal" {
		switch len(typ.Params) {
		case 0:
			typ.Params = []int{38, 0}
		case 1:
			typ.Params = append(typ.Params, 0)
		}
		if typ.Params[0] < 1 || typ.Params[0] > 38 || typ.Params[1] > typ.Params[0] {
			return Type{}, failAt("SYNTAX_ERROR", t.pos, "DECIMAL precision must be in range [1, 38] and scale in range [0, precision]: %s", typ)
		}
	}
	if strings.HasPrefix(typ.Name, "time") {
		if p.take("with", "time", "zone") {
			typ.Name += " with time zone"
		} else {
			_ = p.take("without", "time", "zone")
		}
	}
	return typ, nil
}

func (p *parser) nested(typ Type, t token) (Type, error) {
	closing := ")"
	if p.take("<") {
		closing = ">"
	} else if err := p.need("("); err != nil {
		return Type{}, err
	}
	for {
		name := ""
		if n := p.peek(); typ.Name == "row" && isIdent(n) {
			// a name, unless it is a type that stands alone
			if f := p.peekAt(1); f.kind == word && !strings.EqualFold(f.text, "with") && !(strings.EqualFold(n.text, "double") && strings.EqualFold(f.text, "precision")) || f.kind == quoted {
				name = strings.ToLower(n.text)
				p.at++
			}
		}
		arg, err := p.typ()
		if err != nil {
			return Type{}, err
		}
		typ.Args, typ.Names = append(typ.Args, arg), append(typ.Names, name)
		if p.take(closing) {
			break
		}
		if err := p.need(","); err != nil {
			return Type{}, err
		}
	}
	if want := map[string]int{"array": 1, "map": 2}[typ.Name]; want > 0 {
		if len(typ.Args) != want {
			return Type{}, failAt("SYNTAX_ERROR", t.pos, "%s takes %d types", typ.Name, want)
		}
		typ.Names = nil
	}
	return typ, nil
}

// atoi reads digits that the lexer has proved; a number beyond a billion is
// as good as a billion.
func atoi(s string) int {
	n := 0
	for _, c := range s {
		if c >= '0' && c <= '9' && n < 1e9 {
			n = n*10 + int(c-'0')
		}
	}
	return n
}
