package guardrails

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// settingsSpec describes the typed settings of a rule. The zero value stands for
// a rule without any.
type settingsSpec struct {
	defaults any
}

// Setting is one setting of a rule, as the documentation shows it.
type Setting struct {
	Name    string
	Type    string // JSON Schema type
	Default string // as JSON
	Doc     string
}

// specOf takes a struct whose fields carry the tags
//
//	json:"minMiB"        the key in the configuration
//	doc:"…"              one phrase, with the unit
//	min:"1" max:"128"    bounds of a number
//	enum:"A|B"           values of a string, or of a list of strings
func specOf(defaults any) settingsSpec { return settingsSpec{defaults: defaults} }

// Settings decodes the configuration of the rule over its defaults, and takes
// the exceptions out of it. A key that the rule does not have is an error: a
// limit that is misspelt must not be a limit that is ignored.
func (g Guardrail) Settings(config map[string]any) (any, []Exception, error) {
	rest := make(map[string]any, len(config))
	for key, value := range config {
		rest[key] = value
	}
	exceptions, err := exceptionsOf(rest)
	if err != nil {
		return nil, nil, fmt.Errorf("configuration of %s: %w", g.Name, err)
	}
	delete(rest, "exceptions")
	document, err := json.Marshal(rest)
	if err != nil {
		return nil, nil, fmt.Errorf("configuration of %s: %w", g.Name, err)
	}
	defaults := g.settings.defaults
	if defaults == nil {
		defaults = none{}
	}
	settings := reflect.New(reflect.TypeOf(defaults))
	// A copy by way of JSON: decoding over the defaults themselves would write
	// into the arrays behind their slices.
	copied, err := json.Marshal(defaults)
	if err != nil {
		return nil, nil, fmt.Errorf("defaults of %s: %w", g.Name, err)
	}
	if err := json.Unmarshal(copied, settings.Interface()); err != nil {
		return nil, nil, fmt.Errorf("defaults of %s: %w", g.Name, err)
	}
	decoder := json.NewDecoder(bytes.NewReader(document))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(settings.Interface()); err != nil {
		return nil, nil, fmt.Errorf("configuration of %s: %w; its settings are: %s", g.Name, err, strings.Join(g.settingNames(), ", "))
	}
	if err := inBounds(settings.Elem()); err != nil {
		return nil, nil, fmt.Errorf("configuration of %s: %w", g.Name, err)
	}
	return settings.Elem().Interface(), exceptions, nil
}

// inBounds holds settings against the bounds and the words that their tags allow.
// The engine does so by the schema; whoever checks a file without it does it here.
func inBounds(settings reflect.Value) error {
	for i := range settings.NumField() {
		field, value := settings.Type().Field(i), settings.Field(i)
		schema := fieldSchema(field)
		name := settingName(field)
		if value.CanInt() || value.CanFloat() {
			number := value.Convert(reflect.TypeFor[float64]()).Float()
			if low, ok := schema["minimum"].(float64); ok && number < low {
				return fmt.Errorf("%s is %g; it must be at least %g", name, number, low)
			}
			if high, ok := schema["maximum"].(float64); ok && number > high {
				return fmt.Errorf("%s is %g; it must be at most %g", name, number, high)
			}
		}
		words := []reflect.Value{}
		allowed, _ := schema["enum"].([]any)
		switch {
		case value.Kind() == reflect.String:
			words = append(words, value)
		case value.Kind() == reflect.Slice:
			items, _ := schema["items"].(map[string]any)
			allowed, _ = items["enum"].([]any)
			for j := range value.Len() {
				words = append(words, value.Index(j))
			}
		}
		for _, word := range words {
			if len(allowed) > 0 && !slices.Contains(allowed, word.Interface()) {
				return fmt.Errorf("%s has %q; allowed: %v", name, word.Interface(), allowed)
			}
		}
	}
	return nil
}

// Defaults are the settings without any configuration.
func (g Guardrail) Defaults() any {
	if g.settings.defaults == nil {
		return none{}
	}
	return g.settings.defaults
}

// SettingList returns the settings in the order in which the rule declares them.
func (g Guardrail) SettingList() []Setting {
	var list []Setting
	for field, value := range g.fields() {
		encoded, err := json.Marshal(value.Interface())
		if err != nil {
			panic(fmt.Sprintf("default of %s.%s: %v", g.Name, field.Name, err)) // a constant of this package
		}
		schema := fieldSchema(field)
		list = append(list, Setting{
			Name: settingName(field), Type: schema["type"].(string),
			Default: string(encoded), Doc: field.Tag.Get("doc"),
		})
	}
	return list
}

