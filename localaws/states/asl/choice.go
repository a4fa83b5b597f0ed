package asl

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// rule is one choice: a test and where to go when it holds.
type rule struct {
	test test
	next string
}

// test is a comparison or a combination of tests.
type test struct {
	and, or []test
	not     *test

	variable *Path
	operator string // without "Path"
	value    any
	path     *Path // of the other value
}

// operators of comparisons and the kinds of their values; constant.
var operators = map[string]string{
	"StringEquals": "string", "StringLessThan": "string", "StringGreaterThan": "string", "StringLessThanEquals": "string",
	"StringGreaterThanEquals": "string", "StringMatches": "string",
	"NumericEquals": "number", "NumericLessThan": "number", "NumericGreaterThan": "number", "NumericLessThanEquals": "number",
	"NumericGreaterThanEquals": "number",
	"BooleanEquals":            "boolean",
	"TimestampEquals":          "timestamp", "TimestampLessThan": "timestamp", "TimestampGreaterThan": "timestamp",
	"TimestampLessThanEquals": "timestamp", "TimestampGreaterThanEquals": "timestamp",
	"IsNull": "is", "IsPresent": "is", "IsNumeric": "is", "IsString": "is", "IsBoolean": "is", "IsTimestamp": "is",
}

func (c *checker) choice(f *fields, s *state) {
	s.byDefault = f.text("Default")
	list, ok := f.list("Choices")
	if !f.has("Choices") {
		c.problem(f.at, "These fields are required: [Choices]")
	}
	if ok && len(list) == 0 {
		c.problem(f.at+"/Choices", "Choices must not be empty")
	}
	for i, v := range list {
		at := fmt.Sprintf("%s/Choices[%d]", f.at, i)
		o, ok := v.(*Object)
		if !ok {
			c.problem(at, "Expected value of type Object")
			continue
		}
		r := rule{test: c.test(o, at, true)}
		if next, ok := o.Get("Next"); ok {
			r.next, _ = next.(string)
		}
		if r.next == "" {
			c.problem(at, "These fields are required: [Next]")
		}
		s.rules = append(s.rules, r)
	}
}

func (c *checker) test(o *Object, at string, top bool) test {
	var t test
	var operation []string
	for _, name := range o.names {
		switch name {
		case "Variable", "Comment":
		case "Assign":
			c.refuse(at+"/Assign", "variables (Assign)")
		case "Next":
			if !top {
				c.problem(at, "Field 'Next' is not supported")
			}
		default:
			operation = append(operation, name)
		}
	}
	if len(operation) != 1 {
		c.problem(at, "Choice rule must have exactly one operator")
		return t
	}
	name := operation[0]
	value := o.values[name]
	switch name {
	case "And", "Or":
		list, ok := value.([]any)
		if !ok || len(list) == 0 {
			c.problem(at+"/"+name, "Expected a non-empty array of choice rules")
		}
		var tests []test
		for i, v := range list {
			where := fmt.Sprintf("%s/%s[%d]", at, name, i)
			if part, ok := v.(*Object); ok {
				tests = append(tests, c.test(part, where, false))
			} else {
				c.problem(where, "Expected value of type Object")
			}
		}
		if t.and = tests; name == "Or" {
			t.and, t.or = nil, tests
		}
		return t
	case "Not":
		part, ok := value.(*Object)
		if !ok {
			c.problem(at+"/Not", "Expected value of type Object")
			return t
		}
		t.not = new(c.test(part, at+"/Not", false))
		return t
	}
	return c.comparison(o, at, name, value)
}

func (c *checker) comparison(o *Object, at, name string, value any) test {
	t := test{operator: name, value: value}
	f := &fields{c, o, at}
	if !f.has("Variable") {
		c.problem(at, "These fields are required: [Variable]")
	}
	t.variable, _ = f.path("Variable", false)
	if short, isPath := strings.CutSuffix(name, "Path"); isPath && operators[short] != "" && operators[short] != "is" && short != "StringMatches" {
		t.operator = short
		t.path, _ = f.path(name, false)
		return t
	}
	bad := false
	switch operators[name] {
	case "":
		c.problem(at, "Field '%s' is not supported", name)
	case "string":
		_, ok := value.(string)
		bad = !ok
	case "number":
		bad = rat(value) == nil
	case "boolean", "is":
		_, ok := value.(bool)
		bad = !ok
	case "timestamp":
		text, _ := value.(string)
		if _, ok := parseTimestamp(text); !ok {
			c.problem(at+"/"+name, "String does not match RFC3339 timestamp")
		}
	}
	if bad {
		kind := strings.ToUpper(operators[name][:1]) + operators[name][1:]
		if kind == "Is" {
			kind = "Boolean"
		}
		c.problem(at+"/"+name, "Expected value of type %s", kind)
	}
	return t
}

