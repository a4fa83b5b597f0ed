package logs_test

import (
	"context"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
)

func (w *world) metricFilter(pattern string, t types.MetricTransformation) error {
	_, err := w.client.PutMetricFilter(context.Background(), &cloudwatchlogs.PutMetricFilterInput{
		LogGroupName: aws.String("g"), FilterName: aws.String("f"), FilterPattern: aws.String(pattern),
		MetricTransformations: []types.MetricTransformation{t},
	})
	return err
}

func transformation(value string) types.MetricTransformation {
	return types.MetricTransformation{MetricName: aws.String("M"), MetricNamespace: aws.String("NS"), MetricValue: aws.String(value)}
}

func TestAMetricFilterPublishesItsValue(t *testing.T) {
	w := newWorld(t)
	w.group(t, "g", "s")
	if err := w.metricFilter("{ $.latency = * }", transformation("$.latency")); err != nil {
		t.Fatal(err)
	}
	w.put(t, "g", "s", at(0, `{"latency":50,"requestType":"GET"}`), at(0, `{"other":1}`), at(0, `{"latency":"x"}`), at(0, `{"latency":2.5}`))
	if got := w.Metrics.Of("NS", "M", ""); !slices.Equal(got, []float64{50, 2.5}) {
		t.Errorf("published %v, want 50 and 2.5", got)
	}
	if err := w.metricFilter("GET", transformation("1")); err != nil {
		t.Fatal(err)
	}
	w.put(t, "g", "s", at(0, "GET /"), at(0, "POST /"))
	if got := w.Metrics.Of("NS", "M", ""); !slices.Equal(got, []float64{50, 2.5, 1}) {
		t.Errorf("the replaced filter published %v", got)
	}
}

func TestDimensionsComeFromTheEvent(t *testing.T) {
	w := newWorld(t)
	w.group(t, "g", "s")
	tr := transformation("$bytes")
	tr.Dimensions = map[string]string{"server": "$server", "ip": "$ip"}
	if err := w.metricFilter("[ip, server, username, timestamp, request, status_code, bytes > 1000]", tr); err != nil {
		t.Fatal(err)
	}
	w.put(t, "g", "s", at(0, `127.0.0.1 Prod frank [10/Oct/2000:13:25:15 -0700] "GET /index.html HTTP/1.0" 404 1534`))
	if got := w.Metrics.Of("NS", "M", "ip=127.0.0.1,server=Prod"); !slices.Equal(got, []float64{1534}) {
		t.Errorf("published %v", got)
	}
}

// "If your metric filter doesn't find matches in either records during the second
// minute, the default value for that minute is 0" (user guide).
func TestTheDefaultValueIsPublishedForAMinuteWithoutMatches(t *testing.T) {
	w := newWorld(t)
	w.group(t, "g", "s")
	tr := transformation("1")
	tr.DefaultValue = aws.Float64(0)
	if err := w.metricFilter("ERROR", tr); err != nil {
		t.Fatal(err)
	}
	w.put(t, "g", "s", at(0, "fine"), at(0, "ERROR"))
	w.put(t, "g", "s", at(0, "ERROR"))
	w.Advance(t, time.Minute)
	if got := w.Metrics.Of("NS", "M", ""); !slices.Equal(got, []float64{1, 1}) {
		t.Errorf("first minute: %v", got)
	}
	w.put(t, "g", "s", at(0, "fine"))
	w.put(t, "g", "s", at(0, "fine"))
	w.Advance(t, time.Minute)
	if got := w.Metrics.Of("NS", "M", ""); !slices.Equal(got, []float64{1, 1, 0}) {
		t.Errorf("second minute: %v", got)
	}
	w.put(t, "g", "s", at(0, "fine"))
	w.put(t, "g", "s", at(0, "ERROR"))
	w.Advance(t, 10*time.Minute) // nothing comes in: nothing is published
	if got := w.Metrics.Of("NS", "M", ""); !slices.Equal(got, []float64{1, 1, 0, 1}) {
		t.Errorf("third minute: %v", got)
	}
}

