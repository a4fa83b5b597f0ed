package lambda_test

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"crawlerless/localaws/clock"
)

// The life of a function, with the answers that were recorded from AWS.
func TestTheLifeOfAFunction(t *testing.T) {
	ctx := context.Background()
	w := newWorld(t, clock.NewFrozen(noon))
	in := w.input("f", w.logging())
	created := w.create(in)
	sum := sha256.Sum256(in.Code.ZipFile)
	want := &sdk.CreateFunctionOutput{
		Architectures: []types.Architecture{machine()}, CodeSha256: aws.String(base64.StdEncoding.EncodeToString(sum[:])), CodeSize: int64(len(in.Code.ZipFile)),
		Description: aws.String(""), EphemeralStorage: &types.EphemeralStorage{Size: aws.Int32(512)},
		FunctionArn: aws.String("arn:aws:lambda:us-east-1:" + account + ":function:f"), FunctionName: aws.String("f"), Handler: aws.String("bootstrap"),
		LastModified: aws.String("2024-05-01T12:00:00.000+0000"), LoggingConfig: &types.LoggingConfig{LogFormat: types.LogFormatText, LogGroup: aws.String("/aws/lambda/f")},
		MemorySize: aws.Int32(128), PackageType: types.PackageTypeZip, Role: in.Role, Runtime: types.RuntimeProvidedal2023,
		SnapStart: &types.SnapStartResponse{ApplyOn: types.SnapStartApplyOnNone, OptimizationStatus: types.SnapStartOptimizationStatusOff},
		State:     types.StatePending, StateReason: aws.String("The function is being created."), StateReasonCode: types.StateReasonCodeCreating,
		Timeout: aws.Int32(3), TracingConfig: &types.TracingConfigResponse{Mode: types.TracingModePassThrough}, Version: aws.String("$LATEST"),
	}
	ignore := cmpopts.IgnoreFields(sdk.CreateFunctionOutput{}, "ResultMetadata", "RevisionId", "RuntimeVersionConfig")
	unexported := cmpopts.IgnoreUnexported(sdk.CreateFunctionOutput{}, types.EphemeralStorage{}, types.LoggingConfig{}, types.SnapStartResponse{}, types.TracingConfigResponse{})
	if diff := cmp.Diff(want, created, ignore, unexported); diff != "" {
		t.Error(diff)
	}
	got, err := w.client.GetFunction(ctx, &sdk.GetFunctionInput{FunctionName: aws.String("f")})
	if err != nil || got.Configuration.State != types.StateActive || got.Configuration.LastUpdateStatus != types.LastUpdateStatusSuccessful ||
		*got.Configuration.RevisionId == *created.RevisionId || got.Configuration.Environment != nil {
		t.Errorf("after creation: %+v, %v", got, err)
	}

	updated, err := w.client.UpdateFunctionConfiguration(ctx, &sdk.UpdateFunctionConfigurationInput{
		FunctionName: aws.String(*created.FunctionArn), Timeout: aws.Int32(10), MemorySize: aws.Int32(512), Description: aws.String("d"),
		Environment: &types.Environment{Variables: map[string]string{"AB": "c"}}, RevisionId: got.Configuration.RevisionId,
		LoggingConfig: &types.LoggingConfig{LogFormat: types.LogFormatJson},
	})
	if err != nil || updated.LastUpdateStatus != types.LastUpdateStatusInProgress || *updated.Timeout != 10 || *updated.MemorySize != 512 || updated.Environment.Variables["AB"] != "c" ||
		updated.LoggingConfig.ApplicationLogLevel != "INFO" || updated.LoggingConfig.SystemLogLevel != "INFO" || *updated.CodeSha256 != *created.CodeSha256 {
		t.Errorf("updated: %+v, %v", updated, err)
	}
	_, err = w.client.UpdateFunctionConfiguration(ctx, &sdk.UpdateFunctionConfigurationInput{FunctionName: aws.String("f"), RevisionId: got.Configuration.RevisionId})
	wantError(t, err, "PreconditionFailedException", 412, "The Revision Id provided does not match the latest Revision Id. Call the GetFunction/GetAlias API to retrieve the latest Revision Id")

	_, before := w.invoke("f", `{"do":"env"}`)
	other := zipOf(t, "bootstrap", append(append([]byte{}, bootstrap...), 0), 0o755)
	code, err := w.client.UpdateFunctionCode(ctx, &sdk.UpdateFunctionCodeInput{FunctionName: aws.String("f"), ZipFile: other, DryRun: true})
	if err != nil || *code.CodeSha256 == *created.CodeSha256 {
		t.Errorf("dry run: %+v, %v", code, err)
	}
	if _, again := w.invoke("f", `{}`); again.PID != before.PID {
		t.Error("a dry run replaced the process")
	}
	code, err = w.client.UpdateFunctionCode(ctx, &sdk.UpdateFunctionCodeInput{FunctionName: aws.String("f"), ZipFile: other})
	if err != nil || *code.CodeSha256 == *created.CodeSha256 || *code.MemorySize != 512 {
		t.Errorf("new code: %+v, %v", code, err)
	}
	if _, after := w.invoke("f", `{}`); after.PID == before.PID || !gone(before.PID) {
		t.Error("the process still runs the old code")
	}
	if left, err := filepath.Glob(filepath.Join(w.dir, "code", "*")); err != nil || len(left) != 1 {
		t.Errorf("packages on disk: %v, %v", left, err)
	}

	deleted, err := w.client.DeleteFunction(ctx, &sdk.DeleteFunctionInput{FunctionName: aws.String("f")})
	if err != nil || deleted.StatusCode != http.StatusNoContent {
		t.Errorf("deleted: %+v, %v", deleted, err)
	}
	_, err = w.client.GetFunction(ctx, &sdk.GetFunctionInput{FunctionName: aws.String("f")})
	wantError(t, err, "ResourceNotFoundException", 404, "Function not found: arn:aws:lambda:us-east-1:"+account+":function:f")
	for _, what := range []string{"code", "tmp"} {
		if left, err := filepath.Glob(filepath.Join(w.dir, what, "*")); err != nil || len(left) != 0 {
			t.Errorf("%s on disk: %v, %v", what, left, err)
		}
	}
}

