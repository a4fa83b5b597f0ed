package cost

import (
	"errors"
	"fmt"
	"math"
)

// Scenario is a stage's configuration with the volume that it expects: all that
// the bill depends on beside the prices. Start from [Default].
type Scenario struct {
	// GBPerDay is the raw log of all sources together, in GB (2^30 bytes) a day:
	// the metric IncomingBytes of their log groups.
	GBPerDay float64 `json:"gbPerDay"`
	// EventBytes is the mean size of a log event.
	EventBytes int64 `json:"eventBytes"`
	// Sources share the volume evenly; each has a delivery stream and a table.
	Sources int64 `json:"sources"`

	// BufferMiB and BufferSeconds are Firehose's hints. An object is written
	// when either is reached, so together with the volume they say how many
	// objects there are.
	BufferMiB     int64 `json:"bufferMiB"`
	BufferSeconds int64 `json:"bufferSeconds"`
	// CompressionRatio is how many times smaller gzip makes the logs.
	CompressionRatio float64 `json:"compressionRatio"`
	// Uncompressed says that Firehose writes what arrives as it is. What CloudWatch
	// Logs sends and stores is compressed in any case.
	Uncompressed bool `json:"uncompressed"`
	// RecordKB is the mean compressed size of what CloudWatch Logs sends to
	// Firehose at once, in KB (1,024 bytes); Firehose rounds it up to 5 KB.
	RecordKB int64 `json:"recordKB"`

	// LogRetentionDays, LakeTransitionDays and LakeExpiryDays are as in the
	// stack's configuration; for the lake, 0 is never.
	LogRetentionDays   int64 `json:"logRetentionDays"`
	LakeTransitionDays int64 `json:"lakeTransitionDays"`
	LakeExpiryDays     int64 `json:"lakeExpiryDays"`

	// QueriesPerDay each read QueryHours of one source.
	QueriesPerDay int64 `json:"queriesPerDay"`
	QueryHours    int64 `json:"queryHours"`

	// Projected is partition projection instead of registered partitions.
	Projected bool `json:"projected"`
	// Standard is a Standard workflow instead of an Express one.
	Standard bool `json:"standard"`
	// X86 prices the functions on x86_64 instead of arm64.
	X86 bool `json:"x86"`
	// ExtractMemoryMiB and CatalogMemoryMiB are the functions' memory.
	ExtractMemoryMiB int64 `json:"extractMemoryMiB"`
	CatalogMemoryMiB int64 `json:"catalogMemoryMiB"`
	// ExtractBaseMs is the time of the extract function beside reading;
	// ExtractMiBPerSecond is how much raw log it reads; CatalogMs is the time of
	// the catalog function; WorkflowMs is what the state machine adds.
	ExtractBaseMs       int64 `json:"extractBaseMs"`
	ExtractMiBPerSecond int64 `json:"extractMiBPerSecond"`
	CatalogMs           int64 `json:"catalogMs"`
	WorkflowMs          int64 `json:"workflowMs"`
	// FunctionLogBytes is what one invocation writes to its own log group.
	FunctionLogBytes int64 `json:"functionLogBytes"`
	// EvolutionsPerMonth is in how many hours of a month a table gets new columns
	// or wider types.
	EvolutionsPerMonth int64 `json:"evolutionsPerMonth"`
	// Alarms of the stage.
	Alarms int64 `json:"alarms"`

	// FreeTiers subtracts what is free each month. Off by default: an account
	// has each free tier once, and another workload may have used it.
	FreeTiers bool `json:"freeTiers"`
}

// Default is a stage with the stack's default configuration and the assumptions
// that docs/cost.md gives reasons for.
func Default() Scenario {
	return Scenario{
		GBPerDay: 1, EventBytes: 500, Sources: 1,
		BufferMiB: 64, BufferSeconds: 300, CompressionRatio: 8, RecordKB: 20,
		LogRetentionDays: 7, LakeExpiryDays: 90,
		QueriesPerDay: 20, QueryHours: 24,
		ExtractMemoryMiB: 512, CatalogMemoryMiB: 256,
		ExtractBaseMs: 100, ExtractMiBPerSecond: 40, CatalogMs: 300, WorkflowMs: 100,
		FunctionLogBytes: 1000, EvolutionsPerMonth: 8, Alarms: 4,
	}
}

// Limits of what can be computed without overflow, far above any real volume.
const (
	maxGBPerDay = 1e6
	maxEvent    = 1 << 20 // CloudWatch Logs' largest event
)

// CheckVolume reports a volume that cannot be computed with.
func CheckVolume(gbPerDay float64) error {
	if math.IsNaN(gbPerDay) || gbPerDay < 0 || gbPerDay > maxGBPerDay {
		return fmt.Errorf("%g; allowed: 0 to %.0f GB a day", gbPerDay, float64(maxGBPerDay))
	}
	return nil
}

// Check reports everything that is wrong with the scenario.
func (s Scenario) Check() error {
	var errs []error
	within := func(name string, value, low, high int64) {
		if value < low || value > high {
			errs = append(errs, fmt.Errorf("%s is %d; allowed: %d to %d", name, value, low, high))
		}
	}
	if err := CheckVolume(s.GBPerDay); err != nil {
		errs = append(errs, fmt.Errorf("gbPerDay is %w", err))
	}
	if math.IsNaN(s.CompressionRatio) || s.CompressionRatio < 1 || s.CompressionRatio > 1000 {
		errs = append(errs, fmt.Errorf("compressionRatio is %g; allowed: 1 to 1000", s.CompressionRatio))
	}
	within("eventBytes", s.EventBytes, 1, maxEvent)
	within("sources", s.Sources, 1, 10_000)
	within("bufferMiB", s.BufferMiB, 1, 128)
	within("bufferSeconds", s.BufferSeconds, 1, 900)
	within("recordKB", s.RecordKB, 1, 1000)
	within("logRetentionDays", s.LogRetentionDays, 1, 3653)
	within("lakeTransitionDays", s.LakeTransitionDays, 0, 36500)
	within("lakeExpiryDays", s.LakeExpiryDays, 0, 36500)
	within("queriesPerDay", s.QueriesPerDay, 0, 1_000_000)
	within("queryHours", s.QueryHours, 1, 87_600)
	within("extractMemoryMiB", s.ExtractMemoryMiB, 128, 10_240)
	within("catalogMemoryMiB", s.CatalogMemoryMiB, 128, 10_240)
	within("extractBaseMs", s.ExtractBaseMs, 1, 900_000)
	within("extractMiBPerSecond", s.ExtractMiBPerSecond, 1, 100_000)
	within("catalogMs", s.CatalogMs, 1, 900_000)
	within("workflowMs", s.WorkflowMs, 0, 300_000)
	within("functionLogBytes", s.FunctionLogBytes, 0, 1<<20)
	within("evolutionsPerMonth", s.EvolutionsPerMonth, 0, 730)
	within("alarms", s.Alarms, 0, 10_000)
	return errors.Join(errs...)
}
