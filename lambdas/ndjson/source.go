package ndjson

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/zstd"

	"crawlerless/lambdas/inflate"
)

// source is unpacked input that is scanned where it lies.
type source interface {
	// Next returns what was not consumed yet and what follows it. The error
	// may come with the last of it; io.EOF is the proper end. The bytes are
	// valid until Next is called again, and at least slack bytes of memory
	// lie behind them.
	Next() ([]byte, error)
	// Consume says that the first n bytes are done with.
	Consume(n int)
	Close()
}

// windowBytes is how much input lies in memory at a time: enough to make
// moving the rest of a line to the front cheap, and half of a core's L2 cache.
const windowBytes = 256 << 10

// open recognises the packing of r by its content: gzip (RFC 1952), zstd
// (RFC 8878), or none.
func open(r io.Reader) (source, error) {
	in := &readerSource{r: r, buf: make([]byte, windowBytes+slack)[:windowBytes]}
	var magic []byte
	var err error
	for len(magic) < 4 && err == nil {
		magic, err = in.Next()
	}
	if err != nil && err != io.EOF {
		return nil, err
	}
	rest := io.MultiReader(bytes.NewReader(bytes.Clone(magic)), r)
	switch {
	case len(magic) >= 2 && magic[0] == 0x1f && magic[1] == 0x8b:
		return gzipSource{inflate.NewReader(rest)}, nil
	case isZstd(magic):
		z, err := zstd.NewReader(rest, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true),
			zstd.WithDecoderMaxWindow(maxZstdWindow))
		if err != nil {
			return nil, fmt.Errorf("zstd: %w", err)
		}
		return &readerSource{r: z, buf: in.buf, wrap: wrapZstd, close: z.Close}, nil
	}
	in.err = err
	return in, nil
}

// maxZstdWindow is what RFC 8878 (3.1.1.1.2) asks every decoder to support.
const maxZstdWindow = 8 << 20

func isZstd(b []byte) bool {
	if len(b) < 4 {
		return false
	}
	skippable := b[0]&0xf0 == 0x50 && b[1] == 0x2a && b[2] == 0x4d && b[3] == 0x18
	return skippable || b[0] == 0x28 && b[1] == 0xb5 && b[2] == 0x2f && b[3] == 0xfd
}

func wrapZstd(err error) error {
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("%w: zstd", ErrTruncated)
	}
	switch {
	case errors.Is(err, zstd.ErrMagicMismatch), errors.Is(err, zstd.ErrCRCMismatch), errors.Is(err, zstd.ErrWindowSizeExceeded),
		errors.Is(err, zstd.ErrReservedBlockType), errors.Is(err, zstd.ErrCompressedSizeTooBig), errors.Is(err, zstd.ErrBlockTooSmall),
		errors.Is(err, zstd.ErrUnexpectedBlockSize), errors.Is(err, zstd.ErrWindowSizeTooSmall), errors.Is(err, zstd.ErrFrameSizeExceeded),
		errors.Is(err, zstd.ErrFrameSizeMismatch), errors.Is(err, zstd.ErrUnknownDictionary):
		return fmt.Errorf("%w: zstd: %w", ErrCorrupt, err)
	}
	return err
}

// readerSource reads plain bytes from a reader.
type readerSource struct {
	r          io.Reader
	buf        []byte
	start, end int
	err        error
	wrap       func(error) error
	close      func()
}

func (s *readerSource) Next() ([]byte, error) {
	if s.err != nil {
		return s.buf[s.start:s.end], s.err
	}
	if s.start > 0 {
		s.end = copy(s.buf, s.buf[s.start:s.end])
		s.start = 0
	}
	for empty := 0; s.end < len(s.buf); {
		n, err := s.r.Read(s.buf[s.end:])
		s.end += n
		if err != nil && err != io.EOF && s.wrap != nil {
			err = s.wrap(err)
		}
		s.err = err
		if n > 0 || err != nil {
			break
		}
		if empty++; empty == 100 {
			s.err = io.ErrNoProgress
			break
		}
	}
	return s.buf[s.start:s.end], s.err
}

func (s *readerSource) Consume(n int) { s.start += n }

func (s *readerSource) Close() {
	if s.close != nil {
		s.close()
	}
}

// gzipSource unpacks gzip in its own window.
type gzipSource struct{ *inflate.Reader }

func (s gzipSource) Next() ([]byte, error) {
	b, err := s.Reader.Next()
	switch {
	case errors.Is(err, inflate.ErrTruncated):
		err = fmt.Errorf("%w: %w", ErrTruncated, err)
	case errors.Is(err, inflate.ErrCorrupt):
		err = fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	return b, err
}
