package duck

import (
	"crypto/hmac"
	"crypto/md5"  //nolint:gosec // Trino's functions name it
	"crypto/sha1" //nolint:gosec // Trino's functions name it
	"crypto/sha256"
	"crypto/sha512"
	"database/sql/driver"
	"encoding/binary"
	"hash"
	"math"

	"github.com/cespare/xxhash/v2"
)

// byteFunctions are hashes with a key, and numbers as bytes.
// https://trino.io/docs/current/functions/binary.html
func byteFunctions() []*function {
	all := []*function{
		define("xxhash64(varbinary) varbinary", func(v []driver.Value) (any, error) {
			return binary.BigEndian.AppendUint64(nil, xxhash.Sum64(v[0].([]byte))), nil
		}),
		define("to_big_endian_64(bigint) varbinary", func(v []driver.Value) (any, error) {
			return binary.BigEndian.AppendUint64(nil, uint64(v[0].(int64))), nil
		}),
		define("to_big_endian_32(bigint) varbinary", func(v []driver.Value) (any, error) {
			return binary.BigEndian.AppendUint32(nil, uint32(v[0].(int64))), nil
		}),
		define("to_ieee754_64(double) varbinary", func(v []driver.Value) (any, error) {
			return binary.BigEndian.AppendUint64(nil, math.Float64bits(v[0].(float64))), nil
		}),
		define("to_ieee754_32(real) varbinary", func(v []driver.Value) (any, error) {
			return binary.BigEndian.AppendUint32(nil, math.Float32bits(v[0].(float32))), nil
		}),
		fixed("from_big_endian_64(varbinary) bigint", 8, func(b []byte) any { return int64(binary.BigEndian.Uint64(b)) }),
		fixed("from_big_endian_32(varbinary) bigint", 4, func(b []byte) any { return int64(int32(binary.BigEndian.Uint32(b))) }),
		fixed("from_ieee754_64(varbinary) double", 8, func(b []byte) any { return math.Float64frombits(binary.BigEndian.Uint64(b)) }),
		fixed("from_ieee754_32(varbinary) real", 4, func(b []byte) any { return math.Float32frombits(binary.BigEndian.Uint32(b)) }),
	}
	for name, h := range map[string]func() hash.Hash{"md5": md5.New, "sha1": sha1.New, "sha256": sha256.New, "sha512": sha512.New} {
		all = append(all, define("hmac_"+name+"(varbinary, varbinary) varbinary", func(v []driver.Value) (any, error) {
			m := hmac.New(h, v[1].([]byte))
			m.Write(v[0].([]byte))
			return m.Sum(nil), nil
		}))
	}
	return all
}

// fixed is a function of bytes of one length.
func fixed(signature string, length int, read func([]byte) any) *function {
	return define(signature, func(v []driver.Value) (any, error) {
		b := v[0].([]byte)
		if len(b) != length {
			return nil, fail("INVALID_FUNCTION_ARGUMENT", "expected %d-byte input, but got instead: %d", length, len(b))
		}
		return read(b), nil
	})
}
