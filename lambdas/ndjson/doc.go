// Package ndjson says what newline-delimited JSON looks like: one pass over a
// stream of any length gives its [schema.Schema], its counts and the span of
// its event times, in memory that does not depend on the input.
//
// # What is a record
//
// A line ends with LF; the last may lack it. A line of nothing but space, tab
// and CR is blank. A line that is one JSON object is a record. Any other line
// is malformed, and the first few are reported with their place and reason: it
// contributes nothing, neither a key nor a count. A JSON value that is no
// object is malformed too, because no table has a row for it.
//
// JSON is RFC 8259 exactly as [encoding/json.Valid] judges it, invalid UTF-8
// inside of strings included: it is accepted, as that function does. In a key
// it becomes U+FFFD, as do lone surrogates. Nesting ends at 10,000, where
// encoding/json ends too. A key that occurs twice in an object counts once and
// contributes both of its types. A byte-order mark at the start of the stream
// is skipped; anywhere else it is malformed like any other stray byte.
//
// Numbers without fraction and exponent are bigint when they fit 64 bits.
// Other numbers are double when the double reads back as the same decimal,
// digit for digit apart from zeros at the end; what neither holds is string,
// which loses nothing.
//
// # Caps
//
// Keys longer than 1,024 bytes are cut there. Numbers longer than 4,096 bytes
// are string. Text longer than 64 bytes is no event time. The caps of package
// schema hold. An input that needs more than 5 MiB for distinct fields at one
// time, which are about 16,000, ends with [ErrTooManyFields].
package ndjson
