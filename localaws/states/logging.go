package states

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	cwl "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"crawlerless/localaws/wire"
)

// deliveryPrincipal writes vended logs on behalf of all services.
const deliveryPrincipal = "delivery.logs.amazonaws.com"

// checkLogging fills in the defaults: no logging.
func checkLogging(in *types.LoggingConfiguration) (types.LoggingConfiguration, error) {
	c := types.LoggingConfiguration{Level: types.LogLevelOff}
	if in == nil {
		return c, nil
	}
	c = *in
	if c.Level == "" {
		c.Level = types.LogLevelOff
	}
	if len(c.Destinations) > 1 || len(c.Destinations) == 0 && c.Level != types.LogLevelOff {
		return c, invalidLogging("Must specify exactly one Log Destination.")
	}
	if len(c.Destinations) == 1 {
		if arn := destination(c); !strings.HasPrefix(arn, "arn:") || !strings.HasSuffix(arn, ":*") || !strings.Contains(arn, ":log-group:") {
			return c, invalidLogging("Log Group ARN must end with :*, but is '" + arn + "'.")
		}
	}
	return c, nil
}

func invalidLogging(why string) error {
	return &types.InvalidLoggingConfiguration{Message: aws.String("Invalid Logging Configuration: " + why)}
}

// destination is the log group's ARN with ":*", or empty.
func destination(c types.LoggingConfiguration) string {
	if len(c.Destinations) == 0 || c.Destinations[0].CloudWatchLogsLogGroup == nil {
		return ""
	}
	return aws.ToString(c.Destinations[0].CloudWatchLogsLogGroup.LogGroupArn)
}

// groupName is the name in a log group's ARN.
func groupName(arn string) string {
	_, name, _ := strings.Cut(arn, ":log-group:")
	return strings.TrimSuffix(name, ":*")
}

// deliveryPolicy is the name under which AWS lets the delivery service write.
const deliveryPolicy = "AWSLogDeliveryWrite20150319"

// allowDelivery sets up the log's delivery with the role's permissions, as AWS
// does: the group must be there, and its resource policy must let the delivery
// service write, which the role adds if it may.
// https://docs.aws.amazon.com/step-functions/latest/dg/cw-logs.html
func (s *Service) allowDelivery(ctx context.Context, cfg aws.Config, c types.LoggingConfiguration) error {
	arn := destination(c)
	if arn == "" {
		return nil
	}
	client := cloudwatchlogs.NewFromConfig(cfg)
	name := groupName(arn)
	groups, err := client.DescribeLogGroups(ctx, &cloudwatchlogs.DescribeLogGroupsInput{LogGroupNamePrefix: &name})
	if err != nil {
		return notAuthorized(err)
	}
	if !slices.ContainsFunc(groups.LogGroups, func(g cwl.LogGroup) bool { return aws.ToString(g.LogGroupName) == name }) {
		return invalidLogging("Log Destination not found.")
	}
	s.policies.Lock()
	defer s.policies.Unlock()
	type statement map[string]any
	policy := struct {
		Version   string
		Statement []statement
	}{Version: "2012-10-17"}
	existing, err := client.DescribeResourcePolicies(ctx, &cloudwatchlogs.DescribeResourcePoliciesInput{})
	if err != nil {
		return notAuthorized(err)
	}
	resource := strings.TrimSuffix(arn, "*") + "log-stream:*"
	// Vended groups share one statement: a policy is limited to 5,120 characters.
	if strings.HasPrefix(name, "/aws/vendedlogs/") {
		resource = s.env.ARN("logs", "log-group:/aws/vendedlogs/*:log-stream:*")
	}
	for _, p := range existing.ResourcePolicies {
		if aws.ToString(p.PolicyName) != deliveryPolicy {
			continue
		}
		if strings.Contains(aws.ToString(p.PolicyDocument), `"`+resource+`"`) {
			return nil
		}
		if err := json.Unmarshal([]byte(aws.ToString(p.PolicyDocument)), &policy); err != nil {
			return notAuthorized(err)
		}
	}
	policy.Statement = append(policy.Statement, statement{
		"Sid": "AWSLogDeliveryWrite" + strconv.Itoa(len(policy.Statement)+1), "Effect": "Allow",
		"Principal": map[string]string{"Service": deliveryPrincipal}, "Action": []string{"logs:CreateLogStream", "logs:PutLogEvents"},
		"Resource": resource,
		"Condition": map[string]any{
			"StringEquals": map[string]string{"aws:SourceAccount": s.env.Account},
			"ArnLike":      map[string]string{"aws:SourceArn": s.env.ARN("logs", "*")},
		},
	})
	document, err := json.Marshal(policy)
	if err != nil {
		return err
	}
	_, err = client.PutResourcePolicy(ctx, &cloudwatchlogs.PutResourcePolicyInput{PolicyName: aws.String(deliveryPolicy), PolicyDocument: aws.String(string(document))})
	if err != nil {
		return notAuthorized(err)
	}
	return nil
}

func notAuthorized(err error) error {
	return &wire.Error{Code: "AccessDeniedException", Message: "The state machine IAM Role is not authorized to access the Log Destination (" + err.Error() + ")"}
}

// logged are the events that each level below ALL writes.
// https://docs.aws.amazon.com/step-functions/latest/dg/cw-logs.html#cloudwatch-log-level
func logged(level types.LogLevel, kind types.HistoryEventType) bool {
	switch level {
	case types.LogLevelAll:
		return true
	case types.LogLevelFatal:
		return kind == types.HistoryEventTypeExecutionAborted || kind == types.HistoryEventTypeExecutionFailed || kind == types.HistoryEventTypeExecutionTimedOut
	case types.LogLevelError:
		name := string(kind)
		return kind == types.HistoryEventTypeFailStateEntered || strings.HasSuffix(name, "Failed") || strings.HasSuffix(name, "TimedOut") || strings.HasSuffix(name, "Aborted")
	}
	return false
}

