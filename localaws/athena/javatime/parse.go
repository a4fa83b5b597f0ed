package javatime

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// parsed is what has been read so far.
type parsed struct {
	year, month, day, yearDay  int
	hour, minute, second, nano int
	pm, hasHalf, twelve        bool
	millisOfDay                int
	hasMillisOfDay             bool
	zone                       *time.Location
}

// Parse reads a text that the whole of the pattern matches. Fields that the
// pattern lacks are those of 1970-01-01 00:00:00 in UTC.
func (p *Pattern) Parse(text string) (time.Time, error) {
	v := parsed{year: 1970, month: 1, day: 1}
	rest := text
	for i, f := range p.fields {
		var err error
		if rest, err = p.read(f, i, rest, &v); err != nil {
			return time.Time{}, fmt.Errorf("text %q could not be parsed by %q at index %d: %w", text, p.source, len(text)-len(rest), err)
		}
	}
	if rest != "" {
		return time.Time{}, fmt.Errorf("text %q could not be parsed by %q: unparsed text found at index %d", text, p.source, len(text)-len(rest))
	}
	return v.time(text)
}

func (v *parsed) time(text string) (time.Time, error) {
	if v.hasHalf && v.twelve {
		v.hour %= 12
		if v.pm {
			v.hour += 12
		}
	}
	zone := v.zone
	if zone == nil {
		zone = time.UTC
	}
	if v.yearDay > 0 {
		return time.Date(v.year, 1, v.yearDay, v.hour, v.minute, v.second, v.nano, zone), nil
	}
	t := time.Date(v.year, time.Month(v.month), v.day, v.hour, v.minute, v.second, v.nano, zone)
	if v.hasMillisOfDay {
		t = t.Add(time.Duration(v.millisOfDay) * time.Millisecond)
	}
	if v.month < 1 || v.month > 12 || t.Day() != v.day || v.hour > 23 || v.minute > 59 || v.second > 59 {
		return time.Time{}, fmt.Errorf("text %q is not a time: a field is out of range", text)
	}
	return t, nil
}

// numeric reports whether the field at i is written as digits.
func (p *Pattern) numeric(i int) bool {
	if i >= len(p.fields) {
		return false
	}
	f := p.fields[i]
	switch f.letter {
	case 'u', 'y', 'Y', 'd', 'D', 'e', 'w', 'H', 'h', 'K', 'k', 'm', 's', 'S', 'n', 'A':
		return true
	case 'M', 'L':
		return f.count < 3
	}
	return false
}

// digits reads a number of the field at i.
func (p *Pattern) digits(i int, rest string, widest int) (int, string, error) {
	f := p.fields[i]
	least, most := f.count, max(f.count, widest)
	switch {
	case p.numeric(i + 1):
		most = f.count
	case p.dialect == Joda || f.count == 1:
		least = 1
	case f.letter != 'y' && f.letter != 'u' || f.count == 2:
		most = f.count
	}
	n := 0
	for n < len(rest) && n < most && rest[n] >= '0' && rest[n] <= '9' {
		n++
	}
	if n < least {
		return 0, rest, errNoMatch
	}
	value, err := strconv.Atoi(rest[:n])
	if err != nil {
		return 0, rest, errNoMatch
	}
	return value, rest[n:], nil
}

