package catalogmerge

import (
	"context"
	"crypto/rand"
	"log/slog"
	mathrand "math/rand/v2"
	"time"
)

func (o Options) withDefaults() Options {
	if o.Mode == "" {
		o.Mode = Registered
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Sleep == nil {
		o.Sleep = sleep
	}
	if o.Random == nil {
		o.Random = mathrand.Float64
	}
	if o.ID == nil {
		o.ID = rand.Text
	}
	if o.Remember == 0 {
		o.Remember = time.Minute
	}
	if o.Attempts == 0 {
		o.Attempts = 6
	}
	return o
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
