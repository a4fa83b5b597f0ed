package guardrails

import (
	"encoding/json"
	"strings"
	"testing"
)

func replaceKey(pattern, key string) string { return strings.ReplaceAll(pattern, "KEY", key) }

func replaceCondition(trust, condition string) string {
	return strings.ReplaceAll(trust, "CONDITION", condition)
}

func TestTagsAndProtection(t *testing.T) {
	lent := res(queue, "q", `{}`)
	lent.Provider = props(`{"defaultTags":{"tags":{"Project":"p","Stage":"s"}}}`)
	lentJSON := res(queue, "q", `{"tags":{"Project":"p"}}`)
	lentJSON.Provider = props(`{"defaultTags":"{\"tags\":{\"Stage\":\"s\"}}"}`)
	checkExamples(t, map[string][]example{
		"tags": {
			{what: "both", stack: Stack{res(queue, "q", `{"tags":{"Project":"p","Stage":"s"}}`)}},
			{what: "one", stack: Stack{res(queue, "q", `{"tags":{"Project":"p"}}`)}, bad: []string{"tags is without Stage; allowed: Project, Stage (tags.keys)"}},
			{what: "none", stack: Stack{res(queue, "q", `{}`)}, bad: []string{"without Project, Stage"}},
			{what: "the provider's", stack: Stack{lent}},
			{what: "the provider's, as JSON", stack: Stack{lentJSON}},
			{what: "a value not known is a tag", stack: Stack{res(queue, "q", `{"tags":{"Project":"<unknown>","Stage":"s"}}`)}},
			{what: "not known", stack: Stack{res(queue, "q", `{"tags":"<unknown>"}`)}, waits: []string{"tags"}},
			{what: "a service that is not guarded", stack: Stack{res("aws:sns/topic:Topic", "t", `{}`)}, bad: []string{"without Project, Stage"}},
			{what: "a type that takes none", stack: Stack{res(queuePolicy, "p", `{}`)}},
			{what: "other keys", stack: Stack{res(queue, "q", `{"tags":{"Owner":"o"}}`)}, config: `{"keys":["Owner"]}`},
		},
		"removal-protection": {
			{what: "where it is not demanded", stack: Stack{res(bucketTwo, "b", `{"forceDestroy":true}`)}},
			{what: "protected", stack: Stack{res(bucketTwo, "b", `{}`).protected()}, config: `{"demanded":true}`},
			{what: "not protected", stack: Stack{res(bucketOne, "b", `{}`)}, config: `{"demanded":true}`, bad: []string{"b: protect is false"}},
			{what: "a table", stack: Stack{res(catalogTable, "t", `{}`)}, config: `{"demanded":true}`, bad: []string{"t: protect is false"}},
			{what: "protected, but emptied", stack: Stack{res(bucketTwo, "b", `{"forceDestroy":true}`).protected()}, config: `{"demanded":true}`, bad: []string{"forceDestroy is true"}},
			{what: "on the local target", stack: Stack{res(bucketTwo, "b", `{}`)}, config: `{"demanded":true}`, local: true},
			{what: "not known", stack: Stack{res(bucketTwo, "b", `{"forceDestroy":"<unknown>"}`).protected()}, config: `{"demanded":true}`, waits: []string{"forceDestroy"}},
		},
	})
}

