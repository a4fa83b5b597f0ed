package provider

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

func TestDiff(t *testing.T) {
	e := serve(t, Options{}).configure(nil)
	const (
		add     = pulumirpc.PropertyDiff_ADD
		del     = pulumirpc.PropertyDiff_DELETE
		update  = pulumirpc.PropertyDiff_UPDATE
		replace = pulumirpc.PropertyDiff_UPDATE_REPLACE
	)
	type kinds map[string]pulumirpc.PropertyDiff_Kind
	s3conf := func(more map[string]any) map[string]any {
		c := map[string]any{
			"bucketArn": "b", "roleArn": "r", "bufferingInterval": 300, "bufferingSize": 5,
			"compressionFormat": "UNCOMPRESSED", "customTimeZone": "UTC", "s3BackupMode": "Disabled",
		}
		for k, v := range more {
			c[k] = v
		}
		return map[string]any{"name": "s", "destination": "extended_s3", "extendedS3Configuration": c}
	}
	policy := func(action any) string {
		if list, ok := action.([]string); ok && len(list) == 2 {
			return `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":["` + list[0] + `","` + list[1] + `"],"Resource":"*"}}`
		}
		return `{"Statement":[{"Resource":["*"],"Effect":"Allow","Action":["b","a"]}],"Version":"2012-10-17"}`
	}
	for _, test := range []struct {
		rule       string
		token      string
		olds, news map[string]any
		ignore     []string
		want       kinds
		replaces   []string
		before     bool
	}{
		{rule: "nothing changed", token: logGroupToken, olds: map[string]any{"name": "g", "retentionInDays": 7, "arn": "a", "logGroupClass": "STANDARD"}, news: map[string]any{"name": "g", "retentionInDays": 7}},
		{rule: "a value changed", token: logGroupToken, olds: map[string]any{"name": "g", "retentionInDays": 7}, news: map[string]any{"name": "g", "retentionInDays": 14}, want: kinds{"retentionInDays": update}},
		{rule: "a default is the same as nothing", token: logGroupToken, olds: map[string]any{"name": "g"}, news: map[string]any{"name": "g", "retentionInDays": 0, "skipDestroy": false}},
		{rule: "a chosen name that stays goes before it comes", token: logGroupToken, olds: map[string]any{"name": "g", "logGroupClass": "STANDARD"}, news: map[string]any{"name": "g", "logGroupClass": "INFREQUENT_ACCESS"}, want: kinds{"logGroupClass": replace}, replaces: []string{"logGroupClass"}, before: true},
		{rule: "a name that was made can be twice", token: logGroupToken, olds: map[string]any{"name": "g", "logGroupClass": "STANDARD"}, news: map[string]any{"name": "g2", "logGroupClass": "INFREQUENT_ACCESS", "__defaults": []any{"name"}}, want: kinds{"logGroupClass": replace, "name": replace}, replaces: []string{"logGroupClass", "name"}},
		{rule: "tags by key", token: bucketToken, olds: map[string]any{"bucket": "b", "tags": map[string]any{"a": "1", "b": "2", "c": "3"}}, news: map[string]any{"bucket": "b", "tags": map[string]any{"a": "1", "b": "4", "d.e": "5"}}, want: kinds{"tags.b": update, "tags.c": del, `tags["d.e"]`: add}},
		{rule: "a policy is compared as one", token: roleToken, olds: map[string]any{"name": "r", "path": "/", "maxSessionDuration": 3600, "assumeRolePolicy": policy(nil)}, news: map[string]any{"name": "r", "path": "/", "maxSessionDuration": 3600, "assumeRolePolicy": policy([]string{"a", "b"})}},
		{rule: "another policy is another", token: roleToken, olds: map[string]any{"name": "r", "path": "/", "maxSessionDuration": 3600, "assumeRolePolicy": policy(nil)}, news: map[string]any{"name": "r", "path": "/", "maxSessionDuration": 3600, "assumeRolePolicy": policy([]string{"a", "c"})}, want: kinds{"assumeRolePolicy": update}},
		{rule: "a nested value", token: streamToken, olds: s3conf(nil), news: s3conf(map[string]any{"bufferingSize": 64}), want: kinds{"extendedS3Configuration.bufferingSize": update}},
		{rule: "what AWS adds of itself is no change", token: streamToken, olds: s3conf(map[string]any{"cloudwatchLoggingOptions": map[string]any{"enabled": false}}), news: s3conf(nil)},
		{rule: "dynamic partitioning cannot be changed", token: streamToken, olds: s3conf(nil), news: s3conf(map[string]any{"dynamicPartitioningConfiguration": map[string]any{"enabled": true, "retryDuration": 300}}), want: kinds{"extendedS3Configuration.dynamicPartitioningConfiguration": pulumirpc.PropertyDiff_ADD_REPLACE}, replaces: []string{"extendedS3Configuration"}, before: true},
		{rule: "ignored changes are none", token: logGroupToken, olds: map[string]any{"name": "g", "retentionInDays": 7}, news: map[string]any{"name": "g", "retentionInDays": 14}, ignore: []string{"retentionInDays"}},
		{rule: "a number is compared as one", token: "aws:budgets/budget:Budget", olds: map[string]any{"name": "b", "budgetType": "COST", "timeUnit": "MONTHLY", "limitAmount": "100.0", "timePeriodEnd": "2087-06-15_00:00"}, news: map[string]any{"name": "b", "budgetType": "COST", "timeUnit": "MONTHLY", "limitAmount": "100", "timePeriodEnd": "2087-06-15_00:00"}},
		{rule: "the order of a set means nothing", token: "aws:cloudwatch/metricAlarm:MetricAlarm", olds: map[string]any{"name": "a", "comparisonOperator": "x", "evaluationPeriods": 1, "actionsEnabled": true, "treatMissingData": "missing", "alarmActions": []any{"a", "b"}}, news: map[string]any{"name": "a", "comparisonOperator": "x", "evaluationPeriods": 1, "actionsEnabled": true, "treatMissingData": "missing", "alarmActions": []any{"b", "a"}}},
		{rule: "default tags are tags", token: bucketToken, olds: map[string]any{"bucket": "b", "tagsAll": map[string]any{"stage": "dev"}}, news: map[string]any{"bucket": "b", "tagsAll": map[string]any{"stage": "prod"}}, want: kinds{"tagsAll.stage": update}},
	} {
		r, err := e.Diff(t.Context(), &pulumirpc.DiffRequest{
			Id: "id", Urn: urnOf(test.token, "x"), Olds: e.pack(test.olds), News: e.pack(test.news), IgnoreChanges: test.ignore,
		})
		if err != nil {
			t.Errorf("%s: %v", test.rule, err)
			continue
		}
		got := kinds{}
		for path, d := range r.DetailedDiff {
			got[path] = d.Kind
		}
		if test.want == nil {
			test.want = kinds{}
		}
		if d := cmp.Diff(test.want, got); d != "" {
			t.Errorf("%s: %s", test.rule, d)
		}
		if d := cmp.Diff(test.replaces, r.Replaces); d != "" {
			t.Errorf("%s: replaces %s", test.rule, d)
		}
		if r.DeleteBeforeReplace != test.before {
			t.Errorf("%s: delete before replace is %v", test.rule, r.DeleteBeforeReplace)
		}
		if (r.Changes == pulumirpc.DiffResponse_DIFF_SOME) != (len(test.want) > 0) {
			t.Errorf("%s: changes %v", test.rule, r.Changes)
		}
	}
}
