package s3

import (
	"bytes"
	"encoding/hex"
	"encoding/xml"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/johannesboyne/gofakes3"
)

// fakeCall is one plain object call as gofakes3 is to serve it. The front has
// found the version, judged the permissions and conditions, and taken the
// framing off the body; gofakes3 reads the request and writes the answer, over
// a backend that sees this call alone.
type fakeCall struct {
	// of GET and HEAD
	version *version
	ranged  string // the Range that gofakes3 is given
	// of PUT
	body  *payload
	store func(content blob, md5 string) error
	// of DELETE
	remove func() (deletion, error)

	amend func(http.Header) // puts right the headers of a success
	err   error             // what the backend refused
}

// fake has gofakes3 serve the call. It is shown a plain path-style request: all
// else that the real one carries was the front's business.
func (c *call) fake(f *fakeCall) error {
	plain := &http.Request{
		Method: c.r.Method, Proto: c.r.Proto, ProtoMajor: c.r.ProtoMajor, ProtoMinor: c.r.ProtoMinor,
		URL: &url.URL{Path: "/" + c.name + "/" + c.key}, Host: c.r.Host, Header: http.Header{}, Body: http.NoBody,
	}
	if f.ranged != "" {
		plain.Header.Set("Range", f.ranged)
	}
	if f.body != nil {
		plain.Body, plain.ContentLength = io.NopCloser(f.body), f.body.size
		plain.Header.Set("Content-Length", strconv.FormatInt(f.body.size, 10))
	}
	out := &answer{w: c.w, header: http.Header{}, amend: f.amend}
	gofakes3.New(&fakeBackend{c: c, f: f},
		gofakes3.WithTimeSource(clockSource{c}),
		gofakes3.WithTimeSkewLimit(0),
		gofakes3.WithMetadataSizeLimit(0),
		gofakes3.WithIntegrityCheck(false),
	).Server().ServeHTTP(out, plain.WithContext(c.ctx()))
	if f.err != nil {
		return f.err
	}
	return out.finish()
}

// answer passes on what gofakes3 writes, once amend has put the headers right;
// an error document is held back, to be told in full by the front.
type answer struct {
	w      http.ResponseWriter
	header http.Header
	amend  func(http.Header)
	status int
	failed bytes.Buffer
}

func (a *answer) Header() http.Header { return a.header }

func (a *answer) WriteHeader(status int) {
	if a.status != 0 {
		return
	}
	a.status = status
	if status >= http.StatusBadRequest {
		return
	}
	h := a.w.Header()
	for _, name := range []string{"Content-Length", "Content-Range"} {
		if value := a.header.Get(name); value != "" {
			h.Set(name, value)
		}
	}
	a.amend(h)
	a.w.WriteHeader(status)
}

func (a *answer) Write(p []byte) (int, error) {
	a.WriteHeader(http.StatusOK)
	if a.status >= http.StatusBadRequest {
		return a.failed.Write(p)
	}
	return a.w.Write(p)
}

// ReadFrom lets the kernel copy from a file where the connection allows it.
func (a *answer) ReadFrom(r io.Reader) (int64, error) {
	a.WriteHeader(http.StatusOK)
	if a.status >= http.StatusBadRequest {
		return a.failed.ReadFrom(r)
	}
	return io.Copy(a.w, r)
}

func (a *answer) finish() error {
	a.WriteHeader(http.StatusOK)
	if a.status < http.StatusBadRequest {
		return nil
	}
	if a.failed.Len() == 0 { // of a HEAD, whose status is all it tells
		return fail(a.status, http.StatusText(a.status), http.StatusText(a.status))
	}
	var told struct{ Code, Message string }
	if err := xml.Unmarshal(a.failed.Bytes(), &told); err != nil || told.Code == "" {
		return fail(http.StatusInternalServerError, "InternalError", "gofakes3: status "+strconv.Itoa(a.status))
	}
	return fail(a.status, told.Code, told.Message)
}

// clockSource gives gofakes3 the time of localaws.
type clockSource struct{ c *call }

func (s clockSource) Now() time.Time                  { return s.c.now() }
func (s clockSource) Since(t time.Time) time.Duration { return s.c.now().Sub(t) }

