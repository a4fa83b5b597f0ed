package wire_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cwtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	gluetypes "github.com/aws/aws-sdk-go-v2/service/glue/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"
	"github.com/google/go-cmp/cmp"

	"crawlerless/localaws/wire"
)

// judge authenticates everybody as root and refuses what its function says.
type judge struct{ authorize func(wire.Access) error }

func (judge) Authenticate(*http.Request) (wire.Caller, error) {
	return wire.Caller{Account: "000000000000", ARN: "arn:aws:iam::000000000000:root", Root: true}, nil
}

func (j judge) Authorize(_ context.Context, _ wire.Caller, a wire.Access) error {
	if j.authorize == nil {
		return nil
	}
	return j.authorize(a)
}

// services is one of each protocol; glue's GetTable answers what the test says.
func services(getTable func(*glue.GetTableInput) (*glue.GetTableOutput, error)) []wire.Service {
	return []wire.Service{
		{Name: "glue", Target: "AWSGlue", Operations: []wire.Operation{
			wire.Op("GetTable", func(_ context.Context, in *glue.GetTableInput) (*glue.GetTableOutput, error) { return getTable(in) },
				wire.On("GetTable", func(in *glue.GetTableInput) string {
					return "arn:aws:glue:us-east-1:000000000000:table/" + aws.ToString(in.Name)
				}),
				"DatabaseName", "Name"),
		}},
		{Name: "sqs", Target: "AmazonSQS", Protocol: wire.JSON10, Operations: []wire.Operation{
			wire.Op("DeleteQueue", func(context.Context, *sqs.DeleteQueueInput) (*sqs.DeleteQueueOutput, error) {
				return nil, &sqstypes.QueueDoesNotExist{Message: aws.String("The specified queue does not exist.")}
			}, nil, "QueueUrl"),
			wire.Op("SetQueueAttributes", func(_ context.Context, in *sqs.SetQueueAttributesInput) (*sqs.SetQueueAttributesOutput, error) {
				if in.Attributes["VisibilityTimeout"] != "30" || aws.ToString(in.QueueUrl) != "http://q" {
					return nil, errors.New("wrong input")
				}
				return nil, nil
			}, nil, "QueueUrl", "Attributes"),
		}},
		{Name: "monitoring", Action: "cloudwatch", Target: "GraniteServiceVersion20100801", Protocol: wire.JSON10, Operations: []wire.Operation{
			wire.Op("GetDashboard", func(context.Context, *cloudwatch.GetDashboardInput) (*cloudwatch.GetDashboardOutput, error) {
				return nil, &cwtypes.DashboardNotFoundError{Message: aws.String("no such dashboard")}
			}, nil, "DashboardName"),
		}},
		{Name: "iam", Protocol: wire.Query, Namespace: "https://iam.amazonaws.com/doc/2010-05-08/", Operations: []wire.Operation{
			wire.Op("GetRole", func(context.Context, *iam.GetRoleInput) (*iam.GetRoleOutput, error) {
				return nil, &iamtypes.NoSuchEntityException{Message: aws.String("The role with name <r> cannot be found.")}
			}, nil, "RoleName"),
		}},
		{Name: "sts", Protocol: wire.Query, Namespace: "https://sts.amazonaws.com/doc/2011-06-15/", Operations: []wire.Operation{
			wire.Op("GetCallerIdentity", func(ctx context.Context, _ *sts.GetCallerIdentityInput) (*sts.GetCallerIdentityOutput, error) {
				return &sts.GetCallerIdentityOutput{Arn: aws.String(wire.CallerFrom(ctx).ARN)}, nil
			}, func(*sts.GetCallerIdentityInput) []wire.Access { return nil }),
		}},
		{Name: "lambda", Protocol: wire.RESTJSON, Operations: []wire.Operation{
			func() wire.Operation {
				op := wire.Op("GetFunction", func(_ context.Context, in *lambda.GetFunctionInput) (*lambda.GetFunctionOutput, error) {
					return nil, &lambdatypes.ResourceNotFoundException{Message: in.FunctionName, Type: aws.String("User")}
				}, nil, "FunctionName", "Qualifier")
				op.Method, op.Path = http.MethodGet, "/2015-03-31/functions/{FunctionName}"
				return op
			}(),
		}},
		{Name: "s3", Protocol: wire.Raw, HTTP: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.WriteString(w, r.Method+" "+r.URL.Path)
		})},
	}
}

