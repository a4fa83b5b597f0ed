package pattern

import (
	"errors"
	"strings"
	"testing"
)

// The cases follow the pages of the EventBridge user guide on event patterns;
// where the guide and the service differ (numbers), the service.
func TestMatch(t *testing.T) {
	const ec2 = `{
		"version": "0", "id": "6a7e8feb-b491-4cf7-a9f1-bf3703467718", "detail-type": "EC2 Instance State-change Notification",
		"source": "aws.ec2", "account": "111122223333", "time": "2017-12-22T18:43:48Z", "region": "us-west-1",
		"resources": ["arn:aws:ec2:us-west-1:123456789012:instance/i-1234567890abcdef0"],
		"detail": {"instance-id": "i-1234567890abcdef0", "state": "terminated"}}`
	tests := []struct {
		name, pattern, event string
		want                 bool
	}{
		{"fields of the pattern are joined by and", `{"source":["aws.ec2"],"detail":{"state":["terminated"]}}`, ec2, true},
		{"one field that differs is enough to fail", `{"source":["aws.ec2"],"detail":{"state":["running"]}}`, ec2, false},
		{"values of a field are joined by or", `{"source":["aws.fargate","aws.ec2"]}`, ec2, true},
		{"an array in the event matches by any element", `{"resources":["arn:aws:ec2:us-west-1:123456789012:instance/i-1234567890abcdef0","x"]}`, ec2, true},
		{"case of strings counts", `{"source":["AWS.EC2"]}`, ec2, false},
		{"case of names counts", `{"Source":["aws.ec2"]}`, ec2, false},
		{"a field that the event lacks does not match", `{"detail":{"missing":["x"]}}`, ec2, false},

		{"null matches null", `{"a":[null]}`, `{"a":null}`, true},
		{"null does not match the empty string", `{"a":[null]}`, `{"a":""}`, false},
		{"null does not match a missing field", `{"a":[null]}`, `{"b":1}`, false},
		{"null does not match the string", `{"a":[null]}`, `{"a":"null"}`, false},
		{"the empty string matches itself", `{"a":[""]}`, `{"a":""}`, true},
		{"the empty string does not match null", `{"a":[""]}`, `{"a":null}`, false},
		{"null in an array of the event matches", `{"a":[null]}`, `{"a":[1,null]}`, true},
		{"true matches true", `{"a":[true]}`, `{"a":true}`, true},
		{"true does not match its text", `{"a":[true]}`, `{"a":"true"}`, false},
		{"false does not match true", `{"a":[false]}`, `{"a":true}`, false},

		{"numbers match by value: integer and fraction", `{"a":[300]}`, `{"a":300.0}`, true},
		{"numbers match by value: exponent", `{"a":[300]}`, `{"a":3.0e2}`, true},
		{"a number does not match its text", `{"a":[300]}`, `{"a":"300"}`, false},
		{"numbers beyond a double match by text", `{"a":[12345678901234567890]}`, `{"a":12345678901234567890}`, true},
		{"numbers beyond a double differ by text", `{"a":[12345678901234567890]}`, `{"a":12345678901234567891}`, false},

		{"prefix", `{"time":[{"prefix":"2017-12-22"}]}`, ec2, true},
		{"prefix fails", `{"region":[{"prefix":"eu-"}]}`, ec2, false},
		{"prefix is about strings only", `{"a":[{"prefix":"1"}]}`, `{"a":123}`, false},
		{"the empty prefix matches every string", `{"a":[{"prefix":""}]}`, `{"a":""}`, true},
		{"prefix ignoring case", `{"service":[{"prefix":{"equals-ignore-case":"EventB"}}]}`, `{"service":"EVENTBRIDGE"}`, true},
		{"suffix", `{"FileName":[{"suffix":".png"}]}`, `{"FileName":"a.png"}`, true},
		{"suffix fails", `{"FileName":[{"suffix":".png"}]}`, `{"FileName":"a.png.gz"}`, false},
		{"suffix ignoring case", `{"FileName":[{"suffix":{"equals-ignore-case":".png"}}]}`, `{"FileName":"a.PnG"}`, true},
		{"suffix ignoring case longer than the text", `{"a":[{"suffix":{"equals-ignore-case":"xyz"}}]}`, `{"a":"yz"}`, false},
		{"equals ignoring case", `{"detail-type":[{"equals-ignore-case":"ec2 instance state-change notification"}]}`, ec2, true},
		{"equals ignoring case is no prefix", `{"a":[{"equals-ignore-case":"ab"}]}`, `{"a":"ABC"}`, false},
		{"equals ignoring case beyond ASCII", `{"a":[{"equals-ignore-case":"größe"}]}`, `{"a":"GRÖßE"}`, true},

		{"anything-but a string", `{"detail":{"state":[{"anything-but":"initializing"}]}}`, ec2, true},
		{"anything-but fails", `{"detail":{"state":[{"anything-but":"terminated"}]}}`, ec2, false},
		{"anything-but a list", `{"a":[{"anything-but":["stopped","overloaded"]}]}`, `{"a":"overloaded"}`, false},
		{"anything-but a number", `{"a":[{"anything-but":123}]}`, `{"a":123.0}`, false},
		{"anything-but a number takes another one", `{"a":[{"anything-but":[100,200]}]}`, `{"a":300}`, true},
		{"anything-but numbers takes a string", `{"a":[{"anything-but":[100,200]}]}`, `{"a":"100"}`, true},
		{"anything-but takes null", `{"a":[{"anything-but":"x"}]}`, `{"a":null}`, true},
		{"anything-but takes no missing field", `{"a":[{"anything-but":"x"}]}`, `{"b":1}`, false},
		{"anything-but one element that differs suffices", `{"a":[{"anything-but":"x"}]}`, `{"a":["x","y"]}`, true},
		{"anything-but takes no empty array", `{"a":[{"anything-but":"x"}]}`, `{"a":[]}`, false},
		{"anything-but prefix", `{"a":[{"anything-but":{"prefix":"init"}}]}`, `{"a":"initializing"}`, false},
		{"anything-but prefixes", `{"a":[{"anything-but":{"prefix":["init","error"]}}]}`, `{"a":"running"}`, true},
		{"anything-but prefix takes a number", `{"a":[{"anything-but":{"prefix":"1"}}]}`, `{"a":1}`, true},
		{"anything-but suffix", `{"a":[{"anything-but":{"suffix":".png"}}]}`, `{"a":"x.png"}`, false},
		{"anything-but suffixes", `{"a":[{"anything-but":{"suffix":[".png",".jpg"]}}]}`, `{"a":"x.gif"}`, true},
		{"anything-but ignoring case", `{"a":[{"anything-but":{"equals-ignore-case":"initializing"}}]}`, `{"a":"INITIALIZING"}`, false},
		{"anything-but a list ignoring case", `{"a":[{"anything-but":{"equals-ignore-case":["a","b"]}}]}`, `{"a":"C"}`, true},
		{"anything-but wildcard", `{"a":[{"anything-but":{"wildcard":"*/lib/*"}}]}`, `{"a":"usr/lib/x"}`, false},
		{"anything-but wildcards", `{"a":[{"anything-but":{"wildcard":["*/lib/*","*/bin/*"]}}]}`, `{"a":"usr/share/x"}`, true},

		{"numeric range", `{"a":[{"numeric":[">",0,"<=",5]}]}`, `{"a":5}`, true},
		{"numeric range leaves out an open end", `{"a":[{"numeric":[">",0,"<=",5]}]}`, `{"a":0}`, false},
		{"numeric equality by value", `{"a":[{"numeric":["=",3.018e2]}]}`, `{"a":301.8}`, true},
		{"numeric less", `{"a":[{"numeric":["<",10]}]}`, `{"a":-1e300}`, true},
		{"numeric is about numbers only", `{"a":[{"numeric":["<",10]}]}`, `{"a":"1"}`, false},
		{"numeric takes no null", `{"a":[{"numeric":["<",10]}]}`, `{"a":null}`, false},

		{"cidr", `{"ip":[{"cidr":"10.0.0.0/24"}]}`, `{"ip":"10.0.0.255"}`, true},
		{"cidr fails", `{"ip":[{"cidr":"10.0.0.0/24"}]}`, `{"ip":"10.0.1.0"}`, false},
		{"cidr of no address", `{"ip":[{"cidr":"10.0.0.0/24"}]}`, `{"ip":"ten"}`, false},
		{"cidr v6", `{"ip":[{"cidr":"2001:db8:1234:1a00::/64"}]}`, `{"ip":"2001:0db8:1234:1a00::1"}`, true},
		{"cidr v6 fails", `{"ip":[{"cidr":"2001:db8:1234:1a00::/64"}]}`, `{"ip":"2001:db8:1234:1a01::1"}`, false},
		{"an address matches however it is written", `{"ip":["2001:db8::1"]}`, `{"ip":"2001:0DB8:0:0::0001"}`, true},

		{"exists", `{"detail":{"state":[{"exists":true}]}}`, ec2, true},
		{"exists takes null", `{"a":[{"exists":true}]}`, `{"a":null}`, true},
		{"exists takes no empty array", `{"resources":[{"exists":true}]}`, `{"resources":[]}`, false},
		{"exists is about leaves", `{"detail":[{"exists":true}]}`, `{"detail":{"a":1}}`, false},
		{"not exists", `{"detail":{"missing":[{"exists":false}]}}`, ec2, true},
		{"not exists fails", `{"detail":{"state":[{"exists":false}]}}`, ec2, false},
		{"not exists takes a field that is an object", `{"detail":[{"exists":false}]}`, `{"detail":{"a":1}}`, true},
		{"not exists or a value", `{"a":[{"exists":false},"x"]}`, `{"a":"x"}`, true},
		{"not exists or a value, both fail", `{"a":[{"exists":false},"x"]}`, `{"a":"y"}`, false},

		{"wildcard in the middle", `{"key":[{"wildcard":"dir/*.png"}]}`, `{"key":"dir/a/b.png"}`, true},
		{"wildcard takes nothing", `{"key":[{"wildcard":"a*b"}]}`, `{"key":"ab"}`, true},
		{"wildcard pieces may not overlap", `{"key":[{"wildcard":"ab*ba"}]}`, `{"key":"aba"}`, false},
		{"wildcard needs its pieces in order", `{"key":[{"wildcard":"*a*b*"}]}`, `{"key":"xbxa"}`, false},
		{"wildcard with an escaped star", `{"key":[{"wildcard":"a\\*b"}]}`, `{"key":"a*b"}`, true},
		{"an escaped star is no wildcard", `{"key":[{"wildcard":"a\\*b"}]}`, `{"key":"axb"}`, false},
		{"wildcard with an escaped backslash", `{"key":[{"wildcard":"a\\\\*"}]}`, `{"key":"a\\b"}`, true},
		{"wildcard alone takes every string", `{"key":[{"wildcard":"*"}]}`, `{"key":""}`, true},
		{"wildcard takes strings only", `{"key":[{"wildcard":"*"}]}`, `{"key":1}`, false},

		{"or: the first", `{"s":["a"],"$or":[{"x":[1]},{"y":[2]}]}`, `{"s":"a","x":1}`, true},
		{"or: the second", `{"s":["a"],"$or":[{"x":[1]},{"y":[2]}]}`, `{"s":"a","y":2}`, true},
		{"or: neither", `{"s":["a"],"$or":[{"x":[1]},{"y":[2]}]}`, `{"s":"a","y":3}`, false},
		{"or: around it is and", `{"$or":[{"x":[1]},{"y":[2]}],"s":["a"]}`, `{"s":"b","x":1}`, false},
		{"or: fields of one object are joined by and", `{"$or":[{"x":[1],"z":[1]},{"y":[2]}]}`, `{"x":1,"z":2}`, false},
		{"or: nested", `{"d":{"$or":[{"x":[1]},{"$or":[{"y":[2]},{"z":[3]}]}]}}`, `{"d":{"z":3}}`, true},
		{"or: two of them", `{"$or":[{"a":[1]},{"b":[1]}],"d":{"$or":[{"x":[1]},{"y":[1]}]}}`, `{"b":1,"d":{"y":1}}`, true},
		{"or: with exists false", `{"$or":[{"a":[{"exists":false}]},{"b":[1]}]}`, `{"c":1}`, true},

		{"a dot in a pattern's name is a step", `{"detail.state":["terminated"]}`, ec2, true},
		{"a dot in an event's name is a step", `{"detail":{"a":{"b":[1]}}}`, `{"detail":{"a.b":1}}`, true},
		{"a name with a dot is not repeated", `{"detail":{"a.b":{"b":[1]}}}`, `{"detail":{"a":{"b":1}}}`, false},
		{"fields of one element of an array hold together", `{"e":{"f":["Theresa"],"l":["May"]}}`, `{"e":[{"f":"Theresa","l":"Smith"},{"f":"Jean","l":"May"}]}`, false},
		{"fields of the same element match", `{"e":{"f":["Theresa"],"l":["May"]}}`, `{"e":[{"f":"Jean","l":"Smith"},{"f":"Theresa","l":"May"}]}`, true},
		{"arrays apart do not hold together", `{"a":{"x":[1]},"b":{"y":[1]}}`, `{"a":[{"x":0},{"x":1}],"b":[{"y":1},{"y":0}]}`, true},
		{"nested arrays hold together", `{"e":{"m":{"x":[1],"y":[1]}}}`, `{"e":[{"m":[{"x":1,"y":0},{"x":0,"y":1}]},{"m":[{"x":1,"y":1}]}]}`, true},
		{"absence is judged in the chosen element", `{"e":{"a":[1],"b":[{"exists":false}]}}`, `{"e":[{"a":1},{"a":2,"b":1}]}`, true},
		{"presence in the chosen element counts", `{"e":{"a":[1],"b":[{"exists":false}]}}`, `{"e":[{"a":1,"b":1},{"a":2}]}`, false},
		{"arrays in arrays are flattened", `{"a":[3]}`, `{"a":[[1,2],[3]]}`, true},
		{"a later value for the same path replaces", `{"d":{"x":[1]},"d.x":[2]}`, `{"d":{"x":2}}`, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p, err := Parse(tt.pattern)
			if err != nil {
				t.Fatal(err)
			}
			e, err := ParseEvent([]byte(tt.event))
			if err != nil {
				t.Fatal(err)
			}
			if got := p.Match(e); got != tt.want {
				t.Errorf("%s on %s: %v, want %v", tt.pattern, tt.event, got, tt.want)
			}
		})
	}
}