// holds evaluates the test. A comparison whose variable is missing fails the
// state, except IsPresent; one of the wrong kind is simply false.
func (t test) holds(sc scope) (bool, *Failure) {
	switch {
	case t.and != nil:
		for _, part := range t.and {
			if ok, err := part.holds(sc); err != nil || !ok {
				return false, err
			}
		}
		return true, nil
	case t.or != nil:
		for _, part := range t.or {
			if ok, err := part.holds(sc); err != nil || ok {
				return ok, err
			}
		}
		return false, nil
	case t.not != nil:
		ok, err := t.not.holds(sc)
		return !ok, err
	}
	v, err := sc.find(t.variable)
	if t.operator == "IsPresent" {
		present := err == nil
		if list, ok := v.([]any); ok && !t.variable.definite {
			present = len(list) > 0
		}
		return present == t.value.(bool), nil
	}
	if err != nil {
		return false, invalidChoicePath(t.variable)
	}
	want := t.value
	if t.path != nil {
		if want, err = sc.find(t.path); err != nil {
			return false, invalidChoicePath(t.path)
		}
	}
	return compareValues(t.operator, v, want), nil
}

func invalidChoicePath(p *Path) *Failure {
	return runtimeError("Invalid path '%s': The choice state's condition path references an invalid value.", p)
}

func compareValues(operator string, v, want any) bool {
	switch operators[operator] {
	case "is":
		return is(operator, v) == (want == true)
	case "boolean":
		a, okA := v.(bool)
		b, okB := want.(bool)
		return okA && okB && a == b
	case "number":
		a, b := rat(v), rat(want)
		return a != nil && b != nil && matches(strings.TrimPrefix(operator, "Numeric"), a.Cmp(b))
	case "timestamp":
		a, okA := timestampOf(v)
		b, okB := timestampOf(want)
		return okA && okB && matches(strings.TrimPrefix(operator, "Timestamp"), a.Compare(b))
	}
	a, okA := v.(string)
	b, okB := want.(string)
	if !okA || !okB {
		return false
	}
	if operator == "StringMatches" {
		return wildcard(b, a)
	}
	return matches(strings.TrimPrefix(operator, "String"), strings.Compare(a, b))
}

func matches(relation string, c int) bool {
	switch relation {
	case "Equals":
		return c == 0
	case "LessThan":
		return c < 0
	case "GreaterThan":
		return c > 0
	case "LessThanEquals":
		return c <= 0
	}
	return c >= 0
}

func timestampOf(v any) (time.Time, bool) {
	text, ok := v.(string)
	if !ok {
		return time.Time{}, false
	}
	return parseTimestamp(text)
}

func is(operator string, v any) bool {
	switch operator {
	case "IsNull":
		return v == nil
	case "IsNumeric":
		return rat(v) != nil
	case "IsString":
		_, ok := v.(string)
		return ok
	case "IsBoolean":
		_, ok := v.(bool)
		return ok
	}
	_, ok := timestampOf(v)
	return ok
}

// wildcard matches a text with a pattern in which * stands for any characters;
// \* and \\ are plain.
func wildcard(pattern, text string) bool {
	const star = rune(-1)
	var p []rune
	for escaped, rs := false, []rune(pattern); len(rs) > 0; rs = rs[1:] {
		switch r := rs[0]; {
		case escaped:
			p, escaped = append(p, r), false
		case r == '\\':
			escaped = true
		case r == '*':
			p = append(p, star)
		default:
			p = append(p, r)
		}
	}
	// reachable[i]: the pattern up to i matches the text so far.
	reachable := make([]bool, len(p)+1)
	reachable[0] = true
	for i := 0; i < len(p) && p[i] == star; i++ {
		reachable[i+1] = true
	}
	for _, r := range text {
		next := make([]bool, len(p)+1)
		for i, ok := range reachable {
			if !ok {
				continue
			}
			if i < len(p) && p[i] == star {
				next[i] = true
			}
			if i < len(p) && p[i] == r {
				next[i+1] = true
			}
		}
		for i := range p {
			if next[i] && p[i] == star {
				next[i+1] = true
			}
		}
		reachable = next
	}
	return reachable[len(p)] || slices.Equal(p, []rune(nil)) && text == ""
}
