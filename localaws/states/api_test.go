package states_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"
	awssqs "github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/smithy-go"
	"github.com/google/go-cmp/cmp"

	"crawlerless/localaws/clock"
)

const (
	passing = `{"StartAt":"P","States":{"P":{"Type":"Pass","End":true}}}`
	waiting = `{"StartAt":"W","States":{"W":{"Type":"Wait","Seconds":60,"End":true}}}`
)

func wantError(t *testing.T, err error, code, message string) {
	t.Helper()
	var api smithy.APIError
	if !errors.As(err, &api) || api.ErrorCode() != code || !strings.HasPrefix(api.ErrorMessage(), message) {
		t.Errorf("got %v\nwant %s: %s", err, code, message)
	}
}

// The answers were recorded from AWS.
func TestTheLifeOfAStateMachine(t *testing.T) {
	ctx := context.Background()
	w := newWorld(t, clock.NewFrozen(noon))
	arn := w.create("m", passing, "")
	if arn != "arn:aws:states:us-east-1:"+account+":stateMachine:m" {
		t.Errorf("ARN %s", arn)
	}
	if again := w.create("m", passing, ""); again != arn {
		t.Errorf("creating it again made %s", again)
	}
	_, err := w.sfn.CreateStateMachine(ctx, &sfn.CreateStateMachineInput{Name: aws.String("m"), Definition: aws.String(passing + " "), RoleArn: &w.role})
	wantError(t, err, "StateMachineAlreadyExists", "State Machine Already Exists: '"+arn+"'")
	got, err := w.sfn.DescribeStateMachine(ctx, &sfn.DescribeStateMachineInput{StateMachineArn: &arn})
	if err != nil || *got.Definition != passing || got.Type != "STANDARD" || got.Status != "ACTIVE" || *got.RoleArn != w.role || got.LoggingConfiguration.Level != "OFF" ||
		got.TracingConfiguration.Enabled || got.RevisionId != nil || !got.CreationDate.Equal(noon) {
		t.Errorf("described %+v, %v", got, err)
	}
	_, err = w.sfn.UpdateStateMachine(ctx, &sfn.UpdateStateMachineInput{StateMachineArn: &arn})
	wantError(t, err, "MissingRequiredParameter", "Either the definition, the role ARN, the LoggingConfiguration, or the TracingConfiguration must be specified")
	one, err := w.sfn.UpdateStateMachine(ctx, &sfn.UpdateStateMachineInput{StateMachineArn: &arn, Definition: aws.String(waiting)})
	if err != nil {
		t.Fatal(err)
	}
	same, err := w.sfn.UpdateStateMachine(ctx, &sfn.UpdateStateMachineInput{StateMachineArn: &arn, Definition: aws.String(waiting)})
	if err != nil || *same.RevisionId != *one.RevisionId {
		t.Errorf("an update that changes nothing made a revision: %v, %v", same, err)
	}
	list, err := w.sfn.ListStateMachines(ctx, &sfn.ListStateMachinesInput{})
	if err != nil || len(list.StateMachines) != 1 || *list.StateMachines[0].Name != "m" {
		t.Errorf("list %+v, %v", list, err)
	}
	if v, err := w.sfn.ListStateMachineVersions(ctx, &sfn.ListStateMachineVersionsInput{StateMachineArn: &arn}); err != nil || len(v.StateMachineVersions) != 0 {
		t.Errorf("versions %+v, %v", v, err)
	}
	for range 2 { // deleting what is not there is no error
		if _, err := w.sfn.DeleteStateMachine(ctx, &sfn.DeleteStateMachineInput{StateMachineArn: &arn}); err != nil {
			t.Fatal(err)
		}
	}
	_, err = w.sfn.DescribeStateMachine(ctx, &sfn.DescribeStateMachineInput{StateMachineArn: &arn})
	wantError(t, err, "StateMachineDoesNotExist", "State Machine Does Not Exist: '"+arn+"'")
	_, err = w.sfn.DescribeStateMachine(ctx, &sfn.DescribeStateMachineInput{StateMachineArn: aws.String("not_a_valid_arn")})
	wantError(t, err, "InvalidArn", "Invalid Arn: 'Invalid ARN prefix: not_a_valid_arn'")
}

