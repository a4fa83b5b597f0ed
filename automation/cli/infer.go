package cli

import (
	"fmt"

	"crawlerless/automation/infer"
)

type inferCommand struct {
	Paths      []string `arg:"" name:"file" predictor:"file" help:"Files, folders, patterns, or - for standard input."`
	JSON       bool     `help:"Print one JSON document on standard output."`
	DDL        bool     `name:"ddl" help:"Print a CREATE EXTERNAL TABLE that Athena accepts."`
	Table      string   `placeholder:"NAME" help:"The table's name in the DDL."`
	Location   string   `placeholder:"URL" help:"The table's location in the DDL."`
	Records    string   `placeholder:"KEY" help:"Read a document whose records are the array at this key, such as CloudTrail's Records."`
	TimeFields []string `name:"time-field" placeholder:"KEY" help:"Where an event's time is, instead of the well-known keys."`
	Timestamps bool     `help:"A column whose every value is a time that Athena reads becomes a timestamp."`
}

// Help is shown by infer --help.
func (inferCommand) Help() string {
	return `The schema of log files on disk, by the same engine as the Lambda. Several files give one merged answer, whatever their order. Exits with 1 when a file could not be read to its end.

Examples:
  automation infer access.ndjson.gz
  automation infer --ddl --table access --location s3://lake/logs/access/ logs/
  zcat trail.json.gz | automation infer --records Records -`
}

func (c *inferCommand) Run(s *session) error {
	exit, err := infer.Run(s.ctx, infer.Options{
		Paths: c.Paths, JSON: c.JSON, DDL: c.DDL, Table: c.Table, Location: c.Location,
		Records: c.Records, TimeFields: c.TimeFields, Timestamps: c.Timestamps,
	}, s.stdin, s.console.Out, s.console.Err)
	switch {
	case exit == ExitUsage && err != nil:
		return &usageError{err}
	case err == nil && exit != ExitDone:
		return fmt.Errorf("some input could not be read to its end")
	}
	return err
}
