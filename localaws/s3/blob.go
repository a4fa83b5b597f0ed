package s3

import (
	"bytes"
	"errors"
	"io"
	"os"
	"runtime"
)

// inMemory is the largest piece of content, in bytes, that is kept in memory;
// a larger one goes to a file.
const inMemory = 1 << 20

// spool is where content is put.
type spool struct{ dir string }

// segment is a piece of content that never changes: the body of one upload.
type segment struct {
	bytes []byte
	path  string // of the file that holds it instead of bytes
	size  int64
}

// blob is the content of an object: the segments of its parts in order. Copies
// and completed uploads share segments, so no byte is copied after its arrival.
type blob []*segment

func (b blob) size() (n int64) {
	for _, s := range b {
		n += s.size
	}
	return n
}

// write takes exactly size bytes from r, and then reads on to r's end, where r
// reports what was wrong with the content. A segment is made only when nothing
// was. The file of a segment is removed when nothing refers to it any more.
func (s spool) write(r io.Reader, size int64) (*segment, error) {
	if size <= inMemory || s.dir == "" {
		content := make([]byte, size)
		if _, err := io.ReadFull(r, content); err != nil {
			return nil, err
		}
		if err := expectEOF(r); err != nil {
			return nil, err
		}
		return &segment{bytes: content, size: size}, nil
	}
	file, err := os.CreateTemp(s.dir, "object-")
	if err != nil {
		return nil, err
	}
	_, err = io.CopyN(file, r, size)
	if err == nil {
		err = expectEOF(r)
	}
	if closeErr := file.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		_ = os.Remove(file.Name()) // the first error is the one to tell
		return nil, err
	}
	made := &segment{path: file.Name(), size: size}
	// A file that cannot be removed goes with the server's directory.
	runtime.AddCleanup(made, func(path string) { _ = os.Remove(path) }, made.path)
	return made, nil
}

func expectEOF(r io.Reader) error {
	var one [1]byte
	for {
		n, err := r.Read(one[:])
		switch {
		case n > 0:
			return incompleteBody()
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		}
	}
}

// open reads length bytes from offset.
func (b blob) open(offset, length int64) *blobReader {
	r := &blobReader{rest: b, skip: offset, left: length}
	for len(r.rest) > 0 && r.skip >= r.rest[0].size {
		r.skip -= r.rest[0].size
		r.rest = r.rest[1:]
	}
	return r
}

// blobReader reads a range of a blob, one segment after the other.
type blobReader struct {
	rest blob // not yet opened, the first of them from skip
	skip int64
	left int64
	now  io.Reader
	file *os.File
	held *segment // keeps now's file from being cleaned up
}

// next opens the next segment; io.EOF when there is none.
func (r *blobReader) next() error {
	if r.now != nil {
		return nil
	}
	for {
		if r.left <= 0 || len(r.rest) == 0 {
			return io.EOF
		}
		s, skip := r.rest[0], r.skip
		r.rest, r.skip = r.rest[1:], 0
		n := min(s.size-skip, r.left)
		if n <= 0 {
			continue
		}
		r.left -= n
		r.held = s
		if s.path == "" {
			r.now = bytes.NewReader(s.bytes[skip : skip+n])
			return nil
		}
		file, err := os.Open(s.path)
		if err != nil {
			return err
		}
		if _, err := file.Seek(skip, io.SeekStart); err != nil {
			_ = file.Close() // the first error is the one to tell
			return err
		}
		r.file, r.now = file, io.LimitReader(file, n)
		return nil
	}
}

func (r *blobReader) done() error {
	r.now, r.held = nil, nil
	if r.file == nil {
		return nil
	}
	err := r.file.Close()
	r.file = nil
	return err
}

func (r *blobReader) Read(p []byte) (int, error) {
	for {
		if err := r.next(); err != nil {
			return 0, err
		}
		n, err := r.now.Read(p)
		if errors.Is(err, io.EOF) {
			err = r.done()
		}
		if n > 0 || err != nil {
			return n, err
		}
	}
}

// WriteTo hands the segments over without a buffer of its own: memory is
// written as it lies, a file by the kernel where w can.
func (r *blobReader) WriteTo(w io.Writer) (total int64, err error) {
	for {
		if err := r.next(); err != nil {
			if errors.Is(err, io.EOF) {
				return total, nil
			}
			return total, err
		}
		n, err := io.Copy(w, r.now)
		total += n
		if closeErr := r.done(); err == nil {
			err = closeErr
		}
		if err != nil {
			return total, err
		}
	}
}

func (r *blobReader) Close() error {
	r.rest = nil
	return r.done()
}
