package prefix

import (
	"strings"
	"testing"
	"time"
	_ "time/tzdata"
)

func at(year int, month time.Month, day, hour, minute, second int) time.Time {
	return time.Date(year, month, day, hour, minute, second, 123456789, time.UTC)
}

func values(t time.Time) Values {
	n := 0
	return Values{Time: t, ErrorType: "processing-failed", Random: func() string {
		n++
		return strings.Repeat(string(rune('a'+n-1)), 11)
	}}
}

// The examples of "Understand custom prefixes for Amazon S3 objects", evaluated at
// 10:30 UTC on August 27, 2018 (the page's own results contradict its rules where
// it prints another day, or a slash after a literal prefix; the rules decide, and
// what the service was seen to write).
func TestExamplesOfTheGuide(t *testing.T) {
	now := at(2018, 8, 27, 10, 30, 0)
	for _, c := range []struct {
		kind            Kind
		template, want  string
		hasNoExpression bool
	}{
		{Prefix, "", "2018/08/27/10/", true},
		{Prefix, "legacy", "legacy2018/08/27/10/", true},
		{Prefix, "events/data/", "events/data/2018/08/27/10/", true},
		{Prefix, "!{timestamp:yyyy/MM/dd}", "2018/08/27", false},
		{Prefix, "myPrefix/!{firehose:random-string}/", "myPrefix/aaaaaaaaaaa/2018/08/27/10/", false},
		{Prefix, "myFirehose/DeliveredYear=!{timestamp:yyyy}/anyMonth/rand=!{firehose:random-string}", "myFirehose/DeliveredYear=2018/anyMonth/rand=aaaaaaaaaaa", false},
		{Prefix, "!{timestamp:yyyy}/!{firehose:random-string}/!{firehose:random-string}/", "2018/aaaaaaaaaaa/bbbbbbbbbbb/", false},
		{Prefix, "myPrefix/year=!{timestamp:yyyy}/month=!{timestamp:MM}/day=!{timestamp:dd}/hour=!{timestamp:HH}/", "myPrefix/year=2018/month=08/day=27/hour=10/", false},
		{ErrorOutputPrefix, "myFirehoseFailures/!{firehose:error-output-type}/", "myFirehoseFailures/processing-failed/", false},
		{ErrorOutputPrefix, "myFirehoseFailures/!{firehose:error-output-type}/!{timestamp:yyyy}/anyMonth/!{timestamp:dd}", "myFirehoseFailures/processing-failed/2018/anyMonth/27", false},
		{ErrorOutputPrefix, "myErrorPrefix/hour=!{timestamp:HH}/!{firehose:error-output-type}", "myErrorPrefix/hour=10/processing-failed", false},
		{ErrorOutputPrefix, "errors/", "errors/processing-failed/2018/08/27/10/", true},
		{ErrorOutputPrefix, "myFirehosePrefix", "myFirehosePrefixprocessing-failed/2018/08/27/10/", true},
	} {
		p, err := Parse(c.kind, c.template)
		if err != nil {
			t.Errorf("%s %q refused: %v", c.kind, c.template, err)
			continue
		}
		if got := p.Evaluate(values(now)); got != c.want {
			t.Errorf("%s %q is %q, want %q", c.kind, c.template, got, c.want)
		}
		if p.HasExpressions() == c.hasNoExpression {
			t.Errorf("%q has expressions: %t", c.template, p.HasExpressions())
		}
	}
}

func TestInvalidTemplatesAreRefusedInTheWordsOfAWS(t *testing.T) {
	for _, c := range []struct {
		kind           Kind
		template, want string
	}{
		{Prefix, "a/!{timestamp:yyyy", "Invalid expression usage"},
		{Prefix, "a/!{}", "Invalid expression usage"},
		{Prefix, "a/!{timestamp}", "Invalid expression usage"},
		{Prefix, "a/!{:yyyy}", "Invalid expression usage"},
		{Prefix, "a!{", "Invalid expression usage"},
		{Prefix, "!{time:yyyy}/", "Namespace to the left of colon (time) is an invalid keyword!"},
		{Prefix, "!{firehose:stream-name}/", "Invalid conversion character used in the value of the expression in Prefix"},
		{Prefix, "!{timestamp:'year=yyyy}/", "Invalid expression usage"},
		{ErrorOutputPrefix, "!{firehose:error-output-type}/!{timestamp:R}", "Invalid conversion character used in the value of the expression in ErrorOutputPrefix"},
		{Prefix, "!{firehose:error-output-type}/", "Prefix must not contain any occurrence of !{firehose:error-output-type}"},
		{ErrorOutputPrefix, "!{timestamp:yyyy}/", "ErrorOutputPrefix must contain at least one occurrence of !{firehose:error-output-type}"},
		{ErrorOutputPrefix, "!{partitionKeyFromQuery:id}/!{firehose:error-output-type}", "Dynamic Partitioning Namespaces can't be part of an error prefix expression"},
		{Prefix, strings.Repeat("a", 513), "Length of evaluated prefix cannot be greater than 512"},
		{ErrorOutputPrefix, strings.Repeat("a", 513), "Length of evaluated ErrorOutputPrefix cannot be greater than 512"},
	} {
		if _, err := Parse(c.kind, c.template); err == nil || err.Error() != c.want {
			t.Errorf("%s %q: %v, want %s", c.kind, c.template, err, c.want)
		}
	}
	if p, err := Parse(Prefix, "!{partitionKeyFromQuery:id}/"); err != nil || !p.Partitioned() {
		t.Errorf("a dynamic partitioning key is not reported: %v", err)
	}
	if _, err := Parse(Prefix, strings.Repeat("ä", 512)); err != nil {
		t.Errorf("512 characters of two bytes each: %v", err)
	}
}

