package workspace

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/pulumi/pulumi/sdk/v3/go/auto"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/events"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optdestroy"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optpreview"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optrefresh"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optup"
	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"

	"crawlerless/automation/pulumicli"
)

// Violation is a policy that a resource, or the whole stack, does not keep.
type Violation struct {
	Policy   string `json:"policy"`
	Level    string `json:"level"`
	Resource string `json:"resource"` // its URN
	Message  string `json:"message"`
}

// Mandatory says that the violation stops the deployment.
func (v Violation) Mandatory() bool { return v.Level == "mandatory" }

// Seen is what the engine reported while a command ran.
type Seen struct {
	Changes     map[string]int `json:"changes"` // "create", "same", "delete", … -> resources
	Violations  []Violation    `json:"violations"`
	Diagnostics []string       `json:"diagnostics"` // errors, in the engine's words
	// Notices are what the policy pack says beside its violations: exceptions in
	// force, and what can only be judged in the update.
	Notices []string `json:"notices,omitempty"`
	// Steps are the operations on resources as they were planned or done.
	Steps []Operation `json:"steps"`
}

// Operation is one planned or finished step on one resource.
type Operation struct {
	Op   string `json:"op"`
	Type string `json:"type"`
	Name string `json:"name"`
	URN  string `json:"urn"`
}

// PolicyError is a preview or update that mandatory policies stopped.
type PolicyError struct{ Violations []Violation }

func (e *PolicyError) Error() string {
	var b strings.Builder
	n := 0
	for _, v := range e.Violations {
		if v.Mandatory() {
			n++
			fmt.Fprintf(&b, "\n  %s: %s: %s", v.Policy, nameOf(v.Resource), strings.ReplaceAll(strings.TrimSpace(v.Message), "\n", "\n    "))
		}
	}
	count := "1 violation"
	if n != 1 {
		count = fmt.Sprintf("%d violations", n)
	}
	return fmt.Sprintf("the policy pack refuses the deployment (%s):%s", count, b.String())
}

// EngineError is a command of the CLI that failed, with what the engine said.
type EngineError struct {
	Command     string
	Diagnostics []string
	Err         error
}

func (e *EngineError) Error() string {
	if sig, killed := pulumicli.Killed(e.Err); killed {
		return fmt.Sprintf("pulumi %s ended before its time: the Pulumi CLI was killed (%s), and not by the driver; was memory short?", e.Command, sig)
	}
	if len(e.Diagnostics) > 0 {
		return fmt.Sprintf("pulumi %s failed: %s", e.Command, strings.Join(e.Diagnostics, "; "))
	}
	// The API's error is all that the CLI printed: its errors say it.
	var said []string
	for line := range strings.Lines(e.Err.Error()) {
		if text, ok := strings.CutPrefix(strings.TrimSpace(plain(line)), "error: "); ok {
			said = append(said, text)
		}
	}
	if len(said) > 0 {
		return fmt.Sprintf("pulumi %s failed: %s", e.Command, strings.Join(said, "; "))
	}
	return fmt.Sprintf("pulumi %s failed: %v", e.Command, e.Err)
}

func (e *EngineError) Unwrap() error { return e.Err }

// watch collects engine events. The API closes no channel when the CLI fails
// before it connects, so the collector ends when the command does.
//
// each is told of every operation that is done.
type watch struct {
	ch   chan events.EngineEvent
	done chan struct{}
	wg   sync.WaitGroup
	seen Seen
	each func(Operation)
}

func newWatch(each func(Operation)) *watch {
	w := &watch{ch: make(chan events.EngineEvent, 256), done: make(chan struct{}), each: each}
	w.seen = Seen{Changes: map[string]int{}, Violations: []Violation{}, Diagnostics: []string{}, Steps: []Operation{}}
	w.wg.Go(func() {
		for {
			select {
			case e, ok := <-w.ch:
				if !ok {
					return
				}
				w.add(e)
			case <-w.done:
				for { // what came before the end
					select {
					case e, ok := <-w.ch:
						if !ok {
							return
						}
						w.add(e)
					default:
						return
					}
				}
			}
		}
	})
	return w
}

