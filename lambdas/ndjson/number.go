package ndjson

import (
	"bytes"
	"strconv"
)

// maxNumber is the longest number, in bytes, that is looked at digit by digit.
const maxNumber = 4096

// classifyNumber says how a valid JSON number is read back without loss.
func classifyNumber(number []byte) kind {
	digits := number
	if digits[0] == '-' {
		digits = digits[1:]
	}
	if len(number) > maxNumber {
		return kindText
	}
	if bytes.IndexAny(digits, ".eE") < 0 {
		if len(digits) <= 18 {
			return kindInt
		}
		if _, err := strconv.ParseInt(string(number), 10, 64); err == nil {
			return kindInt
		}
		return kindText
	}
	// 15 digits survive any double of ordinary size: DBL_DIG of IEEE 754.
	if len(digits) <= 16 && bytes.IndexByte(digits, '.') >= 0 && bytes.IndexAny(digits, "eE") < 0 {
		return kindDouble
	}
	if doubleHolds(digits) {
		return kindDouble
	}
	return kindText
}

// doubleHoldsInteger reports whether an integer of 64 bits is the same as a
// double.
func doubleHoldsInteger(number []byte) bool {
	if len(number) <= 15 {
		return true
	}
	n, err := strconv.ParseInt(string(number), 10, 64)
	if err != nil {
		return false
	}
	// Of 64 bits only the largest is 2⁶³ as a double, which is no int64.
	f := float64(n)
	return f < 1<<63 && int64(f) == n
}

// doubleHolds reports whether the double nearest to an unsigned decimal prints
// as that decimal again.
func doubleHolds(digits []byte) bool {
	value, err := strconv.ParseFloat(string(digits), 64)
	if err != nil {
		return false // out of range
	}
	var want, got [maxNumber]byte
	var shortest [32]byte
	wantDigits, wantExp, ok := normalize(want[:0], digits)
	if !ok {
		return false
	}
	gotDigits, gotExp, ok := normalize(got[:0], strconv.AppendFloat(shortest[:0], value, 'e', -1, 64))
	return ok && wantExp == gotExp && bytes.Equal(wantDigits, gotDigits)
}

// normalize writes a decimal as 0.DIGITS × 10^exp, without zeros at either
// end of the digits. Zero has no digits and exponent 0.
func normalize(dst, number []byte) (digits []byte, exp int, ok bool) {
	mantissa := number
	if i := bytes.IndexAny(number, "eE"); i >= 0 {
		mantissa = number[:i]
		var err error
		// An exponent beyond int overflows: the value is zero or out of range.
		if exp, err = strconv.Atoi(string(number[i+1:])); err != nil {
			exp = 0
			if len(bytes.Trim(mantissa, "0.")) > 0 {
				return nil, 0, false
			}
		}
	}
	point := bytes.IndexByte(mantissa, '.')
	if point < 0 {
		point = len(mantissa)
		digits = append(dst, mantissa...)
	} else {
		digits = append(append(dst, mantissa[:point]...), mantissa[point+1:]...)
	}
	exp += point
	before := len(digits)
	digits = bytes.TrimLeft(digits, "0")
	exp -= before - len(digits)
	digits = bytes.TrimRight(digits, "0")
	if len(digits) == 0 {
		exp = 0
	}
	return digits, exp, true
}
