package athena

import (
	_ "embed"

	"crawlerless/localaws/wire"
)

// constraints are what the model of the API allows: see [wire.Service].
//
//go:embed constraints.txt
var constraints string

// refuse says what is wrong as Athena does: without the value. Measured there,
// in the notes of https://github.com/aoyagikouhei/athena-local (issues 3 and 84).
func refuse(_ string, wrong wire.Violations) error {
	for i := range wrong {
		wrong[i].Hidden = true
	}
	return invalid(wrong.Message())
}
