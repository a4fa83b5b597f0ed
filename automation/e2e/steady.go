package e2e

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"

	"crawlerless/automation/backfill"
	"crawlerless/automation/reconcile"
	"crawlerless/automation/target"
	"crawlerless/automation/workspace"
	"crawlerless/stack/pipeline"
)

// fullBurst is how many objects of one new hour come at once, and how many follow
// when the hour is known. Options.Burst changes it.
const fullBurst = 1000

// mostGlueCalls is less than how often Glue may be called for all of them.
const mostGlueCalls = 20

// testSteady is the price of a new hour and of a known one, in calls to Glue and
// in executions that needed UpdateCatalog. It counts what the whole stack does,
// and so has to be alone.
func testSteady(ctx context.Context, e *env) (string, error) {
	// The table is old, its columns are known: what is new is the hour.
	hour := e.target.Now().UTC().Truncate(time.Hour)
	if err := e.put(ctx, sourceBurst, hour.Add(-time.Hour), "before.json", `{"n":1}`+"\n"); err != nil {
		return "", err
	}
	if err := e.rows(ctx, sourceBurst, 1); err != nil {
		return "", err
	}
	var said []string
	total := int64(1)
	for _, wave := range []string{"a new hour", "a known hour"} {
		// Between the counts nobody else asks Glue, Athena neither.
		before, err := e.counts(ctx)
		if err != nil {
			return "", err
		}
		if err := e.flood(ctx, hour, strings.ReplaceAll(wave, " ", "-"), e.burst); err != nil {
			return "", err
		}
		var d tally
		if err := e.until(ctx, "executions of "+wave, func(ctx context.Context) (bool, string, error) {
			after, err := e.counts(ctx)
			d = after.minus(before)
			return d.ended >= e.burst, fmt.Sprintf("%d of %d ended", d.ended, e.burst), err
		}); err != nil {
			return "", err
		}
		total += int64(e.burst)
		if err := e.rows(ctx, sourceBurst, total); err != nil {
			return "", fmt.Errorf("%s: %w", wave, err)
		}
		if d.started != e.burst || d.failed != 0 {
			return "", fmt.Errorf("%s: %d objects, %d executions, %d of them failed", wave, e.burst, d.started, d.failed)
		}
		if d.glue >= mostGlueCalls {
			return "", fmt.Errorf("%s: Glue was called %d times for %d objects, want fewer than %d", wave, d.glue, e.burst, mostGlueCalls)
		}
		if wave == "a known hour" && (d.updates*100 >= d.started || d.glue*100 >= d.started) {
			return "", fmt.Errorf("%s: of %d executions %d needed UpdateCatalog, and Glue was called %d times; want less than 1 in 100 of both", wave, d.started, d.updates, d.glue)
		}
		said = append(said, fmt.Sprintf("%s: %d objects at once, %d calls to Glue, %d invocations of UpdateCatalog", wave, e.burst, d.glue, d.updates))
	}
	t, err := e.pipeline.Table(ctx, sourceBurst)
	if err != nil {
		return "", err
	}
	if t.Partitions != 2 && e.space.Config.Partitions == pipeline.Registered {
		return "", fmt.Errorf("%d partitions, want 2", t.Partitions)
	}
	return strings.Join(said, "; "), nil
}

// flood writes objects of one hour as fast as they go.
func (e *env) flood(ctx context.Context, hour time.Time, name string, objects int) error {
	work := make(chan string)
	errs := make([]error, 64)
	var wg sync.WaitGroup
	for i := range errs {
		wg.Go(func() {
			for key := range work {
				_, err := e.pipeline.S3.PutObject(ctx, &s3.PutObjectInput{Bucket: &e.out.LakeBucket, Key: &key, Body: bytes.NewReader([]byte(`{"n":1}` + "\n"))})
				errs[i] = errors.Join(errs[i], err)
			}
		})
	}
	for i := range objects {
		work <- pipeline.LogsPrefix + sourceBurst + hour.Format("/year=2006/month=01/day=02/hour=15/") + fmt.Sprintf("%s-%04d.json", name, i)
	}
	close(work)
	wg.Wait()
	return errors.Join(errs...)
}

// tally is what a stack has done so far.
type tally struct{ started, ended, failed, updates, glue int }

func (t tally) minus(u tally) tally {
	return tally{t.started - u.started, t.ended - u.ended, t.failed - u.failed, t.updates - u.updates, t.glue - u.glue}
}

