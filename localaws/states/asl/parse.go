package asl

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Options say in what surroundings a definition is parsed.
type Options struct {
	// Express machines know neither callbacks nor .sync.
	Express bool
	// Task judges the resource of a Task state and the names of its Parameters:
	// nil, an *Unsupported without a location, or any other error, which is a
	// problem of the definition.
	Task func(t Task, parameters []string) error
}

type checker struct {
	options     Options
	problems    []Problem
	unsupported *Unsupported
	names       map[string]bool // of all states: unique in the whole machine
	jsonata     bool
}

// Compile reads and checks a definition. The error is an *InvalidDefinition with
// all problems, or an *Unsupported.
func Compile(text string, o Options) (*Machine, error) {
	c := &checker{options: o, names: make(map[string]bool)}
	m := c.machine(text)
	// JSONata has fields of its own, which must not count as problems.
	if len(c.problems) > 0 && !c.jsonata {
		return nil, &InvalidDefinition{c.problems}
	}
	if c.unsupported != nil {
		return nil, c.unsupported
	}
	return m, nil
}

func (c *checker) problem(at, format string, args ...any) {
	c.problems = append(c.problems, Problem{SchemaValidationFailed, fmt.Sprintf(format, args...), at})
}

func (c *checker) refuse(at, what string) {
	if c.unsupported == nil {
		c.unsupported = &Unsupported{what, at}
	}
}

func (c *checker) machine(text string) *Machine {
	v, err := Parse(text)
	if strings.TrimSpace(text) == "" {
		c.problems = append(c.problems, Problem{Code: SchemaValidationFailed, Message: "Definition must be a valid JSON object"})
		return nil
	}
	if err != nil {
		message, at := DescribeJSONError(text, err)
		c.problems = append(c.problems, Problem{InvalidJSON, message + "\n at " + at, at})
		return nil
	}
	o, ok := v.(*Object)
	if !ok {
		c.problems = append(c.problems, Problem{Code: SchemaValidationFailed, Message: "Definition must be a valid JSON object"})
		return nil
	}
	m := &Machine{}
	f := c.fields(o, "", "Comment", "StartAt", "States", "Version", "TimeoutSeconds", "QueryLanguage", "ProcessorConfig")
	m.Comment = f.text("Comment")
	m.Timeout = time.Duration(f.integer("TimeoutSeconds", 1, 99999999)) * time.Second
	c.queryLanguage(f)
	m.program = c.program(f)
	return m
}

func (c *checker) queryLanguage(f *fields) {
	switch language := f.text("QueryLanguage"); language {
	case "", "JSONPath":
	case "JSONata":
		c.jsonata = true
		c.refuse(f.at+"/QueryLanguage", "the query language JSONata")
	default:
		c.problem(f.at+"/QueryLanguage", "Value is not one of [JSONPath, JSONata]")
	}
}

// program reads StartAt and States and checks the transitions between them.
func (c *checker) program(f *fields) program {
	p := program{states: make(map[string]*state)}
	states, hasStates := f.object("States")
	var missing []string
	if _, ok := f.o.Get("States"); !ok {
		missing = append(missing, "States")
	}
	if _, ok := f.o.Get("StartAt"); !ok {
		missing = append(missing, "StartAt")
	}
	if len(missing) > 0 {
		c.problem(root(f.at), "These fields are required: [%s]", strings.Join(missing, ", "))
	}
	p.startAt = f.text("StartAt")
	if !hasStates {
		return p
	}
	if states.Len() == 0 {
		c.problem(f.at+"/States", "States must not be empty")
		return p
	}
	for _, name := range states.names {
		at := f.at + "/States/" + name
		if len([]rune(name)) > 80 {
			c.problem(at, "State name must not be longer than 80 characters")
		}
		if c.names[name] {
			c.problem(at, "Duplicate State name: %s", name)
		}
		c.names[name] = true
		o, ok := states.values[name].(*Object)
		if !ok {
			c.problem(at, "Expected value of type Object")
			continue
		}
		p.states[name] = c.state(name, o, at)
		p.order = append(p.order, name)
	}
	c.transitions(&p, f.at)
	return p
}

func root(at string) string {
	if at == "" {
		return "/"
	}
	return at
}

