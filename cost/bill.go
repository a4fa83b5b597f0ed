package cost

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
)

// Part says what a line of the bill is for.
type Part string

// The parts of a bill.
const (
	// Sources is what the log groups cost whoever reads them: it is the same
	// with and without a lake.
	Sources Part = "source log groups"
	Ingest  Part = "delivery"
	Lake    Part = "lake"
	// Catalog is what it costs to keep the catalog up to date: the only part in
	// which the alternatives differ.
	Catalog Part = "catalog"
	Query   Part = "queries"
)

// Line is one line of a monthly bill.
type Line struct {
	Part    Part   `json:"part"`
	Service string `json:"service"`
	Item    string `json:"item"` // key into the price list
	What    string `json:"what"`
	// Quantity is in units of the price, before what is free.
	Quantity float64 `json:"quantity"`
	Free     float64 `json:"free,omitempty"`
	Unit     string  `json:"unit"`
	Price    float64 `json:"price"`
	USD      float64 `json:"usd"`
	Verified bool    `json:"verified"`
}

// Bill is what a month costs, in US dollars.
type Bill struct {
	Name  string `json:"name"`
	Lines []Line `json:"lines"`
}

// Total is the whole bill.
func (b Bill) Total() float64 {
	var usd float64
	for _, line := range b.Lines {
		usd += line.USD
	}
	return usd
}

// Of is the sum of some parts.
func (b Bill) Of(parts ...Part) float64 {
	var usd float64
	for _, line := range b.Lines {
		if slices.Contains(parts, line.Part) {
			usd += line.USD
		}
	}
	return usd
}

// Stack is what the stack adds: all but the source log groups, which are written
// and kept whether or not there is a lake.
func (b Bill) Stack() float64 { return b.Of(Ingest, Lake, Catalog, Query) }

// ByService adds the lines up by service, in the order of the bill.
func (b Bill) ByService() []Line {
	var services []Line
	for _, line := range b.Lines {
		i := slices.IndexFunc(services, func(s Line) bool { return s.Service == line.Service })
		if i < 0 {
			services = append(services, Line{Service: line.Service, Verified: true})
			i = len(services) - 1
		}
		services[i].USD += line.USD
		services[i].Verified = services[i].Verified && line.Verified
	}
	return services
}

// Dearest are the n dearest lines of what the stack adds, the dearest first: where
// to look when a budget is exceeded.
func (b Bill) Dearest(n int) []Line {
	var lines []Line
	for _, line := range b.Lines {
		if line.Part != Sources {
			lines = append(lines, line)
		}
	}
	slices.SortStableFunc(lines, func(a, b Line) int { return cmp.Compare(b.USD, a.USD) })
	return lines[:min(n, len(lines))]
}

// biller writes a bill.
type biller struct {
	prices PriceList
	free   bool
	bill   Bill
	err    error
}

// add puts an item on the bill. Several lines of one item share its free units
// in their order.
func (b *biller) add(part Part, item, what string, quantity float64) {
	if b.err != nil {
		return
	}
	price, err := b.prices.Get(item)
	if err != nil {
		b.err = err
		return
	}
	used, left := 0.0, 0.0 // by earlier lines of the item; of what is free
	if b.free {
		left = price.Free
	}
	for _, earlier := range b.bill.Lines {
		if earlier.Item == item {
			used += earlier.Quantity
			left -= earlier.Free
		}
	}
	// One line for each tier that is reached, so that each stays a quantity times
	// a price.
	from, before := 0.0, used
	for i, tier := range price.tiers() {
		in := quantity
		if tier.UpTo > 0 {
			in = min(quantity, tier.UpTo-max(before, from))
		}
		from = tier.UpTo
		if in < 0 || in == 0 && (i > 0 || used > 0) && quantity > 0 {
			continue
		}
		line := Line{
			Part: part, Service: price.Service, Item: item, What: what,
			Quantity: in, Unit: price.Unit, Price: tier.USD, Verified: price.Verified,
		}
		if i > 0 {
			line.What += fmt.Sprintf(", above %s", grouped(price.Tiers[i-1].UpTo))
		}
		line.Free = max(min(in, left), 0)
		left -= line.Free
		line.USD = (line.Quantity - line.Free) * tier.USD
		b.bill.Lines = append(b.bill.Lines, line)
		quantity -= in
		before += in
		if quantity <= 0 {
			return
		}
	}
}

// grouped writes a whole number with its thousands set apart.
func grouped(v float64) string {
	s := strconv.FormatFloat(v, 'f', -1, 64)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// price is what an item costs; a missing one is an error of the bill.
func (b *biller) price(item string) float64 {
	p, err := b.prices.Get(item)
	if err != nil && b.err == nil {
		b.err = err
	}
	return p.USD
}
