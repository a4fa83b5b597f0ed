// Package metadata is the document that travels through the state machine:
// ExtractMetadata returns it, the Choice looks at Known, and UpdateCatalog
// takes it. It is a value without behaviour beyond its own invariants.
//
// The document stays below the state machine's payload limit of 262,144
// bytes: a schema too wide for it lies in the lake bucket and SchemaRef
// points to it.
package metadata

import (
	"time"

	"crawlerless/lambdas/schema"
)

// MaxPayload is the limit of a state machine's payload in bytes.
// https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
const MaxPayload = 262144

// Object identifies one version of one object in S3.
type Object struct {
	Bucket    string `json:"bucket"`
	Key       string `json:"key"`
	VersionID string `json:"versionId,omitempty"`
	ETag      string `json:"etag,omitempty"`
	// Sequencer orders the events of one key: right-pad with zeros to equal
	// length, then compare the bytes.
	Sequencer string `json:"sequencer,omitempty"`
	Size      int64  `json:"size"` // bytes
}

// PartitionValue is one partition column and its value, as in the key.
type PartitionValue struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Bytes counts an object's bytes as they lie in S3 and unpacked.
type Bytes struct {
	Compressed int64 `json:"compressed"`
	Raw        int64 `json:"raw"`
}

// Malformed is a line that is no record.
type Malformed struct {
	Offset int64  `json:"offset"` // of the first byte that is wrong, in the raw bytes
	Line   int64  `json:"line"`   // counted from 1
	Reason string `json:"reason"`
}

// Metadata is what one object tells the catalog.
type Metadata struct {
	Object   Object `json:"object"`
	Source   string `json:"source"`
	Database string `json:"database"`
	Table    string `json:"table"`
	// Partition has the partition columns in the order of the key.
	Partition []PartitionValue `json:"partition"`
	// Location is the partition's, with a slash at the end.
	Location string `json:"location"`
	// Schema has settled: it holds nothing that was only ever null. Empty
	// where SchemaRef is set.
	Schema    *schema.Schema `json:"schema,omitempty"`
	SchemaRef *Object        `json:"schemaRef,omitempty"`
	// Fingerprint is the schema's, wherever it lies.
	Fingerprint string `json:"fingerprint"`

	Records        int64       `json:"records"`
	Blank          int64       `json:"blank"`
	Malformed      int64       `json:"malformed"`
	FirstMalformed []Malformed `json:"firstMalformed,omitempty"`
	Bytes          Bytes       `json:"bytes"`
	FirstEventTime *time.Time  `json:"firstEventTime,omitempty"`
	LastEventTime  *time.Time  `json:"lastEventTime,omitempty"`
	// Notes say what a person should know about the object, such as that it
	// is one document instead of lines.
	Notes []string `json:"notes,omitempty"`
	// Since is the moment before which nothing that is remembered of the catalog
	// counts: an operator replays the object, because it may not be true.
	Since *time.Time `json:"since,omitempty"`
	// Known says that the catalog already has the partition and every column,
	// so that there is nothing to write.
	Known bool `json:"known"`
}
