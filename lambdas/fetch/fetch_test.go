package fetch

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/iotest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"go.uber.org/goleak"

	"crawlerless/lambdas/ndjson"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// server is an S3 with one object, whose connections break.
type server struct {
	mu       sync.Mutex
	content  []byte
	etag     string
	breakAt  func(request int) int // how many bytes of the n-th answer are sent; negative: all
	gate     func(sent int)        // is called between pieces of an answer
	requests []*http.Request
	sent     int
	stop     func() // and wait until every answer has ended
}

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	s.requests = append(s.requests, r)
	content, etag, n := s.content, s.etag, len(s.requests)
	s.mu.Unlock()
	if content == nil {
		w.Header().Set("Content-Type", "application/xml")
		w.WriteHeader(http.StatusNotFound)
		fmt.Fprint(w, `<Error><Code>NoSuchKey</Code><Message>The specified key does not exist.</Message></Error>`)
		return
	}
	if match := r.Header.Get("If-Match"); match != "" && match != etag {
		w.Header().Set("Content-Type", "application/xml")
		w.WriteHeader(http.StatusPreconditionFailed)
		fmt.Fprint(w, `<Error><Code>PreconditionFailed</Code><Message>At least one of the pre-conditions you specified did not hold</Message></Error>`)
		return
	}
	w.Header().Set("ETag", etag)
	if text, ok := strings.CutPrefix(r.Header.Get("Range"), "bytes="); ok {
		from, err := strconv.Atoi(strings.TrimSuffix(text, "-"))
		if err != nil || from >= len(content) {
			w.WriteHeader(http.StatusRequestedRangeNotSatisfiable)
			return
		}
		w.Header().Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", from, len(content)-1, len(content)))
		content = content[from:]
		w.Header().Set("Content-Length", strconv.Itoa(len(content)))
		w.WriteHeader(http.StatusPartialContent)
	} else {
		w.Header().Set("Content-Length", strconv.Itoa(len(content)))
	}
	limit := len(content)
	if s.breakAt != nil {
		if at := s.breakAt(n); at >= 0 {
			limit = min(limit, at)
		}
	}
	if err := http.NewResponseController(w).Flush(); err != nil { // the header, should nothing follow
		return
	}
	for at := 0; at < limit; {
		piece, err := w.Write(content[at:min(at+64<<10, limit)])
		at += piece
		s.mu.Lock()
		s.sent += piece
		sent := s.sent
		s.mu.Unlock()
		if err != nil {
			return
		}
		if err := http.NewResponseController(w).Flush(); err != nil {
			return
		}
		if s.gate != nil {
			s.gate(sent)
		}
	}
	if limit < len(content) {
		panic(http.ErrAbortHandler) // the connection breaks
	}
}

func (s *server) open(t *testing.T, o Options) (*Reader, error) {
	t.Helper()
	h := httptest.NewServer(s)
	transport := &http.Transport{}
	s.stop = func() { transport.CloseIdleConnections(); h.Close() }
	t.Cleanup(s.stop)
	client := s3.New(s3.Options{
		BaseEndpoint: &h.URL, Region: "us-east-1", UsePathStyle: true, HTTPClient: &http.Client{Transport: transport},
		Credentials: credentials.NewStaticCredentialsProvider("id", "secret", ""), RetryMaxAttempts: 1,
	})
	if o.Wait == nil {
		o.Wait = func(ctx context.Context, _ int) error { return ctx.Err() }
	}
	r, err := Open(t.Context(), client, "lake", "key", "", o)
	if err == nil {
		t.Cleanup(r.Close)
	}
	return r, err
}

func object(n int) []byte {
	r := rand.New(rand.NewPCG(1, 2))
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return b
}

func TestObjectsOfEverySizeAreReadWhole(t *testing.T) {
	for _, n := range []int{0, 1, BufferBytes - 1, BufferBytes, BufferBytes + 1, Buffers * BufferBytes, 3*Buffers*BufferBytes + 17} {
		s := &server{content: object(n), etag: `"one"`}
		r, err := s.open(t, Options{})
		if err != nil {
			t.Fatal(err)
		}
		if err := iotest.TestReader(r, s.content); err != nil {
			t.Errorf("%d bytes: %v", n, err)
		}
		if r.Object.Size != int64(n) || r.Object.ETag != `"one"` {
			t.Errorf("%d bytes: described as %+v", n, r.Object)
		}
	}
}

// A download that breaks goes on where it broke: no byte is sent twice, and
// every request after the first is for the same object.
func TestBrokenDownloadIsResumedNotStartedAgain(t *testing.T) {
	s := &server{content: object(2 << 20), etag: `"one"`, breakAt: func(n int) int {
		return []int{700_001, 0, 1, 300_000, -1}[n-1] // none at all, and one byte, too
	}}
	r, err := s.open(t, Options{})
	if err != nil {
		t.Fatal(err)
	}
	got, err := io.ReadAll(r)
	if err != nil || !bytes.Equal(got, s.content) {
		t.Fatalf("%v, %d of %d bytes", err, len(got), len(s.content))
	}
	s.stop()
	if s.sent != len(s.content) {
		t.Errorf("%d bytes were sent for %d", s.sent, len(s.content))
	}
	for i, want := range []string{"", "bytes=700001-", "bytes=700001-", "bytes=700002-", "bytes=1000002-"} {
		if got := s.requests[i].Header.Get("Range"); got != want {
			t.Errorf("request %d: range %q, want %q", i, got, want)
		}
		if match := s.requests[i].Header.Get("If-Match"); i > 0 && match != `"one"` {
			t.Errorf("request %d: If-Match is %q", i, match)
		}
	}
}

