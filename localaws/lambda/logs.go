package lambda

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	cwl "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// The limits of PutLogEvents: events, and bytes with 26 for each event.
const (
	maxBatchEvents = 10000
	maxBatchBytes  = 1048576
	eventOverhead  = 26
	tailBytes      = 4096 // of LogType Tail
	// deliveryAttempts is how often a batch is tried again that CloudWatch Logs
	// throttled or failed to take.
	deliveryAttempts = 20
)

// logStream is the log stream of one execution environment. It is written with
// the function's role, as on AWS: the group must exist or the role be allowed
// to create it, otherwise the events are dropped, and a warning in localaws's
// own log says so once.
//
// An event of a text log keeps its line end, as on AWS; one of a JSON log is the
// document alone.
type logStream struct {
	service *Service
	client  *cloudwatchlogs.Client
	name    string // of the function
	group   string
	stream  string
	logging types.LoggingConfig
	memory  int32
	runtime types.Runtime
	arn     string

	mu      sync.Mutex
	events  []cwl.InputLogEvent
	bytes   int
	tail    []byte // the last of what the present invocation logged
	created bool   // the stream is there
	warned  bool
}

func newLogStream(s *Service, d deployment, cfg aws.Config) *logStream {
	name := s.env.Clock.Now().Format("2006/01/02/")
	if d.config.customLogStream {
		name += d.name
	}
	return &logStream{
		service: s, client: cloudwatchlogs.NewFromConfig(cfg), name: d.name,
		group: aws.ToString(d.config.logging.LogGroup), stream: name + "[" + latest + "]" + s.env.IDs.Hex(32),
		logging: d.config.logging, memory: d.config.memory, runtime: d.config.runtime, arn: d.arn,
	}
}

// application takes a line that the process printed.
func (l *logStream) application(line []byte) {
	if l.logging.LogFormat == types.LogFormatJson && lineLevel(line) < levelOf(string(l.logging.ApplicationLogLevel)) {
		return
	}
	if strings.TrimSpace(string(line)) == "" {
		return // PutLogEvents takes no empty message
	}
	// Also in JSON format an application's event keeps the end of its line; the
	// platform's events have none (both as in recorded subscription payloads).
	l.add(string(line) + "\n")
}

// add appends one event. A full batch is sent at once, while the process waits
// for its output to be read.
func (l *logStream) add(message string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	size := len(message) + eventOverhead
	if l.bytes+size > maxBatchBytes || len(l.events) == maxBatchEvents {
		l.send()
	}
	l.events = append(l.events, cwl.InputLogEvent{Message: aws.String(message), Timestamp: aws.Int64(l.service.env.Clock.Now().UnixMilli())})
	l.bytes += size
	if l.tail = append(l.tail, strings.TrimSuffix(message, "\n")+"\n"...); len(l.tail) > 2*tailBytes {
		l.tail = append(l.tail[:0], l.tail[len(l.tail)-tailBytes:]...)
	}
}

// flush sends what is left and returns the end of the invocation's log.
func (l *logStream) flush() []byte {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.send()
	tail := l.tail
	l.tail = nil
	return tail[max(0, len(tail)-tailBytes):]
}

// send writes the batch. l.mu is held.
func (l *logStream) send() {
	if len(l.events) == 0 {
		return
	}
	events := l.events
	l.events, l.bytes = nil, 0
	err := l.put(l.service.ctx, events)
	for attempt := 0; attempt < deliveryAttempts && transient(err); attempt++ {
		// The process that wrote lives in real time, and so does this wait.
		select {
		case <-time.After(time.Duration(attempt+1) * 5 * time.Millisecond):
		case <-l.service.ctx.Done():
		}
		err = l.put(l.service.ctx, events)
	}
	if err != nil && !l.warned && l.service.ctx.Err() == nil {
		l.warned = true
		l.service.env.Log.Warn("log events of a function are dropped", slog.String("function", l.name),
			slog.String("group", l.group), slog.Int("events", len(events)), slog.Any("error", err))
	}
}

