package duck

import (
	"database/sql/driver"
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"

	"crawlerless/localaws/athena/javatime"
	"crawlerless/localaws/athena/trino"
)

// timeFunctions are those of dates and times. A timestamp without a zone, and a
// clock on a wall, is a time in UTC.
// https://trino.io/docs/current/functions/datetime.html
func timeFunctions() []*function {
	formats := &formats{}
	return []*function{
		define("parse_date(varchar) date", func(v []driver.Value) (any, error) {
			m := dateText.FindStringSubmatch(strings.TrimSpace(v[0].(string)))
			if m != nil {
				if t, ok := civil(m[1:4]); ok {
					return t, nil
				}
			}
			return nil, fail("INVALID_CAST_ARGUMENT", "Value cannot be cast to date: %s", v[0])
		}),
		define("parse_time(varchar) time", func(v []driver.Value) (any, error) {
			m := timeText.FindStringSubmatch(strings.TrimSpace(v[0].(string)))
			if m != nil {
				if t, ok := clock(time.Date(1970, 1, 1, 0, 0, 0, 0, time.UTC), m[1:5], 3); ok && t.Day() == 1 {
					return t, nil
				}
			}
			return nil, fail("INVALID_CAST_ARGUMENT", "Value cannot be cast to time: %s", v[0])
		}),
		define("parse_timestamp(varchar, bigint) timestamp", func(v []driver.Value) (any, error) {
			t, zone, ok := timestamp(v[0].(string), int(v[1].(int64)))
			if !ok || zone != "" {
				return nil, fail("INVALID_CAST_ARGUMENT", "Value cannot be cast to timestamp: %s", v[0])
			}
			return t, nil
		}),
		define("parse_zoned(varchar, bigint) zoned", func(v []driver.Value) (any, error) {
			wall, name, ok := timestamp(v[0].(string), int(v[1].(int64)))
			if name == "" {
				name = "UTC"
			}
			zone, known := trino.ZoneOf(name)
			if !ok || !known {
				return nil, fail("INVALID_CAST_ARGUMENT", "Value cannot be cast to timestamp with time zone: %s", v[0])
			}
			return zoned(inZone(wall, zone)), nil
		}),
		define("round_timestamp(timestamp, bigint) timestamp", func(v []driver.Value) (any, error) {
			return roundTime(v[0].(time.Time), int(v[1].(int64))), nil
		}),
		define("zone_wall(timestamp, varchar) timestamp", func(v []driver.Value) (any, error) {
			zone, err := zoneOf(v[1].(string))
			if err != nil {
				return nil, err
			}
			return wall(v[0].(time.Time).In(zone)), nil
		}),
		define("zone_instant(timestamp, varchar) timestamp", func(v []driver.Value) (any, error) {
			zone, err := zoneOf(v[1].(string))
			if err != nil {
				return nil, err
			}
			return inZone(v[0].(time.Time).UTC(), zone).UTC(), nil
		}),
		define("zone_name(varchar) varchar", func(v []driver.Value) (any, error) {
			zone, err := zoneOf(v[0].(string))
			if err != nil {
				return nil, err
			}
			return zone.String(), nil
		}),
		define("offset_name(bigint, bigint) varchar", func(v []driver.Value) (any, error) {
			minutes := v[0].(int64)*60 + v[1].(int64)
			sign := "+"
			if minutes < 0 {
				sign, minutes = "-", -minutes
			}
			zone, err := zoneOf(fmt.Sprintf("%s%02d:%02d", sign, minutes/60, minutes%60))
			if err != nil {
				return nil, err
			}
			return zone.String(), nil
		}),
		define("date_add(varchar, bigint, timestamp) timestamp", func(v []driver.Value) (any, error) {
			return dateAdd(v[0].(string), v[1].(int64), v[2].(time.Time).UTC())
		}),
		define("date_diff(varchar, timestamp, timestamp) bigint", func(v []driver.Value) (any, error) {
			return dateDiff(v[0].(string), v[1].(time.Time).UTC(), v[2].(time.Time).UTC()), nil
		}),
		define("from_unixtime(double) timestamp", func(v []driver.Value) (any, error) {
			millis := math.Floor(v[0].(float64)*1000 + 0.5)
			if math.IsNaN(millis) || math.Abs(millis) > 1e15 {
				return nil, fail("INVALID_FUNCTION_ARGUMENT", "not a time: %s", Double(v[0].(float64), 64))
			}
			return time.UnixMilli(int64(millis)).UTC(), nil
		}),
		define("iso8601_timestamp(varchar, bigint) zoned", func(v []driver.Value) (any, error) {
			t, err := isoTimestamp(v[0].(string), int(v[1].(int64)))
			if err != nil {
				return nil, err
			}
			return zoned(t), nil
		}),
		define("iso8601_date(varchar) date", func(v []driver.Value) (any, error) {
			t, rest, ok := isoDate(v[0].(string))
			if !ok || rest != "" {
				return nil, fail("INVALID_FUNCTION_ARGUMENT", `Invalid format: "%s"`, v[0])
			}
			return t, nil
		}),
		define("to_iso8601(timestamp, varchar) varchar", func(v []driver.Value) (any, error) {
			zone, err := zoneOf(v[1].(string))
			if err != nil {
				return nil, err
			}
			return v[0].(time.Time).In(zone).Format("2006-01-02T15:04:05.000Z07:00"), nil
		}),
		define("date_format(timestamp, varchar) varchar", func(v []driver.Value) (any, error) {
			return dateFormat(v[0].(time.Time).UTC(), v[1].(string))
		}),
		define("date_parse(varchar, varchar) timestamp", func(v []driver.Value) (any, error) {
			return dateParse(v[0].(string), v[1].(string))
		}),
		define("format_datetime(timestamp, varchar, varchar) varchar", func(v []driver.Value) (any, error) {
			p, err := formats.joda(v[2].(string))
			if err != nil {
				return nil, err
			}
			zone, err := zoneOf(v[1].(string))
			if err != nil {
				return nil, err
			}
			return p.Format(v[0].(time.Time).In(zone)), nil
		}),
		define("parse_datetime(varchar, varchar) zoned", func(v []driver.Value) (any, error) {
			p, err := formats.joda(v[1].(string))
			if err != nil {
				return nil, err
			}
			t, err := p.Parse(v[0].(string))
			if err != nil {
				return nil, fail("INVALID_FUNCTION_ARGUMENT", `Invalid format: "%s" is malformed for the pattern %s`, v[0], v[1])
			}
			return zoned(t), nil
		}),
		define("parse_duration(varchar) bigint", func(v []driver.Value) (any, error) {
			m := durationText.FindStringSubmatch(v[0].(string))
			if m == nil {
				return nil, fail("INVALID_FUNCTION_ARGUMENT", "duration is not a valid data duration string: %s", v[0])
			}
			n, err := strconv.ParseFloat(m[1], 64)
			unit := map[string]float64{"ns": 1e-6, "us": 1e-3, "ms": 1, "s": 1e3, "m": 6e4, "h": 36e5, "d": 864e5}[m[2]]
			return int64(math.Floor(n*unit + 0.5)), err
		}),
		define("human_readable_seconds(double) varchar", func(v []driver.Value) (any, error) { return humanSeconds(v[0].(float64)), nil }),
		define("day_interval_text(bigint) varchar", func(v []driver.Value) (any, error) {
			millis, sign := v[0].(int64)/1000, ""
			if millis < 0 {
				millis, sign = -millis, "-"
			}
			return fmt.Sprintf("%s%d %02d:%02d:%02d.%03d", sign, millis/86400000, millis/3600000%24, millis/60000%60, millis/1000%60, millis%1000), nil
		}),
		define("year_interval_text(bigint) varchar", func(v []driver.Value) (any, error) {
			months, sign := v[0].(int64), ""
			if months < 0 {
				months, sign = -months, "-"
			}
			return fmt.Sprintf("%s%d-%d", sign, months/12, months%12), nil
		}),
	}
}

