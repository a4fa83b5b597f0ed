package provider

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/archive"
)

type function struct {
	Name            string            `prop:"name,auto=64,replace"`
	Role            string            `prop:"role,required"`
	Code            *archive.Archive  `prop:"code,keep"`
	S3Bucket        string            `prop:"s3Bucket,keep,omitempty"`
	S3Key           string            `prop:"s3Key,keep,omitempty"`
	S3ObjectVersion string            `prop:"s3ObjectVersion,keep,omitempty"`
	SourceCodeHash  string            `prop:"sourceCodeHash,computed,changes"`
	Handler         string            `prop:"handler,omitempty"`
	Runtime         string            `prop:"runtime,omitempty"`
	Architectures   []string          `prop:"architectures,computed"`
	PackageType     string            `prop:"packageType,default=Zip,replace"`
	MemorySize      int64             `prop:"memorySize,default=128"`
	Timeout         int64             `prop:"timeout,default=3"`
	Description     string            `prop:"description,omitempty"`
	Environment     *functionEnv      `prop:"environment"`
	EphemeralSize   *ephemeralStorage `prop:"ephemeralStorage,computed"`
	DeadLetter      *functionDLQ      `prop:"deadLetterConfig"`
	KMSKeyARN       string            `prop:"kmsKeyArn,omitempty"`
	Layers          []string          `prop:"layers"`
	Logging         *functionLogging  `prop:"loggingConfig,computed"`
	Tracing         *functionTracing  `prop:"tracingConfig,computed"`
	Publish         bool              `prop:"publish,default=false,keep"`
	Reserved        int64             `prop:"reservedConcurrentExecutions,default=-1"`
	SkipDestroy     bool              `prop:"skipDestroy,default=false,keep"`
	tagged

	ARN                string `prop:"arn,out"`
	CodeSHA256         string `prop:"codeSha256,out,changes"`
	CodeSize           int64  `prop:"sourceCodeSize,out,changes"`
	InvokeARN          string `prop:"invokeArn,out"`
	LastModified       string `prop:"lastModified,out,changes"`
	QualifiedARN       string `prop:"qualifiedArn,out,changes"`
	QualifiedInvokeARN string `prop:"qualifiedInvokeArn,out,changes"`
	SigningJob         string `prop:"signingJobArn,out"`
	SigningProfile     string `prop:"signingProfileVersionArn,out"`
	Version            string `prop:"version,out,changes"`
}

type functionEnv struct {
	Variables map[string]string `prop:"variables"`
}

type ephemeralStorage struct {
	Size int64 `prop:"size,computed"`
}

type functionDLQ struct {
	TargetARN string `prop:"targetArn,required"`
}

type functionLogging struct {
	Format   string `prop:"logFormat,required"`
	LogGroup string `prop:"logGroup,computed"`
	AppLevel string `prop:"applicationLogLevel,omitempty"`
	SysLevel string `prop:"systemLogLevel,omitempty"`
}

type functionTracing struct {
	Mode string `prop:"mode,required"`
}

func lambdaFunction() handler {
	return of(typed[function]{
		Token: "aws:lambda/function:Function",
		Check: func(in resource.PropertyMap, c *checker) {
			given := 0
			for _, k := range []resource.PropertyKey{"code", "s3Bucket", "imageUri"} {
				if !absent(in[k]) {
					given++
				}
			}
			if given != 1 {
				c.fail("code", "exactly one of code, s3Bucket and imageUri must be given")
			}
			if p := in["packageType"]; p.IsString() && p.StringValue() == "Zip" {
				for _, k := range []resource.PropertyKey{"handler", "runtime"} {
					if absent(in[k]) {
						c.fail(string(k), "must be given for a package of type Zip")
					}
				}
			}
		},
		Create: func(ctx context.Context, s *session, in *function) (string, error) { return s.createFunction(ctx, in) },
		Read:   func(ctx context.Context, s *session, id string, v *function) error { return s.readFunction(ctx, id, v) },
		Update: func(ctx context.Context, s *session, id string, old, in *function) error {
			return s.updateFunction(ctx, id, old, in)
		},
		Delete: func(ctx context.Context, s *session, id string, v *function) error {
			if v.SkipDestroy {
				return nil
			}
			return s.retry(ctx, functionBusy, func() error {
				_, err := s.lambda.DeleteFunction(ctx, &lambda.DeleteFunctionInput{FunctionName: &id})
				return err
			})
		},
	})
}

