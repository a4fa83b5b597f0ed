package provider

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

// defaultsKey lists, in checked inputs, the properties that were not given, as
// the real provider keeps it: it tells a name that was made from one that was
// chosen.
const defaultsKey = resource.PropertyKey("__defaults")

// checker goes through a resource's inputs and puts types right and defaults
// in. What is not handled it lets pass: between Check and everything else the
// engine asks the policy packs, and a policy must be able to speak of what this
// provider does not do (a Glue crawler, dynamic partitioning). See unhandled.
type checker struct {
	failures []*pulumirpc.CheckFailure
}

func (c *checker) fail(path, reason string, args ...any) {
	c.failures = append(c.failures, &pulumirpc.CheckFailure{Property: path, Reason: fmt.Sprintf(reason, args...)})
}

func (c *checker) object(o *object, in resource.PropertyMap, path string) resource.PropertyMap {
	out := resource.PropertyMap{}
	for _, k := range in.StableKeys() {
		v := in[k]
		if internal(k) || v.IsNull() {
			continue
		}
		f, ok := o.byName[string(k)]
		if !ok || f.output {
			out[k] = v // refused later, see unhandled
			continue
		}
		out[k] = c.value(f, v, join(path, string(k)))
	}
	var defaulted []string
	for _, f := range o.fields {
		if _, ok := out[resource.PropertyKey(f.name)]; ok || f.output {
			continue
		}
		switch {
		case f.required:
			c.fail(join(path, f.name), "missing required property %q", f.name)
		case f.def != nil:
			out[resource.PropertyKey(f.name)] = resource.NewPropertyValue(f.def)
			defaulted = append(defaulted, f.name)
		}
	}
	if path == "" {
		out[defaultsKey] = stringList(defaulted)
	}
	return out
}

// unhandled are the paths of the inputs that this provider does not act on.
func (o *object) unhandled(in resource.PropertyMap, path string) []string {
	var paths []string
	for _, k := range in.StableKeys() {
		v := in[k]
		if internal(k) || v.IsNull() || path == "" && k == "tagsAll" {
			continue
		}
		f, ok := o.byName[string(k)]
		at := join(path, string(k))
		switch {
		case !ok || f.output:
			paths = append(paths, at)
		case f.kind == kObject && v.IsObject():
			paths = append(paths, f.obj.unhandled(v.ObjectValue(), at)...)
		case f.kind == kList && f.elem.kind == kObject && v.IsArray():
			for i, e := range v.ArrayValue() {
				if e.IsObject() {
					paths = append(paths, f.elem.obj.unhandled(e.ObjectValue(), fmt.Sprintf("%s[%d]", at, i))...)
				}
			}
		}
	}
	return paths
}

func (c *checker) value(f *field, v resource.PropertyValue, path string) resource.PropertyValue {
	if v.IsComputed() || v.IsOutput() {
		return resource.MakeComputed(resource.NewStringProperty(""))
	}
	switch f.kind {
	case kString:
		switch {
		case v.IsString():
			return v
		case v.IsNumber():
			return resource.NewStringProperty(strconv.FormatFloat(v.NumberValue(), 'f', -1, 64))
		case v.IsBool():
			return resource.NewStringProperty(strconv.FormatBool(v.BoolValue()))
		case (f.doc == jsonDocument || f.doc == policyDocument) && (v.IsObject() || v.IsArray()):
			return c.document(v, path)
		}
	case kBool:
		if v.IsBool() {
			return v
		}
		if v.IsString() {
			if b, err := strconv.ParseBool(v.StringValue()); err == nil {
				return resource.NewBoolProperty(b)
			}
		}
	case kInt, kFloat:
		n, ok := number(v)
		if ok && (f.kind == kFloat || n == math.Trunc(n)) {
			return resource.NewNumberProperty(n)
		}
	case kList:
		if v.IsArray() {
			list := make([]resource.PropertyValue, 0, len(v.ArrayValue()))
			for i, e := range v.ArrayValue() {
				if e.IsNull() {
					continue
				}
				list = append(list, c.value(f.elem, e, fmt.Sprintf("%s[%d]", path, i)))
			}
			return resource.NewArrayProperty(list)
		}
	case kMap:
		if v.IsObject() {
			m := resource.PropertyMap{}
			for _, k := range v.ObjectValue().StableKeys() {
				if e := v.ObjectValue()[k]; !internal(k) && !e.IsNull() {
					m[k] = c.value(f.elem, e, join(path, string(k)))
				}
			}
			return resource.NewObjectProperty(m)
		}
	case kObject:
		if v.IsObject() {
			return resource.NewObjectProperty(c.object(f.obj, v.ObjectValue(), path))
		}
	case kArchive:
		if v.IsArchive() {
			return v
		}
	}
	c.fail(path, "must be %s, is %s", f.kind, v.TypeString())
	return v
}

