// Package clock is the time of localaws: a clock that runs as the real one
// does, or stands still, and that can be moved forward through every timer on
// the way.
//
// Services never call the time package for anything a user could notice: they
// take Now, AfterFunc, Sleep and Go from here. That lets a test or the driver
// let three hours of log arrivals pass in seconds, and always in the same
// order: Advance fires timers one after another and lets all work that a timer
// started come to rest before the next one fires.
package clock

import (
	"container/heap"
	"context"
	"sync"
	"time"
)

// Clock tells the time of one localaws. Its methods may be called from any
// goroutine.
type Clock struct {
	mu      sync.Mutex
	idle    *sync.Cond // signalled when busy falls to zero
	real    func() time.Time
	origin  time.Time // virtual time at epoch
	epoch   time.Time // real time at which origin was taken
	running bool      // whether virtual time flows with real time
	timers  timerHeap
	seq     int64
	busy    int         // tracked goroutines not asleep on this clock
	wake    *time.Timer // real timer for the earliest virtual timer, when running
	closed  bool
}

// Timer is a pending AfterFunc.
type Timer struct {
	clock *Clock
	at    time.Time
	seq   int64
	index int // in the heap, -1 when not there
	fire  func()
}

// New returns a clock that shows start now and then flows with the real time.
func New(start time.Time) *Clock { return newClock(start, true) }

// NewFrozen returns a clock that shows start and moves only by Advance.
func NewFrozen(start time.Time) *Clock { return newClock(start, false) }

func newClock(start time.Time, running bool) *Clock {
	c := &Clock{real: time.Now, origin: start, epoch: time.Now(), running: running}
	c.idle = sync.NewCond(&c.mu)
	return c
}

// Now is the current time of the clock, in UTC.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now()
}

func (c *Clock) now() time.Time {
	if !c.running {
		return c.origin.UTC()
	}
	return c.origin.Add(c.real().Sub(c.epoch)).UTC()
}

// Run lets a frozen clock flow with the real time from now on.
func (c *Clock) Run() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.running {
		c.running, c.epoch = true, c.real()
		c.arm()
	}
}

// AfterFunc calls f in a tracked goroutine of its own once d has passed.
func (c *Clock) AfterFunc(d time.Duration, f func()) *Timer {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.schedule(d, func() { c.busy++; go c.track(f) })
}

// schedule is called with c.mu held; fire is called with c.mu held.
func (c *Clock) schedule(d time.Duration, fire func()) *Timer {
	c.seq++
	t := &Timer{clock: c, at: c.now().Add(max(d, 0)), seq: c.seq, fire: fire}
	if c.closed {
		t.index = -1
		return t
	}
	heap.Push(&c.timers, t)
	c.arm()
	return t
}

// Stop prevents the timer from firing; it reports whether it did.
func (t *Timer) Stop() bool {
	t.clock.mu.Lock()
	defer t.clock.mu.Unlock()
	return t.stop()
}

func (t *Timer) stop() bool {
	if t.index < 0 {
		return false
	}
	heap.Remove(&t.clock.timers, t.index)
	return true
}

// Go runs f in a goroutine that counts as work in flight until it returns, or
// while it sleeps on this clock. Advance and Idle wait for such work.
func (c *Clock) Go(f func()) {
	c.mu.Lock()
	c.busy++
	c.mu.Unlock()
	go c.track(f)
}

// track runs f; the caller has counted it.
func (c *Clock) track(f func()) {
	defer c.release()
	f()
}

// Begin counts the calling goroutine as work in flight until the returned
// function is called (once). Use it where Go does not fit.
func (c *Clock) Begin() (done func()) {
	c.mu.Lock()
	c.busy++
	c.mu.Unlock()
	return sync.OnceFunc(c.release)
}

func (c *Clock) release() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.busy--; c.busy == 0 {
		c.idle.Broadcast()
	}
}