func TestPutMetricFilterRefuses(t *testing.T) {
	w := newWorld(t)
	w.group(t, "g", "s")
	type tr = types.MetricTransformation
	for name, c := range map[string]struct {
		pattern string
		change  func(*tr)
		message string
	}{
		"a malformed pattern":             {"{ $.a }", func(*tr) {}, "Invalid metric filter pattern"},
		"AWS's namespaces":                {"x", func(t *tr) { t.MetricNamespace = aws.String("AWS/Lambda") }, "Metric namespaces starting with AWS/ are reserved for AWS."},
		"dimensions of a term":            {"x", func(t *tr) { t.Dimensions = map[string]string{"a": "$.a"} }, "The specified filter pattern does not support dimensions"},
		"dimensions and a default":        {"{ $.a = 1 }", func(t *tr) { t.Dimensions, t.DefaultValue = map[string]string{"a": "$.a"}, aws.Float64(0) }, "dimensions and default value are mutually exclusive properties"},
		"a dimension that is no selector": {"{ $.a = 1 }", func(t *tr) { t.Dimensions = map[string]string{"a": "b"} }, "dimension value must be valid selector"},
		"a value that is neither":         {"{ $.a = 1 }", func(t *tr) { t.MetricValue = aws.String("one") }, "Invalid metric transformation"},
		"a selector of a term":            {"x", func(t *tr) { t.MetricValue = aws.String("$.a") }, "Invalid metric transformation"},
	} {
		t.Run(name, func(t *testing.T) {
			tr := transformation("1")
			c.change(&tr)
			wantCode(t, w.metricFilter(c.pattern, tr), "InvalidParameterException", c.message)
		})
	}
}

func TestTwoTransformationsAreRefusedInTheWordsOfAWS(t *testing.T) {
	w := newWorld(t)
	w.group(t, "g", "s")
	_, err := w.client.PutMetricFilter(context.Background(), &cloudwatchlogs.PutMetricFilterInput{
		LogGroupName: aws.String("g"), FilterName: aws.String("f"), FilterPattern: aws.String(" "),
		MetricTransformations: []types.MetricTransformation{
			{MetricName: aws.String("metric1"), MetricNamespace: aws.String("namespace1"), MetricValue: aws.String("1")},
			{MetricName: aws.String("metric2"), MetricNamespace: aws.String("namespace2"), MetricValue: aws.String("1")},
		},
	})
	wantCode(t, err, "InvalidParameterException", "1 validation error detected: Value '[MetricTransformation(metricName=metric1, metricNamespace=namespace1, metricValue=1, defaultValue=null, unit=null, dimensions=null), "+
		"MetricTransformation(metricName=metric2, metricNamespace=namespace2, metricValue=1, defaultValue=null, unit=null, dimensions=null)]' at 'metricTransformations' failed to satisfy constraint: Member must have length less than or equal to 1")
}

func TestDescribeAndDeleteMetricFilters(t *testing.T) {
	w := newWorld(t)
	w.group(t, "g", "s")
	ctx := context.Background()
	if err := w.metricFilter("x", transformation("1")); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		in   cloudwatchlogs.DescribeMetricFiltersInput
		want int
	}{
		"all":            {cloudwatchlogs.DescribeMetricFiltersInput{}, 1},
		"of a group":     {cloudwatchlogs.DescribeMetricFiltersInput{LogGroupName: aws.String("g")}, 1},
		"prefix":         {cloudwatchlogs.DescribeMetricFiltersInput{FilterNamePrefix: aws.String("g")}, 0},
		"of a metric":    {cloudwatchlogs.DescribeMetricFiltersInput{MetricName: aws.String("M"), MetricNamespace: aws.String("NS")}, 1},
		"of another one": {cloudwatchlogs.DescribeMetricFiltersInput{MetricName: aws.String("N"), MetricNamespace: aws.String("NS")}, 0},
	} {
		out, err := w.client.DescribeMetricFilters(ctx, &c.in)
		if err != nil || len(out.MetricFilters) != c.want {
			t.Errorf("%s: %+v, %v", name, out, err)
		}
	}
	groups, err := w.client.DescribeLogGroups(ctx, &cloudwatchlogs.DescribeLogGroupsInput{})
	if err != nil || *groups.LogGroups[0].MetricFilterCount != 1 {
		t.Errorf("metricFilterCount: %+v, %v", groups, err)
	}
	in := &cloudwatchlogs.DeleteMetricFilterInput{LogGroupName: aws.String("g"), FilterName: aws.String("f")}
	if _, err := w.client.DeleteMetricFilter(ctx, in); err != nil {
		t.Fatal(err)
	}
	_, err = w.client.DeleteMetricFilter(ctx, in)
	wantCode(t, err, "ResourceNotFoundException", "The specified metric filter does not exist.")
}

