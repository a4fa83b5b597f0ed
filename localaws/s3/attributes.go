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
		PartNumberMarker     *int
		NextPartNumberMarker *int
		MaxParts             *int
		IsTruncated          *bool
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
		list := &parts{TotalPartsCount: len(v.parts)}
		out.ObjectParts = list
		most, err := c.number("x-amz-max-parts", "max-parts", maxKeys)
		if err != nil {
			return err
		}
		marker, err := c.number("x-amz-part-number-marker", "part-number-marker", 0)
		if err != nil {
			return err
		}
		// S3 lists single parts only of objects whose parts have checksums of
		// their own, which is to say composite ones.
		if v.checksum.kind == composite {
			next, truncated := marker, false
			for i, p := range v.parts[min(marker, len(v.parts)):] {
				if i == most {
					truncated = true
					break
				}
				next = marker + i + 1
				list.Parts = append(list.Parts, partEntry{PartNumber: next, Size: p.size, Checksum: sumElement(p.checksum)})
			}
			list.PartNumberMarker, list.NextPartNumberMarker, list.MaxParts, list.IsTruncated = &marker, &next, &most, &truncated
		}
	}
	h := c.w.Header()
	h.Set("Last-Modified", httpDate(v.modified))
	c.showVersion(v)
	return c.reply(out)
}

// number reads a header that holds a number.
func (c *call) number(header, name string, otherwise int) (int, error) {
	raw := c.header(header)
	if raw == "" {
		return otherwise, nil
	}
	n, err := strconv.Atoi(raw)
	if err != nil || n < 0 {
		return 0, invalidArgument("Provided "+name+" not an integer or within integer range", header, raw)
	}
	return n, nil
}
