package asl

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sfn/types"
	"github.com/google/go-cmp/cmp"
)

// single is a machine of a single state S that ends, with what goes between.
func single(fields string) string {
	return `{"StartAt":"S","States":{"S":{` + fields + `,"End":true}}}`
}

func TestInputAndOutputProcessing(t *testing.T) {
	tests := []struct{ name, state, input, want string }{
		{"Pass passes its input", `"Type":"Pass"`, `{"b":1,"a":[true,null,1.50]}`, `{"b":1,"a":[true,null,1.50]}`},
		{"Result replaces", `"Type":"Pass","Result":{"x.$":"$.y"}`, `{"y":1}`, `{"x.$":"$.y"}`},
		{"ResultPath adds", `"Type":"Pass","Result":1,"ResultPath":"$.r.s"`, `{"y":1}`, `{"y":1,"r":{"s":1}}`},
		{"ResultPath null discards", `"Type":"Pass","Result":1,"ResultPath":null`, `{"y":1}`, `{"y":1}`},
		{"ResultPath counts from the raw input", `"Type":"Pass","InputPath":"$.y","ResultPath":"$.r"`, `{"y":1}`, `{"y":1,"r":1}`},
		{"InputPath selects", `"Type":"Pass","InputPath":"$.y"`, `{"y":{"z":1}}`, `{"z":1}`},
		{"InputPath null is an empty object", `"Type":"Pass","InputPath":null`, `{"y":1}`, `{}`},
		{"InputPath of the context", `"Type":"Pass","InputPath":"$$.Execution.Input"`, `{"y":1}`, `{"y":1}`},
		{"OutputPath selects", `"Type":"Pass","OutputPath":"$.y"`, `{"y":1}`, `1`},
		{"OutputPath null is an empty object", `"Type":"Pass","OutputPath":null`, `{"y":1}`, `{}`},
		{"Parameters", `"Type":"Pass","Parameters":{"a":1,"b.$":"$.y","c":{"d.$":"$.y","e":[{"f.$":"$$.State.Name"}]}}`, `{"y":2}`, `{"a":1,"c":{"e":[{"f":"S"}],"d":2},"b":2}`},
		{"an index outside its array is null in Parameters", `"Type":"Pass","Parameters":{"v.$":"$.items[5]"}`, `{"items":[1]}`, `{"v":null}`},
		{"a wildcard that meets nothing is an empty list", `"Type":"Pass","Parameters":{"v.$":"$.items[*].x"}`, `{}`, `{"v":[]}`},
		{"ResultSelector works on the result", `"Type":"Task","Resource":"arn:aws:states:::x:y","ResultSelector":{"n.$":"$.result"}`, `{}`, `{"n":7}`},
		{"then ResultPath, then OutputPath", `"Type":"Task","Resource":"arn:aws:states:::x:y","ResultSelector":{"n.$":"$.result"},"ResultPath":"$.r","OutputPath":"$.r.n"`, `{"y":1}`, `7`},
		{"numbers keep their text", `"Type":"Pass"`, `[12345678901234567890,1.0,1E5,-0]`, `[12345678901234567890,1.0,1E5,-0]`},
		{"Succeed is not there, Wait of 0 is", `"Type":"Wait","Seconds":0`, `{"a":1}`, `{"a":1}`},
		{
			"the context object", `"Type":"Pass","InputPath":"$$"`, `{"a":1}`,
			`{"Execution":{"Id":"arn:aws:states:us-east-1:123456789012:execution:m:e","Input":{"a":1},"StartTime":"2024-05-01T12:00:00.000Z","Name":"e",` +
				`"RoleArn":"arn:aws:iam::123456789012:role/r","RedriveCount":0},"StateMachine":{"Id":"arn:aws:states:us-east-1:123456789012:stateMachine:m","Name":"m"},` +
				`"State":{"Name":"S","EnteredTime":"2024-05-01T12:00:00.000Z"}}`,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			h := newHost()
			h.call = func(Task, any, int) (any, *Failure) { return NewObject("result", Number("7")), nil }
			if out := runOn(t, h, single(tt.state), tt.input); out.Output != tt.want {
				t.Errorf("got %s %s, want %s", out.Output, out.Failure.Cause, tt.want)
			}
		})
	}
}