func TestADeletedMachineWaitsForItsExecutions(t *testing.T) {
	ctx := context.Background()
	w := newWorld(t, clock.NewFrozen(noon))
	arn := w.create("m", waiting, "")
	execution := w.start(arn, `{}`)
	w.rest()
	if _, err := w.sfn.DeleteStateMachine(ctx, &sfn.DeleteStateMachineInput{StateMachineArn: &arn}); err != nil {
		t.Fatal(err)
	}
	got, err := w.sfn.DescribeStateMachine(ctx, &sfn.DescribeStateMachineInput{StateMachineArn: &arn})
	if err != nil || got.Status != "DELETING" {
		t.Errorf("described %+v, %v", got, err)
	}
	_, err = w.sfn.StartExecution(ctx, &sfn.StartExecutionInput{StateMachineArn: &arn})
	wantError(t, err, "StateMachineDeleting", "")
	_, err = w.sfn.CreateStateMachine(ctx, &sfn.CreateStateMachineInput{Name: aws.String("m"), Definition: aws.String(waiting), RoleArn: &w.role})
	wantError(t, err, "StateMachineDeleting", "")
	if w.describe(execution).Status != "RUNNING" {
		t.Error("the execution was ended")
	}
	w.advance(time.Minute)
	_, err = w.sfn.DescribeStateMachine(ctx, &sfn.DescribeStateMachineInput{StateMachineArn: &arn})
	wantError(t, err, "StateMachineDoesNotExist", "")
}

func TestWhatCreateStateMachineRefuses(t *testing.T) {
	w := newWorld(t, clock.NewFrozen(noon), "logs:DescribeLogGroups")
	task := func(resource, parameters string) string {
		return `{"StartAt":"S","States":{"S":{"Type":"Task","Resource":"` + resource + `","Parameters":{` + parameters + `},"End":true}}}`
	}
	group := func(name string) *types.LoggingConfiguration {
		return &types.LoggingConfiguration{Level: "ALL", Destinations: []types.LogDestination{{CloudWatchLogsLogGroup: &types.CloudWatchLogsLogGroup{
			LogGroupArn: aws.String("arn:aws:logs:us-east-1:" + account + ":log-group:" + name),
		}}}}
	}
	if _, err := w.logs.CreateLogGroup(context.Background(), &cloudwatchlogs.CreateLogGroupInput{LogGroupName: aws.String("there")}); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name          string
		change        func(*sfn.CreateStateMachineInput)
		code, message string
	}{
		{
			"a definition without states", func(in *sfn.CreateStateMachineInput) { in.Definition = aws.String(`{"StartAt":"x"}`) }, "InvalidDefinition",
			"Invalid State Machine Definition: 'SCHEMA_VALIDATION_FAILED: These fields are required: [States] at /'",
		},
		{"a bad name", func(in *sfn.CreateStateMachineInput) { in.Name = aws.String("a b") }, "InvalidName", "Invalid Name: 'a b'"},
		{
			"a role that trusts nobody", func(in *sfn.CreateStateMachineInput) {
				in.RoleArn = aws.String("arn:aws:iam::" + account + ":role/none")
			}, "AccessDeniedException",
			"Neither the global service principal states.amazonaws.com, nor the regional one is authorized to assume the provided role.",
		},
		{
			"JSONata", func(in *sfn.CreateStateMachineInput) {
				in.Definition = aws.String(`{"QueryLanguage":"JSONata",` + passing[1:])
			}, "NotImplemented",
			"localaws does not implement the query language JSONata at /QueryLanguage in the definition of states:CreateStateMachine",
		},
		{
			"another integration", func(in *sfn.CreateStateMachineInput) {
				in.Definition = aws.String(task("arn:aws:states:::dynamodb:getItem", ""))
			}, "NotImplemented",
			"localaws does not implement the service integration arn:aws:states:::dynamodb:getItem at /States/S/Resource",
		},
		{
			"the SDK's integrations", func(in *sfn.CreateStateMachineInput) {
				in.Definition = aws.String(task("arn:aws:states:::aws-sdk:s3:getObject", ""))
			}, "NotImplemented",
			"localaws does not implement the service integration arn:aws:states:::aws-sdk:s3:getObject",
		},
		{
			"an unknown parameter", func(in *sfn.CreateStateMachineInput) {
				in.Definition = aws.String(task("arn:aws:states:::lambda:invoke", `"FunctionName":"f","Foo":1`))
			}, "InvalidDefinition",
			`Invalid State Machine Definition: 'SCHEMA_VALIDATION_FAILED: The field "Foo" is not supported by Step Functions at /States/S/Parameters'`,
		},
		{
			"a missing parameter", func(in *sfn.CreateStateMachineInput) {
				in.Definition = aws.String(task("arn:aws:states:::sqs:sendMessage", `"QueueUrl":"u"`))
			}, "InvalidDefinition",
			`Invalid State Machine Definition: 'SCHEMA_VALIDATION_FAILED: The field "MessageBody" is required but was missing at /States/S/Parameters'`,
		},
		{
			"a level without a destination", func(in *sfn.CreateStateMachineInput) {
				in.LoggingConfiguration = &types.LoggingConfiguration{Level: "ALL"}
			}, "InvalidLoggingConfiguration",
			"Invalid Logging Configuration: Must specify exactly one Log Destination.",
		},
		{
			"a log group that is not there", func(in *sfn.CreateStateMachineInput) { in.LoggingConfiguration = group("none:*") }, "InvalidLoggingConfiguration",
			"Invalid Logging Configuration: Log Destination not found.",
		},
		{"a log group without :*", func(in *sfn.CreateStateMachineInput) { in.LoggingConfiguration = group("there") }, "InvalidLoggingConfiguration", ""},
		{
			"a log that the role may not set up", func(in *sfn.CreateStateMachineInput) { in.LoggingConfiguration = group("there:*") }, "AccessDeniedException",
			"The state machine IAM Role is not authorized to access the Log Destination",
		},
		{"a version", func(in *sfn.CreateStateMachineInput) { in.Publish = true }, "NotImplemented", "localaws does not implement parameter publish of states:CreateStateMachine"},
		{"a version's description", func(in *sfn.CreateStateMachineInput) { in.VersionDescription = aws.String("d") }, "ValidationException", "Version description can only be set when publish is true"},
		{"a key", func(in *sfn.CreateStateMachineInput) {
			in.EncryptionConfiguration = &types.EncryptionConfiguration{Type: types.EncryptionTypeCustomerManagedKmsKey}
		}, "NotImplemented", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			in := &sfn.CreateStateMachineInput{Name: aws.String("m"), Definition: aws.String(passing), RoleArn: &w.role}
			tt.change(in)
			_, err := w.sfn.CreateStateMachine(context.Background(), in)
			wantError(t, err, tt.code, tt.message)
		})
	}
}

