package s3

import (
	"crypto/md5"
	"encoding/base64"
	"encoding/hex"
	"encoding/xml"
	"fmt"
	"net/http"
	"strconv"
	"strings"
)

type completedPart struct {
	PartNumber        int
	ETag              string
	ChecksumCRC32     string
	ChecksumCRC32C    string
	ChecksumCRC64NVME string
	ChecksumSHA1      string
	ChecksumSHA256    string
	ChecksumSHA512    string
	ChecksumMD5       string
	Unknown           unknown `xml:",any"`
}

func (p completedPart) sums() map[algorithm]string {
	return map[algorithm]string{
		crc32IEEE: p.ChecksumCRC32, crc32C: p.ChecksumCRC32C, crc64NVME: p.ChecksumCRC64NVME,
		sha1Sum: p.ChecksumSHA1, sha256Sum: p.ChecksumSHA256, sha512Sum: p.ChecksumSHA512, md5Sum: p.ChecksumMD5,
	}
}

func (c *call) completeUpload() error {
	if err := c.authorize("s3:PutObject"); err != nil {
		return err
	}
	conditions, err := c.writeConditions()
	if err != nil {
		return err
	}
	if err := c.authorizeMatch(conditions, c.key); err != nil {
		return err
	}
	var in struct {
		XMLName xml.Name        `xml:"CompleteMultipartUpload"`
		Parts   []completedPart `xml:"Part"`
		Unknown unknown         `xml:",any"`
	}
	// Checksum headers of this request are of the object, not of the document.
	whole, err := c.objectChecksum()
	if err != nil {
		return err
	}
	if err := c.document(&in); err != nil {
		return err
	}
	if len(in.Parts) == 0 {
		return invalidRequest("You must specify at least one part")
	}
	v, notice, err := c.assemble(in.Parts, whole, conditions)
	if err != nil {
		return err
	}
	notice.send("CompleteMultipartUpload", "")
	h := c.w.Header()
	c.confirm(h, v)
	h.Del("ETag")
	for name := range h {
		if strings.HasPrefix(name, "X-Amz-Checksum-") {
			h.Del(name)
		}
	}
	return c.reply(struct {
		XMLName      xml.Name `xml:"CompleteMultipartUploadResult"`
		Xmlns        string   `xml:"xmlns,attr"`
		Location     string
		Bucket       string
		Key          string
		ETag         string
		ChecksumType string
		Checksum     sumElement
	}{
		Xmlns: xmlns, Location: "http://" + c.r.Host + c.r.URL.EscapedPath(), Bucket: c.name, Key: c.key,
		ETag: quote(v.etag), ChecksumType: v.checksum.kind, Checksum: sumElement(v.checksum),
	})
}

// objectChecksum takes the checksum of the finished object out of the headers.
func (c *call) objectChecksum() (checksum, error) {
	var found checksum
	for name, values := range c.r.Header {
		rest, ok := strings.CutPrefix(name, "X-Amz-Checksum-")
		if !ok || rest == "Algorithm" || rest == "Type" {
			continue
		}
		a, err := parseAlgorithm(rest)
		if err != nil {
			return checksum{}, err
		}
		found = checksum{algorithm: a, value: values[0]}
	}
	found.kind = c.header("x-amz-checksum-type")
	h := c.r.Header.Clone()
	for name := range h {
		if strings.HasPrefix(name, "X-Amz-Checksum-") || name == "X-Amz-Sdk-Checksum-Algorithm" {
			h.Del(name)
		}
	}
	c.r.Header = h
	return found, nil
}

// assemble makes the object of an upload and ends the upload, if everything that
// the request says of the parts is true.
func (c *call) assemble(list []completedPart, whole checksum, conditions writeConditions) (*version, *notice, error) {
	b := c.bucket
	b.mu.Lock()
	defer b.mu.Unlock()
	u, err := c.upload()
	if err != nil {
		return nil, nil, err
	}
	v := *u.version
	if err := u.join(&v, list); err != nil {
		return nil, nil, err
	}
	v.checksum = u.sum(v.parts)
	made := "null"
	if u.chosen {
		made = u.kind
	}
	if whole.kind != "" && whole.kind != made {
		return nil, nil, invalidRequest("The upload was created using the " + made + " checksum mode. The complete request must use the same checksum mode.")
	}
	if whole.algorithm != "" {
		value, _, _ := strings.Cut(whole.value, "-")
		have, _, _ := strings.Cut(v.checksum.value, "-")
		if whole.algorithm != u.algorithm || value != have {
			return nil, nil, fail(http.StatusBadRequest, "BadDigest",
				fmt.Sprintf("The %s you specified did not match the calculated checksum.", strings.ToLower(string(whole.algorithm))))
		}
	}
	if size := c.header("x-amz-mp-object-size"); size != "" && size != strconv.FormatInt(v.size(), 10) {
		return nil, nil, invalidRequest(fmt.Sprintf("The provided 'x-amz-mp-object-size' header value %s does not match what was computed: %d", size, v.size()))
	}
	digest := md5.New()
	for _, p := range v.parts {
		digest.Write(p.md5)
	}
	v.etag = hex.EncodeToString(digest.Sum(nil)) + "-" + strconv.Itoa(len(v.parts))
	if err := u.conflict(conditions, b.current(c.key)); err != nil {
		return nil, nil, err
	}
	v.id, v.modified = c.newVersionID(), c.now()
	delete(b.uploads, u.id)
	b.add(&v)
	return &v, c.notice(objectCreated, &v), nil
}

