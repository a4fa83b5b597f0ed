package events

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
)

// The event and the templates follow the user guide's page on input
// transformation.
func TestInputOfATarget(t *testing.T) {
	const event = `{"version":"0","id":"7bf73129-1428-4cd3-a780-95db273d1602","detail-type":"EC2 Instance State-change Notification","source":"aws.ec2","account":"123456789012","time":"2015-11-11T21:29:54Z","region":"us-east-1","resources":["arn:aws:ec2:us-east-1:123456789012:instance/i-abcd1111"],"detail":{"instance-id":"i-0123456789","state":"RUNNING","big":12345678901234567890,"list":[{"n":1},{"n":2}],"quote":"say \"hi\""}}`
	paths := map[string]string{"instance": "$.detail.instance-id", "state": "$.detail.state", "all": "$.detail.list[*].n", "second": "$.detail.list[1]", "gone": "$.detail.missing", "big": "$.detail.big", "quote": "$.detail.quote"}
	transformer := func(template string) types.Target {
		return types.Target{InputTransformer: &types.InputTransformer{InputTemplate: &template, InputPathsMap: paths}}
	}
	tests := []struct {
		name   string
		target types.Target
		want   string
	}{
		{"the event as it is", types.Target{}, event},
		{"a constant", types.Target{Input: aws.String(`{"a":1}`)}, `{"a":1}`},
		{"a part", types.Target{InputPath: aws.String("$.detail.list")}, `[{"n":1},{"n":2}]`},
		{"a part in brackets", types.Target{InputPath: aws.String("$['detail']['state']")}, `"RUNNING"`},
		{"the whole", types.Target{InputPath: aws.String("$.detail.big")}, `12345678901234567890`},
		{"a sentence", transformer(`"instance <instance> is in <state>"`), `"instance i-0123456789 is in RUNNING"`},
		{"members", transformer(`{"instance": <instance>, "state": "<state>", "again": [<second>]}`), `{"instance": "i-0123456789", "state": "RUNNING", "again": [{"n":2}]}`},
		{"a number keeps its digits", transformer(`{"n": <big>}`), `{"n": 12345678901234567890}`},
		{"all elements", transformer(`{"n": <all>}`), `{"n": [1,2]}`},
		{"a text is escaped", transformer(`{"q": "<quote>", "r": <quote>}`), `{"q": "say \"hi\"", "r": "say \"hi\""}`},
		{"an object in a sentence loses its quotes", transformer(`"of <second> and <all>"`), `"of {n:2} and [1,2]"`},
		{"what is missing does not appear", transformer(`{"a": "x<gone>y", "b": <gone>}`), `{"a": "xy", "b": ""}`},
		{"several lines", transformer("\"<instance> one\"\n\"<gone> two\""), "\"i-0123456789 one\"\n\" two\""},
		{
			"the event without its detail",
			types.Target{InputTransformer: &types.InputTransformer{InputTemplate: aws.String(`<aws.events.event>`)}},
			`{"account":"123456789012","detailType":"EC2 Instance State-change Notification","id":"7bf73129-1428-4cd3-a780-95db273d1602","region":"us-east-1","resources":["arn:aws:ec2:us-east-1:123456789012:instance/i-abcd1111"],"source":"aws.ec2","time":"2015-11-11T21:29:54Z","version":"0"}`,
		},
		{
			"predefined variables", transformer(`{"rule": "<aws.events.rule-name>", "arn": <aws.events.rule-arn>, "at": <aws.events.event.ingestion-time>}`),
			`{"rule": "r", "arn": "arn:aws:events:us-east-1:000000000000:rule/r", "at": "2026-01-02T03:04:05Z"}`,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tt.target.Id = aws.String("t")
			if err := checkInput(&tt.target); err != nil {
				t.Fatal(err)
			}
			got, err := (&Service{}).input(tt.target, &rule{name: "r", arn: "arn:aws:events:us-east-1:000000000000:rule/r"}, accepted{at: start, body: []byte(event)})
			if err != nil {
				t.Fatal(err)
			}
			if string(got) != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
}

// Templates whose result is no JSON are accepted, and then nothing is delivered.
func TestTransformedInputMustBeJSON(t *testing.T) {
	for _, template := range []string{`<list> single list item`, `{"items": "<list>"}`, `plain text`} {
		w := newWorld(t)
		w.rule("r", "a", withDLQ(types.Target{Arn: aws.String(queue), InputTransformer: &types.InputTransformer{InputTemplate: &template, InputPathsMap: map[string]string{"list": "$.detail.list"}}}))
		w.put("a", `{"list":["HIGH"]}`)
		calls := w.targets.take()
		if len(calls) != 1 {
			t.Fatalf("%s: %d calls", template, len(calls))
		}
		if got := attributes(t, calls[0])["ERROR_CODE"]; got != "INVALID_JSON" {
			t.Errorf("%s: error code %s", template, got)
		}
	}
}

func TestAnInputPathThatLeadsNowhereIsAFailure(t *testing.T) {
	w := newWorld(t)
	w.rule("r", "a", withDLQ(types.Target{Arn: aws.String(queue), InputPath: aws.String("$.detail.missing")}))
	w.put("a", `{}`)
	calls := w.targets.take()
	if len(calls) != 1 {
		t.Fatalf("%d calls", len(calls))
	}
	if got := attributes(t, calls[0])["ERROR_CODE"]; got != "INVALID_JSON" {
		t.Errorf("error code %s", got)
	}
}
