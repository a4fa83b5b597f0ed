package filterpattern

import (
	"strings"
	"testing"
)

// The examples of the page "Filter pattern syntax for metric filters, subscription
// filters, filter log events, and Live Tail" of the CloudWatch Logs user guide.

const (
	e400 = "[ERROR 400] BAD REQUEST"
	e401 = "[ERROR 401] UNAUTHORIZED REQUEST"
	e419 = "[ERROR 419] MISSING ARGUMENTS"
	e420 = "[ERROR 420] INVALID ARGUMENTS"
	e500 = "[ERROR 500] INTERNAL SERVER ERROR"

	trail = `{"eventType": "UpdateTrail", "sourceIPAddress": "111.111.111.111", "arrayKey": ["value", "another value"],` +
		` "objectList": [{"name": "a", "id": 1}, {"name": "b", "id": 2}], "SomeObject": null, "cluster.name": "c"}`

	users = `{"user": {"id": 1, "email": "John.Stiles@example.com"}, "users": [{"id": 2, "email": "John.Doe@example.com"},` +
		` {"id": 3, "email": "Jane.Doe@example.com"}], "actions": ["GET", "PUT", "DELETE"], "coordinates": [[0, 1, 2], [4, 5, 6], [7, 8, 9]]}`

	access = `127.0.0.1 Prod frank [10/Oct/2000:13:25:15 -0700] "GET /index.html HTTP/1.0" 404 1534`

	resource = "INFO 09/25/2014 12:00:00 GET /service/resource/67 1200"
	child    = "INFO 09/25/2014 12:00:01 POST /service/resource/67/part/111 1310"
	warning  = "WARNING 09/25/2014 12:00:02 Invalid user request"
	failure  = "ERROR 09/25/2014 12:00:02 Failed to process request"
)

