package ndjson

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"crawlerless/lambdas/ndjson/sample"
)

// hive renders the columns as "name:type" in order.
func hive(r Result) string {
	var parts []string
	for _, c := range r.Schema.Columns {
		parts = append(parts, c.Name+":"+c.Type.Hive())
	}
	return strings.Join(parts, " ")
}

func infer(t *testing.T, input string, o Options) Result {
	t.Helper()
	r, err := Infer(context.Background(), strings.NewReader(input), o)
	if err != nil {
		t.Fatalf("%.80q: %v", input, err)
	}
	return r
}

func TestTypes(t *testing.T) {
	for _, c := range []struct{ rule, in, want string }{
		{"scalars", `{"a":true,"b":1,"c":1.5,"d":"x"}`, "a:boolean b:bigint c:double d:string"},
		{"an integer with a fraction elsewhere is double", "{\"a\":1}\n{\"a\":1.5}", "a:double"},
		{"a conflict is string", "{\"a\":1}\n{\"a\":true}", "a:string"},
		{"an object and a scalar is string", "{\"a\":{\"b\":1}}\n{\"a\":1}", "a:string"},
		{"null tells nothing", "{\"a\":null}\n{\"a\":1}", "a:bigint"},
		{"null alone reads as string", `{"a":null}`, "a:string"},
		{"an empty array beside one with elements", `{"a":[]}` + "\n" + `{"a":[1]}`, "a:array<bigint>"},
		{"an empty array alone", `{"a":[]}`, "a:array<string>"},
		{"an empty object alone", `{"a":{}}`, "a:map<string,string>"},
		{"an empty object beside one with members", `{"a":{}}` + "\n" + `{"a":{"b":1}}`, "a:struct<b:bigint>"},
		{"elements of several types", `{"a":[1,2.5]}`, "a:array<double>"},
		{"nested", `{"a":{"b":[{"c":1},{"d":"x"}]}}`, "a:struct<b:array<struct<c:bigint,d:string>>>"},
		{"the largest bigint", `{"a":9223372036854775807,"b":-9223372036854775808}`, "a:bigint b:bigint"},
		{"integers beyond 64 bits", `{"a":9223372036854775808,"b":-9223372036854775809}`, "a:string b:string"},
		{"an exponent makes a double", `{"a":1e5,"b":1E-5}`, "a:double b:double"},
		{"out of a double's range", `{"a":1e400,"b":1e-400}`, "a:string b:string"},
		{"zero has no range", `{"a":0e400,"b":0.000e-99999999999999999999}`, "a:double b:double"},
		{"more digits than a double has", `{"a":0.1234567890123456789,"b":3.14159265358979}`, "a:string b:double"},
		{"digits that print again", `{"a":0.30000000000000004,"b":5e-324,"c":1.7976931348623157e308}`, "a:double b:double c:double"},
		{"digits that do not", `{"a":0.30000000000000003}`, "a:string"},
		{"zeros at the end are no digits", `{"a":1.50000000000000000000000}`, "a:double"},
		{"a key that is there twice has both types", `{"a":1,"a":1.5}`, "a:double"},
		{"escaped keys are the same keys", `{"\u0061":1}` + "\n" + `{"a":2.5}`, "a:double"},
		{"keys that differ by case in different records", `{"userId":1}` + "\n" + `{"userID":2.5}`, "userid:double"},
		{"text that looks like anything is text", `{"a":"1","b":"2026-01-01 00:00:00"}`, "a:string b:string"},
	} {
		if got := hive(infer(t, c.in, Options{})); got != c.want {
			t.Errorf("%s: %s, want %s", c.rule, got, c.want)
		}
	}
}

