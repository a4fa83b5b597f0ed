package s3

import (
	"cmp"
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
