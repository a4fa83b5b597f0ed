package events

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func TestRuleRoundTrip(t *testing.T) {
	w := newWorld(t)
	const text = `{"source": ["aws.s3"], "detail": {"object": {"key": [{"prefix": "logs/"}]}}}`
	put, err := w.client.PutRule(t.Context(), &eventbridge.PutRuleInput{
		Name: aws.String("objects"), EventPattern: aws.String(text), Description: aws.String("new objects"),
		Tags: []types.Tag{{Key: aws.String("stage"), Value: aws.String("dev")}},
	})
	if err != nil {
		t.Fatal(err)
	}
	const arn = "arn:aws:events:us-east-1:000000000000:rule/objects"
	if *put.RuleArn != arn {
		t.Errorf("arn %s", *put.RuleArn)
	}
	got, err := w.client.DescribeRule(t.Context(), &eventbridge.DescribeRuleInput{Name: aws.String("objects"), EventBusName: aws.String("default")})
	if err != nil {
		t.Fatal(err)
	}
	want := &eventbridge.DescribeRuleOutput{
		Name: aws.String("objects"), Arn: aws.String(arn), EventPattern: aws.String(text), Description: aws.String("new objects"),
		State: types.RuleStateEnabled, EventBusName: aws.String("default"), CreatedBy: aws.String(account),
	}
	if diff := cmp.Diff(want, got, cmpopts.IgnoreUnexported(eventbridge.DescribeRuleOutput{}), cmpopts.IgnoreFields(eventbridge.DescribeRuleOutput{}, "ResultMetadata")); diff != "" {
		t.Error(diff)
	}
	tags, err := w.client.ListTagsForResource(t.Context(), &eventbridge.ListTagsForResourceInput{ResourceARN: put.RuleArn})
	if err != nil {
		t.Fatal(err)
	}
	if len(tags.Tags) != 1 || *tags.Tags[0].Key != "stage" {
		t.Errorf("tags %v", tags.Tags)
	}
}

func TestUpdatingARuleKeepsItsTargetsAndTags(t *testing.T) {
	w := newWorld(t)
	w.rule("r", "a", types.Target{Id: aws.String("t"), Arn: aws.String(queue)})
	_, err := w.client.PutRule(t.Context(), &eventbridge.PutRuleInput{
		Name: aws.String("r"), EventPattern: aws.String(`{"source":["b"]}`), State: types.RuleStateDisabled,
		Tags: []types.Tag{{Key: aws.String("k"), Value: aws.String("v")}},
	})
	if err != nil {
		t.Fatal(err)
	}
	targets, err := w.client.ListTargetsByRule(t.Context(), &eventbridge.ListTargetsByRuleInput{Rule: aws.String("r")})
	if err != nil {
		t.Fatal(err)
	}
	tags, err := w.client.ListTagsForResource(t.Context(), &eventbridge.ListTagsForResourceInput{ResourceARN: aws.String("arn:aws:events:us-east-1:000000000000:rule/r")})
	if err != nil {
		t.Fatal(err)
	}
	if len(targets.Targets) != 1 || len(tags.Tags) != 0 {
		t.Errorf("targets %d, tags %d: want 1 and, as updates ignore tags, 0", len(targets.Targets), len(tags.Tags))
	}
}

func TestPutRuleRefuses(t *testing.T) {
	w := newWorld(t)
	good := aws.String(`{"source":["a"]}`)
	tests := []struct {
		name    string
		in      *eventbridge.PutRuleInput
		code    string
		message string
	}{
		{"no pattern", &eventbridge.PutRuleInput{Name: aws.String("r")}, "ValidationException", "Parameter(s) EventPattern or ScheduleExpression must be specified."},
		{"a pattern that is none", &eventbridge.PutRuleInput{Name: aws.String("r"), EventPattern: aws.String(`{"source":"a"}`)}, "InvalidEventPatternException", `Event pattern is not valid. Reason: "source" must be an object or an array`},
		{"a name with a slash", &eventbridge.PutRuleInput{Name: aws.String("a/b"), EventPattern: good}, "ValidationException", "regular expression"},
		{"another bus", &eventbridge.PutRuleInput{Name: aws.String("r"), EventPattern: good, EventBusName: aws.String("custom")}, "ResourceNotFoundException", "Event bus custom does not exist."},
		{"a schedule", &eventbridge.PutRuleInput{Name: aws.String("r"), ScheduleExpression: aws.String("rate(5 minutes)")}, "NotImplemented", "ScheduleExpression"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := w.client.PutRule(t.Context(), tt.in)
			wantCode(t, err, tt.code, tt.message)
		})
	}
}

