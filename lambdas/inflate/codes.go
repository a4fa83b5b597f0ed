package inflate

import "math/bits"

// Sizes of the tables, in bits of input that one lookup sees. Longer codes are
// rare and decoded by their canonical order.
const (
	litBits  = 10
	distBits = 9
	maxBits  = 15 // of any code: RFC 1951, 3.2.7

	litMask  = 1<<litBits - 1
	distMask = 1<<distBits - 1
)

const (
	endOfBlock = 256
	maxLit     = 286
	maxDist    = 30
)

// An entry of the table of literals and lengths. In all of them bits 0-5 are
// the bits of input that it takes, so that they need no extraction before
// they are shifted out, on which everything waits. One or two literals:
//
//	bit  31     0
//	bits 24-25  how many literals
//	bits 8-23   the literals, the first lowest
//
// A match, of which the bits taken include those of its length:
//
//	bit  31     1
//	bits 8-16   length: 3 to 258
//
// Anything else, of which a length of 0 is the mark:
//
//	bit  31     1
//	bits 17-30  the symbol, or noSymbol when its code is longer than the
//	            table's, or none
const (
	isMatch     = 1 << 31
	lengthShift = 8
	lengthMask  = 0x1ff
	symbolShift = 17
	symbolMask  = 0x3fff
	noSymbol    = symbolMask
	takes       = 63 // mask of the bits of input
)

// codes are the two Huffman codes of a block.
type codes struct {
	lit  [1 << litBits]uint32
	dist [1 << distBits]uint64

	litOrder, distOrder order
	lengths             [maxLit + maxDist + 4]uint8
}

// order is a Huffman code in its canonical order.
type order struct {
	count   [maxBits + 1]uint16 // codes by their length
	first   [maxBits + 1]uint16 // the first code of a length
	index   [maxBits + 1]uint16 // of its symbol
	symbols [maxLit + 2]uint16  // by length, then by value
}

// set takes the lengths of the codes. Like compress/flate it takes a code that
// is complete, one of a single symbol of one bit, and one of no symbol.
func (o *order) set(lengths []uint8) bool {
	o.count = [maxBits + 1]uint16{}
	for _, n := range lengths {
		o.count[n&maxBits]++
	}
	o.count[0] = 0
	var code, index, left int
	left = 1
	longest := 0
	for n := 1; n <= maxBits; n++ {
		code = (code + int(o.count[n-1])) << 1
		o.first[n], o.index[n] = uint16(code), uint16(index)
		index += int(o.count[n])
		left = left<<1 - int(o.count[n])
		if left < 0 {
			return false
		}
		if o.count[n] != 0 {
			longest = n
		}
	}
	if left > 0 && longest != 0 && !(longest == 1 && o.count[1] == 1) {
		return false
	}
	next := o.index
	for symbol, n := range lengths {
		if n != 0 {
			o.symbols[next[n&maxBits]] = uint16(symbol)
			next[n&maxBits]++
		}
	}
	return true
}

// find decodes a symbol whose code is longer than from bits.
func (o *order) find(input uint64, from uint) (symbol, n uint, ok bool) {
	v := uint(bits.Reverse16(uint16(input)) >> 1) // 15 bits, as codes are written
	for n = from + 1; n <= maxBits; n++ {
		if at := v>>(maxBits-n) - uint(o.first[n]); at < uint(o.count[n]) {
			return uint(o.symbols[uint(o.index[n])+at]), n, true
		}
	}
	return 0, 0, false
}

// Lengths and distances: RFC 1951, 3.2.5.
var (
	lengthBase = [29]uint16{
		3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31,
		35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258,
	}
	lengthExtra = [29]uint8{
		0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2,
		3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0,
	}
	distBase = [maxDist]uint16{
		1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193,
		257, 385, 513, 769, 1025, 1537, 2049, 3073, 4097, 6145, 8193, 12289, 16385, 24577,
	}
	distExtra = [maxDist]uint8{
		0, 0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6,
		7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13,
	}
	// codeOrder is that of the lengths of the code-length code: 3.2.7.
	codeOrder = [19]uint8{16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15}
)

// build makes the tables from the lengths.
func (c *codes) build(lit, dist []uint8) bool {
	if !c.litOrder.set(lit) || !c.distOrder.set(dist) {
		return false
	}
	c.buildLit()
	c.combine()
	c.buildDist()
	return true
}

