package serde

import (
	"fmt"
	"math/big"
	"strconv"
	"strings"

	"crawlerless/localaws/athena/hive"
)

// text is a value in a string column: a string as it is, anything else as JSON
// without white space.
func (n node) write(b *strings.Builder, top bool) {
	switch n.kind {
	case nullNode:
		b.WriteString("null")
	case literalNode:
		if canonical, ok := canonicalLiteral(n.text); ok {
			b.WriteString(canonical)
		} else if top {
			b.WriteString(n.text)
		} else {
			writeString(b, n.text)
		}
	case stringNode:
		if top {
			b.WriteString(n.text)
		} else {
			writeString(b, n.text)
		}
	case arrayNode:
		b.WriteByte('[')
		for i, item := range n.values {
			if i > 0 {
				b.WriteByte(',')
			}
			item.write(b, false)
		}
		b.WriteByte(']')
	case objectNode:
		b.WriteByte('{')
		for i, item := range n.values {
			if i > 0 {
				b.WriteByte(',')
			}
			writeString(b, n.keys[i])
			b.WriteByte(':')
			item.write(b, false)
		}
		b.WriteByte('}')
	}
}

// canonicalLiteral is what becomes of an unquoted value: booleans in lower
// case, integers in decimal, other numbers as Java's BigDecimal writes them.
func canonicalLiteral(s string) (string, bool) {
	switch {
	case strings.EqualFold(s, "true"):
		return "true", true
	case strings.EqualFold(s, "false"):
		return "false", true
	}
	if n, err := parseAnyBase(s); err == nil {
		return strconv.FormatInt(n, 10), true
	}
	if n, ok := hive.ParseNumber(s); ok {
		return bigDecimal(n), true
	}
	return "", false
}

// bigDecimal is Java's BigDecimal.toString: scientific notation where the
// scale is negative or the number is below 1e-6.
func bigDecimal(n hive.Number) string {
	digits := new(big.Int).Abs(n.Unscaled).String()
	sign := ""
	if n.Unscaled.Sign() < 0 {
		sign = "-"
	}
	exponent := len(digits) - 1 - n.Scale
	switch {
	case n.Scale == 0:
		return sign + digits
	case n.Scale > 0 && exponent >= -6:
		return n.String()
	}
	out := sign + digits[:1]
	if len(digits) > 1 {
		out += "." + digits[1:]
	}
	if exponent != 0 {
		out += fmt.Sprintf("E%+d", exponent)
	}
	return out
}

func writeString(b *strings.Builder, s string) {
	b.WriteByte('"')
	var previous rune
	for _, r := range s {
		switch r {
		case '"', '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case '/':
			if previous == '<' {
				b.WriteByte('\\')
			}
			b.WriteByte('/')
		case '\t':
			b.WriteString(`\t`)
		case '\b':
			b.WriteString(`\b`)
		case '\n':
			b.WriteString(`\n`)
		case '\r':
			b.WriteString(`\r`)
		case '\f':
			b.WriteString(`\f`)
		default:
			if r < 0x20 {
				fmt.Fprintf(b, `\u%04x`, r)
			} else {
				b.WriteRune(r)
			}
		}
		previous = r
	}
	b.WriteByte('"')
}
