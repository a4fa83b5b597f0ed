package wire

import (
	"io"
	"net/http"
)

// WholeBodies sends requests through next so that a server may answer at any
// moment. An SDK client takes the body of a request back as soon as it has the
// answer, while net/http still asks that body whether there is more; where the
// server is near enough to win that race, the connection is closed in the
// middle of the answer, and the client sends the request again, which then
// finds that what it creates exists. A body of known length is therefore not
// asked for more than that.
func WholeBodies(next http.RoundTripper) http.RoundTripper { return wholeBodies{next} }

// NewClient calls a server of localaws over TCP, whose answers may come at any
// moment.
func NewClient() *http.Client {
	return &http.Client{
		Transport:     WholeBodies(http.DefaultTransport.(*http.Transport).Clone()),
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

type wholeBodies struct{ next http.RoundTripper }

func (t wholeBodies) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.Body == nil || req.ContentLength <= 0 {
		return t.next.RoundTrip(req)
	}
	sent := *req // a RoundTripper must not change the request
	sent.Body = &counted{ReadCloser: req.Body, left: req.ContentLength}
	return t.next.RoundTrip(&sent)
}

// CloseIdleConnections is what http.Client.CloseIdleConnections looks for.
func (t wholeBodies) CloseIdleConnections() {
	if closer, ok := t.next.(interface{ CloseIdleConnections() }); ok {
		closer.CloseIdleConnections()
	}
}

// counted ends a body after left bytes.
type counted struct {
	io.ReadCloser
	left int64
}

func (c *counted) Read(p []byte) (int, error) {
	if c.left <= 0 {
		return 0, io.EOF
	}
	if int64(len(p)) > c.left {
		p = p[:c.left]
	}
	n, err := c.ReadCloser.Read(p)
	c.left -= int64(n)
	return n, err
}
