package guardrails

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"

	"crawlerless/automation/workspace"
	rules "crawlerless/policy/guardrails"
)

// ShowOptions is what `automation guardrails` is asked.
type ShowOptions struct {
	Root  string
	Stage string   // whose levels and settings to show; empty is the defaults
	Rules []string // rules to explain; none lists all
	JSON  bool
}

// UsageError is a wrong argument: a rule or a stage that there is not.
type UsageError struct{ err error }

func (e *UsageError) Error() string { return e.err.Error() }

// Unwrap answers what is wrong.
func (e *UsageError) Unwrap() error { return e.err }

// Shown is a rule as it is in force. Its JSON form is what --json prints.
type Shown struct {
	Name        string         `json:"name"`
	Service     string         `json:"service"`
	Level       string         `json:"level"`
	Description string         `json:"description"`
	Reason      string         `json:"reason"`
	Remedy      string         `json:"remedy,omitempty"`
	Judges      string         `json:"judges"` // "each resource", "the stack", or "nothing: it mends"
	Settings    []ShownSetting `json:"settings"`
	Exceptions  []any          `json:"exceptions,omitempty"`
}

// ShownSetting is one setting with its value in force.
type ShownSetting struct {
	Name    string          `json:"name"`
	Type    string          `json:"type"`
	Value   json.RawMessage `json:"value"`
	Default json.RawMessage `json:"default"`
	Doc     string          `json:"doc"`
}

// Show lists the rules, or explains some.
func Show(o ShowOptions, out io.Writer) error {
	config, err := stageConfig(o)
	if err != nil {
		return err
	}
	all := inForce(config)
	if len(o.Rules) > 0 {
		if all, err = named(all, o.Rules); err != nil {
			return err
		}
	}
	if o.JSON {
		e := json.NewEncoder(out)
		e.SetIndent("", "  ")
		return e.Encode(map[string]any{"stage": o.Stage, "guardrails": all})
	}
	if len(o.Rules) == 0 {
		return list(all, o.Stage, out)
	}
	for i, r := range all {
		if i > 0 {
			if _, err := fmt.Fprintln(out); err != nil {
				return err
			}
		}
		if _, err := io.WriteString(out, r.explained()); err != nil {
			return err
		}
	}
	return nil
}

// Check reports what is wrong with configuration files of the pack; without any,
// with those of every stage.
func Check(root string, files []string, out io.Writer) error {
	if len(files) == 0 {
		found, err := filepath.Glob(filepath.Join(root, "policy", "config", "*.json"))
		if err != nil {
			return err
		}
		files = found
	}
	var wrong []string
	for _, name := range files {
		file, err := os.ReadFile(name)
		if err != nil {
			return &UsageError{err}
		}
		if err := rules.CheckConfig(file); err != nil {
			wrong = append(wrong, fmt.Sprintf("%s:\n  %s", name, strings.ReplaceAll(err.Error(), "\n", "\n  ")))
			continue
		}
		if _, err := fmt.Fprintf(out, "%s is right\n", name); err != nil {
			return err
		}
	}
	if len(wrong) > 0 {
		return fmt.Errorf("configuration of the policy pack:\n%s", strings.Join(wrong, "\n"))
	}
	return nil
}

func stageConfig(o ShowOptions) (map[string]any, error) {
	if o.Stage == "" {
		return nil, nil
	}
	stages, err := workspace.Stages(o.Root)
	if err != nil {
		return nil, err
	}
	if !slices.Contains(stages, o.Stage) {
		return nil, &UsageError{fmt.Errorf("there is no stage %q; there are: %s", o.Stage, strings.Join(stages, ", "))}
	}
	path, err := Config(o.Root, o.Stage)
	if err != nil || path == "" {
		return nil, err
	}
	file, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var config map[string]any
	return config, json.Unmarshal(file, &config)
}