// functionBusy: Lambda refuses changes while an earlier one is under way.
func functionBusy(err error) bool {
	return code(err) == "ResourceConflictException" && strings.Contains(message(err), "in progress")
}

func functionTemporary(err error) bool {
	return functionBusy(err) || code(err) == "InvalidParameterValueException" && propagating(err)
}

func (s *session) createFunction(ctx context.Context, in *function) (string, error) {
	fcode := &types.FunctionCode{S3Bucket: str(in.S3Bucket), S3Key: str(in.S3Key), S3ObjectVersion: str(in.S3ObjectVersion)}
	if in.Code != nil {
		b, err := zipped(in.Code, s.dir)
		if err != nil {
			return "", err
		}
		fcode.ZipFile = b
	}
	c := in.configuration()
	req := &lambda.CreateFunctionInput{
		FunctionName: &in.Name, Code: fcode, Role: &in.Role, Publish: in.Publish, PackageType: types.PackageType(in.PackageType),
		Handler: c.Handler, Runtime: c.Runtime, MemorySize: c.MemorySize, Timeout: c.Timeout, Description: c.Description,
		Environment: c.Environment, EphemeralStorage: c.EphemeralStorage, DeadLetterConfig: c.DeadLetterConfig,
		KMSKeyArn: c.KMSKeyArn, Layers: c.Layers, LoggingConfig: c.LoggingConfig, TracingConfig: c.TracingConfig,
	}
	if in.DeadLetter == nil {
		req.DeadLetterConfig = nil
	}
	if len(in.Layers) == 0 {
		req.Layers = nil
	}
	if in.Environment == nil {
		req.Environment = nil
	}
	req.KMSKeyArn, req.Description = str(in.KMSKeyARN), str(in.Description)
	if len(in.TagsAll) > 0 {
		req.Tags = in.TagsAll
	}
	for _, a := range in.Architectures {
		req.Architectures = append(req.Architectures, types.Architecture(a))
	}
	err := s.retry(ctx, functionTemporary, func() error {
		return create(ctx, func(ctx context.Context) error { _, err := s.lambda.CreateFunction(ctx, req); return err }, "ResourceConflictException")
	})
	if err != nil {
		return made(in.Name, err)
	}
	if err := s.functionReady(ctx, in.Name); err != nil {
		return in.Name, err
	}
	return in.Name, s.reserve(ctx, in)
}

// functionReady waits until the function is active and its last update is done.
func (s *session) functionReady(ctx context.Context, name string) error {
	return s.wait(ctx, "the function "+name+" to be active", func() (bool, error) {
		c, err := s.lambda.GetFunctionConfiguration(ctx, &lambda.GetFunctionConfigurationInput{FunctionName: &name})
		if isGone(err) {
			return false, nil // not seen yet
		}
		if err != nil {
			return false, err
		}
		if c.State == types.StateFailed {
			return false, fmt.Errorf("the function failed: %s: %s", c.StateReasonCode, aws.ToString(c.StateReason))
		}
		if c.LastUpdateStatus == types.LastUpdateStatusFailed {
			return false, fmt.Errorf("the function's update failed: %s: %s", c.LastUpdateStatusReasonCode, aws.ToString(c.LastUpdateStatusReason))
		}
		return c.State != types.StatePending && c.LastUpdateStatus != types.LastUpdateStatusInProgress, nil
	})
}

// reserve sets the reserved concurrency; -1 is none.
func (s *session) reserve(ctx context.Context, in *function) error {
	if in.Reserved >= 0 {
		_, err := s.lambda.PutFunctionConcurrency(ctx, &lambda.PutFunctionConcurrencyInput{
			FunctionName: &in.Name, ReservedConcurrentExecutions: aws.Int32(int32(in.Reserved)),
		})
		return err
	}
	now, err := s.lambda.GetFunctionConcurrency(ctx, &lambda.GetFunctionConcurrencyInput{FunctionName: &in.Name})
	if err != nil || now.ReservedConcurrentExecutions == nil {
		return err
	}
	_, err = s.lambda.DeleteFunctionConcurrency(ctx, &lambda.DeleteFunctionConcurrencyInput{FunctionName: &in.Name})
	return err
}