// fakeBackend is the bucket of one call. What that call cannot reach is not
// implemented.
type fakeBackend struct {
	c *call
	f *fakeCall
}

var _ gofakes3.Backend = (*fakeBackend)(nil)

// refuse keeps err for the front: gofakes3's own errors say less.
func (b *fakeBackend) refuse(err error) error {
	b.f.err = err
	return gofakes3.ErrInternal
}

func (b *fakeBackend) BucketExists(string) (bool, error) { return true, nil }

func (b *fakeBackend) HeadObject(_, key string) (*gofakes3.Object, error) {
	v := b.f.version
	hash, err := hex.DecodeString(emptyETag) // the true ETag is put in by amend
	if err != nil {
		return nil, err
	}
	return &gofakes3.Object{Name: key, Size: v.size(), Hash: hash, Contents: io.NopCloser(bytes.NewReader(nil))}, nil
}

func (b *fakeBackend) GetObject(bucket, key string, want *gofakes3.ObjectRangeRequest) (*gofakes3.Object, error) {
	object, err := b.HeadObject(bucket, key)
	if err != nil {
		return nil, err
	}
	if object.Range, err = want.Range(object.Size); err != nil {
		return nil, b.refuse(fail(http.StatusRequestedRangeNotSatisfiable, "InvalidRange", "The requested range is not satisfiable",
			"RangeRequested", b.f.ranged, "ActualObjectSize", strconv.FormatInt(object.Size, 10)).
			with("Content-Range", "bytes */"+strconv.FormatInt(object.Size, 10)))
	}
	if object.Range != nil {
		object.Contents = b.f.version.content.open(object.Range.Start, object.Range.Length)
	} else {
		object.Contents = b.f.version.content.open(0, object.Size)
	}
	return object, nil
}

// PutObject stores what gofakes3 reads. Its reader has the content's MD5.
func (b *fakeBackend) PutObject(_, _ string, _ map[string]string, input io.Reader, size int64, _ *gofakes3.PutConditions) (gofakes3.PutObjectResult, error) {
	content, err := b.c.s.spool.write(input, size)
	if err != nil {
		return gofakes3.PutObjectResult{}, b.refuse(err)
	}
	summed, ok := input.(interface{ Sum([]byte) []byte })
	if !ok {
		return gofakes3.PutObjectResult{}, b.refuse(notImplemented("a gofakes3 whose reader has no MD5"))
	}
	if err := b.f.store(blob{content}, hex.EncodeToString(summed.Sum(nil))); err != nil {
		return gofakes3.PutObjectResult{}, b.refuse(err)
	}
	return gofakes3.PutObjectResult{}, nil
}

func (b *fakeBackend) DeleteObject(_, _ string) (gofakes3.ObjectDeleteResult, error) {
	done, err := b.f.remove()
	if err != nil {
		return gofakes3.ObjectDeleteResult{}, b.refuse(err)
	}
	return gofakes3.ObjectDeleteResult{IsDeleteMarker: done.marker, VersionID: gofakes3.VersionID(done.versionID)}, nil
}

// The rest of a backend is never called: the front serves it.

func (b *fakeBackend) elsewhere() error { return gofakes3.ErrNotImplemented }

func (b *fakeBackend) ListBuckets() ([]gofakes3.BucketInfo, error) { return nil, b.elsewhere() }

func (b *fakeBackend) ListBucket(string, *gofakes3.Prefix, gofakes3.ListBucketPage) (*gofakes3.ObjectList, error) {
	return nil, b.elsewhere()
}
func (b *fakeBackend) CreateBucket(string) error      { return b.elsewhere() }
func (b *fakeBackend) DeleteBucket(string) error      { return b.elsewhere() }
func (b *fakeBackend) ForceDeleteBucket(string) error { return b.elsewhere() }

func (b *fakeBackend) DeleteMulti(string, ...string) (gofakes3.MultiDeleteResult, error) {
	return gofakes3.MultiDeleteResult{}, b.elsewhere()
}

func (b *fakeBackend) CopyObject(_, _, _, _ string, _ map[string]string) (gofakes3.CopyObjectResult, error) {
	return gofakes3.CopyObjectResult{}, b.elsewhere()
}
