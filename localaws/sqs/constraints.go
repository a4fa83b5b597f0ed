package sqs

import (
	"cmp"
	_ "embed"
	"strings"

	"crawlerless/localaws/wire"
)

// constraints are what the model of the API allows: see [wire.Service].
//
//go:embed constraints.txt
var constraints string

// refuse says what is missing in the words of SQS, which names the entries of a
// batch as they are spelled in a form. It has no other constraints in its model
// than these and the names of attributes.
func refuse(operation string, wrong wire.Violations) error {
	for _, w := range wrong {
		if w.Kind == wire.Required {
			return missing(strings.Replace(strings.Join(w.Path, "."), "Entries.", operation+"RequestEntry.", 1))
		}
	}
	return unknownAttribute(cmp.Or(wrong[0].Entry, wrong[0].Value))
}
