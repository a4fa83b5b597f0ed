package ndjson

import (
	"encoding/binary"
	"math/bits"
	"unsafe"
)

// Eight bytes at a time: a byte of the result has its top bit set where the
// byte of the word is what is looked for. Only the first such byte is certain,
// because a borrow can run into the bytes after it.
const (
	ones  = 0x0101010101010101
	highs = 0x8080808080808080
)

// load64 loads eight bytes at p+at, the first lowest.
func load64(p unsafe.Pointer, at int) uint64 {
	return le64((*[8]byte)(unsafe.Add(p, at)))
}

func le64(b *[8]byte) uint64 {
	return uint64(b[0]) | uint64(b[1])<<8 | uint64(b[2])<<16 | uint64(b[3])<<24 |
		uint64(b[4])<<32 | uint64(b[5])<<40 | uint64(b[6])<<48 | uint64(b[7])<<56
}

func byteAt(p unsafe.Pointer, at int) byte { return *(*byte)(unsafe.Add(p, at)) }

// special marks quotes, backslashes and control characters. Flipping bit 1
// puts the quote (0x22) at 0x20 and the space at 0x22, so that one comparison
// with 0x21 finds quotes and controls both. Bytes from 0x80 are none of them.
func special(w uint64) uint64 {
	quotes := (w ^ 0x02*ones) - 0x21*ones
	backslashes := (w ^ '\\'*ones) - ones
	return (quotes | backslashes) &^ w & highs
}

// nondigits marks the bytes of a word that are no digits.
func nondigits(w uint64) uint64 {
	d := w ^ '0'*ones
	return (d&^highs + 0x76*ones | d) & highs
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
