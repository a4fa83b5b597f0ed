package wire

import (
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// validation walks an input against the constraints of its service.
type validation struct {
	rules  *constraints
	shapes *shapes
	found  Violations
	err    error
}

// place is where in a request a value stands.
type place struct {
	in    *place
	name  string // in the words of the API
	shown string // in AWS's messages
}

func (p *place) path() []string {
	if p == nil {
		return nil
	}
	return append(p.in.path(), p.name)
}

func (p *place) member() string {
	if p.in == nil {
		return p.shown
	}
	return p.in.member() + "." + p.shown
}

// entry is the place of an entry of a list or map.
func (p *place) entry(name string) *place { return &place{p, name, name + ".member"} }

// validate finds what the model does not allow. tree is the request's body
// where it is one, else nil: it tells an empty text from none.
func (s *shapes) validate(c *constraints, input reflect.Value, tree any) (Violations, error) {
	v := &validation{rules: c, shapes: s}
	v.structure(input, tree, nil)
	return v.found, v.err
}

func (v *validation) structure(of reflect.Value, node any, in *place) {
	members, _ := node.(map[string]any)
	for _, p := range v.rules.plan(v.shapes, of.Type()) {
		value := of.Field(p.index)
		at := &place{in, p.goName, p.as}
		if absent(value, members, p.field) {
			if p.required {
				v.add(at, p.rule, Violation{Must: "Member must not be null", Kind: Required})
			}
			continue
		}
		v.value(reflect.Indirect(value), memberOf(members, p.field), p.rule, at)
	}
}

// absent says whether a request does not name a member. An enumeration and some
// numbers are no pointers in the SDK: there the body has to tell.
func absent(value reflect.Value, members map[string]any, f field) bool {
	switch value.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Map, reflect.Interface:
		return value.IsNil()
	}
	return value.IsZero() && memberOf(members, f) == nil
}

// memberOf is what a body says of a member.
func memberOf(members map[string]any, f field) any {
	if said, ok := members[f.name]; ok {
		return said
	}
	for name, said := range members {
		if strings.EqualFold(name, f.name) || strings.EqualFold(name, f.goName) {
			return said
		}
	}
	return nil
}

func (v *validation) add(at *place, r rule, one Violation) {
	one.Path, one.Member, one.Hidden = at.path(), at.member(), r.sensitive
	v.found = append(v.found, one)
}

func (v *validation) value(of reflect.Value, node any, r rule, at *place) {
	for _, broken := range v.broken(of, &r) {
		broken.Value = v.rules.shown(of)
		v.add(at, r, broken)
	}
	switch of.Kind() {
	case reflect.Struct:
		if of.Type() != timeType {
			v.structure(of, node, at)
		}
	case reflect.Slice:
		if of.Type() != bytesType {
			v.list(of, node, r, at)
		}
	case reflect.Map:
		v.table(of, node, r, at)
	}
}

// list looks at the entries: structures each by itself, plain values together,
// because AWS names only the list.
func (v *validation) list(of reflect.Value, node any, r rule, at *place) {
	nodes, _ := node.([]any)
	items := or(r.items)
	for i := range of.Len() {
		item := reflect.Indirect(of.Index(i))
		if nested(item) {
			var said any
			if i < len(nodes) {
				said = nodes[i]
			}
			v.value(item, said, items, at.entry(strconv.Itoa(i+1)))
			continue
		}
		if broken := v.broken(item, &items); len(broken) > 0 {
			v.add(at, r, Violation{Value: v.rules.shown(of), Entry: v.rules.shown(item), Kind: Entries, Must: "Member must satisfy constraint: " + v.all(item.Type(), items)})
			return
		}
	}
}

// table is the same for a map.
func (v *validation) table(of reflect.Value, node any, r rule, at *place) {
	nodes, _ := node.(map[string]any)
	keys, values := or(r.keys), or(r.values)
	var badKey, badValue *reflect.Value
	for _, key := range sortedKeys(of) {
		value := reflect.Indirect(of.MapIndex(key))
		if len(v.broken(key, &keys)) > 0 {
			badKey = &key
		}
		if nested(value) {
			v.value(value, nodes[key.String()], values, at.entry(key.String()))
			continue
		}
		if len(v.broken(value, &values)) > 0 {
			badValue = &value
		}
	}
	if badKey != nil {
		v.add(at, rule{sensitive: r.sensitive || keys.sensitive}, Violation{
			Value: v.rules.shown(of), Entry: v.rules.shown(*badKey), Kind: Entries, Must: "Map keys must satisfy constraint: " + v.all(of.Type().Key(), keys),
		})
	}
	if badValue != nil {
		v.add(at, rule{sensitive: r.sensitive || values.sensitive}, Violation{
			Value: v.rules.shown(of), Entry: v.rules.shown(*badValue), Kind: Entries, Must: "Map value must satisfy constraint: " + v.all(of.Type().Elem(), values),
		})
	}
}

