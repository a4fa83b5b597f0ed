// Package feed brings logs to the front of the pipeline, and only there: it
// invokes the generator, or sends the user's own lines with PutLogEvents. All
// later stages go by themselves.
package feed

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
	"github.com/aws/aws-sdk-go-v2/service/lambda"

	"crawlerless/lambdas/generate/logline"
	"crawlerless/lambdas/ndjson"
)

// Generate invokes the generator once and answers how many events it wrote.
func Generate(ctx context.Context, api *lambda.Client, function string, r logline.Request) (int, error) {
	payload, err := json.Marshal(r)
	if err != nil {
		return 0, err
	}
	out, err := api.Invoke(ctx, &lambda.InvokeInput{FunctionName: &function, Payload: payload})
	if err != nil {
		return 0, fmt.Errorf("invoke %s: %w", function, err)
	}
	if out.FunctionError != nil {
		return 0, fmt.Errorf("%s failed (%s): %s", function, *out.FunctionError, out.Payload)
	}
	var response struct {
		Written int `json:"written"`
	}
	if err := json.Unmarshal(out.Payload, &response); err != nil {
		return 0, fmt.Errorf("answer of %s: %w", function, err)
	}
	return response.Written, nil
}

// Limits of PutLogEvents.
// https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutLogEvents.html
const (
	maxBatchBytes  = 1_048_576
	maxBatchEvents = 10_000
	eventOverhead  = 26
)

// MaxLineBytes is the longest line that a log event holds.
const MaxLineBytes = maxBatchBytes - eventOverhead

// Sent counts what became of the lines of the input.
type Sent struct {
	Files  int `json:"files"`
	Events int `json:"events"`
	Blank  int `json:"blank"`
	// Malformed lines are not JSON objects; they are events like any other.
	Malformed int `json:"malformed"`
	// Replaced lines had bytes that are not UTF-8, which CloudWatch Logs, that
	// keeps text, cannot hold: they were replaced by U+FFFD.
	Replaced int `json:"replaced"`
	// Notes say what is odd about the inputs and what to do about it.
	Notes []string `json:"notes,omitempty"`
	// TooLong names the lines that no log event can hold ("file:line"): they
	// were not sent.
	TooLong []string `json:"tooLong,omitempty"`
}

// Sender sends lines to one log stream in batches.
type Sender struct {
	API           *cloudwatchlogs.Client
	Group, Stream string
	Now           func() time.Time
	// Progress, where not nil, is told after each batch.
	Progress func(Sent)

	sent  Sent
	batch []types.InputLogEvent
	bytes int
}

// Send sends every line of the inputs. The stream is made first.
func (s *Sender) Send(ctx context.Context, inputs []Input) (Sent, error) {
	if _, err := s.API.CreateLogStream(ctx, &cloudwatchlogs.CreateLogStreamInput{LogGroupName: &s.Group, LogStreamName: &s.Stream}); err != nil {
		return s.sent, fmt.Errorf("make the log stream %s in %s: %w", s.Stream, s.Group, err)
	}
	for _, in := range inputs {
		var look beginning
		if err := in.lines(ctx, func(number int, line string) error {
			look.add(line)
			return s.add(ctx, in, number, line)
		}); err != nil {
			return s.sent, err
		}
		s.sent.Files++
		s.note(ctx, look)
	}
	return s.sent, s.flush(ctx)
}

// beginning keeps the first lines of an input, to be looked at as a whole.
type beginning struct{ text []byte }

// lookedAt is enough of an input to tell what it is, in bytes.
const lookedAt = 64 << 10

func (b *beginning) add(line string) {
	if room := lookedAt - len(b.text); room > 0 {
		b.text = append(append(b.text, line[:min(len(line), room)]...), '\n')
	}
}

// note keeps what ExtractMetadata will have to say of an input. An input of
// which that cannot be told is sent all the same, and it is said.
func (s *Sender) note(ctx context.Context, b beginning) {
	result, err := ndjson.Infer(ctx, bytes.NewReader(b.text), ndjson.Options{})
	notes := result.Notes
	if err != nil {
		notes = append(notes, fmt.Sprintf("what an input is could not be told from its beginning: %v", err))
	}
	for _, n := range notes {
		if !slices.Contains(s.sent.Notes, n) {
			s.sent.Notes = append(s.sent.Notes, n)
		}
	}
}

func (s *Sender) add(ctx context.Context, in Input, number int, line string) error {
	if strings.TrimSpace(line) == "" {
		s.sent.Blank++
		return nil
	}
	if !utf8.ValidString(line) {
		line = strings.ToValidUTF8(line, "\uFFFD")
		s.sent.Replaced++
	}
	size := len(line) + eventOverhead
	if size > maxBatchBytes {
		s.sent.TooLong = append(s.sent.TooLong, fmt.Sprintf("%s:%d", in, number))
		return nil
	}
	if s.bytes+size > maxBatchBytes || len(s.batch) == maxBatchEvents {
		if err := s.flush(ctx); err != nil {
			return err
		}
	}
	if !isObject(line) {
		s.sent.Malformed++
	}
	s.batch = append(s.batch, types.InputLogEvent{Message: aws.String(line), Timestamp: aws.Int64(s.Now().UnixMilli())})
	s.bytes += size
	return nil
}

func isObject(line string) bool {
	return strings.HasPrefix(strings.TrimLeft(line, " \t\r\n"), "{") && json.Valid([]byte(line))
}

func (s *Sender) flush(ctx context.Context) error {
	if len(s.batch) == 0 {
		return nil
	}
	out, err := s.API.PutLogEvents(ctx, &cloudwatchlogs.PutLogEventsInput{
		LogGroupName: &s.Group, LogStreamName: &s.Stream, LogEvents: s.batch,
	})
	if err != nil {
		return fmt.Errorf("send %d events to %s: %w", len(s.batch), s.Group, err)
	}
	if r := out.RejectedLogEventsInfo; r != nil {
		return fmt.Errorf("%s rejected events of the batch (too old from %v, too new to %v, expired to %v)", s.Group,
			value(r.TooOldLogEventEndIndex), value(r.TooNewLogEventStartIndex), value(r.ExpiredLogEventEndIndex))
	}
	s.sent.Events += len(s.batch)
	s.batch, s.bytes = nil, 0
	if s.Progress != nil {
		s.Progress(s.sent)
	}
	return nil
}

func value(i *int32) string {
	if i == nil {
		return "none"
	}
	return fmt.Sprint(*i)
}
