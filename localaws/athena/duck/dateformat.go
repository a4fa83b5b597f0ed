package duck

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// dateFormat writes a time by MySQL's letters, as date_format has them.
// https://trino.io/docs/current/functions/datetime.html#mysql-date-functions
func dateFormat(t time.Time, pattern string) (any, error) {
	var b strings.Builder
	number := func(n, width int) { fmt.Fprintf(&b, "%0*d", width, n) }
	twelve := (t.Hour()+11)%12 + 1
	letters := []rune(pattern)
	for i := 0; i < len(letters); i++ {
		if letters[i] != '%' {
			b.WriteRune(letters[i])
			continue
		}
		if i++; i == len(letters) {
			break
		}
		switch letters[i] {
		case 'a':
			b.WriteString(t.Weekday().String()[:3])
		case 'b':
			b.WriteString(t.Month().String()[:3])
		case 'c':
			number(int(t.Month()), 1)
		case 'd':
			number(t.Day(), 2)
		case 'e':
			number(t.Day(), 1)
		case 'f':
			number(t.Nanosecond()/1e6*1000, 6) // milliseconds are all that it has
		case 'H':
			number(t.Hour(), 2)
		case 'h', 'I':
			number(twelve, 2)
		case 'i':
			number(t.Minute(), 2)
		case 'j':
			number(t.YearDay(), 3)
		case 'k':
			number(t.Hour(), 1)
		case 'l':
			number(twelve, 1)
		case 'M':
			b.WriteString(t.Month().String())
		case 'm':
			number(int(t.Month()), 2)
		case 'p':
			b.WriteString(t.Format("PM"))
		case 'r':
			b.WriteString(t.Format("03:04:05 PM"))
		case 'S', 's':
			number(t.Second(), 2)
		case 'T':
			b.WriteString(t.Format("15:04:05"))
		case 'v':
			_, week := t.ISOWeek()
			number(week, 2)
		case 'x':
			year, _ := t.ISOWeek()
			number(year, 4)
		case 'W':
			b.WriteString(t.Weekday().String())
		case 'Y':
			number(t.Year(), 4)
		case 'y':
			number(t.Year()%100, 2)
		case 'w', 'U', 'u', 'V', 'X', 'D':
			return nil, unsupportedLetter(letters[i])
		default:
			b.WriteRune(letters[i])
		}
	}
	return b.String(), nil
}

func unsupportedLetter(c rune) error {
	return fail("INVALID_FUNCTION_ARGUMENT", "%%%c not supported in date format string", c)
}

// fields are what date_parse has read. What the pattern lacks is that of
// 1970-01-01 00:00:00.
type fields struct {
	year, month, day, yearDay, week, weekYear, weekday int
	hour, minute, second, nano                         int
	twelve, pm                                         bool
}

// dateParse reads a time by MySQL's letters: the whole text, with as many
// digits as there are up to the width of a letter.
func dateParse(text, pattern string) (any, error) {
	invalid := fail("INVALID_FUNCTION_ARGUMENT", `Invalid format: "%s"`, text)
	f := fields{year: 1970, month: 1, day: 1}
	rest := text
	letters := []rune(strings.NewReplacer("%r", "%h:%i:%s %p", "%T", "%H:%i:%s").Replace(pattern))
	for i := 0; i < len(letters); i++ {
		if letters[i] != '%' || i+1 == len(letters) {
			after, ok := strings.CutPrefix(rest, string(letters[i]))
			if !ok && letters[i] != '%' {
				return nil, invalid
			}
			rest = after
			continue
		}
		i++
		var ok bool
		var err error
		if rest, ok, err = f.read(letters[i], rest); err != nil {
			return nil, err
		}
		if !ok {
			return nil, invalid
		}
	}
	if rest != "" {
		return nil, fail("INVALID_FUNCTION_ARGUMENT", `Invalid format: "%s" is malformed at "%s"`, text, rest)
	}
	t, ok := f.time()
	if !ok {
		return nil, fail("INVALID_FUNCTION_ARGUMENT", `Cannot parse "%s": a value is out of range`, text)
	}
	return t, nil
}

