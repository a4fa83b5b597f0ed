package duck

import (
	"math"
	"time"
)

func dateAdd(unit string, n int64, t time.Time) (any, error) {
	months := map[string]int64{"month": 1, "quarter": 3, "year": 12}[unit]
	if n > math.MaxInt32 || n < math.MinInt32 {
		if length := lengths[unit]; length == 0 || length >= 24*time.Hour || n > math.MaxInt64/int64(length) || n < math.MinInt64/int64(length) {
			return nil, fail("INVALID_FUNCTION_ARGUMENT", "%d is too much to add", n)
		}
	}
	if months == 0 {
		return t.AddDate(0, 0, days(unit, n)).Add(rest(unit, n)), nil
	}
	total := int64(t.Year())*12 + int64(t.Month()) - 1 + n*months
	year, month := int(floorDiv(total, 12)), int(total-floorDiv(total, 12)*12)+1
	last := time.Date(year, time.Month(month)+1, 0, 0, 0, 0, 0, time.UTC).Day()
	return time.Date(year, time.Month(month), min(t.Day(), last), t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), time.UTC), nil
}

func floorDiv(a, b int64) int64 {
	if a%b < 0 {
		return a/b - 1
	}
	return a / b
}

// lengths are the units of a fixed length.
var lengths = map[string]time.Duration{
	"millisecond": time.Millisecond, "second": time.Second, "minute": time.Minute, "hour": time.Hour, "day": 24 * time.Hour, "week": 7 * 24 * time.Hour,
}

func days(unit string, n int64) int {
	switch unit {
	case "day":
		return int(n)
	case "week":
		return int(7 * n)
	}
	return 0
}

func rest(unit string, n int64) time.Duration {
	if length := lengths[unit]; length < 24*time.Hour {
		return time.Duration(n) * length
	}
	return 0
}

// dateDiff counts whole units from a to b.
func dateDiff(unit string, a, b time.Time) int64 {
	if length := lengths[unit]; length > 0 {
		// In seconds and nanoseconds: a Duration does not reach over 292 years.
		seconds, nanos := b.Unix()-a.Unix(), int64(b.Nanosecond()-a.Nanosecond())
		if length < time.Second {
			return (seconds*1e6 + nanos/1000) / 1000
		}
		if seconds > 0 && nanos < 0 {
			seconds--
		} else if seconds < 0 && nanos > 0 {
			seconds++
		}
		return seconds / int64(length/time.Second)
	}
	sign := int64(1)
	if b.Before(a) {
		a, b, sign = b, a, -1
	}
	months := int64(b.Year()-a.Year())*12 + int64(b.Month()) - int64(a.Month())
	for months > 0 {
		shifted, err := dateAdd("month", months, a)
		if at, ok := shifted.(time.Time); err == nil && ok && !at.After(b) {
			break
		}
		months--
	}
	return sign * months / map[string]int64{"month": 1, "quarter": 3, "year": 12}[unit]
}