func TestObjectThatIsReplacedOrDeletedMeanwhileIsNotMixed(t *testing.T) {
	for name, c := range map[string]struct {
		meanwhile func(*server)
		want      error
	}{
		"replaced": {func(s *server) { s.content, s.etag = object(9<<20), `"two"` }, ErrChanged},
		"replaced by a shorter one with the same ETag": {func(s *server) { s.content = s.content[:1<<20] }, ErrChanged},
		"deleted": {func(s *server) { s.content = nil }, ErrNotFound},
	} {
		s := &server{content: object(2 << 20), etag: `"one"`}
		s.breakAt = func(n int) int {
			s.mu.Lock()
			defer s.mu.Unlock()
			c.meanwhile(s)
			return 600_000
		}
		r, err := s.open(t, Options{})
		if err != nil {
			t.Fatal(err)
		}
		if n, err := io.Copy(io.Discard, r); !errors.Is(err, c.want) || n != 600_000 {
			t.Errorf("%s: %v after %d bytes", name, err, n)
		}
	}
}

func TestMissingObjectIsNotFound(t *testing.T) {
	if _, err := (&server{}).open(t, Options{}); !errors.Is(err, ErrNotFound) {
		t.Fatal(err)
	}
}

func TestDownloadWithoutProgressIsGivenUp(t *testing.T) {
	waits := []int{}
	s := &server{content: object(1 << 20), etag: `"one"`, breakAt: func(n int) int { return max(0, 500_000-(n-1)*500_000) }}
	r, err := s.open(t, Options{Attempts: 3, Wait: func(_ context.Context, n int) error { waits = append(waits, n); return nil }})
	if err != nil {
		t.Fatal(err)
	}
	n, err := io.Copy(io.Discard, r)
	if n != 500_000 || !errors.Is(err, io.ErrUnexpectedEOF) || !strings.Contains(err.Error(), "byte 500000 of 1048576") || fmt.Sprint(waits) != "[1 2 3]" {
		t.Fatalf("%d bytes, %v, waits %v", n, err, waits)
	}
}

// The server goes on sending only after what it has sent was scanned: the
// first byte is scanned before the last is fetched.
func TestScanningOverlapsWithFetching(t *testing.T) {
	line := []byte(`{"a":1,"time":"2026-11-24T04:05:06Z"}` + "\n")
	content := bytes.Repeat(line, (3<<20)/len(line))
	scanned := make(chan struct{})
	s := &server{content: content, etag: `"one"`}
	s.gate = func(sent int) {
		if sent > 2<<20 {
			<-scanned
		}
	}
	r, err := s.open(t, Options{})
	if err != nil {
		t.Fatal(err)
	}
	// Infer asks for more only when it has scanned what it has.
	var once sync.Once
	asked := 0
	res, err := ndjson.Infer(t.Context(), readerFunc(func(p []byte) (int, error) {
		if asked++; asked > 2 {
			once.Do(func() { close(scanned) })
		}
		return r.Read(p)
	}), ndjson.Options{})
	if err != nil || res.Records != int64(len(content)/len(line)) {
		t.Fatalf("%v, %d records", err, res.Records)
	}
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

// What is read ahead is bounded, whatever the object's size: a reader that
// stands still stops the download.
func TestReadAheadIsBounded(t *testing.T) {
	body := &endless{}
	r, err := Open(t.Context(), getter(func(*s3.GetObjectInput) (*s3.GetObjectOutput, error) {
		return &s3.GetObjectOutput{Body: body, ContentLength: aws.Int64(1 << 40)}, nil
	}), "lake", "key", "", Options{})
	if err != nil {
		t.Fatal(err)
	}
	for range 100 {
		if _, err := io.ReadFull(r, make([]byte, BufferBytes)); err != nil {
			t.Fatal(err)
		}
	}
	r.Close()
	if ahead := body.read - 100*BufferBytes; ahead < 0 || ahead > Buffers*BufferBytes {
		t.Errorf("%d bytes read ahead", ahead)
	}
	if _, err := r.Read(make([]byte, 1)); err == nil {
		t.Error("a closed reader goes on")
	}
	if !body.closed {
		t.Error("the body was not closed")
	}
}

type getter func(*s3.GetObjectInput) (*s3.GetObjectOutput, error)

func (g getter) GetObject(_ context.Context, in *s3.GetObjectInput, _ ...func(*s3.Options)) (*s3.GetObjectOutput, error) {
	return g(in)
}

// endless is a body that never ends.
type endless struct {
	read   int
	closed bool
}

func (e *endless) Read(p []byte) (int, error) { e.read += len(p); return len(p), nil }
func (e *endless) Close() error               { e.closed = true; return nil }

func TestCancellationEndsTheDownload(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	r, err := Open(ctx, getter(func(*s3.GetObjectInput) (*s3.GetObjectOutput, error) {
		return &s3.GetObjectOutput{Body: io.NopCloser(iotest.ErrReader(io.ErrUnexpectedEOF)), ContentLength: aws.Int64(1 << 40)}, nil
	}), "lake", "key", "", Options{})
	if err != nil {
		t.Fatal(err)
	}
	stop := errors.New("the function's time is over")
	cancel(stop)
	if _, err := io.ReadAll(r); !errors.Is(err, stop) {
		t.Fatal(err)
	}
	r.Close()
}
