package s3

import (
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"hash"
	"hash/crc32"
	"hash/crc64"
	"strings"
)

// algorithm is a checksum algorithm by the name that S3's API gives it.
type algorithm string

// The algorithms that are computed here. XXHASH64, XXHASH3 and XXHASH128 are
// NotImplemented.
const (
	crc32IEEE algorithm = "CRC32"
	crc32C    algorithm = "CRC32C"
	crc64NVME algorithm = "CRC64NVME"
	sha1Sum   algorithm = "SHA1"
	sha256Sum algorithm = "SHA256"
	sha512Sum algorithm = "SHA512"
	md5Sum    algorithm = "MD5"
)

// nvme is the reversed polynomial of CRC-64/NVME.
const nvme = 0x9a6c9329ac4bc9b5

// The types of a checksum of an object that was uploaded in parts.
const (
	fullObject = "FULL_OBJECT"
	composite  = "COMPOSITE"
)

// header is the name of the header that carries the checksum.
func (a algorithm) header() string { return "x-amz-checksum-" + strings.ToLower(string(a)) }

// size of a digest in bytes; 0 for an algorithm that is not known here.
func (a algorithm) size() int {
	switch a {
	case crc32IEEE, crc32C:
		return 4
	case crc64NVME:
		return 8
	case sha1Sum:
		return sha1.Size
	case sha256Sum:
		return sha256.Size
	case sha512Sum:
		return sha512.Size
	case md5Sum:
		return md5.Size
	}
	return 0
}

func (a algorithm) hash() hash.Hash {
	switch a {
	case crc32C:
		return crc32.New(crc32.MakeTable(crc32.Castagnoli))
	case crc64NVME:
		return crc64.New(crc64.MakeTable(nvme))
	case sha1Sum:
		return sha1.New()
	case sha256Sum:
		return sha256.New()
	case sha512Sum:
		return sha512.New()
	case md5Sum:
		return md5.New()
	default:
		return crc32.NewIEEE()
	}
}

// isCRC tells whether the whole's checksum follows from those of the parts.
func (a algorithm) isCRC() bool { return a == crc32IEEE || a == crc32C || a == crc64NVME }

// partsType is how the checksum of an upload in parts is made unless the
// request says: of the whole object for CRC64NVME, of the parts' checksums for
// all others.
func (a algorithm) partsType() string {
	if a == crc64NVME {
		return fullObject
	}
	return composite
}

// parseAlgorithm reads the name of an algorithm in any case, as it comes in
// x-amz-checksum-algorithm or at the end of a checksum header.
func parseAlgorithm(name string) (algorithm, error) {
	a := algorithm(strings.ToUpper(name))
	if a.size() > 0 {
		return a, nil
	}
	switch a {
	case "XXHASH64", "XXHASH3", "XXHASH128":
		return "", notImplemented("the checksum algorithm " + string(a))
	}
	return "", invalidRequest("Checksum algorithm provided is unsupported. Please try again with any of the valid types: [CRC32, CRC32C, CRC64NVME, SHA1, SHA256]")
}

// checksum is one checksum of an object or of a part, value in base64. That of
// a composite ends with "-" and the number of parts.
type checksum struct {
	algorithm algorithm
	value     string
	kind      string // fullObject or composite
}

func encodeSum(sum []byte) string { return base64.StdEncoding.EncodeToString(sum) }

// decodeSum reads the value of a checksum header: base64 of exactly as many
// bytes as the algorithm makes.
func (a algorithm) decodeSum(value string) ([]byte, error) {
	sum, err := base64.StdEncoding.DecodeString(value)
	if err != nil || len(sum) != a.size() {
		return nil, invalidRequest(fmt.Sprintf("Value for %s header is invalid.", a.header()))
	}
	return sum, nil
}

// combine computes the CRC of two pieces of content from the CRC of each and
// the length of the second: the first is shifted by that many zero bytes, which
// is a multiplication by x^(8*length) modulo the polynomial.
func (a algorithm) combine(first, second []byte, length int64) []byte {
	var polynomial uint64
	bits := uint(32)
	switch a {
	case crc32C:
		polynomial = crc32.Castagnoli
	case crc64NVME:
		polynomial, bits = nvme, 64
	default:
		polynomial = crc32.IEEE
	}
	times := func(x, y uint64) uint64 { // in reversed bit order, as CRCs are kept
		var product uint64
		for m := uint64(1) << (bits - 1); m != 0; m >>= 1 {
			if x&m != 0 {
				product ^= y
			}
			if y&1 != 0 {
				y = y>>1 ^ polynomial
			} else {
				y >>= 1
			}
		}
		return product
	}
	shift, power := uint64(1)<<(bits-1), uint64(1)<<(bits-1-8) // x^0 and x^8
	for n := length; n > 0; n >>= 1 {
		if n&1 != 0 {
			shift = times(shift, power)
		}
		power = times(power, power)
	}
	if bits == 32 {
		sum := uint32(times(shift, uint64(binary.BigEndian.Uint32(first)))) ^ binary.BigEndian.Uint32(second)
		return binary.BigEndian.AppendUint32(nil, sum)
	}
	return binary.BigEndian.AppendUint64(nil, times(shift, binary.BigEndian.Uint64(first))^binary.BigEndian.Uint64(second))
}
