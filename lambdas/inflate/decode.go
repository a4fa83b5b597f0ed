package inflate

import (
	"encoding/binary"
	"unsafe"
)

// load64 loads eight bytes at p, the first lowest.
func load64(p unsafe.Pointer, at int) uint64 {
	return binary.LittleEndian.Uint64((*[8]byte)(unsafe.Add(p, at))[:])
}

// inflate decodes symbols until the window has goal bytes, input runs out, or
// the block ends.
func (z *Reader) inflate(goal int) error {
	for {
		if z.inEnd-z.inPos >= 2*inSlack {
			if err := z.quick(goal); err != nil || z.phase != inCodes {
				return err
			}
		}
		if z.out >= goal {
			return nil
		}
		z.giveBack()
		if err := z.fill(2 * inSlack); err != nil {
			return err
		}
		if z.inEnd-z.inPos < 2*inSlack { // the input has ended
			return z.careful(goal)
		}
	}
}

// quick decodes as long as every step is certain to stay within input and
// window: it begins a step only at least inSlack bytes before the end of the
// input and outSlack before that of the window. A step loads at most 3 × 8
// bytes, ends at most 16 bytes further on, and writes at most 6 literals and a
// match of 258, rounded up to 288.
func (z *Reader) quick(goal int) error {
	var (
		in     = unsafe.Pointer(unsafe.SliceData(z.in))
		inPos  = z.inPos
		inStop = z.inEnd - inSlack
		win    = unsafe.Pointer(unsafe.SliceData(z.win))
		out    = z.out
		c      = &z.codes
		hold   = z.bits
		n      = z.nbits // in its lowest six bits; what is above means nothing
		err    error
	)
	for out < goal && inPos <= inStop {
		hold |= load64(in, inPos) << (n & 63)
		inPos += int(^n >> 3 & 7)
		n |= 56
		e := c.lit[hold&litMask]
		if int32(e) >= 0 {
			*(*[2]byte)(unsafe.Add(win, out)) = [2]byte{byte(e >> 8), byte(e >> 16)}
			out += int(e >> 24)
			hold >>= e & takes
			n -= uint(e)
			e = c.lit[hold&litMask]
			if int32(e) >= 0 {
				*(*[2]byte)(unsafe.Add(win, out)) = [2]byte{byte(e >> 8), byte(e >> 16)}
				out += int(e >> 24)
				hold >>= e & takes
				n -= uint(e)
				e = c.lit[hold&litMask]
				if int32(e) >= 0 {
					*(*[2]byte)(unsafe.Add(win, out)) = [2]byte{byte(e >> 8), byte(e >> 16)}
					out += int(e >> 24)
					hold >>= e & takes
					n -= uint(e)
					continue
				}
			}
			hold |= load64(in, inPos) << (n & 63)
			inPos += int(^n >> 3 & 7)
			n |= 56
		}
		hold >>= e & takes
		n -= uint(e)
		length := int(e >> lengthShift & lengthMask)
		if length == 0 {
			symbol := uint(e >> symbolShift & symbolMask)
			if symbol == noSymbol {
				var bits uint
				var ok bool
				if symbol, bits, ok = c.litOrder.find(hold, litBits); !ok {
					err = corrupt("a code that is none")
					break
				}
				hold >>= bits & 63
				n -= bits
			}
			if symbol < endOfBlock {
				*(*byte)(unsafe.Add(win, out)) = byte(symbol)
				out++
				continue
			}
			if symbol == endOfBlock {
				z.phase = inBlock
				break
			}
			if symbol >= maxLit {
				err = corrupt("a length that is none")
				break
			}
			extra := uint(lengthExtra[symbol-257])
			length = int(lengthBase[symbol-257]) + int(hold&(1<<extra-1))
			hold >>= extra
			n -= extra
		}
		d := c.dist[hold&distMask]
		if d == 0 {
			symbol, bits, ok := c.distOrder.find(hold, 0)
			if !ok || symbol >= maxDist {
				err = corrupt("a distance that is none")
				break
			}
			d = distEntry(symbol, bits)
		}
		distance := int(d>>16&0xffff) + int((hold>>(d>>8&15))&(d>>32))
		hold >>= d & takes
		n -= uint(d)
		if distance > out-z.low {
			err = corrupt("a distance beyond the beginning")
			break
		}
		to := unsafe.Add(win, out)
		from := unsafe.Add(to, -distance)
		out += length
		if distance >= 16 {
			*(*[16]byte)(to) = *(*[16]byte)(from)
			*(*[16]byte)(unsafe.Add(to, 16)) = *(*[16]byte)(unsafe.Add(from, 16))
			for length > 32 {
				to, from = unsafe.Add(to, 32), unsafe.Add(from, 32)
				*(*[16]byte)(to) = *(*[16]byte)(from)
				*(*[16]byte)(unsafe.Add(to, 16)) = *(*[16]byte)(unsafe.Add(from, 16))
				length -= 32
			}
			continue
		}
		near(z.win[out-length-distance:out], distance)
	}
	z.inPos, z.out, z.bits, z.nbits = inPos, out, hold, n&63
	return err
}

// near continues the first distance bytes of p, over and over, to its end.
func near(p []byte, distance int) {
	for done := distance; done < len(p); {
		done += copy(p[done:], p[:done])
	}
}

// careful decodes one symbol after the other, with a check at every step: the
// last few of the input.
func (z *Reader) careful(goal int) error {
	c := &z.codes
	for z.out < goal {
		for z.nbits <= 56 && z.inPos < z.inEnd {
			z.bits |= uint64(z.in[z.inPos]) << z.nbits
			z.inPos++
			z.nbits += 8
		}
		hold, left := z.bits, z.nbits
		symbol, n, ok := c.litOrder.find(hold, 0)
		if !ok && left >= maxBits {
			return corrupt("a code that is none")
		}
		if !ok || n > left {
			return z.short()
		}
		hold >>= n
		left -= n
		if symbol <= endOfBlock {
			z.bits, z.nbits = hold, left
			if symbol == endOfBlock {
				z.phase = inBlock
				return nil
			}
			z.win[z.out] = byte(symbol)
			z.out++
			continue
		}
		if symbol >= maxLit {
			return corrupt("a length that is none")
		}
		extra := uint(lengthExtra[symbol-257])
		length := int(lengthBase[symbol-257]) + int(hold&(1<<extra-1))
		if extra > left {
			return z.short()
		}
		hold >>= extra
		left -= extra
		symbol, n, ok = c.distOrder.find(hold, 0)
		if !ok && left >= maxBits {
			return corrupt("a distance that is none")
		}
		if !ok || n > left {
			return z.short()
		}
		if symbol >= maxDist {
			return corrupt("a distance that is none")
		}
		hold >>= n
		left -= n
		extra = uint(distExtra[symbol])
		distance := int(distBase[symbol]) + int(hold&(1<<extra-1))
		if extra > left {
			return z.short()
		}
		if distance > z.out-z.low {
			return corrupt("a distance beyond the beginning")
		}
		z.bits, z.nbits = hold>>extra, left-extra
		near(z.win[z.out-distance:z.out+length], distance)
		z.out += length
	}
	return nil
}
