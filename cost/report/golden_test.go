package report

import (
	"bytes"
	"flag"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"crawlerless/cost"
)

var update = flag.Bool("update", false, "write what is shown into testdata, to be read before it is committed")

// shown are the reports of the golden files: the stage that docs/cost.md derives
// by hand, whose figures a test of package cost compares with the manual, and
// one that is larger than its budget and takes what is free.
func shown(t *testing.T) ([]Report, cost.PriceList) {
	t.Helper()
	prices, err := cost.Prices()
	if err != nil {
		t.Fatal(err)
	}
	large := cost.Default()
	large.GBPerDay, large.Sources, large.FreeTiers = 500, 3, true
	var reports []Report
	for _, stage := range []Stage{
		{Name: "manual", Scenario: cost.Default(), BudgetUSD: 30},
		{Name: "large", Scenario: large, BudgetUSD: 100},
	} {
		r, err := Of(stage, prices)
		if err != nil {
			t.Fatal(err)
		}
		reports = append(reports, r)
	}
	return reports, prices
}

// golden compares with a file of testdata.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got == string(want) {
		return
	}
	lines := strings.Split(string(want), "\n")
	for i, line := range strings.Split(got, "\n") {
		if i >= len(lines) || line != lines[i] {
			t.Fatalf("%s differs from line %d on; it is now:\n%s\nIf that is meant: go test ./cost/report -update, and read the difference", path, i+1, line)
		}
	}
	t.Fatalf("%s has more lines than what is shown now", path)
}

func TestTheTableIsAsInTheGoldenFile(t *testing.T) {
	reports, prices := shown(t)
	for _, r := range reports {
		var b bytes.Buffer
		if err := r.Table(&b, prices); err != nil {
			t.Fatal(err)
		}
		golden(t, r.Stage+".txt", b.String())
	}
}

func TestThePageIsAsInTheGoldenFile(t *testing.T) {
	reports, prices := shown(t)
	var b bytes.Buffer
	if err := HTML(&b, reports, prices); err != nil {
		t.Fatal(err)
	}
	golden(t, "page.html", b.String())
}

// TestTheGoldenTablesAddUp reads the tables as somebody with a calculator would:
// each quantity times its price is the line's amount, lines are their part's sum,
// and parts the total.
func TestTheGoldenTablesAddUp(t *testing.T) {
	line := regexp.MustCompile(`^│ \S.*│ \S.*│ +(\(?)([0-9.]+)(?: - ([0-9.]+)\))? \S.* x ([0-9.]+) │ +([0-9.]+) │$`)
	part := regexp.MustCompile(`^│ [A-Z ]+│ +│ +│ +([0-9.]+) │$`)
	total := regexp.MustCompile(`^│ +│ +│ +total │ +([0-9.]+) │$`)
	for _, name := range []string{"manual.txt", "large.txt"} {
		text, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			t.Fatal(err)
		}
		var sum, ofPart, ofParts float64
		lines, parts, totals := 0, 0, 0
		for _, row := range strings.Split(string(text), "\n") {
			if m := line.FindStringSubmatch(row); m != nil {
				lines++
				quantity, amount := figure(t, m[2]), figure(t, m[5])
				if m[1] != "" {
					quantity = max(quantity-figure(t, m[3]), 0)
				}
				// Quantities are shown to six digits, amounts to four decimals.
				if want := quantity * figure(t, m[4]); math.Abs(want-amount) > 0.00006+1e-5*want {
					t.Errorf("%s: %s\nis %.5f by hand", name, row, want)
				}
				sum += amount
				ofPart -= amount
			} else if m := part.FindStringSubmatch(row); m != nil {
				parts++
				if math.Abs(ofPart) > 0.001 {
					t.Errorf("%s: the part before %s is off by %.4f", name, row, ofPart)
				}
				ofPart = figure(t, m[1])
				ofParts += ofPart
			} else if m := total.FindStringSubmatch(row); m != nil {
				totals++
				if said := figure(t, m[1]); math.Abs(said-sum) > 0.002 || math.Abs(said-ofParts) > 0.002 || math.Abs(ofPart) > 0.001 {
					t.Errorf("%s: total %.4f, of lines %.4f, of parts %.4f", name, said, sum, ofParts)
				}
			}
		}
		if lines < 20 || parts != 5 || totals != 1 {
			t.Errorf("%s: read %d lines, %d parts and %d totals", name, lines, parts, totals)
		}
	}
}

func figure(t *testing.T, text string) float64 {
	t.Helper()
	v, err := strconv.ParseFloat(text, 64)
	if err != nil {
		t.Fatal(err)
	}
	return v
}
