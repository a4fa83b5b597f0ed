package wire

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
)

// shown is a value as AWS's messages repeat it, which is as Java prints it.
func (c *constraints) shown(of reflect.Value) string {
	if of.Kind() == reflect.Pointer {
		if of.IsNil() {
			return "null"
		}
		of = of.Elem()
	}
	switch {
	case of.Type() == timeType:
		return of.Interface().(time.Time).UTC().Format("Mon Jan 02 15:04:05 UTC 2006")
	case of.Type() == bytesType:
		n := strconv.Itoa(of.Len())
		return "java.nio.HeapByteBuffer[pos=0 lim=" + n + " cap=" + n + "]"
	}
	switch of.Kind() {
	case reflect.Slice:
		if of.IsNil() {
			return "null"
		}
		all := make([]string, of.Len())
		for i := range all {
			all[i] = c.shown(of.Index(i))
		}
		return "[" + strings.Join(all, ", ") + "]"
	case reflect.Map:
		if of.IsNil() {
			return "null"
		}
		var all []string
		for _, key := range sortedKeys(of) {
			all = append(all, key.String()+"="+c.shown(of.MapIndex(key)))
		}
		return "{" + strings.Join(all, ", ") + "}"
	case reflect.Struct:
		var all []string
		for _, name := range c.membersOf(of.Type()) {
			value := of.FieldByName(name)
			text := c.shown(value)
			if text == "" && c.enum(value.Type()) != nil { // nobody set it
				text = "null"
			}
			all = append(all, lowerFirst(name)+"="+text)
		}
		return of.Type().Name() + "(" + strings.Join(all, ", ") + ")"
	case reflect.Float32, reflect.Float64:
		return number(of.Float(), true)
	}
	return fmt.Sprint(of.Interface())
}

func sortedKeys(of reflect.Value) []reflect.Value {
	keys := of.MapKeys()
	slices.SortFunc(keys, func(a, b reflect.Value) int { return strings.Compare(a.String(), b.String()) })
	return keys
}

// membersOf are the names of a structure's members: first those that the
// constraints say, in that order.
func (c *constraints) membersOf(typ reflect.Type) []string {
	names := slices.Clone(c.order[typ.Name()])
	for i := range typ.NumField() {
		if f := typ.Field(i); f.IsExported() && !slices.Contains(names, f.Name) {
			names = append(names, f.Name)
		}
	}
	return names
}

// number is one as Java prints it: a float always has a fraction.
func number(n float64, float bool) string {
	text := strconv.FormatFloat(n, 'f', -1, 64)
	if float && !strings.Contains(text, ".") {
		text += ".0"
	}
	return text
}
