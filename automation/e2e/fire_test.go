package e2e_test

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"go.uber.org/goleak"

	"crawlerless/automation/console"
	"crawlerless/automation/e2e"
	"crawlerless/automation/leftovers"
	"crawlerless/automation/report"
	"crawlerless/automation/target"
	"crawlerless/localaws/wire"
	"crawlerless/stack/build"
)

// Every operation that the driver, the engine and the provider call is
// disturbed once, while the stack comes up and while it goes. Plain `go test`
// takes a sample; all of them:
//
//	go test ./automation/e2e -run Fault -fire -timeout 120m -v
var fire = flag.Bool("fire", false, "disturb every API operation, not only a sample")

// gunner stands around every operation of localaws. It notes what is called in
// which phase of the run, and disturbs one call.
type gunner struct {
	mu    sync.Mutex
	phase string
	seen  map[string]bool // of the phase to disturb
	// The shot: the first call of this operation in this phase.
	in, operation, fault string
	fired                bool
	always               bool // every call, not only the first
}

// The phases of a run, as its lines on standard error end them.
const (
	up      = "up"
	tests   = "tests"
	destroy = "destroy"
)

// Write follows the lines of the console.
func (g *gunner) Write(b []byte) (int, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for line := range strings.Lines(string(b)) {
		switch {
		case strings.HasPrefix(line, "  preview "):
			g.phase = up
		case strings.HasPrefix(line, "  up "):
			g.phase = tests
			if strings.Contains(line, "failed") {
				g.phase = destroy
			}
		case strings.HasPrefix(line, "  tests "):
			g.phase = destroy
		}
	}
	return len(b), nil
}

// rest ends the run's last phase: what is called from now on are the test's own
// questions.
func (g *gunner) rest() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.phase = ""
}

// fire says what befalls a call.
func (g *gunner) fire(name string, caller wire.Caller) string {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.phase != g.in || !caller.Root {
		return ""
	}
	g.seen[name] = true
	if name != g.operation || g.fired && !g.always {
		return ""
	}
	g.fired = true
	return g.fault
}

func (g *gunner) intercept(_ context.Context, service, operation string, caller wire.Caller, next func() error) error {
	switch g.fire(service+":"+operation, caller) {
	case "refused":
		return &wire.Error{Code: "AccessDenied", Message: "refused by the fault plan", Status: 403}
	case "failed":
		return &wire.Error{Code: "InternalFailure", Message: "failed by the fault plan", Status: 500}
	case "lost":
		if err := next(); err != nil {
			return err
		}
		return wire.ErrLostResponse
	}
	return next()
}

// underFire runs the tests with a gunner, and fails for whatever is left in the
// account.
func underFire(t *testing.T, g *gunner) (*report.Report, string, error) {
	t.Helper()
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	cache, err := build.DefaultCache()
	if err != nil {
		t.Fatal(err)
	}
	g.seen = map[string]bool{}
	dir := t.TempDir()
	local, err := target.StartLocal(t.Context(), target.LocalOptions{
		Dir: dir, Start: time.Now().Truncate(time.Hour).Add(-12 * time.Hour), Interceptor: g.intercept,
	})
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	progress := &both{g: g}
	r, err := e2e.Run(t.Context(), console.Plain(&out, progress, time.Now), e2e.Options{
		Root: root, Cache: cache, Dir: dir, Target: local, Stage: "dev", Stack: "e2e-fire", TTL: time.Hour, Owner: "test", Events: 9,
		Only: regexp.MustCompile("^(nothing-public)$"),
	})
	g.rest()
	if !g.always {
		empty(t, local)
	}
	if e := local.Close(); e != nil {
		t.Error(e)
	}
	return r, progress.text.String(), err
}

// both passes lines on to the gunner and keeps them.
type both struct {
	g    *gunner
	text bytes.Buffer
}

func (b *both) Write(p []byte) (int, error) {
	b.text.Write(p)
	return b.g.Write(p)
}

// empty fails the test for what is left in the account.
func empty(t *testing.T, local *target.Local) {
	t.Helper()
	list, err := leftovers.Find(t.Context(), local.AWS(), nil)
	if err != nil || len(list) > 0 {
		t.Errorf("left in the account: %v, %v", leftovers.ARNs(list), err)
	}
	buckets, err := s3.NewFromConfig(local.AWS(), func(o *s3.Options) { o.UsePathStyle = true }).ListBuckets(t.Context(), &s3.ListBucketsInput{})
	if err != nil || len(buckets.Buckets) > 0 {
		t.Errorf("buckets left: %v, %v", buckets, err)
	}
}

// recorded are the operations that a run calls in a phase.
func recorded(t *testing.T, phase string) []string {
	t.Helper()
	g := &gunner{in: phase}
	if _, said, err := underFire(t, g); err != nil {
		t.Fatalf("%v\n%s", err, said)
	}
	list := slices.Sorted(maps.Keys(g.seen))
	if len(list) < 10 {
		t.Fatalf("only %v in %s", list, phase)
	}
	t.Logf("%s: %d operations: %s", phase, len(list), strings.Join(list, " "))
	return list
}

