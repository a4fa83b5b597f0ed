package lambda

import (
	"context"
	"errors"
	"maps"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
)

func (s *Service) createFunction(ctx context.Context, in *sdk.CreateFunctionInput) (*sdk.CreateFunctionOutput, error) {
	r, ok := parseReference(aws.ToString(in.FunctionName))
	if !ok || r.qualifier != "" {
		return nil, invalidName(aws.ToString(in.FunctionName))
	}
	if in.Publish {
		return nil, unsupported("CreateFunction", "parameter Publish")
	}
	if in.PackageType == types.PackageTypeImage || in.Code != nil && in.Code.ImageUri != nil {
		return nil, unsupported("CreateFunction", "package type Image")
	}
	if in.Code.SourceKMSKeyArn != nil || in.Code.S3ObjectStorageMode != "" {
		return nil, unsupported("CreateFunction", "parameter Code.SourceKMSKeyArn or Code.S3ObjectStorageMode")
	}
	if in.Runtime == "" || in.Handler == nil {
		return nil, invalid("Runtime and Handler are mandatory parameters for functions created with deployment packages.")
	}
	if err := checkTags(in.Tags); err != nil {
		return nil, err
	}
	arch := oneArchitecture(in.Architectures)
	s.mu.Lock()
	exists := s.functions[r.name] != nil
	s.mu.Unlock()
	if exists {
		return nil, conflict("Function already exist: %s", r.name)
	}
	config, err := configure(r.name, configuration{
		memory: defaultMemory, timeout: defaultTimeout, ephemeral: defaultEphemeral, tracing: types.TracingModePassThrough,
	}, settings{
		operation: "CreateFunction", deadLetter: in.DeadLetterConfig, description: in.Description, environment: in.Environment,
		ephemeral: in.EphemeralStorage, handler: in.Handler, logging: in.LoggingConfig, memory: in.MemorySize, role: in.Role,
		runtime: in.Runtime, snapStart: in.SnapStart, timeout: in.Timeout, tracing: in.TracingConfig, vpc: in.VpcConfig,
		layers: in.Layers, fileSystems: in.FileSystemConfigs,
	})
	if err != nil {
		return nil, err
	}
	arn := s.functionARN(r.name)
	if err := s.checkRole(ctx, config.role, arn); err != nil {
		return nil, err
	}
	code, err := s.load(ctx, codeSource{"CreateFunction", in.Code.ZipFile, in.Code.S3Bucket, in.Code.S3Key, in.Code.S3ObjectVersion})
	if err != nil {
		return nil, err
	}
	f := &function{name: r.name, arn: arn, config: config, arch: arch, code: code, tags: maps.Clone(in.Tags)}

	s.mu.Lock()
	defer s.mu.Unlock()
	if s.functions[r.name] != nil || s.closed {
		return nil, errors.Join(conflict("Function already exist: %s", r.name), code.remove())
	}
	s.touch(f)
	f.pool = newPool(s, s.processes, f.deployment())
	s.functions[r.name] = f
	out := s.describe(f)
	out.State = types.StatePending
	out.StateReason, out.StateReasonCode = aws.String("The function is being created."), types.StateReasonCodeCreating
	out.LastUpdateStatus = ""
	f.revision = s.env.IDs.UUID() // another one once it is active
	return into[sdk.CreateFunctionOutput](out), nil
}

// checkRole makes sure that Lambda may assume the role.
func (s *Service) checkRole(ctx context.Context, role, functionARN string) error {
	if _, err := s.env.Roles.AssumeRole(ctx, role, servicePrincipal, functionARN); err != nil {
		return invalid("The role defined for the function cannot be assumed by Lambda. (%v)", err)
	}
	return nil
}

func oneArchitecture(in []types.Architecture) types.Architecture {
	if len(in) == 0 {
		return types.ArchitectureX8664
	}
	return in[0]
}
