package logs_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"

	"crawlerless/localaws/logs/cloudtest"
	"crawlerless/localaws/wire"
)

func TestALogGroupHasTwoARNs(t *testing.T) {
	w := newWorld(t)
	w.group(t, "/aws/lambda/f")
	out, err := w.client.DescribeLogGroups(context.Background(), &cloudwatchlogs.DescribeLogGroupsInput{})
	if err != nil {
		t.Fatal(err)
	}
	g := out.LogGroups[0]
	const arn = "arn:aws:logs:us-east-1:000000000000:log-group:/aws/lambda/f"
	if *g.Arn != arn+":*" || *g.LogGroupArn != arn || g.LogGroupClass != types.LogGroupClassStandard ||
		*g.CreationTime != cloudtest.Start().UnixMilli() || *g.StoredBytes != 0 || *g.MetricFilterCount != 0 || g.RetentionInDays != nil || g.KmsKeyId != nil || g.DeletionProtectionEnabled == nil || *g.DeletionProtectionEnabled {
		t.Errorf("described as %+v", g)
	}
}

func TestCreateLogGroupRefuses(t *testing.T) {
	w := newWorld(t)
	w.group(t, "there")
	for name, c := range map[string]struct {
		in            cloudwatchlogs.CreateLogGroupInput
		code, message string
	}{
		"a second of the name":                   {cloudwatchlogs.CreateLogGroupInput{LogGroupName: aws.String("there")}, "ResourceAlreadyExistsException", "The specified log group already exists"},
		"a name with a space":                    {cloudwatchlogs.CreateLogGroupInput{LogGroupName: aws.String("a b")}, "InvalidParameterException", `satisfy regular expression pattern: [\.\-_/#A-Za-z0-9]+`},
		"a name of 513 characters":               {cloudwatchlogs.CreateLogGroupInput{LogGroupName: aws.String(strings.Repeat("a", 513))}, "InvalidParameterException", "Invalid LogGroup or LogStream, both must have length less than or equal to 512."},
		"a reserved tag":                         {cloudwatchlogs.CreateLogGroupInput{LogGroupName: aws.String("x"), Tags: map[string]string{"aws:a": "b"}}, "InvalidParameterException", "aws:"},
		"deletion protection, which is not done": {cloudwatchlogs.CreateLogGroupInput{LogGroupName: aws.String("x"), DeletionProtectionEnabled: aws.Bool(true)}, "NotImplemented", "deletion protection"},
		"a key, which is not done":               {cloudwatchlogs.CreateLogGroupInput{LogGroupName: aws.String("x"), KmsKeyId: aws.String("k")}, "NotImplemented", "parameter kmsKeyId of logs:CreateLogGroup"},
		"a class, which is not done": {
			cloudwatchlogs.CreateLogGroupInput{LogGroupName: aws.String("x"), LogGroupClass: types.LogGroupClassDelivery}, "NotImplemented", "DELIVERY",
		},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := w.client.CreateLogGroup(context.Background(), &c.in)
			wantCode(t, err, c.code, c.message)
		})
	}
}

func TestDescribeLogGroupsByPrefixPatternAndPage(t *testing.T) {
	w := newWorld(t)
	for _, name := range []string{"b/2", "a/1", "a/Two", "b/1"} {
		w.group(t, name)
	}
	ctx := context.Background()
	list := func(in cloudwatchlogs.DescribeLogGroupsInput) (names []string) {
		t.Helper()
		pages := cloudwatchlogs.NewDescribeLogGroupsPaginator(w.client, &in)
		for pages.HasMorePages() {
			page, err := pages.NextPage(ctx)
			if err != nil {
				t.Fatal(err)
			}
			for _, g := range page.LogGroups {
				names = append(names, *g.LogGroupName)
			}
		}
		return names
	}
	for name, c := range map[string]struct {
		in   cloudwatchlogs.DescribeLogGroupsInput
		want []string
	}{
		"all by name":               {cloudwatchlogs.DescribeLogGroupsInput{}, []string{"a/1", "a/Two", "b/1", "b/2"}},
		"in pages":                  {cloudwatchlogs.DescribeLogGroupsInput{Limit: aws.Int32(3)}, []string{"a/1", "a/Two", "b/1", "b/2"}},
		"prefix":                    {cloudwatchlogs.DescribeLogGroupsInput{LogGroupNamePrefix: aws.String("b/")}, []string{"b/1", "b/2"}},
		"pattern, anywhere":         {cloudwatchlogs.DescribeLogGroupsInput{LogGroupNamePattern: aws.String("1")}, []string{"a/1", "b/1"}},
		"pattern is case-sensitive": {cloudwatchlogs.DescribeLogGroupsInput{LogGroupNamePattern: aws.String("two")}, nil},
		"class":                     {cloudwatchlogs.DescribeLogGroupsInput{LogGroupClass: types.LogGroupClassInfrequentAccess}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			if got := list(c.in); !slices.Equal(got, c.want) {
				t.Errorf("listed %v, want %v", got, c.want)
			}
		})
	}
	_, err := w.client.DescribeLogGroups(ctx, &cloudwatchlogs.DescribeLogGroupsInput{LogGroupNamePrefix: aws.String("a"), LogGroupNamePattern: aws.String("b")})
	wantCode(t, err, "InvalidParameterException", "mutually exclusive")
	_, err = w.client.DescribeLogGroups(ctx, &cloudwatchlogs.DescribeLogGroupsInput{Limit: aws.Int32(51)})
	wantCode(t, err, "InvalidParameterException", "'limit'")
	_, err = w.client.DescribeLogGroups(ctx, &cloudwatchlogs.DescribeLogGroupsInput{NextToken: aws.String("***")})
	wantCode(t, err, "InvalidParameterException", "The specified nextToken is invalid.")
}

