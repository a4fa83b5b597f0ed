// Package redrive replays what waits in the dead-letter queue, and removes only
// what then succeeded.
//
// Two kinds of letter end there: what the workflow could not catalogue (with
// the event, the error and its cause), and what EventBridge could not deliver
// (the event itself, with the reason in the message's attributes).
package redrive

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

// Options of a redrive.
type Options struct {
	Queue    *sqs.Client
	QueueURL string
	Replay   func(ctx context.Context, event json.RawMessage) error
	DryRun   bool
	// Cause, where not nil, selects letters whose error or cause it matches.
	Cause *regexp.Regexp
	// Rate is how many replays begin a second; 0 is as fast as they go.
	Rate float64
	// Parallel is how many replays run at once.
	Parallel int
	// Progress, where not nil, is told after each letter.
	Progress func(Result)
}

// Result counts what became of the letters.
type Result struct {
	Seen      int            `json:"seen"`
	Selected  int            `json:"selected"`
	Succeeded int            `json:"succeeded"`
	Failed    int            `json:"failed"`
	Unread    int            `json:"unread"` // not understood; left in the queue
	Errors    map[string]int `json:"errors"` // error names of the selected letters
	Failures  []string       `json:"failures,omitempty"`
}

// letter is one message, understood.
type letter struct {
	message types.Message
	event   json.RawMessage
	name    string
	cause   string
}

// ErrFailed says that some letters could not be replayed and stay in the queue.
var ErrFailed = errors.New("some letters failed again and stay in the queue")

// hold is how long a letter that was received stays hidden: longer than its
// replay may take, so that nobody else replays it meanwhile.
const hold = 6 * time.Minute

// run is one redrive while it goes on.
type run struct {
	o      Options
	mu     sync.Mutex
	result Result
	seen   map[string]bool
	back   []letter // to be made visible again at the end
	begun  int
}

// Run goes once through the letters that wait, a batch at a time, so that a
// long queue is not hidden from others for long. Letters that are not selected,
// or fail again, are visible again when it ends, however it ends.
func Run(ctx context.Context, o Options) (Result, error) {
	r := &run{o: o, seen: map[string]bool{}, result: Result{Errors: map[string]int{}}}
	err := r.batches(ctx)
	if e := r.giveBack(ctx); e != nil {
		err = errors.Join(err, e)
	}
	if err == nil && r.result.Failed+r.result.Unread > 0 && !o.DryRun {
		err = ErrFailed
	}
	return r.result, err
}

// batches reads until the queue shows nothing new: a short poll may miss some
// of the service's servers, so three empty answers in a row are the end.
func (r *run) batches(ctx context.Context) error {
	for empty := 0; empty < 3; {
		out, err := r.o.Queue.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{
			QueueUrl: &r.o.QueueURL, MaxNumberOfMessages: 10, VisibilityTimeout: int32(hold / time.Second),
			MessageAttributeNames: []string{"All"},
		})
		if err != nil {
			return fmt.Errorf("read the dead-letter queue: %w", err)
		}
		before := r.result.Seen
		selected := r.sort(out.Messages)
		if empty++; r.result.Seen > before {
			empty = 0
		}
		if err := r.replay(ctx, selected); err != nil {
			return err
		}
	}
	return nil
}

// sort counts the new letters and answers those to replay.
func (r *run) sort(messages []types.Message) (selected []letter) {
	for _, m := range messages {
		id := aws.ToString(m.MessageId)
		if r.seen[id] {
			r.again(m)
			continue
		}
		r.seen[id] = true
		r.result.Seen++
		l, err := understand(m)
		if err != nil {
			r.result.Unread++
			r.result.Failures = append(r.result.Failures, fmt.Sprintf("message %s: %v", aws.ToString(m.MessageId), err))
		}
		if err != nil || !matches(l, r.o.Cause) {
			r.back = append(r.back, l)
			continue
		}
		r.result.Selected++
		r.result.Errors[l.name]++
		if r.o.DryRun {
			r.back = append(r.back, l)
			continue
		}
		selected = append(selected, l)
	}
	return selected
}

