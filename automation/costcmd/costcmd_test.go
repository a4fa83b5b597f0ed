package costcmd

import (
	"bytes"
	"context"
	"encoding/json"
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
		"Stage prod: 20 GB a day from 1 source(s), prices of us-east-1", "extract function", "crawler every hour",
		"Its budget is $500.00: kept.", "dearer than an hourly crawler above", "* not verified",
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
		"a stage that is not there": {Options{Stage: "nope"}, "nope"},
		"a negative volume":         {Options{Stage: "dev", GBPerDay: []float64{-1}}, "gbPerDay is -1"},
		"no such price list":        {Options{Prices: "nowhere.json"}, "nowhere.json"},
	} {
		c.o.Root = checkout
		err := Run(context.Background(), c.o, &bytes.Buffer{}, &bytes.Buffer{})
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
