package asl

import (
	"fmt"
	"strings"
)

// scope is what paths and functions can see.
type scope struct {
	input   any
	context *Object
	random  func() float64
	uuid    func() string
}

func (sc scope) find(p *Path) (any, error) {
	if p.context {
		return p.find(sc.context)
	}
	return p.find(sc.input)
}

// text is the input as it appears in messages.
func (sc scope) text() string { return Print(sc.input) }

// template is a payload template (Parameters, ResultSelector, ItemSelector): a
// JSON value in which a member whose name ends in ".$" is replaced by what its
// path or function gives.
type template struct {
	constant any
	object   []templateMember
	list     []template
	isObject bool
	isList   bool
}

type templateMember struct {
	name  string
	value template
	path  *Path
	call  *intrinsic
	field string // "name.$" as it was written
}

// parseTemplate reads a template. problem gets the name of a field whose value
// is neither a path nor a function.
func parseTemplate(v any, problem func(field string)) template {
	switch v := v.(type) {
	case *Object:
		t := template{isObject: true}
		var dynamic []templateMember
		for _, name := range v.names {
			value := v.values[name]
			short, isPath := strings.CutSuffix(name, ".$")
			if !isPath {
				t.object = append(t.object, templateMember{name: name, value: parseTemplate(value, problem)})
				continue
			}
			m := templateMember{name: short, field: name}
			text, _ := value.(string)
			var err error
			if m.path, m.call, err = parseDynamic(text); err != nil {
				problem(name)
			}
			dynamic = append(dynamic, m)
		}
		// Step Functions sets the fields that it computes after the others.
		t.object = append(t.object, dynamic...)
		return t
	case []any:
		t := template{isList: true}
		for _, item := range v {
			t.list = append(t.list, parseTemplate(item, problem))
		}
		return t
	}
	return template{constant: v}
}

// parseDynamic reads a path or a call.
func parseDynamic(text string) (*Path, *intrinsic, error) {
	if strings.HasPrefix(text, "$") {
		p, err := ParsePath(text)
		return p, nil, err
	}
	c, err := parseIntrinsic(text)
	return nil, c, err
}

func (t template) evaluate(sc scope) (any, *Failure) {
	switch {
	case t.isObject:
		out := NewObject()
		for _, m := range t.object {
			v, err := m.evaluate(sc)
			if err != nil {
				return nil, err
			}
			out.set(m.name, v)
		}
		return out, nil
	case t.isList:
		out := make([]any, len(t.list))
		for i, item := range t.list {
			v, err := item.evaluate(sc)
			if err != nil {
				return nil, err
			}
			out[i] = v
		}
		return out, nil
	}
	return t.constant, nil
}

func (m templateMember) evaluate(sc scope) (any, *Failure) {
	switch {
	case m.path != nil:
		return sc.field(m.path, m.field)
	case m.call != nil:
		return sc.call(m.call)
	}
	return m.value.evaluate(sc)
}

// field is what a path gives for a field of a template.
func (sc scope) field(p *Path, field string) (any, *Failure) {
	v, err := sc.find(p)
	if e, ok := err.(*pathError); ok && e.beyond { //nolint:errorlint // never wrapped
		return nil, nil // an index outside its array is null here, as recorded from AWS
	}
	if err != nil {
		return nil, runtimeError("The JSONPath '%s' specified for the field '%s' could not be found in the input '%s'", p, field, sc.text())
	}
	return v, nil
}

func (sc scope) call(c *intrinsic) (any, *Failure) {
	v, err := c.evaluate(sc)
	if err == nil {
		return v, nil
	}
	if e, ok := err.(*intrinsicError); ok && !e.runtime { //nolint:errorlint // never wrapped
		return nil, &Failure{Error: IntrinsicFailure, Cause: err.Error(), evaluation: true}
	}
	return nil, runtimeError("%s", err)
}

// textOf evaluates a path or call that must give a string (ErrorPath).
func (sc scope) textOf(p *Path, c *intrinsic, field string) (string, *Failure) {
	var v any
	var f *Failure
	if p != nil {
		v, f = sc.field(p, field)
	} else {
		v, f = sc.call(c)
	}
	if f != nil {
		return "", f
	}
	text, ok := v.(string)
	if !ok {
		return "", runtimeError("The %s field refers to a value that is not a string: %s", field, Print(v))
	}
	return text, nil
}

func runtimeError(format string, args ...any) *Failure {
	return &Failure{Error: RuntimeFailure, Cause: fmt.Sprintf(format, args...), evaluation: true}
}
