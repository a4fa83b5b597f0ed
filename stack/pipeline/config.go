package pipeline

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"sort"
	"strconv"
	"strings"
)

// Namespace is the namespace of the configuration keys in Pulumi.<stage>.yaml.
const Namespace = "crawlerless"

// Config is all that differs between stages. Load it with [LoadConfig]; the
// zero value is not valid. Field comments name the configuration key, its unit
// and its default.
type Config struct {
	// Sources are the log groups that feed the lake, beside the generator's.
	// Key sources, a list; default none.
	Sources []Source
	// Generator deploys the function that writes realistic logs, and makes it a
	// source of its own, named "generator". Key generator; default false.
	Generator bool
	// BufferMiB and BufferSeconds are Firehose's buffering hints: an object is
	// written when either is reached. Keys bufferMiB (1–128; default 64) and
	// bufferSeconds (60–900; default 300).
	BufferMiB, BufferSeconds int
	// LogRetentionDays is how long CloudWatch Logs keeps every group that the
	// stack creates. Key logRetentionDays; one of the values that the service
	// allows; default 7.
	LogRetentionDays int
	// LakeTransitionDays moves objects to Standard-IA, LakeExpiryDays removes
	// them; 0 is never. Keys lakeTransitionDays (0 or at least 30; default 0)
	// and lakeExpiryDays (default 90).
	LakeTransitionDays, LakeExpiryDays int
	// ResultsExpiryDays removes query results. Key resultsExpiryDays (1–365;
	// default 7).
	ResultsExpiryDays int
	// QueryScanLimitMiB cancels a query that reads more. Key queryScanLimitMiB
	// (10–7,340,032; default 1,024).
	QueryScanLimitMiB int
	// Partitions is how Athena learns of partitions: "registered" in the
	// catalog (default), or "projected" from the table's properties. Key
	// partitions.
	Partitions string
	// ProjectionFrom is the first year that a projected table covers. Key
	// projectionFrom (2006–2100; default 2024).
	ProjectionFrom int
	// Architecture of the Lambdas: "arm64" (default) or "x86_64". Key
	// architecture.
	Architecture string
	// ExtractMemoryMiB and CatalogMemoryMiB are the memory of the two functions
	// of the workflow. Keys extractMemoryMiB (128–10,240; default 512) and
	// catalogMemoryMiB (default 256).
	ExtractMemoryMiB, CatalogMemoryMiB int
	// CatalogConcurrency is how many UpdateCatalog run at once: reserved
	// concurrency. It is what bounds the calls to Glue when a thousand objects
	// of a new hour arrive together. Key catalogConcurrency (0–100, default 3);
	// 0 reserves none, for accounts whose quota leaves none to reserve.
	CatalogConcurrency int
	// MaxRawMiB is the most that one object may unpack to before it is refused.
	// Key maxRawMiB (1–1,048,576; default 4,096).
	MaxRawMiB int
	// Protect keeps Pulumi from deleting the buckets and the catalog.
	// Key protect; default false.
	Protect bool
	// ForceDestroy empties buckets when the stack is destroyed: for ephemeral
	// stages only. Key forceDestroy; default false; not together with protect.
	ForceDestroy bool
	// AlarmTopicARN is the SNS topic that alarms notify. Key alarmTopicArn;
	// default none: the alarms then only change state.
	AlarmTopicARN string
	// Tags are put on every resource that takes tags, beside Project and Stage.
	// Key tags; default none.
	Tags map[string]string
	// ExpectedGBPerDay and MonthlyBudgetUSD are what the guardrails compare: the
	// estimate for that volume against the budget. Keys expectedGbPerDay
	// (default 1) and monthlyBudgetUsd (default 0: no budget stated).
	ExpectedGBPerDay, MonthlyBudgetUSD float64
}

// Source is one log group whose events go to the lake, as a table of its own.
type Source struct {
	// Name is the source's part of the object keys and its table's name: lower
	// case letters, digits and single dashes, at most 20 characters.
	Name string `json:"name"`
	// LogGroup is the group's name; it may be left out where the stack makes the
	// group, which is then called /crawlerless/<stage>/<name>.
	LogGroup string `json:"logGroup"`
	// FilterPattern selects events, in CloudWatch Logs' syntax; empty is all.
	FilterPattern string `json:"filterPattern"`
	// CreateLogGroup says that the stack makes the group; otherwise it exists
	// already and stays when the stack goes.
	CreateLogGroup bool `json:"createLogGroup"`
	// EventsEndLines says that each event already ends with a newline, as those
	// of Lambda functions do: Firehose then appends none, which would make blank
	// lines, and those rows of NULLs. Groups below /aws/lambda/ need not say so.
	EventsEndLines bool `json:"eventsEndLines"`
}

// The two ways in which Athena learns of partitions.
const (
	Registered = "registered"
	Projected  = "projected"
)

// GeneratorSource is the name of the source that the generator feeds.
const GeneratorSource = "generator"

// retentionDays are the values that PutRetentionPolicy allows.
// https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html
var retentionDays = []int{1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653}

