// Package cloud is what every service of localaws is given: the account and
// region it plays, the clock, and the ways to reach the other services. A
// service never imports another service's package: it calls it as AWS does,
// over the API, with a role's credentials.
package cloud

import (
	"context"
	"log/slog"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"crawlerless/localaws/clock"
)

// Env is the surroundings of one service. It is passed by value and never
// changed after the server has started.
type Env struct {
	Account   string // twelve digits
	Region    string
	Partition string // "aws"
	Clock     *clock.Clock
	Log       *slog.Logger
	IDs       IDs
	Roles     Roles
	Metrics   Metrics
	Events    Events
	// Endpoint is the base URL of the server as a process on this machine
	// reaches it ("http://127.0.0.1:4566"), no trailing slash.
	Endpoint func() string
	// Dir is a directory for files of the service's own; the server removes it.
	Dir string
}

// ARN builds an ARN in the environment's partition, region and account. S3 and
// IAM ARNs have parts of their own: see S3ARN and IAMARN.
func (e Env) ARN(service, resource string) string {
	return "arn:" + e.Partition + ":" + service + ":" + e.Region + ":" + e.Account + ":" + resource
}

// S3ARN is the ARN of "bucket" or "bucket/key".
func (e Env) S3ARN(path string) string { return "arn:" + e.Partition + ":s3:::" + path }

// IAMARN is the ARN of "role/name" and the like: global, without a region.
func (e Env) IAMARN(resource string) string {
	return "arn:" + e.Partition + ":iam::" + e.Account + ":" + resource
}

// IDs makes identifiers. One seed gives one sequence, so that a run can be
// repeated.
type IDs interface {
	Hex(n int) string // n lower-case hexadecimal digits
	UUID() string     // a version 4 UUID
}

// Roles gives a service the means to call other services.
type Roles interface {
	// AssumeRole returns an SDK configuration whose calls are made as roleARN.
	// The role's trust policy is evaluated for the service principal
	// ("firehose.amazonaws.com") with aws:SourceArn and aws:SourceAccount of the
	// resource on whose behalf the service acts; a refusal is an AccessDenied
	// error that says so.
	AssumeRole(ctx context.Context, roleARN, servicePrincipal, sourceARN string) (aws.Config, error)
	// Service returns an SDK configuration whose calls are made by the service
	// principal itself, so that only resource policies can allow them (a queue
	// policy that lets EventBridge send to its dead-letter queue).
	Service(servicePrincipal, sourceARN string) aws.Config
}

// Metrics takes what a service reports to CloudWatch about itself.
type Metrics interface {
	// Put records one value at the clock's present time. Dimensions come as
	// name, value, name, value.
	Put(namespace, name string, value float64, unit string, dimensions ...string)
}

// Events takes what AWS services themselves put on the default event bus; the
// public PutEvents refuses sources that begin with "aws.".
type Events interface {
	Emit(ctx context.Context, e Event)
}

// Event is one event on its way to the default bus. Detail is JSON.
type Event struct {
	Source     string
	DetailType string
	Resources  []string
	Time       time.Time
	Detail     []byte
}
