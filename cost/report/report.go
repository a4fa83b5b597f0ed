// Package report shows what a stage costs: as tables on a terminal, as one JSON
// document, and as one HTML page that needs no network.
//
// It computes nothing of its own: every figure comes from package cost, and
// every page says which prices, of which date, it was computed with.
package report

import (
	"fmt"

	"crawlerless/cost"
)

// Stage is a stage to report on.
type Stage struct {
	Name     string
	Scenario cost.Scenario
	// BudgetUSD is what the stage may cost a month; 0 is no budget.
	BudgetUSD float64
}

// Report is everything about one stage at one volume. Its JSON form is what
// --json prints.
type Report struct {
	Stage     string        `json:"stage"`
	Scenario  cost.Scenario `json:"scenario"`
	BudgetUSD float64       `json:"budgetUsd,omitempty"`
	Bill      cost.Bill     `json:"bill"`
	// StackUSD is what the stack adds; TotalUSD has the source log groups in it.
	StackUSD float64 `json:"stackUsd"`
	TotalUSD float64 `json:"totalUsd"`
	// USDPerGB is StackUSD for each GB of raw log.
	USDPerGB     float64           `json:"usdPerGb"`
	Services     []ServiceCost     `json:"services"`
	Alternatives []Alternative     `json:"alternatives"`
	BreakEven    []cost.Comparison `json:"breakEven"`
	Files        []FilesAMinute    `json:"filesAMinute"`
	Curves       []Curve           `json:"curves"`
}

// ServiceCost is one service's part of the bill.
type ServiceCost struct {
	Service  string  `json:"service"`
	USD      float64 `json:"usd"`
	USDPerGB float64 `json:"usdPerGb"`
	Verified bool    `json:"verified"` // all prices of it are
}

// Alternative is one way of keeping the catalog, with the same volume.
type Alternative struct {
	Name       string  `json:"name"`
	Gives      string  `json:"gives"`
	CatalogUSD float64 `json:"catalogUsd"` // the part in which they differ
	StackUSD   float64 `json:"stackUsd"`
}

// FilesAMinute is how many objects a minute make a workflow as dear as an hourly
// crawler at its minimum.
type FilesAMinute struct {
	Workflow    string  `json:"workflow"`
	USDAnObject float64 `json:"usdAnObject"`
	Files       float64 `json:"files"`
}

// Curve is what a way costs at each of cost.Volumes(PointsPerDecade).
type Curve struct {
	Name    string    `json:"name"`
	Catalog []float64 `json:"catalogUsd"`
	Stack   []float64 `json:"stackUsd"`
}

// PointsPerDecade is how many volumes of each decade the curves have.
const PointsPerDecade = 8

// Of computes the report.
func Of(stage Stage, prices cost.PriceList) (Report, error) {
	s := stage.Scenario
	bill, err := cost.Estimate(s, prices)
	if err != nil {
		return Report{}, fmt.Errorf("stage %s: %w", stage.Name, err)
	}
	gb := s.GBPerDay * 730 / 24
	perGB := func(usd float64) float64 {
		if gb == 0 {
			return 0
		}
		return usd / gb
	}
	r := Report{
		Stage: stage.Name, Scenario: s, BudgetUSD: stage.BudgetUSD, Bill: bill,
		StackUSD: bill.Stack(), TotalUSD: bill.Total(), USDPerGB: perGB(bill.Stack()),
	}
	for _, line := range bill.ByService() {
		r.Services = append(r.Services, ServiceCost{line.Service, line.USD, perGB(line.USD), line.Verified})
	}
	for i, way := range cost.Ways() {
		other, err := way.Bill(s, prices)
		if err != nil {
			return Report{}, fmt.Errorf("stage %s, %s: %w", stage.Name, way.Name, err)
		}
		r.Alternatives = append(r.Alternatives, Alternative{way.Name, way.Gives, other.Of(cost.Catalog), other.Stack()})
		if i > 0 {
			comparison, err := cost.BreakEven(s, way, prices)
			if err != nil {
				return Report{}, fmt.Errorf("stage %s, %s: %w", stage.Name, way.Name, err)
			}
			r.BreakEven = append(r.BreakEven, comparison)
		}
		curve := Curve{Name: way.Name}
		for _, volume := range cost.Volumes(PointsPerDecade) {
			at := s
			at.GBPerDay = volume
			other, err := way.Bill(at, prices)
			if err != nil {
				return Report{}, fmt.Errorf("%s at %g GB a day: %w", way.Name, volume, err)
			}
			curve.Catalog = append(curve.Catalog, other.Of(cost.Catalog))
			curve.Stack = append(curve.Stack, other.Stack())
		}
		r.Curves = append(r.Curves, curve)
	}
	r.Files, err = files(s, prices)
	return r, err
}

// files finds what one more object costs by comparing two days.
func files(s cost.Scenario, prices cost.PriceList) ([]FilesAMinute, error) {
	s.FreeTiers = false
	var list []FilesAMinute
	for _, w := range []struct {
		name     string
		standard bool
	}{{"Express", false}, {"Standard", true}} {
		s.Standard = w.standard
		object, err := cost.PerObject(s, prices)
		if err != nil {
			return nil, err
		}
		files, err := cost.FilesAMinute(object, prices)
		if err != nil {
			return nil, err
		}
		list = append(list, FilesAMinute{w.name, object, files})
	}
	return list, nil
}