func or(r *rule) rule {
	if r == nil {
		return rule{}
	}
	return *r
}

func nested(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.Struct:
		return v.Type() != timeType
	case reflect.Slice:
		return v.Type() != bytesType
	}
	return v.Kind() == reflect.Map
}

// broken are the rules that one value itself breaks, without its entries.
func (v *validation) broken(of reflect.Value, r *rule) (out []Violation) {
	say := func(kind Constraint, limit string, must string) {
		out = append(out, Violation{Kind: kind, Limit: limit, Must: "Member must " + must})
	}
	if allowed := v.rules.enum(of.Type()); allowed != nil {
		if !r.open && !slices.Contains(allowed, of.String()) {
			say(Enum, "", "satisfy enum value set: ["+strings.Join(allowed, ", ")+"]")
		}
		return out
	}
	if r.pattern != nil {
		ok, err := r.pattern.matches(of.String())
		if err != nil {
			v.err = err
		}
		if !ok {
			say(Pattern, "", "satisfy regular expression pattern: "+r.pattern.text)
		}
	}
	if r.length != nil {
		n := float64(lengthOf(of))
		if n < r.length.low {
			say(MinLength, number(r.length.low, false), atLeast("length", r.length, false))
		}
		if n > r.length.high {
			say(MaxLength, number(r.length.high, false), atMost("length", r.length, false))
		}
	}
	if r.value != nil {
		n, float := numberOf(of), of.CanFloat()
		if n < r.value.low {
			say(MinValue, number(r.value.low, float), atLeast("value", r.value, float))
		}
		if n > r.value.high {
			say(MaxValue, number(r.value.high, float), atMost("value", r.value, float))
		}
	}
	return out
}

// all are the rules of a list's or map's entries, as AWS lists them whichever
// is broken.
func (v *validation) all(typ reflect.Type, r rule) string {
	var out []string
	if r.length != nil {
		out = append(out, bothBounds("length", r.length, false)...)
	}
	if r.value != nil {
		out = append(out, bothBounds("value", r.value, typ.Kind() == reflect.Float64 || typ.Kind() == reflect.Float32)...)
	}
	if r.pattern != nil {
		out = append(out, "Member must satisfy regular expression pattern: "+r.pattern.text)
	}
	if allowed := v.rules.enum(typ); allowed != nil {
		out = append(out, "Member must satisfy enum value set: ["+strings.Join(allowed, ", ")+"]")
	}
	return "[" + strings.Join(append(out, "Member must not be null"), ", ") + "]"
}

func bothBounds(what string, b *bounds, float bool) (out []string) {
	if !math.IsInf(b.high, 1) {
		out = append(out, "Member must "+atMost(what, b, float))
	}
	if !math.IsInf(b.low, -1) {
		out = append(out, "Member must "+atLeast(what, b, float))
	}
	return out
}

func atLeast(what string, b *bounds, float bool) string {
	return "have " + what + " greater than or equal to " + number(b.low, float)
}

func atMost(what string, b *bounds, float bool) string {
	return "have " + what + " less than or equal to " + number(b.high, float)
}

// enum are the values of an enumeration, or nil for another type.
func (c *constraints) enum(typ reflect.Type) []string {
	if typ.Kind() != reflect.String || typ.PkgPath() == "" {
		return nil
	}
	if known, ok := c.enums.Load(typ); ok {
		return known.([]string)
	}
	values := enumOf(typ)
	slices.Reverse(values)
	slices.SortStableFunc(values, func(a, b string) int { return bucket(a) - bucket(b) })
	c.enums.Store(typ, values)
	return values
}

// bucket orders the values of an enumeration as AWS's messages do: as they lie
// in a hash table of Java's with 32 buckets, in one bucket the last first.
func bucket(text string) int {
	hash := uint32(0)
	for _, r := range text {
		hash = 31*hash + uint32(r) //nolint:gosec // a rune is not negative
	}
	return int(hash & 31)
}

// enumOf are the values of an enumeration, or nil for another type.
func enumOf(typ reflect.Type) []string {
	if typ.Kind() != reflect.String || typ.PkgPath() == "" {
		return nil
	}
	method := reflect.Zero(typ).MethodByName("Values")
	if !method.IsValid() {
		return nil
	}
	values := method.Call(nil)[0]
	out := make([]string, values.Len())
	for i := range out {
		out[i] = values.Index(i).String()
	}
	return out
}

func lengthOf(of reflect.Value) int {
	if of.Kind() == reflect.String {
		return utf8.RuneCountInString(of.String())
	}
	return of.Len()
}

func numberOf(of reflect.Value) float64 {
	if of.CanInt() {
		return float64(of.Int())
	}
	return of.Float()
}