func wantError(t *testing.T, err error, code string, status int, message string) {
	t.Helper()
	var api smithy.APIError
	var response *smithyhttp.ResponseError
	switch {
	case !errors.As(err, &api) || !errors.As(err, &response):
		t.Errorf("got %v, want %s", err, code)
	case api.ErrorCode() != code || response.HTTPStatusCode() != status || !strings.HasPrefix(api.ErrorMessage(), message):
		t.Errorf("got %d %s: %s\nwant %d %s: %s", response.HTTPStatusCode(), api.ErrorCode(), api.ErrorMessage(), status, code, message)
	}
}

// The answers were recorded from AWS, apart from NotImplemented.
func TestWhatCreateFunctionRefuses(t *testing.T) {
	w := newWorld(t, clock.NewFrozen(noon))
	role := w.logging()
	w.create(w.input("there", role))
	long := strings.Repeat("x", 65)
	tests := []struct {
		name    string
		change  func(*sdk.CreateFunctionInput)
		code    string
		status  int
		message string
	}{
		{"a name that exists", func(in *sdk.CreateFunctionInput) { in.FunctionName = aws.String("there") }, "ResourceConflictException", 409, "Function already exist: there"},
		{"a role that is no ARN", func(in *sdk.CreateFunctionInput) { in.Role = aws.String("r1") }, "ValidationException", 400, "1 validation error detected: Value 'r1' at 'role' failed to satisfy constraint: "},
		{"a role that is not there", func(in *sdk.CreateFunctionInput) { in.Role = aws.String("arn:aws:iam::" + account + ":role/none") }, "InvalidParameterValueException", 400, "The role defined for the function cannot be assumed by Lambda."},
		{"an unknown runtime", func(in *sdk.CreateFunctionInput) { in.Runtime = "non-existent-runtime" }, "InvalidParameterValueException", 400, "Value non-existent-runtime at 'runtime' failed to satisfy constraint: Member must satisfy enum value set: ["},
		{"a managed runtime", func(in *sdk.CreateFunctionInput) { in.Runtime = types.RuntimePython312 }, "NotImplemented", 501, "localaws does not implement runtime python3.12"},
		{"two architectures", func(in *sdk.CreateFunctionInput) { in.Architectures = []types.Architecture{"x86_64", "arm64"} }, "ValidationException", 400, "1 validation error detected: Value '[x86_64, arm64]' at 'architectures' failed"},
		{"an unknown architecture", func(in *sdk.CreateFunctionInput) { in.Architectures = []types.Architecture{"X86_64"} }, "ValidationException", 400, "1 validation error detected: Value '[X86_64]' at 'architectures' failed"},
		{"no zip", func(in *sdk.CreateFunctionInput) { in.Code.ZipFile = []byte("no zip") }, "InvalidParameterValueException", 400, "Could not unzip uploaded file. Please check your file, then try to upload again."},
		{"a zip that leaves its directory", func(in *sdk.CreateFunctionInput) { in.Code.ZipFile = zipOf(t, "../bootstrap", bootstrap, 0o755) }, "InvalidParameterValueException", 400, "Could not unzip uploaded file."},
		{"a zip of nothing", func(in *sdk.CreateFunctionInput) { in.Code.ZipFile = emptyZip(t) }, "InvalidParameterValueException", 400, "Uploaded file must be a non-empty zip"},
		{"a zip bomb", func(in *sdk.CreateFunctionInput) { in.Code.ZipFile = bomb(t) }, "InvalidParameterValueException", 400, "Unzipped size must be smaller than 262144000 bytes"},
		{"too much environment", func(in *sdk.CreateFunctionInput) {
			in.Environment = &types.Environment{Variables: map[string]string{"LARGE_VAR": strings.Repeat("x", 4096)}}
		}, "InvalidParameterValueException", 400, `Lambda was unable to configure your environment variables because the environment variables you have provided exceeded the 4KB limit. String measured: {"LARGE_VAR":"xxx`},
		{"a reserved variable", func(in *sdk.CreateFunctionInput) {
			in.Environment = &types.Environment{Variables: map[string]string{"AWS_REGION": "x", "AWS_SESSION_TOKEN": "x"}}
		}, "InvalidParameterValueException", 400, "Lambda was unable to configure your environment variables because the environment variables you have provided contains reserved keys " +
			"that are currently not supported for modification. Reserved keys used in this request: AWS_REGION, AWS_SESSION_TOKEN"},
		{"too little memory", func(in *sdk.CreateFunctionInput) { in.MemorySize = aws.Int32(127) }, "ValidationException", 400, "1 validation error detected: Value '127' at 'memorySize' failed"},
		{"too long a timeout", func(in *sdk.CreateFunctionInput) { in.Timeout = aws.Int32(901) }, "ValidationException", 400, "1 validation error detected: Value '901' at 'timeout' failed"},
		{"a name of a strange form", func(in *sdk.CreateFunctionInput) { in.FunctionName = aws.String("invalid:function:name") }, "ValidationException", 400, "1 validation error detected: Value 'invalid:function:name' at 'functionName' failed"},
		{"a long name", func(in *sdk.CreateFunctionInput) { in.FunctionName = &long }, "InvalidParameterValueException", 400, "1 validation error detected: Value '" + long + "' at 'functionName' failed"},
		{"log levels of a text log", func(in *sdk.CreateFunctionInput) {
			in.LoggingConfig = &types.LoggingConfig{LogFormat: types.LogFormatText, SystemLogLevel: "WARN"}
		}, "InvalidParameterValueException", 400, "Log levels"},
		{"layers", func(in *sdk.CreateFunctionInput) {
			in.Layers = []string{"arn:aws:lambda:us-east-1:123456789012:layer:l:1"}
		}, "NotImplemented", 501, "localaws does not implement parameter Layers of lambda:CreateFunction"},
		{"a VPC", func(in *sdk.CreateFunctionInput) { in.VpcConfig = &types.VpcConfig{SubnetIds: []string{"subnet-1"}} }, "NotImplemented", 501, "localaws does not implement parameter VpcConfig"},
		{"a published version", func(in *sdk.CreateFunctionInput) { in.Publish = true }, "NotImplemented", 501, ""},
		{"a key", func(in *sdk.CreateFunctionInput) { in.KMSKeyArn = aws.String("arn:aws:kms:us-east-1:1:key/k") }, "NotImplemented", 501, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			in := w.input("f", role)
			in.Code.ZipFile = zipOf(t, "bootstrap", []byte("small"), 0o755)
			tt.change(in)
			_, err := w.client.CreateFunction(context.Background(), in)
			wantError(t, err, tt.code, tt.status, tt.message)
		})
	}
	if left, err := filepath.Glob(filepath.Join(w.dir, "code", "*")); err != nil || len(left) != 1 {
		t.Errorf("packages on disk: %v, %v", left, err)
	}
}

