package s3

import (
	"crypto/md5"
	"encoding/hex"
	"encoding/xml"
	"hash"
	"io"
	"maps"
	"net/http"
	"net/url"
	"strings"
)

// source is what x-amz-copy-source names.
type source struct {
	bucket  *bucket
	version *version
	id      string // the version id that was asked for
}

// copySource finds the object to copy from and checks that the caller may read
// it. The header is "bucket/key" or "/bucket/key", percent-encoded, and may end
// in "?versionId=…".
func (c *call) copySource() (source, error) {
	raw := c.header("x-amz-copy-source")
	if strings.HasPrefix(raw, "arn:") {
		return source{}, notImplemented("access points as x-amz-copy-source")
	}
	raw, query, _ := strings.Cut(raw, "?")
	invalid := invalidArgument("Invalid copy source object key", "x-amz-copy-source", "x-amz-copy-source")
	path, err := url.PathUnescape(raw)
	if err != nil {
		return source{}, invalid
	}
	name, key, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	if name == "" || key == "" {
		return source{}, invalid
	}
	var id string
	if query != "" {
		values, err := url.ParseQuery(query)
		if err != nil {
			return source{}, invalid
		}
		id = values.Get("versionId")
	}
	if err := c.checkOwner("x-amz-source-expected-bucket-owner"); err != nil {
		return source{}, err
	}
	b := c.s.bucket(name)
	if b == nil {
		return source{}, noSuchBucket(name)
	}
	// The source is addressed as a GET of it would be.
	there := *c
	there.name, there.key, there.bucket, there.query = name, key, b, url.Values{}
	if id != "" {
		there.query.Set("versionId", id)
	}
	v, err := there.addressed("s3:GetObject")
	if err != nil {
		if v := asError(err); v.Code == "MethodNotAllowed" {
			return source{}, invalidRequest("The source of a copy request may not specifically refer to a delete marker by version id.")
		}
		return source{}, err
	}
	if err := c.readConditions("x-amz-copy-source-", v); err != nil {
		return source{}, err
	}
	if v.archived() {
		return source{}, fail(http.StatusForbidden, "ObjectNotInActiveTierError", "The source object of the COPY operation is not in the active tier and is only stored in Amazon S3 Glacier.")
	}
	return source{bucket: b, version: v, id: id}, nil
}

func (c *call) directive(name string) (replace bool, err error) {
	switch value := c.header(name); value {
	case "", "COPY":
		return false, nil
	case "REPLACE":
		return true, nil
	default:
		return false, invalidArgument("Unknown metadata directive.", name, value)
	}
}

// copyObject makes an object from another: the content is shared, not copied.
func (c *call) copyObject() error {
	from, err := c.copySource()
	if err != nil {
		return err
	}
	replaceMetadata, err := c.directive("x-amz-metadata-directive")
	if err != nil {
		return err
	}
	replaceTags, err := c.directive("x-amz-tagging-directive")
	if err != nil {
		return err
	}
	v, conditions, err := c.newVersion()
	if err != nil {
		return err
	}
	was := from.version
	if was.size() > maxPut {
		return invalidRequest("The specified copy source is larger than the maximum allowable size for a copy source: 5368709120")
	}
	if c.isIdle(from, replaceMetadata) {
		return invalidRequest("This copy request is illegal because it is trying to copy an object to itself without changing the object's metadata, storage class, website redirect location or encryption attributes.")
	}
	if !replaceMetadata {
		redirect := v.headers.Get("X-Amz-Website-Redirect-Location")
		v.headers = maps.Clone(was.headers)
		v.headers.Del("X-Amz-Website-Redirect-Location") // never copied
		if redirect != "" {
			v.headers.Set("X-Amz-Website-Redirect-Location", redirect)
		}
	}
	if !replaceTags {
		if v.tags, err = c.copyTags(from); err != nil {
			return err
		}
	}
	v.content = was.content
	if err := c.resum(v, was); err != nil {
		return err
	}
	if err := c.commit(v, conditions, "CopyObject"); err != nil {
		return err
	}
	h := c.w.Header()
	c.confirm(h, v)
	h.Del("ETag") // it is in the document
	if from.id != "" || was.id != nullVersion {
		h.Set("x-amz-copy-source-version-id", was.id)
	}
	out := copyResult{XMLName: xml.Name{Local: "CopyObjectResult"}, Xmlns: xmlns, LastModified: timestamp(v.modified), ETag: quote(v.etag)}
	out.set(v.checksum)
	return c.reply(out)
}