// Sleep waits until d has passed on this clock or ctx ends; it returns ctx's
// error in that case. It must be called from tracked work (Go, AfterFunc,
// Begin): the caller does not count as work in flight while it sleeps.
func (c *Clock) Sleep(ctx context.Context, d time.Duration) error {
	woken := make(chan struct{})
	c.mu.Lock()
	t := c.schedule(d, func() { c.busy++; close(woken) })
	if c.busy--; c.busy == 0 {
		c.idle.Broadcast()
	}
	c.mu.Unlock()
	select {
	case <-woken:
		return nil
	case <-ctx.Done():
		c.mu.Lock()
		defer c.mu.Unlock()
		if t.stop() || c.closed {
			c.busy++ // the timer did not count us again
		}
		return ctx.Err()
	}
}

// After returns a channel that is closed once d has passed. Waiting on it does
// not touch the count of work in flight: it is for callers that are not
// tracked, such as a long-polling HTTP request.
func (c *Clock) After(d time.Duration) (<-chan struct{}, *Timer) {
	ch := make(chan struct{})
	c.mu.Lock()
	defer c.mu.Unlock()
	return ch, c.schedule(d, func() { close(ch) })
}

// Idle waits until no tracked work is in flight, or ctx ends.
func (c *Clock) Idle(ctx context.Context) error {
	stop := context.AfterFunc(ctx, func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.idle.Broadcast()
	})
	defer stop()
	c.mu.Lock()
	defer c.mu.Unlock()
	for c.busy > 0 && ctx.Err() == nil {
		c.idle.Wait()
	}
	return ctx.Err()
}

// Advance moves the clock forward by d. On the way it fires every timer that
// falls due, in order, each after the work of the one before has come to rest;
// it returns when all work has come to rest at the new time.
func (c *Clock) Advance(ctx context.Context, d time.Duration) error {
	target := c.Now().Add(d)
	for {
		if err := c.Idle(ctx); err != nil {
			return err
		}
		c.mu.Lock()
		if len(c.timers) == 0 || c.timers[0].at.After(target) {
			c.set(target)
			c.arm()
			c.mu.Unlock()
			return c.Idle(ctx)
		}
		t := heap.Pop(&c.timers).(*Timer)
		c.set(t.at)
		t.fire()
		c.arm()
		c.mu.Unlock()
	}
}

// set moves virtual time to t, never back. c.mu is held.
func (c *Clock) set(t time.Time) {
	if t.After(c.now()) {
		c.origin, c.epoch = t, c.real()
	}
}

// arm makes sure that a running clock wakes for its earliest timer. c.mu is held.
func (c *Clock) arm() {
	if c.wake != nil {
		c.wake.Stop()
		c.wake = nil
	}
	if !c.running || c.closed || len(c.timers) == 0 {
		return
	}
	c.wake = time.AfterFunc(c.timers[0].at.Sub(c.now()), c.due)
}

// due fires what a running clock has reached.
func (c *Clock) due() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for len(c.timers) > 0 && !c.timers[0].at.After(c.now()) {
		heap.Pop(&c.timers).(*Timer).fire()
	}
	c.arm()
}

// Pending is how many timers wait on the clock, so that a test can tell that
// something has gone to sleep.
func (c *Clock) Pending() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.timers)
}

// Close drops every pending timer and keeps new ones from firing.
func (c *Clock) Close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closed = true
	for _, t := range c.timers {
		t.index = -1
	}
	c.timers = nil
	c.arm()
}

type timerHeap []*Timer

func (h timerHeap) Len() int { return len(h) }
func (h timerHeap) Less(i, j int) bool {
	if !h[i].at.Equal(h[j].at) {
		return h[i].at.Before(h[j].at)
	}
	return h[i].seq < h[j].seq
}

func (h timerHeap) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].index, h[j].index = i, j
}
func (h *timerHeap) Push(x any) { t := x.(*Timer); t.index = len(*h); *h = append(*h, t) }
func (h *timerHeap) Pop() any {
	old := *h
	t := old[len(old)-1]
	old[len(old)-1] = nil
	*h = old[:len(old)-1]
	t.index = -1
	return t
}