var (
	dateText     = regexp.MustCompile(`^([+-]?\d+)-(\d+)-(\d+)$`)
	timeText     = regexp.MustCompile(`^(\d{1,2}):(\d{1,2})(?::(\d{1,2})(?:\.(\d{1,12}))?)?$`)
	stampText    = regexp.MustCompile(`^([+-]?\d{4,})-(\d{1,2})-(\d{1,2})(?: (?:(\d{1,2}):(\d{1,2})(?::(\d{1,2})(?:\.(\d+))?)?)?\s*(\S.*)?)?$`)
	durationText = regexp.MustCompile(`^\s*(\d+(?:\.\d+)?)\s*([a-z]+)\s*$`)
)

func zoneOf(name string) (*time.Location, error) {
	zone, ok := trino.ZoneOf(name)
	if !ok {
		return nil, fail("INVALID_FUNCTION_ARGUMENT", "'%s' is not a valid time zone", name)
	}
	return zone, nil
}

// zoned is a time as DuckDB has it: the instant and the zone's name. What has
// been read with an offset keeps it.
func zoned(t time.Time) any {
	var name string
	_, offset := t.Zone()
	if zone := t.Location().String(); zone != "" && zone != "Local" {
		name = zone
	} else if offset == 0 {
		name = "UTC"
	} else {
		sign := "+"
		if offset < 0 {
			sign, offset = "-", -offset
		}
		name = fmt.Sprintf("%s%02d:%02d", sign, offset/3600, offset/60%60)
	}
	return map[string]any{"t": t.UTC(), "z": name}
}

