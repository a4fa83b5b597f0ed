package ndjson

import (
	"math"
	"strconv"
	"strings"
)

// WellKnownTimeFields are the top-level keys, compared without case, that are
// taken for the time of an event, the most trusted first. A record's event
// time is that of the first of them that it has with a readable value.
func WellKnownTimeFields() []string {
	return []string{"@timestamp", "timestamp", "eventtime", "event_time", "time", "ts", "datetime", "date"}
}

// maxTime is the longest text that is looked at as a time, in bytes.
const maxTime = 64

// timeRanks gives each field its rank, from 1.
func timeRanks(fields []string) map[string]uint8 {
	ranks := make(map[string]uint8, len(fields))
	for i, f := range fields {
		f = strings.ToLower(f)
		if _, ok := ranks[f]; !ok && i < 255 {
			ranks[f] = uint8(i + 1)
		}
	}
	return ranks
}

// instant is a time as seconds and nanoseconds since 1970, which compares
// without the cost of time.Time.
type instant struct {
	seconds int64
	nanos   int32
}

func (a instant) before(b instant) bool {
	return a.seconds < b.seconds || a.seconds == b.seconds && a.nanos < b.nanos
}

// clock parses times, most of which lie in the same minute as the one before.
type clock struct {
	minute [2]uint64 // the words of "2026-11-24T04:05" of the last time; no text has zeros
	base   int64     // its seconds since 1970
}

func (c *clock) parse(s []byte) (instant, bool) {
	if len(s) >= 20 && le64((*[8]byte)(s)) == c.minute[0] && le64((*[8]byte)(s[8:])) == c.minute[1] && s[16] == ':' {
		second, ok := number2(s[17:])
		if !ok || second > 60 {
			return instant{}, false
		}
		nanos, rest, ok := fraction(s[19:])
		if !ok {
			return instant{}, false
		}
		east, ok := zone(rest)
		return instant{c.base + int64(second) - east, nanos}, ok
	}
	at, ok := parseTime(s)
	if ok {
		_, rest, _ := fraction(s[19:])
		east, _ := zone(rest)
		second, _ := number2(s[17:])
		c.minute = [2]uint64{le64((*[8]byte)(s)), le64((*[8]byte)(s[8:]))}
		c.base = at.seconds + east - int64(second)
	}
	return at, ok
}

// isMillis reports whether a word is ":06.789Z", the end of a time as most
// logs have it.
func isMillis(w uint64) bool {
	const marks, digits = 0xff000000ff0000ff, 0x0080808000808000
	return w&marks == ':'|'.'<<24|'Z'<<56 && nondigits(w)&digits == 0 && byte(w>>8) < '6'
}

// millis returns the seconds of such a word, and the nanoseconds.
func millis(w uint64) (seconds int64, nanos int32) {
	return int64(w>>8&15*10 + w>>16&15), int32(w>>32&15*100+w>>40&15*10+w>>48&15) * 1_000_000
}

// parseTime reads RFC 3339: "2026-11-24T04:05:06.789Z". As section 5.6 of it
// allows, T and Z may be lower case and the T a space. The offset is required:
// a time without one is no instant.
func parseTime(s []byte) (instant, bool) {
	if len(s) < 20 || s[4] != '-' || s[7] != '-' || s[13] != ':' || s[16] != ':' ||
		s[10] != 'T' && s[10] != 't' && s[10] != ' ' {
		return instant{}, false
	}
	year, ok1 := number4(s)
	month, ok2 := number2(s[5:])
	day, ok3 := number2(s[8:])
	hour, ok4 := number2(s[11:])
	minute, ok5 := number2(s[14:])
	second, ok6 := number2(s[17:])
	if !(ok1 && ok2 && ok3 && ok4 && ok5 && ok6) || month < 1 || month > 12 || day < 1 || day > daysIn(year, month) ||
		hour > 23 || minute > 59 || second > 60 {
		return instant{}, false
	}
	nanos, rest, ok := fraction(s[19:])
	if !ok {
		return instant{}, false
	}
	offset, ok := zone(rest)
	if !ok {
		return instant{}, false
	}
	seconds := daysSince1970(year, month, day)*86400 + int64(hour*3600+minute*60+second) - offset
	return instant{seconds, nanos}, true
}