var (
	sourceName = regexp.MustCompile(`^[a-z][a-z0-9]*(-[a-z0-9]+)*$`)
	groupName  = regexp.MustCompile(`^[A-Za-z0-9_/.#-]{1,512}$`)
	topicARN   = regexp.MustCompile(`^arn:[a-z-]+:sns:[a-z0-9-]+:\d{12}:[A-Za-z0-9_-]{1,256}$`)
)

// Keys lists every key of the namespace, sorted.
func Keys() []string {
	keys := make([]string, 0, 32)
	for k := range settings(&Config{}) {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	return keys
}

// LoadConfig reads the configuration of a stage through get, which answers the
// text of a key without its namespace and whether it is set. All that is wrong
// is reported at once: each error names the key, the value and what is allowed.
func LoadConfig(get func(key string) (string, bool)) (Config, error) {
	c := Config{
		BufferMiB: 64, BufferSeconds: 300, LogRetentionDays: 7, LakeExpiryDays: 90,
		ResultsExpiryDays: 7, QueryScanLimitMiB: 1024, Partitions: Registered, ProjectionFrom: 2024,
		Architecture: "arm64", ExtractMemoryMiB: 512, CatalogMemoryMiB: 256, CatalogConcurrency: 3, MaxRawMiB: 4096,
		ExpectedGBPerDay: 1,
	}
	table := settings(&c)
	var errs []error
	for _, key := range Keys() {
		if text, ok := get(key); ok {
			if err := table[key](text); err != nil {
				errs = append(errs, fmt.Errorf("%s:%s is %s: %w", Namespace, key, quoted(text), err))
			}
		}
	}
	return c, errors.Join(append(errs, c.check()...)...)
}

// CheckKeys refuses keys of the namespace that no setting has, so that a
// misspelt one is not silently without effect. Keys of other namespaces
// ("aws:region") pass.
func CheckKeys(keys []string) error {
	known := Keys()
	var errs []error
	for _, full := range keys {
		ns, key, ok := strings.Cut(full, ":")
		if ok && ns == Namespace && !slices.Contains(known, key) {
			errs = append(errs, fmt.Errorf("%s is not a setting; there are: %s", full, strings.Join(known, ", ")))
		}
	}
	return errors.Join(errs...)
}

// settings is the one list of keys, each with how its text is understood.
func settings(c *Config) map[string]func(string) error {
	return map[string]func(string) error{
		"sources":            object(&c.Sources, `a list of {"name", "logGroup", "filterPattern", "createLogGroup"}`),
		"generator":          boolean(&c.Generator),
		"bufferMiB":          integer(&c.BufferMiB, 1, 128, "MiB"),
		"bufferSeconds":      integer(&c.BufferSeconds, 60, 900, "seconds"),
		"logRetentionDays":   integer(&c.LogRetentionDays, 1, 3653, "days"),
		"lakeTransitionDays": integer(&c.LakeTransitionDays, 0, 36500, "days, 0 for never"),
		"lakeExpiryDays":     integer(&c.LakeExpiryDays, 0, 36500, "days, 0 for never"),
		"resultsExpiryDays":  integer(&c.ResultsExpiryDays, 1, 365, "days"),
		"queryScanLimitMiB":  integer(&c.QueryScanLimitMiB, 10, 7_340_032, "MiB"),
		"partitions":         oneOf(&c.Partitions, Registered, Projected),
		"projectionFrom":     integer(&c.ProjectionFrom, 2006, 2100, "a year"),
		"architecture":       oneOf(&c.Architecture, "arm64", "x86_64"),
		"extractMemoryMiB":   integer(&c.ExtractMemoryMiB, 128, 10_240, "MiB"),
		"catalogMemoryMiB":   integer(&c.CatalogMemoryMiB, 128, 10_240, "MiB"),
		"catalogConcurrency": integer(&c.CatalogConcurrency, 0, 100, "executions at once, 0 for no bound"),
		"maxRawMiB":          integer(&c.MaxRawMiB, 1, 1_048_576, "MiB"),
		"protect":            boolean(&c.Protect),
		"forceDestroy":       boolean(&c.ForceDestroy),
		"alarmTopicArn":      text(&c.AlarmTopicARN),
		"tags":               object(&c.Tags, "a map of strings"),
		"expectedGbPerDay":   number(&c.ExpectedGBPerDay, 0, 1_000_000, "GB a day"),
		"monthlyBudgetUsd":   number(&c.MonthlyBudgetUSD, 0, 10_000_000, "US dollars a month, 0 for none"),
	}
}

// check is what one key alone cannot show.
func (c Config) check() []error {
	var errs []error
	bad := func(key, format string, args ...any) {
		errs = append(errs, fmt.Errorf("%s:%s: %s", Namespace, key, fmt.Sprintf(format, args...)))
	}
	if !slices.Contains(retentionDays, c.LogRetentionDays) {
		bad("logRetentionDays", "%d is not a retention of CloudWatch Logs; allowed are %s days", c.LogRetentionDays, joinInts(retentionDays))
	}
	if c.LakeTransitionDays != 0 && c.LakeTransitionDays < 30 {
		bad("lakeTransitionDays", "%d is too early: S3 moves objects to Standard-IA after 30 days at the earliest; 0 is never", c.LakeTransitionDays)
	}
	if c.LakeTransitionDays != 0 && c.LakeExpiryDays != 0 && c.LakeExpiryDays <= c.LakeTransitionDays {
		bad("lakeExpiryDays", "%d does not come after lakeTransitionDays (%d)", c.LakeExpiryDays, c.LakeTransitionDays)
	}
	if c.Protect && c.ForceDestroy {
		bad("forceDestroy", "cannot be set together with protect: the one keeps the data, the other throws it away")
	}
	if c.AlarmTopicARN != "" && !topicARN.MatchString(c.AlarmTopicARN) {
		bad("alarmTopicArn", "%q is not the ARN of an SNS topic", c.AlarmTopicARN)
	}
	for _, key := range slices.Sorted(maps.Keys(c.Tags)) {
		switch value := c.Tags[key]; {
		case key == "" || len(key) > 128 || len(value) > 256:
			bad("tags", "%q: keys have 1 to 128 characters and values at most 256", key)
		case strings.HasPrefix(strings.ToLower(key), "aws:"):
			bad("tags", "%q: keys that begin with aws: are AWS's own", key)
		}
	}
	if len(c.Sources) == 0 && !c.Generator {
		bad("sources", "is empty and generator is off: there is nothing to collect; name a log group or set %s:generator to true", Namespace)
	}
	return append(errs, c.checkSources()...)
}

func (c Config) checkSources() []error {
	var errs []error
	names, tables, groups := map[string]bool{}, map[string]string{}, map[string]int{}
	if c.Generator {
		names[GeneratorSource], tables[TableName(GeneratorSource)] = true, GeneratorSource
	}
	for i, s := range c.Sources {
		bad := func(field, format string, args ...any) {
			errs = append(errs, fmt.Errorf("%s:sources[%d].%s: %s", Namespace, i, field, fmt.Sprintf(format, args...)))
		}
		switch {
		case len(s.Name) > 20 || !sourceName.MatchString(s.Name):
			bad("name", "%q: must be 1 to 20 lower-case letters, digits and single dashes, beginning with a letter", s.Name)
		case names[s.Name]:
			bad("name", "%q is there twice (or is the generator's); each source has a name of its own", s.Name)
		case tables[TableName(s.Name)] != "":
			bad("name", "%q and %q would share the table %s", s.Name, tables[TableName(s.Name)], TableName(s.Name))
		}
		names[s.Name], tables[TableName(s.Name)] = true, s.Name
		if len(s.FilterPattern) > 1024 {
			bad("filterPattern", "has %d characters; at most 1,024", len(s.FilterPattern))
		}
		if s.LogGroup == "" && s.CreateLogGroup {
			continue
		}
		if !groupName.MatchString(s.LogGroup) {
			bad("logGroup", "%q is not the name of a log group: 1 to 512 of letters, digits and _ / . # -", s.LogGroup)
		}
		if groups[s.LogGroup]++; groups[s.LogGroup] == 3 {
			bad("logGroup", "%q has more than two sources: CloudWatch Logs allows two subscription filters for a group", s.LogGroup)
		}
	}
	return errs
}

func boolean(to *bool) func(string) error {
	return func(s string) error {
		v, err := strconv.ParseBool(s)
		if err != nil {
			return errors.New("must be true or false")
		}
		*to = v
		return nil
	}
}

func integer(to *int, low, high int, unit string) func(string) error {
	return func(s string) error {
		v, err := strconv.Atoi(s)
		if err != nil || v < low || v > high {
			return fmt.Errorf("must be a whole number from %d to %d (%s)", low, high, unit)
		}
		*to = v
		return nil
	}
}

func number(to *float64, low, high float64, unit string) func(string) error {
	return func(s string) error {
		v, err := strconv.ParseFloat(s, 64)
		if err != nil || !(v >= low && v <= high) {
			return fmt.Errorf("must be a number from %g to %.0f (%s)", low, high, unit)
		}
		*to = v
		return nil
	}
}

func oneOf(to *string, allowed ...string) func(string) error {
	return func(s string) error {
		if !slices.Contains(allowed, s) {
			return fmt.Errorf("must be one of %s", strings.Join(allowed, ", "))
		}
		*to = s
		return nil
	}
}

func text(to *string) func(string) error {
	return func(s string) error { *to = s; return nil }
}

func object(to any, shape string) func(string) error {
	return func(s string) error {
		d := json.NewDecoder(strings.NewReader(s))
		d.DisallowUnknownFields()
		if err := d.Decode(to); err != nil {
			return fmt.Errorf("must be %s: %w", shape, err)
		}
		return nil
	}
}

func quoted(s string) string {
	if len(s) > 80 {
		s = s[:77] + "..."
	}
	return strconv.Quote(s)
}

func joinInts(list []int) string {
	words := make([]string, len(list))
	for i, n := range list {
		words[i] = strconv.Itoa(n)
	}
	return strings.Join(words, ", ")
}
