package duck

import (
	"regexp"
	"strconv"
	"strings"
	"time"

	"crawlerless/localaws/athena/trino"
)

// isoTimestamp reads ISO 8601 as Joda's dateTimeParser does: a date, of which
// month and day may lack, and a time after a T.
func isoTimestamp(s string, digits int) (time.Time, error) {
	invalid := fail("INVALID_FUNCTION_ARGUMENT", `Invalid format: "%s"`, s)
	day, rest := time.Date(1970, 1, 1, 0, 0, 0, 0, time.UTC), s
	if !strings.HasPrefix(s, "T") {
		var ok bool
		if day, rest, ok = isoDate(s); !ok {
			return time.Time{}, invalid
		}
	}
	if rest == "" {
		return day, nil
	}
	rest, ok := strings.CutPrefix(rest, "T")
	if !ok {
		return time.Time{}, invalid
	}
	zone := time.UTC
	if i := strings.IndexAny(rest, "Z+-"); i >= 0 {
		text := rest[i:]
		if text != "Z" && !isoOffset.MatchString(text) {
			return time.Time{}, invalid
		}
		found, ok := trino.ZoneOf(text)
		if !ok {
			return time.Time{}, invalid
		}
		zone, rest = found, rest[:i]
	}
	if rest == "" {
		return inZone(day, zone), nil
	}
	m := isoTime.FindStringSubmatch(rest)
	if m == nil {
		return time.Time{}, invalid
	}
	fraction := m[4]
	if len(fraction) > digits && digits == 3 {
		fraction = fraction[:3] // Joda has milliseconds and cuts off
	}
	at, ok := clock(day, []string{m[1], m[2], m[3], fraction}, digits)
	if !ok {
		return time.Time{}, invalid
	}
	return inZone(at, zone), nil
}

var (
	isoOffset = regexp.MustCompile(`^[+-]\d{2}(:?\d{2})?$`)
	isoTime   = regexp.MustCompile(`^(\d{2})(?::(\d{2})(?::(\d{2})(?:[.,](\d+))?)?)?$`)
	isoDates  = regexp.MustCompile(`^([+-]?\d{4,9})(?:-W(\d{2})(?:-(\d))?|-(\d{3})|-(\d{2})(?:-(\d{2}))?)?(T|$)`)
)

// isoDate reads yyyy, yyyy-MM, yyyy-MM-dd, yyyy-DDD, yyyy-Www and yyyy-Www-d.
func isoDate(s string) (time.Time, string, bool) {
	m := isoDates.FindStringSubmatch(s)
	if m == nil {
		return time.Time{}, "", false
	}
	rest := s[len(m[0])-len(m[7]):]
	number := func(text string, otherwise int) int {
		n, err := strconv.Atoi(text)
		if err != nil {
			return otherwise
		}
		return n
	}
	year := number(m[1], 0)
	switch {
	case m[2] != "":
		week, day := number(m[2], 1), number(m[3], 1)
		fourth := time.Date(year, 1, 4, 0, 0, 0, 0, time.UTC) // is in week 1
		monday := fourth.AddDate(0, 0, -(int(fourth.Weekday())+6)%7)
		t := monday.AddDate(0, 0, (week-1)*7+day-1)
		y, w := t.ISOWeek()
		return t, rest, y == year && w == week && day >= 1 && day <= 7
	case m[4] != "":
		t := time.Date(year, 1, number(m[4], 0), 0, 0, 0, 0, time.UTC)
		return t, rest, t.Year() == year
	}
	month, day := number(m[5], 1), number(m[6], 1)
	t := time.Date(year, time.Month(month), day, 0, 0, 0, 0, time.UTC)
	return t, rest, int(t.Month()) == month && t.Day() == day
}
