package main

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/sqs"
	"github.com/pulumi/pulumi/sdk/v3/go/auto"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optpreview"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optup"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// kept is a program with one log group that is kept for ever.
func kept(ctx *pulumi.Context) error {
	_, err := cloudwatch.NewLogGroup(ctx, "audit", &cloudwatch.LogGroupArgs{Name: pulumi.String("/audit")})
	return err
}

// only is a configuration that leaves a few rules on.
func only(rest string) string {
	return `{"all":"disabled","every-resource":"advisory","exceptions":"mandatory","not-yet-judged":"advisory",` + rest + `}`
}

func TestAnExceptionInForceIsPrintedAndAnExpiredOneIsAViolation(t *testing.T) {
	t.Parallel()
	exception := func(expires string) string {
		return writeConfig(t, only(`"logs-retention":{"enforcementLevel":"mandatory","exceptions":[{"resource":"audit","reason":"law asks for ten years","expires":"`+expires+`"}]}`))
	}
	v := preview(t, kept, exception("2999-12-31"), nil)
	if v.err != nil || len(v.broken()) > 0 {
		t.Errorf("in force: %v %v", v.broken(), v.err)
	}
	if all := strings.Join(v.messages, "\n"); !strings.Contains(all, "exception in force until 2999-12-31: audit is let off logs-retention: law asks for ten years") {
		t.Errorf("it is not printed:\n%s", all)
	}
	if all := strings.Join(v.messages, "\n"); strings.Contains(all, "no such resource") {
		t.Errorf("the resource is there: %s", all)
	}
	misspelt := writeConfig(t, only(`"logs-retention":{"enforcementLevel":"advisory","exceptions":[{"resource":"adit","reason":"law asks for ten years","expires":"2999-12-31"}]}`))
	v = preview(t, kept, misspelt, nil)
	if all := strings.Join(v.messages, "\n"); v.err != nil || !strings.Contains(all, "the exception of adit from logs-retention lets nothing off: there is no such resource") {
		t.Errorf("%v\n%s", v.err, all)
	}
	v = preview(t, kept, exception("2020-01-01"), nil)
	if got := v.broken(); v.err == nil || !slices.Equal(got, []string{"exceptions", "logs-retention"}) {
		t.Errorf("expired: %v %v", got, v.err)
	}
}

func TestAnAdvisoryRuleWarnsAndLetsPass(t *testing.T) {
	t.Parallel()
	v := preview(t, kept, writeConfig(t, only(`"logs-retention":"advisory"`)), nil)
	if v.err != nil {
		t.Error(v.err)
	}
	if len(v.violations) != 1 || v.violations[0].EnforcementLevel != "advisory" || v.violations[0].PolicyName != "logs-retention" {
		t.Errorf("%+v", v.violations)
	}
}

func TestAMisspeltSettingStopsThePreview(t *testing.T) {
	t.Parallel()
	v := preview(t, kept, writeConfig(t, only(`"logs-retention":{"enforcementLevel":"mandatory","maxDay":5}`)), nil)
	if v.err == nil || !strings.Contains(v.err.Error()+strings.Join(v.messages, ""), `unknown field "maxDay"`) {
		t.Errorf("%v %v", v.err, v.messages)
	}
}

func TestAVolumeThatIsNoNumberStopsThePreview(t *testing.T) {
	t.Parallel()
	v := preview(t, kept, "", auto.ConfigMap{"crawlerless:expectedGbPerDay": {Value: "lots"}})
	if v.err == nil || !strings.Contains(v.err.Error(), "crawlerless:expectedGbPerDay") {
		t.Errorf("%v", v.err)
	}
}

func TestARemediationMendsWhenItIsAskedTo(t *testing.T) {
	t.Parallel()
	v := preview(t, kept, writeConfig(t, only(`"logs-retention":"mandatory","mend-log-retention":{"enforcementLevel":"remediate","enabled":true,"days":5}`)), nil)
	if v.err != nil || len(v.violations) > 0 {
		t.Errorf("%v %v", v.violations, v.err)
	}
	if len(v.mended) != 1 || v.mended[0].PolicyName != "mend-log-retention" || v.mended[0].After["retentionInDays"] != 5.0 {
		t.Errorf("%+v", v.mended)
	}
	v = preview(t, kept, writeConfig(t, only(`"logs-retention":"mandatory","mend-log-retention":"remediate"`)), nil)
	if v.err == nil || len(v.mended) > 0 {
		t.Errorf("it mends without being asked: %+v %v", v.mended, v.err)
	}
}

// A policy with the ARN of a new queue in it is known in the update only.
func open(ctx *pulumi.Context) error {
	queue, err := sqs.NewQueue(ctx, "q", &sqs.QueueArgs{})
	if err != nil {
		return err
	}
	_, err = iam.NewRolePolicy(ctx, "p", &iam.RolePolicyArgs{
		Role:   pulumi.String("r"),
		Policy: pulumi.Sprintf(`{"Statement":[{"Effect":"Allow","Action":"sqs:*","Resource":"%s"}]}`, queue.Arn),
	})
	return err
}

func TestWhatAPreviewCannotJudgeIsListedAndJudgedInTheUpdate(t *testing.T) {
	t.Parallel()
	packConfig := writeConfig(t, only(`"iam-no-wildcard-action":"mandatory"`))
	v := preview(t, open, packConfig, nil)
	if v.err != nil {
		t.Fatal(v.err)
	}
	if all := strings.Join(v.messages, "\n"); !strings.Contains(all, "p: policy (iam-no-wildcard-action)") {
		t.Errorf("not listed:\n%s", all)
	}
	e, stack := openStack(t, open, nil)
	_, err := stack.Up(context.Background(), optup.PolicyPacks(e.pack), optup.PolicyPackConfigs(packConfig))
	if err == nil || !strings.Contains(err.Error(), "iam-no-wildcard-action") {
		t.Errorf("the update: %v", err)
	}
}

// `--policy-pack policy` names the folder. Where the Go language host is not
// installed the engine looks for pulumi-analyzer-policy-go, which the compiled
// pack can be: so the folder is shown to be a pack without a host.
func TestTheFolderIsAPack(t *testing.T) {
	t.Parallel()
	e, err := theEngine()
	if err != nil {
		t.Fatal(err)
	}
	bin := t.TempDir()
	if err := os.Symlink(e.pack, filepath.Join(bin, "pulumi-analyzer-policy-go")); err != nil {
		t.Fatal(err)
	}
	folder, err := filepath.Abs(".")
	if err != nil {
		t.Fatal(err)
	}
	config, err := filepath.Abs(filepath.Join("config", "prod.json"))
	if err != nil {
		t.Fatal(err)
	}
	_, stack := openStack(t, kept, map[string]string{"PATH": bin + string(os.PathListSeparator) + os.Getenv("PATH")})
	_, err = stack.Preview(context.Background(), optpreview.PolicyPacks(folder), optpreview.PolicyPackConfigs(config))
	if err == nil || !strings.Contains(err.Error(), "logs-retention") {
		t.Errorf("%v", err)
	}
}
