package asl

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

func TestProblemsOfADefinition(t *testing.T) {
	state := func(s string) string { return `{"StartAt":"S","States":{"S":` + s + `}}` }
	tests := []struct{ name, definition, want string }{
		// Recorded from AWS.
		{"nothing", ``, "SCHEMA_VALIDATION_FAILED: Definition must be a valid JSON object"},
		{"an empty object", `{}`, "SCHEMA_VALIDATION_FAILED: These fields are required: [States, StartAt] at /"},
		{"no StartAt", `{"States":{"S":{"Type":"Succeed"}}}`, "SCHEMA_VALIDATION_FAILED: These fields are required: [StartAt] at /"},
		{"no States", `{"StartAt":"S"}`, "SCHEMA_VALIDATION_FAILED: These fields are required: [States] at /"},
		{
			"no such target, and unreachable", `{"StartAt":"pass1","States":{"pass1":{"Type":"Pass","Next":"pass3"},"pass2":{"Type":"Pass","End":true}}}`,
			`MISSING_TRANSITION_TARGET: Missing 'Next' target: pass3 at /States/pass1/Next, MISSING_TRANSITION_TARGET: State "pass2" is not reachable. at /States/pass2`,
		},
		{"a timestamp", state(`{"Type":"Wait","Timestamp":"2016-12-05 21:29:29Z","End":true}`), "SCHEMA_VALIDATION_FAILED: String does not match RFC3339 timestamp at /States/S/Timestamp"},
		{
			"neither path nor function", state(`{"Type":"Pass","Parameters":{"parsed.$":"States.StringToJson('{\\\"text\\\"')"},"End":true}`),
			"SCHEMA_VALIDATION_FAILED: The value for the field 'parsed.$' must be a valid JSONPath or a valid intrinsic function call at /States/S/Parameters",
		},
		{"no ARN", state(`{"Type":"Task","Resource":"createToken","End":true}`), "SCHEMA_VALIDATION_FAILED: Value is not a valid resource ARN at /States/S/Resource"},
		// By the specification.
		{"no such StartAt", `{"StartAt":"X","States":{"S":{"Type":"Succeed"}}}`, `MISSING_TRANSITION_TARGET: Missing 'StartAt' target: X at /StartAt, MISSING_TRANSITION_TARGET: State "S" is not reachable. at /States/S`},
		{"both Next and End", state(`{"Type":"Pass","Next":"S","End":true}`), "State must have exactly one of: [Next, End] at /States/S"},
		{"neither", state(`{"Type":"Pass"}`), "State must have exactly one of: [Next, End] at /States/S"},
		{"an unknown type", state(`{"Type":"Nap"}`), "at /States/S/Type"},
		{"no type", state(`{}`), "These fields are required: [Type] at /States/S"},
		{"an unknown field", state(`{"Type":"Succeed","Nxt":"S"}`), "Field 'Nxt' is not supported at /States/S"},
		{"Catch on a Pass", state(`{"Type":"Pass","Catch":[],"End":true}`), "Field 'Catch' is not supported at /States/S"},
		{"no path", state(`{"Type":"Pass","InputPath":"x","End":true}`), "Value is not a valid JSONPath at /States/S/InputPath"},
		{"no reference path", state(`{"Type":"Pass","ResultPath":"$.a[*]","End":true}`), "Value is not a Reference Path at /States/S/ResultPath"},
		{"the context as ResultPath", state(`{"Type":"Pass","ResultPath":"$$.x","End":true}`), "Value is not a Reference Path at /States/S/ResultPath"},
		{"a Wait for nothing", state(`{"Type":"Wait","End":true}`), "exactly one of: [Seconds, SecondsPath, Timestamp, TimestampPath]"},
		{"a negative wait", state(`{"Type":"Wait","Seconds":-1,"End":true}`), "Value must be between 0 and 99999999 at /States/S/Seconds"},
		{"Choices without a rule", state(`{"Type":"Choice","Choices":[]}`), "Choices must not be empty at /States/S/Choices"},
		{"a rule without Next", state(`{"Type":"Choice","Choices":[{"Variable":"$.a","IsNull":true}]}`), "These fields are required: [Next] at /States/S/Choices[0]"},
		{"a rule with two operators", state(`{"Type":"Choice","Choices":[{"Variable":"$.a","IsNull":true,"IsString":true,"Next":"S"}]}`), "exactly one operator at /States/S/Choices[0]"},
		{"a value of the wrong kind", state(`{"Type":"Choice","Choices":[{"Variable":"$.a","NumericEquals":"1","Next":"S"}]}`), "Expected value of type Number at /States/S/Choices[0]/NumericEquals"},
		{"an unknown operator", state(`{"Type":"Choice","Choices":[{"Variable":"$.a","Equals":"1","Next":"S"}]}`), "Field 'Equals' is not supported at /States/S/Choices[0]"},
		{"a rule inside with Next", state(`{"Type":"Choice","Choices":[{"Not":{"Variable":"$.a","IsNull":true,"Next":"S"},"Next":"S"}]}`), "Field 'Next' is not supported at /States/S/Choices[0]/Not"},
		{"States.ALL with others", state(`{"Type":"Task","Resource":"arn:aws:states:::x:y","Retry":[{"ErrorEquals":["States.ALL","E"]}],"End":true}`), "States.ALL must appear alone"},
		{"States.ALL before others", state(`{"Type":"Task","Resource":"arn:aws:states:::x:y","Retry":[{"ErrorEquals":["States.ALL"]},{"ErrorEquals":["E"]}],"End":true}`), "States.ALL must appear alone"},
		{"a rate below one", state(`{"Type":"Task","Resource":"arn:aws:states:::x:y","Retry":[{"ErrorEquals":["E"],"BackoffRate":0.5}],"End":true}`), "at /States/S/Retry[0]/BackoffRate"},
		{"an unknown jitter", state(`{"Type":"Task","Resource":"arn:aws:states:::x:y","Retry":[{"ErrorEquals":["E"],"JitterStrategy":"SOME"}],"End":true}`), "Value is not one of [FULL, NONE] at /States/S/Retry[0]/JitterStrategy"},
		{"a catch to nowhere", state(`{"Type":"Task","Resource":"arn:aws:states:::x:y","Catch":[{"ErrorEquals":["E"],"Next":"X"}],"End":true}`), "Missing 'Next' target: X at /States/S/Catch[0]/Next"},
		{"a name twice", state(`{"Type":"Parallel","Branches":[{"StartAt":"S","States":{"S":{"Type":"Succeed"}}}],"End":true}`), "Duplicate State name: S at "},
		{
			"a target outside the branch", `{"StartAt":"S","States":{"S":{"Type":"Parallel","Branches":[{"StartAt":"A","States":{"A":{"Type":"Pass","Next":"Z"}}}],"Next":"Z"},"Z":{"Type":"Succeed"}}}`,
			"Missing 'Next' target: Z at /States/S/Branches[0]/States/A/Next",
		},
		{"a long name", `{"StartAt":"` + strings.Repeat("x", 81) + `","States":{"` + strings.Repeat("x", 81) + `":{"Type":"Succeed"}}}`, "must not be longer than 80 characters"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Compile(tt.definition, Options{})
			var invalid *InvalidDefinition
			if !errors.As(err, &invalid) || !strings.Contains(invalid.Error(), tt.want) {
				t.Errorf("got %v\nwant %s", err, tt.want)
			}
		})
	}
}

