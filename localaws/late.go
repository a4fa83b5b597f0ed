package localaws

import (
	"context"

	"crawlerless/localaws/cloud"
)

// late is a service that others are given before it is made. It is set once,
// before the server serves.
type late struct {
	metrics cloud.Metrics
	events  cloud.Events
}

func (l *late) Put(namespace, name string, value float64, unit string, dimensions ...string) {
	if l.metrics != nil {
		l.metrics.Put(namespace, name, value, unit, dimensions...)
	}
}

func (l *late) Emit(ctx context.Context, e cloud.Event) {
	if l.events != nil {
		l.events.Emit(ctx, e)
	}
}
