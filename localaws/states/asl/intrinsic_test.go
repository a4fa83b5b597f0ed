package asl

import (
	"strings"
	"testing"
)

// The expected values are those of the developer guide, and of executions
// recorded from AWS where the guide is silent.
func TestIntrinsicFunctions(t *testing.T) {
	tests := []struct{ call, input, want string }{
		{"States.Format('Hello, my name is {}.', $.name)", `{"name":"Arnav"}`, `"Hello, my name is Arnav."`},
		{"States.Format('{}', $)", `null`, `"null"`},
		{"States.Format('{} {}', 1, true)", `{}`, `"1 true"`},
		{"States.Format('fst={}', $)", `{"Arg1":1,"Arg2":[]}`, `"fst={Arg1=1, Arg2=[]}"`},
		{`States.Format('\{\} {}', 1)`, `{}`, `"{} 1"`},
		{`States.Format('it\'s')`, `{}`, `"it's"`},
		{"States.StringToJson($.s)", `{"s":"{\"a\":[1,2]}"}`, `{"a":[1,2]}`},
		{"States.StringToJson($)", `""`, `null`},
		{"States.StringToJson($)", `" "`, `null`},
		{"States.JsonToString($.o)", `{"o":{"a":1,"b":[]}}`, `"{\"a\":1,\"b\":[]}"`},
		{"States.JsonToString($)", `"text"`, `"\"text\""`},
		{"States.Array($.Id)", `{"Id":123456}`, `[123456]`},
		{"States.Array()", `{}`, `[]`},
		{"States.ArrayPartition($.a,4)", `{"a":[1,2,3,4,5,6,7,8,9]}`, `[[1,2,3,4],[5,6,7,8],[9]]`},
		{"States.ArrayPartition($.a,4)", `{"a":[]}`, `[]`},
		{"States.ArrayContains($.a,$.v)", `{"a":[1,2,3],"v":2}`, `true`},
		{"States.ArrayContains($.a,$.v)", `{"a":[[1,2]],"v":[1,2]}`, `true`},
		{"States.ArrayContains($.a,$.v)", `{"a":[],"v":null}`, `false`},
		{"States.ArrayRange(1, 9, 2)", `{}`, `[1,3,5,7,9]`},
		{"States.ArrayRange(0, 10, 3)", `{}`, `[0,3,6,9]`},
		{"States.ArrayRange(3, 1, -1)", `{}`, `[3,2,1]`},
		{"States.ArrayGetItem($.a, $.i)", `{"a":[1,2,3],"i":1}`, `2`},
		{"States.ArrayLength($.a)", `{"a":[1,2,3]}`, `3`},
		{"States.ArrayUnique($.a)", `{"a":[1,2,3,3,1,[],[],null,null,{"a":1},{"a":1}]}`, `[1,2,3,[],null,{"a":1}]`},
		{"States.Base64Encode($)", `"Data to encode"`, `"RGF0YSB0byBlbmNvZGU="`},
		{"States.Base64Decode($)", `"RGF0YSB0byBlbmNvZGU="`, `"Data to encode"`},
		{"States.Hash('input data', 'SHA-1')", `{}`, `"aaff4a450a104cd177d28d18d74485e8cae074b7"`},
		{"States.Hash('input data', 'MD5')", `{}`, `"812f45842bc6d66ee14572ce20db8e86"`},
		{"States.JsonMerge($.a, $.b, false)", `{"a":{"a":{"a1":1,"a2":2},"b":2,"d":3},"b":{"a":{"a3":1,"a4":2},"c":3,"d":4}}`, `{"a":{"a3":1,"a4":2},"b":2,"d":4,"c":3}`},
		{"States.MathAdd($.a, $.b)", `{"a":111,"b":-1}`, `110`},
		{"States.MathAdd($.a, $.b)", `{"a":1.49,"b":1.5}`, `3`},
		{"States.MathAdd($.a, $.b)", `{"a":-1.5,"b":-1.51}`, `-3`},
		{"States.MathAdd($.a, $.b)", `{"a":-0.5,"b":0.5}`, `1`},
		{"States.StringSplit($.s, $.d)", `{"s":"1,2,3,4,5","d":","}`, `["1","2","3","4","5"]`},
		{"States.StringSplit($.s, $.d)", `{"s":"This.is+a,test=string","d":".+,="}`, `["This","is","a","test","string"]`},
		{"States.StringSplit($.s, $.d)", `{"s":", , ,","d":","}`, `[" "," "]`},
		{"States.StringSplit($.s, $.d)", `{"s":",,,,","d":","}`, `[]`},
		{"States.MathRandom(1, 3)", `{}`, `2`},
		{"States.UUID()", `{}`, `"00000000-0000-4000-8000-000000000000"`},
		{"States.ArrayGetItem(States.StringSplit($$.Execution.Name, '-'), 0)", `{}`, `"e"`},
		{"  States.Array( 1 , 'a' )  ", `{}`, `[1,"a"]`},
	}
	for _, tt := range tests {
		t.Run(tt.call, func(t *testing.T) {
			out := runOn(t, newHost(), `{"StartAt":"P","States":{"P":{"Type":"Pass","Parameters":{"v.$":`+quoteJSON(tt.call)+`},"End":true}}}`, tt.input)
			if want := `{"v":` + tt.want + `}`; out.Output != want {
				t.Errorf("got %s%s, want %s", out.Output, out.Failure.Cause, want)
			}
		})
	}
}

