package s3

import (
	"encoding/xml"
)

type versionEntry struct {
	XMLName           xml.Name
	ETag              string `xml:",omitempty"`
	ChecksumAlgorithm string `xml:",omitempty"`
	ChecksumType      string `xml:",omitempty"`
	Size              *int64 `xml:",omitempty"`
	StorageClass      string `xml:",omitempty"`
	Key               string
	VersionID         string `xml:"VersionId"`
	IsLatest          bool
	LastModified      timestamp
	Owner             owner
}

// listVersions lists every version and delete marker: by key, and within a key
// from the newest to the oldest. A page can end between two versions of a key.
func (c *call) listVersions() error {
	if err := c.authorizeOn("s3:ListBucketVersions", c.bucket, c.s.env.S3ARN(c.name), nil); err != nil {
		return err
	}
	encode, encoding, err := c.encoder()
	if err != nil {
		return err
	}
	most, err := c.limit("max-keys", maxKeys)
	if err != nil {
		return err
	}
	keyMarker, versionMarker := c.query.Get("key-marker"), c.query.Get("version-id-marker")
	if c.has("version-id-marker") && keyMarker == "" {
		return invalidArgument("A version-id marker cannot be specified without a key marker.", "version-id-marker", versionMarker)
	}
	prefix, delimiter := c.query.Get("prefix"), c.query.Get("delimiter")
	out := struct {
		XMLName             xml.Name `xml:"ListVersionsResult"`
		Xmlns               string   `xml:"xmlns,attr"`
		Name                string
		Prefix              string
		KeyMarker           string
		VersionIDMarker     string `xml:"VersionIdMarker"`
		NextKeyMarker       string `xml:",omitempty"`
		NextVersionIDMarker string `xml:"NextVersionIdMarker,omitempty"`
		MaxKeys             int
		Delimiter           string `xml:",omitempty"`
		EncodingType        string `xml:",omitempty"`
		IsTruncated         bool
		Entries             []versionEntry
		CommonPrefixes      []commonPrefix
	}{
		Xmlns: xmlns, Name: c.name, Prefix: encode(prefix), KeyMarker: encode(keyMarker), VersionIDMarker: versionMarker,
		MaxKeys: most, Delimiter: encode(delimiter), EncodingType: encoding,
	}
	b := c.bucket
	b.mu.RLock()
	defer b.mu.RUnlock()
	count := 0
	show := func(key string, all []*version, latest bool) bool {
		for i := len(all) - 1; i >= 0; i-- {
			if count == most {
				out.IsTruncated = most > 0
				return false
			}
			out.Entries = append(out.Entries, c.versionEntry(all[i], encode(key), latest && i == len(all)-1))
			out.NextKeyMarker, out.NextVersionIDMarker = encode(key), all[i].id
			count++
		}
		return true
	}
	more := true
	if versionMarker != "" { // what is left of the marker's own key
		all := b.versions[keyMarker]
		for i, v := range all {
			if v.id == versionMarker {
				more = show(keyMarker, all[:i], false)
			}
		}
	}
	if more {
		// The keys of the rest are found as in a listing of objects, one at a
		// time, because each can have any number of versions.
		rest := page{prefix: prefix, delimiter: delimiter, after: keyMarker}
		for more {
			one := page{prefix: prefix, delimiter: delimiter, after: rest.after, most: 1}
			one.fill(b.keys, b.from, func(string) bool { return true })
			switch {
			case len(one.keys) == 1:
				more = show(one.keys[0], b.versions[one.keys[0]], true)
			case len(one.prefixes) == 1 && count == most:
				out.IsTruncated, more = most > 0, false
			case len(one.prefixes) == 1:
				out.CommonPrefixes = append(out.CommonPrefixes, commonPrefix{Prefix: encode(one.prefixes[0])})
				out.NextKeyMarker, out.NextVersionIDMarker = encode(one.prefixes[0]), ""
				count++
			default:
				more = false
			}
			rest.after = one.next
		}
	}
	if !out.IsTruncated {
		out.NextKeyMarker, out.NextVersionIDMarker = "", ""
	}
	return c.reply(out)
}

func (c *call) versionEntry(v *version, key string, latest bool) versionEntry {
	e := versionEntry{
		XMLName: xml.Name{Local: "Version"}, Key: key, VersionID: v.id, IsLatest: latest,
		LastModified: timestamp(v.modified), Owner: c.owner(),
	}
	if v.deleteMarker {
		e.XMLName.Local = "DeleteMarker"
		return e
	}
	size := v.size()
	e.ETag, e.Size, e.StorageClass = quote(v.etag), &size, v.storageClass
	e.ChecksumAlgorithm, e.ChecksumType = string(v.checksum.algorithm), v.checksum.kind
	return e
}
