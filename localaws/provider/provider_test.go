package provider

import (
	"context"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/structpb"
)

// engine speaks to a provider as Pulumi's engine does.
type engine struct {
	t *testing.T
	pulumirpc.ResourceProviderClient
}

func serve(t *testing.T, o Options) *engine {
	t.Helper()
	if o.Region == "" {
		o.Region = "us-east-1"
	}
	s, err := Serve(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return dial(t, s)
}

func dial(t *testing.T, s *Server) *engine {
	t.Helper()
	conn, err := grpc.NewClient("127.0.0.1:"+itoa(s.Port()), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return &engine{t, pulumirpc.NewResourceProviderClient(conn)}
}

func (e *engine) configure(settings map[string]any) *engine {
	e.t.Helper()
	if _, err := e.Configure(e.t.Context(), &pulumirpc.ConfigureRequest{Args: e.pack(settings)}); err != nil {
		e.t.Fatal(err)
	}
	return e
}

func (e *engine) pack(m map[string]any) *structpb.Struct {
	return e.packMap(resource.NewPropertyMapFromMap(m))
}

func (e *engine) packMap(m resource.PropertyMap) *structpb.Struct {
	e.t.Helper()
	s, err := plugin.MarshalProperties(m, plugin.MarshalOptions{KeepUnknowns: true, KeepSecrets: true})
	if err != nil {
		e.t.Fatal(err)
	}
	return s
}

func (e *engine) unpack(s *structpb.Struct) resource.PropertyMap {
	e.t.Helper()
	m, err := plugin.UnmarshalProperties(s, plugin.MarshalOptions{KeepUnknowns: true, KeepSecrets: true})
	if err != nil {
		e.t.Fatal(err)
	}
	return m
}

func urnOf(token, name string) string { return "urn:pulumi:dev::test::" + token + "::" + name }

func (e *engine) check(token, name string, news map[string]any) resource.PropertyMap {
	e.t.Helper()
	r, err := e.Check(e.t.Context(), &pulumirpc.CheckRequest{Urn: urnOf(token, name), News: e.pack(news), RandomSeed: []byte("seed")})
	if err != nil {
		e.t.Fatal(err)
	}
	if len(r.Failures) > 0 {
		e.t.Fatalf("check failed: %v", r.Failures)
	}
	return e.unpack(r.Inputs)
}

const (
	bucketToken   = "aws:s3/bucketV2:BucketV2"
	logGroupToken = "aws:cloudwatch/logGroup:LogGroup"
	roleToken     = "aws:iam/role:Role"
	streamToken   = "aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream"
)

func TestCheckFillsDefaultsNamesAndTags(t *testing.T) {
	e := serve(t, Options{}).configure(map[string]any{
		"region": "us-east-1", "defaultTags": map[string]any{"tags": map[string]any{"project": "p", "stage": "default"}},
	})
	in := e.check(bucketToken, "Lake", map[string]any{"tags": map[string]any{"stage": "own"}})
	name := in["bucket"].StringValue()
	if !strings.HasPrefix(name, "lake-") || len(name) != len("lake-")+7 {
		t.Errorf("the name of a bucket is lower case with seven hexadecimal digits, is %q", name)
	}
	if in["forceDestroy"].BoolValue() {
		t.Error("forceDestroy defaults to false")
	}
	want := map[string]any{"project": "p", "stage": "own"}
	if d := cmp.Diff(want, in["tagsAll"].Mappable()); d != "" {
		t.Error("a resource's own tag wins over the default:", d)
	}
	if d := cmp.Diff([]any{"bucket", "forceDestroy"}, in[defaultsKey].Mappable()); d != "" {
		t.Error(d)
	}
	if again := e.check(bucketToken, "Lake", map[string]any{}); again["bucket"].StringValue() != name {
		t.Error("the engine's seed decides the name")
	}
}

func TestCheckKeepsTheNameThatWasMadeBefore(t *testing.T) {
	e := serve(t, Options{}).configure(nil)
	olds := e.check(logGroupToken, "g", nil)
	r, err := e.Check(t.Context(), &pulumirpc.CheckRequest{
		Urn: urnOf(logGroupToken, "g"), Olds: e.packMap(olds), News: e.pack(nil), RandomSeed: []byte("another"),
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := e.unpack(r.Inputs)["name"]; !got.DeepEquals(olds["name"]) {
		t.Errorf("the name changed from %v to %v", olds["name"], got)
	}
}

func TestCheckHonoursTheEnginesNaming(t *testing.T) {
	e := serve(t, Options{}).configure(nil)
	for _, test := range []struct {
		mode     pulumirpc.CheckRequest_AutonamingOptions_Mode
		proposed string
		want     string
		failure  bool
	}{
		{pulumirpc.CheckRequest_AutonamingOptions_PROPOSE, "Proposed", "Proposed", false},
		{pulumirpc.CheckRequest_AutonamingOptions_ENFORCE, "Enforced", "Enforced", false},
		{pulumirpc.CheckRequest_AutonamingOptions_DISABLE, "", "", true},
	} {
		r, err := e.Check(t.Context(), &pulumirpc.CheckRequest{
			Urn: urnOf(logGroupToken, "g"), News: e.pack(nil),
			Autonaming: &pulumirpc.CheckRequest_AutonamingOptions{Mode: test.mode, ProposedName: test.proposed},
		})
		if err != nil {
			t.Fatal(err)
		}
		if (len(r.Failures) > 0) != test.failure {
			t.Errorf("%s: failures %v", test.mode, r.Failures)
		}
		if in := e.unpack(r.Inputs); !test.failure && in["name"].StringValue() != test.want {
			t.Errorf("%s: name %v", test.mode, in["name"])
		}
	}
}

func TestCheckNamesWhatIsMissingOrOfTheWrongType(t *testing.T) {
	e := serve(t, Options{}).configure(nil)
	for _, test := range []struct {
		rule, token string
		in          map[string]any
		property    string
	}{
		{"a required property", "aws:cloudwatch/logSubscriptionFilter:LogSubscriptionFilter", map[string]any{"logGroup": "g", "filterPattern": ""}, "destinationArn"},
		{"a type", logGroupToken, map[string]any{"retentionInDays": "a week"}, "retentionInDays"},
		{"an integer", logGroupToken, map[string]any{"retentionInDays": 1.5}, "retentionInDays"},
		{"a nested type", streamToken, map[string]any{"destination": "extended_s3", "extendedS3Configuration": map[string]any{"bucketArn": "b", "roleArn": "r", "bufferingSize": true}}, "extendedS3Configuration.bufferingSize"},
		{"another destination", streamToken, map[string]any{"destination": "splunk"}, "destination"},
	} {
		r, err := e.Check(t.Context(), &pulumirpc.CheckRequest{Urn: urnOf(test.token, "x"), News: e.pack(test.in)})
		if err != nil {
			t.Fatal(err)
		}
		found := false
		for _, f := range r.Failures {
			found = found || f.Property == test.property
		}
		if !found {
			t.Errorf("%s: no failure of %s in %v", test.rule, test.property, r.Failures)
		}
	}
}

// Policies judge inputs between Check and everything else: what this provider
// does not do has to get past Check, and no further.
func TestWhatIsNotHandledIsRefusedByNameAfterThePoliciesWereAsked(t *testing.T) {
	e := serve(t, Options{}).configure(nil)
	stream := map[string]any{
		"destination": "extended_s3",
		"extendedS3Configuration": map[string]any{
			"bucketArn": "b", "roleArn": "r", "dataFormatConversionConfiguration": map[string]any{"enabled": true},
		},
	}
	for _, test := range []struct {
		token string
		in    map[string]any
		names string
	}{
		{"aws:glue/crawler:Crawler", map[string]any{"role": "r"}, "aws:glue/crawler:Crawler"},
		{streamToken, stream, "extendedS3Configuration.dataFormatConversionConfiguration"},
		{bucketToken, map[string]any{"acl": "public-read"}, "acl"},
		{logGroupToken, map[string]any{"arn": "arn:aws:logs:…"}, "arn"},
	} {
		in := e.check(test.token, "x", test.in)
		for k := range test.in {
			if _, ok := in[resource.PropertyKey(k)]; !ok {
				t.Errorf("%s: a policy cannot see %s", test.token, k)
			}
		}
		_, create := e.Create(t.Context(), &pulumirpc.CreateRequest{Urn: urnOf(test.token, "x"), Properties: e.packMap(in), Preview: true})
		_, update := e.Update(t.Context(), &pulumirpc.UpdateRequest{Urn: urnOf(test.token, "x"), Olds: e.pack(nil), News: e.packMap(in), Preview: true})
		_, diff := e.Diff(t.Context(), &pulumirpc.DiffRequest{Urn: urnOf(test.token, "x"), Olds: e.pack(nil), News: e.packMap(in)})
		for verb, err := range map[string]error{"create": create, "update": update, "diff": diff} {
			if status.Code(err) != codes.Unimplemented || !strings.Contains(err.Error(), test.names) {
				t.Errorf("%s of %s: %v", verb, test.token, err)
			}
		}
	}
}

func TestPreviewKnowsTheInputsAndNotWhatAWSMakes(t *testing.T) {
	e := serve(t, Options{}).configure(nil)
	in := e.check(roleToken, "r", map[string]any{"assumeRolePolicy": "{}"})
	r, err := e.Create(t.Context(), &pulumirpc.CreateRequest{Urn: urnOf(roleToken, "r"), Properties: e.packMap(in), Preview: true})
	if err != nil {
		t.Fatal(err)
	}
	out := e.unpack(r.Properties)
	for _, k := range []resource.PropertyKey{"arn", "uniqueId", "createDate", "managedPolicyArns"} {
		if !out[k].IsComputed() {
			t.Errorf("%s is %v", k, out[k])
		}
	}
	if out["name"].StringValue() != in["name"].StringValue() || out["maxSessionDuration"].NumberValue() != 3600 {
		t.Errorf("inputs are known: %v", out)
	}
	if r.Id != "" {
		t.Errorf("a preview makes no id, made %q", r.Id)
	}
}

func TestPreviewOfAnUpdateKeepsWhatItLeavesAlone(t *testing.T) {
	e := serve(t, Options{}).configure(nil)
	const token = "aws:lambda/function:Function"
	olds := map[string]any{"name": "f", "role": "r", "arn": "arn:f", "lastModified": "then", "version": "$LATEST", "memorySize": 128}
	news := map[string]any{"name": "f", "role": "r", "memorySize": 256, "s3Bucket": "b", "s3Key": "k"}
	r, err := e.Update(t.Context(), &pulumirpc.UpdateRequest{Id: "f", Urn: urnOf(token, "f"), Olds: e.pack(olds), News: e.pack(news), Preview: true})
	if err != nil {
		t.Fatal(err)
	}
	out := e.unpack(r.Properties)
	if out["arn"].V != "arn:f" || out["memorySize"].NumberValue() != 256 {
		t.Errorf("known: %v", out)
	}
	if !out["lastModified"].IsComputed() {
		t.Errorf("lastModified is %v", out["lastModified"])
	}
}

func TestUnknownInputsTravelThroughCheckDiffAndPreview(t *testing.T) {
	e := serve(t, Options{}).configure(nil)
	unknown := resource.MakeComputed(resource.NewStringProperty(""))
	const token = "aws:cloudwatch/logSubscriptionFilter:LogSubscriptionFilter"
	news := resource.PropertyMap{
		"destinationArn": unknown, "logGroup": resource.NewStringProperty("g"), "filterPattern": resource.NewStringProperty(""),
		"name": resource.NewStringProperty("n"),
	}
	r, err := e.Check(t.Context(), &pulumirpc.CheckRequest{Urn: urnOf(token, "x"), News: e.packMap(news)})
	if err != nil || len(r.Failures) > 0 {
		t.Fatal(err, r.GetFailures())
	}
	in := e.unpack(r.Inputs)
	if !in["destinationArn"].IsComputed() {
		t.Errorf("checked to %v", in["destinationArn"])
	}
	d, err := e.Diff(t.Context(), &pulumirpc.DiffRequest{
		Urn: urnOf(token, "x"), News: r.Inputs,
		Olds: e.pack(map[string]any{"destinationArn": "a", "logGroup": "g", "name": "n", "filterPattern": "", "distribution": "ByLogStream"}),
	})
	if err != nil {
		t.Fatal(err)
	}
	if d.Changes != pulumirpc.DiffResponse_DIFF_SOME || len(d.Diffs) != 1 || d.Diffs[0] != "destinationArn" || len(d.Replaces) > 0 {
		t.Errorf("an unknown value may be another one: %v", d)
	}
}

func TestSecretsStaySecret(t *testing.T) {
	e := serve(t, Options{}).configure(nil)
	news := resource.PropertyMap{"tags": resource.NewObjectProperty(resource.PropertyMap{
		"token": resource.MakeSecret(resource.NewStringProperty("s3cret")),
	})}
	r, err := e.Check(t.Context(), &pulumirpc.CheckRequest{Urn: urnOf(bucketToken, "b"), News: e.packMap(news)})
	if err != nil {
		t.Fatal(err)
	}
	c, err := e.Create(t.Context(), &pulumirpc.CreateRequest{Urn: urnOf(bucketToken, "b"), Properties: r.Inputs, Preview: true})
	if err != nil {
		t.Fatal(err)
	}
	for when, m := range map[string]resource.PropertyMap{"check": e.unpack(r.Inputs), "preview": e.unpack(c.Properties)} {
		for _, k := range []resource.PropertyKey{"tags", "tagsAll"} {
			if !m[k].ContainsSecrets() {
				t.Errorf("%s: %s is %v", when, k, m[k])
			}
		}
	}
}

func TestSettingsThatAreNotKnownAreRefused(t *testing.T) {
	for _, test := range []struct {
		rule    string
		in      map[string]any
		refused string
	}{
		{"an unknown setting", map[string]any{"assumeRole": map[string]any{"roleArn": "r"}}, "assumeRole"},
		{"a setting that is off is none", map[string]any{"insecure": false}, ""},
		{"what the SDK sets of itself", map[string]any{"region": "eu-west-1", "skipRegionValidation": true, "skipCredentialsValidation": false, "version": "6.83.2"}, ""},
		{"a list as the default provider gets it", map[string]any{"endpoints": `[{"s3":"http://127.0.0.1:1"}]`}, ""},
		{"a service that is not used", map[string]any{"endpoints": []any{map[string]any{"ec2": "http://x"}}}, "ec2"},
	} {
		e := serve(t, Options{})
		_, err := e.Configure(t.Context(), &pulumirpc.ConfigureRequest{Args: e.pack(test.in)})
		if test.refused == "" && err != nil {
			t.Errorf("%s: %v", test.rule, err)
		}
		if test.refused != "" && (err == nil || !strings.Contains(err.Error(), test.refused)) {
			t.Errorf("%s: %v", test.rule, err)
		}
	}
}

func TestEveryConnectionHasItsOwnConfiguration(t *testing.T) {
	s, err := Serve(t.Context(), Options{Region: "us-east-1"})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}()
	west := dial(t, s).configure(map[string]any{"region": "eu-west-1"})
	east := dial(t, s).configure(map[string]any{"region": "us-east-2"})
	for e, want := range map[*engine]string{west: "eu-west-1", east: "us-east-2"} {
		r, err := e.Invoke(context.Background(), &pulumirpc.InvokeRequest{Tok: "aws:index/getRegion:getRegion", Args: e.pack(nil)})
		if err != nil {
			t.Fatal(err)
		}
		if got := e.unpack(r.Return)["name"].StringValue(); got != want {
			t.Errorf("region %s, want %s", got, want)
		}
	}
}

func itoa(n int) string { return formatFloat(float64(n)) }
