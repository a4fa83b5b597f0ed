package provider

import (
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// planned is what a preview says of the outputs: the inputs as they are, and
// unknown what AWS has yet to make. olds are the outputs of the resource that
// is to be updated: what an update leaves alone stays known.
func (o *object) planned(news, olds resource.PropertyMap) resource.PropertyMap {
	out := resource.PropertyMap{}
	for _, f := range o.fields {
		key := resource.PropertyKey(f.name)
		if v, ok := news[key]; ok {
			out[key] = v
			continue
		}
		if !f.output && !f.computed {
			continue
		}
		if old, ok := olds[key]; ok && !f.changes {
			out[key] = old
		} else if olds == nil || f.changes {
			out[key] = resource.MakeComputed(resource.NewStringProperty(""))
		}
	}
	return out
}

// inputsFrom is the inputs that would make a resource what it was found to be:
// the old inputs with the values found, and what was set outside of Pulumi.
// Of an import, which has no old inputs, it is everything that is no default.
func (o *object) inputsFrom(outs, olds resource.PropertyMap, imported bool) resource.PropertyMap {
	in := resource.PropertyMap{}
	for k, v := range olds {
		if internal(k) {
			in[k] = v
		}
	}
	for _, f := range o.fields {
		key := resource.PropertyKey(f.name)
		old, had := olds[key]
		v, has := outs[key]
		switch {
		case f.name == "tagsAll":
			if had || imported {
				in[key] = v
			}
		case f.output:
		case had && f.keep:
			in[key] = old
		case had && has:
			in[key] = f.within(v, old)
		case had && !has && f.isDefault(old):
			in[key] = old
		case has && !f.computed && !f.isDefault(v):
			in[key] = f.settable(v)
		case has && imported && (f.auto != nil || f.required || f.def != nil):
			in[key] = f.settable(v)
		}
	}
	return in
}

// within is the found value v without what AWS added of itself to the given
// value old: computed members that were not given.
func (f *field) within(v, old resource.PropertyValue) resource.PropertyValue {
	if f.doc != plainText && v.IsString() && old.IsString() && f.doc.same(v.StringValue(), old.StringValue()) {
		return old
	}
	switch {
	case f.kind == kObject && v.IsObject() && old.IsObject():
		return resource.NewObjectProperty(f.obj.inputsFrom(v.ObjectValue(), old.ObjectValue(), false))
	case f.kind == kList && v.IsArray() && old.IsArray() && len(v.ArrayValue()) == len(old.ArrayValue()):
		list := make([]resource.PropertyValue, len(v.ArrayValue()))
		for i, e := range v.ArrayValue() {
			list[i] = f.elem.within(e, old.ArrayValue()[i])
		}
		return resource.NewArrayProperty(list)
	default:
		return v
	}
}

// settable is the found value v without its outputs and defaults.
func (f *field) settable(v resource.PropertyValue) resource.PropertyValue {
	switch {
	case f.kind == kObject && v.IsObject():
		return resource.NewObjectProperty(f.obj.inputsFrom(v.ObjectValue(), nil, true))
	case f.kind == kList && v.IsArray():
		list := make([]resource.PropertyValue, len(v.ArrayValue()))
		for i, e := range v.ArrayValue() {
			list[i] = f.elem.settable(e)
		}
		return resource.NewArrayProperty(list)
	default:
		return v
	}
}

// withTagsAll completes inputs that did not go through Check.
func withTagsAll(o *object, in resource.PropertyMap, defaults map[string]string) {
	if _, tagged := o.byName["tagsAll"]; !tagged {
		return
	}
	if _, ok := in["tagsAll"]; !ok {
		in["tagsAll"] = tagsAll(defaults, in["tags"])
	}
}
