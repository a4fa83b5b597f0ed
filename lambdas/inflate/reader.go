package inflate

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
)

// Errors of a stream. All others are those of the underlying reader.
var (
	// ErrTruncated says that the stream ends before it is complete.
	ErrTruncated = errors.New("gzip stream ends too early")
	// ErrCorrupt says that the stream is damaged, or no gzip.
	ErrCorrupt = errors.New("gzip stream is damaged")
)

const (
	historySize = 32 << 10 // how far back a match may reach: RFC 1951, 3.2.5
	// windowSize is history and fresh output. The larger, the rarer history is
	// moved to the front; it stays within the second-level cache.
	windowSize = 384 << 10
	// outSlack is how far beyond its limit a step may write: a match of 258
	// after two literals, rounded up to whole words, and then some.
	outSlack = 512
	// chunkSize is how much output is offered at a time at least, unless the
	// stream ends: small enough to be scanned while it is in the cache.
	chunkSize = 64 << 10

	inSize = 128 << 10
	// inSlack is how many bytes one step of the quick loop may load.
	inSlack = 32
	// headerBytes is more than the longest header of a block.
	headerBytes = 1024
)

// phase is where in the stream the reader is.
type phase uint8

const (
	inMember phase = iota // before a member
	inBlock               // before a block
	inStored              // within a stored block
	inCodes               // within a compressed block
	atTrailer
)

// Reader unpacks one stream. It is not safe for concurrent use. The zero value
// is not usable.
type Reader struct {
	r     io.Reader
	rerr  error // of r; io.EOF at its end
	err   error // what Next answers from now on
	phase phase
	last  bool // the block is the member's last
	first bool // no member was read yet

	in     []byte
	inPos  int
	inEnd  int
	bits   uint64 // input that is loaded, next bit lowest
	nbits  uint   // how many bits of it are valid
	stored int    // bytes left of a stored block

	win   []byte
	start int // of the output that was not consumed
	out   int // its end
	low   int // where the member's history begins, in win
	crc   uint32
	size  uint32
	done  int // output up to here is in crc and size

	codes codes
}

// NewReader returns a reader of the gzip stream r.
func NewReader(r io.Reader) *Reader {
	z := &Reader{in: make([]byte, inSize), win: make([]byte, windowSize+outSlack)}
	z.Reset(r)
	return z
}

// Reset makes the reader one of another stream, with the same memory.
func (z *Reader) Reset(r io.Reader) {
	z.r, z.rerr, z.err = r, nil, nil
	z.phase, z.last, z.first = inMember, false, true
	z.inPos, z.inEnd, z.bits, z.nbits, z.stored = 0, 0, 0, 0, 0
	z.start, z.out, z.low, z.done = 0, 0, 0, 0
	z.crc, z.size = 0, 0
}

// Next unpacks more and returns all output that was not consumed. It is valid
// until Next is called again. At the end the error is io.EOF, which may come
// with the last output; any other error comes with what was unpacked before.
// A caller that consumes nothing of more than 256 KiB gets no more.
func (z *Reader) Next() ([]byte, error) {
	if z.err == nil {
		z.slide()
		goal := min(z.out+chunkSize, windowSize)
		for z.err == nil && z.out < goal {
			z.err = z.step(goal)
		}
		z.sum()
	}
	return z.win[z.start:z.out], z.err
}

// Consume says that the first n bytes of the output are done with.
func (z *Reader) Consume(n int) {
	if n < 0 || n > z.out-z.start {
		panic(fmt.Sprintf("inflate: consume %d of %d bytes", n, z.out-z.start))
	}
	z.start += n
}

// Read implements io.Reader.
func (z *Reader) Read(p []byte) (int, error) {
	if z.start == z.out {
		if _, err := z.Next(); err != nil && z.start == z.out {
			return 0, err
		}
	}
	n := copy(p, z.win[z.start:z.out])
	z.start += n
	return n, nil
}

