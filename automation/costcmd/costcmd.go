// Package costcmd is the driver's command cost: what the stages cost, beside the
// other ways of keeping a catalog.
package costcmd

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"crawlerless/automation/workspace"
	"crawlerless/cost"
	"crawlerless/cost/report"
	"crawlerless/stack/pipeline"
)

// Options is what the command line says.
type Options struct {
	Root  string // the checkout
	Stage string // one stage; empty is all
	// GBPerDay replaces the volume that the stage expects: one report for each.
	GBPerDay []float64
	// Prices is a file with what costs another amount in another region.
	Prices string
	// FreeTiers subtracts what is free each month.
	FreeTiers bool
	// JSON prints one document instead of tables.
	JSON bool
	// HTML is a file to write the page to; empty is none.
	HTML string
}

// UsageError is a wrong argument: a stage that there is not, a volume that is
// none, a price list that cannot be read.
type UsageError struct{ err error }

func (e *UsageError) Error() string { return e.err.Error() }

// Unwrap answers what is wrong.
func (e *UsageError) Unwrap() error { return e.err }

// document is what --json prints.
type document struct {
	Prices  cost.PriceList  `json:"prices"`
	Volumes []float64       `json:"volumes"` // of the curves, in GB a day
	Reports []report.Report `json:"reports"`
}

// Run computes and shows. What it says about the page goes to stderr, so that
// stdout is the tables, or the document, and nothing else.
func Run(ctx context.Context, o Options, stdout, stderr io.Writer) error {
	prices, err := priceList(o.Prices)
	if err != nil {
		return &UsageError{err}
	}
	stages, err := stages(o)
	if err != nil {
		return err
	}
	doc := document{Prices: prices, Volumes: cost.Volumes(report.PointsPerDecade)}
	for _, stage := range stages {
		if err := ctx.Err(); err != nil {
			return err
		}
		r, err := report.Of(stage, prices)
		if err != nil {
			return err
		}
		doc.Reports = append(doc.Reports, r)
	}
	if o.HTML != "" {
		if err := writePage(o.HTML, doc.Reports, prices); err != nil {
			return err
		}
		if _, err := fmt.Fprintf(stderr, "wrote %s\n", o.HTML); err != nil {
			return err
		}
	}
	if o.JSON {
		e := json.NewEncoder(stdout)
		e.SetIndent("", "  ")
		return e.Encode(doc)
	}
	for i, r := range doc.Reports {
		if i > 0 {
			if _, err := fmt.Fprintln(stdout); err != nil {
				return err
			}
		}
		if err := r.Table(stdout, prices); err != nil {
			return err
		}
	}
	return nil
}

// stages are the stages to report on, each with each volume.
func stages(o Options) ([]report.Stage, error) {
	for _, volume := range o.GBPerDay {
		if err := cost.CheckVolume(volume); err != nil {
			return nil, &UsageError{fmt.Errorf("--gb-per-day: %w", err)}
		}
	}
	names, err := workspace.Stages(o.Root)
	if err != nil {
		return nil, err
	}
	switch {
	case len(names) == 0:
		return nil, errors.New("there is no stage: no Pulumi.<stage>.yaml in the checkout")
	case o.Stage != "" && !slices.Contains(names, o.Stage):
		return nil, &UsageError{fmt.Errorf("there is no stage %q; there are: %s", o.Stage, strings.Join(names, ", "))}
	case o.Stage != "":
		names = []string{o.Stage}
	}
	var list []report.Stage
	for _, name := range names {
		config, err := workspace.StageConfig(o.Root, name)
		if err != nil {
			return nil, fmt.Errorf("configuration of %s: %w", name, err)
		}
		stage := report.Stage{Name: name, Scenario: ScenarioOf(config), BudgetUSD: config.MonthlyBudgetUSD}
		stage.Scenario.FreeTiers = o.FreeTiers
		if len(o.GBPerDay) == 0 {
			list = append(list, stage)
		}
		for _, volume := range o.GBPerDay {
			stage.Scenario.GBPerDay = volume
			list = append(list, stage)
		}
	}
	return list, nil
}

// ScenarioOf is what a stage's configuration says of its cost.
func ScenarioOf(c pipeline.Config) cost.Scenario {
	s := cost.Default()
	s.GBPerDay = c.ExpectedGBPerDay
	s.Sources = int64(len(c.Sources))
	if c.Generator {
		s.Sources++
	}
	s.Alarms = cost.Alarms(s.Sources)
	s.BufferMiB, s.BufferSeconds = int64(c.BufferMiB), int64(c.BufferSeconds)
	s.LogRetentionDays = int64(c.LogRetentionDays)
	s.LakeTransitionDays, s.LakeExpiryDays = int64(c.LakeTransitionDays), int64(c.LakeExpiryDays)
	s.Projected = c.Partitions == pipeline.Projected
	s.X86 = c.Architecture == "x86_64"
	s.ExtractMemoryMiB, s.CatalogMemoryMiB = int64(c.ExtractMemoryMiB), int64(c.CatalogMemoryMiB)
	return s
}

func priceList(file string) (_ cost.PriceList, err error) {
	list, err := cost.Prices()
	if err != nil || file == "" {
		return list, err
	}
	f, err := os.Open(file)
	if err != nil {
		return cost.PriceList{}, fmt.Errorf("price list: %w", err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	other, err := cost.ReadPrices(f)
	if err == nil {
		list, err = list.With(other)
	}
	if err != nil {
		return cost.PriceList{}, fmt.Errorf("%s: %w", file, err)
	}
	return list, nil
}

func writePage(path string, reports []report.Report, prices cost.PriceList) (err error) {
	f, err := os.Create(path)
	if err != nil {
		return fmt.Errorf("cost page: %w", err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	return report.HTML(f, reports, prices)
}
