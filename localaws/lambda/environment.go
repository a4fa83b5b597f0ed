package lambda

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"crawlerless/localaws/lambda/sandbox"
)

// initLimit is how long a process may take until it asks for its first event,
// in real time, before the initialization is repeated as part of the invocation.
// https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html
const initLimit = 10 * time.Second

// environment is one execution environment: a process, its credentials, its
// log stream and its temporary directory.
type environment struct {
	service    *Service
	deployment // read only
	generation int

	// Set once by prepare, before the environment is shared.
	variables []string
	expires   time.Time // of the credentials, on env.Clock; zero: never
	logs      *logStream
	tmp       string
	taskRoot  string

	mu      sync.Mutex
	sandbox *sandbox.Sandbox
}

// process is the sandbox, or nil when none runs.
func (e *environment) process() *sandbox.Sandbox {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.sandbox
}

// usable reports whether another invocation can run: the process lives and its
// credentials outlast the invocation.
func (e *environment) usable() bool {
	p := e.process()
	if p == nil || !p.Alive() {
		return false
	}
	margin := time.Duration(e.config.timeout)*time.Second + time.Minute
	return e.expires.IsZero() || e.service.env.Clock.Now().Add(margin).Before(e.expires)
}

// kill ends the process and reports whether there was one.
func (e *environment) kill() bool {
	p := e.process()
	if p == nil || !p.Alive() {
		return false
	}
	p.Kill()
	return true
}

// close ends the process and removes the environment's files.
func (e *environment) close() {
	e.kill()
	if e.tmp == "" {
		return
	}
	if err := os.RemoveAll(e.tmp); err != nil {
		e.service.env.Log.Warn("cannot remove a temporary directory", slog.String("function", e.name), slog.Any("error", err))
	}
}

// prepare gets credentials and makes what the process will see.
func (e *environment) prepare(ctx context.Context) error {
	env := e.service.env
	cfg, err := env.Roles.AssumeRole(ctx, e.config.role, servicePrincipal, e.arn)
	if err != nil {
		return &accessDenied{fmt.Sprintf("The role defined for the function cannot be assumed by Lambda. (%v)", err)}
	}
	var credentials aws.Credentials
	if cfg.Credentials != nil {
		if credentials, err = cfg.Credentials.Retrieve(ctx); err != nil {
			return &accessDenied{fmt.Sprintf("The role defined for the function cannot be assumed by Lambda. (%v)", err)}
		}
	}
	if credentials.CanExpire {
		e.expires = credentials.Expires
	}
	if err := os.MkdirAll(filepath.Join(env.Dir, "tmp"), 0o755); err != nil {
		return fmt.Errorf("make the temporary directory of %s: %w", e.name, err)
	}
	if e.tmp, err = os.MkdirTemp(filepath.Join(env.Dir, "tmp"), "env-"); err != nil {
		return fmt.Errorf("make the temporary directory of %s: %w", e.name, err)
	}
	if e.taskRoot, err = filepath.Abs(e.code.dir); err != nil {
		return fmt.Errorf("find the code of %s: %w", e.name, err)
	}
	e.logs = newLogStream(e.service, e.deployment, cfg)
	e.variables = e.environ(credentials)
	return nil
}

// environ is the process's whole environment.
// https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
func (e *environment) environ(credentials aws.Credentials) []string {
	env := e.service.env
	out := []string{
		"LANG=en_US.UTF-8",
		"PATH=/usr/local/bin:/usr/bin/:/bin:/opt/bin",
		"TZ=:UTC",
		"TMPDIR=" + e.tmp,
		"HOME=" + e.tmp,
		"PWD=" + e.taskRoot,
		"LAMBDA_TASK_ROOT=" + e.taskRoot,
		"LAMBDA_RUNTIME_DIR=/var/runtime",
		"_HANDLER=" + e.config.handler,
		"AWS_REGION=" + env.Region,
		"AWS_DEFAULT_REGION=" + env.Region,
		"AWS_ACCESS_KEY_ID=" + credentials.AccessKeyID,
		"AWS_SECRET_ACCESS_KEY=" + credentials.SecretAccessKey,
		"AWS_SESSION_TOKEN=" + credentials.SessionToken,
		"AWS_LAMBDA_FUNCTION_NAME=" + e.name,
		"AWS_LAMBDA_FUNCTION_VERSION=" + latest,
		"AWS_LAMBDA_FUNCTION_MEMORY_SIZE=" + strconv.Itoa(int(e.config.memory)),
		"AWS_LAMBDA_INITIALIZATION_TYPE=on-demand",
		"AWS_LAMBDA_LOG_GROUP_NAME=" + aws.ToString(e.config.logging.LogGroup),
		"AWS_LAMBDA_LOG_STREAM_NAME=" + e.logs.stream,
		"AWS_LAMBDA_LOG_FORMAT=" + string(e.config.logging.LogFormat),
		"AWS_XRAY_CONTEXT_MISSING=LOG_ERROR",
		"AWS_EC2_METADATA_DISABLED=true",
	}
	if e.config.logging.LogFormat == types.LogFormatJson {
		out = append(out, "AWS_LAMBDA_LOG_LEVEL="+string(e.config.logging.ApplicationLogLevel))
	}
	if env.Endpoint != nil {
		out = append(out, "AWS_ENDPOINT_URL="+env.Endpoint(), "AWS_S3_USE_PATH_STYLE=true")
	}
	for name, value := range e.config.environment {
		out = append(out, name+"="+value) // the last of two wins
	}
	return out
}

// initialized describes the start of a process.
type initialized struct {
	duration time.Duration
	failure  *sandbox.Failure // nil: ready
}

// start brings the process up. As on AWS a failed initialization is tried a
// second time within the invocation and its timeout; the second failure is the
// invocation's. The error is for what no process is to blame for.
func (e *environment) start(ctx context.Context) (initialized, error) {
	if err := e.prepare(ctx); err != nil {
		return initialized{}, err
	}
	e.logs.initStart()
	first, err := e.startOnce(ctx, initLimit)
	if err != nil || first.failure == nil {
		return first, err
	}
	e.logs.initReport(first, "init")
	second, err := e.startOnce(ctx, time.Duration(e.config.timeout)*time.Second)
	if err == nil && second.failure != nil {
		e.logs.initReport(second, "invoke")
	}
	return second, err
}

func (e *environment) startOnce(ctx context.Context, limit time.Duration) (initialized, error) {
	began := time.Now()
	process, err := sandbox.Start(e.service.spawner, sandbox.Config{
		TaskRoot: e.taskRoot,
		Env:      e.variables,
		Output:   e.logs.application,
		Marker:   e.service.env.IDs.Hex(32),
	})
	var unusable *sandbox.StartError
	if errors.As(err, &unusable) {
		return initialized{time.Since(began), &sandbox.Failure{Type: "Runtime.InvalidEntrypoint", Message: entrypointMessage(unusable)}}, nil
	}
	if err != nil {
		return initialized{}, fmt.Errorf("start a process of %s: %w", e.name, err)
	}
	e.mu.Lock()
	e.sandbox = process
	e.mu.Unlock()
	err = process.Init(ctx, limit)
	var failure *sandbox.Failure
	if err != nil && !errors.As(err, &failure) {
		return initialized{}, err
	}
	return initialized{time.Since(began), failure}, nil
}

func entrypointMessage(err error) string {
	if errors.Is(err, os.ErrNotExist) {
		return "Couldn't find valid bootstrap(s): [/var/task/bootstrap /opt/bootstrap]"
	}
	return strings.TrimSpace(err.Error())
}