// transitions checks that every target exists and every state can be reached.
func (c *checker) transitions(p *program, at string) {
	reached := map[string]bool{}
	target := func(name, field, where string) {
		if name == "" {
			return
		}
		if p.states[name] == nil {
			c.problems = append(c.problems, Problem{MissingTransitionTarget, "Missing '" + field + "' target: " + name, where})
		}
		reached[name] = true
	}
	target(p.startAt, "StartAt", at+"/StartAt")
	for _, name := range p.order {
		s, here := p.states[name], at+"/States/"+name
		target(s.next, "Next", here+"/Next")
		target(s.byDefault, "Default", here+"/Default")
		for i, r := range s.rules {
			target(r.next, "Next", fmt.Sprintf("%s/Choices[%d]/Next", here, i))
		}
		for i, k := range s.catch {
			target(k.next, "Next", fmt.Sprintf("%s/Catch[%d]/Next", here, i))
		}
	}
	for _, name := range p.order {
		if !reached[name] {
			c.problems = append(c.problems, Problem{MissingTransitionTarget, fmt.Sprintf("State %q is not reachable.", name), at + "/States/" + name})
		}
	}
}

// fields are the members of an object of the definition, with checks.
type fields struct {
	c  *checker
	o  *Object
	at string
}

// fields refuses members that are not among the known ones.
func (c *checker) fields(o *Object, at string, known ...string) *fields {
	for _, name := range o.names {
		if !slices.Contains(known, name) {
			c.problem(root(at), "Field '%s' is not supported", name)
		}
	}
	return &fields{c, o, at}
}

func (f *fields) has(name string) bool { _, ok := f.o.Get(name); return ok }

func (f *fields) text(name string) string {
	v, ok := f.o.Get(name)
	if !ok {
		return ""
	}
	s, ok := v.(string)
	if !ok {
		f.c.problem(f.at+"/"+name, "Expected value of type String")
	}
	return s
}

func (f *fields) boolean(name string) bool {
	v, ok := f.o.Get(name)
	if !ok {
		return false
	}
	b, ok := v.(bool)
	if !ok {
		f.c.problem(f.at+"/"+name, "Expected value of type Boolean")
	}
	return b
}

func (f *fields) object(name string) (*Object, bool) {
	v, ok := f.o.Get(name)
	if !ok {
		return nil, false
	}
	o, ok := v.(*Object)
	if !ok {
		f.c.problem(f.at+"/"+name, "Expected value of type Object")
	}
	return o, ok
}

func (f *fields) list(name string) ([]any, bool) {
	v, ok := f.o.Get(name)
	if !ok {
		return nil, false
	}
	l, ok := v.([]any)
	if !ok {
		f.c.problem(f.at+"/"+name, "Expected value of type Array")
	}
	return l, ok
}

// integer is a number between low and high, 0 if there is none.
func (f *fields) integer(name string, low, high int64) int64 {
	v, ok := f.o.Get(name)
	if !ok {
		return 0
	}
	n, ok := integer(v)
	switch {
	case !ok:
		f.c.problem(f.at+"/"+name, "Expected value of type Integer")
	case n < low || n > high:
		f.c.problem(f.at+"/"+name, "Value must be between %d and %d", low, high)
	}
	return n
}

// path is a path, which may be null for some fields.
func (f *fields) path(name string, nullable bool) (p *Path, null bool) {
	v, ok := f.o.Get(name)
	if !ok {
		return nil, false
	}
	if v == nil && nullable {
		return nil, true
	}
	text, ok := v.(string)
	if ok {
		var err error
		if p, err = ParsePath(text); err == nil {
			return p, false
		}
	}
	f.c.problem(f.at+"/"+name, "Value is not a valid JSONPath")
	return nil, false
}

// referencePath is a path that names exactly one place.
func (f *fields) referencePath(name string, nullable bool) (p *Path, null bool) {
	p, null = f.path(name, nullable)
	if p != nil && !p.reference() {
		f.c.problem(f.at+"/"+name, "Value is not a Reference Path")
		return nil, false
	}
	return p, null
}

func (f *fields) template(name string) *template {
	v, ok := f.o.Get(name)
	if !ok {
		return nil
	}
	t := parseTemplate(v, func(field string) {
		f.c.problem(f.at+"/"+name, "The value for the field '%s' must be a valid JSONPath or a valid intrinsic function call", field)
	})
	return &t
}

// only checks that at most one of some fields is there.
func (f *fields) only(required bool, names ...string) {
	var there []string
	for _, name := range names {
		if f.has(name) {
			there = append(there, name)
		}
	}
	if len(there) > 1 || required && len(there) == 0 {
		f.c.problem(f.at, "State must have exactly one of: [%s]", strings.Join(names, ", "))
	}
}

// DescribeJSONError words a syntax error as Step Functions does, with its line
// and column.
func DescribeJSONError(text string, err error) (message, at string) {
	offset := jsonErrorOffset(text)
	line := 1 + strings.Count(text[:offset], "\n")
	column := offset - strings.LastIndexByte(text[:offset], '\n')
	source := text
	if len(source) > 500 {
		source = source[:500] + "[truncated]"
	}
	return jsonErrorMessage(text, offset, err), fmt.Sprintf("[Source: (String)%s; line: %d, column: %d]", strconv.Quote(source), line, column)
}
