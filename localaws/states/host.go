package states

import (
	"context"
	"errors"
	"fmt"
	"math"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"

	"crawlerless/localaws/states/asl"
)

// host is the surroundings of one execution: the clock, the role's calls, the
// history and the log. It implements asl.Host.
type host struct {
	service   *Service
	execution *execution
	log       *executionLog

	mu       sync.Mutex
	events   []types.HistoryEvent
	config   *aws.Config // of the role, once assumed
	sleepers map[*sleeper]struct{}
	woken    *sync.Cond // a sleeper has gone
}

// sleeper is a thread of the execution that sleeps on the clock.
type sleeper struct{ ctx context.Context }

func newHost(s *Service, e *execution) *host {
	h := &host{service: s, execution: e, sleepers: make(map[*sleeper]struct{})}
	h.woken = sync.NewCond(&h.mu)
	h.log = newExecutionLog(s, e)
	return h
}

func (h *host) Now() time.Time  { return h.service.env.Clock.Now() }
func (h *host) Random() float64 { return h.service.float() }
func (h *host) UUID() string    { return h.service.env.IDs.UUID() }

// Sleep implements asl.Host.
func (h *host) Sleep(ctx context.Context, d time.Duration) error {
	s := &sleeper{ctx}
	h.mu.Lock()
	h.sleepers[s] = struct{}{}
	h.mu.Unlock()
	err := h.service.env.Clock.Sleep(ctx, d)
	h.mu.Lock()
	delete(h.sleepers, s)
	h.woken.Broadcast()
	h.mu.Unlock()
	return err
}

// settle waits until everyone whose context has ended is awake and counts as
// work again: so that the clock does not move on in between.
func (h *host) settle() {
	h.mu.Lock()
	defer h.mu.Unlock()
	for h.asleep() {
		h.woken.Wait()
	}
}

func (h *host) asleep() bool {
	for s := range h.sleepers {
		if s.ctx.Err() != nil {
			return true
		}
	}
	return false
}

// end stops the execution from outside.
func (h *host) end(why *asl.Stop) {
	h.execution.cancel(why)
	h.settle()
}

// WithTimeout implements asl.Host.
func (h *host) WithTimeout(ctx context.Context, d time.Duration) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(ctx)
	timer := h.service.env.Clock.AfterFunc(d, func() {
		cancel(context.DeadlineExceeded)
		h.settle()
	})
	return ctx, func() {
		timer.Stop()
		cancel(context.Canceled)
	}
}

// Fork implements asl.Host. The caller sleeps on the clock while the others
// work, so that it does not count as work itself; the last of them hands over to
// it before it stops counting.
func (h *host) Fork(functions []func()) {
	if len(functions) == 0 {
		return
	}
	ctx, wake := context.WithCancel(context.Background())
	defer wake()
	awake := make(chan struct{})
	var left atomic.Int64
	left.Store(int64(len(functions)))
	for _, f := range functions {
		h.service.env.Clock.Go(func() {
			f()
			if left.Add(-1) == 0 {
				wake()
				<-awake
			}
		})
	}
	for ctx.Err() == nil {
		if err := h.service.env.Clock.Sleep(ctx, math.MaxInt64/2); errors.Is(err, context.Canceled) {
			break
		}
	}
	close(awake)
}

// Record implements asl.Host.
func (h *host) Record(e types.HistoryEvent) {
	h.mu.Lock()
	h.events = append(h.events, e)
	n := len(h.events)
	h.mu.Unlock()
	h.log.add(e)
	limit := maxEvents
	if h.execution.machine.express() {
		limit = maxExpressEvent
	}
	if n == limit-1 { // one more for the end
		h.execution.cancel(&asl.Stop{Status: types.ExecutionStatusFailed, Failure: asl.Failure{
			Error: asl.RuntimeFailure, Cause: fmt.Sprintf("The execution reached the maximum number of history events (%d).", limit),
		}})
	}
}

func (h *host) history() []types.HistoryEvent {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.events[:len(h.events):len(h.events)]
}

func (h *host) forget() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.events = nil
}

// role is the configuration with which tasks call: the machine's role, assumed
// once an execution and again when its credentials end.
func (h *host) role(ctx context.Context) (aws.Config, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.config == nil || h.expired(ctx) {
		cfg, err := h.service.env.Roles.AssumeRole(ctx, h.execution.revision.role, servicePrincipal, h.execution.machine.arn)
		if err != nil {
			return aws.Config{}, err
		}
		cfg.Retryer = func() aws.Retryer { return aws.NopRetryer{} } // the definition's Retry decides
		h.config = &cfg
	}
	return *h.config, nil
}

// expired reports whether the role's credentials are about to end, as they do
// in a Standard execution of many days. h.mu is held.
func (h *host) expired(ctx context.Context) bool {
	if h.config.Credentials == nil {
		return false
	}
	c, err := h.config.Credentials.Retrieve(ctx)
	return err != nil || c.CanExpire && !h.Now().Add(time.Minute).Before(c.Expires)
}

// Call implements asl.Host.
func (h *host) Call(ctx context.Context, t asl.Task, parameters any) (any, *asl.Failure) {
	cfg, err := h.role(ctx)
	if err != nil {
		return nil, &asl.Failure{Error: "States.Permissions", Cause: err.Error()}
	}
	return integrationOf(t).call(&call{ctx: ctx, host: h, cfg: cfg, task: t, parameters: parameters})
}
