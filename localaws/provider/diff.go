package provider

import (
	"maps"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

// differ compares what a resource is (the outputs in the engine's state) with
// what it should be (checked inputs).
type differ struct {
	detailed map[string]*pulumirpc.PropertyDiff
	paths    map[string]resource.PropertyPath
}

func newDiffer() *differ {
	return &differ{detailed: map[string]*pulumirpc.PropertyDiff{}, paths: map[string]resource.PropertyPath{}}
}

func (d *differ) add(path resource.PropertyPath, kind pulumirpc.PropertyDiff_Kind, replace bool) {
	if replace {
		switch kind {
		case pulumirpc.PropertyDiff_ADD:
			kind = pulumirpc.PropertyDiff_ADD_REPLACE
		case pulumirpc.PropertyDiff_DELETE:
			kind = pulumirpc.PropertyDiff_DELETE_REPLACE
		default:
			kind = pulumirpc.PropertyDiff_UPDATE_REPLACE
		}
	}
	key := path.String()
	d.detailed[key] = &pulumirpc.PropertyDiff{Kind: kind}
	d.paths[key] = slices.Clone(path)
}

func replaces(k pulumirpc.PropertyDiff_Kind) bool {
	return k == pulumirpc.PropertyDiff_ADD_REPLACE || k == pulumirpc.PropertyDiff_DELETE_REPLACE || k == pulumirpc.PropertyDiff_UPDATE_REPLACE
}

func (d *differ) object(o *object, old, new resource.PropertyMap, path resource.PropertyPath, replace bool) {
	for _, f := range o.fields {
		if f.output && f.name != "tagsAll" {
			continue
		}
		key := resource.PropertyKey(f.name)
		d.value(f, old[key], new[key], append(slices.Clone(path), f.name), replace || f.replace)
	}
}

func (d *differ) value(f *field, old, new resource.PropertyValue, path resource.PropertyPath, replace bool) {
	switch {
	case new.IsComputed() || new.IsOutput():
		d.add(path, pulumirpc.PropertyDiff_UPDATE, replace)
	case absent(new):
		// Nothing said: what AWS makes stays, anything else goes.
		if !f.computed && !f.output && !f.isDefault(old) {
			d.add(path, pulumirpc.PropertyDiff_DELETE, replace)
		}
	case absent(old):
		if !f.isDefault(new) {
			d.add(path, pulumirpc.PropertyDiff_ADD, replace)
		}
	case f.kind == kObject && old.IsObject() && new.IsObject():
		d.object(f.obj, old.ObjectValue(), new.ObjectValue(), path, replace)
	case f.kind == kMap && old.IsObject() && new.IsObject():
		d.entries(f, old.ObjectValue(), new.ObjectValue(), path, replace)
	case f.kind == kList && old.IsArray() && new.IsArray():
		d.list(f, old.ArrayValue(), new.ArrayValue(), path, replace)
	case f.kind == kString && old.IsString() && new.IsString():
		if !f.doc.same(old.StringValue(), new.StringValue()) {
			d.add(path, pulumirpc.PropertyDiff_UPDATE, replace)
		}
	case f.kind == kArchive && old.IsArchive() && new.IsArchive():
		if old.ArchiveValue().Hash != new.ArchiveValue().Hash {
			d.add(path, pulumirpc.PropertyDiff_UPDATE, replace)
		}
	case !old.DeepEquals(new):
		d.add(path, pulumirpc.PropertyDiff_UPDATE, replace)
	}
}

func (d *differ) entries(f *field, old, new resource.PropertyMap, path resource.PropertyPath, replace bool) {
	keys := map[resource.PropertyKey]bool{}
	for k := range old {
		keys[k] = true
	}
	for k := range new {
		keys[k] = true
	}
	for _, k := range slices.Sorted(maps.Keys(keys)) {
		if internal(k) {
			continue
		}
		at := append(slices.Clone(path), string(k))
		o, inOld := old[k]
		n, inNew := new[k]
		switch { // a key with an empty value is not the same as no key
		case !inNew:
			d.add(at, pulumirpc.PropertyDiff_DELETE, replace)
		case !inOld:
			d.add(at, pulumirpc.PropertyDiff_ADD, replace)
		default:
			d.value(f.elem, o, n, at, replace)
		}
	}
}

func (d *differ) list(f *field, old, new []resource.PropertyValue, path resource.PropertyPath, replace bool) {
	if f.set {
		old, new = withoutCommon(f.elem, old, new)
	}
	for i := range max(len(old), len(new)) {
		at := append(slices.Clone(path), i)
		switch {
		case i >= len(new):
			d.add(at, pulumirpc.PropertyDiff_DELETE, replace)
		case i >= len(old):
			d.add(at, pulumirpc.PropertyDiff_ADD, replace)
		default:
			d.value(f.elem, old[i], new[i], at, replace)
		}
	}
}

// withoutCommon leaves of two sets what only one of them has.
func withoutCommon(elem *field, old, new []resource.PropertyValue) (onlyOld, onlyNew []resource.PropertyValue) {
	taken := make([]bool, len(old))
	for _, n := range new {
		i := slices.IndexFunc(old, func(o resource.PropertyValue) bool { return elem.equal(o, n) })
		for i >= 0 && taken[i] {
			next := slices.IndexFunc(old[i+1:], func(o resource.PropertyValue) bool { return elem.equal(o, n) })
			if next < 0 {
				i = -1
				break
			}
			i += 1 + next
		}
		if i < 0 {
			onlyNew = append(onlyNew, n)
			continue
		}
		taken[i] = true
	}
	for i, o := range old {
		if !taken[i] {
			onlyOld = append(onlyOld, o)
		}
	}
	return onlyOld, onlyNew
}

func (f *field) equal(a, b resource.PropertyValue) bool {
	d := newDiffer()
	d.value(f, a, b, resource.PropertyPath{"x"}, false)
	return len(d.detailed) == 0
}

func absent(v resource.PropertyValue) bool { return v.V == nil }

// isDefault says that a value is what a property has that nobody set: its
// default, or, as for Terraform, the zero of its type.
func (f *field) isDefault(v resource.PropertyValue) bool {
	switch {
	case absent(v):
		return true
	case f.def != nil:
		return v.DeepEquals(resource.NewPropertyValue(f.def))
	case v.IsString():
		return v.StringValue() == ""
	case v.IsBool():
		return !v.BoolValue()
	case v.IsNumber():
		return v.NumberValue() == 0
	case v.IsArray():
		return len(v.ArrayValue()) == 0
	case v.IsObject() && f.kind == kObject:
		for k, e := range v.ObjectValue() {
			if g, ok := f.obj.byName[string(k)]; ok && !g.output && !g.computed && !g.isDefault(e) {
				return false
			}
		}
		return f.ptr
	case v.IsObject():
		return len(v.ObjectValue()) == 0
	}
	return false
}

// ignore drops the differences under the given property paths.
func (d *differ) ignore(changes []string) {
	for _, c := range changes {
		pattern, err := resource.ParsePropertyPath(c)
		if err != nil {
			pattern = resource.PropertyPath{c}
		}
		for key, path := range d.paths {
			if pattern.Contains(path) {
				delete(d.paths, key)
				delete(d.detailed, key)
			}
		}
	}
}

// response is the engine's answer. chosenName says that the resource's name
// was given by the program: then two of them cannot be at a time.
func (d *differ) response(o *object, olds, news resource.PropertyMap) *pulumirpc.DiffResponse {
	r := &pulumirpc.DiffResponse{
		HasDetailedDiff: true,
		DetailedDiff:    d.detailed,
		Changes:         pulumirpc.DiffResponse_DIFF_NONE,
	}
	top := map[string]bool{}
	for key, path := range d.paths {
		name, _ := path[0].(string)
		if replaces(d.detailed[key].Kind) {
			r.Replaces = append(r.Replaces, name)
		}
		top[name] = true
		r.Changes = pulumirpc.DiffResponse_DIFF_SOME
	}
	r.Diffs = slices.Sorted(maps.Keys(top))
	slices.Sort(r.Replaces)
	r.Replaces = slices.Compact(r.Replaces)
	if len(r.Replaces) > 0 {
		r.DeleteBeforeReplace = o.deleteBeforeReplace(olds, news)
	}
	return r
}

// deleteBeforeReplace: a name that the program chose, and that stays, is taken
// as long as the old resource is there.
func (o *object) deleteBeforeReplace(olds, news resource.PropertyMap) bool {
	for _, f := range o.fields {
		if f.auto == nil {
			continue
		}
		key := resource.PropertyKey(f.name)
		return !wasDefaulted(news, f.name) && olds[key].DeepEquals(news[key])
	}
	return false
}

// stables are the outputs that an update leaves as they are.
func (o *object) stables() []string {
	names := []string{"id"}
	for _, f := range o.fields {
		if (f.output || f.computed) && !f.changes && !strings.HasPrefix(f.name, "tags") {
			names = append(names, f.name)
		}
	}
	return names
}
