package provider

import (
	"fmt"
	"math"
	"reflect"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/archive"
)

// decode sets the fields of v, a struct of o's type, from m. What m has beyond
// o is left alone: Check has refused it, or it is an output of an older state.
func (o *object) decode(m resource.PropertyMap, v reflect.Value, path string) error {
	for _, f := range o.fields {
		p, ok := m[resource.PropertyKey(f.name)]
		if !ok || p.IsNull() {
			continue
		}
		if err := f.decode(p, v.FieldByIndex(f.index), join(path, f.name)); err != nil {
			return err
		}
	}
	return nil
}

func (f *field) decode(p resource.PropertyValue, v reflect.Value, path string) error {
	if p.IsComputed() || p.IsOutput() {
		return fmt.Errorf("%s: not known yet", path)
	}
	if f.ptr {
		v.Set(reflect.New(v.Type().Elem()))
		v = v.Elem()
	}
	wrong := func() error { return fmt.Errorf("%s: must be %s, is %s", path, f.kind, p.TypeString()) }
	switch f.kind {
	case kString:
		if !p.IsString() {
			return wrong()
		}
		v.SetString(p.StringValue())
	case kBool:
		if !p.IsBool() {
			return wrong()
		}
		v.SetBool(p.BoolValue())
	case kInt:
		if !p.IsNumber() || p.NumberValue() != math.Trunc(p.NumberValue()) {
			return wrong()
		}
		v.SetInt(int64(p.NumberValue()))
	case kFloat:
		if !p.IsNumber() {
			return wrong()
		}
		v.SetFloat(p.NumberValue())
	case kList:
		if !p.IsArray() {
			return wrong()
		}
		list := reflect.MakeSlice(v.Type(), len(p.ArrayValue()), len(p.ArrayValue()))
		for i, e := range p.ArrayValue() {
			if e.IsNull() {
				continue
			}
			if err := f.elem.decode(e, list.Index(i), fmt.Sprintf("%s[%d]", path, i)); err != nil {
				return err
			}
		}
		v.Set(list)
	case kMap:
		if !p.IsObject() {
			return wrong()
		}
		m := reflect.MakeMap(v.Type())
		for k, e := range p.ObjectValue() {
			if internal(k) {
				continue
			}
			elem := reflect.New(v.Type().Elem()).Elem()
			if err := f.elem.decode(e, elem, join(path, string(k))); err != nil {
				return err
			}
			m.SetMapIndex(reflect.ValueOf(string(k)), elem)
		}
		v.Set(m)
	case kObject:
		if !p.IsObject() {
			return wrong()
		}
		return f.obj.decode(p.ObjectValue(), v, path)
	case kArchive:
		if !p.IsArchive() {
			return wrong()
		}
		v.Set(reflect.ValueOf(p.ArchiveValue()))
	}
	return nil
}

// encode is v, a struct of o's type, as properties.
func (o *object) encode(v reflect.Value) resource.PropertyMap {
	m := resource.PropertyMap{}
	for _, f := range o.fields {
		fv := v.FieldByIndex(f.index)
		if f.omitempty && fv.IsZero() {
			continue
		}
		if p := f.encode(fv); !p.IsNull() {
			m[resource.PropertyKey(f.name)] = p
		}
	}
	return m
}

func (f *field) encode(v reflect.Value) resource.PropertyValue {
	if f.kind == kArchive {
		if v.IsNil() {
			return resource.NewNullProperty()
		}
		return resource.NewArchiveProperty(v.Interface().(*archive.Archive))
	}
	if f.ptr {
		if v.IsNil() {
			return resource.NewNullProperty()
		}
		v = v.Elem()
	}
	switch f.kind {
	case kString:
		return resource.NewStringProperty(v.String())
	case kBool:
		return resource.NewBoolProperty(v.Bool())
	case kInt:
		return resource.NewNumberProperty(float64(v.Int()))
	case kFloat:
		return resource.NewNumberProperty(v.Float())
	case kList:
		if v.IsNil() {
			return resource.NewNullProperty()
		}
		list := make([]resource.PropertyValue, v.Len())
		for i := range list {
			list[i] = f.elem.encode(v.Index(i))
		}
		return resource.NewArrayProperty(list)
	case kMap:
		if v.IsNil() {
			return resource.NewNullProperty()
		}
		m := resource.PropertyMap{}
		for it := v.MapRange(); it.Next(); {
			m[resource.PropertyKey(it.Key().String())] = f.elem.encode(it.Value())
		}
		return resource.NewObjectProperty(m)
	default:
		return resource.NewObjectProperty(f.obj.encode(v))
	}
}

// internal says that a key is Pulumi's own (`__defaults`, `__internal`).
func internal(k resource.PropertyKey) bool {
	return len(k) > 1 && k[0] == '_' && k[1] == '_'
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}