func TestRetentionTakesOnlyTheValuesOfAWS(t *testing.T) {
	w := newWorld(t)
	w.group(t, "g")
	ctx := context.Background()
	for days, ok := range map[int32]bool{1: true, 2: false, 7: true, 31: false, 365: true, 1096: true, 3653: true, 0: false} {
		_, err := w.client.PutRetentionPolicy(ctx, &cloudwatchlogs.PutRetentionPolicyInput{LogGroupName: aws.String("g"), RetentionInDays: aws.Int32(days)})
		if (err == nil) != ok {
			t.Errorf("%d days: %v", days, err)
		}
		if !ok {
			wantCode(t, err, "InvalidParameterException", "'retentionInDays'")
		}
	}
	if _, err := w.client.DeleteRetentionPolicy(ctx, &cloudwatchlogs.DeleteRetentionPolicyInput{LogGroupName: aws.String("g")}); err != nil {
		t.Fatal(err)
	}
	out, err := w.client.DescribeLogGroups(ctx, &cloudwatchlogs.DescribeLogGroupsInput{})
	if err != nil || out.LogGroups[0].RetentionInDays != nil {
		t.Errorf("after deletion: %+v, %v", out, err)
	}
}

func TestLogStreams(t *testing.T) {
	w := newWorld(t)
	w.group(t, "g", "c", "a", "b")
	ctx := context.Background()
	w.put(t, "g", "b", at(-time.Hour, "first"), at(0, "last"))
	w.put(t, "g", "a", at(-time.Minute, "x"))
	list := func(in cloudwatchlogs.DescribeLogStreamsInput) (names []string) {
		t.Helper()
		in.LogGroupName = aws.String("g")
		pages := cloudwatchlogs.NewDescribeLogStreamsPaginator(w.client, &in)
		for pages.HasMorePages() {
			page, err := pages.NextPage(ctx)
			if err != nil {
				t.Fatal(err)
			}
			for _, s := range page.LogStreams {
				names = append(names, *s.LogStreamName)
				if *s.Arn != "arn:aws:logs:us-east-1:000000000000:log-group:g:log-stream:"+*s.LogStreamName {
					t.Errorf("arn %s", *s.Arn)
				}
				switch *s.LogStreamName {
				case "b":
					if *s.FirstEventTimestamp != *at(-time.Hour, "").Timestamp || *s.LastEventTimestamp != *at(0, "").Timestamp || *s.LastIngestionTime != cloudtest.Start().UnixMilli() {
						t.Errorf("times of b: %+v", s)
					}
				case "c":
					if s.FirstEventTimestamp != nil || s.LastEventTimestamp != nil || s.LastIngestionTime != nil || s.UploadSequenceToken != nil {
						t.Errorf("an empty stream has times: %+v", s)
					}
				}
			}
		}
		return names
	}
	for name, c := range map[string]struct {
		in   cloudwatchlogs.DescribeLogStreamsInput
		want []string
	}{
		"by name":                {cloudwatchlogs.DescribeLogStreamsInput{}, []string{"a", "b", "c"}},
		"by name, descending":    {cloudwatchlogs.DescribeLogStreamsInput{Descending: aws.Bool(true), Limit: aws.Int32(1)}, []string{"c", "b", "a"}},
		"newest first":           {cloudwatchlogs.DescribeLogStreamsInput{OrderBy: types.OrderByLastEventTime, Descending: aws.Bool(true), Limit: aws.Int32(1)}, []string{"b", "a", "c"}},
		"by the last event time": {cloudwatchlogs.DescribeLogStreamsInput{OrderBy: types.OrderByLastEventTime}, []string{"c", "a", "b"}},
		"prefix":                 {cloudwatchlogs.DescribeLogStreamsInput{LogStreamNamePrefix: aws.String("b")}, []string{"b"}},
	} {
		t.Run(name, func(t *testing.T) {
			if got := list(c.in); !slices.Equal(got, c.want) {
				t.Errorf("listed %v, want %v", got, c.want)
			}
		})
	}
	_, err := w.client.DescribeLogStreams(ctx, &cloudwatchlogs.DescribeLogStreamsInput{LogGroupName: aws.String("g"), OrderBy: types.OrderByLastEventTime, LogStreamNamePrefix: aws.String("a")})
	wantCode(t, err, "InvalidParameterException", "Cannot order by LastEventTime with a logStreamNamePrefix.")
	_, err = w.client.DescribeLogStreams(ctx, &cloudwatchlogs.DescribeLogStreamsInput{LogGroupName: aws.String("g"), LogGroupIdentifier: aws.String("g")})
	wantCode(t, err, "ValidationException", "LogGroup name and LogGroup ARN are mutually exclusive parameters.")
	_, err = w.client.CreateLogStream(ctx, &cloudwatchlogs.CreateLogStreamInput{LogGroupName: aws.String("g"), LogStreamName: aws.String("a")})
	wantCode(t, err, "ResourceAlreadyExistsException", "The specified log stream already exists")
	_, err = w.client.CreateLogStream(ctx, &cloudwatchlogs.CreateLogStreamInput{LogGroupName: aws.String("g"), LogStreamName: aws.String("a:b")})
	wantCode(t, err, "InvalidParameterException", "[^:*]*")
	if _, err := w.client.DeleteLogStream(ctx, &cloudwatchlogs.DeleteLogStreamInput{LogGroupName: aws.String("g"), LogStreamName: aws.String("b")}); err != nil {
		t.Fatal(err)
	}
	if got := list(cloudwatchlogs.DescribeLogStreamsInput{}); !slices.Equal(got, []string{"a", "c"}) {
		t.Errorf("after deletion: %v", got)
	}
}

