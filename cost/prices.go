package cost

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strings"
	"time"
)

// Price is what AWS asks for one unit of one item, and where that is written.
type Price struct {
	Item    string  `json:"item"`    // for example states.express.requests
	Service string  `json:"service"` // as it stands on the bill
	Unit    string  `json:"unit"`
	USD     float64 `json:"price"` // for one unit, of the first tier
	// Tiers are the steps of a price that falls with the quantity of a month;
	// none is one price for all.
	Tiers  []Tier  `json:"tiers,omitempty"`
	Free   float64 `json:"free,omitempty"` // units a month that cost nothing, where free tiers are counted
	Source string  `json:"source"`
	Date   string  `json:"date"` // when the source was read, 2006-01-02
	// Verified is false for a figure whose source is unclear or contradicted.
	Verified bool   `json:"verified"`
	Note     string `json:"note,omitempty"`
}

// Tier is the price of the units up to a quantity of the month; those before it
// cost what the tiers before say.
type Tier struct {
	UpTo float64 `json:"upTo,omitempty"` // in units; 0 in the last, which has no end
	USD  float64 `json:"price"`
}

// tiers are the steps of the price, one where it has none.
func (p Price) tiers() []Tier {
	if len(p.Tiers) == 0 {
		return []Tier{{USD: p.USD}}
	}
	return p.Tiers
}

// checkTiers reports what is wrong with the steps.
func (p Price) checkTiers() error {
	if len(p.Tiers) == 0 {
		return nil
	}
	from := 0.0
	for i, t := range p.Tiers {
		last := i == len(p.Tiers)-1
		switch {
		case badPrice(t.USD):
			return fmt.Errorf("tiers[%d]: the price is %g; it must be a number from 0", i, t.USD)
		case last && t.UpTo != 0:
			return fmt.Errorf("tiers[%d]: the last tier has no upTo", i)
		case !last && t.UpTo <= from:
			return fmt.Errorf("tiers[%d]: upTo is %g; it must be above %g", i, t.UpTo, from)
		}
		from = t.UpTo
	}
	if p.Tiers[0].USD != p.USD {
		return fmt.Errorf("the price is %g and that of the first tier %g: they must be the same", p.USD, p.Tiers[0].USD)
	}
	return nil
}

func badPrice(v float64) bool { return math.IsNaN(v) || math.IsInf(v, 0) || v < 0 }

// PriceList holds the prices of one region.
type PriceList struct {
	Region   string  `json:"region"`
	Currency string  `json:"currency"`
	Date     string  `json:"date"`
	Note     string  `json:"note,omitempty"`
	Items    []Price `json:"items"`
}

//go:embed prices.json
var prices []byte

// Prices returns the list that comes with the program: us-east-1.
func Prices() (PriceList, error) {
	list, err := ReadPrices(bytes.NewReader(prices))
	if err != nil {
		return PriceList{}, fmt.Errorf("built-in price list: %w", err)
	}
	return list, nil
}

// ReadPrices reads a price list and checks that each item says what it is, what
// it costs, and where and when that was read.
func ReadPrices(r io.Reader) (PriceList, error) {
	decoder := json.NewDecoder(r)
	decoder.DisallowUnknownFields()
	var list PriceList
	if err := decoder.Decode(&list); err != nil {
		return PriceList{}, fmt.Errorf("read price list: %w", err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return PriceList{}, errors.New("read price list: there is something behind the list")
	}
	seen := map[string]bool{}
	var errs []error
	if list.Region == "" {
		errs = append(errs, errors.New("the price list must say its region"))
	}
	if _, err := time.Parse(time.DateOnly, list.Date); err != nil {
		errs = append(errs, fmt.Errorf("the price list's date must be written like 2026-11-24, not %q", list.Date))
	}
	for _, p := range list.Items {
		if err := p.checkTiers(); err != nil {
			errs = append(errs, fmt.Errorf("item %q: %w", p.Item, err))
		}
		switch {
		case p.Item == "" || p.Service == "" || p.Unit == "":
			errs = append(errs, fmt.Errorf("item %q: item, service and unit must be given", p.Item))
		case seen[p.Item]:
			errs = append(errs, fmt.Errorf("item %q is listed twice", p.Item))
		case badPrice(p.USD) || badPrice(p.Free):
			errs = append(errs, fmt.Errorf("item %q: a price cannot be negative", p.Item))
		case !strings.HasPrefix(p.Source, "https://"):
			errs = append(errs, fmt.Errorf("item %q: the source must be an https address", p.Item))
		}
		if _, err := time.Parse(time.DateOnly, p.Date); err != nil {
			errs = append(errs, fmt.Errorf("item %q: the date must be written like 2026-11-24, not %q", p.Item, p.Date))
		}
		seen[p.Item] = true
	}
	return list, errors.Join(errs...)
}

// With returns the list with the other's region, and its items in place of those
// of the same name: another region is a short file of what differs.
func (l PriceList) With(other PriceList) (PriceList, error) {
	merged := PriceList{Region: other.Region, Currency: l.Currency, Date: other.Date, Note: l.Note}
	if other.Currency != "" && other.Currency != l.Currency {
		return PriceList{}, fmt.Errorf("prices of %s are in %s, not %s", other.Region, other.Currency, l.Currency)
	}
	instead := map[string]Price{}
	for _, p := range other.Items {
		instead[p.Item] = p
	}
	for _, p := range l.Items {
		if replacement, ok := instead[p.Item]; ok {
			p = replacement
			delete(instead, p.Item)
		} else {
			p.Note = strings.TrimPrefix(p.Note+"; price of "+l.Region, "; ")
			p.Verified = false
		}
		merged.Items = append(merged.Items, p)
	}
	if len(instead) > 0 {
		return PriceList{}, fmt.Errorf("the price list has no item %s to replace; it has: %s",
			strings.Join(slices.Sorted(maps.Keys(instead)), ", "), strings.Join(l.names(), ", "))
	}
	return merged, nil
}

func (l PriceList) names() []string {
	var names []string
	for _, p := range l.Items {
		names = append(names, p.Item)
	}
	return names
}

// Get returns the price of an item.
func (l PriceList) Get(item string) (Price, error) {
	for _, p := range l.Items {
		if p.Item == item {
			return p, nil
		}
	}
	return Price{}, fmt.Errorf("no price for %q in the list of %s", item, l.Region)
}