// The reasons and positions are those that the service is known to answer.
func TestParseRefuses(t *testing.T) {
	at := func(text, place string) string {
		return "\n at [Source: (String)\"" + text + "\"; line: 1, column: " + place + "]"
	}
	tests := []struct{ pattern, reason, column string }{
		{`["not", "a", "dict"]`, "Filter is not an object", "2"},
		{`this is no json`, "Unrecognized token 'this': was expecting (JSON String, Number, Array, Object or token 'null', 'true' or 'false')", "5"},
		{`{"not": closed mark"`, "Unrecognized token 'closed': was expecting (JSON String, Number, Array, Object or token 'null', 'true' or 'false')", "15"},
		{`{'bad': 'quotation'}`, "Unexpected character (''' (code 39)): was expecting double-quote to start field name", "2"},
		{`{}`, "Empty objects are not allowed", "3"},
		{`{"int": 42}`, `"int" must be an object or an array`, "11"},
		{`{"string": "my-value"}`, `"string" must be an object or an array`, "13"},
		{`{"resources": []}`, "Empty arrays are not allowed", "17"},
		{`{"a": [[1]]}`, "Match value must be String, number, true, false, or null", "9"},
		{`{"my_key": [{"EXISTS": true}]}`, "Unrecognized match type EXISTS", "28"},
		{`{"detail": {"equal": [{"NUMERIC": ["=", 5]}]}}`, "Unrecognized match type NUMERIC", "36"},
		{`{"detail": {"c-count": [{"numeric": [">", 0, ">", 0]}]}}`, "Bad numeric range operator: >", "49"},
		{`{"detail": {"c-count": [{"numeric": [">", 0, "<"]}]}}`, "Value of < must be numeric", "50"},
		{`{"time": [{"prefix": 123}]}`, "prefix match pattern must be a string", "25"},
		{`{"time": [{"prefix": ["2022-07-13"]}]}`, "prefix match pattern must be a string", "23"},
		{`{"FileName": [{"suffix": 123}]}`, "suffix match pattern must be a string", "29"},
		{`{"FileName": [{"suffix": [".png"]}]}`, "suffix match pattern must be a string", "27"},
		{`{"detail-type": [{"equals-ignore-case": ["ec2"]}]}`, "equals-ignore-case match pattern must be a string", "42"},
		{`{"EventBusArn": [{"wildcard": 123}]}`, "wildcard match pattern must be a string", "34"},
		{`{"detail": {"state": [{"anything-but": {"equals-ignore-case": 123}}]}}`, "Inside anything-but/equals-ignore-case list, number|start|null|boolean is not supported.", "66"},
		{`{"detail": {"FilePath": [{"anything-but": {"wildcard": 123}}]}}`, "wildcard match pattern must be a string", "59"},
		{`{"detail": {"FileName": [{"anything-but": {"suffix": 123}}]}}`, "prefix/suffix match pattern must be a string", "57"},
		{`{"detail": {"state": [{"anything-but": {"prefix": 123}}]}}`, "prefix/suffix match pattern must be a string", "54"},
		{`{"detail": {"FileName": [{"anything-but": {"prefix": {"equals-ignore-case": "file"}}}]}}`, "Value of anything-but must be an array or single string/number value.", "55"},
		{`{"detail": {"sourceIPAddress": [{"cidr": ["bad-type"]}]}}`, "prefix match pattern must be a string", "43"},
	}
	for _, tt := range tests {
		t.Run(tt.pattern, func(t *testing.T) {
			want := "Event pattern is not valid. Reason: " + tt.reason + at(tt.pattern, tt.column)
			if _, err := Parse(tt.pattern); err == nil || err.Error() != want {
				t.Errorf("got  %v\nwant %s", err, want)
			}
		})
	}
	// Errors inside the lists of anything-but tell the place twice.
	const list = `{"detail": {"state": [{"anything-but": {"prefix": [123, "test"]}}]}}`
	want := "prefix/suffix match pattern must be a string" + at(list, "55") + at(list, "55")
	if _, err := Parse(list); err == nil || !strings.HasSuffix(err.Error(), want) {
		t.Errorf("got  %v\nwant %s", err, want)
	}
	// Errors in addresses tell no place.
	for text, reason := range map[string]string{
		"bad-filter": "Malformed CIDR, one '/' required", "10.0.0.0/xx": "Malformed CIDR, mask bits must be an integer",
		"xx.11.xx/8": "Nonstandard IP address: xx.11.xx", "xxxx:db8:1234:1a00::/64": "Nonstandard IP address: xxxx:db8:1234:1a00::",
		"10.0.0.0/32": "IPv4 mask bits must be < 32", "2001:db8::/128": "IPv6 mask bits must be < 128", "10.0.0.0/-1": "Malformed CIDR, mask bits must not be negative",
	} {
		if _, err := Parse(`{"ip":[{"cidr":"` + text + `"}]}`); err == nil || err.Error() != "Event pattern is not valid. Reason: "+reason {
			t.Errorf("cidr %s: %v, want %s", text, err, reason)
		}
	}
}

