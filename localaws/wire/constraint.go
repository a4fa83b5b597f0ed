package wire

import "strconv"

// ValueRule is the rule that a number outside of low to high breaks, in the
// words of AWS's own validation: "have value less than or equal to 100", after
// "Member must". Each bound is a rule of its own.
func ValueRule[N ~int | ~int32 | ~int64](n, low, high N) string {
	return bound("value", n, low, high)
}

// LengthRule is the same of a length.
func LengthRule(n, low, high int) string { return bound("length", n, low, high) }

func bound[N ~int | ~int32 | ~int64](what string, n, low, high N) string {
	if n < low {
		return "have " + what + " greater than or equal to " + strconv.FormatInt(int64(low), 10)
	}
	return "have " + what + " less than or equal to " + strconv.FormatInt(int64(high), 10)
}