func TestTestMetricFilterShowsWhatMatches(t *testing.T) {
	w := newWorld(t)
	out, err := w.client.TestMetricFilter(context.Background(), &cloudwatchlogs.TestMetricFilterInput{
		FilterPattern:    aws.String("[ip, identity, user_id, timestamp, request, status_code, size]"),
		LogEventMessages: []string{"nothing", `127.0.0.1 - frank [10/Oct/2000:13:25:15 -0700] "GET /apache_pb.gif HTTP/1.0" 200 1534`},
	})
	if err != nil || len(out.Matches) != 1 {
		t.Fatalf("%+v, %v", out, err)
	}
	m := out.Matches[0]
	want := map[string]string{
		"$ip": "127.0.0.1", "$identity": "-", "$user_id": "frank", "$timestamp": "10/Oct/2000:13:25:15 -0700",
		"$request": "GET /apache_pb.gif HTTP/1.0", "$status_code": "200", "$size": "1534",
	}
	if m.EventNumber != 2 || !maps.Equal(m.ExtractedValues, want) {
		t.Errorf("match %+v", m)
	}
	_, err = w.client.TestMetricFilter(context.Background(), &cloudwatchlogs.TestMetricFilterInput{FilterPattern: aws.String("{ $.a > x }"), LogEventMessages: []string{"x"}})
	wantCode(t, err, "InvalidParameterException", "Invalid character(s) in term 'x'")
}

// The example of "Specification: Embedded metric format".
func TestTheEmbeddedMetricFormatBecomesMetrics(t *testing.T) {
	w := newWorld(t)
	w.group(t, "g", "s")
	w.put(t, "g", "s",
		at(0, `{"_aws":{"Timestamp":1574109732004,"CloudWatchMetrics":[{"Namespace":"lambda-function-metrics","Dimensions":[["functionVersion"],[]],`+
			`"Metrics":[{"Name":"time","Unit":"Milliseconds","StorageResolution":60},{"Name":"sizes"}]}]},`+
			`"functionVersion":"$LATEST","time":100,"sizes":[1,2.5],"requestId":"989ffbf8"}`),
		at(0, `{"_aws":{"CloudWatchMetrics":[{"Namespace":"NS","Dimensions":[["missing"]],"Metrics":[{"Name":"n"}]}]},"n":1}`),
		at(0, `the text "_aws" alone is no metric`),
		at(0, `{"_aws":"neither"}`),
	)
	for _, dimensions := range []string{"functionVersion=$LATEST", ""} {
		if got := w.Metrics.Of("lambda-function-metrics", "time", dimensions); !slices.Equal(got, []float64{100}) {
			t.Errorf("time of %q: %v", dimensions, got)
		}
		if got := w.Metrics.Of("lambda-function-metrics", "sizes", dimensions); !slices.Equal(got, []float64{1, 2.5}) {
			t.Errorf("sizes of %q: %v", dimensions, got)
		}
	}
	if got := w.Metrics.Of("NS", "n", ""); len(got) != 0 {
		t.Errorf("a metric without its dimension was published: %v", got)
	}
	if w.Metrics.Sum("AWS/Logs", "EMFValidationErrors", "") != 1 || w.Metrics.Sum("AWS/Logs", "EMFParsingErrors", "") != 1 {
		t.Error("faulty documents are not counted")
	}
}
