// Package localawstest starts localaws for tests of other packages.
package localawstest

import (
	"context"
	"testing"

	"crawlerless/localaws"
)

// Start starts an AWS that ends with the test, which fails if it does not end
// well.
func Start(t testing.TB, o localaws.Options) *localaws.Server {
	t.Helper()
	// The test's own context ends before what it cleans up.
	server, err := localaws.Start(context.WithoutCancel(t.Context()), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Close(); err != nil {
			t.Error(err)
		}
	})
	return server
}