// Close implements the reader's end; there is nothing to release.
func (z *Reader) Close() {}

// slide makes room at the end of the window.
func (z *Reader) slide() {
	if z.out < windowSize-chunkSize {
		return
	}
	from := min(z.start, max(z.low, z.out-historySize))
	copy(z.win, z.win[from:z.out])
	z.start -= from
	z.out -= from
	z.done -= from
	z.low = max(0, z.low-from)
}

// sum brings checksum and length up to date.
func (z *Reader) sum() {
	z.crc = crc32.Update(z.crc, crc32.IEEETable, z.win[z.done:z.out])
	z.size += uint32(z.out - z.done)
	z.done = z.out
}

// step goes on until the window has goal bytes, input runs out, or the phase
// changes.
func (z *Reader) step(goal int) error {
	switch z.phase {
	case inMember:
		return z.member()
	case inBlock:
		return z.block()
	case inStored:
		return z.copyStored(goal)
	case inCodes:
		return z.inflate(goal)
	default:
		return z.trailer()
	}
}

// fill loads input until there are n bytes, or the input has ended.
func (z *Reader) fill(n int) error {
	if z.inEnd-z.inPos >= n {
		return nil
	}
	z.inEnd = copy(z.in, z.in[z.inPos:z.inEnd])
	z.inPos = 0
	for idle := 0; z.inEnd < n && z.rerr == nil; {
		var got int
		got, z.rerr = z.r.Read(z.in[z.inEnd:])
		z.inEnd += got
		if got == 0 && z.rerr == nil {
			if idle++; idle == 100 {
				z.rerr = io.ErrNoProgress
			}
		}
	}
	return z.brokenInput()
}

// brokenInput is the error of input that broke off rather than ended.
func (z *Reader) brokenInput() error {
	if z.rerr != nil && z.rerr != io.EOF && z.inEnd == z.inPos {
		return z.rerr
	}
	return nil
}

// short is the error when input lacks that should be there.
func (z *Reader) short() error {
	if z.rerr != nil && z.rerr != io.EOF {
		return z.rerr
	}
	return ErrTruncated
}

func corrupt(what string) error { return fmt.Errorf("%w: %s", ErrCorrupt, what) }

// take returns the next n bytes, n ≤ headerBytes.
func (z *Reader) take(n int) ([]byte, error) {
	if err := z.fill(n); err != nil {
		return nil, err
	}
	if z.inEnd-z.inPos < n {
		return nil, z.short()
	}
	b := z.in[z.inPos : z.inPos+n]
	z.inPos += n
	return b, nil
}

// Flags of a member's header: RFC 1952, 2.3.1.
const (
	flagHeaderCRC = 1 << 1
	flagExtra     = 1 << 2
	flagName      = 1 << 3
	flagComment   = 1 << 4
)

// member reads a member's header.
func (z *Reader) member() error {
	if err := z.fill(1); err != nil {
		return err
	}
	if z.inPos == z.inEnd && !z.first {
		if z.rerr != io.EOF {
			return z.rerr
		}
		return io.EOF
	}
	h, err := z.take(10)
	if err != nil {
		return err
	}
	flags := h[3]
	if h[0] != 0x1f || h[1] != 0x8b || h[2] != 8 {
		return corrupt("no gzip header where a member begins")
	}
	crc := crc32.ChecksumIEEE(h)
	skip := func(n int) error {
		for n > 0 {
			b, err := z.take(min(n, headerBytes))
			if err != nil {
				return err
			}
			crc = crc32.Update(crc, crc32.IEEETable, b)
			n -= len(b)
		}
		return nil
	}
	if flags&flagExtra != 0 {
		b, err := z.take(2)
		if err != nil {
			return err
		}
		crc = crc32.Update(crc, crc32.IEEETable, b)
		if err := skip(int(binary.LittleEndian.Uint16(b))); err != nil {
			return err
		}
	}
	for _, flag := range [...]byte{flagName, flagComment} {
		for end := flags&flag == 0; !end; {
			b, err := z.take(1)
			if err != nil {
				return err
			}
			crc = crc32.Update(crc, crc32.IEEETable, b)
			end = b[0] == 0
		}
	}
	if flags&flagHeaderCRC != 0 {
		b, err := z.take(2)
		if err != nil {
			return err
		}
		if binary.LittleEndian.Uint16(b) != uint16(crc) {
			return corrupt("wrong checksum of a header")
		}
	}
	z.first, z.phase = false, inBlock
	z.bits, z.nbits, z.last = 0, 0, false
	z.low, z.crc, z.size, z.done = z.out, 0, 0, z.out
	return nil
}