// again remembers the newest receipt of a letter that was visible once more
// before the redrive ended: only with that it can be given back.
func (r *run) again(m types.Message) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for i := range r.back {
		if aws.ToString(r.back[i].message.MessageId) == aws.ToString(m.MessageId) {
			r.back[i].message.ReceiptHandle = m.ReceiptHandle
		}
	}
}

// understand reads either kind of letter. One that is neither has no event.
func understand(m types.Message) (letter, error) {
	l := letter{message: m}
	var body struct {
		Event      json.RawMessage `json:"event"`
		Error      string          `json:"error"`
		Cause      string          `json:"cause"`
		DetailType string          `json:"detail-type"`
	}
	if err := json.Unmarshal([]byte(aws.ToString(m.Body)), &body); err != nil {
		return l, fmt.Errorf("its body is not JSON: %w", err)
	}
	switch {
	case body.Event != nil:
		l.event, l.name, l.cause = body.Event, body.Error, body.Cause
	case body.DetailType != "":
		l.event = json.RawMessage(aws.ToString(m.Body))
		l.name, l.cause = attribute(m, "ERROR_CODE"), attribute(m, "ERROR_MESSAGE")
	default:
		return l, errors.New("it holds no event")
	}
	return l, nil
}

func attribute(m types.Message, name string) string {
	return aws.ToString(m.MessageAttributes[name].StringValue)
}

func matches(l letter, cause *regexp.Regexp) bool {
	return cause == nil || cause.MatchString(l.name) || cause.MatchString(l.cause)
}

// replay runs the letters and removes those that succeed.
func (r *run) replay(ctx context.Context, letters []letter) error {
	var wg sync.WaitGroup
	defer wg.Wait()
	slots := make(chan struct{}, max(1, r.o.Parallel))
	for i, l := range letters {
		if err := r.o.pace(ctx, r.begun); err != nil {
			r.mu.Lock()
			r.back = append(r.back, letters[i:]...)
			r.mu.Unlock()
			return err
		}
		r.begun++
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			err := r.o.Replay(ctx, l.event)
			if err == nil {
				// Also when ctx has ended meanwhile: what succeeded is removed.
				_, err = r.o.Queue.DeleteMessage(context.WithoutCancel(ctx), &sqs.DeleteMessageInput{QueueUrl: &r.o.QueueURL, ReceiptHandle: l.message.ReceiptHandle})
			}
			r.ended(l, err)
		})
	}
	return nil
}

func (r *run) ended(l letter, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err != nil {
		r.result.Failed++
		r.result.Failures = append(r.result.Failures, err.Error())
		r.back = append(r.back, l)
	} else {
		r.result.Succeeded++
	}
	if r.o.Progress != nil {
		r.o.Progress(r.result)
	}
}

// pace keeps to the rate; the first one begins at once.
func (o Options) pace(ctx context.Context, i int) error {
	if i == 0 || o.Rate <= 0 {
		return ctx.Err()
	}
	t := time.NewTimer(time.Duration(float64(time.Second) / o.Rate))
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// giveBack makes the letters that stay visible again, also when ctx has ended.
func (r *run) giveBack(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
	defer cancel()
	var errs []error
	for _, l := range r.back {
		_, err := r.o.Queue.ChangeMessageVisibility(ctx, &sqs.ChangeMessageVisibilityInput{
			QueueUrl: &r.o.QueueURL, ReceiptHandle: l.message.ReceiptHandle, VisibilityTimeout: 0,
		})
		var visible *types.MessageNotInflight // it came back by itself
		if err != nil && !errors.As(err, &visible) {
			errs = append(errs, fmt.Errorf("give message %s back: %w (it comes back by itself after %s)", aws.ToString(l.message.MessageId), err, hold))
		}
	}
	return errors.Join(errs...)
}

// Names lists the error names of a result with their counts, most first.
func (r Result) Names() []string {
	names := slices.Collect(maps.Keys(r.Errors))
	slices.SortFunc(names, func(a, b string) int {
		if d := r.Errors[b] - r.Errors[a]; d != 0 {
			return d
		}
		if a < b {
			return -1
		}
		return 1
	})
	return names
}
