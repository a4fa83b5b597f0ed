package wire

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/athena"
	"github.com/aws/aws-sdk-go-v2/service/budgets"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/firehose"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdaschemas "github.com/aws/aws-sdk-go-v2/service/lambda/schemas"
	"github.com/aws/aws-sdk-go-v2/service/resourcegroupstaggingapi"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/traits"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"
)

// everyone lets anybody do anything.
type everyone struct{}

func (everyone) Authenticate(*http.Request) (Caller, error)      { return Caller{Root: true}, nil }
func (everyone) Authorize(context.Context, Caller, Access) error { return nil }

// lambdaHTTP are the bindings of the Lambda operations that the test covers.
var lambdaHTTP = map[string]*smithy.Schema{
	"Invoke": lambdaschemas.Invoke, "CreateFunction": lambdaschemas.CreateFunction, "GetFunction": lambdaschemas.GetFunction,
	"GetFunctionConfiguration": lambdaschemas.GetFunctionConfiguration, "ListFunctions": lambdaschemas.ListFunctions,
	"DeleteFunction": lambdaschemas.DeleteFunction, "UpdateFunctionCode": lambdaschemas.UpdateFunctionCode,
	"UpdateFunctionConfiguration": lambdaschemas.UpdateFunctionConfiguration, "AddPermission": lambdaschemas.AddPermission,
	"RemovePermission": lambdaschemas.RemovePermission, "GetPolicy": lambdaschemas.GetPolicy, "ListTags": lambdaschemas.ListTags,
	"TagResource": lambdaschemas.TagResource, "UntagResource": lambdaschemas.UntagResource,
	"ListVersionsByFunction": lambdaschemas.ListVersionsByFunction, "PutFunctionConcurrency": lambdaschemas.PutFunctionConcurrency,
	"GetFunctionCodeSigningConfig": lambdaschemas.GetFunctionCodeSigningConfig, "PublishVersion": lambdaschemas.PublishVersion,
	"PutFunctionEventInvokeConfig": lambdaschemas.PutFunctionEventInvokeConfig,
}

// glueServed are the operations of Glue that localaws has. The release of Glue's
// SDK in go.mod carries no schemas (docs/decisions.md, 16), so that a member is
// called like its Go field, which does not hold for some of the other operations.
var glueServed = map[string]bool{
	"BatchCreatePartition": true, "BatchDeletePartition": true, "BatchDeleteTable": true, "BatchDeleteTableVersion": true,
	"BatchGetPartition": true, "BatchUpdatePartition": true, "CreateDatabase": true, "CreatePartition": true, "CreateTable": true,
	"DeleteDatabase": true, "DeletePartition": true, "DeleteTable": true, "DeleteTableVersion": true, "GetDatabase": true,
	"GetDatabases": true, "GetPartition": true, "GetPartitionIndexes": true, "GetPartitions": true, "GetTable": true,
	"GetTableVersion": true, "GetTableVersions": true, "GetTables": true, "GetTags": true, "TagResource": true, "UntagResource": true,
	"UpdateDatabase": true, "UpdatePartition": true, "UpdateTable": true,
}

// The oracle is the SDK: for random inputs and outputs of every operation that
// a client has (of Glue and Lambda: that localaws has), the handler must receive what the client sent, and the client
// what the handler said.
func TestEveryOperationOfTheSDKRoundTrips(t *testing.T) {
	for _, tt := range []struct {
		service Service
		client  func(aws.Config) any
		only    func(string) bool
	}{
		{Service{Name: "glue", Target: "AWSGlue"}, func(c aws.Config) any { return glue.NewFromConfig(c) }, func(op string) bool { return glueServed[op] }},
		{Service{Name: "firehose", Target: "Firehose_20150804"}, func(c aws.Config) any { return firehose.NewFromConfig(c) }, nil},
		{Service{Name: "athena", Target: "AmazonAthena"}, func(c aws.Config) any { return athena.NewFromConfig(c) }, nil},
		{Service{Name: "logs", Target: "Logs_20140328", LowerFirst: true}, func(c aws.Config) any { return cloudwatchlogs.NewFromConfig(c) }, nil},
		{Service{Name: "events", Target: "AWSEvents"}, func(c aws.Config) any { return eventbridge.NewFromConfig(c) }, nil},
		{Service{Name: "states", Target: "AWSStepFunctions", LowerFirst: true, Protocol: JSON10}, func(c aws.Config) any { return sfn.NewFromConfig(c) }, nil},
		{Service{Name: "sqs", Target: "AmazonSQS", Protocol: JSON10}, func(c aws.Config) any {
			return sqs.NewFromConfig(c, func(o *sqs.Options) { o.DisableMessageChecksumValidation = true })
		}, nil},
		{Service{Name: "monitoring", Action: "cloudwatch", Target: "GraniteServiceVersion20100801", Protocol: JSON10}, func(c aws.Config) any { return cloudwatch.NewFromConfig(c) }, nil},
		{Service{Name: "budgets", Target: "AWSBudgetServiceGateway"}, func(c aws.Config) any { return budgets.NewFromConfig(c) }, nil},
		{Service{Name: "tagging", Target: "ResourceGroupsTaggingAPI_20170126"}, func(c aws.Config) any { return resourcegroupstaggingapi.NewFromConfig(c) }, nil},
		{Service{Name: "iam", Protocol: Query, Namespace: "https://iam.amazonaws.com/doc/2010-05-08/"}, func(c aws.Config) any { return iam.NewFromConfig(c) }, nil},
		{Service{Name: "sts", Protocol: Query, Namespace: "https://sts.amazonaws.com/doc/2011-06-15/"}, func(c aws.Config) any { return sts.NewFromConfig(c) }, nil},
		{Service{Name: "lambda", Protocol: RESTJSON}, func(c aws.Config) any { return lambda.NewFromConfig(c) }, func(op string) bool { return lambdaHTTP[op] != nil }},
	} {
		t.Run(tt.service.Name, func(t *testing.T) {
			seam := newSeam(t, tt.service, tt.client, tt.only)
			rapid.Check(t, seam.check)
		})
	}
}

