package cost

import (
	"math"
	"testing"

	"pgregory.net/rapid"
)

func mustPrices(t testing.TB) PriceList {
	t.Helper()
	list, err := Prices()
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func mustEstimate(t testing.TB, s Scenario) Bill {
	t.Helper()
	bill, err := Estimate(s, mustPrices(t))
	if err != nil {
		t.Fatal(err)
	}
	return bill
}

func near(a, b float64) bool { return math.Abs(a-b) <= 5e-7*max(1, math.Abs(b)) }

// checkLines compares lines of a bill, by what they are, with quantities and
// amounts worked out by hand.
func checkLines(t *testing.T, bill Bill, want map[string][2]float64) {
	t.Helper()
	found := map[string]bool{}
	for _, line := range bill.Lines {
		w, ok := want[line.What]
		if !ok {
			continue
		}
		found[line.What] = true
		if !near(line.Quantity, w[0]) || !near(line.USD, w[1]) {
			t.Errorf("%s: %.8f %s for $%.6f, want %.8f for $%.6f", line.What, line.Quantity, line.Unit, line.USD, w[0], w[1])
		}
	}
	for what := range want {
		if !found[what] {
			t.Errorf("no line %q", what)
		}
	}
}

// The numbers are derived step by step in docs/cost.md.
func TestTheDefaultStageAtOneGBADay(t *testing.T) {
	bill := mustEstimate(t, Default())
	checkLines(t, bill, map[string][2]float64{
		"source log groups, ingest":              {30.41666667, 15.208333},
		"source log groups, storage":             {0.875, 0.02625},
		"records, each rounded up to 5 KB":       {3.80217036, 0.110263},
		"decompression":                          {30.41666667, 0.098854},
		"objects written":                        {8.76, 0.0438},
		"logs in Standard":                       {11.25, 0.25875},
		"bytes scanned":                          {0.07425944, 0.371297},
		"objects read by queries":                {175.2, 0.07008},
		"partitions listed by queries":           {14.6, 0.073},
		"catalog requests of queries":            {0.00121667, 0.001217},
		"Object Created events":                  {0.00876, 0.00876},
		"executions":                             {0.00876, 0.00876},
		"duration, in steps of 100 ms and 64 MB": {0.04942708, 0.002966},
		"invocations":                            {0.00949, 0.001898},
		"extract function":                       {827.82, 0.011038},
		"catalog function":                       {54.75, 0.00073},
		"the functions' own logs, ingest":        {0.00883825, 0.004419},
		"objects read by the extract function":   {8.76, 0.003504},
		"objects in the Data Catalog":            {0.02162, 0.02162},
		"catalog requests of the functions":      {0.01971, 0.01971},
		"alarms":                                 {4, 0.4},
		// 3 metrics of one table in 8 of 730 hours.
		"metrics of table evolutions, by the hour": {24.0 / 730, 24.0 / 730 * 0.30},
	})
	if got := bill.Total(); math.Abs(got-16.7551) > 5e-5 {
		t.Errorf("total $%.4f, want $16.7551", got)
	}
	if got := bill.Stack(); math.Abs(got-1.5205) > 5e-5 {
		t.Errorf("what the stack adds: $%.4f, want $1.5205", got)
	}
}

func TestTheBufferLimitsObjectsWhenItFillsBeforeTheInterval(t *testing.T) {
	// 128 GB a day in 64 MiB objects: 2,048 a day, more than 288 intervals.
	s := Default()
	s.GBPerDay = 128
	checkLines(t, mustEstimate(t, s), map[string][2]float64{
		// 2,048 x 730/24
		"objects written": {62.29333333, 0.31146667},
		// 64 MiB at 40 MiB/s is 1,600 ms, and 100 ms beside that.
		// 2,048 x 1.7 s x 730/24 x 0.5 GB
		"extract function": {2048 * 1.7 * 730 / 24 * 0.5, 2048 * 1.7 * 730 / 24 * 0.5 * 0.0000133334},
		// 2,024 of 1,800 ms and 24 of 2,100 ms: 3,693,600 ms a day
		"duration, in steps of 100 ms and 64 MB": {1.95046875, 0.117052},
	})
}

func TestAStageWithoutVolumePaysForNothingButItsAlarms(t *testing.T) {
	s := Default()
	s.GBPerDay, s.QueriesPerDay = 0, 0
	bill := mustEstimate(t, s)
	// Four alarms at $0.10, and 2 objects in the catalog at $1 for 100,000.
	if got := bill.Total(); !near(got, 0.40002) {
		t.Errorf("total %.6f, want 0.40002", got)
	}
}

func TestAQuietSourceWritesNoMoreObjectsThanEvents(t *testing.T) {
	// 100 events of 500 bytes a day cannot fill 288 intervals.
	s := Default()
	s.GBPerDay = 50_000.0 / (1 << 30)
	checkLines(t, mustEstimate(t, s), map[string][2]float64{
		"objects written": {100 * 730.0 / 24 / 1000, 100 * 730.0 / 24 / 1000 * 0.005},
	})
}

func TestRecordsAreRoundedUpToFiveKB(t *testing.T) {
	// 1 GB a day, 128 MiB compressed, in records of 6 KB: 21,845 of them and
	// 2 KB over. Each is billed as 10 KB, the rest as 5 KB.
	s := Default()
	s.RecordKB = 6
	bytes := 21_845.0*10*1024 + 5*1024
	checkLines(t, mustEstimate(t, s), map[string][2]float64{
		"records, each rounded up to 5 KB": {bytes * 730 / 24 / (1 << 30), bytes * 730 / 24 / (1 << 30) * 0.029},
	})
}

func TestAQueryIsBilledForTenMegabytesAtLeast(t *testing.T) {
	// 8 MB a day compressed to 1 MB: each of 20 queries reads 1 MB, pays 10.
	s := Default()
	s.GBPerDay = 8.0 / 1024
	checkLines(t, mustEstimate(t, s), map[string][2]float64{
		"bytes scanned": {20 * 730.0 / 24 * 10 / (1 << 20), 20 * 730.0 / 24 * 10 / (1 << 20) * 5},
	})
}

func TestAStandardWorkflowIsBilledByTransition(t *testing.T) {
	// 288 objects x 4 + 24 updates x 1 = 1,176 a day, 35,770 a month.
	s := Default()
	s.Standard = true
	checkLines(t, mustEstimate(t, s), map[string][2]float64{"transitions": {0.03577, 0.89425}})
}

func TestFreeTiersAreSubtractedOnce(t *testing.T) {
	s := Default()
	s.Standard, s.FreeTiers = true, true
	bill := mustEstimate(t, s)
	checkLines(t, bill, map[string][2]float64{
		"transitions":                     {0.03577, 0.79425},       // 4,000 less
		"source log groups, ingest":       {30.41666667, 12.708333}, // 5 GB less
		"the functions' own logs, ingest": {0.00883825, 0.004419},   // not again
		"extract function":                {827.82, 0},              // 400,000 GB-s
		"alarms":                          {4, 0},                   // ten are free
	})
}

func TestObjectsMoveToInfrequentAccessWhenTheyAreLargeEnough(t *testing.T) {
	// 288 objects of 3.56 MiB raw, 466,034 bytes compressed: above 128 KB.
	// 30 days in Standard, 335 in Standard-IA of 0.125 GB each.
	s := Default()
	s.LakeTransitionDays, s.LakeExpiryDays = 30, 365
	checkLines(t, mustEstimate(t, s), map[string][2]float64{
		"logs in Standard":             {3.75, 0.08625},
		"logs in Standard-IA":          {41.875, 0.5234375},
		"objects moved to Standard-IA": {8.76, 0.0876},
	})
	// At 0.1 GB a day they have 46,604 bytes: they stay where they are.
	s.GBPerDay = 0.1
	for _, line := range mustEstimate(t, s).Lines {
		if line.Item == "s3.storage.infrequent" || line.Item == "s3.transition.infrequent" {
			t.Errorf("small objects moved: %+v", line)
		}
	}
}

func TestProjectedPartitionsAreNotStored(t *testing.T) {
	s := Default()
	s.Projected = true
	checkLines(t, mustEstimate(t, s), map[string][2]float64{
		"objects in the Data Catalog": {0.00002, 0.00002},
		"invocations":                 {0.00876, 0.001752},
	})
}

func TestACrawlerPaysForTenMinutesEachRun(t *testing.T) {
	for _, c := range []struct {
		way string
		usd float64 // runs a month x 1/6 h x $0.44
	}{
		{"crawler every 15 minutes", 2920 * 0.44 / 6},
		{"crawler every hour", 730 * 0.44 / 6}, // $53.53
		{"crawler every 6 hours", 730.0 / 6 * 0.44 / 6},
		{"crawler every day", 730.0 / 24 * 0.44 / 6},
	} {
		bill := mustWay(t, c.way, Default())
		checkLines(t, bill, map[string][2]float64{"crawler runs of 10 minutes at least": {c.usd / 0.44, c.usd}})
	}
}

func TestACrawlerThatTakesLongerPaysForItsSeconds(t *testing.T) {
	// 10,000 GB a day in objects of 64 MiB: 160,000 a day, one run a day at 100
	// a second and 60 s to start: 1,660 s.
	s := Default()
	s.GBPerDay = 10_000
	hours := 1660.0 / 3600 * 730 / 24
	checkLines(t, mustWay(t, "crawler every day", s), map[string][2]float64{
		"crawler runs of 10 minutes at least": {hours, hours * 0.44},
	})
}

func mustWay(t *testing.T, name string, s Scenario) Bill {
	t.Helper()
	for _, way := range Ways() {
		if way.Name == name {
			bill, err := way.Bill(s, mustPrices(t))
			if err != nil {
				t.Fatal(err)
			}
			return bill
		}
	}
	t.Fatalf("no way %q", name)
	return Bill{}
}

// scenarios draws any stage that can be configured.
func scenarios() *rapid.Generator[Scenario] {
	return rapid.Custom(func(t *rapid.T) Scenario {
		between := func(name string, low, high int64) int64 { return rapid.Int64Range(low, high).Draw(t, name) }
		return Scenario{
			EventBytes: between("eventBytes", 1, 1<<18), Sources: between("sources", 1, 30),
			BufferMiB: between("bufferMiB", 1, 128), BufferSeconds: between("bufferSeconds", 1, 900),
			CompressionRatio: rapid.Float64Range(1, 30).Draw(t, "ratio"), Uncompressed: rapid.Bool().Draw(t, "uncompressed"), RecordKB: between("recordKB", 1, 1000),
			LogRetentionDays: between("retention", 1, 3653), LakeTransitionDays: between("transition", 0, 400),
			LakeExpiryDays: between("expiry", 0, 1000), QueriesPerDay: between("queries", 0, 1000),
			QueryHours: between("hours", 1, 1000), Projected: rapid.Bool().Draw(t, "projected"),
			Standard: rapid.Bool().Draw(t, "standard"), X86: rapid.Bool().Draw(t, "x86"),
			ExtractMemoryMiB: between("extractMemory", 128, 10_240), CatalogMemoryMiB: between("catalogMemory", 128, 10_240),
			ExtractBaseMs: between("base", 1, 5000), ExtractMiBPerSecond: between("speed", 1, 1000),
			CatalogMs: between("catalogMs", 1, 5000), WorkflowMs: between("workflowMs", 0, 1000),
			FunctionLogBytes: between("log", 0, 100_000), EvolutionsPerMonth: between("evolutions", 0, 730), Alarms: between("alarms", 0, 50),
			FreeTiers: rapid.Bool().Draw(t, "free"),
		}
	})
}

func TestNoWayGetsCheaperWhenTheVolumeRises(t *testing.T) {
	prices := mustPrices(t)
	rapid.Check(t, func(t *rapid.T) {
		s := scenarios().Draw(t, "stage")
		// Small steps find what rounding does, large ones everything else.
		volume := math.Pow(10, rapid.Float64Range(-6, 4).Draw(t, "log10 GB a day"))
		more := volume * (1 + math.Pow(10, rapid.Float64Range(-7, 1.9).Draw(t, "log10 of the rise")))
		for _, way := range Ways() {
			s.GBPerDay = volume
			before, err := way.Bill(s, prices)
			if err != nil {
				t.Fatal(err)
			}
			s.GBPerDay = more
			after, err := way.Bill(s, prices)
			if err != nil {
				t.Fatal(err)
			}
			if after.Total() < before.Total()*(1-1e-12) {
				t.Fatalf("%s: $%.12f at %g GB a day, $%.12f at %g", way.Name, before.Total(), volume, after.Total(), more)
			}
		}
	})
}

func TestTheObjectsHoldExactlyWhatArrived(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := scenarios().Draw(t, "stage")
		raw := rapid.Int64Range(0, 1<<44).Draw(t, "bytes")
		var bytes, n int64
		for _, o := range writtenOf(s, raw) {
			if o.n <= 0 || o.raw <= 0 || o.raw > s.BufferMiB*mb {
				t.Fatalf("object %+v", o)
			}
			bytes += o.n * o.raw
			n += o.n
		}
		if bytes != raw {
			t.Fatalf("%d bytes in objects of %d", bytes, raw)
		}
		if least := ceilDiv(raw, s.BufferMiB*mb); n < least {
			t.Fatalf("%d objects, fewer than %d full buffers", n, least)
		}
	})
}

func TestTheTotalIsTheSumOfItsParts(t *testing.T) {
	prices := mustPrices(t)
	rapid.Check(t, func(t *rapid.T) {
		s := scenarios().Draw(t, "stage")
		s.GBPerDay = rapid.Float64Range(0, 1000).Draw(t, "volume")
		bill, err := Estimate(s, prices)
		if err != nil {
			t.Fatal(err)
		}
		var services float64
		for _, service := range bill.ByService() {
			services += service.USD
		}
		if !near(services, bill.Total()) || !near(bill.Stack()+bill.Of(Sources), bill.Total()) {
			t.Fatalf("services %f, parts %f, total %f", services, bill.Stack()+bill.Of(Sources), bill.Total())
		}
		for _, line := range bill.Lines {
			if line.USD < 0 || line.Quantity < 0 {
				t.Fatalf("negative line %+v", line)
			}
		}
	})
}
