package cost

import (
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// manual is a section of docs/cost.md, from a heading to the next.
func manual(t *testing.T, heading string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "docs", "cost.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, section, ok := strings.Cut(string(text), "\n## "+heading+"\n")
	if !ok {
		t.Fatalf("docs/cost.md has no section %q", heading)
	}
	section, _, _ = strings.Cut(section, "\n## ")
	return section
}

func number(t *testing.T, text string) float64 {
	t.Helper()
	v, err := strconv.ParseFloat(text, 64)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestEveryFigureOfTheManualIsALineOfTheBill(t *testing.T) {
	bill := mustEstimate(t, Default())
	steps, sums, ok := strings.Cut(manual(t, "The steps, for one GB a day"), "\nTogether ")
	if !ok {
		t.Fatal("no sums behind the steps")
	}
	bold := regexp.MustCompile(`\*\*\$([0-9.]+)\*\*`)
	derived := map[int]int{} // ten-thousandths of a dollar, and how often
	for _, m := range bold.FindAllStringSubmatch(steps, -1) {
		derived[int(math.Round(number(t, m[1])*1e4))]++
	}
	for _, line := range bill.Lines {
		cents := int(math.Round(line.USD * 1e4))
		if cents == 0 {
			continue // "less than a hundredth of a cent"
		}
		if derived[cents]--; derived[cents] < 0 {
			t.Errorf("docs/cost.md does not derive $%.4f for %s", line.USD, line.What)
		}
	}
	for cents, n := range derived {
		if n > 0 {
			t.Errorf("docs/cost.md derives $%.4f, which no line of the bill is", float64(cents)/1e4)
		}
	}
	var got []float64
	for _, m := range bold.FindAllStringSubmatch("Together "+sums, -1) {
		got = append(got, number(t, m[1]))
	}
	for i, want := range []float64{bill.Total(), bill.Stack(), bill.Of(Catalog)} {
		if i >= len(got) || math.Abs(got[i]-want) > 0.005 {
			t.Errorf("sums of the manual: %v, sum %d is $%.4f", got, i+1, want)
		}
	}
}

func TestTheWaysOfTheManualCostWhatItSays(t *testing.T) {
	rows := regexp.MustCompile(`(?m)^\| ([a-zA-Z0-9 ]+) \| ([0-9.]+) \|`).FindAllStringSubmatch(manual(t, "The other ways, for the same stage"), -1)
	if len(rows) != len(Ways()) {
		t.Fatalf("%d rows for %d ways", len(rows), len(Ways()))
	}
	for _, row := range rows {
		if got, want := mustWay(t, row[1], Default()).Of(Catalog), number(t, row[2]); math.Abs(got-want) > 0.005 {
			t.Errorf("%s: $%.4f, the manual says $%.2f", row[1], got, want)
		}
	}
}