// counts reads the metrics; the calls to Glue, which AWS does not count for its
// users, only on the local target.
func (e *env) counts(ctx context.Context) (tally, error) {
	x, err := e.pipeline.Executions(ctx, e.since, e.target.Now())
	t := tally{started: x.Started, ended: x.Succeeded + x.Failed, failed: x.Failed, updates: x.Updates}
	if local, ok := e.target.(*target.Local); ok {
		for operation, n := range local.Server.Handler().Calls() {
			if strings.HasPrefix(operation, "glue:") {
				t.glue += int(n)
			}
		}
	}
	return t, err
}

// testModes switches the stage from registered to projected partitions and back
// while objects come in. It changes the stack, and so has to be alone.
func testModes(ctx context.Context, e *env) (string, error) {
	if e.space.Config.Partitions != pipeline.Registered {
		return "the stage does not register partitions: nothing to switch", nil
	}
	hour := e.target.Now().UTC().Truncate(time.Hour).Add(-9 * time.Hour)
	rows := int64(0)
	write := func(body string) error {
		hour, rows = hour.Add(time.Hour), rows+1
		if err := e.put(ctx, sourceModes, hour, "x.json", body+"\n"); err != nil {
			return err
		}
		return e.rows(ctx, sourceModes, rows)
	}
	values := func(want string) error {
		got, err := e.ask(ctx, "Across the modes", fmt.Sprintf(`SELECT id, v FROM %q ORDER BY id`, e.out.Tables[sourceModes]))
		if err != nil {
			return err
		}
		var list []string
		for _, r := range got {
			list = append(list, text(r))
		}
		if all := strings.Join(list, ", "); all != want {
			return fmt.Errorf("the rows are %s, want %s", all, want)
		}
		return nil
	}
	for _, step := range []struct {
		partitions string
		bodies     []string
		want       string
	}{
		{pipeline.Registered, []string{`{"id":1,"v":1}`, `{"id":2,"v":2}`}, "1 | 1, 2 | 2"},
		// What changes meanwhile has to reach what was registered before.
		{pipeline.Projected, []string{`{"id":3,"v":3.5}`, `{"id":4,"v":"text"}`}, "1 | 1, 2 | 2, 3 | 3.5, 4 | text"},
		{pipeline.Registered, []string{`{"id":5,"v":5}`}, "1 | 1, 2 | 2, 3 | 3.5, 4 | text, 5 | 5"},
	} {
		if err := e.switchTo(ctx, step.partitions); err != nil {
			return "", err
		}
		for _, body := range step.bodies {
			if err := write(body); err != nil {
				return "", fmt.Errorf("%s: %w", step.partitions, err)
			}
		}
		if err := values(step.want); err != nil {
			return "", fmt.Errorf("%s: %w", step.partitions, err)
		}
	}
	return fmt.Sprintf("registered, projected and registered again: all %d rows queryable throughout, with a column that changed its type meanwhile", rows), nil
}

// switchTo brings the stack up with another way of partitioning. On the way back
// to registered partitions it repairs, as an operator is told to.
func (e *env) switchTo(ctx context.Context, partitions string) (err error) {
	o := e.space.Options()
	if o.Overrides["crawlerless:partitions"] == partitions || o.Overrides["crawlerless:partitions"] == nil && partitions == e.space.Config.Partitions {
		return nil
	}
	o.Overrides["crawlerless:partitions"] = partitions
	o.Existing, o.New = true, false
	space, err := workspace.Open(ctx, o)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, space.Close()) }()
	if _, err := space.Preview(ctx, nil); err != nil {
		return err
	}
	if _, _, err = space.Up(ctx, nil); err != nil || partitions == pipeline.Projected {
		return err
	}
	report, err := reconcile.Run(ctx, reconcile.Options{
		S3: e.pipeline.S3, Glue: e.pipeline.Glue, Bucket: e.out.LakeBucket, Prefix: pipeline.LogsPrefix + sourceModes + "/",
		Database: e.out.Database, Table: e.out.Tables[sourceModes], Repair: true, Now: e.target.Now,
		Catalogue: func(ctx context.Context, prefix string) error {
			_, err := backfill.Run(ctx, backfill.Options{S3: e.pipeline.S3, Bucket: e.out.LakeBucket, Prefix: prefix, Parallel: 2, Replay: e.replay})
			return err
		},
	})
	if err == nil && report.Left() > 0 {
		err = fmt.Errorf("reconcile leaves %+v", report.Findings)
	}
	return err
}
