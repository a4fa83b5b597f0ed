// Package lambda is AWS Lambda: functions of the OS-only runtimes
// (provided.al2023, provided.al2), run as the real `bootstrap` processes of
// their zip files.
//
// # What it does
//
// The configuration of a function, its resource policy, tags, reserved
// concurrency and asynchronous invocation settings are kept in memory; its code
// is unpacked under env.Dir. An invocation runs in an execution environment
// (package sandbox) that is kept warm afterwards. The process sees what Lambda's
// processes see: the credentials of the function's role, its log group and
// stream, a TMPDIR of its own, and AWS_ENDPOINT_URL, which leads the SDK in it
// back here. What it prints goes to the function's log group, written with the
// function's role as on AWS: without the permission nothing arrives.
//
// # Guarantees
//
//   - When Invoke returns, every line that the process wrote has been sent to
//     CloudWatch Logs, and no work of the invocation is left.
//   - No process survives Close; on Linux none survives this process either.
//   - Asynchronous invocations wait on env.Clock between their attempts. A
//     running process lives in real time: its timeout is real seconds.
//
// # What it does not do
//
// Versions and aliases other than $LATEST, layers, VPCs, images, SnapStart,
// event source mappings, function URLs and provisioned concurrency answer
// NotImplemented. Memory and /tmp sizes are stored and reported but not
// enforced, processes are not frozen between invocations, TracingConfig Active
// sends no traces, and GetFunction gives no download location. A function for
// another architecture than this machine's can be created but not invoked.
package lambda

import (
	"context"
	"runtime"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"crawlerless/localaws/cloud"
	"crawlerless/localaws/lambda/sandbox"
	"crawlerless/localaws/wire"
)

// The account's limits, as a new account has them.
// https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
const (
	accountConcurrency   = 1000
	minUnreserved        = 100
	maxSyncPayload       = 6 * 1024 * 1024
	maxAsyncPayload      = 1024 * 1024
	maxZip               = 50 * 1024 * 1024
	maxUnzipped          = 250 * 1024 * 1024
	maxEnvironment       = 4 * 1024
	defaultMemory        = 128
	defaultTimeout       = 3
	defaultEphemeral     = 512
	defaultProcesses     = 16
	servicePrincipal     = "lambda.amazonaws.com"
	latest               = "$LATEST"
	runtimeVersionSuffix = "::runtime:7f3c5b1d8e0a4962b5d1f0c3a8e7964210fedcba98765432100123456789abcd"
)

// Service is Lambda in one account and region. Make it with New.
type Service struct {
	env       cloud.Env
	ctx       context.Context // ends at Close
	stop      context.CancelFunc
	spawner   *sandbox.Spawner
	processes int
	arch      types.Architecture // of this machine
	as        func(wire.Caller) aws.Config

	mu        sync.Mutex
	functions map[string]*function
	closed    bool
	wg        sync.WaitGroup // invocations
}

// Option changes how a Service works.
type Option func(*Service)

// WithProcesses sets how many processes of one function may run at once (16 if
// not set). Further invocations wait for one to become free; they count as
// concurrent executions nevertheless.
func WithProcesses(n int) Option { return func(s *Service) { s.processes = max(n, 1) } }

// WithCodeFromS3 lets functions be made of objects in S3, which Lambda reads
// with the permissions of whoever makes the function (s3:GetObject): as makes
// calls in a caller's name. Without it S3Bucket answers NotImplemented.
func WithCodeFromS3(as func(wire.Caller) aws.Config) Option {
	return func(s *Service) { s.as = as }
}

// New returns Lambda without functions.
func New(env cloud.Env, options ...Option) *Service {
	ctx, stop := context.WithCancel(context.Background())
	s := &Service{
		env: env, ctx: ctx, stop: stop,
		spawner:   sandbox.NewSpawner(),
		processes: defaultProcesses,
		arch:      machine(runtime.GOARCH),
		functions: make(map[string]*function),
	}
	for _, o := range options {
		o(s)
	}
	return s
}

func machine(goarch string) types.Architecture {
	if goarch == "arm64" {
		return types.ArchitectureArm64
	}
	return types.ArchitectureX8664
}

// Close kills every process and waits until all are gone. Invocations in flight
// fail; asynchronous ones that wait for a retry are dropped.
func (s *Service) Close() {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return
	}
	s.closed = true
	s.mu.Unlock()
	s.stop()
	s.wg.Wait()
	s.mu.Lock()
	functions := s.functions
	s.functions = make(map[string]*function)
	s.mu.Unlock()
	for _, f := range functions {
		f.pool.retire()
	}
	s.spawner.Close()
}

// Kill ends every process of a function at once, as a failing host would, and
// says how many there were. Invocations in them fail with Runtime.ExitError.
func (s *Service) Kill(functionName string) int {
	s.mu.Lock()
	f := s.functions[functionName]
	s.mu.Unlock()
	if f == nil {
		return 0
	}
	return f.pool.kill()
}

// KillRole is Kill for every function that runs with a role: whoever made a call
// with the role's credentials is gone afterwards.
func (s *Service) KillRole(role string) int {
	s.mu.Lock()
	var pools []*pool
	for _, f := range s.functions {
		if f.config.role == role {
			pools = append(pools, f.pool)
		}
	}
	s.mu.Unlock()
	n := 0
	for _, p := range pools {
		n += p.kill()
	}
	return n
}

// Wire lists the operations.
func (s *Service) Wire() wire.Service {
	return wire.Service{
		Name: "lambda", Protocol: wire.RESTJSON,
		Constraints: constraints, Operations: s.operations(), Unserved: unserved(),
	}
}
