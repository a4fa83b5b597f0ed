package s3

import (
	"bufio"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
)

// chunked reads a body in S3's aws-chunked encoding:
//
//	size in hexadecimal [";chunk-signature=" 64 digits] CRLF  content CRLF
//	… "0" [";chunk-signature=" …] CRLF  { trailer ":" value CRLF }  CRLF
//
// https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming-trailers.html
// Chunk and trailer signatures are read over: see the package comment.
type chunked struct {
	in       *bufio.Reader
	signed   bool
	left     int64 // of the current chunk
	begun    bool
	trailers map[string]string // in lower case, after the last chunk
	err      error
}

const (
	maxChunkLine = 4096 // bytes of a chunk's header
	maxTrailers  = 16
)

func malformedChunk() *Error {
	return fail(http.StatusBadRequest, "InvalidChunkSizeError", "The chunk encoding of the body is not well-formed")
}

func (c *chunked) Read(p []byte) (int, error) {
	for c.err == nil && c.left == 0 {
		c.err = c.header()
	}
	if c.err != nil {
		return 0, c.err
	}
	n, err := c.in.Read(p[:min(int64(len(p)), c.left)])
	c.left -= int64(n)
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	c.err = err
	return n, err
}

// header reads what stands before a chunk's content; io.EOF after the trailers.
func (c *chunked) header() error {
	if c.begun {
		if line, err := c.line(); err != nil {
			return err
		} else if line != "" {
			return malformedChunk()
		}
	}
	c.begun = true
	line, err := c.line()
	if err != nil {
		return err
	}
	digits, extension, _ := strings.Cut(line, ";")
	if c.signed && !strings.HasPrefix(extension, "chunk-signature=") {
		return malformedChunk()
	}
	size, err := strconv.ParseInt(digits, 16, 64)
	if err != nil || size < 0 {
		return malformedChunk()
	}
	if c.left = size; size > 0 {
		return nil
	}
	return c.readTrailers()
}

// readTrailers reads to the end of the body. Clients differ in how many empty
// lines they put after the last chunk, between trailers and at the end.
func (c *chunked) readTrailers() error {
	c.trailers = map[string]string{}
	for {
		raw, err := c.in.ReadSlice('\n')
		if err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		if line := strings.TrimSpace(string(raw)); line != "" {
			name, value, ok := strings.Cut(line, ":")
			if !ok || len(c.trailers) >= maxTrailers {
				return malformedChunk()
			}
			c.trailers[strings.ToLower(strings.TrimSpace(name))] = strings.TrimSpace(value)
		}
		if errors.Is(err, io.EOF) {
			return io.EOF
		}
	}
}

// line reads up to CRLF, or a bare LF, which it leaves out.
func (c *chunked) line() (string, error) {
	line, err := c.in.ReadSlice('\n')
	switch {
	case errors.Is(err, io.EOF):
		return "", io.ErrUnexpectedEOF
	case errors.Is(err, bufio.ErrBufferFull), len(line) > maxChunkLine:
		return "", malformedChunk()
	case err != nil:
		return "", err
	}
	return strings.TrimRight(string(line), "\r\n"), nil
}