func TestTheStack(t *testing.T) {
	q := res(queue, "dead", `{"name":"dead"}`)
	target := res(eventTarget, "t", `{"deadLetterConfig":{"arn":"<unknown>"}}`).refers("deadLetterConfig", q)
	alarm := func(text string) Resource { return res(metricAlarm, "a", `{`+text+`}`) }
	const onQueue = `"namespace":"AWS/SQS","metricName":"ApproximateNumberOfMessagesVisible"`
	standard := res(stateMachine, "m", `{"type":"STANDARD"}`)
	lake := res(bucketTwo, "lake", `{"bucket":"lake"}`)
	stream := res(deliveryStream, "app", `{"extendedS3Configuration":{"bucketArn":"arn:aws:s3:::lake","prefix":"logs/app/","bufferingSize":64,"bufferingInterval":300,"compressionFormat":"GZIP"}}`)
	checkExamples(t, map[string][]example{
		"stack-budget": {
			// At 20 GB a day the default stage adds $17.60.
			{what: "within", budgetUSD: 18},
			{what: "not within", budgetUSD: 17, bad: []string{"$17.60 a month for the stack at 20 GB a day; allowed: at most $17.00 (stack-budget.monthlyUsd). That is $0.60 over the budget. The dearest: Athena, bytes scanned $7.43; S3, logs in Standard $5.1"}},
			{what: "the pack's own limit goes before", budgetUSD: 1000, config: `{"monthlyUsd":17}`, bad: []string{"at most $17.00"}},
			{what: "no budget", stack: Stack{}},
			{what: "no budget where one is demanded", config: `{"demanded":true}`, bad: []string{"crawlerless:monthlyBudgetUsd is not set"}},
			{what: "with the source log groups", budgetUSD: 300, config: `{"countSources":true}`, bad: []string{"with its source log groups"}},
			{what: "a crawler counts", stack: Stack{res("aws:glue/crawler:Crawler", "c", `{}`)}, budgetUSD: 60, bad: []string{"$71.13"}}, // 17.60 + 53.53
			{what: "a Standard workflow counts", stack: Stack{standard}, budgetUSD: 18, bad: []string{"$18.56"}},
			{what: "a type not known stays as configured", stack: Stack{res(stateMachine, "m", `{"type":"<unknown>"}`)}, budgetUSD: 18},
			{what: "logs that are kept for ever count", stack: Stack{lake, stream}, budgetUSD: 18, bad: []string{"at 20 GB a day"}},
			{what: "logs that are not compressed count", stack: Stack{res(deliveryStream, "app", `{"extendedS3Configuration":{"bufferingSize":64}}`)}, budgetUSD: 18, bad: []string{"at 20 GB a day"}},
		},
		"stack-alarm": {
			{what: "by name", stack: Stack{q, target, alarm(onQueue + `,"dimensions":{"QueueName":"dead"}`)}},
			{what: "by reference", stack: Stack{q, target, alarm(onQueue+`,"dimensions":"<unknown>"`).refers("dimensions", q)}},
			{what: "none", stack: Stack{q, target}, bad: []string{"the stack: alarm on the dead-letter queue is none"}},
			{what: "on another queue", stack: Stack{q, target, alarm(onQueue + `,"dimensions":{"QueueName":"jobs"}`)}, bad: []string{"none"}},
			{what: "on another metric", stack: Stack{q, target, alarm(`"namespace":"AWS/SQS","metricName":"SentMessageSize","dimensions":{"QueueName":"dead"}`)}, bad: []string{"none"}},
			{what: "no queue at all", stack: Stack{}, bad: []string{"dead-letter queue is none"}},
			{what: "not demanded", stack: Stack{}, config: `{"demanded":false}`},
			{what: "not known on which", stack: Stack{q, target, alarm(onQueue + `,"dimensions":"<unknown>"`)}, waits: []string{"alarm on the dead-letter queue"}},
		},
		"stack-budget-alarm": {
			{what: "not demanded", stack: Stack{}},
			{what: "demanded", stack: Stack{}, config: `{"demanded":true}`, bad: []string{"aws.budgets.Budget is none"}},
			{what: "there", stack: Stack{res(budget, "b", `{"limitAmount":"<unknown>"}`)}, config: `{"demanded":true}`},
		},
		"known-types": {
			{what: "looked at by a rule", stack: Stack{res(queue, "q", `{}`)}},
			{what: "reviewed", stack: Stack{res("aws:cloudwatch/logStream:LogStream", "s", `{}`)}},
			{what: "of a service that is not guarded", stack: Stack{res("aws:sns/topic:Topic", "t", `{}`)}},
			{what: "a component", stack: Stack{res("crawlerless:index:Pipeline", "p", `{}`), res("pulumi:pulumi:Stack", "s", `{}`), res("pulumi:providers:aws", "p", `{}`)}},
			{what: "that nobody has looked at", stack: Stack{res("aws:s3tables/tableBucket:TableBucket", "t", `{}`)}, bad: []string{"which no rule looks at; allowed: a reviewed type (known-types.allow)"}},
			{what: "of a newer provider", stack: Stack{res("aws:s3/bucketV3:BucketV3", "t", `{}`)}, bad: []string{"the pulumi-aws that the rules were written for does not have"}},
			{what: "that the stage lets pass", stack: Stack{res("aws:s3tables/tableBucket:TableBucket", "t", `{}`)}, config: `{"allow":["aws:s3tables/tableBucket:TableBucket"]}`},
			{what: "native", stack: Stack{res("aws-native:s3:Bucket", "b", `{}`)}, bad: []string{"aws-native:s3:Bucket"}},
			{what: "native, of a service that is not guarded", stack: Stack{res("aws-native:sns:Topic", "b", `{}`)}},
			{what: "native, and refused elsewhere", stack: Stack{res("aws-native:glue:Crawler", "b", `{}`)}},
			{what: "behind Cloud Control", stack: Stack{res("aws:cloudcontrol/resource:Resource", "b", `{"typeName":"AWS::S3::Bucket"}`)}, bad: []string{"AWS::S3::Bucket"}},
			{what: "behind Cloud Control, and refused elsewhere", stack: Stack{res("aws:cloudcontrol/resource:Resource", "b", `{"typeName":"AWS::Glue::Crawler"}`)}},
			{what: "behind Cloud Control, not known", stack: Stack{res("aws:cloudcontrol/resource:Resource", "b", `{"typeName":"<unknown>"}`)}, waits: []string{"typeName"}},
			{what: "behind CloudFormation", stack: Stack{res("aws:cloudformation/stack:Stack", "b", `{}`)}, bad: []string{"behind which no rule can see"}},
		},
	})
}

