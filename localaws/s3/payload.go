package s3

import (
	"bufio"
	"bytes"
	"crypto/md5"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"net/http"
	"strconv"
	"strings"
)

// maxPut is the largest body of one PUT: 5 GiB.
const maxPut = 5 << 30

// payload is the body of a request as the client meant it: without the framing
// of aws-chunked, and verified. Read reports a wrong length or digest instead of
// io.EOF, so whoever reads to the end has content that is beyond doubt.
type payload struct {
	size int64

	body    io.Reader
	read    int64
	checks  []check
	framing *chunked // of an aws-chunked body
	want    algorithm
	trails  bool      // the checksum comes as a trailer
	sum     hash.Hash // of want
	given   []byte    // the checksum from the header
	md5     hash.Hash // of the content; nil unless it is needed
	ended   error
}

// check is a digest of the whole body that came in a header.
type check struct {
	hash  hash.Hash
	wrong func(sum []byte) error // nil when sum is right
}

func incompleteBody() *Error {
	return fail(http.StatusBadRequest, "IncompleteBody",
		"You did not provide the number of bytes specified by the Content-Length HTTP header")
}

// payload prepares the request's body for reading.
func (c *call) payload() (*payload, error) {
	p := &payload{body: c.r.Body}
	if p.body == nil {
		p.body = http.NoBody
	}
	streaming := strings.HasPrefix(c.header("x-amz-content-sha256"), "STREAMING-")
	switch {
	case streaming:
		size, err := strconv.ParseInt(c.header("x-amz-decoded-content-length"), 10, 64)
		if err != nil || size < 0 {
			return nil, missingContentLength()
		}
		p.size = size
		signed := strings.HasPrefix(c.header("x-amz-content-sha256"), "STREAMING-AWS4-")
		p.framing = &chunked{in: bufio.NewReaderSize(p.body, 64<<10), signed: signed}
		p.body = p.framing
	case c.r.ContentLength < 0:
		return nil, missingContentLength()
	default:
		p.size = c.r.ContentLength
	}
	if p.size > maxPut {
		return nil, fail(http.StatusBadRequest, "EntityTooLarge", "Your proposed upload exceeds the maximum allowed size",
			"ProposedSize", strconv.FormatInt(p.size, 10), "MaxSizeAllowed", strconv.FormatInt(maxPut, 10))
	}
	if err := p.expectMD5(c.r.Header); err != nil {
		return nil, err
	}
	if err := p.expectSHA256(c.header("x-amz-content-sha256")); err != nil {
		return nil, err
	}
	return p, p.expectChecksum(c.r.Header)
}

func missingContentLength() *Error {
	return fail(http.StatusLengthRequired, "MissingContentLength", "You must provide the Content-Length HTTP header.")
}

func (p *payload) expectMD5(h http.Header) error {
	values, given := h["Content-Md5"]
	if !given {
		return nil
	}
	want, err := base64.StdEncoding.DecodeString(values[0])
	if err != nil || len(want) != md5.Size {
		return fail(http.StatusBadRequest, "InvalidDigest", "The Content-MD5 you specified was invalid.", "Content-MD5", values[0])
	}
	p.alsoMD5()
	p.checks = append(p.checks, check{hash: p.md5, wrong: func(sum []byte) error {
		if bytes.Equal(sum, want) {
			return nil
		}
		return fail(http.StatusBadRequest, "BadDigest", "The Content-MD5 you specified did not match what we received.",
			"ExpectedDigest", hex.EncodeToString(want), "CalculatedDigest", encodeSum(sum))
	}})
	return nil
}

// expectSHA256 checks the body against the digest that the signature covers.
func (p *payload) expectSHA256(value string) error {
	if value == "" || value == "UNSIGNED-PAYLOAD" || strings.HasPrefix(value, "STREAMING-") {
		return nil
	}
	want, err := hex.DecodeString(value)
	if err != nil || len(want) != sha256.Size {
		return invalidArgument("x-amz-content-sha256 must be UNSIGNED-PAYLOAD, STREAMING-UNSIGNED-PAYLOAD-TRAILER, STREAMING-AWS4-HMAC-SHA256-PAYLOAD, STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER, STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD, STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD-TRAILER or a valid sha256 value.",
			"x-amz-content-sha256", value)
	}
	p.checks = append(p.checks, check{hash: sha256.New(), wrong: func(sum []byte) error {
		if bytes.Equal(sum, want) {
			return nil
		}
		return fail(http.StatusBadRequest, "XAmzContentSHA256Mismatch", "The provided 'x-amz-content-sha256' header does not match what was computed.",
			"ClientComputedContentSHA256", value, "S3ComputedContentSHA256", hex.EncodeToString(sum))
	}})
	return nil
}

