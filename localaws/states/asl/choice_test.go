package asl

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestComparisons(t *testing.T) {
	tests := []struct {
		rule, input string
		want        bool
	}{
		{`"Variable":"$.a","StringEquals":"x"`, `{"a":"x"}`, true},
		{`"Variable":"$.a","StringEquals":"x"`, `{"a":1}`, false},
		{`"Variable":"$.a","StringEqualsPath":"$.b"`, `{"a":"x","b":"x"}`, true},
		{`"Variable":"$.a","StringLessThan":"AB"`, `{"a":"A"}`, true},
		{`"Variable":"$.a","StringGreaterThan":"A "`, `{"a":"A"}`, false},
		{`"Variable":"$.a","StringGreaterThanEquals":""`, `{"a":""}`, true},
		{`"Variable":"$.a","StringLessThanEquals":"A"`, `{"a":"AB"}`, false},
		{`"Variable":"$.a","StringMatches":"logs/*/x*.gz"`, `{"a":"logs/app/x1.gz"}`, true},
		{`"Variable":"$.a","StringMatches":"logs/*"`, `{"a":"log"}`, false},
		{`"Variable":"$.a","StringMatches":"a\\*b"`, `{"a":"a*b"}`, true},
		{`"Variable":"$.a","StringMatches":"a\\*b"`, `{"a":"axb"}`, false},
		{`"Variable":"$.a","StringMatches":"*"`, `{"a":""}`, true},
		{`"Variable":"$.a","StringMatches":""`, `{"a":""}`, true},
		{`"Variable":"$.a","StringMatches":""`, `{"a":"x"}`, false},
		{`"Variable":"$.a","NumericEquals":1`, `{"a":1.0}`, true},
		{`"Variable":"$.a","NumericEquals":1`, `{"a":"1"}`, false},
		{`"Variable":"$.a","NumericLessThan":9007199254740993`, `{"a":9007199254740992}`, true},
		{`"Variable":"$.a","NumericGreaterThanEqualsPath":"$.b"`, `{"a":2,"b":2}`, true},
		{`"Variable":"$.a","NumericLessThanEquals":1`, `{"a":1.01}`, false},
		{`"Variable":"$.a","NumericGreaterThan":1`, `{"a":1e0}`, false},
		{`"Variable":"$.a","BooleanEquals":true`, `{"a":true}`, true},
		{`"Variable":"$.a","BooleanEquals":false`, `{"a":null}`, false},
		{`"Variable":"$.a","BooleanEqualsPath":"$.b"`, `{"a":false,"b":false}`, true},
		{`"Variable":"$.a","TimestampEquals":"2024-05-01T12:00:00Z"`, `{"a":"2024-05-01T14:00:00+02:00"}`, true},
		{`"Variable":"$.a","TimestampLessThan":"2024-05-01T12:00:00.001Z"`, `{"a":"2024-05-01T12:00:00Z"}`, true},
		{`"Variable":"$.a","TimestampGreaterThan":"2024-05-01T12:00:00Z"`, `{"a":"2024-05-01"}`, false},
		{`"Variable":"$.a","TimestampGreaterThanEqualsPath":"$.b"`, `{"a":"2024-05-01T12:00:00Z","b":"2024-05-01T12:00:00Z"}`, true},
		{`"Variable":"$.a","IsNull":true`, `{"a":null}`, true},
		{`"Variable":"$.a","IsNull":false`, `{"a":null}`, false},
		{`"Variable":"$.a","IsPresent":true`, `{"a":null}`, true},
		{`"Variable":"$.a","IsPresent":true`, `{}`, false},
		{`"Variable":"$.a","IsPresent":false`, `{}`, true},
		{`"Variable":"$.a.b.c","IsPresent":true`, `{"a":1}`, false},
		{`"Variable":"$.a","IsNumeric":true`, `{"a":1.5}`, true},
		{`"Variable":"$.a","IsNumeric":true`, `{"a":"1.5"}`, false},
		{`"Variable":"$.a","IsString":false`, `{"a":[]}`, true},
		{`"Variable":"$.a","IsBoolean":true`, `{"a":false}`, true},
		{`"Variable":"$.a","IsTimestamp":true`, `{"a":"2024-05-01T12:00:00Z"}`, true},
		{`"Variable":"$.a","IsTimestamp":true`, `{"a":"2012-10-09T19:00:55"}`, false},
		{`"Variable":"$.a","IsTimestamp":true`, `{"a":"2024-05-01t12:00:00z"}`, false},
		{`"Variable":"$$.Execution.Name","StringEquals":"e"`, `{}`, true},
		{`"And":[{"Variable":"$.a","IsPresent":true},{"Variable":"$.a","NumericEquals":1}]`, `{}`, false},
		{`"And":[{"Variable":"$.a","IsPresent":true},{"Variable":"$.a","NumericEquals":1}]`, `{"a":1}`, true},
		{`"Or":[{"Variable":"$.a","NumericEquals":1},{"Variable":"$.a","NumericEquals":2}]`, `{"a":2}`, true},
		{`"Or":[{"Variable":"$.a","NumericEquals":1},{"Variable":"$.b","NumericEquals":2}]`, `{"a":1}`, true},
		{`"Not":{"Variable":"$.a","NumericEquals":1}`, `{"a":2}`, true},
		{`"Not":{"Or":[{"Variable":"$.a","IsNull":true},{"Not":{"Variable":"$.a","IsString":true}}]}`, `{"a":"s"}`, true},
	}
	for _, tt := range tests {
		t.Run(tt.rule+" "+tt.input, func(t *testing.T) {
			out := runOn(t, newHost(), `{"StartAt":"C","States":{"C":{"Type":"Choice","Choices":[{`+tt.rule+`,"Next":"Yes"}],"Default":"No"},
				"Yes":{"Type":"Pass","Result":true,"End":true},"No":{"Type":"Pass","Result":false,"End":true}}}`, tt.input)
			if want := map[bool]string{true: "true", false: "false"}[tt.want]; out.Output != want {
				t.Errorf("got %s%s, want %s", out.Output, out.Failure.Cause, want)
			}
		})
	}
}

func TestAPatternOfItsOwnTextMatches(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		parts := rapid.SliceOfN(rapid.StringMatching(`[ab]{0,3}`), 1, 4).Draw(t, "parts")
		fills := rapid.SliceOfN(rapid.StringMatching(`[abc]{0,3}`), len(parts), len(parts)).Draw(t, "fills")
		text := parts[0]
		for i, p := range parts[1:] {
			text += fills[i] + p
		}
		if pattern := strings.Join(parts, "*"); !wildcard(pattern, text) {
			t.Fatalf("%q does not match %q", pattern, text)
		}
		if literal := strings.NewReplacer(`\`, `\\`, `*`, `\*`).Replace(text); !wildcard(literal, text) || wildcard(literal, text+"x") {
			t.Fatalf("%q is not only %q", literal, text)
		}
	})
}
