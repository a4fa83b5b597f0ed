package serde

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"

	"crawlerless/localaws/athena/hive"
	"crawlerless/localaws/athena/javatime"
)

// parseAnyBase reads an integer as Java's Long.parseLong does, or a
// hexadecimal (0x1f) or octal (017) one.
func parseAnyBase(s string) (int64, error) {
	if len(s) >= 3 && s[0] == '0' && (s[1] == 'x' || s[1] == 'X') && isHex(s[2]) {
		return strconv.ParseInt(s[2:], 16, 64)
	}
	if len(s) >= 2 && s[0] == '0' && s[1] >= '0' && s[1] <= '8' {
		return strconv.ParseInt(s[1:], 8, 64)
	}
	if strings.ContainsRune(s, '_') {
		return 0, strconv.ErrSyntax
	}
	return strconv.ParseInt(s, 10, 64)
}

func isHex(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F'
}

func forInput(s string) error { return fmt.Errorf("For input string: %q", s) } //nolint:staticcheck // worded as Java does

// parseInteger reads an integer of the type t; a fraction is cut off.
func parseInteger(s string, t hive.Type) (any, error) {
	n, err := parseAnyBase(s)
	if err != nil {
		number, ok := hive.ParseNumber(s)
		if !ok {
			return nil, forInput(s)
		}
		whole := number.Truncate()
		if !whole.IsInt64() {
			return nil, fmt.Errorf("%s is out of range for %s", s, t.Trino())
		}
		n = whole.Int64()
	}
	if !hive.FitsInteger(n, t) {
		return nil, fmt.Errorf("%s is out of range for %s", s, t.Trino())
	}
	return n, nil
}

// parseFloat reads what Java's Double.parseDouble does: also NaN and Infinity,
// a trailing f or d, and no underscores.
func parseFloat(s string, t hive.Type) (any, error) {
	trimmed := strings.TrimSpace(s)
	switch strings.TrimLeft(trimmed, "+-") {
	case "NaN":
		return math.NaN(), nil
	case "Infinity":
		if strings.HasPrefix(trimmed, "-") {
			return math.Inf(-1), nil
		}
		return math.Inf(1), nil
	}
	if trimmed == "" || strings.ContainsAny(trimmed, "_xXpPiInN") {
		return nil, forInput(s)
	}
	bits := 64
	if t.Kind == hive.Float {
		bits = 32
	}
	f, err := strconv.ParseFloat(strings.TrimRight(trimmed, "fFdD"), bits)
	if err != nil && !math.IsInf(f, 0) { // too large is infinite in Java as well
		return nil, forInput(s)
	}
	return f, nil
}

func parseDecimal(s string, t hive.Type) (any, error) {
	n, ok := hive.ParseNumber(s)
	if !ok {
		return nil, fmt.Errorf("Cannot convert '%s' to %s. Value is not a number.", s, t) //nolint:staticcheck // Trino's words
	}
	if n = n.Rescale(t.Scale); n.Overflows(t.Precision) {
		return nil, fmt.Errorf("Cannot convert '%s' to %s. Value too large.", s, t) //nolint:staticcheck // Trino's words
	}
	return n, nil
}

var hiveDate = regexp.MustCompile(`^(-?\d{1,10})-(\d{1,2})-(\d{1,2})$`)

// parseDate reads yyyy-MM-dd, with any text after a space. Days that a month
// does not have run over into the next, as they do in Hive.
func parseDate(s string) (time.Time, error) {
	head, _, _ := strings.Cut(strings.TrimSpace(s), " ")
	m := hiveDate.FindStringSubmatch(head)
	if m == nil {
		return time.Time{}, fmt.Errorf("Text '%s' could not be parsed as a date", s) //nolint:staticcheck // Java's words
	}
	return time.Date(atoi(m[1]), time.Month(atoi(m[2])), atoi(m[3]), 0, 0, 0, 0, time.UTC), nil
}

// atoi is for digits that a pattern has proved.
func atoi(s string) int {
	n, err := strconv.Atoi(s)
	if err != nil {
		return math.MaxInt32
	}
	return n
}

var (
	hiveTimestamp = regexp.MustCompile(`^(-?\d{1,10})-(\d{1,2})-(\d{1,2})(?:[ ](\d{1,2}):(\d{1,2}):(\d{1,2})(?:\.(\d{1,9}))?)?$`)
	isoTimestamp  = regexp.MustCompile(`^(-?\d{4,9})-(\d{2})-(\d{2})[Tt](\d{2}):(\d{2})(?::(\d{2})(?:\.(\d{0,9}))?)?$`)
	zonedISO      = regexp.MustCompile(`^(.+?)([zZ]|[+-]\d{2}:?\d{2})$`)
)

// parseHiveTimestamp reads yyyy-MM-dd HH:mm:ss.fffffffff, a date alone, or the
// ISO form with a T.
func parseHiveTimestamp(s string) (time.Time, error) {
	s = strings.TrimSpace(s)
	for _, form := range []*regexp.Regexp{hiveTimestamp, isoTimestamp} {
		if m := form.FindStringSubmatch(s); m != nil {
			nano := 0
			if m[7] != "" {
				nano = atoi(m[7] + strings.Repeat("0", 9-len(m[7])))
			}
			return time.Date(atoi(m[1]), time.Month(atoi(m[2])), atoi(m[3]), zeroOr(m[4]), zeroOr(m[5]), zeroOr(m[6]), nano, time.UTC), nil
		}
	}
	return time.Time{}, fmt.Errorf("Text '%s' could not be parsed as a timestamp", s) //nolint:staticcheck // Java's words
}

func zeroOr(s string) int {
	if s == "" {
		return 0
	}
	return atoi(s)
}

// parseOpenXTimestamp tries the SerDe's formats, then its built-in ones: a time
// with an offset, Hive's form, and seconds or milliseconds as a number.
func parseOpenXTimestamp(s string, formats []*javatime.Pattern) (time.Time, error) {
	for _, format := range formats {
		if t, err := format.Parse(s); err == nil {
			return t.UTC(), nil
		}
	}
	if strings.IndexByte(s, ':') > 0 {
		if m := zonedISO.FindStringSubmatch(s); m != nil && isoTimestamp.MatchString(m[1]) {
			t, err := parseHiveTimestamp(m[1])
			if err != nil {
				return time.Time{}, err
			}
			return t.Add(-offset(m[2])), nil
		}
		return parseHiveTimestamp(s)
	}
	if s == "" || strings.Trim(s, "-+.0123456789") != "" {
		return time.Time{}, fmt.Errorf("Invalid timestamp: %s", s) //nolint:staticcheck // Trino's words
	}
	if strings.Contains(s, ".") {
		n, ok := hive.ParseNumber(s)
		if !ok {
			return time.Time{}, forInput(s)
		}
		n.Scale -= 3
		millis := n.Truncate()
		if !millis.IsInt64() {
			return time.Time{}, forInput(s)
		}
		return time.UnixMilli(millis.Int64()).UTC(), nil
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		return time.Time{}, forInput(s)
	}
	if len(s) >= 13 {
		return time.UnixMilli(n).UTC(), nil
	}
	return time.Unix(n, 0).UTC(), nil
}

// offset reads Z, +hh:mm or +hhmm.
func offset(s string) time.Duration {
	if strings.EqualFold(s, "z") {
		return 0
	}
	digits := strings.ReplaceAll(s[1:], ":", "")
	d := time.Duration(atoi(digits[:2]))*time.Hour + time.Duration(atoi(digits[2:]))*time.Minute
	if s[0] == '-' {
		return -d
	}
	return d
}