func emptyZip(t *testing.T) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := zip.NewWriter(&b).Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// bomb is a small zip of more than 250 MB.
func bomb(t *testing.T) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	f, err := z.Create("zeros")
	if err != nil {
		t.Fatal(err)
	}
	block := make([]byte, 1<<20)
	for range 251 {
		if _, err := f.Write(block); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestAFunctionForAnotherMachineIsCreatedButNotRun(t *testing.T) {
	w := newWorld(t, clock.NewFrozen(noon))
	in := w.input("f", w.logging())
	in.Architectures = []types.Architecture{types.ArchitectureArm64}
	if machine() == types.ArchitectureArm64 {
		in.Architectures[0] = types.ArchitectureX8664
	}
	w.create(in)
	_, err := w.client.Invoke(context.Background(), &sdk.InvokeInput{FunctionName: aws.String("f")})
	wantError(t, err, "NotImplemented", 501, fmt.Sprintf("localaws does not implement running the %s function f on this %s machine", in.Architectures[0], machine()))
}

func TestNamesOfFunctions(t *testing.T) {
	ctx := context.Background()
	w := newWorld(t, clock.NewFrozen(noon))
	w.create(w.input("f", w.logging()))
	arn := "arn:aws:lambda:us-east-1:" + account + ":function:f"
	for _, name := range []string{"f", arn, account + ":function:f"} {
		out, err := w.client.GetFunctionConfiguration(ctx, &sdk.GetFunctionConfigurationInput{FunctionName: &name})
		if err != nil || *out.FunctionArn != arn {
			t.Errorf("%s: %v, %v", name, out, err)
		}
	}
	for _, in := range []sdk.GetFunctionConfigurationInput{
		{FunctionName: aws.String("f:$LATEST")}, {FunctionName: aws.String(arn + ":$LATEST")}, {FunctionName: aws.String("f"), Qualifier: aws.String("$LATEST")},
	} {
		out, err := w.client.GetFunctionConfiguration(ctx, &in)
		if err != nil || *out.FunctionArn != arn+":$LATEST" {
			t.Errorf("%s: %v, %v", *in.FunctionName, out, err)
		}
	}
	_, a := w.invoke("f:$LATEST", `{}`)
	if a.ARN != arn+":$LATEST" {
		t.Errorf("the function was invoked as %s", a.ARN)
	}
	_, err := w.client.GetFunction(ctx, &sdk.GetFunctionInput{FunctionName: aws.String("f"), Qualifier: aws.String("1221")})
	wantError(t, err, "ResourceNotFoundException", 404, "Function not found: "+arn+":1221")
	_, err = w.client.GetFunction(ctx, &sdk.GetFunctionInput{FunctionName: aws.String("f:$LATEST"), Qualifier: aws.String("1")})
	wantError(t, err, "InvalidParameterValueException", 400, "The derived qualifier from the function name does not match the specified qualifier.")
	_, err = w.client.GetFunction(ctx, &sdk.GetFunctionInput{FunctionName: aws.String("arn:aws:lambda:eu-west-1:" + account + ":function:f")})
	wantError(t, err, "ResourceNotFoundException", 404, "Functions from 'eu-west-1' are not reachable in this region ('us-east-1')")
	_, err = w.client.DeleteFunction(ctx, &sdk.DeleteFunctionInput{FunctionName: aws.String("f"), Qualifier: aws.String("$LATEST")})
	wantError(t, err, "InvalidParameterValueException", 400, "$LATEST version cannot be deleted without deleting the function.")
}

func TestFunctionsAreListedInPages(t *testing.T) {
	w := newWorld(t, clock.NewFrozen(noon))
	role := w.logging()
	for _, name := range []string{"c", "a", "b"} {
		in := w.input(name, role)
		in.Code.ZipFile = zipOf(t, "bootstrap", []byte("x"), 0o755)
		w.create(in)
	}
	var names []string
	p := sdk.NewListFunctionsPaginator(w.client, &sdk.ListFunctionsInput{MaxItems: aws.Int32(2)})
	for p.HasMorePages() {
		page, err := p.NextPage(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range page.Functions {
			names = append(names, *f.FunctionName)
		}
	}
	if diff := cmp.Diff([]string{"a", "b", "c"}, names); diff != "" {
		t.Error(diff)
	}
}

func TestPermissions(t *testing.T) {
	ctx := context.Background()
	w := newWorld(t, clock.NewFrozen(noon))
	w.create(w.input("f", w.logging()))
	add := func(id, principal, qualifier string) (*sdk.AddPermissionOutput, error) {
		in := &sdk.AddPermissionInput{
			FunctionName: aws.String("f"), StatementId: &id, Principal: &principal, Action: aws.String("lambda:InvokeFunction"),
			SourceArn: aws.String("arn:aws:events:us-east-1:" + account + ":rule/r"), SourceAccount: aws.String(account),
		}
		if qualifier != "" {
			in.Qualifier = &qualifier
		}
		return w.client.AddPermission(ctx, in)
	}
	_, err := w.client.GetPolicy(ctx, &sdk.GetPolicyInput{FunctionName: aws.String("f")})
	wantError(t, err, "ResourceNotFoundException", 404, "The resource you requested does not exist.")
	_, err = w.client.RemovePermission(ctx, &sdk.RemovePermissionInput{FunctionName: aws.String("f"), StatementId: aws.String("x")})
	wantError(t, err, "ResourceNotFoundException", 404, "No policy is associated with the given resource.")
	out, err := add("s1", "events.amazonaws.com", "")
	want := `{"Sid":"s1","Effect":"Allow","Principal":{"Service":"events.amazonaws.com"},"Action":"lambda:InvokeFunction","Resource":"arn:aws:lambda:us-east-1:` + account +
		`:function:f","Condition":{"ArnLike":{"AWS:SourceArn":"arn:aws:events:us-east-1:` + account + `:rule/r"},"StringEquals":{"AWS:SourceAccount":"` + account + `"}}}`
	if err != nil || *out.Statement != want {
		t.Errorf("statement %v, %v", aws.ToString(out.Statement), err)
	}
	policy, err := w.client.GetPolicy(ctx, &sdk.GetPolicyInput{FunctionName: aws.String("f")})
	if err != nil || *policy.Policy != `{"Version":"2012-10-17","Id":"default","Statement":[`+want+`]}` || aws.ToString(policy.RevisionId) == "" {
		t.Errorf("policy %+v, %v", policy, err)
	}
	_, err = add("s1", "events.amazonaws.com", "")
	wantError(t, err, "ResourceConflictException", 409, "The statement id (s1) provided already exists. Please provide a new statement id, or remove the existing statement.")
	_, err = add("example.com", "events.amazonaws.com", "")
	wantError(t, err, "ValidationException", 400, "1 validation error detected: Value 'example.com' at 'statementId' failed to satisfy constraint: Member must satisfy regular expression pattern: ([a-zA-Z0-9-_]+)")
	_, err = add("s2", "invalid.nonaws.com", "")
	wantError(t, err, "InvalidParameterValueException", 400, "The provided principal was invalid. Please check the principal and try again.")
	_, err = add("s2", "events.amazonaws.com", "$LATEST")
	wantError(t, err, "InvalidParameterValueException", 400, "We currently do not support adding policies for $LATEST.")
	_, err = w.client.RemovePermission(ctx, &sdk.RemovePermissionInput{FunctionName: aws.String("f"), StatementId: aws.String("non-existent")})
	wantError(t, err, "ResourceNotFoundException", 404, "Statement non-existent is not found in resource policy.")
	_, err = w.client.RemovePermission(ctx, &sdk.RemovePermissionInput{FunctionName: aws.String("doesnotexist"), StatementId: aws.String("s")})
	wantError(t, err, "ResourceNotFoundException", 404, "No policy found for: arn:aws:lambda:us-east-1:"+account+":function:doesnotexist")
	if _, err := w.client.RemovePermission(ctx, &sdk.RemovePermissionInput{FunctionName: aws.String("f"), StatementId: aws.String("s1")}); err != nil {
		t.Error(err)
	}
	_, err = w.client.GetPolicy(ctx, &sdk.GetPolicyInput{FunctionName: aws.String("f")})
	wantError(t, err, "ResourceNotFoundException", 404, "The resource you requested does not exist.")
}

func TestTags(t *testing.T) {
	ctx := context.Background()
	w := newWorld(t, clock.NewFrozen(noon))
	in := w.input("f", w.logging())
	in.Tags = map[string]string{"a": "1"}
	arn := w.create(in).FunctionArn
	if _, err := w.client.TagResource(ctx, &sdk.TagResourceInput{Resource: arn, Tags: map[string]string{"b": "2", "c": ""}}); err != nil {
		t.Fatal(err)
	}
	if _, err := w.client.UntagResource(ctx, &sdk.UntagResourceInput{Resource: arn, TagKeys: []string{"a", "none"}}); err != nil {
		t.Fatal(err)
	}
	out, err := w.client.ListTags(ctx, &sdk.ListTagsInput{Resource: arn})
	if err != nil || !cmp.Equal(out.Tags, map[string]string{"b": "2", "c": ""}) || !cmp.Equal(w.service.Tagged()[*arn], out.Tags) {
		t.Errorf("tags %v, %v", out, err)
	}
	_, err = w.client.TagResource(ctx, &sdk.TagResourceInput{Resource: aws.String("arn:aws:something"), Tags: map[string]string{"b": "2"}})
	wantError(t, err, "ValidationException", 400, "1 validation error detected: Value 'arn:aws:something' at 'resource' failed")
	_, err = w.client.TagResource(ctx, &sdk.TagResourceInput{Resource: aws.String(*arn + ":v1"), Tags: map[string]string{"b": "2"}})
	wantError(t, err, "InvalidParameterValueException", 400, "Tags on function aliases and versions are not supported. Please specify a function ARN.")
	_, err = w.client.TagResource(ctx, &sdk.TagResourceInput{Resource: arn, Tags: map[string]string{}})
	wantError(t, err, "InvalidParameterValueException", 400, "An error occurred and the request cannot be processed.")
	many := map[string]string{}
	for i := range 51 {
		many[fmt.Sprint(i)] = ""
	}
	_, err = w.client.TagResource(ctx, &sdk.TagResourceInput{Resource: arn, Tags: many})
	wantError(t, err, "InvalidParameterValueException", 400, "Number of tags exceeds resource tag limit.")
}

func TestEventInvokeConfigs(t *testing.T) {
	ctx := context.Background()
	w := newWorld(t, clock.NewFrozen(noon))
	arn := *w.create(w.input("f", w.logging())).FunctionArn
	f, none := aws.String("f"), aws.String("none")
	_, err := w.client.GetFunctionEventInvokeConfig(ctx, &sdk.GetFunctionEventInvokeConfigInput{FunctionName: f})
	wantError(t, err, "ResourceNotFoundException", 404, "The function "+arn+":$LATEST doesn't have an EventInvokeConfig")
	_, err = w.client.DeleteFunctionEventInvokeConfig(ctx, &sdk.DeleteFunctionEventInvokeConfigInput{FunctionName: none})
	wantError(t, err, "ResourceNotFoundException", 404, "The function arn:aws:lambda:us-east-1:"+account+":function:none:$LATEST doesn't have an EventInvokeConfig")
	_, err = w.client.PutFunctionEventInvokeConfig(ctx, &sdk.PutFunctionEventInvokeConfigInput{FunctionName: none, MaximumRetryAttempts: aws.Int32(0)})
	wantError(t, err, "ResourceNotFoundException", 404, "The function doesn't exist.")
	_, err = w.client.PutFunctionEventInvokeConfig(ctx, &sdk.PutFunctionEventInvokeConfigInput{FunctionName: f})
	wantError(t, err, "InvalidParameterValueException", 400, "You must specify at least one of error handling or destination setting.")
	to := func(destination string) error {
		_, err := w.client.PutFunctionEventInvokeConfig(ctx, &sdk.PutFunctionEventInvokeConfigInput{
			FunctionName:      f,
			DestinationConfig: &types.DestinationConfig{OnSuccess: &types.OnSuccess{Destination: &destination}},
		})
		return err
	}
	wantError(t, to(arn), "InvalidParameterValueException", 400, "You can't specify the function as a destination for itself.")
	wantError(t, to(arn+"x"), "InvalidParameterValueException", 400, "The destination ARN "+arn+"x is invalid.")
	wantError(t, to("arn:aws:iam:us-east-1:"+account+":function:f"), "InvalidParameterValueException", 400,
		"The provided destination config DestinationConfig(onSuccess=OnSuccess(destination=arn:aws:iam:us-east-1:"+account+":function:f), onFailure=null) is invalid.")
	put, err := w.client.PutFunctionEventInvokeConfig(ctx, &sdk.PutFunctionEventInvokeConfigInput{FunctionName: f, MaximumEventAgeInSeconds: aws.Int32(60)})
	if err != nil || *put.FunctionArn != arn+":$LATEST" || *put.MaximumEventAgeInSeconds != 60 || put.MaximumRetryAttempts != nil || put.DestinationConfig.OnFailure == nil {
		t.Errorf("put %+v, %v", put, err)
	}
	updated, err := w.client.UpdateFunctionEventInvokeConfig(ctx, &sdk.UpdateFunctionEventInvokeConfigInput{FunctionName: f, MaximumRetryAttempts: aws.Int32(1)})
	if err != nil || *updated.MaximumEventAgeInSeconds != 60 || *updated.MaximumRetryAttempts != 1 {
		t.Errorf("updated %+v, %v", updated, err)
	}
	list, err := w.client.ListFunctionEventInvokeConfigs(ctx, &sdk.ListFunctionEventInvokeConfigsInput{FunctionName: f})
	if err != nil || len(list.FunctionEventInvokeConfigs) != 1 || *list.FunctionEventInvokeConfigs[0].MaximumRetryAttempts != 1 {
		t.Errorf("list %+v, %v", list, err)
	}
	if _, err := w.client.DeleteFunctionEventInvokeConfig(ctx, &sdk.DeleteFunctionEventInvokeConfigInput{FunctionName: f}); err != nil {
		t.Error(err)
	}
}

// What the aws_lambda_function resource of Terraform and Pulumi reads.
func TestWhatProvidersRead(t *testing.T) {
	ctx := context.Background()
	w := newWorld(t, clock.NewFrozen(noon))
	arn := *w.create(w.input("f", w.logging())).FunctionArn
	f := aws.String("f")
	if out, err := w.client.ListVersionsByFunction(ctx, &sdk.ListVersionsByFunctionInput{FunctionName: f}); err != nil || len(out.Versions) != 1 || *out.Versions[0].FunctionArn != arn+":$LATEST" {
		t.Errorf("versions %+v, %v", out, err)
	}
	if out, err := w.client.GetFunctionCodeSigningConfig(ctx, &sdk.GetFunctionCodeSigningConfigInput{FunctionName: f}); err != nil || aws.ToString(out.CodeSigningConfigArn) != "" {
		t.Errorf("code signing %+v, %v", out, err)
	}
	if out, err := w.client.GetRuntimeManagementConfig(ctx, &sdk.GetRuntimeManagementConfigInput{FunctionName: f}); err != nil || out.UpdateRuntimeOn != types.UpdateRuntimeOnAuto {
		t.Errorf("runtime management %+v, %v", out, err)
	}
	if out, err := w.client.GetFunctionConcurrency(ctx, &sdk.GetFunctionConcurrencyInput{FunctionName: f}); err != nil || out.ReservedConcurrentExecutions != nil {
		t.Errorf("concurrency %+v, %v", out, err)
	}
	if out, err := w.client.GetAccountSettings(ctx, &sdk.GetAccountSettingsInput{}); err != nil || out.AccountLimit.ConcurrentExecutions != 1000 || out.AccountUsage.FunctionCount != 1 {
		t.Errorf("account %+v, %v", out, err)
	}
	if err := sdk.NewFunctionActiveV2Waiter(w.client).Wait(ctx, &sdk.GetFunctionInput{FunctionName: f}, 1e9); err != nil {
		t.Error(err)
	}
	if err := sdk.NewFunctionUpdatedV2Waiter(w.client).Wait(ctx, &sdk.GetFunctionInput{FunctionName: f}, 1e9); err != nil {
		t.Error(err)
	}
}

func TestTheRoleDecides(t *testing.T) {
	w := newWorld(t, clock.NewFrozen(noon))
	role := w.role("gone", "logs:*")
	w.create(w.input("f", role))
	w.untrust("gone")
	_, err := w.client.Invoke(context.Background(), &sdk.InvokeInput{FunctionName: aws.String("f")})
	wantError(t, err, "AccessDeniedException", 403, "The role defined for the function cannot be assumed by Lambda.")
}

func TestFilesOfAProcessAreItsOwn(t *testing.T) {
	w := newWorld(t, clock.NewFrozen(noon))
	w.create(w.input("f", w.logging()))
	_, a := w.invoke("f", `{"do":"file"}`)
	if !strings.HasPrefix(a.Text, filepath.Join(w.dir, "tmp")) {
		t.Fatalf("the process wrote %s", a.Text)
	}
	if _, err := os.Stat(a.Text); err != nil {
		t.Error(err)
	}
	w.service.Close()
	if _, err := os.Stat(a.Text); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("left behind: %v", err)
	}
}

func jsonOf(t *testing.T, text string) map[string]any {
	t.Helper()
	var out map[string]any
	if err := json.Unmarshal([]byte(text), &out); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	return out
}

func TestCodeFromS3(t *testing.T) {
	ctx := context.Background()
	w := newWorld(t, clock.NewFrozen(noon))
	in := w.input("f", w.logging())
	archive := in.Code.ZipFile
	if _, err := w.s3.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: aws.String("code")}); err != nil {
		t.Fatal(err)
	}
	if _, err := w.s3.PutObject(ctx, &s3.PutObjectInput{Bucket: aws.String("code"), Key: aws.String("f.zip"), Body: bytes.NewReader(archive)}); err != nil {
		t.Fatal(err)
	}
	in.Code = &types.FunctionCode{S3Bucket: aws.String("code"), S3Key: aws.String("f.zip")}
	sum := sha256.Sum256(archive)
	if out := w.create(in); *out.CodeSha256 != base64.StdEncoding.EncodeToString(sum[:]) {
		t.Errorf("sum %s", *out.CodeSha256)
	}
	w.invoke("f", `{}`)
	_, err := w.client.UpdateFunctionCode(ctx, &sdk.UpdateFunctionCodeInput{FunctionName: aws.String("f"), S3Bucket: aws.String("code"), S3Key: aws.String("none")})
	wantError(t, err, "InvalidParameterValueException", 400, "Error occurred while GetObject. S3 Error Code: NoSuchKey. S3 Error Message: ")
	_, err = w.client.UpdateFunctionCode(ctx, &sdk.UpdateFunctionCodeInput{FunctionName: aws.String("f")})
	wantError(t, err, "InvalidParameterValueException", 400, "Please provide a source for function code.")
}

// A path alone says which operation a request means.
func TestOperationsThatAreNotServedAreNamed(t *testing.T) {
	ctx := context.Background()
	w := newWorld(t, clock.NewFrozen(noon))
	_, err := w.client.ListLayers(ctx, &sdk.ListLayersInput{})
	wantError(t, err, "NotImplemented", 501, "localaws does not implement lambda:ListLayers")
	_, err = w.client.GetLayerVersionByArn(ctx, &sdk.GetLayerVersionByArnInput{Arn: aws.String("arn:aws:lambda:us-east-1:" + account + ":layer:l:1")})
	wantError(t, err, "NotImplemented", 501, "localaws does not implement lambda:GetLayerVersionByArn")
	_, err = w.client.GetAlias(ctx, &sdk.GetAliasInput{FunctionName: aws.String("f"), Name: aws.String("a")})
	wantError(t, err, "NotImplemented", 501, "localaws does not implement lambda:GetAlias")
	_, err = w.client.DeleteFunctionUrlConfig(ctx, &sdk.DeleteFunctionUrlConfigInput{FunctionName: aws.String("f")})
	wantError(t, err, "NotImplemented", 501, "localaws does not implement lambda:DeleteFunctionUrlConfig")
}