func TestAnAPIFaultEndsCleanWithTheRightCode(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent(), goleak.IgnoreAnyFunction("github.com/golang/glog.(*fileSink).flushDaemon"))
	rng := rand.New(rand.NewPCG(uint64(time.Now().UnixNano()), 0))
	phases := []string{up, destroy}
	if !*fire {
		phases = phases[rng.IntN(2):][:1]
	}
	for _, phase := range phases {
		operations := recorded(t, phase)
		shots := shotsAt(operations)
		if !*fire {
			shots = []shot{shots[rng.IntN(len(shots))]}
		}
		for _, s := range shots {
			t.Run(fmt.Sprintf("%s/%s/%s", phase, s.operation, s.fault), func(t *testing.T) {
				g := &gunner{in: phase, operation: s.operation, fault: s.fault}
				r, said, err := underFire(t, g)
				if !g.fired {
					t.Skipf("not called this time: what is called depends on what was there before")
				}
				switch {
				case len(r.Left) > 0:
					t.Errorf("left behind: %v\n%s", r.Left, said)
				case s.fault == "failed" && err != nil:
					t.Errorf("one internal error, which every client tries again, ended the run: %v\n%s", err, said)
				case s.fault == "refused" && err != nil && !strings.Contains(err.Error(), "refused by the fault plan"):
					t.Errorf("the message does not name the cause: %v", err)
				case s.fault == "lost" && err != nil && phase == destroy:
					t.Errorf("an answer that was lost while destroying is no failure: %v\n%s", err, said)
				}
				t.Logf("ended with %v", err)
			})
		}
	}
}

// What cannot be destroyed, whatever the driver tries, is listed by its ARN, and
// the rest is gone.
func TestWhatCannotBeDestroyedIsListedByARN(t *testing.T) {
	g := &gunner{in: destroy, operation: "sqs:DeleteQueue", fault: "refused", always: true}
	r, said, err := underFire(t, g)
	var left *e2e.LeftError
	if !errors.As(err, &left) {
		t.Fatalf("the run ended with %v\n%s", err, said)
	}
	const want = "arn:aws:sqs:us-east-1:000000000000:crawlerless-e2e-fire-dead-letters"
	if !slices.Equal(left.Left, []string{want}) || !slices.Equal(r.Left, left.Left) {
		t.Errorf("left %v, reported %v, want %s", left.Left, r.Left, want)
	}
	for _, words := range []string{want, "refused by the fault plan", "then run sweep"} {
		if !strings.Contains(err.Error(), words) {
			t.Errorf("the error does not say %q: %v", words, err)
		}
	}
}

type shot struct{ operation, fault string }

func shotsAt(operations []string) (list []shot) {
	for _, o := range operations {
		for _, fault := range []string{"refused", "failed", "lost"} {
			list = append(list, shot{o, fault})
		}
	}
	return list
}

// What is broken on purpose is reported with what helps to understand it.
func TestABrokenPromiseCarriesItsEvidence(t *testing.T) {
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	cache, err := build.DefaultCache()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	// The catalog function may not write: no table ever gets its columns.
	local, err := target.StartLocal(t.Context(), target.LocalOptions{
		Dir: dir, Start: time.Now().Truncate(time.Hour).Add(-12 * time.Hour),
		Interceptor: func(_ context.Context, service, operation string, caller wire.Caller, next func() error) error {
			if service == "glue" && operation == "UpdateTable" && !caller.Root {
				return &wire.Error{Code: "AccessDeniedException", Message: "sabotage", Status: 400}
			}
			return next()
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	var out, progress bytes.Buffer
	r, err := e2e.Run(t.Context(), console.Plain(&out, &progress, time.Now), e2e.Options{
		Root: root, Cache: cache, Dir: dir, Target: local, Stage: "dev", Stack: "e2e-broken", TTL: time.Hour, Owner: "test", Events: 9,
		Only: regexp.MustCompile("^malformed-lines$"), ReportDir: *keepReport,
	})
	empty(t, local)
	if e := local.Close(); e != nil {
		t.Error(e)
	}
	if err == nil || r.Passed || r.Failed() != 1 || len(r.Left) > 0 {
		t.Fatalf("%v, %+v", err, r)
	}
	p := r.Tests[0]
	for _, want := range []string{"sabotage", "ExecutionFailed", "dead letters: ", "logs/malformed/year="} {
		if !strings.Contains(p.Evidence, want) {
			t.Errorf("no %q in the evidence of %q:\n%s", want, p.Error, p.Evidence)
		}
	}
}

var keepReport = flag.String("report", "", "a folder for the report of the broken promise, to look at")
