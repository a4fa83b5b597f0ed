package prefix

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// pattern is a parsed DateTimeFormatter pattern: runs of one letter, and text.
type pattern struct{ fields []field }

type field struct {
	letter byte // 0 for text
	count  int
	text   string
}

// maxCount is the longest run of each letter that DateTimeFormatter takes; a
// letter that is not here is refused. (java.time.format.DateTimeFormatter,
// "Patterns for Formatting and Parsing".) V, the zone id, must be a pair; the
// pad modifier p and the optional sections [ ] have no use in a key.
func maxCount(letter byte) int {
	switch letter {
	case 'u', 'y', 'Y':
		return 19
	case 'n', 'N', 'A', 'S', 'g':
		return 19
	case 'G', 'M', 'L', 'Q', 'q', 'E', 'e', 'c':
		return 5
	case 'd', 'H', 'h', 'k', 'K', 'm', 's', 'w', 'V':
		return 2
	case 'D':
		return 3
	case 'a', 'W', 'F':
		return 1
	case 'x', 'X', 'Z':
		return 5
	case 'z', 'O', 'B', 'v':
		return 4
	}
	return 0
}

func parsePattern(s string) (*pattern, error) {
	p := &pattern{}
	text := func(t string) {
		if n := len(p.fields); n > 0 && p.fields[n-1].letter == 0 {
			p.fields[n-1].text += t
			return
		}
		p.fields = append(p.fields, field{text: t})
	}
	for i := 0; i < len(s); {
		c := s[i]
		switch {
		case c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z':
			j := i
			for j < len(s) && s[j] == c {
				j++
			}
			if err := checkRun(c, j-i); err != nil {
				return nil, err
			}
			p.fields = append(p.fields, field{letter: c, count: j - i})
			i = j
		case c == '\'':
			literal, next, err := quoted(s, i)
			if err != nil {
				return nil, err
			}
			text(literal)
			i = next
		case strings.IndexByte("[]{}#", c) >= 0:
			return nil, fmt.Errorf("reserved character %q", c)
		default:
			text(string(c))
			i++
		}
	}
	return p, nil
}

func checkRun(letter byte, count int) error {
	limit := maxCount(letter)
	switch {
	case limit == 0:
		return fmt.Errorf("unknown pattern letter %q", letter)
	case count > limit:
		return fmt.Errorf("too many pattern letters %q", letter)
	case letter == 'V' && count != 2:
		return fmt.Errorf("pattern letter V must come as a pair")
	case letter == 'O' && count != 1 && count != 4, letter == 'v' && count != 1 && count != 4,
		letter == 'B' && count != 1 && count != 4, letter == 'c' && count == 2:
		return fmt.Errorf("wrong number of pattern letters %q", letter)
	case letter == 'B' || letter == 'v':
		// Accepted by the service; what they print depends on locale data that
		// nothing documents. Better refused than wrong.
		return fmt.Errorf("pattern letter %q is not evaluated by localaws", letter)
	}
	return nil
}

// quoted reads the quoted text that opens at s[i].
func quoted(s string, i int) (literal string, next int, err error) {
	if strings.HasPrefix(s[i:], "''") {
		return "'", i + 2, nil
	}
	var b strings.Builder
	for j := i + 1; j < len(s); j++ {
		if s[j] != '\'' {
			b.WriteByte(s[j])
			continue
		}
		if j+1 < len(s) && s[j+1] == '\'' {
			b.WriteByte('\'')
			j++
			continue
		}
		return b.String(), j + 1, nil
	}
	return "", 0, fmt.Errorf("text in single quotes is not closed")
}

func (p *pattern) format(b *strings.Builder, t time.Time) {
	for _, f := range p.fields {
		if f.letter == 0 {
			b.WriteString(f.text)
			continue
		}
		f.format(b, t)
	}
}

// format writes one field as DateTimeFormatter does in the English (US) locale.
func (f field) format(b *strings.Builder, t time.Time) {
	n := f.count
	number := func(v int) { fmt.Fprintf(b, "%0*d", n, v) }
	switch f.letter {
	case 'y', 'u':
		year(b, t.Year(), n)
	case 'Y':
		y, _ := weekOfYear(t)
		year(b, y, n)
	case 'G':
		b.WriteString(byWidth(n, "AD", "Anno Domini", "A"))
	case 'D':
		number(t.YearDay())
	case 'M', 'L':
		if n <= 2 {
			number(int(t.Month()))
			return
		}
		b.WriteString(name(n, t.Month().String()))
	case 'd':
		number(t.Day())
	case 'g':
		number(modifiedJulianDay(t))
	case 'Q', 'q':
		q := (int(t.Month())-1)/3 + 1
		switch n {
		case 1, 2:
			number(q)
		case 3:
			b.WriteString("Q" + strconv.Itoa(q))
		case 4:
			b.WriteString([]string{"1st", "2nd", "3rd", "4th"}[q-1] + " quarter")
		default:
			b.WriteString(strconv.Itoa(q))
		}
	case 'w':
		_, w := weekOfYear(t)
		number(w)
	case 'W':
		number(weekOfMonth(t))
	case 'E':
		b.WriteString(name(max(n, 3), t.Weekday().String()))
	case 'e', 'c':
		if n <= 2 {
			number(int(t.Weekday()) + 1) // the US week starts on Sunday
			return
		}
		b.WriteString(name(n, t.Weekday().String()))
	case 'F':
		number((t.Day()-1)/7 + 1)
	case 'a':
		b.WriteString(t.Format("PM"))
	case 'h':
		number((t.Hour()+11)%12 + 1)
	case 'K':
		number(t.Hour() % 12)
	case 'k':
		number((t.Hour()+23)%24 + 1)
	case 'H':
		number(t.Hour())
	case 'm':
		number(t.Minute())
	case 's':
		number(t.Second())
	case 'S':
		fraction := fmt.Sprintf("%09d", t.Nanosecond())
		if n <= len(fraction) {
			b.WriteString(fraction[:n])
			return
		}
		b.WriteString(fraction + strings.Repeat("0", n-len(fraction)))
	case 'n':
		number(t.Nanosecond())
	case 'A':
		number(int(sinceMidnight(t) / time.Millisecond))
	case 'N':
		number(int(sinceMidnight(t)))
	default:
		f.zone(b, t)
	}
}

