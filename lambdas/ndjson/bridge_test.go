package ndjson

import (
	"bytes"
	"context"
	"math/rand/v2"
	"testing"

	"crawlerless/lambdas/ndjson/sample"
)

// TestFollowingIsWhatReadingIs holds logs of which every few lines have a
// fault, or just another value, to the machine, which learns nothing.
func TestFollowingIsWhatReadingIs(t *testing.T) {
	const faults = "\"\\{}[],:-0123456789.eEtfnul \t\r\n\x00\x1f\x80\xff"
	r := rand.New(rand.NewPCG(1, 2))
	for _, k := range sample.Kinds() {
		var log bytes.Buffer
		if _, err := sample.Write(&log, k, 1_500_000, 3); err != nil {
			t.Fatal(err)
		}
		in := log.Bytes()
		for at := 0; at < len(in); at += r.IntN(3000) {
			in[at] = faults[r.IntN(len(faults))]
		}
		got, err := Infer(context.Background(), bytes.NewReader(in), Options{})
		if err != nil {
			t.Fatal(err)
		}
		if got.Records < 300 || got.MalformedLines < 300 {
			t.Fatalf("%d records and %d malformed lines are no test", got.Records, got.MalformedLines)
		}
		if a, b := text(got), text(byMachine(in)); a != b {
			t.Errorf("%s: got %.2000s\nthe machine alone has %.2000s", k, a, b)
		}
	}
}

// TestBridgesAreBounded: however records vary, there are not more than may be.
func TestBridgesAreBounded(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	var in bytes.Buffer
	for range 3000 {
		sep := byte('{')
		for range 8 {
			in.WriteByte(sep)
			in.WriteString(`"key` + string(rune('a'+r.IntN(26))) + string(rune('a'+r.IntN(26))) + `":1`)
			sep = ','
		}
		in.WriteString("}\n")
	}
	s := newScanner(Options{})
	if err := s.run(context.Background(), bytes.NewReader(in.Bytes()), 0); err != nil {
		t.Fatal(err)
	}
	bridges := 0
	for _, f := range s.t.root.children {
		n := 0
		for b := f.bridge; b != nil; b = b.alt {
			n++
		}
		if bridges += n; n > maxBridges {
			t.Errorf("%d bridges from %s", n, f.key)
		}
	}
	if bridges != s.t.bridges || bridges > allBridges || bridges < 1000 {
		t.Errorf("%d bridges, and %d are counted", bridges, s.t.bridges)
	}
	if a, b := text(s.result(Options{})), text(byMachine(in.Bytes())); a != b {
		t.Errorf("got %.2000s\nthe machine alone has %.2000s", a, b)
	}
}
