package pattern

import (
	"net/netip"
	"strconv"
	"strings"
)

// operator reads {"operator": …}, whose object has been entered.
func (c *compiler) operator() (matcher, error) {
	t, err := c.next()
	if err != nil {
		return nil, err
	}
	if t.kind != fieldName {
		return nil, c.fail("Match expression name not found")
	}
	switch t.text {
	case "exactly":
		return single(c, "exact match pattern must be a string", func(s string) matcher { return exactly(s) })
	case "prefix":
		return c.affix("Prefix", func(s string) matcher { return prefix(s) }, func(s string) matcher { return foldPrefix(s) })
	case "suffix":
		return c.affix("Suffix", func(s string) matcher { return suffix(s) }, func(s string) matcher { return foldSuffix(s) })
	case "equals-ignore-case":
		return single(c, "equals-ignore-case match pattern must be a string", func(s string) matcher { return equalFold(s) })
	case "wildcard":
		text, err := c.text("wildcard match pattern must be a string")
		if err != nil {
			return nil, err
		}
		m, wrong := parseWildcard(text)
		if wrong != "" {
			return nil, c.fail(wrong)
		}
		return m, c.close("Only one key allowed in match expression")
	case "cidr":
		text, err := c.text("prefix match pattern must be a string") // as the service words it
		if err != nil {
			return nil, err
		}
		m, err := parseCIDR(text)
		if err != nil {
			return nil, err
		}
		return m, c.close("Only one key allowed in match expression")
	case "exists":
		value, err := c.next()
		if err != nil {
			return nil, err
		}
		var m matcher = exists{}
		switch {
		case value.kind == literalValue && value.text == "false":
			m = absent{}
		case value.kind != literalValue || value.text != "true":
			return nil, c.fail("exists match pattern must be either true or false.")
		}
		return m, c.close("Only one key allowed in match expression")
	case "numeric":
		return c.numeric()
	case "anything-but":
		return c.anythingBut()
	}
	return nil, c.fail("Unrecognized match type " + t.text)
}

// text reads a string.
func (c *compiler) text(otherwise string) (string, error) {
	t, err := c.next()
	if err != nil {
		return "", err
	}
	if t.kind != stringValue {
		return "", c.fail(otherwise)
	}
	return c.string(), nil
}

// close reads the end of an object.
func (c *compiler) close(otherwise string) error {
	t, err := c.next()
	if err != nil {
		return err
	}
	if t.kind != endObject {
		return c.fail(otherwise)
	}
	return nil
}

func single(c *compiler, otherwise string, made func(string) matcher) (matcher, error) {
	text, err := c.text(otherwise)
	if err != nil {
		return nil, err
	}
	return made(text), c.close("Only one key allowed in match expression")
}

// affix reads the value of prefix or suffix: a string, or one whose case is to
// be ignored.
func (c *compiler) affix(name string, plain, folded func(string) matcher) (matcher, error) {
	lower := strings.ToLower(name)
	t, err := c.next()
	if err != nil {
		return nil, err
	}
	switch t.kind {
	case stringValue:
		text := c.string()
		return plain(text), c.close("Only one key allowed in match expression")
	case startObject:
	default:
		return nil, c.fail(lower + " match pattern must be a string")
	}
	inner, err := c.next()
	if err != nil {
		return nil, err
	}
	if inner.kind != fieldName {
		return nil, c.fail(name + " expression name not found")
	}
	if inner.text != "equals-ignore-case" {
		return nil, c.fail("Unsupported " + lower + " pattern: " + inner.text)
	}
	m, err := single(c, "equals-ignore-case match pattern must be a string", folded)
	if err != nil {
		return nil, err
	}
	return m, c.close("Only one key allowed in match expression")
}

