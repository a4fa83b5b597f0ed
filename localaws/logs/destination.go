package logs

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
	"github.com/aws/aws-sdk-go-v2/service/firehose"
	firehosetypes "github.com/aws/aws-sdk-go-v2/service/firehose/types"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/smithy-go"

	"crawlerless/localaws/wire"
)

// principal is the service that delivers log events.
const principal = "logs.amazonaws.com"

// destination is where a subscription filter sends its payloads.
type destination interface {
	// kind is the DestinationType of the metrics.
	kind() string
	// maxPayload is the size of the largest payload in bytes.
	maxPayload() int
	// test sends what PutSubscriptionFilter sends to see whether delivery is
	// possible; its error is the operation's answer.
	test(ctx context.Context) error
	send(ctx context.Context, payload []byte) error
}

const undeliverable = "Could not deliver test message to specified Firehose stream. Check if the given Firehose stream is in ACTIVE state."

// destination makes the destination that a filter names.
func (s *Service) destination(f *subscription) (destination, error) {
	// arn:partition:vendor:region:account:resource
	parts := strings.SplitN(f.destinationARN, ":", 6)
	if len(parts) != 6 || parts[0] != "arn" {
		return nil, invalid("Invalid destinationArn: %s", f.destinationARN)
	}
	vendor, resource := parts[2], parts[5]
	withRole := f.roleARN != ""
	switch vendor {
	case "firehose":
		name, found := strings.CutPrefix(resource, "deliverystream/")
		if !found || name == "" {
			return nil, invalid("Invalid destinationArn: %s", f.destinationARN)
		}
		if !withRole {
			return nil, invalid("destinationArn for vendor firehose cannot be used without roleArn")
		}
		if parts[3] != s.env.Region || parts[4] != s.env.Account {
			return nil, invalid(undeliverable) // no such stream here
		}
		return &firehoseDestination{filter: f, name: name}, nil
	case "lambda":
		if withRole {
			return nil, invalid("destinationArn for vendor lambda cannot be used with roleArn")
		}
		if parts[4] != s.env.Account {
			return nil, &types.AccessDeniedException{Message: aws.String(
				"Cross-account lambda invocation passing is not allowed. You must use DestinationPolicies to create cross account lambda triggers.")}
		}
		return &lambdaDestination{filter: f}, nil
	case "kinesis", "logs":
		if vendor == "kinesis" && !withRole {
			return nil, invalid("destinationArn for vendor kinesis cannot be used without roleArn")
		}
		return nil, wire.NotImplemented("subscription filters to " + vendor + " destinations")
	}
	return nil, invalid("PutSubscriptionFilter operation cannot work with destinationArn for vendor %s", vendor)
}

// sourceARN is on whose behalf the service acts when a filter delivers.
func (f *subscription) sourceARN() string { return f.service.groupARN(f.group) + ":*" }

// envelope is the payload of a subscription (CloudWatch Logs guide, "Log group
// level subscription filters").
type envelope struct {
	MessageType         string          `json:"messageType"`
	Owner               string          `json:"owner"`
	LogGroup            string          `json:"logGroup"`
	LogStream           string          `json:"logStream"`
	SubscriptionFilters []string        `json:"subscriptionFilters"`
	LogEvents           []envelopeEvent `json:"logEvents"`
}

type envelopeEvent struct {
	ID        string `json:"id"`
	Timestamp int64  `json:"timestamp"`
	Message   string `json:"message"`
}

// payload is a shipment as it goes to the destination: gzip of the JSON envelope.
func (f *subscription) payload(sh shipment) ([]byte, error) {
	e := envelope{
		MessageType: "DATA_MESSAGE", Owner: f.service.env.Account, LogGroup: f.group, LogStream: sh.stream,
		SubscriptionFilters: []string{f.name}, LogEvents: make([]envelopeEvent, len(sh.events)),
	}
	for i, ev := range sh.events {
		e.LogEvents[i] = envelopeEvent{ID: ev.id(), Timestamp: ev.timestamp, Message: ev.message}
	}
	return pack(e)
}

// pack encodes an envelope.
func pack(e envelope) ([]byte, error) {
	var plain, packed bytes.Buffer
	encoder := json.NewEncoder(&plain)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(e); err != nil {
		return nil, fmt.Errorf("subscription payload of log group %s: %w", e.LogGroup, err)
	}
	z := gzip.NewWriter(&packed)
	if _, err := z.Write(bytes.TrimSuffix(plain.Bytes(), []byte("\n"))); err != nil {
		return nil, fmt.Errorf("subscription payload of log group %s: %w", e.LogGroup, err)
	}
	if err := z.Close(); err != nil {
		return nil, fmt.Errorf("subscription payload of log group %s: %w", e.LogGroup, err)
	}
	return packed.Bytes(), nil
}

// once makes an SDK client try a call a single time: retries are the filter's, on
// the environment's clock.
func once(c aws.Config) aws.Config {
	c.Retryer = func() aws.Retryer { return aws.NopRetryer{} }
	return c
}

