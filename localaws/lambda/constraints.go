package lambda

import _ "embed"

// constraints are what the model of the API allows: see [wire.Service].
//
//go:embed constraints.txt
var constraints string
