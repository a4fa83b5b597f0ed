package s3

import (
	"net/http"
	"strconv"
	"strings"
)

// maxKey is the longest key in bytes.
const maxKey = 1024

// putObject serves PUT of an object, which is a copy when a header says so.
func (c *call) putObject() error {
	if c.header("x-amz-copy-source") != "" {
		c.op = "CopyObject"
		return c.copyObject()
	}
	v, conditions, err := c.newVersion()
	if err != nil {
		return err
	}
	p, err := c.payload()
	if err != nil {
		return err
	}
	p.alsoSum(crc64NVME)
	return c.fake(&fakeCall{
		body: p,
		store: func(content blob, md5 string) error {
			v.content, v.checksum = content, p.checksum()
			v.etag = c.etag(md5, v.encryption)
			return c.commit(v, conditions, "PutObject")
		},
		amend: func(h http.Header) { c.confirm(h, v) },
	})
}

// newVersion reads from the headers of a request all that a new object has
// beside its content, after the checks that every way of making one shares.
func (c *call) newVersion() (*version, writeConditions, error) {
	var none writeConditions
	if len(c.key) > maxKey {
		return nil, none, fail(http.StatusBadRequest, "KeyTooLongError", "Your key is too long",
			"Size", strconv.Itoa(len(c.key)), "MaxSizeAllowed", strconv.Itoa(maxKey))
	}
	v := &version{key: c.key}
	var err error
	if v.tags, err = c.headerTags(); err != nil {
		return nil, none, err
	}
	if err := c.authorizeNew(v.tags); err != nil {
		return nil, none, err
	}
	if err := c.refuseUnsupported(); err != nil {
		return nil, none, err
	}
	var ownership string
	var block *publicAccessBlock
	c.read(func(on *config) { ownership, block = on.ownership, on.block })
	if err := c.refuseACL(ownership, block); err != nil {
		return nil, none, err
	}
	if v.storageClass, err = c.storageClass(); err != nil {
		return nil, none, err
	}
	if v.encryption, err = c.requestedEncryption(); err != nil {
		return nil, none, err
	}
	if v.headers, err = c.metadata(); err != nil {
		return nil, none, err
	}
	conditions, err := c.writeConditions()
	if err != nil {
		return nil, none, err
	}
	return v, conditions, c.authorizeMatch(conditions, c.key)
}

// authorizeMatch checks that a caller who compares an ETag may read it.
func (c *call) authorizeMatch(conditions writeConditions, key string) error {
	if conditions.match == "" || conditions.match == "*" {
		return nil
	}
	return c.authorizeOn("s3:GetObject", c.bucket, c.s.env.S3ARN(c.name+"/"+key), nil)
}

// authorizeNew checks that the caller may put the object, and its tags.
func (c *call) authorizeNew(set tags) error {
	more := map[string][]string{}
	for _, t := range set {
		more["s3:RequestObjectTag/"+t.Key] = []string{t.Value}
		more["s3:RequestObjectTagKeys"] = append(more["s3:RequestObjectTagKeys"], t.Key)
	}
	arn := c.s.env.S3ARN(c.name + "/" + c.key)
	if err := c.authorizeOn("s3:PutObject", c.bucket, arn, more); err != nil {
		return err
	}
	if len(set) == 0 {
		return nil
	}
	return c.authorizeOn("s3:PutObjectTagging", c.bucket, arn, more)
}

// refuseUnsupported names the headers that would need what is not here.
func (c *call) refuseUnsupported() error {
	for name := range c.r.Header {
		lower := strings.ToLower(name)
		if strings.HasPrefix(lower, "x-amz-object-lock-") {
			return noLockOnBucket(c)
		}
		if lower == "x-amz-write-offset-bytes" {
			return notImplemented("header x-amz-write-offset-bytes of s3:" + c.op)
		}
	}
	return nil
}

// standard is the storage class of which answers do not speak.
const standard = "STANDARD"

func (c *call) storageClass() (string, error) {
	class := c.header("x-amz-storage-class")
	if class == "" {
		return standard, nil
	}
	if !knownClass(class) {
		return "", fail(http.StatusBadRequest, "InvalidStorageClass", "The storage class you specified is not valid",
			"StorageClassRequested", class)
	}
	return class, nil
}

