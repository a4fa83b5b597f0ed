package cost

import (
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"crawlerless/stack/pipeline"
)

func TestAStandardWorkflowIsDearerThanAnHourlyCrawlerAboveTwelveFilesAMinute(t *testing.T) {
	// 4 transitions at $25 a million are $0.0001 a file; a run is $0.07333.
	files, err := FilesAMinute(4*25e-6, mustPrices(t))
	if err != nil {
		t.Fatal(err)
	}
	if math.Abs(files-12.22) > 0.01 {
		t.Errorf("break-even at %.2f files a minute, want 12.22", files)
	}
}

func TestBreakEvenIsWhereTheBillsAreEqual(t *testing.T) {
	prices := mustPrices(t)
	crossings := 0
	for _, way := range Ways()[1:] {
		comparison, err := BreakEven(Default(), way, prices)
		if err != nil {
			t.Fatal(err)
		}
		cheaper := comparison.CheaperAtLeast
		for _, c := range comparison.Crossings {
			crossings++
			for _, side := range []struct {
				factor  float64
				cheaper bool
			}{{0.99, cheaper}, {1.01, !cheaper}} {
				s := Default()
				s.GBPerDay = c.GBPerDay * side.factor
				ours := mustEstimate(t, s)
				theirs, err := way.Bill(s, prices)
				if err != nil {
					t.Fatal(err)
				}
				if (ours.Stack() < theirs.Stack()) != side.cheaper {
					t.Errorf("%s at %g GB a day: ours $%.4f, theirs $%.4f", way.Name, s.GBPerDay, ours.Stack(), theirs.Stack())
				}
			}
			cheaper = !cheaper
		}
	}
	if crossings == 0 {
		t.Error("no crossing at all: a daily crawler must become cheaper somewhere")
	}
}

func TestProjectionAloneIsNeverDearer(t *testing.T) {
	// It does a part of the work: whoever needs no more should take it.
	for _, volume := range Volumes(3) {
		s := Default()
		s.GBPerDay = volume
		if ours, theirs := mustEstimate(t, s).Stack(), mustWay(t, "projection alone", s).Stack(); theirs > ours {
			t.Errorf("at %g GB a day projection alone is $%.4f, crawlerless $%.4f", volume, theirs, ours)
		}
	}
}

func TestTheConfigurationIsReadAsTheStackReadsIt(t *testing.T) {
	for name, config := range map[string]map[string]string{
		"nothing but a generator": {"generator": "true"},
		"everything": {
			"sources":   `[{"name":"a","logGroup":"/a"},{"name":"b","logGroup":"/b"}]`,
			"generator": "true", "bufferMiB": "128", "bufferSeconds": "900", "logRetentionDays": "14",
			"lakeTransitionDays": "30", "lakeExpiryDays": "365", "partitions": "projected",
			"architecture": "x86_64", "extractMemoryMiB": "1024", "catalogMemoryMiB": "128",
			"expectedGbPerDay": "20",
		},
	} {
		get := func(key string) (string, bool) { v, ok := config[key]; return v, ok }
		stack, err := pipeline.LoadConfig(get)
		if err != nil {
			t.Fatal(err)
		}
		sources := int64(len(stack.Sources))
		if stack.Generator {
			sources++
		}
		want := Default()
		want.GBPerDay, want.Sources, want.Alarms = stack.ExpectedGBPerDay, sources, 3+sources
		want.BufferMiB, want.BufferSeconds = int64(stack.BufferMiB), int64(stack.BufferSeconds)
		want.LogRetentionDays, want.LakeTransitionDays, want.LakeExpiryDays = int64(stack.LogRetentionDays), int64(stack.LakeTransitionDays), int64(stack.LakeExpiryDays)
		want.Projected, want.X86 = stack.Partitions == pipeline.Projected, stack.Architecture == "x86_64"
		want.ExtractMemoryMiB, want.CatalogMemoryMiB = int64(stack.ExtractMemoryMiB), int64(stack.CatalogMemoryMiB)
		got, err := FromConfig(get)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: (-stack +cost)\n%s", name, diff)
		}
	}
}

func TestWhatIsWrongWithAScenarioIsNamed(t *testing.T) {
	s := Default()
	s.GBPerDay, s.BufferMiB, s.CompressionRatio = -1, 200, 0.5
	_, err := Estimate(s, mustPrices(t))
	if err == nil {
		t.Fatal("no error")
	}
	for _, want := range []string{"gbPerDay is -1", "bufferMiB is 200; allowed: 1 to 128", "compressionRatio is 0.5"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%v does not say %q", err, want)
		}
	}
}

func TestAnotherRegionIsWhatDiffers(t *testing.T) {
	list := mustPrices(t)
	frankfurt, err := ReadPrices(strings.NewReader(`{"region":"eu-central-1","currency":"USD","date":"2026-11-24","items":[
		{"item":"firehose.ingest","service":"Firehose","unit":"GB","price":0.033,"source":"https://aws.amazon.com/firehose/pricing/","date":"2026-11-24","verified":true}]}`))
	if err != nil {
		t.Fatal(err)
	}
	merged, err := list.With(frankfurt)
	if err != nil {
		t.Fatal(err)
	}
	ingest, err := merged.Get("firehose.ingest")
	if err != nil {
		t.Fatal(err)
	}
	alarm, err := merged.Get("cloudwatch.alarm")
	if err != nil {
		t.Fatal(err)
	}
	if merged.Region != "eu-central-1" || ingest.USD != 0.033 || !ingest.Verified {
		t.Errorf("%s, %+v", merged.Region, ingest)
	}
	if alarm.USD != 0.10 || alarm.Verified || !strings.Contains(alarm.Note, "us-east-1") {
		t.Errorf("a price of another region must be marked: %+v", alarm)
	}
	if kept, err := list.Get("cloudwatch.alarm"); err != nil || !kept.Verified {
		t.Errorf("the list itself was changed: %+v, %v", kept, err)
	}
}

func TestABadPriceListIsRefused(t *testing.T) {
	item := `{"item":"a","service":"S","unit":"GB","price":1,"source":"https://x","date":"2026-11-24","verified":true}`
	for name, text := range map[string]string{
		"unknown field":   `{"region":"r","date":"2026-11-24","itemz":[]}`,
		"twice":           `{"region":"r","date":"2026-11-24","items":[` + item + `,` + item + `]}`,
		"negative":        `{"region":"r","date":"2026-11-24","items":[` + strings.Replace(item, `"price":1`, `"price":-1`, 1) + `]}`,
		"without source":  `{"region":"r","date":"2026-11-24","items":[` + strings.Replace(item, "https://x", "", 1) + `]}`,
		"without a date":  `{"region":"r","date":"2026-11-24","items":[` + strings.Replace(item, "2026-11-24", "soon", 1) + `]}`,
		"without service": `{"region":"r","date":"2026-11-24","items":[` + strings.Replace(item, `"S"`, `""`, 1) + `]}`,
	} {
		if _, err := ReadPrices(strings.NewReader(text)); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
