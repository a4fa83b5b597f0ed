package wire

import (
	"bufio"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// The constraints of a service are what the model of its API allows: which
// members are required, how long a text or a list may be, between which bounds
// a number, which pattern a text has to match. [Service.Constraints] says them,
// a line each:
//
//	FunctionName = length 1..140 pattern [a-zA-Z0-9-_]+
//
//	CreateFunctionInput
//	  FunctionName required FunctionName
//	  MemorySize   range 128..10240
//	  Tags         length ..50 keys TagKey values TagValue
//	  Layers       items LayerVersionArn
//
// A line with "=" names a rule. A word alone begins a structure of the SDK (an
// operation's input or a type), the indented lines after it are its members. A
// rule is made of
//
//	required      the member must be there
//	length A..B   of a text in characters, of a blob in bytes, of a list or map in entries
//	range A..B    of a number
//	items Name    the rule of a list's entries; likewise keys and values of a map
//	as name       what AWS's messages call the member, where that is not its own name
//	sensitive     its value is not repeated in a message
//	open          the service itself checks the values of its enumeration
//	Name          all of a named rule
//	pattern P     a regular expression as AWS writes it, the last of its line
//
// Either bound may be missing. A member without a rule is said for its place:
// messages name and repeat the members of a structure in this order. The values of
// an enumeration are not said: the SDK's types know them.
type constraints struct {
	shapes map[string]map[string]rule // structure, member -> rule
	order  map[string][]string        // structure -> its members as they are said
	plans  sync.Map                   // reflect.Type -> []planned
	enums  sync.Map                   // reflect.Type -> []string
}

// rule is what a value has to satisfy.
type rule struct {
	required, sensitive, open bool
	as                        string
	length, value             *bounds
	pattern                   *pattern
	items, keys, values       *rule
}

type bounds struct{ low, high float64 }

func parseBounds(text string) (*bounds, error) {
	low, high, ok := strings.Cut(text, "..")
	b := &bounds{math.Inf(-1), math.Inf(1)}
	var err error
	if low != "" {
		b.low, err = strconv.ParseFloat(low, 64)
	}
	if high != "" && err == nil {
		b.high, err = strconv.ParseFloat(high, 64)
	}
	if !ok || err != nil || b.low > b.high {
		return nil, fmt.Errorf("%q are no bounds", text)
	}
	return b, nil
}

func parseConstraints(text string) (*constraints, error) {
	c := &constraints{shapes: map[string]map[string]rule{}, order: map[string][]string{}}
	named := map[string]*rule{}
	var shape string
	lines := bufio.NewScanner(strings.NewReader(text))
	for number := 1; lines.Scan(); number++ {
		line := lines.Text()
		trimmed := strings.TrimSpace(line)
		name, rest, _ := strings.Cut(trimmed, " ")
		rest = strings.TrimSpace(rest)
		var err error
		switch definition, isRule := strings.CutPrefix(rest, "= "); {
		case trimmed == "", strings.HasPrefix(trimmed, "#"):
		case isRule:
			err = define(named, name, strings.TrimSpace(definition))
		case line == trimmed && rest == "":
			shape = name
			if c.shapes[shape] != nil {
				err = fmt.Errorf("%s is said twice", shape)
			}
			c.shapes[shape] = map[string]rule{}
		case line == trimmed || shape == "":
			err = fmt.Errorf("%q is neither a rule, a structure nor a member", line)
		default:
			if _, known := c.shapes[shape][name]; known {
				err = fmt.Errorf("%s.%s is said twice", shape, name)
				break
			}
			var r rule
			r, err = parseRule(named, rest)
			c.shapes[shape][name] = r
			c.order[shape] = append(c.order[shape], name)
		}
		if err != nil {
			return nil, fmt.Errorf("constraints, line %d: %w", number, err)
		}
	}
	for name, r := range named {
		if reflect.ValueOf(*r).IsZero() {
			return nil, fmt.Errorf("constraints: rule %s is used but not said", name)
		}
	}
	return c, lines.Err()
}

// ruleNamed is the rule of that name, which may be defined further below.
func ruleNamed(named map[string]*rule, name string) *rule {
	if named[name] == nil {
		named[name] = &rule{}
	}
	return named[name]
}

func define(named map[string]*rule, name, text string) error {
	r, err := parseRule(named, text)
	if err != nil {
		return err
	}
	if target := ruleNamed(named, name); reflect.ValueOf(*target).IsZero() {
		*target = r
		return nil
	}
	return fmt.Errorf("rule %s is said twice", name)
}

func parseRule(named map[string]*rule, text string) (r rule, err error) {
	text, pattern, hasPattern := strings.Cut(" "+text, " pattern ")
	words := strings.Fields(text)
	next := func() string {
		if len(words) == 0 {
			return ""
		}
		word := words[0]
		words = words[1:]
		return word
	}
	for len(words) > 0 && err == nil {
		switch word := next(); word {
		case "required":
			r.required = true
		case "sensitive":
			r.sensitive = true
		case "open":
			r.open = true
		case "length":
			r.length, err = parseBounds(next())
		case "range":
			r.value, err = parseBounds(next())
		case "items":
			r.items = ruleNamed(named, next())
		case "keys":
			r.keys = ruleNamed(named, next())
		case "values":
			r.values = ruleNamed(named, next())
		case "as":
			r.as = next()
		default:
			all := ruleNamed(named, word)
			if reflect.ValueOf(*all).IsZero() {
				return r, fmt.Errorf("rule %s is not said above", word)
			}
			required, as := r.required, r.as
			r = *all
			r.required, r.as = required, as
		}
	}
	if hasPattern {
		r.pattern = newPattern(pattern)
	}
	return r, err
}

// planned is a member of a structure with its rule.
type planned struct {
	field
	rule
}

// plan is what to look at in a structure of the SDK.
func (c *constraints) plan(s *shapes, typ reflect.Type) []planned {
	if known, ok := c.plans.Load(typ); ok {
		return known.([]planned)
	}
	var plan []planned
	members := c.shapes[typ.Name()]
	for _, f := range s.fieldsOf(typ, s.schemaOf(typ)) {
		p := planned{field: f, rule: members[f.goName]}
		if p.as == "" {
			p.as = lowerFirst(f.goName)
		}
		plan = append(plan, p)
	}
	said := c.membersOf(typ)
	slices.SortFunc(plan, func(a, b planned) int { return slices.Index(said, a.goName) - slices.Index(said, b.goName) })
	c.plans.Store(typ, plan)
	return plan
}

// CheckConstraints says whether the constraints of the service name only what
// the inputs of its operations have, each to what its kind can have, and
// whether every pattern is one that this program understands. The handler takes
// all of this as given.
func (s Service) CheckConstraints() error {
	c, err := parseConstraints(s.Constraints)
	if err != nil {
		return fmt.Errorf("%s: %w", s.Name, err)
	}
	seen := map[string]reflect.Type{}
	for _, op := range s.Operations {
		reach(reflect.TypeOf(op.input()), seen)
	}
	for shape, members := range c.shapes {
		typ := seen[shape]
		if typ == nil {
			return fmt.Errorf("%s: no input has a %s", s.Name, shape)
		}
		for member, r := range members {
			f, ok := typ.FieldByName(member)
			if !ok {
				return fmt.Errorf("%s: %s has no %s", s.Name, shape, member)
			}
			if err := r.fits(f.Type); err != nil {
				return fmt.Errorf("%s: %s.%s: %w", s.Name, shape, member, err)
			}
		}
	}
	return nil
}

// reach collects the structures that a value can hold, by name.
func reach(typ reflect.Type, seen map[string]reflect.Type) {
	switch typ.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Map:
		reach(typ.Elem(), seen)
	case reflect.Struct:
		if seen[typ.Name()] != nil || typ == timeType || typ == metadataType {
			return
		}
		seen[typ.Name()] = typ
		for i := range typ.NumField() {
			reach(typ.Field(i).Type, seen)
		}
	}
}

// fits says whether a rule makes sense for a type.
func (r *rule) fits(typ reflect.Type) error {
	if r == nil {
		return nil
	}
	if typ.Kind() == reflect.Pointer {
		typ = typ.Elem()
	}
	if r.pattern != nil {
		if err := r.pattern.check(); err != nil {
			return err
		}
	}
	kind := typ.Kind()
	isText, isList, isMap := kind == reflect.String, kind == reflect.Slice && typ != bytesType, kind == reflect.Map
	isNumber := kind >= reflect.Int && kind <= reflect.Float64
	switch {
	case r.pattern != nil && !isText, r.length != nil && !isText && !isList && !isMap && typ != bytesType,
		r.value != nil && !isNumber, r.items != nil && !isList, (r.keys != nil || r.values != nil) && !isMap:
		return fmt.Errorf("the rule does not fit a %s", typ)
	case isList:
		return r.items.fits(typ.Elem())
	case isMap:
		if err := r.keys.fits(typ.Key()); err != nil {
			return err
		}
		return r.values.fits(typ.Elem())
	}
	return nil
}