// anythingBut reads the value of anything-but.
func (c *compiler) anythingBut() (matcher, error) {
	t, err := c.next()
	if err != nil {
		return nil, err
	}
	operator := ""
	if t.kind == startObject {
		inner, err := c.next()
		if err != nil {
			return nil, err
		}
		if inner.kind != fieldName {
			return nil, c.fail("Anything-But expression name not found")
		}
		operator = inner.text
		switch operator {
		case "equals-ignore-case", "prefix", "suffix", "wildcard":
		default:
			return nil, c.fail("Unsupported anything-but pattern: " + operator)
		}
		if t, err = c.next(); err != nil {
			return nil, err
		}
	}
	var m anythingBut
	switch t.kind {
	case startArray:
		if m, err = c.anythingButList(operator); err != nil {
			return nil, err
		}
	case stringValue, numberValue:
		one, err := c.anythingButValue(operator, t)
		if err != nil {
			return nil, err
		}
		m = anythingBut{one}
	default:
		return nil, c.fail("Value of anything-but must be an array or single string/number value.")
	}
	if err := c.close("Too many elements in numeric expression"); err != nil { // as the service words it
		return nil, err
	}
	if operator != "" {
		if err := c.close("Too many elements in numeric expression"); err != nil {
			return nil, err
		}
	}
	return m, nil
}

// anythingButList reads a list whose array has been entered. The service wraps
// errors inside of it once more, and so tells their place twice.
func (c *compiler) anythingButList(operator string) (anythingBut, error) {
	var m anythingBut
	numbers, strings := false, false
	twice := func(err error) error {
		if e, ok := err.(*Error); ok { //nolint:errorlint // it was made here
			return c.fail(e.Reason)
		}
		return err
	}
	for {
		t, err := c.next()
		if err != nil {
			return nil, twice(err)
		}
		switch t.kind {
		case endArray:
			if operator == "" && numbers == strings {
				return nil, c.fail("Inside anything but list, either all values are number or string, mixed type is not supported")
			}
			return m, nil
		case stringValue:
			strings = true
		case numberValue:
			numbers = true
		}
		one, err := c.anythingButValue(operator, t)
		if err != nil {
			return nil, twice(err)
		}
		m = append(m, one)
	}
}

// anythingButValue makes a matcher of one value of anything-but.
func (c *compiler) anythingButValue(operator string, t token) (matcher, error) {
	if operator == "" {
		switch t.kind {
		case stringValue:
			return exactly(c.string()), nil
		case numberValue:
			n, ok := comparable(t.text)
			if !ok {
				return nil, &Error{Reason: "Cannot compare number : " + t.text}
			}
			return number(n), nil
		}
		return nil, c.fail("Inside anything but list, start|null|boolean is not supported.")
	}
	if t.kind != stringValue {
		switch operator {
		case "equals-ignore-case":
			return nil, c.fail("Inside anything-but/equals-ignore-case list, number|start|null|boolean is not supported.")
		case "wildcard":
			return nil, c.fail("wildcard match pattern must be a string")
		}
		return nil, c.fail("prefix/suffix match pattern must be a string")
	}
	text := c.string()
	switch operator {
	case "prefix", "suffix":
		if text == "" {
			return nil, c.fail("Null prefix/suffix not allowed")
		}
		if operator == "prefix" {
			return prefix(text), nil
		}
		return suffix(text), nil
	case "wildcard":
		m, wrong := parseWildcard(text)
		if wrong != "" {
			return nil, c.fail(wrong)
		}
		return m, nil
	}
	return equalFold(text), nil
}

// parseCIDR reads an address block. Blocks of a single address are refused, as
// the service does.
func parseCIDR(text string) (matcher, error) {
	bad := func(reason string) (matcher, error) { return nil, &Error{Reason: reason} }
	parts := strings.Split(text, "/")
	if len(parts) != 2 {
		return bad("Malformed CIDR, one '/' required")
	}
	bits, err := strconv.Atoi(parts[1])
	if err != nil {
		return bad("Malformed CIDR, mask bits must be an integer")
	}
	if bits < 0 {
		return bad("Malformed CIDR, mask bits must not be negative")
	}
	a, ok := address(parts[0])
	switch {
	case !ok:
		return bad("Nonstandard IP address: " + parts[0])
	case a.Is4() && bits > 31:
		return bad("IPv4 mask bits must be < 32")
	case bits > 127:
		return bad("IPv6 mask bits must be < 128")
	}
	return cidr(netip.PrefixFrom(a, bits).Masked()), nil
}