func TestExamplesOfTheGuide(t *testing.T) {
	for _, c := range []struct {
		pattern string
		yes, no []string
	}{
		{"ERROR", []string{e400, e401, e419, e420}, []string{"[error 400] bad request"}},
		{"ERROR ARGUMENTS", []string{e419, e420}, []string{e400, e401}},
		{"?ERROR ?ARGUMENTS", []string{e400, e401, e419, e420, "ARGUMENTS"}, []string{"REQUEST"}},
		{"?ERROR ?ARGUMENTS REQUEST", []string{"[INFO] REQUEST FAILED", "[WARN] UNAUTHORIZED REQUEST", "[ERROR] 400 BAD REQUEST"}, []string{e419}},
		{`"INTERNAL SERVER ERROR"`, []string{e500}, []string{e400, "INTERNAL ERROR SERVER"}},
		{"ERROR -ARGUMENTS", []string{e400, e401}, []string{e419, e420}},
		{`" "`, []string{e400, "word"}, nil},
		{"", []string{e400, "x"}, nil},
		{"%AUTHORIZED%", []string{e401, "[SUCCESS 200] AUTHORIZED REQUEST"}, []string{e400}},

		{`{ $.eventType = "UpdateTrail" }`, []string{trail}, []string{users, "UpdateTrail"}},
		{`{ $.sourceIPAddress != 123.123.* }`, []string{trail}, []string{`{"sourceIPAddress":"123.123.0.1"}`}},
		{`{ $.arrayKey[0] = "value" }`, []string{trail}, []string{users}},
		{`{ $.objectList[1].id = 2 }`, []string{trail}, []string{users}},
		{`{ $.eventType = %Trail% }`, []string{trail}, nil},
		{`{ $.arrayKey[*] = %val.{2}% }`, []string{trail}, []string{`{"arrayKey":["v"]}`}},
		{`{ $.* = %111\.111\.111\.1[0-9]{1,2}% }`, []string{trail}, []string{users}},
		{`{ $.['cluster.name'] = "c" }`, []string{trail}, []string{`{"cluster":{"name":"c"}}`}},
		{`{ $.SomeObject IS NULL }`, []string{trail}, []string{users, `{"SomeObject":0}`}},
		{`{ $.SomeOtherObject NOT EXISTS }`, []string{trail}, []string{`{"SomeOtherObject":null}`}},
		{`{ ($.user.id = 1) && ($.users[0].email = "John.Doe@example.com") }`, []string{users}, nil},
		{`{ $.user.email = "John.Stiles@example.com" || $.coordinates[0][1] = "nonmatch" && $.actions[2] = "nonmatch" }`, []string{users}, nil},
		{`{ ($.user.email = "John.Stiles@example.com" || $.coordinates[0][1] = "nonmatch") && $.actions[2] = "nonmatch" }`, nil, []string{users}},
		{`{ ($.user.id = 2 && $.users[0].email = "nonmatch") || $.actions[2] = "GET" }`, nil, []string{users}},

		{`{ $.bandwidth > 75 }`, []string{`{"bandwidth":75.5}`}, []string{`{"bandwidth":75}`}},
		{`{ $.latency < 50 }`, []string{`{"latency":49}`}, []string{`{"latency":50}`}},
		{`{ $.refreshRate >= 60 }`, []string{`{"refreshRate":60}`}, []string{`{"refreshRate":59}`}},
		{`{ $.responseTime <= 5 }`, []string{`{"responseTime":5}`}, []string{`{"responseTime":6}`}},
		{`{ $.errorCode = 400}`, []string{`{"errorCode":400}`, `{"errorCode":"400"}`}, []string{`{"errorCode":401}`}},
		{`{ $.errorCode != 500 }`, []string{`{"errorCode":400}`}, []string{`{"errorCode":500}`}},
		{`{ $.number[0] = 1e+3 }`, []string{`{"number":[1000]}`, `{"number":[1E3]}`}, []string{`{"number":[999]}`}},
		{`{ $.number[0] != 1e-3 }`, []string{`{"number":[1]}`}, []string{`{"number":[0.001]}`}},

		{`[ip=%127\.0\.0\.[1-9]%, user, username, timestamp, request =*.html*, status_code = 4*, bytes]`, []string{access}, []string{resource}},
		{`[ip, user, username, timestamp, request =*.html*, status_code = 4*, bytes]`, []string{access}, nil},
		{`[..., request =*.html*, status_code = 4*, bytes]`, []string{access}, []string{resource}},
		{`[ip, user, username, timestamp, request =*.html*, status_code = 404 || status_code = 410, bytes]`, []string{access}, nil},
		{`[ip, server, username, timestamp, request, status_code, bytes > 1000]`, []string{access}, []string{strings.Replace(access, "1534", "34", 1)}},
		{`[w1=ERROR, w2]`, []string{failure}, []string{resource, warning}},
		{`[w1=ERROR || w1=WARNING, w2]`, []string{failure, warning}, []string{resource}},
		{`[w1=ERROR || W1=WARNING, w2]`, []string{failure, warning}, []string{resource}},
		{`[w1!=ERROR && w1!=WARNING, w2]`, []string{resource, child}, []string{failure, warning}},
		{`[logLevel, date, time, method, url=%/service/resource/[0-9]+$%, response_time]`, []string{resource}, []string{child, warning}},
		{`[logLevel, date, time, method, url=%/service/resource/[0-9]+/part/[0-9]+$%, response_time]`, []string{child}, []string{resource, warning}},

		// From "Creating CloudWatch alarms for CloudTrail events" (CloudTrail guide)
		// and "Example: Extract fields from an Apache log" and the VPC flow log one.
		{
			`{ $.userIdentity.type = "Root" && $.userIdentity.invokedBy NOT EXISTS && $.eventType != "AwsServiceEvent" }`,
			[]string{`{"userIdentity":{"type":"Root"},"eventType":"AwsApiCall"}`},
			[]string{`{"userIdentity":{"type":"Root","invokedBy":"x"},"eventType":"AwsApiCall"}`, `{"userIdentity":{"type":"Root"},"eventType":"AwsServiceEvent"}`},
		},
		{
			`{($.errorCode = "*UnauthorizedOperation") || ($.errorCode = "AccessDenied*")}`,
			[]string{`{"errorCode":"Client.UnauthorizedOperation"}`, `{"errorCode":"AccessDeniedException"}`},
			[]string{`{"errorCode":"NotFound"}`, `{}`},
		},
		{
			`{ ($.eventName = "ConsoleLogin") && ($.additionalEventData.MFAUsed != "Yes") }`,
			[]string{`{"eventName":"ConsoleLogin","additionalEventData":{"MFAUsed":"No"}}`},
			[]string{`{"eventName":"ConsoleLogin","additionalEventData":{"MFAUsed":"Yes"}}`, `{"eventName":"ConsoleLogin"}`},
		},
		{
			`[version, account, eni, source, destination, srcport, destport="22", protocol="6", packets, bytes, windowstart, windowend, action="REJECT", flowlogstatus]`,
			[]string{"2 123456789010 eni-abc123de 172.31.16.139 172.31.16.21 20641 22 6 20 4249 1418530010 1418530070 REJECT OK"},
			[]string{"2 123456789010 eni-abc123de 172.31.16.139 172.31.16.21 20641 22 6 20 4249 1418530010 1418530070 ACCEPT OK"},
		},
		{`[IP, UserInfo, User, Timestamp, RequestInfo, StatusCode=404, Bytes]`, []string{access}, nil},
	} {
		t.Run(c.pattern, func(t *testing.T) {
			p, err := Parse(c.pattern)
			if err != nil {
				t.Fatalf("refused: %v", err)
			}
			for _, message := range c.yes {
				if !p.Match(message) {
					t.Errorf("does not match %q", message)
				}
			}
			for _, message := range c.no {
				if p.Match(message) {
					t.Errorf("matches %q", message)
				}
			}
		})
	}
}