// configuration is the whole of what UpdateFunctionConfiguration takes; what is
// empty clears what was there.
func (f *function) configuration() *lambda.UpdateFunctionConfigurationInput {
	c := &lambda.UpdateFunctionConfigurationInput{
		FunctionName: &f.Name, Role: &f.Role, Handler: str(f.Handler), Runtime: types.Runtime(f.Runtime),
		MemorySize: aws.Int32(int32(f.MemorySize)), Timeout: aws.Int32(int32(f.Timeout)), Description: &f.Description,
		KMSKeyArn: &f.KMSKeyARN, Layers: append([]string{}, f.Layers...),
		Environment:      &types.Environment{Variables: map[string]string{}},
		DeadLetterConfig: &types.DeadLetterConfig{TargetArn: aws.String("")},
	}
	if f.Environment != nil && f.Environment.Variables != nil {
		c.Environment.Variables = f.Environment.Variables
	}
	if f.DeadLetter != nil {
		c.DeadLetterConfig.TargetArn = &f.DeadLetter.TargetARN
	}
	if e := f.EphemeralSize; e != nil && e.Size != 0 {
		c.EphemeralStorage = &types.EphemeralStorage{Size: aws.Int32(int32(e.Size))}
	}
	if l := f.Logging; l != nil {
		c.LoggingConfig = &types.LoggingConfig{
			LogFormat: types.LogFormat(l.Format), LogGroup: str(l.LogGroup),
			ApplicationLogLevel: types.ApplicationLogLevel(l.AppLevel), SystemLogLevel: types.SystemLogLevel(l.SysLevel),
		}
	}
	if t := f.Tracing; t != nil {
		c.TracingConfig = &types.TracingConfig{Mode: types.TracingMode(t.Mode)}
	}
	return c
}

func (s *session) updateFunction(ctx context.Context, id string, old, in *function) error {
	c := in.configuration()
	if old.DeadLetter == nil && in.DeadLetter == nil {
		c.DeadLetterConfig = nil
	}
	if len(old.Layers) == 0 && len(in.Layers) == 0 {
		c.Layers = nil
	}
	if old.KMSKeyARN == "" && in.KMSKeyARN == "" {
		c.KMSKeyArn = nil
	}
	err := s.retry(ctx, functionTemporary, func() error {
		_, err := s.lambda.UpdateFunctionConfiguration(ctx, c)
		return err
	})
	if err != nil {
		return err
	}
	if err := s.functionReady(ctx, id); err != nil {
		return err
	}
	changed, err := s.updateCode(ctx, id, old, in)
	if err != nil {
		return err
	}
	if err := s.reserve(ctx, in); err != nil {
		return err
	}
	if in.Publish && (changed || !old.Publish) {
		if _, err := s.lambda.PublishVersion(ctx, &lambda.PublishVersionInput{FunctionName: &id}); err != nil {
			return err
		}
	}
	now, err := s.lambda.GetFunction(ctx, &lambda.GetFunctionInput{FunctionName: &id})
	if err != nil {
		return err
	}
	set, remove := delta(now.Tags, in.TagsAll)
	if len(remove) > 0 {
		if _, err := s.lambda.UntagResource(ctx, &lambda.UntagResourceInput{Resource: now.Configuration.FunctionArn, TagKeys: remove}); err != nil {
			return err
		}
	}
	if len(set) > 0 {
		if _, err := s.lambda.TagResource(ctx, &lambda.TagResourceInput{Resource: now.Configuration.FunctionArn, Tags: set}); err != nil {
			return err
		}
	}
	return nil
}

// updateCode uploads the code when it is not what the function has; it says
// whether it did.
func (s *session) updateCode(ctx context.Context, id string, old, in *function) (bool, error) {
	now, err := s.lambda.GetFunctionConfiguration(ctx, &lambda.GetFunctionConfigurationInput{FunctionName: &id})
	if err != nil {
		return false, err
	}
	req := &lambda.UpdateFunctionCodeInput{FunctionName: &id, S3Bucket: str(in.S3Bucket), S3Key: str(in.S3Key), S3ObjectVersion: str(in.S3ObjectVersion)}
	same := in.Code == nil && old.S3Bucket == in.S3Bucket && old.S3Key == in.S3Key &&
		old.S3ObjectVersion == in.S3ObjectVersion && (in.SourceCodeHash == "" || in.SourceCodeHash == old.SourceCodeHash)
	if in.Code != nil {
		if req.ZipFile, err = zipped(in.Code, s.dir); err != nil {
			return false, err
		}
		sum := sha256.Sum256(req.ZipFile)
		same = aws.ToString(now.CodeSha256) == base64.StdEncoding.EncodeToString(sum[:])
	}
	if len(in.Architectures) > 0 {
		for _, a := range in.Architectures {
			req.Architectures = append(req.Architectures, types.Architecture(a))
		}
		same = same && len(now.Architectures) == len(req.Architectures) && now.Architectures[0] == req.Architectures[0]
	}
	if same {
		return false, nil
	}
	err = s.retry(ctx, functionBusy, func() error {
		_, err := s.lambda.UpdateFunctionCode(ctx, req)
		return err
	})
	if err != nil {
		return false, err
	}
	return true, s.functionReady(ctx, id)
}

