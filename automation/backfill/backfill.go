// Package backfill catalogues objects that were in the lake before the pipeline
// was: it runs the workflow for each of them. It pages through everything, can
// be interrupted and goes on where it stopped, and works while the pipeline
// runs, because cataloguing an object twice changes nothing.
package backfill

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"crawlerless/automation/replay"
)

// Options of a backfill.
type Options struct {
	S3     *s3.Client
	Bucket string
	Prefix string // of the source: "logs/app/"
	// From and To select partitions by their hour: From ≤ hour < To. Zero is
	// without bound.
	From, To time.Time
	DryRun   bool
	Parallel int
	Replay   func(ctx context.Context, o replay.Object) error
	// Checkpoint is a file that remembers how far an interrupted run came;
	// empty is none. It is removed when the run is complete.
	Checkpoint string
	// Progress, where not nil, is told after each object.
	Progress func(Result)
}

// Result counts the objects.
type Result struct {
	Listed    int    `json:"listed"`
	Skipped   int    `json:"skipped"` // outside of From and To, or no log object
	Done      int    `json:"done"`
	Failed    int    `json:"failed"`
	Bytes     int64  `json:"bytes"` // of those done, compressed
	ResumedAt string `json:"resumedAt,omitempty"`
	// Failures names the first failures, "key: why".
	Failures []string `json:"failures,omitempty"`
}

// ErrFailed says that some objects could not be catalogued.
var ErrFailed = errors.New("some objects could not be catalogued: mend the cause and run it again")

// shownFailures is how many failures a result names.
const shownFailures = 20

// run is one backfill while it goes on.
type run struct {
	o      Options
	mu     sync.Mutex
	result Result
	wg     sync.WaitGroup
	slots  chan struct{}
}

// Run goes through the objects below the prefix in the order of their keys.
func Run(ctx context.Context, o Options) (Result, error) {
	r := &run{o: o, slots: make(chan struct{}, max(1, o.Parallel))}
	after, err := r.resume()
	if err != nil {
		return r.result, err
	}
	err = r.pages(ctx, after)
	r.wg.Wait()
	if err == nil && r.result.Failed > 0 {
		err = ErrFailed
	}
	if err == nil && !o.DryRun {
		err = r.forget()
	}
	return r.result, err
}

func (r *run) pages(ctx context.Context, after string) error {
	in := &s3.ListObjectsV2Input{Bucket: &r.o.Bucket, Prefix: &r.o.Prefix}
	if after != "" {
		in.StartAfter = &after
	}
	pages := s3.NewListObjectsV2Paginator(r.o.S3, in)
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return fmt.Errorf("list s3://%s/%s: %w", r.o.Bucket, r.o.Prefix, err)
		}
		for _, obj := range page.Contents {
			if err := r.object(ctx, replay.Object{
				Bucket: r.o.Bucket, Key: aws.ToString(obj.Key), ETag: strings.Trim(aws.ToString(obj.ETag), `"`),
				Size: aws.ToInt64(obj.Size), LastModified: aws.ToTime(obj.LastModified),
			}); err != nil {
				return err
			}
		}
		// Everything of this page must be done before its end is remembered.
		r.wg.Wait()
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if n := len(page.Contents); n > 0 && r.result.Failed == 0 {
			if err := r.remember(aws.ToString(page.Contents[n-1].Key)); err != nil {
				return err
			}
		}
	}
	return nil
}

func (r *run) object(ctx context.Context, o replay.Object) error {
	r.mu.Lock()
	r.result.Listed++
	skip := !r.selected(o)
	if skip {
		r.result.Skipped++
	}
	r.mu.Unlock()
	if skip {
		return nil
	}
	if r.o.DryRun {
		r.ended(o, nil)
		return nil
	}
	select {
	case r.slots <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	r.wg.Go(func() {
		defer func() { <-r.slots }()
		r.ended(o, r.o.Replay(ctx, o))
	})
	return nil
}

func (r *run) ended(o replay.Object, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err != nil {
		r.result.Failed++
		if len(r.result.Failures) < shownFailures {
			r.result.Failures = append(r.result.Failures, o.Key+": "+err.Error())
		}
	} else {
		r.result.Done++
		r.result.Bytes += o.Size
	}
	if r.o.Progress != nil {
		r.o.Progress(r.result)
	}
}

// selected leaves out directory markers, and hours out of range.
func (r *run) selected(o replay.Object) bool {
	if strings.HasSuffix(o.Key, "/") {
		return false
	}
	hour, ok := Hour(o.Key)
	if !ok {
		return true // the workflow says what is wrong with such a key
	}
	return (r.o.From.IsZero() || !hour.Before(r.o.From.Truncate(time.Hour))) && (r.o.To.IsZero() || hour.Before(r.o.To))
}

// Hour is the partition's hour in an object's key.
func Hour(key string) (time.Time, bool) {
	var parts []string
	for _, name := range []string{"year=", "month=", "day=", "hour="} {
		_, rest, ok := strings.Cut(key, "/"+name)
		if !ok {
			return time.Time{}, false
		}
		value, _, _ := strings.Cut(rest, "/")
		parts = append(parts, value)
	}
	t, err := time.Parse("2006-01-02-15", strings.Join(parts, "-"))
	return t, err == nil
}

// checkpoint is what an interrupted run leaves.
type checkpoint struct {
	Bucket, Prefix string
	From, To       time.Time
	After          string // the last key of which all before are done
}

func (r *run) state(after string) checkpoint {
	return checkpoint{Bucket: r.o.Bucket, Prefix: r.o.Prefix, From: r.o.From, To: r.o.To, After: after}
}

// resume answers the key after which to go on: that of an interrupted run with
// the same bounds.
func (r *run) resume() (string, error) {
	if r.o.Checkpoint == "" || r.o.DryRun {
		return "", nil
	}
	b, err := os.ReadFile(r.o.Checkpoint)
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	var c checkpoint
	if err := json.Unmarshal(b, &c); err != nil {
		return "", fmt.Errorf("%s: %w (remove it to begin anew)", r.o.Checkpoint, err)
	}
	if c.Bucket != r.o.Bucket || c.Prefix != r.o.Prefix || !c.From.Equal(r.o.From) || !c.To.Equal(r.o.To) {
		return "", nil
	}
	r.result.ResumedAt = c.After
	return c.After, nil
}

func (r *run) remember(after string) error {
	if r.o.Checkpoint == "" || r.o.DryRun {
		return nil
	}
	b, err := json.Marshal(r.state(after))
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(r.o.Checkpoint), 0o755); err != nil {
		return err
	}
	tmp := r.o.Checkpoint + ".new"
	if err := os.WriteFile(tmp, b, 0o600); err != nil {
		return err
	}
	return os.Rename(tmp, r.o.Checkpoint)
}

func (r *run) forget() error {
	if r.o.Checkpoint == "" {
		return nil
	}
	if err := os.Remove(r.o.Checkpoint); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
