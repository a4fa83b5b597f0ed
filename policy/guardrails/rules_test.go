package guardrails

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/property"
	"pgregory.net/rapid"
)

func TestEveryRuleSaysWhatItIsAndWhy(t *testing.T) {
	kebab := regexp.MustCompile(`^[a-z][a-z0-9]*(-[a-z0-9]+)*$`)
	seen := map[string]bool{}
	for _, g := range All() {
		if !kebab.MatchString(g.Name) || seen[g.Name] {
			t.Errorf("the name %q is not kebab-case, or is there twice", g.Name)
		}
		seen[g.Name] = true
		if g.Description == "" || g.Reason == "" || g.Service == "" || (g.Remedy == "" && !g.Mends()) {
			t.Errorf("%s lacks a description, a remedy, a reason or a service", g.Name)
		}
		kinds := 0
		for _, is := range []bool{g.checkResource != nil, g.checkStack != nil, g.mend != nil} {
			if is {
				kinds++
			}
		}
		if kinds != 1 {
			t.Errorf("%s does %d things", g.Name, kinds)
		}
		for _, s := range g.SettingList() {
			if s.Name == "" || s.Doc == "" {
				t.Errorf("%s: setting %q has no words", g.Name, s.Name)
			}
		}
		if g.Mends() && strings.Contains(string(mustJSON(t, g.Defaults())), `"enabled":true`) {
			t.Errorf("%s mends without being asked", g.Name)
		}
	}
}

// Every rule has a table, with good and bad examples and, unless the type alone
// decides, with values that are not known.
func TestEveryRuleHasATable(t *testing.T) {
	files, err := filepath.Glob("*_test.go")
	if err != nil {
		t.Fatal(err)
	}
	var source bytes.Buffer
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		source.Write(text)
	}
	for _, g := range All() {
		head := `"` + g.Name + `": {`
		if g.Mends() {
			if !strings.Contains(source.String(), `{"`+g.Name+`", `) {
				t.Errorf("%s has no table", g.Name)
			}
			continue
		}
		var table string // all of them
		for _, part := range strings.Split(source.String(), head)[1:] {
			rows, _, _ := strings.Cut(part, "\n\t\t},")
			table += rows
		}
		if table == "" {
			t.Errorf("%s has no table", g.Name)
			continue
		}
		if !strings.Contains(table, "bad:") {
			t.Errorf("the table of %s has no bad example", g.Name)
		}
		good := slices.ContainsFunc(strings.Split(table, "{what:"), func(row string) bool {
			return strings.Contains(row, "stack:") && !strings.Contains(row, "bad:") && !strings.Contains(row, "waits:")
		})
		if !good {
			t.Errorf("the table of %s has no good example", g.Name)
		}
		if !strings.Contains(table, "<unknown>") && !strings.Contains(table, "unknown)") && !decidedByType(g.Name) {
			t.Errorf("the table of %s has no example with an unknown value", g.Name)
		}
	}
}

// decidedByType are rules that never look at a property.
func decidedByType(name string) bool {
	return slices.Contains([]string{"network-no-cluster", "network-no-nat", "s3-no-extras"}, name)
}

