package lambda

import (
	"cmp"
	"encoding/json"
	"maps"
	"sort"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
)

// configuration is the part of a function that an update of it may change. A
// value is never changed after it has been given to a function.
type configuration struct {
	description     string
	handler         string
	runtime         types.Runtime
	role            string
	memory          int32 // MB
	timeout         int32 // seconds
	ephemeral       int32 // MB
	environment     map[string]string
	logging         types.LoggingConfig // as it is reported, without gaps
	deadLetter      string              // ARN of a queue or topic, or empty
	tracing         types.TracingMode
	hasEnvironment  bool // an Environment was given: it is reported even if empty
	customLogStream bool // the log group is not the function's own
}

// settings are the members that CreateFunction and UpdateFunctionConfiguration
// have in common; nil means unchanged.
type settings struct {
	operation   string
	deadLetter  *types.DeadLetterConfig
	description *string
	environment *types.Environment
	ephemeral   *types.EphemeralStorage
	handler     *string
	logging     *types.LoggingConfig
	memory      *int32
	role        *string
	runtime     types.Runtime
	snapStart   *types.SnapStart
	timeout     *int32
	tracing     *types.TracingConfig
	vpc         *types.VpcConfig
	layers      []string
	fileSystems []types.FileSystemConfig
}

// configure applies settings to a copy of old.
func configure(name string, old configuration, in settings) (configuration, error) {
	c := old
	if err := refuseUnsupported(in); err != nil {
		return c, err
	}
	if in.runtime != "" {
		if err := checkRuntime(in.operation, in.runtime); err != nil {
			return c, err
		}
		c.runtime = in.runtime
	}
	if in.description != nil {
		c.description = *in.description
	}
	if in.handler != nil {
		c.handler = *in.handler
	}
	if in.role != nil {
		c.role = *in.role
	}
	c.memory = cmp.Or(aws.ToInt32(in.memory), c.memory)
	c.timeout = cmp.Or(aws.ToInt32(in.timeout), c.timeout)
	c.ephemeral = cmp.Or(aws.ToInt32(ephemeralSize(in.ephemeral)), c.ephemeral)
	if in.environment != nil {
		if err := checkEnvironment(in.environment.Variables); err != nil {
			return c, err
		}
		c.environment, c.hasEnvironment = maps.Clone(in.environment.Variables), true
		if c.environment == nil {
			c.environment = map[string]string{}
		}
	}
	if in.deadLetter != nil {
		target := aws.ToString(in.deadLetter.TargetArn)
		if target != "" && !strings.Contains(target, ":sqs:") && !strings.Contains(target, ":sns:") {
			return c, invalid("The provided dead letter target %s is not an SQS queue or SNS topic.", target)
		}
		c.deadLetter = target
	}
	if in.tracing != nil {
		c.tracing = cmp.Or(in.tracing.Mode, c.tracing)
	}
	var err error
	if c.logging, err = configureLogging(name, c.logging, in.logging); err != nil {
		return c, err
	}
	c.customLogStream = aws.ToString(c.logging.LogGroup) != "/aws/lambda/"+name
	return c, nil
}

func ephemeralSize(e *types.EphemeralStorage) *int32 {
	if e == nil {
		return nil
	}
	return e.Size
}

// refuseUnsupported names what localaws has no behaviour for. Empty values,
// which some clients always send, mean that it is not wanted.
func refuseUnsupported(in settings) error {
	switch {
	case len(in.layers) > 0:
		return unsupported(in.operation, "parameter Layers")
	case len(in.fileSystems) > 0:
		return unsupported(in.operation, "parameter FileSystemConfigs")
	case in.vpc != nil && (len(in.vpc.SubnetIds) > 0 || len(in.vpc.SecurityGroupIds) > 0 || aws.ToBool(in.vpc.Ipv6AllowedForDualStack)):
		return unsupported(in.operation, "parameter VpcConfig")
	case in.snapStart != nil && in.snapStart.ApplyOn == types.SnapStartApplyOnPublishedVersions:
		return unsupported(in.operation, "value %s of parameter SnapStart.ApplyOn", in.snapStart.ApplyOn)
	}
	return nil
}