func (f *fields) read(letter rune, rest string) (string, bool, error) {
	digits := func(most int, to *int) (string, bool, error) {
		n := 0
		for n < len(rest) && n < most && rest[n] >= '0' && rest[n] <= '9' {
			n++
		}
		value, err := strconv.Atoi(rest[:n])
		*to = value
		return rest[n:], err == nil, nil
	}
	name := func(count int, name func(int) string, found func(int)) (string, bool, error) {
		for _, length := range []int{0, 3} { // the whole name first
			for n := range count {
				full := name(n)
				if length > 0 && len(full) > length {
					full = full[:length]
				}
				if len(rest) >= len(full) && strings.EqualFold(rest[:len(full)], full) {
					found(n)
					return rest[len(full):], true, nil
				}
			}
		}
		return rest, false, nil
	}
	switch letter {
	case 'a', 'W':
		return name(7, func(n int) string { return time.Weekday(n).String() }, func(n int) { f.weekday = n })
	case 'b', 'M':
		return name(12, func(n int) string { return time.Month(n + 1).String() }, func(n int) { f.month = n + 1 })
	case 'c', 'm':
		return digits(2, &f.month)
	case 'd', 'e':
		return digits(2, &f.day)
	case 'f':
		n := 0
		for n < len(rest) && n < 9 && rest[n] >= '0' && rest[n] <= '9' {
			n++
		}
		nano, err := strconv.Atoi(rest[:n] + strings.Repeat("0", 9-n))
		f.nano = nano / 1e6 * 1e6
		return rest[n:], n > 0 && err == nil, nil
	case 'H', 'k':
		return digits(2, &f.hour)
	case 'h', 'I', 'l':
		f.twelve = true
		return digits(2, &f.hour)
	case 'i':
		return digits(2, &f.minute)
	case 'j':
		return digits(3, &f.yearDay)
	case 'p':
		return name(2, func(n int) string { return [...]string{"AM", "PM"}[n] }, func(n int) { f.pm = n == 1 })
	case 'S', 's':
		return digits(2, &f.second)
	case 'v':
		return digits(2, &f.week)
	case 'x':
		return digits(4, &f.weekYear)
	case 'Y':
		sign := 1
		if after, ok := strings.CutPrefix(rest, "-"); ok {
			sign, rest = -1, after
		}
		after, ok, err := digits(4, &f.year)
		f.year *= sign
		return after, ok, err
	case 'y':
		after, ok, err := digits(2, &f.year)
		if f.year += 1900; f.year < 1970 {
			f.year += 100
		}
		return after, ok, err
	case 'w', 'U', 'u', 'V', 'X', 'D':
		return rest, false, unsupportedLetter(letter)
	}
	after, ok := strings.CutPrefix(rest, string(letter))
	return after, ok, nil
}

func (f *fields) time() (time.Time, bool) {
	hour := f.hour
	if f.twelve {
		if hour < 1 || hour > 12 {
			return time.Time{}, false
		}
		if hour %= 12; f.pm {
			hour += 12
		}
	}
	if hour > 23 || f.minute > 59 || f.second > 59 {
		return time.Time{}, false
	}
	year, month, day := f.year, f.month, f.day
	switch {
	case f.yearDay > 0:
		month, day = 1, f.yearDay
		if day > 366 || day == 366 && time.Date(year, 12, 31, 0, 0, 0, 0, time.UTC).YearDay() == 365 {
			return time.Time{}, false
		}
	case f.week > 0 || f.weekYear > 0:
		if f.weekYear == 0 {
			f.weekYear = 1970
		}
		fourth := time.Date(f.weekYear, 1, 4, 0, 0, 0, 0, time.UTC)
		monday := fourth.AddDate(0, 0, -(int(fourth.Weekday())+6)%7+(max(1, f.week)-1)*7)
		year, month, day = monday.Year(), int(monday.Month()), monday.Day()
	}
	t := time.Date(year, time.Month(month), day, hour, f.minute, f.second, f.nano, time.UTC)
	return t, f.yearDay > 0 || int(t.Month()) == month && t.Day() == day
}