func TestDefinitionsThatAreNoJSON(t *testing.T) {
	tests := []struct{ text, message, at string }{
		// Recorded from AWS.
		{"not a definition", "Unrecognized token 'not': was expecting (JSON String, Number, Array, Object or token 'null', 'true' or 'false')", `line: 1, column: `},
		{"{'input': 1}", "Unexpected character (''' (code 39)): was expecting double-quote to start field name", "line: 1, column: 2"},
		// By the same rules.
		{"{\n \"a\":", "Unexpected end-of-input", "line: 2, column: "},
	}
	for _, tt := range tests {
		_, err := Compile(tt.text, Options{})
		var invalid *InvalidDefinition
		if !errors.As(err, &invalid) || len(invalid.Problems) != 1 {
			t.Errorf("%q: %v", tt.text, err)
			continue
		}
		p := invalid.Problems[0]
		if p.Code != "INVALID_JSON_DESCRIPTION" || !strings.HasPrefix(p.Message, tt.message) || !strings.Contains(p.Location, tt.at) {
			t.Errorf("%q: %+v", tt.text, p)
		}
	}
}

func TestWhatExpressMachinesCannotDo(t *testing.T) {
	tests := []struct{ resource, want string }{
		// Recorded from AWS, with the space.
		{"arn:aws:states:::sqs:sendMessage.waitForTaskToken", "Express state machine does not support '.waitForTaskToken' service integration  at /States/S/Resource"},
		{"arn:aws:states:::states:startExecution.sync", "Express state machine does not support '.sync' service integration at /States/S/Resource"},
		{"arn:aws:states:us-east-1:123456789012:activity:a", "Express state machine does not support Activity ARN at /States/S/Resource"},
	}
	for _, tt := range tests {
		_, err := Compile(`{"StartAt":"S","States":{"S":{"Type":"Task","Resource":"`+tt.resource+`","End":true}}}`, Options{Express: true})
		if err == nil || err.Error() != "SCHEMA_VALIDATION_FAILED: "+tt.want {
			t.Errorf("%s: %v", tt.resource, err)
		}
		_, err = Compile(`{"StartAt":"S","States":{"S":{"Type":"Task","Resource":"`+tt.resource+`","End":true}}}`, Options{})
		var undone *Unsupported
		if !errors.As(err, &undone) {
			t.Errorf("%s in a Standard machine: %v", tt.resource, err)
		}
	}
}