// transient reports whether a call may succeed when it is made again: it was
// throttled, failed inside the service, or its answer was lost.
func transient(err error) bool {
	var api smithy.APIError
	var response *smithyhttp.ResponseError
	switch {
	case err == nil, errors.Is(err, context.Canceled):
		return false
	case errors.As(err, &response) && (response.HTTPStatusCode() >= http.StatusInternalServerError || response.HTTPStatusCode() == http.StatusTooManyRequests):
		return response.HTTPStatusCode() != http.StatusNotImplemented
	case errors.As(err, &api):
		return strings.Contains(api.ErrorCode(), "Throttl") || strings.Contains(api.ErrorCode(), "TooManyRequests") || strings.Contains(api.ErrorCode(), "RequestLimitExceeded")
	}
	return true
}

func (l *logStream) put(ctx context.Context, events []cwl.InputLogEvent) error {
	if !l.created {
		if err := l.create(ctx); err != nil {
			return err
		}
		l.created = true
	}
	in := &cloudwatchlogs.PutLogEventsInput{LogGroupName: &l.group, LogStreamName: &l.stream, LogEvents: events}
	_, err := l.client.PutLogEvents(ctx, in)
	var gone *cwl.ResourceNotFoundException
	if !errors.As(err, &gone) {
		return err
	}
	// The group was deleted under the environment.
	if err := l.create(ctx); err != nil {
		return err
	}
	_, err = l.client.PutLogEvents(ctx, in)
	return err
}

// create makes the stream, and the group too where it is missing.
func (l *logStream) create(ctx context.Context) error {
	var missing *cwl.ResourceNotFoundException
	err := l.createStream(ctx)
	if !errors.As(err, &missing) {
		return err
	}
	var exists *cwl.ResourceAlreadyExistsException
	_, err = l.client.CreateLogGroup(ctx, &cloudwatchlogs.CreateLogGroupInput{LogGroupName: &l.group})
	if err != nil && !errors.As(err, &exists) {
		return err
	}
	return l.createStream(ctx)
}

func (l *logStream) createStream(ctx context.Context) error {
	var exists *cwl.ResourceAlreadyExistsException
	_, err := l.client.CreateLogStream(ctx, &cloudwatchlogs.CreateLogStreamInput{LogGroupName: &l.group, LogStreamName: &l.stream})
	if errors.As(err, &exists) {
		return nil
	}
	return err
}

// levelOf orders the levels of application logs; -1 is none of them.
func levelOf(name string) int {
	switch strings.ToUpper(name) {
	case "TRACE":
		return 0
	case "DEBUG":
		return 1
	case "INFO":
		return 2
	case "WARN", "WARNING":
		return 3
	case "ERROR":
		return 4
	case "FATAL", "CRITICAL":
		return 5
	}
	return -1
}

// lineLevel is the level by which Lambda filters a line of a JSON log: its
// "level", if the line is a JSON object that has a valid one and a timestamp in
// RFC 3339; INFO otherwise. The line itself is passed on as it is.
// https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-log-level.html
func lineLevel(line []byte) int {
	info := levelOf("INFO")
	var members map[string]json.RawMessage
	if json.Unmarshal(line, &members) != nil {
		return info
	}
	level := levelOf(textMember(members, "level", "Level", "log.level", "severity"))
	if level < 0 {
		return info
	}
	if _, err := time.Parse(time.RFC3339Nano, textMember(members, "timestamp", "time", "@timestamp", "Timestamp", "ts")); err != nil {
		return info
	}
	return level
}

func textMember(members map[string]json.RawMessage, names ...string) string {
	for _, name := range names {
		var text string
		if raw, ok := members[name]; ok && json.Unmarshal(raw, &text) == nil {
			return text
		}
	}
	return ""
}