func number(v resource.PropertyValue) (float64, bool) {
	if v.IsNumber() {
		return v.NumberValue(), true
	}
	if v.IsString() {
		n, err := strconv.ParseFloat(v.StringValue(), 64)
		return n, err == nil
	}
	return 0, false
}

// document turns a JSON document given as a value into its text.
func (c *checker) document(v resource.PropertyValue, path string) resource.PropertyValue {
	if v.ContainsUnknowns() {
		return resource.MakeComputed(resource.NewStringProperty(""))
	}
	b, err := json.Marshal(v.Mappable())
	if err != nil {
		c.fail(path, "is no JSON document: %v", err)
		return v
	}
	return resource.NewStringProperty(string(b))
}

// name gives the resource the name that it was not given: the one it has, or
// the one the engine proposes, or its logical name with seven hexadecimal
// digits, as the Terraform bridge makes it.
func (c *checker) name(o *object, in, olds resource.PropertyMap, logical string, seed []byte, opts *pulumirpc.CheckRequest_AutonamingOptions) {
	for _, f := range o.fields {
		key := resource.PropertyKey(f.name)
		if _, given := in[key]; given || f.auto == nil {
			continue
		}
		if old, ok := olds[key]; ok && old.IsString() && old.StringValue() != "" && wasDefaulted(olds, f.name) {
			in[key] = old
		} else {
			n, err := f.auto.make(logical, seed, opts)
			if err != nil {
				c.fail(f.name, "%v", err)
				continue
			}
			in[key] = resource.NewStringProperty(n)
		}
		names := append(defaultsOf(in), f.name)
		slices.Sort(names)
		in[defaultsKey] = stringList(names)
	}
}

func (a *autoname) make(logical string, seed []byte, opts *pulumirpc.CheckRequest_AutonamingOptions) (string, error) {
	fit := func(s string) string {
		if a.lower {
			return strings.ToLower(s)
		}
		return s
	}
	switch opts.GetMode() {
	case pulumirpc.CheckRequest_AutonamingOptions_DISABLE:
		return "", fmt.Errorf("automatic naming is disabled: give the resource a name")
	case pulumirpc.CheckRequest_AutonamingOptions_ENFORCE:
		return opts.GetProposedName(), nil
	}
	if p := opts.GetProposedName(); p != "" {
		return fit(p), nil
	}
	n, err := resource.NewUniqueName(seed, fit(logical)+"-", 7, a.max, nil)
	if err != nil {
		return "", fmt.Errorf("make a name: %w", err)
	}
	return n, nil
}

func defaultsOf(m resource.PropertyMap) []string {
	var names []string
	if v, ok := m[defaultsKey]; ok && v.IsArray() {
		for _, e := range v.ArrayValue() {
			if e.IsString() {
				names = append(names, e.StringValue())
			}
		}
	}
	return names
}

func wasDefaulted(m resource.PropertyMap, name string) bool {
	return slices.Contains(defaultsOf(m), name)
}

func stringList(names []string) resource.PropertyValue {
	slices.Sort(names)
	list := make([]resource.PropertyValue, len(names))
	for i, n := range names {
		list[i] = resource.NewStringProperty(n)
	}
	return resource.NewArrayProperty(list)
}

// tagsAll is what a resource with these tags carries: the provider's default
// tags under its own. An unknown tag makes the whole unknown, as in the real
// provider.
func tagsAll(defaults map[string]string, tags resource.PropertyValue) resource.PropertyValue {
	if tags.ContainsUnknowns() {
		return resource.MakeComputed(resource.NewStringProperty(""))
	}
	all := resource.PropertyMap{}
	for k, v := range defaults {
		all[resource.PropertyKey(k)] = resource.NewStringProperty(v)
	}
	if tags.IsObject() {
		maps.Copy(all, tags.ObjectValue())
	}
	return resource.NewObjectProperty(all)
}