func (s *session) readFunction(ctx context.Context, id string, v *function) error {
	out, err := s.lambda.GetFunction(ctx, &lambda.GetFunctionInput{FunctionName: &id})
	if err != nil {
		return err
	}
	c := out.Configuration
	v.Name, v.ARN, v.Role = aws.ToString(c.FunctionName), aws.ToString(c.FunctionArn), aws.ToString(c.Role)
	v.Handler, v.Runtime, v.Description = aws.ToString(c.Handler), string(c.Runtime), aws.ToString(c.Description)
	v.MemorySize, v.Timeout = int64(aws.ToInt32(c.MemorySize)), int64(aws.ToInt32(c.Timeout))
	v.KMSKeyARN, v.LastModified = aws.ToString(c.KMSKeyArn), aws.ToString(c.LastModified)
	v.CodeSHA256, v.CodeSize = aws.ToString(c.CodeSha256), c.CodeSize
	if v.SourceCodeHash == "" { // not given
		v.SourceCodeHash = v.CodeSHA256
	}
	if v.PackageType = string(c.PackageType); v.PackageType == "" {
		v.PackageType = "Zip"
	}
	v.Architectures = nil
	for _, a := range c.Architectures {
		v.Architectures = append(v.Architectures, string(a))
	}
	v.Layers = nil
	for _, l := range c.Layers {
		v.Layers = append(v.Layers, aws.ToString(l.Arn))
	}
	v.Environment, v.DeadLetter, v.EphemeralSize, v.Logging, v.Tracing = nil, nil, nil, nil, nil
	if e := c.Environment; e != nil && len(e.Variables) > 0 {
		v.Environment = &functionEnv{Variables: e.Variables}
	}
	if d := c.DeadLetterConfig; d != nil && aws.ToString(d.TargetArn) != "" {
		v.DeadLetter = &functionDLQ{TargetARN: *d.TargetArn}
	}
	if e := c.EphemeralStorage; e != nil {
		v.EphemeralSize = &ephemeralStorage{Size: int64(aws.ToInt32(e.Size))}
	}
	if l := c.LoggingConfig; l != nil {
		v.Logging = &functionLogging{Format: string(l.LogFormat), LogGroup: aws.ToString(l.LogGroup), AppLevel: string(l.ApplicationLogLevel), SysLevel: string(l.SystemLogLevel)}
	}
	if t := c.TracingConfig; t != nil {
		v.Tracing = &functionTracing{Mode: string(t.Mode)}
	}
	v.Reserved = -1
	if r := out.Concurrency; r != nil && r.ReservedConcurrentExecutions != nil {
		v.Reserved = int64(*r.ReservedConcurrentExecutions)
	}
	v.TagsAll = out.Tags
	v.Version = "$LATEST"
	if v.Publish {
		if err := s.latestVersion(ctx, id, v); err != nil {
			return err
		}
	}
	v.QualifiedARN = v.ARN + ":" + v.Version
	v.InvokeARN, v.QualifiedInvokeARN = s.invokeARN(v.ARN), s.invokeARN(v.QualifiedARN)
	return nil
}

func (s *session) latestVersion(ctx context.Context, id string, v *function) error {
	pages := lambda.NewListVersionsByFunctionPaginator(s.lambda, &lambda.ListVersionsByFunctionInput{FunctionName: &id})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return err
		}
		for _, f := range page.Versions {
			v.Version = aws.ToString(f.Version)
		}
	}
	return nil
}

func (s *session) invokeARN(arn string) string {
	return "arn:" + s.partition + ":apigateway:" + s.region + ":lambda:path/2015-03-31/functions/" + arn + "/invocations"
}
