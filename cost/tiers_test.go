package cost

import (
	"math"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestLargeVolumesReachTheCheaperTiers(t *testing.T) {
	// 100,000 GB a day, 12,500 GB compressed, kept for 90 days: 1,125,000 GB.
	s := Default()
	s.GBPerDay = 100_000
	// 1,600,000 objects of 64 MiB: 24 take 2.1 s in the state machine, the others
	// 1.8 s; in 64 MB, for 730/24 days.
	hours := (1_599_976*1.8 + 24*2.1) * 730 / 24 / 3600 / 16
	checkLines(t, mustEstimate(t, s), map[string][2]float64{
		"logs in Standard":                                    {51_200, 1_177.6},
		"logs in Standard, above 51,200":                      {460_800, 10_137.6},
		"logs in Standard, above 512,000":                     {613_000, 12_873},
		"duration, in steps of 100 ms and 64 MB":              {1000, 60.012},
		"duration, in steps of 100 ms and 64 MB, above 1,000": {hours - 1000, (hours - 1000) * 0.029988},
	})
}

// tiered is the price of a quantity, written otherwise than the bill does it.
func tiered(p Price, quantity float64) float64 {
	usd := 0.0
	for i, tier := range p.tiers() {
		from := 0.0
		if i > 0 {
			from = p.Tiers[i-1].UpTo
		}
		to := tier.UpTo
		if to == 0 {
			to = math.Inf(1)
		}
		usd += max(min(quantity, to)-from, 0) * tier.USD
	}
	return usd
}

func TestLinesOfOneItemShareItsTiers(t *testing.T) {
	list := mustPrices(t)
	rapid.Check(t, func(t *rapid.T) {
		price := rapid.SampledFrom(list.Items).Draw(t, "item")
		top := 10.0
		if n := len(price.Tiers); n > 1 {
			top = price.Tiers[n-2].UpTo * 2
		}
		b := &biller{prices: list}
		var all, most float64
		for _, q := range rapid.SliceOfN(rapid.Float64Range(0, top), 1, 4).Draw(t, "quantities") {
			b.add(Catalog, price.Item, "a line", q)
			all += q
			if usd := b.bill.Total(); usd < most {
				t.Fatalf("the bill falls from %g to %g", most, usd)
			}
			most = b.bill.Total()
		}
		var sum float64
		for _, line := range b.bill.Lines {
			sum += line.Quantity
			if math.Abs(line.USD-line.Quantity*line.Price) > 1e-9*max(1, line.USD) {
				t.Fatalf("a line is no quantity times a price: %+v", line)
			}
		}
		if !near(sum, all) || !near(b.bill.Total(), tiered(price, all)) {
			t.Fatalf("%g of %g for $%g, want $%g: %+v", sum, all, b.bill.Total(), tiered(price, all), b.bill.Lines)
		}
	})
}

func TestTheBillDoesNotFallAtTheEdgeOfATier(t *testing.T) {
	for _, price := range mustPrices(t).Items {
		for _, tier := range price.Tiers {
			if tier.UpTo == 0 {
				continue
			}
			last := 0.0
			for _, q := range []float64{tier.UpTo * (1 - 1e-9), tier.UpTo, math.Nextafter(tier.UpTo, math.Inf(1)), tier.UpTo * (1 + 1e-9), 2 * tier.UpTo} {
				b := &biller{prices: mustPrices(t)}
				b.add(Catalog, price.Item, "a line", q)
				if b.bill.Total() < last {
					t.Errorf("%s: $%.9f for %g, less than $%.9f for a little less", price.Item, b.bill.Total(), q, last)
				}
				last = b.bill.Total()
			}
		}
	}
}

func TestTheDearestComeFirstAndTheSourcesAreNoneOfThem(t *testing.T) {
	lines := mustEstimate(t, Default()).Dearest(3)
	if len(lines) != 3 || lines[0].What != "alarms" || lines[1].What != "bytes scanned" || lines[2].What != "logs in Standard" {
		t.Errorf("%+v", lines)
	}
	if all := (Bill{Lines: lines}).Dearest(99); len(all) != 3 {
		t.Errorf("%d lines of 3", len(all))
	}
}

func TestBadTiersAreRefused(t *testing.T) {
	item := `{"region":"r","date":"2026-11-24","items":[{"item":"a","service":"S","unit":"GB","price":1,"tiers":TIERS,"source":"https://x","date":"2026-11-24","verified":true}]}`
	for tiers, want := range map[string]string{
		`[{"upTo":10,"price":1},{"upTo":20,"price":0.5}]`:              "the last tier has no upTo",
		`[{"price":1},{"price":0.5}]`:                                  "it must be above 0",
		`[{"upTo":10,"price":1},{"upTo":5,"price":0.5},{"price":0.1}]`: "it must be above 10",
		`[{"upTo":10,"price":2},{"price":0.5}]`:                        "they must be the same",
		`[{"upTo":10,"price":1},{"price":-0.5}]`:                       "must be a number from 0",
	} {
		if _, err := ReadPrices(strings.NewReader(strings.Replace(item, "TIERS", tiers, 1))); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", tiers, err, want)
		}
	}
	if _, err := ReadPrices(strings.NewReader(strings.Replace(item, "TIERS", `[{"upTo":10,"price":1},{"price":2}]`, 1))); err != nil {
		t.Errorf("a price may rise with the quantity: %v", err)
	}
	for name, text := range map[string]string{
		"no region": `{"date":"2026-11-24","items":[]}`, "no date": `{"region":"r","items":[]}`, "two lists": `{"region":"r","date":"2026-11-24"} {}`, "no list": `prices`,
	} {
		if _, err := ReadPrices(strings.NewReader(text)); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
