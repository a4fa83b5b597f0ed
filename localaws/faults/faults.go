// Package faults makes localaws as unreliable as AWS can be, by a plan that can
// be repeated: throttled and failing operations, answers that are lost after
// the operation took effect, operations that happen twice, callers that are
// killed, and delays, by which what happens at once changes its order.
//
// Operations are those of the API, and so are events: EventBridge delivers one
// by states:StartExecution, so that "twice" there is a duplicated event and a
// delay reorders events.
//
// Whether a call is disturbed depends on the plan's seed, the rule, the
// operation and how many calls of that operation came before: not on how
// goroutines interleave. A plan with the same seed disturbs the same calls, by
// their number.
package faults

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/fnv"
	"path"
	"strings"
	"sync"
	"time"

	"crawlerless/localaws/wire"
)

// Plan is what goes wrong.
type Plan struct {
	Seed  uint64 `json:"seed"`
	Rules []Rule `json:"rules"`
}

// Rule disturbs the operations that match. Rates are probabilities from 0 to 1;
// at most one fault befalls a call, beside its delay.
type Rule struct {
	// Operation is a pattern over "service:Operation", with the service as in
	// IAM actions: "glue:UpdateTable", "glue:*", "*". Operations of S3 are those
	// of the API: "s3:GetObject", "s3:PutObject".
	Operation string `json:"operation"`
	// Everyone disturbs calls of the account's root too: the driver, the Pulumi
	// provider, a person. Otherwise only roles and services are disturbed.
	Everyone bool    `json:"everyone,omitempty"`
	Throttle float64 `json:"throttle,omitempty"` // refused before it happens
	Error    float64 `json:"error,omitempty"`    // an internal error before it happens
	Lost     float64 `json:"lost,omitempty"`     // it happens, and the answer is lost
	Twice    float64 `json:"twice,omitempty"`    // it happens twice, as a retried delivery does
	// Kill kills the caller, a Lambda function with all its processes, before
	// the call takes effect or after it; see [Injector.OnKill].
	Kill float64 `json:"kill,omitempty"`
	// First disturbs only the first calls of each operation; 0 is all.
	First int `json:"first,omitempty"`
	// Skip leaves the first calls of each operation alone.
	Skip int `json:"skip,omitempty"`
	// DelayMillis delays each call by up to so many milliseconds of real time.
	DelayMillis int `json:"delayMillis,omitempty"`
}

// Check says what is wrong with a plan.
func (p Plan) Check() error {
	var errs []error
	for i, r := range p.Rules {
		if r.Operation == "" {
			errs = append(errs, fmt.Errorf("rules[%d].operation is missing: a pattern such as glue:UpdateTable, glue:* or *", i))
		} else if _, err := path.Match(r.Operation, ""); err != nil {
			errs = append(errs, fmt.Errorf("rules[%d].operation %q: %w", i, r.Operation, err))
		}
		for name, rate := range map[string]float64{"throttle": r.Throttle, "error": r.Error, "lost": r.Lost, "twice": r.Twice, "kill": r.Kill} {
			if !(rate >= 0 && rate <= 1) {
				errs = append(errs, fmt.Errorf("rules[%d].%s is %g: must be from 0 to 1", i, name, rate))
			}
		}
		if sum := r.Throttle + r.Error + r.Lost + r.Twice + r.Kill; sum > 1 {
			errs = append(errs, fmt.Errorf("rules[%d]: the rates add up to %g, more than 1", i, sum))
		}
		if r.First < 0 || r.Skip < 0 || r.DelayMillis < 0 {
			errs = append(errs, fmt.Errorf("rules[%d]: first, skip and delayMillis must not be negative", i))
		}
	}
	return errors.Join(errs...)
}

// Injector carries a plan out. It can be switched off and on again.
type Injector struct {
	plan  Plan
	mu    sync.Mutex
	off   bool
	calls map[string]int // per rule and operation
	done  map[string]int // faults by "operation fault"
	kill  func(caller wire.Caller)
}

// New makes an injector for a plan that Check passes.
func New(p Plan) (*Injector, error) {
	if err := p.Check(); err != nil {
		return nil, fmt.Errorf("fault plan: %w", err)
	}
	return &Injector{plan: p, calls: map[string]int{}, done: map[string]int{}}, nil
}

// OnKill says how a caller is killed. Until it is set, a plan that kills is
// refused by every call that it befalls.
func (j *Injector) OnKill(kill func(caller wire.Caller)) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.kill = kill
}