// What has no recorded words is refused all the same.
func TestParseRefusesMore(t *testing.T) {
	for _, text := range []string{
		``, `{`, `{"a":[1]} x`, `{"a":[1],}`, `{"a":[1,]}`, `{"a":{}}`, `{"a":[{}]}`, `{"a":["x"`, `{"a":"x`, `{"a":[01]}`, `{"a":[{"prefix":"a","suffix":"b"}]}`,
		`{"a":[{"prefix":{"wildcard":"x"}}]}`, `{"a":[{"exists":"true"}]}`, `{"a":[{"exists":1}]}`, `{"a":[{"numeric":[]}]}`, `{"a":[{"numeric":["=","1"]}]}`,
		`{"a":[{"numeric":["!=",1]}]}`, `{"a":[{"numeric":["<",1,">",0]}]}`, `{"a":[{"numeric":[">",5,"<",5]}]}`, `{"a":[{"numeric":[">",5,"<",1]}]}`,
		`{"a":[{"numeric":[">",1,"<",2,"<",3]}]}`, `{"a":[{"numeric":["=",1e400]}]}`, `{"a":[{"numeric":5}]}`,
		`{"a":[{"anything-but":[]}]}`, `{"a":[{"anything-but":["a",1]}]}`, `{"a":[{"anything-but":[null]}]}`, `{"a":[{"anything-but":null}]}`, `{"a":[{"anything-but":true}]}`,
		`{"a":[{"anything-but":{"prefix":""}}]}`, `{"a":[{"anything-but":{"suffix":[""]}}]}`, `{"a":[{"anything-but":{"numeric":["=",1]}}]}`, `{"a":[{"anything-but":{}}]}`,
		`{"a":[{"wildcard":"a**b"}]}`, `{"a":[{"wildcard":"a\\b"}]}`, `{"a":[{"wildcard":"a\\"}]}`,
		`{"$or":{"a":[1]}}`, `{"$or":[]}`, `{"$or":[{"a":[1]}]}`, `{"$or":[1,2]}`, `{"$or":[{"prefix":["x"]},{"b":[1]}]}`, `{"$or":[{},{"b":[1]}]}`,
		`{"a": tru}`, `{"a": [1 2]}`, "{\"a\":[\"\x01\"]}", `{"a"}`, `{"a":1}}`,
	} {
		var want *Error
		if p, err := Parse(text); !errors.As(err, &want) {
			t.Errorf("%s: %v, %v: want an Error", text, p, err)
		}
	}
}

func TestCombinationsOfOrAreBounded(t *testing.T) {
	or := func(i string) string { return `"` + i + `":{"$or":[{"x":[1]},{"y":[1]}]}` }
	nine := []string{or("a"), or("b"), or("c"), or("d"), or("e"), or("f"), or("g"), or("h"), or("i")}
	if _, err := Parse("{" + strings.Join(nine, ",") + "}"); err != nil { // 512
		t.Error(err)
	}
	if _, err := Parse("{" + strings.Join(append(nine, or("j")), ",") + "}"); err == nil { // 1,024
		t.Error("1,024 combinations are accepted")
	}
}

func TestParseEventRefusesWhatIsNoObject(t *testing.T) {
	for _, text := range []string{``, `[]`, `"x"`, `1`, `null`, `{`, `{} {}`} {
		if _, err := ParseEvent([]byte(text)); err == nil {
			t.Errorf("%q is accepted", text)
		}
	}
}
