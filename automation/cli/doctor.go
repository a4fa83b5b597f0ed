package cli

import "crawlerless/automation/doctor"

type doctorCommand struct {
	JSON bool `help:"Print one JSON document on standard output."`
}

func (c *doctorCommand) Run(s *session) error {
	root, cache, err := places()
	if err != nil {
		return err
	}
	return doctor.Run(s.ctx, s.console, root, cache, c.JSON)
}