func TestTimestampsOnlyOnRequestAndOnlyWhenAllAre(t *testing.T) {
	o := Options{Timestamps: true}
	for in, want := range map[string]string{
		`{"a":"2026-01-01 00:00:00"}` + "\n" + `{"a":"2026-01-01 00:00:00.123456789"}`: "a:timestamp",
		`{"a":"2026-01-01 00:00:00"}` + "\n" + `{"a":"2026-01-01T00:00:00Z"}`:          "a:string",
		`{"a":"2026-02-30 00:00:00"}`:                    "a:string",
		`{"a":"2026-01-01 00:00:00"}` + "\n" + `{"a":1}`: "a:string",
	} {
		if got := hive(infer(t, in, o)); got != want {
			t.Errorf("%s: %s, want %s", in, got, want)
		}
	}
}

func TestCounts(t *testing.T) {
	in := "{\"a\":1,\"b\":null}\n\n \t\r\n{\"a\":\n[1]\nnull\n{\"b\":null,\"b\":null}\r\n{\"a\":2} x\n{\"c\":\"\x01\"}\n{\"a\":3}"
	r := infer(t, in, Options{})
	if r.Records != 3 || r.Blank != 2 || r.MalformedLines != 5 || r.RawBytes != int64(len(in)) || r.CompressedBytes != int64(len(in)) {
		t.Fatalf("%+v", r)
	}
	if d := cmp.Diff(map[string]ColumnCount{"a": {Present: 2}, "b": {Present: 2, Nulls: 2}}, r.Columns); d != "" {
		t.Fatal(d)
	}
	at := func(s string) int64 { return int64(strings.Index(in, s)) }
	want := []Malformed{
		{at("{\"a\":\n") + 5, 4, "the text ends within a value"},
		{at("[1]"), 5, "no JSON object"},
		{at("\nnull") + 1, 6, "no JSON object"},
		{at(" x") + 1, 8, `'x' after the value`},
		{at("\x01"), 9, "byte 0x01 in a string"},
	}
	if d := cmp.Diff(want, r.FirstMalformed); d != "" {
		t.Fatal(d)
	}
}

