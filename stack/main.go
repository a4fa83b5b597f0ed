// Command stack is the Pulumi program: `pulumi up` runs it once per stage. It
// compiles the Lambdas, reads the stage's configuration and deploys the
// pipeline.
package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"crawlerless/stack/build"
	"crawlerless/stack/pipeline"
)

func main() { pulumi.Run(deploy) }

func deploy(ctx *pulumi.Context) error {
	if err := checkKeys(os.Getenv(pulumi.EnvConfig)); err != nil {
		return err
	}
	config, err := pipeline.LoadConfig(func(key string) (string, bool) {
		return ctx.GetConfig(pipeline.Namespace + ":" + key)
	})
	if err != nil {
		return err
	}
	root, err := projectRoot()
	if err != nil {
		return err
	}
	code, err := build.Lambdas(ctx.Context(), build.Options{Root: root, Architecture: config.Architecture, Log: os.Stderr})
	if err != nil {
		return err
	}
	_, err = pipeline.Deploy(ctx, config, code)
	return err
}

// checkKeys refuses settings that there are not; the engine hands the whole
// configuration to a program as JSON.
func checkKeys(config string) error {
	if config == "" {
		return nil
	}
	var all map[string]string
	if err := json.Unmarshal([]byte(config), &all); err != nil {
		return fmt.Errorf("%s: %w", pulumi.EnvConfig, err)
	}
	return pipeline.CheckKeys(slices.Sorted(maps.Keys(all)))
}

// projectRoot is the folder with Pulumi.yaml, from which the CLI may have
// started the program in a folder below.
func projectRoot() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for ; ; dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "Pulumi.yaml")); err == nil {
			return dir, nil
		}
		if dir == filepath.Dir(dir) {
			return "", fmt.Errorf("no Pulumi.yaml here or in a folder above: run pulumi in the project")
		}
	}
}
