// Command extract is the Lambda ExtractMetadata: it reads a new object of the
// lake once and says what the catalog needs to know of it. What it does, and
// how it answers what is not as it should be, is in the package handler.
package main

import (
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"runtime/debug"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"crawlerless/lambdas/execenv"
	"crawlerless/lambdas/extract/handler"
	"crawlerless/lambdas/failure"
)

// memoryLimit is where the garbage collector begins to work harder, in bytes.
// With the pages of the program itself, which it does not count, the process
// stays below 32 MiB whatever the object; there is a test.
const memoryLimit = 20 << 20

func main() {
	log := slog.New(slog.NewJSONHandler(os.Stdout, nil))
	debug.SetMemoryLimit(memoryLimit)
	h, err := start(os.Getenv, log)
	if err != nil {
		log.Error("start", "error", err)
		os.Exit(1)
	}
	lambda.Start(failure.Named(h.Handle, handler.Own, time.Now))
}

func start(getenv func(string) string, log *slog.Logger) (*handler.Handler, error) {
	settings, err := handler.ParseSettings(getenv)
	if err != nil {
		return nil, fmt.Errorf("environment: %w", err)
	}
	cfg, err := execenv.Config(getenv)
	if err != nil {
		return nil, fmt.Errorf("AWS configuration: %w", err)
	}
	objects := s3.NewFromConfig(cfg, func(o *s3.Options) {
		// An object without a checksum is read like any other: its packing has one.
		o.DisableLogOutputChecksumValidationSkipped = true
		o.UsePathStyle = strings.EqualFold(getenv("AWS_S3_USE_PATH_STYLE"), "true")
	})
	return handler.New(settings, objects, glue.NewFromConfig(cfg), log, time.Now, rand.Float64()), nil
}