// trailer checks a member's length and checksum.
func (z *Reader) trailer() error {
	z.align()
	b, err := z.take(8)
	if err != nil {
		return err
	}
	z.sum()
	if binary.LittleEndian.Uint32(b) != z.crc {
		return corrupt("wrong checksum")
	}
	if binary.LittleEndian.Uint32(b[4:]) != z.size {
		return corrupt("wrong length")
	}
	z.phase = inMember
	return nil
}

// giveBack returns whole bytes that are loaded to the input: what is loaded
// and not used must not be moved away by fill.
func (z *Reader) giveBack() {
	z.inPos -= int(z.nbits / 8)
	z.nbits &= 7
	z.bits &= 1<<z.nbits - 1
}

// align goes on at the next whole byte.
func (z *Reader) align() {
	z.giveBack()
	z.bits, z.nbits = 0, 0
}

// block reads the header of a block: RFC 1951, 3.2.3.
func (z *Reader) block() error {
	if z.last {
		z.phase = atTrailer
		return nil
	}
	z.giveBack() // so that the header is in one piece
	if err := z.fill(headerBytes); err != nil {
		return err
	}
	b := bitReader{in: z.in[z.inPos:z.inEnd], bits: z.bits, n: z.nbits}
	last := b.read(1) == 1
	var err error
	next := inCodes
	switch b.read(2) {
	case 0:
		next = inStored
		b.drop(b.n & 7)
		size, check := b.read(16), b.read(16)
		if !b.short && size != ^check&0xffff {
			err = corrupt("wrong length of a stored block")
		}
		z.stored = int(size)
	case 1:
		z.codes.fixed()
	case 2:
		err = z.codes.read(&b)
	default:
		err = corrupt("a block of no known type")
	}
	if b.short {
		return z.short()
	}
	if err != nil {
		return err
	}
	z.inPos += b.pos
	z.bits, z.nbits, z.last, z.phase = b.bits, b.n, last, next
	if next == inStored {
		z.align()
	}
	return nil
}

func (z *Reader) copyStored(goal int) error {
	if z.stored > 0 {
		if err := z.fill(1); err != nil {
			return err
		}
		n := copy(z.win[z.out:min(goal, z.out+z.stored)], z.in[z.inPos:z.inEnd])
		if n == 0 {
			return z.short()
		}
		z.inPos += n
		z.out += n
		z.stored -= n
	}
	if z.stored == 0 {
		z.phase = inBlock
	}
	return nil
}

// bitReader reads the header of a block, with a check at every step.
type bitReader struct {
	in    []byte
	pos   int
	bits  uint64
	n     uint
	short bool // more was read than there is
}

// need loads until there are n bits, n ≤ 32, as far as there are.
func (b *bitReader) need(n uint) bool {
	for b.n < n {
		if b.pos == len(b.in) {
			return false
		}
		b.bits |= uint64(b.in[b.pos]) << b.n
		b.pos++
		b.n += 8
	}
	return true
}

func (b *bitReader) drop(n uint) {
	b.bits >>= n
	b.n -= n
}

func (b *bitReader) read(n uint) uint {
	if !b.need(n) {
		b.short = true
		return 0
	}
	v := uint(b.bits & (1<<n - 1))
	b.drop(n)
	return v
}
