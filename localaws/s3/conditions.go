package s3

import (
	"fmt"
	"net/http"
	"strings"
	"time"
)

// matchesAny tells whether an If-Match or If-None-Match header names an ETag.
func matchesAny(header, etag string) bool {
	for candidate := range strings.SplitSeq(header, ",") {
		candidate = strings.TrimPrefix(strings.TrimSpace(candidate), "W/")
		if candidate == "*" || unquote(candidate) == etag {
			return true
		}
	}
	return false
}

// readConditions judges the conditional headers of a GET or HEAD, or, with
// prefix "x-amz-copy-source-", those of a copy. In S3 as in RFC 9110 a true
// If-Match outranks If-Unmodified-Since, and a true If-None-Match outranks
// If-Modified-Since:
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html
func (c *call) readConditions(prefix string, v *version) error {
	modified := v.modified.Truncate(time.Second)
	if want := c.header(prefix + "If-Match"); want != "" {
		if !matchesAny(want, v.etag) {
			return preconditionFailed(prefix + "If-Match")
		}
	} else if since, ok := c.date(prefix + "If-Unmodified-Since"); ok && modified.After(since) {
		return preconditionFailed(prefix + "If-Unmodified-Since")
	}
	unchanged, condition := false, ""
	if not := c.header(prefix + "If-None-Match"); not != "" {
		unchanged, condition = matchesAny(not, v.etag), prefix+"If-None-Match"
	} else if since, ok := c.date(prefix + "If-Modified-Since"); ok {
		unchanged, condition = !modified.After(since), prefix+"If-Modified-Since"
	}
	if !unchanged {
		return nil
	}
	if prefix != "" {
		return preconditionFailed(condition)
	}
	return fail(http.StatusNotModified, "NotModified", "Not Modified").
		with("ETag", quote(v.etag)).with("Last-Modified", httpDate(v.modified))
}

// date reads a header that holds a date; one that is none is ignored.
func (c *call) date(name string) (time.Time, bool) {
	raw := c.header(name)
	if raw == "" {
		return time.Time{}, false
	}
	t, err := http.ParseTime(raw)
	return t, err == nil
}

// writeConditions are the headers that make a write depend on what is there:
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
type writeConditions struct {
	match     string // If-Match: an ETag without quotes, or "*"
	noneMatch bool   // If-None-Match: *
}

func (c *call) writeConditions() (writeConditions, error) {
	const refused = "We don't accept the provided value of %s header for this API"
	match, none := c.header("If-Match"), c.header("If-None-Match")
	switch {
	case match != "" && none != "":
		return writeConditions{}, headerNotImplemented("If-Match,If-None-Match", "additionalMessage", "Multiple conditional request headers present in the request")
	case none != "" && none != "*":
		return writeConditions{}, headerNotImplemented("If-None-Match", "additionalMessage", fmt.Sprintf(refused, "If-None-Match"))
	case match == "*" && c.r.Method != http.MethodDelete:
		return writeConditions{}, headerNotImplemented("If-Match", "additionalMessage", fmt.Sprintf(refused, "If-Match"))
	}
	return writeConditions{match: unquote(match), noneMatch: none != ""}, nil
}

// check judges the conditions against the current version, which may be nil or
// a delete marker: both mean that there is no object. The bucket is locked.
func (w writeConditions) check(key string, now *version) error {
	exists := now != nil && !now.deleteMarker
	switch {
	case w.noneMatch && exists:
		return preconditionFailed("If-None-Match")
	case w.match != "" && !exists:
		return noSuchKey(key)
	case w.match != "" && w.match != "*" && w.match != now.etag:
		return preconditionFailed("If-Match")
	}
	return nil
}
