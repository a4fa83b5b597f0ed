package lambda

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
)

// function is one function and everything attached to it. The fields are
// guarded by Service.mu, apart from name, arn and pool.
type function struct {
	name string
	arn  string
	pool *pool

	config       configuration
	arch         types.Architecture
	code         *code
	revision     string
	lastModified time.Time
	tags         map[string]string
	policy       policy
	reserved     *int32
	eventInvoke  *types.FunctionEventInvokeConfig
	inFlight     int
}

// deployment is what a process is started from.
func (f *function) deployment() deployment {
	return deployment{name: f.name, arn: f.arn, config: f.config, code: f.code}
}

// describe is the function as the API shows it. Service.mu is held.
func (s *Service) describe(f *function) types.FunctionConfiguration {
	c := f.config
	out := types.FunctionConfiguration{
		Architectures:    []types.Architecture{f.arch},
		CodeSha256:       aws.String(f.code.sha256),
		CodeSize:         f.code.size,
		Description:      aws.String(c.description),
		EphemeralStorage: &types.EphemeralStorage{Size: aws.Int32(c.ephemeral)},
		FunctionArn:      aws.String(f.arn),
		FunctionName:     aws.String(f.name),
		Handler:          aws.String(c.handler),
		LastModified:     aws.String(f.lastModified.Format("2006-01-02T15:04:05.000-0700")),
		LastUpdateStatus: types.LastUpdateStatusSuccessful,
		LoggingConfig:    new(c.logging),
		MemorySize:       aws.Int32(c.memory),
		PackageType:      types.PackageTypeZip,
		RevisionId:       aws.String(f.revision),
		Role:             aws.String(c.role),
		Runtime:          c.runtime,
		RuntimeVersionConfig: &types.RuntimeVersionConfig{
			RuntimeVersionArn: aws.String(s.runtimeVersionARN()),
		},
		SnapStart:     &types.SnapStartResponse{ApplyOn: types.SnapStartApplyOnNone, OptimizationStatus: types.SnapStartOptimizationStatusOff},
		State:         types.StateActive,
		Timeout:       aws.Int32(c.timeout),
		TracingConfig: &types.TracingConfigResponse{Mode: c.tracing},
		Version:       aws.String(latest),
	}
	if c.hasEnvironment {
		out.Environment = &types.EnvironmentResponse{Variables: maps.Clone(c.environment)}
	}
	if c.deadLetter != "" {
		out.DeadLetterConfig = &types.DeadLetterConfig{TargetArn: aws.String(c.deadLetter)}
	}
	return out
}

func (s *Service) runtimeVersionARN() string {
	return "arn:" + s.env.Partition + ":lambda:" + s.env.Region + runtimeVersionSuffix
}

// touch records a change. Service.mu is held.
func (s *Service) touch(f *function) {
	f.revision = s.env.IDs.UUID()
	f.lastModified = s.env.Clock.Now()
}

// names are the functions in order. Service.mu is held.
func (s *Service) names() []string { return slices.Sorted(maps.Keys(s.functions)) }

func (s *Service) getFunction(_ context.Context, in *sdk.GetFunctionInput) (*sdk.GetFunctionOutput, error) {
	f, err := s.lookup(in.FunctionName, in.Qualifier)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	out := &sdk.GetFunctionOutput{Configuration: new(s.describe(f)), Code: f.code.location()}
	if asked(in.FunctionName, in.Qualifier) {
		out.Configuration.FunctionArn = aws.String(qualified(f.arn))
	}
	if len(f.tags) > 0 {
		out.Tags = maps.Clone(f.tags)
	}
	if f.reserved != nil {
		out.Concurrency = &types.Concurrency{ReservedConcurrentExecutions: f.reserved}
	}
	return out, nil
}

// asked reports whether a request names $LATEST, which the answer then repeats.
func asked(name, qualifier *string) bool {
	r, ok := parseReference(aws.ToString(name))
	return aws.ToString(qualifier) != "" || ok && r.qualifier != ""
}

func (s *Service) getFunctionConfiguration(_ context.Context, in *sdk.GetFunctionConfigurationInput) (*sdk.GetFunctionConfigurationOutput, error) {
	f, err := s.lookup(in.FunctionName, in.Qualifier)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.describe(f)
	if asked(in.FunctionName, in.Qualifier) {
		c.FunctionArn = aws.String(qualified(f.arn))
	}
	return into[sdk.GetFunctionConfigurationOutput](c), nil
}

