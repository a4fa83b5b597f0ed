// Package sweep clears away what runs of the driver left behind: stacks that
// are expired, or whose run was killed; their locks, state and temporary
// folders; and resources of the project's ephemeral stacks whose stack no
// longer exists.
package sweep

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/resourcegroupstaggingapi"
	"github.com/aws/aws-sdk-go-v2/service/resourcegroupstaggingapi/types"

	"crawlerless/automation/console"
	"crawlerless/automation/runs"
)

// Options of a sweep.
type Options struct {
	Cache     string
	OlderThan time.Duration // spares what was made more recently, unless its run is dead
	DryRun    bool
	Now       time.Time
	// Destroy destroys the stack of a run on AWS and removes it, whatever state
	// it is in.
	Destroy func(ctx context.Context, r runs.Run) error
	// Stacks, where not nil, lists the ephemeral stacks of the backend: those of
	// runs on other machines, too, of which there is no record here.
	Stacks func(ctx context.Context) ([]Stack, error)
	// Orphans, where not nil, finds resources whose stack is none of these.
	Orphans func(ctx context.Context, stacks []Stack) ([]Orphan, error)
}

// Stack is a stack in the backend.
type Stack struct {
	Name    string
	Updated time.Time
}

// Prefix begins the name of every ephemeral stack.
const Prefix = "e2e-"

// Orphan is a resource tagged by the project whose stack no longer exists.
type Orphan struct {
	ARN, Stage string
	Expires    time.Time
}

// Result is what a sweep found and did.
type Result struct {
	Runs    []Swept  `json:"runs"`
	Spared  []string `json:"spared"` // alive and not expired
	Orphans []string `json:"orphans"`
}

// Swept is one run that was cleared away, or would be.
type Swept struct {
	ID     string `json:"id"`
	Stack  string `json:"stack"`
	Target string `json:"target"`
	Why    string `json:"why"` // "dead" or "expired"
	Error  string `json:"error,omitempty"`
}

// ErrLeft says that something could not be cleared away, or has no stack to be
// destroyed with.
var ErrLeft = errors.New("something is left that needs a person")

// Run looks at every record of a run.
func Run(ctx context.Context, c *console.Console, o Options) (Result, error) {
	result := Result{Runs: []Swept{}, Spared: []string{}, Orphans: []string{}}
	found, err := runs.List(o.Cache)
	if err != nil {
		c.Progress("  %v", err)
	}
	failed := err != nil
	for _, f := range found {
		why, spare := o.judge(f)
		if spare {
			result.Spared = append(result.Spared, f.ID)
			continue
		}
		s := Swept{ID: f.ID, Stack: f.Stack, Target: f.Target, Why: why}
		if !o.DryRun {
			if err := o.clear(ctx, f); err != nil {
				s.Error, failed = err.Error(), true
			}
		}
		result.Runs = append(result.Runs, s)
		c.Progress("  %s", s.sentence(o.DryRun))
	}
	var stacks []Stack
	if o.Stacks != nil {
		if stacks, err = o.Stacks(ctx); err != nil {
			return result, err
		}
		for _, s := range o.forgotten(stacks, found) {
			if !o.DryRun {
				if err := o.Destroy(ctx, runs.Run{ID: s.Stack, Stack: s.Stack, Target: s.Target}); err != nil {
					s.Error, failed = err.Error(), true
				}
			}
			result.Runs = append(result.Runs, s)
			c.Progress("  %s", s.sentence(o.DryRun))
		}
	}
	if o.Orphans != nil {
		orphans, err := o.Orphans(ctx, stacks)
		if err != nil {
			return result, err
		}
		for _, orphan := range orphans {
			result.Orphans = append(result.Orphans, orphan.ARN)
			c.Progress("  without a stack: %s (stage %s)", orphan.ARN, orphan.Stage)
			failed = failed || !o.DryRun
		}
	}
	if failed {
		return result, ErrLeft
	}
	return result, ctx.Err()
}

// forgotten are the ephemeral stacks that nobody has touched for long and no
// record here speaks of.
func (o Options) forgotten(stacks []Stack, found []runs.Found) (list []Swept) {
	for _, s := range stacks {
		known := slices.ContainsFunc(found, func(f runs.Found) bool { return f.Stack == s.Name })
		if known || !strings.HasPrefix(s.Name, Prefix) || o.Now.Sub(s.Updated) <= o.OlderThan {
			continue
		}
		list = append(list, Swept{ID: s.Name, Stack: s.Name, Target: "aws", Why: "not updated since " + s.Updated.UTC().Format(time.RFC3339)})
	}
	return list
}

func (s Swept) sentence(dry bool) string {
	what := s.ID
	if s.Stack != "" {
		what += ", stack " + s.Stack + " on " + s.Target
	}
	switch {
	case s.Error != "":
		return fmt.Sprintf("%s: %s, and could not be cleared away: %s", what, s.Why, s.Error)
	case dry:
		return fmt.Sprintf("%s: %s, would be cleared away", what, s.Why)
	}
	return fmt.Sprintf("%s: %s, cleared away", what, s.Why)
}

// judge spares runs that are alive and not expired. A dead run is swept at
// once if it was to be gone with its process; one that was kept on purpose
// (--keep-on-failure) waits until it expires.
func (o Options) judge(f runs.Found) (why string, spare bool) {
	switch {
	case f.Alive:
		return "", true
	case f.Target == "local" || f.Expires.IsZero():
		return "its process is dead", false
	case o.Now.After(f.Expires):
		return "expired", false
	case o.Now.Sub(f.Created) > o.OlderThan:
		return "its process is dead", false
	}
	return "", true
}

// clear destroys the stack where it outlives its process, then removes what is
// on this machine. The record stays while the stack does.
func (o Options) clear(ctx context.Context, f runs.Found) error {
	if f.Target == "aws" && f.Stack != "" {
		if err := o.Destroy(ctx, f.Run); err != nil {
			return err
		}
	}
	return f.Clear()
}

// TaggedOrphans finds resources that carry the project's tags with an expiry,
// as ephemeral stacks have, and belong to none of the stacks that exist.
func TaggedOrphans(ctx context.Context, api *resourcegroupstaggingapi.Client, stacks []Stack, now time.Time) ([]Orphan, error) {
	var list []Orphan
	pages := resourcegroupstaggingapi.NewGetResourcesPaginator(api, &resourcegroupstaggingapi.GetResourcesInput{
		TagFilters: []types.TagFilter{{Key: aws.String("Project"), Values: []string{"crawlerless"}}, {Key: aws.String("expires")}},
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("find tagged resources: %w", err)
		}
		for _, r := range page.ResourceTagMappingList {
			o := Orphan{ARN: aws.ToString(r.ResourceARN)}
			for _, t := range r.Tags {
				switch aws.ToString(t.Key) {
				case "Stage":
					o.Stage = aws.ToString(t.Value)
				case "expires":
					if at, err := time.Parse(time.RFC3339, aws.ToString(t.Value)); err == nil {
						o.Expires = at
					}
				}
			}
			exists := slices.ContainsFunc(stacks, func(s Stack) bool { return s.Name == o.Stage })
			if !exists && now.After(o.Expires) {
				list = append(list, o)
			}
		}
	}
	slices.SortFunc(list, func(a, b Orphan) int { return strings.Compare(a.ARN, b.ARN) })
	return list, nil
}
