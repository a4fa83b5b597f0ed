package report

import (
	"bytes"
	_ "embed"
	"fmt"
	"html/template"
	"maps"
	"slices"
	"strings"
)

//go:embed page.html
var pageText string

// bar is one row of the timeline, in percent of the run.
type bar struct {
	Name, Label, Class string
	Left, Width        float64
}

// html is the report as one page that needs nothing else: no network, no script.
func (r *Report) html() ([]byte, error) {
	page, err := template.New("page").Funcs(template.FuncMap{
		"sec":   func(s float64) string { return fmt.Sprintf("%.2f s", s) },
		"usd":   func(v float64) string { return fmt.Sprintf("$%.6f", v) },
		"cell":  cell,
		"num":   number,
		"scale": r.scale,
		"keys":  func(m map[string]int) []string { return slices.Sorted(maps.Keys(m)) },
		"skeys": func(m map[string]string) []string { return slices.Sorted(maps.Keys(m)) },
	}).Parse(pageText)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	err = page.Execute(&b, struct {
		*Report
		Bars []bar
	}{r, r.bars()})
	return b.Bytes(), err
}

// bars are the steps and, below them, the tests.
func (r *Report) bars() []bar {
	whole := max(r.Seconds, 0.001)
	var list []bar
	add := func(name string, begin, took float64, class string) {
		list = append(list, bar{
			Name: name, Class: class, Label: fmt.Sprintf("%.2f s", took),
			Left: 100 * min(begin/whole, 1), Width: max(0.3, 100*min(took/whole, 1)),
		})
	}
	for _, s := range r.Steps {
		class := "step"
		if s.Failed {
			class = "bad"
		}
		add(s.Name, s.Begin, s.Seconds, class)
	}
	for _, t := range r.Tests {
		class := "good"
		if !t.Passed {
			class = "bad"
		}
		add(t.Name, t.Begin, t.Seconds, class)
	}
	return list
}

// scale is a count's share of the largest of the same unit, in percent.
func (r *Report) scale(c Count) float64 {
	most := int64(1)
	for _, o := range r.Funnel {
		if o.Unit == c.Unit {
			most = max(most, o.Count)
		}
	}
	return 100 * float64(c.Count) / float64(most)
}

func cell(v *string) string {
	if v == nil {
		return "NULL"
	}
	return *v
}

// number groups thousands.
func number(n int64) string {
	s := fmt.Sprint(n)
	var parts []string
	for len(s) > 3 {
		parts = append([]string{s[len(s)-3:]}, parts...)
		s = s[:len(s)-3]
	}
	return strings.Join(append([]string{s}, parts...), ",")
}
