package ndjson

import (
	"bytes"
	"unicode/utf16"
	"unicode/utf8"
)

// unescape appends the text of a valid JSON string, given without its quotes,
// cut to maxKey bytes. Invalid UTF-8 and lone surrogates become U+FFFD.
func unescape(dst, raw []byte) []byte {
	if bytes.IndexByte(raw, '\\') < 0 && len(raw) <= maxKey && utf8.Valid(raw) {
		return append(dst, raw...)
	}
	for i := 0; i < len(raw) && len(dst) < maxKey; {
		c := raw[i]
		if c != '\\' {
			r, size := utf8.DecodeRune(raw[i:])
			dst = utf8.AppendRune(dst, r)
			i += size
			continue
		}
		if i+1 >= len(raw) {
			break // a key that was cut
		}
		switch c = raw[i+1]; c {
		case 'b':
			c = '\b'
		case 'f':
			c = '\f'
		case 'n':
			c = '\n'
		case 'r':
			c = '\r'
		case 't':
			c = '\t'
		case 'u':
			r, size := unescapeRune(raw[i:])
			if size == 0 {
				return dst
			}
			dst = utf8.AppendRune(dst, r)
			i += size
			continue
		}
		dst = append(dst, c)
		i += 2
	}
	if len(dst) > maxKey {
		dst = dst[:maxKey]
		for !utf8.Valid(dst[max(0, len(dst)-utf8.UTFMax):]) && len(dst) > maxKey-utf8.UTFMax {
			dst = dst[:len(dst)-1]
		}
	}
	return dst
}

func unescapeRune(raw []byte) (rune, int) {
	r, ok := hex4(raw)
	if !ok {
		return 0, 0
	}
	if !utf16.IsSurrogate(r) {
		return r, 6
	}
	if low, ok := hex4(raw[6:]); ok {
		if pair := utf16.DecodeRune(r, low); pair != utf8.RuneError {
			return pair, 12
		}
	}
	return utf8.RuneError, 6
}

// hex4 reads \uXXXX.
func hex4(raw []byte) (rune, bool) {
	if len(raw) < 6 || raw[0] != '\\' || raw[1] != 'u' {
		return 0, false
	}
	var r rune
	for _, c := range raw[2:6] {
		switch {
		case c >= '0' && c <= '9':
			c -= '0'
		case c >= 'a' && c <= 'f':
			c -= 'a' - 10
		case c >= 'A' && c <= 'F':
			c -= 'A' - 10
		default:
			return 0, false
		}
		r = r<<4 | rune(c)
	}
	return r, true
}
