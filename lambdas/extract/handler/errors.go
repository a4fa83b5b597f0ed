package handler

import (
	"fmt"

	"crawlerless/lambdas/ndjson"
)

// The types of these errors are the names by which the state machine knows
// them. None but ObjectChanged gets better by trying again.
type (
	// InvalidEvent is an event that names no object.
	InvalidEvent struct{ Reason string }
	// UnknownSource is an object under the lake's prefix that belongs to no
	// source of the stack, or lies beside its source's layout.
	UnknownSource struct{ Key, Reason string }
	// ObjectNotFound is an object that was deleted before it was read.
	ObjectNotFound struct{ Where string }
	// ObjectChanged is an object that was replaced while it was read.
	ObjectChanged struct{ Where string }
	// ObjectTruncated is an object that ends within its compressed stream.
	ObjectTruncated struct{ Unreadable }
	// ObjectCorrupt is an object whose compressed stream is damaged.
	ObjectCorrupt struct{ Unreadable }
	// ObjectTooLarge is an object that unpacks to more than MAX_RAW_BYTES.
	ObjectTooLarge struct{ Unreadable }
	// ObjectTooComplex is an object with more fields than can be held.
	ObjectTooComplex struct{ Unreadable }
)

// Unreadable says what was read of an object that could not be read whole.
type Unreadable struct {
	Where  string
	Reason error
	Read   ndjson.Result
}

// Own says that an error is one of these that is not tried again; by its type
// the state machine knows it.
func Own(err error) bool {
	switch err.(type) { //nolint:errorlint // Lambda looks at the outermost type
	case *InvalidEvent, *UnknownSource, *ObjectNotFound, *ObjectTruncated, *ObjectCorrupt, *ObjectTooLarge, *ObjectTooComplex:
		return true
	}
	return false
}

func (e Unreadable) Error() string {
	return fmt.Sprintf("%s: %v; read until then: %d records, %d malformed lines, %d of the packed and %d of the unpacked bytes",
		e.Where, e.Reason, e.Read.Records, e.Read.MalformedLines, e.Read.CompressedBytes, e.Read.RawBytes)
}

func (e Unreadable) Unwrap() error { return e.Reason }

func (e InvalidEvent) Error() string { return "event is no object event of S3: " + e.Reason }

func (e UnknownSource) Error() string {
	return fmt.Sprintf("object %q is of no source: %s; add the source to the stack's configuration or remove the object", e.Key, e.Reason)
}

func (e ObjectNotFound) Error() string {
	return e.Where + " does not exist: it was deleted before it was read"
}

// ErrorName is what the state machine knows it by, and tries again.
func (ObjectChanged) ErrorName() string { return "ObjectChanged" }

func (e ObjectChanged) Error() string { return e.Where + " was replaced while it was read" }
