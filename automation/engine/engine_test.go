// Package engine_test drives the stand-in provider with the real Pulumi engine:
// what it declares is made, found again by a second up and a refresh, and
// deleted. It stands here, and not with the provider, because the driver is
// what finds or builds the engine.
package engine_test

import (
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/auto"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optdestroy"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optpreview"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optrefresh"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optup"
	"github.com/pulumi/pulumi/sdk/v3/go/common/tokens"
	"github.com/pulumi/pulumi/sdk/v3/go/common/workspace"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"crawlerless/automation/pulumicli"
	"crawlerless/localaws"
	"crawlerless/localaws/localawstest"
	"crawlerless/localaws/provider"
	"crawlerless/stack/build"
)

// stackOf is a stack of an inline program, attached to a fresh localaws.
func stackOf(t *testing.T, program pulumi.RunFunc, settings map[string]string) (*auto.Stack, *localaws.Server) {
	t.Helper()
	t.Parallel()
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	cache, err := build.DefaultCache()
	if err != nil {
		t.Fatal(err)
	}
	command, _, err := pulumicli.Find(t.Context(), pulumicli.Options{Root: root, Cache: cache, Say: t.Logf})
	if err != nil {
		t.Fatal(err)
	}
	server := localawstest.Start(t, localaws.Options{})
	p, err := provider.Serve(t.Context(), provider.Options{Endpoint: server.Endpoint(), Config: server.Config()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	})
	dir := t.TempDir()
	state := filepath.Join(dir, "state")
	if err := os.Mkdir(state, 0o700); err != nil {
		t.Fatal(err)
	}
	home, err := pulumicli.Home(filepath.Join(dir, "home"))
	if err != nil {
		t.Fatal(err)
	}
	stack, err := auto.UpsertStackInlineSource(t.Context(), "test", "provider", program,
		auto.Project(workspace.Project{Name: tokens.PackageName("provider"), Runtime: workspace.NewProjectRuntimeInfo("go", nil)}),
		auto.Pulumi(command), auto.WorkDir(dir), auto.PulumiHome(home),
		auto.EnvVars(map[string]string{
			"PULUMI_BACKEND_URL": "file://" + state, "PULUMI_CONFIG_PASSPHRASE": "x", "PULUMI_SKIP_UPDATE_CHECK": "true",
			"PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true", "PULUMI_DEBUG_PROVIDERS": "aws:" + strconv.Itoa(p.Port()),
		}))
	if err != nil {
		t.Fatal(err)
	}
	if err := stack.SetConfig(t.Context(), "aws:region", auto.ConfigValue{Value: "us-east-1"}); err != nil {
		t.Fatal(err)
	}
	for k, v := range settings {
		if err := stack.SetConfigWithOptions(t.Context(), k, auto.ConfigValue{Value: v}, &auto.ConfigOptions{Path: true}); err != nil {
			t.Fatal(err)
		}
	}
	return &stack, server
}

// cycle brings a program up, expects a second up and a refresh to find nothing
// to do, and takes it down again.
func cycle(t *testing.T, stack *auto.Stack, resources int) auto.UpResult {
	t.Helper()
	ctx := t.Context()
	preview, err := stack.Preview(ctx, optpreview.SuppressProgress())
	if err != nil {
		t.Fatal(err)
	}
	if n := preview.ChangeSummary["create"]; n != resources+1 { // and the stack itself
		t.Errorf("the preview creates %d, want %d", n, resources+1)
	}
	up, err := stack.Up(ctx, optup.SuppressProgress())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := stack.Up(ctx, optup.SuppressProgress(), optup.ExpectNoChanges(), optup.Diff()); err != nil {
		t.Error("a second up finds something to do:", err)
	}
	if _, err := stack.Refresh(ctx, optrefresh.SuppressProgress(), optrefresh.ExpectNoChanges()); err != nil {
		t.Error("a refresh finds drift:", err)
	}
	if _, err := stack.Up(ctx, optup.SuppressProgress(), optup.ExpectNoChanges(), optup.Diff()); err != nil {
		t.Error("an up after a refresh finds something to do:", err)
	}
	return up
}

func destroy(t *testing.T, stack *auto.Stack) {
	t.Helper()
	if _, err := stack.Destroy(t.Context(), optdestroy.SuppressProgress()); err != nil {
		t.Fatal(err)
	}
}
