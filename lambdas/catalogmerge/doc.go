// Package catalogmerge brings what objects say of themselves into the Glue Data
// Catalog: it registers their partitions and evolves their tables, so that
// after any deliveries of the same objects, in any order, at any concurrency,
// with calls that fail, answers that get lost and processes that die, the
// catalog is what one reader of all objects would have written.
//
// # What it guarantees
//
// When all deliveries have at last succeeded (each is repeated until it does:
// by the state machine's Retry, or from the dead-letter queue), then
//
//   - the table has the merge of all schemas: every column with its widest type;
//   - every partition of an object is registered, at its own location;
//   - every partition has exactly the table's columns, in the table's order, so
//     that no reader meets a partition schema mismatch: for JSON, Athena
//     compares by position.
//
// Columns are appended and never moved or removed, types only widen. The order
// of columns, and it alone, depends on the order of arrival. What others wrote
// into table and partitions meanwhile stays.
//
// # How
//
// The table is the point where writers meet: it is written with its VersionId
// and nothing else, and whoever comes too late reads it again and merges again.
// Partitions have no version in Glue: the last write wins. So whoever writes one
// looks at the table afterwards, and writes again if it has changed: of two
// writers the one that read the older table comes right in the end.
//
// Whoever changes a table's columns has every partition to bring up to date, and
// may die on the way. So that this is not forgotten, the same write that changes
// the columns leaves a note in the table's parameters (see token.go), which is
// taken away when all partitions are done. A repeated delivery of the same
// object that finds the note does the work over; so does anybody who finds the
// note of a process that cannot be alive any more.
//
// # What it does not do
//
// It does not delete. It does not touch partitions of another format than the
// table's (compacted ones, say), nor a partition's location. It does not list
// S3. It makes no promise about writers that ignore VersionId.
package catalogmerge
