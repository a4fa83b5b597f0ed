package ndjson

import (
	"encoding/binary"
	"math/bits"
)

// Eight bytes at a time: a byte of the result has its top bit set where the
// byte of the word is what is looked for. Only the first such byte is certain,
// because a borrow can run into the bytes after it.
const (
	ones  = 0x0101010101010101
	highs = 0x8080808080808080
)

// special marks quotes, backslashes and control characters. Flipping bit 1
// puts the quote (0x22) at 0x20 and the space at 0x22, so that one comparison
// with 0x21 finds quotes and controls both.
func special(w uint64) uint64 {
	q := w ^ 0x02*ones
	b := w ^ '\\'*ones
	return ((q-0x21*ones)&^q | (b-ones)&^b) & highs
}

// plainLength returns how many bytes at the start of p are the plain inside
// of a string: no quote, backslash or control character.
func plainLength(p []byte) int {
	i := 0
	for ; i+8 <= len(p); i += 8 {
		if s := special(binary.LittleEndian.Uint64(p[i:])); s != 0 {
			return i + bits.TrailingZeros64(s)/8
		}
	}
	for ; i < len(p); i++ {
		if c := p[i]; c == '"' || c == '\\' || c < ' ' {
			return i
		}
	}
	return i
}
