// Command generate is the Lambda that writes realistic logs, one JSON document
// to a line, as the applications of a small shop would: for development and
// end-to-end tests. The same request writes the same lines.
package main

import (
	"bufio"
	"context"
	"fmt"
	"log/slog"
	"os"

	"github.com/aws/aws-lambda-go/lambda"

	"crawlerless/lambdas/generate/logline"
)

// Response says what an invocation wrote.
type Response struct {
	Written int `json:"written"`
}

func main() {
	log := slog.New(slog.NewJSONHandler(os.Stderr, nil))
	lambda.Start(func(_ context.Context, r logline.Request) (Response, error) {
		out := bufio.NewWriterSize(os.Stdout, 64<<10)
		n, err := logline.Write(out, r)
		if err == nil {
			err = out.Flush()
		}
		if err != nil {
			return Response{Written: n}, fmt.Errorf("write events: %w", err)
		}
		log.Info("generated", "events", n, "from", r.From, "to", r.To, "seed", r.Seed)
		return Response{Written: n}, nil
	})
}
