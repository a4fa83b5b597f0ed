package lambda

import (
	"context"
	"log/slog"
	"sync"
)

// deployment is one state of a function's code and configuration. It never
// changes: an update makes another one.
type deployment struct {
	name   string
	arn    string
	config configuration
	code   *code
}

// pool keeps the execution environments of one function: those that work, and
// those that wait, warm, for the next invocation.
type pool struct {
	service *Service
	slots   chan struct{} // one for every process that may run at once

	mu         sync.Mutex
	current    deployment
	generation int // grows with every deployment
	idle       []*environment
	all        map[*environment]struct{}
	users      map[*code]int // environments of each package
	retired    bool
}

func newPool(s *Service, size int, d deployment) *pool {
	return &pool{
		service: s, slots: make(chan struct{}, size), current: d,
		all: make(map[*environment]struct{}), users: make(map[*code]int),
	}
}

// acquire returns a warm environment of the current deployment, or a new one
// whose process has not been started. It waits while all processes are busy.
func (p *pool) acquire(ctx context.Context) (*environment, error) {
	select {
	case p.slots <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	p.mu.Lock()
	var stale []*environment
	var e *environment
	for e == nil && len(p.idle) > 0 {
		last := p.idle[len(p.idle)-1]
		p.idle = p.idle[:len(p.idle)-1]
		if last.usable() {
			e = last
		} else {
			stale = append(stale, last)
		}
	}
	if e == nil {
		e = &environment{service: p.service, deployment: p.current, generation: p.generation}
		p.all[e] = struct{}{}
		p.users[e.code]++
	}
	p.mu.Unlock()
	for _, old := range stale {
		p.discard(old)
	}
	return e, nil
}

// release takes an environment back.
func (p *pool) release(e *environment) {
	p.mu.Lock()
	keep := !p.retired && e.generation == p.generation && e.usable()
	if keep {
		p.idle = append(p.idle, e)
	}
	p.mu.Unlock()
	if !keep {
		p.discard(e)
	}
	<-p.slots
}

// discard ends an environment, and deletes its code when it was the last to
// use a package that has been replaced.
func (p *pool) discard(e *environment) {
	e.close()
	p.mu.Lock()
	delete(p.all, e)
	p.users[e.code]--
	unused := p.users[e.code] == 0
	if unused {
		delete(p.users, e.code)
	}
	drop := unused && (p.retired || p.current.code != e.code)
	p.mu.Unlock()
	if drop {
		p.drop(e.code)
	}
}

func (p *pool) drop(c *code) {
	if err := c.remove(); err != nil {
		p.service.env.Log.Warn("cannot remove old code", slog.String("function", p.current.name), slog.Any("error", err))
	}
}

// deploy makes later invocations run d. Running ones finish as they began.
func (p *pool) deploy(d deployment) {
	p.mu.Lock()
	old := p.current.code
	p.current = d
	p.generation++
	idle := p.idle
	p.idle = nil
	drop := old != d.code && p.users[old] == 0
	p.mu.Unlock()
	for _, e := range idle {
		p.discard(e)
	}
	if drop {
		p.drop(old)
	}
}

// retire ends the pool of a deleted function. Running invocations finish.
func (p *pool) retire() {
	p.mu.Lock()
	p.retired = true
	idle := p.idle
	p.idle = nil
	drop := p.users[p.current.code] == 0
	p.mu.Unlock()
	for _, e := range idle {
		p.discard(e)
	}
	if drop {
		p.drop(p.current.code)
	}
}

// kill ends every process without taking the environments out.
func (p *pool) kill() int {
	p.mu.Lock()
	all := make([]*environment, 0, len(p.all))
	for e := range p.all {
		all = append(all, e)
	}
	p.mu.Unlock()
	n := 0
	for _, e := range all {
		if e.kill() {
			n++
		}
	}
	return n
}