// The guide's list of regular expression operators.
func TestRegularExpressionsOfTheGuide(t *testing.T) {
	for _, c := range []struct {
		regex   string
		yes, no []string
	}{
		{`^[hc]at`, []string{"hat", "cat"}, []string{"a hat"}},
		{`[hc]at$`, []string{"hat", "a cat"}, []string{"hats"}},
		{`colou?r`, []string{"color", "colour"}, []string{"colr"}},
		{`[abcx-z]`, []string{"a", "y"}, []string{"d"}},
		{`^a{3,5}$`, []string{"aaa", "aaaaa"}, []string{"aa", "aaaaaa"}},
		{`^a{,2}$`, []string{"", "aa"}, []string{"aaa"}},
		{`^a{2,}$`, []string{"aa", "aaaa"}, []string{"a"}},
		{`^starting|^initializing|^shutting down`, []string{"starting up", "initializing", "shutting down"}, []string{"skipping initializing"}},
		{`abcc|ab[^c]$`, []string{"abcc", "aba"}, []string{"aac"}},
		{`\[.\]`, []string{"[a]", "[7]", "[]]", "[ ]"}, []string{"[ab]"}},
		{`10\.10\.0\.1`, []string{"10.10.0.1"}, []string{"10010,051"}},
		{`10.10.0.1`, []string{"10.10.0.1", "10010,051"}, nil},
		{`ab*c`, []string{"ac", "abbbc"}, []string{"bc"}},
		{`^ab[0-9]*$`, []string{"ab", "ab129"}, []string{"abx"}},
		{`ab+c`, []string{"abc", "abbc"}, []string{"ac"}},
		{`.at`, []string{"hat", "4at", "#at", " at"}, []string{"at"}},
		{`^\d\D$`, []string{"1a"}, []string{"11", "aa"}},
		{`^\s\S$`, []string{" a", "\ta"}, []string{"aa"}},
		{`^\w\W$`, []string{"_-"}, []string{"--"}},
		{`^\x3A\x28$`, []string{":("}, []string{"()"}},
	} {
		t.Run(c.regex, func(t *testing.T) {
			p, err := Parse("%" + c.regex + "%")
			if err != nil {
				t.Fatalf("refused: %v", err)
			}
			for _, message := range c.yes {
				if !p.Match(message) {
					t.Errorf("does not match %q", message)
				}
			}
			for _, message := range c.no {
				if p.Match(message) {
					t.Errorf("matches %q", message)
				}
			}
		})
	}
}
