package costcmd

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const checkout = "../.."

func run(t *testing.T, o Options) (stdout, stderr string) {
	t.Helper()
	o.Root = checkout
	var out, errs bytes.Buffer
	if err := Run(context.Background(), o, &out, &errs); err != nil {
		t.Fatal(err)
	}
	return out.String(), errs.String()
}

func TestEveryStageIsWithinItsBudget(t *testing.T) {
	out, _ := run(t, Options{JSON: true})
	var doc document
	if err := json.Unmarshal([]byte(out), &doc); err != nil {
		t.Fatal(err)
	}
	if len(doc.Reports) < 3 {
		t.Fatalf("%d stages", len(doc.Reports))
	}
	for _, r := range doc.Reports {
		if r.BudgetUSD <= 0 || r.StackUSD > r.BudgetUSD {
			t.Errorf("%s: $%.2f of a budget of $%.2f", r.Stage, r.StackUSD, r.BudgetUSD)
		}
	}
}

func TestTheTableSaysWhatCostsWhatAndWhereItBreaksEven(t *testing.T) {
	out, _ := run(t, Options{Stage: "prod"})
	for _, want := range []string{
		"Stage prod: 20 GB a day from 1 source, prices of us-east-1", "extract function", "crawler every hour",
		"Its budget is $500.00: kept.", "by service", "USD a GB", "dearer than an hourly crawler above", "* not verified",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
}

func TestEachVolumeHasAReportOfItsOwn(t *testing.T) {
	out, _ := run(t, Options{Stage: "dev", GBPerDay: []float64{1, 50}})
	if !strings.Contains(out, "Stage dev: 1 GB a day") || !strings.Contains(out, "Stage dev: 50 GB a day") {
		t.Errorf("%s", out)
	}
}

func TestThePageLoadsNothing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "cost.html")
	out, errs := run(t, Options{Stage: "prod", JSON: true, HTML: path})
	if !json.Valid([]byte(out)) || !strings.Contains(errs, path) {
		t.Errorf("standard output is not one document, or the page is not announced: %s", errs)
	}
	page, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	text := string(page)
	for _, never := range []string{"<script", "<link", "src=", "@import", "url(", "ZgotmplZ"} {
		if strings.Contains(text, never) {
			t.Errorf("the page contains %s", never)
		}
	}
	if strings.Count(text, "<svg") != 2 || strings.Count(text, "<polyline") != 16 || !strings.Contains(text, "prefers-color-scheme: dark") {
		t.Error("two charts of eight curves, in light and dark, are expected")
	}
}

func TestWhatIsWrongIsSaid(t *testing.T) {
	for name, c := range map[string]struct {
		o    Options
		want string
	}{
		"a stage that is not there": {Options{Stage: "nope"}, `no stage "nope"; there are: dev, prod, staging`},
		"a negative volume":         {Options{Stage: "dev", GBPerDay: []float64{-1}}, "--gb-per-day: -1; allowed: 0 to 1000000 GB a day"},
		"a volume that is none":     {Options{Stage: "dev", GBPerDay: []float64{1, math.NaN()}}, "--gb-per-day: NaN"},
		"a volume without end":      {Options{Stage: "dev", GBPerDay: []float64{math.Inf(1)}}, "--gb-per-day: +Inf"},
		"a huge volume":             {Options{Stage: "dev", GBPerDay: []float64{1e300}}, "--gb-per-day: 1e+300"},
		"no such price list":        {Options{Prices: "nowhere.json"}, "nowhere.json"},
		"no price list":             {Options{Prices: "costcmd.go"}, "costcmd.go: read price list"},
	} {
		c.o.Root = checkout
		err := Run(context.Background(), c.o, &bytes.Buffer{}, &bytes.Buffer{})
		var usage *UsageError
		if err == nil || !strings.Contains(err.Error(), c.want) || !errors.As(err, &usage) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestABudgetThatIsExceededSaysByHowMuchAndByWhat(t *testing.T) {
	out, _ := run(t, Options{Stage: "prod", GBPerDay: []float64{700}})
	for _, want := range []string{"Its budget is $500.00: EXCEEDED by $3", "The dearest: S3 $366.41 (logs in Standard-IA), Athena $"} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
}

func TestNoVolumeAtAllIsABill(t *testing.T) {
	out, _ := run(t, Options{Stage: "prod", GBPerDay: []float64{0, 1e6}})
	if !strings.Contains(out, "Stage prod: 0 GB a day") || !strings.Contains(out, "Stage prod: 1000000 GB a day") || strings.Contains(out, "NaN") || strings.Contains(out, "Inf") {
		t.Errorf("%s", out)
	}
}
