package duck

import (
	"crypto/sha512"
	"database/sql/driver"
	"encoding/base64"
	"encoding/hex"
	"hash/crc32"
	"math"
	"net/url"
	"strings"
	"unicode/utf8"
)

// otherFunctions are those of bytes, URLs, bits and numbers.
func otherFunctions() []*function {
	return []*function{
		define("sha512(varbinary) varbinary", func(v []driver.Value) (any, error) {
			sum := sha512.Sum512(v[0].([]byte))
			return sum[:], nil
		}),
		define("crc32(varbinary) bigint", func(v []driver.Value) (any, error) { return int64(crc32.ChecksumIEEE(v[0].([]byte))), nil }),
		define("from_hex(varchar) varbinary", func(v []driver.Value) (any, error) {
			b, err := hex.DecodeString(v[0].(string))
			if err != nil {
				return nil, fail("INVALID_FUNCTION_ARGUMENT", "String must be of even length and hexadecimal: %s", v[0])
			}
			return b, nil
		}),
		define("from_base64(varchar) varbinary", decodeBase64(base64.StdEncoding)),
		define("from_base64url(varchar) varbinary", decodeBase64(base64.URLEncoding)),
		define("to_base64url(varbinary) varchar", func(v []driver.Value) (any, error) { return base64.URLEncoding.EncodeToString(v[0].([]byte)), nil }),
		define("from_utf8(varbinary) varchar", func(v []driver.Value) (any, error) {
			return strings.ToValidUTF8(string(v[0].([]byte)), string(utf8.RuneError)), nil
		}),
		define("url_encode(varchar) varchar", func(v []driver.Value) (any, error) {
			// Java's form encoding keeps * and escapes ~.
			return strings.NewReplacer("%2A", "*", "~", "%7E").Replace(url.QueryEscape(v[0].(string))), nil
		}),
		define("url_decode(varchar) varchar", func(v []driver.Value) (any, error) {
			s, err := url.QueryUnescape(v[0].(string))
			if err != nil {
				return nil, fail("INVALID_FUNCTION_ARGUMENT", "URLDecoder: Illegal hex characters in escape (%%) pattern: %s", v[0])
			}
			return strings.ToValidUTF8(s, string(utf8.RuneError)), nil
		}),
		define("url_part(varchar, varchar) varchar", func(v []driver.Value) (any, error) { return urlPart(v[0].(string), v[1].(string)), nil }),
		define("url_parameter(varchar, varchar) varchar", func(v []driver.Value) (any, error) {
			u, ok := parseURL(v[0].(string))
			if !ok || u.RawQuery == "" {
				return nil, nil
			}
			for pair := range strings.SplitSeq(u.RawQuery, "&") {
				key, value, _ := strings.Cut(pair, "=")
				if unescaped, err := url.QueryUnescape(key); err != nil || unescaped != v[1].(string) {
					continue
				}
				text, err := url.QueryUnescape(value)
				if err != nil {
					return nil, nil
				}
				return text, nil
			}
			return nil, nil
		}),
		define("round(double, bigint) double", func(v []driver.Value) (any, error) { return roundDouble(v[0].(float64), v[1].(int64)), nil }),
		define("width_bucket(double, double, double, bigint) bigint", func(v []driver.Value) (any, error) {
			return widthBucket(v[0].(float64), v[1].(float64), v[2].(float64), v[3].(int64))
		}),
		define("shift_left(bigint, bigint) bigint", func(v []driver.Value) (any, error) {
			if n := v[1].(int64); n < 64 && n >= 0 {
				return v[0].(int64) << n, nil
			}
			return int64(0), nil
		}),
		define("bit_count(bigint, bigint) bigint", func(v []driver.Value) (any, error) { return bitCount(v[0].(int64), v[1].(int64)) }),
		define("combine(bigint, bigint) bigint[][]", func(v []driver.Value) (any, error) { return combine(v[0].(int64), v[1].(int64)) }),
	}
}

func decodeBase64(encoding *base64.Encoding) func([]driver.Value) (any, error) {
	return func(v []driver.Value) (any, error) {
		b, err := encoding.WithPadding(base64.NoPadding).DecodeString(strings.TrimRight(v[0].(string), "="))
		if err != nil {
			return nil, fail("INVALID_FUNCTION_ARGUMENT", "Illegal base64 character or length: %s", v[0])
		}
		return b, nil
	}
}

