package e2e

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/athena"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/sfn"

	query "crawlerless/automation/athena"
	"crawlerless/automation/observe"
	"crawlerless/automation/replay"
	"crawlerless/automation/target"
	"crawlerless/automation/workspace"
)

// env is a deployed stack with everything that a test needs of it. A test
// touches the front of the pipeline (log groups, the generator; objects, where
// the promise is about objects) and its query end, never what lies between.
type env struct {
	target   target.Target
	space    *workspace.Workspace
	out      workspace.Outputs
	pipeline *observe.Pipeline
	athena   *query.Client
	logs     *cloudwatchlogs.Client
	lambda   *lambda.Client
	sfn      *sfn.Client
	since    time.Time // on the target's clock
	events   int       // of the generator
	burst    int       // objects that come at once
	patience time.Duration

	mu      sync.Mutex
	queries []asked
	sent    int64 // events that reached the front
}

// asked is a query that a test ran for the report.
type asked struct {
	title, sql string
	result     *query.Result
}

func newEnv(t target.Target, space *workspace.Workspace, out workspace.Outputs, events, burst int) *env {
	c := t.AWS()
	return &env{
		target: t, space: space, out: out, pipeline: observe.Open(c, out), since: t.Now(), events: events,
		athena: &query.Client{API: athena.NewFromConfig(c), Workgroup: out.Workgroup, Database: out.Database},
		logs:   cloudwatchlogs.NewFromConfig(c), lambda: lambda.NewFromConfig(c), sfn: sfn.NewFromConfig(c),
		patience: 30 * time.Minute, burst: cmp.Or(burst, fullBurst),
	}
}

// send puts lines into the log group of a source, as one batch.
func (e *env) send(ctx context.Context, source, stream string, lines ...string) error {
	group := e.out.LogGroups[source]
	_, err := e.logs.CreateLogStream(ctx, &cloudwatchlogs.CreateLogStreamInput{LogGroupName: &group, LogStreamName: &stream})
	var exists *types.ResourceAlreadyExistsException
	if err != nil && !errors.As(err, &exists) {
		return fmt.Errorf("make the log stream %s: %w", stream, err)
	}
	now := e.target.Now().UnixMilli()
	batch := make([]types.InputLogEvent, len(lines))
	for i, l := range lines {
		batch[i] = types.InputLogEvent{Message: aws.String(l), Timestamp: &now}
	}
	out, err := e.logs.PutLogEvents(ctx, &cloudwatchlogs.PutLogEventsInput{LogGroupName: &group, LogStreamName: &stream, LogEvents: batch})
	if err != nil {
		return fmt.Errorf("send %d events to %s: %w", len(lines), group, err)
	}
	if out.RejectedLogEventsInfo != nil {
		return fmt.Errorf("%s rejected events", group)
	}
	e.mu.Lock()
	e.sent += int64(len(lines))
	e.mu.Unlock()
	return nil
}

// until lets time pass on the target until ok says yes, or nothing has changed
// for the whole of the patience. state is what is seen meanwhile.
func (e *env) until(ctx context.Context, what string, ok func(context.Context) (done bool, state string, err error)) error {
	last, changed := "", e.target.Now()
	for {
		done, state, err := ok(ctx)
		if err != nil {
			return fmt.Errorf("%s: %w", what, err)
		}
		if done {
			return nil
		}
		if state != last {
			last, changed = state, e.target.Now()
		}
		if waited := e.target.Now().Sub(changed); waited > e.patience {
			return fmt.Errorf("%s: nothing has changed for %s: %s", what, waited.Round(time.Second), state)
		}
		if err := e.target.Pass(ctx, e.pause()); err != nil {
			return err
		}
	}
}

// pause is how much time passes between two looks: on the local target a whole
// buffering interval at once.
func (e *env) pause() time.Duration {
	if e.target.Name() == "local" {
		return time.Duration(e.space.Config.BufferSeconds) * time.Second
	}
	return 10 * time.Second
}

// rows waits until the table of a source has exactly want rows.
func (e *env) rows(ctx context.Context, source string, want int64) error {
	table := e.out.Tables[source]
	sql := fmt.Sprintf(`SELECT count(*) FROM "%s"`, table)
	return e.until(ctx, "rows of "+table, func(ctx context.Context) (bool, string, error) {
		n, _, err := e.athena.Count(ctx, sql)
		if err == nil && n > want {
			err = fmt.Errorf("there are %d rows, %d were sent", n, want)
		}
		return n == want, fmt.Sprintf("%d of %d rows", n, want), err
	})
}

// ask runs a query for a test and keeps it for the report.
func (e *env) ask(ctx context.Context, title, sql string) ([][]*string, error) {
	r, err := e.athena.Query(ctx, sql, 1000)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", sql, err)
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.queries = append(e.queries, asked{title, sql, r})
	return r.Rows, nil
}

// replay runs the workflow once more for an object of the lake.
func (e *env) replay(ctx context.Context, o replay.Object) error {
	event, err := replay.ObjectCreated(o, e.target.AWS().Region, account(e.out.StateMachineARN), "replay-"+o.ETag)
	if err != nil {
		return err
	}
	return (&replay.Runner{API: e.sfn, MachineARN: e.out.StateMachineARN}).Event(ctx, event)
}

// account is the account in an ARN.
func account(arn string) string {
	parts := strings.Split(arn, ":")
	if len(parts) < 5 {
		return ""
	}
	return parts[4]
}

// text is a row as a person reads it.
func text(row []*string) string {
	words := make([]string, len(row))
	for i, v := range row {
		words[i] = "NULL"
		if v != nil {
			words[i] = *v
		}
	}
	return strings.Join(words, " | ")
}
