package lambda

import (
	"context"
	"errors"
	"reflect"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
)

func (s *Service) updateFunctionConfiguration(ctx context.Context, in *sdk.UpdateFunctionConfigurationInput) (*sdk.UpdateFunctionConfigurationOutput, error) {
	f, err := s.lookup(in.FunctionName, nil)
	if err != nil {
		return nil, err
	}
	if in.Role != nil {
		if err := s.checkRole(ctx, *in.Role, f.arn); err != nil {
			return nil, err
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := checkRevision(in.RevisionId, f.revision, "GetFunction/GetAlias"); err != nil {
		return nil, err
	}
	config, err := configure(f.name, f.config, settings{
		operation: "UpdateFunctionConfiguration", deadLetter: in.DeadLetterConfig, description: in.Description, environment: in.Environment,
		ephemeral: in.EphemeralStorage, handler: in.Handler, logging: in.LoggingConfig, memory: in.MemorySize, role: in.Role,
		runtime: in.Runtime, snapStart: in.SnapStart, timeout: in.Timeout, tracing: in.TracingConfig, vpc: in.VpcConfig,
		layers: in.Layers, fileSystems: in.FileSystemConfigs,
	})
	if err != nil {
		return nil, err
	}
	f.config = config
	s.touch(f)
	f.pool.deploy(f.deployment())
	return into[sdk.UpdateFunctionConfigurationOutput](inProgress(s.describe(f))), nil
}

func (s *Service) updateFunctionCode(ctx context.Context, in *sdk.UpdateFunctionCodeInput) (*sdk.UpdateFunctionCodeOutput, error) {
	f, err := s.lookup(in.FunctionName, nil)
	if err != nil {
		return nil, err
	}
	if in.Publish {
		return nil, unsupported("UpdateFunctionCode", "parameter Publish")
	}
	code, err := s.load(ctx, codeSource{"UpdateFunctionCode", in.ZipFile, in.S3Bucket, in.S3Key, in.S3ObjectVersion})
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	arch := f.arch
	if len(in.Architectures) > 0 {
		arch = oneArchitecture(in.Architectures)
	}
	if err := checkRevision(in.RevisionId, f.revision, "GetFunction/GetAlias"); err != nil {
		return nil, errors.Join(err, code.remove())
	}
	if in.DryRun {
		out := s.describe(f)
		out.CodeSha256, out.CodeSize, out.Architectures = aws.String(code.sha256), code.size, []types.Architecture{arch}
		return into[sdk.UpdateFunctionCodeOutput](out), code.remove()
	}
	f.code, f.arch = code, arch
	s.touch(f)
	f.pool.deploy(f.deployment())
	return into[sdk.UpdateFunctionCodeOutput](inProgress(s.describe(f))), nil
}

// inProgress is how AWS describes a function in the answer to an update. Here
// the update is done by then, and the next description says so.
func inProgress(c types.FunctionConfiguration) types.FunctionConfiguration {
	c.LastUpdateStatus = types.LastUpdateStatusInProgress
	c.LastUpdateStatusReason = aws.String("The function is being created.")
	c.LastUpdateStatusReasonCode = "Creating" // which the SDK does not list
	return c
}

// into copies a function's description into the output of an operation, which
// has the same members.
func into[O any](c types.FunctionConfiguration) *O {
	out := new(O)
	from, to := reflect.ValueOf(c), reflect.ValueOf(out).Elem()
	for i := range from.NumField() {
		name := from.Type().Field(i).Name
		if target := to.FieldByName(name); target.CanSet() && target.Type() == from.Field(i).Type() {
			target.Set(from.Field(i))
		}
	}
	return out
}
