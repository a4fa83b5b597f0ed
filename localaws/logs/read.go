package logs

import (
	"cmp"
	"context"
	"errors"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"

	"crawlerless/localaws/logs/filterpattern"
)

// maxAnswerBytes is the size of one answer of GetLogEvents and FilterLogEvents.
const maxAnswerBytes = 1 << 20

// getLogEvents reads a stream. Tokens are "f/" or "b/", the 56 digits of an event
// id, and "/s": forward is what comes after that id, backward what comes before.
// At the end of the stream the token that was passed in comes back.
func (s *Service) getLogEvents(_ context.Context, in *cloudwatchlogs.GetLogEventsInput) (*cloudwatchlogs.GetLogEventsOutput, error) {
	size := limit(in.Limit, 10_000)
	if err := checkLength(in.LogStreamName); err != nil {
		return nil, err
	}
	if err := oneName(in.LogGroupName, in.LogGroupIdentifier); err != nil {
		return nil, err
	}
	cursor := token{forward: aws.ToBool(in.StartFromHead)}
	if in.NextToken != nil {
		var err error
		if cursor, err = readCursor(*in.NextToken); err != nil {
			return nil, err
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	g, err := s.findStandard(s.groupName(in.LogGroupName, in.LogGroupIdentifier))
	if err != nil {
		return nil, err
	}
	st, err := g.findStream(*in.LogStreamName)
	if err != nil {
		return nil, err
	}
	s.expire(g)
	// The end is exclusive here, unlike in FilterLogEvents.
	events := between(st.events, in.StartTime, in.EndTime, false)
	if in.NextToken != nil {
		events = cursor.beyond(events)
	}
	events = cut(events, size, cursor.forward)
	out := &cloudwatchlogs.GetLogEventsOutput{Events: []types.OutputLogEvent{}}
	for _, e := range events {
		out.Events = append(out.Events, types.OutputLogEvent{
			Timestamp: aws.Int64(e.timestamp), IngestionTime: aws.Int64(e.ingested), Message: aws.String(e.message),
		})
	}
	first, last := cursor.position, cursor.position
	switch {
	case len(events) > 0:
		first, last = events[0].position(), events[len(events)-1].position()
	case in.NextToken == nil:
		first = position{timestamp: aws.ToInt64(in.StartTime)}
		last = first
	case cursor.forward:
		first = cursor.position.after() // so that going back finds the event there
	default:
		last = cursor.position.before() // likewise going forward
	}
	out.NextForwardToken = aws.String(token{true, last}.String())
	out.NextBackwardToken = aws.String(token{false, first}.String())
	return out, nil
}

// between cuts the events of a time range out of a stream's. Nil ends are open.
func between(events []event, start, end *int64, inclusive bool) []event {
	at := func(timestamp int64) int {
		n, _ := slices.BinarySearchFunc(events, timestamp, func(e event, t int64) int { return cmp.Compare(e.timestamp, t) })
		return n
	}
	from, to := 0, len(events)
	if start != nil {
		from = at(*start)
	}
	if end != nil {
		last := *end
		if inclusive && last < math.MaxInt64 {
			last++
		}
		to = at(last)
	}
	return events[from:max(from, to)]
}

// cut keeps the first (or last) events that fit in an answer.
func cut(events []event, size int, fromHead bool) []event {
	bytes, n := int64(0), 0
	for n < len(events) && n < size {
		e := events[n]
		if !fromHead {
			e = events[len(events)-1-n]
		}
		if bytes += e.size(); bytes > maxAnswerBytes && n > 0 {
			break
		}
		n++
	}
	if fromHead {
		return events[:n]
	}
	return events[len(events)-n:]
}

// earliestBackward is the start time from which FilterLogEvents reads backward.
func earliestBackward() time.Time { return time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC) }

func (s *Service) filterLogEvents(_ context.Context, in *cloudwatchlogs.FilterLogEventsInput) (*cloudwatchlogs.FilterLogEventsOutput, error) {
	size := limit(in.Limit, 10_000)
	if err := oneName(in.LogGroupName, in.LogGroupIdentifier); err != nil {
		return nil, err
	}
	switch {
	case aws.ToString(in.LogStreamNamePrefix) != "" && len(in.LogStreamNames) > 0:
		return nil, invalid("LogStreamNamePrefix and LogStreamNames are mutually exclusive parameters.")
	case in.StartTime != nil && in.EndTime != nil && *in.StartTime > *in.EndTime:
		return nil, invalid("End time should not be less than start time.")
	}
	pattern, err := parsePattern(aws.ToString(in.FilterPattern), "Invalid filter pattern")
	if err != nil {
		return nil, err
	}
	// The token carries the direction: it wins over StartFromHead.
	cursor := token{forward: in.StartFromHead == nil || *in.StartFromHead}
	if in.NextToken != nil {
		var err error
		if cursor, err = readCursor(*in.NextToken); err != nil {
			return nil, err
		}
	}
	if !cursor.forward && in.StartTime != nil && *in.StartTime < earliestBackward().UnixMilli() {
		return nil, invalid("startFromHead can be false only when startTime is on or after 2024-01-01T00:00:00Z.")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	merged, err := s.search(in, cursor)
	if err != nil {
		return nil, err
	}
	out := &cloudwatchlogs.FilterLogEventsOutput{Events: []types.FilteredLogEvent{}, SearchedLogStreams: []types.SearchedLogStream{}}
	bytes := int64(0)
	for {
		stream, e, ok := merged.next()
		if !ok {
			return out, nil
		}
		if !pattern.Match(e.message) {
			continue
		}
		if bytes += e.size(); len(out.Events) == size || bytes > maxAnswerBytes && len(out.Events) > 0 {
			out.NextToken = aws.String(token{cursor.forward, cursor.position}.String())
			return out, nil
		}
		cursor.position = e.position()
		out.Events = append(out.Events, types.FilteredLogEvent{
			EventId: aws.String(e.id()), LogStreamName: aws.String(stream), Message: aws.String(e.message),
			Timestamp: aws.Int64(e.timestamp), IngestionTime: aws.Int64(e.ingested),
		})
	}
}

// search merges the streams, times and direction asked for; s.mu is held, and
// must be for as long as the answer is read.
func (s *Service) search(in *cloudwatchlogs.FilterLogEventsInput, cursor token) (*merge, error) {
	g, err := s.findStandard(s.groupName(in.LogGroupName, in.LogGroupIdentifier))
	if err != nil {
		return nil, err
	}
	for _, name := range in.LogStreamNames {
		if _, err := g.findStream(name); err != nil {
			return nil, err
		}
	}
	s.expire(g)
	merged := &merge{forward: cursor.forward}
	for _, st := range g.streams {
		if !strings.HasPrefix(st.name, aws.ToString(in.LogStreamNamePrefix)) || len(in.LogStreamNames) > 0 && !slices.Contains(in.LogStreamNames, st.name) {
			continue
		}
		events := between(st.events, in.StartTime, in.EndTime, true)
		if in.NextToken != nil {
			events = cursor.beyond(events)
		}
		merged.add(st.name, events)
	}
	return merged, nil
}

// parsePattern reads a filter pattern; structural is the operation's word for one
// whose structure is wrong.
func parsePattern(source, structural string) (*filterpattern.Pattern, error) {
	p, err := filterpattern.Parse(source)
	if err != nil {
		var syntax *filterpattern.SyntaxError
		if errors.As(err, &syntax) && syntax.Reason == "" {
			return nil, invalid("%s", structural)
		}
		return nil, invalid("%s", err.Error())
	}
	return p, nil
}