func TestEventTimes(t *testing.T) {
	for _, c := range []struct{ rule, in, first, last string }{
		{"RFC 3339", `{"time":"2026-01-02T03:04:05Z"}` + "\n" + `{"time":"2026-01-02T03:04:05.25+01:00"}`, "2026-01-02T02:04:05.25Z", "2026-01-02T03:04:05Z"},
		{"seconds", `{"ts":1700000000}`, "2023-11-14T22:13:20Z", "2023-11-14T22:13:20Z"},
		{"seconds with a fraction", `{"ts":1700000000.5}`, "2023-11-14T22:13:20.5Z", "2023-11-14T22:13:20.5Z"},
		{"milliseconds", `{"ts":1700000000123}`, "2023-11-14T22:13:20.123Z", "2023-11-14T22:13:20.123Z"},
		{"the more trusted field wins", `{"time":"2020-01-01T00:00:00Z","@timestamp":"2026-01-01T00:00:00Z"}`, "2026-01-01T00:00:00Z", "2026-01-01T00:00:00Z"},
		{"an unreadable one does not", `{"time":"2020-01-01T00:00:00Z","@timestamp":"yesterday"}`, "2020-01-01T00:00:00Z", "2020-01-01T00:00:00Z"},
		{"a malformed line has no time", `{"time":"2020-01-01T00:00:00Z"`, "", ""},
		{"only at the top", `{"a":{"time":"2020-01-01T00:00:00Z"}}`, "", ""},
		{"no zone is no instant", `{"time":"2020-01-01T00:00:00"}`, "", ""},
		{"a small number is no time", `{"ts":12}`, "", ""},
		{"microseconds", `{"ts":1700000000123456}`, "2023-11-14T22:13:20.123456Z", "2023-11-14T22:13:20.123456Z"},
		{"nanoseconds", `{"ts":1700000000123456789}`, "2023-11-14T22:13:20.123456789Z", "2023-11-14T22:13:20.123456789Z"},
		{"beyond nanoseconds", `{"ts":17000000001234567890}`, "", ""},
		{"milliseconds with a fraction", `{"ts":1700000000123.5}`, "2023-11-14T22:13:20.1235Z", "2023-11-14T22:13:20.1235Z"},
		{"numbers in quotes", `{"ts":"1700000000"}` + "\n" + `{"ts":"1700000001.5"}`, "2023-11-14T22:13:20Z", "2023-11-14T22:13:21.5Z"},
		{"digits that are no such number", `{"ts":"20260102030405"}` + "\n" + `{"ts":"1700000000,5"}` + "\n" + `{"ts":"1700000000."}`, "", ""},
		{"an offset without a colon, as zap and Suricata write it", `{"ts":"2026-01-02T03:04:05.678+0100"}` + "\n" + `{"ts":"2026-01-02T03:04:06.678-0730"}`, "2026-01-02T02:04:05.678Z", "2026-01-02T10:34:06.678Z"},
		{"an offset of hours", `{"time":"2026-01-02 03:04:05.25+01"}`, "2026-01-02T02:04:05.25Z", "2026-01-02T02:04:05.25Z"},
		{"an offset behind a space", `{"time":"2026-01-02 03:04:05 +0100"}`, "2026-01-02T02:04:05Z", "2026-01-02T02:04:05Z"},
		{"UTC by its name", `{"time":"2026-01-02 03:04:05 UTC"}`, "2026-01-02T03:04:05Z", "2026-01-02T03:04:05Z"},
		{"offsets that are none", `{"time":"2026-01-02T03:04:05+2400"}` + "\n" + `{"time":"2026-01-02T03:04:05+1"}` + "\n" + `{"time":"2026-01-02T03:04:05 "}` + "\n" + `{"time":"2026-01-02T03:04:05+01:0"}`, "", ""},
		{"a comma before the fraction, as Elasticsearch writes it", `{"timestamp":"2026-01-02T03:04:05,678Z"}`, "2026-01-02T03:04:05.678Z", "2026-01-02T03:04:05.678Z"},
		{"Serilog's compact format", `{"@t":"2026-01-02T03:04:05.6789012Z","@mt":"x"}`, "2026-01-02T03:04:05.6789012Z", "2026-01-02T03:04:05.6789012Z"},
		{"the journal of systemd", `{"__REALTIME_TIMESTAMP":"1342540861416351"}`, "2012-07-17T16:01:01.416351Z", "2012-07-17T16:01:01.416351Z"},
		{"a name that one writer uses gives way to one that many use", `{"created_at":"2020-01-01T00:00:00Z","time":"2026-01-01T00:00:00Z"}`, "2026-01-01T00:00:00Z", "2026-01-01T00:00:00Z"},
		{"before 1970", `{"time":"1969-12-31T23:59:59.5Z"}`, "1969-12-31T23:59:59.5Z", "1969-12-31T23:59:59.5Z"},
	} {
		r := infer(t, c.in, Options{})
		show := func(at *time.Time) string {
			if at == nil {
				return ""
			}
			return at.Format(time.RFC3339Nano)
		}
		if show(r.FirstEventTime) != c.first || show(r.LastEventTime) != c.last {
			t.Errorf("%s: %s to %s, want %s to %s", c.rule, show(r.FirstEventTime), show(r.LastEventTime), c.first, c.last)
		}
	}
	r := infer(t, `{"when":"2026-01-01T00:00:00Z","time":"2020-01-01T00:00:00Z"}`, Options{TimeFields: []string{"When"}})
	if r.FirstEventTime.Year() != 2026 {
		t.Errorf("the configured field was not used: %v", r.FirstEventTime)
	}
}

// A SerDe that ignores case refuses the whole record, wherever in it the keys are.
func TestKeysThatDifferByCaseInOneObjectMakeTheSchemaCaseSensitive(t *testing.T) {
	for in, want := range map[string]bool{
		`{"a":{"Tagging":{"x":1},"tagging":""}}`:              true,
		`{"a":[{"b":{"Osv":"8","osv":"8"}}]}`:                 true,
		`{"a":{"Tagging":1}}` + "\n" + `{"a":{"tagging":2}}`:  false,
		`{"a":{"x":1},"b":{"X":2}}`:                           false,
		`{"a":{"Tagging":1,"tagging":2},}` + "\n" + `{"a":1}`: false,
	} {
		if got := infer(t, in, Options{}).Schema.CaseSensitive; got != want {
			t.Errorf("%s: case-sensitive is %v", in, got)
		}
	}
}