func serve(t *testing.T, h *wire.Handler) aws.Config {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	return config(server.URL, http.DefaultClient)
}

func config(endpoint string, client aws.HTTPClient) aws.Config {
	return aws.Config{
		Region: "us-east-1", Credentials: credentials.NewStaticCredentialsProvider("test", "test", ""),
		BaseEndpoint: aws.String(endpoint), HTTPClient: client, RetryMaxAttempts: 1,
	}
}

func noTable(*glue.GetTableInput) (*glue.GetTableOutput, error) {
	return nil, &gluetypes.EntityNotFoundException{Message: aws.String("Table t not found.")}
}

func TestExceptionsReachTheClientAsTheirOwnTypes(t *testing.T) {
	cfg, ctx := serve(t, wire.NewHandler(judge{}, services(noTable))), context.Background()
	for _, tt := range []struct {
		name   string
		call   func() error
		target any
		says   string
	}{
		{"JSON", func() error {
			_, err := glue.NewFromConfig(cfg).GetTable(ctx, &glue.GetTableInput{DatabaseName: aws.String("d"), Name: aws.String("t")})
			return err
		}, new(*gluetypes.EntityNotFoundException), "Table t not found."},
		{"JSON with the code of the older Query protocol", func() error {
			_, err := sqs.NewFromConfig(cfg).DeleteQueue(ctx, &sqs.DeleteQueueInput{QueueUrl: aws.String("http://q")})
			return err
		}, new(*sqstypes.QueueDoesNotExist), "AWS.SimpleQueueService.NonExistentQueue"},
		{"CBOR", func() error {
			_, err := cloudwatch.NewFromConfig(cfg).GetDashboard(ctx, &cloudwatch.GetDashboardInput{DashboardName: aws.String("d")})
			return err
		}, new(*cwtypes.DashboardNotFoundError), "no such dashboard"},
		{"Query", func() error {
			_, err := iam.NewFromConfig(cfg).GetRole(ctx, &iam.GetRoleInput{RoleName: aws.String("r")})
			return err
		}, new(*iamtypes.NoSuchEntityException), "The role with name <r> cannot be found."},
		{"REST, with further members and an escaped label", func() error {
			_, err := lambda.NewFromConfig(cfg).GetFunction(ctx, &lambda.GetFunctionInput{FunctionName: aws.String("arn:aws:lambda:a/b")})
			var e *lambdatypes.ResourceNotFoundException
			if errors.As(err, &e) && aws.ToString(e.Type) != "User" {
				return errors.New("the member Type is lost")
			}
			return err
		}, new(*lambdatypes.ResourceNotFoundException), "arn:aws:lambda:a/b"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			err := tt.call()
			if !errors.As(err, tt.target) || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("got %v, want a %T saying %q", err, tt.target, tt.says)
			}
		})
	}
}

