package s3

import (
	"encoding/base64"
	"encoding/xml"
	"net/url"
	"strings"
)

// maxKeys is the longest page of a listing.
const maxKeys = 1000

// page is one page of a listing of a sorted set of names.
type page struct {
	prefix, delimiter string
	after             string // only names, and common prefixes, greater than it
	most              int

	keys      []string
	prefixes  []string
	truncated bool
	next      string // the last name or common prefix of the page
}

// fill walks the names in order. live tells whether a name counts. Names that
// share what follows the prefix up to the delimiter are rolled up into one
// common prefix, which counts as one entry and stands where its first name would.
//
// A page that begins after a common prefix does not show it again.
func (p *page) fill(names []string, from func(string) int, live func(string) bool) {
	i := from(max(p.prefix, p.after))
	for i < len(names) && strings.HasPrefix(names[i], p.prefix) {
		name := names[i]
		if p.after != "" && name <= p.after || !live(name) {
			i++
			continue
		}
		common := p.common(name)
		if common != "" && common == p.after {
			if i = skip(names, from, common); i < 0 {
				return
			}
			continue
		}
		if len(p.keys)+len(p.prefixes) == p.most {
			p.truncated = p.most > 0
			return
		}
		if common == "" {
			p.keys = append(p.keys, name)
			p.next = name
			i++
			continue
		}
		p.prefixes = append(p.prefixes, common)
		p.next = common
		if i = skip(names, from, common); i < 0 {
			return
		}
	}
}

// skip is the index of the first name after all with a prefix, or -1.
func skip(names []string, from func(string) int, prefix string) int {
	next := after(prefix)
	if next == "" {
		return -1
	}
	return from(next)
}

func (p *page) common(name string) string {
	if p.delimiter == "" {
		return ""
	}
	rest := name[len(p.prefix):]
	i := strings.Index(rest, p.delimiter)
	if i < 0 {
		return ""
	}
	return name[:len(p.prefix)+i+len(p.delimiter)]
}

// The continuation token is opaque to clients: the last name of the page before.

func sealToken(last string) string {
	return base64.StdEncoding.EncodeToString([]byte("1" + last))
}

func openToken(token string) (string, error) {
	raw, err := base64.StdEncoding.DecodeString(token)
	if err != nil || len(raw) < 2 || raw[0] != '1' {
		return "", wrongArgument("The continuation token provided is incorrect", "continuation-token")
	}
	return string(raw[1:]), nil
}

// encoder writes names as a listing shows them: as they are, or percent-encoded
// with slashes left alone when encoding-type=url was asked for.
func (c *call) encoder() (func(string) string, string, error) {
	switch kind := c.query.Get("encoding-type"); {
	case !c.has("encoding-type"):
		return func(s string) string { return s }, "", nil
	case kind == "url":
		return func(s string) string { return strings.ReplaceAll(url.QueryEscape(s), "%2F", "/") }, kind, nil
	default:
		return nil, "", invalidArgument("Invalid Encoding Method specified in Request", "encoding-type", kind)
	}
}

type contents struct {
	Key               string
	LastModified      timestamp
	ETag              string
	ChecksumAlgorithm string `xml:",omitempty"`
	ChecksumType      string `xml:",omitempty"`
	Size              int64
	Owner             *owner `xml:",omitempty"`
	StorageClass      string
}

type commonPrefix struct {
	Prefix string
}

// listing is the answer of both ListObjects and ListObjectsV2.
type listing struct {
	XMLName               xml.Name `xml:"ListBucketResult"`
	Xmlns                 string   `xml:"xmlns,attr"`
	Name                  string
	Prefix                string
	Marker                *string
	NextMarker            string `xml:",omitempty"`
	StartAfter            string `xml:",omitempty"`
	ContinuationToken     string `xml:",omitempty"`
	NextContinuationToken string `xml:",omitempty"`
	KeyCount              *int
	MaxKeys               int
	Delimiter             string `xml:",omitempty"`
	EncodingType          string `xml:",omitempty"`
	IsTruncated           bool
	Contents              []contents
	CommonPrefixes        []commonPrefix
}

func (c *call) listObjects() error {
	return c.list(false)
}

func (c *call) listObjectsV2() error {
	if c.query.Get("list-type") != "2" {
		return invalidArgument("Incorrect List Type specified in Request", "list-type", c.query.Get("list-type"))
	}
	return c.list(true)
}

func (c *call) list(second bool) error {
	if err := c.authorizeOn("s3:ListBucket", c.bucket, c.s.env.S3ARN(c.name), nil); err != nil {
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
	p := &page{prefix: c.query.Get("prefix"), delimiter: c.query.Get("delimiter"), most: most}
	out := listing{
		Xmlns: xmlns, Name: c.name, Prefix: encode(p.prefix), MaxKeys: most,
		Delimiter: encode(p.delimiter), EncodingType: encoding,
	}
	token := c.query.Get("continuation-token")
	switch {
	case !second:
		p.after = c.query.Get("marker")
		marker := encode(p.after)
		out.Marker = &marker
	case token != "":
		if p.after, err = openToken(token); err != nil {
			return err
		}
		out.ContinuationToken = token
		out.StartAfter = encode(c.query.Get("start-after"))
	default:
		if c.has("continuation-token") {
			return wrongArgument("The continuation token provided is incorrect", "continuation-token")
		}
		p.after = c.query.Get("start-after")
		out.StartAfter = encode(p.after)
	}
	var shown *owner
	if !second || c.query.Get("fetch-owner") == "true" {
		o := c.owner()
		shown = &o
	}
	c.fillListing(p, &out, encode, shown)
	out.IsTruncated = p.truncated
	if second {
		count := len(p.keys) + len(p.prefixes)
		out.KeyCount = &count
		if p.truncated {
			out.NextContinuationToken = sealToken(p.next)
		}
	} else if p.truncated && p.delimiter != "" {
		// Without a delimiter clients are to take the last key themselves.
		out.NextMarker = encode(p.next)
	}
	return c.reply(out)
}

func (c *call) fillListing(p *page, out *listing, encode func(string) string, shown *owner) {
	b := c.bucket
	b.mu.RLock()
	defer b.mu.RUnlock()
	p.fill(b.keys, b.from, func(key string) bool { return !b.current(key).deleteMarker })
	for _, key := range p.keys {
		v := b.current(key)
		out.Contents = append(out.Contents, contents{
			Key: encode(key), LastModified: timestamp(v.modified), ETag: quote(v.etag), Size: v.size(),
			ChecksumAlgorithm: string(v.checksum.algorithm), ChecksumType: v.checksum.kind,
			Owner: shown, StorageClass: v.storageClass,
		})
	}
	for _, prefix := range p.prefixes {
		out.CommonPrefixes = append(out.CommonPrefixes, commonPrefix{Prefix: encode(prefix)})
	}
}
