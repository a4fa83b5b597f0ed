package report

import (
	"fmt"
	"io"
	"math"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"

	"crawlerless/cost"
)

// Table writes the report for a terminal.
func (r Report) Table(w io.Writer, prices cost.PriceList) error {
	var b strings.Builder
	sources := "1 source"
	if n := r.Scenario.Sources; n != 1 {
		sources = fmt.Sprintf("%d sources", n)
	}
	fmt.Fprintf(&b, "Stage %s: %s GB a day from %s, prices of %s as of %s\n\n",
		r.Stage, plain(r.Scenario.GBPerDay), sources, prices.Region, prices.Date)
	b.WriteString(r.billTable() + "\n\n" + r.serviceTable() + "\n\n")
	fmt.Fprintf(&b, "The stack adds %s a month, %s for each GB. With what the log groups cost by themselves: %s.\n",
		usd(r.StackUSD), usd(r.USDPerGB), usd(r.TotalUSD))
	if r.BudgetUSD > 0 {
		fmt.Fprintf(&b, "Its budget is %s: %s.\n", usd(r.BudgetUSD), r.Budget())
	}
	if r.unverified() {
		b.WriteString("* not verified: see the notes in cost/prices.json\n")
	}
	b.WriteString("\nOther ways of keeping the catalog, with the same volume:\n" + r.alternativesTable() + "\n\n")
	b.WriteString("Where it breaks even (everything else as configured):\n")
	for _, line := range r.Sentences() {
		b.WriteString("  - " + line + "\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// Budget says whether the budget is kept, or by how much it is exceeded and by
// what.
func (r Report) Budget() string {
	if r.StackUSD <= r.BudgetUSD {
		return "kept"
	}
	return fmt.Sprintf("EXCEEDED by %s. The dearest: %s", usd(r.StackUSD-r.BudgetUSD), Dearest(r.Bill, 4))
}

// Dearest names the n dearest lines of what the stack adds.
func Dearest(bill cost.Bill, n int) string {
	var parts []string
	for _, line := range bill.Dearest(n) {
		parts = append(parts, fmt.Sprintf("%s %s (%s)", line.Service, usd(line.USD), line.What))
	}
	return strings.Join(parts, ", ")
}

func (r Report) billTable() string {
	t := newTable(table.Row{"service", "what", "quantity x price", "USD a month"})
	for i, line := range r.Bill.Lines {
		if i == 0 || r.Bill.Lines[i-1].Part != line.Part {
			if i > 0 {
				t.AppendSeparator()
			}
			t.AppendRow(table.Row{strings.ToUpper(string(line.Part)), "", "", fixed(r.Bill.Of(line.Part))})
		}
		what := line.What
		if !line.Verified {
			what += " *"
		}
		quantity := plain(line.Quantity)
		if line.Free > 0 {
			quantity = fmt.Sprintf("(%s - %s)", quantity, plain(line.Free))
		}
		t.AppendRow(table.Row{line.Service, what, fmt.Sprintf("%s %s x %s", quantity, line.Unit, plain(line.Price)), fixed(line.USD)})
	}
	t.AppendFooter(table.Row{"", "", "total", fixed(r.TotalUSD)})
	t.SetColumnConfigs(right(3, 4))
	return t.Render()
}

func (r Report) serviceTable() string {
	t := newTable(table.Row{"by service", "USD a month", "USD a GB"})
	for _, s := range r.Services {
		name := s.Service
		if !s.Verified {
			name += " *"
		}
		t.AppendRow(table.Row{name, fixed(s.USD), fixed(s.USDPerGB)})
	}
	t.SetColumnConfigs(right(2, 3))
	return t.Render()
}

func (r Report) alternativesTable() string {
	t := newTable(table.Row{"way", "catalog, USD", "stack, USD", "what one gets"})
	for _, a := range r.Alternatives {
		t.AppendRow(table.Row{a.Name, fixed(a.CatalogUSD), fixed(a.StackUSD), a.Gives})
	}
	t.SetColumnConfigs(append(right(2, 3), table.ColumnConfig{Number: 4, WidthMax: givesWidth, WidthMaxEnforcer: text.WrapSoft}))
	return t.Render()
}

// givesWidth keeps the table of the ways narrower than a hundred characters.
const givesWidth = 45

func newTable(header table.Row) table.Writer {
	t := table.NewWriter()
	t.SetStyle(table.StyleLight)
	t.Style().Format.Header, t.Style().Format.Footer = text.FormatDefault, text.FormatDefault
	t.AppendHeader(header)
	return t
}

func right(columns ...int) []table.ColumnConfig {
	var configs []table.ColumnConfig
	for _, n := range columns {
		configs = append(configs, table.ColumnConfig{Number: n, Align: text.AlignRight, AlignHeader: text.AlignRight, AlignFooter: text.AlignRight})
	}
	return configs
}

func (r Report) unverified() bool {
	for _, line := range r.Bill.Lines {
		if !line.Verified {
			return true
		}
	}
	return false
}

// Sentences says in words where crawlerless is cheaper and where it is not.
func (r Report) Sentences() []string {
	var lines []string
	for _, c := range r.BreakEven {
		lines = append(lines, sentence(c))
	}
	for _, f := range r.Files {
		lines = append(lines, fmt.Sprintf("%s workflow: $%s an object; dearer than an hourly crawler above %s objects a minute",
			f.Workflow, plain(f.USDAnObject), plain(math.Round(f.Files*10)/10)))
	}
	return lines
}

func sentence(c cost.Comparison) string {
	if len(c.Crossings) == 0 {
		if c.CheaperAtLeast {
			return fmt.Sprintf("%s: dearer at every volume up to %s GB a day", c.Way, plain(cost.MostVolume))
		}
		return fmt.Sprintf("%s: cheaper at every volume; it does less, see above", c.Way)
	}
	var parts []string
	from := ""
	cheaper := c.CheaperAtLeast
	for _, crossing := range c.Crossings {
		parts = append(parts, fmt.Sprintf("%s %sbelow %s GB a day", comparative(cheaper), from, volume(crossing.GBPerDay)))
		cheaper = !cheaper
		from = "from there to "
	}
	parts = append(parts, comparative(cheaper)+" above")
	return c.Way + ": " + strings.Join(parts, ", ")
}

// comparative speaks of the other way.
func comparative(oursIsCheaper bool) string {
	if oursIsCheaper {
		return "dearer"
	}
	return "cheaper"
}

// volume is rounded to three digits: break-even is no more exact than that.
func volume(gb float64) string {
	if gb <= 0 {
		return "0"
	}
	scale := math.Pow(10, math.Floor(math.Log10(gb))-2)
	return plain(math.Round(gb/scale) * scale)
}

func usd(v float64) string {
	if v != 0 && math.Abs(v) < 0.01 {
		return fmt.Sprintf("$%.4f", v)
	}
	return fmt.Sprintf("$%.2f", v)
}

// fixed shows money in a column: cents, and ten-thousandths where cents would
// hide it.
func fixed(v float64) string { return fmt.Sprintf("%.4f", v) }

// plain shows a number without an exponent, to six significant digits.
func plain(v float64) string {
	if v == 0 {
		return "0"
	}
	digits := 5 - int(math.Floor(math.Log10(math.Abs(v))))
	s := fmt.Sprintf("%.*f", max(digits, 0), v)
	if strings.Contains(s, ".") {
		s = strings.TrimRight(strings.TrimRight(s, "0"), ".")
	}
	return s
}