// post sends a request by hand: what other clients send.
func post(t *testing.T, endpoint, path, scope, body string, headers ...string) (*http.Response, string) {
	t.Helper()
	req, err := http.NewRequest(http.MethodPost, endpoint+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if scope != "" {
		req.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/"+scope+"/aws4_request, SignedHeaders=host, Signature=0")
	}
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp, string(answer)
}

func TestARequestFindsItsServiceAndOperation(t *testing.T) {
	h := wire.NewHandler(judge{}, services(func(*glue.GetTableInput) (*glue.GetTableOutput, error) {
		return &glue.GetTableOutput{Table: &gluetypes.Table{Name: aws.String("t")}}, nil
	}))
	endpoint := *serve(t, h).BaseEndpoint
	form := []string{"Content-Type", "application/x-www-form-urlencoded; charset=utf-8"}
	for _, tt := range []struct {
		name, path, scope, body string
		headers                 []string
		status                  int
		says                    string
	}{
		{"target of a JSON service", "/", "glue", `{"DatabaseName":"d","Name":"t"}`, []string{"X-Amz-Target", "AWSGlue.GetTable"}, 200, `"Name":"t"`},
		{"member names in any case", "/", "glue", `{"databaseName":"d","NAME":"t"}`, []string{"X-Amz-Target", "AWSGlue.GetTable"}, 200, `"Name":"t"`},
		{"null is not set", "/", "glue", `{"DatabaseName":"d","Name":"t","TransactionId":null}`, []string{"X-Amz-Target", "AWSGlue.GetTable"}, 200, `"Name":"t"`},
		{"form action", "/", "sts", "Action=GetCallerIdentity&Version=2011-06-15", form, 200, "<GetCallerIdentityResult><Arn>arn:aws:iam::000000000000:root</Arn>"},
		{"form action of an unsigned request", "/", "", "Action=GetCallerIdentity&Version=2011-06-15", form, 200, "<Arn>"},
		{"action in the query of a presigned URL", "/?Action=GetCallerIdentity&Version=2011-06-15&X-Amz-Credential=test%2F20260101%2Fus-east-1%2Fsts%2Faws4_request&X-Amz-Signature=0", "", "", nil, 200, "<Arn>"},
		{"flattened form of SQS", "/", "sqs", "Action=SetQueueAttributes&QueueUrl=http%3A%2F%2Fq&Attribute.1.Name=VisibilityTimeout&Attribute.1.Value=30&Version=2012-11-05", form, 200, "SetQueueAttributesResponse"},
		{"path of a REST service", "/2015-03-31/functions/f", "lambda", "", []string{"X-Method", "GET"}, 501, "lambda:POST /2015-03-31/functions/f"},
		{"signed for s3", "/bucket/key", "s3", "x", nil, 200, "POST /bucket/key"},
		{"unsigned and without a target", "/bucket/key", "", "x", nil, 200, "POST /bucket/key"},
		{"operation that is not there", "/", "glue", `{}`, []string{"X-Amz-Target", "AWSGlue.CreateCrawler"}, 501, "glue:CreateCrawler"},
		{"service that is not there", "/", "dynamodb", `{}`, []string{"X-Amz-Target", "DynamoDB_20120810.ListTables"}, 501, "dynamodb:ListTables"},
		{"query service that is not there", "/", "ec2", `Action=DescribeVpcs`, form, 501, "<Code>NotImplemented</Code><Message>localaws does not implement ec2:DescribeVpcs"},
		{"CBOR", "/service/GraniteServiceVersion20100801/operation/PutDashboard", "monitoring", "\xa0", []string{"Smithy-Protocol", "rpc-v2-cbor"}, 501, "cloudwatch:PutDashboard"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			resp, body := post(t, endpoint, tt.path, tt.scope, tt.body, tt.headers...)
			if resp.StatusCode != tt.status || !strings.Contains(body, tt.says) {
				t.Errorf("got %d %s, want %d with %q", resp.StatusCode, body, tt.status, tt.says)
			}
			if resp.Header.Get("X-Amzn-Requestid") == "" {
				t.Error("no request id")
			}
		})
	}
}

func TestWhatAnOperationDoesNotSupportIsRefusedByName(t *testing.T) {
	endpoint := *serve(t, wire.NewHandler(judge{}, services(noTable))).BaseEndpoint
	for _, tt := range []struct{ name, body, code, says string }{
		{"a member that the handler does not act on", `{"Name":"t","CatalogId":"1"}`, "NotImplemented", "parameter CatalogId of glue:GetTable"},
		{"a pointer to a zero value is set", `{"Name":"t","IncludeStatusDetails":false}`, "NotImplemented", "parameter IncludeStatusDetails of glue:GetTable"},
		{"an empty string is not", `{"Name":"t","CatalogId":""}`, "EntityNotFoundException", "Table t not found"},
		{"a member that the SDK does not know", `{"Name":"t","Colour":"red"}`, "NotImplemented", "parameter Colour of glue:GetTable"},
		{"a value of the wrong type", `{"Name":7}`, "SerializationException", "NUMBER_VALUE can not be converted to a String"},
		{"a body that is no object", `[1]`, "SerializationException", "Start of list found where not expected"},
		{"a body that is no JSON", `{"Name"`, "SerializationException", "no JSON"},
		{"two documents", `{"Name":"t"}{}`, "SerializationException", "more than one"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			resp, body := post(t, endpoint, "/", "glue", tt.body, "X-Amz-Target", "AWSGlue.GetTable")
			if resp.Header.Get("X-Amzn-Errortype") != tt.code || !strings.Contains(body, tt.says) {
				t.Errorf("got %s %s, want %s with %q", resp.Header.Get("X-Amzn-Errortype"), body, tt.code, tt.says)
			}
		})
	}
}

