// Package sigv4 verifies AWS Signature Version 4, in the Authorization header
// or in the query of a presigned URL, as the "AWS Signature Version 4 for API
// requests" page of the IAM User Guide lays it down, and Version 2 where it is
// still in use.
//
// The payload's hash is taken from X-Amz-Content-Sha256 where a request has it
// (S3, whose service then checks the body against it), and computed otherwise.
package sigv4

import (
	"cmp"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Signature is what a signed request says about its signature.
type Signature struct {
	AccessKey string
	Token     string // session token, or empty
	Date      string // "20060102T150405Z"
	Scope     string // "20060102/us-east-1/glue/aws4_request"
	Headers   []string
	Value     string
	Presigned bool
	Algorithm string

	until time.Time // the end of a presigned URL
}

// Expired says whether a presigned URL has ended at a time.
func (s *Signature) Expired(now time.Time) bool { return !s.until.IsZero() && now.After(s.until) }

// ErrMalformed is the error of a signature that can not be read.
var ErrMalformed = errors.New("malformed signature")

const algorithm = "AWS4-HMAC-SHA256"

// Parse finds the signature of a request; nil where it has none.
func Parse(r *http.Request) (*Signature, error) {
	auth := r.Header.Get("Authorization")
	query := r.URL.Query()
	switch {
	case auth != "":
		return parseHeader(r, auth)
	case query.Has("X-Amz-Signature"):
		s := &Signature{
			Algorithm: query.Get("X-Amz-Algorithm"), Date: query.Get("X-Amz-Date"), Token: query.Get("X-Amz-Security-Token"),
			Headers: strings.Split(query.Get("X-Amz-SignedHeaders"), ";"), Value: query.Get("X-Amz-Signature"), Presigned: true,
		}
		if text := query.Get("X-Amz-Expires"); text != "" { // other services than S3 have none
			seconds, err := strconv.Atoi(text)
			if err != nil || seconds < 1 || seconds > 7*24*3600 {
				return nil, fmt.Errorf("%w: X-Amz-Expires must be between 1 and 604800 seconds", ErrMalformed)
			}
			signed, err := time.Parse("20060102T150405Z", s.Date)
			if err != nil {
				return nil, fmt.Errorf("%w: X-Amz-Date %q", ErrMalformed, s.Date)
			}
			s.until = signed.Add(time.Duration(seconds) * time.Second)
		}
		return s, s.credential(query.Get("X-Amz-Credential"))
	case query.Has("AWSAccessKeyId") && query.Has("Signature"):
		return parseV2Query(r), nil
	}
	return nil, nil
}

func parseHeader(r *http.Request, auth string) (*Signature, error) {
	name, rest, _ := strings.Cut(auth, " ")
	s := &Signature{Algorithm: name, Token: r.Header.Get("X-Amz-Security-Token"), Date: r.Header.Get("X-Amz-Date")}
	if name == version2 {
		s.AccessKey, s.Value, _ = strings.Cut(rest, ":")
		return s, nil
	}
	if s.Date == "" {
		if t, err := http.ParseTime(r.Header.Get("Date")); err == nil {
			s.Date = t.UTC().Format("20060102T150405Z")
		}
	}
	var credential string
	for _, part := range strings.Split(rest, ",") {
		key, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		switch key {
		case "Credential":
			credential = value
		case "SignedHeaders":
			s.Headers = strings.Split(value, ";")
		case "Signature":
			s.Value = value
		}
	}
	return s, s.credential(credential)
}

func (s *Signature) credential(text string) error {
	key, scope, ok := strings.Cut(text, "/")
	if !ok || key == "" {
		return fmt.Errorf("%w: Credential must be KEY/DATE/REGION/SERVICE/aws4_request", ErrMalformed)
	}
	s.AccessKey, s.Scope = key, scope
	return nil
}

// Verify says whether the request was signed with that secret. A request with
// another algorithm (SigV4A) can not be verified: it is refused.
func (s *Signature) Verify(r *http.Request, secret string) (bool, error) {
	if s.Algorithm == version2 {
		return s.verifyV2(r, secret), nil
	}
	if s.Algorithm != algorithm {
		return false, fmt.Errorf("%w: algorithm %s", ErrMalformed, s.Algorithm)
	}
	parts := strings.Split(s.Scope, "/")
	if len(parts) != 4 || parts[3] != "aws4_request" || !strings.HasPrefix(s.Date, parts[0]) || !slices.Contains(s.Headers, "host") {
		return false, fmt.Errorf("%w: scope %s of %s", ErrMalformed, s.Scope, s.Date)
	}
	hash, err := s.payloadHash(r)
	if err != nil {
		return false, err
	}
	want, err := hex.DecodeString(s.Value)
	if err != nil {
		return false, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	key := []byte("AWS4" + secret)
	for _, part := range parts {
		key = mac(key, part)
	}
	for _, canonical := range s.canonicalRequests(r, parts[2], hash) {
		sum := sha256.Sum256([]byte(canonical))
		text := algorithm + "\n" + s.Date + "\n" + s.Scope + "\n" + hex.EncodeToString(sum[:])
		if hmac.Equal(mac(key, text), want) {
			return true, nil
		}
	}
	return false, nil
}

func mac(key []byte, text string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(text)) // never fails, says hash.Hash
	return h.Sum(nil)
}

func (s *Signature) payloadHash(r *http.Request) (string, error) {
	if hash := r.Header.Get("X-Amz-Content-Sha256"); hash != "" && (!s.Presigned || slices.Contains(s.Headers, "x-amz-content-sha256")) {
		return hash, nil
	}
	if hash := r.URL.Query().Get("X-Amz-Content-Sha256"); hash != "" {
		return hash, nil
	}
	if s.Presigned && strings.Contains(s.Scope, "/s3/") {
		return "UNSIGNED-PAYLOAD", nil
	}
	h := sha256.New()
	if r.GetBody != nil {
		body, err := r.GetBody()
		if err != nil {
			return "", err
		}
		if _, err := io.Copy(h, body); err != nil {
			return "", fmt.Errorf("hash the body: %w", err)
		}
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// canonicalRequests is the text that was signed. S3 signs the path as it is;
// the others escape it once more, and some clients clean it first.
func (s *Signature) canonicalRequests(r *http.Request, service, hash string) []string {
	var headers strings.Builder
	for _, name := range s.Headers {
		headers.WriteString(name + ":" + headerValue(r, name) + "\n")
	}
	tail := "\n" + canonicalQuery(r.URL, s.Presigned) + "\n" + headers.String() + "\n" + strings.Join(s.Headers, ";") + "\n" + hash
	path := cmp.Or(r.URL.EscapedPath(), "/")
	if r.RequestURI != "" {
		if raw, _, _ := strings.Cut(r.RequestURI, "?"); strings.HasPrefix(raw, "/") {
			path = raw // as it came over the wire
		}
	}
	if strings.HasPrefix(service, "s3") {
		return []string{r.Method + "\n" + path + tail, r.Method + "\n" + escape(r.URL.Path, false) + tail}
	}
	return []string{r.Method + "\n" + escape(path, false) + tail, r.Method + "\n" + path + tail}
}

func headerValue(r *http.Request, name string) string {
	switch name {
	case "host":
		return r.Host
	case "content-length":
		if r.Header.Get("Content-Length") == "" {
			return strconv.FormatInt(r.ContentLength, 10)
		}
	case "transfer-encoding":
		if len(r.TransferEncoding) > 0 {
			return strings.Join(r.TransferEncoding, ",")
		}
	}
	var values []string
	for _, value := range r.Header.Values(name) {
		values = append(values, strings.Join(strings.Fields(value), " "))
	}
	return strings.Join(values, ",")
}

func canonicalQuery(u *url.URL, presigned bool) string {
	type pair struct{ key, value string }
	var pairs []pair
	for key, values := range u.Query() {
		if presigned && key == "X-Amz-Signature" {
			continue
		}
		for _, value := range values {
			pairs = append(pairs, pair{escape(key, true), escape(value, true)})
		}
	}
	slices.SortFunc(pairs, func(a, b pair) int {
		return cmp.Or(cmp.Compare(a.key, b.key), cmp.Compare(a.value, b.value))
	})
	out := make([]string, len(pairs))
	for i, p := range pairs {
		out[i] = p.key + "=" + p.value
	}
	return strings.Join(out, "&")
}

// escape is AWS's URI encoding: everything but unreserved characters.
func escape(text string, slash bool) string {
	const hexDigits = "0123456789ABCDEF"
	var out strings.Builder
	for i := range len(text) {
		c := text[i]
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', strings.IndexByte("-_.~", c) >= 0, c == '/' && !slash:
			out.WriteByte(c)
		default:
			out.WriteString("%" + string(hexDigits[c>>4]) + string(hexDigits[c&15]))
		}
	}
	return out.String()
}
