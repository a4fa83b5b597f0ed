package s3

import (
	"encoding/xml"
)

// maxDeletes is the most keys of one batch.
const maxDeletes = 1000

type deleted struct {
	Key                   string
	VersionID             string `xml:"VersionId,omitempty"`
	DeleteMarker          bool   `xml:",omitempty"`
	DeleteMarkerVersionID string `xml:"DeleteMarkerVersionId,omitempty"`
}

type deleteError struct {
	Key       string
	VersionID string `xml:"VersionId,omitempty"`
	Code      string
	Message   string
}

// deleteObjects deletes up to 1,000 keys, each judged and answered by itself.
func (c *call) deleteObjects() error {
	if err := c.refuseBypass(); err != nil {
		return err
	}
	if !c.hasDigest() {
		return invalidRequest("Missing required header for this request: Content-MD5")
	}
	var in struct {
		XMLName xml.Name `xml:"Delete"`
		Quiet   bool
		Objects []struct {
			Key              string
			VersionID        string `xml:"VersionId"`
			ETag             string
			LastModifiedTime *string
			Size             *string
			Unknown          unknown `xml:",any"`
		} `xml:"Object"`
		Unknown unknown `xml:",any"`
	}
	if err := c.document(&in); err != nil {
		return err
	}
	if len(in.Objects) == 0 || len(in.Objects) > maxDeletes {
		return malformedXML()
	}
	var out struct {
		XMLName xml.Name `xml:"DeleteResult"`
		Xmlns   string   `xml:"xmlns,attr"`
		Deleted []deleted
		Errors  []deleteError `xml:"Error"`
	}
	out.Xmlns = xmlns
	for _, o := range in.Objects {
		if o.LastModifiedTime != nil || o.Size != nil {
			return notImplemented("parameter LastModifiedTime or Size of s3:DeleteObjects")
		}
		if o.Key == "" {
			return fail(400, "UserKeyMustBeSpecified", "User key must be specified.")
		}
		if o.VersionID != "" && !issued(o.VersionID) {
			e := noSuchVersion(o.Key, o.VersionID)
			out.Errors = append(out.Errors, deleteError{Key: o.Key, VersionID: o.VersionID, Code: e.Code, Message: e.Message})
			continue
		}
		done, err := c.delete(o.Key, o.VersionID, writeConditions{match: unquote(o.ETag)})
		if err != nil {
			e := asError(err)
			out.Errors = append(out.Errors, deleteError{Key: o.Key, VersionID: o.VersionID, Code: e.Code, Message: e.Message})
			continue
		}
		if in.Quiet {
			continue
		}
		entry := deleted{Key: o.Key, VersionID: o.VersionID, DeleteMarker: done.marker}
		if done.marker {
			entry.DeleteMarkerVersionID = done.versionID
		}
		out.Deleted = append(out.Deleted, entry)
	}
	return c.reply(out)
}

// hasDigest tells whether the body comes with a digest that proves it whole.
func (c *call) hasDigest() bool {
	for name := range c.r.Header {
		switch name {
		case "Content-Md5", "X-Amz-Trailer":
			return true
		case "X-Amz-Checksum-Algorithm", "X-Amz-Checksum-Mode", "X-Amz-Checksum-Type":
			continue
		}
		if len(name) > len("X-Amz-Checksum-") && name[:len("X-Amz-Checksum-")] == "X-Amz-Checksum-" {
			return true
		}
	}
	return false
}
