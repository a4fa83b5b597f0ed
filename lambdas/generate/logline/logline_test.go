package logline

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func written(t interface{ Fatal(...any) }, r Request) string {
	var b bytes.Buffer
	n, err := Write(&b, r)
	if err != nil {
		t.Fatal(err)
	}
	if n != r.Events {
		t.Fatal("wrote", n, "of", r.Events)
	}
	return b.String()
}

var day = time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)

func TestTheSameRequestWritesTheSameLines(t *testing.T) {
	r := Request{Events: 500, From: day, To: day.Add(time.Hour), Seed: 7}
	if written(t, r) != written(t, r) {
		t.Error("two runs differ")
	}
	other := r
	other.Seed++
	if written(t, r) == written(t, other) {
		t.Error("the seed changes nothing")
	}
}

func TestEachLineIsOneDocumentInTheRangeAndInOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		from := day.Add(time.Duration(rapid.IntRange(0, 1e6).Draw(t, "from")) * time.Second)
		r := Request{
			Events: rapid.IntRange(0, 200).Draw(t, "events"), Seed: rapid.Uint64().Draw(t, "seed"),
			From: from, To: from.Add(time.Duration(rapid.IntRange(1, 1e5).Draw(t, "span")) * time.Second),
		}
		text := written(t, r)
		last := r.From.Truncate(time.Millisecond)
		lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
		if r.Events == 0 {
			lines = nil
		}
		if len(lines) != r.Events {
			t.Fatalf("%d lines, want %d", len(lines), r.Events)
		}
		for _, text := range lines {
			var l Line
			if err := json.Unmarshal([]byte(text), &l); err != nil {
				t.Fatal(err, text)
			}
			at, err := time.Parse(time.RFC3339Nano, l.Timestamp)
			if err != nil {
				t.Fatal(err)
			}
			if at.Before(last) || !at.Before(r.To) {
				t.Fatalf("%s is not in order in [%s, %s)", at, last, r.To)
			}
			last = at
			if l.Service == "" || l.Message == "" || l.Level == "" || len(l.TraceID) != 32 {
				t.Fatalf("incomplete: %s", text)
			}
			if l.Request != nil && (l.Request.Status >= 500) != (l.Error != nil) {
				t.Fatalf("an error without its cause, or the reverse: %s", text)
			}
		}
	})
}

func TestAWrongRequestSaysWhatIsWrong(t *testing.T) {
	for want, r := range map[string]Request{
		"events is -1":  {Events: -1, From: day, To: day.Add(1)},
		"100000":        {Events: MaxEvents + 1, From: day, To: day.Add(1)},
		"RFC 3339":      {Events: 1},
		"is not before": {Events: 1, From: day, To: day},
	} {
		if _, err := Write(&bytes.Buffer{}, r); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
	}
}