func TestMissingRules(t *testing.T) {
	w := newWorld(t)
	name := aws.String("missing")
	const message = "Rule missing does not exist on EventBus default."
	_, err := w.client.DescribeRule(t.Context(), &eventbridge.DescribeRuleInput{Name: name})
	wantCode(t, err, "ResourceNotFoundException", message)
	_, err = w.client.EnableRule(t.Context(), &eventbridge.EnableRuleInput{Name: name})
	wantCode(t, err, "ResourceNotFoundException", message)
	_, err = w.client.PutTargets(t.Context(), &eventbridge.PutTargetsInput{Rule: name, Targets: []types.Target{{Id: aws.String("t"), Arn: aws.String(queue)}}})
	wantCode(t, err, "ResourceNotFoundException", message)
	if _, err := w.client.DeleteRule(t.Context(), &eventbridge.DeleteRuleInput{Name: name}); err != nil {
		t.Errorf("deleting what is not there: %v", err)
	}
}

func TestARuleWithTargetsIsNotDeleted(t *testing.T) {
	w := newWorld(t)
	w.rule("r", "a", types.Target{Id: aws.String("t"), Arn: aws.String(queue)})
	_, err := w.client.DeleteRule(t.Context(), &eventbridge.DeleteRuleInput{Name: aws.String("r")})
	wantCode(t, err, "ValidationException", "Rule can't be deleted since it has targets.")
	if _, err := w.client.RemoveTargets(t.Context(), &eventbridge.RemoveTargetsInput{Rule: aws.String("r"), Ids: []string{"t"}}); err != nil {
		t.Fatal(err)
	}
	if _, err := w.client.DeleteRule(t.Context(), &eventbridge.DeleteRuleInput{Name: aws.String("r")}); err != nil {
		t.Fatal(err)
	}
}

func TestListingsArePaged(t *testing.T) {
	w := newWorld(t)
	for i := range 7 {
		w.rule(fmt.Sprintf("r-%d", i), "a", types.Target{Id: aws.String("t"), Arn: aws.String(queue)})
	}
	w.rule("other", "a")
	var names []string
	in := &eventbridge.ListRulesInput{NamePrefix: aws.String("r-"), Limit: aws.Int32(3)}
	for pages := 1; ; pages++ {
		out, err := w.client.ListRules(t.Context(), in)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range out.Rules {
			names = append(names, *r.Name)
		}
		if in.NextToken = out.NextToken; in.NextToken == nil {
			if pages != 3 {
				t.Errorf("%d pages", pages)
			}
			break
		}
	}
	if want := []string{"r-0", "r-1", "r-2", "r-3", "r-4", "r-5", "r-6"}; !slices.Equal(names, want) {
		t.Errorf("rules %v", names)
	}
	byTarget, err := w.client.ListRuleNamesByTarget(t.Context(), &eventbridge.ListRuleNamesByTargetInput{TargetArn: aws.String(queue), Limit: aws.Int32(100)})
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(byTarget.RuleNames, names) {
		t.Errorf("rules by target %v", byTarget.RuleNames)
	}
}

func TestTagsAreMergedAndRemoved(t *testing.T) {
	w := newWorld(t)
	w.rule("r", "a")
	arn := aws.String("arn:aws:events:us-east-1:000000000000:rule/r")
	tag := func(k, v string) types.Tag { return types.Tag{Key: &k, Value: &v} }
	if _, err := w.client.TagResource(t.Context(), &eventbridge.TagResourceInput{ResourceARN: arn, Tags: []types.Tag{tag("a", "1"), tag("b", "1")}}); err != nil {
		t.Fatal(err)
	}
	if _, err := w.client.TagResource(t.Context(), &eventbridge.TagResourceInput{ResourceARN: arn, Tags: []types.Tag{tag("b", "2"), tag("c", "3")}}); err != nil {
		t.Fatal(err)
	}
	if _, err := w.client.UntagResource(t.Context(), &eventbridge.UntagResourceInput{ResourceARN: arn, TagKeys: []string{"a"}}); err != nil {
		t.Fatal(err)
	}
	out, err := w.client.ListTagsForResource(t.Context(), &eventbridge.ListTagsForResourceInput{ResourceARN: arn})
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, one := range out.Tags {
		got[*one.Key] = *one.Value
	}
	if diff := cmp.Diff(map[string]string{"b": "2", "c": "3"}, got); diff != "" {
		t.Error(diff)
	}
}