func knownClass(class string) bool {
	switch class {
	case standard, "REDUCED_REDUNDANCY", "STANDARD_IA", "ONEZONE_IA", "INTELLIGENT_TIERING", "GLACIER", "DEEP_ARCHIVE", "GLACIER_IR":
		return true
	}
	return false
}

// maxMetadata bounds the names and values of x-amz-meta-* headers, in bytes.
const maxMetadata = 2048

// metadata collects the headers that are kept with an object.
func (c *call) metadata() (http.Header, error) {
	kept := http.Header{}
	size := 0
	for name, values := range c.r.Header {
		switch {
		case strings.HasPrefix(name, "X-Amz-Meta-"):
			value := strings.Join(values, ",")
			size += len(name) - len("X-Amz-Meta-") + len(value)
			kept.Set(name, value)
		case name == "Content-Type", name == "Content-Disposition", name == "Content-Language", name == "Cache-Control",
			name == "Expires", name == "X-Amz-Website-Redirect-Location":
			kept.Set(name, values[0])
		case name == "Content-Encoding":
			if encoding := withoutChunked(values); encoding != "" {
				kept.Set(name, encoding)
			}
		}
	}
	if size > maxMetadata {
		return nil, fail(http.StatusBadRequest, "MetadataTooLarge", "Your metadata headers exceed the maximum allowed metadata size",
			"Size", strconv.Itoa(size), "MaxSizeAllowed", strconv.Itoa(maxMetadata))
	}
	if kept.Get("Content-Type") == "" {
		kept.Set("Content-Type", "binary/octet-stream")
	}
	return kept, nil
}

// withoutChunked is Content-Encoding without aws-chunked, which belongs to the
// transfer and not to the object.
func withoutChunked(values []string) string {
	var kept []string
	for encoding := range strings.SplitSeq(strings.Join(values, ","), ",") {
		if encoding = strings.TrimSpace(encoding); encoding != "" && encoding != "aws-chunked" {
			kept = append(kept, encoding)
		}
	}
	return strings.Join(kept, ",")
}

// etag is the ETag of content with an MD5. That of an object under a KMS key is
// not its MD5: https://docs.aws.amazon.com/AmazonS3/latest/API/API_Object.html
func (c *call) etag(md5 string, e encryption) string {
	if e.algorithm == aes256 {
		return md5
	}
	return c.s.env.IDs.Hex(32)
}

// commit makes v the current version of its key, if the conditions hold, and
// tells EventBridge.
func (c *call) commit(v *version, conditions writeConditions, reason string) error {
	notice, err := c.insert(v, conditions)
	if err != nil {
		return err
	}
	notice.send(reason, "")
	return nil
}

func (c *call) insert(v *version, conditions writeConditions) (*notice, error) {
	b := c.bucket
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.gone {
		return nil, noSuchBucket(c.name)
	}
	if err := conditions.check(v.key, b.current(v.key)); err != nil {
		return nil, err
	}
	v.id, v.modified = c.newVersionID(), c.now()
	b.add(v)
	return c.notice(objectCreated, v), nil
}

// newVersionID is the id of the next version in the bucket. The bucket is locked.
func (c *call) newVersionID() string {
	if c.bucket.config.versioning != "Enabled" {
		return nullVersion
	}
	return newVersionID(c.s.env.IDs)
}

// confirm puts what was stored into the headers of the answer to a write.
func (c *call) confirm(h http.Header, v *version) {
	h.Set("ETag", quote(v.etag))
	v.encryption.show(h)
	c.bucket.mu.RLock()
	if c.bucket.config.versioning == "Enabled" {
		h.Set("x-amz-version-id", v.id)
	}
	c.bucket.mu.RUnlock()
	if v.checksum.algorithm != "" {
		h.Set(v.checksum.algorithm.header(), v.checksum.value)
		h.Set("x-amz-checksum-type", v.checksum.kind)
	}
	if expiry := c.expiryOf(v); expiry != "" {
		h.Set("x-amz-expiration", expiry)
	}
	if v.storageClass != standard {
		h.Set("x-amz-storage-class", v.storageClass)
	}
}