// year pads to the count of letters; two letters are the last two digits.
func year(b *strings.Builder, y, n int) {
	if n == 2 {
		fmt.Fprintf(b, "%02d", y%100)
		return
	}
	fmt.Fprintf(b, "%0*d", n, y)
}

// name is a month or weekday in the style that the count of letters asks for:
// 3 short, 4 full, 5 narrow.
func name(n int, full string) string { return byWidth(n, full[:3], full, full[:1]) }

func byWidth(n int, short, full, narrow string) string {
	switch n {
	case 4:
		return full
	case 5:
		return narrow
	}
	return short
}

func sinceMidnight(t time.Time) time.Duration {
	return time.Duration(t.Hour())*time.Hour + time.Duration(t.Minute())*time.Minute +
		time.Duration(t.Second())*time.Second + time.Duration(t.Nanosecond())
}

// weekOfYear is the week-based year and week of the US locale: weeks start on
// Sunday and the first is the one with January 1.
func weekOfYear(t time.Time) (year, week int) {
	first := time.Date(t.Year(), 1, 1, 0, 0, 0, 0, time.UTC)
	week = (t.YearDay()-1+int(first.Weekday()))/7 + 1
	next := time.Date(t.Year()+1, 1, 1, 0, 0, 0, 0, time.UTC)
	daysLeft := next.YearDay() + yearLength(t.Year()) - t.YearDay()
	if daysLeft <= int(next.Weekday()) {
		return t.Year() + 1, 1
	}
	return t.Year(), week
}

func yearLength(y int) int { return time.Date(y, 12, 31, 0, 0, 0, 0, time.UTC).YearDay() }

func weekOfMonth(t time.Time) int {
	first := time.Date(t.Year(), t.Month(), 1, 0, 0, 0, 0, time.UTC)
	return (t.Day()-1+int(first.Weekday()))/7 + 1
}

func modifiedJulianDay(t time.Time) int {
	day := time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, time.UTC)
	return int(day.Unix()/86400) + 40587
}

// zone writes the letters that concern the offset and the zone.
func (f field) zone(b *strings.Builder, t time.Time) {
	n := f.count
	abbreviation, seconds := t.Zone()
	offset := func(zero, hours, rest string) {
		if seconds == 0 {
			b.WriteString(zero)
			return
		}
		s := seconds
		sign := "+"
		if s < 0 {
			sign, s = "-", -s
		}
		fmt.Fprintf(b, "%s"+hours, sign, s/3600)
		if rest != "" && (rest != "optional" || s%3600 != 0) {
			if rest == "optional" {
				rest = "%02d"
			}
			fmt.Fprintf(b, rest, s%3600/60)
		}
	}
	switch f.letter {
	case 'V':
		b.WriteString(t.Location().String())
	case 'z':
		if n == 4 && seconds == 0 && t.Location() == time.UTC {
			b.WriteString("Coordinated Universal Time")
			return
		}
		b.WriteString(abbreviation)
	case 'X':
		offset("Z", "%02d", []string{"optional", "%02d", ":%02d", "%02d", ":%02d"}[n-1])
	case 'x':
		offset([]string{"+00", "+0000", "+00:00", "+0000", "+00:00"}[n-1], "%02d",
			[]string{"optional", "%02d", ":%02d", "%02d", ":%02d"}[n-1])
	case 'Z':
		switch n {
		case 4:
			b.WriteString("GMT")
			offset("", "%02d", ":%02d")
		case 5:
			offset("Z", "%02d", ":%02d")
		default:
			offset("+0000", "%02d", "%02d")
		}
	case 'O':
		b.WriteString("GMT")
		if n == 4 {
			offset("", "%02d", ":%02d")
			return
		}
		if seconds%3600 == 0 {
			offset("", "%d", "")
		} else {
			offset("", "%d", ":%02d")
		}
	}
}