// retryable says whether AWS tries a delivery again after err: after throttling,
// errors of the destination's service and broken connections, but not after a
// refusal such as AccessDeniedException or ResourceNotFoundException.
func retryable(err error) bool {
	if throttled(err) {
		return true
	}
	var api smithy.APIError
	if !errors.As(err, &api) {
		return !errors.Is(err, context.Canceled)
	}
	if api.ErrorCode() == "NotImplemented" {
		return false
	}
	var response *awshttp.ResponseError
	return errors.As(err, &response) && response.HTTPStatusCode() >= 500
}

func throttled(err error) bool {
	var api smithy.APIError
	if !errors.As(err, &api) {
		return false
	}
	switch api.ErrorCode() {
	case "ThrottlingException", "Throttling", "TooManyRequestsException", "ServiceUnavailableException",
		"RequestLimitExceeded", "ProvisionedThroughputExceededException", "LimitExceededException":
		return true
	}
	var response *awshttp.ResponseError
	return errors.As(err, &response) && response.HTTPStatusCode() == 429
}

// firehoseDestination is a delivery stream, written to with the filter's role.
type firehoseDestination struct {
	filter *subscription
	name   string

	mu      sync.Mutex
	role    aws.Config // credentials of the filter's role
	renewAt time.Time
}

// roleLife is how long a role's credentials are used before the role is assumed
// again.
const roleLife = 15 * time.Minute

// credentials assumes the filter's role, or uses the session it has.
func (d *firehoseDestination) credentials(ctx context.Context) (aws.Config, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	f := d.filter
	now := f.service.env.Clock.Now()
	if now.Before(d.renewAt) {
		return d.role, nil
	}
	config, err := f.service.env.Roles.AssumeRole(ctx, f.roleARN, principal, f.sourceARN())
	if err != nil {
		return aws.Config{}, fmt.Errorf("assume role %s: %w", f.roleARN, err)
	}
	d.role, d.renewAt = once(config), now.Add(roleLife)
	return d.role, nil
}

func (d *firehoseDestination) kind() string { return "Firehose" }

// maxPayload is the largest record of Firehose before base64: 1,000 KiB.
func (d *firehoseDestination) maxPayload() int { return 1000 << 10 }

// send uses PutRecord, not PutRecordBatch: the role that AWS documents for
// subscriptions allows only that.
func (d *firehoseDestination) send(ctx context.Context, payload []byte) error {
	config, err := d.credentials(ctx)
	if err != nil {
		return err
	}
	_, err = firehose.NewFromConfig(config).PutRecord(ctx, &firehose.PutRecordInput{
		DeliveryStreamName: aws.String(d.name), Record: &firehosetypes.Record{Data: payload},
	})
	if err != nil {
		return fmt.Errorf("put record to delivery stream %s: %w", d.name, err)
	}
	return nil
}

func (d *firehoseDestination) test(ctx context.Context) error {
	control, err := pack(envelope{
		MessageType: "CONTROL_MESSAGE", Owner: "CloudwatchLogs", SubscriptionFilters: []string{},
		LogEvents: []envelopeEvent{{
			Timestamp: d.filter.service.now(),
			Message:   "CWL CONTROL MESSAGE: Checking health of destination Firehose.",
		}},
	})
	if err != nil {
		return err
	}
	if err := d.send(ctx, control); err != nil {
		d.filter.refused(err)
		return invalid(undeliverable)
	}
	return nil
}

// refused keeps the cause that the API's answer leaves out.
func (f *subscription) refused(err error) {
	f.service.env.Log.Warn("subscription filter refused: its test message did not arrive",
		slog.String("logGroup", f.group), slog.String("filter", f.name),
		slog.String("destination", f.destinationARN), slog.Any("error", err))
}

// lambdaDestination is a function, invoked asynchronously by the service itself:
// the function's policy must allow it.
type lambdaDestination struct{ filter *subscription }

func (d *lambdaDestination) kind() string { return "Lambda" }

// maxPayload keeps the event, base64 of the payload in JSON, within what an
// asynchronous invocation takes: 1 MiB.
func (d *lambdaDestination) maxPayload() int { return 768 << 10 }

func (d *lambdaDestination) invoke(ctx context.Context, how lambdatypes.InvocationType, payload []byte) error {
	f := d.filter
	_, err := lambda.NewFromConfig(once(f.service.env.Roles.Service(principal, f.sourceARN()))).Invoke(ctx, &lambda.InvokeInput{
		FunctionName: aws.String(f.destinationARN), InvocationType: how, Payload: payload,
	})
	if err != nil {
		return fmt.Errorf("invoke %s: %w", f.destinationARN, err)
	}
	return nil
}

func (d *lambdaDestination) send(ctx context.Context, payload []byte) error {
	event := map[string]any{"awslogs": map[string]string{"data": base64.StdEncoding.EncodeToString(payload)}}
	body, err := json.Marshal(event)
	if err != nil {
		return fmt.Errorf("event for %s: %w", d.filter.destinationARN, err)
	}
	return d.invoke(ctx, lambdatypes.InvocationTypeEvent, body)
}

func (d *lambdaDestination) test(ctx context.Context) error {
	if err := d.invoke(ctx, lambdatypes.InvocationTypeDryRun, nil); err != nil {
		d.filter.refused(err)
		return invalid("Could not execute the lambda function. Make sure you have given CloudWatch Logs permission to execute your function.")
	}
	return nil
}
