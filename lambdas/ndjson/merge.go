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
	out.Columns = make(map[string]ColumnCount, max(len(r.Columns), len(other.Columns)))
	for _, columns := range []map[string]ColumnCount{r.Columns, other.Columns} {
		for key, n := range columns {
			have := out.Columns[key]
			out.Columns[key] = ColumnCount{Present: have.Present + n.Present, Nulls: have.Nulls + n.Nulls}
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
	if len(c.Variants) == 0 {
		return r.Columns[c.Key]
	}
	var sum ColumnCount
	for _, v := range c.Variants {
		n := r.Columns[v.Key]
		sum.Present += n.Present
		sum.Nulls += n.Nulls
	}
	return sum
}
