package pipeline

import (
	"slices"
	"strings"
	"testing"
)

// load reads a configuration from a map, over a valid base.
func load(t *testing.T, changes map[string]string) (Config, error) {
	t.Helper()
	settings := map[string]string{"generator": "true"}
	for k, v := range changes {
		settings[k] = v
	}
	return LoadConfig(func(key string) (string, bool) { v, ok := settings[key]; return v, ok })
}

func TestDefaultsAreThoseThatTheCommentsState(t *testing.T) {
	c, err := load(t, nil)
	if err != nil {
		t.Fatal(err)
	}
	if c.BufferMiB != 64 || c.BufferSeconds != 300 || c.LogRetentionDays != 7 || c.LakeExpiryDays != 90 ||
		c.QueryScanLimitMiB != 1024 || c.Partitions != Registered || c.Architecture != "arm64" || c.Protect || c.ForceDestroy {
		t.Errorf("unexpected defaults: %+v", c)
	}
}

func TestAWrongValueNamesItsKeyTheValueAndWhatIsAllowed(t *testing.T) {
	for name, c := range map[string]struct {
		changes map[string]string
		want    []string
	}{
		"not a number":           {map[string]string{"bufferMiB": "big"}, []string{"crawlerless:bufferMiB", `"big"`, "1 to 128", "MiB"}},
		"too small":              {map[string]string{"bufferSeconds": "5"}, []string{"crawlerless:bufferSeconds", `"5"`, "60 to 900"}},
		"too large":              {map[string]string{"bufferMiB": "129"}, []string{"crawlerless:bufferMiB", `"129"`, "1 to 128"}},
		"not a retention":        {map[string]string{"logRetentionDays": "8"}, []string{"crawlerless:logRetentionDays", "8", "1, 3, 5, 7, 14"}},
		"not a boolean":          {map[string]string{"protect": "perhaps"}, []string{"crawlerless:protect", `"perhaps"`, "true or false"}},
		"unknown word":           {map[string]string{"partitions": "crawled"}, []string{"crawlerless:partitions", `"crawled"`, "registered, projected"}},
		"unknown architecture":   {map[string]string{"architecture": "amd64"}, []string{"crawlerless:architecture", "arm64, x86_64"}},
		"not a number of GB":     {map[string]string{"expectedGbPerDay": "NaN"}, []string{"crawlerless:expectedGbPerDay", "NaN"}},
		"sources not a list":     {map[string]string{"sources": `{"name":"a"}`}, []string{"crawlerless:sources", "a list of"}},
		"unknown field":          {map[string]string{"sources": `[{"name":"a","group":"/a"}]`}, []string{"crawlerless:sources", "group"}},
		"bad source name":        {map[string]string{"sources": `[{"name":"App_1","logGroup":"/a"}]`}, []string{"sources[0].name", "App_1", "lower-case"}},
		"source without a group": {map[string]string{"sources": `[{"name":"app"}]`}, []string{"sources[0].logGroup", "1 to 512"}},
		"twice the same name":    {map[string]string{"sources": `[{"name":"a","logGroup":"/a"},{"name":"a","logGroup":"/b"}]`}, []string{"sources[1].name", "twice"}},
		"the generator's name":   {map[string]string{"sources": `[{"name":"generator","logGroup":"/a"}]`}, []string{"sources[0].name", "generator"}},
		"third on one group":     {map[string]string{"sources": `[{"name":"a","logGroup":"/a"},{"name":"b","logGroup":"/a"},{"name":"c","logGroup":"/a"}]`}, []string{"sources[2].logGroup", "two subscription filters"}},
		"early transition":       {map[string]string{"lakeTransitionDays": "7"}, []string{"lakeTransitionDays", "30 days"}},
		"expiry before":          {map[string]string{"lakeTransitionDays": "60", "lakeExpiryDays": "30"}, []string{"lakeExpiryDays", "60"}},
		"protect and force":      {map[string]string{"protect": "true", "forceDestroy": "true"}, []string{"forceDestroy", "protect"}},
		"not a topic":            {map[string]string{"alarmTopicArn": "alerts"}, []string{"alarmTopicArn", "alerts", "SNS"}},
		"a tag of AWS's":         {map[string]string{"tags": `{"aws:team":"a"}`}, []string{"crawlerless:tags", "aws:team", "AWS's own"}},
		"nothing to collect":     {map[string]string{"generator": "false"}, []string{"crawlerless:sources", "nothing to collect"}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := load(t, c.changes)
			if err == nil {
				t.Fatal("no error")
			}
			for _, word := range c.want {
				if !strings.Contains(err.Error(), word) {
					t.Errorf("%q is not in: %v", word, err)
				}
			}
		})
	}
}

func TestAllThatIsWrongIsReportedAtOnce(t *testing.T) {
	_, err := load(t, map[string]string{"bufferMiB": "0", "bufferSeconds": "0", "partitions": "x"})
	for _, key := range []string{"bufferMiB", "bufferSeconds", "partitions"} {
		if err == nil || !strings.Contains(err.Error(), key) {
			t.Errorf("%s is not reported: %v", key, err)
		}
	}
}

func TestAMisspeltKeyIsRefused(t *testing.T) {
	err := CheckKeys([]string{"aws:region", "crawlerless:bufferMiB", "crawlerless:bufferMB"})
	if err == nil || !strings.Contains(err.Error(), "crawlerless:bufferMB") || !strings.Contains(err.Error(), "bufferMiB") {
		t.Errorf("got %v", err)
	}
	if err := CheckKeys([]string{"aws:region", "crawlerless:sources"}); err != nil {
		t.Error(err)
	}
}

func TestEveryKeyIsSetThroughTheOneTable(t *testing.T) {
	if keys := Keys(); len(keys) != 22 || !slices.IsSorted(keys) {
		t.Errorf("%d keys: %v", len(keys), keys)
	}
}

func TestStageNames(t *testing.T) {
	for name, good := range map[string]bool{
		"dev": true, "e2e-main-1a2b3c4-x7": true, "a": true, strings.Repeat("a", MaxStageLength): true,
		"": false, "Dev": false, "1st": false, "a--b": false, "a-": false, "a_b": false, strings.Repeat("a", MaxStageLength+1): false,
	} {
		if err := CheckStage(name); (err == nil) != good {
			t.Errorf("%q: %v", name, err)
		}
	}
}

// Lambda functions, delivery streams and roles have names of at most 64
// characters, buckets of 63; Pulumi adds eight to roles and buckets.
func TestTheLongestNamesFit(t *testing.T) {
	n := names{stage: strings.Repeat("s", MaxStageLength)}
	source := strings.Repeat("x", 20)
	for _, part := range []string{"generate", "extract", "catalog", "catalogue", source, "object-created"} {
		if name := n.of(part); len(name) > 64 {
			t.Errorf("%s has %d characters", name, len(name))
		}
	}
	for _, part := range []string{"lake", "results"} {
		if name := n.of(part); len(name)+8 > 63 {
			t.Errorf("bucket %s has %d characters with its suffix", name, len(name)+8)
		}
	}
	one, other := n.short(source+"-firehose", 56), n.short(source+"-logs", 56)
	if len(one) > 56 || len(other) > 56 || one == other {
		t.Errorf("roles %s and %s", one, other)
	}
}