func (s *Service) listFunctions(_ context.Context, in *sdk.ListFunctionsInput) (*sdk.ListFunctionsOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	names, next, err := page(s.names(), in.Marker, in.MaxItems, 50)
	if err != nil {
		return nil, err
	}
	out := &sdk.ListFunctionsOutput{Functions: []types.FunctionConfiguration{}, NextMarker: next}
	for _, name := range names {
		c := s.describe(s.functions[name])
		// A listing leaves out the state, as AWS's does.
		c.State, c.LastUpdateStatus, c.RuntimeVersionConfig = "", "", nil
		if in.FunctionVersion != "" {
			c.FunctionArn = aws.String(*c.FunctionArn + ":" + latest)
		}
		out.Functions = append(out.Functions, c)
	}
	return out, nil
}

// page cuts one page out of sorted names; the marker is the last name of the
// page before.
func page(names []string, marker *string, maxItems *int32, most int) ([]string, *string, error) {
	size := most
	if maxItems != nil {
		size = min(int(*maxItems), most)
	}
	start := 0
	if m := aws.ToString(marker); m != "" {
		i, found := slices.BinarySearch(names, m)
		if start = i; found {
			start++
		}
	}
	names = names[start:]
	if len(names) <= size {
		return names, nil, nil
	}
	return names[:size], aws.String(names[size-1]), nil
}

func (s *Service) deleteFunction(_ context.Context, in *sdk.DeleteFunctionInput) (*sdk.DeleteFunctionOutput, error) {
	if q := aws.ToString(in.Qualifier); q != "" {
		return nil, invalid("%s version cannot be deleted without deleting the function.", q)
	}
	f, err := s.lookup(in.FunctionName, nil)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	delete(s.functions, f.name)
	s.mu.Unlock()
	f.pool.retire()
	return &sdk.DeleteFunctionOutput{StatusCode: 204}, nil
}

func (s *Service) listVersions(_ context.Context, in *sdk.ListVersionsByFunctionInput) (*sdk.ListVersionsByFunctionOutput, error) {
	f, err := s.lookup(in.FunctionName, nil)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.describe(f)
	c.FunctionArn = aws.String(f.arn + ":" + latest)
	c.State, c.LastUpdateStatus, c.RuntimeVersionConfig = "", "", nil
	return &sdk.ListVersionsByFunctionOutput{Versions: []types.FunctionConfiguration{c}}, nil
}

func (s *Service) listAliases(_ context.Context, in *sdk.ListAliasesInput) (*sdk.ListAliasesOutput, error) {
	if _, err := s.lookup(in.FunctionName, nil); err != nil {
		return nil, err
	}
	return &sdk.ListAliasesOutput{Aliases: []types.AliasConfiguration{}}, nil
}

func (s *Service) getCodeSigning(_ context.Context, in *sdk.GetFunctionCodeSigningConfigInput) (*sdk.GetFunctionCodeSigningConfigOutput, error) {
	f, err := s.lookup(in.FunctionName, nil)
	if err != nil {
		return nil, err
	}
	return &sdk.GetFunctionCodeSigningConfigOutput{FunctionName: aws.String(f.name), CodeSigningConfigArn: aws.String("")}, nil
}

func (s *Service) getRuntimeManagement(_ context.Context, in *sdk.GetRuntimeManagementConfigInput) (*sdk.GetRuntimeManagementConfigOutput, error) {
	f, err := s.lookup(in.FunctionName, in.Qualifier)
	if err != nil {
		return nil, err
	}
	return &sdk.GetRuntimeManagementConfigOutput{FunctionArn: aws.String(f.arn), UpdateRuntimeOn: types.UpdateRuntimeOnAuto}, nil
}

func (s *Service) getRecursion(_ context.Context, in *sdk.GetFunctionRecursionConfigInput) (*sdk.GetFunctionRecursionConfigOutput, error) {
	if _, err := s.lookup(in.FunctionName, nil); err != nil {
		return nil, err
	}
	return &sdk.GetFunctionRecursionConfigOutput{RecursiveLoop: types.RecursiveLoopTerminate}, nil
}

func (s *Service) getAccountSettings(context.Context, *sdk.GetAccountSettingsInput) (*sdk.GetAccountSettingsOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	usage := types.AccountUsage{FunctionCount: int64(len(s.functions))}
	for _, f := range s.functions {
		usage.TotalCodeSize += f.code.size
	}
	return &sdk.GetAccountSettingsOutput{
		AccountLimit: &types.AccountLimit{
			CodeSizeUnzipped: maxUnzipped, CodeSizeZipped: maxZip, ConcurrentExecutions: accountConcurrency,
			TotalCodeSize: 75 << 30, UnreservedConcurrentExecutions: aws.Int32(accountConcurrency - s.reservedSum("")),
		},
		AccountUsage: &usage,
	}, nil
}

// qualified is the unqualified ARN with $LATEST, as records of asynchronous
// invocations carry it.
func qualified(arn string) string { return strings.TrimSuffix(arn, ":"+latest) + ":" + latest }
