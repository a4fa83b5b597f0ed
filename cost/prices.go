package cost

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
)

// Price is what AWS asks for one unit of one item, and where that is written.
type Price struct {
	Item    string  `json:"item"`    // for example states.express.requests
	Service string  `json:"service"` // as it stands on the bill
	Unit    string  `json:"unit"`
	USD     float64 `json:"price"`          // for one unit
	Free    float64 `json:"free,omitempty"` // units a month that cost nothing, where free tiers are counted
	Source  string  `json:"source"`
	Date    string  `json:"date"` // when the source was read, 2006-01-02
	// Verified is false for a figure whose source is unclear or contradicted.
	Verified bool   `json:"verified"`
	Note     string `json:"note,omitempty"`
}

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
	seen := map[string]bool{}
	var errs []error
	for _, p := range list.Items {
		switch {
		case p.Item == "" || p.Service == "" || p.Unit == "":
			errs = append(errs, fmt.Errorf("item %q: item, service and unit must be given", p.Item))
		case seen[p.Item]:
			errs = append(errs, fmt.Errorf("item %q is listed twice", p.Item))
		case p.USD < 0 || p.Free < 0:
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
	for item := range instead {
		return PriceList{}, fmt.Errorf("the price list has no item %q to replace", item)
	}
	return merged, nil
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
