package pattern

import (
	"maps"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// maxCombinations bounds what $or can multiply to.
const maxCombinations = 1000

// Pattern is a compiled event pattern. It never changes and may be used by any
// number of goroutines at once.
type Pattern struct {
	alternatives []alternative
}

// alternative is one way to match: all of its fields.
type alternative map[string][]matcher

// Parse compiles a pattern. What is wrong with it is told by an [Error].
func Parse(text string) (*Pattern, error) {
	c := &compiler{scanner: newScanner(text)}
	first, err := c.next()
	if err != nil {
		return nil, err
	}
	if first.kind != startObject {
		return nil, c.fail("Filter is not an object")
	}
	if err := c.object("", false); err != nil {
		return nil, err
	}
	if _, err := c.next(); err != nil { // more text after the object
		return nil, err
	}
	return &Pattern{alternatives: c.alternatives}, nil
}

type compiler struct {
	*scanner
	alternatives []alternative
}

// object reads the fields of an object whose start has been read.
func (c *compiler) object(path string, inOr bool) error {
	empty := true
	for {
		t, err := c.next()
		if err != nil {
			return err
		}
		if t.kind == endObject {
			if empty {
				return c.fail("Empty objects are not allowed")
			}
			return nil
		}
		empty = false
		name := t.text
		if name == "$or" {
			if err := c.or(path); err != nil {
				return err
			}
			continue
		}
		if inOr && reserved(name) {
			return c.fail(name + " is Ruler reserved fieldName which cannot be used inside $or.")
		}
		full := name
		if path != "" {
			full = path + "." + name
		}
		value, err := c.next()
		if err != nil {
			return err
		}
		switch value.kind {
		case startObject:
			err = c.object(full, inOr)
		case startArray:
			err = c.field(full)
		default:
			err = c.fail(`"` + name + `" must be an object or an array`)
		}
		if err != nil {
			return err
		}
	}
}

// reserved names would make an object inside $or look like an operator.
func reserved(name string) bool {
	return slices.Contains([]string{
		"exactly", "equals-ignore-case", "prefix", "suffix", "anything-but", "exists", "wildcard", "numeric", "cidr",
		"=", "<", "<=", ">", ">=", "regex", "not-wildcard", "not-equals-ignore-case",
		"date-after", "date-on-or-after", "date-before", "date-on-or-before", "in-date-range",
		"ip-address-in-range", "ip-address-not-in-range",
	}, name)
}

// or multiplies the alternatives so far by those in the array that follows.
func (c *compiler) or(path string) error {
	t, err := c.next()
	if err != nil {
		return err
	}
	if t.kind != startArray {
		return c.fail("It must be an Array followed with $or.")
	}
	before := c.alternatives
	if len(before) == 0 {
		before = []alternative{{}}
	}
	var all []alternative
	for n := 0; ; n++ {
		t, err := c.next()
		if err != nil {
			return err
		}
		if t.kind == endArray {
			if n < 2 {
				return c.fail("There must have at least 2 Objects in $or relationship.")
			}
			c.alternatives = all
			return nil
		}
		if t.kind != startObject {
			return c.fail("Only JSON object is allowed in array of $or relationship.")
		}
		c.alternatives = nil
		for _, a := range before {
			c.alternatives = append(c.alternatives, maps.Clone(a))
		}
		if err := c.object(path, true); err != nil {
			return err
		}
		if all = append(all, c.alternatives...); len(all) > maxCombinations {
			return &Error{Reason: "Rule is too complex - $or makes more than " + strconv.Itoa(maxCombinations) + " combinations"}
		}
	}
}

// field reads the values of a field, whose array has been entered.
func (c *compiler) field(path string) error {
	var values []matcher
	for {
		t, err := c.next()
		if err != nil {
			return err
		}
		switch t.kind {
		case endArray:
			if len(values) == 0 {
				return c.fail("Empty arrays are not allowed")
			}
			if len(c.alternatives) == 0 {
				c.alternatives = []alternative{{}}
			}
			for _, a := range c.alternatives {
				a[path] = values
			}
			return nil
		case startObject:
			m, err := c.operator()
			if err != nil {
				return err
			}
			values = append(values, m)
		case stringValue:
			text := c.string()
			if a, ok := address(text); ok {
				values = append(values, sameAddress(a))
			} else {
				values = append(values, exactly(text))
			}
		case numberValue:
			if n, ok := comparable(t.text); ok {
				values = append(values, number(n))
			}
			values = append(values, literal(t.text))
		case literalValue:
			values = append(values, literal(t.text))
		default:
			return c.fail("Match value must be String, number, true, false, or null")
		}
	}
}

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
