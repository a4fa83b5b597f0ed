package cli

import (
	"errors"

	"crawlerless/automation/guardrails"
)

type guardrailsCommand struct {
	Rules []string `arg:"" optional:"" name:"rule" help:"Guardrails to explain; without any, all are listed."`
	Stage string   `short:"s" help:"Show the levels and settings of this stage; without it, the defaults."`
	JSON  bool     `help:"Print one JSON document on standard output."`
	Check bool     `help:"Check the configuration files of the pack instead: those that are named, or those of every stage."`
}

// Help is shown by guardrails --help.
func (guardrailsCommand) Help() string {
	return `Examples:
  automation guardrails
  automation guardrails firehose-buffer stack-budget --stage prod
  automation guardrails --check policy/config/prod.json

A preview or an up holds a stage against them; docs/guardrails.md has them all.`
}

func (c *guardrailsCommand) Run(s *session) error {
	root, err := projectRoot()
	if err != nil {
		return err
	}
	if c.Check {
		if c.JSON || c.Stage != "" {
			return &usageError{errors.New("--check takes files, and neither --json nor --stage")}
		}
		err = guardrails.Check(root, c.Rules, s.console.Out)
	} else {
		err = guardrails.Show(guardrails.ShowOptions{Root: root, Stage: c.Stage, Rules: c.Rules, JSON: c.JSON}, s.console.Out)
	}
	var wrong *guardrails.UsageError
	if errors.As(err, &wrong) {
		return &usageError{err}
	}
	return err
}
