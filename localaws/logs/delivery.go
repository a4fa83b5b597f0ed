package logs

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"crawlerless/localaws/logs/filterpattern"
)

// How long and how often a delivery is retried. AWS says that throttled
// deliveries are retried for up to 24 hours and then dropped.
const (
	deliveryPatience = 24 * time.Hour
	firstBackoff     = time.Second
	lastBackoff      = 5 * time.Minute
)

// maxMessageBytes bounds the log events that are put into one payload.
const maxMessageBytes = 1 << 20

// subscription is one subscription filter and the events on their way through it.
type subscription struct {
	service        *Service
	name, group    string
	pattern        *filterpattern.Pattern
	destinationARN string
	roleARN        string
	created        int64
	destination    destination

	mu      sync.Mutex
	queue   []shipment
	working bool
	stopped bool
	// replaced is the filter of this name before this one, which still delivers
	// what it matched.
	replaced *subscription
}

// shipment is matching events of one stream.
type shipment struct {
	stream string
	events []event
	queued time.Time
}

// offer queues the events that the filter matches; they are delivered in the
// background, in order.
func (f *subscription) offer(stream string, events []event) {
	var matched []event
	for _, e := range events {
		if f.pattern.Match(e.message) {
			matched = append(matched, e)
		}
	}
	if len(matched) == 0 {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.stopped {
		return
	}
	f.queue = append(f.queue, shipment{stream: stream, events: matched, queued: f.service.env.Clock.Now()})
	f.start()
}

// start begins to deliver unless that is going on; f.mu is held.
func (f *subscription) start() {
	if f.working || len(f.queue) == 0 {
		return
	}
	f.working = true
	f.service.env.Clock.Go(f.work)
}

// stop drops what is queued and ends retries: the filter or its group is gone.
func (f *subscription) stop() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.queue, f.stopped = nil, true
	if f.replaced != nil {
		f.replaced.stop()
	}
}

func (f *subscription) isStopped() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.stopped
}

// next takes the oldest shipment, joined with those behind it that are of the
// same stream and fit into one payload.
func (f *subscription) next() (shipment, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.queue) == 0 || f.service.ctx.Err() != nil {
		f.working = false
		return shipment{}, false
	}
	first := f.queue[0]
	f.queue = f.queue[1:]
	size := totalSize(first.events)
	for len(f.queue) > 0 && f.queue[0].stream == first.stream {
		more := totalSize(f.queue[0].events)
		if size+more > maxMessageBytes {
			break
		}
		size += more
		first.events = append(first.events, f.queue[0].events...)
		f.queue = f.queue[1:]
	}
	return first, true
}

func totalSize(events []event) int64 {
	n := int64(0)
	for _, e := range events {
		n += e.size()
	}
	return n
}

func (f *subscription) work() {
	for {
		sh, ok := f.next()
		if !ok {
			return
		}
		f.ship(sh)
	}
}

// ship delivers one shipment, in halves if its payload is too large.
func (f *subscription) ship(sh shipment) {
	payload, err := f.payload(sh)
	if err != nil {
		f.fail(sh, err)
		return
	}
	if len(payload) > f.destination.maxPayload() && len(sh.events) > 1 {
		half := len(sh.events) / 2
		f.ship(shipment{stream: sh.stream, events: sh.events[:half], queued: sh.queued})
		f.ship(shipment{stream: sh.stream, events: sh.events[half:], queued: sh.queued})
		return
	}
	backoff := firstBackoff
	for {
		err := f.destination.send(f.service.ctx, payload)
		if err == nil {
			f.metric("ForwardedLogEvents", float64(len(sh.events)), "None")
			f.metric("ForwardedBytes", float64(len(payload)), "Bytes")
			return
		}
		waited := f.service.env.Clock.Now().Sub(sh.queued)
		if !retryable(err) || waited+backoff > deliveryPatience {
			f.fail(sh, err)
			return
		}
		if throttled(err) {
			f.metric("DeliveryThrottling", float64(len(sh.events)), "None")
		}
		if err := f.service.env.Clock.Sleep(f.service.ctx, backoff); err != nil || f.isStopped() {
			return // closing, or the filter is gone
		}
		backoff = min(2*backoff, lastBackoff)
	}
}

// fail drops a shipment and says so where AWS says it: in DeliveryErrors.
func (f *subscription) fail(sh shipment, err error) {
	f.metric("DeliveryErrors", float64(len(sh.events)), "None")
	f.service.env.Log.LogAttrs(context.Background(), slog.LevelWarn, "log events dropped by a subscription filter",
		slog.String("logGroup", f.group), slog.String("filter", f.name), slog.String("destination", f.destinationARN),
		slog.Int("events", len(sh.events)), slog.Any("error", err))
}

func (f *subscription) metric(name string, value float64, unit string) {
	f.service.env.Metrics.Put("AWS/Logs", name, value, unit,
		"LogGroupName", f.group, "DestinationType", f.destination.kind(), "FilterName", f.name)
}
