package logs

import (
	_ "embed"

	"crawlerless/localaws/wire"
)

// constraints are what the model of the API allows: see [wire.Service].
//
//go:embed constraints.txt
var constraints string

// refuse says what is wrong with the one exception that this API has for it:
// https://github.com/fluent-plugins-nursery/fluent-plugin-cloudwatch-logs/issues/223
func refuse(_ string, wrong wire.Violations) error { return invalid("%s", wrong.Message()) }