func TestInputs(t *testing.T) {
	w := newWorld(t, clock.NewFrozen(noon))
	arn := w.create("m", passing, "")
	tests := []struct{ name, input, code, message string }{
		// Recorded from AWS.
		{"no JSON", "not some text", "InvalidExecutionInput", "Invalid State Machine Execution Input: 'Unrecognized token 'not': was expecting (JSON String, Number, Array, Object or token 'null', 'true' or 'false')'"},
		{"single quotes", "{'not': 'json'}", "InvalidExecutionInput", "Invalid State Machine Execution Input: 'Unexpected character (''' (code 39)): was expecting double-quote to start field name'"},
		{"nothing", "", "InvalidExecutionInput", "Invalid State Machine Execution Input: 'Invalid execution input.'"},
		{"a number", "2", "", ""},
		{"a string", `"text"`, "", ""},
		{"null", "null", "", ""},
		{"two documents", "{} {}", "InvalidExecutionInput", ""},
		{"as much as fits", `"` + strings.Repeat("x", 262142) + `"`, "", ""},
		{"one byte more", `"` + strings.Repeat("x", 262143) + `"`, "ValidationException", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			out, err := w.sfn.StartExecution(context.Background(), &sfn.StartExecutionInput{StateMachineArn: &arn, Input: &tt.input})
			if tt.code != "" {
				wantError(t, err, tt.code, tt.message)
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			w.rest()
			if got := w.describe(*out.ExecutionArn); got.Status != "SUCCEEDED" || *got.Input != tt.input || *got.Output != tt.input {
				t.Errorf("%s: %.100s", got.Status, aws.ToString(got.Output))
			}
		})
	}
	out, err := w.sfn.StartExecution(context.Background(), &sfn.StartExecutionInput{StateMachineArn: &arn})
	if err != nil || *w.describe(*out.ExecutionArn).Input != "{}" {
		t.Errorf("no input: %v", err)
	}
}

