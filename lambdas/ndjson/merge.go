package ndjson

import (
	"slices"
	"time"

	"crawlerless/lambdas/schema"
)

// Merge returns the result of reading both inputs, of r first. Apart from the
// order of FirstMalformed and Notes it does not depend on which is first.
func (r Result) Merge(other Result) Result {
	out := r
	out.Schema = schema.Merge(r.Schema, other.Schema)
	out.Records += other.Records
	out.Blank += other.Blank
	out.MalformedLines += other.MalformedLines
	out.CompressedBytes += other.CompressedBytes
	out.RawBytes += other.RawBytes
	out.FirstMalformed = slices.Concat(r.FirstMalformed, other.FirstMalformed)
	if len(out.FirstMalformed) > MaxReported {
		out.FirstMalformed = out.FirstMalformed[:MaxReported]
	}
	out.FirstEventTime = pick(r.FirstEventTime, other.FirstEventTime, time.Time.Before)
	out.LastEventTime = pick(r.LastEventTime, other.LastEventTime, time.Time.After)
	// Of the columns that the union has: with too many of them it has fewer
	// than both together.
	out.Columns = make(map[string]ColumnCount, len(out.Schema.Columns))
	for _, c := range out.Schema.Columns {
		for _, key := range c.Keys() {
			a, b := r.Columns[key], other.Columns[key]
			out.Columns[key] = ColumnCount{Present: a.Present + b.Present, Nulls: a.Nulls + b.Nulls}
		}
	}
	out.Notes = slices.Clone(r.Notes)
	for _, n := range other.Notes {
		if !slices.Contains(out.Notes, n) {
			out.Notes = append(out.Notes, n)
		}
	}
	return out
}

func pick(a, b *time.Time, better func(time.Time, time.Time) bool) *time.Time {
	if a == nil || b != nil && better(*b, *a) {
		return b
	}
	return a
}

// Counts returns how many records had a column, and in how many it was null.
// Keys that are read as one column count together.
func (r Result) Counts(c schema.Column) ColumnCount {
	var sum ColumnCount
	for _, key := range c.Keys() {
		n := r.Columns[key]
		sum.Present += n.Present
		sum.Nulls += n.Nulls
	}
	return sum
}
