package pattern

import (
	"maps"
	"slices"
	"strconv"
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