func TestTheNameOfAStandardExecutionIsUsedOnce(t *testing.T) {
	ctx := context.Background()
	w := newWorld(t, clock.NewFrozen(noon))
	arn := w.create("m", waiting, "")
	start := func(input string) (*sfn.StartExecutionOutput, error) {
		return w.sfn.StartExecution(ctx, &sfn.StartExecutionInput{StateMachineArn: &arn, Name: aws.String("once"), Input: &input})
	}
	first, err := start(`{"a":1}`)
	if err != nil {
		t.Fatal(err)
	}
	w.advance(time.Second)
	again, err := start(`{"a":1}`)
	if err != nil || *again.ExecutionArn != *first.ExecutionArn || !again.StartDate.Equal(*first.StartDate) {
		t.Errorf("the same while it runs: %v, %v", again, err)
	}
	_, err = start(`{"a":2}`)
	wantError(t, err, "ExecutionAlreadyExists", "Execution Already Exists: 'arn:aws:states:us-east-1:"+account+":execution:m:once'")
	w.advance(time.Minute)
	_, err = start(`{"a":1}`)
	wantError(t, err, "ExecutionAlreadyExists", "")
	if got := w.metrics.sum("ExecutionsStarted", arn); got != 1 {
		t.Errorf("%v executions", got)
	}
}

func TestExpressExecutions(t *testing.T) {
	ctx := context.Background()
	w := newWorld(t, clock.NewFrozen(noon))
	arn := w.create("x", waiting, types.StateMachineTypeExpress)
	var arns []string
	for range 2 { // a name may be used again
		out, err := w.sfn.StartExecution(ctx, &sfn.StartExecutionInput{StateMachineArn: &arn, Name: aws.String("n")})
		if err != nil {
			t.Fatal(err)
		}
		arns = append(arns, *out.ExecutionArn)
	}
	if !strings.HasPrefix(arns[0], "arn:aws:states:us-east-1:"+account+":express:x:n:") || arns[0] == arns[1] {
		t.Errorf("ARNs %v", arns)
	}
	done := make(chan *sfn.StartSyncExecutionOutput, 1)
	go func() {
		out, err := w.sfn.StartSyncExecution(ctx, &sfn.StartSyncExecutionInput{StateMachineArn: &arn, Input: aws.String(`{"a":1}`)})
		if err != nil {
			t.Error(err)
		}
		done <- out
	}()
	for w.metrics.sum("ExecutionsStarted", arn) < 3 {
		time.Sleep(time.Millisecond)
	}
	w.advance(time.Minute)
	out := <-done
	if out == nil || out.Status != "SUCCEEDED" || aws.ToString(out.Output) != `{"a":1}` || out.BillingDetails.BilledDurationInMilliseconds != 60000 || out.BillingDetails.BilledMemoryUsedInMB != 64 {
		t.Errorf("sync %+v", out)
	}
	// The extension of localaws.
	list, err := w.sfn.ListExecutions(ctx, &sfn.ListExecutionsInput{StateMachineArn: &arn, StatusFilter: types.ExecutionStatusSucceeded})
	if err != nil || len(list.Executions) != 3 {
		t.Errorf("list %+v, %v", list, err)
	}
	if events := w.history(arns[0]); len(events) != 4 {
		t.Errorf("history %v", kinds(events))
	}
	standard := w.create("s", passing, "")
	_, err = w.sfn.StartSyncExecution(ctx, &sfn.StartSyncExecutionInput{StateMachineArn: &standard})
	wantError(t, err, "StateMachineTypeNotSupported", "This operation is not supported by this type of state machine")
}

