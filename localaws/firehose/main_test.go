package firehose_test

import (
	"testing"

	"go.uber.org/goleak"
)

// Nothing of a service runs on after Close.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }
