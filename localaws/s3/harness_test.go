package s3

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"crawlerless/localaws/clock"
	"crawlerless/localaws/cloud"
	"crawlerless/localaws/wire"

	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

const account = "000000000000"

var start = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// world is one S3 with the real SDK client in front of it, over HTTP.
type world struct {
	t        *testing.T
	s3       *s3.Client
	service  *Service
	clock    *clock.Clock
	identity *identity
	events   *events
	url      string
}

func newWorld(t *testing.T, options ...func(*cloud.Env)) *world {
	t.Helper()
	w := &world{t: t, clock: clock.NewFrozen(start), identity: &identity{}, events: &events{}}
	env := cloud.Env{
		Account: account, Region: "us-east-1", Partition: "aws", Clock: w.clock,
		Log: slog.New(slog.DiscardHandler), IDs: &counter{}, Events: w.events, Dir: t.TempDir(),
	}
	for _, o := range options {
		o(&env)
	}
	var err error
	if w.service, err = New(env); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.service.Close)
	server := httptest.NewServer(wire.NewHandler(w.identity, []wire.Service{w.service.Wire()}))
	t.Cleanup(server.Close)
	w.url = server.URL
	w.s3 = w.as("root")
	return w
}

// as is a client whose calls are made by a caller of the identity.
func (w *world) as(name string, options ...func(*s3.Options)) *s3.Client {
	return s3.New(s3.Options{
		Region: "us-east-1", BaseEndpoint: &w.url, UsePathStyle: true, RetryMaxAttempts: 1,
		Credentials: credentials.NewStaticCredentialsProvider(name, "secret", ""),
	}, options...)
}

// bucket makes a bucket.
func (w *world) bucket(name string) string {
	w.t.Helper()
	if _, err := w.s3.CreateBucket(w.t.Context(), &s3.CreateBucketInput{Bucket: &name}); err != nil {
		w.t.Fatal(err)
	}
	return name
}

// put stores an object and answers with what the API said.
func (w *world) put(bucket, key, body string) *s3.PutObjectOutput {
	w.t.Helper()
	out, err := w.s3.PutObject(w.t.Context(), &s3.PutObjectInput{Bucket: &bucket, Key: &key, Body: strings.NewReader(body)})
	if err != nil {
		w.t.Fatalf("put %s: %v", key, err)
	}
	return out
}

func (w *world) get(bucket, key string) string {
	w.t.Helper()
	out, err := w.s3.GetObject(w.t.Context(), &s3.GetObjectInput{Bucket: &bucket, Key: &key})
	if err != nil {
		w.t.Fatalf("get %s: %v", key, err)
	}
	return readAll(w.t, out.Body)
}

func readAll(t *testing.T, body io.ReadCloser) string {
	t.Helper()
	raw, err := io.ReadAll(body)
	if err != nil {
		t.Fatal(err)
	}
	if err := body.Close(); err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// raw sends a request as it stands, signed for a caller by name only.
func (w *world) raw(method, path string, header http.Header, body string) (*http.Response, string) {
	w.t.Helper()
	r, err := http.NewRequestWithContext(w.t.Context(), method, w.url+path, strings.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	for name, values := range header {
		r.Header[name] = values
	}
	if r.Header.Get("Authorization") == "" {
		r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=root/20260102/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=00")
	}
	if host := r.Header.Get("Host"); host != "" {
		r.Host = host
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		w.t.Fatal(err)
	}
	return res, readAll(w.t, res.Body)
}

// wantError checks status and code of an error from the SDK.
func wantError(t *testing.T, err error, status int, code string) {
	t.Helper()
	if err == nil {
		t.Fatalf("no error, want %d %s", status, code)
	}
	var api smithy.APIError
	if !errors.As(err, &api) {
		t.Fatalf("error %v, want %d %s", err, status, code)
	}
	var response *smithyhttp.ResponseError
	got := 0
	if errors.As(err, &response) {
		got = response.HTTPStatusCode()
	}
	if got != status || api.ErrorCode() != code {
		t.Fatalf("error %d %s (%s), want %d %s", got, api.ErrorCode(), api.ErrorMessage(), status, code)
	}
}

// identity is root for "root", and for every other name what allow says; it
// notes what it was asked.
type identity struct {
	mu    sync.Mutex
	allow func(caller string, a wire.Access) bool
	asked []wire.Access
}

func (i *identity) Authenticate(r *http.Request) (wire.Caller, error) {
	credential := r.URL.Query().Get("X-Amz-Credential")
	if _, rest, ok := strings.Cut(r.Header.Get("Authorization"), "Credential="); ok {
		credential = rest
	}
	name, _, _ := strings.Cut(credential, "/")
	switch name {
	case "":
		return wire.Caller{Anonymous: true}, nil
	case "root":
		return wire.Caller{Account: account, ARN: "arn:aws:iam::" + account + ":root", Root: true}, nil
	}
	return wire.Caller{Account: account, ARN: "arn:aws:sts::" + account + ":assumed-role/" + name + "/session"}, nil
}

func (i *identity) Authorize(_ context.Context, c wire.Caller, a wire.Access) error {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.asked = append(i.asked, a)
	if c.Root || (i.allow != nil && i.allow(c.ARN, a)) {
		return nil
	}
	return &wire.Error{Code: "AccessDenied", Status: http.StatusForbidden, Message: "User: " + c.ARN + " is not authorized to perform: " + a.Action}
}

// since answers with the actions asked about while f ran.
func (i *identity) since(f func()) []wire.Access {
	i.mu.Lock()
	i.asked = nil
	i.mu.Unlock()
	f()
	i.mu.Lock()
	defer i.mu.Unlock()
	return slices.Clone(i.asked)
}

// events keeps what was emitted.
type events struct {
	mu  sync.Mutex
	all []cloud.Event
}

func (e *events) Emit(_ context.Context, event cloud.Event) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.all = append(e.all, event)
}

func (e *events) take(t *testing.T) (list []map[string]any, raw []cloud.Event) {
	t.Helper()
	e.mu.Lock()
	defer e.mu.Unlock()
	raw = e.all
	for _, event := range e.all {
		var detail map[string]any
		if err := json.Unmarshal(event.Detail, &detail); err != nil {
			t.Fatal(err)
		}
		list = append(list, detail)
	}
	e.all = nil
	return list, raw
}

// counter makes identifiers that never repeat.
type counter struct {
	mu sync.Mutex
	n  int
}

func (c *counter) Hex(n int) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.n++
	return fmt.Sprintf("%0*x", n, c.n)
}

func (c *counter) UUID() string { return "00000000-0000-4000-8000-" + c.Hex(12) }

// seekable is a body that the SDK signs without buffering.
func seekable(raw []byte) io.ReadSeeker { return bytes.NewReader(raw) }
