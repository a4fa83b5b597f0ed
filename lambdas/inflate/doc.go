// Package inflate unpacks gzip (RFC 1952) and offers the output where it lies:
// in the window that the next matches are copied from. Its caller scans it
// there, so that no byte is copied once more.
//
// It is pure Go, and two to three times as fast as compress/gzip on text: 64
// bits of input at a time, up to two literals in one table lookup, and copies
// of sixteen bytes. It reads several members one after another and checks each
// member's CRC-32 and length. Like compress/gzip it takes anything after the
// last member for another member, and so for damage.
//
// Memory is bounded by the Reader's own arrays, about half a megabyte, however
// small the input and large the output.
//
// The package uses unsafe for loads and stores of whole words within the
// Reader's own buffers. Every position is checked against limits that leave
// room for the widest of them; the argument is in decode.go. Little-endian and
// big-endian machines are both right, because words are loaded and stored
// through encoding/binary's layout.
package inflate
