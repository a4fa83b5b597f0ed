package stage

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"
	"github.com/aws/aws-sdk-go-v2/service/sfn"

	"crawlerless/automation/backfill"
	"crawlerless/automation/observe"
	"crawlerless/automation/reconcile"
	"crawlerless/automation/replay"
	"crawlerless/automation/workspace"
	"crawlerless/stack/pipeline"
)

// projected says whether the stage, as it stands before an update, projects its
// partitions. One that was never deployed does not.
func (s *Stage) projected(ctx context.Context) (bool, error) {
	out, err := s.space.Outputs(ctx)
	if errors.Is(err, workspace.ErrMissingOutput) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	api := glue.NewFromConfig(s.target.AWS())
	for _, table := range out.Tables {
		t, err := api.GetTable(ctx, &glue.GetTableInput{DatabaseName: &out.Database, Name: &table})
		var missing *types.EntityNotFoundException
		if errors.As(err, &missing) {
			continue // the update makes it
		}
		if err != nil {
			return false, fmt.Errorf("table %s.%s: %w", out.Database, table, err)
		}
		if t.Table.Parameters["projection.enabled"] == "true" {
			return true, nil
		}
	}
	return false, nil
}

// registerAgain registers what came while partitions were projected, and brings
// in line what was registered before: until then Athena does not see it.
func (s *Stage) registerAgain(ctx context.Context, out workspace.Outputs) error {
	config := s.target.AWS()
	s.console.Progress("  partitions were projected and are registered from now on: registering those that are there")
	runner := &replay.Runner{API: sfn.NewFromConfig(config), MachineARN: out.StateMachineARN, Since: time.Now()}
	reports, err := s.reconcile(ctx, observe.Open(config, out), runner, slices.Sorted(maps.Keys(out.Tables)), true)
	if err != nil {
		printReports(reports, s.console.Progress)
	}
	return err
}

// reconcile holds the tables of some sources against the lake. Its error is
// [ErrFound] where something is left as it was found.
func (s *Stage) reconcile(ctx context.Context, p *observe.Pipeline, runner *replay.Runner, sources []string, repair bool) ([]reconcile.Report, error) {
	step := s.console.Step("reconcile")
	var reports []reconcile.Report
	var errs []error
	left, found := 0, 0
	for _, name := range sources {
		r, err := reconcile.Run(ctx, reconcile.Options{
			S3: p.S3, Glue: p.Glue, Bucket: p.Outputs.LakeBucket, Prefix: pipeline.LogsPrefix + name + "/",
			Database: p.Outputs.Database, Table: p.Outputs.Tables[name], Repair: repair, Now: s.target.Now, Progress: step.Update,
			Catalogue: func(ctx context.Context, prefix string) error {
				_, err := backfill.Run(ctx, backfill.Options{S3: p.S3, Bucket: p.Outputs.LakeBucket, Prefix: prefix, Parallel: 16, Replay: catalogue(p, runner)})
				return err
			},
		})
		reports, errs = append(reports, r), append(errs, err)
		left, found = left+r.Left(), found+len(r.Findings)
	}
	err := errors.Join(errs...)
	if err == nil && left > 0 {
		err = ErrFound
	}
	if err != nil {
		step.Failed(err)
	} else {
		step.Done("%d tables, %d findings, %d repaired", len(reports), found, found-left)
	}
	return reports, err
}

// printReports tells what was found, a line for each finding.
func printReports(reports []reconcile.Report, print func(format string, args ...any)) {
	for _, r := range reports {
		print("  %-20s %d hours with objects, %d partitions, %d findings", r.Table, r.Prefixes, r.Partitions, len(r.Findings))
		if r.Foreign > 0 {
			print("    %d partitions are of another format than the table and are left alone", r.Foreign)
		}
		for _, f := range r.Findings {
			state := ""
			if f.Repaired {
				state = " (repaired)"
			}
			print("    %-13s %s: %s%s", f.Kind, strings.Join(f.Values, "/"), f.Detail, state)
		}
	}
}
