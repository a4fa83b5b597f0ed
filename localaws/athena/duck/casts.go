package duck

import (
	"database/sql/driver"
	"encoding/hex"
	"math"
	"math/big"
	"strconv"
	"strings"

	"crawlerless/localaws/athena/hive"
)

// bits are the sizes of the integer types.
var bits = map[string]int{"tinyint": 8, "smallint": 16, "integer": 32, "bigint": 64}

// castFunctions are conversions from and to text, and between numbers.
// https://trino.io/docs/current/functions/conversion.html
func castFunctions() []*function {
	return []*function{
		define("fail(varchar, varchar) bigint", func(v []driver.Value) (any, error) {
			name, message, _ := strings.Cut(v[0].(string), ": ")
			return nil, &Error{name, message}
		}),
		define("parse_integer(varchar, varchar) bigint", func(v []driver.Value) (any, error) {
			kind := v[1].(string)
			n, err := strconv.ParseInt(strings.TrimSpace(v[0].(string)), 10, bits[kind])
			if err != nil {
				return nil, badCast(v[0], map[string]string{"integer": "INT"}[kind], kind)
			}
			return n, nil
		}),
		define("parse_double(varchar, varchar) double", func(v []driver.Value) (any, error) {
			f, ok := parseDouble(strings.TrimSpace(v[0].(string)), map[bool]int{true: 32, false: 64}[v[1].(string) == "real"])
			if !ok {
				return nil, badCast(v[0], "", v[1].(string))
			}
			return f, nil
		}),
		define("parse_decimal(varchar, bigint, bigint) varchar", func(v []driver.Value) (any, error) {
			precision, scale := int(v[1].(int64)), int(v[2].(int64))
			kind := "DECIMAL(" + strconv.Itoa(precision) + ", " + strconv.Itoa(scale) + ")"
			n, ok := hive.ParseNumber(strings.TrimSpace(v[0].(string)))
			if !ok {
				return nil, fail("INVALID_CAST_ARGUMENT", "Cannot cast VARCHAR '%s' to %s. Value is not a number.", v[0], kind)
			}
			if n = n.Rescale(scale); n.Overflows(precision) {
				return nil, fail("INVALID_CAST_ARGUMENT", "Cannot cast VARCHAR '%s' to %s. Value too large.", v[0], kind)
			}
			return n.String(), nil
		}),
		define("parse_boolean(varchar) boolean", func(v []driver.Value) (any, error) {
			switch strings.ToLower(v[0].(string)) {
			case "t", "1", "true":
				return true, nil
			case "f", "0", "false":
				return false, nil
			}
			return nil, badCast(v[0], "", "boolean")
		}),
		define("round_integer(double, varchar) bigint", func(v []driver.Value) (any, error) {
			f, kind := v[0].(float64), v[1].(string)
			r := math.Round(f)
			limit := math.Ldexp(1, bits[kind]-1)
			if math.IsNaN(f) || r < -limit || r >= limit {
				return nil, fail("INVALID_CAST_ARGUMENT", "Cannot cast double '%s' to %s", Double(f, 64), kind)
			}
			return int64(r), nil
		}),
		define("to_real(double) real", func(v []driver.Value) (any, error) { return float32(v[0].(float64)), nil }),
		define("double_decimal(double, bigint, bigint) varchar", func(v []driver.Value) (any, error) {
			f, precision, scale := v[0].(float64), int(v[1].(int64)), int(v[2].(int64))
			n, ok := hive.ParseNumber(strconv.FormatFloat(f, 'f', -1, 64))
			if ok {
				n = n.Rescale(scale)
			}
			if !ok || n.Overflows(precision) {
				return nil, fail("INVALID_CAST_ARGUMENT", "Cannot cast DOUBLE '%s' to DECIMAL(%d, %d)", Double(f, 64), precision, scale)
			}
			return n.String(), nil
		}),
		define("double_text(double) varchar", func(v []driver.Value) (any, error) { return Double(v[0].(float64), 64), nil }),
		define("real_text(real) varchar", func(v []driver.Value) (any, error) { return Double(float64(v[0].(float32)), 32), nil }),
		define("double_varchar(double, bigint) varchar", func(v []driver.Value) (any, error) {
			return scientific(v[0].(float64), 64, v[1].(int64))
		}),
		define("real_varchar(real, bigint) varchar", func(v []driver.Value) (any, error) {
			return scientific(float64(v[0].(float32)), 32, v[1].(int64))
		}),
		define("bytes_text(varbinary) varchar", func(v []driver.Value) (any, error) { return bytesText(v[0].([]byte)), nil }),
		define("fit(varchar, bigint, varchar) varchar", func(v []driver.Value) (any, error) {
			text, length := v[0].(string), v[1].(int64)
			if int64(len([]rune(text))) > length {
				return nil, fail("INVALID_CAST_ARGUMENT", "Value %s cannot be represented as varchar(%d)", text, length)
			}
			return text, nil
		}),
		define("decimal_divide(varchar, varchar, bigint, bigint) varchar", func(v []driver.Value) (any, error) {
			return decimalDivide(v[0].(string), v[1].(string), int(v[2].(int64)), int(v[3].(int64)))
		}),
		define("decimal_digits(varchar, bigint, boolean) varchar", func(v []driver.Value) (any, error) {
			n, ok := hive.ParseNumber(v[0].(string))
			if !ok {
				return nil, fail("INVALID_FUNCTION_ARGUMENT", "not a number: %s", v[0])
			}
			digits := int(max(-100, v[1].(int64)))
			if digits >= n.Scale {
				return n.String(), nil
			}
			if v[2].(bool) {
				return n.Rescale(digits).Rescale(n.Scale).String(), nil
			}
			factor := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(n.Scale-digits)), nil)
			whole := new(big.Int).Quo(n.Unscaled, factor)
			return hive.Number{Unscaled: whole.Mul(whole, factor), Scale: n.Scale}.String(), nil
		}),
	}
}