func TestTagsByARNAndByName(t *testing.T) {
	w := newWorld(t)
	ctx := context.Background()
	if _, err := w.client.CreateLogGroup(ctx, &cloudwatchlogs.CreateLogGroupInput{LogGroupName: aws.String("g"), Tags: map[string]string{"a": "1", "b": "2"}}); err != nil {
		t.Fatal(err)
	}
	arn := aws.String("arn:aws:logs:us-east-1:000000000000:log-group:g")
	if _, err := w.client.TagResource(ctx, &cloudwatchlogs.TagResourceInput{ResourceArn: arn, Tags: map[string]string{"b": "3", "c": "4"}}); err != nil {
		t.Fatal(err)
	}
	if _, err := w.client.UntagResource(ctx, &cloudwatchlogs.UntagResourceInput{ResourceArn: arn, TagKeys: []string{"a"}}); err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"b": "3", "c": "4"}
	out, err := w.client.ListTagsForResource(ctx, &cloudwatchlogs.ListTagsForResourceInput{ResourceArn: arn})
	if err != nil || !maps.Equal(out.Tags, want) {
		t.Errorf("tags %v, %v", out, err)
	}
	old, err := w.client.ListTagsLogGroup(ctx, &cloudwatchlogs.ListTagsLogGroupInput{LogGroupName: aws.String("g")}) //nolint:staticcheck // older clients use it
	if err != nil || !maps.Equal(old.Tags, want) {
		t.Errorf("tags by name %v, %v", old, err)
	}
	many := map[string]string{}
	for i := range 51 {
		many[fmt.Sprint(i)] = ""
	}
	_, err = w.client.TagResource(ctx, &cloudwatchlogs.TagResourceInput{ResourceArn: arn, Tags: many})
	wantCode(t, err, "InvalidParameterException", "at 'tags' failed to satisfy constraint: Member must have length less than or equal to 50")
	delete(many, "0")
	_, err = w.client.TagResource(ctx, &cloudwatchlogs.TagResourceInput{ResourceArn: arn, Tags: many}) // with those that are there
	wantCode(t, err, "TooManyTagsException", "")
	_, err = w.client.ListTagsForResource(ctx, &cloudwatchlogs.ListTagsForResourceInput{ResourceArn: aws.String(*arn + "x")})
	wantCode(t, err, "ResourceNotFoundException", "")
}