// eventStreams are operations whose answer is a stream of events, and one whose
// empty structure the SDK does not read.
var eventStreams = []string{"StartLiveTail", "GetLogObject", "GetSessionEndpoint"}

// seam is one service between a real client and a handler that records.
type seam struct {
	client   reflect.Value
	nested   bool // whether members of members may be nil: a form can not say "an empty structure"
	text     *rapid.Generator[string]
	ops      []string
	received any // by the handler
	answer   any // of the handler
}

func newSeam(t *testing.T, svc Service, client func(aws.Config) any, only func(string) bool) *seam {
	s := &seam{nested: svc.Protocol != Query, text: text}
	if svc.Protocol == RESTJSON { // headers lose spaces at their ends
		s.text = rapid.Map(text, func(s string) string { return "x" + s + "x" })
	}
	server := httptest.NewUnstartedServer(nil)
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) { // whatever host prefix a client adds
		return new(net.Dialer).DialContext(ctx, "tcp", server.Listener.Addr().String())
	}
	transport := &http.Transport{DialContext: dial}
	t.Cleanup(transport.CloseIdleConnections)
	s.client = reflect.ValueOf(client(aws.Config{
		Region: "us-east-1", Credentials: credentials.NewStaticCredentialsProvider("test", "test", ""),
		BaseEndpoint: aws.String("http://127.0.0.1:1"), HTTPClient: &http.Client{Transport: WholeBodies(transport)}, RetryMaxAttempts: 1,
	}))
	for i := range s.client.NumMethod() {
		method := s.client.Type().Method(i)
		if method.Type.NumIn() != 4 || method.Type.NumOut() != 2 || slices.Contains(eventStreams, method.Name) || (only != nil && !only(method.Name)) {
			continue
		}
		input, output := method.Type.In(2).Elem(), method.Type.Out(0).Elem()
		if hasNoCodec(input, nil) || hasNoCodec(output, nil) {
			continue
		}
		s.ops = append(s.ops, method.Name)
		op := Operation{
			Name:  method.Name,
			input: func() any { return reflect.New(input).Interface() },
			handle: func(_ context.Context, in any) (any, error) {
				s.received = in
				return s.answer, nil
			},
			access: func(any) []Access { return nil },
		}
		for f := range input.NumField() {
			op.supports = append(op.supports, input.Field(f).Name)
		}
		if svc.Protocol == RESTJSON {
			bind, _ := smithy.SchemaTrait[*traits.HTTP](lambdaHTTP[op.Name])
			op.Method, op.Path, op.Status = bind.Method, bind.URI, bind.Code
		}
		svc.Operations = append(svc.Operations, op)
	}
	if len(s.ops) < 5 {
		t.Fatalf("only %d operations found", len(s.ops))
	}
	server.Config.Handler = NewHandler(everyone{}, []Service{svc})
	server.Start()
	t.Cleanup(server.Close)
	return s
}

// hasNoCodec finds unions, documents and streams, which localaws refuses.
func hasNoCodec(typ reflect.Type, seen []reflect.Type) bool {
	if slices.Contains(seen, typ) || typ == timeType || typ == metadataType {
		return false
	}
	seen = append(seen, typ)
	switch typ.Kind() {
	case reflect.Interface:
		return true
	case reflect.Pointer, reflect.Slice, reflect.Map:
		return hasNoCodec(typ.Elem(), seen)
	case reflect.Struct:
		for i := range typ.NumField() {
			if f := typ.Field(i); f.IsExported() && hasNoCodec(f.Type, seen) {
				return true
			}
		}
	}
	return false
}

