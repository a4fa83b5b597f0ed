package serde

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/dlclark/regexp2/v2"

	"crawlerless/localaws/athena/hive"
)

// groups finds the groups of a line that matches as a whole; nil if it does not.
type groups func(line string) ([]*string, error)

// patience bounds the matching of one line on the backtracking engine.
const patience = 2 * time.Second

// newRegex compiles the pattern of RegexSerDe, which is Java's: on RE2 where it
// knows all of it, else on a backtracking engine.
// https://docs.aws.amazon.com/athena/latest/ug/regex-serde.html
func newRegex(parameters map[string]string) (groups, error) {
	pattern, ok := parameters["input.regex"]
	if !ok {
		return nil, &Error{"HIVE_INVALID_METADATA", "input.regex is missing in SERDEPROPERTIES"}
	}
	flags := "s"
	if strings.EqualFold(parameters["input.regex.case.insensitive"], "true") {
		flags += "i"
	}
	whole := "(?" + flags + `)\A(?:` + pattern + `)\z`
	if re, err := regexp.Compile(whole); err == nil {
		return func(line string) ([]*string, error) {
			m := re.FindStringSubmatchIndex(line)
			if m == nil {
				return nil, nil
			}
			out := make([]*string, len(m)/2-1)
			for i := range out {
				if from, to := m[2*i+2], m[2*i+3]; from >= 0 {
					text := line[from:to]
					out[i] = &text
				}
			}
			return out, nil
		}, nil
	}
	re, err := regexp2.Compile(whole, regexp2.OptionMaintainCaptureOrder())
	if err != nil {
		return nil, &Error{"HIVE_INVALID_METADATA", "invalid input.regex, or one that localaws does not implement: " + pattern}
	}
	re.MatchTimeout = patience
	return func(line string) ([]*string, error) {
		m, err := re.FindStringMatch(line)
		if err != nil {
			return nil, &Error{"HIVE_CURSOR_ERROR", "input.regex takes longer than " + patience.String()}
		}
		if m == nil {
			return nil, nil
		}
		var out []*string
		for _, g := range m.Groups()[1:] {
			if len(g.Captures) == 0 {
				out = append(out, nil)
				continue
			}
			text := g.String()
			out = append(out, &text)
		}
		return out, nil
	}, nil
}

// decodeRegex reads a line: its groups are the columns in order. A line that does
// not match is a row of NULLs, and a value that its type can not hold is NULL.
func (d *Decoder) decodeRegex(line []byte, row []any) error {
	found, err := d.regex(string(line))
	if err != nil {
		return err
	}
	for i, text := range found {
		if i == len(row) {
			break
		}
		if text == nil {
			continue
		}
		if v, err := d.regexScalar(*text, d.columns[i].Type); err == nil {
			row[i] = v
		}
	}
	return nil
}

func (d *Decoder) regexScalar(s string, t hive.Type) (any, error) {
	switch {
	case t.Integer():
		n, err := strconv.ParseInt(s, 10, 64)
		if err != nil || strings.Contains(s, "_") || !hive.FitsInteger(n, t) {
			return nil, forInput(s)
		}
		return n, nil
	case t.Kind == hive.Boolean:
		return strings.EqualFold(s, "true"), nil
	case t.Kind == hive.Timestamp:
		at, err := parseHiveTimestamp(s)
		return hive.RoundMillis(at), err
	case !t.Scalar() || t.Kind == hive.Binary:
		return nil, fmt.Errorf("type %s is not supported here", t)
	}
	return d.lazyScalar(s, t)
}
