package duck

import (
	"database/sql/driver"
	"math"
	"math/big"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// numberFunctions are those of numbers beyond arithmetic: distributions, units,
// histograms, distances.
// https://trino.io/docs/current/functions/math.html
func numberFunctions() []*function {
	return []*function{
		define("shift_right(bigint, bigint) bigint", func(v []driver.Value) (any, error) {
			if n := v[1].(int64); n >= 0 && n < 64 {
				return int64(uint64(v[0].(int64)) >> uint(n)), nil
			}
			return int64(0), nil
		}),
		define("cbrt(double) double", func(v []driver.Value) (any, error) { return math.Cbrt(v[0].(float64)), nil }),
		define("format_number(double) varchar", func(v []driver.Value) (any, error) { return formatNumber(v[0].(float64)), nil }),
		define("parse_data_size(varchar) varchar", func(v []driver.Value) (any, error) { return parseDataSize(v[0].(string)) }),
		define("normal_cdf(double, double, double) double", func(v []driver.Value) (any, error) {
			mean, sd := v[0].(float64), v[1].(float64)
			if !(sd > 0) {
				return nil, fail("INVALID_FUNCTION_ARGUMENT", "standardDeviation must be > 0")
			}
			return 0.5 * (1 + math.Erf((v[2].(float64)-mean)/(sd*math.Sqrt2))), nil
		}),
		define("inverse_normal_cdf(double, double, double) double", func(v []driver.Value) (any, error) {
			mean, sd, p := v[0].(float64), v[1].(float64), v[2].(float64)
			switch {
			case !(p > 0 && p < 1):
				return nil, fail("INVALID_FUNCTION_ARGUMENT", "p must be 0 > p > 1")
			case !(sd > 0):
				return nil, fail("INVALID_FUNCTION_ARGUMENT", "sd must be > 0")
			}
			return mean + sd*math.Sqrt2*math.Erfinv(2*p-1), nil
		}),
		define("great_circle_distance(double, double, double, double) double", func(v []driver.Value) (any, error) {
			return greatCircle(v[0].(float64), v[1].(float64), v[2].(float64), v[3].(float64))
		}),
		define("numeric_histogram(double[], bigint) double[][]", func(v []driver.Value) (any, error) { return numericHistogram(v[0].([]any), v[1].(int64)) }),
		define("luhn_check(varchar) boolean", func(v []driver.Value) (any, error) { return luhn(v[0].(string)) }),
	}
}

// formatNumber writes a number with at most three digits and the letter of its
// thousands.
func formatNumber(f float64) string {
	units := []string{"", "K", "M", "B", "T", "Q"}
	unit := 0
	for ; math.Abs(f) >= 1000 && unit < len(units)-1; unit++ {
		f /= 1000
	}
	places := 2
	if a := math.Abs(f); a >= 100 {
		places = 0
	} else if a >= 10 {
		places = 1
	}
	text := strconv.FormatFloat(f, 'f', places, 64)
	if places > 0 {
		text = strings.TrimSuffix(strings.TrimRight(text, "0"), ".")
	}
	return text + units[unit]
}

var dataSize = regexp.MustCompile(`^(\d+(?:\.\d+)?)(B|kB|MB|GB|TB|PB|EB|ZB|YB)$`)

// parseDataSize reads a number with a unit of bytes, each 1024 of the one before.
func parseDataSize(s string) (any, error) {
	m := dataSize.FindStringSubmatch(s)
	if m == nil {
		return nil, fail("INVALID_FUNCTION_ARGUMENT", "Invalid data size: '%s'", s)
	}
	r, _ := new(big.Rat).SetString(m[1])
	power := slices.Index([]string{"B", "kB", "MB", "GB", "TB", "PB", "EB", "ZB", "YB"}, m[2])
	r.Mul(r, new(big.Rat).SetInt(new(big.Int).Lsh(big.NewInt(1), uint(10*power))))
	return new(big.Int).Quo(r.Num(), r.Denom()).String(), nil
}

// greatCircle is the distance of two places on a sphere of the Earth's size, in
// kilometres.
func greatCircle(lat1, lon1, lat2, lon2 float64) (any, error) {
	for _, lat := range []float64{lat1, lat2} {
		if !(lat >= -90 && lat <= 90) {
			return nil, fail("INVALID_FUNCTION_ARGUMENT", "Latitude must be between -90 and 90")
		}
	}
	for _, lon := range []float64{lon1, lon2} {
		if !(lon >= -180 && lon <= 180) {
			return nil, fail("INVALID_FUNCTION_ARGUMENT", "Longitude must be between -180 and 180")
		}
	}
	const radian, radius = math.Pi / 180, 6371.01
	sin1, cos1 := math.Sincos(lat1 * radian)
	sin2, cos2 := math.Sincos(lat2 * radian)
	sinD, cosD := math.Sincos((lon1 - lon2) * radian)
	across := math.Hypot(cos2*sinD, cos1*sin2-sin1*cos2*cosD)
	return math.Atan2(across, sin1*sin2+cos1*cos2*cosD) * radius, nil
}

// numericHistogram merges the two nearest buckets until there are no more than
// asked for: pairs of a bucket's centre and its weight.
func numericHistogram(values []any, buckets int64) (any, error) {
	if buckets < 2 {
		return nil, fail("INVALID_FUNCTION_ARGUMENT", "numeric_histogram bucket count must be greater than one")
	}
	var sorted []float64
	for _, v := range values {
		if f, ok := v.(float64); ok {
			sorted = append(sorted, f)
		}
	}
	slices.Sort(sorted)
	type bucket struct{ centre, weight float64 }
	var all []bucket
	for _, f := range sorted {
		if n := len(all); n > 0 && all[n-1].centre == f {
			all[n-1].weight++
			continue
		}
		all = append(all, bucket{f, 1})
	}
	for int64(len(all)) > buckets {
		at := 0
		for i := range all[:len(all)-1] {
			if all[i+1].centre-all[i].centre < all[at+1].centre-all[at].centre {
				at = i
			}
		}
		a, b := all[at], all[at+1]
		weight := a.weight + b.weight
		all[at] = bucket{(a.centre*a.weight + b.centre*b.weight) / weight, weight}
		all = slices.Delete(all, at+1, at+2)
	}
	out := make([]any, len(all))
	for i, b := range all {
		out[i] = []any{b.centre, b.weight}
	}
	return out, nil
}

// luhn tells whether the last digit is the check digit of the others.
func luhn(s string) (any, error) {
	if s == "" {
		return false, nil
	}
	sum := 0
	for i := range len(s) {
		c := s[len(s)-1-i]
		if c < '0' || c > '9' {
			return nil, fail("INVALID_FUNCTION_ARGUMENT", "Input must contain only digits")
		}
		d := int(c - '0')
		if i%2 == 1 {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
	}
	return sum%10 == 0, nil
}
