package provider_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsglue "github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/glue"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi/sdk/v3/go/auto"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optdestroy"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optpreview"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optrefresh"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optup"
	"github.com/pulumi/pulumi/sdk/v3/go/common/tokens"
	"github.com/pulumi/pulumi/sdk/v3/go/common/workspace"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"crawlerless/localaws"
	"crawlerless/localaws/provider"
)

// stackOf is a stack of an inline program, attached to a fresh localaws.
func stackOf(t *testing.T, program pulumi.RunFunc, settings map[string]string) (*auto.Stack, *localaws.Server) {
	t.Helper()
	t.Parallel()
	if testing.Short() {
		t.Skip("the engine takes seconds")
	}
	if _, err := exec.LookPath("pulumi"); err != nil {
		t.Skip("no pulumi on PATH: the test through the engine is part of the end-to-end test as well")
	}
	server, err := localaws.Start(t.Context(), localaws.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Close(); err != nil {
			t.Error(err)
		}
	})
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
	stack, err := auto.UpsertStackInlineSource(t.Context(), "test", "provider", program,
		auto.Project(workspace.Project{Name: tokens.PackageName("provider"), Runtime: workspace.NewProjectRuntimeInfo("go", nil)}),
		auto.WorkDir(dir), auto.PulumiHome(filepath.Join(dir, "home")),
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

func TestCatalogAndRolesThroughTheEngine(t *testing.T) {
	description := "first"
	stack, server := stackOf(t, func(ctx *pulumi.Context) error {
		role, err := iam.NewRole(ctx, "actor", &iam.RoleArgs{
			AssumeRolePolicy: pulumi.String(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}]}`),
			Description:      pulumi.String(description),
		})
		if err != nil {
			return err
		}
		_, err = iam.NewRolePolicy(ctx, "inline", &iam.RolePolicyArgs{
			Role:   role.Name,
			Policy: pulumi.String(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["s3:GetObject"],"Resource":"arn:aws:s3:::b/*"}]}`),
		})
		if err != nil {
			return err
		}
		policy, err := iam.NewPolicy(ctx, "managed", &iam.PolicyArgs{
			Policy: pulumi.String(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:ListBucket","Resource":"arn:aws:s3:::` + description + `"}]}`),
		})
		if err != nil {
			return err
		}
		if _, err := iam.NewRolePolicyAttachment(ctx, "attached", &iam.RolePolicyAttachmentArgs{Role: role.Name, PolicyArn: policy.Arn}); err != nil {
			return err
		}
		db, err := glue.NewCatalogDatabase(ctx, "Logs", &glue.CatalogDatabaseArgs{Description: pulumi.String(description)})
		if err != nil {
			return err
		}
		table, err := glue.NewCatalogTable(ctx, "app", &glue.CatalogTableArgs{
			DatabaseName: db.Name, Name: pulumi.String("app"), TableType: pulumi.String("EXTERNAL_TABLE"),
			Parameters:    pulumi.StringMap{"classification": pulumi.String("json"), "about": pulumi.String(description)},
			PartitionKeys: glue.CatalogTablePartitionKeyArray{&glue.CatalogTablePartitionKeyArgs{Name: pulumi.String("year"), Type: pulumi.String("string")}},
			StorageDescriptor: &glue.CatalogTableStorageDescriptorArgs{
				Location: pulumi.String("s3://b/logs/app/"),
				Columns:  glue.CatalogTableStorageDescriptorColumnArray{&glue.CatalogTableStorageDescriptorColumnArgs{Name: pulumi.String("a"), Type: pulumi.String("string")}},
				SerDeInfo: &glue.CatalogTableStorageDescriptorSerDeInfoArgs{
					SerializationLibrary: pulumi.String("org.openx.data.jsonserde.JsonSerDe"),
					Parameters:           pulumi.StringMap{"ignore.malformed.json": pulumi.String("true")},
				},
			},
		}, pulumi.IgnoreChanges([]string{"storageDescriptor.columns", `parameters["crawlerless.schema"]`}))
		if err != nil {
			return err
		}
		ctx.Export("table", table.ID())
		ctx.Export("database", db.Name)
		ctx.Export("role", role.Arn)
		return nil
	}, map[string]string{"aws:defaultTags.tags.project": "crawlerless"})
	up := cycle(t, stack, 6)
	want := fmt.Sprintf("000000000000:%s:app", up.Outputs["database"].Value)
	if got := up.Outputs["table"].Value; got != want {
		t.Errorf("the id of a table is %v, want %s", got, want)
	}

	// The table grows a column behind Pulumi's back: writing the rest of it
	// must not take the column away.
	grow(t, server.Config(), want)
	if _, err := stack.Refresh(t.Context(), optrefresh.SuppressProgress(), optrefresh.ExpectNoChanges()); err != nil {
		t.Error("a column that a table grew, which the program ignores, is drift:", err)
	}
	grow(t, server.Config(), want)
	description = "second"
	again, err := stack.Up(t.Context(), optup.SuppressProgress())
	if err != nil {
		t.Fatal(err)
	}
	if n := (*again.Summary.ResourceChanges)["update"]; n != 4 { // role, policy, database, table
		t.Errorf("%d updates, want 4: %v", n, *again.Summary.ResourceChanges)
	}
	if _, err := stack.Up(t.Context(), optup.SuppressProgress(), optup.ExpectNoChanges()); err != nil {
		t.Error(err)
	}
	if n := len(table(t, server.Config(), want).StorageDescriptor.Columns); n != 3 {
		t.Errorf("the table has %d columns after an update of its parameters, want 3", n)
	}
	destroy(t, stack)
}

func table(t *testing.T, cfg aws.Config, id string) *types.Table {
	t.Helper()
	parts := strings.Split(id, ":")
	out, err := awsglue.NewFromConfig(cfg).GetTable(t.Context(), &awsglue.GetTableInput{DatabaseName: &parts[1], Name: &parts[2]})
	if err != nil {
		t.Fatal(err)
	}
	return out.Table
}

func grow(t *testing.T, cfg aws.Config, id string) {
	t.Helper()
	now := table(t, cfg, id)
	now.StorageDescriptor.Columns = append(now.StorageDescriptor.Columns, types.Column{Name: aws.String(fmt.Sprint("grown", len(now.StorageDescriptor.Columns))), Type: aws.String("bigint")})
	now.Parameters["crawlerless.schema"] = fmt.Sprint(len(now.StorageDescriptor.Columns))
	_, err := awsglue.NewFromConfig(cfg).UpdateTable(t.Context(), &awsglue.UpdateTableInput{
		DatabaseName: now.DatabaseName,
		TableInput: &types.TableInput{
			Name: now.Name, Parameters: now.Parameters, PartitionKeys: now.PartitionKeys, StorageDescriptor: now.StorageDescriptor, TableType: now.TableType,
		},
	})
	if err != nil {
		t.Fatal(err)
	}
}
