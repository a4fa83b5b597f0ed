package iam

import (
	_ "embed"
	"slices"
	"strings"

	"crawlerless/localaws/wire"
)

// constraints are what the model of the API allows: see [wire.Service].
//
//go:embed constraints.txt
var constraints string

// refuse says what is wrong. For the characters of names and paths IAM has
// words of its own, which it says when nothing else is wrong.
func refuse(_ string, wrong wire.Violations) error {
	message := ""
	others := slices.DeleteFunc(slices.Clone(wrong), func(w wire.Violation) bool {
		own := inOwnWords(w)
		if message == "" {
			message = own
		}
		return own != ""
	})
	if len(others) > 0 {
		message = others.Message()
	}
	return &wire.Error{Code: "ValidationError", Message: message}
}

func inOwnWords(w wire.Violation) string {
	switch {
	case w.Kind != wire.Pattern || len(w.Path) != 1:
		return ""
	case strings.HasSuffix(w.Member, "Name"):
		return "The specified value for " + w.Member + " is invalid. It must contain only alphanumeric characters and/or the following: +=,.@_-"
	case w.Member == "path":
		return "The specified value for path is invalid. It must begin and end with / and contain only alphanumeric characters and/or / characters."
	}
	return ""
}