func TestEveryAccessIsJudgedBeforeTheHandler(t *testing.T) {
	called := false
	var seen wire.Access
	h := wire.NewHandler(judge{func(a wire.Access) error {
		seen = a
		return &wire.Error{Code: "AccessDeniedException", Message: "no", Status: 400}
	}}, services(func(*glue.GetTableInput) (*glue.GetTableOutput, error) {
		called = true
		return nil, nil
	}))
	_, err := glue.NewFromConfig(serve(t, h)).GetTable(context.Background(), &glue.GetTableInput{DatabaseName: aws.String("d"), Name: aws.String("t")})
	var denied smithy.APIError // this release of Glue's SDK has no type for it here
	if !errors.As(err, &denied) || denied.ErrorCode() != "AccessDeniedException" || called {
		t.Errorf("got %v, handler called: %v", err, called)
	}
	if want := (wire.Access{Action: "glue:GetTable", Resource: "arn:aws:glue:us-east-1:000000000000:table/t"}); !cmp.Equal(seen, want) {
		t.Errorf("judged %+v, want %+v", seen, want)
	}
}

func TestAMistakeOfLocalawsIsAnsweredAndLogged(t *testing.T) {
	for _, tt := range []struct {
		name    string
		handler func(*glue.GetTableInput) (*glue.GetTableOutput, error)
		says    string
	}{
		{"a panic", func(*glue.GetTableInput) (*glue.GetTableOutput, error) { panic("ouch") }, "panic in localaws: ouch"},
		{"an error that is not AWS's", func(*glue.GetTableInput) (*glue.GetTableOutput, error) { return nil, io.ErrNoProgress }, io.ErrNoProgress.Error()},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var log bytes.Buffer
			h := wire.NewHandler(judge{}, services(tt.handler), wire.WithLogger(slog.New(slog.NewTextHandler(&log, nil))))
			_, err := glue.NewFromConfig(serve(t, h)).GetTable(context.Background(), &glue.GetTableInput{DatabaseName: aws.String("d"), Name: aws.String("t")})
			var api smithy.APIError
			if !errors.As(err, &api) || api.ErrorCode() != "InternalFailure" || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("got %v", err)
			}
			if !strings.Contains(log.String(), "level=ERROR") {
				t.Errorf("not logged: %q", log.String())
			}
		})
	}
}

func TestCallsAreCounted(t *testing.T) {
	h := wire.NewHandler(judge{}, services(noTable))
	cfg := serve(t, h)
	for range 2 {
		_, _ = glue.NewFromConfig(cfg).GetTable(context.Background(), &glue.GetTableInput{DatabaseName: aws.String("d"), Name: aws.String("t")})
	}
	post(t, *cfg.BaseEndpoint, "/b/k", "s3", "")
	if got, want := h.Calls(), (map[string]int64{"glue:GetTable": 2, "s3:POST": 1}); !cmp.Equal(got, want) {
		t.Error(cmp.Diff(want, got))
	}
	if got := h.RoleCalls(); len(got) != 0 {
		t.Errorf("nobody called with a role: %v", got)
	}
}

// actor calls with the credentials of a role.
type actor struct{ judge }

func (actor) Authenticate(*http.Request) (wire.Caller, error) {
	return wire.Caller{Account: "000000000000", Role: "arn:aws:iam::000000000000:role/r"}, nil
}

func TestCallsByRolesAreCountedApart(t *testing.T) {
	h := wire.NewHandler(actor{}, services(noTable))
	cfg := serve(t, h)
	_, _ = glue.NewFromConfig(cfg).GetTable(context.Background(), &glue.GetTableInput{DatabaseName: aws.String("d"), Name: aws.String("t")})
	post(t, *cfg.BaseEndpoint, "/b/k", "s3", "")
	if got, want := h.RoleCalls(), (map[string]int64{"glue:GetTable": 1, "s3:POST": 1}); !cmp.Equal(got, want) {
		t.Error(cmp.Diff(want, got))
	}
}

