// Package asl interprets the Amazon States Language with JSONPath: it parses
// and checks a definition, and runs it over a host that supplies time, chance,
// tasks and a place for the history.
//
// Parse reports every problem of a definition at once, each with the place
// where it is, as ValidateStateMachineDefinition does. A Machine never changes
// and may run many times at once. Run walks it from an input to an output or a
// Failure and records the events of GetExecutionHistory on the way, with their
// numbers and their previous events as AWS chains them.
//
// The package knows no AWS service: a Task is a resource with parameters that
// the host is asked to call. What happens between two calls depends on nothing
// but the definition, the input and the host.
//
// Not done, and refused by name when a definition is parsed: the query language
// JSONata, variables (Assign), distributed Map with readers and writers,
// callbacks (.waitForTaskToken), .sync, activities and heartbeats.
//
// The language: https://states-language.net. Where AWS differs from its own
// specification, AWS's behaviour as recorded from the service is followed, and
// the place says so.
package asl

// MaxPayload is the most bytes that an input, output or result may have.
// https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
const MaxPayload = 262144

// The names of errors that the language itself raises.
// https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html
const (
	AllFailures          = "States.ALL"
	TaskFailure          = "States.TaskFailed"
	TimeoutFailure       = "States.Timeout"
	RuntimeFailure       = "States.Runtime"
	DataLimitFailure     = "States.DataLimitExceeded"
	IntrinsicFailure     = "States.IntrinsicFailure"
	BranchFailure        = "States.BranchFailed"
	NoChoiceFailure      = "States.NoChoiceMatched"
	ResultPathFailure    = "States.ResultPathMatchFailure"
	ParameterPathFailure = "States.ParameterPathFailure"
)

// Failure is an error of the language: a name and a cause, either of which may
// be empty.
type Failure struct {
	Error, Cause string

	// evaluation says that a state could not be evaluated: its cause still lacks
	// the state's name.
	evaluation bool
	// terminal says that no Retry or Catch applies, as recorded from AWS for
	// States.Runtime, even where it is named.
	terminal bool
	// task says that a task failed: States.TaskFailed covers it.
	task bool
}