func TestRemediations(t *testing.T) {
	for _, c := range []struct {
		rule, what, config string
		r                  Resource
		path, want         string // what the property is afterwards; empty is no change
	}{
		{"mend-log-retention", "is off unless asked for", `{}`, res(logGroup, "g", `{}`), "", ""},
		{"mend-log-retention", "gives a retention", `{"enabled":true}`, res(logGroup, "g", `{"name":"n"}`), "retentionInDays", "7"},
		{"mend-log-retention", "in place of never", `{"enabled":true,"days":14}`, res(logGroup, "g", `{"retentionInDays":0}`), "retentionInDays", "14"},
		{"mend-log-retention", "leaves one alone", `{"enabled":true}`, res(logGroup, "g", `{"retentionInDays":365}`), "", ""},
		{"mend-log-retention", "leaves what is not known", `{"enabled":true}`, res(logGroup, "g", `{"retentionInDays":"<unknown>"}`), "", ""},
		{"mend-log-retention", "leaves other types", `{"enabled":true}`, res(queue, "q", `{}`), "", ""},
		{"mend-firehose-compression", "is off unless asked for", `{}`, s3dest(`"compressionFormat":"UNCOMPRESSED"`), "", ""},
		{"mend-firehose-compression", "compresses", `{"enabled":true}`, s3dest(`"compressionFormat":"UNCOMPRESSED"`), "extendedS3Configuration.compressionFormat", "GZIP"},
		{"mend-firehose-compression", "keeps the rest", `{"enabled":true}`, s3dest(`"compressionFormat":"UNCOMPRESSED"`), "extendedS3Configuration.bufferingSize", "64"},
		{"mend-firehose-compression", "leaves another format", `{"enabled":true}`, s3dest(`"compressionFormat":"Snappy"`), "", ""},
		{"mend-firehose-compression", "leaves Parquet", `{"enabled":true}`, s3dest(`"compressionFormat":"UNCOMPRESSED","dataFormatConversionConfiguration":{"enabled":true}`), "", ""},
		{"mend-firehose-compression", "leaves what is not known", `{"enabled":true}`, s3dest(`"compressionFormat":"<unknown>"`), "", ""},
		{"mend-tags", "is off unless asked for", `{}`, res(queue, "q", `{}`), "", ""},
		{"mend-tags", "adds", `{"enabled":true,"tags":["Project=p","Stage=s"]}`, res(queue, "q", `{"tags":{"Stage":"mine"}}`), "tags.Project", "p"},
		{"mend-tags", "changes none", `{"enabled":true,"tags":["Project=p","Stage=s"]}`, res(queue, "q", `{"tags":{"Stage":"mine"}}`), "tags.Stage", "mine"},
		{"mend-tags", "leaves a type that takes none", `{"enabled":true}`, res(queuePolicy, "q", `{}`), "", ""},
		{"mend-tags", "leaves what is not known", `{"enabled":true}`, res(queue, "q", `{"tags":"<unknown>"}`), "", ""},
		{"mend-lambda-arm64", "is off unless asked for", `{}`, res(function, "f", `{"runtime":"python3.13"}`), "", ""},
		{"mend-lambda-arm64", "moves what is interpreted", `{"enabled":true}`, res(function, "f", `{"runtime":"python3.13"}`), "architectures", "a list of 1"},
		{"mend-lambda-arm64", "leaves compiled code", `{"enabled":true}`, res(function, "f", `{"runtime":"provided.al2023","architectures":["x86_64"]}`), "", ""},
		{"mend-lambda-arm64", "leaves what has layers", `{"enabled":true}`, res(function, "f", `{"runtime":"python3.13","layers":["a"]}`), "", ""},
		{"mend-lambda-arm64", "leaves what is there", `{"enabled":true}`, res(function, "f", `{"runtime":"python3.13","architectures":["arm64"]}`), "", ""},
	} {
		t.Run(c.rule+"/"+c.what, func(t *testing.T) {
			g := rule(t, c.rule)
			config := map[string]any{}
			if err := json.Unmarshal([]byte(c.config), &config); err != nil {
				t.Fatal(err)
			}
			settings, _, err := g.Settings(config)
			if err != nil {
				t.Fatal(err)
			}
			before := c.r.Props
			mended, changed := g.Mend(c.r, settings)
			if !before.Equals(c.r.Props) {
				t.Error("the resource itself was changed")
			}
			if changed != (c.want != "") {
				t.Fatalf("changed: %v", changed)
			}
			if !changed {
				return
			}
			if got := strings.Trim((Resource{Props: mended}).At(c.path).String(), `"`); got != c.want {
				t.Errorf("%s is %s, want %s", c.path, got, c.want)
			}
			if _, again := g.Mend(Resource{Type: c.r.Type, Props: mended}, settings); again {
				t.Error("what is mended is mended again")
			}
		})
	}
}