// buildLit fills the table with single symbols. It grows with the codes: all
// of up to n bits lie in the first 2ⁿ entries, which are doubled for n+1.
func (c *codes) buildLit() {
	o := &c.litOrder
	const none = isMatch | noSymbol<<symbolShift
	c.lit[0], c.lit[1] = none, none
	for n := uint(1); n <= litBits; n++ {
		if n > 1 {
			copy(c.lit[1<<(n-1):1<<n], c.lit[:1<<(n-1)])
		}
		for i := range uint(o.count[n]) {
			symbol := o.symbols[uint(o.index[n])+i]
			code := bits.Reverse16(o.first[n]+uint16(i)) >> (16 - n)
			c.lit[code] = litEntry(symbol, uint32(n))
		}
	}
	// Lengths whose extra bits are in sight, too.
	for n := uint(1); n < litBits; n++ {
		for i := range uint(o.count[n]) {
			symbol := o.symbols[uint(o.index[n])+i]
			if symbol <= endOfBlock || symbol >= maxLit-1 {
				continue
			}
			extra := uint(lengthExtra[symbol-257])
			if extra == 0 || n+extra > litBits {
				continue
			}
			code := uint(bits.Reverse16(o.first[n]+uint16(i)) >> (16 - n))
			for j := code; j < 1<<litBits; j += 1 << n {
				length := uint32(lengthBase[symbol-257]) + uint32(j>>n)&(1<<extra-1)
				c.lit[j] = isMatch | length<<lengthShift | uint32(n+extra)
			}
		}
	}
}

func litEntry(symbol uint16, n uint32) uint32 {
	switch {
	case symbol < endOfBlock:
		return 1<<24 | uint32(symbol)<<8 | n
	case symbol > endOfBlock && symbol < maxLit && lengthExtra[symbol-257] == 0:
		return isMatch | uint32(lengthBase[symbol-257])<<lengthShift | n
	}
	return isMatch | uint32(symbol)<<symbolShift | n
}

// combine joins a literal with the literal after it, where both are in sight.
// It goes from the end, because the second is found at a smaller index and
// must not be joined yet when it is read.
func (c *codes) combine() {
	for i := litMask; i >= 0; i-- {
		e := c.lit[i]
		if e&isMatch != 0 {
			continue
		}
		f := c.lit[i>>(e&takes)]
		if n := e&takes + f&takes; f&isMatch == 0 && n <= litBits {
			c.lit[i] = 2<<24 | f<<8&0xff0000 | e&0xff00 | n
		}
	}
}

// An entry of the table of distances; 0 for what is not in the table:
//
//	bits 32-47  mask of the extra bits
//	bits 16-31  base
//	bits 8-11   bits of the code
//	bits 0-5    bits of code and extra bits
func (c *codes) buildDist() {
	o := &c.distOrder
	c.dist[0], c.dist[1] = 0, 0
	for n := uint(1); n <= distBits; n++ {
		if n > 1 {
			copy(c.dist[1<<(n-1):1<<n], c.dist[:1<<(n-1)])
		}
		for i := range uint(o.count[n]) {
			symbol := o.symbols[uint(o.index[n])+i]
			code := bits.Reverse16(o.first[n]+uint16(i)) >> (16 - n)
			c.dist[code] = distEntry(uint(symbol), n)
		}
	}
}

func distEntry(symbol, n uint) uint64 {
	if symbol >= maxDist {
		return 0 // reserved; found to be so by the slow way
	}
	extra := uint64(distExtra[symbol])
	return (1<<extra-1)<<32 | uint64(distBase[symbol])<<16 | uint64(n)<<8 | (uint64(n) + extra)
}

// fixed sets the codes of 3.2.6.
func (c *codes) fixed() {
	l := &c.lengths
	for i := range 288 {
		switch {
		case i < 144:
			l[i] = 8
		case i < 256:
			l[i] = 9
		case i < 280:
			l[i] = 7
		default:
			l[i] = 8
		}
	}
	for i := range 32 {
		l[288+i] = 5
	}
	c.build(l[:288], l[288:320])
}

// read reads the codes of a block: 3.2.7. It may find the input short.
func (c *codes) read(b *bitReader) error {
	lits, dists, lens := int(b.read(5))+257, int(b.read(5))+1, int(b.read(4))+4
	if b.short {
		return nil
	}
	if lits > maxLit || dists > maxDist {
		return corrupt("too many codes in a block")
	}
	var lengths [19]uint8
	for _, symbol := range codeOrder[:lens] {
		lengths[symbol] = uint8(b.read(3))
	}
	var o order
	if b.short {
		return nil
	}
	if !o.set(lengths[:]) {
		return corrupt("the code of a block's codes is none")
	}
	all := c.lengths[:lits+dists]
	for i := 0; i < len(all); {
		b.need(maxBits)
		symbol, n, ok := o.find(b.bits, 0)
		if ok && n > b.n {
			b.short = true
		}
		if b.short {
			return nil
		}
		if !ok {
			if b.n < maxBits {
				b.short = true
				return nil
			}
			return corrupt("a code of a block's codes is none")
		}
		b.drop(n)
		if symbol < 16 {
			all[i] = uint8(symbol)
			i++
			continue
		}
		repeat, value := uint(3), uint8(0)
		switch symbol {
		case 16:
			if i == 0 {
				return corrupt("a block's codes repeat what is not there")
			}
			value = all[i-1]
			repeat += b.read(2)
		case 17:
			repeat += b.read(3)
		default:
			repeat += 8 + b.read(7)
		}
		if b.short {
			return nil
		}
		if i+int(repeat) > len(all) {
			return corrupt("a block's codes repeat beyond their end")
		}
		for range repeat {
			all[i] = value
			i++
		}
	}
	if !c.build(all[:lits], all[lits:]) {
		return corrupt("a block's code is none")
	}
	return nil
}
