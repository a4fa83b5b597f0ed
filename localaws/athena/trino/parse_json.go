package trino

import "strings"

// jsonClauses are what stands in a call of a function of SQL/JSON beside its
// arguments.
type jsonClauses struct {
	path      string
	returning *Type
	wrapper   string // "", CONDITIONAL or UNCONDITIONAL
	omit      bool   // the quotes of a text
	// onEmpty and onError are NULL, ERROR, TRUE, FALSE, UNKNOWN, EMPTY ARRAY,
	// EMPTY OBJECT, or DEFAULT with a value; "" where nothing is said.
	onEmpty, onError   string
	emptyValue, errors Expr
	absent             bool // NULLs of json_object and json_array are left out
}

var jsonFunctions = wordSet("json_exists json_value json_query json_object json_array")

// jsonCall reads a call of a function of SQL/JSON after its name.
// https://trino.io/docs/current/functions/json.html
func (p *parser) jsonCall(c *call) (Expr, error) {
	c.json = &jsonClauses{absent: c.name == "json_array"}
	if err := p.need("("); err != nil {
		return nil, err
	}
	if c.name == "json_object" || c.name == "json_array" {
		return c, p.jsonBuild(c)
	}
	x, err := p.expr()
	if err != nil {
		return nil, err
	}
	c.args = []Expr{x}
	_ = p.take("format", "json")
	if err := p.need(","); err != nil {
		return nil, err
	}
	if p.peek().kind != str {
		return nil, p.mismatch("<string>")
	}
	c.json.path = p.next().text
	for !p.take(")") {
		if err := p.jsonClause(c); err != nil {
			return nil, err
		}
	}
	return c, nil
}

func (p *parser) jsonClause(c *call) error {
	j := c.json
	switch {
	case p.is("passing"):
		return failAt("NOT_SUPPORTED", p.peek().pos, "localaws does not implement PASSING of %s", c.name)
	case p.take("returning"):
		t, err := p.typ()
		j.returning = &t
		_ = p.take("format", "json")
		return err
	case p.take("without", "array", "wrapper"), p.take("without", "wrapper"):
		return nil
	case p.take("with"):
		j.wrapper = "UNCONDITIONAL"
		if p.take("conditional") {
			j.wrapper = "CONDITIONAL"
		} else {
			_ = p.take("unconditional")
		}
		_ = p.take("array")
		return p.need("wrapper")
	case p.take("keep", "quotes"), p.take("omit", "quotes"):
		j.omit = strings.EqualFold(p.tokens[p.at-2].text, "omit")
		_ = p.take("on", "scalar", "string")
		return nil
	}
	for _, what := range []string{"null", "error", "true", "false", "unknown", "default", "empty"} {
		if !p.take(what) {
			continue
		}
		does := strings.ToUpper(what)
		var value Expr
		var err error
		switch {
		case what == "default":
			value, err = p.expr()
		case what == "empty" && p.take("object"):
			does = "EMPTY OBJECT"
		case what == "empty":
			_ = p.take("array")
			does = "EMPTY ARRAY"
		}
		if err != nil {
			return err
		}
		if value != nil {
			c.args = append(c.args, value) // so that it is found where expressions are looked for
		}
		switch {
		case p.take("on", "empty"):
			j.onEmpty, j.emptyValue = does, value
			return nil
		case p.take("on", "error"):
			j.onError, j.errors = does, value
			return nil
		}
		return p.mismatch("'ON'")
	}
	return p.mismatch("')', 'ERROR', 'NULL', 'RETURNING'")
}

// jsonBuild reads the members of json_object, or the items of json_array.
func (p *parser) jsonBuild(c *call) error {
	for !p.take(")") {
		switch {
		case p.take("null", "on", "null"):
			c.json.absent = false
			continue
		case p.take("absent", "on", "null"):
			c.json.absent = true
			continue
		case p.is("with", "unique"), p.is("without", "unique"), p.is("returning"):
			return failAt("NOT_SUPPORTED", p.peek().pos, "localaws does not implement %s with UNIQUE KEYS or RETURNING", c.name)
		}
		if c.name == "json_object" {
			if p.is("key") && p.peekAt(1).kind == str {
				p.at++
			}
			key, err := p.expr()
			if err != nil {
				return err
			}
			if !p.take("value") {
				if err := p.need(":"); err != nil {
					return err
				}
			}
			c.args = append(c.args, key)
		}
		x, err := p.expr()
		if err != nil {
			return err
		}
		c.args = append(c.args, x)
		_ = p.take("format", "json")
		_ = p.take(",")
	}
	return nil
}
