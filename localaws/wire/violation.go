package wire

import (
	"strconv"
	"strings"
)

// Violation is a value of a request that the model of the API does not allow.
type Violation struct {
	// Path to the member, in the words of the API: "MetricData", "1", "Unit".
	// Positions begin with 1; the key of a map stands as it is.
	Path []string
	// Member is the path as AWS's validation prints it:
	// "metricData.1.member.unit".
	Member string
	// Value as AWS prints it, null if it is missing; Hidden if it is not to be
	// repeated.
	Value  string
	Hidden bool
	// Entry is the entry of a list or map that breaks it, where Kind is Entries.
	Entry string
	// Must is the constraint that it breaks, after "failed to satisfy constraint: ".
	Must string
	// Kind of the constraint.
	Kind Constraint
	// Limit is the bound that a length or number breaks.
	Limit string
}

// Constraint is a kind of rule.
type Constraint int

// The kinds.
const (
	Required Constraint = iota
	MinLength
	MaxLength
	MinValue
	MaxValue
	Pattern
	Enum
	Entries // an entry of a list or map of plain values
)

// Violations are all of a request.
type Violations []Violation

// Message is what most services of AWS say:
//
//	1 validation error detected: Value '' at 'logGroupName' failed to satisfy constraint: Member must have length greater than or equal to 1
//
// Several are joined with "; ". Their order is no promise of AWS's.
func (v Violations) Message() string {
	errors := "errors"
	if len(v) == 1 {
		errors = "error"
	}
	var all []string
	for _, one := range v {
		value := "Value '" + one.Value + "'"
		switch {
		case one.Kind == Required:
			value = "Value null"
		case one.Hidden:
			value = "Value"
		}
		all = append(all, value+" at '"+one.Member+"' failed to satisfy constraint: "+one.Must)
	}
	return strconv.Itoa(len(v)) + " validation " + errors + " detected: " + strings.Join(all, "; ")
}
