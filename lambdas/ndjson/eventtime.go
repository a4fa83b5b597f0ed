package ndjson

import (
	"math"
	"strconv"
	"strings"
)

// WellKnownTimeFields are the top-level keys, compared without case, that are
// taken for the time of an event, the most trusted first. A record's event
// time is that of the first of them that it has with a readable value. Behind
// the names that many writers use come those of one: Serilog's compact format,
// audit logs of Kubernetes, Route 53 Resolver, Azure, nginx, Cloudflare, the
// journal of systemd, osquery, Microsoft 365, Okta, and GitHub.
func WellKnownTimeFields() []string {
	return []string{
		"@timestamp", "timestamp", "eventtime", "event_time", "time", "ts", "datetime", "date",
		"@t", "requestreceivedtimestamp", "query_timestamp", "timegenerated", "time_iso8601", "edgestarttimestamp",
		"__realtime_timestamp", "unixtime", "creationtime", "published", "created_at",
	}
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
	if !ok {
		return epochText(s)
	}
	_, rest, _ := fraction(s[19:])
	east, _ := zone(rest)
	second, _ := number2(s[17:])
	c.minute = [2]uint64{le64((*[8]byte)(s)), le64((*[8]byte)(s[8:]))}
	c.base = at.seconds + east - int64(second)
	return at, true
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
// allows, T and Z may be lower case and the T a space. Beyond it, as ISO 8601
// has it and many writers do, the fraction may follow a comma. The offset is
// required: a time without one is no instant.
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

// fraction reads ".789" or ",789", if there is one; digits beyond nanoseconds
// are cut.
func fraction(s []byte) (nanos int32, rest []byte, ok bool) {
	if len(s) == 0 || s[0] != '.' && s[0] != ',' {
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

// zone reads "Z" or "+01:00" as seconds east of UTC; also "+0100", "+01" and
// "UTC", and each of them behind a space.
func zone(s []byte) (int64, bool) {
	if len(s) == 1 && (s[0] == 'Z' || s[0] == 'z') {
		return 0, true
	}
	if len(s) > 0 && s[0] == ' ' {
		s = s[1:]
	}
	if string(s) == "UTC" || string(s) == "Z" {
		return 0, true
	}
	if len(s) < 3 || s[0] != '+' && s[0] != '-' {
		return 0, false
	}
	hour, ok := number2(s[1:])
	minute := 0
	switch {
	case !ok || hour > 23:
		return 0, false
	case len(s) == 6 && s[3] == ':':
		minute, ok = number2(s[4:])
	case len(s) == 5:
		minute, ok = number2(s[3:])
	case len(s) != 3:
		return 0, false
	}
	if !ok || minute > 59 {
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

// epochTime reads a JSON number as seconds, milliseconds, microseconds or
// nanoseconds since 1970. Which of them follows from its size: each begins in
// 1973 and ends in 5138, nanoseconds in 2286; anything else is no event time.
func epochTime(number []byte) (instant, bool) {
	var n uint64
	i := 0
	for ; i < len(number) && i < 19 && number[i]-'0' <= 9; i++ {
		n = n*10 + uint64(number[i]-'0')
	}
	nanos := int32(0)
	if i < len(number) {
		f, err := strconv.ParseFloat(string(number), 64)
		if err != nil || f < 1e8 || f >= 1e19 {
			return instant{}, false
		}
		n = uint64(f)
		if rest, after, ok := fraction(number[i:]); ok && len(after) == 0 {
			nanos = rest // exact digits, not the double's
		} else {
			nanos = int32((f - math.Floor(f)) * 1e9)
		}
	}
	switch {
	case n < 1e8:
		return instant{}, false
	case n < 1e11:
		return instant{int64(n), nanos}, true
	case n < 1e14:
		return instant{int64(n / 1e3), int32(n%1e3)*1e6 + nanos/1e3}, true
	case n < 1e17:
		return instant{int64(n / 1e6), int32(n%1e6)*1e3 + nanos/1e6}, true
	}
	return instant{int64(n / 1e9), int32(n % 1e9)}, true
}

// epochText reads such a number that stands in quotes. Text may be digits for
// other reasons, "20261124040506" above all: only as many count as the present
// has, 10, 13, 16 or 19 before the fraction.
func epochText(s []byte) (instant, bool) {
	digits := 0
	for digits < len(s) && s[digits]-'0' <= 9 {
		digits++
	}
	if digits < 10 || digits > 19 || (digits-10)%3 != 0 || s[0] == '0' {
		return instant{}, false
	}
	if _, after, ok := fraction(s[digits:]); !ok || len(after) > 0 || digits < len(s) && s[digits] != '.' {
		return instant{}, false
	}
	return epochTime(s)
}

// isZoneless reports whether text would be an instant, if only it said in what
// zone: "2026-11-24T04:05:06.789".
func isZoneless(s []byte) bool {
	if len(s) < 19 || len(s) > 29 {
		return false
	}
	var withZone [32]byte
	_, ok := parseTime(append(append(withZone[:0], s...), 'Z'))
	return ok
}

// isTimestamp reports whether text is a timestamp as Athena reads it from JSON
// without further configuration: java.sql.Timestamp's "2026-11-24 04:05:06",
// with up to nine digits of a second.
// https://docs.aws.amazon.com/athena/latest/ug/data-types.html
func isTimestamp(s []byte) bool {
	if !isZoneless(s) || s[10] != ' ' || len(s) > 19 && s[19] != '.' {
		return false
	}
	return s[17] < '6' // no leap seconds
}
