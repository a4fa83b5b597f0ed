package cli

import "crawlerless/automation/doctor"

type doctorCommand struct {
	JSON bool `help:"Print one JSON document on standard output."`
}

// Help is shown by doctor --help.
func (doctorCommand) Help() string {
	return `Looks at this machine and changes nothing. Each line says ok, missing, or optional: only some commands need it; below it, what to do. Exits with 1 when something is missing that every command needs.

Examples:
  automation doctor
  automation doctor --json`
}

func (c *doctorCommand) Run(s *session) error {
	root, cache, err := places()
	if err != nil {
		return err
	}
	return doctor.Run(s.ctx, s.console, root, cache, c.JSON)
}
