package engine_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsglue "github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/glue"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optrefresh"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optup"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

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
