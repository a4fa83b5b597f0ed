package wire

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
)

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// takenBack is a body that its owner takes back once it was read.
type takenBack struct{ *strings.Reader }

func (b takenBack) Read(p []byte) (int, error) {
	if b.Len() == 0 {
		return 0, io.ErrClosedPipe
	}
	return b.Reader.Read(p)
}

func (takenBack) Close() error { return nil }

func TestABodyOfKnownLengthIsNotAskedForMore(t *testing.T) {
	for name, tt := range map[string]struct {
		length int64
		want   error
	}{
		"known":   {5, nil},
		"unknown": {-1, io.ErrClosedPipe},
	} {
		t.Run(name, func(t *testing.T) {
			req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://x", takenBack{strings.NewReader("hello")})
			if err != nil {
				t.Fatal(err)
			}
			req.ContentLength = tt.length
			before := req.Body
			_, err = WholeBodies(roundTrip(func(r *http.Request) (*http.Response, error) {
				body, err := io.ReadAll(r.Body)
				if string(body) != "hello" {
					t.Errorf("sent %q", body)
				}
				return nil, err
			})).RoundTrip(req) //nolint:bodyclose // there is no answer
			if !errors.Is(err, tt.want) {
				t.Errorf("error %v, want %v", err, tt.want)
			}
			if req.Body != before {
				t.Error("the request was changed")
			}
		})
	}
}
