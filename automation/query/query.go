// Package query asks one question of a stage's lake: progress while it runs,
// rows, bytes scanned and what they cost.
package query

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/athena"

	client "crawlerless/automation/athena"
	"crawlerless/automation/console"
)

// Options of a query. Limit is how many rows are shown, 0 for all.
type Options struct {
	AWS                 aws.Config
	Workgroup, Database string
	SQL                 string
	Limit               int
	JSON                bool
	// DollarsPerTB is the price of scanning, from the cost model's list.
	DollarsPerTB float64
}

// minimumScan is the least that a query is billed for: 10 MB.
// https://aws.amazon.com/athena/pricing/
const minimumScan = 10_000_000

// document is what --json prints.
type document struct {
	ID           string      `json:"id"`
	Columns      []string    `json:"columns"`
	Types        []string    `json:"types"`
	Rows         [][]*string `json:"rows"`
	Truncated    bool        `json:"truncated"`
	ScannedBytes int64       `json:"scannedBytes"`
	BilledBytes  int64       `json:"billedBytes"`
	Dollars      float64     `json:"dollars"`
	EngineMillis int64       `json:"engineMillis"`
	Output       string      `json:"output"`
}

// Run runs the query and prints its rows.
func Run(ctx context.Context, c *console.Console, o Options) error {
	step := c.Step("query")
	athena := &client.Client{API: athena.NewFromConfig(o.AWS), Workgroup: o.Workgroup, Database: o.Database}
	r, err := athena.Query(ctx, o.SQL, o.Limit)
	if err != nil {
		step.Failed(err)
		var failed *client.QueryError
		if errors.As(err, &failed) && failed.ScannedBytes > 0 {
			c.Progress("  it had scanned %s, which are billed all the same", console.Bytes(failed.ScannedBytes))
		}
		return err
	}
	billed := Billed(r.ScannedBytes)
	dollars := float64(billed) / 1e12 * o.DollarsPerTB
	step.Done("%d rows, %s scanned, %s billed ($%.6f), engine %s", len(r.Rows), console.Bytes(r.ScannedBytes), console.Bytes(billed), dollars, r.Engine.Round(time.Millisecond))
	if o.JSON {
		rows := r.Rows
		if rows == nil {
			rows = [][]*string{}
		}
		b, err := json.MarshalIndent(document{
			ID: r.ID, Columns: r.Columns, Types: r.Types, Rows: rows, Truncated: r.Truncated, ScannedBytes: r.ScannedBytes,
			BilledBytes: billed, Dollars: dollars, EngineMillis: r.Engine.Milliseconds(), Output: r.Output,
		}, "", "  ")
		if err != nil {
			return err
		}
		c.Printf("%s\n", b)
		return nil
	}
	c.Table(r.Columns, r.Rows)
	if r.Truncated {
		c.Printf("the first %d rows; all of them are in %s\n", o.Limit, r.Output)
	}
	return nil
}

// Billed is what a scan is billed as: at least 10 MB, nothing for what reads
// nothing (DDL).
func Billed(scanned int64) int64 {
	if scanned == 0 {
		return 0
	}
	return max(scanned, minimumScan)
}
