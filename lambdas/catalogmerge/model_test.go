package catalogmerge

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"
)

// The model: objects are delivered to processes that die, several at a time,
// to a Glue that fails. A seed decides everything: which process makes the next
// call, and what becomes of it. Whatever happens, the catalog at the end is
// that of one reader who reads the objects one after another and meets no
// failure.
//
//	one seed again:  go test ./lambdas/catalogmerge -run TestModel -model.seed=N -v
//	the long mode:   go test ./lambdas/catalogmerge -run TestModel -model.schedules=10000
//
// The environment variable MODEL_SCHEDULES does the same as the latter.
var (
	modelSeed      = flag.Uint64("model.seed", 0, "run this one schedule and tell every call")
	modelSchedules = flag.Int("model.schedules", 0, "how many schedules to run (0: $MODEL_SCHEDULES, else 150)")
)

func TestModel(t *testing.T) {
	if *modelSeed != 0 {
		if err := runSchedule(*modelSeed, t.Logf); err != nil {
			t.Fatal(err)
		}
		return
	}
	n := 150
	if s, err := strconv.Atoi(os.Getenv("MODEL_SCHEDULES")); err == nil {
		n = s
	}
	if *modelSchedules > 0 {
		n = *modelSchedules
	}
	for seed := uint64(1); seed <= uint64(n); seed++ {
		if err := runSchedule(seed, nil); err != nil {
			t.Fatalf("schedule %d: %v\nagain: go test ./lambdas/catalogmerge -run TestModel -model.seed=%d -v", seed, err, seed)
		}
	}
	t.Logf("%d schedules", n)
}

// verdict is what becomes of one call.
type verdict int

const (
	goes       verdict = iota
	throttled          // refused, nothing happened
	fails              // refused by a fault of Glue, nothing happened
	lost               // it happened, the answer got lost, the client asks again
	diesBefore         // the process dies before the call
	diesAfter          // it happened, and the process dies
	lies               // AlreadyExists of what does not exist; else no answer
	partial            // a batch is done in part
)

func (v verdict) String() string {
	return [...]string{"", ": throttled", ": fails", ": answer lost", ": dies before", ": dies after", ": spurious AlreadyExists", ": in part"}[v]
}

// turn is a process that is about to make a call.
type turn struct {
	process int
	what    string
	verdict chan verdict
}

// world is one schedule.
type world struct {
	*fakeGlue
	rng     *rand.Rand
	seed    uint64
	now     time.Time
	tell    func(string, ...any)
	turns   chan turn
	started int  // processes
	calm    bool // no more faults
	part    bool // the call under way is done in part
}

func runSchedule(seed uint64, tell func(string, ...any)) error {
	if tell == nil {
		tell = func(string, ...any) {}
	}
	rng := rand.New(rand.NewPCG(seed, 0))
	w := &world{
		rng: rng, seed: seed, now: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), tell: tell, turns: make(chan turn),
	}
	table, partitions := randomTable(rng)
	w.fakeGlue = newFakeGlue(table, partitions...)
	w.partly = func() bool { return w.part }
	mode := Registered
	if rng.IntN(8) == 0 {
		mode = Projected
	}
	objects := randomObjects(rng)
	want, err := oneReader(table, partitions, mode, objects)
	if err != nil {
		return fmt.Errorf("the one reader: %w", err)
	}
	var jobs []job
	if rng.IntN(2) == 0 {
		for _, o := range objects {
			for range 1 + rng.IntN(3)/2 { // some come twice
				jobs = append(jobs, w.delivery(mode, o))
			}
		}
	} else {
		waiting := rng.Perm(len(objects))
		waiting = append(waiting, waiting[:rng.IntN(len(waiting)+1)]...)
		for range 3 {
			jobs = append(jobs, w.environment(mode, objects, &waiting))
		}
	}
	jobs = append(jobs, w.somebodyElse())
	if len(objects) > 2 {
		jobs = append(jobs, w.delivery(mode, objects[0], objects[1])) // a backfill
	}
	rng.Shuffle(len(jobs), func(i, j int) { jobs[i], jobs[j] = jobs[j], jobs[i] })
	if err := w.run(jobs, 1+rng.IntN(6)); err != nil {
		return err
	}
	if err := want.compare(w.fakeGlue); err != nil {
		return err
	}

	// Much later, when no process of then can be alive, one more delivery
	// takes away what the dead have left.
	w.now, w.calm = w.now.Add(time.Hour), true
	if err := w.run([]job{w.delivery(mode, objects[0])}, 1); err != nil {
		return err
	}
	switch {
	case HasNotes(w.table.Parameters):
		return fmt.Errorf("notes are left: %v", w.table.Parameters)
	case w.table.Parameters["reviewed"] != "yes":
		return errors.New("what somebody else wrote into the table was lost")
	case len(w.wrong) > 0:
		return errors.New(w.wrong[0])
	case w.archived > 0:
		return fmt.Errorf("%d table versions were archived", w.archived)
	}
	return want.compare(w.fakeGlue)
}