// conflict judges the conditions of a completion. An object that was deleted or
// replaced while the upload went on is a conflict, whatever is there now.
func (u *upload) conflict(conditions writeConditions, now *version) error {
	key := u.version.key
	if err := conditions.check(key, now); err != nil {
		return err
	}
	var condition string
	switch {
	case conditions.noneMatch && u.existed:
		condition = "If-None-Match"
	case conditions.match != "" && now.modified.After(u.initiated):
		condition = "If-Match"
	default:
		return nil
	}
	return fail(http.StatusConflict, "ConditionalRequestConflict",
		"The conditional request cannot succeed due to a conflicting operation against this resource.", "Condition", condition, "Key", key)
}

// join checks the list of parts against those that arrived and puts their
// content together.
func (u *upload) join(v *version, list []completedPart) error {
	for i := range list {
		if i > 0 && list[i].PartNumber <= list[i-1].PartNumber {
			return fail(http.StatusBadRequest, "InvalidPartOrder",
				"The list of parts was not in ascending order. Parts must be ordered by part number.", "UploadId", u.id)
		}
	}
	for i, want := range list {
		have, ok := u.parts[want.PartNumber]
		if !ok || unquote(want.ETag) != have.etag() {
			return fail(http.StatusBadRequest, "InvalidPart",
				"One or more of the specified parts could not be found.  The part may not have been uploaded, or the specified entity tag may not match the part's entity tag.",
				"UploadId", u.id, "PartNumber", strconv.Itoa(want.PartNumber), "ETag", unquote(want.ETag))
		}
		for a, value := range want.sums() {
			if value != "" && a != have.checksum.algorithm && u.chosen {
				return fail(http.StatusBadRequest, "BadDigest",
					fmt.Sprintf("The %s you specified for part %d did not match what we received.", strings.ToLower(string(a)), want.PartNumber))
			}
			if value != "" && (a != have.checksum.algorithm || value != have.checksum.value) {
				return fail(http.StatusBadRequest, "InvalidPart",
					"One or more of the specified parts could not be found.  The part may not have been uploaded, or the specified entity tag may not match the part's entity tag.",
					"UploadId", u.id, "PartNumber", strconv.Itoa(want.PartNumber), "ETag", unquote(want.ETag))
			}
		}
		if u.chosen && u.kind == composite && want.sums()[u.algorithm] == "" {
			return invalidRequest(fmt.Sprintf("The upload was created using a %s checksum. The complete request must include the checksum for each part. It was missing for part %d in the request.",
				strings.ToLower(string(u.algorithm)), want.PartNumber))
		}
		if i < len(list)-1 && have.size < minPart {
			return fail(http.StatusBadRequest, "EntityTooSmall", "Your proposed upload is smaller than the minimum allowed size",
				"ProposedSize", strconv.FormatInt(have.size, 10), "MinSizeAllowed", strconv.Itoa(minPart),
				"PartNumber", strconv.Itoa(want.PartNumber), "ETag", have.etag())
		}
		v.content = append(v.content, have.segments...)
		v.parts = append(v.parts, have)
	}
	return nil
}

// sum is the checksum of the object that the parts make.
func (u *upload) sum(parts []part) checksum {
	if u.kind == fullObject {
		var total []byte
		for i, p := range parts {
			raw := rawSum(p.checksum)
			if i == 0 {
				total = raw
			} else {
				total = u.algorithm.combine(total, raw, p.size)
			}
		}
		return checksum{algorithm: u.algorithm, value: encodeSum(total), kind: fullObject}
	}
	h := u.algorithm.hash()
	for _, p := range parts {
		h.Write(rawSum(p.checksum))
	}
	return checksum{algorithm: u.algorithm, value: encodeSum(h.Sum(nil)) + "-" + strconv.Itoa(len(parts)), kind: composite}
}

// rawSum is the digest of a part: it was encoded here, so it decodes.
func rawSum(sum checksum) []byte {
	raw, _ := base64.StdEncoding.DecodeString(sum.value)
	return raw
}