func TestTheBusCarriesTags(t *testing.T) {
	w := newWorld(t)
	w.rule("r", "a")
	bus, rule := aws.String("arn:aws:events:us-east-1:000000000000:event-bus/default"), aws.String("arn:aws:events:us-east-1:000000000000:rule/r")
	for _, arn := range []*string{bus, rule} {
		if _, err := w.client.TagResource(t.Context(), &eventbridge.TagResourceInput{ResourceARN: arn, Tags: []types.Tag{{Key: aws.String("k"), Value: aws.String("v")}}}); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(map[string]map[string]string{*bus: {"k": "v"}, *rule: {"k": "v"}}, w.service.Tagged()); diff != "" {
		t.Error(diff)
	}
	_, err := w.client.ListTagsForResource(t.Context(), &eventbridge.ListTagsForResourceInput{ResourceARN: aws.String("arn:aws:events:us-east-1:000000000000:event-bus/other")})
	wantCode(t, err, "ResourceNotFoundException", "Event bus other does not exist.")
	_, err = w.client.ListTagsForResource(t.Context(), &eventbridge.ListTagsForResourceInput{ResourceARN: aws.String("arn:aws:events:us-east-1:000000000000:rule/other")})
	wantCode(t, err, "ResourceNotFoundException", "Rule other does not exist on EventBus default.")
}

func TestTheDefaultBusIsTheOnlyOne(t *testing.T) {
	w := newWorld(t)
	bus, err := w.client.DescribeEventBus(t.Context(), &eventbridge.DescribeEventBusInput{})
	if err != nil {
		t.Fatal(err)
	}
	if *bus.Arn != "arn:aws:events:us-east-1:000000000000:event-bus/default" {
		t.Errorf("arn %s", *bus.Arn)
	}
	list, err := w.client.ListEventBuses(t.Context(), &eventbridge.ListEventBusesInput{})
	if err != nil {
		t.Fatal(err)
	}
	if len(list.EventBuses) != 1 || *list.EventBuses[0].Name != "default" {
		t.Errorf("buses %v", list.EventBuses)
	}
	_, err = w.client.CreateEventBus(t.Context(), &eventbridge.CreateEventBusInput{Name: aws.String("custom")})
	wantCode(t, err, "NotImplemented", "events:CreateEventBus")
}

func TestTestEventPattern(t *testing.T) {
	w := newWorld(t)
	const event = `{"id":"1","source":"a","detail-type":"t","account":"1","region":"r","time":"2026-01-02T03:04:05Z","n":5}`
	for text, want := range map[string]bool{`{"n":[{"numeric":[">",4]}]}`: true, `{"n":[{"numeric":[">",5]}]}`: false} {
		out, err := w.client.TestEventPattern(t.Context(), &eventbridge.TestEventPatternInput{Event: aws.String(event), EventPattern: aws.String(text)})
		if err != nil {
			t.Fatal(err)
		}
		if out.Result != want {
			t.Errorf("%s: %v", text, out.Result)
		}
	}
	_, err := w.client.TestEventPattern(t.Context(), &eventbridge.TestEventPatternInput{Event: aws.String(`"plain"`), EventPattern: aws.String(`{"n":[1]}`)})
	wantCode(t, err, "ValidationException", "Parameter Event is not valid.")
	_, err = w.client.TestEventPattern(t.Context(), &eventbridge.TestEventPatternInput{Event: aws.String(event), EventPattern: aws.String(`{}`)})
	wantCode(t, err, "InvalidEventPatternException", "Empty objects are not allowed")
}

func TestPutTargetsRefuses(t *testing.T) {
	w := newWorld(t)
	w.rule("r", "a")
	w.targets.refused = map[string]error{"arn:aws:iam::000000000000:role/closed": fmt.Errorf("not for you")}
	id := aws.String("t")
	tests := []struct {
		name   string
		target types.Target
		code   string
		words  string
	}{
		{"an id that is none", types.Target{Id: aws.String("!@#$@!#$"), Arn: aws.String(queue)}, "ValidationException", `Value '!@#$@!#$' at 'targets.1.member.id' failed to satisfy constraint: Member must satisfy regular expression pattern: [\.\-_A-Za-z0-9]+`},
		{"an id that is too long", types.Target{Id: aws.String(strings.Repeat("x", 65)), Arn: aws.String(queue)}, "ValidationException", "at 'targets.1.member.id' failed to satisfy constraint: Member must have length less than or equal to 64"},
		{"no ARN", types.Target{Id: id, Arn: aws.String("queue")}, "ValidationException", "Parameter queue is not valid. Reason: Provided Arn is not in correct format."},
		{"a state machine without a role", types.Target{Id: id, Arn: aws.String(machine)}, "ValidationException", "RoleArn is required for target " + machine},
		{"a role that can not be assumed", types.Target{Id: id, Arn: aws.String(machine), RoleArn: aws.String("arn:aws:iam::000000000000:role/closed")}, "ValidationException", "cannot be assumed by principal 'events.amazonaws.com'"},
		{"two kinds of input", types.Target{Id: id, Arn: aws.String(queue), Input: aws.String("{}"), InputPath: aws.String("$")}, "ValidationException", "Only one of Input, InputPath, or InputTransformer"},
		{"input that is no JSON", types.Target{Id: id, Arn: aws.String(queue), Input: aws.String("{")}, "ValidationException", "not valid JSON"},
		{"a path that is none", types.Target{Id: id, Arn: aws.String(queue), InputPath: aws.String("detail")}, "ValidationException", "Invalid JSONPath provided."},
		{"an unknown placeholder", types.Target{Id: id, Arn: aws.String(queue), InputTransformer: &types.InputTransformer{InputTemplate: aws.String(`"<x>"`)}}, "ValidationException", "InputTemplate for target t contains invalid placeholder x."},
		{"a variable that is no word", types.Target{Id: id, Arn: aws.String(queue), InputTransformer: &types.InputTransformer{InputTemplate: aws.String(`"x"`), InputPathsMap: map[string]string{"aws.x": "$.a"}}}, "ValidationException", "'targets.1.member.inputTransformer.inputPathsMap' failed to satisfy constraint: Map keys must satisfy constraint: [Member must have length less than or equal to 256, "},
		{"too many retries", types.Target{Id: id, Arn: aws.String(queue), RetryPolicy: &types.RetryPolicy{MaximumRetryAttempts: aws.Int32(186)}}, "ValidationException", "maximumRetryAttempts"},
		{"too short an age", types.Target{Id: id, Arn: aws.String(queue), RetryPolicy: &types.RetryPolicy{MaximumEventAgeInSeconds: aws.Int32(59)}}, "ValidationException", "maximumEventAgeInSeconds"},
		{"a FIFO queue for dead letters", types.Target{Id: id, Arn: aws.String(queue), DeadLetterConfig: &types.DeadLetterConfig{Arn: aws.String(dlq + ".fifo")}}, "ValidationException", "standard SQS queue"},
		{"a FIFO queue without a group", types.Target{Id: id, Arn: aws.String(queue + ".fifo")}, "ValidationException", "SqsParameters"},
		{"a log group", types.Target{Id: id, Arn: aws.String("arn:aws:logs:us-east-1:000000000000:log-group:x")}, "NotImplemented", "targets of type logs:log-group"},
		{"a stream's parameters", types.Target{Id: id, Arn: aws.String(queue), KinesisParameters: &types.KinesisParameters{PartitionKeyPath: aws.String("$.a")}}, "NotImplemented", "KinesisParameters"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := w.client.PutTargets(t.Context(), &eventbridge.PutTargetsInput{Rule: aws.String("r"), Targets: []types.Target{tt.target}})
			wantCode(t, err, tt.code, tt.words)
		})
	}
	var six []types.Target
	for i := range 6 {
		six = append(six, types.Target{Id: aws.String(fmt.Sprint("t", i)), Arn: aws.String(queue)})
	}
	_, err := w.client.PutTargets(t.Context(), &eventbridge.PutTargetsInput{Rule: aws.String("r"), Targets: six})
	wantCode(t, err, "LimitExceededException", "exceeds the maximum")
	out, err := w.client.ListTargetsByRule(t.Context(), &eventbridge.ListTargetsByRuleInput{Rule: aws.String("r")})
	if err != nil {
		t.Fatal(err)
	}
	if len(out.Targets) != 0 {
		t.Errorf("a refused call left %d targets", len(out.Targets))
	}
}

func TestPutTargetsNeedsToPassTheRole(t *testing.T) {
	w := newWorld(t)
	w.rule("r", "a")
	w.asked.take()
	if _, err := w.client.PutTargets(t.Context(), &eventbridge.PutTargetsInput{Rule: aws.String("r"), Targets: []types.Target{
		{Id: aws.String("t"), Arn: aws.String(machine), RoleArn: aws.String(role)},
	}}); err != nil {
		t.Fatal(err)
	}
	for _, a := range w.asked.take() {
		if a.Action == "iam:PassRole" && a.Resource == role && slices.Equal(a.Conditions["iam:PassedToService"], []string{"events.amazonaws.com"}) {
			return
		}
	}
	t.Error("iam:PassRole was not asked for")
}