// job is one process's work; an error or death makes it begin again.
type job func(ctx context.Context, g Glue, random *rand.Rand) error

func (w *world) delivery(mode Mode, items ...Item) job {
	return func(ctx context.Context, g Glue, random *rand.Rand) error {
		_, err := w.catalog(mode, g, random).Update(ctx, "app", items...)
		return err
	}
}

func (w *world) catalog(mode Mode, g Glue, random *rand.Rand) *Catalog {
	return New(Options{
		Glue: g, Database: "lake", Mode: mode, Random: random.Float64, Now: func() time.Time { return w.now },
		Sleep: func(context.Context, time.Duration) error { return nil },
		ID:    func() string { return fmt.Sprintf("%016x", random.Uint64()) }, Attempts: 4,
	})
}

// environment is one that is used again and again: it takes one object after
// another of those that wait, with what it remembers of those before. When it
// dies or fails, another takes its place, and the object waits again, for
// whoever comes first: perhaps one that remembers the table as it was meanwhile.
func (w *world) environment(mode Mode, objects []Item, waiting *[]int) job {
	const nothing = -1
	holding := nothing
	return func(ctx context.Context, g Glue, random *rand.Rand) error {
		c := w.catalog(mode, g, random)
		for {
			w.await(g.(*client), "take")
			if holding != nothing {
				*waiting = append([]int{holding}, *waiting...)
				holding = nothing
				continue
			}
			if len(*waiting) == 0 {
				return nil
			}
			holding, *waiting = (*waiting)[0], (*waiting)[1:]
			if _, err := c.Update(ctx, "app", objects[holding]); err != nil {
				return err
			}
			holding = nothing
		}
	}
}

// await waits for the process's turn to do something that cannot fail.
func (w *world) await(c *client, what string) {
	t := turn{process: c.process, what: what, verdict: make(chan verdict)}
	w.turns <- t
	<-t.verdict
}

// somebodyElse writes into the table as everybody should: with its version.
func (w *world) somebodyElse() job {
	return func(ctx context.Context, g Glue, _ *rand.Rand) error {
		out, err := g.GetTable(ctx, &glue.GetTableInput{DatabaseName: aws.String("lake"), Name: aws.String("app")})
		if err != nil {
			return err
		}
		in := input(out.Table)
		in.Parameters["reviewed"] = "yes"
		_, err = g.UpdateTable(ctx, &glue.UpdateTableInput{TableInput: in, VersionId: out.Table.VersionId, SkipArchive: aws.Bool(true)})
		return err
	}
}

// death ends a process in the middle of a call.
type death struct{}

// process does a job until it succeeds.
func (w *world) process(id int, j job, ended chan<- error) {
	for attempt := 1; ; attempt++ {
		err := func() (err error) {
			defer func() {
				if r := recover(); r != nil {
					if _, died := r.(death); !died {
						panic(r)
					}
					err = errors.New("died")
				}
			}()
			random := rand.New(rand.NewPCG(w.seed, uint64(id)<<32|uint64(attempt)))
			return j(context.Background(), &client{world: w, process: id, born: w.now}, random)
		}()
		if err == nil {
			ended <- nil
			return
		}
		var unknown UnknownTable
		if attempt > 200 || errors.As(err, &unknown) {
			ended <- fmt.Errorf("process %d does not succeed: %w", id, err)
			return
		}
	}
}