// inForce are all rules with the levels and settings of the configuration, which
// has been checked.
func inForce(config map[string]any) []Shown {
	var all []Shown
	for _, g := range rules.All() {
		shown := Shown{
			Name: g.Name, Service: g.Service, Level: string(g.Level), Description: g.Description,
			Reason: g.Reason, Remedy: g.Remedy, Judges: "each resource", Settings: []ShownSetting{},
		}
		if g.JudgesStack() {
			shown.Judges = "the stack"
		}
		own, _ := config[g.Name].(map[string]any)
		if g.Mends() {
			shown.Judges, shown.Level = "nothing: it mends", "off"
			if on, _ := own["enabled"].(bool); on {
				shown.Level = "on"
			}
		}
		for _, key := range []string{"all", g.Name} {
			if level := levelIn(config[key]); level != "" && (!g.Mends() || level == string(rules.Disabled)) {
				shown.Level = level
			}
		}
		for _, s := range g.SettingList() {
			setting := ShownSetting{Name: s.Name, Type: s.Type, Value: json.RawMessage(s.Default), Default: json.RawMessage(s.Default), Doc: s.Doc}
			if value, ok := own[s.Name]; ok {
				if encoded, err := json.Marshal(value); err == nil {
					setting.Value = encoded
				}
			}
			shown.Settings = append(shown.Settings, setting)
		}
		shown.Exceptions, _ = own["exceptions"].([]any)
		all = append(all, shown)
	}
	return all
}

func levelIn(entry any) string {
	switch entry := entry.(type) {
	case string:
		return entry
	case map[string]any:
		level, _ := entry["enforcementLevel"].(string)
		return level
	}
	return ""
}

func named(all []Shown, names []string) ([]Shown, error) {
	var some []Shown
	for _, name := range names {
		i := slices.IndexFunc(all, func(s Shown) bool { return s.Name == name })
		if i < 0 {
			return nil, &UsageError{fmt.Errorf("there is no rule %q%s; `automation guardrails` lists them", name, nearest(all, name))}
		}
		some = append(some, all[i])
	}
	return some, nil
}

// nearest suggests the rules that share a part of the name.
func nearest(all []Shown, name string) string {
	var like []string
	for _, s := range all {
		if slices.ContainsFunc(strings.Split(name, "-"), func(part string) bool { return len(part) > 2 && strings.Contains(s.Name, part) }) {
			like = append(like, s.Name)
		}
	}
	if len(like) == 0 || len(like) > 8 {
		return ""
	}
	return " (is it one of " + strings.Join(like, ", ") + "?)"
}

func list(all []Shown, stage string, out io.Writer) error {
	t := table.NewWriter()
	t.SetStyle(table.StyleLight)
	t.Style().Format.Header = text.FormatDefault
	t.AppendHeader(table.Row{"guardrail", "level", "what must be so"})
	service := ""
	for _, s := range all {
		if s.Service != service {
			if service != "" {
				t.AppendSeparator()
			}
			service = s.Service
			t.AppendRow(table.Row{strings.ToUpper(service), "", ""})
		}
		t.AppendRow(table.Row{s.Name, s.Level, s.Description})
	}
	t.SetColumnConfigs([]table.ColumnConfig{{Number: 3, WidthMax: 62, WidthMaxEnforcer: text.WrapSoft}})
	of := "as they are without configuration"
	if stage != "" {
		of = "as they are in " + stage
	}
	_, err := fmt.Fprintf(out, "%s\n%d guardrails, %s. `automation guardrails NAME` explains one.\n", t.Render(), len(all), of)
	return err
}

func (s Shown) explained() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s (%s, %s; judges %s)\n  %s\n", s.Name, s.Service, s.Level, s.Judges, s.Description)
	fmt.Fprintf(&b, "  why:    %s\n", s.Reason)
	if s.Remedy != "" {
		fmt.Fprintf(&b, "  remedy: %s\n", s.Remedy)
	}
	for _, setting := range s.Settings {
		fmt.Fprintf(&b, "  %s.%s = %s (%s; default %s): %s\n", s.Name, setting.Name, setting.Value, setting.Type, setting.Default, setting.Doc)
	}
	for _, e := range s.Exceptions {
		if m, ok := e.(map[string]any); ok {
			fmt.Fprintf(&b, "  exception until %v: %v: %v\n", m["expires"], m["resource"], m["reason"])
		}
	}
	return b.String()
}
