package cli

import "errors"

var (
	errPathsWithoutInput = errors.New("paths come after --input: automation demo --input PATH…")
	errTooFewEvents      = errors.New("--events must be 1 or more")
)