// copyResult is the answer of CopyObject and UploadPartCopy.
type copyResult struct {
	XMLName      xml.Name
	Xmlns        string `xml:"xmlns,attr"`
	LastModified timestamp
	ETag         string
	ChecksumType string `xml:",omitempty"`
	Checksum     sumElement
}

func (r *copyResult) set(sum checksum) {
	r.ChecksumType, r.Checksum = sum.kind, sumElement(sum)
}

// sumElement is a checksum as an XML element whose name tells the algorithm.
type sumElement checksum

// MarshalXML writes <ChecksumCRC32>…</ChecksumCRC32>, or nothing.
func (s sumElement) MarshalXML(e *xml.Encoder, _ xml.StartElement) error {
	if s.algorithm == "" {
		return nil
	}
	return e.EncodeElement(s.value, xml.StartElement{Name: xml.Name{Local: "Checksum" + string(s.algorithm)}})
}

// isIdle tells whether a copy of an object onto itself would change nothing.
func (c *call) isIdle(from source, replaceMetadata bool) bool {
	if from.bucket != c.bucket || from.version.key != c.key || from.id != "" || replaceMetadata {
		return false
	}
	for _, name := range []string{
		"x-amz-storage-class", "x-amz-website-redirect-location", "x-amz-server-side-encryption",
		"x-amz-server-side-encryption-aws-kms-key-id", "x-amz-server-side-encryption-bucket-key-enabled", "x-amz-checksum-algorithm",
	} {
		if c.header(name) != "" {
			return false
		}
	}
	return true
}

// copyTags are the tags of the source, if the caller may read them there and
// set them here.
func (c *call) copyTags(from source) (tags, error) {
	set := from.version.tags
	if len(set) == 0 {
		return nil, nil
	}
	action := "s3:GetObjectTagging"
	if from.id != "" {
		action = versioned(action)
	}
	if err := c.authorizeOn(action, from.bucket, c.s.env.S3ARN(from.bucket.name+"/"+from.version.key), nil); err != nil {
		return nil, err
	}
	return set, c.authorizeOn("s3:PutObjectTagging", c.bucket, c.s.env.S3ARN(c.name+"/"+c.key), nil)
}

// resum gives a copy its ETag and checksum. Those of the source hold, unless it
// was uploaded in parts: a copy is one piece, whose digests are of the whole.
func (c *call) resum(v, was *version) error {
	v.checksum = was.checksum
	want := was.checksum.algorithm
	if name := c.header("x-amz-checksum-algorithm"); name != "" {
		a, err := parseAlgorithm(name)
		if err != nil {
			return err
		}
		want = a
	}
	if want == "" {
		want = crc64NVME
	}
	digest := was.etag
	var sums []io.Writer
	var newMD5, newSum hash.Hash
	if len(was.parts) > 0 || was.encryption.algorithm != aes256 {
		newMD5 = md5.New()
		sums = append(sums, newMD5)
	}
	if want != was.checksum.algorithm || was.checksum.kind != fullObject {
		newSum = want.hash()
		sums = append(sums, newSum)
	}
	if len(sums) > 0 {
		r := v.content.open(0, v.size())
		_, err := io.Copy(io.MultiWriter(sums...), r)
		if closeErr := r.Close(); err == nil {
			err = closeErr
		}
		if err != nil {
			return err
		}
	}
	if newMD5 != nil {
		digest = hex.EncodeToString(newMD5.Sum(nil))
	}
	if newSum != nil {
		v.checksum = checksum{algorithm: want, value: encodeSum(newSum.Sum(nil)), kind: fullObject}
	}
	v.etag = c.etag(digest, v.encryption)
	return nil
}
