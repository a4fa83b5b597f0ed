package target

import (
	"context"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

// Account is the real AWS, with the caller's credentials and Pulumi backend.
type Account struct {
	config  aws.Config
	id, arn string
}

// OpenAccount checks that there are credentials that work; region is the
// stage's, or empty for the caller's own.
func OpenAccount(ctx context.Context, region string) (*Account, error) {
	var options []func(*config.LoadOptions) error
	if region != "" {
		options = append(options, config.WithRegion(region))
	}
	c, err := config.LoadDefaultConfig(ctx, options...)
	if err != nil {
		return nil, fmt.Errorf("load the AWS configuration: %w", err)
	}
	who, err := sts.NewFromConfig(c).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	if err != nil {
		return nil, fmt.Errorf("no AWS credentials that work (sign in, or set AWS_PROFILE; --target local needs none): %w", err)
	}
	return &Account{config: c, id: aws.ToString(who.Account), arn: aws.ToString(who.Arn)}, nil
}

// Name is "aws".
func (a *Account) Name() string { return "aws" }

// AWS calls as the caller.
func (a *Account) AWS() aws.Config { return a.config.Copy() }

// Env adds nothing to the caller's.
func (a *Account) Env() map[string]string { return nil }

// Overrides dictates nothing.
func (a *Account) Overrides() map[string]any { return nil }

// Backend is the caller's own.
func (a *Account) Backend() string { return "" }

// Now is the real time.
func (a *Account) Now() time.Time { return time.Now() }

// Pass waits.
func (a *Account) Pass(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Close has nothing to end.
func (a *Account) Close() error { return nil }
