package main

import (
	"context"
	"net"
	"time"
)

// orphaned returns when nobody listens at the engine's address any more: nothing
// else tells a policy pack that its engine was killed, and it would wait for ever.
// One connection that fails may have other reasons; two in a row have not. ticks
// says when to look.
func orphaned(dial func() error, ticks <-chan time.Time) {
	failed := 0
	for range ticks {
		if dial() == nil {
			failed = 0
			continue
		}
		if failed++; failed == 2 {
			return
		}
	}
}

// engineAt dials the engine.
func engineAt(address string) func() error {
	return func() error {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		conn, err := new(net.Dialer).DialContext(ctx, "tcp", address)
		if err != nil {
			return err
		}
		return conn.Close()
	}
}
