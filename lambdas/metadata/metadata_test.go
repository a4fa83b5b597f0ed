package metadata

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"crawlerless/lambdas/schema"
)

func TestDocumentRoundTripsAndKnownIsAlwaysThere(t *testing.T) {
	s := schema.New([]schema.Column{{Key: "userId", Name: "userid", Type: schema.Of(schema.BigInt)}}, "year")
	in := Metadata{Object: Object{Bucket: "b", Key: "k", Size: 3}, Source: "app", Schema: &s, Fingerprint: s.Fingerprint()}
	data, err := json.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	var raw map[string]any
	if err := json.Unmarshal(data, &raw); err != nil {
		t.Fatal(err)
	}
	if known, ok := raw["known"].(bool); !ok || known { // the Choice state reads it
		t.Fatalf("known is %v", raw["known"])
	}
	var back Metadata
	if err := json.Unmarshal(data, &back); err != nil {
		t.Fatal(err)
	}
	again, err := json.Marshal(back)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(data), string(again)); d != "" {
		t.Fatal(d)
	}
	if back.Schema.Fingerprint() != in.Fingerprint {
		t.Fatal("the schema's fingerprint changed on the way")
	}
}
