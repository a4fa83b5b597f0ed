package duck

import (
	"database/sql/driver"
	"encoding/hex"
	"net/netip"
	"regexp"
	"strconv"
	"strings"
)

// addressFunctions are those of the types ipaddress and uuid. An ipaddress is
// held as the 32 hexadecimal digits of its 16 bytes, so that texts compare as
// the addresses do; one of version 4 is mapped (::ffff:a.b.c.d), as in Trino. A
// uuid is held as its text.
// https://trino.io/docs/current/functions/ipaddress.html
func addressFunctions() []*function {
	return []*function{
		define("parse_address(varchar) varchar", func(v []driver.Value) (any, error) {
			a, ok := parseAddress(v[0].(string))
			if !ok {
				return nil, fail("INVALID_CAST_ARGUMENT", "Cannot cast value to IPADDRESS: %s", v[0])
			}
			return addressDigits(a), nil
		}),
		define("address_text(varchar) varchar", func(v []driver.Value) (any, error) {
			b, err := hex.DecodeString(v[0].(string))
			if err != nil {
				return nil, err
			}
			a, _ := netip.AddrFromSlice(b)
			return a.Unmap().String(), nil
		}),
		define("address_of_bytes(varbinary) varchar", func(v []driver.Value) (any, error) {
			a, ok := netip.AddrFromSlice(v[0].([]byte))
			if !ok {
				return nil, fail("INVALID_CAST_ARGUMENT", "Invalid IP address binary length: %d", len(v[0].([]byte)))
			}
			return addressDigits(a), nil
		}),
		define("network_contains(varchar, varchar) boolean", func(v []driver.Value) (any, error) {
			b, err := hex.DecodeString(v[1].(string))
			if err != nil {
				return nil, err
			}
			a, _ := netip.AddrFromSlice(b)
			return networkContains(v[0].(string), a.Unmap())
		}),
		define("parse_uuid(varchar) varchar", func(v []driver.Value) (any, error) {
			if !uuidText.MatchString(v[0].(string)) {
				return nil, fail("INVALID_CAST_ARGUMENT", "Cannot cast value to UUID: %s", v[0])
			}
			return strings.ToLower(v[0].(string)), nil
		}),
		define("uuid_of_bytes(varbinary) varchar", func(v []driver.Value) (any, error) {
			b := v[0].([]byte)
			if len(b) != 16 {
				return nil, fail("INVALID_CAST_ARGUMENT", "Invalid UUID binary length: %d", len(b))
			}
			s := hex.EncodeToString(b)
			return s[:8] + "-" + s[8:12] + "-" + s[12:16] + "-" + s[16:20] + "-" + s[20:], nil
		}),
	}
}

var uuidText = regexp.MustCompile(`^[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}$`)

// parseAddress reads an address as Guava's InetAddresses.forString does: no
// brackets, and a scope only behind one of version 6, where it means nothing.
func parseAddress(s string) (netip.Addr, bool) {
	a, err := netip.ParseAddr(s)
	return a.WithZone("").Unmap(), err == nil
}

func addressDigits(a netip.Addr) string {
	b := a.As16()
	return hex.EncodeToString(b[:])
}

// networkContains is contains(network, address). The network of version 4 must
// have no bits behind its prefix.
func networkContains(network string, a netip.Addr) (any, error) {
	text, length, ok := strings.Cut(network, "/")
	if !ok {
		return nil, fail("INVALID_FUNCTION_ARGUMENT", "Invalid CIDR")
	}
	base, ok := parseAddress(text)
	if !ok {
		return nil, fail("INVALID_FUNCTION_ARGUMENT", "Invalid network IP address")
	}
	bits, err := strconv.Atoi(length)
	switch {
	case err != nil:
		return nil, fail("GENERIC_INTERNAL_ERROR", "For input string: \"%s\"", length)
	case bits < 0:
		return nil, fail("INVALID_FUNCTION_ARGUMENT", "Invalid prefix length")
	case bits > base.BitLen():
		return nil, fail("INVALID_FUNCTION_ARGUMENT", "Prefix length exceeds address length")
	}
	p := netip.PrefixFrom(base, bits)
	if base.Is4() && p.Masked().Addr() != base {
		return nil, fail("INVALID_FUNCTION_ARGUMENT", "Invalid CIDR")
	}
	return p.Contains(a), nil
}
