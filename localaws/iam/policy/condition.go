package policy

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"time"
)

// Context is what a request says about itself: condition key -> values. Keys
// compare without case.
type Context map[string][]string

func (c Context) get(key string) []string {
	if values, ok := c[key]; ok {
		return values
	}
	for k, values := range c {
		if strings.EqualFold(k, key) {
			return values
		}
	}
	return nil
}

// Condition is one operator on one key.
type Condition struct {
	Key    string
	Values []string

	operator string // without set prefix and IfExists
	negated  bool
	forAll   bool
	forAny   bool
	ifExists bool
}

// comparison says whether one value of the request fits one of the policy.
type comparison func(want pattern, got string) bool

// comparisons are the positive operators; the negated ones are made of them.
func comparisons(operator string) comparison {
	number := func(fits func(got, want float64) bool) comparison {
		return func(want pattern, got string) bool {
			w, err1 := strconv.ParseFloat(want.literal(), 64)
			g, err2 := strconv.ParseFloat(got, 64)
			return err1 == nil && err2 == nil && fits(g, w)
		}
	}
	date := func(fits func(got, want time.Time) bool) comparison {
		return func(want pattern, got string) bool {
			w, ok1 := parseDate(want.literal())
			g, ok2 := parseDate(got)
			return ok1 && ok2 && fits(g, w)
		}
	}
	switch operator {
	case "StringEquals":
		return func(want pattern, got string) bool { return want.literal() == got }
	case "StringEqualsIgnoreCase":
		return func(want pattern, got string) bool { return strings.EqualFold(want.literal(), got) }
	case "StringLike":
		return pattern.matches
	case "ArnEquals", "ArnLike": // the same, says the reference
		return pattern.matchesARN
	case "Bool":
		return func(want pattern, got string) bool { return strings.EqualFold(want.literal(), got) }
	case "BinaryEquals":
		return func(want pattern, got string) bool {
			w, err1 := base64.StdEncoding.DecodeString(want.literal())
			g, err2 := base64.StdEncoding.DecodeString(got)
			return err1 == nil && err2 == nil && string(w) == string(g)
		}
	case "IpAddress":
		return inNetwork
	case "NumericEquals":
		return number(func(got, want float64) bool { return got == want })
	case "NumericLessThan":
		return number(func(got, want float64) bool { return got < want })
	case "NumericLessThanEquals":
		return number(func(got, want float64) bool { return got <= want })
	case "NumericGreaterThan":
		return number(func(got, want float64) bool { return got > want })
	case "NumericGreaterThanEquals":
		return number(func(got, want float64) bool { return got >= want })
	case "DateEquals":
		return date(func(got, want time.Time) bool { return got.Equal(want) })
	case "DateLessThan":
		return date(func(got, want time.Time) bool { return got.Before(want) })
	case "DateLessThanEquals":
		return date(func(got, want time.Time) bool { return !got.After(want) })
	case "DateGreaterThan":
		return date(func(got, want time.Time) bool { return got.After(want) })
	case "DateGreaterThanEquals":
		return date(func(got, want time.Time) bool { return !got.Before(want) })
	}
	return nil
}

func inNetwork(want pattern, got string) bool {
	address, err := netip.ParseAddr(got)
	if err != nil {
		return false
	}
	text := want.literal()
	if !strings.Contains(text, "/") {
		other, err := netip.ParseAddr(text)
		return err == nil && other == address
	}
	network, err := netip.ParsePrefix(text)
	return err == nil && network.Contains(address)
}

// parseDate takes ISO 8601 and epoch seconds.
func parseDate(text string) (time.Time, bool) {
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04Z07:00", "2006-01-02"} {
		if t, err := time.Parse(layout, text); err == nil {
			return t, true
		}
	}
	if seconds, err := strconv.ParseFloat(text, 64); err == nil {
		return time.UnixMilli(int64(seconds * 1000)), true
	}
	return time.Time{}, false
}

func parseCondition(operator, key string, text json.RawMessage) (Condition, error) {
	c := Condition{Key: key, operator: operator}
	invalid := fmt.Errorf("Invalid Condition type : %s", operator) //nolint:staticcheck // AWS's words
	if rest, ok := strings.CutPrefix(c.operator, "ForAllValues:"); ok {
		c.operator, c.forAll = rest, true
	} else if rest, ok := strings.CutPrefix(c.operator, "ForAnyValue:"); ok {
		c.operator, c.forAny = rest, true
	}
	if rest, ok := strings.CutSuffix(c.operator, "IfExists"); ok {
		c.operator, c.ifExists = rest, true
	}
	switch c.operator {
	case "StringNotEquals", "StringNotEqualsIgnoreCase", "StringNotLike", "ArnNotEquals", "ArnNotLike", "NumericNotEquals", "DateNotEquals", "NotIpAddress":
		c.operator, c.negated = strings.Replace(c.operator, "Not", "", 1), true
	}
	if c.operator != "Null" && comparisons(c.operator) == nil || c.operator == "Null" && c.ifExists {
		return c, invalid
	}
	if !strings.Contains(key, ":") {
		return c, fmt.Errorf("Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.") //nolint:staticcheck // AWS's words
	}
	values, err := listOf[any](text)
	if err != nil || len(values) == 0 {
		return c, syntax("condition " + operator + " of " + key + " must have values")
	}
	for _, value := range values {
		switch v := value.(type) {
		case string:
			c.Values = append(c.Values, v)
		case bool:
			c.Values = append(c.Values, strconv.FormatBool(v))
		case float64:
			c.Values = append(c.Values, strconv.FormatFloat(v, 'f', -1, 64))
		default:
			return c, syntax("condition " + operator + " of " + key + " must have strings, numbers or booleans")
		}
	}
	return c, nil
}

// holds decides a condition. A key that the request does not have makes a
// positive operator false and a negated one true; IfExists and ForAllValues are
// true of nothing, ForAnyValue is false of nothing (IAM User Guide, "Condition
// operators", "Multivalued context keys").
func (c Condition) holds(version string, context Context) bool {
	got := context.get(c.Key)
	if c.operator == "Null" {
		missing := strconv.FormatBool(len(got) == 0)
		for _, want := range c.Values {
			if strings.EqualFold(want, missing) {
				return true
			}
		}
		return false
	}
	if len(got) == 0 {
		return c.ifExists || c.forAll || c.negated && !c.forAny
	}
	compare := comparisons(c.operator)
	fits := func(value string) bool {
		for _, text := range c.Values {
			if want, ok := compile(text, version, context); ok && compare(want, value) {
				return !c.negated
			}
		}
		return c.negated
	}
	for _, value := range got {
		switch {
		case c.forAll && !fits(value), !c.forAll && !c.forAny && c.negated && !fits(value):
			return false
		case !c.forAll && !(c.negated && !c.forAny) && fits(value):
			return true
		}
	}
	return c.forAll || c.negated && !c.forAny
}
