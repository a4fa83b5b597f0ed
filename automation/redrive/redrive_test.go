package redrive_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"crawlerless/automation/redrive"
	"crawlerless/localaws"
	"crawlerless/localaws/clock"
	"crawlerless/localaws/localawstest"
)

// queue is a dead-letter queue with a clock that stands still.
type queue struct {
	t     *testing.T
	api   *sqs.Client
	url   string
	clock *clock.Clock

	mu       sync.Mutex
	replayed []string
	fail     func(event string) error
}

func newQueue(t *testing.T) *queue {
	t.Helper()
	c := clock.NewFrozen(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC))
	server := localawstest.Start(t, localaws.Options{Clock: c})
	q := &queue{t: t, api: sqs.NewFromConfig(server.Config()), clock: c}
	out, err := q.api.CreateQueue(t.Context(), &sqs.CreateQueueInput{QueueName: aws.String("dead-letters")})
	if err != nil {
		t.Fatal(err)
	}
	q.url = *out.QueueUrl
	return q
}

func (q *queue) send(body string, attributes map[string]string) {
	q.t.Helper()
	in := &sqs.SendMessageInput{QueueUrl: &q.url, MessageBody: &body, MessageAttributes: map[string]types.MessageAttributeValue{}}
	for name, value := range attributes {
		in.MessageAttributes[name] = types.MessageAttributeValue{DataType: aws.String("String"), StringValue: aws.String(value)}
	}
	if _, err := q.api.SendMessage(q.t.Context(), in); err != nil {
		q.t.Fatal(err)
	}
}

// letters sends so many letters of the workflow with an error.
func (q *queue) letters(n int, name string) {
	q.t.Helper()
	for i := range n {
		q.send(fmt.Sprintf(`{"event":{"id":"%s-%d"},"error":%q,"cause":"because of %d","execution":"e"}`, name, i, name, i), nil)
	}
}

// visible counts the letters that anybody could receive.
func (q *queue) visible() string {
	q.t.Helper()
	out, err := q.api.GetQueueAttributes(q.t.Context(), &sqs.GetQueueAttributesInput{QueueUrl: &q.url, AttributeNames: []types.QueueAttributeName{"All"}})
	if err != nil {
		q.t.Fatal(err)
	}
	return out.Attributes["ApproximateNumberOfMessages"] + " visible, " + out.Attributes["ApproximateNumberOfMessagesNotVisible"] + " hidden"
}

func (q *queue) options() redrive.Options {
	return redrive.Options{Queue: q.api, QueueURL: q.url, Parallel: 4, Replay: func(_ context.Context, event json.RawMessage) error {
		q.mu.Lock()
		defer q.mu.Unlock()
		if q.fail != nil {
			if err := q.fail(string(event)); err != nil {
				return err
			}
		}
		q.replayed = append(q.replayed, string(event))
		return nil
	}}
}

func (q *queue) expect(visible string) {
	q.t.Helper()
	if got := q.visible(); got != visible {
		q.t.Errorf("the queue has %s, want %s", got, visible)
	}
}

func TestMoreThanOneBatchIsReplayedAndRemoved(t *testing.T) {
	q := newQueue(t)
	q.letters(47, "Throttled")
	o := q.options()
	seen := 0
	o.Progress = func(r redrive.Result) { seen++ }
	r, err := redrive.Run(t.Context(), o)
	if err != nil || r.Seen != 47 || r.Selected != 47 || r.Succeeded != 47 || r.Failed != 0 || len(q.replayed) != 47 || seen != 47 {
		t.Errorf("%+v, %v, %d replayed, %d told", r, err, len(q.replayed), seen)
	}
	q.expect("0 visible, 0 hidden")
}

func TestOnlyWhatSucceededIsRemoved(t *testing.T) {
	q := newQueue(t)
	q.letters(15, "A")
	q.fail = func(event string) error {
		if strings.HasSuffix(event, `-7"}`) {
			return errors.New("again")
		}
		return nil
	}
	r, err := redrive.Run(t.Context(), q.options())
	if !errors.Is(err, redrive.ErrFailed) || r.Succeeded != 14 || r.Failed != 1 || len(r.Failures) != 1 {
		t.Errorf("%+v, %v", r, err)
	}
	q.expect("1 visible, 0 hidden")
	q.fail = nil
	if r, err := redrive.Run(t.Context(), q.options()); err != nil || r.Succeeded != 1 {
		t.Errorf("%+v, %v", r, err)
	}
	q.expect("0 visible, 0 hidden")
}