func TestFailingIntrinsicFunctions(t *testing.T) {
	tests := []struct{ call, input, err, cause string }{
		{
			"States.Format('{}', $.nope)", `{"other":1}`, "States.Runtime",
			"The function 'States.Format('{}', $.nope)' had the following error: The JsonPath argument for the field '$.nope' could not be found in the input '{\"other\":1}'",
		},
		{
			"States.Format('{}', States.Format('{}', $.nope))", `{"other":1}`, "States.Runtime",
			"The function 'States.Format('{}', States.Format('{}', $.nope))' had the following error: The JsonPath argument for the field '$.nope' could not be found in the input '{\"other\":1}'",
		},
		{"States.Format('{}', $.items[5])", `{"items":[1,2]}`, "States.Runtime", "The function 'States.Format('{}', $.items[5])' had the following error: "},
		{"States.Format('{}')", `{}`, "States.IntrinsicFailure", "The function 'States.Format('{}')' had the following error: "},
		{"States.Format('{}', 1, 2)", `{}`, "States.IntrinsicFailure", ""},
		{"States.ArrayGetItem($, 3)", `[1]`, "States.IntrinsicFailure", ""},
		{"States.ArrayGetItem($, -1)", `[1]`, "States.IntrinsicFailure", ""},
		{"States.ArrayPartition($, 0)", `[1]`, "States.IntrinsicFailure", ""},
		{"States.ArrayRange(0, 1000, 1)", `[1]`, "States.IntrinsicFailure", ""},
		{"States.ArrayRange(0, 9, 0)", `[1]`, "States.IntrinsicFailure", ""},
		{"States.StringToJson($)", `"{"`, "States.IntrinsicFailure", ""},
		{"States.Base64Decode($)", `"%"`, "States.IntrinsicFailure", ""},
		{"States.Hash('x', 'CRC')", `{}`, "States.IntrinsicFailure", ""},
		{"States.JsonMerge($, $, true)", `{}`, "States.IntrinsicFailure", ""},
		{"States.MathAdd($, 1)", `"x"`, "States.IntrinsicFailure", ""},
		{"States.Base64Encode($)", `"` + strings.Repeat("x", 10001) + `"`, "States.IntrinsicFailure", ""},
	}
	for _, tt := range tests {
		t.Run(tt.call, func(t *testing.T) {
			out := runOn(t, newHost(), `{"StartAt":"P","States":{"P":{"Type":"Pass","Parameters":{"v.$":`+quoteJSON(tt.call)+`},"End":true}}}`, tt.input)
			if out.Failure.Error != tt.err || !strings.HasPrefix(out.Failure.Cause, "An error occurred while executing the state 'P' (entered at the event id #2). "+tt.cause) {
				t.Errorf("got %s %s: %s", out.Output, out.Failure.Error, out.Failure.Cause)
			}
		})
	}
}

func TestWhatIsNoIntrinsicFunction(t *testing.T) {
	deep := strings.Repeat("States.Array(", 12) + strings.Repeat(")", 12)
	for _, text := range []string{
		"", "x", "States.Nope()", "States.Format()", "States.Array(", "States.Array(1", "States.Array(1,)", "States.Array('x)", `States.Array('\q')`,
		"States.Array([1])", "States.Array(x)", "States.Array(1) x", "States.UUID(1)", "Format('x')", deep,
	} {
		if c, err := parseIntrinsic(text); err == nil {
			t.Errorf("%q was read as %+v", text, c)
		}
	}
}