func TestTimeLimits(t *testing.T) {
	const long = `{"StartAt":"W","States":{"W":{"Type":"Wait","Seconds":3600,"End":true}}}`
	tests := []struct {
		name, definition string
		kind             types.StateMachineType
		after            time.Duration
	}{
		{"five minutes of an Express execution", long, types.StateMachineTypeExpress, 5 * time.Minute},
		{"TimeoutSeconds of the machine", `{"TimeoutSeconds":90,` + long[1:], "", 90 * time.Second},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t, clock.NewFrozen(noon))
			arn := w.create("m", tt.definition, tt.kind)
			execution := w.start(arn, `{}`)
			w.advance(tt.after - time.Second)
			if got := w.describe(execution); got.Status != "RUNNING" {
				t.Errorf("%s too early", got.Status)
			}
			w.advance(time.Second)
			got := w.describe(execution)
			if got.Status != "TIMED_OUT" || got.StopDate == nil || !got.StopDate.Equal(noon.Add(tt.after)) || got.Error != nil {
				t.Errorf("got %s at %v", got.Status, got.StopDate)
			}
			if diff := cmp.Diff([]string{"ExecutionStarted<0", "WaitStateEntered<0", "ExecutionTimedOut<0"}, kinds(w.history(execution))); diff != "" {
				t.Error(diff)
			}
			if w.metrics.sum("ExecutionsTimedOut", arn) != 1 {
				t.Error("not counted")
			}
		})
	}
}

func TestATaskThatTakesTooLong(t *testing.T) {
	w := newWorld(t, clock.New(noon)) // a task takes real time
	release := make(chan struct{})
	w.lambda.on("slow", func(string) (string, error) { <-release; return `1`, nil })
	machine := w.create("m", `{"StartAt":"T","States":{"T":{"Type":"Task","Resource":"arn:aws:states:::lambda:invoke","TimeoutSeconds":1,"Parameters":{"FunctionName":"slow"},"End":true}}}`, "")
	execution := w.start(machine, `{}`)
	w.rest()
	close(release)
	if got := w.describe(execution); got.Status != "FAILED" || aws.ToString(got.Error) != "States.Timeout" || got.Cause != nil {
		t.Errorf("got %s %s: %s", got.Status, aws.ToString(got.Error), aws.ToString(got.Cause))
	}
	if k := kinds(w.history(execution)); k[4] != "TaskTimedOut<4" {
		t.Errorf("history %v", k)
	}
}

func TestStopExecution(t *testing.T) {
	ctx := context.Background()
	for _, kind := range []types.StateMachineType{types.StateMachineTypeStandard, types.StateMachineTypeExpress} {
		w := newWorld(t, clock.NewFrozen(noon))
		arn := w.create("m", `{"StartAt":"P","States":{"P":{"Type":"Parallel","Branches":[`+waiting+`,{"StartAt":"V","States":{"V":{"Type":"Wait","Seconds":90,"End":true}}}],"End":true}}}`, kind)
		execution := w.start(arn, `{}`)
		w.advance(time.Second)
		out, err := w.sfn.StopExecution(ctx, &sfn.StopExecutionInput{ExecutionArn: &execution, Error: aws.String("E"), Cause: aws.String("c")})
		if err != nil || !out.StopDate.Equal(noon.Add(time.Second)) {
			t.Errorf("stopped %+v, %v", out, err)
		}
		if got := w.describe(execution); got.Status != "ABORTED" || *got.Error != "E" || *got.Cause != "c" {
			t.Errorf("got %+v", got)
		}
		if k := kinds(w.history(execution)); k[len(k)-1] != "ExecutionAborted<0" {
			t.Errorf("history %v", k)
		}
		w.advance(time.Hour) // nothing is left to happen
	}
}

