package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"runtime"
	"syscall"
	"time"

	"crawlerless/lambdas/inflate"
	"crawlerless/lambdas/ndjson"
)

func cpu() time.Duration {
	var r syscall.Rusage
	syscall.Getrusage(1, &r)
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}

func main() {
	runtime.LockOSThread()
	for _, k := range []string{"flat", "nested"} {
		b, _ := os.ReadFile("/tmp/extract/F/" + k + ".json.gz")
		for _, what := range os.Args[1:] {
			best := time.Hour
			for range 12 {
				t := cpu()
				if what == "inflate" {
					z := inflate.NewReader(bytes.NewReader(b))
					for {
						o, err := z.Next()
						z.Consume(len(o))
						if err != nil {
							break
						}
					}
				} else {
					ndjson.Infer(context.Background(), bytes.NewReader(b), ndjson.Options{})
				}
				if d := cpu() - t; d < best {
					best = d
				}
			}
			fmt.Printf("%s %s %.1f ms %.0f MB/s   ", k, what, best.Seconds()*1e3, 67.1089/best.Seconds())
		}
	}
	fmt.Println()
}
