// Package javatime formats and parses times by the patterns of Java, which
// appear all over Athena: "yyyy/MM/dd/HH" in a partition projection,
// "yyyy-MM-dd'T'HH:mm:ss.SSSZ" in a SerDe's timestamp.formats, and Joda's in
// parse_datetime and format_datetime.
//
// Two dialects share their letters. java.time (the default) is strict about
// the number of digits: "dd" is two digits. Joda takes any number up to the
// field's width.
package javatime

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// Dialect is whose patterns they are.
type Dialect uint8

// The dialects.
const (
	JavaTime Dialect = iota
	Joda
)

// Pattern is a compiled pattern. It may be used by several goroutines.
type Pattern struct {
	dialect Dialect
	fields  []field
	source  string
}

// field is a run of one letter, or a literal text (letter 0).
type field struct {
	letter byte
	count  int
	text   string
}

const letters = "GuyYMLdDEeHhKkmsSaZzXxVOnAwC"

// Compile understands a pattern.
func Compile(pattern string, dialect Dialect) (*Pattern, error) {
	p := &Pattern{dialect: dialect, source: pattern}
	literal := func(s string) {
		if n := len(p.fields); n > 0 && p.fields[n-1].letter == 0 {
			p.fields[n-1].text += s
			return
		}
		p.fields = append(p.fields, field{text: s})
	}
	for i := 0; i < len(pattern); {
		c := pattern[i]
		switch {
		case c == '\'':
			end := strings.IndexByte(pattern[i+1:], '\'')
			switch {
			case end < 0:
				return nil, fmt.Errorf("pattern %q: a quoted literal is not closed", pattern)
			case end == 0:
				literal("'")
			default:
				literal(pattern[i+1 : i+1+end])
			}
			i += end + 2
		case c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z':
			if strings.IndexByte(letters, c) < 0 {
				return nil, fmt.Errorf("pattern %q: unknown pattern letter %c", pattern, c)
			}
			n := 1
			for i+n < len(pattern) && pattern[i+n] == c {
				n++
			}
			p.fields = append(p.fields, field{letter: c, count: n})
			i += n
		case strings.IndexByte("[]{}#", c) >= 0 && dialect == JavaTime:
			return nil, fmt.Errorf("pattern %q: optional sections and reserved characters are not supported", pattern)
		default:
			literal(string(c))
			i++
		}
	}
	return p, nil
}

// String is the pattern as it was given.
func (p *Pattern) String() string { return p.source }

// Finest is the length of the smallest unit that the pattern shows.
func (p *Pattern) Finest() time.Duration {
	finest := 366 * 24 * time.Hour
	for _, f := range p.fields {
		unit := finest
		switch f.letter {
		case 'M', 'L':
			unit = 28 * 24 * time.Hour
		case 'd', 'D', 'E', 'e':
			unit = 24 * time.Hour
		case 'H', 'h', 'K', 'k':
			unit = time.Hour
		case 'm':
			unit = time.Minute
		case 's':
			unit = time.Second
		case 'S', 'n', 'A':
			unit = time.Millisecond
		}
		finest = min(finest, unit)
	}
	return finest
}

// Format is t as the pattern shows it.
func (p *Pattern) Format(t time.Time) string {
	var b strings.Builder
	number := func(n, width int) { fmt.Fprintf(&b, "%0*d", width, n) }
	for _, f := range p.fields {
		switch f.letter {
		case 0:
			b.WriteString(f.text)
		case 'G':
			b.WriteString("AD")
		case 'u', 'y', 'Y', 'C':
			year := t.Year()
			if f.letter == 'Y' && p.dialect == JavaTime {
				year, _ = t.ISOWeek()
			}
			if f.count == 2 {
				number(year%100, 2)
			} else {
				number(year, f.count)
			}
		case 'M', 'L':
			switch {
			case f.count >= 4:
				b.WriteString(t.Month().String())
			case f.count == 3:
				b.WriteString(t.Month().String()[:3])
			default:
				number(int(t.Month()), f.count)
			}
		case 'd':
			number(t.Day(), f.count)
		case 'D':
			number(t.YearDay(), f.count)
		case 'E':
			if f.count >= 4 {
				b.WriteString(t.Weekday().String())
			} else {
				b.WriteString(t.Weekday().String()[:3])
			}
		case 'e':
			number((int(t.Weekday())+6)%7+1, f.count)
		case 'w':
			_, week := t.ISOWeek()
			number(week, f.count)
		case 'H':
			number(t.Hour(), f.count)
		case 'k':
			number((t.Hour()+23)%24+1, f.count)
		case 'K':
			number(t.Hour()%12, f.count)
		case 'h':
			number((t.Hour()+11)%12+1, f.count)
		case 'm':
			number(t.Minute(), f.count)
		case 's':
			number(t.Second(), f.count)
		case 'S':
			digits := fmt.Sprintf("%09d", t.Nanosecond())
			for len(digits) < f.count {
				digits += "0"
			}
			b.WriteString(digits[:f.count])
		case 'n':
			number(t.Nanosecond(), f.count)
		case 'A':
			number(int(t.Sub(t.Truncate(24*time.Hour))/time.Millisecond), f.count)
		case 'a':
			if t.Hour() < 12 {
				b.WriteString("AM")
			} else {
				b.WriteString("PM")
			}
		default:
			b.WriteString(p.zone(f, t))
		}
	}
	return b.String()
}

func (p *Pattern) zone(f field, t time.Time) string {
	name, offset := t.Zone()
	switch f.letter {
	case 'z', 'V':
		return name
	case 'X':
		if offset == 0 {
			return "Z"
		}
	case 'O':
		if offset == 0 {
			return "GMT"
		}
		return "GMT" + t.Format("-07:00")
	}
	switch {
	case f.letter == 'Z' && p.dialect == Joda && f.count >= 3:
		return t.Location().String()
	case f.letter == 'Z' && (p.dialect == Joda && f.count == 2 || f.count == 5), (f.letter == 'X' || f.letter == 'x') && f.count == 3:
		return t.Format("-07:00")
	case (f.letter == 'X' || f.letter == 'x') && f.count == 1 && offset%3600 == 0:
		return t.Format("-07")
	}
	return t.Format("-0700")
}

var errNoMatch = errors.New("does not match")
