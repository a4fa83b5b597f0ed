package ndjson

import (
	"bytes"
	"compress/gzip"
	"context"
	"testing"

	"crawlerless/lambdas/ndjson/sample"
)

func sampled(b *testing.B, k sample.Kind) (raw, packed []byte) {
	b.Helper()
	var text, zip bytes.Buffer
	if _, err := sample.Write(&text, k, 64<<20, 1); err != nil {
		b.Fatal(err)
	}
	w := gzip.NewWriter(&zip)
	if _, err := w.Write(text.Bytes()); err != nil {
		b.Fatal(err)
	}
	if err := w.Close(); err != nil {
		b.Fatal(err)
	}
	return text.Bytes(), zip.Bytes()
}

func BenchmarkInfer(b *testing.B) {
	for _, k := range sample.Kinds() {
		raw, packed := sampled(b, k)
		for name, in := range map[string][]byte{"gzip": packed, "plain": raw} {
			b.Run(string(k)+"/"+name, func(b *testing.B) {
				b.SetBytes(int64(len(raw)))
				b.ReportAllocs()
				for b.Loop() {
					r, err := Infer(context.Background(), bytes.NewReader(in), Options{})
					if err != nil || r.MalformedLines != 0 {
						b.Fatal(err, r.MalformedLines)
					}
				}
			})
		}
	}
}

// BenchmarkScan is the scanner alone, on lines that lie in the cache.
func BenchmarkScan(b *testing.B) {
	for _, k := range sample.Kinds() {
		var text bytes.Buffer
		if _, err := sample.Write(&text, k, 64<<10, 1); err != nil {
			b.Fatal(err)
		}
		p := append(text.Bytes(), make([]byte, slack)...)[:text.Len()]
		b.Run(string(k), func(b *testing.B) {
			b.SetBytes(int64(len(p)))
			b.ReportAllocs()
			s := newScanner(Options{})
			for b.Loop() {
				if s.scan(p, false) != len(p) {
					b.Fatal("not all was read")
				}
			}
		})
	}
}
