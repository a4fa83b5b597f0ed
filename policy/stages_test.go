package main

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/auto"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optup"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"gopkg.in/yaml.v3"

	"crawlerless/stack/pipeline"
)

// stageConfig is the configuration of a stage as the engine hands it on: text as
// it is, everything else as JSON.
func stageConfig(t testing.TB, stage string) auto.ConfigMap {
	t.Helper()
	file, err := os.ReadFile(filepath.Join("..", "Pulumi."+stage+".yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var parsed struct {
		Config map[string]any `yaml:"config"`
	}
	if err := yaml.Unmarshal(file, &parsed); err != nil {
		t.Fatal(err)
	}
	config := auto.ConfigMap{}
	for key, value := range parsed.Config {
		text, ok := value.(string)
		if !ok {
			encoded, err := json.Marshal(value)
			if err != nil {
				t.Fatal(err)
			}
			text = string(encoded)
		}
		config[key] = auto.ConfigValue{Value: text}
	}
	return config
}

// project is the program of the project itself, for a stage.
func project(t testing.TB, config auto.ConfigMap) pulumi.RunFunc {
	t.Helper()
	loaded, err := pipeline.LoadConfig(func(key string) (string, bool) {
		v, ok := config[pipeline.Namespace+":"+key]
		return v.Value, ok
	})
	if err != nil {
		t.Fatal(err)
	}
	code := t.TempDir()
	if err := os.WriteFile(filepath.Join(code, "bootstrap"), []byte("not run in a preview"), 0o755); err != nil {
		t.Fatal(err)
	}
	return func(ctx *pulumi.Context) error {
		_, err := pipeline.Deploy(ctx, loaded, pipeline.Code{Extract: code, Catalog: code, Generate: code})
		return err
	}
}

func stages() []string { return []string{"dev", "staging", "prod"} }

func TestEveryStageKeepsItsOwnRulesWithoutAnException(t *testing.T) {
	t.Parallel()
	for _, stage := range stages() {
		packConfig := filepath.Join("config", stage+".json")
		file, err := os.ReadFile(packConfig)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(file), "exceptions") {
			t.Errorf("%s has exceptions", packConfig)
		}
		config := stageConfig(t, stage)
		program := project(t, config)
		v := preview(t, program, packConfig, config)
		if v.err != nil {
			t.Errorf("%s: %v", stage, v.err)
		}
		for _, violation := range v.violations {
			t.Errorf("%s: %s %s: %s", stage, violation.PolicyName, violation.EnforcementLevel, violation.Message)
		}
		if stage != "dev" {
			continue
		}
		// In the update everything is known, and judged. Dev has all that there is.
		e, deployed := openStack(t, program, nil)
		ctx := context.Background()
		if err := deployed.SetAllConfig(ctx, config); err != nil {
			t.Fatal(err)
		}
		path, err := filepath.Abs(packConfig)
		if err != nil {
			t.Fatal(err)
		}
		up, err := deployed.Up(ctx, optup.PolicyPacks(e.pack), optup.PolicyPackConfigs(path))
		if err != nil {
			t.Errorf("%s: %v", stage, err)
		}
		if strings.Contains(up.StdOut, "mandatory") || strings.Contains(up.StdOut, "not known before") {
			t.Errorf("%s: violations or values that were not judged:\n%s", stage, up.StdOut)
		}
	}
}