func TestExecutionsAreListedTheLatestFirst(t *testing.T) {
	ctx := context.Background()
	w := newWorld(t, clock.NewFrozen(noon))
	arn := w.create("m", passing, "")
	var want []string
	for range 7 {
		want = append([]string{w.start(arn, `{}`)}, want...)
		w.advance(time.Second)
	}
	var got []string
	p := sfn.NewListExecutionsPaginator(w.sfn, &sfn.ListExecutionsInput{StateMachineArn: &arn, MaxResults: 3})
	for p.HasMorePages() {
		page, err := p.NextPage(ctx)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range page.Executions {
			got = append(got, *e.ExecutionArn)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	_, err := w.sfn.ListExecutions(ctx, &sfn.ListExecutionsInput{StateMachineArn: &arn, StatusFilter: "succeeded"})
	wantError(t, err, "ValidationException", "1 validation error detected: Value 'succeeded' at 'statusFilter' failed to satisfy constraint: Member must satisfy enum value set: [SUCCEEDED, ")
	_, err = w.sfn.ListExecutions(ctx, &sfn.ListExecutionsInput{StateMachineArn: aws.String(arn + "x")})
	wantError(t, err, "StateMachineDoesNotExist", "State Machine Does Not Exist: '"+arn+"x'")
	_, err = w.sfn.DescribeExecution(ctx, &sfn.DescribeExecutionInput{ExecutionArn: aws.String("arn:aws:states:us-east-1:" + account + ":execution:m:none")})
	wantError(t, err, "ExecutionDoesNotExist", "Execution Does Not Exist: '")
	_, err = w.sfn.GetExecutionHistory(ctx, &sfn.GetExecutionHistoryInput{ExecutionArn: aws.String("invalid_state_machine_arn")})
	wantError(t, err, "InvalidArn", "Invalid Arn: 'Invalid ARN prefix: invalid_state_machine_arn'")
	reversed, err := w.sfn.GetExecutionHistory(ctx, &sfn.GetExecutionHistoryInput{ExecutionArn: &want[0], ReverseOrder: true, IncludeExecutionData: aws.Bool(false)})
	if err != nil || len(reversed.Events) != 4 || reversed.Events[0].Id != 4 || reversed.Events[0].ExecutionSucceededEventDetails.Output != nil {
		t.Errorf("reversed %+v, %v", reversed, err)
	}
}

func TestAnExecutionKeepsTheDefinitionThatItStartedWith(t *testing.T) {
	ctx := context.Background()
	w := newWorld(t, clock.NewFrozen(noon))
	arn := w.create("m", waiting, "")
	execution := w.start(arn, `{}`)
	w.rest()
	if _, err := w.sfn.UpdateStateMachine(ctx, &sfn.UpdateStateMachineInput{StateMachineArn: &arn, Definition: aws.String(passing)}); err != nil {
		t.Fatal(err)
	}
	out, err := w.sfn.DescribeStateMachineForExecution(ctx, &sfn.DescribeStateMachineForExecutionInput{ExecutionArn: &execution})
	if err != nil || *out.Definition != waiting {
		t.Errorf("got %+v, %v", out, err)
	}
}

func TestValidation(t *testing.T) {
	w := newWorld(t, clock.NewFrozen(noon))
	out, err := w.sfn.ValidateStateMachineDefinition(context.Background(), &sfn.ValidateStateMachineDefinitionInput{Definition: aws.String(passing)})
	if err != nil || out.Result != "OK" || len(out.Diagnostics) != 0 || *out.Truncated {
		t.Errorf("valid: %+v, %v", out, err)
	}
	out, err = w.sfn.ValidateStateMachineDefinition(context.Background(), &sfn.ValidateStateMachineDefinitionInput{Definition: aws.String(`{}`)})
	if err != nil || out.Result != "FAIL" || len(out.Diagnostics) != 1 || *out.Diagnostics[0].Code != "SCHEMA_VALIDATION_FAILED" || *out.Diagnostics[0].Location != "/" ||
		*out.Diagnostics[0].Message != "These fields are required: [States, StartAt]" || out.Diagnostics[0].Severity != "ERROR" {
		t.Errorf("invalid: %+v, %v", out, err)
	}
}

func TestTagging(t *testing.T) {
	ctx := context.Background()
	w := newWorld(t, clock.NewFrozen(noon))
	out, err := w.sfn.CreateStateMachine(ctx, &sfn.CreateStateMachineInput{
		Name: aws.String("m"), Definition: aws.String(passing), RoleArn: &w.role,
		Tags: []types.Tag{{Key: aws.String("a"), Value: aws.String("1")}},
	})
	if err != nil {
		t.Fatal(err)
	}
	arn := out.StateMachineArn
	if _, err := w.sfn.TagResource(ctx, &sfn.TagResourceInput{ResourceArn: arn, Tags: []types.Tag{{Key: aws.String("b"), Value: aws.String("2")}}}); err != nil {
		t.Fatal(err)
	}
	if _, err := w.sfn.UntagResource(ctx, &sfn.UntagResourceInput{ResourceArn: arn, TagKeys: []string{"a"}}); err != nil {
		t.Fatal(err)
	}
	tags, err := w.sfn.ListTagsForResource(ctx, &sfn.ListTagsForResourceInput{ResourceArn: arn})
	if err != nil || len(tags.Tags) != 1 || *tags.Tags[0].Key != "b" || !cmp.Equal(w.service.Tagged(), map[string]map[string]string{*arn: {"b": "2"}}) {
		t.Errorf("tags %+v, %v", tags, err)
	}
	_, err = w.sfn.ListTagsForResource(ctx, &sfn.ListTagsForResourceInput{ResourceArn: aws.String(*arn + "x")})
	wantError(t, err, "ResourceNotFound", "")
}

func TestBranchesThatWaitMoveWithTheClock(t *testing.T) {
	w := newWorld(t, clock.NewFrozen(noon))
	w.lambda.on("f", func(p string) (string, error) { return p, nil })
	machine := w.create("m", `{"StartAt":"M","States":{"M":{"Type":"Map","ItemsPath":"$.items","MaxConcurrency":2,"ItemProcessor":{"StartAt":"W","States":{
		"W":{"Type":"Wait","SecondsPath":"$.s","Next":"T"},
		"T":{"Type":"Task","Resource":"arn:aws:states:::lambda:invoke","Parameters":{"FunctionName":"f","Payload.$":"$.s"},"OutputPath":"$.Payload","End":true}}},"End":true}}}`, "")
	execution := w.start(machine, `{"items":[{"s":10},{"s":20},{"s":30}]}`)
	w.advance(39 * time.Second) // the third waits from the tenth second on
	if got := w.describe(execution); got.Status != "RUNNING" {
		t.Errorf("%s too early", got.Status)
	}
	w.advance(time.Second)
	if got := w.describe(execution); got.Status != "SUCCEEDED" || *got.Output != "[10,20,30]" || !got.StopDate.Equal(noon.Add(40*time.Second)) {
		t.Errorf("%s %s at %v", got.Status, aws.ToString(got.Output), got.StopDate)
	}
}

func TestIntegrations(t *testing.T) {
	ctx := context.Background()
	w := newWorld(t, clock.NewFrozen(noon))
	queue, err := w.sqs.CreateQueue(ctx, &awssqs.CreateQueueInput{QueueName: aws.String("q")})
	if err != nil {
		t.Fatal(err)
	}
	child := w.create("child", passing, "")
	w.lambda.on("f", func(p string) (string, error) { return p, nil })
	tests := []struct{ name, state, input, want string }{
		{"a function by its ARN", `"Resource":"` + functionARN("f") + `"`, `{"a":[1]}`, `{"a":[1]}`},
		{"lambda:invoke", `"Resource":"arn:aws:states:::lambda:invoke","Parameters":{"FunctionName":"f","Payload.$":"$"},"OutputPath":"$.Payload"`, `{"a":1.50}`, `{"a":1.50}`},
		{"a message", `"Resource":"arn:aws:states:::sqs:sendMessage","Parameters":{"QueueUrl":"` + *queue.QueueUrl + `","MessageBody.$":"$","MessageAttributes":{"k":{"DataType":"String","StringValue":"v"}}},
			"ResultSelector":{"status.$":"$.SdkHttpMetadata.HttpStatusCode","md5.$":"$.MD5OfMessageBody"}`, `{"a":1}`, `{"status":200,"md5":"bb6cb5c68df4652941caf652a366f2d8"}`},
		{"events", `"Resource":"arn:aws:states:::events:putEvents","Parameters":{"Entries":[{"Source":"my.app","DetailType":"t","Detail":{"a":1}}]},"OutputPath":"$.FailedEntryCount"`, `{}`, `0`},
		{"an event that fails", `"Resource":"arn:aws:states:::events:putEvents","Parameters":{"Entries":[{"Source":"aws.app","DetailType":"t","Detail":{"a":1}}]}`, `{}`, `EventBridge.FailedEntry`},
		{
			"an execution", `"Resource":"arn:aws:states:::states:startExecution","Parameters":{"StateMachineArn":"` + child + `","Name":"c","Input":{"x":1}},"ResultSelector":{"arn.$":"$.ExecutionArn","at.$":"$.StartDate"}`, `{}`,
			`{"arn":"arn:aws:states:us-east-1:` + account + `:execution:child:c","at":"2024-05-01T12:00:00.000Z"}`,
		},
		{"the same execution again", `"Resource":"arn:aws:states:::states:startExecution","Parameters":{"StateMachineArn":"` + child + `","Name":"c","Input":{"x":2}}`, `{}`, `StepFunctions.ExecutionAlreadyExistsException`},
		{"no body", `"Resource":"arn:aws:states:::sqs:sendMessage","Parameters":{"QueueUrl":"` + *queue.QueueUrl + `","MessageBody.$":"$.b"}`, `{"b":null}`, `SQS.AmazonSQSException`},
		{"no such queue", `"Resource":"arn:aws:states:::sqs:sendMessage","Parameters":{"QueueUrl":"` + *queue.QueueUrl + `x","MessageBody":"b"}`, `{}`, `SQS.QueueDoesNotExistException`},
	}
	for i, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			machine := w.create(fmt.Sprint("m", i), `{"StartAt":"S","States":{"S":{"Type":"Task",`+tt.state+`,"End":true}}}`, "")
			execution := w.start(machine, tt.input)
			w.rest()
			got := w.describe(execution)
			if aws.ToString(got.Output) != tt.want && aws.ToString(got.Error) != tt.want {
				t.Errorf("got %s %s: %s", aws.ToString(got.Output), aws.ToString(got.Error), aws.ToString(got.Cause))
			}
		})
	}
	messages, err := w.sqs.ReceiveMessage(ctx, &awssqs.ReceiveMessageInput{QueueUrl: queue.QueueUrl, MessageAttributeNames: []string{"All"}})
	if err != nil || len(messages.Messages) != 1 || *messages.Messages[0].Body != `{"a":1}` || *messages.Messages[0].MessageAttributes["k"].StringValue != "v" {
		t.Errorf("messages %+v, %v", messages, err)
	}
}