func (s *seam) check(t *rapid.T) {
	name := rapid.SampledFrom(s.ops).Draw(t, "operation")
	method := s.client.MethodByName(name)
	input := reflect.New(method.Type().In(1).Elem())
	output := reflect.New(method.Type().Out(0).Elem())
	s.fill(t, output.Elem(), nil, true)
	s.answer, s.received = output.Interface(), nil

	var results []reflect.Value
	for _, sparse := range []bool{true, false} { // not so sparse that the client's own validation refuses
		input.Elem().SetZero()
		s.fill(t, input.Elem(), nil, sparse)
		results = method.Call([]reflect.Value{reflect.ValueOf(context.Background()), input})
		var invalid smithy.InvalidParamsError
		if err, _ := results[1].Interface().(error); !errors.As(err, &invalid) {
			break
		}
	}
	if err, _ := results[1].Interface().(error); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	same := cmp.Options{
		cmpopts.EquateEmpty(),
		cmp.Exporter(func(reflect.Type) bool { return true }),
		cmp.FilterPath(func(p cmp.Path) bool { return strings.HasPrefix(p.Last().String(), ".ResultMetadata") }, cmp.Ignore()),
		cmp.FilterPath(func(p cmp.Path) bool { return p.Last().String() == ".TagKeys" }, cmpopts.SortSlices(strings.Compare)), // a set; clients sort it
		cmp.Comparer(func(a, b time.Time) bool { return a.Equal(b) }),
	}
	if diff := cmp.Diff(input.Interface(), s.received, same); diff != "" {
		t.Fatalf("%s: the handler received something else than the client sent (-sent +received):\n%s", name, diff)
	}
	if diff := cmp.Diff(output.Interface(), results[0].Interface(), same); diff != "" {
		t.Fatalf("%s: the client received something else than the handler said (-said +received):\n%s", name, diff)
	}
}

// text is text that every protocol can carry.
var text = rapid.StringOfN(rapid.OneOf(
	rapid.RuneFrom([]rune("aZ09 /:+%&=<>\"'\\{}[],.;é漢\U0001F600")), rapid.RuneFrom([]rune("bcdefghijklmnopqrstuvwxyz-_")),
), 1, 12, -1)

// fill sets a value of the SDK at random; sparse leaves some pointers nil, and
// a type within itself is left out.
func (s *seam) fill(t *rapid.T, v reflect.Value, above []reflect.Type, sparse bool) {
	if v.Type() == timeType {
		// Eighths of a second: some clients cut what a float can not hold.
		v.Set(reflect.ValueOf(time.UnixMilli(125 * rapid.Int64Range(0, 32e9).Draw(t, "time")).UTC()))
		return
	}
	switch v.Kind() {
	case reflect.Pointer:
		if slices.Contains(above, v.Type().Elem()) || (sparse && (s.nested || len(above) == 1) && rapid.IntRange(0, 3).Draw(t, "nil") == 0) {
			return
		}
		v.Set(reflect.New(v.Type().Elem()))
		s.fill(t, v.Elem(), above, sparse)
	case reflect.String:
		if v.Type().PkgPath() != "" { // an enum: may travel in a header
			v.SetString(rapid.StringMatching(`[A-Za-z0-9_.:-]{1,12}`).Draw(t, "enum"))
			return
		}
		v.SetString(s.text.Draw(t, "string"))
	case reflect.Bool:
		v.SetBool(rapid.Bool().Draw(t, "bool"))
	case reflect.Int32:
		v.SetInt(int64(rapid.Int32().Draw(t, "int")))
	case reflect.Int64, reflect.Int:
		v.SetInt(rapid.Int64().Draw(t, "int"))
	case reflect.Float32:
		v.SetFloat(float64(rapid.Float32().Draw(t, "float")))
	case reflect.Float64:
		v.SetFloat(rapid.Float64().Draw(t, "float"))
	case reflect.Slice:
		if v.Type() == bytesType {
			v.SetBytes(rapid.SliceOfN(rapid.Byte(), 1, 8).Draw(t, "blob"))
			return
		}
		n := rapid.IntRange(1, 2).Draw(t, "length")
		if slices.Contains(above, v.Type().Elem()) {
			return
		}
		v.Set(reflect.MakeSlice(v.Type(), n, n))
		for i := range n {
			s.fill(t, v.Index(i), above, false)
		}
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		if slices.Contains(above, v.Type().Elem()) {
			return
		}
		for range rapid.IntRange(1, 2).Draw(t, "length") {
			key, value := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
			s.fill(t, key, above, false)
			s.fill(t, value, above, false)
			v.SetMapIndex(key, value)
		}
	case reflect.Struct:
		above = append(slices.Clone(above), v.Type())
		for i := range v.NumField() {
			f := v.Type().Field(i)
			switch {
			case !f.IsExported(), f.Type == metadataType:
			case f.Name == "EndpointId": // becomes part of a host name
			case f.Name == "StatusCode" && f.Type.Kind() == reflect.Int32: // is the answer's own
				v.Field(i).SetInt(202)
			default:
				s.fill(t, v.Field(i), above, sparse)
			}
		}
	}
}
