package cli

import (
	"errors"

	"crawlerless/automation/costcmd"
)

type costCommand struct {
	Stage     string    `short:"s" predictor:"stage" help:"One stage; without it, all."`
	GBPerDay  []float64 `name:"gb-per-day" placeholder:"N" help:"A volume instead of the one that the stage expects; may be given several times."`
	Prices    string    `placeholder:"FILE" help:"A file with what costs another amount in another region."`
	FreeTiers bool      `help:"Subtract what is free each month."`
	JSON      bool      `help:"Print one JSON document on standard output."`
	HTML      string    `name:"html" placeholder:"FILE" help:"Write a page with the chart of monthly cost against volume."`
}

// Help is shown by cost --help.
func (costCommand) Help() string {
	return `Examples:
  automation cost
  automation cost --stage prod --gb-per-day 5 --gb-per-day 500 --html cost.html
  automation cost --prices frankfurt.json --json

docs/cost.md derives every figure by hand, and says what a price file looks like.`
}

func (c *costCommand) Run(s *session) error {
	root, err := projectRoot()
	if err != nil {
		return err
	}
	err = costcmd.Run(s.ctx, costcmd.Options{
		Root: root, Stage: c.Stage, GBPerDay: c.GBPerDay, Prices: c.Prices, FreeTiers: c.FreeTiers, JSON: c.JSON, HTML: c.HTML,
	}, s.console.Out, s.console.Err)
	var wrong *costcmd.UsageError
	if errors.As(err, &wrong) {
		return &usageError{err}
	}
	return err
}
