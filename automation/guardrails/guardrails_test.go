package guardrails

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"crawlerless/automation/workspace"
	rules "crawlerless/policy/guardrails"
	"crawlerless/stack/pipeline"
)

const checkout = "../.."

func show(t *testing.T, o ShowOptions) string {
	t.Helper()
	o.Root = checkout
	var out bytes.Buffer
	if err := Show(o, &out); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func TestEveryRuleIsListed(t *testing.T) {
	out := show(t, ShowOptions{})
	for _, g := range rules.All() {
		if !strings.Contains(out, g.Name) {
			t.Errorf("%s is not listed", g.Name)
		}
	}
}

func TestARuleIsExplainedAsTheStageHasIt(t *testing.T) {
	out := show(t, ShowOptions{Stage: "dev", Rules: []string{"firehose-buffer"}})
	for _, want := range []string{"firehose-buffer (Firehose, mandatory; judges each resource)", "why:    Every object costs", "firehose-buffer.minMiB = 1 (integer; default 64): least buffer size"} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
}

func TestTheDocumentHasEveryRuleOnce(t *testing.T) {
	var doc struct {
		Stage      string  `json:"stage"`
		Guardrails []Shown `json:"guardrails"`
	}
	if err := json.Unmarshal([]byte(show(t, ShowOptions{Stage: "prod", JSON: true})), &doc); err != nil {
		t.Fatal(err)
	}
	if doc.Stage != "prod" || len(doc.Guardrails) != len(rules.All()) {
		t.Errorf("%s, %d rules", doc.Stage, len(doc.Guardrails))
	}
	for _, g := range doc.Guardrails {
		if g.Name == "logs-retention" && string(g.Settings[0].Value) != "30" {
			t.Errorf("%+v", g)
		}
		if strings.HasPrefix(g.Name, "mend-") && g.Level != "off" {
			t.Errorf("%s is %s", g.Name, g.Level)
		}
	}
}

func TestLevelsAreThoseOfTheConfiguration(t *testing.T) {
	levels := map[string]string{}
	for _, s := range inForce(map[string]any{
		"all": "advisory", "tags": "disabled", "logs-class": map[string]any{"enforcementLevel": "mandatory"},
		"mend-tags": map[string]any{"enabled": true},
	}) {
		levels[s.Name] = s.Level
	}
	for name, want := range map[string]string{"sqs-retention": "advisory", "tags": "disabled", "logs-class": "mandatory", "mend-tags": "on", "mend-lambda-arm64": "off"} {
		if levels[name] != want {
			t.Errorf("%s is %s, want %s", name, levels[name], want)
		}
	}
}

func TestARuleOrStageThatThereIsNotIsWrongUsage(t *testing.T) {
	for name, c := range map[string]struct {
		o    ShowOptions
		want string
	}{
		"a rule":  {ShowOptions{Rules: []string{"firehose-bufer"}}, `no rule "firehose-bufer" (is it one of firehose-buffer,`},
		"a stage": {ShowOptions{Stage: "nope"}, `no stage "nope"; there are: dev, prod, staging`},
	} {
		c.o.Root = checkout
		err := Show(c.o, &bytes.Buffer{})
		var usage *UsageError
		if err == nil || !strings.Contains(err.Error(), c.want) || !errors.As(err, &usage) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// stageFile makes a checkout with one configuration of the pack.
func stageFile(t *testing.T, text string) (root, path string) {
	t.Helper()
	root = t.TempDir()
	path = filepath.Join(root, "policy", "config", "dev.json")
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return root, path
}

func TestAMisspeltRuleInTheStagesFileStopsTheDriver(t *testing.T) {
	root, path := stageFile(t, `{"firehose-bufer":{"minMiB":5},"logs-retention":{"maxDay":5}}`)
	_, err := Config(root, "dev")
	for _, want := range []string{path, `there is no rule "firehose-bufer"`, `"maxDay"`} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v does not say %q", err, want)
		}
	}
	var out bytes.Buffer
	if err := Check(root, nil, &out); err == nil || out.Len() > 0 {
		t.Errorf("the check says %q, %v", out.String(), err)
	}
	if none, err := Config(root, "prod"); err != nil || none != "" {
		t.Errorf("a stage without a file: %q, %v", none, err)
	}
	if err := Check(checkout, nil, &out); err != nil || strings.Count(out.String(), "is right") < 3 {
		t.Errorf("%s %v", out.String(), err)
	}
}

func TestAnEstimateAboveTheBudgetIsRefusedWhateverThePackIsTold(t *testing.T) {
	config, err := workspace.StageConfig(checkout, "prod")
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 12, 1, 12, 0, 0, 0, time.UTC)
	within := func(config pipeline.Config, text string) error {
		_, path := stageFile(t, text)
		return WithinBudget(path, config, now)
	}
	if err := within(config, `{}`); err != nil {
		t.Errorf("within the budget: %v", err)
	}
	config.MonthlyBudgetUSD = 10
	for _, text := range []string{
		`{}`, `{"stack-budget":"disabled"}`, `{"stack-budget":{"enforcementLevel":"advisory"}}`,
		`{"stack-budget":{"exceptions":[{"resource":"stack","reason":"it was a load test","expires":"2026-11-30"}]}}`,
	} {
		err := within(config, text)
		var refused *workspace.PolicyError
		if !errors.As(err, &refused) {
			t.Errorf("%s: %v", text, err)
			continue
		}
		for _, want := range []string{"at 20 GB a day", "over the budget of $10.00", "The dearest: S3 $"} {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%v does not say %q", err, want)
			}
		}
	}
	if err := within(config, `{"stack-budget":{"exceptions":[{"resource":"stack","reason":"load test this week","expires":"2026-12-01"}]}}`); err != nil {
		t.Errorf("with an exception in force: %v", err)
	}
	config.MonthlyBudgetUSD = 0
	if err := WithinBudget("", config, now); err != nil {
		t.Errorf("without a budget: %v", err)
	}
}
