// Package replay runs the workflow once more for objects that are already in
// the lake, and waits for each execution's end. The workflow is told that it is
// a replay, so that a failure leaves no second dead letter.
package replay

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// Runner replays events.
type Runner struct {
	API        *sfn.Client
	MachineARN string
	// Since is when the operator's command began: the functions trust nothing
	// that they remember of the catalog from before. Zero is no doubt.
	Since time.Time
}

// Failure is a replay that ended otherwise than in success.
type Failure struct {
	Status, Name, Cause, Execution string
}

func (f *Failure) Error() string {
	return fmt.Sprintf("%s %s: %s (%s)", f.Status, f.Name, f.Cause, f.Execution)
}

// Event runs the workflow for one EventBridge event, given as its JSON, and
// answers nil when the object is in the catalog.
func (r *Runner) Event(ctx context.Context, event json.RawMessage) error {
	input, err := marked(event, r.Since)
	if err != nil {
		return err
	}
	out, err := r.API.StartSyncExecution(ctx, &sfn.StartSyncExecutionInput{StateMachineArn: &r.MachineARN, Input: aws.String(input)}, plainHost)
	if err != nil {
		return fmt.Errorf("start an execution: %w", err)
	}
	if out.Status != types.SyncExecutionStatusSucceeded {
		return &Failure{
			Status: string(out.Status), Name: aws.ToString(out.Error), Cause: aws.ToString(out.Cause), Execution: aws.ToString(out.ExecutionArn),
		}
	}
	return nil
}

// plainHost leaves the host of an endpoint of one's own as it is: only AWS's
// have a "sync-…" for this operation.
func plainHost(o *sfn.Options) {
	if o.BaseEndpoint == nil {
		return
	}
	o.APIOptions = append(o.APIOptions, func(stack *middleware.Stack) error {
		return stack.Initialize.Add(middleware.InitializeMiddlewareFunc("PlainHost", func(ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler) (middleware.InitializeOutput, middleware.Metadata, error) {
			return next.HandleInitialize(smithyhttp.DisableEndpointHostPrefix(ctx, true), in)
		}), middleware.Before)
	})
}

// marked adds "replay": true to the event, and since when it counts.
func marked(event json.RawMessage, since time.Time) (string, error) {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(event, &fields); err != nil {
		return "", fmt.Errorf("the event is not a JSON object: %w", err)
	}
	fields["replay"] = json.RawMessage("true")
	if !since.IsZero() {
		at, err := json.Marshal(since.UTC())
		if err != nil {
			return "", err
		}
		fields["since"] = at
	}
	b, err := json.Marshal(fields)
	return string(b), err
}

// Object is an object of the lake.
type Object struct {
	Bucket, Key, ETag string
	Size              int64
	LastModified      time.Time
}

// ObjectCreated is the event that EventBridge would have sent for an object.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html
func ObjectCreated(o Object, region, account, id string) (json.RawMessage, error) {
	return json.Marshal(map[string]any{
		"version": "0", "id": id, "detail-type": "Object Created", "source": "aws.s3",
		"account": account, "region": region, "time": o.LastModified.UTC().Format(time.RFC3339),
		"resources": []string{"arn:aws:s3:::" + o.Bucket},
		"detail": map[string]any{
			"version": "0", "bucket": map[string]any{"name": o.Bucket},
			"object": map[string]any{"key": o.Key, "size": o.Size, "etag": o.ETag, "sequencer": "00"},
			"reason": "PutObject",
		},
	})
}
