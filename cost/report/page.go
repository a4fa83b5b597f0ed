package report

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"

	"crawlerless/cost"
)

//go:embed page.html
var page string

// HTML writes one page for all reports, with nothing to load from elsewhere.
func HTML(w io.Writer, reports []Report, prices cost.PriceList) error {
	t, err := template.New("page").Funcs(template.FuncMap{
		"usd": usd, "fixed": fixed, "plain": plain,
		"catalogChart": func(r Report) template.HTML {
			return chart("Monthly cost of keeping the catalog against volume", r.Curves, func(c Curve) []float64 { return c.Catalog }, r.Scenario.GBPerDay)
		},
		"stackChart": func(r Report) template.HTML {
			return chart("Monthly cost of the whole stack against volume", r.Curves, func(c Curve) []float64 { return c.Stack }, r.Scenario.GBPerDay)
		},
		"startsPart": func(lines []cost.Line, i int) bool { return i == 0 || lines[i-1].Part != lines[i].Part },
		"parts": func() []cost.Part {
			return []cost.Part{cost.Sources, cost.Ingest, cost.Lake, cost.Query, cost.Catalog}
		},
	}).Parse(page)
	if err != nil {
		return fmt.Errorf("cost page: %w", err)
	}
	return t.Execute(w, map[string]any{"Reports": reports, "Prices": prices})
}
