package sample

import (
	"bytes"
	"encoding/json"
	"testing"
)

func TestSamplesAreValidRepeatableAndOfTheirSize(t *testing.T) {
	for k, want := range map[Kind][2]int{Flat: {300, 400}, Nested: {1300, 1700}} {
		var a, b bytes.Buffer
		n, err := Write(&a, k, 1<<20, 7)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Write(&b, k, 1<<20, 7); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(a.Bytes(), b.Bytes()) {
			t.Errorf("%s: two runs differ", k)
		}
		if mean := a.Len() / int(n); mean < want[0] || mean > want[1] {
			t.Errorf("%s: %d bytes a line", k, mean)
		}
		for line := range bytes.Lines(a.Bytes()) {
			if !json.Valid(line) {
				t.Fatalf("%s: %s", k, line)
			}
		}
	}
}
