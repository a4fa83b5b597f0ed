package cli

import (
	"context"
	"errors"

	"crawlerless/automation/console"
	"crawlerless/automation/query"
	"crawlerless/automation/stage"
	"crawlerless/cost"
)

type queryCommand struct {
	stageFlags
	SQL   string `arg:"" name:"sql" help:"The query, in Athena's SQL."`
	Limit int    `default:"100" help:"How many rows to show; 0 is all."`
}

// Help is shown by query --help.
func (queryCommand) Help() string {
	return `Examples:
  automation query --target local 'SELECT level, count(*) FROM generator GROUP BY 1'
  automation query --stage prod --json 'SELECT * FROM app WHERE year = $$2026$$ LIMIT 5'`
}

func (c *queryCommand) Run(s *session) error {
	if c.Limit < 0 {
		return &usageError{errors.New("--limit must be 0 or more")}
	}
	prices, err := cost.Prices()
	if err != nil {
		return err
	}
	price, err := prices.Get("athena.scan")
	if err != nil {
		return err
	}
	return c.run(s, false, func(ctx context.Context, con *console.Console, o stage.Options) error {
		return stage.Query(ctx, con, o, query.Options{SQL: c.SQL, Limit: c.Limit, JSON: c.JSON, DollarsPerTB: price.USD})
	})
}
