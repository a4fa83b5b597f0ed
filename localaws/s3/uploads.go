package s3

import (
	"cmp"
	"encoding/xml"
	"slices"
	"strings"
)

type uploadEntry struct {
	Key               string
	UploadID          string `xml:"UploadId"`
	Initiator         owner
	Owner             owner
	StorageClass      string
	Initiated         timestamp
	ChecksumAlgorithm string `xml:",omitempty"`
	ChecksumType      string `xml:",omitempty"`
}

// listUploads lists the uploads in progress: by key, and within a key in the
// order in which they were begun.
func (c *call) listUploads() error {
	encode, encoding, err := c.encoder()
	if err != nil {
		return err
	}
	most, err := c.limit("max-uploads", maxKeys)
	if err != nil {
		return err
	}
	keyMarker, idMarker := c.query.Get("key-marker"), c.query.Get("upload-id-marker")
	if keyMarker == "" {
		idMarker = "" // ignored without a key marker
	}
	prefix := c.query.Get("prefix")
	grouping := page{prefix: prefix, delimiter: c.query.Get("delimiter")}
	out := struct {
		XMLName            xml.Name `xml:"ListMultipartUploadsResult"`
		Xmlns              string   `xml:"xmlns,attr"`
		Bucket             string
		KeyMarker          string
		UploadIDMarker     string `xml:"UploadIdMarker"`
		NextKeyMarker      string
		NextUploadIDMarker string `xml:"NextUploadIdMarker"`
		Prefix             string `xml:",omitempty"`
		Delimiter          string `xml:",omitempty"`
		EncodingType       string `xml:",omitempty"`
		MaxUploads         int
		IsTruncated        bool
		Uploads            []uploadEntry `xml:"Upload"`
		CommonPrefixes     []commonPrefix
	}{
		Xmlns: xmlns, Bucket: c.name, KeyMarker: encode(keyMarker), UploadIDMarker: idMarker, Prefix: encode(prefix),
		Delimiter: encode(grouping.delimiter), EncodingType: encoding, MaxUploads: most,
	}
	c.bucket.mu.RLock()
	defer c.bucket.mu.RUnlock()
	past := idMarker == ""
	if u := c.bucket.uploads[idMarker]; !past && (u == nil || u.version.key != keyMarker) {
		return invalidArgument("Invalid uploadId marker", "upload-id-marker", idMarker)
	}
	for _, u := range c.bucket.sortedUploads() {
		key := u.version.key
		if !strings.HasPrefix(key, prefix) || key < keyMarker || (key == keyMarker && idMarker == "" && keyMarker != "") {
			continue
		}
		if key == keyMarker && !past {
			past = u.id == idMarker
			continue
		}
		common := grouping.common(key)
		if common != "" {
			n := len(out.CommonPrefixes)
			if common == keyMarker || (n > 0 && out.CommonPrefixes[n-1].Prefix == encode(common)) {
				continue
			}
		}
		if len(out.Uploads)+len(out.CommonPrefixes) == most {
			out.IsTruncated = most > 0
			break
		}
		if common != "" {
			out.CommonPrefixes = append(out.CommonPrefixes, commonPrefix{Prefix: encode(common)})
			out.NextKeyMarker, out.NextUploadIDMarker = encode(common), ""
			continue
		}
		entry := uploadEntry{
			Key: encode(key), UploadID: u.id, Initiator: owner{ID: cmp.Or(u.initiator, c.owner().ID)}, Owner: c.owner(),
			StorageClass: u.version.storageClass, Initiated: timestamp(u.initiated),
		}
		if u.chosen {
			entry.ChecksumAlgorithm, entry.ChecksumType = string(u.algorithm), u.kind
		}
		out.Uploads = append(out.Uploads, entry)
		out.NextKeyMarker, out.NextUploadIDMarker = encode(key), u.id
	}
	return c.reply(out)
}

// sortedUploads are the uploads in the order of a listing. b.mu is held.
func (b *bucket) sortedUploads() []*upload {
	all := make([]*upload, 0, len(b.uploads))
	for _, u := range b.uploads {
		all = append(all, u)
	}
	slices.SortFunc(all, func(x, y *upload) int {
		return cmp.Or(cmp.Compare(x.version.key, y.version.key), x.initiated.Compare(y.initiated), cmp.Compare(x.id, y.id))
	})
	return all
}