// The messages were recorded from AWS.
func TestStatesThatCannotBeEvaluated(t *testing.T) {
	const at = "An error occurred while executing the state 'S' (entered at the event id #2). "
	tests := []struct{ name, state, input, err, cause string }{
		{"Parameters", `"Type":"Pass","Parameters":{"m.$":"$.nope"}`, `{"x":"a"}`, "States.Runtime", at + `The JSONPath '$.nope' specified for the field 'm.$' could not be found in the input '{"x":"a"}'`},
		{"context path", `"Type":"Pass","Parameters":{"value.$":"$$.Execution.Input.no"}`, `{}`, "States.Runtime", at + `The JSONPath '$$.Execution.Input.no' specified for the field 'value.$' could not be found in the input '{}'`},
		{"InputPath", `"Type":"Pass","InputPath":"$.NoSuch"`, `{}`, "States.Runtime", at + "Invalid path '$.NoSuch' : No results for path: $['NoSuch']"},
		{"OutputPath", `"Type":"Pass","OutputPath":"$.no.such.result.path"`, `{}`, "States.Runtime", at + "Invalid path '$.no.such.result.path' : Missing property in path $['no']"},
		{"ResultPath", `"Type":"Pass","Result":1,"ResultPath":"$.a.b"`, `{"a":1}`, "States.ResultPathMatchFailure", at + `Unable to apply ReferencePath $.a.b to input {"a":1}`},
		{"SecondsPath missing", `"Type":"Wait","SecondsPath":"$.input.waitSeconds"`, `{}`, "States.Runtime", at + "The SecondsPath parameter does not reference an input value: $.input.waitSeconds"},
		{"SecondsPath negative", `"Type":"Wait","SecondsPath":"$.s"`, `{"s":-1}`, "States.Runtime", at + "The SecondsPath parameter references a negative value: $.s == -1"},
		{"SecondsPath of a fraction", `"Type":"Wait","SecondsPath":"$.s"`, `{"s":1.5}`, "States.Runtime", at + "The SecondsPath parameter cannot be parsed as a long value: $.s == 1.5"},
		{
			"TimestampPath", `"Type":"Wait","TimestampPath":"$.t"`, `{"t":"2016-12-05 21:29:29Z"}`, "States.Runtime",
			at + "The TimestampPath parameter does not reference a valid ISO-8601 extended offset date-time format string: $.t == 2016-12-05 21:29:29Z",
		},
		{"a wait beyond 2^31 seconds", `"Type":"Wait","TimestampPath":"$.t"`, `{"t":"2999-12-05T21:29:29Z"}`, "States.Runtime", at + "Wait state delay is too long."},
		{
			"MaxConcurrencyPath", `"Type":"Map","MaxConcurrencyPath":"$.n","ItemsPath":"$.l","ItemProcessor":{"StartAt":"I","States":{"I":{"Type":"Pass","End":true}}}`, `{"n":"NoNumber","l":[1]}`,
			"States.Runtime", at + `The MaxConcurrencyPath field refers to value "NoNumber" which is not a valid integer: $.n`,
		},
		{
			"the limit of a payload", `"Type":"Pass","Parameters":{"a.$":"$","b.$":"$"}`, `"` + strings.Repeat("x", 200000) + `"`, "States.DataLimitExceeded",
			"The state/task 'S' returned a result with a size exceeding the maximum number of bytes service limit.",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			out := runOn(t, newHost(), single(tt.state), tt.input)
			if out.Status != types.ExecutionStatusFailed || out.Failure.Error != tt.err || out.Failure.Cause != tt.cause {
				t.Errorf("got %s %s: %s", out.Output, out.Failure.Error, out.Failure.Cause)
			}
		})
	}
}

