package report

import (
	"fmt"
	"html/template"
	"math"
	"slices"
	"sort"
	"strings"

	"crawlerless/cost"
)

// A chart is drawn on a canvas of these units; the page scales it.
const (
	chartWidth, chartHeight = 900.0, 412.0
	left, top               = 66.0, 14.0
	plotWidth, plotHeight   = 590.0, 350.0
	labelGap                = 17.0 // between two labels at the right
	leastUSD                = 0.01 // a cent: what costs less lies on the axis
)

// chart draws monthly cost against volume, both logarithmic: one line for each
// curve, labelled where it ends, and a mark at the stage's own volume.
// budget is a level to draw as well; 0 is none.
func chart(title string, curves []Curve, of func(Curve) []float64, at, budget float64) template.HTML {
	most := leastUSD
	for _, c := range curves {
		for _, v := range of(c) {
			most = max(most, v)
		}
	}
	yDecades := math.Ceil(math.Log10(most / leastUSD))
	xDecades := math.Log10(cost.MostVolume / cost.LeastVolume)
	x := func(gb float64) float64 { return left + plotWidth*math.Log10(gb/cost.LeastVolume)/xDecades }
	y := func(usd float64) float64 {
		return top + plotHeight*(1-math.Log10(max(usd, leastUSD)/leastUSD)/yDecades)
	}
	var b strings.Builder
	fmt.Fprintf(&b, `<svg viewBox="0 0 %g %g" role="img" aria-label="%s">`, chartWidth, chartHeight, template.HTMLEscapeString(title))
	for i := range int(yDecades) + 1 {
		v := leastUSD * math.Pow(10, float64(i))
		fmt.Fprintf(&b, `<line class="grid" x1="%.1f" x2="%.1f" y1="%.1f" y2="%.1f"/>`, left, left+plotWidth, y(v), y(v))
		fmt.Fprintf(&b, `<text class="tick" text-anchor="end" x="%.1f" y="%.1f">%s</text>`, left-8, y(v)+4, tick(v))
	}
	for i := range int(xDecades) + 1 {
		v := cost.LeastVolume * math.Pow(10, float64(i))
		fmt.Fprintf(&b, `<line class="grid" x1="%.1f" x2="%.1f" y1="%.1f" y2="%.1f"/>`, x(v), x(v), top, top+plotHeight)
		fmt.Fprintf(&b, `<text class="tick" text-anchor="middle" x="%.1f" y="%.1f">%s</text>`, x(v), top+plotHeight+18, grouped(v))
	}
	fmt.Fprintf(&b, `<text class="axis" text-anchor="middle" x="%.1f" y="%.1f">GB of raw log a day</text>`, left+plotWidth/2, top+plotHeight+40)
	fmt.Fprintf(&b, `<text class="axis" text-anchor="middle" transform="translate(14 %.1f) rotate(-90)">US dollars a month</text>`, top+plotHeight/2)
	if at >= cost.LeastVolume && at <= cost.MostVolume {
		fmt.Fprintf(&b, `<line class="here" x1="%.1f" x2="%.1f" y1="%.1f" y2="%.1f"/>`, x(at), x(at), top, top+plotHeight)
		fmt.Fprintf(&b, `<text class="tick" x="%.1f" y="%.1f">this stage</text>`, x(at)+5, top+12)
	}
	if budget > leastUSD && y(budget) >= top {
		fmt.Fprintf(&b, `<line class="budget" x1="%.1f" x2="%.1f" y1="%.1f" y2="%.1f"/>`, left, left+plotWidth, y(budget), y(budget))
		fmt.Fprintf(&b, `<text class="tick" x="%.1f" y="%.1f">budget %s</text>`, left+6, y(budget)-5, usd(budget))
	}
	volumes := cost.Volumes(PointsPerDecade)
	for i, c := range slices.Backward(curves) { // ours, the first, lies on top
		var points []string
		for j, v := range of(c) {
			points = append(points, fmt.Sprintf("%.1f,%.1f", x(volumes[j]), y(v)))
		}
		fmt.Fprintf(&b, `<polyline class="curve s%d" points="%s"><title>%s</title></polyline>`, i, strings.Join(points, " "), template.HTMLEscapeString(c.Name))
	}
	for _, l := range labels(curves, of, y) {
		fmt.Fprintf(&b, `<path class="leader s%d" d="M%.1f %.1f L%.1f %.1f"/>`, l.series, left+plotWidth+2, l.end, left+plotWidth+18, l.y-4)
		fmt.Fprintf(&b, `<text class="label s%d" x="%.1f" y="%.1f">%s</text>`, l.series, left+plotWidth+22, l.y, template.HTMLEscapeString(l.text))
	}
	b.WriteString(`</svg>`)
	return template.HTML(b.String()) //nolint:gosec // built here; every text is escaped
}

type label struct {
	series int
	text   string
	end, y float64 // of the line's end, and of the text
}

// labels stand where their lines end, moved apart as far as they must.
func labels(curves []Curve, of func(Curve) []float64, y func(float64) float64) []label {
	var list []label
	for i, c := range curves {
		values := of(c)
		end := y(values[len(values)-1])
		list = append(list, label{i, c.Name, end, end + 4})
	}
	sort.SliceStable(list, func(i, j int) bool { return list[i].end < list[j].end })
	for i := 1; i < len(list); i++ {
		list[i].y = max(list[i].y, list[i-1].y+labelGap)
	}
	bottom := top + plotHeight + 4
	for i := len(list) - 1; i >= 0 && list[i].y > bottom; i-- {
		list[i].y = bottom
		bottom -= labelGap
	}
	return list
}

// tick writes a power of ten as money.
func tick(usd float64) string {
	if usd < 0.999 {
		return fmt.Sprintf("$%.2f", usd)
	}
	return "$" + grouped(usd)
}

// grouped writes a power of ten with thousands set apart.
func grouped(v float64) string {
	s := plain(v)
	if strings.Contains(s, ".") {
		return s
	}
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
