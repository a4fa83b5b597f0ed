// Command catalog is the Lambda UpdateCatalog: it takes what ExtractMetadata
// says of a new object and brings it into the Glue Data Catalog. What it does,
// and what it guarantees, is in the package catalogmerge.
package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"crawlerless/lambdas/catalog/handler"
	"crawlerless/lambdas/catalogmerge"
	"crawlerless/lambdas/failure"
)

func main() {
	log := slog.New(slog.NewJSONHandler(os.Stdout, nil))
	h, err := start(context.Background(), os.Getenv, log)
	if err != nil {
		log.Error("start", "error", err)
		os.Exit(1)
	}
	lambda.Start(failure.Named(h.Handle, handler.Own, time.Now))
}

func start(ctx context.Context, getenv func(string) string, log *slog.Logger) (*handler.Handler, error) {
	settings, err := handler.ParseSettings(getenv)
	if err != nil {
		return nil, fmt.Errorf("environment: %w", err)
	}
	cfg, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		return nil, fmt.Errorf("AWS configuration: %w", err)
	}
	objects := s3.NewFromConfig(cfg, func(o *s3.Options) { o.UsePathStyle = strings.EqualFold(getenv("AWS_S3_USE_PATH_STYLE"), "true") })
	// catalogmerge tries again by itself, with a jitter of its own.
	once := func(o *glue.Options) { o.RetryMaxAttempts = 1 }
	catalog := catalogmerge.New(catalogmerge.Options{
		Glue: glue.NewFromConfig(cfg, once), Database: settings.Database, Mode: settings.Mode, Log: log,
	})
	return &handler.Handler{Settings: settings, Catalog: catalog, Objects: objects, Now: time.Now}, nil
}
