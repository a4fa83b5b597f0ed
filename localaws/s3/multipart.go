package s3

import (
	"encoding/xml"
	"fmt"
	"strings"
	"time"
)

const (
	maxParts = 10000
	minPart  = 5 << 20 // bytes of every part but the last
)

// upload is a multipart upload in progress: the version to be, and the parts
// that have arrived. Its bucket's mu guards it.
type upload struct {
	id        string
	initiated time.Time
	initiator string
	version   *version // without content
	algorithm algorithm
	kind      string // of the checksum
	chosen    bool   // the client named the algorithm
	existed   bool   // the object did when the upload began
	parts     map[int]part
}

func (c *call) createUpload() error {
	v, _, err := c.newVersion()
	if err != nil {
		return err
	}
	u := &upload{id: c.s.env.IDs.Hex(64), initiated: c.now(), initiator: c.caller.ARN, version: v, parts: map[int]part{}}
	if err := u.chooseChecksum(c.header("x-amz-checksum-algorithm"), c.header("x-amz-checksum-type")); err != nil {
		return err
	}
	b := c.bucket
	b.mu.Lock()
	gone := b.gone
	now := b.current(c.key)
	u.existed = now != nil && !now.deleteMarker
	b.uploads[u.id] = u
	b.mu.Unlock()
	if gone {
		return noSuchBucket(c.name)
	}
	h := c.w.Header()
	v.encryption.show(h)
	if u.chosen {
		h.Set("x-amz-checksum-algorithm", string(u.algorithm))
		h.Set("x-amz-checksum-type", u.kind)
	}
	return c.reply(struct {
		XMLName  xml.Name `xml:"InitiateMultipartUploadResult"`
		Xmlns    string   `xml:"xmlns,attr"`
		Bucket   string
		Key      string
		UploadID string `xml:"UploadId"`
	}{Xmlns: xmlns, Bucket: c.name, Key: c.key, UploadID: u.id})
}

// chooseChecksum settles how the object will be summed:
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity-upload.html#Full-object-and-composite-checksums
func (u *upload) chooseChecksum(name, kind string) error {
	u.algorithm, u.kind = crc64NVME, fullObject
	if name == "" {
		if kind != "" {
			return invalidRequest("The x-amz-checksum-type header can only be used with the x-amz-checksum-algorithm header.")
		}
		return nil
	}
	a, err := parseAlgorithm(name)
	if err != nil {
		return err
	}
	u.algorithm, u.kind, u.chosen = a, a.partsType(), true
	switch kind {
	case "":
	case fullObject:
		if !a.isCRC() {
			return invalidRequest(fmt.Sprintf("The FULL_OBJECT checksum type cannot be used with the %s checksum algorithm.", strings.ToLower(string(a))))
		}
		u.kind = kind
	case composite:
		if a == crc64NVME {
			return invalidRequest("The COMPOSITE checksum type cannot be used with the crc64nvme checksum algorithm.")
		}
		u.kind = kind
	default:
		return invalidRequest("Value for x-amz-checksum-type header is invalid.")
	}
	return nil
}

// upload finds the upload that a request names. The bucket is locked.
func (c *call) upload() (*upload, error) {
	id := c.query.Get("uploadId")
	u := c.bucket.uploads[id]
	if u == nil || u.version.key != c.key {
		return nil, noSuchUpload(id)
	}
	return u, nil
}

func (c *call) peekUpload() (*upload, error) {
	c.bucket.mu.RLock()
	defer c.bucket.mu.RUnlock()
	return c.upload()
}

func (c *call) abortUpload() error {
	c.bucket.mu.Lock()
	defer c.bucket.mu.Unlock()
	u, err := c.upload()
	if err != nil {
		return err
	}
	delete(c.bucket.uploads, u.id)
	return c.noContent()
}
