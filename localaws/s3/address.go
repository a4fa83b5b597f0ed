package s3

import (
	"net"
	"net/http"
	"strings"
)

// address finds the bucket and the key of a request, in either style:
//
//	path-style            http://127.0.0.1:4566/bucket/key
//	virtual-hosted-style  http://bucket.localhost:4566/key
//	                      https://bucket.s3.us-east-1.amazonaws.com/key
//
// A key may begin with a slash or hold empty segments: it is everything after
// the one slash that ends the bucket or the host.
func address(r *http.Request) (bucket, key string) {
	path := strings.TrimPrefix(r.URL.Path, "/")
	if bucket := bucketOfHost(r.Host); bucket != "" {
		return bucket, path
	}
	bucket, key, _ = strings.Cut(path, "/")
	return bucket, key
}

// bucketOfHost is the bucket that a Host header names, or "".
func bucketOfHost(host string) string {
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	host = strings.ToLower(host)
	if net.ParseIP(strings.Trim(host, "[]")) != nil {
		return ""
	}
	if strings.HasPrefix(host, "s3.") || strings.HasPrefix(host, "s3-") {
		return ""
	}
	for _, mark := range []string{".s3.", ".s3-"} {
		if i := strings.LastIndex(host, mark); i > 0 {
			return host[:i]
		}
	}
	bucket, isLocal := strings.CutSuffix(host, ".localhost")
	if isLocal && bucket != "s3" {
		return bucket
	}
	return ""
}
