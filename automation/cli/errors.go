package cli

import "errors"

var (
	errPathsWithoutInput = errors.New("paths come after --input: automation demo --input PATH…")
	errNegativeEvents    = errors.New("--events must be 0 or more")
)
