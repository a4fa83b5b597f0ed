package wire

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
)

// Transport sends requests straight into the handler, without a connection:
// how the services of localaws call each other.
func (h *Handler) Transport() http.RoundTripper { return transport{h} }

type transport struct{ handler *Handler }

// RoundTrip returns as soon as the handler begins to answer; the body streams.
func (t transport) RoundTrip(req *http.Request) (*http.Response, error) {
	if err := req.Context().Err(); err != nil {
		return nil, err
	}
	in := req.Clone(req.Context())
	in.RequestURI = req.URL.RequestURI()
	in.RemoteAddr = "127.0.0.1:0"
	if in.Host == "" {
		in.Host = req.URL.Host
	}
	if in.Body == nil {
		in.Body = http.NoBody
	}
	reader, writer := io.Pipe()
	answer := &pipedResponse{header: http.Header{}, body: writer, begun: make(chan struct{}), head: req.Method == http.MethodHead}
	go func() {
		defer func() { _ = in.Body.Close() }()
		defer func() {
			switch p := recover(); {
			case p == nil:
				answer.WriteHeader(http.StatusOK)
				_ = writer.Close()
			default: // only http.ErrAbortHandler comes through ServeHTTP
				_ = writer.CloseWithError(io.ErrUnexpectedEOF)
				answer.abort(fmt.Errorf("connection broken: %w", io.ErrUnexpectedEOF))
			}
		}()
		t.handler.ServeHTTP(answer, in)
	}()
	select {
	case <-answer.begun:
	case <-req.Context().Done():
		_ = reader.CloseWithError(req.Context().Err())
		return nil, req.Context().Err()
	}
	if answer.err != nil {
		return nil, answer.err
	}
	length := int64(-1)
	if n := answer.sent.Get("Content-Length"); n != "" {
		if _, err := fmt.Sscan(n, &length); err != nil {
			return nil, errors.Join(fmt.Errorf("content length %q: %w", n, err), reader.Close())
		}
	}
	return &http.Response{
		Status: fmt.Sprintf("%d %s", answer.status, http.StatusText(answer.status)), StatusCode: answer.status,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: answer.sent, Body: reader, ContentLength: length, Request: req,
	}, nil
}

// pipedResponse is a response writer whose body is read as it is written.
type pipedResponse struct {
	header http.Header
	body   *io.PipeWriter
	begun  chan struct{}
	once   sync.Once
	head   bool // the body of an answer to HEAD is dropped
	status int
	sent   http.Header
	err    error
}

func (p *pipedResponse) Header() http.Header { return p.header }

func (p *pipedResponse) WriteHeader(status int) {
	if status < 200 {
		return
	}
	p.once.Do(func() {
		p.status, p.sent = status, p.header.Clone()
		close(p.begun)
	})
}

func (p *pipedResponse) abort(err error) {
	p.once.Do(func() {
		p.err = err
		close(p.begun)
	})
}

func (p *pipedResponse) Write(b []byte) (int, error) {
	p.WriteHeader(http.StatusOK)
	if p.head {
		return len(b), nil
	}
	return p.body.Write(b)
}

// Flush does nothing: nothing is held back.
func (p *pipedResponse) Flush() {}
