package asl

import (
	"fmt"
	"strings"
)

// The codes of problems.
const (
	SchemaValidationFailed  = "SCHEMA_VALIDATION_FAILED"
	MissingTransitionTarget = "MISSING_TRANSITION_TARGET"
	InvalidJSON             = "INVALID_JSON_DESCRIPTION"
)

// Problem is what is wrong with a definition.
type Problem struct {
	Code     string
	Message  string
	Location string // "/States/Extract/Next", or empty
}

func (p Problem) String() string {
	if p.Location == "" {
		return p.Code + ": " + p.Message
	}
	return p.Code + ": " + p.Message + " at " + p.Location
}

// InvalidDefinition is a definition that AWS would refuse.
type InvalidDefinition struct{ Problems []Problem }

// Error lists the problems as the API's message does.
func (e *InvalidDefinition) Error() string {
	texts := make([]string, len(e.Problems))
	for i, p := range e.Problems {
		texts[i] = p.String()
	}
	return strings.Join(texts, ", ")
}

// Unsupported is a valid definition that uses what this package does not do.
type Unsupported struct {
	What     string // "the query language JSONata"
	Location string
}

func (e *Unsupported) Error() string { return fmt.Sprintf("%s at %s", e.What, e.Location) }