// executionLog writes the events of one execution to the machine's log group.
type executionLog struct {
	service   *Service
	execution *execution
	client    *cloudwatchlogs.Client
	level     types.LogLevel
	data      bool
	group     string
	stream    string

	mu     sync.Mutex
	events []cwl.InputLogEvent
	bytes  int
	opened bool
}

func newExecutionLog(s *Service, e *execution) *executionLog {
	c := e.revision.logging
	l := &executionLog{service: s, execution: e, level: c.Level, data: c.IncludeExecutionData}
	if c.Level == types.LogLevelOff || destination(c) == "" {
		l.level = types.LogLevelOff
		return l
	}
	l.group = groupName(destination(c))
	l.stream = "states/" + e.machine.name + "/" + e.started.Format("2006-01-02-15-04") + "/" + s.env.IDs.Hex(8)
	l.client = cloudwatchlogs.NewFromConfig(s.env.Roles.Service(deliveryPrincipal, s.env.ARN("logs", "*")))
	return l
}

// logLine is an event in the log.
type logLine struct {
	ID              string          `json:"id"`
	Type            string          `json:"type"`
	Details         json.RawMessage `json:"details"`
	PreviousEventID string          `json:"previous_event_id"`
	EventTimestamp  string          `json:"event_timestamp"`
	ExecutionARN    string          `json:"execution_arn"`
	RedriveCount    string          `json:"redrive_count"`
}

func (l *executionLog) add(e types.HistoryEvent) {
	if !logged(l.level, e.Type) {
		return
	}
	if !l.data {
		e = withoutData(e)
	}
	line, err := json.Marshal(logLine{
		ID: strconv.FormatInt(e.Id, 10), Type: string(e.Type), Details: lowerFirst(details(e)), PreviousEventID: strconv.FormatInt(e.PreviousEventId, 10),
		EventTimestamp: strconv.FormatInt(e.Timestamp.UnixMilli(), 10), ExecutionARN: l.execution.arn, RedriveCount: "0",
	})
	if err != nil {
		line = []byte(err.Error()) // strings and numbers always marshal
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	const overhead, mostBytes, mostEvents = 26, 1048576, 10000
	if l.bytes+len(line)+overhead > mostBytes || len(l.events) == mostEvents {
		l.send()
	}
	l.events = append(l.events, cwl.InputLogEvent{Message: aws.String(string(line)), Timestamp: aws.Int64(e.Timestamp.UnixMilli())})
	l.bytes += len(line) + overhead
}

// flush writes what is left.
func (l *executionLog) flush() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.send()
}

// send writes the events collected so far. l.mu is held.
func (l *executionLog) send() {
	if len(l.events) == 0 {
		return
	}
	events := l.events
	l.events, l.bytes = nil, 0
	ctx := l.service.ctx
	if !l.opened {
		err := l.try(func() error {
			_, err := l.client.CreateLogStream(ctx, &cloudwatchlogs.CreateLogStreamInput{LogGroupName: &l.group, LogStreamName: &l.stream})
			return err
		})
		var exists *cwl.ResourceAlreadyExistsException
		if err != nil && !errors.As(err, &exists) {
			l.lost(err, len(events))
			return
		}
		l.opened = true
	}
	err := l.try(func() error {
		_, err := l.client.PutLogEvents(ctx, &cloudwatchlogs.PutLogEventsInput{LogGroupName: &l.group, LogStreamName: &l.stream, LogEvents: events})
		return err
	})
	if err != nil {
		l.lost(err, len(events))
	}
}

// try makes a call again that was throttled or failed inside the service. It
// does not wait: the execution ends at the time at which it ended.
func (l *executionLog) try(call func() error) error {
	err := call()
	for range 20 {
		var response *smithyhttp.ResponseError
		var api smithy.APIError
		again := errors.As(err, &response) && response.HTTPStatusCode() >= http.StatusInternalServerError ||
			errors.As(err, &api) && strings.Contains(api.ErrorCode(), "Throttl")
		if err == nil || !again {
			return err
		}
		err = call()
	}
	return err
}

func (l *executionLog) lost(err error, n int) {
	if l.service.ctx.Err() == nil {
		l.service.env.Log.Warn("log events of an execution are lost", slog.String("execution", l.execution.arn), slog.String("group", l.group),
			slog.Int("events", n), slog.Any("error", err))
	}
}

func isNil(v any) bool { return reflect.ValueOf(v).IsNil() }

// lowerFirst is a struct of the SDK as JSON with its members in lower camel case,
// in the order of their names, without those that are not set.
func lowerFirst(v any) json.RawMessage {
	if v == nil {
		return json.RawMessage("{}")
	}
	doc, err := json.Marshal(tree(reflect.ValueOf(v)))
	if err != nil {
		return json.RawMessage("{}") // strings, numbers and maps of them always marshal
	}
	return doc
}

func tree(v reflect.Value) any {
	switch v.Kind() {
	case reflect.Pointer:
		return tree(v.Elem())
	case reflect.Struct:
		out := map[string]any{}
		for i := range v.NumField() {
			f := v.Type().Field(i)
			if !f.IsExported() || v.Field(i).Kind() == reflect.Pointer && v.Field(i).IsNil() {
				continue
			}
			first, size := utf8.DecodeRuneInString(f.Name)
			out[string(unicode.ToLower(first))+f.Name[size:]] = tree(v.Field(i))
		}
		return out
	}
	return v.Interface()
}
