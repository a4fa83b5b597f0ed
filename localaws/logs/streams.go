package logs

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"

	"crawlerless/localaws/wire"
)

// stream is one log stream; Service.mu guards it.
type stream struct {
	name       string
	created    int64
	events     []event // by timestamp, then in the order of arrival
	first      int64   // timestamp of the oldest event ever
	last       int64   // timestamp of the newest event ever
	ingested   int64   // when the last event arrived
	hasContent bool
}

func (s *Service) streamOperations() []wire.Operation {
	return []wire.Operation{
		wire.Op("CreateLogStream", s.createLogStream, func(in *cloudwatchlogs.CreateLogStreamInput) []wire.Access {
			return s.onStream("CreateLogStream", aws.ToString(in.LogGroupName), aws.ToString(in.LogStreamName))
		}, "LogGroupName", "LogStreamName"),
		wire.Op("DeleteLogStream", s.deleteLogStream, func(in *cloudwatchlogs.DeleteLogStreamInput) []wire.Access {
			return s.onStream("DeleteLogStream", aws.ToString(in.LogGroupName), aws.ToString(in.LogStreamName))
		}, "LogGroupName", "LogStreamName"),
		wire.Op("DescribeLogStreams", s.describeLogStreams, func(in *cloudwatchlogs.DescribeLogStreamsInput) []wire.Access {
			return s.onGroup("DescribeLogStreams", s.groupName(in.LogGroupName, in.LogGroupIdentifier))
		}, "LogGroupName", "LogGroupIdentifier", "LogStreamNamePrefix", "OrderBy", "Descending", "Limit", "NextToken"),
	}
}

// findStream returns a stream of a group; s.mu is held.
func (g *group) findStream(name string) (*stream, error) {
	st, ok := g.streams[name]
	if !ok {
		return nil, &types.ResourceNotFoundException{Message: aws.String("The specified log stream does not exist.")}
	}
	return st, nil
}

func (s *Service) createLogStream(_ context.Context, in *cloudwatchlogs.CreateLogStreamInput) (*cloudwatchlogs.CreateLogStreamOutput, error) {
	if err := checkLength(in.LogStreamName); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	g, err := s.find(aws.ToString(in.LogGroupName))
	if err != nil {
		return nil, err
	}
	if _, exists := g.streams[*in.LogStreamName]; exists {
		return nil, &types.ResourceAlreadyExistsException{Message: aws.String("The specified log stream already exists")}
	}
	g.streams[*in.LogStreamName] = &stream{name: *in.LogStreamName, created: s.now()}
	return &cloudwatchlogs.CreateLogStreamOutput{}, nil
}

func (s *Service) deleteLogStream(_ context.Context, in *cloudwatchlogs.DeleteLogStreamInput) (*cloudwatchlogs.DeleteLogStreamOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	g, err := s.find(aws.ToString(in.LogGroupName))
	if err != nil {
		return nil, err
	}
	st, err := g.findStream(aws.ToString(in.LogStreamName))
	if err != nil {
		return nil, err
	}
	for _, e := range st.events {
		g.storedBytes -= e.size()
	}
	delete(g.streams, st.name)
	return &cloudwatchlogs.DeleteLogStreamOutput{}, nil
}

func (s *Service) describeLogStreams(_ context.Context, in *cloudwatchlogs.DescribeLogStreamsInput) (*cloudwatchlogs.DescribeLogStreamsOutput, error) {
	size := limit(in.Limit, 50)
	if err := oneName(in.LogGroupName, in.LogGroupIdentifier); err != nil {
		return nil, err
	}
	order := cmp.Or(in.OrderBy, types.OrderByLogStreamName)
	if order == types.OrderByLastEventTime && aws.ToString(in.LogStreamNamePrefix) != "" {
		return nil, invalid("Cannot order by LastEventTime with a logStreamNamePrefix.")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	g, err := s.find(s.groupName(in.LogGroupName, in.LogGroupIdentifier))
	if err != nil {
		return nil, err
	}
	key := func(st *stream) string { return st.name }
	if order == types.OrderByLastEventTime {
		key = func(st *stream) string { return fmt.Sprintf("%020d %s", st.last, st.name) }
	}
	var found []*stream
	for _, st := range g.streams {
		if strings.HasPrefix(st.name, aws.ToString(in.LogStreamNamePrefix)) {
			found = append(found, st)
		}
	}
	descending := aws.ToBool(in.Descending)
	slices.SortFunc(found, func(a, b *stream) int {
		if descending {
			a, b = b, a
		}
		return cmp.Compare(key(a), key(b))
	})
	found, next, err := page(found, key, descending, in.NextToken, size)
	if err != nil {
		return nil, err
	}
	out := &cloudwatchlogs.DescribeLogStreamsOutput{LogStreams: []types.LogStream{}, NextToken: next}
	for _, st := range found {
		d := types.LogStream{
			LogStreamName: aws.String(st.name),
			Arn:           aws.String(s.groupARN(g.name) + ":log-stream:" + st.name),
			CreationTime:  aws.Int64(st.created),
			StoredBytes:   aws.Int64(0), //nolint:staticcheck // AWS still sends it, always zero
		}
		if st.hasContent {
			d.FirstEventTimestamp = aws.Int64(st.first)
			d.LastEventTimestamp = aws.Int64(st.last)
			d.LastIngestionTime = aws.Int64(st.ingested)
			d.UploadSequenceToken = aws.String(sequenceToken(s.sequence))
		}
		out.LogStreams = append(out.LogStreams, d)
	}
	return out, nil
}

// sequenceToken has the shape of the tokens that PutLogEvents no longer needs.
func sequenceToken(sequence uint64) string { return fmt.Sprintf("49%054d", sequence) }