// wall is what the clock of t's zone shows.
func wall(t time.Time) time.Time {
	return time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), time.UTC)
}

func inZone(t time.Time, zone *time.Location) time.Time {
	return time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), zone)
}

// civil is a day of the calendar.
func civil(parts []string) (time.Time, bool) {
	var n [3]int
	for i := range n {
		var err error
		if n[i], err = strconv.Atoi(parts[i]); err != nil {
			return time.Time{}, false
		}
	}
	t := time.Date(n[0], time.Month(n[1]), n[2], 0, 0, 0, 0, time.UTC)
	return t, t.Year() == n[0] && int(t.Month()) == n[1] && t.Day() == n[2] && n[0] > -9999 && n[0] < 99999
}

// clock adds hour, minute, second and fraction, rounded to so many digits.
func clock(day time.Time, parts []string, digits int) (time.Time, bool) {
	var n [3]int
	for i := range n {
		if parts[i] != "" {
			n[i], _ = strconv.Atoi(parts[i]) //nolint:errcheck // the pattern has proved digits
		}
	}
	if n[0] > 23 || n[1] > 59 || n[2] > 59 {
		return time.Time{}, false
	}
	fraction, err := strconv.ParseFloat("0."+parts[3]+"0", 64)
	nanos := int64(math.Round(fraction * 1e9))
	return roundTime(day.Add(time.Duration(n[0])*time.Hour+time.Duration(n[1])*time.Minute+time.Duration(n[2])*time.Second+time.Duration(nanos)), digits), err == nil
}

// roundTime keeps so many digits of the second, halves up.
func roundTime(t time.Time, digits int) time.Time {
	unit := time.Second
	for range digits {
		unit /= 10
	}
	if unit <= 1 {
		return t.UTC()
	}
	return t.UTC().Add(unit / 2).Truncate(unit)
}

// timestamp reads the text of a timestamp, and of its zone.
func timestamp(s string, digits int) (t time.Time, zone string, ok bool) {
	m := stampText.FindStringSubmatch(strings.TrimSpace(s))
	if m == nil {
		return time.Time{}, "", false
	}
	day, ok := civil(m[1:4])
	if !ok {
		return time.Time{}, "", false
	}
	t, ok = clock(day, m[4:8], digits)
	return t, m[8], ok
}

// formats keeps patterns that have been compiled.
type formats struct{ known sync.Map }

func (f *formats) joda(pattern string) (*javatime.Pattern, error) {
	if known, ok := f.known.Load(pattern); ok {
		return known.(*javatime.Pattern), nil
	}
	quoted := false
	for _, c := range pattern {
		if c == '\'' {
			quoted = !quoted
		} else if !quoted && (c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z') && !strings.ContainsRune("YyMdDeEaKhHkmsSzZw", c) {
			return nil, fail("NOT_SUPPORTED", "localaws does not implement the letter %c of the time format %s", c, pattern)
		}
	}
	p, err := javatime.Compile(pattern, javatime.Joda)
	if err != nil {
		return nil, fail("INVALID_FUNCTION_ARGUMENT", "Illegal pattern: %s", pattern)
	}
	f.known.Store(pattern, p)
	return p, nil
}

func humanSeconds(seconds float64) string {
	total := int64(math.Round(seconds))
	sign := ""
	if total < 0 {
		total, sign = -total, "-"
	}
	var parts []string
	for _, unit := range []struct {
		name   string
		length int64
	}{{"week", 604800}, {"day", 86400}, {"hour", 3600}, {"minute", 60}, {"second", 1}} {
		n := total / unit.length
		total %= unit.length
		switch {
		case n == 1:
			parts = append(parts, "1 "+unit.name)
		case n > 1:
			parts = append(parts, fmt.Sprintf("%d %ss", n, unit.name))
		}
	}
	if len(parts) == 0 {
		return "0 seconds"
	}
	return sign + strings.Join(parts, ", ")
}