func (p *Pattern) read(f field, i int, rest string, v *parsed) (string, error) {
	var err error
	switch f.letter {
	case 0:
		after, ok := strings.CutPrefix(rest, f.text)
		if !ok {
			return rest, errNoMatch
		}
		return after, nil
	case 'u', 'y', 'Y':
		if v.year, rest, err = p.digits(i, rest, 9); f.count == 2 && v.year < 100 {
			v.year += 2000
		}
	case 'M', 'L':
		if f.count >= 3 {
			return readName(rest, f.count == 3, 12, func(n int) string { return time.Month(n + 1).String() }, func(n int) { v.month = n + 1 })
		}
		v.month, rest, err = p.digits(i, rest, 2)
	case 'd':
		v.day, rest, err = p.digits(i, rest, 2)
	case 'D':
		v.yearDay, rest, err = p.digits(i, rest, 3)
	case 'e', 'w':
		_, rest, err = p.digits(i, rest, 2)
	case 'E':
		return readName(rest, f.count <= 3, 7, func(n int) string { return time.Weekday(n).String() }, func(int) {})
	case 'H':
		v.hour, rest, err = p.digits(i, rest, 2)
	case 'k':
		v.hour, rest, err = p.digits(i, rest, 2)
		v.hour %= 24
	case 'h', 'K':
		v.hour, rest, err = p.digits(i, rest, 2)
		v.twelve = true
	case 'm':
		v.minute, rest, err = p.digits(i, rest, 2)
	case 's':
		v.second, rest, err = p.digits(i, rest, 2)
	case 'S':
		return p.fraction(i, rest, v)
	case 'n':
		v.nano, rest, err = p.digits(i, rest, 9)
	case 'A':
		v.millisOfDay, rest, err = p.digits(i, rest, 8)
		v.hasMillisOfDay = true
	case 'a':
		return readName(rest, false, 2, func(n int) string { return [...]string{"AM", "PM"}[n] }, func(n int) { v.pm, v.hasHalf = n == 1, true })
	case 'G':
		return readName(rest, false, 1, func(int) string { return "AD" }, func(int) {})
	default:
		return readZone(f, rest, v)
	}
	return rest, err
}

// fraction reads digits after a decimal point.
func (p *Pattern) fraction(i int, rest string, v *parsed) (string, error) {
	f := p.fields[i]
	n := 0
	for n < len(rest) && n < 9 && rest[n] >= '0' && rest[n] <= '9' && (p.dialect == Joda && !p.numeric(i+1) || n < f.count) {
		n++
	}
	if n == 0 || p.dialect == JavaTime && n < f.count {
		return rest, errNoMatch
	}
	digits := rest[:n] + strings.Repeat("0", 9-n)
	nano, err := strconv.Atoi(digits)
	if err != nil {
		return rest, errNoMatch
	}
	v.nano = nano
	return rest[n:], nil
}

// readName reads one of count names, the longest first where they are short.
func readName(rest string, short bool, count int, name func(int) string, found func(int)) (string, error) {
	for n := range count {
		full := name(n)
		candidates := []string{full}
		if short {
			candidates = []string{full, full[:3]}
		}
		for _, c := range candidates {
			if len(rest) >= len(c) && strings.EqualFold(rest[:len(c)], c) {
				found(n)
				return rest[len(c):], nil
			}
		}
	}
	return rest, errNoMatch
}

// readZone reads an offset or a zone's name.
func readZone(f field, rest string, v *parsed) (string, error) {
	if strings.HasPrefix(rest, "Z") || (strings.HasPrefix(rest, "z") && f.letter != 'z') {
		v.zone = time.UTC
		return rest[1:], nil
	}
	if rest != "" && (rest[0] == '+' || rest[0] == '-') {
		for _, layout := range []string{"-07:00", "-0700", "-07"} {
			if len(rest) >= len(layout) {
				if t, err := time.Parse(layout, rest[:len(layout)]); err == nil {
					_, offset := t.Zone()
					v.zone = time.FixedZone("", offset)
					return rest[len(layout):], nil
				}
			}
		}
		return rest, errNoMatch
	}
	end := strings.IndexFunc(rest, func(r rune) bool {
		return r != '/' && r != '_' && r != '-' && r != '+' && (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z')
	})
	if end < 0 {
		end = len(rest)
	}
	zone, err := time.LoadLocation(rest[:end])
	if err != nil || end == 0 {
		return rest, errNoMatch
	}
	v.zone = zone
	return rest[end:], nil
}
