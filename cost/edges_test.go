package cost

import (
	"math"
	"strings"
	"testing"
)

func TestAnObjectJustAbove128KBCountsAsTheLargestThatStays(t *testing.T) {
	// 288 objects a day of 1,228,800 bytes, 150 KB compressed. In Standard-IA
	// one is counted with 128 KB x 0.023 / 0.0125, for 335 days.
	s := Default()
	s.GBPerDay = 288 * 1_228_800.0 / (1 << 30)
	s.LakeTransitionDays, s.LakeExpiryDays = 30, 365
	gbMonths := 335 * 288 * (131_072 * 0.023 / 0.0125) / (1 << 30)
	standard := 30 * 288 * 153_600.0 / (1 << 30)
	checkLines(t, mustEstimate(t, s), map[string][2]float64{
		"logs in Standard-IA": {gbMonths, gbMonths * 0.0125},
		"logs in Standard":    {standard, standard * 0.023},
	})
}

func TestWhatExpiresBeforeItMovesNeverMoves(t *testing.T) {
	s := Default()
	s.LakeTransitionDays, s.LakeExpiryDays = 90, 90
	for _, line := range mustEstimate(t, s).Lines {
		if strings.Contains(line.Item, "infrequent") {
			t.Errorf("%+v", line)
		}
	}
}

func TestDataThatIsKeptForEverCountsForTenYears(t *testing.T) {
	s := Default()
	s.LakeExpiryDays = 0
	checkLines(t, mustEstimate(t, s), map[string][2]float64{
		"logs in Standard":            {0.125 * 3653, 0.125 * 3653 * 0.023},
		"objects in the Data Catalog": {(2 + 24*3653) / 1e5, (2 + 24*3653) / 1e5},
	})
}

func TestWhatFirehoseDoesNotCompressIsStoredAndReadAsItIs(t *testing.T) {
	// 1 GB a day for 90 days; each query reads 1,024 MB of it. What CloudWatch
	// Logs sends stays as it was.
	s := Default()
	s.Uncompressed = true
	checkLines(t, mustEstimate(t, s), map[string][2]float64{
		"logs in Standard":                 {90, 90 * 0.023},
		"bytes scanned":                    {20 * 730.0 / 24 / 1024, 20 * 730.0 / 24 / 1024 * 5},
		"records, each rounded up to 5 KB": {3.80217036, 0.110263},
	})
}

func TestProjectionAloneStoresNoPartition(t *testing.T) {
	bill := mustWay(t, "projection alone", Default())
	checkLines(t, bill, map[string][2]float64{"objects in the Data Catalog": {0.00002, 0.00002}})
	if got := bill.Of(Catalog); !near(got, 0.00002) {
		t.Errorf("keeping the catalog costs $%f", got)
	}
}

func TestOneMoreObject(t *testing.T) {
	// Of 64 MiB at the default stage; with an Express workflow:
	// event 1, execution 1, duration 1.8 s x 1/16 GB / 3600 x 60012 = 1.875375,
	// invocation 0.2, 1.7 s x 0.5 GB x 13.3334 = 11.33339, its log 1,000 bytes:
	// ingest 0.465661 and a week of storage at an eighth, 0.000804, GET 0.4,
	// two requests of the catalog 2: in millionths of a dollar.
	const express = (1 + 1 + 1.875375 + 0.2 + 11.33339 + 0.465661 + 0.000804 + 0.4 + 2) * 1e-6
	got, err := PerObject(Default(), mustPrices(t))
	if err != nil {
		t.Fatal(err)
	}
	if math.Abs(got-express) > 1e-11 {
		t.Errorf("Express: $%.12f, want $%.12f", got, express)
	}
	s := Default()
	s.Standard, s.Sources = true, 3
	if got, err = PerObject(s, mustPrices(t)); err != nil {
		t.Fatal(err)
	}
	if want := express - (1+1.875375)*1e-6 + 4*25e-6; math.Abs(got-want) > 1e-11 {
		t.Errorf("Standard: $%.12f, want $%.12f", got, want)
	}
}

func TestAServiceIsVerifiedWhenAllItsPricesAre(t *testing.T) {
	verified := map[string]bool{}
	for _, line := range mustEstimate(t, Default()).ByService() {
		if _, twice := verified[line.Service]; twice {
			t.Errorf("%s is listed twice", line.Service)
		}
		verified[line.Service] = line.Verified
	}
	for service, want := range map[string]bool{"Lambda": true, "Step Functions": true, "CloudWatch Logs": false, "Firehose": false, "EventBridge": false} {
		if verified[service] != want {
			t.Errorf("%s: %v", service, verified[service])
		}
	}
}

func TestPricesInAnotherCurrencyAreRefused(t *testing.T) {
	list := mustPrices(t)
	for _, c := range []struct {
		other PriceList
		want  string
	}{
		{PriceList{Region: "cn-north-1", Currency: "CNY"}, "CNY"},
		{PriceList{Region: "x", Items: []Price{{Item: "nothing.like.it"}}}, "nothing.like.it"},
	} {
		if _, err := list.With(c.other); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v", err)
		}
	}
	if _, err := list.With(PriceList{Region: "eu-west-1"}); err != nil {
		t.Errorf("without a currency: %v", err)
	}
}

func TestAMissingPriceIsAnError(t *testing.T) {
	list := mustPrices(t)
	for i := range list.Items {
		short := list
		short.Items = append(append([]Price{}, list.Items[:i]...), list.Items[i+1:]...)
		s := Default()
		s.LakeTransitionDays = 30
		used := false
		bill := mustEstimate(t, s)
		for _, line := range bill.Lines {
			used = used || line.Item == list.Items[i].Item
		}
		if _, err := Estimate(s, short); (err != nil) != (used || list.Items[i].Item == "firehose.round5kb") {
			t.Errorf("without %s: %v", list.Items[i].Item, err)
		}
	}
}

func TestTheVolumesGoFromTheLeastToTheMost(t *testing.T) {
	volumes := Volumes(5)
	if len(volumes) != 36 || math.Abs(volumes[0]/LeastVolume-1) > 1e-9 || math.Abs(volumes[35]/MostVolume-1) > 1e-9 || math.Abs(volumes[5]/volumes[0]-10) > 1e-9 {
		t.Errorf("%v", volumes)
	}
}