// run does the jobs, so many at a time.
func (w *world) run(jobs []job, concurrent int) error {
	ended := make(chan error)
	running := 0
	var about []turn
	var failed error
	for len(jobs) > 0 || running > 0 {
		for len(jobs) > 0 && running < concurrent {
			w.started++
			go w.process(w.started, jobs[0], ended)
			jobs, running = jobs[1:], running+1
		}
		// Wait until every process is about to call, so that the next step
		// depends on the seed alone.
		for len(about) < running {
			select {
			case t := <-w.turns:
				about = append(about, t)
			case err := <-ended:
				running--
				failed = errors.Join(failed, err)
			}
		}
		if len(about) == 0 {
			continue
		}
		slices.SortFunc(about, func(a, b turn) int { return a.process - b.process })
		i := w.rng.IntN(len(about))
		next := about[i]
		about = slices.Delete(about, i, i+1)
		w.now = w.now.Add(time.Duration(w.rng.IntN(400)) * time.Millisecond)
		v := w.decide()
		w.tell("%s  process %d  %s%s", w.now.Format("15:04:05.000"), next.process, next.what, v)
		next.verdict <- v
	}
	return failed
}

func (w *world) decide() verdict {
	if w.calm || w.rng.IntN(100) >= 35 {
		return goes
	}
	return verdict(1 + w.rng.IntN(int(partial)))
}

// client is the Glue of one process in one of its lives.
type client struct {
	*world
	process int
	born    time.Time
}

var (
	errTransport = errors.New("read: connection reset by peer")
	errLie       = errors.New("not even wrong") // to what creates nothing: like errTransport
)

// step waits for the process's turn and lets the verdict happen.
func step[O any](c *client, what string, do func() (*O, error)) (*O, error) {
	t := turn{process: c.process, what: what, verdict: make(chan verdict)}
	c.turns <- t
	v := <-t.verdict
	if c.now.Sub(c.born) > 14*time.Minute { // no function lives longer
		v = diesBefore
	}
	switch v {
	case throttled:
		return nil, errThrottled
	case lies:
		return nil, errLie
	case fails:
		return nil, &types.InternalServiceException{Message: aws.String("try again")}
	case diesBefore:
		panic(death{})
	}
	c.part = v == partial
	out, err := do()
	c.part = false
	switch v {
	case diesAfter:
		panic(death{})
	case lost:
		return nil, errTransport
	}
	return out, err
}

func (c *client) GetTable(ctx context.Context, in *glue.GetTableInput, _ ...func(*glue.Options)) (*glue.GetTableOutput, error) {
	return step(c, "GetTable", func() (*glue.GetTableOutput, error) { return c.fakeGlue.GetTable(ctx, in) })
}

func (c *client) UpdateTable(ctx context.Context, in *glue.UpdateTableInput, _ ...func(*glue.Options)) (*glue.UpdateTableOutput, error) {
	return step(c, "UpdateTable", func() (*glue.UpdateTableOutput, error) { return c.fakeGlue.UpdateTable(ctx, in) })
}

func (c *client) GetPartitions(ctx context.Context, in *glue.GetPartitionsInput, _ ...func(*glue.Options)) (*glue.GetPartitionsOutput, error) {
	return step(c, "GetPartitions", func() (*glue.GetPartitionsOutput, error) { return c.fakeGlue.GetPartitions(ctx, in) })
}

func (c *client) BatchGetPartition(ctx context.Context, in *glue.BatchGetPartitionInput, _ ...func(*glue.Options)) (*glue.BatchGetPartitionOutput, error) {
	return step(c, "BatchGetPartition", func() (*glue.BatchGetPartitionOutput, error) { return c.fakeGlue.BatchGetPartition(ctx, in) })
}

func (c *client) BatchUpdatePartition(ctx context.Context, in *glue.BatchUpdatePartitionInput, _ ...func(*glue.Options)) (*glue.BatchUpdatePartitionOutput, error) {
	return step(c, "BatchUpdatePartition", func() (*glue.BatchUpdatePartitionOutput, error) { return c.fakeGlue.BatchUpdatePartition(ctx, in) })
}

func (c *client) BatchCreatePartition(ctx context.Context, in *glue.BatchCreatePartitionInput, _ ...func(*glue.Options)) (*glue.BatchCreatePartitionOutput, error) {
	out, err := step(c, "BatchCreatePartition", func() (*glue.BatchCreatePartitionOutput, error) { return c.fakeGlue.BatchCreatePartition(ctx, in) })
	if !errors.Is(err, errLie) {
		return out, err
	}
	out = &glue.BatchCreatePartitionOutput{}
	for _, p := range in.PartitionInputList {
		out.Errors = append(out.Errors, types.PartitionError{
			PartitionValues: p.Values, ErrorDetail: &types.ErrorDetail{ErrorCode: aws.String("AlreadyExistsException")},
		})
	}
	return out, nil
}