func TestAnInterceptorCanRefuseBeforeAndLoseTheAnswerAfter(t *testing.T) {
	var ran atomic.Int64 // a connection that breaks does not order the handler before the client
	table := func(*glue.GetTableInput) (*glue.GetTableOutput, error) {
		ran.Add(1)
		return &glue.GetTableOutput{}, nil
	}
	var fault atomic.Value // func(next func() error) error
	h := wire.NewHandler(judge{}, services(table), wire.WithInterceptor(func(_ context.Context, service, operation string, _ wire.Caller, next func() error) error {
		if operation != "GetTable" && service != "s3" {
			return next()
		}
		return fault.Load().(func(func() error) error)(next)
	}))
	overTCP := serve(t, h)
	for name, cfg := range map[string]aws.Config{"over TCP": overTCP, "in the process": config("http://localaws", &http.Client{Transport: h.Transport()})} {
		call := func() error {
			_, err := glue.NewFromConfig(cfg).GetTable(context.Background(), &glue.GetTableInput{DatabaseName: aws.String("d"), Name: aws.String("t")})
			return err
		}
		t.Run(name, func(t *testing.T) {
			ran.Store(0)
			fault.Store(func(func() error) error { return &wire.Error{Code: "ThrottlingException", Message: "Rate exceeded"} })
			if err := call(); err == nil || !strings.Contains(err.Error(), "ThrottlingException: Rate exceeded") || ran.Load() != 0 {
				t.Errorf("throttled: %v after %d runs", err, ran.Load())
			}
			fault.Store(func(next func() error) error { return errors.Join(next(), wire.ErrLostResponse) })
			var api smithy.APIError
			if err := call(); err == nil || errors.As(err, &api) || ran.Load() != 1 {
				t.Errorf("lost: %v after %d runs", err, ran.Load())
			}
			fault.Store(func(next func() error) error { return next() })
			if err := call(); err != nil || ran.Load() != 2 {
				t.Errorf("let through: %v after %d runs", err, ran.Load())
			}
		})
	}
	t.Run("an answer of S3 is kept back", func(t *testing.T) {
		fault.Store(func(next func() error) error {
			return errors.Join(next(), &wire.Error{Code: "SlowDown", Message: "Please reduce your request rate.", Status: 503})
		})
		if resp, body := post(t, *overTCP.BaseEndpoint, "/b/k", "s3", ""); resp.StatusCode != 503 || !strings.Contains(body, "<Code>SlowDown</Code>") {
			t.Errorf("got %d %s", resp.StatusCode, body)
		}
		fault.Store(func(next func() error) error { return next() })
		if resp, body := post(t, *overTCP.BaseEndpoint, "/b/k", "s3", ""); resp.StatusCode != 200 || body != "POST /b/k" {
			t.Errorf("got %d %s", resp.StatusCode, body)
		}
	})
}

func TestTheTransportStreamsAnAnswerAsItIsWritten(t *testing.T) {
	second := make(chan struct{})
	h := wire.NewHandler(judge{}, []wire.Service{{Name: "s3", Protocol: wire.Raw, HTTP: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "first ")
		<-second
		_, _ = io.WriteString(w, "second")
	})}})
	u := url.URL{Scheme: "http", Host: "localaws", Path: "/b/k"}
	resp, err := (&http.Client{Transport: h.Transport()}).Get(u.String())
	if err != nil {
		t.Fatal(err)
	}
	first := make([]byte, len("first "))
	if _, err := io.ReadFull(resp.Body, first); err != nil {
		t.Fatal(err)
	}
	close(second)
	rest, err := io.ReadAll(resp.Body)
	if err != nil || string(first)+string(rest) != "first second" {
		t.Errorf("got %q %q, %v", first, rest, err)
	}
	if err := resp.Body.Close(); err != nil {
		t.Error(err)
	}
}

func TestAnInterceptorCanLetAnOperationHappenTwice(t *testing.T) {
	var bodies []string
	h := wire.NewHandler(judge{}, []wire.Service{{Name: "s3", Protocol: wire.Raw, HTTP: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		bodies = append(bodies, string(body))
		_, _ = io.WriteString(w, "done")
	})}}, wire.WithInterceptor(func(_ context.Context, _, _ string, _ wire.Caller, next func() error) error {
		return errors.Join(next(), next())
	}))
	_, answer := post(t, *serve(t, h).BaseEndpoint, "/b/k", "s3", "content")
	if !cmp.Equal(bodies, []string{"content", "content"}) || answer != "done" {
		t.Errorf("bodies %q, answer %q", bodies, answer)
	}
}
