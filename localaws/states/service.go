// Package states is AWS Step Functions: state machines of both types in the
// Amazon States Language (package asl), their executions and histories.
//
// # What it does
//
// A definition is checked when the machine is made, as AWS does; what is valid
// but not done here answers NotImplemented by name, so that no execution fails
// for it later. Executions run on env.Clock: waits, retries and timeouts are the
// clock's time. Tasks call other services with the machine's role through their
// APIs (lambda:invoke, a Lambda function by its ARN, sqs:sendMessage,
// sns:publish, events:putEvents, states:startExecution). Histories have AWS's
// events; the log has AWS's lines, written by the log delivery service.
//
// # An extension of localaws
//
// AWS keeps nothing of Express executions and refuses to list or describe them
// (StateMachineTypeNotSupported, InvalidArn). Here ListExecutions,
// DescribeExecution, GetExecutionHistory, StopExecution and
// DescribeStateMachineForExecution serve them as they do Standard ones. Nothing
// that works on AWS works differently for it.
//
// # Bounds
//
// Of each machine the newest 5,000 finished executions are kept, and the
// histories of the newest 1,000. A Standard execution may have 25,000 events, as
// on AWS; an Express one 100,000.
//
// # Clients
//
// SDKs send StartSyncExecution to a host with "sync-" in front, which an address
// like 127.0.0.1 cannot have. Those that do so for a given endpoint, too (boto3,
// the aws CLI), need their host prefixes turned off: Config(inject_host_prefix=False).
//
// # What it does not do
//
// Versions and aliases, activities, callbacks, .sync, Map Runs, redrive, X-Ray
// traces and keys of the customer's own.
package states

import (
	"context"
	"math/rand/v2"
	"sync"

	"crawlerless/localaws/cloud"
	"crawlerless/localaws/wire"
)

const servicePrincipal = "states.amazonaws.com"

// Service is Step Functions in one account and region. Make it with New.
type Service struct {
	env  cloud.Env
	ctx  context.Context // ends at Close
	stop context.CancelFunc
	wg   sync.WaitGroup // executions

	mu         sync.Mutex
	machines   map[string]*machine   // by name
	executions map[string]*execution // by ARN
	closed     bool
	random     *rand.Rand

	policies sync.Mutex // around changes of CloudWatch Logs' resource policies
}

// New returns Step Functions without state machines.
func New(env cloud.Env) *Service {
	ctx, stop := context.WithCancel(context.Background())
	// Jitter and identifiers come from one seed, so that a run can be repeated.
	var seed [32]byte
	copy(seed[:], env.IDs.Hex(32))
	return &Service{
		env: env, ctx: ctx, stop: stop, random: rand.New(rand.NewChaCha8(seed)), //nolint:gosec // jitter
		machines: make(map[string]*machine), executions: make(map[string]*execution),
	}
}

// Close ends all executions and waits until they have stopped.
func (s *Service) Close() {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	s.stop()
	s.wg.Wait()
}

// Wire lists the operations.
func (s *Service) Wire() wire.Service {
	return wire.Service{
		Name: "states", Target: "AWSStepFunctions", Protocol: wire.JSON10, LowerFirst: true,
		Constraints: constraints, Operations: s.operations(),
	}
}

func (s *Service) float() float64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.random.Float64()
}
