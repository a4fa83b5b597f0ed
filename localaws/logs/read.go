package logs

import (
	"context"
	"fmt"
	"math"
	"math/big"
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
	size, err := limit(in.Limit, 10_000)
	if err != nil {
		return nil, err
	}
	if err := checkName(in.LogStreamName, "logStreamName"); err != nil {
		return nil, err
	}
	forward := aws.ToBool(in.StartFromHead)
	position := ""
	if in.NextToken != nil {
		if forward, position, err = readPosition(*in.NextToken); err != nil {
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
	start, end := int64(0), int64(math.MaxInt64)
	if in.StartTime != nil {
		start = *in.StartTime
	}
	if in.EndTime != nil {
		end = *in.EndTime
	}
	var found []event
	for _, e := range st.events {
		if e.timestamp < start || e.timestamp >= end {
			continue
		}
		if id := e.id(); position != "" && (forward && id <= position || !forward && id >= position) {
			continue
		}
		found = append(found, e)
	}
	found = cut(found, size, forward)
	out := &cloudwatchlogs.GetLogEventsOutput{Events: []types.OutputLogEvent{}}
	for _, e := range found {
		out.Events = append(out.Events, types.OutputLogEvent{
			Timestamp: aws.Int64(e.timestamp), IngestionTime: aws.Int64(e.ingested), Message: aws.String(e.message),
		})
	}
	first, last := position, position
	switch {
	case len(found) > 0:
		first, last = found[0].id(), found[len(found)-1].id()
	case position == "":
		first, last = eventID(start, 0), eventID(start, 0)
	case forward:
		first = after(position) // so that going back finds the event at the position
	}
	out.NextForwardToken = aws.String(direction(true) + "/" + last + "/s")
	out.NextBackwardToken = aws.String(direction(false) + "/" + first + "/s")
	return out, nil
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

func direction(forward bool) string {
	if forward {
		return "f"
	}
	return "b"
}

// earliestBackward is the start time from which FilterLogEvents reads backward.
func earliestBackward() time.Time { return time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC) }

func readPosition(token string) (forward bool, id string, err error) {
	parts := strings.Split(token, "/")
	if len(parts) != 3 || parts[0] != "f" && parts[0] != "b" || len(parts[1]) != 56 || parts[2] != "s" ||
		strings.Trim(parts[1], "0123456789") != "" {
		return false, "", invalid("The specified nextToken is invalid.")
	}
	return parts[0] == "f", parts[1], nil
}

// after is the id that follows id.
func after(id string) string {
	n, ok := new(big.Int).SetString(id, 10)
	if !ok {
		return id
	}
	return fmt.Sprintf("%056d", n.Add(n, big.NewInt(1)))
}

// found is an event of FilterLogEvents and the stream it is in.
type found struct {
	event
	stream string
}

func (s *Service) filterLogEvents(_ context.Context, in *cloudwatchlogs.FilterLogEventsInput) (*cloudwatchlogs.FilterLogEventsOutput, error) {
	size, err := limit(in.Limit, 10_000)
	if err != nil {
		return nil, err
	}
	prefix := aws.ToString(in.LogStreamNamePrefix)
	switch {
	case prefix != "" && len(in.LogStreamNames) > 0:
		return nil, invalid("LogStreamNamePrefix and LogStreamNames are mutually exclusive parameters.")
	case len(in.LogStreamNames) > 100:
		return nil, constraint(fmt.Sprintf("[%d names]", len(in.LogStreamNames)), "logStreamNames", "have length less than or equal to 100")
	case in.StartTime != nil && in.EndTime != nil && *in.StartTime > *in.EndTime:
		return nil, invalid("End time should not be less than start time.")
	}
	pattern, err := parsePattern(aws.ToString(in.FilterPattern), "Invalid filter pattern")
	if err != nil {
		return nil, err
	}
	// The token carries the direction: it wins over StartFromHead.
	fromHead, position := in.StartFromHead == nil || *in.StartFromHead, ""
	if in.NextToken != nil {
		if fromHead, position, err = readPosition(*in.NextToken); err != nil {
			return nil, err
		}
	}
	if !fromHead && in.StartTime != nil && *in.StartTime < earliestBackward().UnixMilli() {
		return nil, invalid("startFromHead can be false only when startTime is on or after 2024-01-01T00:00:00Z.")
	}
	events, err := s.search(in, prefix)
	if err != nil {
		return nil, err
	}
	slices.SortFunc(events, func(a, b found) int {
		if !fromHead {
			a, b = b, a
		}
		return byTime(a.event, b.event)
	})
	out := &cloudwatchlogs.FilterLogEventsOutput{Events: []types.FilteredLogEvent{}, SearchedLogStreams: []types.SearchedLogStream{}}
	bytes, last := int64(0), ""
	for _, e := range events {
		id := e.id()
		if position != "" && (fromHead && id <= position || !fromHead && id >= position) {
			continue
		}
		if !pattern.Match(e.message) {
			continue
		}
		if bytes += e.size(); len(out.Events) == size || bytes > maxAnswerBytes && len(out.Events) > 0 {
			out.NextToken = aws.String(direction(fromHead) + "/" + last + "/s")
			break
		}
		last = id
		out.Events = append(out.Events, types.FilteredLogEvent{
			EventId: aws.String(id), LogStreamName: aws.String(e.stream), Message: aws.String(e.message),
			Timestamp: aws.Int64(e.timestamp), IngestionTime: aws.Int64(e.ingested),
		})
	}
	return out, nil
}

// search collects the events of the streams and times asked for, unsorted.
func (s *Service) search(in *cloudwatchlogs.FilterLogEventsInput, prefix string) ([]found, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
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
	start, end := int64(0), int64(math.MaxInt64)
	if in.StartTime != nil {
		start = *in.StartTime
	}
	if in.EndTime != nil {
		end = *in.EndTime
	}
	var events []found
	for _, st := range g.streams {
		if !strings.HasPrefix(st.name, prefix) || len(in.LogStreamNames) > 0 && !slices.Contains(in.LogStreamNames, st.name) {
			continue
		}
		for _, e := range st.events {
			if e.timestamp >= start && e.timestamp <= end {
				events = append(events, found{event: e, stream: st.name})
			}
		}
	}
	return events, nil
}

// parsePattern reads a filter pattern; structural is the operation's word for one
// whose structure is wrong.
func parsePattern(source, structural string) (*filterpattern.Pattern, error) {
	p, err := filterpattern.Parse(source)
	if err != nil {
		if e, ok := err.(*filterpattern.SyntaxError); ok && e.Reason == "" {
			return nil, invalid("%s", structural)
		}
		return nil, invalid("%s", err.Error())
	}
	return p, nil
}
