// Package teardown takes an ephemeral stack down, with every known remedy: it
// mends a half-written state and releases the lock of a CLI that was killed, takes
// over what has changed behind Pulumi's back, takes from buckets, roles and rules
// what the state does not know and what keeps them from being deleted, and deletes
// by its tags what else the state does not know. What then still remains is listed
// by its ARN; a state is never removed by force.
package teardown

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"

	"crawlerless/automation/leftovers"
	"crawlerless/automation/workspace"
)

// Attempts is how often destroying is tried.
const Attempts = 3

// Options says what to take down.
type Options struct {
	Space *workspace.Workspace
	Stack string // its name; the tag Stage of its resources
	AWS   aws.Config
	// Unlock releases the lock before the first attempt too: the run before
	// ended otherwise than it should.
	Unlock   bool
	Planned  int // about how many resources there are; 0 where unknown
	Progress Progress
	Log      *slog.Logger
}

// Progress is told what is being done, and what went wrong meanwhile. A
// console's step is one.
type Progress interface {
	Update(format string, args ...any)
	Count(done, total int, format string, args ...any)
	Note(format string, args ...any)
}

// Result is what came of it.
type Result struct {
	Deleted int      // resources that the state knew
	Strays  []string // ARNs that only their tags told of; they are deleted
	Left    []string // what remains
}

// Destroy takes the stack down and removes it. With an error, Left says what
// remains.
func Destroy(ctx context.Context, o Options) (Result, error) {
	var r Result
	err := o.destroy(ctx, &r)
	if err != nil {
		return r, errors.Join(err, o.left(context.WithoutCancel(ctx), &r))
	}
	o.Progress.Update("looking for resources that the state did not know")
	strays, err := Strays(ctx, o.AWS, o.Stack)
	r.Strays, r.Left = strays.Strays, strays.Left
	return r, err
}

func (o Options) destroy(ctx context.Context, r *Result) error {
	var err error
	for attempt := range Attempts {
		if attempt > 0 {
			first, _, _ := strings.Cut(err.Error(), "\n")
			o.Progress.Note("attempt %d failed: %s; trying again with the lock released, after a refresh", attempt, first)
		}
		if attempt > 0 || o.Unlock {
			o.debug("mend what was half-written", o.Space.Mend(ctx))
			o.debug("release the lock", o.Space.Unlock(ctx))
		}
		if attempt > 0 {
			_, e := o.Space.Refresh(ctx, nil)
			o.debug("refresh", e)
		}
		if attempt > 0 || o.Unlock {
			o.debug("loosen what holds something", o.loosen(ctx))
		}
		n := 0
		seen, e := o.Space.Destroy(ctx, func(op workspace.Operation) { n++; o.Progress.Count(n, o.Planned, "%s", op.Name) })
		if err = e; err == nil {
			r.Deleted = seen.Changes["delete"]
			if err = o.Space.Remove(ctx); err == nil {
				return nil
			}
		}
		if ctx.Err() != nil {
			break
		}
	}
	return err
}

// debug logs what a remedy could not do: the attempt after it tells whether
// that matters.
func (o Options) debug(what string, err error) {
	if err != nil && o.Log != nil {
		o.Log.Debug(what, "stack", o.Stack, "error", err)
	}
}

// loosen takes from the stack's resources what the state does not know of and
// what would keep them from being deleted.
func (o Options) loosen(ctx context.Context) error {
	resources, err := o.Space.Left(ctx)
	if err != nil {
		return err
	}
	var errs []error
	for _, r := range resources {
		errs = append(errs, leftovers.Loosen(ctx, o.AWS, r.ARN))
	}
	return errors.Join(errs...)
}

// left lists what the state still holds.
func (o Options) left(ctx context.Context, r *Result) error {
	resources, err := o.Space.Left(ctx)
	for _, one := range resources {
		r.Left = append(r.Left, one.String())
	}
	return err
}

// Strays deletes what carries the tags of an ephemeral stack and is in no
// state.
func Strays(ctx context.Context, c aws.Config, stack string) (r Result, err error) {
	list, err := leftovers.Find(ctx, c, map[string]string{leftovers.Stage: stack, leftovers.Expires: ""})
	if err != nil {
		return r, fmt.Errorf("look for what the state of %s did not know: %w", stack, err)
	}
	var errs []error
	for _, one := range list {
		if err := leftovers.Delete(ctx, c, one.ARN); err != nil {
			r.Left = append(r.Left, one.ARN)
			errs = append(errs, err)
			continue
		}
		r.Strays = append(r.Strays, one.ARN)
	}
	return r, errors.Join(errs...)
}