// end answers what was seen; the command has returned.
func (w *watch) end() Seen {
	close(w.done)
	w.wg.Wait()
	return w.seen
}

func (w *watch) add(e events.EngineEvent) {
	switch {
	case e.PolicyEvent != nil:
		p := e.PolicyEvent
		// The engine tells of a mandatory one again when it gives up.
		v := Violation{Policy: p.PolicyName, Level: p.EnforcementLevel, Resource: p.ResourceURN, Message: plain(p.Message)}
		if !slices.Contains(w.seen.Violations, v) {
			w.seen.Violations = append(w.seen.Violations, v)
		}
	case e.DiagnosticEvent != nil && e.DiagnosticEvent.Severity == "error":
		w.seen.Diagnostics = append(w.seen.Diagnostics, diagnostic(e.DiagnosticEvent))
	case e.DiagnosticEvent != nil && strings.HasPrefix(plain(e.DiagnosticEvent.Message), noticePrefix):
		w.seen.Notices = append(w.seen.Notices, strings.TrimSpace(strings.TrimPrefix(plain(e.DiagnosticEvent.Message), noticePrefix)))
	case e.SummaryEvent != nil:
		w.seen.Changes = map[string]int{}
		for op, n := range e.SummaryEvent.ResourceChanges {
			w.seen.Changes[string(op)] = n
		}
	case e.ResourcePreEvent != nil:
		m := e.ResourcePreEvent.Metadata
		o := Operation{Op: string(m.Op), Type: m.Type, Name: nameOf(m.URN), URN: m.URN}
		w.seen.Steps = append(w.seen.Steps, o)
	case e.ResOutputsEvent != nil && w.each != nil:
		m := e.ResOutputsEvent.Metadata
		w.each(Operation{Op: string(m.Op), Type: m.Type, Name: nameOf(m.URN), URN: m.URN})
	}
}

// noticePrefix begins what the policy pack logs.
const noticePrefix = "guardrails: "

func diagnostic(d *apitype.DiagnosticEvent) string {
	message := strings.Join(strings.Fields(plain(d.Message)), " ")
	if d.URN != "" {
		return nameOf(d.URN) + ": " + message
	}
	return message
}

// plain removes the engine's colour marks ("<{%reset%}>").
func plain(s string) string {
	for {
		i := strings.Index(s, "<{%")
		j := strings.Index(s, "%}>")
		if i < 0 || j < i {
			return s
		}
		s = s[:i] + s[j+3:]
	}
}

// nameOf is the resource's name in its URN.
func nameOf(urn string) string {
	if i := strings.LastIndex(urn, "::"); i >= 0 {
		return urn[i+2:]
	}
	return urn
}

// fail tells a refusal by policy from a failure of the engine.
func (w *Workspace) fail(ctx context.Context, command string, seen Seen, err error) error {
	if err == nil {
		return nil
	}
	if ctx.Err() != nil {
		return fmt.Errorf("pulumi %s: %w", command, context.Cause(ctx))
	}
	for _, v := range seen.Violations {
		if v.Mandatory() {
			return &PolicyError{Violations: seen.Violations}
		}
	}
	return &EngineError{Command: command, Diagnostics: seen.Diagnostics, Err: err}
}

// Preview computes the changes and holds them against the policy pack. It
// reports every violation, where Up would stop at the first with siblings
// already created: no Up without a Preview before it.
func (w *Workspace) Preview(ctx context.Context, each func(Operation)) (Seen, error) {
	watch := newWatch(each)
	options := []optpreview.Option{optpreview.EventStreams(watch.ch), optpreview.SuppressProgress()}
	if w.o.PolicyPack != "" {
		options = append(options, optpreview.PolicyPacks(w.o.PolicyPack))
		if w.o.PolicyConfig != "" {
			options = append(options, optpreview.PolicyPackConfigs(w.o.PolicyConfig))
		}
	}
	if w.o.Engine != nil {
		options = append(options, optpreview.ProgressStreams(w.o.Engine), optpreview.ErrorProgressStreams(w.o.Engine))
	}
	_, err := w.Stack.Preview(ctx, options...)
	seen := watch.end()
	return seen, w.fail(ctx, "preview", seen, err)
}

