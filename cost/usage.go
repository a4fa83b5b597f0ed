package cost

import "math"

// Units. AWS bills a GB as 2^30 bytes and a month as 730 hours.
const (
	kb           = 1 << 10
	mb           = 1 << 20
	gb           = 1 << 30
	secondsADay  = 24 * 60 * 60
	hoursAMonth  = 730.0
	firehoseStep = 5 * kb
	athenaLeast  = 10 * mb
	// smallestInfrequent is the size below which S3 leaves objects in Standard.
	// https://docs.aws.amazon.com/AmazonS3/latest/userguide/lifecycle-transition-general-considerations.html
	smallestInfrequent = 128 * kb
	// neverDays is how long "never" is when something is kept for ever: ten
	// years, the longest retention that CloudWatch Logs knows.
	neverDays = 3653
)

// DaysPerMonth is how many days AWS's month of 730 hours has.
const DaysPerMonth = hoursAMonth / 24

// objects are n objects of the same raw size, in bytes.
type objects struct {
	n, raw int64
}

// source is what one source does in a day.
type source struct {
	raw, compressed int64 // bytes, as CloudWatch Logs sends them
	stored          int64 // bytes, as Firehose writes them
	events          int64
	written         []objects // by Firehose
	billedFirehose  int64     // bytes, rounded as Firehose does
}

// usage is what a stage does in a day.
type usage struct {
	sources []source
	share   []int64 // how many sources are like the one at the same index
}

// usageOf follows the volume to the objects.
func usageOf(s Scenario, round5kb bool) usage {
	raw := int64(math.Round(s.GBPerDay * gb))
	// All sources are alike, but for a byte that does not divide.
	small, more := raw/s.Sources, raw%s.Sources
	u := usage{}
	for _, like := range []struct{ raw, n int64 }{{small, s.Sources - more}, {small + 1, more}} {
		if like.n > 0 {
			u.sources = append(u.sources, sourceOf(s, like.raw, round5kb))
			u.share = append(u.share, like.n)
		}
	}
	return u
}

func sourceOf(s Scenario, raw int64, round5kb bool) source {
	compressed := int64(math.Ceil(float64(raw) / s.CompressionRatio))
	one := source{raw: raw, compressed: compressed, stored: int64(math.Ceil(float64(raw) / s.storedRatio())), events: ceilDiv(raw, s.EventBytes), written: writtenOf(s, raw)}
	one.billedFirehose = compressed
	if round5kb {
		record := s.RecordKB * kb
		one.billedFirehose = compressed/record*roundUp(record, firehoseStep) + roundUp(compressed%record, firehoseStep)
	}
	return one
}

// writtenOf says which objects Firehose writes in a day from a steady stream: one
// each interval, unless the buffer fills before that, and none for an interval
// without an event.
func writtenOf(s Scenario, raw int64) []objects {
	if raw == 0 {
		return nil
	}
	intervals := ceilDiv(secondsADay, s.BufferSeconds)
	size := raw / intervals
	buffer := s.BufferMiB * mb
	switch {
	case size >= buffer:
		size = buffer
	case size < s.EventBytes:
		size = s.EventBytes
	default:
		// One each interval, with a byte more in those that do not divide.
		return nonEmpty(objects{intervals - raw%intervals, size}, objects{raw % intervals, size + 1})
	}
	return nonEmpty(objects{raw / size, size}, objects{boolToInt(raw%size > 0), raw % size})
}

func nonEmpty(all ...objects) []objects {
	var some []objects
	for _, o := range all {
		if o.n > 0 {
			some = append(some, o)
		}
	}
	return some
}

// sum adds up a quantity over all sources.
func (u usage) sum(of func(source) float64) float64 {
	var total float64
	for i, s := range u.sources {
		total += float64(u.share[i]) * of(s)
	}
	return total
}

func (u usage) raw() float64 { return u.sum(func(s source) float64 { return float64(s.raw) }) }
func (u usage) compressed() float64 {
	return u.sum(func(s source) float64 { return float64(s.compressed) })
}

func (u usage) stored() float64 { return u.sum(func(s source) float64 { return float64(s.stored) }) }

func (u usage) firehose() float64 {
	return u.sum(func(s source) float64 { return float64(s.billedFirehose) })
}

// objects counts them.
func (u usage) objects() float64 { return u.each(func(int64) float64 { return 1 }) }

// each adds up a quantity that depends on an object's raw size.
func (u usage) each(of func(raw int64) float64) float64 {
	return u.sum(func(s source) float64 {
		var total float64
		for _, o := range s.written {
			total += float64(o.n) * of(o.raw)
		}
		return total
	})
}

// newPartitions counts the hours in which something arrives: each is a partition
// that the catalog does not know yet.
func (u usage) newPartitions() float64 {
	return u.sum(func(s source) float64 {
		var n int64
		for _, o := range s.written {
			n += o.n
		}
		return float64(min(n, 24))
	})
}

// largest is the source that queries read.
func (u usage) largest() source { return u.sources[len(u.sources)-1] }

// storedRatio is how many times smaller than the raw log the objects are.
func (s Scenario) storedRatio() float64 {
	if s.Uncompressed {
		return 1
	}
	return s.CompressionRatio
}

func ceilDiv(a, b int64) int64 { return (a + b - 1) / b }

func roundUp(a, step int64) int64 { return ceilDiv(a, step) * step }

func boolToInt(b bool) int64 {
	if b {
		return 1
	}
	return 0
}
