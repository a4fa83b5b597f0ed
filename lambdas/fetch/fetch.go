// Package fetch reads an S3 object while it is still arriving. A goroutine
// fills a small ring of buffers ahead of the reader, so that the network and
// the reader work at the same time; a connection that breaks is resumed from
// the byte where it broke, of the same version of the object.
//
// Memory is Buffers × BufferBytes whatever the object's size.
package fetch

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"
)

// How much is read ahead.
const (
	Buffers     = 4
	BufferBytes = 256 << 10
)

// Errors of an object that is not there as it was.
var (
	ErrNotFound = errors.New("object does not exist")
	ErrChanged  = errors.New("object was replaced while it was read")
)

// S3 is what is needed of the S3 client.
type S3 interface {
	GetObject(context.Context, *s3.GetObjectInput, ...func(*s3.Options)) (*s3.GetObjectOutput, error)
}

// Options of a reader. Zero values are good ones.
type Options struct {
	// Attempts is how often in a row a broken download is taken up again
	// without any progress. 0: 5.
	Attempts int
	// Wait waits before attempt n, from 1. Nil: up to a second, at random.
	Wait func(ctx context.Context, n int) error
}

// Object says what is read.
type Object struct {
	VersionID string
	ETag      string
	Size      int64
}

// Reader reads one object from its beginning to its end. It is not safe for
// concurrent use. Close it.
type Reader struct {
	Object Object // as S3 described it with the first byte

	cancel context.CancelFunc
	full   chan filled
	free   chan []byte
	now    filled
	rest   []byte
	err    error
}

type filled struct {
	buf []byte
	n   int
	err error
}

// Open asks for the object. An error is ErrNotFound, or what S3 answered. An
// empty versionID reads what is current.
func Open(ctx context.Context, client S3, bucket, key, versionID string, o Options) (*Reader, error) {
	if o.Attempts == 0 {
		o.Attempts = 5
	}
	if o.Wait == nil {
		o.Wait = jitter
	}
	f := &download{client: client, o: o, in: s3.GetObjectInput{Bucket: &bucket, Key: &key}}
	if versionID != "" {
		f.in.VersionId = &versionID
	}
	ctx, cancel := context.WithCancel(ctx)
	out, err := client.GetObject(ctx, &f.in)
	if err != nil {
		cancel()
		return nil, explain(err)
	}
	f.body, f.size = out.Body, aws.ToInt64(out.ContentLength)
	// What comes later must be of the same object.
	f.in.IfMatch, f.in.VersionId = out.ETag, out.VersionId
	r := &Reader{
		Object: Object{VersionID: aws.ToString(out.VersionId), ETag: aws.ToString(out.ETag), Size: f.size},
		cancel: cancel, full: make(chan filled, Buffers+1), free: make(chan []byte, Buffers),
	}
	for range Buffers {
		r.free <- make([]byte, BufferBytes)
	}
	go func() {
		defer close(r.full)
		f.run(ctx, r.free, r.full)
	}()
	return r, nil
}

func explain(err error) error {
	var status *awshttp.ResponseError
	var api smithy.APIError
	if errors.As(err, &api) && (api.ErrorCode() == "NoSuchKey" || api.ErrorCode() == "NoSuchVersion" || api.ErrorCode() == "NotFound") {
		return fmt.Errorf("%w: %w", ErrNotFound, err)
	}
	if errors.As(err, &status) {
		switch status.HTTPStatusCode() {
		case http.StatusNotFound:
			return fmt.Errorf("%w: %w", ErrNotFound, err)
		case http.StatusPreconditionFailed:
			return fmt.Errorf("%w: %w", ErrChanged, err)
		}
	}
	return err
}

// Read implements io.Reader. Apart from io.EOF its errors are those of S3,
// ErrNotFound, ErrChanged or the context's.
func (r *Reader) Read(p []byte) (int, error) {
	for len(r.rest) == 0 {
		if r.err != nil {
			return 0, r.err
		}
		if r.now.buf != nil {
			r.free <- r.now.buf
			r.now.buf = nil
		}
		next, ok := <-r.full
		if !ok {
			r.err = io.EOF
			continue
		}
		r.now, r.rest, r.err = next, next.buf[:next.n], next.err
	}
	n := copy(p, r.rest)
	r.rest = r.rest[n:]
	return n, nil
}

// Close ends the download, wherever it is.
func (r *Reader) Close() {
	r.cancel()
	for range r.full { // until the goroutine has ended
		continue
	}
	r.err = errors.New("reader is closed")
	r.rest = nil
}

type download struct {
	client S3
	o      Options
	in     s3.GetObjectInput
	body   io.ReadCloser
	size   int64
	offset int64
}

func (d *download) run(ctx context.Context, free <-chan []byte, full chan<- filled) {
	for {
		var buf []byte
		select {
		case buf = <-free:
		case <-ctx.Done():
			full <- filled{err: errors.Join(context.Cause(ctx), d.close())}
			return
		}
		n, err := d.fill(ctx, buf)
		if err == io.EOF {
			full <- filled{buf, n, io.EOF}
			return
		}
		full <- filled{buf, n, err} // more places than buffers: never blocks
		if err != nil {
			return
		}
	}
}

func (d *download) close() error {
	if d.body == nil {
		return nil
	}
	err := d.body.Close()
	d.body = nil
	return err
}

// fill reads until the buffer is full or the object ends.
func (d *download) fill(ctx context.Context, buf []byte) (int, error) {
	n, idle := 0, 0
	for n < len(buf) {
		if d.body == nil {
			idle++
			if err := d.resume(ctx, idle); err != nil {
				return n, err
			}
		}
		got, err := d.body.Read(buf[n:])
		n += got
		d.offset += int64(got)
		if got > 0 {
			idle = 0
		}
		if err == nil {
			continue
		}
		closed := d.close()
		if d.offset >= d.size && err == io.EOF {
			if closed != nil {
				return n, closed
			}
			return n, io.EOF
		}
		if ctx.Err() != nil {
			return n, context.Cause(ctx)
		}
		if d.offset >= d.size { // a checksum that is wrong, at the very end
			return n, fmt.Errorf("after the last of %d bytes: %w", d.size, err)
		}
		if idle >= d.o.Attempts {
			return n, fmt.Errorf("broke off at byte %d of %d: %w", d.offset, d.size, err)
		}
	}
	return n, nil
}

// resume asks for the rest of the object.
func (d *download) resume(ctx context.Context, attempt int) error {
	if err := d.o.Wait(ctx, attempt); err != nil {
		return err
	}
	d.in.Range = aws.String(fmt.Sprintf("bytes=%d-", d.offset))
	out, err := d.client.GetObject(ctx, &d.in)
	if err != nil {
		return fmt.Errorf("resume at byte %d of %d: %w", d.offset, d.size, explain(err))
	}
	if got := aws.ToInt64(out.ContentLength); got != d.size-d.offset {
		return errors.Join(fmt.Errorf("resume at byte %d of %d: %d bytes offered: %w", d.offset, d.size, got, ErrChanged), out.Body.Close())
	}
	d.body = out.Body
	return nil
}

func jitter(ctx context.Context, n int) error {
	t := time.NewTimer(time.Duration(rand.Int64N(int64(time.Second) * int64(min(n, 5)) / 5)))
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
