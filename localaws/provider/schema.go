package provider

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/archive"
)

// A resource type's properties are the fields of a Go struct, tagged
//
//	prop:"name,option,…"
//
// with the property's name in Pulumi and these options:
//
//	required   must be given
//	out        output only: AWS makes it
//	computed   may be given; otherwise AWS makes it
//	replace    a change replaces the resource
//	default=V  value where none is given, as terraform-provider-aws defaults it
//	auto=N     the name: made from the resource's where none is given, at most N long
//	lower      (of auto) in lower case
//	set        a list whose order means nothing
//	json       a string holding a JSON document, compared as such
//	policy     like json, compared as an IAM policy document
//	decimal    a string holding a number, compared as such
//	keep       AWS never tells it: outputs repeat the input
//	changes    (of out, computed) an update may change it: unknown in its preview
//	omitempty  absent from the outputs while zero
//
// Field types: string, bool, int64, float64, pointers to those, string maps,
// slices, structs and pointers to them, *archive.Archive. A pointer that is
// nil is a property that is absent.
type object struct {
	goType reflect.Type
	fields []*field
	byName map[string]*field
}

type field struct {
	name  string
	index []int
	kind  kind
	elem  *field  // of a list or map
	obj   *object // of an object
	goTyp reflect.Type
	ptr   bool

	required, output, computed, replace, set, keep, changes, omitempty bool

	doc  document
	def  any // string, bool, float64
	auto *autoname
}

type autoname struct {
	max   int
	lower bool
}

type kind int

const (
	kString kind = iota
	kBool
	kInt
	kFloat
	kList
	kMap
	kObject
	kArchive
)

func (k kind) String() string {
	return [...]string{"a string", "a boolean", "an integer", "a number", "a list", "a map", "an object", "an archive"}[k]
}

// document is what a string property holds.
type document int

const (
	plainText document = iota
	jsonDocument
	policyDocument
	decimalText
)

// objectOf reads the tags of t, a struct. It panics on a tag that says nothing
// sensible: tags are part of the program.
func objectOf(t reflect.Type) *object {
	o := &object{goType: t, byName: map[string]*field{}}
	for i := range t.NumField() {
		sf := t.Field(i)
		if sf.Anonymous {
			for _, f := range objectOf(sf.Type).fields {
				f.index = append([]int{i}, f.index...)
				o.add(f)
			}
			continue
		}
		tag, ok := sf.Tag.Lookup("prop")
		if !ok {
			continue
		}
		f := fieldOf(sf.Type)
		f.index = []int{i}
		f.options(t, tag)
		o.add(f)
	}
	return o
}

func (o *object) add(f *field) {
	o.fields = append(o.fields, f)
	o.byName[f.name] = f
}

func fieldOf(t reflect.Type) *field {
	f := &field{goTyp: t}
	if t == reflect.TypeFor[*archive.Archive]() {
		f.kind = kArchive
		return f
	}
	if t.Kind() == reflect.Pointer {
		f.ptr = true
		t = t.Elem()
	}
	switch t.Kind() {
	case reflect.String:
		f.kind = kString
	case reflect.Bool:
		f.kind = kBool
	case reflect.Int64:
		f.kind = kInt
	case reflect.Float64:
		f.kind = kFloat
	case reflect.Slice:
		f.kind, f.elem = kList, fieldOf(t.Elem())
	case reflect.Map:
		f.kind, f.elem = kMap, fieldOf(t.Elem())
	case reflect.Struct:
		f.kind, f.obj = kObject, objectOf(t)
	default:
		panic(fmt.Sprintf("no property can be a %s", t))
	}
	return f
}

func (f *field) options(owner reflect.Type, tag string) {
	parts := strings.Split(tag, ",")
	f.name = parts[0]
	for _, p := range parts[1:] {
		key, value, _ := strings.Cut(p, "=")
		switch key {
		case "required":
			f.required = true
		case "out":
			f.output = true
		case "computed":
			f.computed = true
		case "replace":
			f.replace = true
		case "set":
			f.set = true
		case "json":
			f.doc = jsonDocument
		case "policy":
			f.doc = policyDocument
		case "decimal":
			f.doc = decimalText
		case "keep":
			f.keep = true
		case "changes":
			f.changes = true
		case "omitempty":
			f.omitempty = true
		case "default":
			f.def = f.parse(value)
		case "auto":
			n, err := strconv.Atoi(value)
			if err != nil {
				panic(err)
			}
			f.auto = &autoname{max: n}
			f.computed = true
		case "lower":
			f.auto.lower = true
		default:
			panic(fmt.Sprintf("%s.%s: unknown option %q", owner, f.name, p))
		}
	}
}

func (f *field) parse(value string) any {
	switch f.kind {
	case kBool:
		return value == "true"
	case kInt, kFloat:
		n, err := strconv.ParseFloat(value, 64)
		if err != nil {
			panic(err)
		}
		return n
	default:
		return value
	}
}
