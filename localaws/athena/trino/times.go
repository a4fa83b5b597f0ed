package trino

import (
	"fmt"
	"regexp"
	"strings"
	"time"
)

var (
	dateText         = regexp.MustCompile(`^\s*[+-]?(\d{4,})-(\d{1,2})-(\d{1,2})\s*$`)
	literalTimestamp = regexp.MustCompile(`^\s*([+-]?\d{4,}-\d{1,2}-\d{1,2}(?: \d{1,2}:\d{1,2}(?::\d{1,2}(?:\.\d{1,12})?)?)?)\s*([A-Za-z_/+-][A-Za-z0-9_/+:-]*)?\s*$`)
)

// isDate reports whether a text is a day of the calendar.
func isDate(s string) bool {
	m := dateText.FindStringSubmatch(s)
	if m == nil {
		return false
	}
	year, month, day := atoi(m[1]), atoi(m[2]), atoi(m[3])
	t := time.Date(year, time.Month(month), day, 0, 0, 0, 0, time.UTC)
	return int(t.Month()) == month && t.Day() == day
}

// isClock reports whether a text is a time of day, or nothing.
func isClock(s string) bool {
	parts := strings.Split(s, ":")
	for i, limit := range []int{23, 59, 59} {
		if i < len(parts) {
			whole, _, _ := strings.Cut(parts[i], ".")
			if atoi(whole) > limit {
				return false
			}
		}
	}
	return true
}

// timestampLiteral is TIMESTAMP '2024-01-01 00:00:00', with a zone or without.
func (c *compiler) timestampLiteral(l *literal) (string, Type, error) {
	m := literalTimestamp.FindStringSubmatch(l.text)
	day, clock := "", ""
	if m != nil {
		day, clock, _ = strings.Cut(strings.TrimSpace(m[1]), " ")
	}
	if m == nil || !isDate(day) || !isClock(clock) {
		return "", Type{}, failAt("INVALID_LITERAL", l.p, "'%s' is not a valid TIMESTAMP literal", l.text)
	}
	digits := 0
	if _, fraction, ok := strings.Cut(m[1], "."); ok {
		digits = len(fraction)
	}
	t := Type{Name: "timestamp", Params: []int{digits}}
	if err := representable(t, l.p); err != nil {
		return "", Type{}, err
	}
	if m[2] == "" {
		return "trino_parse_timestamp(" + quoteText(strings.TrimSpace(m[1])) + ", " + itoa(digits) + ")", t, nil
	}
	t.Name = "timestamp with time zone"
	if _, ok := ZoneOf(m[2]); !ok {
		return "", Type{}, failAt("INVALID_LITERAL", l.p, "'%s' is not a valid TIMESTAMP literal", l.text)
	}
	return "trino_parse_zoned(" + quoteText(strings.TrimSpace(l.text)) + ", " + itoa(digits) + ")", t, nil
}

var offsetText = regexp.MustCompile(`^([+-])(\d{1,2})(?::?(\d{2}))?$`)

// ZoneOf finds a zone by its name in the tz database or its offset, and gives
// it the name that Trino shows.
func ZoneOf(s string) (*time.Location, bool) {
	switch strings.ToUpper(s) {
	case "UTC", "Z", "GMT", "UT", "+00:00", "-00:00", "ZULU", "ETC/UTC", "ETC/GMT":
		return time.UTC, true
	}
	if m := offsetText.FindStringSubmatch(s); m != nil {
		hours, minutes := atoi(m[2]), atoi(m[3])
		if hours > 14 || minutes > 59 || hours == 14 && minutes > 0 {
			return nil, false
		}
		seconds := hours*3600 + minutes*60
		if seconds == 0 {
			return time.UTC, true
		}
		if m[1] == "-" {
			seconds = -seconds
		}
		return time.FixedZone(m[1]+fmt.Sprintf("%02d:%02d", hours, minutes), seconds), true
	}
	if strings.EqualFold(s, "local") || s == "" {
		return nil, false
	}
	zone, err := time.LoadLocation(s)
	return zone, err == nil
}
