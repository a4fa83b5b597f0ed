package logs

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"

	"crawlerless/localaws/wire"
)

// The limits of PutLogEvents (API reference).
const (
	maxBatchBytes   = 1_048_576
	eventOverhead   = 26        // bytes that each event counts for beyond its message
	maxEventBytes   = 1_048_576 // overhead included
	maxBatchSpan    = 24 * time.Hour
	maxEventAge     = 14 * 24 * time.Hour
	maxEventAdvance = 2 * time.Hour
)

// event is one log event.
type event struct {
	timestamp int64 // ms
	ingested  int64 // ms
	sequence  uint64
	message   string
}

func (e event) id() string  { return e.position().String() }
func (e event) size() int64 { return int64(len(e.message)) + eventOverhead }

func byTime(a, b event) int { return a.position().compare(b.position()) }

func (s *Service) eventOperations() []wire.Operation {
	return []wire.Operation{
		wire.Op("PutLogEvents", s.putLogEvents, func(in *cloudwatchlogs.PutLogEventsInput) []wire.Access {
			return s.onStream("PutLogEvents", aws.ToString(in.LogGroupName), aws.ToString(in.LogStreamName))
		}, "LogGroupName", "LogStreamName", "LogEvents",
			"SequenceToken"), // ignored, as AWS ignores it
		wire.Op("GetLogEvents", s.getLogEvents, func(in *cloudwatchlogs.GetLogEventsInput) []wire.Access {
			return s.onStream("GetLogEvents", s.groupName(in.LogGroupName, in.LogGroupIdentifier), aws.ToString(in.LogStreamName))
		}, "LogGroupName", "LogGroupIdentifier", "LogStreamName", "StartTime", "EndTime", "Limit", "NextToken", "StartFromHead"),
		wire.Op("FilterLogEvents", s.filterLogEvents, func(in *cloudwatchlogs.FilterLogEventsInput) []wire.Access {
			return s.onGroup("FilterLogEvents", s.groupName(in.LogGroupName, in.LogGroupIdentifier))
		}, "LogGroupName", "LogGroupIdentifier", "LogStreamNames", "LogStreamNamePrefix", "StartTime", "EndTime",
			"FilterPattern", "Limit", "NextToken", "StartFromHead",
			"Interleaved"), // AWS ignores it: the answer is always interleaved
	}
}

func (s *Service) putLogEvents(_ context.Context, in *cloudwatchlogs.PutLogEventsInput) (*cloudwatchlogs.PutLogEventsOutput, error) {
	if err := checkLength(in.LogStreamName); err != nil {
		return nil, err
	}
	if err := checkBatch(in.LogEvents); err != nil {
		return nil, err
	}
	s.mu.Lock()
	g, err := s.find(aws.ToString(in.LogGroupName))
	if err != nil {
		s.mu.Unlock()
		return nil, err
	}
	st, err := g.findStream(*in.LogStreamName)
	if err != nil {
		s.mu.Unlock()
		return nil, err
	}
	from, to, rejected := s.accept(g, in.LogEvents)
	if from < to {
		span := *in.LogEvents[to-1].Timestamp - *in.LogEvents[from].Timestamp
		if span > maxBatchSpan.Milliseconds() {
			s.mu.Unlock()
			return nil, invalid("The batch of log events in a single PutLogEvents request cannot span more than 24 hours.")
		}
	}
	accepted := s.store(g, st, in.LogEvents[from:to])
	arrived := arrival{
		group: g.name, stream: st.name, class: g.class, events: accepted,
		subscriptions: slices.Clone(g.subscriptions), metricFilters: slices.Clone(g.metricFilters),
	}
	next := sequenceToken(s.sequence)
	s.mu.Unlock()
	s.arrive(arrived)
	return &cloudwatchlogs.PutLogEventsOutput{NextSequenceToken: aws.String(next), RejectedLogEventsInfo: rejected}, nil
}