// Use changes the plan, as the weather does; calls are counted anew, what has
// been done is not.
func (j *Injector) Use(p Plan) error {
	if err := p.Check(); err != nil {
		return fmt.Errorf("fault plan: %w", err)
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	j.plan, j.calls = p, map[string]int{}
	return nil
}

// Pause switches all faults off, or on again.
func (j *Injector) Pause(off bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.off = off
}

// Done counts the faults that befell calls, by "glue:UpdateTable throttle".
func (j *Injector) Done() map[string]int {
	j.mu.Lock()
	defer j.mu.Unlock()
	m := make(map[string]int, len(j.done))
	for k, v := range j.done {
		m[k] = v
	}
	return m
}

// Intercept is a [wire.Interceptor].
func (j *Injector) Intercept(ctx context.Context, service, operation string, caller wire.Caller, next func() error) error {
	name := service + ":" + operation
	fault, delay, kill := j.decide(name, caller)
	if delay > 0 {
		t := time.NewTimer(delay) // real time: the other end waits for real
		defer t.Stop()
		select {
		case <-t.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	switch fault {
	case "throttle":
		return throttled(service)
	case "error":
		return internal(service)
	case "lost":
		if err := next(); err != nil {
			return err
		}
		return wire.ErrLostResponse
	case "twice":
		if err := next(); err != nil {
			return err
		}
	case "kill before":
		kill(caller)
		return wire.ErrLostResponse
	case "kill after":
		err := next()
		kill(caller)
		if err != nil {
			return err
		}
		return wire.ErrLostResponse
	}
	return next()
}

// decide counts the call and answers what befalls it.
func (j *Injector) decide(name string, caller wire.Caller) (fault string, delay time.Duration, kill func(wire.Caller)) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.off {
		return "", 0, nil
	}
	if kill = j.kill; kill == nil {
		kill = func(wire.Caller) { panic("faults: a plan kills callers, and nobody said how: call OnKill") }
	}
	for i, r := range j.plan.Rules {
		if caller.Root && !r.Everyone {
			continue
		}
		if ok, err := path.Match(r.Operation, name); err != nil || !ok {
			continue
		}
		counter := fmt.Sprintf("%d %s", i, name)
		n := j.calls[counter]
		j.calls[counter]++
		if r.DelayMillis > 0 {
			delay = max(delay, time.Duration(j.chance(i, name, n, 1)*float64(r.DelayMillis)*float64(time.Millisecond)))
		}
		if n < r.Skip || (r.First > 0 && n >= r.Skip+r.First) || fault != "" {
			continue
		}
		roll := j.chance(i, name, n, 0)
		for _, f := range []struct {
			name string
			rate float64
		}{{"throttle", r.Throttle}, {"error", r.Error}, {"lost", r.Lost}, {"twice", r.Twice}, {"kill before", r.Kill / 2}, {"kill after", r.Kill / 2}} {
			if roll < f.rate {
				fault = f.name
				j.done[name+" "+fault]++
				break
			}
			roll -= f.rate
		}
	}
	return fault, delay, kill
}

// chance is a number in [0, 1) that depends on nothing but its arguments and
// the seed.
func (j *Injector) chance(rule int, name string, n, salt int) float64 {
	h := fnv.New64a()
	var b [8]byte
	for _, v := range []uint64{j.plan.Seed, uint64(rule), uint64(n), uint64(salt)} {
		binary.LittleEndian.PutUint64(b[:], v)
		_, _ = h.Write(b[:]) // a hash never fails
	}
	_, _ = h.Write([]byte(name))
	x := h.Sum64()
	// FNV's low bits mix poorly for inputs that differ little.
	x ^= x >> 33
	x *= 0xff51afd7ed558ccd
	x ^= x >> 33
	x *= 0xc4ceb9fe1a85ec53
	x ^= x >> 33
	return float64(x>>11) / (1 << 53)
}

// throttled is the error that the service throttles with.
func throttled(service string) error {
	switch service {
	case "s3":
		return &wire.Error{Code: "SlowDown", Message: "Please reduce your request rate.", Status: 503}
	case "lambda":
		return &wire.Error{Code: "TooManyRequestsException", Message: "Rate Exceeded.", Status: 429}
	case "firehose":
		return &wire.Error{Code: "ServiceUnavailableException", Message: "Slow down.", Status: 503}
	case "iam", "sts", "cloudwatch":
		return &wire.Error{Code: "Throttling", Message: "Rate exceeded"}
	case "sqs":
		return &wire.Error{Code: "RequestThrottled", Message: "Request is throttled.", Status: 403}
	case "athena":
		return &wire.Error{Code: "TooManyRequestsException", Message: "Rate exceeded"}
	}
	return &wire.Error{Code: "ThrottlingException", Message: "Rate exceeded"}
}

// internal is the error that the service fails with by no fault of the caller.
func internal(service string) error {
	code := map[string]string{
		"s3": "InternalError", "glue": "InternalServiceException", "lambda": "ServiceException",
		"logs": "ServiceUnavailableException", "firehose": "ServiceUnavailableException", "events": "InternalException",
		"athena": "InternalServerException",
	}[service]
	if code == "" {
		code = "InternalFailure"
	}
	return &wire.Error{Code: code, Message: "We encountered an internal error. Please try again. (" + strings.ToUpper(service) + " fault plan)", Status: 500}
}
