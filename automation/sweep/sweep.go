// Package sweep clears away what runs of the driver left behind: stacks that
// are expired, or whose run was killed; their processes, locks, state and
// temporary folders; and resources of the project's ephemeral stacks whose
// stack no longer exists.
package sweep

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"crawlerless/automation/console"
	"crawlerless/automation/leftovers"
	"crawlerless/automation/runs"
)

// Options of a sweep.
type Options struct {
	Cache string
	// OlderThan is how long a stack that does not say when it expires must have
	// been left alone.
	OlderThan time.Duration
	DryRun    bool
	// DeleteOrphans deletes resources without a stack, instead of listing them.
	DeleteOrphans bool
	Now           time.Time
	Self          string // the sweep's own record
	// Destroy destroys the stack of a run on AWS and removes it, whatever state
	// it is in.
	Destroy func(ctx context.Context, r runs.Run) error
	// Account, where not nil, is looked through for what no record here speaks
	// of: the stacks of runs on other machines, and resources without a stack.
	Account Account
}

// Account is one AWS account with the state backend that goes with it.
type Account interface {
	// Stacks lists the stacks of the backend.
	Stacks(ctx context.Context) ([]Stack, error)
	// Expires is when a stack says that it expires; zero where it does not say.
	Expires(ctx context.Context, stack string) (time.Time, error)
	// Ephemeral lists the resources that belong to ephemeral stacks.
	Ephemeral(ctx context.Context) ([]leftovers.Resource, error)
	// Delete deletes a resource and what it holds.
	Delete(ctx context.Context, arn string) error
}

// Stack is a stack in the backend.
type Stack struct {
	Name    string
	Updated time.Time
}

// Prefix begins the name of every ephemeral stack.
const Prefix = "e2e-"

// Result is what a sweep found and did.
type Result struct {
	Runs    []Swept  `json:"runs"`
	Spared  []string `json:"spared"` // alive, or not expired
	Orphans []Orphan `json:"orphans"`
}

// Swept is one run or stack that was cleared away, or would be.
type Swept struct {
	ID        string `json:"id"`
	Stack     string `json:"stack"`
	Target    string `json:"target"`
	Why       string `json:"why"`
	Processes int    `json:"processes,omitempty"` // that were still there
	Error     string `json:"error,omitempty"`
}

// Orphan is a resource of an ephemeral stack that no longer exists.
type Orphan struct {
	ARN     string `json:"arn"`
	Stage   string `json:"stage"`
	Deleted bool   `json:"deleted"`
	Error   string `json:"error,omitempty"`
}

// ErrLeft says that something could not be cleared away, or has no stack to be
// destroyed with.
var ErrLeft = errors.New("something is left that needs a person")

// Run looks at every record of a run, and at the account if there is one.
func Run(ctx context.Context, c *console.Console, o Options) (Result, error) {
	result := Result{Runs: []Swept{}, Spared: []string{}, Orphans: []Orphan{}}
	found, err := runs.List(o.Cache)
	if err != nil {
		c.Progress("  %v", err)
	}
	failed := err != nil
	found = slices.DeleteFunc(found, func(f runs.Found) bool { return f.ID == o.Self })
	for _, f := range found {
		why, spare := o.judge(f)
		if spare {
			result.Spared = append(result.Spared, f.ID)
			c.Progress("  %s: %s, left alone", f.ID, why)
			continue
		}
		s := Swept{ID: f.ID, Stack: f.Stack, Target: f.Target, Why: why}
		if !o.DryRun {
			if s.Processes, err = o.clear(ctx, f); err != nil {
				s.Error, failed = err.Error(), true
			}
		}
		result.Runs = append(result.Runs, s)
		c.Progress("  %s", s.sentence(o.DryRun))
	}
	if !o.DryRun {
		if err := runs.Tidy(o.Cache); err != nil {
			c.Progress("  %v", err)
			failed = true
		}
	}
	if o.Account != nil {
		more, err := o.account(ctx, c, found, &result)
		if err != nil {
			return result, err
		}
		failed = failed || more
	}
	if failed {
		return result, ErrLeft
	}
	return result, ctx.Err()
}