func TestTimesThatAreNoInstantsAreSaid(t *testing.T) {
	in := `{"level":"info","timestamp":"2026-01-05 10:11:12.345"}`
	if r := infer(t, in, Options{}); len(r.Notes) != 1 || !strings.Contains(r.Notes[0], `"timestamp" have no offset`) {
		t.Errorf("notes %q", r.Notes)
	}
	if r := infer(t, in+"\n"+`{"time":"2026-01-05T10:11:12Z"}`, Options{}); len(r.Notes) != 0 {
		t.Errorf("there is a time, and yet: %q", r.Notes)
	}
}

func TestDocuments(t *testing.T) {
	in := ` {"v":[{"x":1}], "Records" : [ {"a":1}, {"a":[{"b":2}]} , 7,
	  {} ], "Records2":[{"c":1}]}
	 {"Records":[{"d":"x"}]}`
	r := infer(t, in, Options{Records: "Records"})
	if got := hive(r); got != "a:string d:string" || r.Records != 4 || r.MalformedLines != 1 {
		t.Fatalf("%s %+v", got, r)
	}
	if r := infer(t, `[{"a":1},{"a":2.5}]`, Options{Records: "."}); hive(r) != "a:double" || r.Records != 2 {
		t.Fatalf("%+v", r)
	}
	for _, bad := range []string{`{"Records":[{"a":1},`, `{"Records":[{"a":1}}`, `{"x":1}`, `{"Records":{"a":1}}`, `{"a":{"Records":[{"a":1}]}}`} {
		if r, err := Infer(context.Background(), strings.NewReader(bad), Options{Records: "Records"}); err == nil {
			t.Errorf("%s: no error, %+v", bad, r)
		}
	}
	r = infer(t, `{"Records":[{"a":1}]}`, Options{})
	if len(r.Notes) != 1 || !strings.Contains(r.Notes[0], "--records Records") {
		t.Fatalf("not recognised: %q", r.Notes)
	}
}

func TestAllocationsDoNotDependOnTheNumberOfRecords(t *testing.T) {
	for _, k := range sample.Kinds() {
		allocations := func(bytes int64) float64 {
			var text strings.Builder
			if _, err := sample.Write(&text, k, bytes, 1); err != nil {
				t.Fatal(err)
			}
			return testing.AllocsPerRun(2, func() { infer(t, text.String(), Options{}) })
		}
		few, many := allocations(500_000), allocations(4_000_000)
		if many > few+5 {
			t.Errorf("%s: %v allocations, and %v for eight times as many records", k, few, many)
		}
	}
}

func TestRoundedIntegersAreSaid(t *testing.T) {
	for in, want := range map[string]string{
		`{"a":9007199254740993,"b":9007199254740993}` + "\n" + `{"a":0.5}`: "column a has",
		`{"a":{"b":[{"c":0.5},{"c":-9007199254740993}]}}`:                  "column a.b[].c has",
		`{"a":9223372036854775807}` + "\n" + `{"a":0.5}`:                   "column a has",
		`{"a":9007199254740993}` + "\n" + `{"a":1}`:                        "", // stays bigint
		`{"a":9007199254740992}` + "\n" + `{"a":0.5}`:                      "", // 2^53
		`{"a":-9223372036854775808}` + "\n" + `{"a":0.5}`:                  "", // -2^63
		`{"a":9007199254740993}` + "\n" + `{"a":0.5}` + "\n" + `{"a":"x"}`: "", // string
	} {
		for _, in := range []string{in, strings.Repeat(in+"\n", 5)} {
			notes := strings.Join(infer(t, in, Options{}).Notes, "\n")
			if want == "" && notes != "" || !strings.HasPrefix(notes, want) {
				t.Errorf("%s: %q, want %q", in, notes, want)
			}
		}
	}
}
