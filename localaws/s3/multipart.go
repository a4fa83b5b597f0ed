package s3

import (
	"cmp"
	"crypto/md5"
	"encoding/base64"
	"encoding/hex"
	"encoding/xml"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strconv"
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

// part is one part of an upload, and later of the object.
type part struct {
	number   int
	size     int64
	md5      []byte
	checksum checksum
	modified time.Time
	segments blob
}

func (p part) etag() string { return hex.EncodeToString(p.md5) }

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

func (c *call) partNumber() (int, error) {
	raw := c.query.Get("partNumber")
	n, err := strconv.Atoi(raw)
	if err != nil || n < 1 || n > maxParts {
		return 0, invalidArgument("Part number must be an integer between 1 and 10000, inclusive", "partNumber", raw)
	}
	return n, nil
}

// uploadPart serves UploadPart, and UploadPartCopy when a header says so.
func (c *call) uploadPart() error {
	number, err := c.partNumber()
	if err != nil {
		return err
	}
	if err := c.authorize("s3:PutObject"); err != nil {
		return err
	}
	u, err := c.peekUpload()
	if err != nil {
		return err
	}
	if c.header("x-amz-server-side-encryption-customer-algorithm") != "" {
		return notImplemented("encryption with customer-provided keys (x-amz-server-side-encryption-customer-algorithm)")
	}
	if c.header("x-amz-copy-source") != "" {
		c.op = "UploadPartCopy"
		return c.copyPart(u, number)
	}
	p, err := c.payload()
	if err != nil {
		return err
	}
	if p.want != "" && u.chosen && p.want != u.algorithm {
		return invalidRequest(fmt.Sprintf("Checksum Type mismatch occurred, expected checksum Type: %s, actual checksum Type: %s",
			strings.ToLower(string(u.algorithm)), strings.ToLower(string(p.want))))
	}
	if p.want == "" && u.chosen && u.kind == composite {
		return invalidRequest(fmt.Sprintf("Checksum Type mismatch occurred, expected checksum Type: %s, actual checksum Type: null",
			strings.ToLower(string(u.algorithm))))
	}
	given := p.want
	p.alsoMD5()
	own := u.algorithm.hash()
	if given != u.algorithm { // the whole is summed with the upload's algorithm
		p.checks = append(p.checks, check{hash: own, wrong: func([]byte) error { return nil }})
	}
	segment, err := c.s.spool.write(p, p.size)
	if err != nil {
		return err
	}
	made := part{number: number, size: p.size, md5: p.md5.Sum(nil), segments: blob{segment}, modified: c.now()}
	if given == u.algorithm {
		made.checksum = p.checksum()
	} else {
		made.checksum = checksum{algorithm: u.algorithm, value: encodeSum(own.Sum(nil)), kind: fullObject}
	}
	if err := c.addPart(u, made); err != nil {
		return err
	}
	h := c.w.Header()
	h.Set("ETag", quote(made.etag()))
	u.version.encryption.show(h)
	if sum := p.checksum(); sum.algorithm != "" {
		h.Set(sum.algorithm.header(), sum.value)
	}
	return c.write(http.StatusOK, nil)
}

// addPart keeps a part, in the place of an earlier one with its number.
func (c *call) addPart(u *upload, made part) error {
	c.bucket.mu.Lock()
	defer c.bucket.mu.Unlock()
	if c.bucket.uploads[u.id] != u { // aborted or completed meanwhile
		return noSuchUpload(u.id)
	}
	u.parts[made.number] = made
	return nil
}

// copyPart takes a part from a range of another object, by reference where the
// range is whole segments.
func (c *call) copyPart(u *upload, number int) error {
	from, err := c.copySource()
	if err != nil {
		return err
	}
	start, length := int64(0), from.version.size()
	if spec := c.header("x-amz-copy-source-range"); spec != "" {
		var end int64
		if start, end, err = copyRange(spec); err != nil {
			return err
		}
		if start >= length {
			return invalidRequest("The specified copy range is invalid for the source object size")
		}
		if end >= length {
			return invalidArgument(fmt.Sprintf("Range specified is not valid for source object of size: %d", length), "x-amz-copy-source-range", spec)
		}
		length = end - start + 1
	}
	r := &payload{body: from.version.content.open(start, length), size: length}
	r.alsoMD5()
	r.alsoSum(u.algorithm)
	segment, err := c.s.spool.write(r, length)
	if err != nil {
		return err
	}
	made := part{number: number, size: length, md5: r.md5.Sum(nil), checksum: r.checksum(), segments: blob{segment}, modified: c.now()}
	if err := c.addPart(u, made); err != nil {
		return err
	}
	u.version.encryption.show(c.w.Header())
	if from.id != "" || from.version.id != nullVersion {
		c.w.Header().Set("x-amz-copy-source-version-id", from.version.id)
	}
	out := copyResult{XMLName: xml.Name{Local: "CopyPartResult"}, Xmlns: xmlns, LastModified: timestamp(made.modified), ETag: quote(made.etag())}
	if u.chosen {
		out.Checksum = sumElement(made.checksum)
	}
	return c.reply(out)
}

func copyRange(spec string) (start, end int64, err error) {
	m := regexp.MustCompile(`^bytes=(\d{1,18})-(\d{1,18})$`).FindStringSubmatch(spec)
	if m != nil {
		start, err = strconv.ParseInt(m[1], 10, 64)
	}
	if m != nil && err == nil {
		end, err = strconv.ParseInt(m[2], 10, 64)
	}
	if m == nil || err != nil || end < start {
		return 0, 0, invalidArgument("The x-amz-copy-source-range value must be of the form bytes=first-last where first and last are the zero-based offsets of the first and last bytes to copy", "x-amz-copy-source-range", spec)
	}
	return start, end, nil
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
	condition := ""
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

type partEntry struct {
	PartNumber   int
	LastModified *timestamp `xml:",omitempty"`
	ETag         string     `xml:",omitempty"`
	Size         int64
	Checksum     sumElement
}

func (c *call) listParts() error {
	most, err := c.limit("max-parts", maxKeys)
	if err != nil {
		return err
	}
	marker := 0
	if raw := c.query.Get("part-number-marker"); raw != "" {
		if marker, err = strconv.Atoi(raw); err != nil || marker < 0 {
			return invalidArgument("Argument part-number-marker must be an integer between 0 and 2147483647", "part-number-marker", raw)
		}
	}
	c.bucket.mu.RLock()
	defer c.bucket.mu.RUnlock()
	u, err := c.upload()
	if err != nil {
		return err
	}
	out := struct {
		XMLName              xml.Name `xml:"ListPartsResult"`
		Xmlns                string   `xml:"xmlns,attr"`
		Bucket               string
		Key                  string
		UploadID             string `xml:"UploadId"`
		Initiator            owner
		Owner                owner
		StorageClass         string
		PartNumberMarker     int
		NextPartNumberMarker int
		MaxParts             int
		IsTruncated          bool
		ChecksumAlgorithm    string      `xml:",omitempty"`
		ChecksumType         string      `xml:",omitempty"`
		Parts                []partEntry `xml:"Part"`
	}{
		Xmlns: xmlns, Bucket: c.name, Key: c.key, UploadID: u.id, Initiator: owner{ID: cmp.Or(u.initiator, c.owner().ID)}, Owner: c.owner(),
		StorageClass: u.version.storageClass, PartNumberMarker: marker, MaxParts: most,
	}
	if u.chosen {
		out.ChecksumAlgorithm, out.ChecksumType = string(u.algorithm), u.kind
	}
	for _, number := range sortedParts(u.parts) {
		if number <= marker {
			continue
		}
		if len(out.Parts) == most {
			out.IsTruncated = most > 0
			break
		}
		p := u.parts[number]
		at := timestamp(p.modified)
		entry := partEntry{PartNumber: number, LastModified: &at, ETag: quote(p.etag()), Size: p.size}
		if u.chosen {
			entry.Checksum = sumElement(p.checksum)
		}
		out.Parts = append(out.Parts, entry)
		out.NextPartNumberMarker = number
	}
	return c.reply(out)
}

func sortedParts(parts map[int]part) []int {
	numbers := make([]int, 0, len(parts))
	for n := range parts {
		numbers = append(numbers, n)
	}
	slices.Sort(numbers)
	return numbers
}
