package s3

import (
	"net/http"
	"strconv"
	"strings"
)

// getObject serves GET and HEAD of an object.
func (c *call) getObject() error {
	v, err := c.addressed("s3:GetObject")
	if err != nil {
		return err
	}
	if err := c.readConditions("", v); err != nil {
		return err
	}
	if c.r.Method == http.MethodGet && v.archived() {
		return fail(http.StatusForbidden, "InvalidObjectState", "The operation is not valid for the object's storage class", "StorageClass", v.storageClass)
	}
	ranged, err := c.partRange(v)
	if err != nil {
		return err
	}
	if ranged == "" {
		ranged = normalRange(c.header("Range"), v.size())
	}
	return c.fake(&fakeCall{version: v, ranged: ranged, amend: func(h http.Header) { c.describe(h, v, ranged != "") }})
}

// partRange turns partNumber into the range of that part, and says how many
// there are.
func (c *call) partRange(v *version) (string, error) {
	raw := c.query.Get("partNumber")
	if raw == "" {
		return "", nil
	}
	if c.header("Range") != "" {
		return "", invalidRequest("Cannot specify both Range header and partNumber query parameter")
	}
	n, err := strconv.Atoi(raw)
	if err != nil || n < 1 || n > maxParts {
		return "", invalidArgument("Part number must be an integer between 1 and 10000, inclusive", "partNumber", raw)
	}
	if n > max(len(v.parts), 1) {
		return "", fail(http.StatusRequestedRangeNotSatisfiable, "InvalidPartNumber",
			"The requested partnumber is not satisfiable", "ActualPartCount", strconv.Itoa(max(len(v.parts), 1)), "PartNumberRequested", raw)
	}
	if len(v.parts) > 0 {
		c.w.Header().Set("x-amz-mp-parts-count", strconv.Itoa(len(v.parts)))
	}
	if v.size() == 0 {
		return "", nil
	}
	var start, length int64 = 0, v.size()
	for i, p := range v.parts[:min(n, len(v.parts))] {
		if i+1 < n {
			start += p.size
		} else {
			length = p.size
		}
	}
	return "bytes=" + strconv.FormatInt(start, 10) + "-" + strconv.FormatInt(start+length-1, 10), nil
}

// normalRange is the Range header as S3 takes it: one that it does not
// understand, or that asks for several ranges, counts as none, and a suffix
// longer than the object is the whole object.
func normalRange(header string, size int64) string {
	spec, ok := strings.CutPrefix(strings.ReplaceAll(header, " ", ""), "bytes=")
	if !ok {
		return ""
	}
	first, last, ok := strings.Cut(spec, "-")
	if !ok {
		return ""
	}
	start, startErr := strconv.ParseInt(first, 10, 64)
	end, endErr := strconv.ParseInt(last, 10, 64)
	switch {
	case first == "" && endErr == nil && end >= 0:
		if end > size && size > 0 {
			return "bytes=0-"
		}
		return "bytes=-" + last
	case startErr != nil || start < 0:
		return ""
	case last == "":
		return "bytes=" + first + "-"
	case endErr != nil || end < start:
		return ""
	}
	return "bytes=" + first + "-" + last
}

// describe puts all that is known of an object into the headers of an answer.
func (c *call) describe(h http.Header, v *version, ranged bool) {
	for name, values := range v.headers {
		h[name] = values
	}
	h.Set("ETag", quote(v.etag))
	h.Set("Last-Modified", httpDate(v.modified))
	h.Set("Accept-Ranges", "bytes")
	if v.storageClass != standard {
		h.Set("x-amz-storage-class", v.storageClass)
	}
	v.encryption.show(h)
	c.showVersion(v)
	if n := len(v.tags); n > 0 {
		h.Set("x-amz-tagging-count", strconv.Itoa(n))
	}
	if expiry := c.expiryOf(v); expiry != "" {
		h.Set("x-amz-expiration", expiry)
	}
	// A checksum of the whole says nothing about a range, unless it is asked for.
	if strings.EqualFold(c.header("x-amz-checksum-mode"), "ENABLED") && v.checksum.algorithm != "" && !ranged {
		h.Set(v.checksum.algorithm.header(), v.checksum.value)
		h.Set("x-amz-checksum-type", v.checksum.kind)
	}
	if c.r.Method == http.MethodGet || c.r.Method == http.MethodHead {
		for name, override := range map[string]string{
			"response-content-type": "Content-Type", "response-content-language": "Content-Language",
			"response-expires": "Expires", "response-cache-control": "Cache-Control",
			"response-content-disposition": "Content-Disposition", "response-content-encoding": "Content-Encoding",
		} {
			if value := c.query.Get(name); value != "" {
				h.Set(override, value)
			}
		}
	}
}
