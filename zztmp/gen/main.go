package main

import (
	"compress/gzip"
	"os"

	"crawlerless/lambdas/ndjson/sample"
)

func main() {
	os.MkdirAll("/tmp/extract/F", 0o755)
	for _, k := range sample.Kinds() {
		f, _ := os.Create("/tmp/extract/F/" + string(k) + ".json.gz")
		w := gzip.NewWriter(f)
		sample.Write(w, k, 64<<20, 1)
		w.Close()
		f.Close()
	}
}