func badCast(value any, kind, name string) error {
	if kind == "" {
		kind = strings.ToUpper(name)
	}
	return fail("INVALID_CAST_ARGUMENT", "Cannot cast '%s' to %s", value, kind)
}

// parseDouble reads what Java's Double.parseDouble does.
func parseDouble(s string, size int) (float64, bool) {
	unsigned := strings.TrimLeft(s, "+-")
	switch unsigned {
	case "NaN", "Infinity":
		if len(s)-len(unsigned) > 1 {
			return 0, false
		}
		f, err := strconv.ParseFloat(s, 64)
		return f, err == nil
	}
	if n := len(unsigned); n > 1 && strings.IndexByte("dDfF", unsigned[n-1]) >= 0 && !strings.HasPrefix(strings.ToLower(unsigned), "0x") {
		s = s[:len(s)-1] // Java's suffixes
	}
	if strings.Trim(unsigned, "0123456789.eE+-dDfF") != "" && !strings.HasPrefix(strings.ToLower(unsigned), "0x") {
		return 0, false // Go reads inf, nan and underscores
	}
	f, err := strconv.ParseFloat(s, size)
	if err != nil && !math.IsInf(f, 0) {
		return 0, false
	}
	return f, true
}

// Double is a double as Java prints it, which Athena does. size is 32 or 64.
func Double(f float64, size int) string {
	switch {
	case math.IsNaN(f):
		return "NaN"
	case math.IsInf(f, 1):
		return "Infinity"
	case math.IsInf(f, -1):
		return "-Infinity"
	case f == 0:
		if math.Signbit(f) {
			return "-0.0"
		}
		return "0.0"
	}
	if a := math.Abs(f); a >= 1e-3 && a < 1e7 {
		s := strconv.FormatFloat(f, 'f', -1, size)
		if !strings.Contains(s, ".") {
			s += ".0"
		}
		return s
	}
	mantissa, exponent, _ := strings.Cut(strconv.FormatFloat(f, 'e', -1, size), "e")
	if !strings.Contains(mantissa, ".") {
		mantissa += ".0"
	}
	sign := strings.TrimRight(exponent[:1], "+")
	return mantissa + "E" + sign + strings.TrimLeft(exponent[1:], "0")
}

// scientific is CAST(x AS varchar) of a double or a real, of at most so many
// characters (-1 is any number): with one digit before the point and an exponent,
// as the SQL standard has it and Trino from release 369 on; a real has seven
// digits at most. Trino's DoubleOperators and RealOperators, castToVarchar.
func scientific(f float64, size int, most int64) (string, error) {
	text := Double(f, size)
	switch {
	case f == 0:
		text = strings.TrimSuffix(text, ".0") + "E0"
	case !math.IsNaN(f) && !math.IsInf(f, 0):
		digits := -1
		if size == 32 {
			shortest, err := strconv.ParseFloat(strconv.FormatFloat(f, 'g', -1, 32), 64)
			if err != nil {
				return "", err
			}
			f, digits = shortest, 6
		}
		mantissa, exponent, _ := strings.Cut(strconv.FormatFloat(f, 'e', digits, 64), "e")
		if strings.Contains(mantissa, ".") {
			mantissa = strings.TrimRight(mantissa, "0")
		} else {
			mantissa += "."
		}
		if strings.HasSuffix(mantissa, ".") {
			mantissa += "0"
		}
		n, err := strconv.Atoi(exponent)
		if err != nil {
			return "", err
		}
		text = mantissa + "E" + strconv.Itoa(n)
	}
	if most >= 0 && int64(len(text)) > most {
		return "", fail("INVALID_CAST_ARGUMENT", "Value %s (%s) cannot be represented as varchar(%d)", Double(f, size), text, most)
	}
	return text, nil
}

// bytesText is how Athena shows varbinary: pairs of hexadecimal digits.
func bytesText(b []byte) string {
	pairs := make([]string, len(b))
	for i := range b {
		pairs[i] = hex.EncodeToString(b[i : i+1])
	}
	return strings.Join(pairs, " ")
}

// decimalDivide rounds half away from zero to the scale.
func decimalDivide(left, right string, precision, scale int) (any, error) {
	a, okA := hive.ParseNumber(left)
	b, okB := hive.ParseNumber(right)
	switch {
	case !okA || !okB:
		return nil, fail("INVALID_FUNCTION_ARGUMENT", "not a number: %s or %s", left, right)
	case b.Unscaled.Sign() == 0:
		return nil, fail("DIVISION_BY_ZERO", "Division by zero")
	}
	// a/10^as / (b/10^bs) at the scale: a*10^(scale+bs-as) / b
	numerator, denominator := new(big.Int).Set(a.Unscaled), new(big.Int).Set(b.Unscaled)
	shift := scale + b.Scale - a.Scale
	ten := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(max(shift, -shift))), nil)
	if shift >= 0 {
		numerator.Mul(numerator, ten)
	} else {
		denominator.Mul(denominator, ten)
	}
	quotient, rest := new(big.Int).QuoRem(numerator, denominator, new(big.Int))
	if rest.Abs(rest).Lsh(rest, 1).Cmp(new(big.Int).Abs(denominator)) >= 0 {
		quotient.Add(quotient, big.NewInt(int64(numerator.Sign()*denominator.Sign())))
	}
	n := hive.Number{Unscaled: quotient, Scale: scale}
	if n.Overflows(precision) {
		return nil, fail("NUMERIC_VALUE_OUT_OF_RANGE", "Decimal overflow")
	}
	return n.String(), nil
}
