package main

import (
	"context"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/auto"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/events"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optpreview"
	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/tokens"
	"github.com/pulumi/pulumi/sdk/v3/go/common/workspace"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"crawlerless/automation/pulumicli"
	"crawlerless/stack/build"
)

// engine runs programs through the real Pulumi CLI, with the compiled pack and
// a provider that answers without AWS. It is made once for all tests.
type engine struct {
	command  auto.PulumiCommand
	pack     string // the compiled executable
	home     string
	provider string // port of the attached provider
}

var theEngine = sync.OnceValues(startEngine)

func TestMain(m *testing.M) {
	code := m.Run()
	if scratch != "" {
		if err := os.RemoveAll(scratch); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}
	os.Exit(code)
}

// scratch is the directory of the engine, removed when all tests are done.
var scratch string

func startEngine() (*engine, error) {
	cache, err := build.DefaultCache()
	if err != nil {
		return nil, err
	}
	cli, _, err := pulumicli.Find(context.Background(), pulumicli.Options{Root: "..", Cache: cache})
	if err != nil {
		return nil, err
	}
	if scratch, err = os.MkdirTemp("", "guardrails"); err != nil {
		return nil, err
	}
	e := &engine{command: cli, pack: filepath.Join(scratch, "guardrails")}
	if e.home, err = pulumicli.Home(filepath.Join(scratch, "home")); err != nil {
		return nil, err
	}
	compile := exec.Command("go", "build", "-o", e.pack, ".")
	if out, err := compile.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("go build: %w\n%s", err, out)
	}
	if e.provider, err = startProvider(); err != nil {
		return nil, err
	}
	return e, nil
}

// verdict is what a preview had to say.
type verdict struct {
	violations []apitype.PolicyEvent
	mended     []apitype.PolicyRemediationEvent
	messages   []string // diagnostics
	resources  []resource.URN
	err        error
}

// broken returns the names of the rules that were violated at a level that
// stops, each once.
func (v verdict) broken() []string {
	var names []string
	for _, violation := range v.violations {
		if violation.EnforcementLevel == "mandatory" {
			names = append(names, violation.PolicyName)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// openStack makes a stack of the program, with its state in a temporary folder.
func openStack(t testing.TB, program pulumi.RunFunc, env map[string]string) (*engine, auto.Stack) {
	t.Helper()
	e, err := theEngine()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	all := map[string]string{
		"PULUMI_CONFIG_PASSPHRASE":                    "test",
		"PULUMI_SKIP_UPDATE_CHECK":                    "true",
		"PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
		"PULUMI_DEBUG_PROVIDERS":                      "aws:" + e.provider,
		"AWS_ENDPOINT_URL":                            "", // as in a real account
	}
	maps.Copy(all, env)
	stack, err := auto.NewStackInlineSource(context.Background(), "dev", "guarded", program,
		auto.Pulumi(e.command), auto.PulumiHome(e.home), auto.WorkDir(dir),
		auto.Project(workspace.Project{
			Name:    tokens.PackageName("guarded"),
			Runtime: workspace.NewProjectRuntimeInfo("go", nil),
			Backend: &workspace.ProjectBackend{URL: "file://" + dir},
		}),
		auto.EnvVars(all))
	if err != nil {
		t.Fatal(err)
	}
	return e, stack
}

// preview runs the program through the engine with the pack and a configuration
// file; an empty one stands for none.
func preview(t *testing.T, program pulumi.RunFunc, packConfig string, config auto.ConfigMap) verdict {
	t.Helper()
	ctx := context.Background()
	e, stack := openStack(t, program, nil)
	if len(config) > 0 {
		if err := stack.SetAllConfig(ctx, config); err != nil {
			t.Fatal(err)
		}
	}
	options := []optpreview.Option{optpreview.PolicyPacks(e.pack)}
	if packConfig != "" {
		path, err := filepath.Abs(packConfig)
		if err != nil {
			t.Fatal(err)
		}
		packConfig = path
		options = append(options, optpreview.PolicyPackConfigs(packConfig))
	}
	stream := make(chan events.EngineEvent)
	done := make(chan verdict)
	quit := make(chan struct{})
	go func() {
		var v verdict
		defer func() { done <- v }()
		for {
			select {
			case event, ok := <-stream:
				if !ok {
					return
				}
				switch {
				case event.PolicyEvent != nil:
					v.violations = append(v.violations, *event.PolicyEvent)
				case event.PolicyRemediationEvent != nil:
					v.mended = append(v.mended, *event.PolicyRemediationEvent)
				case event.ResourcePreEvent != nil:
					v.resources = append(v.resources, resource.URN(event.ResourcePreEvent.Metadata.URN))
				case event.DiagnosticEvent != nil:
					v.messages = append(v.messages, event.DiagnosticEvent.Message)
				}
			case <-quit: // the API does not close the stream when the CLI fails early
				return
			}
		}
	}()
	_, err := stack.Preview(ctx, append(options, optpreview.EventStreams(stream))...)
	close(quit)
	v := <-done
	v.err = err
	return v
}

// writeConfig puts a configuration of the pack into a file.
func writeConfig(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "config.json")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