func checkRuntime(operation string, runtime types.Runtime) error {
	switch runtime {
	case types.RuntimeProvidedal2023, types.RuntimeProvidedal2:
		return nil
	}
	for _, known := range runtime.Values() {
		if runtime == known {
			return unsupported(operation, "runtime %s (only provided.al2023 and provided.al2)", runtime)
		}
	}
	return invalid("Value %s at 'runtime' failed to satisfy constraint: Member must satisfy enum value set: [provided.al2023, provided.al2] or be a valid ARN", runtime)
}

// reserved are the variables that a function cannot set.
// https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
var reserved = [...]string{
	"_HANDLER", "_X_AMZN_TRACE_ID", "AWS_DEFAULT_REGION", "AWS_REGION", "AWS_EXECUTION_ENV", "AWS_LAMBDA_FUNCTION_NAME",
	"AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "AWS_LAMBDA_FUNCTION_VERSION", "AWS_LAMBDA_INITIALIZATION_TYPE", "AWS_LAMBDA_LOG_GROUP_NAME",
	"AWS_LAMBDA_LOG_STREAM_NAME", "AWS_ACCESS_KEY", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN",
	"AWS_LAMBDA_RUNTIME_API", "LAMBDA_TASK_ROOT", "LAMBDA_RUNTIME_DIR",
}

func checkEnvironment(variables map[string]string) error {
	var used []string
	size := 0
	for name, value := range variables {
		size += len(name) + len(value)
		for _, r := range reserved {
			if name == r {
				used = append(used, name)
			}
		}
	}
	if len(used) > 0 {
		sort.Strings(used)
		return invalid("Lambda was unable to configure your environment variables because the environment variables you have provided "+
			"contains reserved keys that are currently not supported for modification. Reserved keys used in this request: %s", strings.Join(used, ", "))
	}
	if size > maxEnvironment {
		measured, err := json.Marshal(variables)
		if err != nil {
			return err
		}
		return invalid("Lambda was unable to configure your environment variables because the environment variables you have provided exceeded the 4KB limit. "+
			"String measured: %s", measured)
	}
	return nil
}

// configureLogging fills in what AWS fills in: text format and the function's
// own group by default; with JSON, both levels are INFO unless given.
func configureLogging(name string, old types.LoggingConfig, in *types.LoggingConfig) (types.LoggingConfig, error) {
	c := old
	if in == nil {
		in = &types.LoggingConfig{}
	}
	if in.LogFormat != "" {
		c.LogFormat = in.LogFormat
	}
	if c.LogFormat == "" {
		c.LogFormat = types.LogFormatText
	}
	if in.LogGroup != nil && *in.LogGroup != "" {
		c.LogGroup = in.LogGroup
	}
	if c.LogGroup == nil {
		c.LogGroup = aws.String("/aws/lambda/" + name)
	}
	if c.LogFormat == types.LogFormatText {
		if in.ApplicationLogLevel != "" || in.SystemLogLevel != "" {
			return c, invalid("Log levels (ApplicationLogLevel, SystemLogLevel) can only be set for the JSON log format.")
		}
		c.ApplicationLogLevel, c.SystemLogLevel = "", ""
		return c, nil
	}
	if in.ApplicationLogLevel != "" {
		c.ApplicationLogLevel = in.ApplicationLogLevel
	}
	c.SystemLogLevel = cmp.Or(in.SystemLogLevel, c.SystemLogLevel)
	if c.ApplicationLogLevel == "" {
		c.ApplicationLogLevel = types.ApplicationLogLevelInfo
	}
	if c.SystemLogLevel == "" {
		c.SystemLogLevel = types.SystemLogLevelInfo
	}
	return c, nil
}
