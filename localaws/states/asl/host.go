package asl

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sfn/types"
)

// Host is what a run needs from its surroundings. Its methods may be called
// from several branches at once, except Record.
type Host interface {
	Now() time.Time
	// Sleep waits until d has passed or ctx ends, and returns ctx's error then.
	Sleep(ctx context.Context, d time.Duration) error
	// WithTimeout is a context that ends after d of the host's time.
	WithTimeout(ctx context.Context, d time.Duration) (context.Context, context.CancelFunc)
	// Random is a number in [0, 1).
	Random() float64
	UUID() string
	// Fork runs all functions at once and returns when all have returned.
	Fork(functions []func())
	// Call runs a task with its parameters and returns what it gives.
	Call(ctx context.Context, t Task, parameters any) (any, *Failure)
	// Record takes the events in the order of their numbers, one at a time.
	Record(e types.HistoryEvent)
}

// Execution is what the context object ($$) tells of a run.
type Execution struct {
	ID        string // ARN
	Name      string
	RoleARN   string
	StartTime time.Time
	// Input is the JSON text that the execution was started with.
	Input       string
	MachineID   string // ARN
	MachineName string
	Region      string // in events of tasks
	Express     bool   // has no RedriveCount
}

// Outcome is how a run ended.
type Outcome struct {
	Status  types.ExecutionStatus // SUCCEEDED, FAILED, TIMED_OUT or ABORTED
	Output  string                // JSON, of a success
	Failure Failure               // of the others
}

// Stop is the cause (context.WithCancelCause) with which a run is ended from
// outside.
type Stop struct {
	Status  types.ExecutionStatus // TIMED_OUT or ABORTED
	Failure Failure
}

func (s *Stop) Error() string { return "the execution was ended: " + string(s.Status) }

// timestamp is a time as the context object writes it.
func timestamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }
