// Package logs is Amazon CloudWatch Logs: log groups and streams, events and
// their retention, subscription filters that deliver to Firehose and Lambda,
// metric filters and the embedded metric format, resource policies and tags.
//
// Events live in memory until their group's retention or their group ends them.
// What a subscription filter matches is delivered in the background with the
// filter's own role, in order for each filter, with retries for as long as AWS
// retries (24 hours of the environment's clock), and counted in AWS/Logs.
//
// What is not done answers NotImplemented by name: encryption with a KMS key,
// Kinesis and cross-account destinations, transformers, Logs Insights, export
// tasks, data protection, account policies and deletion protection.
package logs

import (
	"cmp"
	"context"
	"fmt"
	"sort"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"

	"crawlerless/localaws/cloud"
	"crawlerless/localaws/wire"
)

// Service is CloudWatch Logs of one account and region.
type Service struct {
	env cloud.Env
	// ctx ends when the service closes; deliveries in flight end with it.
	ctx    context.Context
	cancel context.CancelFunc

	mu       sync.Mutex
	groups   map[string]*group
	policies map[string]*policy
	sequence uint64 // of the last event accepted
}

// group is one log group. Service.mu guards it and everything in it, save the
// queues of its subscriptions.
type group struct {
	name          string
	class         types.LogGroupClass
	created       int64 // ms
	retention     int32 // days, 0 for ever
	tags          map[string]string
	streams       map[string]*stream
	subscriptions []*subscription // by name
	metricFilters []*metricFilter // by name
	storedBytes   int64
}

// New returns an empty service; nothing runs until a subscription delivers.
func New(env cloud.Env) *Service {
	ctx, cancel := context.WithCancel(context.Background())
	return &Service{
		env: env, ctx: ctx, cancel: cancel,
		groups: map[string]*group{}, policies: map[string]*policy{},
	}
}

// Close ends the deliveries that are waiting for a retry.
func (s *Service) Close() { s.cancel() }

// Wire is the service's operations.
func (s *Service) Wire() wire.Service {
	var operations []wire.Operation
	for _, list := range [][]wire.Operation{
		s.groupOperations(), s.streamOperations(), s.eventOperations(),
		s.subscriptionOperations(), s.metricFilterOperations(), s.policyOperations(), s.tagOperations(), s.legacyTagOperations(),
	} {
		operations = append(operations, list...)
	}
	return wire.Service{
		Name: "logs", Target: "Logs_20140328", Protocol: wire.JSON11, LowerFirst: true,
		Constraints: constraints, Refuse: refuse,
		Operations: operations,
	}
}

// now is the clock's time as the API has it: milliseconds since 1970.
func (s *Service) now() int64 { return s.env.Clock.Now().UnixMilli() }

// groupARN is a log group's ARN without the trailing ":*".
func (s *Service) groupARN(name string) string { return s.env.ARN("logs", "log-group:"+name) }

// groupName is the name in a logGroupName or logGroupIdentifier (a name or an
// ARN, which may end with ":*").
func (s *Service) groupName(name, identifier *string) string {
	if identifier == nil {
		return aws.ToString(name)
	}
	rest, isARN := strings.CutPrefix(*identifier, s.groupARN(""))
	if !isARN {
		return *identifier
	}
	return strings.TrimSuffix(rest, ":*")
}

// oneName refuses a request that names its group twice.
func oneName(name, identifier *string) error {
	if name != nil && identifier != nil {
		return &types.ValidationException{Message: aws.String("LogGroup name and LogGroup ARN are mutually exclusive parameters.")}
	}
	return nil
}

// onGroup is the permission on a log group. The service evaluates it on the
// group's (empty) log stream, which is why a policy needs the trailing ":*".
func (s *Service) onGroup(action, name string) []wire.Access {
	return s.onStream(action, name, "")
}

func (s *Service) onStream(action, name, stream string) []wire.Access {
	return []wire.Access{{
		Action:         action,
		Resource:       s.groupARN(name) + ":log-stream:" + stream,
		ResourcePolicy: s.resourcePolicy(),
	}}
}

// find returns a group; s.mu is held.
func (s *Service) find(name string) (*group, error) {
	if name == "" { // neither a name nor an identifier, where the model leaves the choice
		return nil, invalid("1 validation error detected: Value null at 'logGroupName' failed to satisfy constraint: Member must not be null")
	}
	if err := checkLength(&name); err != nil {
		return nil, err
	}
	g, ok := s.groups[name]
	if !ok {
		return nil, &types.ResourceNotFoundException{Message: aws.String("The specified log group does not exist.")}
	}
	return g, nil
}

// findStandard is find for what only the Standard class offers.
func (s *Service) findStandard(name string) (*group, error) {
	g, err := s.find(name)
	if err == nil && g.class != types.LogGroupClassStandard {
		return nil, invalid("This operation is only supported on the Standard log class.")
	}
	return g, err
}

func invalid(format string, args ...any) error {
	return &types.InvalidParameterException{Message: aws.String(fmt.Sprintf(format, args...))}
}

func limitExceeded() error {
	return &types.LimitExceededException{Message: aws.String("Resource limit exceeded.")}
}

// constraint is the answer to a value that the API's model does not allow.
func constraint(value, member, must string) error {
	return invalid("1 validation error detected: Value '%s' at '%s' failed to satisfy constraint: Member must %s", value, member, must)
}

func missing(member string) error {
	return invalid("1 validation error detected: Value null at '%s' failed to satisfy constraint: Member must not be null", member)
}

// checkLength refuses a name of a group or stream beyond 512 characters, which
// this service does itself. Recorded by LocalStack, test_logs_groups.py.
func checkLength(name *string) error {
	if utf8.RuneCountInString(aws.ToString(name)) > 512 {
		return invalid("Invalid LogGroup or LogStream, both must have length less than or equal to 512.")
	}
	return nil
}

// limit is the size of a page: most when it is not given.
func limit(value *int32, most int32) int { return int(cmp.Or(aws.ToInt32(value), most)) }

// page cuts one page out of items, which are sorted by key. The token is the key
// of the page's last item, so that a listing survives what happens between its
// pages.
func page[T any](items []T, key func(T) string, descending bool, token *string, size int) ([]T, *string, error) {
	if token != nil {
		last, err := readToken(*token)
		if err != nil {
			return nil, nil, err
		}
		items = items[sort.Search(len(items), func(i int) bool {
			if descending {
				return key(items[i]) < last
			}
			return key(items[i]) > last
		}):]
	}
	if len(items) <= size {
		return items, nil, nil
	}
	items = items[:size]
	return items, aws.String(writeToken(key(items[size-1]))), nil
}