// checkBatch refuses a batch that AWS refuses as a whole.
func checkBatch(events []types.InputLogEvent) error {
	total := 0
	var previous int64
	for i, e := range events {
		size := len(*e.Message) + eventOverhead
		if size > maxEventBytes {
			return invalid("Log event too large: %d bytes exceeds limit of %d", size, maxEventBytes)
		}
		if i > 0 && *e.Timestamp < previous {
			return invalid("Log events in a single PutLogEvents request must be in chronological order.")
		}
		previous = *e.Timestamp
		total += size
	}
	if total > maxBatchBytes {
		return invalid("Upload too large: %d bytes exceeds limit of %d", total, maxBatchBytes)
	}
	return nil
}

// accept finds the range of a batch, in chronological order, that is neither too
// old nor too new, and says what is rejected; s.mu is held.
func (s *Service) accept(g *group, events []types.InputLogEvent) (from, to int, rejected *types.RejectedLogEventsInfo) {
	now := s.now()
	before := func(horizon int64) int {
		n, _ := slices.BinarySearchFunc(events, horizon, func(e types.InputLogEvent, t int64) int { return cmp.Compare(*e.Timestamp, t) })
		return n
	}
	tooOld := before(now - maxEventAge.Milliseconds())
	expired := before(s.horizon(g))
	tooNew := before(now + maxEventAdvance.Milliseconds() + 1)
	var info types.RejectedLogEventsInfo
	if tooOld > 0 {
		info.TooOldLogEventEndIndex = aws.Int32(int32(tooOld))
		rejected = &info
	}
	if expired > 0 {
		info.ExpiredLogEventEndIndex = aws.Int32(int32(expired))
		rejected = &info
	}
	if tooNew < len(events) {
		info.TooNewLogEventStartIndex = aws.Int32(int32(tooNew))
		rejected = &info
	}
	from = max(tooOld, expired)
	return from, max(from, tooNew), rejected
}

// store adds events to a stream; s.mu is held.
func (s *Service) store(g *group, st *stream, batch []types.InputLogEvent) []event {
	if len(batch) == 0 {
		return nil
	}
	now := s.now()
	accepted := make([]event, len(batch))
	for i, e := range batch {
		s.sequence++
		accepted[i] = event{timestamp: *e.Timestamp, ingested: now, sequence: s.sequence, message: *e.Message}
		g.storedBytes += accepted[i].size()
	}
	inOrder := len(st.events) == 0 || st.events[len(st.events)-1].timestamp <= accepted[0].timestamp
	st.events = append(st.events, accepted...)
	if !inOrder {
		slices.SortFunc(st.events, byTime)
	}
	first, last := accepted[0].timestamp, accepted[len(accepted)-1].timestamp
	if !st.hasContent || first < st.first {
		st.first = first
	}
	st.last = max(st.last, last)
	st.ingested, st.hasContent = now, true
	return accepted
}

// arrival is a batch of accepted events on its way to filters and metrics.
type arrival struct {
	group, stream string
	class         types.LogGroupClass
	events        []event
	subscriptions []*subscription
	metricFilters []*metricFilter
}

// arrive does what follows the acceptance of events. s.mu is not held.
func (s *Service) arrive(a arrival) {
	if len(a.events) == 0 {
		return
	}
	bytes := int64(0)
	for _, e := range a.events {
		bytes += e.size()
	}
	for _, dimensions := range [][]string{{"LogGroupName", a.group}, {}} {
		s.env.Metrics.Put("AWS/Logs", "IncomingBytes", float64(bytes), "Bytes", dimensions...)
		s.env.Metrics.Put("AWS/Logs", "IncomingLogEvents", float64(len(a.events)), "None", dimensions...)
	}
	if a.class != types.LogGroupClassStandard {
		return
	}
	for _, e := range a.events {
		s.embeddedMetrics(e.message)
	}
	for _, f := range a.metricFilters {
		f.apply(s.env, a.events)
	}
	for _, f := range a.subscriptions {
		f.offer(a.stream, a.events)
	}
}
