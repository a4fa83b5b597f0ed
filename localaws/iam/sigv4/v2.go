package sigv4

import (
	"crypto/hmac"
	"crypto/sha1" //nolint:gosec // the digest of Signature Version 2
	"encoding/base64"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Signature Version 2 lives on in S3's presigned URLs: boto3 makes them unless
// it is told otherwise (Amazon S3 Developer Guide, "Signing and authenticating
// REST requests").

const version2 = "AWS"

// subresources take part in the canonical resource.
var subresources = []string{
	"accelerate", "acl", "analytics", "cors", "delete", "inventory", "lifecycle", "location", "logging", "metrics",
	"notification", "object-lock", "partNumber", "policy", "publicAccessBlock", "replication", "requestPayment",
	"response-cache-control", "response-content-disposition", "response-content-encoding", "response-content-language",
	"response-content-type", "response-expires", "restore", "select", "tagging", "torrent", "uploadId", "uploads",
	"versionId", "versioning", "versions", "website",
}

// parseV2Query reads AWSAccessKeyId, Signature and Expires of a presigned URL.
func parseV2Query(r *http.Request) *Signature {
	query := r.URL.Query()
	s := &Signature{
		Algorithm: version2, AccessKey: query.Get("AWSAccessKeyId"), Value: query.Get("Signature"), Token: query.Get("x-amz-security-token"),
		Presigned: true, Date: query.Get("Expires"),
	}
	if seconds, err := strconv.ParseInt(s.Date, 10, 64); err == nil {
		s.until = time.Unix(seconds, 0)
	}
	return s
}

func (s *Signature) verifyV2(r *http.Request, secret string) bool {
	date := r.Header.Get("Date")
	switch {
	case s.Presigned:
		date = s.Date
	case r.Header.Get("X-Amz-Date") != "":
		date = ""
	}
	query := r.URL.Query()
	var parts []string
	for _, name := range subresources {
		if !query.Has(name) {
			continue
		}
		if value := query.Get(name); value != "" {
			name += "=" + value
		}
		parts = append(parts, name)
	}
	resource := r.URL.EscapedPath()
	if raw, _, _ := strings.Cut(r.RequestURI, "?"); strings.HasPrefix(raw, "/") {
		resource = raw
	}
	if len(parts) > 0 {
		resource += "?" + strings.Join(parts, "&")
	}
	text := r.Method + "\n" + r.Header.Get("Content-Md5") + "\n" + r.Header.Get("Content-Type") + "\n" + date + "\n" + amzHeaders(r, s.Presigned) + resource
	h := hmac.New(sha1.New, []byte(secret))
	h.Write([]byte(text)) // never fails, says hash.Hash
	return hmac.Equal([]byte(base64.StdEncoding.EncodeToString(h.Sum(nil))), []byte(s.Value))
}

// amzHeaders are the x-amz-* headers in order; in a presigned URL the token
// stands in the query.
func amzHeaders(r *http.Request, presigned bool) string {
	var lines []string
	for name, values := range r.Header {
		if lower := strings.ToLower(name); strings.HasPrefix(lower, "x-amz-") {
			lines = append(lines, lower+":"+strings.Join(values, ",")+"\n")
		}
	}
	if token := r.URL.Query().Get("x-amz-security-token"); presigned && token != "" {
		lines = append(lines, "x-amz-security-token:"+token+"\n")
	}
	slices.Sort(lines)
	return strings.Join(lines, "")
}
