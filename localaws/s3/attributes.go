package s3

import (
	"encoding/xml"
	"strconv"
	"strings"
)

// getAttributes answers with those properties of an object that the request
// lists in x-amz-object-attributes.
func (c *call) getAttributes() error {
	asked := map[string]bool{}
	for _, value := range c.r.Header.Values("x-amz-object-attributes") {
		for name := range strings.SplitSeq(value, ",") {
			name = strings.TrimSpace(name)
			switch name {
			case "ETag", "Checksum", "ObjectParts", "StorageClass", "ObjectSize":
				asked[name] = true
			default:
				return invalidArgument("Invalid attribute name specified.", "x-amz-object-attributes", name)
			}
		}
	}
	if len(asked) == 0 {
		return invalidRequest("The x-amz-object-attributes header specifying the attributes to be retrieved is either missing or empty")
	}
	// It shows what GetObject shows, and needs that permission as well.
	if _, err := c.addressed("s3:GetObject"); err != nil {
		return err
	}
	v, err := c.addressed("s3:GetObjectAttributes")
	if err != nil {
		return err
	}
	type sums struct {
		Checksum     sumElement
		ChecksumType string
	}
	type parts struct {
		TotalPartsCount      int `xml:"PartsCount"`
		PartNumberMarker     int
		NextPartNumberMarker int
		MaxParts             int
		IsTruncated          bool
		Parts                []partEntry `xml:"Part"`
	}
	var out struct {
		XMLName      xml.Name `xml:"GetObjectAttributesResponse"`
		Xmlns        string   `xml:"xmlns,attr"`
		ETag         string   `xml:",omitempty"`
		Checksum     *sums
		ObjectParts  *parts
		StorageClass string `xml:",omitempty"`
		ObjectSize   *int64
	}
	out.Xmlns = xmlns
	if asked["ETag"] {
		out.ETag = v.etag // without quotes, unlike everywhere else
	}
	if asked["Checksum"] && v.checksum.algorithm != "" {
		out.Checksum = &sums{Checksum: sumElement(v.checksum), ChecksumType: v.checksum.kind}
	}
	if asked["StorageClass"] {
		out.StorageClass = v.storageClass
	}
	if asked["ObjectSize"] {
		size := v.size()
		out.ObjectSize = &size
	}
	if asked["ObjectParts"] && len(v.parts) > 0 {
		out.ObjectParts = &parts{TotalPartsCount: len(v.parts), MaxParts: maxKeys}
		if raw := c.header("x-amz-max-parts"); raw != "" {
			if out.ObjectParts.MaxParts, err = strconv.Atoi(raw); err != nil || out.ObjectParts.MaxParts < 0 {
				return invalidArgument("Provided max-parts not an integer or within integer range", "x-amz-max-parts", raw)
			}
		}
		if raw := c.header("x-amz-part-number-marker"); raw != "" {
			if out.ObjectParts.PartNumberMarker, err = strconv.Atoi(raw); err != nil {
				return invalidArgument("Provided part-number-marker not an integer or within integer range", "x-amz-part-number-marker", raw)
			}
		}
		// S3 lists single parts only of objects whose parts have checksums of
		// their own, which is to say composite ones.
		if v.checksum.kind == composite {
			list := out.ObjectParts
			for i, p := range v.parts {
				if i+1 <= list.PartNumberMarker {
					continue
				}
				if len(list.Parts) == list.MaxParts {
					list.IsTruncated = true
					break
				}
				list.Parts = append(list.Parts, partEntry{PartNumber: i + 1, Size: p.size, Checksum: sumElement(p.checksum)})
				list.NextPartNumberMarker = i + 1
			}
		}
	}
	h := c.w.Header()
	h.Set("Last-Modified", httpDate(v.modified))
	c.showVersion(v)
	return c.reply(out)
}