func TestAResultThatIsTooLarge(t *testing.T) {
	w := newWorld(t, clock.NewFrozen(noon))
	w.lambda.on("f", func(string) (string, error) { return `"` + strings.Repeat("x", 262144) + `"`, nil })
	machine := w.create("m", `{"StartAt":"S","States":{"S":{"Type":"Task","Resource":"arn:aws:states:::lambda:invoke","Parameters":{"FunctionName":"f"},"End":true}}}`, "")
	execution := w.start(machine, `{}`)
	w.rest()
	got := w.describe(execution)
	if aws.ToString(got.Error) != "States.DataLimitExceeded" || aws.ToString(got.Cause) != "The state/task 'lambda' returned a result with a size exceeding the maximum number of bytes service limit." {
		t.Errorf("got %s: %s", aws.ToString(got.Error), aws.ToString(got.Cause))
	}
}

func TestALoopEnds(t *testing.T) {
	w := newWorld(t, clock.NewFrozen(noon))
	machine := w.create("m", `{"StartAt":"A","States":{"A":{"Type":"Pass","Next":"B"},"B":{"Type":"Choice","Choices":[{"Variable":"$.stop","IsPresent":true,"Next":"C"}],"Default":"A"},"C":{"Type":"Succeed"}}}`, "")
	execution := w.start(machine, `{}`)
	w.rest()
	if got := w.describe(execution); got.Status != "FAILED" || !strings.Contains(aws.ToString(got.Cause), "maximum number of history events") {
		t.Errorf("got %+v", got)
	}
}

func TestAnExecutionOfManyDaysKeepsItsRights(t *testing.T) {
	w := newWorld(t, clock.NewFrozen(noon))
	w.lambda.on("f", func(string) (string, error) { return `1`, nil })
	task := `{"Type":"Task","Resource":"arn:aws:states:::lambda:invoke","Parameters":{"FunctionName":"f"},"ResultPath":null,`
	machine := w.create("m", `{"StartAt":"A","States":{"A":`+task+`"Next":"W"},"W":{"Type":"Wait","Seconds":864000,"Next":"B"},"B":`+task+`"End":true}}}`, "")
	execution := w.start(machine, `{}`)
	w.advance(10 * 24 * time.Hour)
	if got := w.describe(execution); got.Status != "SUCCEEDED" {
		t.Errorf("%s %s: %s", got.Status, aws.ToString(got.Error), aws.ToString(got.Cause))
	}
}
