package ndjson

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"crawlerless/lambdas/schema"
)

// manyKeys writes a record whose keys bring the caps about: at the top, below
// it, or nowhere, with names and identifiers of several lengths.
func manyKeys(r *rand.Rand, damaged bool) string {
	var b strings.Builder
	b.WriteString(`{"stable":1`)
	for range r.IntN(4) {
		n := []int{3, 700, 3000}[r.IntN(3)]
		pool := []int{400, 2000, 100_000}[r.IntN(3)]
		shape := []string{"%s", "id7_%s", "a_rather_long_name_%s", "X%s"}[r.IntN(4)]
		for range n {
			fmt.Fprintf(&b, `,%q:%s`, fmt.Sprintf(shape, letters(r.IntN(pool))), []string{"1", "2.5", `"x"`, "null", "[]"}[r.IntN(5)])
		}
	}
	if r.IntN(2) == 0 {
		b.WriteString(`,"nested":{"list":[{`)
		for i := range 1 + r.IntN(700) {
			if i > 0 {
				b.WriteByte(',')
			}
			fmt.Fprintf(&b, `%q:1`, letters(r.IntN(900)))
		}
		b.WriteString(`}]}`)
	}
	if damaged {
		b.WriteString(`,"never":`)
	}
	b.WriteString("}\n")
	return b.String()
}

// letters is a number without digits, so that it does not look like one.
func letters(n int) string {
	text := fmt.Appendf(nil, "%d", n*7919%1_000_003)
	for i := range text {
		text[i] += 'a' - '0'
	}
	return string(text)
}

// The caps are functions of the set of records: of neither their order, nor
// where the input was split, nor which of the others were malformed.
func TestCapsDependOnTheSetOfRecordsOnly(t *testing.T) {
	read := func(lines []string) Result {
		t.Helper()
		res, err := Infer(context.Background(), strings.NewReader(strings.Join(lines, "")), Options{})
		if err != nil {
			t.Fatal(err)
		}
		res.FirstMalformed = nil // counted from each part's beginning
		return res
	}
	overflows := 0
	for seed := range uint64(5) {
		r := rand.New(rand.NewPCG(seed, 1))
		lines := make([]string, 2+r.IntN(6))
		var want schema.Schema
		for i := range lines {
			damaged := r.IntN(4) == 0
			lines[i] = manyKeys(r, damaged)
			if damaged {
				continue
			}
			s, err := oracle([]byte(lines[i]))
			if err != nil {
				t.Fatal(err)
			}
			want = schema.Merge(want, s)
		}
		whole := read(lines)
		if whole.Schema.Overflow {
			overflows++
		}
		if d := cmp.Diff(text(Result{Schema: want}), text(Result{Schema: whole.Schema})); d != "" {
			t.Fatalf("seed %d: not what the records say one by one: %s", seed, d)
		}
		if got := presence(t, lines, whole); !cmp.Equal(got, whole.Columns) {
			t.Fatalf("seed %d: counts: %s", seed, cmp.Diff(got, whole.Columns))
		}
		for range 3 {
			shuffled := slices.Clone(lines)
			r.Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
			if text(read(shuffled)) != text(whole) {
				t.Fatalf("seed %d: the order of records matters", seed)
			}
			at := r.IntN(len(lines) + 1)
			if text(read(shuffled[:at]).Merge(read(shuffled[at:]))) != text(whole) {
				t.Fatalf("seed %d: the place of the split matters", seed)
			}
		}
	}
	if overflows < 2 {
		t.Fatalf("only %d of the inputs had too many columns", overflows)
	}
}

// presence counts the columns of a result with encoding/json.
func presence(t *testing.T, lines []string, res Result) map[string]ColumnCount {
	t.Helper()
	out := map[string]ColumnCount{}
	for _, c := range res.Schema.Columns {
		for _, key := range c.Keys() {
			out[key] = ColumnCount{}
		}
	}
	for _, line := range lines {
		if !json.Valid([]byte(line)) {
			continue
		}
		// encoding/json keeps the last of keys that are there twice; a null
		// counts wherever it stands.
		nulls, keys := map[string]bool{}, map[string]bool{}
		d := json.NewDecoder(strings.NewReader(line))
		if _, err := d.Token(); err != nil {
			t.Fatal(err)
		}
		for d.More() {
			key, err := d.Token()
			if err != nil {
				t.Fatal(err)
			}
			var value json.RawMessage
			if err := d.Decode(&value); err != nil {
				t.Fatal(err)
			}
			keys[key.(string)] = true
			nulls[key.(string)] = nulls[key.(string)] || bytes.Equal(value, []byte("null"))
		}
		for key := range keys {
			if n, ok := out[key]; ok {
				n.Present++
				if nulls[key] {
					n.Nulls++
				}
				out[key] = n
			}
		}
	}
	return out
}

// A name that comes after thousands of identifiers in one record is kept, as
// it would be had it come first.
func TestNamesAreKeptWhereverTheyStandAmongIdentifiers(t *testing.T) {
	var ids strings.Builder
	for i := range 6000 {
		fmt.Fprintf(&ids, `"i%d":1,`, i)
	}
	for _, in := range []string{`{"stable":true,` + ids.String() + `"i":1}`, `{` + ids.String() + `"i":1,"stable":true}`} {
		if got := hive(infer(t, in, Options{})); got != "i:bigint stable:boolean" {
			t.Errorf("%.20s…: %s", in, got)
		}
	}
}

func TestSplitsKeepTheEmptyKeyApart(t *testing.T) {
	a, b := `{"":1}`+"\n", `{"_":2.5}`+"\n"
	whole := infer(t, a+b, Options{})
	for _, merged := range []Result{infer(t, a, Options{}).Merge(infer(t, b, Options{})), infer(t, b, Options{}).Merge(infer(t, a, Options{}))} {
		if d := cmp.Diff(text(whole), text(merged)); d != "" {
			t.Fatal(d)
		}
	}
	if len(whole.Schema.Columns) != 2 || whole.Columns[""] != (ColumnCount{Present: 1}) {
		t.Fatalf("%+v", whole)
	}
}
