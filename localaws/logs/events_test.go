package logs_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"

	"crawlerless/localaws/logs"
	"crawlerless/localaws/logs/cloudtest"
)

// world is a cloud with CloudWatch Logs in it.
type world struct {
	*cloudtest.Cloud
	client *cloudwatchlogs.Client
}

func newWorld(t *testing.T) *world {
	t.Helper()
	c := cloudtest.New(t)
	s := logs.New(c.Env)
	t.Cleanup(s.Close)
	c.Serve(s.Wire())
	return &world{c, cloudwatchlogs.NewFromConfig(c.Root())}
}

// group creates a log group with streams.
func (w *world) group(t *testing.T, name string, streams ...string) {
	t.Helper()
	ctx := context.Background()
	if _, err := w.client.CreateLogGroup(ctx, &cloudwatchlogs.CreateLogGroupInput{LogGroupName: aws.String(name)}); err != nil {
		t.Fatal(err)
	}
	for _, stream := range streams {
		if _, err := w.client.CreateLogStream(ctx, &cloudwatchlogs.CreateLogStreamInput{LogGroupName: aws.String(name), LogStreamName: aws.String(stream)}); err != nil {
			t.Fatal(err)
		}
	}
}

// at is an event some time after the start of the clock.
func at(d time.Duration, message string) types.InputLogEvent {
	return types.InputLogEvent{Timestamp: aws.Int64(cloudtest.Start().Add(d).UnixMilli()), Message: aws.String(message)}
}

