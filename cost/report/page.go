package report

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"net/url"
	"path"

	"crawlerless/cost"
)

//go:embed page.html
var pageText string

// sourceName is what a link to a source says: the host and the end of the path.
func sourceName(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return address
	}
	end := path.Base(u.Path)
	if end == "." || end == "/" {
		return u.Host
	}
	return u.Host + " … " + end
}

// HTML writes one page for all reports, with nothing to load from elsewhere.
func HTML(w io.Writer, reports []Report, prices cost.PriceList) error {
	t, err := template.New("page").Funcs(template.FuncMap{
		"usd": usd, "fixed": fixed, "plain": plain,
		"catalogChart": func(r Report) template.HTML {
			return chart("Monthly cost of keeping the catalog against volume", r.Curves, func(c Curve) []float64 { return c.Catalog }, r.Scenario.GBPerDay, 0)
		},
		"stackChart": func(r Report) template.HTML {
			return chart("Monthly cost of the whole stack against volume", r.Curves, func(c Curve) []float64 { return c.Stack }, r.Scenario.GBPerDay, r.BudgetUSD)
		},
		"startsPart": func(lines []cost.Line, i int) bool { return i == 0 || lines[i-1].Part != lines[i].Part },
		"partUSD":    func(b cost.Bill, p cost.Part) float64 { return b.Of(p) },
		"source":     sourceName,
	}).Parse(pageText)
	if err != nil {
		return fmt.Errorf("cost page: %w", err)
	}
	return t.Execute(w, map[string]any{"Reports": reports, "Prices": prices})
}