func TestChoiceWithoutAWay(t *testing.T) {
	const machine = `{"StartAt":"C","States":{"C":{"Type":"Choice","Choices":[{"Variable":"$.x","StringEquals":"never","Next":"Done"}]},"Done":{"Type":"Pass","End":true}}}`
	out := runOn(t, newHost(), machine, `{"x":"a"}`)
	if out.Failure.Error != "States.Runtime" || out.Failure.Cause != "An error occurred while executing the state 'C' (entered at the event id #2). "+
		"Failed to transition out of the state. The state does not point to a next state." {
		t.Errorf("no match: %+v", out)
	}
	out = runOn(t, newHost(), machine, `{}`)
	if out.Failure.Error != "States.Runtime" || !strings.HasSuffix(out.Failure.Cause, "Invalid path '$.x': The choice state's condition path references an invalid value.") {
		t.Errorf("no variable: %+v", out)
	}
}

func TestFailStates(t *testing.T) {
	tests := []struct{ fields, err, cause string }{
		{`"Error":"E","Cause":"C"`, "E", "C"},
		{`"Comment":"nothing"`, "", ""},
		{`"ErrorPath":"$.e","CausePath":"States.Format('because of {}', $.c)"`, "err", "because of it"},
		{`"ErrorPath":"$$.State.Name"`, "F", ""},
	}
	for _, tt := range tests {
		h := newHost()
		out := runOn(t, h, `{"StartAt":"F","States":{"F":{"Type":"Fail",`+tt.fields+`}}}`, `{"e":"err","c":"it"}`)
		if out.Failure.Error != tt.err || out.Failure.Cause != tt.cause || h.kinds() != "ExecutionStarted<0 FailStateEntered<0 ExecutionFailed<2" {
			t.Errorf("%s: %+v, %s", tt.fields, out.Failure, h.kinds())
		}
	}
}

func fails(errors ...string) func(Task, any, int) (any, *Failure) {
	return func(_ Task, _ any, n int) (any, *Failure) {
		if n <= len(errors) {
			return nil, &Failure{Error: errors[n-1], Cause: "c"}
		}
		return Number("1"), nil
	}
}