func TestADryRunCountsCausesAndLeavesEverything(t *testing.T) {
	q := newQueue(t)
	q.letters(12, "AccessDenied")
	q.letters(3, "ObjectTruncated")
	o := q.options()
	o.DryRun = true
	r, err := redrive.Run(t.Context(), o)
	if err != nil || r.Seen != 15 || r.Errors["AccessDenied"] != 12 || r.Errors["ObjectTruncated"] != 3 || r.Names()[0] != "AccessDenied" || len(q.replayed) != 0 {
		t.Errorf("%+v, %v", r, err)
	}
	q.expect("15 visible, 0 hidden")
}

func TestACauseSelectsByErrorAndByCause(t *testing.T) {
	q := newQueue(t)
	q.letters(12, "AccessDenied")
	q.letters(3, "ObjectTruncated")
	o := q.options()
	o.Cause = regexp.MustCompile("^Object|of 11$")
	r, err := redrive.Run(t.Context(), o)
	if err != nil || r.Seen != 15 || r.Selected != 4 || r.Succeeded != 4 {
		t.Errorf("%+v, %v", r, err)
	}
	q.expect("11 visible, 0 hidden")
}

func TestTheRateIsKept(t *testing.T) {
	q := newQueue(t)
	q.letters(11, "A")
	o := q.options()
	o.Rate = 50
	begin := time.Now()
	if _, err := redrive.Run(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(begin); took < 10*time.Second/50 {
		t.Errorf("11 letters in %s at 50 a second", took)
	}
}

func TestUndeliveredEventsAreLettersToo(t *testing.T) {
	q := newQueue(t)
	const event = `{"version":"0","detail-type":"Object Created","detail":{"object":{"key":"k"}}}`
	q.send(event, map[string]string{"ERROR_CODE": "THROTTLING", "ERROR_MESSAGE": "Rate exceeded"})
	o := q.options()
	o.Cause = regexp.MustCompile("Rate exceeded")
	r, err := redrive.Run(t.Context(), o)
	if err != nil || r.Succeeded != 1 || r.Errors["THROTTLING"] != 1 || q.replayed[0] != event {
		t.Errorf("%+v, %v, %v", r, err, q.replayed)
	}
}

func TestWhatIsNoLetterStaysAndIsNamed(t *testing.T) {
	q := newQueue(t)
	q.send("not JSON", nil)
	q.send(`{"some":"thing"}`, nil)
	q.letters(1, "A")
	r, err := redrive.Run(t.Context(), q.options())
	if !errors.Is(err, redrive.ErrFailed) || r.Unread != 2 || r.Succeeded != 1 || len(r.Failures) != 2 {
		t.Errorf("%+v, %v", r, err)
	}
	q.expect("2 visible, 0 hidden")
}

func TestAnInterruptedRedriveGivesBackWhatItHasNotDone(t *testing.T) {
	q := newQueue(t)
	q.letters(30, "A")
	ctx, cancel := context.WithCancel(t.Context())
	q.fail = func(string) error {
		if len(q.replayed) == 12 {
			cancel()
			return ctx.Err()
		}
		return nil
	}
	o := q.options()
	o.Parallel = 1
	r, err := redrive.Run(ctx, o)
	if !errors.Is(err, context.Canceled) || r.Succeeded != 12 {
		t.Errorf("%+v, %v", r, err)
	}
	q.expect("18 visible, 0 hidden")
	q.fail = nil
	if r, err := redrive.Run(t.Context(), q.options()); err != nil || r.Succeeded != 18 {
		t.Errorf("%+v, %v", r, err)
	}
	if len(q.replayed) != 30 {
		t.Errorf("%d replays of 30 letters", len(q.replayed))
	}
}

// A redrive may take longer than letters stay hidden: those that were not
// selected are received once more, and still are given back.
func TestALongRedriveMeetsItsLettersAgain(t *testing.T) {
	q := newQueue(t)
	q.letters(5, "A")
	q.letters(25, "B")
	o := q.options()
	o.Cause = regexp.MustCompile("^B$")
	q.fail = func(string) error { return q.clock.Advance(context.Background(), time.Minute) }
	o.Parallel = 1
	r, err := redrive.Run(t.Context(), o)
	if err != nil || r.Seen != 30 || r.Succeeded != 25 {
		t.Errorf("%+v, %v", r, err)
	}
	q.expect("5 visible, 0 hidden")
}
