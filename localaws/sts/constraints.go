package sts

import (
	_ "embed"

	"crawlerless/localaws/wire"
)

// constraints are what the model of the API allows: see [wire.Service].
//
//go:embed constraints.txt
var constraints string

func refuse(_ string, wrong wire.Violations) error {
	return &wire.Error{Code: "ValidationError", Message: wrong.Message()}
}
