package s3

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/xml"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"reflect"
	"strings"
	"time"

	"crawlerless/localaws/wire"
)

// Longest configuration document that is read. S3's own limits are lower, the
// largest being a batch delete of 1,000 keys of 1,024 bytes with versions.
const maxDocument = 4 << 20

// call is one request on its way through the front.
type call struct {
	s      *Service
	w      http.ResponseWriter
	r      *http.Request
	query  url.Values
	name   string // of the bucket, "" at the service
	key    string // of the object, "" at the bucket
	bucket *bucket
	op     string // the operation's name
	id     string // x-amz-request-id
	hostID string // x-amz-id-2
	caller wire.Caller
}

func (s *Service) newCall(w http.ResponseWriter, r *http.Request) *call {
	c := &call{
		s: s, w: w, r: r, query: r.URL.Query(),
		id:     strings.ToUpper(s.env.IDs.Hex(16)),
		caller: wire.CallerFrom(r.Context()),
	}
	sum := sha256.Sum256([]byte(c.id))
	c.hostID = base64.StdEncoding.EncodeToString(append(sum[:], sum[:24]...))
	c.name, c.key = address(r)
	h := w.Header()
	h.Set("x-amz-request-id", c.id)
	h.Set("x-amz-id-2", c.hostID)
	h.Set("Server", "AmazonS3")
	return c
}

func (c *call) ctx() context.Context { return c.r.Context() }

func (c *call) now() time.Time { return c.s.env.Clock.Now() }

// has tells whether the query names a parameter, with or without a value.
func (c *call) has(parameter string) bool {
	_, ok := c.query[parameter]
	return ok
}

func (c *call) header(name string) string { return c.r.Header.Get(name) }

// sourceIP is the address that the request came from, without its port.
func (c *call) sourceIP() string {
	host, _, err := net.SplitHostPort(c.r.RemoteAddr)
	if err != nil {
		return "127.0.0.1" // a call inside this process has no address
	}
	return host
}

// ownerID is the canonical user id of an account: 64 hexadecimal digits that
// AWS assigns and that never change.
func ownerID(account string) string {
	sum := sha256.Sum256([]byte("canonical user " + account))
	return hex.EncodeToString(sum[:])
}

type owner struct {
	ID string
}

func (c *call) owner() owner { return owner{ID: ownerID(c.s.env.Account)} }

// reply answers with an XML document.
func (c *call) reply(document any) error {
	body, err := xml.Marshal(document)
	if err != nil {
		return err
	}
	c.w.Header().Set("Content-Type", "application/xml")
	return c.write(http.StatusOK, append([]byte(xml.Header), body...))
}

func (c *call) write(status int, body []byte) error {
	c.w.WriteHeader(status)
	if _, err := c.w.Write(body); err != nil {
		c.s.env.Log.Debug("s3: client went away", "operation", c.op, "error", err)
	}
	return nil
}

// noContent is the answer of most deletes and of some puts.
func (c *call) noContent() error {
	c.w.WriteHeader(http.StatusNoContent)
	return nil
}

// fail answers with an error. A HEAD has no body: only the status tells.
func (c *call) fail(err error) {
	e := asError(err)
	h := c.w.Header()
	for name, values := range e.header {
		h[name] = values
	}
	for _, name := range []string{"ETag", "Last-Modified", "Content-Length", "Content-Range", "Accept-Ranges"} {
		if e.Status != http.StatusNotModified && e.header.Get(name) == "" {
			h.Del(name)
		}
	}
	if e.Status >= 500 && e.Code == "InternalError" {
		c.s.env.Log.Error("s3: internal error", "operation", c.op, "bucket", c.name, "key", c.key, "error", err)
	}
	if e.Status == http.StatusNotModified || c.r.Method == http.MethodHead {
		c.w.WriteHeader(e.Status)
		return
	}
	body, encodeErr := xml.Marshal(errorDocument{
		Code: e.Code, Message: e.Message, Details: e.Details, RequestID: c.id, HostID: c.hostID,
	})
	if encodeErr != nil {
		c.w.WriteHeader(http.StatusInternalServerError)
		return
	}
	h.Set("Content-Type", "application/xml")
	_ = c.write(e.Status, append([]byte(xml.Header), body...)) // write reports no error
}

// document reads the request's XML into v, verifying the digests that came with
// it. An element that v does not know is refused as S3's schema check would:
// nothing is accepted and dropped.
func (c *call) document(v any) error {
	body, err := c.text(maxDocument)
	if err != nil {
		return err
	}
	return parse(body, v)
}

func parse(body []byte, v any) error {
	if len(bytes.TrimSpace(body)) == 0 {
		return fail(http.StatusBadRequest, "MissingRequestBodyError", "Request Body is empty")
	}
	decoder := xml.NewDecoder(bytes.NewReader(body))
	if err := decoder.Decode(v); err != nil || hasUnknown(reflect.ValueOf(v)) {
		return malformedXML()
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return malformedXML()
	}
	return nil
}

// text reads a whole verified body of at most limit bytes.
func (c *call) text(limit int64) ([]byte, error) {
	p, err := c.payload()
	if err != nil {
		return nil, err
	}
	if p.size > limit {
		return nil, fail(http.StatusBadRequest, "MaxMessageLengthExceeded", "Your request was too big.")
	}
	return io.ReadAll(p)
}

// unknown collects the elements that a document's struct does not name.
type unknown []struct {
	XMLName xml.Name
}

var unknownType = reflect.TypeFor[unknown]()

// hasUnknown finds a non-empty unknown anywhere in v.
func hasUnknown(v reflect.Value) bool {
	if v.IsValid() && v.Type() == unknownType {
		return v.Len() > 0
	}
	switch v.Kind() {
	case reflect.Pointer:
		return !v.IsNil() && hasUnknown(v.Elem())
	case reflect.Slice:
		for i := range v.Len() {
			if hasUnknown(v.Index(i)) {
				return true
			}
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() && hasUnknown(v.Field(i)) {
				return true
			}
		}
	}
	return false
}

// timestamp is a time as S3 writes it in XML. S3 keeps whole seconds.
type timestamp time.Time

// MarshalText writes the time in UTC with three zero decimals, as S3 does.
func (t timestamp) MarshalText() ([]byte, error) {
	return []byte(time.Time(t).UTC().Format("2006-01-02T15:04:05.000Z")), nil
}

// xmlns is the namespace attribute of S3's answers.
const xmlns = "http://s3.amazonaws.com/doc/2006-03-01/"
