package backfill_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"crawlerless/automation/backfill"
	"crawlerless/automation/replay"
	"crawlerless/localaws"
	"crawlerless/localaws/localawstest"
)

// objects are more than S3 lists in one answer.
const objects = 1030

// lake is a bucket with objects of two hours, a directory marker, and an object
// that lies beside the layout.
func lake(t *testing.T) *s3.Client {
	t.Helper()
	server := localawstest.Start(t, localaws.Options{})
	api := s3.NewFromConfig(server.Config(), func(o *s3.Options) { o.UsePathStyle = true })
	if _, err := api.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: aws.String("lake")}); err != nil {
		t.Fatal(err)
	}
	keys := []string{"logs/app/year=2026/month=01/day=02/hour=03/", "logs/app2/year=2026/month=01/day=02/hour=03/of-another", "logs/app/odd"}
	for i := range objects - 1 {
		keys = append(keys, fmt.Sprintf("logs/app/year=2026/month=01/day=02/hour=%02d/%04d.gz", 3+i%2, i))
	}
	var wg sync.WaitGroup
	work := make(chan string)
	for range 8 {
		wg.Go(func() {
			for key := range work {
				if _, err := api.PutObject(t.Context(), &s3.PutObjectInput{Bucket: aws.String("lake"), Key: &key, Body: strings.NewReader("{}")}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	for _, key := range keys {
		work <- key
	}
	close(work)
	wg.Wait()
	return api
}

// replays records what was replayed, and fails where it is told to.
type replays struct {
	mu   sync.Mutex
	keys []string
	fail func(key string, n int) error
}

func (r *replays) run(_ context.Context, o replay.Object) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.fail != nil {
		if err := r.fail(o.Key, len(r.keys)); err != nil {
			return err
		}
	}
	if o.Bucket != "lake" || o.ETag == "" || strings.Contains(o.ETag, `"`) || o.Size != 2 || o.LastModified.IsZero() {
		return fmt.Errorf("incomplete: %+v", o)
	}
	r.keys = append(r.keys, o.Key)
	return nil
}

// distinct counts what was replayed at least once.
func (r *replays) distinct() int {
	slices.Sort(r.keys)
	return len(slices.Compact(slices.Clone(r.keys)))
}

func TestBackfill(t *testing.T) {
	api := lake(t)
	options := func(r *replays) backfill.Options {
		return backfill.Options{S3: api, Bucket: "lake", Prefix: "logs/app/", Parallel: 8, Replay: r.run, Checkpoint: filepath.Join(t.TempDir(), "sub", "checkpoint.json")}
	}
	three := time.Date(2026, 1, 2, 3, 0, 0, 0, time.UTC)

	t.Run("every object of the source is catalogued once, page after page", func(t *testing.T) {
		r := &replays{}
		o := options(r)
		last := backfill.Result{}
		o.Progress = func(p backfill.Result) {
			if p.Done != last.Done+1 {
				t.Errorf("progress went from %d to %d", last.Done, p.Done)
			}
			last = p
		}
		result, err := backfill.Run(t.Context(), o)
		if err != nil || result.Done != objects || len(r.keys) != objects || r.distinct() != objects || result.Skipped != 1 || result.Bytes != 2*objects {
			t.Errorf("%+v, %v; %d replayed, %d different", result, err, len(r.keys), r.distinct())
		}
		if _, err := os.Stat(o.Checkpoint); !errors.Is(err, os.ErrNotExist) {
			t.Error("a complete run leaves a checkpoint:", err)
		}
	})
	t.Run("from and to are hours; what lies beside the layout is shown to the workflow", func(t *testing.T) {
		for _, c := range []struct {
			from, to time.Time
			want     int
		}{
			{three, three.Add(time.Hour), (objects-1+1)/2 + 1},
			{three.Add(time.Hour), time.Time{}, (objects-1)/2 + 1},
			{time.Time{}, three, 1},
			{three.Add(59 * time.Minute), three.Add(time.Hour), (objects-1+1)/2 + 1},
		} {
			r := &replays{}
			o := options(r)
			o.From, o.To = c.from, c.to
			result, err := backfill.Run(t.Context(), o)
			if err != nil || result.Done != c.want || len(r.keys) != c.want {
				t.Errorf("%v to %v: %d done, want %d; %v", c.from, c.to, result.Done, c.want, err)
			}
		}
	})
	t.Run("a dry run counts and does nothing", func(t *testing.T) {
		r := &replays{}
		o := options(r)
		o.DryRun = true
		result, err := backfill.Run(t.Context(), o)
		if err != nil || result.Done != objects || len(r.keys) != 0 {
			t.Errorf("%+v, %v, %d replayed", result, err, len(r.keys))
		}
	})
	t.Run("an interrupted run goes on where it stopped", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		r := &replays{}
		r.fail = func(_ string, n int) error {
			if n == 1010 { // within the second page
				cancel()
				return context.Canceled
			}
			return nil
		}
		o := options(r)
		if _, err := backfill.Run(ctx, o); !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
		first := len(r.keys)
		r.fail = nil
		result, err := backfill.Run(t.Context(), o)
		if err != nil || result.ResumedAt == "" || r.distinct() != objects {
			t.Errorf("%+v, %v, %d different", result, err, r.distinct())
		}
		if again := len(r.keys) - objects; again < 0 || len(r.keys)-first > 100 {
			t.Errorf("%d of %d were done twice: it began anew", again, objects)
		}
		o.From = three // other bounds: another run
		if result, err := backfill.Run(t.Context(), o); err != nil || result.ResumedAt != "" {
			t.Errorf("%+v, %v", result, err)
		}
	})
	t.Run("a failure does not stop the others, and is tried by the next run", func(t *testing.T) {
		const bad = "logs/app/year=2026/month=01/day=02/hour=04/1001.gz"
		r := &replays{fail: func(key string, _ int) error {
			if key == bad {
				return errors.New("poison")
			}
			return nil
		}}
		o := options(r)
		result, err := backfill.Run(t.Context(), o)
		if !errors.Is(err, backfill.ErrFailed) || result.Failed != 1 || result.Done != objects-1 || len(result.Failures) != 1 || result.Failures[0] != bad+": poison" {
			t.Errorf("%+v, %v", result, err)
		}
		r.fail = nil
		if _, err := backfill.Run(t.Context(), o); err != nil || r.distinct() != objects {
			t.Errorf("%v, %d different", err, r.distinct())
		}
	})
	t.Run("a bucket that cannot be listed is an error", func(t *testing.T) {
		o := options(&replays{})
		o.Bucket = "nowhere"
		if _, err := backfill.Run(t.Context(), o); err == nil || !strings.Contains(err.Error(), "s3://nowhere/logs/app/") {
			t.Error(err)
		}
	})
}
