package hive

import (
	"math/big"
	"time"
)

// A value of a type is, in Go:
//
//	NULL                     nil
//	boolean                  bool
//	tinyint … bigint         int64
//	float, double            float64
//	decimal                  Number, scaled to the type
//	string, varchar, char    string
//	binary                   []byte
//	date, timestamp          time.Time in UTC
//	array, struct            []any, a struct's in the order of its fields
//	map                      []Entry

// Number is a decimal: Unscaled times ten to the minus Scale.
type Number struct {
	Unscaled *big.Int
	Scale    int
}

// Entry is one key of a map with its value.
type Entry struct{ Key, Value any }

// String is the decimal with exactly Scale digits after the point.
func (n Number) String() string {
	digits := new(big.Int).Abs(n.Unscaled).String()
	for len(digits) <= n.Scale {
		digits = "0" + digits
	}
	if n.Scale > 0 {
		digits = digits[:len(digits)-n.Scale] + "." + digits[len(digits)-n.Scale:]
	}
	if n.Unscaled.Sign() < 0 {
		return "-" + digits
	}
	return digits
}

// Overflows reports whether the number has more than precision digits.
func (n Number) Overflows(precision int) bool {
	limit := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(precision)), nil)
	return n.Unscaled.CmpAbs(limit) >= 0
}

// Rescale is the number with another scale, rounded half away from zero.
func (n Number) Rescale(scale int) Number {
	if scale >= n.Scale {
		factor := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(scale-n.Scale)), nil)
		return Number{new(big.Int).Mul(n.Unscaled, factor), scale}
	}
	factor := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(n.Scale-scale)), nil)
	quotient, rest := new(big.Int).QuoRem(n.Unscaled, factor, new(big.Int))
	if rest.Abs(rest).Lsh(rest, 1).Cmp(factor) >= 0 {
		quotient.Add(quotient, big.NewInt(int64(n.Unscaled.Sign())))
	}
	return Number{quotient, scale}
}

// RoundMillis is t to the millisecond, which is all that a timestamp has in
// Athena: halves go up.
func RoundMillis(t time.Time) time.Time {
	return t.Add(500 * time.Microsecond).Truncate(time.Millisecond)
}

// Truncate is the whole part of the number.
func (n Number) Truncate() *big.Int {
	if n.Scale <= 0 {
		return n.Rescale(0).Unscaled
	}
	factor := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(n.Scale)), nil)
	return factor.Quo(n.Unscaled, factor)
}