// The letters that the service refuses, of all 52, each alone in an expression.
func TestEveryLetterAlone(t *testing.T) {
	const refused = "CIJPRTUVbfijloprt" + "Bv" // the last two are ours: see checkRun
	for c := byte('A'); c <= 'z'; c++ {
		if c > 'Z' && c < 'a' {
			continue
		}
		_, err := Parse(Prefix, "!{timestamp:"+string(c)+"}")
		if want := strings.IndexByte(refused, c) >= 0; (err != nil) != want {
			t.Errorf("letter %c: %v, want refused: %t", c, err, want)
		}
	}
}

// Expected values from the table of java.time.format.DateTimeFormatter and from
// `date` for the instants.
func TestPatternLettersOfDateTimeFormatter(t *testing.T) {
	tuesday := at(2026, 3, 3, 14, 5, 9)
	newYear := at(2024, 12, 31, 0, 0, 0) // a Tuesday in the week of January 1, 2025
	tokyo, err := time.LoadLocation("Asia/Tokyo")
	if err != nil {
		t.Fatal(err)
	}
	newYork, err := time.LoadLocation("America/New_York")
	if err != nil {
		t.Fatal(err)
	}
	kolkata, err := time.LoadLocation("Asia/Calcutta")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		pattern string
		time    time.Time
		zone    *time.Location
		want    string
	}{
		{"yyyy yy y u uuuu", tuesday, nil, "2026 26 2026 2026 2026"},
		{"YYYY-'W'ww", newYear, nil, "2025-W01"},
		{"yyyy-DDD-D", newYear, nil, "2024-366-366"},
		{"M MM MMM MMMM MMMMM L LLLL", tuesday, nil, "3 03 Mar March M 3 March"},
		{"d dd", tuesday, nil, "3 03"},
		{"E EEEE EEEEE e ee eee c cccc", tuesday, nil, "Tue Tuesday T 3 03 Tue 3 Tuesday"},
		{"H HH k kk K KK h hh a", tuesday, nil, "14 14 14 14 2 02 2 02 PM"},
		{"H k K h a", newYear, nil, "0 24 0 12 AM"},
		{"m mm s ss S SSS SSSSSSSSS n", tuesday, nil, "5 05 9 09 1 123 123456789 123456789"},
		{"A N", tuesday, nil, "50709123 50709123456789"},
		{"Q QQ QQQ QQQQ q", tuesday, nil, "1 01 Q1 1st quarter 1"},
		{"G GGGG GGGGG", tuesday, nil, "AD Anno Domini A"},
		{"w W F g", tuesday, nil, "10 1 1 61102"},
		{"X XX XXX x xxx Z ZZZZ ZZZZZ O z VV", tuesday, nil, "Z Z Z +00 +00:00 +0000 GMT Z GMT UTC UTC"},
		{"dd HH X XXX x xxx Z ZZZZ ZZZZZ O OOOO z VV", tuesday, tokyo, "03 23 +09 +09:00 +09 +09:00 +0900 GMT+09:00 +09:00 GMT+9 GMT+09:00 JST Asia/Tokyo"},
		{"HH X z", tuesday, newYork, "09 -05 EST"},
		{"HH:mm X XXX O", tuesday, kolkata, "19:35 +0530 +05:30 GMT+5:30"},
		{"'year='yyyy''MM", tuesday, nil, "year=2026'03"},
		{"'it''s' yyyy", tuesday, nil, "it's 2026"},
		{"'}'yyyy", tuesday, nil, "}2026"},
		{"yyyy/MM/dd-HH_mm.ss=", tuesday, nil, "2026/03/03-14_05.09="},
	} {
		p, err := Parse(Prefix, "!{timestamp:"+c.pattern+"}")
		if err != nil {
			t.Errorf("%s refused: %v", c.pattern, err)
			continue
		}
		v := values(c.time)
		v.Zone = c.zone
		if got := p.Evaluate(v); got != c.want {
			t.Errorf("%s is %q, want %q", c.pattern, got, c.want)
		}
	}
}

// The default hour is that of the stream's zone too.
func TestTheDefaultTimeIsInTheStreamsZone(t *testing.T) {
	tokyo, err := time.LoadLocation("Asia/Tokyo")
	if err != nil {
		t.Fatal(err)
	}
	p, err := Parse(Prefix, "p/")
	if err != nil {
		t.Fatal(err)
	}
	v := values(at(2026, 12, 31, 23, 0, 0))
	v.Zone = tokyo
	if got := p.Evaluate(v); got != "p/2027/01/01/08/" {
		t.Error(got)
	}
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{"", "a/!{timestamp:yyyy'}'}/", "!{firehose:random-string}", "!{x:y}", "!{timestamp:''''}", "!{timestamp:zzzzOOOO}"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for _, kind := range []Kind{Prefix, ErrorOutputPrefix} {
			p, err := Parse(kind, s)
			if err != nil {
				continue
			}
			got := p.Evaluate(values(at(2026, 3, 3, 14, 5, 9)))
			if !p.HasExpressions() && !strings.HasPrefix(got, s) {
				t.Fatalf("%q became %q", s, got)
			}
		}
	})
}