func number2(s []byte) (int, bool) {
	a, b := s[0]-'0', s[1]-'0'
	return int(a)*10 + int(b), a <= 9 && b <= 9
}

func number4(s []byte) (int, bool) {
	a, ok1 := number2(s)
	b, ok2 := number2(s[2:])
	return a*100 + b, ok1 && ok2
}

// fraction reads ".789", if there is one; digits beyond nanoseconds are cut.
func fraction(s []byte) (nanos int32, rest []byte, ok bool) {
	if len(s) == 0 || s[0] != '.' {
		return 0, s, true
	}
	scale := int32(100_000_000)
	i := 1
	for ; i < len(s) && s[i]-'0' <= 9; i++ {
		nanos += int32(s[i]-'0') * scale
		scale /= 10
	}
	return nanos, s[i:], i > 1
}

// zone reads "Z" or "+01:00" as seconds east of UTC.
func zone(s []byte) (int64, bool) {
	if len(s) == 1 && (s[0] == 'Z' || s[0] == 'z') {
		return 0, true
	}
	if len(s) != 6 || s[0] != '+' && s[0] != '-' || s[3] != ':' {
		return 0, false
	}
	hour, ok1 := number2(s[1:])
	minute, ok2 := number2(s[4:])
	if !ok1 || !ok2 || hour > 23 || minute > 59 {
		return 0, false
	}
	east := int64(hour*3600 + minute*60)
	if s[0] == '-' {
		east = -east
	}
	return east, true
}

func daysIn(year, month int) int {
	switch month {
	case 4, 6, 9, 11:
		return 30
	case 2:
		if year%4 == 0 && (year%100 != 0 || year%400 == 0) {
			return 29
		}
		return 28
	}
	return 31
}

// daysSince1970 counts days of the proleptic Gregorian calendar, with years
// that begin in March so that the leap day comes last.
func daysSince1970(year, month, day int) int64 {
	y, m := int64(year), int64(month)
	if m <= 2 {
		y--
		m += 12
	}
	era := y / 400
	if y < 0 {
		era = (y - 399) / 400
	}
	yoe := y - era*400
	doy := (153*(m-3)+2)/5 + int64(day) - 1
	return era*146097 + yoe*365 + yoe/4 - yoe/100 + doy - 719468
}

// epochTime reads a JSON number as seconds or milliseconds since 1970. Which
// of the two follows from its size: seconds from 1973 to 5138, milliseconds
// from 1973 to 5138 as well; anything else is no event time.
func epochTime(number []byte) (instant, bool) {
	var n int64
	i := 0
	for ; i < len(number) && i < 15 && number[i]-'0' <= 9; i++ {
		n = n*10 + int64(number[i]-'0')
	}
	nanos := int32(0)
	if i < len(number) {
		f, err := strconv.ParseFloat(string(number), 64)
		if err != nil || f < 1e8 || f >= 1e14 {
			return instant{}, false
		}
		n = int64(f)
		if rest, after, ok := fraction(number[i:]); ok && len(after) == 0 {
			nanos = rest // exact digits, not the double's
		} else {
			nanos = int32((f - math.Floor(f)) * 1e9)
		}
	}
	switch {
	case n >= 1e8 && n < 1e11:
		return instant{n, nanos}, true
	case n >= 1e11 && n < 1e14:
		return instant{n / 1000, int32(n%1000)*1_000_000 + nanos/1000}, true
	}
	return instant{}, false
}

// isTimestamp reports whether text is a timestamp as Athena reads it from JSON
// without further configuration: java.sql.Timestamp's "2026-11-24 04:05:06",
// with up to nine digits of a second.
// https://docs.aws.amazon.com/athena/latest/ug/data-types.html
func isTimestamp(s []byte) bool {
	if len(s) < 19 || len(s) > 29 || s[10] != ' ' {
		return false
	}
	var withZone [32]byte
	_, ok := parseTime(append(append(withZone[:0], s...), 'Z'))
	return ok && s[17] < '6' // no leap seconds
}