// expectChecksum finds the one checksum that a request brings, in a header or
// announced as a trailer.
func (p *payload) expectChecksum(h http.Header) error {
	const prefix = "X-Amz-Checksum-"
	for name, values := range h {
		if !strings.HasPrefix(name, prefix) || name == prefix+"Algorithm" || name == prefix+"Type" || name == prefix+"Mode" {
			continue
		}
		a, err := parseAlgorithm(strings.TrimPrefix(name, prefix))
		if err != nil {
			return err
		}
		if p.want != "" {
			return invalidRequest("Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.")
		}
		if p.given, err = a.decodeSum(values[0]); err != nil {
			return err
		}
		p.want = a
	}
	trailer := strings.ToLower(strings.TrimSpace(h.Get("x-amz-trailer")))
	if trailer != "" {
		name, isChecksum := strings.CutPrefix(trailer, "x-amz-checksum-")
		if !isChecksum {
			return invalidRequest("The value specified in the x-amz-trailer header is not supported")
		}
		a, err := parseAlgorithm(name)
		if err != nil {
			return err
		}
		if p.want != "" {
			return invalidRequest("Expecting a single x-amz-checksum- header")
		}
		if p.framing == nil {
			return invalidRequest("The x-amz-trailer header is not allowed without a streaming x-amz-content-sha256")
		}
		p.want, p.trails = a, true
	}
	if named := h.Get("x-amz-sdk-checksum-algorithm"); named != "" {
		a, err := parseAlgorithm(named)
		switch {
		case err != nil:
			return err
		case p.want == "":
			return invalidRequest("x-amz-sdk-checksum-algorithm specified, but no corresponding x-amz-checksum-* or x-amz-trailer headers were found.")
		case a != p.want:
			return invalidRequest("Value for x-amz-sdk-checksum-algorithm header is invalid.")
		}
	}
	if p.want != "" {
		p.sum = p.want.hash()
	}
	return nil
}

// alsoSum has the content summed with a, where the client sent no checksum of
// its own: S3 gives every object one.
func (p *payload) alsoSum(a algorithm) {
	if p.want == "" {
		p.want, p.sum = a, a.hash()
	}
}

// alsoMD5 has the content's MD5 computed.
func (p *payload) alsoMD5() {
	if p.md5 == nil {
		p.md5 = md5.New()
	}
}

// checksum of the content, after it was read to its end. Its algorithm is empty
// when none was asked for.
func (p *payload) checksum() checksum {
	if p.want == "" {
		return checksum{}
	}
	return checksum{algorithm: p.want, value: encodeSum(p.sum.Sum(nil)), kind: fullObject}
}

func (p *payload) Read(b []byte) (int, error) {
	if p.ended != nil {
		return 0, p.ended
	}
	n, err := p.body.Read(b)
	p.add(b[:n])
	if p.read > p.size {
		err = incompleteBody()
	}
	if err == nil {
		return n, nil
	}
	if errors.Is(err, io.EOF) {
		err = p.verify()
	} else if errors.Is(err, io.ErrUnexpectedEOF) {
		err = incompleteBody()
	}
	p.ended = err
	return n, err
}

func (p *payload) add(b []byte) {
	p.read += int64(len(b))
	if p.md5 != nil {
		p.md5.Write(b)
	}
	if p.sum != nil {
		p.sum.Write(b)
	}
	for _, c := range p.checks {
		if c.hash != p.md5 {
			c.hash.Write(b)
		}
	}
}

// verify is io.EOF when all that was promised about the body is true.
func (p *payload) verify() error {
	if p.read != p.size {
		return incompleteBody()
	}
	for _, c := range p.checks {
		if err := c.wrong(c.hash.Sum(nil)); err != nil {
			return err
		}
	}
	if p.trails {
		value, ok := p.framing.trailers[p.want.header()]
		if !ok {
			return fail(http.StatusBadRequest, "MalformedTrailerError",
				"The request contained trailing data that was not well-formed or did not conform to our published schema.")
		}
		sum, err := p.want.decodeSum(value)
		if err != nil {
			return err
		}
		p.given = sum
	}
	if p.given != nil && !bytes.Equal(p.given, p.sum.Sum(nil)) {
		return fail(http.StatusBadRequest, "BadDigest",
			fmt.Sprintf("The %s you specified did not match the calculated checksum.", p.want))
	}
	return io.EOF
}
