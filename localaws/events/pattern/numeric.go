package pattern

// numeric reads the value of numeric: an operator and a number, or the two ends
// of a range, the lower one first.
func (c *compiler) numeric() (matcher, error) {
	t, err := c.next()
	if err != nil {
		return nil, err
	}
	if t.kind != startArray {
		return nil, c.fail("Value of numeric must be an array.")
	}
	if t, err = c.next(); err != nil {
		return nil, err
	}
	if t.kind != stringValue {
		return nil, c.fail("Invalid member in numeric match: " + c.shown())
	}
	operator := c.string()
	var m numeric
	switch operator {
	case "=", ">", ">=", "<", "<=":
	default:
		if _, err := c.next(); err != nil {
			return nil, err
		}
		return nil, c.fail("Unrecognized numeric range operator: " + operator)
	}
	first, err := c.bound(operator)
	if err != nil {
		return nil, err
	}
	if t, err = c.next(); err != nil {
		return nil, err
	}
	switch operator {
	case "=":
		m.bottom, m.top = first, first
	case "<", "<=":
		m.top, m.openTop, m.noBottom = first, operator == "<", true
	default:
		m.bottom, m.openBottom, m.noTop = first, operator == ">", true
		if t.kind != endArray {
			if t, err = c.upper(&m, t); err != nil {
				return nil, err
			}
		}
	}
	if t.kind != endArray {
		if m.noTop || m.noBottom || operator == "=" {
			return nil, c.fail("Too many elements in numeric expression")
		}
		return nil, c.fail("Too many terms in numeric range expression")
	}
	return m, c.close("Too many elements in numeric expression")
}

// upper reads the upper end of a range, whose operator is the current token, and
// the token after it.
func (c *compiler) upper(m *numeric, t token) (token, error) {
	if t.kind != stringValue {
		return t, c.fail("Bad value in numeric range: " + c.shown())
	}
	operator := c.string()
	if operator != "<" && operator != "<=" {
		return t, c.fail("Bad numeric range operator: " + operator)
	}
	top, err := c.bound(operator)
	if err != nil {
		return t, err
	}
	m.top, m.openTop, m.noTop = top, operator == "<", false
	if m.bottom >= m.top {
		return t, c.fail("Bottom must be less than top")
	}
	return c.next()
}

// bound reads the number after an operator.
func (c *compiler) bound(operator string) (float64, error) {
	t, err := c.next()
	if err != nil {
		return 0, err
	}
	if t.kind != numberValue {
		if operator == "=" {
			operator = "equals"
		}
		return 0, c.fail("Value of " + operator + " must be numeric")
	}
	n, ok := comparable(t.text)
	if !ok {
		return 0, c.fail("Cannot compare number : " + t.text)
	}
	return n, nil
}

// shown is the current token as a message quotes it.
func (c *compiler) shown() string {
	switch t := c.tokens[c.at-1]; t.kind {
	case startArray:
		return "["
	case endArray:
		return "]"
	case startObject:
		return "{"
	case endObject:
		return "}"
	default:
		return c.string()
	}
}