// parseURL reads what java.net.URI reads.
func parseURL(s string) (*url.URL, bool) {
	if strings.ContainsAny(s, " <>\"{}|\\^`") {
		return nil, false
	}
	u, err := url.Parse(s)
	return u, err == nil
}

func urlPart(s, part string) any {
	u, ok := parseURL(s)
	if !ok {
		return nil
	}
	switch part {
	case "fragment":
		if strings.Contains(s, "#") {
			return u.Fragment
		}
	case "host":
		if host := u.Hostname(); host != "" {
			return host
		}
	case "path":
		if u.Opaque == "" {
			return u.Path
		}
	case "port":
		if u.Port() != "" {
			return u.Port()
		}
	case "protocol":
		if u.Scheme != "" {
			return u.Scheme
		}
	case "query":
		if u.RawQuery != "" {
			if q, err := url.PathUnescape(u.RawQuery); err == nil {
				return q
			}
		} else if u.ForceQuery {
			return ""
		}
	}
	return nil
}

// roundDouble rounds halves away from zero at a digit.
func roundDouble(f float64, digits int64) float64 {
	if math.IsNaN(f) || math.IsInf(f, 0) || digits > 300 {
		return f
	}
	if digits < -300 {
		return 0
	}
	factor := math.Pow(10, float64(digits))
	rescaled := f * factor
	if math.IsInf(rescaled, 0) {
		return f
	}
	return math.Round(rescaled) / factor
}

func widthBucket(x, low, high float64, n int64) (any, error) {
	switch {
	case n <= 0:
		return nil, fail("INVALID_FUNCTION_ARGUMENT", "bucketCount must be greater than 0")
	case math.IsNaN(x):
		return nil, fail("INVALID_FUNCTION_ARGUMENT", "operand must not be NaN")
	case math.IsInf(low, 0) || math.IsNaN(low):
		return nil, fail("INVALID_FUNCTION_ARGUMENT", "first bound must be finite")
	case math.IsInf(high, 0) || math.IsNaN(high):
		return nil, fail("INVALID_FUNCTION_ARGUMENT", "second bound must be finite")
	case low == high:
		return nil, fail("INVALID_FUNCTION_ARGUMENT", "bounds cannot equal each other")
	}
	from, to := math.Min(low, high), math.Max(low, high)
	bucket := int64(0)
	switch {
	case x < from:
	case x >= to:
		bucket = n + 1
	default:
		bucket = int64(float64(n)*(x-from)/(to-from)) + 1
	}
	if low > high {
		bucket = n - bucket + 1
	}
	return bucket, nil
}

func bitCount(n, size int64) (any, error) {
	if size < 2 || size > 64 {
		return nil, fail("INVALID_FUNCTION_ARGUMENT", "Bits specified in bit_count must be between 2 and 64, got %d", size)
	}
	if size < 64 && (n >= 1<<(size-1) || n < -1<<(size-1)) {
		return nil, fail("INVALID_FUNCTION_ARGUMENT", "Number must be representable with the bits specified. %d cannot be represented with %d bits", n, size)
	}
	count := int64(0)
	for i := range size {
		count += int64(uint64(n) >> uint(i) & 1)
	}
	return count, nil
}

// combine lists the combinations of n of the positions 1 … size, in Trino's
// order: that of their reversed positions.
func combine(size, n int64) (any, error) {
	if n < 0 || n > 5 {
		return nil, fail("INVALID_FUNCTION_ARGUMENT", "combination size must not be negative or exceed 5: %d", n)
	}
	all := [][]int64{{}}
	for range n {
		var next [][]int64
		for _, c := range all {
			first := int64(1)
			if len(c) > 0 {
				first = c[len(c)-1] + 1
			}
			for i := first; i <= size; i++ {
				next = append(next, append(append([]int64{}, c...), i))
			}
		}
		if all = next; len(all) > 100_000 {
			return nil, fail("INVALID_FUNCTION_ARGUMENT", "combinations exceed max size 100000")
		}
	}
	out := make([]any, len(all))
	for i, c := range all {
		positions := make([]any, len(c))
		for j, p := range c {
			positions[j] = p
		}
		out[i] = positions
	}
	return out, nil
}