func TestWhatIsNotDoneIsRefusedByName(t *testing.T) {
	tests := []struct{ definition, want string }{
		{`{"QueryLanguage":"JSONata","StartAt":"S","States":{"S":{"Type":"Pass","Output":"{% 1 %}","End":true}}}`, "the query language JSONata at /QueryLanguage"},
		{`{"StartAt":"S","States":{"S":{"Type":"Pass","QueryLanguage":"JSONata","End":true}}}`, "the query language JSONata at /States/S/QueryLanguage"},
		{`{"StartAt":"S","States":{"S":{"Type":"Pass","Assign":{"x":1},"End":true}}}`, "variables (Assign) at /States/S/Assign"},
		{`{"StartAt":"S","States":{"S":{"Type":"Task","Resource":"arn:aws:states:::x:y","HeartbeatSeconds":1,"End":true}}}`, "the field HeartbeatSeconds at /States/S/HeartbeatSeconds"},
		{
			`{"StartAt":"S","States":{"S":{"Type":"Map","ItemProcessor":{"ProcessorConfig":{"Mode":"DISTRIBUTED","ExecutionType":"STANDARD"},"StartAt":"I","States":{"I":{"Type":"Succeed"}}},"End":true}}}`,
			"a distributed Map at /States/S/ItemProcessor/ProcessorConfig/Mode",
		},
	}
	for _, tt := range tests {
		_, err := Compile(tt.definition, Options{})
		var undone *Unsupported
		if !errors.As(err, &undone) || undone.Error() != tt.want {
			t.Errorf("%s: %v", tt.definition, err)
		}
	}
}

func TestTheHostJudgesTasks(t *testing.T) {
	options := Options{Task: func(task Task, parameters []string) error {
		if task.Service == "dynamodb" {
			return &Unsupported{What: "DynamoDB"}
		}
		if len(parameters) > 0 {
			return fmt.Errorf("bad field %s", parameters[0])
		}
		return nil
	}}
	for definition, want := range map[string]string{
		`{"StartAt":"S","States":{"S":{"Type":"Task","Resource":"arn:aws:states:::dynamodb:getItem","End":true}}}`:                 "DynamoDB at /States/S/Resource",
		`{"StartAt":"S","States":{"S":{"Type":"Task","Resource":"arn:aws:states:::x:y","Parameters":{"Foo.$":"$.a"},"End":true}}}`: "SCHEMA_VALIDATION_FAILED: bad field Foo at /States/S/Parameters",
	} {
		if _, err := Compile(definition, options); err == nil || err.Error() != want {
			t.Errorf("%s: %v", definition, err)
		}
	}
}