func mustJSON(t *testing.T, v any) []byte {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// values draws anything that a property can be, unknown values included.
func values(depth int) *rapid.Generator[property.Value] {
	return rapid.Custom(func(t *rapid.T) property.Value {
		kinds := 6
		if depth > 0 {
			kinds = 8
		}
		switch rapid.IntRange(0, kinds-1).Draw(t, "kind") {
		case 0:
			return property.Value{}
		case 1:
			return property.New(property.Computed)
		case 2:
			return property.New(rapid.Bool().Draw(t, "bool"))
		case 3:
			return property.New(rapid.Float64().Draw(t, "number"))
		case 4:
			return property.New(rapid.SampledFrom([]string{"", "*", "s3://", "{}", "[]", `{"Statement":[{}]}`, "arn:aws:s3:::b", "Enabled", "logs/", "true", "\x00"}).Draw(t, "text"))
		case 5:
			return property.New("secret").WithSecret(true)
		case 6:
			return property.New(property.NewArray(rapid.SliceOfN(values(depth-1), 0, 3).Draw(t, "list")))
		default:
			return property.New(property.NewMap(objects(depth-1).Draw(t, "object")))
		}
	})
}

// names are properties that the rules look at.
func propertyNames() []string {
	return strings.Fields(`bucket rules filter prefix and status expiration transitions days extendedS3Configuration bufferingSize
		bufferingInterval compressionFormat prefix errorOutputPrefix dataFormatConversionConfiguration enabled cloudwatchLoggingOptions
		logGroupName dynamicPartitioningConfiguration s3Configuration s3BackupMode bucketArn retentionInDays logGroup name logGroupClass
		loggingConfig logFormat architectures memorySize timeout runtime packageType type loggingConfiguration level logDestination
		tracingConfiguration definition deadLetterConfig arn retryPolicy maximumRetryAttempts target eventPattern configuration
		enforceWorkgroupConfiguration bytesScannedCutoffPerQuery resultConfiguration outputLocation redrivePolicy kmsMasterKeyId policy
		assumeRolePolicy inlinePolicies managedPolicyArns tags storageDescriptor location serDeInfo lifecycleRules versioning versionings
		serverSideEncryptionConfiguration rule applyServerSideEncryptionByDefault sseAlgorithm bucketKeyEnabled dimensions QueueName namespace
		metricName typeName policyType filterPattern provisionedConcurrentExecutions shardCount streamModeDetails acl vpcEndpointType subnetIds messageRetentionSeconds sqsManagedSseEnabled`)
}

func objects(depth int) *rapid.Generator[map[string]property.Value] {
	return rapid.MapOfN(rapid.SampledFrom(propertyNames()), values(depth), 0, 8)
}

// tokens are all types that any rule looks at.
func tokens() []string {
	var all []string
	for _, g := range All() {
		for _, token := range g.Types {
			all = append(all, strings.TrimSuffix(token, "*")+map[bool]string{true: "x:X", false: ""}[strings.HasSuffix(token, "*")])
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

func TestNoRuleCrashesWhateverItIsShown(t *testing.T) {
	rules, kinds := All(), tokens()
	stage := testStage(t, example{budgetUSD: 10})
	rapid.Check(t, func(t *rapid.T) {
		var stack Stack
		for i := range rapid.IntRange(1, 5).Draw(t, "resources") {
			r := Resource{
				Type: rapid.SampledFrom(kinds).Draw(t, "type"), Name: "r", URN: "urn:" + string(rune('a'+i)),
				Props: property.NewMap(objects(3).Draw(t, "inputs")), Outputs: property.NewMap(objects(2).Draw(t, "outputs")),
			}
			if i > 0 && rapid.Bool().Draw(t, "refers") {
				r.Refers = map[string][]string{rapid.SampledFrom(propertyNames()).Draw(t, "by"): {stack[0].URN}}
			}
			stack = append(stack, r)
		}
		for _, g := range rules {
			g.CheckStack(stack, stage, g.Defaults())
			for _, r := range stack {
				g.CheckResource(r, stage, g.Defaults())
				g.Mend(r, g.Defaults())
			}
		}
	})
}

// allUnknown makes every property that the rules look at unknown.
func allUnknown() property.Map {
	m := map[string]property.Value{}
	for _, name := range propertyNames() {
		m[name] = property.New(property.Computed)
	}
	return property.NewMap(m)
}

func TestNothingUnknownIsAViolation(t *testing.T) {
	// These refuse a type, whatever it holds.
	byType := []string{
		"glue-no-crawler", "glue-no-stand-in", "s3-no-extras", "lambda-no-provisioned-concurrency", "athena-no-reservation",
		"network-no-nat", "network-no-cluster", "network-no-other-consumers", "known-types",
	}
	stage := testStage(t, example{})
	for _, g := range All() {
		if slices.Contains(byType, g.Name) || g.Mends() {
			continue
		}
		for _, kind := range tokens() {
			for _, f := range []Findings{
				g.CheckResource(Resource{Type: kind, Name: "r", URN: "urn:r", Props: allUnknown()}, stage, g.Defaults()),
				g.CheckStack(Stack{{Type: kind, Name: "r", URN: "urn:r", Props: allUnknown()}}, stage, g.Defaults()),
			} {
				for _, v := range f.Violations {
					if v.Resource == "" || declares(g.Name) {
						continue // about what is not there at all
					}
					t.Errorf("%s on %s: %s", g.Name, kind, v.Message(g))
				}
			}
		}
	}
}

// declares are rules that ask for another resource beside the one they look at.
func declares(name string) bool {
	return slices.Contains([]string{"s3-public-access", "s3-encryption"}, name)
}

func TestTheTypesAreThoseOfTheSDK(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "types.txt")
	command := exec.Command("go", "run", "../internal/gentypes", file)
	if out, err := command.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if string(want) != typeList {
		t.Error("types.txt is not what the SDK has: run go generate ./policy/...")
	}
}

func TestTheTypesOfTheRulesExist(t *testing.T) {
	sdk := sdkTypes()
	exists := func(token string) bool {
		if _, ok := sdk[token]; ok {
			return true
		}
		// What version 7 calls the second generation.
		place, name, _ := strings.Cut(strings.TrimPrefix(token, "aws:"), ":")
		_, ok := sdk["aws:"+place+"V2:"+name+"V2"]
		return ok
	}
	check := func(where, token string) {
		if strings.HasPrefix(token, "aws:") && guarded(token) && !strings.HasSuffix(token, "*") && !exists(token) {
			t.Errorf("%s: pulumi-aws has no %s", where, token)
		}
	}
	looked := map[string]string{}
	for _, g := range All() {
		for _, token := range g.Types {
			check(g.Name, token)
			looked[token] = g.Name
		}
	}
	for token, why := range reviewed() {
		check("reviewed", token)
		if why == "" {
			t.Errorf("%s was reviewed without a reason", token)
		}
		if by, ok := looked[token]; ok {
			t.Errorf("%s is said to need no rule, but %s looks at it", token, by)
		}
	}
}

func TestTheManualIsTheRules(t *testing.T) {
	written, err := os.ReadFile(filepath.Join("..", "..", "docs", "guardrails.md"))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(written, Document()) {
		t.Error("docs/guardrails.md is not what the rules say: run go generate ./policy/...")
	}
}

func TestAnException(t *testing.T) {
	g := rule(t, "logs-retention")
	bad := func(name string) Findings {
		return g.CheckResource(res(logGroup, name, `{}`), testStage(t, example{}), g.Defaults())
	}
	exception := Exception{Resource: "audit", Reason: "law asks for ten years", Expires: "2027-01-31"}
	day := func(s string) time.Time {
		d, err := time.Parse(time.DateTime, s)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	for _, c := range []struct {
		what, name string
		now        string
		excused    bool
	}{
		{"covers its resource", "audit", "2027-01-01 00:00:00", true},
		{"holds until the end of its last day", "audit", "2027-01-31 23:59:59", true},
		{"ends then", "audit", "2027-02-01 00:00:00", false},
		{"covers nothing else", "audit2", "2027-01-01 00:00:00", false},
	} {
		if left := len(Excuse(bad(c.name), []Exception{exception}, day(c.now)).Violations); (left == 0) != c.excused {
			t.Errorf("%s: %d violations left", c.what, left)
		}
	}
	stack := Findings{Violations: []Violation{{Path: "estimate"}}}
	whole := Exception{Resource: "stack", Reason: "load test this week", Expires: "2027-01-31"}
	if len(Excuse(stack, []Exception{whole}, day("2027-01-01 00:00:00")).Violations) != 0 {
		t.Error("an exception for the stack does not cover what is found about it")
	}
	if len(Excuse(stack, []Exception{exception}, day("2027-01-01 00:00:00")).Violations) != 1 {
		t.Error("an exception for a resource covers the stack")
	}
}

func TestAConfigurationThatIsWrongIsRefused(t *testing.T) {
	for text, want := range map[string]string{
		`{"firehose-buffer":{"minMB":5}}`:                                               `unknown field "minMB"`,
		`{"firehose-buffer":{"minMiB":500}}`:                                            "minMiB is 500; it must be at most 128",
		`{"firehose-buffer":{"minSeconds":-1}}`:                                         "minSeconds is -1; it must be at least 0",
		`{"states-log-level":{"levels":["ERROR","LOUD"]}}`:                              `levels has "LOUD"`,
		`{"stack-budget":{"monthlyUsd":-5}}`:                                            "monthlyUsd is -5",
		`{"firehose-bufer":{"minMiB":5}}`:                                               `there is no rule "firehose-bufer"`,
		`{"firehose-buffer":{"minMiB":"many"}}`:                                         "firehose-buffer",
		`{"firehose-buffer":"strict"}`:                                                  `"strict" is no level`,
		`{"firehose-buffer":{"enforcementLevel":"strict"}}`:                             `"strict" is no level`,
		`{"firehose-buffer":7}`:                                                         "must be a level or an object",
		`{"logs-retention":{"exceptions":[{"resource":"a","expires":"2027-01-31"}]}}`:   "written reason",
		`{"logs-retention":{"exceptions":[{"reason":"because I say so"}]}}`:             "name the resource",
		`{"logs-retention":{"exceptions":[{"resource":"a","reason":"because I say"}]}}`: "expires must be a date",
		`[]`: "configuration of the policy pack",
	} {
		if err := CheckConfig([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
	if err := CheckConfig([]byte(`{"all":"advisory","tags":"disabled","firehose-buffer":{"enforcementLevel":"mandatory","minMiB":5}}`)); err != nil {
		t.Error(err)
	}
}

func TestTheStagesConfigurationIsRight(t *testing.T) {
	files, err := filepath.Glob(filepath.Join("..", "config", "*.json"))
	if err != nil || len(files) < 3 {
		t.Fatalf("%v %v", files, err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if err := CheckConfig(text); err != nil {
			t.Errorf("%s: %v", file, err)
		}
	}
}

func TestSettingsDoNotShareTheirDefaults(t *testing.T) {
	g := rule(t, "tags")
	if _, _, err := g.Settings(map[string]any{"keys": []any{"Other", "Keys"}}); err != nil {
		t.Fatal(err)
	}
	settings, _, err := g.Settings(nil)
	if err != nil {
		t.Fatal(err)
	}
	if got := settings.(tagSettings).Keys; !slices.Equal(got, []string{"Project", "Stage"}) {
		t.Errorf("the defaults became %v", got)
	}
}

func TestASecretIsNotShown(t *testing.T) {
	r := Resource{Type: logGroup, Name: "g", Props: property.NewMap(map[string]property.Value{"retentionInDays": property.New("hush").WithSecret(true)})}
	g := rule(t, "logs-retention")
	for _, v := range g.CheckResource(r, testStage(t, example{}), g.Defaults()).Violations {
		if strings.Contains(v.Message(g), "hush") {
			t.Errorf("%s", v.Message(g))
		}
	}
}
