package ndjson

import (
	"bytes"
	"unsafe"
)

// inlineText is how much of a key's text is compared without a loop, in bytes.
const inlineText = 24

// keyText is how a key stands in the records, quotes, colon and spaces
// included, in words that can be compared eight bytes at a time.
type keyText struct {
	words [inlineText / 8]uint64
	masks [inlineText / 8]uint64 // of the bytes that count
	size  int                    // 0: not known
	rest  string                 // beyond inlineText
}

// maxLearned is how often a key's text is learned anew, so that logs in which
// spaces come and go do not allocate for ever.
const maxLearned = 4

// learn takes text for how the key stands in the records.
func (f *field) learn(text []byte) {
	if f.learned == maxLearned || len(text) > maxKey || bytes.IndexByte(text, '\n') >= 0 {
		return
	}
	f.learned++
	var k keyText
	var padded [inlineText]byte
	copy(padded[:], text)
	for i := range k.words {
		k.words[i] = load64(unsafe.Pointer(&padded), 8*i)
		switch n := len(text) - 8*i; {
		case n >= 8:
			k.masks[i] = ^uint64(0)
		case n > 0:
			k.masks[i] = 1<<(8*n) - 1
		}
	}
	k.size = len(text)
	if len(text) > inlineText {
		k.rest = string(text[inlineText:])
	}
	f.text = k
}

// longKey compares what lies beyond the words.
func (k *keyText) longKey(p []byte, at int) bool {
	at += inlineText
	return at+len(k.rest) <= len(p) && string(p[at:at+len(k.rest)]) == k.rest
}