func TestResourcePolicies(t *testing.T) {
	w := newWorld(t)
	ctx := context.Background()
	document := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"events.amazonaws.com"},"Action":"logs:PutLogEvents","Resource":"*"}]}`
	put := func(name, document string) error {
		_, err := w.client.PutResourcePolicy(ctx, &cloudwatchlogs.PutResourcePolicyInput{PolicyName: aws.String(name), PolicyDocument: aws.String(document)})
		return err
	}
	for i := range 10 {
		if err := put(fmt.Sprint("p", i), document); err != nil {
			t.Fatal(err)
		}
	}
	wantCode(t, put("p10", document), "LimitExceededException", "Resource limit exceeded.")
	if err := put("p9", document); err != nil {
		t.Errorf("replacing the tenth: %v", err)
	}
	wantCode(t, put("p9", document+strings.Repeat(" ", 5121)), "InvalidParameterException", "5120")
	wantCode(t, put("p9", "{"), "InvalidParameterException", "Error occurred while parsing accessPolicy")
	if _, err := w.client.DeleteResourcePolicy(ctx, &cloudwatchlogs.DeleteResourcePolicyInput{PolicyName: aws.String("p0")}); err != nil {
		t.Fatal(err)
	}
	_, err := w.client.DeleteResourcePolicy(ctx, &cloudwatchlogs.DeleteResourcePolicyInput{PolicyName: aws.String("p0")})
	wantCode(t, err, "ResourceNotFoundException", "Policy with name [p0] does not exist.")
	out, err := w.client.DescribeResourcePolicies(ctx, &cloudwatchlogs.DescribeResourcePoliciesInput{})
	if err != nil || len(out.ResourcePolicies) != 9 || *out.ResourcePolicies[0].PolicyDocument != document || out.ResourcePolicies[0].PolicyScope != types.PolicyScopeAccount || *out.ResourcePolicies[0].LastUpdatedTime != cloudtest.Start().UnixMilli() {
		t.Errorf("policies: %+v, %v", out, err)
	}
}

// A policy for a log group needs the trailing ":*", save for tags; and the
// account's resource policies are in force for each.
func TestPermissionsAreAskedForOnTheARNsOfAWS(t *testing.T) {
	w := newWorld(t)
	w.group(t, "g", "s")
	ctx := context.Background()
	policy := `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"Service":"events.amazonaws.com"},"Action":"logs:PutLogEvents","Resource":"*"}}`
	if _, err := w.client.PutResourcePolicy(ctx, &cloudwatchlogs.PutResourcePolicyInput{PolicyName: aws.String("p"), PolicyDocument: aws.String(policy)}); err != nil {
		t.Fatal(err)
	}
	w.put(t, "g", "s", at(0, "x"))
	if _, err := w.client.ListTagsForResource(ctx, &cloudwatchlogs.ListTagsForResourceInput{ResourceArn: aws.String("arn:aws:logs:us-east-1:000000000000:log-group:g")}); err != nil {
		t.Fatal(err)
	}
	const arn = "arn:aws:logs:us-east-1:000000000000:log-group:g"
	want := map[string]string{
		"logs:CreateLogGroup": arn + ":log-stream:", "logs:CreateLogStream": arn + ":log-stream:s", "logs:PutLogEvents": arn + ":log-stream:s",
		"logs:ListTagsForResource": arn, "logs:PutResourcePolicy": "*",
	}
	for _, asked := range w.Asked() {
		if want[asked.Access.Action] != asked.Access.Resource {
			t.Errorf("%s on %s, want %s", asked.Access.Action, asked.Access.Resource, want[asked.Access.Action])
		}
		if asked.Access.Action == "logs:PutLogEvents" && !strings.Contains(asked.Access.ResourcePolicy, "events.amazonaws.com") {
			t.Errorf("resource policy %q", asked.Access.ResourcePolicy)
		}
	}
	w.Deny(func(wire.Caller, wire.Access) error { return &wire.Error{Code: "AccessDeniedException", Message: "no"} })
	_, err := w.client.DeleteLogGroup(ctx, &cloudwatchlogs.DeleteLogGroupInput{LogGroupName: aws.String("g")})
	wantCode(t, err, "AccessDeniedException", "no")
}