// Up makes it so, and answers the stack's outputs.
func (w *Workspace) Up(ctx context.Context, each func(Operation)) (Outputs, Seen, error) {
	watch := newWatch(each)
	options := []optup.Option{optup.EventStreams(watch.ch), optup.SuppressProgress()}
	if w.o.PolicyPack != "" {
		options = append(options, optup.PolicyPacks(w.o.PolicyPack))
		if w.o.PolicyConfig != "" {
			options = append(options, optup.PolicyPackConfigs(w.o.PolicyConfig))
		}
	}
	if w.o.Engine != nil {
		options = append(options, optup.ProgressStreams(w.o.Engine), optup.ErrorProgressStreams(w.o.Engine))
	}
	result, err := w.Stack.Up(ctx, options...)
	seen := watch.end()
	if err != nil {
		return Outputs{}, seen, w.fail(ctx, "up", seen, err)
	}
	out, err := outputsOf(result.Outputs)
	return out, seen, err
}

// Destroy deletes every resource of the stack, and fails when one is left.
func (w *Workspace) Destroy(ctx context.Context, each func(Operation)) (Seen, error) {
	watch := newWatch(each)
	options := []optdestroy.Option{optdestroy.EventStreams(watch.ch), optdestroy.SuppressProgress()}
	if w.o.Engine != nil {
		options = append(options, optdestroy.ProgressStreams(w.o.Engine), optdestroy.ErrorProgressStreams(w.o.Engine))
	}
	_, err := w.Stack.Destroy(ctx, options...)
	seen := watch.end()
	return seen, w.fail(ctx, "destroy", seen, err)
}

// Refresh brings the state in line with what there is in AWS.
func (w *Workspace) Refresh(ctx context.Context, each func(Operation)) (Seen, error) {
	watch := newWatch(each)
	options := []optrefresh.Option{optrefresh.EventStreams(watch.ch), optrefresh.SuppressProgress()}
	if w.o.Engine != nil {
		options = append(options, optrefresh.ProgressStreams(w.o.Engine), optrefresh.ErrorProgressStreams(w.o.Engine))
	}
	_, err := w.Stack.Refresh(ctx, options...)
	seen := watch.end()
	return seen, w.fail(ctx, "refresh", seen, err)
}

// Drift lists the resources that are not as the state has them, changing
// nothing.
func (w *Workspace) Drift(ctx context.Context) (Seen, error) {
	watch := newWatch(nil)
	options := []optrefresh.Option{optrefresh.EventStreams(watch.ch), optrefresh.SuppressProgress()}
	if w.o.Engine != nil {
		options = append(options, optrefresh.ProgressStreams(w.o.Engine), optrefresh.ErrorProgressStreams(w.o.Engine))
	}
	_, err := w.Stack.PreviewRefresh(ctx, options...)
	seen := watch.end()
	return seen, w.fail(ctx, "refresh --preview-only", seen, err)
}

// Unlock releases the lock that a killed CLI left. Nothing to release is
// success.
func (w *Workspace) Unlock(ctx context.Context) error {
	if err := w.Stack.Cancel(ctx); err != nil {
		return &EngineError{Command: "cancel", Err: err}
	}
	return nil
}

// Remove deletes the stack itself, which must be empty, and of an ephemeral one
// also what the backend would keep of it.
func (w *Workspace) Remove(ctx context.Context) error {
	if err := w.Stack.Workspace().RemoveStack(ctx, w.o.Stack); err != nil && !auto.IsSelectStack404Error(err) {
		return &EngineError{Command: "stack rm", Err: err}
	}
	if len(w.o.Tags) > 0 && w.o.Backend == "" {
		return eraseTraces(ctx, w.Stack.Workspace(), w.o.Stack)
	}
	return nil
}

// Left lists what the state still holds.
func (w *Workspace) Left(ctx context.Context) ([]Resource, error) {
	state, err := w.Stack.Export(ctx)
	if err != nil {
		return nil, fmt.Errorf("read the state of %s: %w", w.o.Stack, err)
	}
	return resourcesIn(state.Deployment)
}

// ErrMissingOutput is an output that the stack should have and has not: it was
// never deployed.
var ErrMissingOutput = errors.New("the stack has no such output")