// Schema returns the JSON Schema of the rule's configuration, by property, with
// the defaults. The engine checks a configuration file against it.
func (g Guardrail) Schema() map[string]map[string]any {
	properties := map[string]map[string]any{}
	for field, value := range g.fields() {
		schema := fieldSchema(field)
		schema["default"] = plain(value.Interface())
		properties[settingName(field)] = schema
	}
	if !g.Mends() {
		properties["exceptions"] = exceptionsSchema()
	}
	return properties
}

func (g Guardrail) fields() func(func(reflect.StructField, reflect.Value) bool) {
	return func(yield func(reflect.StructField, reflect.Value) bool) {
		defaults := reflect.ValueOf(g.Defaults())
		for i := range defaults.NumField() {
			if !yield(defaults.Type().Field(i), defaults.Field(i)) {
				return
			}
		}
	}
}

// settingNames are the keys that the rule's configuration may have.
func (g Guardrail) settingNames() []string {
	names := []string{"enforcementLevel"}
	for _, s := range g.SettingList() {
		names = append(names, s.Name)
	}
	if !g.Mends() {
		names = append(names, "exceptions")
	}
	return names
}

func settingName(field reflect.StructField) string {
	name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
	return name
}

func fieldSchema(field reflect.StructField) map[string]any {
	schema := typeSchema(field.Type)
	schema["description"] = field.Tag.Get("doc")
	for tag, keyword := range map[string]string{"min": "minimum", "max": "maximum"} {
		if text, ok := field.Tag.Lookup(tag); ok {
			bound, err := strconv.ParseFloat(text, 64)
			if err != nil {
				panic(fmt.Sprintf("tag %s of %s: %v", tag, field.Name, err)) // a constant of this package
			}
			schema[keyword] = bound
		}
	}
	if text, ok := field.Tag.Lookup("enum"); ok {
		var values []any
		for value := range strings.SplitSeq(text, "|") {
			values = append(values, value)
		}
		if items, ok := schema["items"].(map[string]any); ok {
			items["enum"] = values
		} else {
			schema["enum"] = values
		}
	}
	return schema
}

func typeSchema(t reflect.Type) map[string]any {
	switch t.Kind() {
	case reflect.Bool:
		return map[string]any{"type": "boolean"}
	case reflect.Int, reflect.Int64:
		return map[string]any{"type": "integer"}
	case reflect.Float64:
		return map[string]any{"type": "number"}
	case reflect.String:
		return map[string]any{"type": "string"}
	case reflect.Slice:
		return map[string]any{"type": "array", "items": typeSchema(t.Elem())}
	case reflect.Map:
		return map[string]any{"type": "object", "additionalProperties": typeSchema(t.Elem())}
	}
	panic(fmt.Sprintf("a setting cannot be a %s", t)) // a type of this package
}

// plain turns a default into the types that a protobuf Struct can hold.
func plain(v any) any {
	encoded, err := json.Marshal(v)
	if err != nil {
		panic(err) // a constant of this package
	}
	var decoded any
	if err := json.Unmarshal(encoded, &decoded); err != nil {
		panic(err)
	}
	return decoded
}

// CheckConfig reports what is wrong with a configuration file of the pack. The
// engine checks values against the schemas, but takes the name of a rule that
// does not exist for one that has nothing to say.
func CheckConfig(file []byte) error {
	var config map[string]any
	if err := json.Unmarshal(file, &config); err != nil {
		return fmt.Errorf("configuration of the policy pack: %w", err)
	}
	rules := map[string]Guardrail{}
	for _, g := range All() {
		rules[g.Name] = g
	}
	var errs []error
	for _, name := range slices.Sorted(maps.Keys(config)) {
		settings, isMap := config[name].(map[string]any)
		level, isLevel := config[name].(string)
		if isMap {
			if value, ok := settings["enforcementLevel"]; ok {
				level, isLevel = fmt.Sprint(value), true
			}
		}
		if isLevel && !slices.Contains([]Level{Disabled, Advisory, Mandatory}, Level(level)) {
			errs = append(errs, fmt.Errorf("%s: %q is no level: disabled, advisory or mandatory", name, level))
		}
		if name == "all" {
			continue
		}
		g, ok := rules[name]
		if !ok {
			errs = append(errs, fmt.Errorf("there is no rule %q", name))
			continue
		}
		if isMap {
			rest := maps.Clone(settings)
			delete(rest, "enforcementLevel")
			if _, _, err := g.Settings(rest); err != nil {
				errs = append(errs, err)
			}
		} else if !isLevel {
			errs = append(errs, fmt.Errorf("%s: must be a level or an object", name))
		}
	}
	return errors.Join(errs...)
}