// account clears away what is in the account and in no record here.
func (o Options) account(ctx context.Context, c *console.Console, found []runs.Found, result *Result) (failed bool, err error) {
	stacks, err := o.Account.Stacks(ctx)
	if err != nil {
		return false, err
	}
	for _, s := range stacks {
		if !strings.HasPrefix(s.Name, Prefix) || slices.ContainsFunc(found, func(f runs.Found) bool { return slices.Contains(f.Stacks(), s.Name) }) {
			continue
		}
		why, spare, err := o.judgeStack(ctx, s)
		if err != nil {
			return failed, err
		}
		if spare {
			result.Spared = append(result.Spared, s.Name)
			c.Progress("  %s: %s, left alone", s.Name, why)
			continue
		}
		swept := Swept{ID: s.Name, Stack: s.Name, Target: "aws", Why: why}
		if !o.DryRun {
			if err := o.Destroy(ctx, runs.Run{ID: s.Name, Stack: s.Name, Target: "aws"}); err != nil {
				swept.Error, failed = err.Error(), true
			}
		}
		result.Runs = append(result.Runs, swept)
		c.Progress("  %s", swept.sentence(o.DryRun))
	}
	// Only now: what was destroyed above is not without a stack.
	resources, err := o.Account.Ephemeral(ctx)
	if err != nil {
		return failed, err
	}
	for _, r := range orphans(resources, stacks, found, o.Now) {
		orphan := Orphan{ARN: r.ARN, Stage: r.Tags[leftovers.Stage]}
		state := "is left: delete it by hand, or with --delete-orphans"
		switch {
		case o.DryRun:
			state = "would be listed"
			if o.DeleteOrphans {
				state = "would be deleted"
			}
		case o.DeleteOrphans:
			if err := o.Account.Delete(ctx, r.ARN); err != nil {
				orphan.Error, failed, state = err.Error(), true, err.Error()
			} else {
				orphan.Deleted, state = true, "deleted"
			}
		default:
			failed = true
		}
		result.Orphans = append(result.Orphans, orphan)
		c.Progress("  without a stack: %s (of %s): %s", orphan.ARN, orphan.Stage, state)
	}
	return failed, nil
}

// orphans are the expired resources that belong to no stack, neither of the
// backend nor of a run here.
func orphans(resources []leftovers.Resource, stacks []Stack, found []runs.Found, now time.Time) (list []leftovers.Resource) {
	for _, r := range resources {
		name := r.Tags[leftovers.Stage]
		exists := slices.ContainsFunc(stacks, func(s Stack) bool { return s.Name == name }) ||
			slices.ContainsFunc(found, func(f runs.Found) bool { return f.Stack == name })
		expires, err := time.Parse(time.RFC3339, r.Tags[leftovers.Expires])
		// A tag that is no time was not written by the driver.
		if strings.HasPrefix(name, Prefix) && !exists && err == nil && now.After(expires) {
			list = append(list, r)
		}
	}
	return list
}

// judgeStack spares a stack until it expires, or, where it does not say when,
// until nobody has touched it for long.
func (o Options) judgeStack(ctx context.Context, s Stack) (why string, spare bool, err error) {
	expires, err := o.Account.Expires(ctx, s.Name)
	if err != nil {
		return "", false, err
	}
	switch {
	case !expires.IsZero() && o.Now.After(expires):
		return "expired " + expires.UTC().Format(time.RFC3339), false, nil
	case !expires.IsZero():
		return "expires " + expires.UTC().Format(time.RFC3339), true, nil
	case s.Updated.IsZero():
		return "does not say when it was made", true, nil
	case o.Now.Sub(s.Updated) > o.OlderThan:
		return "not updated since " + s.Updated.UTC().Format(time.RFC3339), false, nil
	}
	return "updated " + s.Updated.UTC().Format(time.RFC3339), true, nil
}

func (s Swept) sentence(dry bool) string {
	what := s.ID
	if s.Stack != "" && s.Stack != s.ID {
		what += ", stack " + s.Stack + " on " + s.Target
	}
	processes := ""
	if s.Processes > 0 {
		processes = fmt.Sprintf(" with %d processes", s.Processes)
	}
	switch {
	case s.Error != "":
		return fmt.Sprintf("%s: %s, and could not be cleared away: %s", what, s.Why, s.Error)
	case dry:
		return fmt.Sprintf("%s: %s, would be cleared away", what, s.Why)
	}
	return fmt.Sprintf("%s: %s, cleared away%s", what, s.Why, processes)
}

// judge spares runs that are alive, and those whose stack was kept until it
// expires. Any other dead run is swept at once: it was to leave nothing.
func (o Options) judge(f runs.Found) (why string, spare bool) {
	switch {
	case f.Alive:
		return fmt.Sprintf("runs (process %d)", f.PID), true
	case !f.Kept:
		return "its process is dead", false
	case o.Now.After(f.Expires):
		return "kept, and expired", false
	}
	return "kept until " + f.Expires.UTC().Format(time.RFC3339), true
}

// patience is how long a CLI that works on AWS may take to stop.
const patience = 2 * time.Minute

// clear destroys the stack where it outlives its process, then removes what is
// on this machine. The record stays while the stack does.
func (o Options) clear(ctx context.Context, f runs.Found) (processes int, err error) {
	if f.Target == "aws" && f.Stack != "" {
		if processes, err = f.EndProcesses(patience); err != nil {
			return processes, err
		}
		if err := o.Destroy(ctx, f.Run); err != nil {
			return processes, err
		}
	}
	more, err := f.Clear()
	return processes + more, err
}
