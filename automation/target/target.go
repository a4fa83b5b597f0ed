// Package target is where a stage is deployed to: "aws", with the caller's
// credentials and the real provider; or "local", with localaws in this process
// and the stand-in provider. What is deployed, fed and asked is the same on
// both.
package target

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// Target is one place to deploy to.
type Target interface {
	// Name is "aws" or "local".
	Name() string
	// AWS is the configuration for API calls.
	AWS() aws.Config
	// Env is what the Pulumi CLI needs to deploy there.
	Env() map[string]string
	// Overrides are configuration keys that the place dictates.
	Overrides() map[string]any
	// Backend is the URL of the state backend; empty is the user's own.
	Backend() string
	// Now is the time there.
	Now() time.Time
	// Pass lets d pass there: the local clock jumps, the real one is waited for.
	Pass(ctx context.Context, d time.Duration) error
	// Close ends what the target started.
	Close() error
}
