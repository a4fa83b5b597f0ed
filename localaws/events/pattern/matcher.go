package pattern

import (
	"net/netip"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// leaf is a value at the end of a path in an event.
type leaf struct {
	isString bool
	text     string // what a string says; a number or literal as it stands
}

// matcher tells whether a leaf is one of a field's values.
type matcher interface{ match(leaf) bool }

// exactly is a string.
type exactly string

func (m exactly) match(l leaf) bool { return l.isString && l.text == string(m) }

// literal is true, false, null, or a number by its text.
type literal string

func (m literal) match(l leaf) bool { return !l.isString && l.text == string(m) }

// number is a number by its value.
type number float64

func (m number) match(l leaf) bool {
	n, ok := l.number()
	return ok && n == float64(m)
}

type prefix string

func (m prefix) match(l leaf) bool { return l.isString && strings.HasPrefix(l.text, string(m)) }

type suffix string

func (m suffix) match(l leaf) bool { return l.isString && strings.HasSuffix(l.text, string(m)) }

type equalFold string

func (m equalFold) match(l leaf) bool {
	return l.isString && utf8.RuneCountInString(l.text) == utf8.RuneCountInString(string(m)) && foldedPrefix(l.text, string(m))
}

type foldPrefix string

func (m foldPrefix) match(l leaf) bool { return l.isString && foldedPrefix(l.text, string(m)) }

type foldSuffix string

func (m foldSuffix) match(l leaf) bool {
	extra := utf8.RuneCountInString(l.text) - utf8.RuneCountInString(string(m))
	if !l.isString || extra < 0 {
		return false
	}
	rest := l.text
	for range extra {
		_, size := utf8.DecodeRuneInString(rest)
		rest = rest[size:]
	}
	return foldedPrefix(rest, string(m))
}

// foldedPrefix tells whether text begins with want, each character in its lower
// or its upper case.
func foldedPrefix(text, want string) bool {
	for _, w := range want {
		c, size := utf8.DecodeRuneInString(text)
		if size == 0 || (c != unicode.ToLower(w) && c != unicode.ToUpper(w)) {
			return false
		}
		text = text[size:]
	}
	return true
}

// wildcard is the pieces of text between the asterisks.
type wildcard []string

func (m wildcard) match(l leaf) bool {
	if !l.isString {
		return false
	}
	rest, ok := strings.CutPrefix(l.text, m[0])
	if !ok || len(m) == 1 {
		return ok && rest == ""
	}
	last := len(m) - 1
	for _, piece := range m[1:last] {
		i := strings.Index(rest, piece)
		if i < 0 {
			return false
		}
		rest = rest[i+len(piece):]
	}
	return strings.HasSuffix(rest, m[last])
}

// parseWildcard cuts a wildcard into its pieces. Positions in errors count the
// quote before the text, as the service does.
func parseWildcard(text string) (wildcard, string) {
	var pieces wildcard
	var piece strings.Builder
	for i := 0; i < len(text); i++ {
		switch {
		case text[i] == '*' && i+1 < len(text) && text[i+1] == '*':
			return nil, "Consecutive wildcard characters at pos " + strconv.Itoa(i+1)
		case text[i] == '*':
			pieces = append(pieces, piece.String())
			piece.Reset()
		case text[i] == '\\' && i+1 < len(text) && (text[i+1] == '*' || text[i+1] == '\\'):
			i++
			piece.WriteByte(text[i])
		case text[i] == '\\':
			return nil, "Invalid escape character at pos " + strconv.Itoa(i+1)
		default:
			piece.WriteByte(text[i])
		}
	}
	return append(pieces, piece.String()), ""
}

// numeric is a range of numbers.
type numeric struct {
	bottom, top         float64
	noBottom, noTop     bool // unlimited
	openBottom, openTop bool // the limit itself is outside
}

func (m numeric) match(l leaf) bool {
	n, ok := l.number()
	if !ok {
		return false
	}
	above := m.noBottom || n > m.bottom || (n == m.bottom && !m.openBottom)
	below := m.noTop || n < m.top || (n == m.top && !m.openTop)
	return above && below
}

type cidr netip.Prefix

func (m cidr) match(l leaf) bool {
	a, ok := address(l.text)
	return ok && l.isString && netip.Prefix(m).Contains(a)
}

type sameAddress netip.Addr

func (m sameAddress) match(l leaf) bool {
	a, ok := address(l.text)
	return ok && l.isString && a == netip.Addr(m)
}

// exists is {"exists": true}.
type exists struct{}

func (exists) match(leaf) bool { return true }

// absent is {"exists": false}: no leaf matches it, the lack of leaves does.
type absent struct{}

func (absent) match(leaf) bool { return false }

// anythingBut matches what none of the others does.
type anythingBut []matcher

func (m anythingBut) match(l leaf) bool {
	for _, other := range m {
		if other.match(l) {
			return false
		}
	}
	return true
}

// number is the value of a leaf that is a number which a double holds exactly.
func (l leaf) number() (float64, bool) {
	if l.isString || l.text == "" || l.text[0] > '9' {
		return 0, false
	}
	return comparable(l.text)
}

// comparable is the value of a number, if the double nearest to it, written as
// shortly as it can be, is the same decimal number.
func comparable(text string) (float64, bool) {
	f, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return 0, false
	}
	if canonical(text) != canonical(strconv.FormatFloat(f, 'e', -1, 64)) {
		return 0, false
	}
	return f, true
}

// decimal is a number as sign, digits without outer zeros, and exponent.
type decimal struct {
	negative bool
	digits   string
	exponent int
}

func canonical(text string) decimal {
	var d decimal
	text, d.negative = strings.TrimPrefix(text, "-"), strings.HasPrefix(text, "-")
	mantissa, exponent := text, ""
	if i := strings.IndexAny(text, "eE"); i >= 0 {
		mantissa, exponent = text[:i], text[i+1:]
	}
	// An exponent out of range belongs to no double but zero.
	if n, err := strconv.Atoi(exponent); err == nil {
		d.exponent = n
	}
	whole, fraction, _ := strings.Cut(mantissa, ".")
	d.digits = whole + fraction
	d.exponent -= len(fraction)
	trimmed := strings.TrimRight(d.digits, "0")
	d.exponent += len(d.digits) - len(trimmed)
	d.digits = strings.TrimLeft(trimmed, "0")
	if d.digits == "" {
		return decimal{}
	}
	return d
}

// address reads what has the form of an IP address: four numbers with dots, or
// hexadecimal digits with at least one colon.
func address(text string) (netip.Addr, bool) {
	if strings.ContainsRune(text, '%') {
		return netip.Addr{}, false
	}
	a, err := netip.ParseAddr(text)
	return a.Unmap(), err == nil
}