func TestRetry(t *testing.T) {
	s := func(n ...float64) []time.Duration {
		var out []time.Duration
		for _, f := range n {
			out = append(out, time.Duration(f*float64(time.Second)))
		}
		return out
	}
	tests := []struct {
		name   string
		retry  string
		errors []string
		slept  []time.Duration
		err    string
	}{
		{"the defaults: three, from one second, doubling", `{"ErrorEquals":["States.ALL"]}`, []string{"E", "E", "E", "E"}, s(1, 2, 4), "E"},
		{"it ends when it succeeds", `{"ErrorEquals":["E"]}`, []string{"E"}, s(1), ""},
		{"an interval and a rate", `{"ErrorEquals":["E"],"IntervalSeconds":3,"BackoffRate":1.5,"MaxAttempts":2}`, []string{"E", "E", "E"}, s(3, 4.5), "E"},
		{"a longest delay", `{"ErrorEquals":["E"],"IntervalSeconds":3,"MaxDelaySeconds":5,"MaxAttempts":3}`, []string{"E", "E", "E"}, s(3, 5, 5), ""},
		{"full jitter", `{"ErrorEquals":["E"],"IntervalSeconds":3,"JitterStrategy":"FULL","MaxAttempts":2}`, []string{"E", "E"}, s(1.5, 3), ""},
		{"no attempts", `{"ErrorEquals":["E"],"MaxAttempts":0},{"ErrorEquals":["States.ALL"]}`, []string{"E"}, nil, "E"},
		{"another error is not retried", `{"ErrorEquals":["X"]}`, []string{"E"}, nil, "E"},
		{"each retrier counts for itself", `{"ErrorEquals":["A"],"MaxAttempts":1},{"ErrorEquals":["B"],"MaxAttempts":2,"IntervalSeconds":5}`, []string{"A", "B", "B", "A"}, s(1, 5, 10), "A"},
		{"States.TaskFailed is any error of a task", `{"ErrorEquals":["States.TaskFailed"],"MaxAttempts":1}`, []string{"E"}, s(1), ""},
		{"but no timeout", `{"ErrorEquals":["States.TaskFailed"],"MaxAttempts":1}`, []string{hang}, nil, "States.Timeout"},
		{"which has a name", `{"ErrorEquals":["States.Timeout"],"MaxAttempts":1}`, []string{hang}, s(1), ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			h := newHost()
			h.call = fails(tt.errors...)
			out := runOn(t, h, single(`"Type":"Task","Resource":"arn:aws:states:::x:y","TimeoutSeconds":5,"Retry":[`+tt.retry+`]`), `{}`)
			if out.Failure.Error != tt.err {
				t.Errorf("got %+v, want %s", out, tt.err)
			}
			if diff := cmp.Diff(tt.slept, h.slept); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestTheNumberOfTheRetryIsInTheContext(t *testing.T) {
	h := newHost()
	var seen []string
	h.call = func(_ Task, p any, n int) (any, *Failure) {
		seen = append(seen, Print(p))
		return fails("E", "E")(Task{}, p, n)
	}
	runOn(t, h, single(`"Type":"Task","Resource":"arn:aws:states:::x:y","Parameters":{"n.$":"$$.State.RetryCount"},"Retry":[{"ErrorEquals":["E"]}]`), `{}`)
	if diff := cmp.Diff([]string{`{"n":0}`, `{"n":1}`, `{"n":2}`}, seen); diff != "" {
		t.Error(diff)
	}
}

func TestCatch(t *testing.T) {
	tests := []struct{ name, catch, err, want string }{
		{"by name", `{"ErrorEquals":["E"],"Next":"N"}`, "E", `{"Error":"E","Cause":"c"}`},
		{"by States.ALL", `{"ErrorEquals":["X"],"Next":"M"},{"ErrorEquals":["States.ALL"],"Next":"N"}`, "E", `{"Error":"E","Cause":"c"}`},
		{"with a ResultPath", `{"ErrorEquals":["E"],"ResultPath":"$.failure","Next":"N"}`, "E", `{"in":1,"failure":{"Error":"E","Cause":"c"}}`},
		{"and without a result", `{"ErrorEquals":["E"],"ResultPath":null,"Next":"N"}`, "E", `{"in":1}`},
		{"a timeout has no cause", `{"ErrorEquals":["States.Timeout"],"Next":"N"}`, hang, `{"Error":"States.Timeout","Cause":""}`},
		{
			"States.ALL catches a result that is too large", `{"ErrorEquals":["States.ALL"],"Next":"N"}`, "large",
			`{"Error":"States.DataLimitExceeded","Cause":"The state/task 'x' returned a result with a size exceeding the maximum number of bytes service limit."}`,
		},
		{"not matched", `{"ErrorEquals":["X"],"Next":"N"}`, "E", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			h := newHost()
			h.call = fails(tt.err)
			if tt.err == "large" {
				h.call = func(Task, any, int) (any, *Failure) { return strings.Repeat("x", MaxPayload), nil }
			}
			more := ""
			if strings.Contains(tt.catch, `"M"`) {
				more = `,"M":{"Type":"Fail"}`
			}
			out := runOn(t, h, `{"StartAt":"S","States":{"S":{"Type":"Task","Resource":"arn:aws:states:::x:y","TimeoutSeconds":1,"OutputPath":"$.no","Catch":[`+tt.catch+
				`],"End":true},"N":{"Type":"Pass","End":true}`+more+`}}`, `{"in":1}`)
			if out.Output != tt.want {
				t.Errorf("got %s %+v, want %s", out.Output, out.Failure, tt.want)
			}
		})
	}
}

func TestNothingCatchesAStateThatCannotBeEvaluated(t *testing.T) {
	h := newHost()
	h.call = fails()
	out := runOn(t, h, `{"StartAt":"S","States":{"S":{"Type":"Task","Resource":"arn:aws:states:::x:y","OutputPath":"$.no.such","Retry":[{"ErrorEquals":["States.Runtime"]}],
		"Catch":[{"ErrorEquals":["States.Runtime"],"Next":"N"}],"End":true},"N":{"Type":"Pass","End":true}}}`, `{}`)
	if out.Failure.Error != "States.Runtime" || h.calls != 1 {
		t.Errorf("got %+v after %d calls", out, h.calls)
	}
}

// The chains of events were recorded from AWS.
func TestHistories(t *testing.T) {
	const fail = `{"StartAt":"Boom","States":{"Boom":{"Type":"Fail","Error":"E","Cause":"c"}}}`
	const pass = `{"StartAt":"P1","States":{"P1":{"Type":"Pass","Next":"P2"},"P2":{"Type":"Pass","End":true}}}`
	const other = `{"StartAt":"Q1","States":{"Q1":{"Type":"Pass","End":true}}}`
	const task = `{"StartAt":"T","States":{"T":{"Type":"Task","Resource":"arn:aws:states:::x:y","End":true}}}`
	const item = `"ItemsPath":"$.items","MaxConcurrency":1,"ItemProcessor":`
	tests := []struct {
		name, state, input, want string
	}{
		{
			"a task", `"Type":"Task","Resource":"arn:aws:states:::x:y"`, `{"ok":1}`,
			"ExecutionStarted<0 TaskStateEntered<0 TaskScheduled<2 TaskStarted<3 TaskSucceeded<4 TaskStateExited<5 ExecutionSucceeded<6",
		},
		{
			"a function by its ARN", `"Type":"Task","Resource":"arn:aws:lambda:us-east-1:123456789012:function:f"`, `{"ok":1}`,
			"ExecutionStarted<0 TaskStateEntered<0 LambdaFunctionScheduled<2 LambdaFunctionStarted<3 LambdaFunctionSucceeded<4 TaskStateExited<5 ExecutionSucceeded<6",
		},
		{
			"a task that fails", `"Type":"Task","Resource":"arn:aws:states:::x:y"`, `{}`,
			"ExecutionStarted<0 TaskStateEntered<0 TaskScheduled<2 TaskStarted<3 TaskFailed<4 ExecutionFailed<5",
		},
		{
			"branches", `"Type":"Parallel","Branches":[` + pass + `,` + other + `]`, `{}`,
			"ExecutionStarted<0 ParallelStateEntered<0 ParallelStateStarted<2 PassStateEntered<3 PassStateExited<4 PassStateEntered<5 PassStateExited<6 " +
				"PassStateEntered<3 PassStateExited<8 ParallelStateSucceeded<9 ParallelStateExited<9 ExecutionSucceeded<11",
		},
		{
			"a branch that fails", `"Type":"Parallel","Branches":[` + fail + `]`, `{}`,
			"ExecutionStarted<0 ParallelStateEntered<0 ParallelStateStarted<2 FailStateEntered<3 ParallelStateFailed<4 ExecutionFailed<5",
		},
		{
			"and is tried again", `"Type":"Parallel","Retry":[{"ErrorEquals":["States.ALL"],"MaxAttempts":1,"IntervalSeconds":0}],"Branches":[` + fail + `]`, `{}`,
			"ExecutionStarted<0 ParallelStateEntered<0 ParallelStateStarted<2 FailStateEntered<3 ParallelStateStarted<4 FailStateEntered<5 ParallelStateFailed<6 ExecutionFailed<7",
		},
		{
			"a task of a branch", `"Type":"Parallel","Branches":[` + task + `]`, `{}`,
			"ExecutionStarted<0 ParallelStateEntered<0 ParallelStateStarted<2 TaskStateEntered<3 TaskScheduled<4 TaskStarted<5 TaskFailed<6 TaskStateAborted<7 ParallelStateFailed<7 ExecutionFailed<9",
		},
		{
			"a branch that cannot be evaluated", `"Type":"Parallel","Catch":[{"ErrorEquals":["States.ALL"],"Next":"S"}],"Branches":[{"StartAt":"F","States":{"F":{"Type":"Pass","Parameters":{"m.$":"$.no"},"End":true}}}]`, `{}`,
			"ExecutionStarted<0 ParallelStateEntered<0 ParallelStateStarted<2 PassStateEntered<3 ExecutionFailed<4",
		},
		{
			"a Parallel that cannot be evaluated afterwards", `"Type":"Parallel","ResultSelector":{"m.$":"$.no"},"Branches":[` + other + `]`, `{}`,
			"ExecutionStarted<0 ParallelStateEntered<0 ParallelStateStarted<2 PassStateEntered<3 PassStateExited<4 ParallelStateSucceeded<5 ExecutionFailed<6",
		},
		{
			"iterations, one after another", `"Type":"Map",` + item + other, `{"items":[1,2]}`,
			"ExecutionStarted<0 MapStateEntered<0 MapStateStarted<2 MapIterationStarted<3 PassStateEntered<4 PassStateExited<5 MapIterationSucceeded<6 " +
				"MapIterationStarted<6 PassStateEntered<8 PassStateExited<9 MapIterationSucceeded<10 MapStateSucceeded<11 MapStateExited<11 ExecutionSucceeded<13",
		},
		{
			"no items", `"Type":"Map",` + item + other, `{"items":[]}`,
			"ExecutionStarted<0 MapStateEntered<0 MapStateStarted<2 MapStateSucceeded<3 MapStateExited<3 ExecutionSucceeded<5",
		},
		{
			"an iteration that fails, tried again", `"Type":"Map","Retry":[{"ErrorEquals":["States.ALL"],"MaxAttempts":1,"IntervalSeconds":0}],` + item + fail, `{"items":[1]}`,
			"ExecutionStarted<0 MapStateEntered<0 MapStateStarted<2 MapIterationStarted<3 FailStateEntered<4 MapIterationFailed<5 " +
				"MapStateStarted<5 MapIterationStarted<7 FailStateEntered<8 MapIterationFailed<9 MapStateFailed<9 ExecutionFailed<11",
		},
		{
			"an iteration that cannot be evaluated", `"Type":"Map",` + item + `{"StartAt":"F","States":{"F":{"Type":"Pass","Parameters":{"m.$":"$.no"},"End":true}}}`, `{"items":[1,2]}`,
			"ExecutionStarted<0 MapStateEntered<0 MapStateStarted<2 MapIterationStarted<3 PassStateEntered<4 ExecutionFailed<5",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			h := newHost()
			h.call = func(_ Task, p any, _ int) (any, *Failure) {
				if Print(p) == `{"ok":1}` {
					return p, nil
				}
				return nil, &Failure{Error: "E"}
			}
			end := `,"End":true`
			runOn(t, h, `{"StartAt":"S","States":{"S":{`+tt.state+end+`}}}`, tt.input)
			if diff := cmp.Diff(strings.Fields(tt.want), strings.Fields(h.kinds())); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestMap(t *testing.T) {
	const processor = `"ItemProcessor":{"ProcessorConfig":{"Mode":"INLINE"},"StartAt":"I","States":{"I":{"Type":"Pass","End":true}}}`
	tests := []struct{ name, fields, input, want string }{
		{"the items are the input", processor, `[1,"a",{}]`, `[1,"a",{}]`},
		{"ItemsPath", `"ItemsPath":"$.l",` + processor, `{"l":[1,2]}`, `[1,2]`},
		{
			"ItemSelector sees the input, the item and its index", `"ItemsPath":"$.l","ItemSelector":{"i.$":"$$.Map.Item.Index","v.$":"$$.Map.Item.Value","d.$":"$.d"},` + processor, `{"l":["a","b"],"d":9}`,
			`[{"i":0,"v":"a","d":9},{"i":1,"v":"b","d":9}]`,
		},
		{"Parameters is its old name", `"ItemsPath":"$.l","Parameters":{"v.$":"$$.Map.Item.Value"},` + processor, `{"l":["a"]}`, `[{"v":"a"}]`},
		{"so is Iterator", `"Iterator":{"StartAt":"I","States":{"I":{"Type":"Pass","InputPath":"$$.Map.Item.Index","End":true}}}`, `["x","y"]`, `[0,1]`},
		{"ResultPath", `"ItemsPath":"$.l","ResultPath":"$.r",` + processor, `{"l":[1]}`, `{"l":[1],"r":[1]}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if out := runOn(t, newHost(), single(`"Type":"Map",`+tt.fields), tt.input); out.Output != tt.want {
				t.Errorf("got %s %s, want %s", out.Output, out.Failure.Cause, tt.want)
			}
		})
	}
	out := runOn(t, newHost(), single(`"Type":"Map",`+processor), `{}`)
	if out.Failure.Error != "States.Runtime" || !strings.HasSuffix(out.Failure.Cause, `Reference path "$" must point to array.`) {
		t.Errorf("no array: %+v", out)
	}
}

func TestParallelGivesTheResultsInOrder(t *testing.T) {
	out := runOn(t, newHost(), single(`"Type":"Parallel","Parameters":{"x.$":"$.a"},"Branches":[{"StartAt":"A","States":{"A":{"Type":"Pass","End":true}}},{"StartAt":"B","States":{"B":{"Type":"Pass","Result":2,"End":true}}}]`), `{"a":1}`)
	if out.Output != `[{"x":1},2]` {
		t.Errorf("got %s", out.Output)
	}
}

func TestWaits(t *testing.T) {
	tests := []struct {
		fields string
		want   time.Duration
	}{
		{`"Seconds":90`, 90 * time.Second},
		{`"SecondsPath":"$.s"`, 7 * time.Second},
		{`"Timestamp":"2024-05-01T12:01:00Z"`, time.Minute},
		{`"TimestampPath":"$.t"`, 30 * time.Minute},
	}
	for _, tt := range tests {
		h := newHost()
		runOn(t, h, single(`"Type":"Wait",`+tt.fields), `{"s":7,"t":"2024-05-01T14:30:00+02:00"}`)
		if len(h.slept) != 1 || h.slept[0] != tt.want {
			t.Errorf("%s: slept %v, want %v", tt.fields, h.slept, tt.want)
		}
	}
	h := newHost()
	runOn(t, h, single(`"Type":"Wait","Timestamp":"2020-01-01T00:00:00Z"`), `{}`)
	if len(h.slept) != 0 {
		t.Errorf("slept until the past: %v", h.slept)
	}
}

func TestAnExecutionThatIsEndedFromOutside(t *testing.T) {
	tests := []struct {
		name  string
		cause error
		want  types.ExecutionStatus
		last  string
	}{
		{"stopped", &Stop{Status: types.ExecutionStatusAborted, Failure: Failure{Error: "E", Cause: "c"}}, types.ExecutionStatusAborted, "ExecutionAborted<0"},
		{"its time is up", context.DeadlineExceeded, types.ExecutionStatusTimedOut, "ExecutionTimedOut<0"},
		{"too many events", &Stop{Status: types.ExecutionStatusFailed, Failure: Failure{Error: "States.Runtime"}}, types.ExecutionStatusFailed, "ExecutionFailed<4"},
		{"for no given reason", nil, types.ExecutionStatusAborted, "ExecutionAborted<0"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			h := newHost()
			ctx, cancel := context.WithCancelCause(context.Background())
			defer cancel(nil)
			h.call = func(Task, any, int) (any, *Failure) {
				cancel(tt.cause)
				return nil, &Failure{Error: "cut off"}
			}
			out := compile(t, single(`"Type":"Task","Resource":"arn:aws:states:::x:y","Catch":[{"ErrorEquals":["States.ALL"],"Next":"S"}]`)).
				Run(ctx, h, Execution{Input: `{}`})
			if out.Status != tt.want || !strings.HasSuffix(h.kinds(), tt.last) {
				t.Errorf("got %+v, %s", out, h.kinds())
			}
		})
	}
}