func (w *world) put(t *testing.T, group, stream string, events ...types.InputLogEvent) *cloudwatchlogs.PutLogEventsOutput {
	t.Helper()
	out, err := w.client.PutLogEvents(context.Background(), &cloudwatchlogs.PutLogEventsInput{
		LogGroupName: aws.String(group), LogStreamName: aws.String(stream), LogEvents: events,
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// messages reads a stream from its head.
func (w *world) messages(t *testing.T, group, stream string) []string {
	t.Helper()
	out, err := w.client.GetLogEvents(context.Background(), &cloudwatchlogs.GetLogEventsInput{
		LogGroupName: aws.String(group), LogStreamName: aws.String(stream), StartFromHead: aws.Bool(true),
	})
	if err != nil {
		t.Fatal(err)
	}
	return texts(out.Events)
}

func texts(events []types.OutputLogEvent) []string {
	list := []string{}
	for _, e := range events {
		list = append(list, *e.Message)
	}
	return list
}

func wantCode(t *testing.T, err error, code, message string) {
	t.Helper()
	if cloudtest.Code(err) != code || !strings.Contains(cloudtest.Message(err), message) {
		t.Errorf("error %v, want %s: …%s…", err, code, message)
	}
}

func TestPutLogEventsRefusesWhatAWSRefuses(t *testing.T) {
	w := newWorld(t)
	w.group(t, "g", "s")
	many := make([]types.InputLogEvent, 10_001)
	for i := range many {
		many[i] = at(0, "x")
	}
	big := strings.Repeat("x", 1_048_576-26)
	for name, c := range map[string]struct {
		group, stream string
		events        []types.InputLogEvent
		code, message string
	}{
		"no such group":                  {"none", "s", []types.InputLogEvent{at(0, "x")}, "ResourceNotFoundException", "The specified log group does not exist."},
		"no such stream":                 {"g", "none", []types.InputLogEvent{at(0, "x")}, "ResourceNotFoundException", "The specified log stream does not exist."},
		"no events":                      {"g", "s", []types.InputLogEvent{}, "InvalidParameterException", "'logEvents'"},
		"more than 10,000 events":        {"g", "s", many, "InvalidParameterException", "less than or equal to 10000"},
		"an empty message":               {"g", "s", []types.InputLogEvent{at(0, "")}, "InvalidParameterException", "'logEvents.1.member.message'"},
		"an event beyond 1 MB":           {"g", "s", []types.InputLogEvent{at(0, big+"x")}, "InvalidParameterException", "Log event too large: 1048577 bytes exceeds limit of 1048576"},
		"a batch beyond 1,048,576 bytes": {"g", "s", []types.InputLogEvent{at(0, big), at(0, "x")}, "InvalidParameterException", "Upload too large: 1048603 bytes exceeds limit of 1048576"},
		"events out of order":            {"g", "s", []types.InputLogEvent{at(time.Second, "x"), at(0, "y")}, "InvalidParameterException", "must be in chronological order"},
		"a span of more than 24 hours":   {"g", "s", []types.InputLogEvent{at(-25*time.Hour, "x"), at(0, "y")}, "InvalidParameterException", "cannot span more than 24 hours"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := w.client.PutLogEvents(context.Background(), &cloudwatchlogs.PutLogEventsInput{
				LogGroupName: aws.String(c.group), LogStreamName: aws.String(c.stream), LogEvents: c.events,
			})
			wantCode(t, err, c.code, c.message)
		})
	}
	if got := w.messages(t, "g", "s"); len(got) != 0 {
		t.Errorf("refused batches left %d events", len(got))
	}
	w.put(t, "g", "s", at(0, big)) // exactly 1,048,576 bytes with its 26
	w.put(t, "g", "s", many[:10_000]...)
	w.put(t, "g", "s", at(-24*time.Hour, "x"), at(0, "y")) // exactly 24 hours
}

func TestEventsThatAreTooOldOrTooNewAreRejectedAndTheRestAccepted(t *testing.T) {
	w := newWorld(t)
	w.group(t, "g", "s")
	const day = 24 * time.Hour
	out := w.put(t, "g", "s", at(-14*day-time.Millisecond, "old"), at(-14*day, "edge"))
	if r := out.RejectedLogEventsInfo; r == nil || aws.ToInt32(r.TooOldLogEventEndIndex) != 1 || r.TooNewLogEventStartIndex != nil || r.ExpiredLogEventEndIndex != nil {
		t.Errorf("rejected %+v, want the first as too old (end index exclusive)", r)
	}
	out = w.put(t, "g", "s", at(0, "now"), at(2*time.Hour, "ahead"), at(2*time.Hour+time.Millisecond, "new"))
	if r := out.RejectedLogEventsInfo; r == nil || aws.ToInt32(r.TooNewLogEventStartIndex) != 2 || r.TooOldLogEventEndIndex != nil {
		t.Errorf("rejected %+v, want the third as too new (start index inclusive)", r)
	}
	if _, err := w.client.PutRetentionPolicy(context.Background(), &cloudwatchlogs.PutRetentionPolicyInput{LogGroupName: aws.String("g"), RetentionInDays: aws.Int32(3)}); err != nil {
		t.Fatal(err)
	}
	// The span counts valid events only.
	out = w.put(t, "g", "s", at(-4*day, "expired"), at(-time.Hour, "fresh"))
	if r := out.RejectedLogEventsInfo; r == nil || aws.ToInt32(r.ExpiredLogEventEndIndex) != 1 || r.TooOldLogEventEndIndex != nil {
		t.Errorf("rejected %+v, want the first as expired", r)
	}
	if got, want := w.messages(t, "g", "s"), []string{"fresh", "now", "ahead"}; !slices.Equal(got, want) {
		t.Errorf("kept %v, want %v", got, want)
	}
	if out = w.put(t, "g", "s", at(-20*day, "gone")); out.RejectedLogEventsInfo == nil {
		t.Error("a batch with nothing acceptable is not reported")
	}
}

func TestEventsExpireOnTheClock(t *testing.T) {
	w := newWorld(t)
	w.group(t, "g", "s")
	ctx := context.Background()
	w.put(t, "g", "s", at(0, "first"), at(time.Hour, "second"))
	if _, err := w.client.PutRetentionPolicy(ctx, &cloudwatchlogs.PutRetentionPolicyInput{LogGroupName: aws.String("g"), RetentionInDays: aws.Int32(1)}); err != nil {
		t.Fatal(err)
	}
	w.Advance(t, 24*time.Hour+time.Minute)
	if got := w.messages(t, "g", "s"); !slices.Equal(got, []string{"second"}) {
		t.Errorf("after a day: %v", got)
	}
	w.Advance(t, time.Hour)
	if got := w.messages(t, "g", "s"); len(got) != 0 {
		t.Errorf("after 25 hours: %v", got)
	}
	groups, err := w.client.DescribeLogGroups(ctx, &cloudwatchlogs.DescribeLogGroupsInput{})
	if err != nil {
		t.Fatal(err)
	}
	if g := groups.LogGroups[0]; *g.StoredBytes != 0 || *g.RetentionInDays != 1 {
		t.Errorf("group %+v, want no stored bytes and one day", g)
	}
}

func TestGetLogEventsPagesBothWays(t *testing.T) {
	w := newWorld(t)
	w.group(t, "g", "s")
	ctx := context.Background()
	var all []string
	for i := range 10 {
		all = append(all, fmt.Sprint(i))
		w.put(t, "g", "s", at(time.Duration(i/2)*time.Second, all[i])) // pairs share a timestamp
	}
	get := func(in cloudwatchlogs.GetLogEventsInput) *cloudwatchlogs.GetLogEventsOutput {
		t.Helper()
		in.LogGroupName, in.LogStreamName, in.Limit = aws.String("g"), aws.String("s"), aws.Int32(4)
		out, err := w.client.GetLogEvents(ctx, &in)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	var forward []string
	var token *string
	for range 10 {
		out := get(cloudwatchlogs.GetLogEventsInput{StartFromHead: aws.Bool(true), NextToken: token})
		forward = append(forward, texts(out.Events)...)
		if token != nil && *out.NextForwardToken == *token {
			break
		}
		token = out.NextForwardToken
	}
	if !slices.Equal(forward, all) {
		t.Errorf("forward: %v", forward)
	}
	// At the end the same token comes back; what arrives later is found with it.
	w.put(t, "g", "s", at(time.Minute, "late"))
	if out := get(cloudwatchlogs.GetLogEventsInput{NextToken: token}); !slices.Equal(texts(out.Events), []string{"late"}) {
		t.Errorf("after the end: %v", texts(out.Events))
	}
	// The default is the newest events, in order of time.
	out := get(cloudwatchlogs.GetLogEventsInput{})
	if got := texts(out.Events); !slices.Equal(got, []string{"7", "8", "9", "late"}) {
		t.Errorf("tail: %v", got)
	}
	out = get(cloudwatchlogs.GetLogEventsInput{NextToken: out.NextBackwardToken})
	if got := texts(out.Events); !slices.Equal(got, []string{"3", "4", "5", "6"}) {
		t.Errorf("back: %v", got)
	}
	// Forward again from there.
	out = get(cloudwatchlogs.GetLogEventsInput{NextToken: out.NextForwardToken})
	if got := texts(out.Events); !slices.Equal(got, []string{"7", "8", "9", "late"}) {
		t.Errorf("forward again: %v", got)
	}
	// Beyond the head there is nothing, and the way forward leads to the first event.
	out = get(cloudwatchlogs.GetLogEventsInput{StartFromHead: aws.Bool(true)})
	head := out.NextBackwardToken
	out = get(cloudwatchlogs.GetLogEventsInput{NextToken: head})
	if len(out.Events) != 0 || *out.NextBackwardToken != *head {
		t.Errorf("beyond the head: %v", texts(out.Events))
	}
	if out = get(cloudwatchlogs.GetLogEventsInput{NextToken: out.NextForwardToken}); !slices.Equal(texts(out.Events), []string{"0", "1", "2", "3"}) {
		t.Errorf("from the head again: %v", texts(out.Events))
	}
	// The end of the time range is exclusive, its start inclusive.
	out = get(cloudwatchlogs.GetLogEventsInput{
		StartFromHead: aws.Bool(true), StartTime: aws.Int64(cloudtest.Start().Add(time.Second).UnixMilli()), EndTime: aws.Int64(cloudtest.Start().Add(2 * time.Second).UnixMilli()),
	})
	if got := texts(out.Events); !slices.Equal(got, []string{"2", "3"}) {
		t.Errorf("range: %v", got)
	}
	_, err := w.client.GetLogEvents(ctx, &cloudwatchlogs.GetLogEventsInput{LogGroupName: aws.String("g"), LogStreamName: aws.String("s"), NextToken: aws.String("f/1/s")})
	wantCode(t, err, "InvalidParameterException", "The specified nextToken is invalid.")
}

func TestAnAnswerHoldsAtMostOneMebibyte(t *testing.T) {
	w := newWorld(t)
	w.group(t, "g", "s")
	large := strings.Repeat("x", 400_000)
	for i := range 4 {
		w.put(t, "g", "s", at(time.Duration(i)*time.Second, large))
	}
	ctx := context.Background()
	out, err := w.client.GetLogEvents(ctx, &cloudwatchlogs.GetLogEventsInput{LogGroupName: aws.String("g"), LogStreamName: aws.String("s"), StartFromHead: aws.Bool(true)})
	if err != nil || len(out.Events) != 2 {
		t.Errorf("GetLogEvents answers %d events of 400,000 bytes (%v), want 2", len(out.Events), err)
	}
	pages := cloudwatchlogs.NewFilterLogEventsPaginator(w.client, &cloudwatchlogs.FilterLogEventsInput{LogGroupName: aws.String("g")})
	var sizes []int
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			t.Fatal(err)
		}
		sizes = append(sizes, len(page.Events))
	}
	if !slices.Equal(sizes, []int{2, 2}) {
		t.Errorf("FilterLogEvents pages of %v events", sizes)
	}
}

func TestFilterLogEventsSearchesAllStreamsInOrderOfTime(t *testing.T) {
	w := newWorld(t)
	w.group(t, "g", "a1", "a2", "b")
	ctx := context.Background()
	w.put(t, "g", "a1", at(0, `{"n":0}`), at(3*time.Second, `{"n":3}`))
	w.put(t, "g", "a2", at(time.Second, `{"n":1}`))
	w.put(t, "g", "b", at(2*time.Second, `{"n":2}`), at(4*time.Second, "text"))
	filter := func(in cloudwatchlogs.FilterLogEventsInput) (list []string) {
		t.Helper()
		in.LogGroupIdentifier = aws.String("arn:aws:logs:us-east-1:000000000000:log-group:g")
		pages := cloudwatchlogs.NewFilterLogEventsPaginator(w.client, &in)
		for pages.HasMorePages() {
			page, err := pages.NextPage(ctx)
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range page.Events {
				if len(*e.EventId) != 56 {
					t.Errorf("event id %q", *e.EventId)
				}
				list = append(list, *e.LogStreamName+" "+*e.Message)
			}
		}
		return list
	}
	start := cloudtest.Start()
	for name, c := range map[string]struct {
		in   cloudwatchlogs.FilterLogEventsInput
		want []string
	}{
		"everything":          {cloudwatchlogs.FilterLogEventsInput{}, []string{`a1 {"n":0}`, `a2 {"n":1}`, `b {"n":2}`, `a1 {"n":3}`, "b text"}},
		"pages of one":        {cloudwatchlogs.FilterLogEventsInput{Limit: aws.Int32(1)}, []string{`a1 {"n":0}`, `a2 {"n":1}`, `b {"n":2}`, `a1 {"n":3}`, "b text"}},
		"newest first":        {cloudwatchlogs.FilterLogEventsInput{StartFromHead: aws.Bool(false), Limit: aws.Int32(2)}, []string{"b text", `a1 {"n":3}`, `b {"n":2}`, `a2 {"n":1}`, `a1 {"n":0}`}},
		"a pattern":           {cloudwatchlogs.FilterLogEventsInput{FilterPattern: aws.String("{ $.n >= 2 }")}, []string{`b {"n":2}`, `a1 {"n":3}`}},
		"a prefix of streams": {cloudwatchlogs.FilterLogEventsInput{LogStreamNamePrefix: aws.String("a")}, []string{`a1 {"n":0}`, `a2 {"n":1}`, `a1 {"n":3}`}},
		"named streams":       {cloudwatchlogs.FilterLogEventsInput{LogStreamNames: []string{"b"}}, []string{`b {"n":2}`, "b text"}},
		"a range of time, both ends inclusive": {cloudwatchlogs.FilterLogEventsInput{
			StartTime: aws.Int64(start.Add(time.Second).UnixMilli()), EndTime: aws.Int64(start.Add(2 * time.Second).UnixMilli()),
		}, []string{`a2 {"n":1}`, `b {"n":2}`}},
	} {
		t.Run(name, func(t *testing.T) {
			if got := filter(c.in); !slices.Equal(got, c.want) {
				t.Errorf("found %v, want %v", got, c.want)
			}
		})
	}
	for _, c := range []struct {
		in            cloudwatchlogs.FilterLogEventsInput
		code, message string
	}{
		{cloudwatchlogs.FilterLogEventsInput{LogStreamNames: []string{"a1"}, LogStreamNamePrefix: aws.String("a")}, "InvalidParameterException", "mutually exclusive"},
		{cloudwatchlogs.FilterLogEventsInput{LogStreamNames: []string{"none"}}, "ResourceNotFoundException", "log stream"},
		{cloudwatchlogs.FilterLogEventsInput{FilterPattern: aws.String("{ $.n }")}, "InvalidParameterException", "Invalid filter pattern"},
		{cloudwatchlogs.FilterLogEventsInput{FilterPattern: aws.String("a:b")}, "InvalidParameterException", "Invalid character(s) in term ':'"},
		{cloudwatchlogs.FilterLogEventsInput{NextToken: aws.String("x")}, "InvalidParameterException", "nextToken"},
	} {
		c.in.LogGroupName = aws.String("g")
		_, err := w.client.FilterLogEvents(ctx, &c.in)
		wantCode(t, err, c.code, c.message)
	}
}
